"""The rows a pane shows, kept filtered, sorted and added up from one snapshot to the next.

This is a materialized view: it remembers of each row whether it passes the filter and under which key it
is sorted, so that an update costs the rows it names and not the pane. Long work is a generator
(:data:`~tui.columns.steps.Steps`): its caller may interleave the steps with other work, or stop.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, KeysView, Mapping, Sequence
from itertools import islice
from random import Random
from typing import Any, Final, cast

from msgspec import Struct

from tui.api.base import ResourceId
from tui.columns.column import Column, Getter, Value, inverted, sort_key
from tui.columns.steps import Steps, T
from tui.columns.totals import Totals
from tui.columns.view import NEWEST, SortColumn, View, newest_of
from tui.service.snapshot.diff import NAMES, NOTHING, Delta
from tui.service.snapshot.snapshot import EMPTY, Snapshot, is_listed

STEP: Final = 32
"""Rows that are filtered or added up between two pauses."""
FEW: Final = 8
"""Rows that are looked at in two snapshots between two pauses: that takes longer."""
RUN: Final = 500
"""Entries that are sorted or copied between two pauses."""
_OVERSAMPLING: Final = 8


class SortEntry(Struct, frozen=True, order=True, gc=False):
    """The sort key of a row. No two entries are equal, because each has its own place.

    Entries are not tracked by the garbage collector: there are many, and they cannot form cycles.
    """

    empty: int
    """1, or -1 in a descending sort, when the row has no value; else 0. Of pinned rows 2 less, or 2 more."""
    key: Any
    place: int
    """The row's position in the desk's own order; negative in a descending sort."""
    id: ResourceId


class Change(Struct):
    """The effect of one update on the rows of a pane: the rows that move, and the difference in totals."""

    snapshot: Snapshot
    removed: set[ResourceId]
    totals: Totals
    entries: dict[ResourceId, SortEntry | None] = {}
    places: dict[ResourceId, int] = {}
    leaving: list[int] = []
    coming: list[tuple[int, SortEntry]] = []
    guests: dict[ResourceId, bool] = {}
    """Pinned rows that were looked at, and whether only their pin has them stand here."""


def paused(items: Iterable[T], every: int = STEP) -> Iterator[tuple[bool, T]]:
    """Yield ``items``, each with whether it is time to pause after it."""
    return ((number % every == 0, item) for number, item in enumerate(items, start=1))


class SortedRows:
    """Those rows of a snapshot that a view shows, in its order.

    Rows without a value in the sorted column come last, whatever the direction; rows of equal value stay
    in the desk's own order, which is the order in which they were first read; one that is taken out and put
    back comes last. Pinned rows stand on top, sorted among themselves, whether or not filter and scope let
    them through.
    """

    def __init__(
        self, view: View, snapshot: Snapshot = EMPTY, scope: Sequence[ResourceId] | None = ()
    ) -> None:
        self.view = view
        self.snapshot = snapshot
        self.scope = scope
        self.totals = Totals(view)
        self.ids: tuple[ResourceId, ...] = ()
        """The rows shown, in the order shown."""
        self.guests: set[ResourceId] = set()
        """The rows shown only because they are pinned: nothing counts them or adds them up."""
        self._here = frozenset(scope or ()) if view.pins and scope is not None else None
        self._test = _test_of(view)
        self._key = _key_of(view)
        self._reversed = _is_reversed(view)
        self._order: list[SortEntry] = []
        self._entries: dict[ResourceId, SortEntry] = {}
        self._places: dict[ResourceId, int] = {}
        self._next_place = 0

    @classmethod
    def build(
        cls, view: View, snapshot: Snapshot, scope: Sequence[ResourceId] | None = None
    ) -> Steps[SortedRows]:
        """Filter and sort the rows of ``snapshot``, or those of ``scope`` only; nothing is added up yet.

        Raises:
            FilterError: the filter cannot be understood.
        """
        made = cls(view, snapshot, scope)
        rows = snapshot.rows(view.kind)
        found: list[SortEntry] = []
        guests: dict[ResourceId, bool] = {}
        asked = rows if scope is None else dict.fromkeys((*scope, *view.pins)) if view.pins else scope
        for pause, id in paused(asked):
            row = rows.get(id)
            if row is not None and is_listed(row):
                made._places[id] = place = len(made._places)
                entry = made._entry(snapshot, id, row, place, guests)
                if entry is not None:
                    found.append(entry)
            if pause:
                yield
        made._next_place = len(made._places)
        made.guests = {id for id, is_guest in guests.items() if is_guest}
        made._order = yield from in_order(found)
        ids: list[ResourceId] = []
        for start in range(0, len(made._order), RUN):
            run = made._order[start : start + RUN]
            ids += [entry.id for entry in run]
            made._entries.update((entry.id, entry) for entry in run)
            yield
        made.ids = tuple(reversed(ids)) if made._reversed else tuple(ids)
        return made

    @property
    def total(self) -> int:
        """The number of rows before the filter."""
        if self._here is None:
            return len(self._places)
        return len(self._places) - sum(id in self._places for id in self.view.pins - self._here)

    @property
    def hidden(self) -> int:
        """The number of rows that the filter hides."""
        return len(self._places) - len(self._entries)

    def hides(self, id: ResourceId) -> bool:
        """Return whether the filter hides a row that would be shown without it."""
        return id in self._places and id not in self._entries

    @property
    def matching(self) -> tuple[ResourceId, ...]:
        """The rows shown that filter and scope let through, in the order shown."""
        return tuple(id for id in self.ids if id not in self.guests) if self.guests else self.ids

    def keys(self) -> KeysView[ResourceId]:
        """Return the rows shown as a set."""
        return self._entries.keys()

    def find(self, id: object) -> int | None:
        """Return where a row is shown, counted from 0; None when it is not."""
        entry = self._entries.get(id)  # type: ignore[call-overload]
        if entry is None:
            return None
        at = bisect_left(self._order, entry)
        return len(self._order) - 1 - at if self._reversed else at

    def count(self) -> Steps[None]:
        """Add up the rows shown now; differences of later updates may be added meanwhile."""
        return self._count(self.snapshot, self.matching)

    def _count(self, snapshot: Snapshot, ids: tuple[ResourceId, ...]) -> Steps[None]:
        for start in range(0, len(ids), STEP):
            self.totals.add(snapshot, ids[start : start + STEP])
            yield

    def discard(self) -> Steps[None]:
        """Free the memory in steps: freeing 50,000 entries at once takes 5 ms."""
        while self._order or self._entries or self._places:
            del self._order[-RUN:]
            for held in (self._entries, self._places):
                for _ in range(min(RUN, len(held))):
                    held.popitem()
            yield

    def compare(self, snapshot: Snapshot, delta: Delta) -> Steps[Change]:
        """Compute the change that leads to the next snapshot, which differs in ``delta``."""
        before, after = self.snapshot, snapshot.rows(self.view.kind)
        change = Change(snapshot, set(delta.removed), Totals(self.view))
        returned = self._returned(delta)
        for pause, id in paused(self._named(delta, after), FEW):
            old, row = self._entries.get(id), after.get(id)
            if row is not None and not is_listed(row):
                row = None
                change.removed.add(id)
            place = None if id in returned else self._places.get(id)
            if place is None:
                place = change.places[id] = self._next_place + len(change.places)
            new = None if row is None else self._entry(snapshot, id, row, place, change.guests)
            if old is not None and id not in self.guests:
                change.totals.subtract(before, (id,))
            if new is not None and not change.guests.get(id):
                change.totals.add(snapshot, (id,))
            if old != new:
                change.entries[id] = new
                if old is not None:
                    change.leaving.append(bisect_left(self._order, old))
                if new is not None:
                    change.coming.append((bisect_left(self._order, new), new))
            if pause:
                yield
        return change

    def apply(self, change: Change) -> None:
        """Take the change computed last, and with it the next snapshot."""
        self.snapshot = change.snapshot
        self.totals.merge(change.totals)
        self._places.update(change.places)
        self._next_place += len(change.places)
        for id in change.removed:
            self._places.pop(id, None)
            self.guests.discard(id)
        for id, is_guest in change.guests.items():
            (self.guests.add if is_guest else self.guests.discard)(id)
        self._move(change.leaving, change.coming)
        for id, entry in change.entries.items():
            if entry is None:
                self._entries.pop(id, None)
            else:
                self._entries[id] = entry

    def _named(self, delta: Delta, after: Mapping[ResourceId, Any]) -> Iterator[ResourceId]:
        """Yield the rows of ``delta`` that are in scope, new ones in the desk's own order."""
        known, returned = self._places, self._returned(delta)
        yield from (id for id in (*delta.removed, *delta.changed) if id in known and id not in returned)
        last = delta.added | returned
        if self.scope is not None:
            last = (self.view.pins & (delta.added | delta.returned)) - known.keys()
        if last:
            yield from newest(after, last)

    def _returned(self, delta: Delta) -> frozenset[ResourceId]:
        """Return the rows put back, which stand last now, as new ones do; a scope keeps its own order."""
        return delta.returned if self.scope is None else NOTHING

    def _entry(
        self, snapshot: Snapshot, id: ResourceId, row: Any, place: int, guests: dict[ResourceId, bool]
    ) -> SortEntry | None:
        """Return what a row is sorted by, or None when the filter does not let it through.

        Of a pinned row ``guests`` is told whether only its pin has it stand here.
        """
        passes = self._test is None or self._test(snapshot, row)
        pinned = id in self.view.pins
        if not passes and not pinned:
            return None
        empty, key = self._key(snapshot, row)
        if pinned:
            empty -= 2
            guests[id] = not passes or (self._here is not None and id not in self._here)
        return SortEntry(-empty, key, -place, id) if self._reversed else SortEntry(empty, key, place, id)

    def _move(self, leaving: list[int], coming: list[tuple[int, SortEntry]]) -> None:
        """Remove the rows at the positions ``leaving`` and insert those ``coming``, by position."""
        if not leaving and not coming:
            return
        ids = self.ids[::-1] if self._reversed else self.ids
        cuts: list[tuple[int, SortEntry | None]] = [*sorted(coming)]
        cuts += [(at, None) for at in leaving]
        cuts.sort(key=lambda cut: (cut[0], cut[1] is None))
        order: list[SortEntry] = []
        found: list[ResourceId] = []
        start = 0
        for at, entry in cuts:
            order += self._order[start:at]
            found += ids[start:at]
            start = at
            if entry is None:
                start += 1
            else:
                order.append(entry)
                found.append(entry.id)
        order += self._order[start:]
        found += ids[start:]
        self._order = order
        self.ids = tuple(reversed(found)) if self._reversed else tuple(found)


