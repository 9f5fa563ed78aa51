"""Reads instruments by their LUIDs, many in one call (R16, R17)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import islice
from typing import Final

from msgspec import Struct

from tui.api.errors import Refused
from tui.api.reference_models import InstrumentEconomics, InstrumentRecord
from tui.api.reference_operations import GET_INSTRUMENTS
from tui.service.learned import Learned
from tui.service.reference.optional_calls import OptionalCalls
from tui.service.snapshot.records import DEFAULT_SCOPE, InstrumentFacts, display_name

CHUNK: Final = 500
"""Identifiers of one call, until a server refuses so many."""
CHUNK_FACT: Final = "instruments.chunk"
TOO_LARGE: Final = (413, 414)
"""The statuses with which a server refuses a call for its size."""
INVALID: Final = 400
"""The status of a call that is too large, or that holds one identifier the server cannot read."""
MISSING_FOR: Final = timedelta(minutes=10)
"""The time for which an instrument that is not there is not asked for again."""
PAUSE_AFTER: Final = 100
"""Instruments that are taken in between two pauses."""
LUID: Final = "LusidInstrumentId"


class InstrumentsRead(Struct, frozen=True):
    """The answer to one call: what was found, and the LUIDs the server does not have."""

    found: Sequence[InstrumentFacts]
    missing: Collection[str]


class InstrumentReader:
    """Reads instruments with ``calls``; ``now`` is this machine's clock, aware UTC."""

    def __init__(self, calls: OptionalCalls, learned: Learned, now: Callable[[], datetime]) -> None:
        self._calls = calls
        self._learned = learned
        self._now = now
        self._missing: dict[str, datetime] = {}
        self._works = False
        """Whether the server answered such a call."""

    def is_due(self, luid: str) -> bool:
        """Return whether an instrument is worth asking for: it was not missing within ten minutes."""
        found = self._missing.get(luid)
        return found is None or self._now() - found >= MISSING_FOR

    def forget_missing(self) -> None:
        """Ask again for those that were not there."""
        self._missing.clear()

    async def read(
        self, wanted: Collection[str], scopes: Mapping[str, str]
    ) -> AsyncIterator[InstrumentsRead]:
        """Read these LUIDs, each in its scope, one call after the other.

        Raises:
            ApiError: a call failed; what it asked for is still wanted.
        """
        by_scope: dict[str, list[str]] = {}
        for luid in wanted:
            if self.is_due(luid):
                by_scope.setdefault(scopes.get(luid, DEFAULT_SCOPE), []).append(luid)
        for scope, luids in by_scope.items():
            rest = iter(luids)
            while some := tuple(islice(rest, self._chunk)):
                async for read in self._ask(scope, some):
                    yield read

    @property
    def _chunk(self) -> int:
        learned = self._learned.get(CHUNK_FACT)
        return learned if isinstance(learned, int) and 0 < learned < CHUNK else CHUNK

    async def _ask(self, scope: str, luids: tuple[str, ...]) -> AsyncIterator[InstrumentsRead]:
        """Ask in one call, or in two halves where the server refuses so many."""
        query = {"identifierType": LUID, "scope": None if scope == DEFAULT_SCOPE else scope}
        try:
            answer = await self._calls.ask(GET_INSTRUMENTS, luids, query=query)
        except Refused as error:
            if error.status not in (*TOO_LARGE, INVALID):
                raise
            if len(luids) == 1:
                yield self._unreadable(luids[0], error)
                return
            half = len(luids) // 2
            if error.status in TOO_LARGE:
                self._learned.put(CHUNK_FACT, half)
            for part in (luids[:half], luids[half:]):
                async for read in self._ask(scope, part):
                    yield read
            return
        self._works = True
        now = self._now()
        found: list[InstrumentFacts] = []
        for number, record in enumerate((answer.values or {}).values(), start=1):
            found.append(facts_of(record, now, scope))
            if not number % PAUSE_AFTER:
                await asyncio.sleep(0)
        missing = set(luids) - {each.luid for each in found}
        self._missing.update(dict.fromkeys(missing, now))
        yield InstrumentsRead(found, missing)

    def _unreadable(self, luid: str, error: Refused) -> InstrumentsRead:
        """Return that a server has no such LUID, which it refused alone; raise if it refuses any."""
        self._missing[luid] = self._now()
        if not self._works:
            raise error
        return InstrumentsRead((), {luid})


def facts_of(record: InstrumentRecord, now: datetime, scope: str = DEFAULT_SCOPE) -> InstrumentFacts:
    """Return what the desk keeps of an instrument as the master has it."""
    economics = record.instrument_definition
    conventions = economics.trading_conventions if economics else None
    return InstrumentFacts(
        record.lusid_instrument_id,
        now,
        name=display_name(record.name),
        scope=record.scope or scope,
        identifiers={kind: value for kind, value in (record.identifiers or {}).items() if value},
        currency=display_name(record.dom_ccy or (economics.dom_ccy if economics else "")),
        asset_class="" if record.asset_class == "Unknown" else display_name(record.asset_class),
        kind=display_name(economics.instrument_type) if economics else "",
        price_scale=conventions.price_scale_factor if conventions else None,
        state=display_name(record.state),
        lot=_lot(economics),
        least=_above_zero(conventions.minimum_order_size if conventions else None),
    )


def _lot(economics: InstrumentEconomics | None) -> Decimal | None:
    """Return what sizes are multiples of: the increment of a bond, the lot of what trades in lots."""
    if economics is None:
        return None
    conventions, lot = economics.trading_conventions, economics.lot_size
    return _above_zero(conventions.minimum_order_increment if conventions else None) or (
        Decimal(lot) if lot is not None and lot > 1 else None
    )


def _above_zero(value: Decimal | None) -> Decimal | None:
    return value if value is not None and value > 0 else None
