"""How far a load is, for the line that says so."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from tui.service.snapshot.snapshot import EntityKind


class LoadProgress(Struct, frozen=True):
    """How many rows of each kind a load has read, and of how many.

    Attributes:
        read: the rows read so far, of the kinds that are read already.
        named: the rows that are to be there in the end, of the kinds of which the blocks read so far tell.
        done: the kinds of which everything is read.
    """

    read: Mapping[EntityKind, int]
    named: Mapping[EntityKind, int]
    done: frozenset[EntityKind] = frozenset()

    def left(self, kind: EntityKind) -> int | None:
        """Return how many rows of a kind are still to be read, None while nobody knows."""
        if kind in self.done:
            return 0
        if kind not in self.named:
            return None
        return max(self.named[kind] - self.read.get(kind, 0), 0)
