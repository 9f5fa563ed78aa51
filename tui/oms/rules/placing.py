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
from tui.oms.rules.blocking import swept
from tui.oms.rules.entities import CANCELLED, NEW, computed, merged, need
from tui.oms.rules.per_item import each, reply
from tui.oms.rules.placed_quantities import executed, family, lineage, live_size, room_in
from tui.oms.rules.sizes import (
    AMOUNT,
    QUANTITY,
    Basis,
    basis_of,
    exactly,
    more,
    nothing,
    plain,
    total,
)
from tui.oms.rules.validation import Checks, invalid, one_size

MARKET = "market"
NAME_LENGTH = 256


@exactly
def place_blocks(uow: UnitOfWork, request: PlaceBlocksRequest) -> ReplyBuilder:
    """P1 to P7: send blocks to market, all of them or none.

    Raises:
        Refusal: any item breaks a rule.
    """
    checks = Checks()
    checks.size("Requests", request.requests)
    check_requests(checks, uow, request.requests)
    for item in request.requests:
        if uow.get(Placement, item.id) is not None:
            raise already_exists(Placement, item.id, "P6")
        placement = placement_from(uow, item)
        _check_room(uow, placement)
        uow.put(placement)
    ids = [item.id for item in request.requests]

    def answer() -> ResourceList[Placement]:
        return ResourceList(values=tuple(need(uow, Placement, id, "P6") for id in ids), links=())

    return answer


def check_requests(checks: Checks, uow: UnitOfWork, requests: tuple[PlacementRequest, ...]) -> None:
    """Section 2.0: ids, required fields, repeated ids of placements in a request."""
    for index, item in enumerate(requests):
        at = f"Requests[{index}]"
        checks.valid_id(f"{at}.Id", uow, item.id, Placement)
        checks.some(at, item, "instrument_identifiers", "block_ids")
        checks.given(at, item, "side", "type", "time_in_force")
        checks.money(at, item, "amount", "limit_price", "stop_price")
        checks.properties(f"{at}.Properties", Placement, item.properties)
        _check_names(checks, at, item)
    checks.unique("Placement id", (item.id for item in requests))
    checks.done()


def _check_names(checks: Checks, at: str, item: PlacementRequest | PlacementUpdateRequest) -> None:
    for field, text in (("ExecutionSystem", item.execution_system), ("EntryType", item.entry_type)):
        if text is not None and not 1 <= len(text) <= NAME_LENGTH:
            checks.wrong(f"{at}.{field}", f"The field {field} must be 1 to {NAME_LENGTH} characters long.")


