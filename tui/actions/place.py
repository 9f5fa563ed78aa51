"""The form and the verb that place blocks at brokers."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from tui.actions.action import Form, Scope, Values
from tui.actions.eligibility import counterparties, currency_of, placeable, systems, unplaced
from tui.actions.form_fields import (
    ANY_SIZE,
    amount,
    mixed_measures,
    money_or_none,
    pick,
    size,
    text,
)
from tui.api.base import ZERO, CurrencyAndAmount, ResourceId
from tui.api.requests import PlacementRequest
from tui.api.states import normalize
from tui.service.ids import new_code
from tui.service.numbers import counted, parse_size
from tui.service.row_phrases import rows_in_words, short_id
from tui.service.snapshot.sizing import Size
from tui.service.snapshot.snapshot import EntityKind, Ref, Snapshot, instrument_key
from tui.service.verbs import PlaceBlocks, Verb
from tui.service.wire_words import TYPES, offered
from widgets.fields import Field

ENTRY_TYPES: Final = ("Undecided", "Manual", "Direct", "Ems", "External")
MOST_NAMED: Final = 4
"""Blocks named while a quantity is typed; more would not fit the line."""


def place_form(scope: Scope) -> Form:
    """Return the form that places blocks: how much of each, on which terms, with whom."""
    ids = placeable(scope)
    left = [unplaced(scope, id) for id in ids]
    route = (
        text(
            "counterparty",
            "Broker",
            choices=counterparties(scope.snapshot),
            help="Who works it",
        ),
        text("system", "System", choices=systems(scope.snapshot), help="Execution system"),
        pick("entry", "Entry", ENTRY_TYPES, "Manual", help="How it is entered"),
    )
    title = f"Place {counted(len(ids), 'block')}"
    intro = rows_in_words(scope.snapshot, EntityKind.BLOCKS, ids)
    if len(ids) > 1:
        return Form(
            title,
            (_share_field(), *route),
            intro=intro,
            check=lambda values: [*_shares_problem(scope, values), *_broker_problem(values)],
            live=lambda values: _shares_in_words(scope, values),
        )
    what = "Money" if left[0].currency else "Units"
    quantity = size("quantity", left[0], help=f"{what} to place; all that is unplaced by default")
    of_market = normalize(scope.snapshot.blocks[ids[0]].block.type) == "market"
    kinds = tuple(offered(TYPES, scope.snapshot.order_types))
    currency = currency_of(scope.snapshot.blocks[ids[0]].block, scope.snapshot)
    price = (
        pick("type", "Type", kinds),
        amount("limit", "Limit", currency=currency),
        amount("stop", "Stop", currency=currency),
    )
    return Form(
        title,
        (quantity, *route, *(price if of_market else ())),
        intro=f"{intro}\n{left[0].words} unplaced.",
        check=_terms_problem,
    )


def _share_field() -> Field:
    return text(
        "quantity",
        "Quantity",
        help="Of each: 1k, 50%, -10%; empty is all",
        check=_share_problem,
        echo=lambda typed: (
            f"{typed.strip()} of each block" + (", of what is unplaced" if "%" in typed else "")
        ),
    )


def share_of(typed: str, left: Decimal, currency: str = "") -> Decimal:
    """Return what to place of a block with ``left`` unplaced: all when nothing is typed, else its size.

    Raises:
        ValueError: it is no such size, or more than a percentage can be; with a sentence.

    >>> share_of("1k", Decimal(4_000)), share_of("50%", Decimal(4_001)), share_of(" ", Decimal(4_000))
    (Decimal('1000'), Decimal('2000'), Decimal('4000'))
    """
    if not typed.strip():
        return left
    share = parse_size(typed, left, currency)
    if "%" in typed and share > left:
        raise ValueError(f"'{typed.strip()}' is more than the whole.")
    return share


def _share_problem(typed: str) -> str | None:
    """Return why what is typed is a size of no block, however large."""
    try:
        share_of(typed, ANY_SIZE)
    except ValueError as error:
        return str(error)
    return None


def _shares(scope: Scope, values: Values) -> list[tuple[ResourceId, Size, Size]]:
    """Return each block with what to place of it and what is unplaced, in units or in its money.

    Raises:
        ValueError: something cannot be placed of a block; says of which one and why.
    """
    found = []
    for id in placeable(scope):
        left = unplaced(scope, id)
        try:
            share = share_of(values["quantity"], left.value or ZERO, left.currency)
        except ValueError as error:
            raise ValueError(f"{scope.snapshot.name_of(EntityKind.BLOCKS, id)}: {error}") from None
        found.append((id, Size(share, left.currency), left))
    return found


def _shares_problem(scope: Scope, values: Values) -> Sequence[str]:
    """Return why blocks cannot be placed with what was typed."""
    try:
        shares = _shares(scope, values)
    except ValueError as error:
        return [str(error)]
    mixed = mixed_measures(values["quantity"], (share.currency for _, share, _ in shares))
    return mixed or [
        f"{scope.snapshot.name_of(EntityKind.BLOCKS, id)} has only {left.words} unplaced."
        for id, share, left in shares
        if (share.value or ZERO) > (left.value or ZERO)
    ]


def _shares_in_words(scope: Scope, values: Values) -> str:
    try:
        shares = _shares(scope, values)
    except ValueError:
        return ""
    snapshot = scope.snapshot
    whole: dict[tuple[tuple[object, ...], str], Decimal] = {}
    for id, share, _ in shares:
        key = (instrument_key(snapshot.blocks[id]), share.currency)
        whole[key] = whole.get(key, ZERO) + (share.value or ZERO)
    most = [
        f"{_of_instrument(snapshot, snapshot.blocks[id].block.lusid_instrument_id, share)}"
        f" ({short_id(snapshot, Ref(EntityKind.BLOCKS, id))})"
        for id, share, _ in shares[:MOST_NAMED]
    ]
    more = f" and {len(shares) - MOST_NAMED:,} more" if len(shares) > MOST_NAMED else ""
    total = ""
    if len(whole) == 1:  # what is of several instruments is never added
        ((instrument, currency), value) = whole.popitem()
        total = f"{_of_instrument(snapshot, str(instrument[0]), Size(value, currency))}: "
    return f"{total}{', '.join(most)}{more}"


def _of_instrument(snapshot: Snapshot, luid: str, size: Size) -> str:
    known = snapshot.instruments.get(luid)
    if known is None:
        return size.words
    return f"{size} of {known.label}" if size.currency else f"{size} {known.label}"


def _terms_problem(values: Values) -> Sequence[str]:
    terms = (values.get("type", ""), values.get("limit", ""), values.get("stop", ""))
    return [*missing_prices(*terms), *useless_prices(*terms), *_broker_problem(values)]


def _broker_problem(values: Values) -> Sequence[str]:
    """Return that nobody is named to work a placement: no broker, and no system that finds one."""
    named = values["counterparty"].strip() or values["system"].strip()
    return [] if named else ["Name the broker who works it, or the system that finds one."]


_PRICES: Final = {
    "market": (),
    "limit": ("limit",),
    "stop": ("stop",),
    "stoplimit": ("limit", "stop"),
}
"""The prices that an order of a type goes by; one of another type may go by any."""


def useless_prices(type: str, limit: str, stop: str) -> Sequence[str]:
    """Return which of the prices given an order of this type does not go by, as sentences."""
    used = _PRICES.get(normalize(type), ("limit", "stop"))
    given = (name for name, price in (("limit", limit), ("stop", stop)) if price.strip())
    words = "At market" if normalize(type) == "market" else f"With type {type}"
    return [
        f"{words} there is no {name}: change the type, or leave it empty."
        for name in given
        if name not in used
    ]


def missing_prices(type: str, limit: str, stop: str) -> Sequence[str]:
    """Return the prices that an order of ``type`` needs and does not have, a sentence each."""
    kind = normalize(type)
    told = []
    if kind in ("limit", "stoplimit") and not limit.strip():
        told.append("A limit order needs a limit price.")
    if kind in ("stop", "stoplimit") and not stop.strip():
        told.append("A stop order needs a stop price.")
    return told


def place_verb(scope: Scope, values: Values) -> Verb:
    """Return the placing of the blocks of ``scope``, as it was typed."""
    requests, kinds = [], offered(TYPES, scope.snapshot.order_types)
    for id, share, _ in _shares(scope, values):
        block = scope.snapshot.blocks[id].block
        currency = currency_of(block, scope.snapshot)
        amount = CurrencyAndAmount(amount=share.value, currency=share.currency) if share.currency else None
        requests.append(
            PlacementRequest(
                id=ResourceId(id.scope, new_code("PLC")),
                block_ids=(id,),
                properties={},
                instrument_identifiers=block.instrument_identifiers,
                quantity=None if amount else share.value,
                amount=amount,
                state="New",
                side=block.side,
                time_in_force=block.time_in_force or "Day",
                type=kinds.get(values.get("type", "")) or block.type or "Market",
                created_date=scope.now,
                limit_price=money_or_none(values.get("limit", ""), currency) or block.limit_price,
                stop_price=money_or_none(values.get("stop", ""), currency) or block.stop_price,
                counterparty=values["counterparty"].strip(" ") or None,
                execution_system=values["system"].strip(" ") or None,
                entry_type=values["entry"],
            )
        )
    return PlaceBlocks(tuple(requests))
