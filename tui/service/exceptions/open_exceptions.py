"""The exceptions of a desk that are open, the most urgent first, kept up from one snapshot to the next.

This is a materialized view: only rows that an update names are judged again, with those whose exceptions
depend on them. Long work is a generator whose caller may interleave the steps with other work, or stop.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from heapq import heapify, heappop, heappush
from itertools import count
from operator import attrgetter
from typing import Any, Final

from msgspec import Struct

from tui.api.base import ZERO, ResourceId
from tui.api.models import OrderGraphBlock
from tui.config.exception_settings import DEFAULT_MINUTES
from tui.service.exceptions.exception_kind import ExceptionKind, Rule, Trouble
from tui.service.exceptions.exception_kinds import EXCEPTIONS, UNKNOWN_OUTCOME
from tui.service.exceptions.placement_rules import is_held_open
from tui.service.snapshot.diff import UNCHANGED, Delta, Deltas
from tui.service.snapshot.relations import related_of
from tui.service.snapshot.snapshot import EMPTY, EntityKind, Ref, Snapshot, is_listed

STEP: Final = 16
"""Rows that are judged between two pauses."""
Minutes = Mapping[str, int | None]
"""Minutes after which an exception is open, by its id; None where it is off."""
InBase = Callable[[Decimal, str], Decimal]
"""Returns an amount of a currency in the base currency, to rank by."""
_EVER: Final = datetime.min.replace(tzinfo=UTC)
_NEVER: Final = datetime.max.replace(tzinfo=UTC)
Rank = tuple[int, Decimal, datetime, int, Ref]


class OpenException(Struct, frozen=True, eq=False):
    """One exception of one row; ``opens`` is when it becomes one, ``rank`` its place in the list."""

    kind: ExceptionKind
    ref: Ref
    trouble: Trouble
    opens: datetime
    rank: Rank

    @property
    def key(self) -> tuple[str, Ref]:
        """What tells it from every other one, also after it was judged again."""
        return self.kind.id, self.ref

    @property
    def mended_on(self) -> Ref:
        """The row on which it is mended."""
        return self.trouble.mend or self.ref


_RANK: Final = attrgetter("rank")


class OpenExceptions:
    """Those exceptions of a desk that are open by now.

    Args:
        minutes: when each becomes one, over the usual ones.
        in_base: ranks money of several currencies.
    """

    def __init__(self, minutes: Minutes, in_base: InBase) -> None:
        self._minutes = minutes = {**DEFAULT_MINUTES, **minutes}
        self._in_base = in_base
        self.snapshot = EMPTY
        self.open: list[OpenException] = []
        """The exceptions, the most urgent first: by urgency, then by money at stake, then by age."""
        self._of: dict[Ref, tuple[OpenException, ...]] = {}
        """All exceptions of each row that has any, also those that are not open yet."""
        self._unknown: Mapping[Ref, Trouble] = {}
        self._waiting: list[tuple[datetime, int, OpenException]] = []
        """A heap of those that are not open yet; one that was judged again meanwhile is passed over."""
        self._number = count()
        self._rules = _rules_by_kind(minutes)

    def find(self, found: OpenException) -> OpenException | None:
        """Return an exception as it is by now, None when it is one no longer."""
        return next((each for each in self._of.get(found.ref, ()) if each.kind is found.kind), None)

    def place_of(self, found: OpenException) -> int:
        """Return the place of an exception in the list, or the one it would have."""
        return bisect_left(self.open, found.rank, key=_RANK)

    # --- keeping it up --------------------------------------------------------------------------

    def build(self, snapshot: Snapshot, now: datetime) -> Generator[None, None, None]:
        """Judge all rows of a snapshot; until that is done, the list stays as it was."""
        made = OpenExceptions(self._minutes, self._in_base)
        made.snapshot = snapshot
        for kind in made._rules:
            yield from made._judge_all(kind, now)
        self.snapshot, self.open = snapshot, made.open
        self._of, self._waiting, self._number = made._of, made._waiting, made._number
        self.tell_unknown(self._unknown, now)

    def update(self, snapshot: Snapshot, deltas: Deltas, now: datetime) -> Generator[None, None, None]:
        """Judge again what differs in ``deltas`` between the snapshot judged last and the next one."""
        before, self.snapshot = self.snapshot, snapshot
        whole = {kind for kind, delta in deltas.items() if delta.others and kind in self._rules}
        for kind in whole:
            gone = [ref for ref in self._of if ref.kind is kind and ref not in snapshot]
            for ref in gone:
                self._put(ref, ())
            yield from self._judge_all(kind, now)
        for number, ref in enumerate(dict.fromkeys(self._named(before, deltas)), start=1):
            if ref.kind not in whole:
                self._judge(ref, now)
            if number % STEP == 0:
                yield

    def tell_unknown(self, unknown: Mapping[Ref, Trouble], now: datetime) -> None:
        """Hear which rows have an outcome that nobody knows."""
        former, self._unknown = self._unknown, unknown
        for ref in former.keys() | unknown.keys():
            self._judge(ref, now)

    def open_due(self, now: datetime) -> bool:
        """Open what becomes an exception by now; return whether anything did."""
        opened = False
        while self._waiting and self._waiting[0][0] <= now:
            found = heappop(self._waiting)[-1]
            if self._is_held(found):
                insort(self.open, found, key=_RANK)
                opened = True
        return opened

    def _judge_all(self, kind: EntityKind, now: datetime) -> Generator[None, None, None]:
        for number, id in enumerate(self.snapshot.rows(kind), start=1):
            self._judge(Ref(kind, id), now)
            if number % STEP == 0:
                yield

    def _named(self, before: Snapshot, deltas: Deltas) -> Iterator[Ref]:
        """Yield the rows that deltas name, and those whose exceptions depend on them."""
        for kind in EntityKind:
            delta = deltas.get(kind, UNCHANGED)
            for id in _ids_of(delta):
                ref = Ref(kind, id)
                yield ref
                holds = _holds_others(kind, id, delta)
                for snapshot in (before, self.snapshot):
                    yield from self._dependents(snapshot, ref)
                    if holds:
                        found = related_of(snapshot, ref, EntityKind.ALLOCATIONS)
                        yield from (Ref(EntityKind.ALLOCATIONS, each) for each in found)

    def _dependents(self, snapshot: Snapshot, ref: Ref) -> Iterator[Ref]:
        """Yield the rows whose exceptions depend on one, which no difference names."""
        row = snapshot.row(ref)
        if row is None:
            return
        if ref.kind is EntityKind.BLOCKS:
            for id in snapshot.placements_of_block(ref.id):
                yield from self._held_open(snapshot, id)
        elif ref.kind is EntityKind.PLACEMENTS:
            yield from (Ref(EntityKind.BLOCKS, id) for id in row.block_ids)
            yield from self._held_open(snapshot, ref.id)
            if row.parent_placement_id is not None:
                yield Ref(EntityKind.PLACEMENTS, row.parent_placement_id)
        elif ref.kind is EntityKind.ALLOCATIONS:
            found = dict.fromkeys(related_of(snapshot, ref, EntityKind.BLOCKS))
            if (block := snapshot.block_of_order(row.allocated_order_id)) is not None:
                found[block] = None  # where its order is of another block than its placement
            yield from (Ref(EntityKind.BLOCKS, id) for id in found)

    def _held_open(self, snapshot: Snapshot, id: ResourceId) -> Iterator[Ref]:
        """Yield what of a placement is in trouble as long as something else is not done."""
        placement = snapshot.placements.get(id)
        if placement is not None and is_held_open(placement):
            yield Ref(EntityKind.PLACEMENTS, id)
        for fill in snapshot.executions_of_placement(id):
            if is_held_open(snapshot.executions[fill]):
                yield Ref(EntityKind.EXECUTIONS, fill)

    # --- one row --------------------------------------------------------------------------------

    def _judge(self, ref: Ref, now: datetime) -> None:
        self._put(ref, tuple(self._found(ref)), now)

    def _found(self, ref: Ref) -> Iterator[OpenException]:
        if (unknown := self._unknown.get(ref)) is not None and self._is_on(UNKNOWN_OUTCOME):
            yield self._made(UNKNOWN_OUTCOME, ref, unknown)
        row = self.snapshot.row(ref)
        if row is None or not is_listed(row):
            return
        for kind, rule in self._rules.get(ref.kind, ()):
            if (trouble := rule(self.snapshot, row)) is not None:
                yield self._made(kind, ref, trouble)

    def _is_on(self, kind: ExceptionKind) -> bool:
        return self._minutes.get(kind.id) is not None

    def _made(self, kind: ExceptionKind, ref: Ref, trouble: Trouble) -> OpenException:
        minutes, money = self._minutes.get(kind.id) or 0, trouble.money
        since = trouble.since if trouble.since is not None and trouble.since.year > 1 else None
        opens = _after(since, minutes) if since is not None and minutes else _EVER
        at_stake = ZERO if money.value is None else self._in_base(money.value, money.currency)
        rank = (kind.urgency, -at_stake, since or _NEVER, _PLACES[kind.id], ref)
        return OpenException(kind, ref, trouble, opens, rank)

    def _put(self, ref: Ref, found: tuple[OpenException, ...], now: datetime = _EVER) -> None:
        """Put the exceptions of a row in the place of those it had."""
        for former in self._of.pop(ref, ()):
            at = bisect_left(self.open, former.rank, key=_RANK)
            if at < len(self.open) and self.open[at] is former:
                del self.open[at]
        if found:
            self._of[ref] = found
        for each in found:
            if each.opens <= now:
                insort(self.open, each, key=_RANK)
            else:
                heappush(self._waiting, (each.opens, next(self._number), each))
        if len(self._waiting) > 2 * len(self._of) * len(EXCEPTIONS) + STEP:
            self._waiting = [each for each in self._waiting if self._is_held(each[-1])]
            heapify(self._waiting)

    def _is_held(self, found: OpenException) -> bool:
        """Return whether an exception was not judged again meanwhile."""
        return any(each is found for each in self._of.get(found.ref, ()))


_PLACES: Final = {kind.id: place for place, kind in enumerate(EXCEPTIONS)}


def _rules_by_kind(minutes: Minutes) -> Mapping[EntityKind, Sequence[tuple[ExceptionKind, Rule]]]:
    """Return the rules of what is not off, by the kind of row they look at."""
    found: dict[EntityKind, list[tuple[ExceptionKind, Rule]]] = defaultdict(list)
    for kind in EXCEPTIONS:
        if minutes.get(kind.id) is not None:
            for entity, rule in kind.rules.items():
                found[entity].append((kind, rule))
    return found


def _ids_of(delta: Delta) -> Iterable[ResourceId]:
    return (*delta.added, *delta.changed, *delta.removed)


def _holds_others(kind: EntityKind, id: ResourceId, delta: Delta) -> bool:
    """Return whether allocations may be in another block by a difference, or in none now."""
    if kind not in _HOLDING:
        return False
    return id in delta.added or id in delta.removed or not _HOLDING[kind].isdisjoint(delta.changed[id])


_HOLDING: Final[Mapping[EntityKind, frozenset[str]]] = {
    EntityKind.BLOCKS: frozenset({"order_ids"}),
    EntityKind.ORDERS: frozenset({"block"}),
    EntityKind.PLACEMENTS: frozenset({"block_ids"}),
}
"""The fields by which a row belongs to a block, or a block holds it."""


def subject_of(row: Any) -> Any:
    """Return what of a row names side and instrument: the block of one with totals, else the row."""
    return row.block if isinstance(row, OrderGraphBlock) else row


def _after(since: datetime, minutes: int) -> datetime:
    """Return the time ``minutes`` later; at the end of the calendar its end."""
    try:
        return since + timedelta(minutes=minutes)
    except OverflowError:
        return datetime.max.replace(tzinfo=UTC)
