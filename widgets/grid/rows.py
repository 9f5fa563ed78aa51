"""The rows of a grid: keys in order, the cursor, the selection. Pure, and light for 100,000 rows.

Everything is held by key, never by row number, so that it survives whatever reorders the rows. The
index from key to row is the owner's, where it keeps one; else it is made when something first asks for it.
"""

from __future__ import annotations

from collections.abc import Hashable, KeysView, Sequence
from itertools import chain, islice, zip_longest
from typing import Any, Final, Protocol

FAR: Final = 4_096
"""The rows each way, at most, that are searched for the nearest neighbour of a row that is gone."""


class KeyIndex(Protocol):
    """An index from key to row, which an owner that keeps its rows sorted can give."""

    def keys(self) -> KeysView[Any]:
        """Return the keys shown as a set."""

    def find(self, key: Hashable, /) -> int | None:
        """Return the row of ``key``, None when it is not shown."""


class _Numbered(dict[Hashable, int]):
    """The index of keys that were given without one."""

    def find(self, key: Hashable, /) -> int | None:
        """Return the row of ``key``, None when it is not shown."""
        return self.get(key)


class Rows:
    """Keys in order (each once), the row of the cursor (None without rows), and the selection.

    Selected keys that are not shown stay remembered, and are selected again when they come back;
    ``selected`` never speaks of a row that is not shown.
    """

    def __init__(self) -> None:
        self.keys: tuple[Hashable, ...] = ()
        self.cursor: int | None = None
        self._index: KeyIndex | None = None
        self._left: Hashable | None = None
        self._picked: set[Hashable] = set()
        self._anchor: int | None = None
        self._selected: frozenset[Hashable] | None = frozenset()
        self.pinned: frozenset[Hashable] = frozenset()
        """Keys that are marked as pinned."""
        self.apart: frozenset[Hashable] = frozenset()
        """Keys that are not selected with all others: only their pin has them shown."""

    def __len__(self) -> int:
        return len(self.keys)

    @property
    def cursor_key(self) -> Hashable | None:
        """The key under the cursor, None without rows."""
        return None if self.cursor is None else self.keys[self.cursor]

    def find(self, key: Hashable) -> int | None:
        """Return the row of ``key``, None when it is not shown."""
        return self._indexed().find(key)

    def _indexed(self) -> KeyIndex:
        if self._index is None:
            self._index = _Numbered((known, row) for row, known in enumerate(self.keys))
        return self._index

    def replace(self, keys: Sequence[Hashable], index: KeyIndex | None = None) -> None:
        """Show ``keys``: the cursor stays with its key, or goes to the nearest row that is still there.

        When the rows have nothing in common with the former ones the cursor goes to the first. A range
        being drawn keeps what it covers and starts anew at the cursor, so that a row that comes in between
        is never selected by itself.
        """
        former, self.keys = self.keys, tuple(keys)
        if former is self.keys or former == self.keys:
            self._index = self._index if index is None else index
            return
        drawing = self._anchor is not None
        if self._anchor is not None and self.cursor is not None:
            self._picked.update(former[row] for row in self._span(self._anchor, self.cursor))
        self._index, self._selected, self._anchor = index, None, None
        if not self.keys:
            self._left = former[self.cursor] if self.cursor is not None else None
            self.cursor = None
            return
        if self.cursor is None:
            self.cursor = self._locate(self._left, 0) or 0
            return
        row = self._locate(former[self.cursor], self.cursor)
        if drawing and row is not None:
            self._anchor = row
        self.cursor = self._neighbour(former, self.cursor) if row is None else row

    def _locate(self, key: Hashable | None, guess: int) -> int | None:
        """Find ``key``; make no index when one look or one scan is enough."""
        if key is None:
            return None
        if guess < len(self.keys) and self.keys[guess] == key:
            return guess
        if self._picked or self._index is not None:
            return self.find(key)
        try:
            return self.keys.index(key)
        except ValueError:
            return None

    def _neighbour(self, former: tuple[Hashable, ...], row: int) -> int:
        """Find the key nearest to ``row`` among the former ones that is still shown, else the first row."""
        after, before = range(row + 1, len(former)), range(row - 1, -1, -1)
        for near in islice(chain.from_iterable(zip_longest(after, before)), 2 * FAR):
            if near is not None and (found := self.find(former[near])) is not None:
                return found
        return 0

    def move(self, row: int) -> bool:
        """Put the cursor on ``row``, or the nearest that exists; return whether that is another one."""
        if not self.keys:
            return False
        row = max(0, min(row, len(self.keys) - 1))
        if row == self.cursor:
            return False
        if self._anchor is not None:
            self._selected = None
        self.cursor = row
        return True

    @property
    def drawing(self) -> bool:
        """Whether a range is being drawn."""
        return self._anchor is not None

    @staticmethod
    def _span(one: int, other: int) -> range:
        return range(min(one, other), max(one, other) + 1)

    def is_selected(self, row: int) -> bool:
        """Return whether ``row`` is selected."""
        if (
            self._anchor is not None
            and self.cursor is not None
            and row in self._span(self._anchor, self.cursor)
        ):
            return True
        return self.keys[row] in self._picked

    @property
    def selected(self) -> frozenset[Hashable]:
        """The selected keys among those shown."""
        if self._selected is None:
            shown = self._indexed().keys() if self._picked else ()
            chosen = set(filter(shown.__contains__, self._picked))
            if self._anchor is not None and self.cursor is not None:
                span = self._span(self._anchor, self.cursor)
                chosen.update(self.keys[span.start : span.stop])
            self._selected = frozenset(chosen)
        return self._selected

    def toggle(self, row: int) -> None:
        """Select ``row``, or no longer; a range being drawn is kept as it is instead."""
        if self._anchor is not None:
            self.end_range()
        else:
            key, selected = {self.keys[row]}, self.selected
            self._picked ^= key
            self._selected = selected - key if key <= selected else selected | key

    def start_range(self) -> None:
        """Draw a range from the cursor on; when one is being drawn, keep it."""
        if self._anchor is not None:
            self.end_range()
        elif self.cursor is not None:
            self._anchor, self._selected = self.cursor, None

    def end_range(self) -> None:
        """Keep the rows of the range being drawn as selected."""
        self._picked |= self.selected
        self._anchor = None

    def pick_all(self) -> None:
        """Select every row shown but those apart; when they all are, none of them."""
        chosen = self.selected
        if len(chosen - self.apart) == len(self.keys) - len(self.apart):
            self._picked -= chosen
            self._selected = frozenset()
        else:
            everything = frozenset(self.keys) - self.apart if self.apart else frozenset(self.keys)
            self._selected = chosen | everything if self.apart else everything
            if self._picked:
                self._picked |= everything
            else:
                self._picked = set(everything)
        self._anchor = None

    def clear(self) -> bool:
        """Select nothing, here and among what is not shown; return whether anything was selected here."""
        had = bool(self.selected)
        self._picked.clear()
        self._anchor, self._selected = None, frozenset()
        return had
