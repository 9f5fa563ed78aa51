"""The turns that hold an event loop: for how long, by the processor and by the clock, and whose they are.

A turn is what one task or callback does between two awaits. The time of the processor is that of the loop's
thread alone, so that neither other programs nor other threads lengthen it.
"""

from __future__ import annotations

import asyncio
import gc
import os
import threading
import time
from asyncio.events import Handle
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import CodeType
from typing import Any, Final, NamedTuple

import pytest

from tests.bench.report import note, report

HELD_MS: Final = 8
"""The longest that a key may wait for one turn."""
NAMED_MS: Final = 3
"""Turns of at least so many milliseconds are kept with their names."""
MOST_NAMED: Final = 3
OURS: Final = tuple(f"{os.sep}{room}{os.sep}" for room in ("tui", "widgets"))


class Hold(NamedTuple):
    """One turn: milliseconds of the processor and of the clock, and what it went on with."""

    worked_ms: float
    took_ms: float
    name: str


@dataclass
class Holds:
    """The turns of a loop while it was watched, and the longest collection of garbage among them."""

    long: list[Hold] = field(default_factory=list)
    worked_ms: float = 0.0
    """The longest turn by the processor."""
    collected_ms: float = 0.0
    began: float = field(default_factory=time.perf_counter)
    seconds: float = 0.0
    processor_began: float = field(default_factory=time.process_time)
    processor_seconds: float = 0.0
    """What all threads of the program worked meanwhile."""

    def add(self, hold: Hold) -> None:
        """Add one more turn."""
        self.worked_ms = max(self.worked_ms, hold.worked_ms)
        if max(hold.worked_ms, hold.took_ms) >= NAMED_MS:
            self.long.append(hold)


@contextmanager
def watched() -> Iterator[Holds]:
    """Watch the turns of the loop of this thread."""
    holds, thread, run = Holds(), threading.get_ident(), Handle._run
    began = 0.0

    def run_watched(handle: Handle) -> None:
        if threading.get_ident() != thread:
            run(handle)
            return
        name = _name_of(handle)
        clock, processor = time.perf_counter(), time.thread_time()
        run(handle)
        worked, took = time.thread_time() - processor, time.perf_counter() - clock
        holds.add(Hold(worked * 1000, took * 1000, name))

    def collecting(phase: str, info: dict[str, int]) -> None:
        nonlocal began
        if phase == "start":
            began = time.perf_counter()
        else:
            holds.collected_ms = max(holds.collected_ms, (time.perf_counter() - began) * 1000)

    gc.callbacks.append(collecting)
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Handle, "_run", run_watched)
            yield holds
    finally:
        gc.callbacks.remove(collecting)
        holds.seconds = time.perf_counter() - holds.began
        holds.processor_seconds = time.process_time() - holds.processor_began


def tell(name: str, rounds: list[Holds]) -> None:
    """Report the longest turn of the round in which that was shortest, and name its long turns.

    What only one of several rounds shows came from elsewhere: a page of the disk, another program.
    """
    best = min(rounds, key=lambda holds: holds.worked_ms)
    report(f"{name}, longest turn by the processor", best.worked_ms, HELD_MS, "ms")
    report(f"{name}, by the clock", max((each.took_ms for each in best.long), default=0.0), None, "ms")
    report(f"{name}, longest collection", best.collected_ms, HELD_MS, "ms")
    report(f"{name}, until all is done", best.seconds * 1000, None, "ms")
    for hold in sorted(best.long, reverse=True)[:MOST_NAMED]:
        if hold.worked_ms >= NAMED_MS:
            note(f"  {hold.worked_ms:6.1f} of {hold.took_ms:6.1f} ms  {hold.name}")


def _name_of(handle: Handle) -> str:
    """Return what a turn goes on with: the task, and the innermost of our functions that it waits in."""
    callback: Any = getattr(handle, "_callback", None)
    task = getattr(callback, "__self__", None)
    if not isinstance(task, asyncio.Task):
        return getattr(callback, "__qualname__", repr(callback))
    ours = ""
    waiting: Any = task.get_coro()
    while waiting is not None:
        code: CodeType | None = getattr(waiting, "cr_code", None) or getattr(waiting, "ag_code", None)
        if code is not None and any(room in code.co_filename for room in OURS):
            ours = code.co_qualname
        waiting = getattr(waiting, "cr_await", None) or getattr(waiting, "ag_await", None)
    name = task.get_name().partition(", classes=")[0]
    return f"{name}: {ours}" if ours else name
