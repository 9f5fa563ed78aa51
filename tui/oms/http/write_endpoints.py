"""The endpoints that change the desk: a body in, a command carried out, its reply as JSON."""

from __future__ import annotations

from typing import Any, Final

from tui.api import endpoints
from tui.api.base import ResourceId
from tui.api.endpoints import Endpoint
from tui.api.requests import (
    AllocationSetRequest,
    BlockAndOrdersCreateRequest,
    BlockSetRequest,
    BookTransactionsRequest,
    CancelOrdersAndMoveRemainingRequest,
    ExecutionSetRequest,
    MoveOrdersToDifferentBlocksRequest,
    OrderSetRequest,
    OrderUpdateRequest,
    PlaceBlocksRequest,
    PlacementSetRequest,
    PlacementUpdateRequest,
    SweepBlocksRequest,
    WeightedAllocationServiceRunRequest,
)
from tui.oms.engine.commands import COMMANDS, AllocationCommand, BookingCommand, WeightedAllocationCommand
from tui.oms.http import bodies, idempotency
from tui.oms.http.call import Call

Ids = tuple[ResourceId, ...]
Keyed = dict[str, ResourceId]

BODIES: Final[dict[str, Any]] = {
    endpoints.CREATE_ORDERS.name: BlockAndOrdersCreateRequest,
    endpoints.MOVE_ORDERS.name: MoveOrdersToDifferentBlocksRequest,
    endpoints.UPDATE_ORDERS.name: dict[str, OrderUpdateRequest],
    endpoints.PLACE_BLOCKS.name: PlaceBlocksRequest,
    endpoints.UPDATE_PLACEMENTS.name: dict[str, PlacementUpdateRequest],
    endpoints.CANCEL_PLACEMENTS.name: Keyed,
    endpoints.CANCEL_ORDERS.name: Keyed,
    endpoints.CANCEL_AND_MOVE.name: dict[str, CancelOrdersAndMoveRemainingRequest],
    endpoints.ALLOCATE.name: Ids,
    endpoints.ALLOCATE_WEIGHTED.name: WeightedAllocationServiceRunRequest,
    endpoints.BOOK_TRANSACTIONS.name: BookTransactionsRequest,
    endpoints.SWEEP_BLOCKS.name: SweepBlocksRequest,
    endpoints.BLOCKS.upsert.name: BlockSetRequest,
    endpoints.ORDERS.upsert.name: OrderSetRequest,
    endpoints.PLACEMENTS.upsert.name: PlacementSetRequest,
    endpoints.EXECUTIONS.upsert.name: ExecutionSetRequest,
    endpoints.ALLOCATIONS.upsert.name: AllocationSetRequest,
}
"""What the body of a POST is read as, by endpoint."""


def write(endpoint: Endpoint, call: Call, raw: bytes) -> bytes:
    """Do what a call of a writing ``endpoint`` asks for and give its reply; runs in the store's thread.

    Raises:
        Refusal: the body cannot be read, or the whole call breaks a rule.
    """
    key = idempotency.key_of(call)
    request = call.id if endpoint.method == "DELETE" else _request(endpoint.name, call, raw)
    return call.engine.write_encoded(
        COMMANDS[endpoint.name],
        request,
        user=call.caller.user,
        request_id=call.request_id,
        idempotency=None if key is None else (key, idempotency.digest_of(call.request, raw)),
    )


def _request(name: str, call: Call, raw: bytes) -> Any:
    if name == endpoints.BOOK_TRANSACTIONS.name:
        return _booking(call, raw)
    body = _read(BODIES[name], call, raw)
    if name == endpoints.ALLOCATE.name:
        return AllocationCommand(body, call.query.text("allocationAlgorithm") or "PR-FIFO")
    if name == endpoints.ALLOCATE_WEIGHTED.name:
        return WeightedAllocationCommand(body, call.query.text("allocationAlgorithm") or "PR-LF")
    return body


def _read(kind: Any, call: Call, raw: bytes) -> Any:
    """Read a body as the call's generation understands it."""
    body = bodies.read(kind, raw)
    if call.generation == "latest":
        return body
    from tui.oms.http import generation_2_1

    return generation_2_1.request(body)


def _booking(call: Call, raw: bytes) -> Any:
    """Read a booking in its newer form, an object, or its older one, a bare list of ids (2.9)."""
    if raw.lstrip().startswith(b"["):
        body = BookTransactionsRequest(allocation_ids=bodies.read(Ids, raw))
    else:
        body = _read(BookTransactionsRequest, call, raw)
    return BookingCommand(
        body,
        fees=call.engine.fees if call.query.flag("applyFeesAndCommission", True) else (),
        mark_booked=call.query.flag("markOrdersAndAllocationsAsBooked", False),
    )