def newest(rows: Mapping[ResourceId, Any], wanted: frozenset[ResourceId]) -> list[ResourceId]:
    """Return those of ``wanted`` that are among ``rows``, in their order there; new rows stand at the end."""
    tail = islice(reversed(cast("dict[ResourceId, Any]", rows)), len(wanted))
    found = [id for id in tail if id in wanted]
    if len(found) == len(wanted):
        return found[::-1]
    return [id for id in rows if id in wanted]


def in_order(entries: list[SortEntry]) -> Steps[list[SortEntry]]:
    """Sort in steps (samplesort): distribute the entries over short runs, then sort one run at a time.

    A sample gives the bounds of the runs. No two entries are equal, because each has its own place.
    """
    if len(entries) <= RUN:
        return sorted(entries)
    count = len(entries) // RUN + 1
    sample = sorted(Random(count).sample(entries, min(len(entries), count * _OVERSAMPLING)))
    bounds = sample[_OVERSAMPLING::_OVERSAMPLING]
    runs: list[list[SortEntry]] = [[] for _ in range(len(bounds) + 1)]
    for pause, entry in paused(entries, RUN):
        runs[bisect_left(bounds, entry)].append(entry)
        if pause:
            yield
    ordered: list[SortEntry] = []
    for run in runs:
        yield
        ordered += (yield from in_order(run)) if len(run) > 3 * RUN else sorted(run)
    return ordered


