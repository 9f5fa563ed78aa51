"""Placing blocks, and updating and cancelling placements (P1 to P12)."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec

from tui.api.base import ZERO, CurrencyAndAmount, ResourceId
from tui.api.models import Block, Placement
from tui.api.requests import (
    CancelledPlacement,
    KeyedReply,
    PlaceBlocksRequest,
    PlacementRequest,
    PlacementUpdateRequest,
    ResourceList,
)
from tui.api.states import is_cancelled, is_finished, normal
from tui.oms.domain.instrument_master import instrument_of
from tui.oms.domain.refusals import Refusal, already_exists
from tui.oms.domain.unit_of_work import CHILDREN_OF_PLACEMENT, PendingPrices, ReplyBuilder, UnitOfWork
from tui.oms.rules.blocking import swept_refusal
from tui.oms.rules.entities import CANCELLED, NEW, merge_properties, require, with_computed_fields
from tui.oms.rules.per_item import apply_per_item, keyed_reply
from tui.oms.rules.placed_quantities import (
    executed_size,
    live_size,
    unplaced_size,
    with_ancestors,
    with_descendants,
)
from tui.oms.rules.sizes import (
    AMOUNT,
    QUANTITY,
    Basis,
    basis_name,
    decimal_text,
    exact_arithmetic,
    exceeds,
    is_zero,
    total,
)
from tui.oms.rules.validation import RequestChecks, check_one_size, invalid_value

MARKET = "market"
MAX_NAME_LENGTH = 256


@exact_arithmetic
def place_blocks(uow: UnitOfWork, request: PlaceBlocksRequest) -> ReplyBuilder:
    """P1 to P7: send blocks to market, all of them or none.

    Raises:
        Refusal: any item breaks a rule.
    """
    checks = RequestChecks()
    checks.check_count("Requests", request.requests)
    check_placement_requests(checks, uow, request.requests)
    for item in request.requests:
        if uow.get(Placement, item.id) is not None:
            raise already_exists(Placement, item.id, "P6")
        placement = placement_from(uow, item)
        _check_room(uow, placement)
        uow.put(placement)
    ids = [item.id for item in request.requests]

    def answer() -> ResourceList[Placement]:
        return ResourceList(values=tuple(require(uow, Placement, id, "P6") for id in ids), links=())

    return answer


def check_placement_requests(
    checks: RequestChecks, uow: UnitOfWork, requests: tuple[PlacementRequest, ...]
) -> None:
    """Section 2.0: ids, required fields, repeated ids of placements in a request."""
    for index, item in enumerate(requests):
        at = f"Requests[{index}]"
        checks.check_id(f"{at}.Id", uow, item.id, Placement)
        checks.check_not_empty(at, item, "instrument_identifiers", "block_ids")
        checks.check_required(at, item, "side", "type", "time_in_force")
        checks.check_currency(at, item, "amount", "limit_price", "stop_price")
        checks.check_properties(f"{at}.Properties", Placement, item.properties)
        _check_name_lengths(checks, at, item)
    checks.check_unique("Placement id", (item.id for item in requests))
    checks.raise_if_invalid()


def _check_name_lengths(
    checks: RequestChecks, at: str, item: PlacementRequest | PlacementUpdateRequest
) -> None:
    for field, text in (("ExecutionSystem", item.execution_system), ("EntryType", item.entry_type)):
        if text is not None and not 1 <= len(text) <= MAX_NAME_LENGTH:
            checks.add_error(
                f"{at}.{field}", f"The field {field} must be 1 to {MAX_NAME_LENGTH} characters long."
            )


def placement_from(uow: UnitOfWork, item: PlacementRequest) -> Placement:
    """P1, P2, P5, P6: the placement a request makes.

    Raises:
        Refusal: a block or parent is unknown, or the placement does not fit it.
    """
    check_one_size("Placement", item.id, item.quantity, item.amount)
    placement = with_computed_fields(
        Placement(
            id=item.id,
            parent_placement_id=item.parent_placement_id,
            block_ids=tuple(dict.fromkeys(item.block_ids)),
            properties=dict(item.properties or {}),
            instrument_identifiers=item.instrument_identifiers,
            lusid_instrument_id=uow.instruments.luid(item.instrument_identifiers),
            quantity=item.quantity,
            amount=item.amount,
            state=item.state or NEW,
            side=item.side,
            time_in_force=item.time_in_force,
            type=item.type,
            created_date=item.created_date,
            limit_price=item.limit_price,
            stop_price=item.stop_price,
            counterparty=item.counterparty,
            execution_system=item.execution_system,
            entry_type=item.entry_type,
            links=(),
        )
    )
    existing = uow.get(Placement, item.id)
    for id in placement.block_ids:
        block = require(uow, Block, id, "P1")
        if existing is None or _matched_fields(placement) != _matched_fields(existing):
            _check_fits_block(placement, block)
    _check_parent(uow, placement)
    return placement


def _matched_fields(placement: Placement) -> tuple[object, ...]:
    """P2, P10: what must fit a block; a record that leaves it as it stands need not fit again."""
    prices = (placement.limit_price, placement.stop_price)
    return (
        placement.block_ids,
        instrument_of(placement),
        normal(placement.side),
        normal(placement.type),
        prices,
    )


def _check_fits_block(placement: Placement, block: Block) -> None:
    """P2: instrument and side are the block's; type and prices too, unless it goes at market."""
    differing = []
    if instrument_of(placement) != instrument_of(block):
        differing.append(f"instrument {placement.lusid_instrument_id}, not {block.lusid_instrument_id}")
    if normal(placement.side) != normal(block.side):
        differing.append(f"side {placement.side}, not {block.side}")
    if normal(block.type) != MARKET:
        if normal(placement.type) != normal(block.type):
            differing.append(f"type {placement.type}, not {block.type or 'none'}")
        if placement.limit_price != block.limit_price:
            differing.append(
                f"limitPrice {placement.limit_price or 'none'}, not {block.limit_price or 'none'}"
            )
        if placement.stop_price != block.stop_price:
            differing.append(f"stopPrice {placement.stop_price or 'none'}, not {block.stop_price or 'none'}")
    if differing:
        detail = f"Placement '{placement.id}' does not fit block '{block.id}': {'; '.join(differing)}."
        raise Refusal("BlockFieldMismatch", detail, "P2")


