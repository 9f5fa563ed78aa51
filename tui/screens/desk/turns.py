"""The time budget of long work in each turn of the event loop."""

from __future__ import annotations

import asyncio
from time import perf_counter
from typing import Final

from tui.columns.steps import Steps, T

SLICE_S: Final = 0.003
"""The most time all panes together may work in one turn of the event loop, in seconds.

With one step more, and painting, a turn stays under 8 ms, the longest that a key may wait.
"""


class Turns:
    """One time budget per turn of the event loop, shared by all panes."""

    def __init__(self) -> None:
        self._ends: float | None = None

    def over(self) -> bool:
        """Return whether the budget of this turn is spent; the first caller of a turn may always begin."""
        if self._ends is None:
            self._ends = perf_counter() + SLICE_S
            asyncio.get_running_loop().call_soon(self._next)
            return False
        return perf_counter() >= self._ends

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

    def _next(self) -> None:
        self._ends = None
