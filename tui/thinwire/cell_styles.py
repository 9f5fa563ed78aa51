"""What a cell is drawn with, and the shortest sequence that changes it.

A pen is known by a number, written as one character, so that the pens of a row are a string as long as
the row's text: cut, joined and compared at the speed of strings.
"""

from __future__ import annotations

from typing import Final, NamedTuple

UNKNOWN: Final = "\0"
"""Stands for the pen of a cell of which nothing is known."""
DEFAULT: Final = "\1"
"""The pen after a reset."""

_ON: Final = frozenset(("1", "2", "3", "4", "5", "6", "7", "8", "9", "21", "51", "52", "53"))
_OFF: Final = {
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
_ENDS: Final = frozenset(_OFF.values())
_FOREGROUND: Final = frozenset(str(code) for code in (*range(30, 38), *range(90, 98)))
_BACKGROUND: Final = frozenset(str(code) for code in (*range(40, 48), *range(100, 108)))
_COLOUR_LENGTH: Final = {"5": 3, "2": 5}
"""Parameters of an extended colour, by its kind: ``38;5;n`` and ``38;2;r;g;b``."""


class Pen(NamedTuple):
    """Colours and attributes as the parameters of SGR that choose them, and a hyperlink (OSC 8)."""

    foreground: str = ""
    background: str = ""
    attributes: tuple[str, ...] = ()
    """In the order they were set: of two kinds of underline the later one stands."""
    link: str = ""
    """What stands between ``OSC 8 ;`` and its end: ``id=1;https://...``; nothing for no link."""

    def after(self, parameters: str) -> Pen | None:
        """Give this pen after ``CSI parameters m``; None when a parameter is not known."""
        foreground, background, attributes = self.foreground, self.background, self.attributes
        codes = parameters.split(";")
        at = 0
        while at < len(codes):
            code, length = codes[at], 1
            if code in ("", "0"):
                foreground, background, attributes = "", "", ()
            elif code in _ON:
                attributes = (*(each for each in attributes if each != code), code)
            elif code in _FOREGROUND:
                foreground = code
            elif code in _BACKGROUND:
                background = code
            elif code == "39":
                foreground = ""
            elif code == "49":
                background = ""
            elif code in _ENDS:
                attributes = tuple(each for each in attributes if _OFF[each] != code)
            elif code in ("38", "48"):
                length = _COLOUR_LENGTH.get(codes[at + 1] if at + 1 < len(codes) else "", 0)
                colour = codes[at : at + length]
                if not length or len(colour) < length or "" in colour:
                    return None
                if code == "38":
                    foreground = ";".join(colour)
                else:
                    background = ";".join(colour)
            else:
                return None
            at += length
        return Pen(foreground, background, attributes, self.link)

    def linked(self, link: str) -> Pen:
        """Give this pen with the hyperlink ``link``; an empty address ends it."""
        return self._replace(link="" if link.endswith(";") and link.count(";") == 1 else link)


class Pens:
    """Numbers pens, and remembers the way from each to each."""

    def __init__(self) -> None:
        self._pens = {UNKNOWN: Pen(), DEFAULT: Pen()}
        self._numbers = {Pen(): DEFAULT}
        self._changes: dict[str, str] = {}

    def __len__(self) -> int:
        return len(self._pens)

    def number(self, pen: Pen) -> str:
        """Give the one character that stands for ``pen``."""
        known = self._numbers.get(pen)
        if known is None:
            known = self._numbers[pen] = chr(len(self._pens))
            self._pens[known] = pen
        return known

    def stand_out(self, row: str) -> bool:
        """Tell whether any of a row's pens has a background of its own, as a cursor's row has."""
        return any(self._pens[each].background or "7" in self._pens[each].attributes for each in set(row))

    def change(self, old: str, new: str) -> str:
        """Give what turns the pen ``old`` into ``new`` in the fewest bytes."""
        if old == new:
            return ""
        known = self._changes.get(old + new)
        if known is None:
            known = self._changes[old + new] = _change(self._pens[old], self._pens[new])
        return known


def _change(old: Pen, new: Pen) -> str:
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
    """Give what turns attributes into others one by one; None when only a reset is sure to."""
    kept = tuple(each for each in old if each in new)
    ends = {_OFF[each] for each in old if each not in new}
    doubtful = ("21" in old) != ("21" in new)  # some terminals end bold by it
    if doubtful or new[: len(kept)] != kept or any(_OFF[each] in ends for each in kept):
        return None
    return [*sorted(ends), *new[len(kept) :]]