def _check_parent(uow: UnitOfWork, placement: Placement) -> None:
    """P5: a child is of its parent's instrument, side and blocks, and fits into it with its siblings."""
    if placement.parent_placement_id is None:
        return
    parent = require(uow, Placement, placement.parent_placement_id, "P5")
    if any(above.id == placement.id for above in with_ancestors(uow, parent)):
        raise invalid_value(f"Placement '{placement.id}' cannot be a child of itself.", "P5")
    differing = []
    if instrument_of(placement) != instrument_of(parent):
        differing.append(f"instrument {placement.lusid_instrument_id}, not {parent.lusid_instrument_id}")
    if normal(placement.side) != normal(parent.side):
        differing.append(f"side {placement.side}, not {parent.side}")
    if outside := [str(id) for id in placement.block_ids if id not in parent.block_ids]:
        differing.append(f"block {', '.join(outside)} is not one of its blocks")
    if differing:
        detail = f"Placement '{placement.id}' does not fit its parent '{parent.id}': {'; '.join(differing)}."
        raise Refusal("ParentFieldMismatch", detail, "P5")
    for basis in (QUANTITY, AMOUNT):
        size = basis.size_of(placement) or ZERO
        room = unplaced_under(uow, parent, basis, without=placement.id)
        if size and exceeds(size, room):
            detail = (
                f"Placement '{placement.id}' of {decimal_text(size)} would exceed the {decimal_text(room)} "
                f"still unplaced of its parent '{parent.id}'."
            )
            raise Refusal("OverPlacement", detail, "P5")


def unplaced_under(
    uow: UnitOfWork, parent: Placement, basis: Basis, without: ResourceId | None = None
) -> Decimal:
    """P5: give what children may still take of ``parent``, one child left out of the reckoning."""
    children = uow.related(CHILDREN_OF_PLACEMENT, parent.id)
    taken = total(live_size(uow, child, basis) for child in children if child.id != without)
    return max(ZERO, (basis.size_of(parent) or ZERO) - taken)


