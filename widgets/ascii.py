"""Drawing for terminals that have ASCII only: every line and mark of ours gets a stand-in, cell for cell.

One filter over all that is painted, so that no widget has to think of it, those of Textual included. Texts
of the desk stay as they are: a name outside ASCII is data.
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
TABLE: Final = str.maketrans(
    {drawn: plain for plain, drawn_so in _STAND_INS.items() for drawn in drawn_so} | {"🔎": "/ "}
)
"""What is drawn instead, each as many cells wide as what it stands for."""


class AsciiFilter(LineFilter):
    """Replaces what we draw by ASCII, just before it is sent."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        return [
            segment if segment.text.isascii() else segment._replace(text=segment.text.translate(TABLE))
            for segment in segments
        ]
