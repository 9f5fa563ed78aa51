"""A line of pieces shows whole pieces only, whatever its width."""

from __future__ import annotations

from textual.content import Content
from textual.geometry import Size

from widgets.text_line import Pieces
from widgets.whole_numbers import shortened

BAND = ("TEST", "READ-ONLY", " demo", " live 12:00:00 UTC")


class LineOf(Pieces):
    """A line of a width."""

    def __init__(self, width: int) -> None:
        super().__init__(gap=" ")
        self.width = width

    @property
    def content_size(self) -> Size:
        return Size(self.width, 1)


def test_no_width_cuts_a_piece_or_breaks_the_line() -> None:
    for width in range(8, 80):
        line = LineOf(width)
        line.show(BAND, (0, 0, 2, 1), spread=True)
        shown = line.render()
        assert shown.cell_length <= width, width
        left = shown.plain
        for piece in BAND:
            left = left.replace(piece.strip(), "", 1)
        assert not left.strip(), f"{left!r} is a part of a piece at {width}"


def test_a_line_cut_short_never_ends_in_a_part_of_a_number() -> None:
    said = "Filled: buy 2,200 GOOGL at 174.94 USD, 3,800 left"
    whole = {"", *said.split()}
    for width in range(len(said)):
        shown = shortened(Content(said), width)
        assert shown.cell_length <= width
        last = shown.plain.removesuffix("…").split(" ")[-1]
        assert last in whole or not last[0].isdigit(), f"{shown.plain!r} at {width}"


def test_a_code_at_the_end_of_a_line_is_whole_or_left_out_with_what_separates_it() -> None:
    said = "Filled: buy 2,200 GOOGL at 174.94 USD, with ALBN · PLC-00005"
    without = said.partition(" · ")[0]
    for width in range(len(without) + 1, len(said)):
        assert shortened(Content(said), width).plain.removesuffix("…").rstrip() == without
    assert shortened(Content(said), len(said)).plain == said
    code = "BLK-IMPORTED-FROM-A-SYSTEM-OF-2026-Q4"
    assert shortened(Content(code), 12).plain == "BLK-IMPORTE…", "a code without anything before it"


def test_the_last_piece_stands_at_the_right_edge() -> None:
    line = LineOf(60)
    line.show(BAND, (0, 0, 2, 1), spread=True)
    assert line.render().plain.endswith("UTC")
    assert line.render().cell_length == 60


def test_a_series_that_is_not_shown_whole_says_so_at_every_width() -> None:
    money = (" open buy 1,095,900 EUR", "· buy 11,469,079 GBP", "· sell 3,812,160 GBP")
    for width in range(20, 110):
        line = LineOf(width)
        line.show((*BAND[:3], *money, BAND[3]), (0, 0, 2, 3, 3, 3, 1), spread=True, series=3)
        shown = line.render()
        assert shown.cell_length <= width, width
        seen = sum(each.strip("· ") in shown.plain for each in money)
        assert (" …" in shown.plain) == (0 < seen < len(money)), f"{shown.plain!r} at {width}"
