"""Deadlines: a read is abandoned at its deadline, a write only if it has not started yet.

A write that has started is finished however long it takes, and its response says what became of it: an
earlier response could not.
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
"""The most time a request may take from its head to its response, in seconds."""


async def read_before_deadline(reading: Awaitable[T], seconds: float) -> T:
    """Return the result of ``reading``, if there is one within ``seconds``.

    Raises:
        Refusal: there is none (504).
    """
    try:
        async with asyncio.timeout(seconds):
            return await reading
    except TimeoutError as error:
        detail = f"The read took longer than {DEADLINE_S} seconds. Ask for less: a smaller page, a filter."
        raise Refusal("RequestTimeout", detail, code=UNLISTED, status=504) from error


class StartOrAbandon:
    """Decides once whether a write starts or is abandoned."""

    def __init__(self) -> None:
        self._decided = threading.Lock()

    def claim(self) -> bool:
        """Return whether the caller is the first: the thread that would start, or the one that abandons."""
        return self._decided.acquire(blocking=False)


async def write_before_deadline(
    run: Callable[[Callable[[], T | None]], Awaitable[T | None]], work: Callable[[], T], seconds: float
) -> T:
    """Return the result of ``work``, which ``run`` carries out in its thread, if it starts in ``seconds``.

    Raises:
        Refusal: it does not start; nothing was or will be done (503).
    """
    start = StartOrAbandon()
    running = asyncio.ensure_future(run(lambda: work() if start.claim() else None))
    done, _ = await asyncio.wait({running}, timeout=max(seconds, 0))
    if not done and start.claim():
        detail = f"The server is busy: the request waited {DEADLINE_S} seconds. Nothing was done. Try again."
        raise Refusal("ServerBusy", detail, code=UNLISTED, status=503)
    answer = await running
    assert answer is not None
    return answer