def changed_cells(
    columns: Sequence[Column], view: View, old: Snapshot, new: Snapshot, delta: Delta
) -> Steps[dict[ResourceId, frozenset[str]]]:
    """Return the columns in which rows of ``delta`` have another value than they had, by row.

    That the name of a row's instrument or portfolio is known now is no change of the row.
    """
    before, after = old.rows(view.kind), new.rows(view.kind)
    found: dict[ResourceId, frozenset[str]] = {}
    for pause, id in paused(delta.changed, FEW):
        was, now = before.get(id), after.get(id)
        if was is not None and now is not None and delta.changed[id] != NAMES:
            names = frozenset(column.id for column in columns if column.differs(old, was, new, now))
            if names:
                found[id] = names
        if pause:
            yield
    return found


def _test_of(view: View) -> Callable[[Snapshot, Any], bool] | None:
    """Return the test of a view's filter, None when it has none: the first one loads how they are parsed."""
    if not view.filter.strip():
        return None
    from tui.columns.filter import parse_filter

    return parse_filter(view.filter, view.kind, view.properties, view.present).test


def _key_of(view: View) -> Callable[[Snapshot, Any], tuple[int, Any]]:
    """Return what a view sorts a row by: the values of columns, or nothing."""
    if not view.sorts:
        return lambda snapshot, row: (0, 0)
    value, *others = (_value_of(view, each) for each in view.sorts)
    if not others:
        return lambda snapshot, row: sort_key(value(snapshot, row))
    last = -1 if _is_reversed(view) else 1
    further = [
        (value, each.descending is not view.sorts[0].descending)
        for value, each in zip(others, view.sorts[1:], strict=True)
    ]

    def key(snapshot: Snapshot, row: Any) -> tuple[int, Any]:
        empty, first = sort_key(value(snapshot, row))
        return empty, (first, *(_further_key(get(snapshot, row), turned, last) for get, turned in further))

    return key


def _further_key(value: Value, turned: bool, last: int) -> tuple[int, Any]:
    """Return the key of a column that sorts rows equal in others; no value has the flag ``last``."""
    empty, key = sort_key(value)
    return last * empty, inverted(key) if turned and not empty else key


def _value_of(view: View, sort: SortColumn) -> Getter:
    return newest_of(view.kind) if sort.id == NEWEST else view.column(sort.id).value


def _is_reversed(view: View) -> bool:
    """Return whether rows are kept in the reverse of the order shown: the first column descends."""
    return bool(view.sorts) and view.sorts[0].descending
