"""How long work shares the event loop with keys: a little of it in every turn."""

from __future__ import annotations

import asyncio
from time import perf_counter
from typing import Final

from tui.columns.sorted_rows import Steps

SLICE_S: Final = 0.003
"""How long all panes together may work in one turn of the event loop, in seconds.

With what must be done at once when they are ready, and the painting, that stays under 8 ms, which a key
may wait.
"""


class Turns:
    """Tells whoever has long work to do when its turn is over; all who ask in one turn share its time."""

    def __init__(self) -> None:
        self._ends: float | None = None

    def over(self) -> bool:
        """Return whether the work of this turn must stop; it never is before it has begun."""
        if self._ends is None:
            self._ends = perf_counter() + SLICE_S
            asyncio.get_running_loop().call_soon(self._next)
            return False
        return perf_counter() >= self._ends

    def begin_next(self) -> Steps[None]:
        """Pause until the next turn, unless this one has just begun: what follows takes a turn of its own."""
        if self._ends is not None and self._ends - perf_counter() < SLICE_S * 2 / 3:
            self._ends = 0.0
            yield

    def _next(self) -> None:
        self._ends = None
