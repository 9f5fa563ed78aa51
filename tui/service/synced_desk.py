"""A desk that shows the past too: at a moment, from change to change, and closer than its rows.

What keeps it fresh is the live desk (:mod:`tui.service.live_desk`). In the past nothing is polled and nothing
can be written.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tui.api.base import ResourceId
from tui.api.client import Client
from tui.api.errors import ApiError
from tui.api.models import Transaction
from tui.service.desk_profile import DEFAULT_PROFILE, DeskProfile
from tui.service.environment import Environment, State
from tui.service.live_desk import LiveDesk, utc_now
from tui.service.snapshot.snapshot import Ref
from tui.service.sync.past_changes import PastChanges
from tui.service.sync.past_day import DayMark, marks_of
from tui.service.sync.past_step import PastStep, past_step
from tui.service.sync.past_versions import PastChange
from tui.service.sync.read_session import Superseded
from tui.service.writes.limits import DEFAULT_LIMITS, Limits

if TYPE_CHECKING:
    from tui.service.browse import Browser
    from tui.service.earlier_rows import Earlier
    from tui.service.history import HistoryEntry

MOST_SETTLED: Final = 2_000
"""The blocks of a desk that are read again when somebody rests at a moment of the past."""
ENTRIES_A_TURN: Final = 50
"""The entries of a history that are put into words before other work has its turn."""

log = logging.getLogger(__name__)


class SyncedDesk(LiveDesk):
    """The rows of one server, as they are and as they were."""

    def __init__(
        self,
        client: Client,
        environment: Environment,
        *,
        limits: Limits = DEFAULT_LIMITS,
        profile: DeskProfile = DEFAULT_PROFILE,
        cache: Path | None = None,
        now: Callable[[], datetime] = utc_now,
        zone: tzinfo = UTC,
    ) -> None:
        super().__init__(client, environment, limits=limits, profile=profile, cache=cache, now=now, zone=zone)
        self._booked: Mapping[ResourceId, Transaction] = {}
        self.past_day: tuple[DayMark, ...] = ()
        """What a reader of the past looks for: fills and rejects, by time, as the live desk knew them."""
        self._verdicts_at: datetime | None = None
        self.past_step: PastStep | None = None
        """What the last step through the past went over; None before any."""

    async def load(self) -> bool:
        loaded, behind = await super().load(), self.verdicts_behind
        if loaded and behind:
            self._verdicts_at = self.snapshot.as_at
            self.notify_listeners()
        return loaded

    async def travel(self, as_at: datetime | None) -> bool:
        """Show the desk as it was at ``as_at``, or live again with None; return whether it worked."""
        if self.snapshot.as_at is None and as_at is not None:
            self._booked = self.snapshot.transactions
            self.past_day = await asyncio.to_thread(marks_of, self.snapshot)
        self.past_step, self._verdicts_at = None, as_at
        self._reader.travel(as_at)
        self._health.on_travel()
        return await self.load()

    async def step(self, *, forward: bool) -> bool:
        """Show the past one change later or earlier; return whether there was one.

        A failure is in :attr:`health`, and the snapshot stays.
        """
        found: PastChange | None = None

        async def go(past: PastChanges) -> PastChange | None:
            nonlocal found
            found = await past.step(forward=forward)
            return found

        return await self._in_past(go) and found is not None

    async def move(self, moment: datetime) -> bool:
        """Show the past at another moment; return whether it worked.

        It goes through the changes until there when it is near, and reads everything again when it is not.
        """
        over: list[PastChange] | None = None

        async def go(past: PastChanges) -> PastChange | None:
            nonlocal over
            over = await past.go_to(moment)
            return over[0] if over is not None and len(over) == 1 else None

        worked = await self._in_past(go)
        return (
            worked if over is not None or self.health.state is not State.LIVE else await self.travel(moment)
        )

    def knows_step(self, *, forward: bool) -> bool:
        """Return whether the next change, or the one before, is known, so that a step reads nothing."""
        return self._past is not None and self._past.knows(forward=forward)

    async def read_ahead(self) -> None:
        """Read changes around the moment shown before somebody steps there."""
        past = self._past
        if past is not None and past.runs_short:
            await self._guarded(past.read_ahead())

    @property
    def verdicts_behind(self) -> bool:
        """Whether verdicts shown in the past may be of another moment: no version of a row tells them."""
        as_at = self.snapshot.as_at
        return as_at is not None and self.snapshot.complete and self._verdicts_at != as_at

    async def settle(self) -> None:
        """Read of the moment shown what no change tells: verdicts, and rows that were deleted later.

        It is meant to be called when somebody rests at a moment. A large desk is not read for that.
        """
        past, moment = self._past, self.snapshot.as_at
        if past is None or moment is None or not self.verdicts_behind:
            return
        if len(self.snapshot.blocks) > MOST_SETTLED or self.health.state is not State.LIVE:
            return
        try:
            rows = await self._reader.beside(self.snapshot).look_again()
            if self._past is not past or not await past.correct(rows, moment):
                return
        except (ApiError, Superseded) as error:
            log.info("verdicts of %s are not read: %s", moment, error)
            return
        self._verdicts_at = moment
        self._publish()
        self.notify_listeners()

    @property
    def _past(self) -> PastChanges | None:
        """The changes around the moment shown; None while the desk is live or not read yet."""
        if self.snapshot.as_at is None or self._reader.as_at is None or not self.snapshot.complete:
            return None
        return self._reader.past(self._booked)

    async def _in_past(self, go: Callable[[PastChanges], Awaitable[PastChange | None]]) -> bool:
        """Go through the past and publish where that led, with the one change that it went over, if any."""
        past, old = self._past, self.snapshot
        if past is None or self._reading.locked():
            return False
        over: PastChange | None = None

        async def went() -> None:
            nonlocal over
            over = await go(past)

        async with self._reading:
            worked = await self._guarded(went())
        update = self._frozen()
        if self.snapshot is not old:
            known = update is not None and update.old is old
            at, swept = (over.at, over.swept) if over else (None, frozenset[Ref]())
            self.past_step = past_step(old, self.snapshot, at, swept) if known else None
        if update is not None:
            self._notify(update)
        return worked

    # --- looking closer ------------------------------------------------------------------------------

    def browser(self) -> Browser:
        """Return what reads blocks and orders outside the desk's window, page by page."""
        from tui.service.browse import Browser

        return Browser(self.client, self.learned, lambda: self.snapshot, self._now)

    async def earlier(self, moment: datetime) -> Earlier:
        """Return the desk as it is now, and with what changed since ``moment`` as it was then.

        Raises:
            ApiError: it could not be read.
        """
        from tui.service.earlier_rows import read_earlier

        return await read_earlier(
            self.client,
            self.snapshot,
            moment,
            profile=self.profile,
            learned=self.learned,
            clock=self._now,
        )

    async def history(self, order_id: ResourceId) -> tuple[HistoryEntry, ...]:
        """Return what happened to an order and its related entities, newest first.

        Raises:
            ApiError: it could not be read; NotFound when there is no such order.
        """
        from tui.service.history import entries

        items = await self.client.get_order_history(order_id, as_at=self.snapshot.as_at)
        told: list[HistoryEntry] = []
        for entry in entries(order_id, items, self.snapshot):
            told.append(entry)
            if len(told) % ENTRIES_A_TURN == 0:
                await asyncio.sleep(0)
        return tuple(told)
