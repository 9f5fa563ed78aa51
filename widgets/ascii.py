"""Drawing for terminals that have ASCII only: a stand-in for every line and mark of ours, cell for cell.

One filter over everything that is painted, Textual's own widgets included. Texts of the desk stay unchanged:
a name outside ASCII is data.
"""

from __future__ import annotations

from typing import Final

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

_STAND_INS: Final = {
    "~": "…",
    "|": "·│┃▏▎▍▌▐▕║",
    "-": "─━▔▁",
    "=": "═",
    "+": "╭╮╰╯┌┐└┘┏┓┗┛├┤┬┴┼",
    "*": "●•",
    "^": "▲",
    "v": "▼",
    ">": "›→❯▶",
    "<": "‹←",
    " ": "▂▃▄▅▆▇█▀",
}
TABLE: Final = str.maketrans({drawn: plain for plain, drawn_so in _STAND_INS.items() for drawn in drawn_so})
"""The characters drawn instead, in as many cells."""


class AsciiFilter(LineFilter):
    """Replaces drawn characters by ASCII, just before they are sent."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        return [
            segment if segment.text.isascii() else segment._replace(text=segment.text.translate(TABLE))
            for segment in segments
        ]
