"""Checks of the items of a verb against the limits of the desk.

Everything here is computed from the client's snapshot, before anything is sent.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from itertools import islice
from typing import Final

from msgspec import Struct

from tui.api.base import ZERO, ResourceId
from tui.api.placing_states import Guard
from tui.service.numbers import counted, price, units
from tui.service.snapshot.snapshot import Snapshot
from tui.service.verbs import (
    CreateOrders,
    PlaceBlocks,
    RecordFills,
    UpdateOrders,
    UpdatePlacements,
    Verb,
)
from tui.service.verbs.facts import order_line
from tui.service.verbs.verb import PreviewLine
from tui.service.writes.limits import LimitBand, Limits

_PENCE: Final = (Decimal(50), Decimal(200))
_SAMPLE: Final = 200
_FEWEST: Final = 5
_PRICED: Final = (CreateOrders, PlaceBlocks, UpdateOrders, UpdatePlacements)
"""The verbs that set prices and sizes, and so are checked against all limits."""


class Finding(Struct, frozen=True):
    """A limit that an item exceeds, or that cannot be checked; the worst of a kind has the largest excess."""

    kind: str
    text: str
    excess: Decimal
    guard: Guard = Guard.TYPED


class LimitChecks:
    """The checks of one verb, with the typical sizes they need looked up once."""

    def __init__(
        self, verb: Verb, lines: tuple[PreviewLine, ...], snapshot: Snapshot, limits: Limits
    ) -> None:
        self._verb = verb
        self._lines = lines if isinstance(verb, _PRICED) else ()
        self._snapshot = snapshot
        self._limits = limits
        self._typical: dict[tuple[ResourceId, str], Decimal | None] = {}

    def findings(self) -> Iterator[Finding]:
        """Yield what exceeds a limit, soft or hard, and what could not be checked."""
        yield from self._batch()
        yield from self._below_zero()
        for line in self._lines:
            yield from self._notional(line)
            yield from self._unusual(line)
            yield from self._market(line)

    def typical_ratio(self) -> str:
        """Return how the largest item compares with the typical order, empty when nothing is known."""
        ratios = [ratio for line in self._lines if (ratio := self._ratio(line)) is not None]
        return f"largest is {_times(max(ratios))} the typical order" if ratios else ""

    def _batch(self) -> Iterator[Finding]:
        count = self._verb.count
        found = None if self._verb.emergency else _against(self._limits.items, Decimal(count))
        if found is not None:
            guard, bound = found
            text = f"{counted(count, 'item')} in one batch, the limit is {units(bound)}."
            yield Finding("large batch", text, Decimal(count), guard)

    def _below_zero(self) -> Iterator[Finding]:
        """Yield the prices below zero: power and oil have traded there, most instruments never do."""
        if isinstance(self._verb, (*_PRICED, RecordFills)):
            for line in self._verb.lines(self._snapshot):
                if line.limit is not None and line.limit < 0:
                    text = f"{line.ref.id.code}: the price {price(line.limit, line.currency)} is below zero."
                    yield Finding("price below zero", text, -line.limit, Guard.WARN)

    def _notional(self, line: PreviewLine) -> Iterator[Finding]:
        name, notional, limits = line.ref.id.code, line.notional, self._limits
        if notional is None:
            text = f"{name}: no price is known, so its notional is not checked."
            yield Finding("no price", text, ZERO, Guard.WARN)
            return
        base = limits.in_base(notional, line.currency)
        found = _against(limits.notional, base)
        if found is not None:
            guard, bound = found
            text = (
                f"{name}: notional {units(notional)} {line.currency} is above the limit of "
                f"{units(bound)} {limits.base}."
            )
            yield Finding("notional", text, base, guard)

    def _unusual(self, line: PreviewLine) -> Iterator[Finding]:
        ratio = self._ratio(line)
        found = None if ratio is None else _against(self._limits.typical, ratio)
        if ratio is not None and found is not None and line.portfolio is not None:
            guard, bound = found
            whose = self._snapshot.portfolio_label(line.portfolio)
            text = (
                f"{line.ref.id.code}: {_times(ratio)} the typical order of {whose}, "
                f"the limit is {_times(bound)}."
            )
            yield Finding("unusual size", text, ratio, guard)

    def _market(self, line: PreviewLine) -> Iterator[Finding]:
        """Yield what is odd beside the daily volume and the last price of the instrument."""
        known = self._snapshot.instruments.get(line.instrument)
        if known is None:
            return
        if known.adv and line.units is not None:
            share = line.units / known.adv
            found = _against(self._limits.volume, share)
            if found is not None:
                guard, bound = found
                name = line.ref.id.code
                text = f"{name}: {_percent(share)} of the daily volume, the limit is {_percent(bound)}."
                yield Finding("daily volume", text, share, guard)
        if line.limit and known.last_price:
            band = self._limits.drift_of(known.asset_class)
            yield from _drift(line.ref.id.code, line.limit, known.last_price, band)

    def _ratio(self, line: PreviewLine) -> Decimal | None:
        """Return the item's notional as a multiple of its portfolio's typical order, None when unknown."""
        if line.portfolio is None or line.notional is None:
            return None
        key = (line.portfolio, line.currency)
        if key not in self._typical:
            self._typical[key] = typical_notional(self._snapshot, *key)
        usual = self._typical[key]
        return abs(line.notional) / usual if usual else None


def _against(band: LimitBand, value: Decimal) -> tuple[Guard, Decimal] | None:
    """Return what exceeding a limit asks for and the limit itself, or None inside both."""
    if value > band.hard:
        return Guard.REFUSED, band.hard
    return (Guard.TYPED, band.soft) if value > band.soft else None


def _drift(name: str, limit: Decimal, reference: Decimal, band: LimitBand) -> Iterator[Finding]:
    ratio = limit / reference
    if _PENCE[0] <= ratio <= _PENCE[1]:
        text = f"{name}: limit {units(limit)} is {ratio:,.0f} times the last price: pence?"
        yield Finding("pence?", text, ratio, Guard.REFUSED)
        return
    drift = abs((limit - reference) / reference)
    found = _against(band, drift)
    if found is not None:
        guard, bound = found
        text = (
            f"{name}: limit {units(limit)} is {_percent(drift)} off the last price {units(reference)}, "
            f"the limit is {_percent(bound)}."
        )
        yield Finding("limit price", text, drift, guard)


def typical_notional(snapshot: Snapshot, portfolio: ResourceId, currency: str) -> Decimal | None:
    """Return the median notional of a portfolio's orders in a currency, None when there are too few."""
    own = (order for order in snapshot.orders.values() if order.portfolio_id == portfolio)
    sizes = sorted(
        abs(line.notional)
        for line in (order_line(snapshot, order) for order in islice(own, _SAMPLE))
        if line.notional and line.currency == currency
    )
    return sizes[len(sizes) // 2] if len(sizes) >= _FEWEST else None


def _percent(fraction: Decimal) -> str:
    return f"{fraction * 100:.1f} %"


_TENTH: Final = Decimal("0.1")


def _times(ratio: Decimal) -> str:
    if ratio < _TENTH:
        return "less than 0.1 times"
    return f"{ratio:.1f} times" if ratio < 10 else f"{ratio:,.0f} times"
