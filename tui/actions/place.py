"""The form and the verb that place blocks at brokers."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from decimal import Decimal
from typing import Final

from tui.actions import brokers_typed
from tui.actions.action import WARNING, Form, Scope, Values
from tui.actions.brokers_typed import NO_BROKER, BrokerShare, read_brokers, split_by_broker
from tui.actions.eligibility import counterparties, currency_of, placeable, systems, unplaced
from tui.actions.form_fields import (
    ANY_SIZE,
    amount,
    mixed_measures,
    money_or_none,
    pick,
    problem,
    size,
    text,
)
from tui.actions.instruments_typed import last_price_of
from tui.api.base import ZERO, CurrencyAndAmount, ResourceId
from tui.api.models import OrderGraphBlock
from tui.api.requests import PlacementRequest
from tui.api.states import normalize
from tui.service.numbers import counted, money, number, parse_size
from tui.service.row_phrases import rows_in_words, short_id
from tui.service.shares import SplitError
from tui.service.snapshot.naming import instrument_and_id
from tui.service.snapshot.sizing import Size, block_ordered
from tui.service.snapshot.snapshot import EntityKind, Ref, Snapshot, instrument_key
from tui.service.verbs import PlaceBlocks, Verb
from tui.service.verbs.facts import placement_request_line
from tui.service.wire_words import ENTRIES, TYPES, offered
from tui.service.writes.limit_words import percent
from widgets.fields import Field

MOST_NAMED: Final = 4
"""Blocks named while a quantity is typed; more would not fit the line."""


def place_form(scope: Scope) -> Form:
    """Return the form that places blocks: how much of each, on which terms, with whom."""
    ids = placeable(scope)
    brokers = counterparties(scope.snapshot)
    route = (
        text(
            "counterparty",
            "Broker",
            choices=lambda typed: brokers_typed.completed(typed, brokers),
            help="Who works it; several as ALBN 60% KEYS 40%",
            check=problem(lambda typed: read_brokers(typed, brokers)),
        ),
        text("system", "System", choices=systems(scope.snapshot), help="Execution system"),
        pick("entry", "Entry", tuple(ENTRIES), "Manual", help="How it is entered"),
    )
    title = f"Place {counted(len(ids), 'block')}"
    intro = rows_in_words(scope.snapshot, EntityKind.BLOCKS, ids)
    if len(ids) > 1:
        return Form(
            title,
            (_share_field(), *route),
            intro=intro,
            check=lambda values: [*_shares_problem(scope, values), *_broker_problem(scope, values)],
            live=lambda values: _shares_in_words(scope, values),
        )
    left, block = unplaced(scope, ids[0]), scope.snapshot.blocks[ids[0]]
    what = "Money" if left.currency else "Units"
    quantity = size("quantity", left, of="unplaced", help=f"{what} to place; all that is unplaced by default")
    currency = currency_of(block.block, scope.snapshot)
    price = (
        pick("type", "Type", tuple(offered(TYPES, scope.snapshot.order_types))),
        amount("limit", "Limit", currency=currency),
        amount("stop", "Stop", currency=currency),
    )
    return Form(
        title,
        (quantity, *route, *(price if normalize(block.block.type) == "market" else ())),
        intro=f"{intro}\n{_standing(scope, block, left)}",
        check=lambda values: [*_terms_problem(values), *_broker_problem(scope, values)],
        live=lambda values: _placing_in_words(scope, values),
    )


def _standing(scope: Scope, block: OrderGraphBlock, left: Size) -> str:
    """Return what of a block is unplaced, and the last price of its instrument with its age."""
    said = f"{left.words} unplaced of {block_ordered(scope.snapshot, block)}"
    return " · ".join(filter(None, (said, last_price_of(scope, block.block.lusid_instrument_id))))


def _placing_in_words(scope: Scope, values: Values) -> str:
    """Return what is placed of a block in units and money, its share of the volume, and who gets what."""
    snapshot, [id] = scope.snapshot, placeable(scope)
    known = snapshot.instruments.get(snapshot.blocks[id].block.lusid_instrument_id)
    try:
        [(_, share, left)] = _shares(scope, values)
        line = placement_request_line(snapshot, _request(scope, id, share, BrokerShare(NO_BROKER), values))
    except ValueError:
        return ""
    said = [share.words]
    if not share.currency and line.notional is not None:
        said.append(f"= {money(line.notional, line.currency)}")
    if known is not None and known.adv and line.units is not None:
        said.append(f"· {percent(line.units / known.adv)} of the daily volume of {number(known.adv)}")
    over = (share.value or ZERO) > (left.value or ZERO)
    return "\n".join(
        filter(
            None,
            (
                " ".join(said),
                f"{WARNING}{share.words} is more than the {left.words} unplaced." if over else "",
                _split_in_words(scope, share, values["counterparty"]),
            ),
        )
    )


def _split_in_words(scope: Scope, whole: Size, typed: str) -> str:
    """Return what each of several brokers gets, or what is left for nobody; empty for a single one."""
    try:
        brokers = read_brokers(typed, counterparties(scope.snapshot), whole.currency)
        if len(brokers) < 2 and brokers[0].share.is_rest:
            return ""
        sizes = split_by_broker(whole.value or ZERO, brokers, whole.currency)
    except SplitError as error:
        return f"{WARNING}{error}"
    except ValueError:
        return ""
    told = (f"{each.name} {Size(part, whole.currency)}" for each, part in zip(brokers, sizes, strict=True))
    return f"{' · '.join(told)} · nothing left"


def _share_field() -> Field:
    return text(
        "quantity",
        "Quantity",
        help="Of each: 1k, 50%, -10%; empty is all",
        check=_share_problem,
        echo=lambda typed: (
            f"{typed.strip()} of what each block has unplaced"
            if "%" in typed
            else f"{typed.strip()} of each block"
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
            raise ValueError(f"{_called(scope, id)}: {error}") from None
        found.append((id, Size(share, left.currency), left))
    return found


def _called(scope: Scope, id: ResourceId) -> str:
    return instrument_and_id(scope.snapshot, EntityKind.BLOCKS, id)


def _shares_problem(scope: Scope, values: Values) -> Sequence[str]:
    """Return why blocks cannot be placed with what was typed."""
    try:
        shares = _shares(scope, values)
    except ValueError as error:
        return [str(error)]
    mixed = mixed_measures(values["quantity"], (share.currency for _, share, _ in shares))
    return mixed or [
        f"{_called(scope, id)} has only {left.words} unplaced."
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
    return "\n".join(filter(None, (f"{total}{', '.join(most)}{more}", _by_broker(scope, values))))


def _by_broker(scope: Scope, values: Values) -> str:
    """Return what each of several brokers gets of all blocks; empty for one, and for several instruments."""
    given: dict[str, Decimal] = {}
    instruments = set()
    try:
        for id, share, _ in _shares(scope, values):
            instruments.add((instrument_key(scope.snapshot.blocks[id]), share.currency))
            for broker, part in _split(scope, share, values):
                given[broker.name] = given.get(broker.name, ZERO) + (part.value or ZERO)
    except SplitError as error:
        return f"{WARNING}{error}"
    except ValueError:
        return ""
    if len(given) < 2 or len(instruments) > 1:
        return ""
    [(_, currency)] = instruments
    return " · ".join(f"{name} {Size(value, currency)}" for name, value in given.items())


def _of_instrument(snapshot: Snapshot, luid: str, size: Size) -> str:
    known = snapshot.instruments.get(luid)
    if known is None:
        return size.words
    return f"{size} of {known.label}" if size.currency else f"{size} {known.label}"


def _terms_problem(values: Values) -> Sequence[str]:
    terms = (values.get("type", ""), values.get("limit", ""), values.get("stop", ""))
    return [*missing_prices(*terms), *useless_prices(*terms)]


def _broker_problem(scope: Scope, values: Values) -> Sequence[str]:
    """Return why brokers do not fit what is placed, or that nobody is named and no system finds one."""
    if not (values["counterparty"].strip() or values["system"].strip()):
        return ["Name the broker who works it, or the system that finds one."]
    with suppress(ValueError):  # of a size, which is told at its field
        for id, share, _ in _shares(scope, values):
            try:
                _split(scope, share, values)
            except ValueError as error:
                several = len(placeable(scope)) > 1
                return [f"{_called(scope, id)}: {error}" if several else str(error)]
    return []


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


def _split(scope: Scope, share: Size, values: Values) -> list[tuple[BrokerShare, Size]]:
    """Return what each broker gets of what is placed of a block.

    Raises:
        ValueError: they do not add up to it; with a sentence.
    """
    brokers = read_brokers(values["counterparty"], counterparties(scope.snapshot), share.currency)
    sizes = split_by_broker(share.value or ZERO, brokers, share.currency)
    return [(each, Size(part, share.currency)) for each, part in zip(brokers, sizes, strict=True)]


def place_verb(scope: Scope, values: Values) -> Verb:
    """Return the placing of the blocks of ``scope``, as it was typed: a placement for each broker."""
    return PlaceBlocks(
        tuple(
            _request(scope, id, part, broker, values)
            for id, share, _ in _shares(scope, values)
            for broker, part in _split(scope, share, values)
        )
    )


def _request(
    scope: Scope, id: ResourceId, share: Size, broker: BrokerShare, values: Values
) -> PlacementRequest:
    """Return the placement of a part of a block with a broker."""
    block = scope.snapshot.blocks[id].block
    kinds = offered(TYPES, scope.snapshot.order_types)
    currency = currency_of(block, scope.snapshot)
    amount = CurrencyAndAmount(amount=share.value, currency=share.currency) if share.currency else None
    return PlacementRequest(
        id=scope.new_id(EntityKind.PLACEMENTS, id.scope),
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
        counterparty=broker.name or None,
        execution_system=values["system"].strip(" ") or None,
        entry_type=ENTRIES[values["entry"]],
    )
