"""Painting: what is written turns one frame into the other in few bytes, with nothing beside."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.thinwire.emulators import KINDS, Cell, Emulator, Kind
from tui.thinwire import painter
from tui.thinwire.cell_styles import DEFAULT, UNKNOWN, Pen, Pens
from tui.thinwire.frame import Frame
from tui.thinwire.runs import TAIL

COLUMNS, LINES = 14, 9
STYLES = (
    Pen(),
    Pen("31"),
    Pen("", "48;2;9;9;9"),
    Pen("38;5;7", "44", ("1", "4")),
    Pen(link="id=1;https://desk.example/"),
)


@pytest.fixture
def pens() -> Pens:
    return Pens()


def framed(*rows: str, pens: Sequence[str] = ()) -> Frame:
    """Give a frame with these rows; a wide character is followed by TAIL, what is not given is blank."""
    frame = Frame(COLUMNS, LINES)
    for y in range(LINES):
        text = (rows[y] if y < len(rows) else "").ljust(COLUMNS)
        frame.put(y, 0, text, pens[y] if y < len(pens) else DEFAULT * COLUMNS)
    return frame


def scribbled(kind: Kind = KINDS[0]) -> Emulator:
    """Give a terminal that shows something nobody drew here."""
    terminal = Emulator(COLUMNS, LINES, kind)
    for y in range(LINES):
        terminal.feed(f"\x1b[{y + 1};1H\x1b[0;35;46;9m" + "株?" * (COLUMNS // 3))
    terminal.feed("\x1b[m")
    return terminal


def drawn(frame: Frame, pens: Pens, kind: Kind = KINDS[0]) -> Emulator:
    """Give a terminal on which the known cells of ``frame`` are drawn one by one, each from nothing."""
    terminal = scribbled(kind)
    for y in range(LINES):
        for x, (text, pen) in enumerate(zip(frame.text[y], frame.pens[y], strict=True)):
            if text not in (TAIL, UNKNOWN):
                terminal.feed(f"\x1b[{y + 1};{x + 1}H\x1b[m{pens.change(DEFAULT, pen)}{text}")
                terminal.feed(pens.change(pen, DEFAULT))
    return terminal


def rows_of(terminal: Emulator) -> list[Sequence[Cell]]:
    return [terminal.row(y) for y in range(LINES)]


def painted(terminal: Emulator, shown: Frame, wanted: Frame, pens: Pens) -> str:
    """Paint ``wanted`` over ``shown`` as a writer does, moving rows that moved; give what was written."""
    text = ""
    scroll = painter.find_scroll(shown, wanted)
    if scroll is not None:
        shown = shown.copy()
        shown.scroll(*scroll)
        text = scroll.text()
    text += "".join(painter.row(shown, wanted, y, pens) for y in range(LINES))
    terminal.feed(text)
    return text


# --- runs --------------------------------------------------------------------------------------


def test_what_stands_there_already_is_not_written(pens: Pens) -> None:
    frame = framed("Buy 100 VOD", "Sell 9 BARC")
    assert [painter.row(frame, frame.copy(), y, pens) for y in range(LINES)] == [""] * LINES


def test_only_the_cells_that_differ_are_written(pens: Pens) -> None:
    assert painter.row(framed("Buy 100 VOD"), framed("Buy 250 VOD"), 0, pens) == "\x1b[1;5H25"


def test_a_pen_alone_is_a_difference_and_the_pen_is_put_down_again(pens: Pens) -> None:
    red = pens.number(Pen("31"))
    wanted = framed("Buy 100", pens=[DEFAULT * 4 + red * 3 + DEFAULT * (COLUMNS - 7)])
    assert painter.row(framed("Buy 100"), wanted, 0, pens) == "\x1b[1;5H\x1b[31m100\x1b[m"


@pytest.mark.parametrize(
    ("old", "new", "written"),
    [
        ("a..b", "x..y", "\x1b[Hx..y"),  # drawn over: no longer than the move
        ("a.......b", "x.......y", "\x1b[Hx\x1b[7Cy"),
        ("a.......", "x.......", "\x1b[Hx"),
        ("株\1......b", "式\1......y", "\x1b[H式\x1b[9Gy"),  # where a column is sure and steps are not
        ("a株\1b", "x株\1y", "\x1b[Hx\x1b[2Cy"),
        (".........0.2", ".........1.3", "\x1b[1;10H1.3"),
    ],
)
def test_a_gap_is_crossed_the_shortest_way_that_is_sure(pens: Pens, old: str, new: str, written: str) -> None:
    assert painter.row(framed(old), framed(new), 0, pens) == written


def test_a_gap_of_another_colour_is_moved_over(pens: Pens) -> None:
    red = pens.number(Pen("31"))
    colours = [DEFAULT + red * 2 + DEFAULT * (COLUMNS - 3)]
    written = painter.row(framed("a..b", pens=colours), framed("x..y", pens=colours), 0, pens)
    assert written == "\x1b[Hx\x1b[2Cy"


def test_a_wide_character_is_written_whole_though_only_its_pen_differs_in_one_cell(pens: Pens) -> None:
    assert painter.row(framed("ab"), framed(f"株{TAIL}"), 0, pens) == "\x1b[H株"
    assert painter.row(framed(f"株{TAIL}"), framed("ab"), 0, pens) == "\x1b[Hab"
    assert painter.row(framed(f"株{TAIL}"), framed(f"a株{TAIL}"), 0, pens) == "\x1b[Ha株"
    for half in (f"{UNKNOWN}{TAIL}", f"株{UNKNOWN}"):
        assert painter.row(framed(half), framed(f"株{TAIL}"), 0, pens) == "\x1b[H株"


def test_what_is_unknown_in_the_frame_that_is_wanted_stays_as_it_is(pens: Pens) -> None:
    wanted = Frame(COLUMNS, LINES)
    wanted.put(0, 6, "VOD", DEFAULT * 3)
    written = painter.row(framed("Buy 100"), wanted, 0, pens)
    assert written == "\x1b[1;7HVOD"
    terminal = drawn(framed("Buy 100"), pens)
    terminal.feed(written)
    assert "".join(cell.data for cell in terminal.row(0)).rstrip() == "Buy 10VOD"


def test_places_are_given_in_as_few_bytes_as_they_have() -> None:
    assert [painter.place(0, 0), painter.place(4, 0), painter.place(0, 4), painter.place(49, 199)] == [
        *("\x1b[H", "\x1b[5H", "\x1b[1;5H", "\x1b[50;200H")
    ]


# --- scrolling ---------------------------------------------------------------------------------

ORDERS = tuple(f"ORD-{number:05}" for number in range(20))


def test_rows_that_moved_up_are_found_and_those_around_them_stay() -> None:
    shown = framed("title", *ORDERS[:7], "status")
    wanted = framed("title", *ORDERS[2:9], "status")
    assert painter.find_scroll(shown, wanted) == (1, 7, 2)


def test_rows_that_moved_down_are_found() -> None:
    shown = framed("title", *ORDERS[3:10], "status")
    wanted = framed("title", *ORDERS[:7], "status")
    assert painter.find_scroll(shown, wanted) == (1, 7, -3)


def test_a_row_that_changed_while_it_moved_does_not_hide_the_others() -> None:
    shown = framed("title", *ORDERS[:7], "status")
    wanted = framed("title", ORDERS[1], ORDERS[2], "FILLED", *ORDERS[4:8], "status")
    assert painter.find_scroll(shown, wanted) == (1, 7, 1)


def test_the_pens_of_rows_move_with_their_text(pens: Pens) -> None:
    red = pens.number(Pen("31")) * COLUMNS
    shown = framed(*ORDERS[:9], pens=[red] * LINES)
    assert painter.find_scroll(shown, framed(*ORDERS[1:10], pens=[red] * LINES)) == (0, 8, 1)
    assert painter.find_scroll(shown, framed(*ORDERS[1:10])) is None


@pytest.mark.parametrize(
    ("why", "old", "new"),
    [
        ("nothing changed", ORDERS[:9], ORDERS[:9]),
        ("two rows are not many", (*ORDERS[:3], *"abcdef"), (*ORDERS[1:3], "x", *"abcdef")),
        ("all rows are others", ORDERS[:9], ORDERS[10:19]),
        (
            "rows that look alike could have come from anywhere",
            ("-",) * 4 + ("",) * 5,
            ("",) * 5 + ("-",) * 4,
        ),
    ],
)
def test_where_no_rows_moved_there_is_no_scroll(why: str, old: Sequence[str], new: Sequence[str]) -> None:
    assert painter.find_scroll(framed(*old), framed(*new)) is None, why


def test_rows_of_which_something_is_unknown_are_not_scrolled() -> None:
    shown, wanted = framed(*ORDERS[:9]), framed(*ORDERS[1:10])
    wanted.forget(4)
    assert painter.find_scroll(shown, wanted) is None
    beside = framed("title", *ORDERS[1:8], "status")
    beside.forget(0)
    assert painter.find_scroll(framed("title", *ORDERS[:7], "status"), beside) == (1, 7, 1)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("scroll", [(0, 8, 1), (0, 8, -1), (2, 6, 3), (1, 7, -4), (3, 4, 1), (8, 8, 1)])
def test_the_terminal_moves_rows_as_the_frame_does_and_its_margins_are_what_they_were(
    pens: Pens, scroll: tuple[int, int, int], kind: Kind
) -> None:
    frame = framed(*ORDERS[:9], pens=[pens.number(Pen("31", "44")) * COLUMNS] * LINES)
    terminal = drawn(frame, pens, kind)
    terminal.feed(painter.Scroll(*scroll).text())
    frame.scroll(*scroll)
    assert rows_of(terminal) == rows_of(drawn(frame, pens, kind))
    terminal.feed("\x1b[9;1H\n")
    assert terminal.row(7) == drawn(frame, pens, kind).row(8), "the margins were left where they were"


# --- any frame into any other ------------------------------------------------------------------

PIECES = st.tuples(
    st.sampled_from((" ", "  ", "0", "Buy", "12,345.67", "─", "é", "株", "株式", "ＦＩＸ")),
    st.sampled_from(STYLES),
)
ROWS = st.lists(PIECES, max_size=5)


def cells(row: Sequence[tuple[str, Pen]], pens: Pens) -> tuple[str, str]:
    """Give a row of cells for pieces of text, cut off before a wide character that does not fit."""
    text = drawn_with = ""
    for piece, pen in row:
        for character in piece:
            cell = character + TAIL if character in "株式ＦＩＸ" else character
            text, drawn_with = text + cell, drawn_with + pens.number(pen) * len(cell)
    if text[COLUMNS:].startswith(TAIL):
        text = text[: COLUMNS - 1]
    text = text[:COLUMNS].ljust(COLUMNS)
    return text, drawn_with[:COLUMNS].ljust(COLUMNS, DEFAULT)


@st.composite
def changes(draw: st.DrawFn) -> tuple[list[list[tuple[str, Pen]]], list[list[tuple[str, Pen]]]]:
    """Give the rows of two frames, of which the second may have some of the first elsewhere."""
    old = draw(st.lists(ROWS, min_size=LINES, max_size=LINES))
    by = draw(st.integers(-4, 4))
    moved = [old[y + by] if 0 <= y + by < LINES else draw(ROWS) for y in range(LINES)]
    kept = draw(st.lists(st.sampled_from(("moved", "old", "new")), min_size=LINES, max_size=LINES))
    new = [{"moved": moved[y], "old": old[y]}.get(kept[y]) or draw(ROWS) for y in range(LINES)]
    return old, new if draw(st.booleans()) else moved


@given(changes(), st.sampled_from(KINDS), st.sets(st.integers(0, LINES - 1), max_size=3))
@settings(max_examples=200)
def test_any_frame_becomes_any_other_cell_by_cell(
    rows: tuple[list[list[tuple[str, Pen]]], list[list[tuple[str, Pen]]]], kind: Kind, forgotten: set[int]
) -> None:
    pens = Pens()
    shown, wanted = Frame(COLUMNS, LINES), Frame(COLUMNS, LINES)
    for y in range(LINES):
        shown.put(y, 0, *cells(rows[0][y], pens))
        wanted.put(y, 0, *cells(rows[1][y], pens))
    for y in forgotten:
        shown.forget(y)
    terminal = drawn(shown, pens, kind)
    before = shown.copy()
    painted(terminal, shown, wanted, pens)
    assert rows_of(terminal) == rows_of(drawn(wanted, pens, kind))
    assert terminal.state()["pen"] == Cell(), "the pen was not put down"
    assert terminal.margins is None
    assert terminal.events == []
    assert (shown.text, shown.pens) == (before.text, before.pens), "painting is not what changes frames"
