"""The registry of exceptions: each is declared here once, the most urgent first.

List, strip, count and settings follow from it. To add one, add its row, and its setting to
:mod:`tui.config.exception_settings`.
"""

from __future__ import annotations

from typing import Final

from tui.api.placing_states import Guard
from tui.service.exceptions.block_rules import (
    over_allocated_block,
    over_executed,
    over_placed,
    unbooked,
    unbooked_alone,
    unresolved,
)
from tui.service.exceptions.exception_kind import ExceptionKind, Urgency
from tui.service.exceptions.placement_rules import (
    busted,
    halted,
    over_allocated,
    rejected_placement,
    rejected_row,
    stale,
    unallocated,
    unanswered,
)
from tui.service.exceptions.verdict_rules import approval, compliance
from tui.service.snapshot.snapshot import EntityKind

_BLOCKS, _ORDERS, _PLACEMENTS = EntityKind.BLOCKS, EntityKind.ORDERS, EntityKind.PLACEMENTS
_EXECUTIONS, _ALLOCATIONS = EntityKind.EXECUTIONS, EntityKind.ALLOCATIONS

UNKNOWN_OUTCOME: Final = ExceptionKind(
    "unknown_outcome", "outcome unknown", Urgency.NOW, ("unknown_recheck",), {}
)
"""Something was sent, and no row tells what became of it: the desk's journal does."""

EXCEPTIONS: Final = (
    UNKNOWN_OUTCOME,
    ExceptionKind("over_executed", "overfilled", Urgency.BAD, ("fill",), {_BLOCKS: over_executed}),
    ExceptionKind(
        "over_allocated",
        "over-allocated",
        Urgency.BAD,
        ("allocate",),
        {_PLACEMENTS: over_allocated, _BLOCKS: over_allocated_block},
    ),
    ExceptionKind("over_placed", "over-placed", Urgency.BAD, ("update", "cancel"), {_BLOCKS: over_placed}),
    ExceptionKind(
        "rejected",
        "rejected",
        Urgency.BAD,
        ("cancel", "update"),
        {
            _PLACEMENTS: rejected_placement,
            _ORDERS: rejected_row,
            _EXECUTIONS: rejected_row,
            _ALLOCATIONS: rejected_row,
        },
    ),
    ExceptionKind("fill_busted", "fill busted", Urgency.BAD, ("fill", "cancel"), {_EXECUTIONS: busted}),
    ExceptionKind(
        "compliance_failed",
        "compliance failed",
        Urgency.BAD,
        ("update", "cancel"),
        compliance(Guard.REFUSED),
    ),
    ExceptionKind(
        "approval_rejected", "approval rejected", Urgency.BAD, ("cancel", "update"), approval(Guard.REFUSED)
    ),
    ExceptionKind(
        "instrument_unresolved",
        "no instrument",
        Urgency.BAD,
        ("cancel", "new"),
        {_BLOCKS: unresolved, _ORDERS: unresolved, _PLACEMENTS: unresolved},
    ),
    ExceptionKind(
        "halted", "halted", Urgency.ATTENTION, ("cancel", "update"), {_PLACEMENTS: halted, _ORDERS: halted}
    ),
    ExceptionKind(
        "unanswered", "no answer", Urgency.ATTENTION, ("cancel", "history"), {_PLACEMENTS: unanswered}
    ),
    ExceptionKind(
        "compliance_pending",
        "compliance pending",
        Urgency.ATTENTION,
        ("run_compliance",),
        compliance(Guard.TYPED),
    ),
    ExceptionKind(
        "approval_pending", "approval pending", Urgency.ATTENTION, ("detail",), approval(Guard.TYPED)
    ),
    ExceptionKind(
        "fills_unallocated", "not allocated", Urgency.ATTENTION, ("allocate",), {_PLACEMENTS: unallocated}
    ),
    ExceptionKind(
        "compliance_warning", "compliance warning", Urgency.WAITING, ("place",), compliance(Guard.WARN)
    ),
    ExceptionKind(
        "allocations_unbooked",
        "not booked",
        Urgency.WAITING,
        ("book",),
        {_BLOCKS: unbooked, _ALLOCATIONS: unbooked_alone},
    ),
    ExceptionKind("working_stale", "quiet", Urgency.WAITING, ("update", "cancel"), {_PLACEMENTS: stale}),
)
"""Every exception, the most urgent first."""
