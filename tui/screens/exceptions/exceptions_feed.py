"""Keeps the open exceptions up with the snapshot that is shown, without holding the event loop.

Short work is done at once, long work over the next turns. Nothing is judged before everything was read: a
fill without its allocations would look like one that is not allocated.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from msgspec.structs import replace

from tui.screens.turns import Turns
from tui.service.exceptions.exception_kind import Trouble
from tui.service.exceptions.open_exceptions import OpenException, OpenExceptions
from tui.service.snapshot.diff import Delta
from tui.service.snapshot.snapshot import EMPTY, EntityKind, Ref, Snapshot

Judging = Generator[None, None, None]


class Differences(Protocol):
    """Tells what differs between two snapshots."""

    def delta(self, kind: EntityKind, old: Snapshot, new: Snapshot) -> Delta | None:
        """Return the differences in the rows of a kind; None where they are not known."""


class ExceptionsFeed:
    """The open exceptions of the snapshot shown.

    Args:
        kept: the list that is kept up.
        turns: the time budget shared with the panes.
        now: this machine's clock.
        go_on: calls its argument in every turn from the next one on, until it returns that it is done.
    """

    def __init__(
        self,
        kept: OpenExceptions,
        turns: Turns,
        now: Callable[[], datetime],
        go_on: Callable[[Callable[[], bool]], None],
    ) -> None:
        self._kept = kept
        self._turns = turns
        self._now = now
        self._go_on_later = go_on
        self._asked = EMPTY
        self._unknown: Mapping[Ref, Trouble] = {}
        self._work: deque[Judging] = deque()
        self._going_on = False
        self._listeners: list[Callable[[], None]] = []

    @property
    def open(self) -> Sequence[OpenException]:
        """The exceptions, the most urgent first."""
        return self._kept.open

    @property
    def snapshot(self) -> Snapshot:
        """The snapshot that was judged; empty before everything was read."""
        return self._kept.snapshot

    def find(self, found: OpenException) -> OpenException | None:
        """Return an exception as it is by now, None when it is one no longer."""
        return self._kept.find(found)

    def place_of(self, found: OpenException) -> int:
        """Return its place in the list, or the one it would have."""
        return self._kept.place_of(found)

    @property
    def busy(self) -> bool:
        """Return whether rows are still to be judged."""
        return bool(self._work)

    @property
    def now(self) -> datetime:
        """The moment that ages are counted to: in the past that of the snapshot."""
        return self._kept.snapshot.as_at or self._now()

    def listen(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call ``listener`` whenever the list may differ; the function returned ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def follow(self, snapshot: Snapshot, news: Differences) -> None:
        """Judge what differs in ``snapshot``."""
        former = self._asked
        if not snapshot.complete or snapshot is former:
            return
        self._asked = snapshot
        deltas = {kind: news.delta(kind, former, snapshot) for kind in EntityKind}
        known = {kind: _settled(delta, snapshot) for kind, delta in deltas.items() if delta is not None}
        now = snapshot.as_at or self._now()
        if len(known) < len(deltas):
            self._work.clear()
            self._work.append(self._kept.build(snapshot, now))
        else:
            self._work.append(self._kept.update(snapshot, known, now))
        self._begin()

    def tick(self, unknown: Mapping[Ref, Trouble]) -> None:
        """Open what has become an exception by now, such as an outcome that nobody knows."""
        if self._work or not self._asked.complete:
            return
        if unknown != self._unknown:
            self._unknown = unknown
            self._kept.tell_unknown(unknown, self.now)
            self._tell()
        if self._kept.open_due(self.now):
            self._tell()

    def _begin(self) -> None:
        if not self._judge() and not self._going_on:
            self._going_on = True
            self._go_on_later(self._go_on)

    def _go_on(self) -> bool:
        done = self._judge()
        self._going_on = not done
        return done

    def _judge(self) -> bool:
        """Judge until this turn of the loop is over; return whether all is done."""
        while self._work and not self._turns.over():
            work = self._work[0]
            try:
                next(work)
            except StopIteration:
                if self._work and self._work[0] is work:
                    self._work.popleft()
                if not self._work:
                    self._kept.open_due(self.now)
                    self._tell()
        return not self._work

    def _tell(self) -> None:
        for listener in tuple(self._listeners):
            listener()


def _settled(delta: Delta, snapshot: Snapshot) -> Delta:
    """Return a delta that does not ask for all rows while what is booked is still being read.

    Each portfolio that is read would ask for them; the last one does.
    """
    return replace(delta, others=False) if snapshot.bookings_due and delta.others else delta
