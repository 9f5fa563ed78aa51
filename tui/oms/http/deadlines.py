"""How long a request may take: a read is given up, a write is given up as long as it has not begun.

A write that has begun is finished however long it takes, and its answer is what became of it: a server
that answered earlier would not know what to say.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from tui.oms.domain.error_codes import UNLISTED
from tui.oms.domain.refusals import Refusal

T = TypeVar("T")

DEADLINE_S: Final = 10
"""How long a request may take, in seconds, from its head to its answer."""


async def read_in_time(reading: Awaitable[T], seconds: float) -> T:
    """Give what ``reading`` gives, if it does within ``seconds``.

    Raises:
        Refusal: it does not (504).
    """
    try:
        async with asyncio.timeout(seconds):
            return await reading
    except TimeoutError as error:
        detail = f"The read took longer than {DEADLINE_S} seconds. Ask for less: a smaller page, a filter."
        raise Refusal("RequestTimeout", detail, code=UNLISTED, status=504) from error


class StartOrAbandon:
    """Decides, once and for all, whether a write begins or is given up."""

    def __init__(self) -> None:
        self._decided = threading.Lock()

    def claim(self) -> bool:
        """Tell whether the caller came first: the thread that would begin, or the one that gives up."""
        return self._decided.acquire(blocking=False)


async def write_in_time(
    run: Callable[[Callable[[], T | None]], Awaitable[T | None]], work: Callable[[], T], seconds: float
) -> T:
    """Have ``run`` do ``work`` in its thread, if its turn comes within ``seconds``.

    Raises:
        Refusal: it does not; nothing was or will be done (503).
    """
    turn = StartOrAbandon()
    running = asyncio.ensure_future(run(lambda: work() if turn.claim() else None))
    done, _ = await asyncio.wait({running}, timeout=max(seconds, 0))
    if not done and turn.claim():
        detail = f"The server is busy: the request waited {DEADLINE_S} seconds. Nothing was done. Try again."
        raise Refusal("ServerBusy", detail, code=UNLISTED, status=503)
    answer = await running
    assert answer is not None
    return answer
