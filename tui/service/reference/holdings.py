"""What portfolios hold, asked for on demand: once for each portfolio, and kept for a minute (R32 to R36).

A ticket asks for its instruments only; many instruments are read with the whole portfolio. Where a server
does not count orders, its plain holdings are read; where it has neither, the reason is kept in their place.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from msgspec import Struct

from tui.api.base import ZERO, ResourceId
from tui.api.errors import ApiError, NotFound, Refused
from tui.api.operation import Operation
from tui.api.reference_models import Holdings
from tui.api.reference_operations import HOLDINGS, HOLDINGS_WITH_ORDERS
from tui.service.learned import Learned
from tui.service.reference.optional_calls import OptionalCalls
from tui.service.snapshot.held_units import NOT_ASKED, READING, HeldUnits, Holding, HoldingKey, NotKnown

FRESH_FOR: Final = timedelta(seconds=60)
"""How long a holding is taken for the present one."""
MOST_FILTERED: Final = 20
"""The most instruments that are asked for by name: more would not fit into a filter of 512 characters."""
MOST_PORTFOLIOS: Final = 20
"""The most portfolios that are read for one preview."""
FILTER: Final = "holdings.filter"
"""The name under which is remembered whether holdings can be filtered by instrument."""
POSITION: Final = "P"
_ORDERED: Final = frozenset({"O", "L"})
_BAD_REQUEST: Final = 400
TOO_MANY: Final = NotKnown(f"no more than {MOST_PORTFOLIOS} portfolios are read for one preview")


class _Kept(Struct, frozen=True):
    """What was read of a portfolio: the holdings by LUID, those of ``luids`` or, with None, all of them.

    ``with_orders`` says that the server counted open orders too.
    """

    at: datetime
    luids: frozenset[str] | None
    found: Mapping[str, HeldUnits] = {}
    problem: NotKnown | None = None
    with_orders: bool = False

    def holding(self, luid: str) -> Holding | None:
        """Return the holding of an instrument, None when it was not asked for."""
        if self.luids is not None and luid not in self.luids:
            return None
        nothing = HeldUnits(ordered=ZERO if self.with_orders else None)
        return self.problem or self.found.get(luid, nothing)


class HoldingsReader:
    """Reads what portfolios hold; each read is shared by all who wait for it."""

    def __init__(self, calls: OptionalCalls, learned: Learned, now: Callable[[], datetime]) -> None:
        self._calls = calls
        self._learned = learned
        self._now = now
        self._kept: dict[ResourceId, tuple[_Kept, ...]] = {}
        self._reading: dict[tuple[ResourceId, frozenset[str] | None], asyncio.Task[None]] = {}
        self._drops = 0

    def holding(self, key: HoldingKey) -> Holding:
        """Return what is known of a holding by now."""
        portfolio, luid = key
        for kept in self._kept.get(portfolio, ()):
            found = kept.holding(luid)
            if found is not None and self._is_fresh(kept):
                return found
        if any(id == portfolio and (ids is None or luid in ids) for id, ids in self._reading):
            return READING
        return NOT_ASKED

    def drop(self) -> None:
        """Forget all holdings, those too that are being read: something was written."""
        self._drops += 1
        self._kept.clear()
        self._reading.clear()

    def start(self, keys: Iterable[HoldingKey]) -> tuple[asyncio.Task[None], ...]:
        """Begin to read the holdings of ``keys`` that are not known; return what to wait for.

        Those of the first :data:`MOST_PORTFOLIOS` portfolios are read, side by side. A failure is kept as
        the reason, and not raised.
        """
        wanted: dict[ResourceId, set[str]] = {}
        waiting: dict[asyncio.Task[None], None] = {}
        for portfolio, luid in keys:
            held = self.holding((portfolio, luid))
            if held is NOT_ASKED and (portfolio in wanted or len(wanted) < MOST_PORTFOLIOS):
                wanted.setdefault(portfolio, set()).add(luid)
            elif held is READING:
                waiting.update((task, None) for (id, _), task in self._reading.items() if id == portfolio)
        started = (self._start(portfolio, luids) for portfolio, luids in wanted.items())
        return (*waiting, *started)

    def _start(self, portfolio: ResourceId, luids: Collection[str]) -> asyncio.Task[None]:
        """Begin to read a portfolio: some of its instruments, or all of them."""
        few = len(luids) <= MOST_FILTERED and self._learned.get(FILTER) is not False
        asked = frozenset(luids) if few else None
        task = asyncio.create_task(self._keep(portfolio, asked, self._drops))
        self._reading[portfolio, asked] = task
        return task

    async def _keep(self, portfolio: ResourceId, luids: frozenset[str] | None, drops: int) -> None:
        kept = await self._ask(portfolio, luids)
        if drops == self._drops:
            self._reading.pop((portfolio, luids), None)
            fresh = filter(self._is_fresh, self._kept.get(portfolio, ()))
            self._kept[portfolio] = (kept, *fresh)

    def _is_fresh(self, kept: _Kept) -> bool:
        return abs(self._now() - kept.at) < FRESH_FOR

    async def _ask(self, portfolio: ResourceId, luids: frozenset[str] | None) -> _Kept:
        """Return what a portfolio holds, or why nobody says."""
        problem = ""
        for operation in (HOLDINGS_WITH_ORDERS, HOLDINGS):
            if not self._calls.may(operation):
                problem = problem or self._calls.in_words(operation)
                continue
            try:
                return await self._call(operation, portfolio, luids)
            except ApiError as error:
                problem = self._calls.in_words(operation)
                if isinstance(error, NotFound) and not problem:
                    problem = f"{portfolio} is no transaction portfolio here"
                    break
        return _Kept(self._now(), luids, problem=NotKnown(problem))

    async def _call(
        self, operation: Operation[None, Holdings], portfolio: ResourceId, luids: frozenset[str] | None
    ) -> _Kept:
        """Ask once; a server that refuses the filter is asked for everything, now and from now on (R35).

        Raises:
            ApiError: there is no answer, or it is a refusal.
        """
        if luids is not None:
            query = {"filter": _filter(luids)}
            try:
                answer = await self._calls.ask(operation, id=portfolio, query=query)
                return self._read(operation, answer, luids)
            except Refused as error:
                if error.status != _BAD_REQUEST:
                    raise
        answer = await self._calls.ask(operation, id=portfolio)
        if luids is not None:
            self._learned.put(FILTER, False)
        return self._read(operation, answer, None)

    def _read(
        self, operation: Operation[None, Holdings], answer: Holdings, luids: frozenset[str] | None
    ) -> _Kept:
        counted = operation is HOLDINGS_WITH_ORDERS
        found = held_by_luid(answer, with_orders=counted)
        return _Kept(self._now(), luids, found, with_orders=counted)


def held_by_luid(answer: Holdings, *, with_orders: bool) -> dict[str, HeldUnits]:
    """Return the units of each instrument: positions added up, open orders apart from them (R32)."""
    units: dict[str, list[Decimal]] = {}
    settled: dict[str, Decimal | None] = {}
    ordered: dict[str, Decimal] = {}
    for row in answer.values:
        luid = row.instrument_uid
        if row.holding_type == POSITION:
            units.setdefault(luid, []).append(row.units)
            so_far = settled.get(luid, ZERO)
            known = so_far is not None and row.settled_units is not None
            settled[luid] = (so_far or ZERO) + (row.settled_units or ZERO) if known else None
        elif row.holding_type in _ORDERED:
            ordered[luid] = ordered.get(luid, ZERO) + row.units
    return {
        luid: HeldUnits(
            sum(units.get(luid, ()), ZERO),
            settled.get(luid, ZERO),
            len(units.get(luid, ())),
            ordered.get(luid, ZERO) if with_orders else None,
        )
        for luid in units.keys() | ordered.keys()
    }


def _filter(luids: Collection[str]) -> str:
    """Return the filter for some instruments (R35)."""
    quoted = [f"'{luid.replace(chr(39), chr(39) * 2)}'" for luid in sorted(luids)]
    return f"instrumentUid eq {quoted[0]}" if len(quoted) == 1 else f"instrumentUid in ({', '.join(quoted)})"
