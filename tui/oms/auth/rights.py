"""What the users of a server may do, by their role: one table for the answer and for the refusal (R66).

Whoever has no role may do everything; a reader changes nothing. Reading is never refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal, get_args

from tui.api import operations as api
from tui.api import reference_operations as reference
from tui.api.operation import Operation

Role = Literal["dealer", "pm", "mo", "compliance", "reader"]
ROLES: Final[tuple[Role, ...]] = get_args(Role)

_RUNS: Final = (reference.RUN_COMPLIANCE, reference.RUN_COMPLIANCE_PREVIEW)
_ORDERS: Final = (
    api.CREATE_ORDERS,
    api.MOVE_ORDERS,
    api.UPDATE_ORDERS,
    api.CANCEL_ORDERS,
    api.CANCEL_AND_MOVE,
    *(api.ORDERS.upsert, api.ORDERS.delete, api.BLOCKS.upsert, api.BLOCKS.delete),
)
_MARKET: Final = (
    api.PLACE_BLOCKS,
    api.UPDATE_PLACEMENTS,
    api.CANCEL_PLACEMENTS,
    *(api.PLACEMENTS.upsert, api.PLACEMENTS.delete),
)
_FILLS: Final = (api.EXECUTIONS.upsert, api.EXECUTIONS.delete)
_SHARES: Final = (api.ALLOCATE, api.ALLOCATE_WEIGHTED, api.ALLOCATIONS.upsert, api.ALLOCATIONS.delete)
_AFTER: Final = (api.BOOK_TRANSACTIONS, api.SWEEP_BLOCKS)

_BY_ROLE: Final[Mapping[Role, tuple[Operation[Any, Any], ...]]] = {
    "dealer": (*_ORDERS, *_MARKET, *_FILLS, *_SHARES, *_RUNS),
    "pm": (*_ORDERS, *_RUNS),
    "mo": (*_FILLS, *_SHARES, *_AFTER),
    "compliance": (api.UPDATE_ORDERS, *_RUNS),
    "reader": (),
}
RIGHTS: Final[Mapping[str, frozenset[str]]] = {
    role: frozenset(each.name for each in allowed) for role, allowed in _BY_ROLE.items()
}
"""The writing operations of each role, by their names."""


def may(role: str, operation: Operation[Any, Any]) -> bool:
    """Return whether users of ``role`` may call an operation; an empty role may call all."""
    return operation.effect == "reads" or not role or operation.name in RIGHTS[role]
