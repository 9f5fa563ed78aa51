"""The cells of a screen. A row is two strings: the text of its cells, and their styles."""

from __future__ import annotations

from typing import Final

from tui.thinwire.cell_styles import DEFAULT, UNKNOWN

BLANK: Final = " "


class Frame:
    """``lines`` rows of ``columns`` cells; an unknown cell is UNKNOWN in both strings."""

    __slots__ = ("columns", "lines", "styles", "text")

    def __init__(self, columns: int, lines: int) -> None:
        self.columns = columns
        self.lines = lines
        self.text = [UNKNOWN * columns] * lines
        self.styles = [UNKNOWN * columns] * lines

    def put(self, y: int, x: int, text: str, styles: str) -> bool:
        """Draw cells from column ``x`` of row ``y`` on; return whether any cell changed."""
        end = x + len(text)
        row, drawn = self.text[y], self.styles[y]
        if row[x:end] == text and drawn[x:end] == styles:
            return False
        self.text[y] = row[:x] + text + row[end:]
        self.styles[y] = drawn[:x] + styles + drawn[end:]
        return True

    def invalidate(self, y: int) -> None:
        """Mark every cell of row ``y`` as unknown."""
        self.text[y] = self.styles[y] = UNKNOWN * self.columns

    def scroll(self, top: int, bottom: int, by: int) -> None:
        """Move rows ``top`` to ``bottom`` up by ``by`` rows, or down when negative; new rows are blank."""
        blank, plain = BLANK * self.columns, DEFAULT * self.columns
        for rows, empty in ((self.text, blank), (self.styles, plain)):
            moved = rows[top : bottom + 1]
            new = [empty] * abs(by)
            rows[top : bottom + 1] = moved[by:] + new if by > 0 else new + moved[:by]

    def copy(self) -> Frame:
        """Return an independent frame with the same cells."""
        other = Frame.__new__(Frame)
        other.columns, other.lines = self.columns, self.lines
        other.text, other.styles = self.text.copy(), self.styles.copy()
        return other
