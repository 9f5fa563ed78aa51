"""Checks of the items of a verb against the limits of the desk.

Everything here is computed from the client's snapshot, before anything is sent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from itertools import islice
from typing import Final

from msgspec import Struct

from tui.api.base import ZERO, ResourceId
from tui.api.placing_states import Guard
from tui.config.limit_settings import Bound
from tui.service.environment import EnvironmentKind
from tui.service.numbers import counted, number, number_text, price, units
from tui.service.sentence import short
from tui.service.snapshot.snapshot import Snapshot
from tui.service.verbs import (
    CreateOrders,
    PlaceBlocks,
    RecordFills,
    ReplaceOrders,
    ReplacePlacements,
    UpdateOrders,
    UpdatePlacements,
    Verb,
)
from tui.service.verbs.facts import order_line
from tui.service.verbs.verb import PreviewLine
from tui.service.writes.limits import Limits

_PENCE: Final = (Decimal(50), Decimal(200))
_SAMPLE: Final = 200
_FEWEST: Final = 5
_PRICED: Final = (
    CreateOrders,
    PlaceBlocks,
    UpdateOrders,
    ReplaceOrders,
    UpdatePlacements,
    ReplacePlacements,
)
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
        self,
        verb: Verb,
        lines: tuple[PreviewLine, ...],
        snapshot: Snapshot,
        limits: Limits,
        kind: EnvironmentKind = EnvironmentKind.LOCAL,
    ) -> None:
        self._verb = verb
        self._all_lines = lines
        self._lines = lines if isinstance(verb, _PRICED) else ()
        self._snapshot = snapshot
        self._limits = limits
        self._on_prod = kind is EnvironmentKind.PROD
        self._typical: dict[tuple[ResourceId, str], Decimal | None] = {}

    def findings(self) -> Iterator[Finding]:
        """Yield what exceeds a limit, soft or hard, and what could not be checked."""
        yield from self._batch()
        if self._on_prod and not self._verb.emergency:
            yield from self._production()
        yield from self._below_zero()
        for line in self._lines:
            yield from self._notional(line)
            yield from self._unusual(line)
            yield from self._market(line)

    def typical_ratio(self) -> str:
        """Return how the largest item compares with the typical order, empty when nothing is known."""
        ratios = [ratio for line in self._lines if (ratio := self._ratio(line)) is not None]
        return f"largest is {_times(max(ratios))} the typical order" if ratios else ""

    def _named(self, line: PreviewLine) -> str:
        """Return what a dealer calls an item: instrument, portfolio, and the id of a row of the desk."""
        known = self._snapshot.instruments.get(line.instrument)
        code = short(line.ref.id.code)
        if known is None:
            return code
        whose = f" for {self._snapshot.portfolio_label(line.portfolio)}" if line.portfolio else ""
        return f"{known.label}{whose}" + (f" ({code})" if line.ref in self._snapshot else "")

    def _batch(self) -> Iterator[Finding]:
        if self._verb.emergency:
            return
        count = Decimal(self._verb.count)
        for guard, bound in self._exceeded("items", count):
            text = f"{counted(count, 'item')} in one batch, the {_words(guard, bound, number_text)}."
            yield Finding("large batch", text, count, guard)

    def _production(self) -> Iterator[Finding]:
        """Yield what is typed on PROD because there it moves real money."""
        limits, count = self._limits, Decimal(self._verb.count)
        items, money = limits.bound("prod_items"), limits.bound("prod_notional")
        if items.value is not None and count > items.value:
            said = counted(count, "item")
            yield Finding("PROD", _typed_on_prod(said, number_text(items.value), items), count)
        total = sum((limits.size_in_base(line.notional, line.currency) for line in self._all_lines), ZERO)
        if money.value is not None and total > money.value:
            said, free = (f"{_short(each)} {limits.base}" for each in (total, money.value))
            yield Finding("PROD", _typed_on_prod(said, free, money), total)

    def _below_zero(self) -> Iterator[Finding]:
        """Yield the prices below zero: power and oil have traded there, most instruments never do."""
        if isinstance(self._verb, (*_PRICED, RecordFills)):
            for line in self._all_lines:
                if line.limit is not None and line.limit < 0:
                    text = f"{self._named(line)}: the price {price(line.limit, line.currency)} is below zero."
                    yield Finding("price below zero", text, -line.limit, Guard.WARN)

    def _notional(self, line: PreviewLine) -> Iterator[Finding]:
        name, notional, limits = self._named(line), line.notional, self._limits
        if notional is None:
            has_prod_limit = limits.bound("prod_notional").value is not None
            guard = Guard.TYPED if self._on_prod and has_prod_limit else Guard.WARN
            text = f"{name}: no price is known, so its notional is not checked."
            yield Finding("no price", text, ZERO, guard)
            return
        money = limits.in_base(notional, line.currency)
        if money.rate is None:
            currency = line.currency or "its currency"
            text = f"{name}: no rate of {currency} in {limits.base} is known, so it is taken one to one."
            yield Finding("no rate", text, money.value, Guard.WARN)
        for guard, bound in self._exceeded("notional", money.value, line):
            said = f"{_short(money.value)} {limits.base}"
            if line.currency != limits.base:
                rate = "one to one" if money.rate is None else f"at {number_text(money.rate)}"
                said = f"{_short(abs(notional))} {line.currency}, {said} {rate},"
            above = _words(guard, bound, lambda value: f"{_short(value)} {limits.base}")
            yield Finding("notional", f"{name}: {said} is above the {above}.", money.value, guard)

    def _unusual(self, line: PreviewLine) -> Iterator[Finding]:
        ratio = self._ratio(line)
        if ratio is None or line.portfolio is None:
            return
        for guard, bound in self._exceeded("size", ratio, line):
            whose = self._snapshot.portfolio_label(line.portfolio)
            text = (
                f"{self._named(line)}: {_times(ratio)} the typical order of {whose}, "
                f"the {_words(guard, bound, _times)}."
            )
            yield Finding("unusual size", text, ratio, guard)

    def _market(self, line: PreviewLine) -> Iterator[Finding]:
        """Yield what is odd beside the daily volume and the last price of the instrument."""
        known = self._snapshot.instruments.get(line.instrument)
        if known is None:
            return
        name = self._named(line)
        if known.adv and line.units is not None:
            share = line.units / known.adv
            for guard, bound in self._exceeded("volume", share, line):
                text = f"{name}: {_percent(share)} of the daily volume, the {_words(guard, bound, _percent)}."
                yield Finding("daily volume", text, share, guard)
        if line.limit and known.last_price:
            yield from self._drift(line, line.limit, known.last_price)

    def _drift(self, line: PreviewLine, limit: Decimal, reference: Decimal) -> Iterator[Finding]:
        name = self._named(line)
        ratio = limit / reference
        if _PENCE[0] <= ratio <= _PENCE[1]:
            text = f"{name}: limit {units(limit)} is {ratio:,.0f} times the last price: pence?"
            yield Finding("pence?", text, ratio, Guard.REFUSED)
            return
        drift = abs((limit - reference) / reference)
        for guard, bound in self._exceeded("price", drift, line):
            text = (
                f"{name}: limit {units(limit)} is {_percent(drift)} off the last price {units(reference)}, "
                f"the {_words(guard, bound, _percent)}."
            )
            yield Finding("limit price", text, drift, guard)

    def _exceeded(
        self, band: str, value: Decimal, line: PreviewLine | None = None
    ) -> Iterator[tuple[Guard, Bound]]:
        """Yield the hard limit if ``value`` is above it, else the soft one if it is above that."""
        known = self._snapshot.instruments.get(line.instrument) if line is not None else None
        asset_class = known.asset_class if known is not None else ""
        for guard, side in ((Guard.REFUSED, "hard"), (Guard.TYPED, "soft")):
            bound = self._limits.bound(f"{band}_{side}", asset_class)
            if bound.value is not None and value > bound.value:
                yield guard, bound
                return

    def _ratio(self, line: PreviewLine) -> Decimal | None:
        """Return the item's notional as a multiple of its portfolio's typical order, None when unknown."""
        if line.portfolio is None or line.notional is None:
            return None
        key = (line.portfolio, line.currency)
        if key not in self._typical:
            self._typical[key] = typical_notional(self._snapshot, *key)
        usual = self._typical[key]
        return abs(line.notional) / usual if usual else None


def _typed_on_prod(said: str, free: str, bound: Bound) -> str:
    return f"{said} on PROD: above {free} the count is typed ({bound})."


def _words(guard: Guard, bound: Bound, written: Callable[[Decimal], str]) -> str:
    """Return a limit in words: which, its value, its name in the file and where it is said."""
    side = "hard" if guard is Guard.REFUSED else "soft"
    return f"{side} limit of {written(bound.value or ZERO)} ({bound})"


def typical_notional(snapshot: Snapshot, portfolio: ResourceId, currency: str) -> Decimal | None:
    """Return the median notional of a portfolio's orders in a currency, None when there are too few."""
    own = (order for order in snapshot.orders.values() if order.portfolio_id == portfolio)
    sizes = sorted(
        abs(line.notional)
        for line in (order_line(snapshot, order) for order in islice(own, _SAMPLE))
        if line.notional and line.currency == currency
    )
    return sizes[len(sizes) // 2] if len(sizes) >= _FEWEST else None


_LETTERS: Final = ((Decimal(1_000_000_000), "bn"), (Decimal(1_000_000), "m"))


def _short(amount: Decimal) -> str:
    """Return money in millions or billions where three decimals say it exactly, else written out.

    >>> _short(Decimal("4095000")), _short(Decimal("5000001")), _short(Decimal("190000.5"))
    ('4.095m', '5,000,001', '190,000.50')
    """
    for unit, letter in _LETTERS:
        if amount >= unit and amount % (unit / 1000) == 0:
            return f"{number_text(amount / unit)}{letter}"
    return number(amount, 2) if amount % 1 else number_text(amount)


def _percent(fraction: Decimal) -> str:
    """Return a share in per cent, one that is not zero never as zero.

    >>> _percent(Decimal("0.123")), _percent(Decimal("0.000104"))
    ('12.3 %', '0.0104 %')
    """
    return f"{number(fraction * 100, 1)} %"


_TENTH: Final = Decimal("0.1")


def _times(ratio: Decimal) -> str:
    if ratio < _TENTH:
        return "less than 0.1 times"
    return f"{ratio:.1f} times" if ratio < 10 else f"{ratio:,.0f} times"
