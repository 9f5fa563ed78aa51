"""The orders that the rows of a basket ask for, and what is wrong with the others.

A row means what the form of new orders would mean with the same words in it. The id of an order is made of
what its row says, so that the same row on the same day is the same order: a basket that is read again does
nothing twice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import lru_cache
from typing import Final, TypeVar

from msgspec import Struct

from tui.actions.action import Scope, Sought
from tui.actions.form_fields import currency_typed
from tui.actions.instruments_typed import identifiers_of, instrument_problem, known_instrument
from tui.actions.place import missing_prices, useless_prices
from tui.actions.typed_order import currency_problem, prices_in, sought, trading_day_of
from tui.api.base import ResourceId
from tui.api.requests import BlockAndOrdersRequest
from tui.api.states import normalize
from tui.service.basket.basket_reader import Basket, BasketFault, BasketRow
from tui.service.id_lookup import IdLookup, block_lookup, portfolio_lookup
from tui.service.ids import derived_code, is_id_part
from tui.service.numbers import TypedPrice, parse_money, parse_number, parse_quantity, parse_quoted
from tui.service.orderline import OrderLine, PortfolioShare, expired, one_currency, parse_date
from tui.service.sides import side_typed
from tui.service.snapshot.snapshot import Ref
from tui.service.verbs import CreateOrders
from tui.service.verbs.facts import order_ref
from tui.service.wire_words import TIMES, TYPES, offered

MOST_ORDERS_OF_A_REQUEST: Final = 100
"""Orders of one block that one item of a call has; more go into several items of the same block."""
_TYPE_WORDS: Final[Mapping[str, str]] = {
    "mkt": "market",
    "lmt": "limit",
    "stp": "stop",
    "stplmt": "stoplimit",
    "stoplmt": "stoplimit",
}
_TIMES: Final = {normalize(name): each for each in TIMES for name in (each.words, each.short, *each.names)}
T = TypeVar("T")


class _Cell(ValueError):
    """What is wrong with a cell; ``column`` is the one at fault."""

    def __init__(self, column: str, why: str) -> None:
        super().__init__(why)
        self.column = column


class BasketOrder(Struct, frozen=True):
    """A row that can be sent: its order, and the block that it joins."""

    row: BasketRow
    ref: Ref
    block: ResourceId
    line: OrderLine
    repeated: bool
    """Whether there is this order already: the row was sent before."""


class BasketOrders(Struct, frozen=True):
    """What becomes of the rows of a basket: orders to send, orders there are already, rows at fault."""

    basket: Basket
    orders: tuple[BasketOrder, ...]
    faults: tuple[BasketFault, ...]

    @property
    def new(self) -> tuple[BasketOrder, ...]:
        """The orders that are not there yet."""
        return tuple(each for each in self.orders if not each.repeated)

    @property
    def repeated(self) -> tuple[BasketOrder, ...]:
        """The orders that are there already."""
        return tuple(each for each in self.orders if each.repeated)


def orders_of(scope: Scope, basket: Basket, questions: Mapping[str, str] | None = None) -> BasketOrders:
    """Return the orders that the rows of ``basket`` ask for on the desk of ``scope``, and all faults.

    ``questions`` are what is to be asked about instruments that were looked up, by what is typed for them.
    """
    reader = _RowReader(scope, basket, questions or {})
    orders: list[BasketOrder] = []
    faults = list(basket.faults)
    at_fault = {fault.line for fault in faults}
    for row in basket.rows:
        if row.line in at_fault:
            continue
        try:
            orders.append(reader.read(row))
        except _Cell as error:
            faults.append(basket.fault(row, error.column, str(error)))
        except ValueError as error:
            faults.append(BasketFault(row.line, str(error)))
    return BasketOrders(basket, tuple(orders), tuple(sorted(faults, key=lambda fault: fault.line)))


def sought_of(scope: Scope, basket: Basket) -> tuple[Sought, ...]:
    """Return the instruments of a basket that the desk does not know, each to be looked up once."""
    portfolios = portfolio_lookup(scope.snapshot, scope.home)
    found: dict[str, Sought] = {}
    looked_at = {""}
    for row in basket.rows:
        typed = row.cells.get("instrument", "")
        if typed in looked_at:
            continue
        looked_at.add(typed)
        if known_instrument(scope.snapshot, typed) is not None:
            continue
        shares = _shares_named(row, portfolios)
        prices = bool(row.cells.get("limit") or row.cells.get("stop"))
        wanted = sought(scope, typed, shares, prices, row.cells.get("currency", ""))
        if wanted is not None:
            found[typed] = wanted
    return tuple(found.values())


def _shares_named(row: BasketRow, portfolios: IdLookup) -> Sequence[PortfolioShare]:
    try:
        return (PortfolioShare(portfolios.read(row.cells["portfolio"]), parse_quantity("1")),)
    except (KeyError, ValueError):
        return ()


def verb_of(scope: Scope, found: BasketOrders) -> CreateOrders:
    """Return the creation of the orders of a basket that are not there yet, block by block.

    Orders of one trade share a block, as those of one order line do.
    """
    grouped: dict[ResourceId, list[BasketOrder]] = {}
    for each in found.new:
        grouped.setdefault(each.block, []).append(each)
    return CreateOrders(
        tuple(
            _request(scope, block, members[start : start + MOST_ORDERS_OF_A_REQUEST])
            for block, members in grouped.items()
            for start in range(0, len(members), MOST_ORDERS_OF_A_REQUEST)
        ),
        basket=True,
    )


def _request(scope: Scope, block: ResourceId, members: Sequence[BasketOrder]) -> BlockAndOrdersRequest:
    """Return the request of some orders of one block; all are of the same trade."""
    first = members[0]
    ids = iter([each.ref.id for each in members])
    whole = OrderLine(
        side=first.line.side,
        size=sum((each.line.size for each in members), first.line.size * 0),
        ticker=first.line.ticker,
        type=first.line.type,
        limit=first.line.limit,
        stop=first.line.stop,
        time_in_force=first.line.time_in_force,
        good_till=first.line.good_till,
        parts=tuple(part for each in members for part in each.line.parts),
        money=first.line.money,
        currency=first.line.currency,
    )
    return whole.request(
        identifiers_of(scope.snapshot, first.line.ticker),
        currency=prices_in(scope.snapshot, whole, first.row.cells.get("currency", "")),
        scope=scope.home,
        new_id=lambda kind, _: next(ids),
        now=scope.now,
        block=block,
    )


class _RowReader:
    """Reads the rows of one basket, one after the other: what they say of the desk is looked up once."""

    def __init__(self, scope: Scope, basket: Basket, questions: Mapping[str, str]) -> None:
        self._questions = questions
        self._scope = scope
        self._basket = basket
        self._day = scope.now.astimezone(scope.zone).date()
        self._portfolios = portfolio_lookup(scope.snapshot, scope.home)
        self._blocks = block_lookup(scope.snapshot, scope.home)
        self._types = {
            normalize(name): wire for name, wire in offered(TYPES, scope.snapshot.order_types).items()
        }
        self._currencies: dict[tuple[str, str, str, bool], str] = {}
        self._currency_of = lru_cache(None)(self._traded_in)
        self._seen: Counter[str] = Counter()
        self._ids: dict[ResourceId, int] = {}
        self._trades: dict[ResourceId, tuple[str, int]] = {}
        self._instrument_problem = lru_cache(None)(self._why_no_instrument)
        self._side_of = lru_cache(None)(lambda typed: side_typed(scope.snapshot, typed))
        self._trading_day: Callable[[str], date] = lru_cache(None)(
            lambda ticker: trading_day_of(scope, ticker)
        )

    def read(self, row: BasketRow) -> BasketOrder:
        """Return the order that a row asks for.

        Raises:
            ValueError: it asks for none; with a sentence, and a column where one is at fault.
        """
        line = self._line(row)
        if wrong := self._why_no_currency(row, line):
            raise _Cell("currency" if "currency" in row.cells else "limit", wrong)
        id = self._id(row)
        return BasketOrder(
            row, order_ref(id), self._block(row, line), line, order_ref(id) in self._scope.snapshot
        )

    def _why_no_currency(self, row: BasketRow, line: OrderLine) -> str:
        said = row.cells.get("currency", "")
        known = (line.ticker, line.currency, said, line.limit is None and line.stop is None)
        if known not in self._currencies:
            self._currencies[known] = currency_problem(self._scope.snapshot, line, said)
        return self._currencies[known]

    def _line(self, row: BasketRow) -> OrderLine:
        cells = row.cells
        ticker = self._needed(row, "instrument")
        if wrong := self._instrument_problem(ticker):
            raise _Cell("instrument", wrong)
        portfolio = self._cell("portfolio", self._needed(row, "portfolio"), self._portfolios.read)
        side, size_text = self._side_and_size(row)
        money = self._money(row)
        if money:
            size = self._cell("amount", size_text, lambda typed: parse_money(typed, money))
        else:
            size = self._cell("quantity", size_text, parse_quantity)
        limit, stop = self._price(row, "limit"), self._price(row, "stop")
        type = self._type(row, limit, stop)
        force, till = self._time(row, ticker)
        terms = (type, cells.get("limit", ""), cells.get("stop", ""))
        for wrong in (*missing_prices(*terms), *useless_prices(*terms)):
            raise _Cell("type" if "type" in cells else "limit", wrong)
        prices = [price for price in (limit, stop) if price is not None]
        return OrderLine(
            side=side,
            size=size,
            ticker=ticker.strip().upper(),
            type=type,
            limit=limit.value if limit else None,
            stop=stop.value if stop else None,
            time_in_force=force,
            good_till=till,
            parts=(PortfolioShare(portfolio, size),),
            money=money,
            currency=one_currency(prices),
        )

    def _needed(self, row: BasketRow, column: str) -> str:
        typed = row.cells.get(column, "")
        if not typed:
            raise _Cell(column, f"There is no {column}.")
        return typed

    def _cell(self, column: str, typed: str, read: Callable[[str], T]) -> T:
        try:
            return read(typed)
        except ValueError as error:
            raise _Cell(column, str(error)) from error

    def _side_and_size(self, row: BasketRow) -> tuple[str, str]:
        """Return the side, and the size as it is typed; without a side the sign of the size says it."""
        cells = row.cells
        given = [name for name in ("quantity", "amount") if name in cells]
        if len(given) != 1:
            both = "There is a quantity and an amount: leave one of them empty."
            raise _Cell("quantity", both if given else "There is neither a quantity nor an amount.")
        typed = cells[given[0]]
        if "side" in cells:
            side = self._side_of(cells["side"])
            if side is None:
                raise _Cell("side", f"'{cells['side']}' is not a side: buy, sell, sell short, buy to cover.")
            return side, typed
        if "side" in self._basket.headers:
            raise _Cell("side", "There is no side.")
        number = self._cell(given[0], typed, parse_number)
        side = self._side_of("buy" if number > 0 else "sell")
        return side or "", typed.lstrip("+-")

    def _money(self, row: BasketRow) -> str:
        """Return the currency of an amount; empty for units."""
        if "amount" not in row.cells:
            return ""
        own = row.cells.get("amount_currency") or row.cells.get("currency")
        said = own or self._currency_of(row.cells["instrument"])
        if not said:
            raise _Cell("amount", "In which currency? Add a column 'amount currency'.")
        return currency_typed(said).upper()

    def _price(self, row: BasketRow, column: str) -> TypedPrice | None:
        typed = row.cells.get(column, "")
        return self._cell(column, typed, parse_quoted) if typed else None

    def _type(self, row: BasketRow, limit: TypedPrice | None, stop: TypedPrice | None) -> str:
        typed = row.cells.get("type", "")
        if not typed:
            meant = f"{'stop' if stop else ''}{'limit' if limit else ''}" or "market"
            return self._types[meant]
        key = normalize(typed)
        found = self._types.get(_TYPE_WORDS.get(key, key))
        if found is None:
            raise _Cell("type", f"'{typed}' is not an order type: {', '.join(TYPES).lower()}.")
        return found

    def _time(self, row: BasketRow, ticker: str) -> tuple[str, date | None]:
        typed, day = row.cells.get("tif", ""), row.cells.get("till", "")
        till = self._cell("till", day, parse_date) if day else None
        key = normalize(typed) or ("gtd" if till else "day")
        names = (
            (each, {normalize(name) for name in (each.words, each.short, *each.names)}) for each in TIMES
        )
        force = next((each for each, known in names if key in known), None)
        if force is None:
            raise _Cell("tif", f"'{typed}' is not a time in force: day, gtc, ioc, fok or gtd.")
        if (force.short == "GTD") is not (till is not None):
            said = "A day goes with gtd only." if till else "Type the day that it is good till."
            raise _Cell("till", said)
        if till and (past := expired(till, self._trading_day(ticker))):
            raise _Cell("till", past)
        return force.names[0], till

    def _traded_in(self, typed: str) -> str:
        known = known_instrument(self._scope.snapshot, typed)
        return known.currency if known else ""

    def _why_no_instrument(self, typed: str) -> str:
        snapshot = self._scope.snapshot
        if wrong := self._questions.get(typed) or instrument_problem(snapshot, typed):
            return wrong
        return "" if snapshot.find_instruments(typed) else f"Neither desk nor server knows '{typed}'."

    # --- ids ---------------------------------------------------------------------------------------

    def _id(self, row: BasketRow) -> ResourceId:
        """Return the id of a row's order: its own, else one made of what it says and of the day.

        Of rows that say the same, each is an order of its own.
        """
        own = row.cells.get("id", "")
        if own and not is_id_part(own):
            raise _Cell("id", f"'{own}' cannot be an id: write letters, digits, - and _, 64 at most.")
        id = ResourceId(self._scope.home, own or self._derived(row))
        if id in self._ids:
            raise _Cell("id", f"'{own}' stands in line {self._ids[id]} as well.")
        self._ids[id] = row.line
        return id

    def _derived(self, row: BasketRow) -> str:
        self._seen[row.key] += 1
        return derived_code("O", self._day, f"{self._day}\x1f{self._seen[row.key]}\x1f{row.key}")

    def _block(self, row: BasketRow, line: OrderLine) -> ResourceId:
        """Return the block of a row: the one it names, else that of all rows of the same trade."""
        trade = _trade_of(row, line)
        typed = row.cells.get("block", "")
        block = (
            self._cell("block", typed, self._blocks.read)
            if typed
            else ResourceId(self._scope.home, derived_code("B", self._day, f"{self._day}\x1f{trade}"))
        )
        first, at = self._trades.setdefault(block, (trade, row.line))
        if first != trade:
            raise _Cell("block", f"It is another trade than line {at}, and they name the same block.")
        return block


def _trade_of(row: BasketRow, line: OrderLine) -> str:
    """Return what orders of one block have in common (C1)."""
    parts = (
        line.side,
        line.ticker,
        line.type,
        line.limit,
        line.stop,
        line.time_in_force,
        line.good_till,
        line.money,
        line.currency,
        row.cells.get("currency", ""),
    )
    return "\x1f".join("" if part is None else str(part) for part in parts)
