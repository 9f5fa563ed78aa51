"""Holdings: the opening positions of a portfolio, what is booked since, and what its orders will add.

Positions move by trade date and settle by settlement date; cash that has not settled is one line per trade
(N5). An order that is open adds what is not allocated of it, an allocation that is not booked what it holds,
each with its cash (N6).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final, TypeVar

import msgspec
from msgspec import Struct

from tui.api.base import ZERO, CurrencyAndAmount, PerpetualProperty, PropertyValue, ResourceId
from tui.api.models import Allocation, Order, Transaction
from tui.api.reference_models import HoldingsWarning, PortfolioHolding
from tui.api.states import direction_of, is_cancelled, is_final
from tui.oms.domain.instrument_master import UNRESOLVED
from tui.oms.domain.unit_of_work import Booking
from tui.oms.query.nodes import BooleanOp, Comparison
from tui.oms.query.pages import MAX_LIMIT, ListQuery, read_page
from tui.oms.query.queryable_fields import QueryableFields, fields_of
from tui.oms.reference.quote_board import QuoteBoard
from tui.oms.reference.tables import folded
from tui.oms.store.reads import StoreReader

CASH: Final = "CCY_"
STRATEGY_KEY: Final = "Transaction/demo/Strategy"
TYPE_NAMES: Final = {
    "P": "Position",
    "B": "Balance",
    "C": "CashCommitment",
    "O": "Order",
    "OC": "OrderCash",
    "L": "Allocation",
    "OL": "AllocationCash",
}
"""The holding types and their names; those with orders are invented, for LUSID documents none."""
CENT: Final = Decimal("0.01")

T = TypeVar("T")


class PortfolioRows(Struct, frozen=True):
    """What the store has of one portfolio; ``booked`` are its transactions but the cancelled ones."""

    booked: tuple[Transaction, ...]
    orders: tuple[Order, ...] = ()
    allocations: tuple[Allocation, ...] = ()


def read_rows(reads: StoreReader, portfolio: ResourceId, as_at: int | None, *, orders: bool) -> PortfolioRows:
    """Read what is booked into a portfolio, and with ``orders`` its orders and allocations too."""
    booked = (each.transaction for each in _all(reads, Booking, portfolio, as_at))
    return PortfolioRows(
        tuple(each for each in booked if not is_cancelled(each.transaction_status)),
        _all(reads, Order, portfolio, as_at) if orders else (),
        _all(reads, Allocation, portfolio, as_at) if orders else (),
    )


def _all(reads: StoreReader, kind: type[T], portfolio: ResourceId, as_at: int | None) -> tuple[T, ...]:
    fields: QueryableFields = fields_of(kind)
    of_portfolio = BooleanOp(
        (
            Comparison("portfolioId.code", "eq", (portfolio.code,), 0),
            Comparison("portfolioId.scope", "eq", (portfolio.scope,), 0),
        )
    )
    query = ListQuery(fields, fixed_filters=((fields, of_portfolio),), limit=MAX_LIMIT, as_at=as_at)
    decoder = msgspec.json.Decoder(kind)
    rows: list[T] = []
    while True:
        page = read_page(reads, query)
        rows += map(decoder.decode, page.rows)
        if page.next is None:
            return tuple(rows)
        query = msgspec.structs.replace(query, token=page.next)


class _Line(Struct):
    """A position as it adds up: all units, those that have settled, and what they cost."""

    units: Decimal = ZERO
    settled: Decimal = ZERO
    cost: Decimal = ZERO
    currency: str = ""

    def trade(self, units: Decimal, money: Decimal, settled: bool) -> None:
        """Add units bought for ``money``; units sold take their share of the cost with them."""
        if not self.units or (self.units > 0) == (units > 0):
            self.cost += money
        elif abs(units) > abs(self.units):
            self.cost = (money * (self.units + units) / units).quantize(CENT)
        else:
            self.cost += (self.cost * units / self.units).quantize(CENT)
        self.units += units
        self.settled += units if settled else ZERO


_Key = tuple[str, str, str | None]
"""The scope of an instrument, its LUID, and the strategy a position is held for apart, if it is."""


class HoldingsReport:
    """The holdings of one portfolio at ``at``. ``board`` prices the orders that have no limit."""

    def __init__(
        self, portfolio: ResourceId, base_currency: str, rows: PortfolioRows, board: QuoteBoard, at: datetime
    ) -> None:
        self._portfolio = portfolio
        self._base = base_currency
        self._rows = rows
        self._board = board
        self._at = at
        self._number = 0
        self.warnings: list[HoldingsWarning] = []

    def holdings(self, *, orders: bool) -> list[PortfolioHolding]:
        """Return the lines: positions, cash, cash to come and, with ``orders``, those of orders."""
        positions, balances, commitments = self._booked()
        lines = [self._position(key, line) for key, line in positions.items() if line.units or line.settled]
        lines += [
            self._cash("B", currency, held, settled=held) for currency, held in balances.items() if held
        ]
        lines += [self._cash("C", currency, amount) for currency, amount in commitments]
        if orders:
            for allocation in self._unbooked():
                lines += self._allocated(allocation)
            for order in self._rows.orders:
                lines += self._open(order)
        return lines

    def _booked(self) -> tuple[dict[_Key, _Line], dict[str, Decimal], list[tuple[str, Decimal]]]:
        """Return positions by instrument, settled cash by currency, and the cash of unsettled trades."""
        positions: dict[_Key, _Line] = {}
        balances: dict[str, Decimal] = {}
        commitments: list[tuple[str, Decimal]] = []
        for held in self._board.tables.opening.get(folded(self._portfolio), ()):
            amount, currency = held.cost.amount or ZERO, held.cost.currency or self._base
            if held.luid.startswith(CASH):
                balances[currency] = balances.get(currency, ZERO) + held.units
            else:
                key = (held.scope, held.luid, held.strategy)
                positions[key] = _Line(held.units, held.units, amount, currency)
        for each in sorted(self._rows.booked, key=lambda one: one.transaction_date):
            direction = direction_of(each.type)
            if direction is None or each.transaction_date > self._at:
                continue
            money = each.total_consideration.amount or ZERO
            currency = each.total_consideration.currency or self._base
            settled = each.settlement_date <= self._at
            key = (each.instrument_scope or "default", each.instrument_uid, None)
            line = positions.setdefault(key, _Line(currency=currency))
            line.trade(each.units * direction, money * direction, settled)
            if settled:
                balances[currency] = balances.get(currency, ZERO) - money * direction
            else:
                commitments.append((currency, -money * direction))
        return positions, balances, commitments

    def _unbooked(self) -> Iterator[Allocation]:
        booked = {each.allocation_id for each in self._rows.booked}
        for each in self._rows.allocations:
            if each.id not in booked and not is_cancelled(each.state) and each.quantity:
                yield each

    def _allocated(self, allocation: Allocation) -> Sequence[PortfolioHolding]:
        direction = direction_of(allocation.side)
        if direction is None:
            return ()
        price = allocation.price or CurrencyAndAmount(amount=ZERO, currency=self._base)
        return self._pair(("L", "OL"), allocation, allocation.quantity * direction, price)

    def _open(self, order: Order) -> Sequence[PortfolioHolding]:
        """Return the lines of what is ordered and not allocated."""
        direction = direction_of(order.side)
        if is_final(order.state) or direction is None:
            return ()
        price = self._price_of(order)
        units = self._ordered_units(order, price)
        given = (
            each.quantity
            for each in self._rows.allocations
            if each.allocated_order_id == order.id and not is_cancelled(each.state)
        )
        left = units - sum(given, ZERO)
        if left <= 0:
            return ()
        if order.lusid_instrument_id in ("", UNRESOLVED):
            self._warn(order, "names an instrument that nothing resolves")
        return self._pair(("O", "OC"), order, left * direction, price)

    def _ordered_units(self, order: Order, price: CurrencyAndAmount) -> Decimal:
        if order.quantity is not None:
            return order.quantity
        amount = order.amount.amount if order.amount else None
        unit = self._value_of(order.lusid_instrument_id, price.amount or ZERO)
        if amount is None or not unit:
            self._warn(order, "is sized by weight, or by money without a price, and is left out")
            return ZERO
        return (amount / unit).to_integral_value()

    def _price_of(self, order: Order) -> CurrencyAndAmount:
        if order.limit_price is not None and order.limit_price.amount is not None:
            return order.limit_price
        quoted = self._board.price_of(order.lusid_instrument_id)
        if quoted is not None:
            return CurrencyAndAmount(amount=quoted.price, currency=quoted.currency)
        return order.price or CurrencyAndAmount(amount=ZERO, currency=self._base)

    def _value_of(self, luid: str, price: Decimal) -> Decimal:
        """Return what one unit is worth at ``price``."""
        quoted = self._board.tables.quotes.get(luid)
        return price / quoted.scale if quoted else price

    def _warn(self, order: Order, what: str) -> None:
        self.warnings.append(HoldingsWarning(entity_id=str(order.id), message=f"Order '{order.id}' {what}."))

    # -- lines ---------------------------------------------------------------------------------------

    def _pair(
        self, types: tuple[str, str], of: Order | Allocation, units: Decimal, price: CurrencyAndAmount
    ) -> Sequence[PortfolioHolding]:
        """Return the line of an order's or allocation's units, and that of their cash."""
        currency = price.currency or self._base
        money = units * self._value_of(of.lusid_instrument_id, price.amount or ZERO)
        scope = of.instrument_scope or "default"
        line = self._line(types[0], scope, of.lusid_instrument_id or UNRESOLVED, units, ZERO, money, currency)
        return line, self._cash(types[1], currency, -money)

    def _position(self, key: _Key, line: _Line) -> PortfolioHolding:
        scope, luid, strategy = key
        made = self._line("P", scope, luid, line.units, line.settled, line.cost, line.currency)
        if strategy is None:
            return made
        apart = PerpetualProperty(key=STRATEGY_KEY, value=PropertyValue(label_value=strategy))
        return msgspec.structs.replace(made, sub_holding_keys={STRATEGY_KEY: apart})

    def _cash(self, type: str, currency: str, amount: Decimal, settled: Decimal = ZERO) -> PortfolioHolding:
        return self._line(type, "default", f"{CASH}{currency}", amount, settled, amount, currency)

    def _line(
        self,
        type: str,
        scope: str,
        luid: str,
        units: Decimal,
        settled: Decimal,
        cost: Decimal,
        currency: str,
    ) -> PortfolioHolding:
        self._number += 1
        return PortfolioHolding(
            instrument_scope=scope,
            instrument_uid=luid,
            sub_holding_keys={},
            properties={},
            holding_type=type,
            units=units,
            settled_units=settled,
            cost=CurrencyAndAmount(amount=cost, currency=currency),
            cost_portfolio_ccy=CurrencyAndAmount(amount=self._in_base(cost, currency), currency=self._base),
            currency=currency,
            holding_type_name=TYPE_NAMES[type],
            holding_id=self._number,
        )

    def _in_base(self, amount: Decimal, currency: str) -> Decimal:
        if currency == self._base:
            return amount
        rate = self._board.tables.rates.get(f"{currency}/{self._base}")
        return amount if rate is None else (amount * rate.price).quantize(CENT)
