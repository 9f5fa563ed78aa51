"""The time budget of long work in each turn of the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from time import perf_counter
from typing import Final

from tui.columns.steps import Steps, T

SLICE_S: Final = 0.003
"""The most time all panes together may work in one turn of the event loop, in seconds.

With one step more, a turn stays under 8 ms, the longest that a key may wait; where the screen was painted
first, that one step is all.
"""


class Turns:
    """One time budget per turn of the event loop, shared by all panes."""

    def __init__(self) -> None:
        self._ends: float | None = None
        self._paused: float | None = None
        """When the budget of the turn before was spent; None after a turn without work."""
        self._left: list[Callable[[], bool]] = []

    def over(self) -> bool:
        """Return whether the budget of this turn is spent; the first caller of a turn may always begin.

        What was done since the last pause, such as painting, counts: it may be of this turn.
        """
        now = perf_counter()
        if self._ends is None:
            since = now if self._paused is None else self._paused
            self._ends = max(now, since + SLICE_S)
            asyncio.get_running_loop().call_soon(self._next)
            return False
        if now < self._ends:
            return False
        self._paused = now
        return True

    def begin_next(self) -> Steps[None]:
        """Pause until the next turn, unless this one has just begun: what follows needs most of a turn."""
        if self._ends is not None and self._ends - perf_counter() < SLICE_S * 2 / 3:
            self._ends = 0.0
            yield

    async def work(self, steps: Steps[T]) -> T:
        """Do work in steps over as many turns as it takes, and return what comes of it."""
        while True:
            while not self.over():
                try:
                    next(steps)
                except StopIteration as end:
                    result: T = end.value
                    return result
            await asyncio.sleep(0)

    def add(self, work: Callable[[], bool]) -> bool:
        """Leave work to :meth:`finish`, which calls it in every turn until it returns that it is done.

        Return whether nothing was left before, so that somebody has to start that.
        """
        self._left.append(work)
        return len(self._left) == 1

    async def finish(self) -> None:
        """Do what is left, in as many turns as it takes, what came first first."""
        try:
            while left := [work for work in self._left if not work()]:
                self._left = left
                await asyncio.sleep(0)
        finally:
            self._left.clear()

    def _next(self) -> None:
        self._ends = None
        asyncio.get_running_loop().call_soon(self._forget)

    def _forget(self) -> None:
        if self._ends is None:
            self._paused = None
