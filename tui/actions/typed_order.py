"""What a form says of an order while it is typed, by fields or as one line: one rule for both."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final

from tui.actions import instruments_typed
from tui.actions.action import WARNING, Scope, Sought, Values
from tui.actions.blocks_typed import (
    NEW_BLOCK,
    block_choices,
    block_in_words,
    block_problem,
    block_typed_in_words,
    is_new,
)
from tui.actions.form_fields import currency_typed, text
from tui.actions.instruments_typed import known_instrument, now_of
from tui.actions.live_positions import with_positions
from tui.api.base import ResourceId
from tui.api.settlement import trading_day
from tui.service.fitting_blocks import Joining, fitting_blocks, misfit
from tui.service.id_lookup import IdLookup, block_lookup
from tui.service.orderline import OrderLine, PortfolioShare, priced_at
from tui.service.snapshot.instruments import Instrument
from tui.service.snapshot.sizing import block_unplaced
from tui.service.snapshot.snapshot import Snapshot
from tui.service.verbs.facts import order_ref, priced
from tui.service.verbs.preview_line import PreviewLine
from tui.service.wire_words import spelt
from widgets.fields import Field

MOST_PROPOSED: Final = 3
"""Blocks that an order may join and that are named under the form."""
NO_CURRENCY: Final = (
    "Write the currency behind the price, such as 0.82 GBP: the instrument is new to this desk."
)


def block_field(scope: Scope) -> Field:
    known = block_lookup(scope.snapshot, scope.home)
    return text(
        "block",
        "Block",
        NEW_BLOCK,
        choices=block_choices(scope, known),
        help="'new', or an open one: by code or by what it trades",
        words=lambda choice: "" if is_new(choice) else block_in_words(scope.snapshot, known.read(choice)),
        check=block_problem(scope.snapshot, known),
        echo=lambda typed: "" if is_new(typed) else block_typed_in_words(scope, known, typed, scope.home),
    )


def block_typed(scope: Scope, values: Values) -> ResourceId | None:
    """Return the block that the orders join, None for a new one."""
    typed = values["block"].strip()
    return None if is_new(typed) else block_lookup(scope.snapshot, scope.home).read(typed)


def prices_in(snapshot: Snapshot, line: OrderLine, field: str) -> str | None:
    """Return the currency of an order's prices: that of ``field``, else one typed, else the instrument's.

    Raises:
        ValueError: they do not agree; with a sentence.
    """
    if conflict := _conflict(snapshot, line, field):
        raise ValueError(conflict)
    known = known_instrument(snapshot, line.ticker)
    return currency_typed(field) or line.currency or (known.currency if known else "") or None


def currency_problem(snapshot: Snapshot, line: OrderLine, field: str) -> str:
    """Return why the currency of an order's prices does not fit, as a sentence; empty where it does."""
    if conflict := _conflict(snapshot, line, field):
        return conflict
    unpriced = line.limit is None and line.stop is None
    known = known_instrument(snapshot, line.ticker)
    return NO_CURRENCY if known and not unpriced and not prices_in(snapshot, line, field) else ""


def _conflict(snapshot: Snapshot, line: OrderLine, field: str) -> str:
    """Return why the currency behind a price is another than it should be; empty where none stands there."""
    known = known_instrument(snapshot, line.ticker)
    behind, asked = line.currency, currency_typed(field)
    if behind and asked and behind != asked:
        return f"The price is in {behind}, and Currency says {asked}: change one of them."
    if behind and not asked and known is not None and known.currency not in ("", behind):
        return (
            f"{known.label} trades in {known.currency}, not in {behind}: write the price in {known.currency}."
        )
    return ""


def trading_day_of(scope: Scope, ticker: str) -> date:
    """Return the day it is in the market of an instrument; in UTC where the desk does not know it."""
    known = known_instrument(scope.snapshot, ticker)
    return trading_day(scope.now, known.currency if known else None)


def order_in_words(
    scope: Scope, portfolios: IdLookup, line: OrderLine, values: Values, *, last: str = ""
) -> str:
    """Return an order in words, the ``last`` price, the blocks it fits, and the positions it leads to."""
    known = known_instrument(scope.snapshot, line.ticker)
    wrong = currency_problem(scope.snapshot, line, values["currency"])
    if wrong:
        return f"{WARNING}{wrong}\n{line.describe(portfolios, known, line.currency)}"
    currency = prices_in(scope.snapshot, line, values["currency"])
    said = f"{line.describe(portfolios, known, currency)} {last}".rstrip()
    joins = "" if known is None else _joining(scope, line, known, currency, values["block"].strip())
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
    if not is_new(typed):
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


def last_price(scope: Scope, typed: str) -> str:
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


def sought(
    scope: Scope, typed: str, shares: Sequence[PortfolioShare], prices: bool, currency: str
) -> Sought | None:
    held = scope.snapshot.records.portfolios
    known = (held.get(share.portfolio) for share in shares if share.portfolio is not None)
    scopes = [each for portfolio in known if portfolio for each in portfolio.instrument_scopes]
    found = scope.snapshot.find_instruments(typed)
    here = not scopes or any(each.record is None or each.record.scope == scopes[0] for each in found)
    otherwise = NO_CURRENCY if prices and not currency.strip() else ""
    return None if found and here else Sought(typed, tuple(dict.fromkeys(scopes)), otherwise)
