"""Follows the desk under an open dialog, and tells when that fails."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final

from textual.screen import Screen

if TYPE_CHECKING:
    from tui.service.desk import Desk

NOT_FOLLOWED: Final = "What others change is not shown here any more: go back and ask again."

log = logging.getLogger(__name__)

Follow = Callable[[asyncio.Event], Coroutine[Any, Any, None]]


@asynccontextmanager
async def following(dialog: Screen[Any], desk: Desk, follow: Follow) -> AsyncIterator[None]:
    """Run ``follow`` while the context lasts, with an event that every update of the desk sets."""

    def tell(ended: asyncio.Task[None]) -> None:
        if not ended.cancelled() and (error := ended.exception()) is not None:
            log.error("a dialog cannot be kept fresh", exc_info=error)
            dialog.app.notify(NOT_FOLLOWED, severity="error", timeout=60, markup=False)

    changed = asyncio.Event()
    unsubscribe = desk.subscribe(lambda update: changed.set())
    task = asyncio.create_task(follow(changed))
    task.add_done_callback(tell)
    try:
        yield
    finally:
        unsubscribe()
        task.cancel()
