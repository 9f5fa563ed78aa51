"""How long work shares the event loop with keys: a little of it in every turn."""

from __future__ import annotations

import asyncio
from time import perf_counter
from typing import Final

SLICE_S: Final = 0.003
"""How long all panes together may work in one turn of the event loop, in seconds.

With what must be done at once when they are ready, and the painting, that stays under 8 ms, which a key
may wait.
"""


class Turns:
    """Tells whoever has long work to do when its turn is over; all who ask in one turn share its time."""

    def __init__(self) -> None:
        self._ends: float | None = None

    def deadline(self) -> float:
        """Return when the work of this turn must end, by ``perf_counter``."""
        if self._ends is None:
            self._ends = perf_counter() + SLICE_S
            asyncio.get_running_loop().call_soon(self._end)
        return self._ends

    def _end(self) -> None:
        self._ends = None