def _check_room(uow: UnitOfWork, placement: Placement) -> None:
    """P3, P4, P7: the blocks must be open for work and have room for a new top-level placement."""
    blocks = [require(uow, Block, id, "P1") for id in placement.block_ids]
    for block in blocks:
        if block.is_swept:
            raise swept_refusal(block, "P7")
        if is_zero(block.quantity) and is_zero(AMOUNT.size_of(block)):
            detail = f"Block '{block.id}' has no quantity left to place."
            raise Refusal("BlockNotPlaceable", detail, "P7")
    if placement.parent_placement_id is not None:
        parent = require(uow, Placement, placement.parent_placement_id, "P5")
        if is_cancelled(parent.state):
            raise _wrong_state_refusal(parent, "placed further", "P5")
        return
    basis = QUANTITY if placement.quantity is not None else AMOUNT
    names = ", ".join(f"'{block.id}'" for block in blocks)
    for block in blocks:
        _check_basis(placement, block)
    size, room = basis.size_of(placement) or ZERO, unplaced_size(uow, placement.block_ids, basis)
    if exceeds(size, room):
        detail = (
            f"Placement '{placement.id}' of {decimal_text(size)} would exceed the {decimal_text(room)} "
            f"still unplaced of block {names}."
        )
        raise Refusal("OverPlacement", detail, "P3")


def _check_basis(placement: Placement, block: Block) -> None:
    """P3: a placement is measured against its block, so both are in units or in the same money."""
    own, theirs = basis_name(placement), basis_name(block)
    if own == theirs == AMOUNT.name and placement.amount and block.amount:
        own, theirs = placement.amount.currency, block.amount.currency
    if own != theirs:
        detail = f"Placement '{placement.id}' is sized in {own}, block '{block.id}' in {theirs}."
        raise Refusal("BasisMismatch", detail, "P3")


def _wrong_state_refusal(placement: Placement, done: str, rule: str) -> Refusal:
    detail = f"Placement '{placement.id}' is {placement.state} and cannot be {done}."
    return Refusal("InvalidPlacementState", detail, rule)


@exact_arithmetic
def update_placements(uow: UnitOfWork, request: Mapping[str, PlacementUpdateRequest]) -> ReplyBuilder:
    """P8, P9, P10, U5: change the fields sent, each item on its own."""
    checks = RequestChecks()
    for key, item in request.items():
        at = f"[{key}]"
        checks.check_currency(at, item, "amount")
        checks.check_properties(f"{at}.Properties", Placement, item.properties)
        _check_name_lengths(checks, at, item)
    checks.raise_if_invalid()
    done, failed = apply_per_item(uow, request, lambda item: _update(uow, item))

    def answer() -> KeyedReply[Placement]:
        return keyed_reply({key: require(uow, Placement, id, "P8") for key, id in done.items()}, failed)

    return answer


def _update(uow: UnitOfWork, item: PlacementUpdateRequest) -> ResourceId:
    """P8: apply one item; gives the placement's id."""
    before = require(uow, Placement, item.id, "P8")
    if is_cancelled(before.state):
        raise _wrong_state_refusal(before, "updated", "P8")
    names = ("quantity", "amount", "counterparty", "execution_system", "entry_type", "type")
    sent = {name: getattr(item, name) for name in names}
    changes: dict[str, Any] = {name: value for name, value in sent.items() if value is not None}
    if item.properties is not None:
        changes["properties"] = merge_properties(before.properties, item.properties, deleting=True)
    after = with_computed_fields(msgspec.structs.replace(before, **changes))
    after = _with_prices(uow, _with_type_checked(uow, before, after), item)
    if (after.quantity, after.amount) != (before.quantity, before.amount):
        _check_size(uow, before, after)
    uow.put(after)
    return after.id


def _check_size(uow: UnitOfWork, before: Placement, after: Placement) -> None:
    """P8: not below what is executed or given to children, not above what its blocks have free."""
    check_one_size("Placement", before.id, after.quantity, after.amount)
    basis = QUANTITY if after.quantity is not None else AMOUNT
    old, new = basis.size_of(before) or ZERO, basis.size_of(after) or ZERO
    what = f"A quantity of {decimal_text(new)} for placement '{after.id}'"
    units = executed_size(uow, after, basis)
    if exceeds(units, new):
        detail = f"{what} is below its executed quantity {decimal_text(units)}."
        raise Refusal("QuantityBelowExecuted", detail, "P8")
    children = uow.related(CHILDREN_OF_PLACEMENT, after.id)
    below = total(live_size(uow, child, basis) for child in children)
    if exceeds(below, new):
        detail = f"{what} is below the {decimal_text(below)} placed through its children."
        raise Refusal("QuantityBelowExecuted", detail, "P8")
    if after.parent_placement_id is not None:
        parent = require(uow, Placement, after.parent_placement_id, "P5")
        most = old + unplaced_under(uow, parent, basis)
    else:
        most = old + unplaced_size(uow, after.block_ids, basis)
    if exceeds(new, most):
        raise Refusal("OverPlacement", f"{what} is above the {decimal_text(most)} it can have.", "P8")


