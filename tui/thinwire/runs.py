"""Reads what Textual draws in one go: styled text from one place to the right.

Only characters of which every terminal of today takes the same width become cells. A strip with any
other (combining and joined ones, emoji, scripts from right to left, private use) is *doubtful*: it is
understood, but what the terminal makes of it is left to the terminal.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, NamedTuple
from unicodedata import bidirectional, category, east_asian_width

from tui.thinwire.cell_styles import DEFAULT, Pen, Pens

TAIL: Final = "\1"
"""Stands in a row's text for the second cell of a wide character."""

_STYLED: Final = re.compile(r"\x1b\[([\d;]*)m([^\x00-\x1f\x7f-\x9f]+)\x1b\[0m|([^\x00-\x1f\x7f-\x9f]+)")
_TOKEN: Final = re.compile(
    r"\x1b\[(?P<sgr>[\d;]*)m"
    r"|\x1b\]8;(?P<link>[^\x00-\x1f\x7f-\x9f]*)(?:\x1b\\|\x07)"
    r"|(?P<text>[^\x00-\x1f\x7f-\x9f]+)"
)
_DOUBTFUL: Final = frozenset(("Mn", "Me", "Mc", "Cf", "Cn", "Co", "Cs", "Cc", "Zl", "Zp"))
_RIGHT_TO_LEFT: Final = frozenset(("R", "AL", "AN"))
_DISPUTED: Final = (
    *(range(0x1100, 0x1200), range(0xA960, 0xA980), range(0xD7B0, 0xD800), range(0x3164, 0x3165)),  # jamo
    *(range(0x0E33, 0x0E34), range(0x0EB3, 0x0EB4), range(0xFF9E, 0xFFA1)),  # vowels am, marks of kana
    *(range(0x0D4E, 0x0D4F), range(0x111C2, 0x111C4), range(0x1193F, 0x11942), range(0x11A3A, 0x11A3B)),
    *(range(0x11A84, 0x11A8A), range(0x11D46, 0x11D47), range(0x11F02, 0x11F03)),  # signs before letters
    *(range(0x2630, 0x2638), range(0x268A, 0x2690), range(0x4DC0, 0x4E00), range(0x1D300, 0x1D380)),
    range(0x1F1E6, 0x1F200),  # letters of flags
)
"""What some terminals join with its neighbour, and the figures of the Yijing, wide since Unicode 16."""
_KEPT: Final = 4096


class Strip(NamedTuple):
    """Cells from left to right: their text and their pens, one character each."""

    text: str
    pens: str
    doubtful: bool = False

    def __add__(self, other: object) -> Strip:
        """Give both, side by side."""
        assert isinstance(other, Strip)
        return Strip(self.text + other.text, self.pens + other.pens, self.doubtful or other.doubtful)


@lru_cache(maxsize=8192)
def width(character: str) -> int:
    """Give how many cells ``character`` takes on any terminal, 1 or 2; 0 when they do not agree."""
    kind = category(character)
    if kind in _DOUBTFUL or bidirectional(character) in _RIGHT_TO_LEFT:
        return 0
    if any(ord(character) in disputed for disputed in _DISPUTED):
        return 0
    if east_asian_width(character) in "WF":
        return 0 if kind in ("So", "Sk") else 2
    return 1


class Strips:
    """Reads strips; what is drawn again and again is read once."""

    def __init__(self, pens: Pens, *, ascii_only: bool = False) -> None:
        self._pens = pens
        self._ascii_only = ascii_only
        self._read: dict[str, Strip | None] = {}
        self._numbers: dict[str, str] = {}

    def read(self, raw: str) -> Strip | None:
        """Give the cells of ``raw``; None when it is not text that begins and ends with the pen reset."""
        try:
            return self._read[raw]
        except KeyError:
            if len(self._read) >= _KEPT:
                self._read.clear()
            strip = self._read[raw] = self._parse(raw)
            return strip

    def _parse(self, raw: str) -> Strip | None:
        """Read ``raw`` as Textual writes it, each style followed by a reset, or else as whatever it is."""
        texts: list[str] = []
        pens: list[str] = []
        length = 0
        for codes, styled, plain in _STYLED.findall(raw):
            number = self._numbers.get(codes) if styled else DEFAULT
            if number is None:
                pen = Pen().after(codes)
                if pen is None:
                    return None
                number = self._numbers[codes] = self._pens.number(pen)
            text = styled or plain
            length += len(text) + (len(codes) + 7 if styled else 0)
            cells = text if text.isascii() else self._cells(text)
            if cells is None:
                return self._parse_any(raw)
            texts.append(cells)
            pens.append(number * len(cells))
        if length == len(raw):
            return Strip("".join(texts), "".join(pens))
        return self._parse_any(raw)

    def _parse_any(self, raw: str) -> Strip | None:
        pen, at, doubtful = Pen(), 0, False
        texts: list[str] = []
        pens: list[str] = []
        for token in _TOKEN.finditer(raw):
            if token.start() != at:
                return None
            at = token.end()
            if (text := token["text"]) is not None:
                cells = self._cells(text)
                doubtful = doubtful or cells is None
                texts.append(cells or "")
                pens.append(self._pens.number(pen) * len(texts[-1]))
            elif token["link"] is not None:
                pen = pen.linked(token["link"])
            else:
                changed = pen.after(token["sgr"])
                if changed is None:
                    return None
                pen = changed
        if at != len(raw) or pen != Pen():
            return None
        return Strip("".join(texts), "".join(pens), doubtful)

    def _cells(self, text: str) -> str | None:
        """Give ``text`` with a tail after each wide character; None when a width is in doubt."""
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
