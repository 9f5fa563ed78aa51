"""Which rows an action finds in its scope, and why it finds none: shared by the actions that send."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal

from tui.actions.action import Scope
from tui.api.models import Block, Order, Placement
from tui.api.shapes import ResourceId
from tui.api.states import is_final, normal
from tui.service.snapshot import Snapshot


def currency_of(entity: Block | Order | Placement, snapshot: Snapshot) -> str | None:
    """Give the currency prices of ``entity`` are in, by its own prices or its instrument's."""
    for held in (entity.limit_price, entity.stop_price, entity.amount):
        if held and held.currency:
            return held.currency
    known = snapshot.instruments.get(entity.lusid_instrument_id)
    return known.currency if known else None


def needs(find: Callable[[Scope], Sequence[ResourceId]], otherwise: str) -> Callable[[Scope], str | None]:
    return lambda scope: None if find(scope) else otherwise


def live_orders(scope: Scope) -> tuple[ResourceId, ...]:
    orders = scope.snapshot.orders
    return tuple(id for id in scope.orders() if id in orders and not is_final(orders[id].state))


def live_placements(scope: Scope) -> tuple[ResourceId, ...]:
    placements = scope.snapshot.placements
    return tuple(
        id
        for id in scope.placements()
        if id in placements and normal(placements[id].state) not in ("cancelled", "filled")
    )


def unplaced(scope: Scope, id: ResourceId) -> Decimal:
    graph = scope.snapshot.blocks[id]
    return (graph.ordered.quantity or Decimal(0)) - (graph.placed.quantity or Decimal(0))


def counterparties(snapshot: Snapshot) -> list[str]:
    return sorted({row.counterparty for row in snapshot.placements.values() if row.counterparty})


def systems(snapshot: Snapshot) -> list[str]:
    return sorted({row.execution_system for row in snapshot.placements.values() if row.execution_system})


def named(ids: Sequence[ResourceId], most: int = 3) -> str:
    """Name the first rows by code, and say that there are more."""
    return ", ".join(id.code for id in ids[:most]) + (" and more" if len(ids) > most else "")


def counted(count: int, noun: str) -> str:
    """Write a count with its noun.

    >>> counted(1, "order"), counted(3, "order")
    ('1 order', '3 orders')
    """
    return f"{count:,} {noun}" + ("" if count == 1 else "s")
