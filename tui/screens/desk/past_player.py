"""Goes through the past: from change to change, by a span of time, or playing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any, Final

from tui.session import DeskSession

SPEEDS: Final = (1, 10, 60, 600)
"""The speeds of playing, as multiples of real time."""
REST_S: Final = 1.0
"""Seconds without a step after which the moment shown is read for what no step tells."""
TICK_S: Final = 0.5
"""Seconds between two moments that are shown while playing."""
NOTHING_LATER: Final = "Nothing changed after this. {back} shows the desk as it is now."
NOTHING_EARLIER: Final = "Nothing that is on this desk changed before this."
IS_NOW: Final = "That would be later than now: this is the desk as it is."


class PastPlayer:
    """Carries out steps one after the other, however fast keys come.

    Args:
        session: the desk.
        run: runs a coroutine beside whatever else is done.
        say: tells the reader a sentence.
        show: shows that the speed is another one.
    """

    def __init__(
        self,
        session: DeskSession,
        run: Callable[[Coroutine[Any, Any, None]], object],
        say: Callable[[str], None],
        show: Callable[[], None],
    ) -> None:
        self._session, self._run, self._say, self._show = session, run, say, show
        self._steps, self._shift = 0, timedelta()
        self._going = self._ahead = False
        self._moves = 0
        self.speed = 0
        """How fast it plays, as a multiple of real time; 0 while it does not."""

    def read_ahead(self) -> None:
        """Read changes around the moment shown before somebody steps there."""
        if not self._ahead:
            self._ahead = True
            self._run(self._read_ahead())

    def step(self, changes: int) -> None:
        """Go on by so many changes, or back where it is less than 0."""
        self.stop()
        self._steps += changes
        self._go()

    def shift(self, span: timedelta) -> None:
        """Go on by a span of time, or back where it is less than 0."""
        self.stop()
        self._shift += span
        self._go()

    def play_faster(self) -> None:
        """Play, faster each time; after the fastest speed stop."""
        self.speed = next((speed for speed in SPEEDS if speed > self.speed), 0)
        self._show()
        self._go()

    def stop(self) -> None:
        """Play no longer."""
        if self.speed:
            self.speed = 0
            self._show()

    def _go(self) -> None:
        self._moves += 1
        if not self._going:
            self._going = True
            self._run(self._work())

    async def _work(self) -> None:
        desk = self._session.desk
        try:
            while desk is not None and desk.snapshot.as_at is not None:
                self.read_ahead()
                if self._steps:
                    await self._step()
                elif self._shift:
                    await self._move_by(self._shift)
                elif self.speed:
                    await asyncio.sleep(TICK_S)
                    await self._move_by(timedelta(seconds=TICK_S * self.speed))
                else:
                    break
        finally:
            self._steps, self._shift, self._going = 0, timedelta(), False
            self.stop()
        self._run(self._settle(self._moves))

    async def _read_ahead(self) -> None:
        """Read changes around the moment shown, while the reader goes on or not."""
        desk = self._session.desk
        try:
            if desk is not None:
                await desk.read_ahead()
        finally:
            self._ahead = False

    async def _settle(self, moves: int) -> None:
        """Let the desk read what no step tells, unless the reader goes on meanwhile."""
        await asyncio.sleep(REST_S)
        desk = self._session.desk
        if desk is not None and moves == self._moves and desk.verdicts_behind:
            await desk.settle()

    async def _step(self) -> None:
        forward = self._steps > 0
        self._steps -= 1 if forward else -1
        desk = self._session.desk
        assert desk is not None
        if await desk.step(forward=forward) or self._session.health.message:
            return
        self._steps = 0
        self._say(self._session.with_keys(NOTHING_LATER if forward else NOTHING_EARLIER))

    async def _move_by(self, span: timedelta) -> None:
        desk = self._session.desk
        assert desk is not None
        then = desk.snapshot.as_at
        self._shift = timedelta()
        if then is None:
            return
        if then + span >= self._session.now():
            self.stop()
            self._say(IS_NOW)
            await desk.travel(None)
        elif not await desk.move(then + span):
            self.stop()
