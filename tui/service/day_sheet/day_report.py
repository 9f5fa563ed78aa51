"""The sheet of a day, computed from a snapshot: per currency, portfolio and broker, and who did what.

Each figure is money of one currency on one side, added up from the very values that the panes add up:

- *traded*: what was filled that day and not busted since; of a portfolio what was allocated to it that day.
- *left open*: what of blocks is not filled yet, of a broker what it may still fill, of a portfolio what is
  not allocated to its orders yet.
- *unallocated*: fills that no portfolio was given, at their average price.
- *unbooked*: allocations that are not booked.
- *rejected*: placements that were rejected that day.

Left open, unallocated and unbooked are what they are at the moment of the snapshot, whatever day they are of.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator, Iterable, Mapping
from datetime import datetime
from decimal import Context, Decimal
from enum import StrEnum
from typing import Any, Final

from msgspec import Struct, field
from msgspec.structs import replace

from tui.api.base import ZERO, ResourceId
from tui.api.models import Allocation, Execution, Placement
from tui.api.states import is_cancelled
from tui.service.day_sheet.day_actions import DayAction, count_actions, count_decisions, rejected_on
from tui.service.day_sheet.day_bounds import CalendarDay
from tui.service.journal.journal_entries import JournalEntry
from tui.service.numbers import counted, rounded
from tui.service.snapshot.instruments import UNRESOLVED, luid_of
from tui.service.snapshot.sizing import UNNAMED, order_left
from tui.service.snapshot.snapshot import EntityKind, Snapshot, is_listed
from tui.service.snapshot.worth import (
    Worth,
    left_of_block,
    left_of_placement,
    priced,
    worth_at_price,
    worth_of_placement,
    worth_of_size,
)
from tui.service.verbs.facts import instrument_name
from tui.service.wire_words import side_in_cell

A_STEP: Final = 20
"""Rows that are added up in one step."""
NOBODY: Final = "none named"
SEVERAL: Final = "several portfolios"
"""What belongs to a block whose orders are of several portfolios, before it is allocated."""
_PLACES: Final = 10
"""Decimals of a sum: what is behind them comes of average prices that were divided, not of money."""
_EXACT: Final = Context(prec=1_000)
"""Adds without rounding, as the totals of panes do: numbers have 100 digits at most."""


class Dimension(StrEnum):
    """What the lines of a sheet are about; the value is the word for one of them."""

    CURRENCY = "currency"
    PORTFOLIO = "portfolio"
    BROKER = "broker"
    USER = "user"


class Figure(StrEnum):
    """What is added up."""

    TRADED = "traded"
    LEFT = "left"
    UNALLOCATED = "unallocated"
    UNBOOKED = "unbooked"
    REJECTED = "rejected"


class LineKey(Struct, frozen=True, order=True):
    """What one line is about: a currency, portfolio or broker, a side and a currency.

    ``luid`` and ``instrument`` are empty in the line of all its instruments. A line about a user has what was
    done in place of a side.
    """

    dimension: Dimension
    name: str
    currency: str
    side: str
    luid: str = ""
    instrument: str = ""


class SheetLine(Struct, frozen=True):
    """One line of a sheet: ``money`` of its key's currency, without figures to which nothing was added.

    ``count`` is how many fills were traded, of a portfolio allocations, of a user rows. ``units`` and
    ``average`` are of what was traded, where that is one instrument. ``rejects`` counts rejected placements,
    ``unknown`` the rows whose money nobody can tell: the sums lack them. A line with ``is_part`` is about one
    of several instruments of the line before it, which sums them up.
    """

    key: LineKey
    count: int = 0
    units: Decimal | None = None
    average: Decimal | None = None
    money: Mapping[Figure, Decimal] = {}
    rejects: int = 0
    unknown: int = 0
    is_part: bool = False
    is_own: bool = False
    """Whether it is about what the reader did."""


class DaySheet(Struct, frozen=True):
    """The sheet of a ``day`` on a desk as it was at ``as_at``, None for as it is.

    ``notes`` say what it lacks.
    """

    day: CalendarDay
    as_at: datetime | None
    lines: tuple[SheetLine, ...]
    notes: tuple[str, ...] = ()

    def sums(self, dimension: Dimension) -> tuple[SheetLine, ...]:
        """Return the lines of a dimension that sum up all instruments."""
        return tuple(line for line in self.lines if line.key.dimension is dimension and not line.is_part)


class _GrowingLine(Struct):
    """A line that grows."""

    count: int = 0
    units: Decimal = ZERO
    priced: Decimal = ZERO
    """The units among them that have a price: only those have an average."""
    money: dict[Figure, Decimal] = field(default_factory=dict)
    rejects: int = 0
    unknown: int = 0

    def add(self, figure: Figure, money: Decimal | None) -> None:
        if money is None:
            self.unknown += 1
        elif money:
            self.money[figure] = _EXACT.add(self.money.get(figure, ZERO), money)


class _Grown:
    """The lines of a sheet while rows are added up."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self.parts: dict[LineKey, _GrowingLine] = {}
        self._called: dict[str, str] = {}
        """What instruments are called, by LUID."""

    def add(
        self,
        figure: Figure,
        row: Any,
        worth: Worth,
        names: Mapping[Dimension, str],
        *,
        units: Decimal | None = None,
        rejects: int = 0,
    ) -> None:
        """Add what a row is worth to the line of each of its names, and its ``units`` to what was traded."""
        money = priced(self._snapshot, worth)
        if not money.value and money.value is not None and units is None and not rejects:
            return
        luid, side = luid_of(row), side_in_cell(_side_of(row)).lower()
        if luid == UNRESOLVED:  # several instruments share it
            called = _instrument(self._snapshot, row)
        elif (called := self._called.get(luid, "")) == "":
            called = self._called[luid] = _instrument(self._snapshot, row)
        for dimension, name in names.items():
            currency = money.currency or UNNAMED
            named = currency if dimension is Dimension.CURRENCY else name
            line = self.parts.setdefault(
                LineKey(dimension, named, currency, side, luid, called), _GrowingLine()
            )
            line.add(figure, money.value)
            line.rejects += rejects
            if units is not None:
                line.count += 1
                line.units = _EXACT.add(line.units, units)
                line.priced = _EXACT.add(line.priced, units if money.value is not None else ZERO)


