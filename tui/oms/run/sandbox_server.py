"""A server in memory that is given the entities of another one as they are, to try a request on.

Nothing that is done here reaches the other server. The entities keep their versions, states and times, so
that every rule reads what it would read there: orders are served in the sequence in which they were made
(A4, P4), and a block counts as changed when it was (S1).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping
from datetime import datetime

from msgspec.structs import replace

from tui.api.base import ResourceId
from tui.api.models import Allocation, Execution, Order, OrderGraphBlock, Placement, Transaction
from tui.oms.domain.instrument_master import Instruments
from tui.oms.domain.unit_of_work import (
    BEGINNING,
    CUT_ORDERS_OF_BLOCK,
    Booking,
    CutOrder,
    PendingPrices,
    Stored,
)
from tui.oms.engine.engine import Engine
from tui.oms.http.app import Server, ServerSettings
from tui.oms.http.call import Generation
from tui.oms.rules.booking import booking_id


class SandboxServer:
    """A running server of its own; ``app`` is its ASGI application. Close it when done.

    ``source`` is the engine the entities come from, where it is in this process: its instruments, its fees
    and what it notes about entities without telling clients hold here too.
    """

    def __init__(self, engine: Engine, settings: ServerSettings, source: Engine | None) -> None:
        self.app = Server(engine, settings)
        self._engine = engine
        self._source = source

    @classmethod
    async def open(
        cls,
        *,
        source: Engine | None = None,
        instruments: Callable[[], Instruments] | None = None,
        generation: Generation = "latest",
    ) -> SandboxServer:
        """Open an empty one; ``instruments`` resolve identifiers where there is no ``source``."""
        if source is not None:
            engine = Engine.open(None, lambda: source.instruments, fees=source.fees)
        else:
            assert instruments is not None
            engine = Engine.open(None, instruments)
        return cls(engine, ServerSettings(generation=generation), source)

    async def put(
        self,
        blocks: Collection[OrderGraphBlock],
        rows: Collection[Order | Placement | Execution | Allocation],
        transactions: Mapping[ResourceId, Collection[Transaction]],
    ) -> None:
        """Store entities, oldest first, with the notes of their source; transactions by portfolio."""
        entities: list[Stored] = [row.block for row in blocks]
        entities += rows
        entities += self._notes_of(
            [row.block.id for row in blocks], [row.id for row in rows if isinstance(row, Placement)]
        )
        for portfolio, booked in transactions.items():
            entities += (_booking(portfolio, each) for each in booked)
        entities.sort(key=_age)
        await self._engine.run(self._engine.restore, entities, blocks)

    def _notes_of(
        self, blocks: Collection[ResourceId], placements: Collection[ResourceId]
    ) -> list[CutOrder | PendingPrices]:
        """Return the cut orders of blocks (X5) and the prices of placements without a currency (P10)."""
        if self._source is None:
            return []
        return self._source.read(
            lambda store: [
                *store.related_all(CUT_ORDERS_OF_BLOCK, blocks),
                *store.get_all(PendingPrices, placements),
            ]
        )

    async def close(self) -> None:
        """Finish the call in progress and forget everything."""
        await asyncio.to_thread(self._engine.close)


def _booking(portfolio: ResourceId, transaction: Transaction) -> Booking:
    return Booking(
        id=booking_id(portfolio, transaction.transaction_id),
        portfolio_id=portfolio,
        transaction=replace(transaction, version=None),
        version=transaction.version,
    )


def _age(entity: Stored) -> tuple[datetime, str]:
    """Return when an entity was made and its place in the call that made it."""
    version = entity.version
    if version is None:
        return BEGINNING, ""
    return version.as_at_created or BEGINNING, version.entity_unique_id or ""
