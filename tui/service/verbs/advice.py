"""Advice to a dealer about a refusal, by the server's name of the failure."""

from __future__ import annotations

from typing import Final

_ADVICE: Final = {
    "OrderNotFound": "Refresh: the order may have been deleted.",
    "PlacementNotFound": "Refresh: the placement may have been deleted.",
    "BlockNotFound": "Refresh: the block may have been deleted.",
    "AllocationNotFound": "Refresh: allocating again may have replaced it.",
    "OrderAlreadyCancelled": "Nothing is left to do.",
    "OrderAlreadyPlaced": "Cancel or shrink the placements first, or cancel and move the unplaced rest.",
    "OrderAlreadyExists": "Choose another id for the new order.",
    "EntityWithIdAlreadyExists": "Choose another id.",
    "InvalidOrderState": "The order is finished: create a new one.",
    "InvalidPlacementState": "The placement is finished: place the rest anew.",
    "QuantityBelowPlaced": "Shrink the placements first, or ask for more.",
    "QuantityBelowAllocated": "Ask for at least what is allocated.",
    "QuantityBelowExecuted": "Ask for at least what is executed.",
    "OverPlacement": "Place no more than is unplaced.",
    "ComplianceFailed": "Have the breach cleared, or move the order out of the block.",
    "ApprovalRejected": "Have the order approved, or move it out of the block.",
    "BlockFieldMismatch": "Amend one side so that they agree, or use another block.",
    "EmptyPortfolioIdFailure": "Give the order a portfolio, then allocate again.",
    "NoExecutionsFailure": "Wait for a fill or record one, then allocate.",
    "NoOrdersFailure": "The block has no orders: allocate by weights.",
    "MixedCurrencyFailure": "Correct the executions so that they share one currency.",
    "MissingPriceFailure": "Give the allocation a price, then book again.",
    "BlockNotSweepable": "Finish what is open in the block first.",
    "ConcurrencyConflictFailure": "Somebody else was faster: refresh and look again.",
    "ApiRateLimitViolation": "Wait a moment, then try again.",
    "AccessDenied": "Ask for the entitlement, or sign on as somebody who has it.",
}


def advice_for(type: str) -> str:
    """Return what to do about a failure of this ``type``; empty for an unknown type."""
    return _ADVICE.get(type, "")
