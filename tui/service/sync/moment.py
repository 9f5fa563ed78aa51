"""The moment of a server's last write: what a load is pinned to, and what tells that a poll finds nothing."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from msgspec import ValidationError, convert

from tui.api.client import Client
from tui.api.errors import ApiError, ServerFailed
from tui.service.learned import Learned
from tui.service.sync.high_water_marks import OVERLAP
from tui.service.sync.queries import concerns_one_kind

if TYPE_CHECKING:
    from tui.api.operation import Operation
    from tui.api.reference_models import LatestAsAt

IDLE_MOVES: Final = 3
"""A moment that moved so often while no list had news says nothing about this desk (contract, R6)."""

log = logging.getLogger(__name__)


class LatestMoment:
    """Asks the server of ``client`` for the moment of its last write, where it tells."""

    def __init__(self, client: Client, learned: Learned) -> None:
        self._client = client
        self._learned = learned
        self.known: datetime | None = None
        """The moment that was told last, None while none was."""
        self.told: str | None = None
        """The same as the server wrote it."""
        self._operation: Operation[None, LatestAsAt] | None = None

    async def ask(self) -> str | None:
        """Return the moment in the digits the server writes (R7), None when it does not tell.

        Raises:
            ApiError: there is no connection, or nobody is signed on.
        """
        if self._operation is None:
            self._operation = await asyncio.to_thread(_load_operation)
        operation = self._operation
        if operation.name in self._client.absent or self._learned.get("asat") is False:
            return None
        try:
            told = (await self._client.call(operation)).as_at
        except ApiError as error:
            if not concerns_one_kind(error):
                raise
            if not isinstance(error, ServerFailed):
                self._learned.put("asat", False)
            log.info("the moment of the last write is not known: %s", error)
            return None
        try:
            moment = convert(told, datetime, strict=False) if told else None
        except ValidationError:
            moment = None
        if moment is None or moment.tzinfo is None:
            return None
        self.known, self.told = moment.astimezone(UTC), told
        return told


class PollGate:
    """Saves polls that would find nothing: one call tells whether anything was written since the last one.

    It is asked only while nothing happens, and for :data:`OVERLAP` after the last write everything is polled:
    changes may become visible that late. ``now`` is this machine's clock, aware UTC.
    """

    def __init__(self, moment: LatestMoment, now: Callable[[], datetime]) -> None:
        self._moment = moment
        self._now = now
        self._quiet_since: datetime | None = None
        self._moved = False
        self._idle_moves = 0

    async def is_shut(self) -> bool:
        """Return whether there is nothing to poll for.

        Raises:
            ApiError: there is no connection, or nobody is signed on.
        """
        quiet = self._quiet_since
        if quiet is None or abs(self._now() - quiet) < OVERLAP or self._idle_moves >= IDLE_MOVES:
            return False
        before = self._moment.told
        told = await self._moment.ask()
        if told is None or told != before:
            self._moved = before is not None
            self._quiet_since = self._now()
            return False
        return True

    def after_poll(self, *, news: bool) -> None:
        """Take note of a poll that all lists answered, and whether it brought anything."""
        if news:
            self._quiet_since, self._idle_moves = None, 0
        else:
            self._quiet_since = self._quiet_since or self._now()
            self._idle_moves += self._moved
        self._moved = False


def _load_operation() -> Operation[None, LatestAsAt]:
    """Load the operation, with all models of reference data: in a thread, it takes too long for the loop."""
    from tui.api.reference_operations import LATEST_AS_AT

    return LATEST_AS_AT
