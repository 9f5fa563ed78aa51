"""Hears that a command is told to stop while it sends: what is on its way is waited for, no more is sent."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from tui.service.writes.dispatch import Dispatch


class StopSignals:
    """Hears that the program is told to stop while it sends: what is on its way is waited for."""

    def __init__(self) -> None:
        self.asked = False
        self._dispatch: Dispatch | None = None

    def watch(self, dispatch: Dispatch) -> None:
        """Stop this decision too when told to."""
        self._dispatch = dispatch
        if self.asked:
            dispatch.stop()

    @contextmanager
    def heard(self) -> Iterator[None]:
        """Hear interrupts for as long as the context lasts, instead of ending."""
        loop = asyncio.get_running_loop()
        signals = (signal.SIGINT, signal.SIGTERM)
        before = {}
        with suppress(RuntimeError, ValueError):  # only a program's main thread hears them
            for each in signals:
                before[each] = signal.getsignal(each)
                loop.add_signal_handler(each, self._hear)
        try:
            yield
        finally:
            for each, handler in before.items():
                loop.remove_signal_handler(each)
                signal.signal(each, handler)

    def _hear(self) -> None:
        self.asked = True
        if self._dispatch is not None:
            self._dispatch.stop()
