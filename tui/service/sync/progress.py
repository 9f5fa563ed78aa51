"""Showing a load while it goes on, without holding the event loop."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final, Protocol

from tui.service.snapshot.builder import SnapshotBuilder
from tui.service.snapshot.snapshot import EntityKind
from tui.service.sync.load_progress import LoadProgress
from tui.service.sync.read_session import FIRST_PAGE

QUICK_S: Final = 0.2
"""A load that ends within so many seconds is shown once, when it is whole."""


class Publish(Protocol):
    """Publishes the builder's current rows to the desk's listeners."""

    def __call__(self, *, complete: bool | None = None) -> None: ...


@contextmanager
def collector_suspended(*, again: bool) -> Iterator[None]:
    """Suspend the cyclic garbage collector during a load, and exempt the rows it brought.

    Rows cannot form cycles, and a collection over the indexes of a hundred thousand of them holds the event
    loop for longer than a key may wait. What a load drops must be free of cycles for the same reason: nobody
    frees it afterwards. A load that is done ``again`` collects before what has become garbage since.
    """
    was_on = gc.isenabled()
    if again and was_on:
        gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was_on:
            gc.enable()


class Progress:
    """Publishes during a load: at once, then each time there is half as much again to show.

    A load that may be ``quick`` publishes nothing at first, while no list fills its first page: a small desk
    that is there at once is drawn once.
    """

    def __init__(self, publish: Publish, builder: SnapshotBuilder, *, quick: bool = False) -> None:
        self._publish = publish
        self._builder = builder
        self._quick = asyncio.get_running_loop().call_later(QUICK_S, self._go_on) if quick else None
        self.named: dict[EntityKind, int] = {}
        """The rows that will be there, of the kinds of which that is known."""
        self.done: set[EntityKind] = set()
        """The kinds that are read."""
        self.waits = False
        """Whether some rows read may not belong to the desk: until that is known none is shown."""

    @property
    def state(self) -> LoadProgress:
        """How far the load is."""
        counts = {kind: len(self._builder.rows(kind)) for kind in EntityKind}
        read: Mapping[EntityKind, int] = {kind: rows for kind, rows in counts.items() if rows}
        return LoadProgress(read, dict(self.named), frozenset(self.done))

    def later(self) -> None:
        """Publish if enough was read since the last time: all publishing costs no more than the load."""
        counts = [len(self._builder.rows(kind)) for kind in EntityKind]
        if max(counts) >= FIRST_PAGE:
            self.wait_no_longer()
        if self._builder.touched() >= max(1, sum(counts) // 3):
            self.now()

    def now(self) -> None:
        """Publish the rows read so far."""
        if self._builder.touched() and not self.waits and self._quick is None:
            self._publish()

    def _go_on(self) -> None:
        """Show a load that is not quick."""
        self._quick = None
        self.now()

    def wait_no_longer(self) -> None:
        """Show from now on what was read, also before the load ends."""
        if self._quick is not None:
            self._quick.cancel()
            self._quick = None
