"""The difference between the snapshot that is shown and the newest one, composed update by update."""

from __future__ import annotations

from typing import Final

from tui.service.environment import Update
from tui.service.snapshot.diff import UNCHANGED, Delta, Deltas
from tui.service.snapshot.snapshot import EntityKind, Snapshot

MANY: Final = 2_000
"""The most rows of one update that are compared one by one: to compare more would delay keys."""


class News:
    """The updates since one snapshot, as one difference. Several may come before they are shown."""

    def __init__(self, since: Snapshot) -> None:
        self._since = since
        self._until = since
        self._deltas: Deltas | None = {}

    def add(self, update: Update) -> None:
        """Add one more update."""
        if update.old is update.new:
            return
        follows = update.old is self._until and update.new.parent == update.old.serial
        few = update.touched <= MANY
        self._until = update.new
        if self._deltas is None or not follows or not few:
            self._deltas = None
        elif not self._deltas:
            self._deltas = update.deltas
        else:
            first, later = self._deltas, update.deltas
            self._deltas = {
                kind: first.get(kind, UNCHANGED).then(later.get(kind, UNCHANGED))
                for kind in first.keys() | later.keys()
            }

    @property
    def rows(self) -> int | None:
        """The number of rows that differ; None when that is not known."""
        if self._deltas is None:
            return None
        return sum(len(each.added) + len(each.removed) + len(each.changed) for each in self._deltas.values())

    def delta(self, kind: EntityKind, old: Snapshot, new: Snapshot) -> Delta | None:
        """Return what differs in the rows of a kind from ``old`` to ``new``; None when that is not known."""
        if self._deltas is None or old is not self._since or new is not self._until:
            return None
        return self._deltas.get(kind, UNCHANGED)