def day_sheet(
    snapshot: Snapshot, day: CalendarDay, user: str = "", decisions: Iterable[JournalEntry] = ()
) -> Generator[None, None, DaySheet]:
    """Return in steps the sheet of ``day``; ``user`` is who reads it, as the server calls them.

    ``decisions`` are those of the journal: refusals and unknown outcomes stand nowhere else.

    Rows are added up at the prices of ``snapshot``, which should be of the end of that day or be live.
    """
    grown = _Grown(snapshot)
    for kind, add in _ADDERS.items():
        for number, row in enumerate(tuple(snapshot.rows(kind).values()), start=1):
            add(grown, snapshot, row, day)
            if number % A_STEP == 0:
                yield
    lines: list[SheetLine] = []
    for number, line in enumerate(_with_sums(snapshot, grown.parts), start=1):
        lines.append(line)
        if number % A_STEP == 0:
            yield
    actions = yield from count_actions(snapshot, day)
    actions += count_decisions(decisions, day)
    lines += _of_users(actions, user)
    return DaySheet(day, snapshot.as_at, tuple(lines), tuple(_lacks(snapshot, day)))


# --- what each kind of rows adds ----------------------------------------------------------------


def _add_block(grown: _Grown, snapshot: Snapshot, row: Any, day: CalendarDay) -> None:
    if is_listed(row):
        grown.add(Figure.LEFT, row, left_of_block(snapshot, row), {Dimension.CURRENCY: ""})


