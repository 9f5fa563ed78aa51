"""Forms and verbs that place blocks at brokers and record their fills."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import ROUND_DOWN, Decimal
from typing import Final

from tui.actions.action import Form, Scope, Values
from tui.actions.eligibility import counterparties, currency_of, named, placeable, systems, unplaced
from tui.actions.form_fields import (
    amount,
    calendar_day,
    money_or_none,
    parse_day,
    pick,
    size,
    text,
)
from tui.actions.wire_words import TYPES, in_words
from tui.api.base import CurrencyAndAmount, ResourceId
from tui.api.models import Execution
from tui.api.requests import ExecutionRequest, PlacementRequest
from tui.api.states import normalize
from tui.columns.format import number
from tui.service.ids import new_code
from tui.service.numbers import counted, parse_price, parse_quantity
from tui.service.snapshot.snapshot import EntityKind
from tui.service.verbs import PlaceBlocks, RecordFills, Verb
from widgets.fields import Field

ENTRY_TYPES: Final = ("Undecided", "Manual", "Direct", "Ems", "External")
ALL_PERCENT: Final = Decimal(100)
MOST_NAMED: Final = 4
"""Blocks named while a quantity is typed; more would not fit the line."""


def place_form(scope: Scope) -> Form:
    ids = placeable(scope)
    open_units = sum((unplaced(scope, id) for id in ids), Decimal(0))
    route = (
        text("counterparty", "Broker", choices=counterparties(scope.snapshot), help="Who works it"),
        text("system", "System", choices=systems(scope.snapshot), help="Execution system"),
        pick("entry", "Entry", ENTRY_TYPES, "Manual", help="How it is entered"),
    )
    title = f"Place {counted(len(ids), 'block')}"
    intro = f"{counted(open_units, 'unit')} unplaced in {named(ids)}."
    if len(ids) > 1:
        return Form(
            title,
            (_share_field(), *route),
            intro=intro,
            check=lambda values: _shares_problem(scope, values),
            live=lambda values: _shares_in_words(scope, values),
        )
    quantity = size(
        "quantity", "Quantity", open_units, help="Units to place; all that is unplaced by default"
    )
    of_market = normalize(scope.snapshot.blocks[ids[0]].block.type) == "market"
    price = (pick("type", "Type", tuple(TYPES)), amount("limit", "Limit"), amount("stop", "Stop"))
    return Form(title, (quantity, *route, *(price if of_market else ())), intro=intro, check=_prices_problem)


def _share_field() -> Field:
    return text(
        "quantity",
        "Quantity",
        help="Of each block: 1k, 50%; empty is all",
        check=_share_problem,
        echo=lambda typed: (
            f"{typed.strip()} of each block" + (", of what is unplaced" if "%" in typed else "")
        ),
    )


def share_of(typed: str, left: Decimal) -> Decimal:
    """Return what to place of a block with ``left`` units unplaced: ``1k``, ``50%`` of it, all when empty.

    A share of whole units is rounded down to whole units.

    Raises:
        ValueError: it is no such quantity; with a sentence for the person who typed it.

    >>> share_of("1k", Decimal(4_000)), share_of("50%", Decimal(4_001)), share_of(" ", Decimal(4_000))
    (Decimal('1000'), Decimal('2000'), Decimal('4000'))
    """
    typed = typed.strip()
    if not typed:
        return left
    if not typed.endswith("%"):
        return parse_quantity(typed)
    percent = parse_quantity(typed.removesuffix("%"))
    if percent > ALL_PERCENT:
        raise ValueError(f"'{typed}' is more than the whole.")
    share = left * percent / ALL_PERCENT
    return share.to_integral_value(ROUND_DOWN) if left == left.to_integral_value() else share


def _share_problem(typed: str) -> str | None:
    try:
        share_of(typed, ALL_PERCENT)
    except ValueError as error:
        return str(error)
    return None


def _shares(scope: Scope, values: Values) -> list[tuple[ResourceId, Decimal, Decimal]]:
    """Return each block with the units to place of it and the units unplaced."""
    rows = ((id, unplaced(scope, id)) for id in placeable(scope))
    return [(id, share_of(values["quantity"], left), left) for id, left in rows]


def _shares_problem(scope: Scope, values: Values) -> Sequence[str]:
    """Return why blocks cannot be placed with what was typed."""
    shares = _shares(scope, values)
    too_much = [
        f"{id.code} has only {counted(left, 'unit')} unplaced." for id, share, left in shares if share > left
    ]
    nothing = [f"Nothing would be placed of {id.code}." for id, share, _ in shares if not share]
    return [*too_much, *nothing]


def _shares_in_words(scope: Scope, values: Values) -> str:
    if _share_problem(values["quantity"]):
        return ""
    shares = _shares(scope, values)
    total = counted(sum((share for _, share, _ in shares), Decimal(0)), "unit")
    most = [f"{number(share)} of {id.code}" for id, share, _ in shares[:MOST_NAMED]]
    more = f" and {len(shares) - MOST_NAMED} more" if len(shares) > MOST_NAMED else ""
    return f"{total}: {', '.join(most)}{more}"


def _prices_problem(values: Values) -> Sequence[str]:
    return missing_prices(values.get("type", ""), values.get("limit", ""), values.get("stop", ""))


def missing_prices(type: str, limit: str, stop: str) -> Sequence[str]:
    kind = normalize(type)
    told = []
    if kind in ("limit", "stoplimit") and not limit.strip():
        told.append("A limit order needs a limit price.")
    if kind in ("stop", "stoplimit") and not stop.strip():
        told.append("A stop order needs a stop price.")
    return told


def place_verb(scope: Scope, values: Values) -> Verb:
    ids = placeable(scope)
    requests = []
    for id in ids:
        block = scope.snapshot.blocks[id].block
        currency = currency_of(block, scope.snapshot)
        quantity = share_of(values["quantity"], unplaced(scope, id))
        requests.append(
            PlacementRequest(
                id=ResourceId(id.scope, new_code("PLC")),
                block_ids=(id,),
                properties={},
                instrument_identifiers=block.instrument_identifiers,
                quantity=quantity,
                state="New",
                side=block.side,
                time_in_force=block.time_in_force or "Day",
                type=TYPES.get(values.get("type", "")) or block.type or "Market",
                created_date=scope.now,
                limit_price=money_or_none(values.get("limit", ""), currency) or block.limit_price,
                stop_price=money_or_none(values.get("stop", ""), currency) or block.stop_price,
                counterparty=values["counterparty"].strip(" ") or None,
                execution_system=values["system"].strip(" ") or None,
                entry_type=values["entry"],
            )
        )
    return PlaceBlocks(tuple(requests))


def two_weekdays_after(moment: datetime) -> datetime:
    """Return the usual settlement day: midnight UTC, two weekdays on."""
    day = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    left = 2
    while left:
        day += timedelta(days=1)
        left -= day.weekday() < 5
    return day


def fill_form(scope: Scope) -> Form:
    snapshot = scope.snapshot
    if scope.kind is EntityKind.EXECUTIONS:
        fill = snapshot.executions[scope.ids[0]]
        return _fill_fields(
            f"Correct fill {fill.id.code}",
            f"Replaces {number(fill.quantity)} at {fill.price}; a size of 0 voids it.",
            fill.quantity,
            fill.price,
            fill.counterparty,
            fill.settlement_date,
        )
    placement = snapshot.placements[scope.placements()[0]]
    left = (placement.quantity or Decimal(0)) - snapshot.executed_of_placement(placement.id)
    known = snapshot.instruments.get(placement.lusid_instrument_id)
    guess = placement.limit_price or CurrencyAndAmount(
        amount=known.last_price if known else None, currency=known.currency if known else None
    )
    return _fill_fields(
        f"Record a fill of {placement.id.code}",
        f"{counted(left, 'unit')} open. {in_words(placement.side)} {in_words(placement.type)}",
        max(left, Decimal(0)),
        guess,
        placement.counterparty,
        two_weekdays_after(scope.now),
    )


def _fill_fields(
    title: str,
    intro: str,
    quantity: Decimal,
    guess: CurrencyAndAmount,
    counterparty: str | None,
    settles: datetime | None,
) -> Form:
    return Form(
        title,
        (
            size("quantity", "Quantity", quantity),
            amount("price", "Price", guess.amount, required=True),
            text("currency", "Currency", guess.currency or "", required=True, check=_currency_problem),
            text("counterparty", "Broker", counterparty or "", required=True),
            calendar_day("settles", "Settles", settles, required=True),
        ),
        intro=intro,
    )


def _currency_problem(typed: str) -> str | None:
    code = typed.strip()
    return None if len(code) == 3 and code.isalpha() else "A currency is three letters, such as GBP."


def fill_verb(scope: Scope, values: Values) -> Verb:
    snapshot = scope.snapshot
    old: Execution | None = None
    if scope.kind is EntityKind.EXECUTIONS:
        old = snapshot.executions[scope.ids[0]]
    placement = snapshot.placements[old.placement_id if old else scope.placements()[0]]
    quantity = parse_quantity(values["quantity"])
    filled = snapshot.executed_of_placement(placement.id) - (old.quantity if old else 0) + quantity
    currency = values["currency"].strip().upper()
    return RecordFills(
        (
            ExecutionRequest(
                id=old.id if old else ResourceId(placement.id.scope, new_code("EXE")),
                placement_id=placement.id,
                properties={},
                instrument_identifiers=placement.instrument_identifiers,
                quantity=quantity,
                state="Filled" if filled >= (placement.quantity or 0) else "PartiallyFilled",
                side=placement.side,
                type=placement.type or "Market",
                created_date=scope.now,
                settlement_date=parse_day(values["settles"]),
                price=CurrencyAndAmount(amount=parse_price(values["price"]), currency=currency),
                settlement_currency=currency,
                settlement_currency_fx_rate=Decimal(1),
                counterparty=values["counterparty"].strip(" "),
            ),
        )
    )
