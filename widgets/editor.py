"""A line editor as a plain value, without a terminal.

A value that is there when editing begins is selected as a whole: typing replaces it, moving keeps it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from rich.cells import cell_len

from tui.api.sanitize import clean

_WORD_LEFT: Final = re.compile(r"\w+\W*\Z|\W+\Z")
_WORD_RIGHT: Final = re.compile(r"\W*\w+|\W+")


class LineEditor:
    """One line and the cursor in it."""

    def __init__(self, value: str = "") -> None:
        self.value = value
        self.cursor = len(value)
        self.selected = False
        self._start = 0

    @property
    def at_end(self) -> bool:
        """Return whether the cursor stands behind the last character."""
        return self.cursor == len(self.value) and not self.selected

    def select(self) -> None:
        """Select everything, as when a field receives focus."""
        self.cursor = len(self.value)
        self.selected = bool(self.value)

    def unselect(self) -> None:
        """Drop the selection and keep the text."""
        self.selected = False

    def set(self, value: str) -> None:
        """Replace the text; the cursor goes behind it."""
        self.value = value
        self.cursor = len(value)
        self.selected = False

    def insert(self, text: str) -> None:
        """Insert the first line of ``text`` at the cursor, with a space for each unprintable character."""
        line = next(iter(text.splitlines()), "")
        printable = "".join(char if char.isprintable() else " " for char in line)
        if self.selected:
            self.set("")
        self.value = self.value[: self.cursor] + printable + self.value[self.cursor :]
        self.cursor += len(printable)

    def handle_key(self, key: str, character: str | None) -> bool:
        """Apply a key to the line; return whether it had a meaning."""
        if character is not None and character.isprintable():
            self.insert(character)
        elif key in _DELETES:
            self._delete(*((0, len(self.value)) if self.selected else _DELETES[key](self)))
        elif key in _MOVES:
            self.cursor = _MOVES[key](self)
            self.selected = False
        else:
            return False
        return True

    def window(self, width: int) -> tuple[str, int]:
        """Return the part of the line around the cursor that fits ``width`` cells, and the cursor's place in
        it.

        The part is for display: foreign characters are marked (:func:`~tui.api.sanitize.clean`).
        """
        shown = clean(self.value)
        self._start = min(self._start, self.cursor)
        while cell_len(shown[self._start : self.cursor]) >= width and self._start < self.cursor:
            self._start += 1
        end = len(shown)
        while end > self.cursor and cell_len(shown[self._start : end]) > width:
            end -= 1
        return shown[self._start : end], self.cursor - self._start

    def _delete(self, start: int, end: int) -> None:
        self.value = self.value[:start] + self.value[end:]
        self.cursor = start
        self.selected = False

    def _word_left(self) -> int:
        found = _WORD_LEFT.search(self.value[: self.cursor])
        return found.start() if found else 0

    def _word_right(self) -> int:
        found = _WORD_RIGHT.match(self.value, self.cursor)
        return found.end() if found else len(self.value)


_MOVES: Final[dict[str, Callable[[LineEditor], int]]] = {
    "left": lambda line: max(0, line.cursor - 1),
    "right": lambda line: min(len(line.value), line.cursor + 1),
    "home": lambda line: 0,
    "ctrl+a": lambda line: 0,
    "end": lambda line: len(line.value),
    "ctrl+e": lambda line: len(line.value),
    "ctrl+left": LineEditor._word_left,
    "ctrl+right": LineEditor._word_right,
}
_DELETES: Final[dict[str, Callable[[LineEditor], tuple[int, int]]]] = {
    "backspace": lambda line: (max(0, line.cursor - 1), line.cursor),
    "delete": lambda line: (line.cursor, min(len(line.value), line.cursor + 1)),
    "ctrl+d": lambda line: (line.cursor, min(len(line.value), line.cursor + 1)),
    "ctrl+w": lambda line: (line._word_left(), line.cursor),
    "ctrl+u": lambda line: (0, line.cursor),
    "ctrl+k": lambda line: (line.cursor, len(line.value)),
}
