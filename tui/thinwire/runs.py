"""Parses the runs that Textual draws: styled text from one place to the right.

Only characters that have the same width on every terminal of today become cells. A run with any other
(combining and joined characters, emoji, scripts from right to left, private use) is *doubtful*: it is parsed,
but the terminal decides what it looks like.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, NamedTuple
from unicodedata import bidirectional, category, east_asian_width

from tui.thinwire.cell_styles import DEFAULT, CellStyle, StyleTable

TAIL: Final = "\1"
"""The second cell of a wide character in the text of a row."""

_STYLED: Final = re.compile(r"\x1b\[([\d;]*)m([^\x00-\x1f\x7f-\x9f]+)\x1b\[0m|([^\x00-\x1f\x7f-\x9f]+)")
_TOKEN: Final = re.compile(
    r"\x1b\[(?P<sgr>[\d;]*)m"
    r"|\x1b\]8;(?P<link>[^\x00-\x1f\x7f-\x9f]*)(?:\x1b\\|\x07)"
    r"|(?P<text>[^\x00-\x1f\x7f-\x9f]+)"
)
_DOUBTFUL_CATEGORIES: Final = frozenset(("Mn", "Me", "Mc", "Cf", "Cn", "Co", "Cs", "Cc", "Zl", "Zp"))
_RIGHT_TO_LEFT: Final = frozenset(("R", "AL", "AN"))
_DISPUTED: Final = (
    *(range(0x1100, 0x1200), range(0xA960, 0xA980), range(0xD7B0, 0xD800), range(0x3164, 0x3165)),  # jamo
    *(range(0x0E33, 0x0E34), range(0x0EB3, 0x0EB4), range(0xFF9E, 0xFFA1)),  # vowels am, marks of kana
    *(range(0x0D4E, 0x0D4F), range(0x111C2, 0x111C4), range(0x1193F, 0x11942), range(0x11A3A, 0x11A3B)),
    *(range(0x11A84, 0x11A8A), range(0x11D46, 0x11D47), range(0x11F02, 0x11F03)),  # signs before letters
    *(range(0x2630, 0x2638), range(0x268A, 0x2690), range(0x4DC0, 0x4E00), range(0x1D300, 0x1D380)),
    range(0x1F1E6, 0x1F200),  # letters of flags
)
"""Characters that some terminals join with a neighbour, and the Yijing symbols, wide since Unicode 16."""
_MAX_CACHED_RUNS: Final = 4096
"""Parsed runs that are kept; Textual draws most of them again and again."""


class Run(NamedTuple):
    """Cells from left to right: their text and their styles, one character each."""

    text: str
    styles: str
    doubtful: bool = False

    def __add__(self, other: object) -> Run:
        """Return both, side by side."""
        assert isinstance(other, Run)
        return Run(self.text + other.text, self.styles + other.styles, self.doubtful or other.doubtful)


@lru_cache(maxsize=8192)
def width(character: str) -> int:
    """Return how many cells ``character`` takes on every terminal, 1 or 2; 0 when terminals disagree."""
    kind = category(character)
    if kind in _DOUBTFUL_CATEGORIES or bidirectional(character) in _RIGHT_TO_LEFT:
        return 0
    if any(ord(character) in disputed for disputed in _DISPUTED):
        return 0
    if east_asian_width(character) in "WF":
        return 0 if kind in ("So", "Sk") else 2
    return 1


class RunReader:
    """Parses runs, each of them once."""

    def __init__(self, styles: StyleTable, *, ascii_only: bool = False) -> None:
        self._styles = styles
        self._ascii_only = ascii_only
        self._read: dict[str, Run | None] = {}
        self._number_of_codes: dict[str, str] = {}

    def read(self, raw: str) -> Run | None:
        """Return the cells of ``raw``; None when it is not text that starts and ends with a reset style."""
        try:
            return self._read[raw]
        except KeyError:
            if len(self._read) >= _MAX_CACHED_RUNS:
                self._read.clear()
            run = self._read[raw] = self._parse(raw)
            return run

    def _parse(self, raw: str) -> Run | None:
        """Parse ``raw`` as Textual writes it, each style followed by a reset, or else in any valid form."""
        texts: list[str] = []
        styles: list[str] = []
        length = 0
        for codes, styled, plain in _STYLED.findall(raw):
            number = self._number_of_codes.get(codes) if styled else DEFAULT
            if number is None:
                style = CellStyle().after(codes)
                if style is None:
                    return None
                number = self._number_of_codes[codes] = self._styles.number(style)
            text = styled or plain
            length += len(text) + (len(codes) + 7 if styled else 0)
            cells = text if text.isascii() else self._cells(text)
            if cells is None:
                return self._parse_any(raw)
            texts.append(cells)
            styles.append(self._styles_of(cells, number))
        if length == len(raw):
            return Run("".join(texts), "".join(styles))
        return self._parse_any(raw)

    def _parse_any(self, raw: str) -> Run | None:
        style, at, doubtful = CellStyle(), 0, False
        texts: list[str] = []
        styles: list[str] = []
        for token in _TOKEN.finditer(raw):
            if token.start() != at:
                return None
            at = token.end()
            if (text := token["text"]) is not None:
                cells = self._cells(text)
                doubtful = doubtful or cells is None
                texts.append(cells or "")
                styles.append(self._styles_of(texts[-1], self._styles.number(style)))
            elif token["link"] is not None:
                style = style.with_link(token["link"])
            else:
                changed = style.after(token["sgr"])
                if changed is None:
                    return None
                style = changed
        if at != len(raw) or style != CellStyle():
            return None
        return Run("".join(texts), "".join(styles), doubtful)

    def _styles_of(self, cells: str, number: str) -> str:
        """Return the styles of cells drawn in one style; blanks that look alike have the same."""
        blank = self._styles.of_blanks(number)
        if blank == number or " " not in cells:
            return number * len(cells)
        return "".join([blank if each == " " else number for each in cells])

    def _cells(self, text: str) -> str | None:
        """Return ``text`` with a tail after each wide character; None when a width is in doubt."""
        if text.isascii():
            return text
        if self._ascii_only:
            return None
        widths = {width(character) for character in set(text)}
        if 0 in widths:
            return None
        if 2 not in widths:
            return text
        return "".join(each + TAIL if width(each) == 2 else each for each in text)
