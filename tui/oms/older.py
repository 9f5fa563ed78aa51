"""Answers in the shapes of generation 2.1: without the members that only newer versions know (section 7)."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any, Final

from tui.api import gate

_ENTITY: Final = frozenset(
    {
        "amount",
        "basis",
        "custodianAccountId",
        "derivedApprovalState",
        "derivedComplianceState",
        "direction",
        "isSwept",
        "weight",
    }
)
_GRAPH: Final = frozenset({"derivedDirection", "latestActivityDate"})
_STAGE: Final = frozenset({"amount", "amountByState"})
_STAGES: Final = ("ordered", "placed", "executed", "allocated", "booked")
_VERSION: Final = frozenset({"reasonCreated", "reasonModified"})


def reshaped(raw: bytes) -> bytes:
    """Give an answer of the newest shape in the older one."""
    return gate.encode(_older(json.loads(raw, parse_float=Decimal)))


def _older(value: Any) -> Any:
    if isinstance(value, list):
        return [_older(member) for member in value]
    if not isinstance(value, dict):
        return value
    gone = _newer_members(value)
    kept = {name: _older(member) for name, member in value.items() if name not in gone}
    if "derivedState" in value:
        for stage in kept.keys() & {*_STAGES}:
            kept[stage] = {name: member for name, member in kept[stage].items() if name not in _STAGE}
        kept["allocated"]["details"] = [{"id": each["id"]} for each in kept["allocated"]["details"]]
    return kept


def _newer_members(value: dict[str, Any]) -> frozenset[str]:
    """Give the members of an object that the older shape does not have, by what kind of object it is."""
    if "derivedState" in value:
        return _GRAPH
    if "asAtVersionNumber" in value:
        return _VERSION
    if "transactionId" in value:
        return frozenset({"version"})
    if "fxOrders" in value:
        return frozenset({"fxOrders"})
    is_entity = "id" in value and ("instrumentIdentifiers" in value or "lusidInstrumentId" in value)
    return _ENTITY if is_entity else frozenset()
