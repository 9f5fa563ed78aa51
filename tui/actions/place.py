"""Placing blocks at brokers, and recording what they fill."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from tui.actions.action import Form, Scope, Values
from tui.actions.eligibility import counterparties, currency_of, named, placeable, systems, unplaced
from tui.actions.form_fields import (
    amount,
    calendar_day,
    money_or_none,
    parse_day,
    pick,
    positive_quantity,
    size,
    text,
)
from tui.api.base import CurrencyAndAmount, ResourceId
from tui.api.models import Execution
from tui.api.requests import ExecutionRequest, PlacementRequest
from tui.api.states import normal
from tui.columns.format import number
from tui.service.ids import new_code
from tui.service.numbers import counted, parse_price, parse_quantity
from tui.service.snapshot.snapshot import EntityKind
from tui.service.verbs import PlaceBlocks, RecordFills, Verb

ENTRY_TYPES: Final = ("Undecided", "Manual", "Direct", "Ems", "External")
TYPES: Final = ("Market", "Limit", "Stop", "StopLimit")


def place_form(scope: Scope) -> Form:
    ids = placeable(scope)
    one = len(ids) == 1
    open_units = sum((unplaced(scope, id) for id in ids), Decimal(0))
    fields = [
        size("quantity", "Quantity", open_units, help="Units to place; all that is unplaced by default")
        if one
        else text("quantity", "Quantity", "all unplaced", help="Each block's unplaced rest"),
        text("counterparty", "Broker", choices=counterparties(scope.snapshot), help="Who gets it"),
        text("system", "System", choices=systems(scope.snapshot), help="Execution system"),
        pick("entry", "Entry", ENTRY_TYPES, "Manual", help="How it is entered"),
    ]
    if one and normal(scope.snapshot.blocks[ids[0]].block.type) == "market":
        fields += [pick("type", "Type", TYPES), amount("limit", "Limit"), amount("stop", "Stop")]
    return Form(
        f"Place {counted(len(ids), 'block')}",
        tuple(fields),
        intro=f"{number(open_units)} units unplaced in {named(ids)}.",
        check=_check_place if one else None,
    )


def _check_place(values: Values) -> Sequence[str]:
    return missing_prices(values.get("type", ""), values.get("limit", ""), values.get("stop", ""))


def missing_prices(type: str, limit: str, stop: str) -> Sequence[str]:
    kind = normal(type)
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
        quantity = positive_quantity(values["quantity"]) if len(ids) == 1 else unplaced(scope, id)
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
                type=values.get("type") or block.type or "Market",
                created_date=scope.now,
                limit_price=money_or_none(values.get("limit", ""), currency) or block.limit_price,
                stop_price=money_or_none(values.get("stop", ""), currency) or block.stop_price,
                counterparty=values["counterparty"].strip() or None,
                execution_system=values["system"].strip() or None,
                entry_type=values["entry"],
            )
        )
    return PlaceBlocks(tuple(requests))


def two_weekdays_after(moment: datetime) -> datetime:
    """Give the usual settlement day: midnight UTC, two weekdays on."""
    day = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    left = 2
    while left:
        day += timedelta(days=1)
        left -= day.weekday() < 5
    return day


def fill_form(scope: Scope) -> Form:
    snapshot = scope.snapshot
    if scope.family is EntityKind.EXECUTIONS:
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
        f"{number(left)} units open. {placement.side} {placement.type or ''}",
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
    if scope.family is EntityKind.EXECUTIONS:
        old = snapshot.executions[scope.ids[0]]
    placement = snapshot.placements[old.placement_id if old else scope.placements()[0]]
    quantity = (parse_quantity if old else positive_quantity)(values["quantity"])
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
                counterparty=values["counterparty"].strip(),
            ),
        )
    )
