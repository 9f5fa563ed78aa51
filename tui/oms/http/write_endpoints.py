"""The writing operations: read the body, carry out the command, return its reply as JSON."""

from __future__ import annotations

from typing import Any, Final

from msgspec.structs import replace

from tui.api import codec, operations, reference_operations
from tui.api.base import ResourceId
from tui.api.models import StagedModifications
from tui.api.operation import Operation
from tui.api.requests import BookingReply, BookTransactionsRequest
from tui.oms.engine.commands import COMMANDS, AllocationCommand, BookingCommand, WeightedAllocationCommand
from tui.oms.http import bodies, idempotency
from tui.oms.http.call import Call

RUNS: Final = (reference_operations.RUN_COMPLIANCE.name, reference_operations.RUN_COMPLIANCE_PREVIEW.name)


def write(operation: Operation[Any, Any], call: Call, raw: bytes) -> bytes:
    """Carry out a call of a writing ``operation`` and return its reply; runs in the store's thread.

    Raises:
        Refusal: the body cannot be read, or the whole call breaks a rule.
    """
    key = idempotency.key_of(call)
    request = call.id if operation.method == "DELETE" else _request(operation, call, raw)
    return call.engine.write_encoded(
        COMMANDS[operation.name],
        request,
        user=call.caller.user,
        request_id=call.request_id,
        idempotency=None if key is None else (key, idempotency.digest_of(call.request, raw)),
    )


def stage_bookings(call: Call, raw: bytes) -> bytes:
    """Return the reply to a booking that waits for an approval: nothing is booked (REFERENCE_DATA R64).

    Raises:
        Refusal: as :func:`write`.
    """
    reply: BookingReply = call.engine.try_out(
        COMMANDS[operations.BOOK_TRANSACTIONS.name],
        _booking(call, raw),
        user=call.caller.user,
        request_id=call.request_id,
    )
    href = f"{call.request.base_url}api/stagedmodifications"
    staged = StagedModifications(count_pending=1, href_pending=href)
    values = {id: replace(made, staged_modifications=staged) for id, made in (reply.values or {}).items()}
    return codec.encode(replace(reply, values=values))


def _request(operation: Operation[Any, Any], call: Call, raw: bytes) -> Any:
    if operation == operations.BOOK_TRANSACTIONS:
        return _booking(call, raw)
    if operation.name in RUNS:
        from tui.oms.http.compliance_endpoints import run_request

        return run_request(operation, call, raw)
    body = _read(operation.body, call, raw)
    if operation == operations.ALLOCATE:
        return AllocationCommand(body, call.query.text("allocationAlgorithm") or "PR-FIFO")
    if operation == operations.ALLOCATE_WEIGHTED:
        return WeightedAllocationCommand(body, call.query.text("allocationAlgorithm") or "PR-LF")
    return body


def _read(kind: Any, call: Call, raw: bytes) -> Any:
    """Read a body as the call's generation does."""
    body = bodies.read(kind, raw)
    if call.generation == "latest":
        return body
    from tui.oms.http import generation_2_1

    return generation_2_1.request(body)


def _booking(call: Call, raw: bytes) -> Any:
    """Read a booking in its newer form, an object, or its older one, a bare list of ids (2.9)."""
    if raw.lstrip().startswith(b"["):
        body = BookTransactionsRequest(allocation_ids=bodies.read(tuple[ResourceId, ...], raw))
    else:
        body = _read(BookTransactionsRequest, call, raw)
    return BookingCommand(
        body,
        fees=call.engine.fees if call.query.flag("applyFeesAndCommission", True) else (),
        mark_booked=call.query.flag("markOrdersAndAllocationsAsBooked", False),
    )
