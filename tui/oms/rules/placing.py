"""Placing blocks (P1 to P7, P13)."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from tui.api.base import ZERO, ResourceId
from tui.api.entity_relations import CHILDREN_OF_PLACEMENT
from tui.api.life_cycle import exceeds, is_zero
from tui.api.models import Block, Placement
from tui.api.placing_states import APPROVAL, COMPLIANCE, Guard, guard_of
from tui.api.requests import (
    PlaceBlocksRequest,
    PlacementRequest,
    PlacementUpdateRequest,
    ResourceList,
)
from tui.api.states import is_cancelled, normalize
from tui.oms.domain.instrument_master import instrument_difference, instrument_of
from tui.oms.domain.refusals import Refusal, already_exists
from tui.oms.domain.unit_of_work import ReplyBuilder, UnitOfWork
from tui.oms.rules.blocking import orders_of_block, swept_refusal
from tui.oms.rules.derived_states import derived_approval, derived_compliance
from tui.oms.rules.entities import NEW, require, with_computed_fields
from tui.oms.rules.placed_quantities import (
    live_size,
    unplaced_size,
    with_ancestors,
)
from tui.oms.rules.sizes import AMOUNT, QUANTITY, Basis, basis_name, exact_arithmetic, size_text, total
from tui.oms.rules.validation import RequestChecks, check_one_size, invalid_value

MARKET = "market"
MAX_NAME_LENGTH = 256


@exact_arithmetic
def place_blocks(uow: UnitOfWork, request: PlaceBlocksRequest) -> ReplyBuilder:
    """Send blocks to market: all of them or none (P1 to P7, P13).

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
    check_cleared(uow, (id for item in request.requests for id in item.block_ids))
    ids = [item.id for item in request.requests]

    def answer() -> ResourceList[Placement]:
        return ResourceList(values=tuple(require(uow, Placement, id, "P6") for id in ids), links=())

    return answer


def check_placement_requests(
    checks: RequestChecks, uow: UnitOfWork, requests: tuple[PlacementRequest, ...]
) -> None:
    """Check ids, required fields and repeated ids of placements (section 2.0)."""
    for index, item in enumerate(requests):
        at = f"Requests[{index}]"
        checks.check_id(f"{at}.Id", uow, item.id, Placement)
        checks.check_not_empty(at, item, "instrument_identifiers", "block_ids")
        checks.check_required(at, item, "side", "type", "time_in_force")
        checks.check_currency(at, item, "amount", "limit_price", "stop_price")
        checks.check_properties(f"{at}.Properties", Placement, item.properties)
        check_name_lengths(checks, at, item)
    checks.check_unique("Placement id", (item.id for item in requests))
    checks.raise_if_invalid()


def check_name_lengths(
    checks: RequestChecks, at: str, item: PlacementRequest | PlacementUpdateRequest
) -> None:
    """Check the lengths of the names a placement is given: its system and its entry type."""
    for field, text in (("ExecutionSystem", item.execution_system), ("EntryType", item.entry_type)):
        if text is not None and not 1 <= len(text) <= MAX_NAME_LENGTH:
            checks.add_error(
                f"{at}.{field}", f"The field {field} must be 1 to {MAX_NAME_LENGTH} characters long."
            )


