"""The verbs of the desk: one frozen struct each, in :data:`VERBS` by endpoint name."""

from __future__ import annotations

from typing import Final

from tui.service.verbs.allocations import Allocate, AllocateWeighted, BookTransactions
from tui.service.verbs.amending import CancelAndMove, CancelOrders, UpdateOrders
from tui.service.verbs.curl import curl, unfit
from tui.service.verbs.orders import CreateOrders, MoveOrders
from tui.service.verbs.placements import CancelPlacements, PlaceBlocks, UpdatePlacements
from tui.service.verbs.preview_line import Caution, PreviewLine
from tui.service.verbs.record_fills import RecordFills
from tui.service.verbs.replacing import ReplaceOrders, ReplacePlacements
from tui.service.verbs.running_compliance import RunCompliance
from tui.service.verbs.sweep import SweepBlocks
from tui.service.verbs.verb import InFlightMark, Tier, Verb
from tui.service.verbs.verdicts import Verdict

VERBS: Final[dict[str, type[Verb]]] = {
    verb.operation.short_path: verb
    for verb in (
        CreateOrders,
        MoveOrders,
        UpdateOrders,
        ReplaceOrders,
        CancelOrders,
        CancelAndMove,
        PlaceBlocks,
        UpdatePlacements,
        ReplacePlacements,
        CancelPlacements,
        RecordFills,
        Allocate,
        AllocateWeighted,
        BookTransactions,
        SweepBlocks,
        RunCompliance,
    )
}

__all__ = [
    "VERBS",
    "Allocate",
    "AllocateWeighted",
    "BookTransactions",
    "CancelAndMove",
    "CancelOrders",
    "CancelPlacements",
    "Caution",
    "CreateOrders",
    "InFlightMark",
    "MoveOrders",
    "PlaceBlocks",
    "PreviewLine",
    "RecordFills",
    "ReplaceOrders",
    "ReplacePlacements",
    "RunCompliance",
    "SweepBlocks",
    "Tier",
    "UpdateOrders",
    "UpdatePlacements",
    "Verb",
    "Verdict",
    "curl",
    "unfit",
]
