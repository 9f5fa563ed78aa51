"""The form and the verb that record a fill, correct one, or void it."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_DOWN, Decimal

from tui.actions.action import WARNING, Form, Scope, Values
from tui.actions.eligibility import counterparties, currencies, currency_of
from tui.actions.form_fields import (
    amount,
    calendar_day,
    currency_field,
    currency_typed,
    parse_day,
    quantity_of_fill,
    text,
    units_of_fill,
)
from tui.actions.instruments_typed import last_price_of
from tui.actions.settlement_words import ProposedDay, other_day, proposed_day, settlement_told
from tui.api.base import ZERO, CurrencyAndAmount
from tui.api.market_zones import market_zone
from tui.api.models import Execution, Placement
from tui.api.requests import ExecutionRequest
from tui.api.states import is_cancelled
from tui.service.numbers import money, number, parse_quoted, size_text
from tui.service.row_phrases import phrase_of
from tui.service.snapshot.sizing import Size, executed_size, is_by_amount, open_size, size_of, worth_of
from tui.service.snapshot.snapshot import EntityKind, Ref
from tui.service.trade import money_of
from tui.service.verbs import RecordFills, Verb


def fill_form(scope: Scope) -> Form:
    """Return the form that records a fill of a placement, or corrects one."""
    snapshot = scope.snapshot
    fill, placement = _focus(scope)
    luid = placement.lusid_instrument_id
    if fill is not None:
        told = settlement_told(scope, luid, currency_of(placement, snapshot), fill.created_date or scope.now)
        differs = other_day(fill.settlement_date, told)
        return _fields(
            scope,
            "Correct a fill",
            f"{phrase_of(snapshot, Ref(EntityKind.EXECUTIONS, fill.id))}\n"
            "What is typed replaces it; a quantity of 0 voids it."
            + (f"\nIt {differs}; it stays as it is until another day is typed." if differs else ""),
            fill.quantity,
            fill.price,
            fill.counterparty,
            ProposedDay(fill.settlement_date, "", "") if fill.settlement_date else None,
        )
    left = open_size(snapshot, placement)
    guess = _guess(scope, placement)
    return _fields(
        scope,
        "Record a fill",
        f"{phrase_of(snapshot, Ref(EntityKind.PLACEMENTS, placement.id))}\n"
        + " · ".join(filter(None, (f"{left.words} open", last_price_of(scope, luid)))),
        _held(scope),
        guess,
        placement.counterparty,
        proposed_day(scope, luid, currency_of(placement, snapshot), scope.now),
    )


def _focus(scope: Scope) -> tuple[Execution | None, Placement]:
    """Return the fill to correct, if one is in focus, and the placement that is filled."""
    snapshot = scope.snapshot
    fill = scope.rows[0] if scope.kind is EntityKind.EXECUTIONS else None
    return fill, snapshot.placements[fill.placement_id if fill else scope.placements()[0]]


def _units_for(left: Size, price: Decimal | None, unit: Decimal) -> Decimal | None:
    """Return the units that are open: of money, the whole units it pays for; None when no price is known."""
    if left.value is None:
        return None
    if not left.currency:
        return max(left.value, ZERO)
    cost = (price or ZERO) * unit
    return (max(left.value, ZERO) / cost).to_integral_value(ROUND_DOWN) if cost > 0 else None


def _fields(
    scope: Scope,
    title: str,
    intro: str,
    quantity: Decimal | None,
    guess: CurrencyAndAmount,
    counterparty: str | None,
    settles: ProposedDay | None,
) -> Form:
    return Form(
        title,
        (
            quantity_of_fill("quantity", quantity, may_void=scope.kind is EntityKind.EXECUTIONS),
            amount("price", "Price", guess.amount, currency=guess.currency, required=True, foreign=True),
            currency_field("currency", currencies(scope.snapshot), guess.currency or "", required=True),
            text(
                "counterparty",
                "Broker",
                counterparty or "",
                choices=counterparties(scope.snapshot),
                required=True,
            ),
            calendar_day(
                "settles",
                "Settles",
                settles.day if settles else None,
                required=True,
                help=settles.help if settles else "",
                whose=settles.whose if settles else "",
            ),
        ),
        intro=intro,
        check=lambda values: _price_problem(values),
        live=lambda values: _in_words(scope, values),
    )


def _price_problem(values: Values) -> Sequence[str]:
    """Return why the price does not go with the currency, as sentences."""
    try:
        _price(values)
    except ValueError as error:
        return [str(error)]
    return []


def _price(values: Values) -> Decimal:
    """Read the price; raises ValueError with a sentence when another currency is behind it."""
    currency = currency_typed(values["currency"])
    quoted = parse_quoted(values["price"])
    if quoted.currency and quoted.currency != currency:
        raise ValueError(
            f"The price is in {quoted.currency}, and Currency says {currency}: change one of them."
        )
    return quoted.value


def _held(scope: Scope) -> Decimal | None:
    """Return the units that are open of a placement, or those of the fill to correct."""
    fill, placement = _focus(scope)
    if fill is not None:
        return fill.quantity
    luid = placement.lusid_instrument_id
    return _units_for(
        open_size(scope.snapshot, placement), _guess(scope, placement).amount, scope.snapshot.price_unit(luid)
    )


def _guess(scope: Scope, placement: Placement) -> CurrencyAndAmount:
    """Return the price that a fill probably has: the limit of its placement, else the last one."""
    known = scope.snapshot.instruments.get(placement.lusid_instrument_id)
    return placement.limit_price or CurrencyAndAmount(
        amount=known.last_price if known else None, currency=currency_of(placement, scope.snapshot)
    )


def _units(scope: Scope, values: Values) -> Decimal:
    """Read the units of the fill; raises ValueError with a sentence."""
    voids = scope.kind is EntityKind.EXECUTIONS
    return units_of_fill(values["quantity"], _held(scope), may_void=voids)


def _in_words(scope: Scope, values: Values) -> str:
    """Return the money of a fill, and what it leaves open, or how much more than what is open it is."""
    fill, placement = _focus(scope)
    try:
        units, price = _units(scope, values), parse_quoted(values["price"]).value
    except ValueError:
        return ""
    if wrong := _price_problem(values):
        return f"{WARNING}{wrong[0]}"
    if fill is not None and not units:
        return f"Voids {number(fill.quantity)} at {money_of(fill.price)}: no unit of it counts any more."
    worth = units * price * scope.snapshot.price_unit(placement.lusid_instrument_id)
    said = f"{Size(units).words} = {money(worth, currency_typed(values['currency']))}"
    left, over = open_size(scope.snapshot, placement), ""
    if fill is None and left.value is not None:
        rest = left.value - (abs(worth) if is_by_amount(placement) else units)
        if rest < 0:
            over = f"\n{WARNING}{size_text(-rest, left.currency)} more than open."
        else:
            said += f", {size_text(rest, left.currency) if rest else 'nothing'} left"
    if market_zone(currency_of(placement, scope.snapshot)) is None:
        said += "; its market is not known, so the settlement day is counted in UTC"
    return said + over


def _is_filled(scope: Scope, placement: Placement, old: Execution | None, worth: Size) -> bool:
    """Return whether a placement is filled with this fill in the place of ``old``, by its own measure."""
    whole, done = size_of(placement).value, executed_size(scope.snapshot, placement).value
    if whole is None or done is None or worth.value is None:
        return False
    unit = scope.snapshot.price_unit(placement.lusid_instrument_id)
    before = ZERO
    if old is not None and not is_cancelled(old.state):
        used = worth_of(old.quantity, old.price.amount, unit) or ZERO
        before = used if worth.currency else old.quantity
    return done - before + worth.value >= whole


def fill_verb(scope: Scope, values: Values) -> Verb:
    """Return the recording of the fill that was typed."""
    old, placement = _focus(scope)
    quantity, price = _units(scope, values), _price(values)
    currency = currency_typed(values["currency"])
    worth = Size(quantity)
    if is_by_amount(placement):
        unit = scope.snapshot.price_unit(placement.lusid_instrument_id)
        worth = Size(worth_of(quantity, price, unit), currency)
    filled = "Filled" if _is_filled(scope, placement, old, worth) else "PartiallyFilled"
    kept = old if old is not None and old.price.currency == currency else None
    rate = kept.settlement_currency_fx_rate if kept else None
    return RecordFills(
        (
            ExecutionRequest(
                id=old.id if old else scope.new_id(EntityKind.EXECUTIONS, placement.id.scope),
                placement_id=placement.id,
                properties=(old.properties if old else None) or {},
                instrument_identifiers=placement.instrument_identifiers,
                quantity=quantity,
                state=filled if quantity else "Cancelled",
                side=placement.side,
                type=placement.type or "Market",
                created_date=old.created_date if old else scope.now,
                settlement_date=parse_day(values["settles"]),
                price=CurrencyAndAmount(amount=price, currency=currency),
                settlement_currency=(kept.settlement_currency if kept else None) or currency,
                settlement_currency_fx_rate=rate or Decimal(1),
                counterparty=values["counterparty"].strip(" "),
            ),
        ),
        made_from=(old,) if old else (),
    )
