"""Positions: what a portfolio holds, what is open, and what it will be after a write.

Held is what the server counts (:mod:`tui.service.reference.holdings`). Open is counted from the orders of
this desk, because servers may count their own open orders with or without a sign (R33); theirs are shown only
where they differ. A holding that is not known is said not to be, and is never taken for zero.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Final

from msgspec import Struct

from tui.api.base import ZERO, ResourceId
from tui.api.life_cycle import is_zero
from tui.api.models import Order
from tui.api.side_families import COVER, SHORT, family_of
from tui.api.states import is_cancelled, is_final, normalize
from tui.service.numbers import number
from tui.service.sides import side_direction
from tui.service.snapshot.held_units import HeldUnits, Holding, HoldingKey, NotKnown
from tui.service.snapshot.instruments import UNRESOLVED
from tui.service.snapshot.snapshot import EntityKind, Snapshot
from tui.service.verbs import CreateOrders, MoveOrders, ReplaceOrders, UpdateOrders
from tui.service.verbs.facts import order_line
from tui.service.verbs.preview_line import PreviewLine
from tui.service.verbs.verb import Verb

ABOUT_POSITIONS: Final = (CreateOrders, UpdateOrders, ReplaceOrders, MoveOrders)
"""The verbs whose previews tell of positions: those that make orders, and those that change or move them."""
_BOOKED: Final = "booked"

NO_INSTRUMENT: Final = NotKnown("this desk does not know the instrument")

LookUp = Callable[[HoldingKey], Holding]


class Position(Struct, frozen=True):
    """One portfolio's position in one instrument, before and after a write.

    ``open`` is what its orders on this desk come to that are not booked yet, None where the size or the side
    of one is not known. ``change`` is what the write adds to that, ``sold`` and ``covered`` the parts of it
    that plain sales and covers are; None where that is not known. ``roughly`` says that a price was needed
    for it.
    """

    portfolio: ResourceId
    luid: str
    held: Holding
    open: Decimal | None
    change: Decimal | None
    sold: Decimal = ZERO
    covered: Decimal = ZERO
    roughly: bool = False

    @property
    def key(self) -> HoldingKey:
        """Portfolio and instrument."""
        return self.portfolio, self.luid

    @property
    def after(self) -> Decimal | None:
        """The units it will be, None when that is not known."""
        if not isinstance(self.held, HeldUnits) or self.open is None or self.change is None:
            return None
        return self.held.units + self.open + self.change

    @property
    def short(self) -> Decimal:
        """The units that a plain sale sells and nobody holds or buys; zero when none, or not known."""
        after = self.after
        return -after if after is not None and after < 0 and self.sold > 0 else ZERO


def positions_of(verb: Verb, snapshot: Snapshot, holding: LookUp) -> tuple[Position, ...]:
    """Return the positions that ``verb`` is about, the worst first; none of a verb that changes none."""
    if not isinstance(verb, ABOUT_POSITIONS):
        return ()
    return positions_in(verb.lines(snapshot), snapshot, holding)


def keys_of(verb: Verb, snapshot: Snapshot) -> tuple[HoldingKey, ...]:
    """Return whose holdings a preview of ``verb`` tells of: those it sells from first, the largest first."""
    if not isinstance(verb, ABOUT_POSITIONS):
        return ()

    def sales_first(line: PreviewLine) -> tuple[bool, Decimal]:
        return (side_direction(snapshot, line.side) != -1, -abs(line.units or ZERO))

    lines = sorted(verb.lines(snapshot), key=sales_first)
    keys = dict.fromkeys(key for line in lines if (key := _key(line)) is not None)
    return tuple(key for key in keys if key[1] in snapshot.instruments)


def _key(line: PreviewLine) -> HoldingKey | None:
    """Return the portfolio and instrument of a line, None where one of them is not known."""
    if line.portfolio is None or not line.instrument or line.instrument == UNRESOLVED:
        return None
    return line.portfolio, line.instrument


class _Change(Struct):
    """What a write adds to one position, collected line by line."""

    units: Decimal | None = ZERO
    sold: Decimal = ZERO
    covered: Decimal = ZERO
    roughly: bool = False

    def add(self, units: Decimal | None, side: str = "", way: int | None = None) -> None:
        """Add units with their sign, traded under a ``side`` that moves a position this ``way``."""
        if units is None:
            self.units = None
            return
        if self.units is not None:
            self.units += units
        family = family_of(side)
        if units < 0 and way == -1 and family is not SHORT:
            self.sold -= units
        elif units > 0 and family is COVER:
            self.covered += units


def positions_in(lines: Iterable[PreviewLine], snapshot: Snapshot, holding: LookUp) -> tuple[Position, ...]:
    """Return the positions of orders, new ones or those on the desk as they will be, the worst first."""
    changes: dict[HoldingKey, _Change] = {}
    for line in lines:
        key = _key(line)
        if key is None:
            continue
        order = snapshot.orders.get(line.ref.id) if line.ref.kind is EntityKind.ORDERS else None
        change = changes.setdefault(key, _Change())
        change.roughly |= line.quantity is None and line.units is not None
        own = order.direction if order is not None and order.side == line.side else None
        way = side_direction(snapshot, line.side, own)
        change.add(_added(snapshot, line, order, key, way), line.side, way)
        old = _key_of(order) if order is not None else None
        if order is not None and old is not None and old != key:  # its order goes to another portfolio
            left = open_of(snapshot, order)
            changes.setdefault(old, _Change()).add(None if left is None else -left)
    opened = open_by_key(snapshot, frozenset(changes))

    def found(key: HoldingKey) -> Holding:
        return holding(key) if key[1] in snapshot.instruments else NO_INSTRUMENT

    made = [
        Position(*key, found(key), opened[key], change.units, change.sold, change.covered, change.roughly)
        for key, change in changes.items()
    ]
    return tuple(sorted(made, key=_worst_first))


def _worst_first(position: Position) -> tuple[bool, Decimal, bool, Decimal]:
    """Return the rank of a position: oversold by most, then not known, then changed by most."""
    known = isinstance(position.held, HeldUnits)
    return (not position.short, -position.short, known, -abs(position.change or ZERO))


def _added(
    snapshot: Snapshot, line: PreviewLine, order: Order | None, key: HoldingKey, direction: int | None
) -> Decimal | None:
    """Return what a line adds to a position, with its sign: of an order on the desk, what it changes."""
    units = line.units
    if direction is None or units is None:
        return None
    if order is None:
        return direction * units
    booked, before = booked_units(snapshot, order), open_of(snapshot, order)
    if booked is None:
        return None
    after = direction * (units - booked)
    if _key_of(order) != key:
        return after
    return None if before is None else after - before


def _key_of(order: Order) -> HoldingKey | None:
    return None if order.portfolio_id is None else (order.portfolio_id, order.lusid_instrument_id)


@lru_cache(maxsize=1)
def open_by_key(snapshot: Snapshot, keys: frozenset[HoldingKey]) -> Mapping[HoldingKey, Decimal | None]:
    """Return what is open of each of ``keys``: the sum of its orders, None where one is not known.

    A form asks for the same at every key, and all orders are looked at for it.
    """
    found: dict[HoldingKey, Decimal | None] = dict.fromkeys(keys, ZERO)
    if not snapshot.knows(EntityKind.ORDERS):
        return dict.fromkeys(keys)
    luids = {luid for _, luid in found}
    for order in snapshot.orders.values():
        if order.lusid_instrument_id not in luids or order.portfolio_id is None:
            continue
        key = (order.portfolio_id, order.lusid_instrument_id)
        so_far = found.get(key)
        if so_far is not None:
            left = open_of(snapshot, order)
            found[key] = None if left is None else so_far + left
    return found


def open_of(snapshot: Snapshot, order: Order) -> Decimal | None:
    """Return what of an order will still change its portfolio's position, with its sign.

    It is what is ordered and not booked yet, or allocated where that is more; of a cancelled order, what was
    allocated before. None where its size, its side or what is booked of it is not known.
    """
    if is_final(order.state) and not is_cancelled(order.state):
        return ZERO
    direction = side_direction(snapshot, order.side, order.direction)
    booked = booked_units(snapshot, order)
    whole = allocated = snapshot.allocated_of_order(order.id)
    if not is_cancelled(order.state):
        ordered = order_line(snapshot, order).units
        whole = None if ordered is None or allocated is None else max(ordered, allocated)
    if whole is not None and booked is not None and is_zero(whole - booked):
        return ZERO
    if direction is None or whole is None or booked is None:
        return None
    return direction * (whole - booked)


def booked_units(snapshot: Snapshot, order: Order) -> Decimal | None:
    """Return the units of an order that are in its portfolio's holdings already, None when not known."""
    total = ZERO
    for id in snapshot.allocations_of_order(order.id):
        row = snapshot.allocations[id]
        if is_cancelled(row.state):
            continue
        booked = normalize(row.state) == _BOOKED or snapshot.is_booked(id)
        if booked is None:
            return None
        total += row.quantity if booked else ZERO
    return total if snapshot.knows(EntityKind.ALLOCATIONS) else None


