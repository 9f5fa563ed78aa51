"""The cells of an emulated terminal, and what SGR does to their style."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final, NamedTuple

from pyte.graphics import FG_BG_256


class EmulatedCell(NamedTuple):
    """The contents of a cell: pyte's members in pyte's order, then those it lacks."""

    data: str = " "
    fg: str = ""
    bg: str = ""
    bold: bool = False
    italics: bool = False
    underscore: str = ""
    strikethrough: bool = False
    reverse: bool = False
    blink: str = ""
    dim: bool = False
    conceal: bool = False
    overline: bool = False
    framed: str = ""
    link: str = ""
    """The text between ``OSC 8 ;`` and its end."""


_SET: Final[dict[str, tuple[str, object]]] = {
    "1": ("bold", True),
    "2": ("dim", True),
    "3": ("italics", True),
    "4": ("underscore", "single"),
    "5": ("blink", "slow"),
    "6": ("blink", "fast"),
    "7": ("reverse", True),
    "8": ("conceal", True),
    "9": ("strikethrough", True),
    "21": ("underscore", "double"),
    "51": ("framed", "frame"),
    "52": ("framed", "circle"),
    "53": ("overline", True),
}
_CLEAR: Final[dict[str, dict[str, object]]] = {
    "22": {"bold": False, "dim": False},
    "23": {"italics": False},
    "24": {"underscore": ""},
    "25": {"blink": ""},
    "27": {"reverse": False},
    "28": {"conceal": False},
    "29": {"strikethrough": False},
    "39": {"fg": ""},
    "49": {"bg": ""},
    "54": {"framed": ""},
    "55": {"overline": False},
}


@lru_cache(maxsize=65_536)
def seen(cell: EmulatedCell) -> EmulatedCell:
    """Return a cell as the eye sees it: what a blank is written with is not seen, but for its background.

    A mark that some terminals join to a blank has the colour the blank has, which nobody chose.
    """
    lines = cell.underscore or cell.strikethrough or cell.overline or cell.framed
    if cell.data[:1] != " " or cell.reverse or lines:
        return cell
    return EmulatedCell(cell.data, bg=cell.bg, link=cell.link)


def _colour(parameters: str) -> str:
    """Return an extended colour by its red, green and blue, as terminals have the upper 240 of the 256."""
    kind, _, number = parameters.partition(";")
    if kind != "5" or not number.isdigit() or not 16 <= int(number) < 256:
        return parameters
    red, green, blue = bytes.fromhex(FG_BG_256[int(number)])
    return f"2;{red};{green};{blue}"


@lru_cache(maxsize=4096)
def after_sgr(style: EmulatedCell, parameters: str) -> tuple[EmulatedCell, bool]:
    """Return the style after SGR with ``parameters``, and whether any of them is unknown."""
    codes, at = parameters.split(";"), 0
    new: dict[str, Any] = {}
    unknown = False
    while at < len(codes):
        code, length = codes[at], 1
        number = int(code) if code.isdigit() else 0
        if number == 0:
            new = EmulatedCell()._asdict() | {"link": style.link}
            unknown = unknown or code not in ("", "0")
        elif code in _SET:
            name, value = _SET[code]
            new[name] = value
        elif code in _CLEAR:
            new |= _CLEAR[code]
        elif number in (38, 48):
            length = {"5": 3, "2": 5}.get(codes[at + 1] if at + 1 < len(codes) else "", 1)
            new["fg" if number == 38 else "bg"] = _colour(";".join(codes[at + 1 : at + length]))
            unknown = unknown or length == 1
        elif number in range(30, 38) or number in range(90, 98):
            new["fg"] = code
        elif number in range(40, 48) or number in range(100, 108):
            new["bg"] = code
        else:
            unknown = True
        at += length
    return style._replace(**new), unknown
