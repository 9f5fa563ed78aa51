"""Sweeping blocks: finished blocks leave the desk (S1 to S3)."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time
from typing import Final

import msgspec

from tui.api.base import ResourceId
from tui.api.entity_relations import (
    ALLOCATIONS_OF_ORDER,
    ALLOCATIONS_OF_PLACEMENT,
    EXECUTIONS_OF_PLACEMENT,
    PLACEMENTS_OF_BLOCK,
)
from tui.api.models import Allocation, Block, Execution
from tui.api.requests import KeyedReply, SweepBlocksRequest
from tui.api.states import is_final
from tui.oms.domain.refusals import Refusal
from tui.oms.domain.unit_of_work import ReplyBuilder, UnitOfWork
from tui.oms.rules.blocking import orders_of_block
from tui.oms.rules.derived_states import state_of_placement
from tui.oms.rules.entities import require
from tui.oms.rules.per_item import apply_per_item, keyed_reply
from tui.oms.rules.placed_quantities import top_level, with_descendants
from tui.oms.rules.sizes import exact_arithmetic
from tui.oms.rules.validation import RequestChecks, invalid_value

FINAL_STATES: Final = "Closed, Cancelled, Canceled, Booked"
SWEEPABLE_STATES: Final = ("Allocated", "Over-allocated", "Cancelled")
"""The derived states of placements that permit a sweep (S2)."""
CUT_LABEL: Final = re.compile(r"(\d{4}-\d\d-\d\d)N[A-Za-z0-9_-]+")


@exact_arithmetic
def sweep_blocks(uow: UnitOfWork, request: SweepBlocksRequest) -> ReplyBuilder:
    """Sweep blocks, each item independently (S1 to S3).

    Raises:
        Refusal: the latest allowable modification time is not a time, or a block is named twice.
    """
    RequestChecks().check_unique("Block id", request.block_ids.values())
    latest = latest_modification(request.latest_allowable_modification_time)
    done, failed = apply_per_item(uow, request.block_ids, lambda id: _sweep(uow, id, latest))

    def answer() -> KeyedReply[ResourceId]:
        return keyed_reply(done, failed)

    return answer


def latest_modification(text: str) -> datetime:
    """Read a time, UTC by default; a cut label means the end of its day (S1).

    Only the client's own LUSID knows the time of day of a cut.

    Raises:
        Refusal: ``text`` is neither a time nor a cut label.
    """
    label = CUT_LABEL.fullmatch(text)
    try:
        found = datetime.fromisoformat(label[1] if label else text)
    except ValueError as error:
        detail = f"latestAllowableModificationTime '{text}' is neither a date-time nor a cut label."
        raise invalid_value(detail, "S1") from error
    if label:
        return datetime.combine(found, time.max, UTC)
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)


def _sweep(uow: UnitOfWork, id: ResourceId, latest: datetime) -> ResourceId:
    """Sweep one block; a block swept before counts as success (S1, S2, S3)."""
    block = require(uow, Block, id, "S1")
    if block.is_swept:
        return id
    orders = orders_of_block(uow, block)
    if not all(is_final(order.state) for order in orders):
        raise _not_sweepable(block, f"has orders that are not in one of the states {FINAL_STATES}")
    placements = top_level(uow.related(PLACEMENTS_OF_BLOCK, id))
    executions: list[Execution] = []
    allocations = {one.id: one for order in orders for one in uow.related(ALLOCATIONS_OF_ORDER, order.id)}
    for placement in placements:
        for member in with_descendants(uow, placement):
            executions += uow.related(EXECUTIONS_OF_PLACEMENT, member.id)
            allocations.update((one.id, one) for one in uow.related(ALLOCATIONS_OF_PLACEMENT, member.id))
        state = state_of_placement(uow, placement)
        if state not in SWEEPABLE_STATES:
            raise _not_sweepable(block, f"has placement '{placement.id}', which is {state}")
    for allocation in allocations.values():
        if not is_final(allocation.state):
            raise _not_sweepable(block, f"has allocations that are not in one of the states {FINAL_STATES}")
    parts: list[Execution | Allocation] = [*executions, *allocations.values()]
    for part in parts:
        changed = part.version.as_at_modified if part.version else None
        if changed is None or changed > latest:
            raise _not_sweepable(block, f"has '{part.id}', which changed after the latest time allowed")
    uow.put(msgspec.structs.replace(block, is_swept=True))
    return id


def _not_sweepable(block: Block, why: str) -> Refusal:
    return Refusal("BlockNotSweepable", f"Block '{block.id}' {why}.", "S1")