def _add_order(grown: _Grown, snapshot: Snapshot, row: Any, day: CalendarDay) -> None:
    left = order_left(snapshot, row)
    if left.value is not None and left.value <= 0:
        return
    names = {Dimension.PORTFOLIO: _portfolio(snapshot, row.portfolio_id)}
    grown.add(Figure.LEFT, row, worth_of_size(snapshot, row, left), names)


def _add_placement(grown: _Grown, snapshot: Snapshot, row: Placement, day: CalendarDay) -> None:
    if row.parent_placement_id in snapshot.placements:
        return
    broker = {Dimension.BROKER: row.counterparty or NOBODY}
    grown.add(Figure.LEFT, row, left_of_placement(snapshot, row), broker)
    everywhere = {
        Dimension.CURRENCY: "",
        Dimension.PORTFOLIO: _portfolio_of_placement(snapshot, row),
        **broker,
    }
    grown.add(Figure.UNALLOCATED, row, _unallocated(snapshot, row), everywhere)
    if rejected_on(row, day):
        grown.add(Figure.REJECTED, row, worth_of_placement(snapshot, row), everywhere, rejects=1)


def _add_execution(grown: _Grown, snapshot: Snapshot, row: Execution, day: CalendarDay) -> None:
    if row.created_date not in day or is_cancelled(row.state):
        return
    placement = snapshot.placements.get(row.placement_id)
    broker = row.counterparty or (placement.counterparty if placement else None) or NOBODY
    names = {Dimension.CURRENCY: "", Dimension.BROKER: broker}
    grown.add(Figure.TRADED, row, worth_at_price(snapshot, row), names, units=row.quantity)


def _add_allocation(grown: _Grown, snapshot: Snapshot, row: Allocation, day: CalendarDay) -> None:
    if is_cancelled(row.state):
        return
    portfolio = {Dimension.PORTFOLIO: _portfolio(snapshot, row.portfolio_id)}
    worth = worth_at_price(snapshot, row)
    if allocated_at(row) in day:
        grown.add(Figure.TRADED, row, worth, portfolio, units=row.quantity)
    booked = snapshot.is_booked(row.id)
    if booked:
        return
    placements = (snapshot.placements.get(id) for id in row.placement_ids or ())
    brokers = (each.counterparty for each in placements if each is not None)
    broker = row.counterparty or next(filter(None, brokers), None) or NOBODY
    names = {Dimension.CURRENCY: "", Dimension.BROKER: broker, **portfolio}
    unbooked = worth if booked is False else Worth(None, worth.currency)
    grown.add(Figure.UNBOOKED, row, unbooked, names)


_ADDERS: Final[Mapping[EntityKind, Callable[[_Grown, Snapshot, Any, CalendarDay], None]]] = {
    EntityKind.BLOCKS: _add_block,
    EntityKind.ORDERS: _add_order,
    EntityKind.PLACEMENTS: _add_placement,
    EntityKind.EXECUTIONS: _add_execution,
    EntityKind.ALLOCATIONS: _add_allocation,
}


def allocated_at(row: Allocation) -> datetime | None:
    """Return when a portfolio was given its share: as the allocation says, else its version."""
    return row.date or (row.version.as_at_created if row.version else None)


def _unallocated(snapshot: Snapshot, row: Placement) -> Worth:
    """Return the fills of a placement and its children that no portfolio was given, at the average price."""
    executed = snapshot.executed_of_placement(row.id)
    family = [row.id]
    for each in family:
        family += [child for child in snapshot.children_of_placement(each) if child not in family]
    given = [snapshot.allocated_of_placement(each) for each in family]
    if executed is None or None in given:
        return Worth(None)
    left = executed - sum((each for each in given if each is not None), ZERO)
    if left <= 0:
        return Worth(ZERO)
    worths = [worth_at_price(snapshot, fill) for fill in snapshot.fills_of_placement(row.id)]
    values = [each.value for each in worths if each.value is not None]
    if len(values) < len(worths):
        return Worth(None)
    return Worth(sum(values, ZERO) * left / executed, worths[0].currency, luid_of(row))


