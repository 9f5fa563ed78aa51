"""Keeps the rows of one pane filtered, sorted and added up, without holding the event loop.

Short work is done at once. Long work is sliced over the next turns of the loop (cooperative scheduling),
while the pane shows the rows it had; a newer filter, sort or scope cancels an older one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from functools import reduce
from time import perf_counter
from typing import Final, Protocol

from tui.api.base import ResourceId
from tui.columns.sorted_rows import RUN, SortedRows, changed_cells, paused
from tui.columns.steps import Steps
from tui.columns.totals import Totals
from tui.columns.view import View
from tui.screens.turns import Turns
from tui.service.snapshot.diff import Delta
from tui.service.snapshot.snapshot import EntityKind, Snapshot

MANY: Final = 1_000
"""From so many changed rows on, it takes less time to filter and sort all of them again."""
SLOW_S: Final = 0.2
"""After so many seconds of filtering or sorting the pane says that it is under way."""


class RowsOwner(Protocol):
    """The pane, as it is told what became ready."""

    def rows_ready(self, changed: Collection[ResourceId] | None) -> None:
        """Show the rows as they are now; ``changed`` are those with other cells, None when any may have."""

    def rows_slow(self) -> None:
        """Show that filtering or sorting is under way."""

    def cells_changed(
        self,
        cells: Mapping[ResourceId, Collection[str]],
        added: Collection[ResourceId],
        removed: Collection[ResourceId],
    ) -> None:
        """Mark the cells that changed and the rows that are new, and unmark those that are gone."""

    def totals_ready(self) -> None:
        """Show what the rows add up to."""

    def rows_needing(self) -> Collection[ResourceId]:
        """Return the rows that need somebody."""

    def needing_counted(self) -> None:
        """Show how many of the hidden rows need somebody."""

    def go_on(self, work: Callable[[], bool]) -> None:
        """Call ``work`` in every turn of the loop from the next one on, until it returns that it is done."""


class Arranger:
    """Brings :attr:`rows` to the view, snapshot and scope that were asked for last."""

    def __init__(self, kind: EntityKind, turns: Turns, owner: RowsOwner) -> None:
        self.rows = SortedRows(View(kind))
        self._owner = owner
        self._turns = turns
        self._view, self._snapshot = self.rows.view, self.rows.snapshot
        self._scope = self.rows.scope
        self._rebuilding = False
        self._updates: list[tuple[Snapshot, Delta]] = []
        self._arranging: deque[Steps[None]] = deque()
        self._marking: deque[Steps[None]] = deque()
        self._counting: deque[Steps[None]] = deque()
        self._choosing: deque[Steps[None]] = deque()
        self._discarding: deque[Steps[None]] = deque()
        self._needing: deque[Steps[None]] = deque()
        self.hidden_needing = 0
        """How many of the rows that the filter hides need somebody."""
        self._chosen: frozenset[Hashable] = frozenset()
        self._chosen_totals: Totals | None = None
        """The totals of the rows chosen; None while none are, and until they are added up."""
        self._began = 0.0
        self._said_slow = False
        self._going_on = False

    @property
    def busy(self) -> bool:
        """Return whether anything is left to do."""
        return self._next_work() is not None

    @property
    def slow(self) -> str:
        """The work that takes so long that the reader should know, empty when there is none."""
        if not self._rebuilding or perf_counter() - self._began < SLOW_S:
            return ""
        shown, wanted = self.rows.view, self._view
        if shown.filter != wanted.filter:
            return "filtering…"
        return "sorting…" if shown.sorts != wanted.sorts else "reading…"

    @property
    def totals(self) -> Totals:
        """The totals of the rows chosen; of all that are shown where none are, and until they are known."""
        return self._chosen_totals or self.rows.totals

    def choose(self, ids: frozenset[Hashable]) -> None:
        """Add up these rows in the place of all, until others are chosen or none."""
        self._chosen = ids
        self._add_up_chosen()
        self._begin()

    def _add_up_chosen(self) -> None:
        self._choosing.clear()
        if not self._chosen or (len(self._chosen) == len(self.rows.ids) and not self.rows.guests):
            self._chosen_totals = None
            self._owner.totals_ready()
        else:
            self._choosing.append(self._count_chosen(self.rows, self._chosen))

    def _count_chosen(self, rows: SortedRows, chosen: frozenset[Hashable]) -> Steps[None]:
        totals = Totals(rows.view)
        for pause, id in paused(chosen):
            totals.add(rows.snapshot, (id,) if isinstance(id, ResourceId) else ())
            if pause:
                yield
        self._chosen_totals = totals
        self._owner.totals_ready()

    def _follow_chosen(self, before: Snapshot, delta: Delta) -> None:
        """Count the chosen rows of an update anew, and no others."""
        touched = [id for id in (*delta.added, *delta.changed, *delta.removed) if id in self._chosen]
        if self._choosing or (self._chosen and self._chosen_totals is None):
            self._add_up_chosen()
        elif touched and self._chosen_totals is not None:
            self._chosen_totals.subtract(before, touched)
            self._chosen_totals.add(self.rows.snapshot, touched)

    def count_needing(self) -> None:
        """Count again those of the hidden rows that need somebody: others may."""
        self._await_needing()
        self._begin()

    def _await_needing(self) -> None:
        self._needing.clear()
        if self.rows.view.filter:
            self._needing.append(self._count_needing(self._owner.rows_needing()))
        else:
            self.hidden_needing = 0

    def _count_needing(self, needing: Collection[ResourceId]) -> Steps[None]:
        found = 0
        for pause, id in paused(frozenset(needing), RUN):
            found += self.rows.hides(id)
            if pause:
                yield
        if found != self.hidden_needing:
            self.hidden_needing = found
            self._owner.needing_counted()

    def arrange(
        self,
        view: View,
        snapshot: Snapshot,
        scope: Sequence[ResourceId] | None,
        delta: Delta | None = None,
    ) -> None:
        """Show the rows of ``snapshot`` that are in ``scope`` (None: all) as ``view`` says.

        ``delta`` is what differs from the snapshot given last, None when that is not known.
        """
        former = self._snapshot
        same = view == self._view and scope == self._scope
        self._view, self._snapshot, self._scope = view, snapshot, scope
        if snapshot.as_at != former.as_at:
            self._marking.clear()
        if delta and _is_news(former, snapshot):
            self._marking.append(self._mark(former, snapshot, delta))
        if same and snapshot is former:
            return
        if same and delta is not None and not delta.others and _size(delta) <= MANY:
            self._updates.append((snapshot, delta))
            if len(self._updates) == 1:
                self._arranging.append(self._update())
        else:
            self._updates.clear()
            self._arranging.clear()
            self._counting.clear()
            self._arranging.append(self._rebuild(view, snapshot, scope))
            self._rebuilding, self._began, self._said_slow = True, perf_counter(), False
        self._begin()

    def _begin(self) -> None:
        """Work now, and go on in the next turns of the loop where that is not enough."""
        if not self._work() and not self._going_on:
            self._going_on = True
            self._owner.go_on(self._go_on)

    def _next_work(self) -> deque[Steps[None]] | None:
        """Return the queue whose first work is next: rows before marks before totals."""
        queues = (
            self._arranging,
            self._marking,
            self._counting,
            self._choosing,
            self._needing,
            self._discarding,
        )
        return next((queue for queue in queues if queue), None)

    def _work(self) -> bool:
        """Work until this turn of the loop is over; return whether everything is done."""
        while (queue := self._next_work()) is not None and not self._turns.over():
            work = queue[0]
            try:
                next(work)
            except StopIteration:
                if queue and queue[0] is work:
                    queue.popleft()
        return queue is None

    def _go_on(self) -> bool:
        """Work in one more turn of the loop; return whether everything is done."""
        done = self._work()
        if not done and not self._said_slow and self.slow:
            self._said_slow = True
            self._owner.rows_slow()
        self._going_on = not done
        return done

    def _rebuild(self, view: View, snapshot: Snapshot, scope: Sequence[ResourceId] | None) -> Steps[None]:
        rows = yield from SortedRows.build(view, snapshot, scope)
        if len(rows.ids) > MANY:
            yield from self._turns.begin_next()
        former, self.rows = self.rows, rows
        self._rebuilding = False
        self._await_needing()
        self._counting.append(self._count(rows.count()))
        self._discarding.append(former.discard())
        self._owner.rows_ready(None)
        self._add_up_chosen()

    def _update(self) -> Steps[None]:
        """Apply the updates that wait, as one."""
        snapshot = self._updates[-1][0]
        delta = reduce(Delta.then, (delta for _, delta in self._updates))
        self._updates.clear()
        change = yield from self.rows.compare(snapshot, delta)
        if len(self.rows.ids) > MANY:
            yield from self._turns.begin_next()
        before = self.rows.snapshot
        self.rows.apply(change)
        self._await_needing()
        self._follow_chosen(before, delta)
        self._owner.rows_ready({*delta.added, *delta.changed})
        if not self._counting:
            self._owner.totals_ready()

    def _count(self, counting: Steps[None]) -> Steps[None]:
        yield from counting
        self._owner.totals_ready()

    def _mark(self, old: Snapshot, new: Snapshot, delta: Delta) -> Steps[None]:
        view = self._view
        cells = yield from changed_cells(view.columns, view, old, new, delta)
        self._owner.cells_changed(cells, delta.added, delta.removed)


def _size(delta: Delta) -> int:
    return len(delta.added) + len(delta.removed) + len(delta.changed)


def _is_news(old: Snapshot, new: Snapshot) -> bool:
    """Return whether differences are something that happened, or a step through the past, not a load."""
    return old.complete and new.complete and (old.as_at is None) == (new.as_at is None)