# --- in words -----------------------------------------------------------------------------------


class PositionWords:
    """Positions as sentences, with the names that the desk has for portfolios and instruments."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot

    def line(self, position: Position) -> str:
        """Return ``UKEQ-GROW holds 1,092 VOD (1,000 settled) · open +38 · will be 1,030``."""
        portfolio, name = self._names(position)
        held = position.held
        if isinstance(held, NotKnown):
            said = [f"{portfolio}: what it holds of {name} is not known, {held.why}"]
            if held.awaited:
                said = [f"{portfolio}: reading what it holds of {name} ..."]
        else:
            noted = ", ".join(_notes(held))
            units = number(held.units) if held.rows else "no"
            said = [f"{portfolio} holds {units} {name}{f' ({noted})' if noted else ''}"]
        if position.open is None:
            said.append("open not known")
        elif position.open or not isinstance(held, NotKnown):
            counted = f"open {signed(position.open)}" if position.open else "nothing open"
            said.append(f"{counted}{self._since}")
        if position.after is not None and position.change is not None:
            short = ", oversold" if position.short else ""
            said.append(f"will be {_about(position.after, position)}{short}")
        if isinstance(held, HeldUnits) and _differs(held, position.open):
            said.append(f"the server counts {signed(held.ordered or ZERO)} open")
        return " · ".join(said)

    @property
    def _since(self) -> str:
        """Since when orders are counted, where the desk leaves older ones out; else empty."""
        since = self._snapshot.loose_since
        return f" (of orders since {self._snapshot.day_in_words(since)})" if since else ""

    def oversale(self, position: Position) -> str:
        """Return the sentence that says what a sale lacks; it has no end."""
        portfolio, name = self._names(position)
        assert isinstance(position.held, HeldUnits)
        covered = position.held.units + (position.open or ZERO)
        has = f"{number(covered)} with what is open" if position.open else number(covered)
        return (
            f"{portfolio} would sell {_about(position.sold, position)} {name} and has {has}: "
            f"{_about(position.short, position)} short"
        )

    def unchecked(self, position: Position) -> str:
        """Return why a sale could not be checked against the holding; it has no end."""
        portfolio, name = self._names(position)
        why = (
            position.held.why if isinstance(position.held, NotKnown) else "the size of an order is not known"
        )
        return f"Whether {portfolio} holds the {name} it would sell is not known: {why}"

    def no_short(self, position: Position) -> str:
        """Return why a cover covers nothing, or too much; it has no end."""
        portfolio, name = self._names(position)
        assert isinstance(position.held, HeldUnits)
        before = position.held.units + (position.open or ZERO)
        if before >= 0:
            return (
                f"{portfolio} is not short of {name}: it has {number(before)}, so there is nothing to cover"
            )
        return f"{portfolio} is {number(-before)} {name} short: to cover {number(position.covered)} is more"

    def _names(self, position: Position) -> tuple[str, str]:
        known = self._snapshot.instruments.get(position.luid)
        name = known.label if known else position.luid
        return self._snapshot.portfolio_label(position.portfolio), name


def is_unchecked(position: Position) -> bool:
    """Return whether a plain sale could not be compared with what there is."""
    return position.sold > 0 and position.after is None


def covers_too_much(position: Position) -> bool:
    """Return whether a cover buys more than the position is short by."""
    return position.covered > 0 and position.after is not None and position.after > 0


def _notes(held: HeldUnits) -> Iterator[str]:
    if held.settled is not None and held.settled != held.units:
        yield f"{number(held.settled)} settled"
    if held.rows > 1:
        yield f"in {held.rows} rows"


def _about(units: Decimal, position: Position) -> str:
    """Return units in words: whole ones where they are estimated from money."""
    return f"about {number(units, 0)}" if position.roughly else number(units)


def _differs(held: HeldUnits, open: Decimal | None) -> bool:
    """Return whether the server counts another size of open orders; their sign may not be said (R33)."""
    if held.ordered is None or open is None:
        return False
    return not is_zero(abs(held.ordered) - abs(open))


def signed(value: Decimal) -> str:
    """Return units with their sign: ``+38``."""
    return f"+{number(value)}" if value > 0 else number(value)
