"""The cells of a screen. A row is two strings: what stands in its cells, and what pens draw them."""

from __future__ import annotations

from typing import Final

from tui.thinwire.cell_styles import DEFAULT, UNKNOWN

BLANK: Final = " "


class Frame:
    """``lines`` rows of ``columns`` cells; one of which nothing is known is UNKNOWN in both strings."""

    __slots__ = ("columns", "lines", "pens", "text")

    def __init__(self, columns: int, lines: int) -> None:
        self.columns = columns
        self.lines = lines
        self.text = [UNKNOWN * columns] * lines
        self.pens = [UNKNOWN * columns] * lines

    def put(self, y: int, x: int, text: str, pens: str) -> bool:
        """Draw cells from column ``x`` of row ``y`` on, and tell whether that changed any."""
        end = x + len(text)
        row, drawn = self.text[y], self.pens[y]
        if row[x:end] == text and drawn[x:end] == pens:
            return False
        self.text[y] = row[:x] + text + row[end:]
        self.pens[y] = drawn[:x] + pens + drawn[end:]
        return True

    def forget(self, y: int) -> None:
        """Know nothing of row ``y`` any more."""
        self.text[y] = self.pens[y] = UNKNOWN * self.columns

    def scroll(self, top: int, bottom: int, by: int) -> None:
        """Move rows ``top`` to ``bottom`` up by ``by``, or down when negative; new ones are blank."""
        blank, plain = BLANK * self.columns, DEFAULT * self.columns
        for rows, empty in ((self.text, blank), (self.pens, plain)):
            moved = rows[top : bottom + 1]
            new = [empty] * abs(by)
            rows[top : bottom + 1] = moved[by:] + new if by > 0 else new + moved[:by]

    def copy(self) -> Frame:
        """Give a frame of its own with the same cells."""
        other = Frame.__new__(Frame)
        other.columns, other.lines = self.columns, self.lines
        other.text, other.pens = self.text.copy(), self.pens.copy()
        return other