def _with_type_checked(uow: UnitOfWork, before: Placement, after: Placement) -> Placement:
    """P9: the type changes only where the block goes at market; at market there are no prices."""
    if normal(after.type) == normal(before.type):
        return after
    for id in before.block_ids:
        block = require(uow, Block, id, "P9")
        if normal(block.type) != MARKET:
            detail = f"The type of placement '{before.id}' follows block '{id}', which is {block.type}."
            raise Refusal("BlockFieldMismatch", detail, "P9")
    if normal(after.type) == MARKET:
        uow.remove(PendingPrices, before.id)
        return msgspec.structs.replace(after, limit_price=None, stop_price=None)
    return after


def _with_prices(uow: UnitOfWork, placement: Placement, item: PlacementUpdateRequest) -> Placement:
    """P10: prices arrive as numbers, in the currency sent or else the one the placement is in.

    While there is none they are kept aside, and come to light with the currency.
    """
    if item.currency is not None:
        _check_currency(placement, item.currency)
    kept = uow.get(PendingPrices, placement.id)
    known = [money.currency for money in _money_fields(placement) if money is not None and money.currency]
    currency = item.currency or (known[0] if known else None)
    if currency is None:
        if item.limit_price is not None or item.stop_price is not None:
            uow.put(
                PendingPrices(
                    id=placement.id,
                    limit_price=_first_given(item.limit_price, kept.limit_price if kept else None),
                    stop_price=_first_given(item.stop_price, kept.stop_price if kept else None),
                )
            )
        return placement
    if kept is not None:
        uow.remove(PendingPrices, placement.id)

    def price(
        sent: Decimal | None, aside: Decimal | None, old: CurrencyAndAmount | None
    ) -> CurrencyAndAmount | None:
        number = _first_given(sent, aside)
        if number is None and (old is None or item.currency is None):
            return old
        return CurrencyAndAmount(amount=_first_given(number, old.amount if old else None), currency=currency)

    return msgspec.structs.replace(
        placement,
        limit_price=price(item.limit_price, kept.limit_price if kept else None, placement.limit_price),
        stop_price=price(item.stop_price, kept.stop_price if kept else None, placement.stop_price),
    )


def _first_given(*numbers: Decimal | None) -> Decimal | None:
    return next((number for number in numbers if number is not None), None)


def _check_currency(placement: Placement, currency: str) -> None:
    """P10: at market there is no currency, and a value placement has its own."""
    if normal(placement.type) == MARKET:
        raise invalid_value(f"Placement '{placement.id}' goes at market: a currency is not permitted.", "P10")
    if placement.amount is not None and placement.amount.currency != currency:
        detail = (
            f"Placement '{placement.id}' is sized in {placement.amount.currency}, "
            f"so its prices cannot be in {currency}."
        )
        raise invalid_value(detail, "P10")


def _money_fields(placement: Placement) -> tuple[CurrencyAndAmount | None, ...]:
    return (placement.limit_price, placement.stop_price, placement.amount)


@exact_arithmetic
def cancel_placements(uow: UnitOfWork, request: Mapping[str, ResourceId]) -> ReplyBuilder:
    """P11: cancel placements with their children, each item on its own."""
    RequestChecks().check_unique("Placement id", request.values())
    done, failed = apply_per_item(uow, request, lambda id: (id, _cancel(uow, id)))

    def answer() -> KeyedReply[CancelledPlacement]:
        values = {
            key: CancelledPlacement(
                placement_state=uow.get(Placement, id), cancelled_child_placements=children
            )
            for key, (id, children) in done.items()
        }
        return keyed_reply(values, failed)

    return answer


def _cancel(uow: UnitOfWork, id: ResourceId) -> tuple[ResourceId, ...]:
    """P11, P12: cancel one placement, quantity kept; gives the children that went with it."""
    placement = require(uow, Placement, id, "P11")
    if is_finished(placement.state):
        raise _wrong_state_refusal(placement, "cancelled", "P11")
    children = []
    for member in with_descendants(uow, placement):
        if member.id == id or not is_finished(member.state):
            uow.put(msgspec.structs.replace(member, state=CANCELLED))
            children.append(member.id)
    return tuple(child for child in children if child != id)
