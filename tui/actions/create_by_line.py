"""The form and the verb of new orders typed as one line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Final

from tui.actions import line_completion
from tui.actions.action import Form, Scope, Sought, Values
from tui.actions.eligibility import currencies
from tui.actions.form_fields import currency_field
from tui.actions.instruments_typed import identifiers_of, instrument_problem
from tui.actions.typed_order import (
    block_field,
    block_typed,
    currency_problem,
    last_price,
    order_in_words,
    prices_in,
    sought,
    trading_day_of,
)
from tui.service.id_lookup import portfolio_lookup
from tui.service.orderline import OrderLine, Parsed, parse_order_line
from tui.service.sides import side_typed
from tui.service.verbs import CreateOrders, Verb
from tui.service.wire_words import spelt
from widgets.fields import Field

GRAMMAR: Final = (
    "b|s|ss|bc SIZE [CCY] TICKER [mkt|lmt P [CCY]|stp P] [day|gtc|ioc|fok|gtd DATE] @PORTFOLIO [SIZE|PCT] ..."
)


def new_by_line_sought(scope: Scope, values: Values) -> Sought | None:
    """Return the instrument to look up before the orders are shown, None when the desk knows it."""
    line = _read_line(scope, values)
    if line is None:
        return None
    prices = line.limit is not None or line.stop is not None
    return sought(scope, line.ticker, line.parts, prices, values["currency"] or line.currency)


def new_by_line_form(scope: Scope) -> Form:
    """Return the form of new orders as one line of text."""
    portfolios = portfolio_lookup(scope.snapshot, scope.home)

    def said(values: Values) -> str:
        line = _read_line(scope, values)
        if line is None:
            return ""
        return order_in_words(scope, portfolios, line, values, last=last_price(scope, line.ticker))

    def completed(typed: str) -> list[str]:
        return line_completion.completed(typed, partial(_parsed, scope), scope.snapshot, portfolios)

    def problem(typed: str) -> str | None:
        errors = _parsed(scope, typed, partial(instrument_problem, scope.snapshot)).errors
        return str(errors[0]) if errors else None

    return Form(
        "New orders by line",
        (
            Field(
                "line",
                "Order line",
                help=GRAMMAR,
                choices=completed,
                check=problem,
                required=True,
                wide=True,
                history=scope.order_lines,
            ),
            currency_field(
                "currency", currencies(scope.snapshot), help="Of the price; else the instrument's"
            ),
            block_field(scope),
        ),
        intro="For example: buy 50k VOD lmt 0.82 day @UKEQ-GROW 60% @UKEQ-INC 40%; for money: b 50k GBP VOD",
        check=lambda values: _line_problems(scope, values),
        live=said,
    )


def _parsed(scope: Scope, typed: str, check: Callable[[str], str | None] | None = None) -> Parsed:
    """Read an order line as this desk understands it."""
    return parse_order_line(
        typed,
        portfolios=portfolio_lookup(scope.snapshot, scope.home),
        today=partial(trading_day_of, scope),
        check=check,
        side=partial(side_typed, scope.snapshot),
    )


def _read_line(scope: Scope, values: Values) -> OrderLine | None:
    return _parsed(scope, values["line"]).line


def _line_problems(scope: Scope, values: Values) -> Sequence[str]:
    line = _read_line(scope, values)
    wrong = "" if line is None else currency_problem(scope.snapshot, line, values["currency"])
    return [wrong] if wrong else []


def new_by_line_verb(scope: Scope, values: Values) -> Verb:
    """Return the creation of the orders that the line says.

    Raises:
        ValueError: it is not a whole order.
    """
    snapshot, line = scope.snapshot, _read_line(scope, values)
    if line is None:
        raise ValueError("The line is not a whole order.")
    line = replace(line, type=spelt(line.type, snapshot.order_types))
    request = line.request(
        identifiers_of(snapshot, line.ticker),
        currency=prices_in(snapshot, line, values["currency"]),
        scope=scope.home,
        new_id=scope.new_id,
        now=scope.now,
        block=block_typed(scope, values),
    )
    return CreateOrders((request,))
