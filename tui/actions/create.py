"""Forms and verbs for new blocks and orders: by fields, or by one order line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from functools import partial
from typing import Final

from tui.actions import instruments_typed, line_completion
from tui.actions.action import WARNING, Form, Scope, Sought, Values
from tui.actions.form_fields import (
    NEW_BLOCK,
    amount,
    block_choices,
    calendar_day,
    currency_field,
    currency_typed,
    id_check,
    parse_day,
    pick,
    text,
)
from tui.actions.instruments_typed import identifiers_of, instrument_problem, known_instrument, now_of
from tui.actions.live_positions import with_positions
from tui.actions.place import missing_prices, useless_prices
from tui.actions.portfolios_typed import names_of
from tui.api.base import ZERO, ResourceId
from tui.api.settlement import trading_day
from tui.service.fitting_blocks import Joining, fitting_blocks, misfit
from tui.service.id_lookup import IdLookup, block_lookup, portfolio_lookup
from tui.service.numbers import counted, parse_money, parse_price, parse_quantity
from tui.service.orderline import (
    TIMES,
    OrderLine,
    Parsed,
    PortfolioShare,
    expired,
    parse_order_line,
    parse_portfolios,
    priced_at,
)
from tui.service.sides import offered_sides, side_typed
from tui.service.snapshot.instruments import Instrument
from tui.service.snapshot.sizing import Size, block_unplaced
from tui.service.snapshot.snapshot import Snapshot
from tui.service.verbs import CreateOrders, Verb
from tui.service.verbs.facts import order_ref, priced
from tui.service.verbs.preview_line import PreviewLine
from tui.service.wire_words import TIMES_IN_FORCE, TYPES, offered, spelt
from widgets.fields import Field

GRAMMAR: Final = (
    "b|s|ss|bc SIZE [CCY] TICKER [mkt|lmt P|stp P] [day|gtc|ioc|fok|gtd DATE] @PORTFOLIO [SIZE|PCT] ..."
)
UNTIL_A_DATE: Final = "Good till a date"
MOST_PROPOSED: Final = 3
"""Blocks that an order may join and that are named under the form."""
NO_CURRENCY: Final = "Type the currency of the price: the instrument is new to this desk."


def split_sizes(typed: str, portfolios: IdLookup) -> tuple[tuple[PortfolioShare, ...], str]:
    """Read ``PORTFOLIO SIZE [CURRENCY], ...``, or what stands in an order line behind the terms.

    Returns the shares and the currency.

    The currency is empty for units. The orders share a block, so all have the same measure.

    Raises:
        ValueError: with a sentence for the person who typed it.
    """
    if "@" in typed:
        return parse_portfolios(typed, portfolios)
    shares, measures = [], []
    for part in filter(None, (piece.strip() for piece in typed.split(","))):
        name, *size = part.split()
        if len(size) not in (1, 2):
            raise ValueError(f"'{part}' is not a portfolio and a size; write it as UKEQ-GROW 50k.")
        money = size[1].upper() if len(size) == 2 else ""
        value = parse_money(size[0], money) if money else parse_quantity(size[0])
        shares.append(PortfolioShare(portfolios.read(name), value))
        measures.append(money)
    if not shares:
        raise ValueError(
            "Name at least one portfolio and its size, such as UKEQ-GROW 50k or UKEQ-GROW 50k GBP."
        )
    if len(set(measures)) > 1:
        raise ValueError("The orders of a block are all in units, or all in money of one currency.")
    return tuple(shares), measures[0]


def _sizes_problem(typed: str, portfolios: IdLookup) -> str | None:
    try:
        split_sizes(typed, portfolios)
    except ValueError as error:
        return str(error)
    return None


def _sizes_echo(snapshot: Snapshot, typed: str, portfolios: IdLookup) -> str:
    try:
        shares, money = split_sizes(typed, portfolios)
    except ValueError:
        return ""
    total = Size(sum((share.size for share in shares), ZERO), money)
    names = names_of(snapshot.records, (share.portfolio for share in shares), portfolios)
    return f"{total.words} in {counted(len(shares), 'order')}{f' for {names}' if names else ''}"


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
                check=lambda typed: _sizes_problem(typed, portfolios),
                echo=lambda typed: _sizes_echo(snapshot, typed, portfolios),
            ),
            pick("type", "Type", tuple(offered(TYPES, snapshot.order_types))),
            amount("limit", "Limit", help="Instrument's currency; London: pounds"),
            amount("stop", "Stop"),
            currency_field("currency", help="Of prices; else the instrument's"),
            pick("tif", "Time in force", (*TIMES_IN_FORCE, UNTIL_A_DATE)),
            calendar_day("till", "Good till", None, help=f"The day of '{UNTIL_A_DATE.lower()}'"),
            _block_field(scope),
        ),
        check=lambda values: _problems(scope, values),
        live=lambda values: _in_words(scope, portfolios, values),
    )


def _block_field(scope: Scope) -> Field:
    known = block_lookup(scope.snapshot, scope.home)
    return text(
        "block",
        "Block",
        NEW_BLOCK,
        choices=block_choices(scope, known),
        help="'new', or an existing one",
        check=id_check(known),
    )


def _block_typed(scope: Scope, values: Values) -> ResourceId | None:
    """Return the block that the orders join, None for a new one."""
    typed = values["block"].strip()
    return None if typed.lower() in (NEW_BLOCK, "") else block_lookup(scope.snapshot, scope.home).read(typed)


def _currency(snapshot: Snapshot, values: Values) -> str | None:
    known = known_instrument(snapshot, values["instrument"])
    return currency_typed(values["currency"]) or (known.currency if known else "") or None


def _problems(scope: Scope, values: Values) -> Sequence[str]:
    snapshot = scope.snapshot
    terms = (values["type"], values["limit"], values["stop"])
    told = [*missing_prices(*terms), *useless_prices(*terms), *_expiry_problem(scope, values)]
    known = known_instrument(snapshot, values["instrument"])
    priced_at = values["limit"].strip() or values["stop"].strip()
    return [*told, NO_CURRENCY] if known and priced_at and not _currency(snapshot, values) else told


def _expiry_problem(scope: Scope, values: Values) -> Sequence[str]:
    """Return what is wrong with the day that an order is good till, where it has one, or should."""
    typed, until = values["till"].strip(), values["tif"] == UNTIL_A_DATE
    if bool(typed) is not until:
        said = "Type the day that it is good till." if until else f"A day goes with '{UNTIL_A_DATE}' only."
        return [said]
    past = expired(parse_day(typed).date(), _trading_day(scope, values["instrument"])) if typed else ""
    return [past] if past else []


def _line(snapshot: Snapshot, values: Values, portfolios: IdLookup) -> OrderLine:
    """Return the order that the fields make; raises ValueError with a sentence."""
    shares, money = split_sizes(values["orders"], portfolios)
    return OrderLine(
        side=offered_sides(snapshot)[values["side"]],
        size=sum((share.size for share in shares), ZERO),
        ticker=values["instrument"].strip().upper(),
        type=offered(TYPES, snapshot.order_types)[values["type"]],
        limit=parse_price(values["limit"]) if values["limit"].strip() else None,
        stop=parse_price(values["stop"]) if values["stop"].strip() else None,
        time_in_force=TIMES["gtd"] if values["tif"] == UNTIL_A_DATE else TIMES_IN_FORCE[values["tif"]],
        good_till=parse_day(values["till"]).date() if values["till"].strip() else None,
        parts=shares,
        money=money,
    )


def _in_words(scope: Scope, portfolios: IdLookup, values: Values) -> str:
    """Return the order in words, with quantity and notional, as far as it is typed."""
    try:
        line = _line(scope.snapshot, values, portfolios)
    except ValueError:
        return ""
    if not line.ticker:
        return ""
    return _told(scope, portfolios, line, _currency(scope.snapshot, values), values["block"])


def _told(
    scope: Scope, portfolios: IdLookup, line: OrderLine, currency: str | None, block: str, *, last: str = ""
) -> str:
    """Return an order in words, the ``last`` price, the blocks it fits, and the positions it leads to."""
    known = known_instrument(scope.snapshot, line.ticker)
    said = f"{line.describe(portfolios, known, currency)} {last}".rstrip()
    joins = "" if known is None else _joining(scope, line, known, currency, block.strip())
    return with_positions(
        "\n".join(filter(None, (said, joins))), scope, _preview_lines(line, known, currency)
    )


def _joining(scope: Scope, line: OrderLine, known: Instrument, currency: str | None, typed: str) -> str:
    """Return which open blocks an order fits, or why it does not fit the one that is typed."""
    snapshot, lookup = scope.snapshot, block_lookup(scope.snapshot, scope.home)
    order = Joining(
        known.luid,
        known.identifiers,
        line.side,
        spelt(line.type, snapshot.order_types),
        line.time_in_force,
        priced_at(line.limit, currency),
        priced_at(line.stop, currency),
        None if line.money else line.size,
        priced_at(line.size, line.money) if line.money else None,
    )
    if typed.lower() not in ("", NEW_BLOCK):
        try:
            block = snapshot.blocks.get(lookup.read(typed))
        except ValueError:  # it is told at its field
            return ""
        why = misfit(snapshot, (order,), block) if block else ""
        return f"{WARNING}It does not fit {typed}: {why}." if why else ""
    found = fitting_blocks(snapshot, (order,))
    if not found:
        return ""
    named = [f"{lookup.write(id)} ({block_unplaced(snapshot, snapshot.blocks[id])} left)" for id in found]
    more = f" and {len(found) - MOST_PROPOSED} more" if len(found) > MOST_PROPOSED else ""
    return (
        f"Fits {', '.join([*named][:MOST_PROPOSED])}{more}: write it under Block to join it." if found else ""
    )


def _last_price(scope: Scope, typed: str) -> str:
    """Return the last price of what is typed as a sentence; it is asked for."""
    known = known_instrument(scope.snapshot, typed)
    if known is None:
        return ""
    if scope.facts is not None:
        scope.facts.ask_quote(known)
    said = instruments_typed.last_in_words(known, now_of(scope))
    return f"Last {said}." if said else ""


def _preview_lines(
    line: OrderLine, known: Instrument | None, currency: str | None
) -> tuple[PreviewLine, ...]:
    """Return the orders of a line as a preview counts them, under places instead of ids."""
    return tuple(
        priced(
            order_ref(ResourceId("", str(at))),
            line.side,
            None if line.money else share.size,
            known,
            limit=priced_at(line.limit, currency),
            stop=priced_at(line.stop, currency),
            amount=priced_at(share.size, line.money) if line.money else None,
            portfolio=share.portfolio,
        )
        for at, share in enumerate(line.parts)
    )


def new_verb(scope: Scope, values: Values) -> Verb:
    """Return the creation of the order that was typed into fields."""
    home = scope.home
    request = _line(scope.snapshot, values, portfolio_lookup(scope.snapshot, home)).request(
        identifiers_of(scope.snapshot, values["instrument"]),
        currency=_currency(scope.snapshot, values),
        scope=home,
        new_id=scope.new_id,
        now=scope.now,
        block=_block_typed(scope, values),
    )
    return CreateOrders((request,))


def new_sought(scope: Scope, values: Values) -> Sought | None:
    """Return the instrument to look up before the orders are shown, None when the desk knows it."""
    shares, _ = split_sizes(values["orders"], portfolio_lookup(scope.snapshot, scope.home))
    prices = values["limit"].strip() or values["stop"].strip()
    return _sought(scope, values["instrument"].strip(), shares, bool(prices), values["currency"])


def new_by_line_sought(scope: Scope, values: Values) -> Sought | None:
    """Return the instrument to look up before the orders are shown, None when the desk knows it."""
    line = _read_line(scope, values)
    if line is None:
        return None
    prices = line.limit is not None or line.stop is not None
    return _sought(scope, line.ticker, line.parts, prices, values["currency"])


def _sought(
    scope: Scope, typed: str, shares: Sequence[PortfolioShare], prices: bool, currency: str
) -> Sought | None:
    held = scope.snapshot.records.portfolios
    known = (held.get(share.portfolio) for share in shares if share.portfolio is not None)
    scopes = [each for portfolio in known if portfolio for each in portfolio.instrument_scopes]
    found = scope.snapshot.find_instruments(typed)
    here = not scopes or any(each.record is None or each.record.scope == scopes[0] for each in found)
    otherwise = NO_CURRENCY if prices and not currency.strip() else ""
    return None if found and here else Sought(typed, tuple(dict.fromkeys(scopes)), otherwise)


def new_by_line_form(scope: Scope) -> Form:
    """Return the form of new orders as one line of text."""
    portfolios = portfolio_lookup(scope.snapshot, scope.home)

    def said(values: Values) -> str:
        line = _read_line(scope, values)
        if line is None:
            return ""
        currency = _currency(scope.snapshot, {"instrument": line.ticker, "currency": values["currency"]})
        return _told(scope, portfolios, line, currency, values["block"], last=_last_price(scope, line.ticker))

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
            currency_field("currency", help="Of the price; else the instrument's"),
            _block_field(scope),
        ),
        intro="For example: buy 50k VOD lmt 0.82 day @UKEQ-GROW 60% @UKEQ-INC 40%; for money: b 50k GBP VOD",
        check=lambda values: _line_problems(scope, values),
        live=said,
    )


def _trading_day(scope: Scope, ticker: str) -> date:
    """Return the day it is in the market of an instrument; in UTC where the desk does not know it."""
    known = known_instrument(scope.snapshot, ticker)
    return trading_day(scope.now, known.currency if known else None)


def _parsed(scope: Scope, typed: str, check: Callable[[str], str | None] | None = None) -> Parsed:
    """Read an order line as this desk understands it."""
    return parse_order_line(
        typed,
        portfolios=portfolio_lookup(scope.snapshot, scope.home),
        today=partial(_trading_day, scope),
        check=check,
        side=partial(side_typed, scope.snapshot),
    )


def _read_line(scope: Scope, values: Values) -> OrderLine | None:
    return _parsed(scope, values["line"]).line


def _line_problems(scope: Scope, values: Values) -> Sequence[str]:
    line = _read_line(scope, values)
    unpriced = line is None or (line.limit is None and line.stop is None)
    if line is None or unpriced or known_instrument(scope.snapshot, line.ticker) is None:
        return []
    named = {"instrument": line.ticker, "currency": values["currency"]}
    return [] if _currency(scope.snapshot, named) else [NO_CURRENCY]


def new_by_line_verb(scope: Scope, values: Values) -> Verb:
    """Return the creation of the orders that the line says.

    Raises:
        ValueError: it is not a whole order.
    """
    snapshot, line = scope.snapshot, _read_line(scope, values)
    if line is None:
        raise ValueError("The line is not a whole order.")
    line = replace(line, type=spelt(line.type, snapshot.order_types))
    named = {"instrument": line.ticker, "currency": values["currency"]}
    request = line.request(
        identifiers_of(scope.snapshot, line.ticker),
        currency=_currency(scope.snapshot, named),
        scope=scope.home,
        new_id=scope.new_id,
        now=scope.now,
        block=_block_typed(scope, values),
    )
    return CreateOrders((request,))
