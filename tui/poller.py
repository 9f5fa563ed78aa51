"""Keeps a desk fresh: polls at the pace of whoever looks, and reads beside the polls what rows only name."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING

from tui.session import DeskSession

if TYPE_CHECKING:
    from textual.app import App
    from textual.timer import Timer
    from textual.worker import Worker

    from tui.service.desk import Desk
    from tui.service.snapshot.snapshot import Ref


class Poller:
    """Polls the desk of one session.

    Args:
        app: runs its workers and timers, and ends them.
        session: the desk, once its server is reached, and the pace.
        rows_in_sight: returns the rows that are on the screen.
        look: takes over what programs proposed since, and what became of it.
    """

    def __init__(
        self,
        app: App[None],
        session: DeskSession,
        rows_in_sight: Callable[[], tuple[Ref, ...]],
        look: Callable[[Desk], Coroutine[None, None, None]],
    ) -> None:
        self._app = app
        self._session = session
        self._rows_in_sight = rows_in_sight
        self._look = look
        self._polling = False
        self._next_poll: Timer | None = None

    def wait(self) -> None:
        """Poll after the time that the pace gives, and not before the server asked to be asked again."""
        seconds = max(self._session.pace.seconds, self.asked_to_wait_s)
        self._next_poll = self._app.set_timer(seconds, self._start_poll)

    @property
    def asked_to_wait_s(self) -> float:
        """For how many more seconds the server asked not to be asked."""
        until = self._session.health.until
        return max(0.0, (until - self._session.now()).total_seconds()) if until else 0.0

    def poll_now(self) -> None:
        """Poll at once, because somebody looks who did not, unless the server asked to wait."""
        if self._next_poll is not None and not self.asked_to_wait_s:
            self._next_poll.stop()
            self._start_poll()

    def read_bookings(self) -> None:
        """Read what is booked, beside the polls, where a load left that for afterwards."""
        self._work(self._read_bookings, "bookings")

    def read_reference(self) -> None:
        """Read what rows only name, beside the polls."""
        self._work(self._read_reference, "reference")

    def look_for_proposals(self) -> None:
        """Look what programs proposed, beside the polls."""
        self._work(self._look_for_proposals, "proposals")

    def _work(self, work: Callable[[], Coroutine[None, None, None]], group: str) -> None:
        _: Worker[None] = self._app.run_worker(work, group=group, exit_on_error=False)

    def _start_poll(self) -> None:
        self._work(self._poll, "poll")

    async def _poll(self) -> None:
        """Poll for changes, then wait for the next time. Reconciliation and market keep the same pace."""
        desk = self._session.desk
        if desk is None or self._polling:
            return
        self._polling = True
        try:
            if desk.snapshot.as_at is None:
                await desk.refresh()
                self._work(desk.reconcile, "reconcile")
                self.read_bookings()
                self.read_reference()
                self.look_for_proposals()
                await desk.beside.identify()
                if self._session.market is not None:
                    self._session.market = await desk.market.status() or self._session.market
        finally:
            self._polling = False
            self.wait()

    async def _look_for_proposals(self) -> None:
        if desk := self._session.desk:
            await self._look(desk)

    async def _read_bookings(self) -> None:
        """Read what is booked, of the rows in sight first."""
        while desk := self._session.desk:
            if not await desk.read_bookings(self._rows_in_sight()):
                break

    async def _read_reference(self) -> None:
        """Read rights, then instruments, portfolios and the like, then the prices of what is in sight."""
        if desk := self._session.desk:
            await desk.beside.read_permissions()
            await desk.beside.read_reference()
            await desk.beside.read_quotes(self._rows_in_sight())