def placement_from(uow: UnitOfWork, item: PlacementRequest) -> Placement:
    """P1, P2, P5, P6: the placement a request makes.

    Raises:
        Refusal: a block or parent is unknown, or the placement does not fit it.
    """
    one_size("Placement", item.id, item.quantity, item.amount)
    placement = computed(
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
    stands = uow.get(Placement, item.id)
    for id in placement.block_ids:
        block = need(uow, Block, id, "P1")
        if stands is None or _terms(placement) != _terms(stands):
            _check_fit(placement, block)
    _check_parent(uow, placement)
    return placement


def _terms(placement: Placement) -> tuple[object, ...]:
    """P2, P10: what must fit a block; a record that leaves it as it stands need not fit again."""
    prices = (placement.limit_price, placement.stop_price)
    return (
        placement.block_ids,
        instrument_of(placement),
        normal(placement.side),
        normal(placement.type),
        prices,
    )


def _check_fit(placement: Placement, block: Block) -> None:
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
    parent = need(uow, Placement, placement.parent_placement_id, "P5")
    if any(above.id == placement.id for above in lineage(uow, parent)):
        raise invalid(f"Placement '{placement.id}' cannot be a child of itself.", "P5")
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
        size = basis.of(placement) or ZERO
        room = room_under(uow, parent, basis, without=placement.id)
        if size and more(size, room):
            detail = (
                f"Placement '{placement.id}' of {plain(size)} would exceed the {plain(room)} still "
                f"unplaced of its parent '{parent.id}'."
            )
            raise Refusal("OverPlacement", detail, "P5")


def room_under(
    uow: UnitOfWork, parent: Placement, basis: Basis, without: ResourceId | None = None
) -> Decimal:
    """P5: give what children may still take of ``parent``, one child left out of the reckoning."""
    children = uow.related(CHILDREN_OF_PLACEMENT, parent.id)
    taken = total(live_size(uow, child, basis) for child in children if child.id != without)
    return max(ZERO, (basis.of(parent) or ZERO) - taken)


def _check_room(uow: UnitOfWork, placement: Placement) -> None:
    """P3, P4, P7: the blocks must be open for work and have room for a new top-level placement."""
    blocks = [need(uow, Block, id, "P1") for id in placement.block_ids]
    for block in blocks:
        if block.is_swept:
            raise swept(block, "P7")
        if nothing(block.quantity) and nothing(AMOUNT.of(block)):
            detail = f"Block '{block.id}' has no quantity left to place."
            raise Refusal("BlockNotPlaceable", detail, "P7")
    if placement.parent_placement_id is not None:
        parent = need(uow, Placement, placement.parent_placement_id, "P5")
        if is_cancelled(parent.state):
            raise _wrong_state(parent, "placed further", "P5")
        return
    basis = QUANTITY if placement.quantity is not None else AMOUNT
    names = ", ".join(f"'{block.id}'" for block in blocks)
    for block in blocks:
        _check_basis(placement, block)
    size, room = basis.of(placement) or ZERO, room_in(uow, placement.block_ids, basis)
    if more(size, room):
        detail = (
            f"Placement '{placement.id}' of {plain(size)} would exceed the {plain(room)} still unplaced "
            f"of block {names}."
        )
        raise Refusal("OverPlacement", detail, "P3")


def _check_basis(placement: Placement, block: Block) -> None:
    """P3: a placement is measured against its block, so both are in units or in the same money."""
    own, theirs = basis_of(placement), basis_of(block)
    if own == theirs == AMOUNT.name and placement.amount and block.amount:
        own, theirs = placement.amount.currency, block.amount.currency
    if own != theirs:
        detail = f"Placement '{placement.id}' is sized in {own}, block '{block.id}' in {theirs}."
        raise Refusal("BasisMismatch", detail, "P3")


def _wrong_state(placement: Placement, done: str, rule: str) -> Refusal:
    detail = f"Placement '{placement.id}' is {placement.state} and cannot be {done}."
    return Refusal("InvalidPlacementState", detail, rule)


@exactly
def update_placements(uow: UnitOfWork, request: Mapping[str, PlacementUpdateRequest]) -> ReplyBuilder:
    """P8, P9, P10, U5: change the fields sent, each item on its own."""
    checks = Checks()
    for key, item in request.items():
        at = f"[{key}]"
        checks.money(at, item, "amount")
        checks.properties(f"{at}.Properties", Placement, item.properties)
        _check_names(checks, at, item)
    checks.done()
    done, failed = each(uow, request, lambda item: _update(uow, item))

    def answer() -> KeyedReply[Placement]:
        return reply({key: need(uow, Placement, id, "P8") for key, id in done.items()}, failed)

    return answer


def _update(uow: UnitOfWork, item: PlacementUpdateRequest) -> ResourceId:
    """P8: apply one item; gives the placement's id."""
    before = need(uow, Placement, item.id, "P8")
    if is_cancelled(before.state):
        raise _wrong_state(before, "updated", "P8")
    names = ("quantity", "amount", "counterparty", "execution_system", "entry_type", "type")
    sent = {name: getattr(item, name) for name in names}
    changes: dict[str, Any] = {name: value for name, value in sent.items() if value is not None}
    if item.properties is not None:
        changes["properties"] = merged(before.properties, item.properties, deleting=True)
    after = computed(msgspec.structs.replace(before, **changes))
    after = _priced(uow, _typed(uow, before, after), item)
    if (after.quantity, after.amount) != (before.quantity, before.amount):
        _check_size(uow, before, after)
    uow.put(after)
    return after.id


def _check_size(uow: UnitOfWork, before: Placement, after: Placement) -> None:
    """P8: not below what is executed or given to children, not above what its blocks have free."""
    one_size("Placement", before.id, after.quantity, after.amount)
    basis = QUANTITY if after.quantity is not None else AMOUNT
    old, new = basis.of(before) or ZERO, basis.of(after) or ZERO
    what = f"A quantity of {plain(new)} for placement '{after.id}'"
    units = executed(uow, after, basis)
    if more(units, new):
        detail = f"{what} is below its executed quantity {plain(units)}."
        raise Refusal("QuantityBelowExecuted", detail, "P8")
    children = uow.related(CHILDREN_OF_PLACEMENT, after.id)
    below = total(live_size(uow, child, basis) for child in children)
    if more(below, new):
        detail = f"{what} is below the {plain(below)} placed through its children."
        raise Refusal("QuantityBelowExecuted", detail, "P8")
    if after.parent_placement_id is not None:
        parent = need(uow, Placement, after.parent_placement_id, "P5")
        most = old + room_under(uow, parent, basis)
    else:
        most = old + room_in(uow, after.block_ids, basis)
    if more(new, most):
        raise Refusal("OverPlacement", f"{what} is above the {plain(most)} it can have.", "P8")


def _typed(uow: UnitOfWork, before: Placement, after: Placement) -> Placement:
    """P9: the type changes only where the block goes at market; at market there are no prices."""
    if normal(after.type) == normal(before.type):
        return after
    for id in before.block_ids:
        block = need(uow, Block, id, "P9")
        if normal(block.type) != MARKET:
            detail = f"The type of placement '{before.id}' follows block '{id}', which is {block.type}."
            raise Refusal("BlockFieldMismatch", detail, "P9")
    if normal(after.type) == MARKET:
        uow.remove(PendingPrices, before.id)
        return msgspec.structs.replace(after, limit_price=None, stop_price=None)
    return after


def _priced(uow: UnitOfWork, placement: Placement, item: PlacementUpdateRequest) -> Placement:
    """P10: prices arrive as numbers, in the currency sent or else the one the placement is in.

    While there is none they are kept aside, and come to light with the currency.
    """
    if item.currency is not None:
        _check_currency(placement, item.currency)
    kept = uow.get(PendingPrices, placement.id)
    known = [money.currency for money in _moneys(placement) if money is not None and money.currency]
    currency = item.currency or (known[0] if known else None)
    if currency is None:
        if item.limit_price is not None or item.stop_price is not None:
            uow.put(
                PendingPrices(
                    id=placement.id,
                    limit_price=_first(item.limit_price, kept.limit_price if kept else None),
                    stop_price=_first(item.stop_price, kept.stop_price if kept else None),
                )
            )
        return placement
    if kept is not None:
        uow.remove(PendingPrices, placement.id)

    def price(
        sent: Decimal | None, aside: Decimal | None, old: CurrencyAndAmount | None
    ) -> CurrencyAndAmount | None:
        number = _first(sent, aside)
        if number is None and (old is None or item.currency is None):
            return old
        return CurrencyAndAmount(amount=_first(number, old.amount if old else None), currency=currency)

    return msgspec.structs.replace(
        placement,
        limit_price=price(item.limit_price, kept.limit_price if kept else None, placement.limit_price),
        stop_price=price(item.stop_price, kept.stop_price if kept else None, placement.stop_price),
    )


def _first(*numbers: Decimal | None) -> Decimal | None:
    return next((number for number in numbers if number is not None), None)


def _check_currency(placement: Placement, currency: str) -> None:
    """P10: at market there is no currency, and a value placement has its own."""
    if normal(placement.type) == MARKET:
        raise invalid(f"Placement '{placement.id}' goes at market: a currency is not permitted.", "P10")
    if placement.amount is not None and placement.amount.currency != currency:
        detail = (
            f"Placement '{placement.id}' is sized in {placement.amount.currency}, "
            f"so its prices cannot be in {currency}."
        )
        raise invalid(detail, "P10")


def _moneys(placement: Placement) -> tuple[CurrencyAndAmount | None, ...]:
    return (placement.limit_price, placement.stop_price, placement.amount)


@exactly
def cancel_placements(uow: UnitOfWork, request: Mapping[str, ResourceId]) -> ReplyBuilder:
    """P11: cancel placements with their children, each item on its own."""
    Checks().unique("Placement id", request.values())
    done, failed = each(uow, request, lambda id: (id, _cancel(uow, id)))

    def answer() -> KeyedReply[CancelledPlacement]:
        values = {
            key: CancelledPlacement(
                placement_state=uow.get(Placement, id), cancelled_child_placements=children
            )
            for key, (id, children) in done.items()
        }
        return reply(values, failed)

    return answer


def _cancel(uow: UnitOfWork, id: ResourceId) -> tuple[ResourceId, ...]:
    """P11, P12: cancel one placement, quantity kept; gives the children that went with it."""
    placement = need(uow, Placement, id, "P11")
    if is_finished(placement.state):
        raise _wrong_state(placement, "cancelled", "P11")
    children = []
    for member in family(uow, placement):
        if member.id == id or not is_finished(member.state):
            uow.put(msgspec.structs.replace(member, state=CANCELLED))
            children.append(member.id)
    return tuple(child for child in children if child != id)
