"""Checks of the items of a verb against the limits of the desk.

Everything here is computed from the client's snapshot, before anything is sent.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from itertools import islice
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from tui.api.base import ZERO, CurrencyAndAmount, ResourceId
from tui.api.placing_states import Guard
from tui.config.limit_settings import Bound
from tui.service.environment import EnvironmentKind
from tui.service.numbers import counted, number_text, price, units
from tui.service.row_phrases import short_id
from tui.service.sides import side_direction
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
from tui.service.verbs.preview_line import PreviewLine
from tui.service.writes.limit_words import limit_words, percent, short_money, times, typed_on_prod
from tui.service.writes.limits import Limits

_PENCE: Final = (Decimal(50), Decimal(200))
PENCE: Final = "in pence?"
ODD_LOT: Final = "odd lot"
"""The kind of a size that its instrument does not trade in."""
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


class _BesideLast(Struct, frozen=True):
    """A price beside the last one of its instrument; ``value`` is the price in the currency of that one."""

    asked: Decimal
    currency: str
    value: Decimal
    reference: Decimal
    own: str
    source: str

    @property
    def ratio(self) -> Decimal:
        """How many times the last price it is."""
        return self.value / self.reference

    @property
    def drift(self) -> Decimal:
        """How far it is off, as a part of the last price."""
        return abs(self.ratio - 1)

    def named(self, noun: str) -> str:
        """Return the price in words, with its currency where that is not the instrument's."""
        return f"{noun} {units(self.asked)}{self._in(self.currency)}"

    @property
    def last(self) -> str:
        """The last price in words, and whose it is."""
        return f"the {self.source} {units(self.reference)}{self._in(self.own)}"

    def _in(self, currency: str) -> str:
        return "" if self.currency == self.own else f" {currency}"


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
        self._lines = verb.weighed(lines) if isinstance(verb, _PRICED) else ()
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
            yield from self._volume(line)
            yield from self._limit(line)
            yield from self._stop(line)
        yield from self._odd_lots()
        yield from self._outdated()
        if isinstance(self._verb, RecordFills):
            for line in self._all_lines:
                yield from self._dealt(line)

    def typical_ratio(self) -> str:
        """Return how the items compare with the typical orders of their portfolios.

        Empty when nothing is known, and when a warning of their size says it already.
        """
        found = [(ratio, line) for line in self._lines if (ratio := self._ratio(line)) is not None]
        if not found or any(True for _, line in found for _ in self._unusual(line)):
            return ""
        ratio, line = max(found, key=lambda pair: pair[0])
        whose = self._snapshot.portfolio_label(line.portfolio) if line.portfolio else ""
        most = "" if len(self._lines) == 1 else "at most "
        return f"{most}{times(ratio)} the typical order of {whose}"

    def _named(self, line: PreviewLine) -> str:
        """Return what a dealer calls an item: instrument, portfolio, and the id of a row of the desk."""
        known = self._snapshot.instruments.get(line.instrument)
        code = short_id(self._snapshot, line.ref)
        if known is None:
            return code
        whose = f" for {self._snapshot.portfolio_label(line.portfolio)}" if line.portfolio else ""
        return f"{known.label}{whose}" + (f" ({code})" if line.ref in self._snapshot else "")

    def _batch(self) -> Iterator[Finding]:
        if self._verb.emergency:
            return
        count = Decimal(self._verb.count)
        band = "basket" if self._verb.of_basket else "items"
        for guard, bound in self._exceeded(band, count):
            words = limit_words(guard, bound, number_text)
            together = "basket" if self._verb.of_basket else "batch"
            text = f"{counted(count, 'item')} in one {together}, above the {words}."
            yield Finding("large batch", text, count, guard)

    def _production(self) -> Iterator[Finding]:
        """Yield what is typed on PROD because there it moves real money."""
        limits, count = self._limits, Decimal(self._verb.count)
        items, money = limits.bound("prod_items"), limits.bound("prod_notional")
        if items.value is not None and count > items.value:
            said = counted(count, "item")
            yield Finding("PROD", typed_on_prod(said, number_text(items.value), items), count)
        total = sum((limits.size_in_base(line.notional, line.currency) for line in self._all_lines), ZERO)
        if money.value is not None and total > money.value:
            said, free = (f"{short_money(each)} {limits.base}" for each in (total, money.value))
            yield Finding("PROD", typed_on_prod(said, free, money), total)
        elif money.value is not None and not isinstance(self._verb, _PRICED):  # of those each item is told
            unpriced = sum(line.notional is None for line in self._all_lines)
            if unpriced:
                text = f"The money of {counted(unpriced, 'item')} is not known; on PROD the count is typed."
                yield Finding("PROD", text, Decimal(unpriced))

    def _outdated(self) -> Iterator[Finding]:
        """Yield the quotes that are too old to check a price against, each once (R42)."""
        checked = {line.instrument: line for line in self._all_lines if line.limit or line.stop or line.price}
        for luid, line in checked.items():
            known = self._snapshot.instruments.get(luid)
            if known is None or known.quote is None or not known.quote.outdated:
                continue
            last = known.last
            instead = "nothing" if last is None or last.outdated else f"the {last.source}"
            at = self._snapshot.time_in_words(known.quote.at)
            of = f" of {at}" if at else ""
            text = (
                f"{self._named(line)}: the {known.quote.field.lower()}{of} is too old; "
                f"its prices are checked against {instead}."
            )
            yield Finding("old quote", text, ZERO, Guard.WARN)

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
            said = f"{short_money(money.value)} {limits.base}"
            if line.currency != limits.base:
                rate = "one to one" if money.rate is None else f"at {number_text(money.rate)}"
                said = f"{short_money(abs(notional))} {line.currency}, {said} {rate},"
            above = limit_words(guard, bound, lambda value: f"{short_money(value)} {limits.base}")
            yield Finding("notional", f"{name}: {said} is above the {above}.", money.value, guard)

    def _unusual(self, line: PreviewLine) -> Iterator[Finding]:
        ratio = self._ratio(line)
        if ratio is None or line.portfolio is None:
            return
        for guard, bound in self._exceeded("size", ratio, line):
            whose = self._snapshot.portfolio_label(line.portfolio)
            text = (
                f"{self._named(line)}: {times(ratio, bound.value)} the typical order of {whose}, "
                f"above the {limit_words(guard, bound, times)}."
            )
            yield Finding("unusual size", text, ratio, guard)

    def _volume(self, line: PreviewLine) -> Iterator[Finding]:
        """Yield what is odd beside the daily volume of the instrument."""
        known = self._snapshot.instruments.get(line.instrument)
        if known is None or not known.adv or line.units is None:
            return
        share = line.units / known.adv
        for guard, bound in self._exceeded("volume", share, line):
            text = (
                f"{self._named(line)}: {percent(share, bound.value)} of the daily volume, "
                f"above the {limit_words(guard, bound, percent)}."
            )
            yield Finding("daily volume", text, share, guard)

    def _odd_lots(self) -> Iterator[Finding]:
        """Yield the items of sizes in which their instruments do not trade, by the instrument master."""
        for line in self._all_lines if isinstance(self._verb, _PRICED) else ():
            known = self._snapshot.instruments.get(line.instrument)
            odd = known.odd_size(line.quantity) if known is not None and line.quantity else ""
            if odd and line.quantity:
                text = f"{self._named(line)}: {number_text(line.quantity)} is {odd}."
                yield Finding(ODD_LOT, text, ZERO, Guard.WARN)

    # --- prices beside the last one ------------------------------------------------------------

    def _limit(self, line: PreviewLine) -> Iterator[Finding]:
        """Yield what is odd about a limit."""
        limit = CurrencyAndAmount(amount=line.limit, currency=line.currency)
        found = self._beside_last(line, limit)
        if found is not None:
            yield from self._pence(line, "limit", found) or self._off(line, "limit", found)

    def _stop(self, line: PreviewLine) -> Iterator[Finding]:
        """Yield what is odd about a stop: it may stand far off, but not where it triggers at once."""
        found = self._beside_last(line, line.stop)
        if found is None:
            return
        pence = self._pence(line, "stop", found)
        yield from pence
        way = side_direction(self._snapshot, line.side)
        if not pence and way is not None and (found.value - found.reference) * way < 0:
            where = "below" if way > 0 else "above"
            text = f"{self._named(line)}: {found.named('stop')} is {where} {found.last}: it triggers at once."
            yield Finding("stop price", text, found.drift)
        elif not pence:
            yield from self._off(line, "stop", found, only_hard=True)

    def _dealt(self, line: PreviewLine) -> Iterator[Finding]:
        """Yield what is odd about the price of a fill: it is a fact, so it is asked about, never refused."""
        found = self._beside_last(line, CurrencyAndAmount(amount=line.price, currency=line.currency))
        if found is not None and line.quantity:
            odd = self._pence(line, "price", found) or self._off(line, "price", found)
            yield from (replace(each, guard=Guard.TYPED) for each in odd)

    def _beside_last(self, line: PreviewLine, asked: CurrencyAndAmount | None) -> _BesideLast | None:
        """Return a price beside the last one; None where there is no last one, or no rate between the two."""
        known = self._snapshot.instruments.get(line.instrument)
        last = known.last if known is not None else None
        if asked is None or asked.amount is None or last is None or last.outdated or not last.price:
            return None
        own, other = last.currency or asked.currency or "", asked.currency or last.currency
        rate = self._limits.rate_between(other, own)
        if rate is None:
            return None
        return _BesideLast(asked.amount, other, asked.amount * rate, last.price, own, last.source.lower())

    def _pence(self, line: PreviewLine, noun: str, found: _BesideLast) -> tuple[Finding, ...]:
        if not _PENCE[0] <= found.ratio <= _PENCE[1]:
            return ()
        times = f"{found.ratio:,.0f} times {found.last}"
        text = f"{self._named(line)}: {found.named(noun)} is {times}: {PENCE}"
        above_hard = any(guard is Guard.REFUSED for guard, _ in self._exceeded("price", found.drift, line))
        return (Finding("pence?", text, found.ratio, Guard.REFUSED if above_hard else Guard.TYPED),)

    def _off(
        self, line: PreviewLine, noun: str, found: _BesideLast, *, only_hard: bool = False
    ) -> tuple[Finding, ...]:
        """Return that a price is further off the last one than a limit allows.

        With ``only_hard`` it is asked about above the hard limit, and nothing is said above the soft one.
        """
        exceeded = self._exceeded("price", found.drift, line)
        return tuple(
            Finding(
                "fill price" if noun == "price" else f"{noun} price",
                f"{self._named(line)}: {found.named(noun)} is {percent(found.drift, bound.value)} "
                f"off {found.last}, above the {limit_words(guard, bound, percent)}.",
                found.drift,
                Guard.TYPED if only_hard else guard,
            )
            for guard, bound in exceeded
            if guard is Guard.REFUSED or not only_hard
        )

    def _exceeded(
        self, band: str, value: Decimal, line: PreviewLine | None = None
    ) -> Iterator[tuple[Guard, Bound]]:
        """Yield the hard limit if ``value`` is above it, else the soft one if it is above that."""
        known = self._snapshot.instruments.get(line.instrument) if line is not None else None
        classes = known.limit_classes if known is not None else ()
        for guard, side in ((Guard.REFUSED, "hard"), (Guard.TYPED, "soft")):
            bound = self._limits.bound(f"{band}_{side}", *classes)
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


def typical_notional(snapshot: Snapshot, portfolio: ResourceId, currency: str) -> Decimal | None:
    """Return the median notional of a portfolio's orders in a currency, None when there are too few."""
    own = (order for order in snapshot.orders.values() if order.portfolio_id == portfolio)
    sizes = sorted(
        abs(line.notional)
        for line in (order_line(snapshot, order) for order in islice(own, _SAMPLE))
        if line.notional and line.currency == currency
    )
    return sizes[len(sizes) // 2] if len(sizes) >= _FEWEST else None
