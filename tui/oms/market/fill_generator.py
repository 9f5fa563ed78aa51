"""Make the fills of working placements: their prices and quantities."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from random import Random

from tui.api.base import ZERO, CurrencyAndAmount
from tui.api.entity_relations import CHILDREN_OF_PLACEMENT, EXECUTIONS_OF_PLACEMENT
from tui.api.models import Execution, Placement
from tui.api.requests import ExecutionRequest
from tui.api.settlement import settlement_day
from tui.api.states import direction_of, is_cancelled
from tui.oms.demo import roster
from tui.oms.demo.universe import DemoInstrument
from tui.oms.domain.clock import Clock
from tui.oms.market.exchange import Exchange, PriceWalk
from tui.oms.market.execution_ids import ExecutionIds
from tui.oms.market.parameters import MarketRules
from tui.oms.store import Store


class FillGenerator:
    """Makes the fills of placements. Runs in the store's thread."""

    def __init__(self, exchange: Exchange, clock: Clock, rules: MarketRules, rng: Random) -> None:
        self._exchange = exchange
        self._clock = clock
        self._rules = rules
        self._rng = rng
        self._ids = ExecutionIds()

    def fill(self, store: Store, placement: Placement, *, depth: int = 0) -> ExecutionRequest | None:
        """Return a fill at an acceptable price, or None; with ``depth`` clips, all that is available."""
        walk = self._exchange.walk(placement.lusid_instrument_id)
        if (
            walk is None
            or foreign_currency(placement, walk.instrument)
            or has_live_children(store, placement)
        ):
            return None
        if self._exchange.is_halted(walk.instrument.luid):
            return None
        price = self._price(placement, walk)
        if price is None:
            return None
        fills = store.related(EXECUTIONS_OF_PLACEMENT, placement.id)
        left = _unfilled_quantity(placement, fills, price, walk.instrument.price_unit)
        quantity = (
            min(left, self._immediate_quantity(walk, depth))
            if depth
            else self._partial_quantity(placement, walk, left)
        )
        if quantity <= 0 or left <= 0:
            return None
        walk.volume_taken += quantity
        return self._execution(store, placement, walk.instrument, quantity, price, done=quantity == left)

    def _price(self, placement: Placement, walk: PriceWalk) -> Decimal | None:
        """Return a price that meets the limit and the stop, or None."""
        slip = (
            self._rng.randrange(-self._rules.max_slippage_ticks, self._rules.max_slippage_ticks + 1)
            * walk.instrument.tick
        )
        price = roster.round_to_tick(walk.price + slip, walk.instrument)
        buys = direction_of(placement.side) == 1
        limit, stop = amount_of(placement.limit_price), amount_of(placement.stop_price)
        waits = stop is not None and (price < stop if buys else price > stop)
        beyond = limit is not None and (price > limit if buys else price < limit)
        return None if waits or beyond else price

    def _partial_quantity(self, placement: Placement, walk: PriceWalk, left: Decimal) -> Decimal:
        """Return part of a placement: within its share of the volume, in lots, leaving no odd lot."""
        whole = placement.quantity or left
        size = min(
            self._exchange.clip_size(walk) * self._rng.randrange(30, 171) / 100, whole * self._rules.max_slice
        )
        lot = roster.round_lot(walk.instrument)
        lot = lot if size >= lot else max(1, lot // 10)
        quantity = roster.round_to_lots(size, lot)
        quantity = left if left - quantity < lot else quantity
        return quantity if quantity <= self._exchange.volume_left(walk) else ZERO

    def _immediate_quantity(self, walk: PriceWalk, depth: int) -> Decimal:
        """Return the immediately available quantity, in whole units."""
        there = min(self._exchange.clip_size(walk) * depth, self._exchange.volume_left(walk))
        return Decimal(int(there))

    def _execution(
        self,
        store: Store,
        placement: Placement,
        instrument: DemoInstrument,
        quantity: Decimal,
        price: Decimal,
        *,
        done: bool,
    ) -> ExecutionRequest:
        now = self._clock.now()
        return ExecutionRequest(
            id=self._ids.next(store),
            placement_id=placement.id,
            instrument_identifiers=placement.instrument_identifiers,
            quantity=quantity,
            state="Filled" if done else "PartiallyFilled",
            side=placement.side,
            type=placement.type or "Market",
            created_date=now,
            settlement_date=settlement_day(now, instrument.currency, instrument.settlement_days),
            price=roster.money(price, instrument.currency),
            settlement_currency=instrument.currency,
            settlement_currency_fx_rate=Decimal(1),
            counterparty=placement.counterparty or self._rng.choice(roster.COUNTERPARTIES),
        )


def has_live_children(store: Store, placement: Placement) -> bool:
    """Return whether a placement works through its children, which are filled in its place (P5)."""
    return any(True for _ in _live_children(store.related(CHILDREN_OF_PLACEMENT, placement.id), placement))


def _live_children(children: Iterable[Placement], parent: Placement) -> Iterator[Placement]:
    """Return the children that count: the live ones, or all once the parent is cancelled."""
    return (child for child in children if is_cancelled(parent.state) or not is_cancelled(child.state))


def foreign_currency(placement: Placement, instrument: DemoInstrument) -> str | None:
    """Return a currency of the placement that is not that of its instrument, or None."""
    money = (placement.limit_price, placement.stop_price, placement.amount)
    found = (one.currency for one in money if one is not None)
    return next((currency for currency in found if currency not in (None, instrument.currency)), None)


def amount_of(money: CurrencyAndAmount | None) -> Decimal | None:
    """Return the amount of a price, None where there is none."""
    return money.amount if money is not None else None


def _unfilled_quantity(
    placement: Placement, executions: Iterable[Execution], price: Decimal, unit: Decimal
) -> Decimal:
    """Return the units of a placement that are not executed; cancelled executions do not count (L5).

    For a placement sized by money these are the whole units that the rest of it buys at ``price``; ``unit``
    is the cost of one unit at price 1.
    """
    live = [fill for fill in executions if not is_cancelled(fill.state)]
    if placement.quantity is not None:
        return placement.quantity - sum((fill.quantity for fill in live), ZERO)
    spent = sum((fill.quantity * (fill.price.amount or ZERO) * unit for fill in live), ZERO)
    return ((amount_of(placement.amount) or ZERO) - spent) // (price * unit)