def _portfolio_of_placement(snapshot: Snapshot, row: Placement) -> str:
    orders = (
        snapshot.orders[id].portfolio_id for block in row.block_ids for id in snapshot.orders_of_block(block)
    )
    found = list(dict.fromkeys(orders))
    return SEVERAL if len(found) > 1 else _portfolio(snapshot, found[0] if found else None)


def _portfolio(snapshot: Snapshot, id: ResourceId | None) -> str:
    return snapshot.portfolio_label(id) if id is not None else NOBODY


def _side_of(row: Any) -> str | None:
    side: str | None = row.block.side if hasattr(row, "block") else row.side
    return side


def _instrument(snapshot: Snapshot, row: Any) -> str:
    named = row.block if hasattr(row, "block") else row
    luid = luid_of(row)
    known = snapshot.instruments.get(luid) if luid != UNRESOLVED else None
    return known.label if known is not None else instrument_name(named.instrument_identifiers or {})


# --- the lines ----------------------------------------------------------------------------------


def _with_sums(snapshot: Snapshot, parts: Mapping[LineKey, _GrowingLine]) -> Iterable[SheetLine]:
    """Yield each line of all instruments, with those of single ones behind it where there are several."""
    together: dict[LineKey, list[LineKey]] = {}
    for key in parts:
        together.setdefault(replace(key, luid="", instrument=""), []).append(key)
    for key in sorted(together, key=_place):
        members = sorted(together[key], key=lambda each: (each.instrument.casefold(), each.luid))
        lines = [_finished(snapshot, each, parts[each]) for each in members]
        if len(members) == 1:
            yield lines[0]
            continue
        yield _summed(key, lines)
        yield from (replace(line, is_part=True) for line in lines)


def _place(key: LineKey) -> tuple[object, ...]:
    dimension = list(Dimension).index(key.dimension)
    last = key.name in (NOBODY, SEVERAL, UNNAMED)
    return dimension, last, key.name.casefold(), key.name, key.currency, key.side


def _finished(snapshot: Snapshot, key: LineKey, grown: _GrowingLine) -> SheetLine:
    worth = grown.priced * snapshot.price_unit(key.luid)
    average = rounded(grown.money.get(Figure.TRADED, ZERO) / worth, _PLACES) if worth else None
    units = grown.units if grown.count else None
    money = {figure: rounded(value, _PLACES) for figure, value in grown.money.items()}
    return SheetLine(key, grown.count, units, average, money, grown.rejects, grown.unknown)


def _summed(key: LineKey, lines: Iterable[SheetLine]) -> SheetLine:
    whole = _GrowingLine()
    for line in lines:
        whole.count += line.count
        whole.rejects += line.rejects
        whole.unknown += line.unknown
        for figure, money in line.money.items():
            whole.add(figure, money)
    return SheetLine(key, whole.count, None, None, whole.money, whole.rejects, whole.unknown)


def _of_users(actions: Counter[DayAction], user: str) -> Iterable[SheetLine]:
    """Yield what each user did, the reader first."""
    for action in sorted(actions, key=lambda each: (each.user != user, each)):
        name = action.user or NOBODY
        key = LineKey(Dimension.USER, name, "", action.done)
        yield SheetLine(key, actions[action], is_own=bool(user) and action.user == user)


def _lacks(snapshot: Snapshot, day: CalendarDay) -> Iterable[str]:
    """Yield what the sheet lacks because it is not on the desk."""
    for kind, unread in snapshot.unread.items():
        yield f"{kind.value.capitalize()} {unread}"
    if snapshot.bad:
        yield f"{counted(len(snapshot.bad), 'row')} could not be read."
    if snapshot.bookings_due:
        of = counted(len(snapshot.bookings_due), "portfolio")
        yield f"What {of} booked is still being read: unbooked is not known there."
    if snapshot.active_since is not None and snapshot.active_since > day.begin:
        since = snapshot.time_in_words(snapshot.active_since)
        yield f"Blocks without activity since {since} are not on this desk."
