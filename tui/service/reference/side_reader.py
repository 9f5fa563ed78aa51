"""Reads the transaction types, which say under which sides an order books (R48, R49)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Final

from tui.api.reference_models import Movement, TransactionAlias, TransactionType
from tui.api.reference_operations import LIST_TRANSACTION_TYPES
from tui.service.reference.optional_calls import OptionalCalls
from tui.service.snapshot.records import DEFAULT_SCOPE, SideFacts

SOURCE: Final = "default"
"""The source whose types are offered wherever: order management resolves sides there."""
STOCK: Final = ("stockmovement", "traded")
"""The movements that change what a portfolio holds."""
OWN_SIDE: Final = "side1"
"""The side of a movement that is the instrument; the other one is the cash."""
ROLES: Final[Mapping[str, int]] = {
    "longer": 1,
    "longlonger": 1,
    "shortlonger": 1,
    "shorter": -1,
    "longshorter": -1,
    "shortshorter": -1,
}
"""The direction of a role: whether it lengthens a position or shortens it; ``AllRoles`` says nothing."""


class SideReader:
    """Reads transaction types with ``calls``; ``now`` is this machine's clock, aware UTC.

    Those of ``sources`` are sides too, after those of :data:`SOURCE`.
    """

    def __init__(self, calls: OptionalCalls, sources: Sequence[str], now: Callable[[], datetime]) -> None:
        self._calls = calls
        self._sources = tuple(dict.fromkeys((SOURCE, *sources)))
        self._now = now

    async def read(self, scope: str) -> Sequence[SideFacts]:
        """Return the sides that the transaction types of a scope offer.

        Raises:
            ApiError: they could not be read.
        """
        query = {"scope": None if scope == DEFAULT_SCOPE else scope}
        answer = await self._calls.ask(LIST_TRANSACTION_TYPES, query=query)
        found: dict[str, SideFacts] = {}
        for source in self._sources:
            for side in sides_of(answer.get(source, ()), scope, self._now()):
                found.setdefault(side.name, side)
        return tuple(found.values())


def sides_of(types: Sequence[TransactionType], scope: str, now: datetime) -> Sequence[SideFacts]:
    """Return the names of those types that move stock, with the direction each moves it in."""
    return [
        SideFacts(alias.type, now, scope=scope, direction=_direction(alias, stock))
        for each in types
        if (stock := next(filter(_moves_stock, each.movements), None)) is not None
        for alias in each.aliases
    ]


def _moves_stock(movement: Movement) -> bool:
    kind = (movement.movement_types or "").casefold()
    return (movement.side or "").casefold() == OWN_SIDE and any(word in kind for word in STOCK)


def _direction(alias: TransactionAlias, stock: Movement) -> int | None:
    """Return what the role says, else the movement; None when neither does."""
    role = ROLES.get((alias.transaction_roles or "").casefold())
    return role or (stock.direction if stock.direction in (1, -1) else None)
