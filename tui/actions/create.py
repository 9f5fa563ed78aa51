"""The form and the verb of new orders, field by field."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Final

from tui.actions import instruments_typed
from tui.actions.action import Form, Scope, Sought, Values
from tui.actions.eligibility import currencies
from tui.actions.form_fields import amount, calendar_day, currency_field, parse_day, pick, text
from tui.actions.instruments_typed import identifiers_of, instrument_problem, known_instrument, now_of
from tui.actions.order_sizes import sizes_completed, sizes_in_words, sizes_problem, split_sizes
from tui.actions.place import missing_prices, useless_prices
from tui.actions.typed_order import (
    block_field,
    block_typed,
    currency_problem,
    order_in_words,
    prices_in,
    sought,
    trading_day_of,
)
from tui.api.base import ZERO
from tui.service.id_lookup import IdLookup, portfolio_lookup
from tui.service.numbers import parse_quoted
from tui.service.orderline import TIMES, OrderLine, expired, one_currency
from tui.service.sides import offered_sides
from tui.service.snapshot.snapshot import Snapshot
from tui.service.verbs import CreateOrders, Verb
from tui.service.wire_words import TIMES_IN_FORCE, TYPES, offered

UNTIL_A_DATE: Final = "Good till a date"


def _instrument_echo(scope: Scope, typed: str) -> str:
    """Return what ``typed`` is understood as; the last price of an instrument is asked for."""
    known = known_instrument(scope.snapshot, typed)
    if known is not None and scope.facts is not None:
        scope.facts.ask_quote(known)
    return instruments_typed.echo(scope.snapshot, typed, now_of(scope))


def new_form(scope: Scope) -> Form:
    """Return the form of a new block with its order, field by field."""
    snapshot = scope.snapshot
    portfolios = portfolio_lookup(snapshot, scope.home)
    names = portfolios.names()
    return Form(
        "New orders",
        (
            pick("side", "Side", tuple(offered_sides(snapshot))),
            text(
                "instrument",
                "Instrument",
                choices=partial(instruments_typed.choices, snapshot),
                required=True,
                help="Ticker, name, ISIN, FIGI or LUID",
                check=lambda typed: instrument_problem(snapshot, typed),
                echo=lambda typed: _instrument_echo(scope, typed),
            ),
            text(
                "orders",
                "Orders",
                required=True,
                wide=True,
                help=f"PORTFOLIO SIZE, ... or 50k @PORTFOLIO 60% @PORTFOLIO: {', '.join(names[:3])}",
                choices=lambda typed: sizes_completed(snapshot, typed, portfolios),
                check=lambda typed: sizes_problem(typed, portfolios),
                echo=lambda typed: sizes_in_words(snapshot, typed, portfolios),
            ),
            pick("type", "Type", tuple(offered(TYPES, snapshot.order_types))),
            amount("limit", "Limit", help="Instrument's currency; London: pounds"),
            amount("stop", "Stop"),
            currency_field("currency", currencies(snapshot), help="Of prices; else the instrument's"),
            pick("tif", "Time in force", (*TIMES_IN_FORCE, UNTIL_A_DATE)),
            calendar_day("till", "Good till", None, help=f"The day of '{UNTIL_A_DATE.lower()}'"),
            block_field(scope),
        ),
        check=lambda values: _problems(scope, portfolios, values),
        live=lambda values: _in_words(scope, portfolios, values),
    )


def _problems(scope: Scope, portfolios: IdLookup, values: Values) -> Sequence[str]:
    terms = (values["type"], values["limit"], values["stop"])
    told = [*missing_prices(*terms), *useless_prices(*terms), *_expiry_problem(scope, values)]
    try:
        wrong = currency_problem(
            scope.snapshot, _line(scope.snapshot, values, portfolios), values["currency"]
        )
    except ValueError as error:
        wrong = str(error)
    return [*told, *([wrong] if wrong else [])]


def _expiry_problem(scope: Scope, values: Values) -> Sequence[str]:
    """Return what is wrong with the day that an order is good till, where it has one, or should."""
    typed, until = values["till"].strip(), values["tif"] == UNTIL_A_DATE
    if bool(typed) is not until:
        said = "Type the day that it is good till." if until else f"A day goes with '{UNTIL_A_DATE}' only."
        return [said]
    past = expired(parse_day(typed).date(), trading_day_of(scope, values["instrument"])) if typed else ""
    return [past] if past else []


def _line(snapshot: Snapshot, values: Values, portfolios: IdLookup) -> OrderLine:
    """Return the order that the fields make; raises ValueError with a sentence."""
    shares, money = split_sizes(values["orders"], portfolios)
    prices = {name: parse_quoted(values[name]) for name in ("limit", "stop") if values[name].strip()}
    return OrderLine(
        side=offered_sides(snapshot)[values["side"]],
        size=sum((share.size for share in shares), ZERO),
        ticker=values["instrument"].strip().upper(),
        type=offered(TYPES, snapshot.order_types)[values["type"]],
        limit=prices["limit"].value if "limit" in prices else None,
        stop=prices["stop"].value if "stop" in prices else None,
        time_in_force=TIMES["gtd"] if values["tif"] == UNTIL_A_DATE else TIMES_IN_FORCE[values["tif"]],
        good_till=parse_day(values["till"]).date() if values["till"].strip() else None,
        parts=shares,
        money=money,
        currency=one_currency(prices.values()),
    )


def _in_words(scope: Scope, portfolios: IdLookup, values: Values) -> str:
    """Return the order in words, with quantity and notional, as far as it is typed."""
    try:
        line = _line(scope.snapshot, values, portfolios)
    except ValueError:
        return ""
    return order_in_words(scope, portfolios, line, values) if line.ticker else ""


def new_verb(scope: Scope, values: Values) -> Verb:
    """Return the creation of the order that was typed into fields."""
    home = scope.home
    line = _line(scope.snapshot, values, portfolio_lookup(scope.snapshot, home))
    request = line.request(
        identifiers_of(scope.snapshot, values["instrument"]),
        currency=prices_in(scope.snapshot, line, values["currency"]),
        scope=home,
        new_id=scope.new_id,
        now=scope.now,
        block=block_typed(scope, values),
    )
    return CreateOrders((request,))


def new_sought(scope: Scope, values: Values) -> Sought | None:
    """Return the instrument to look up before the orders are shown, None when the desk knows it."""
    line = _line(scope.snapshot, values, portfolio_lookup(scope.snapshot, scope.home))
    prices = line.limit is not None or line.stop is not None
    currency = values["currency"] or line.currency
    return sought(scope, values["instrument"].strip(), line.parts, prices, currency)