def placement_from(uow: UnitOfWork, item: PlacementRequest) -> Placement:
    """Return the placement a request makes (P1, P2, P5, P6).

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
    """Return the fields that must fit a block (P2, P10).

    A record that leaves them as they are stored need not fit again.
    """
    prices = (placement.limit_price, placement.stop_price)
    return (
        placement.block_ids,
        instrument_of(placement),
        normalize(placement.side),
        normalize(placement.type),
        prices,
    )


def _check_fits_block(placement: Placement, block: Block) -> None:
    """Check instrument and side against the block; type and prices too unless it is at market (P2)."""
    differing = []
    if instrument_of(placement) != instrument_of(block):
        differing.append(instrument_difference(placement, block))
    if normalize(placement.side) != normalize(block.side):
        differing.append(f"side {placement.side}, not {block.side}")
    if normalize(block.type) != MARKET:
        if normalize(placement.type) != normalize(block.type):
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
    """Check that a child has its parent's instrument, side and blocks, and fits its unplaced size (P5)."""
    if placement.parent_placement_id is None:
        return
    parent = require(uow, Placement, placement.parent_placement_id, "P5")
    if any(ancestor.id == placement.id for ancestor in with_ancestors(uow, parent)):
        raise invalid_value(f"Placement '{placement.id}' cannot be a child of itself.", "P5")
    differing = []
    if instrument_of(placement) != instrument_of(parent):
        differing.append(instrument_difference(placement, parent))
    if normalize(placement.side) != normalize(parent.side):
        differing.append(f"side {placement.side}, not {parent.side}")
    if outside := [str(id) for id in placement.block_ids if id not in parent.block_ids]:
        differing.append(f"block {', '.join(outside)} is not one of its blocks")
    if differing:
        detail = f"Placement '{placement.id}' does not fit its parent '{parent.id}': {'; '.join(differing)}."
        raise Refusal("ParentFieldMismatch", detail, "P5")
    for basis in (QUANTITY, AMOUNT):
        size = basis.size_of(placement) or ZERO
        unplaced = unplaced_under(uow, parent, basis, without=placement.id)
        if size and exceeds(size, unplaced):
            detail = (
                f"Placement '{placement.id}' of {size_text(size, placement)} would exceed the "
                f"{size_text(unplaced, placement)} still unplaced of its parent '{parent.id}'."
            )
            raise Refusal("OverPlacement", detail, "P5")


def unplaced_under(
    uow: UnitOfWork, parent: Placement, basis: Basis, without: ResourceId | None = None
) -> Decimal:
    """Return the size that children may still take of ``parent``, leaving out one child (P5)."""
    children = uow.related(CHILDREN_OF_PLACEMENT, parent.id)
    taken = total(live_size(uow, child, basis) for child in children if child.id != without)
    return max(ZERO, (basis.size_of(parent) or ZERO) - taken)


def _check_room(uow: UnitOfWork, placement: Placement) -> None:
    """Check that the blocks are open and have size left for a new top-level placement (P3, P4, P7)."""
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
            raise wrong_state_refusal(parent, "placed further", "P5")
        return
    basis = QUANTITY if placement.quantity is not None else AMOUNT
    names = ", ".join(f"'{block.id}'" for block in blocks)
    for block in blocks:
        _check_basis(placement, block)
    size, unplaced = basis.size_of(placement) or ZERO, unplaced_size(uow, placement.block_ids, basis)
    if exceeds(size, unplaced):
        detail = (
            f"Placement '{placement.id}' of {size_text(size, placement)} would exceed the "
            f"{size_text(unplaced, placement)} still unplaced of block {names}."
        )
        raise Refusal("OverPlacement", detail, "P3")


def _check_basis(placement: Placement, block: Block) -> None:
    """Check that a placement and its block are both sized in units, or in the same money (P3)."""
    own_basis, block_basis = basis_name(placement), basis_name(block)
    if own_basis == block_basis == AMOUNT.name and placement.amount and block.amount:
        own_basis, block_basis = placement.amount.currency, block.amount.currency
    if own_basis != block_basis:
        detail = f"Placement '{placement.id}' is sized in {own_basis}, block '{block.id}' in {block_basis}."
        raise Refusal("BasisMismatch", detail, "P3")


def check_cleared(uow: UnitOfWork, blocks: Iterable[ResourceId]) -> None:
    """Check that no live order of the blocks has failed compliance or was rejected by its approver (P13).

    Raises:
        Refusal: one has.
    """
    for id in dict.fromkeys(blocks):
        for order in orders_of_block(uow, require(uow, Block, id, "P1")):
            if is_cancelled(order.state):
                continue
            if guard_of(COMPLIANCE, derived_compliance(order)) is Guard.REFUSED:
                detail = f"Block '{id}' cannot be placed: its order '{order.id}' failed compliance."
                raise Refusal("ComplianceFailed", detail, "P13")
            if guard_of(APPROVAL, derived_approval(order)) is Guard.REFUSED:
                detail = f"Block '{id}' cannot be placed: the approval of its order '{order.id}' is rejected."
                raise Refusal("ApprovalRejected", detail, "P13")


def wrong_state_refusal(placement: Placement, done: str, rule: str) -> Refusal:
    """Return the refusal of a change to a placement in a state in which it cannot be ``done``."""
    detail = f"Placement '{placement.id}' is {placement.state} and cannot be {done}."
    return Refusal("InvalidPlacementState", detail, rule)
