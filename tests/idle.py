"""Waiting until an app has done all it can do now, without waiting for a fixed time.

Textual's pilot takes a program for idle that used little of the processor for 20 ms, twice after each key.
Here the event loop is asked: nothing is ready to run, no thread works for it, nothing waits to be painted.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Any, Final

import pytest
from textual._context import active_app
from textual.app import App
from textual.pilot import Pilot

QUIET_TURNS: Final = 3
"""Turns of the loop with nothing to do, one after the other, before it is taken for idle."""
MOMENT_S: Final = 0.0005
"""Seconds between two looks at a thread that works for the loop, or at a timer of Textual's."""

LOOP_S: Final = 60.0
"""Seconds after which an app that always has something to do is at fault."""
THREADS_S = 20.0
"""Seconds after which a loop that waits for threads alone is taken for idle; less where a test holds one."""


class Threads:
    """Counts what threads are doing for each loop, by :meth:`asyncio.loop.run_in_executor`."""

    def __init__(self) -> None:
        self._busy: Counter[asyncio.AbstractEventLoop] = Counter()

    def busy(self, loop: asyncio.AbstractEventLoop) -> bool:
        """Return whether any thread works for this loop."""
        return self._busy[loop] > 0

    def counted(self) -> Callable[..., asyncio.Future[Any]]:
        """Return a ``run_in_executor`` that counts the work until it is done."""
        run = asyncio.BaseEventLoop.run_in_executor

        def run_in_executor(loop: asyncio.BaseEventLoop, *work: Any) -> asyncio.Future[Any]:
            future: asyncio.Future[Any] = run(loop, *work)
            self._busy[loop] += 1
            future.add_done_callback(self._done)
            return future

        return run_in_executor

    def _done(self, future: asyncio.Future[Any]) -> None:
        self._busy[future.get_loop()] -= 1


def resizing() -> bool:
    """Return whether the app waits a moment for further changes of its size, as Textual does."""
    app: App[Any] | None = active_app.get(None)
    return app is not None and app._resize_timer is not None


def painted() -> bool:
    """Paint what the screen on top has to paint; return whether there was any.

    An app that has failed paints no more.
    """
    app: App[Any] | None = active_app.get(None)
    if app is None or app._exception or not app._screen_stack or app._batch_count:
        return False
    screen = app.screen
    waiting = (
        screen._layout_required
        or screen._scroll_required
        or screen._repaint_required
        or screen._recompose_required
        or screen._dirty_widgets
        or screen._callbacks
    )
    if waiting and screen.is_current:
        screen._on_timer_update()
    return bool(waiting)


@contextmanager
def idle_by_the_loop() -> Iterator[None]:
    """Have Textual's pilot wait until the loop is idle, however long that takes, not for fixed times."""
    threads = Threads()

    async def wait_for_idle(min_sleep: float = 0.0, max_sleep: float = 1.0) -> None:
        loop: Any = asyncio.get_running_loop()
        quiet, moved = 0, monotonic()
        end = moved + LOOP_S
        while quiet < QUIET_TURNS and monotonic() < min(end, moved + THREADS_S):
            elsewhere = threads.busy(loop) or resizing()
            await asyncio.sleep(MOMENT_S if elsewhere else 0)
            if loop._ready or painted():
                quiet, moved = 0, monotonic()
            else:
                quiet = 0 if elsewhere else quiet + 1
        assert monotonic() < end, "the app works without end"

    async def wait_for_screen(pilot: Pilot[Any], **_: object) -> bool:
        await wait_for_idle()
        return pilot.app._exception is None

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Pilot, "_wait_for_screen", wait_for_screen)
        patch.setattr(asyncio.BaseEventLoop, "run_in_executor", threads.counted())
        patch.setattr("textual.app.wait_for_idle", wait_for_idle)
        patch.setattr("textual.pilot.wait_for_idle", wait_for_idle)
        yield
