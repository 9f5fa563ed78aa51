"""The styles that cells are drawn with, and the shortest sequence from one style to another.

A style has a number, written as one character. So the styles of a row are a string as long as the row's
text, and are cut, joined and compared as fast as strings are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from itertools import product
from typing import Final, NamedTuple

UNKNOWN: Final = "\0"
"""The style of an unknown cell."""
DEFAULT: Final = "\1"
"""The style after a reset."""

_SET_CODES: Final = frozenset(("1", "2", "3", "4", "5", "6", "7", "8", "9", "21", "51", "52", "53"))
_RESET_OF: Final = {
    "1": "22",
    "2": "22",
    "3": "23",
    "4": "24",
    "21": "24",
    "5": "25",
    "6": "25",
    "7": "27",
    "8": "28",
    "9": "29",
    "51": "54",
    "52": "54",
    "53": "55",
}
_RESET_CODES: Final = frozenset(_RESET_OF.values())
_FOREGROUND: Final = frozenset(str(code) for code in (*range(30, 38), *range(90, 98)))
_BACKGROUND: Final = frozenset(str(code) for code in (*range(40, 48), *range(100, 108)))
_UNSEEN_ON_BLANKS: Final = frozenset(("1", "2", "3"))
"""Bold, dim and italic: a blank looks the same with them."""
_COLOUR_LENGTH: Final = {"5": 3, "2": 5}
"""Parameters of an extended colour, by its kind: ``38;5;n`` and ``38;2;r;g;b``."""
_CUBE: Final = (0, 95, 135, 175, 215, 255)
_PALETTE: Final = {
    f"2;{red};{green};{blue}": f"5;{number}"
    for number, (red, green, blue) in enumerate(
        (*product(_CUBE, repeat=3), *((grey, grey, grey) for grey in range(8, 248, 10))), start=16
    )
    if number >= 22
}
"""Colours that are one of the 256 exactly, and its shorter parameters; the first 22 people change."""


class CellStyle(NamedTuple):
    """Colours and attributes as the SGR parameters that select them, and a hyperlink (OSC 8)."""

    foreground: str = ""
    background: str = ""
    attributes: tuple[str, ...] = ()
    """In the order they were set: of two kinds of underline the later one counts."""
    link: str = ""
    """The text between ``OSC 8 ;`` and its end: ``id=1;https://...``; empty for no link."""

    def after(self, parameters: str) -> CellStyle | None:
        """Return this style after ``CSI parameters m``; None when a parameter is unknown."""
        foreground, background, attributes = self.foreground, self.background, self.attributes
        codes = parameters.split(";")
        at = 0
        while at < len(codes):
            code, length = codes[at], 1
            if code in ("", "0"):
                foreground, background, attributes = "", "", ()
            elif code in _SET_CODES:
                attributes = (*(each for each in attributes if each != code), code)
            elif code in _FOREGROUND:
                foreground = code
            elif code in _BACKGROUND:
                background = code
            elif code == "39":
                foreground = ""
            elif code == "49":
                background = ""
            elif code in _RESET_CODES:
                attributes = tuple(each for each in attributes if _RESET_OF[each] != code)
            elif code in ("38", "48"):
                length = _COLOUR_LENGTH.get(codes[at + 1] if at + 1 < len(codes) else "", 0)
                colour = codes[at : at + length]
                if not length or len(colour) < length or "" in colour:
                    return None
                which = ";".join(colour[1:])
                which = f"{code};{_PALETTE.get(which, which)}"
                foreground, background = (which, background) if code == "38" else (foreground, which)
            else:
                return None
            at += length
        return CellStyle(foreground, background, attributes, self.link)

    def with_link(self, link: str) -> CellStyle:
        """Return this style with the hyperlink ``link``; an empty address ends the link."""
        return self._replace(link="" if link.endswith(";") and link.count(";") == 1 else link)


class StyleTable:
    """Numbers styles, and caches the sequences that change one into another."""

    def __init__(self) -> None:
        self._styles = {UNKNOWN: CellStyle(), DEFAULT: CellStyle()}
        self._numbers = {CellStyle(): DEFAULT}
        self._changes: dict[str, str] = {}

    def __len__(self) -> int:
        return len(self._styles)

    def number(self, style: CellStyle) -> str:
        """Return the character that stands for ``style``."""
        known = self._numbers.get(style)
        if known is None:
            known = self._numbers[style] = chr(len(self._styles))
            self._styles[known] = style
        return known

    def background(self, rows: Iterable[str]) -> str:
        """Return the background that most rows have in most of their cells."""
        usual = (Counter(row).most_common(1)[0][0] for row in rows)
        return self._styles[Counter(usual).most_common(1)[0][0]].background

    def stands_out(self, row: str, background: str) -> bool:
        """Return whether a row has a cell on another background or reversed, as the cursor's has.

        A cell not drawn yet, as of a row scrolled in, has no background of its own and does not stand out.
        """
        styles = (self._styles[each] for each in set(row))
        return any(each.background not in ("", background) or "7" in each.attributes for each in styles)

    def of_blanks(self, number: str) -> str:
        """Return the one style of all blanks that look as one of style ``number``: its background alone."""
        style = self._styles[number]
        if style.link or _seen_on_blanks(style):
            return number
        return self.number(CellStyle("", style.background))

    def covers_blanks(self, style: str, number: str) -> bool:
        """Return whether blanks of style ``number`` look the same drawn in ``style``."""
        return self.of_blanks(style) == number

    def is_ground(self, number: str) -> bool:
        """Return whether a blank of this style shows a background and nothing else: it can be erased."""
        style = self._styles[number]
        return not style.attributes and not style.link

    def change(self, old: str, new: str) -> str:
        """Return the shortest sequence that changes style ``old`` into ``new``."""
        if old == new:
            return ""
        known = self._changes.get(old + new)
        if known is None:
            known = self._changes[old + new] = _change(self._styles[old], self._styles[new])
        return known


def _seen_on_blanks(style: CellStyle) -> bool:
    """Return whether a style has an attribute that is seen where there is no text, as an underline is."""
    return not _UNSEEN_ON_BLANKS.issuperset(style.attributes)


def _change(old: CellStyle, new: CellStyle) -> str:
    link = "" if old.link == new.link else f"\x1b]8;{new.link or ';'}\x1b\\"
    if old[:3] == new[:3]:
        return link
    whole = [code for code in (*new.attributes, new.foreground, new.background) if code]
    anew = f"\x1b[{';'.join(['0', *whole])}m" if whole else "\x1b[m"
    attributes = _attributes(old.attributes, new.attributes)
    if attributes is None:
        return link + anew
    codes = list(attributes)
    if old.foreground != new.foreground:
        codes.append(new.foreground or "39")
    if old.background != new.background:
        codes.append(new.background or "49")
    changed = f"\x1b[{';'.join(codes)}m"
    return link + (anew if len(anew) <= len(changed) else changed)


def _attributes(old: tuple[str, ...], new: tuple[str, ...]) -> list[str] | None:
    """Return the parameters that change attributes one by one; None when only a reset is certain to work."""
    kept = tuple(each for each in old if each in new)
    ends = {_RESET_OF[each] for each in old if each not in new}
    doubtful = ("21" in old) != ("21" in new)  # some terminals end bold by it
    if doubtful or new[: len(kept)] != kept or any(_RESET_OF[each] in ends for each in kept):
        return None
    return [*sorted(ends), *new[len(kept) :]]
