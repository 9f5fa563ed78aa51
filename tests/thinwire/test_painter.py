"""The painter turns one frame into another in few bytes, and does nothing else."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.thinwire.cells import EmulatedCell, seen
from tests.thinwire.emulators import KINDS, Emulator, TerminalKind
from tui.thinwire import painter
from tui.thinwire.cell_styles import DEFAULT, UNKNOWN, CellStyle, StyleTable
from tui.thinwire.frame import Frame
from tui.thinwire.runs import TAIL

COLUMNS, LINES = 14, 9
STYLES = (
    CellStyle(),
    CellStyle("31"),
    CellStyle("", "48;2;9;9;9"),
    CellStyle("38;5;7", "44", ("1", "4")),
    CellStyle(link="id=1;https://desk.example/"),
)


@pytest.fixture
def styles() -> StyleTable:
    return StyleTable()


def framed(*rows: str, styles: Sequence[str] = ()) -> Frame:
    """Return a frame with these rows, blank after them; a wide character is followed by TAIL."""
    frame = Frame(COLUMNS, LINES)
    for y in range(LINES):
        text = (rows[y] if y < len(rows) else "").ljust(COLUMNS)
        frame.put(y, 0, text, styles[y] if y < len(styles) else DEFAULT * COLUMNS)
    return frame


def scribbled(kind: TerminalKind = KINDS[0]) -> Emulator:
    """Return a terminal with foreign text on it."""
    terminal = Emulator(COLUMNS, LINES, kind)
    for y in range(LINES):
        terminal.feed(f"\x1b[{y + 1};1H\x1b[0;35;46;9m" + "株?" * (COLUMNS // 3))
    terminal.feed("\x1b[m")
    return terminal


def drawn(frame: Frame, styles: StyleTable, kind: TerminalKind = KINDS[0]) -> Emulator:
    """Return a terminal on which the known cells of ``frame`` are drawn one by one, each after a reset."""
    terminal = scribbled(kind)
    for y in range(LINES):
        for x, (text, style) in enumerate(zip(frame.text[y], frame.styles[y], strict=True)):
            if text not in (TAIL, UNKNOWN):
                terminal.feed(f"\x1b[{y + 1};{x + 1}H\x1b[m{styles.change(DEFAULT, style)}{text}")
                terminal.feed(styles.change(style, DEFAULT))
    return terminal


def rows_of(terminal: Emulator) -> list[Sequence[EmulatedCell]]:
    return [terminal.row(y) for y in range(LINES)]


def painted(
    terminal: Emulator, shown: Frame, wanted: Frame, styles: StyleTable, *, erases: bool = False
) -> str:
    """Paint ``wanted`` over ``shown`` as a writer does, scrolling rows that moved; return the output."""
    text = ""
    scroll = painter.find_scroll(shown, wanted)
    if scroll is not None:
        shown = shown.copy()
        shown.scroll(*scroll)
        text = scroll.sequence()
    style = DEFAULT
    for y in range(LINES):
        row, style = painter.row_change(shown, wanted, y, styles, style, erases=erases)
        text += row
    text += styles.change(style, DEFAULT)
    terminal.feed(text)
    return text


# --- runs --------------------------------------------------------------------------------------


def test_what_stands_there_already_is_not_written(styles: StyleTable) -> None:
    frame = framed("Buy 100 VOD", "Sell 9 BARC")
    assert [painter.row_difference(frame, frame.copy(), y, styles) for y in range(LINES)] == [""] * LINES


def test_only_the_cells_that_differ_are_written(styles: StyleTable) -> None:
    assert painter.row_difference(framed("Buy 100 VOD"), framed("Buy 250 VOD"), 0, styles) == "\x1b[1;5H25"


def test_a_style_alone_is_a_difference_and_is_reset_afterwards(styles: StyleTable) -> None:
    red = styles.number(CellStyle("31"))
    wanted = framed("Buy 100", styles=[DEFAULT * 4 + red * 3 + DEFAULT * (COLUMNS - 7)])
    assert painter.row_difference(framed("Buy 100"), wanted, 0, styles) == "\x1b[1;5H\x1b[31m100\x1b[m"


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
def test_a_gap_is_crossed_the_shortest_way_that_is_sure(
    styles: StyleTable, old: str, new: str, written: str
) -> None:
    assert painter.row_difference(framed(old), framed(new), 0, styles) == written


def test_a_gap_of_another_colour_is_moved_over(styles: StyleTable) -> None:
    red = styles.number(CellStyle("31"))
    colours = [DEFAULT + red * 2 + DEFAULT * (COLUMNS - 3)]
    written = painter.row_difference(
        framed("a..b", styles=colours), framed("x..y", styles=colours), 0, styles
    )
    assert written == "\x1b[Hx\x1b[2Cy"


def test_a_wide_character_is_written_whole_though_only_one_cells_style_differs(
    styles: StyleTable,
) -> None:
    assert painter.row_difference(framed("ab"), framed(f"株{TAIL}"), 0, styles) == "\x1b[H株"
    assert painter.row_difference(framed(f"株{TAIL}"), framed("ab"), 0, styles) == "\x1b[Hab"
    assert painter.row_difference(framed(f"株{TAIL}"), framed(f"a株{TAIL}"), 0, styles) == "\x1b[Ha株"
    for half in (f"{UNKNOWN}{TAIL}", f"株{UNKNOWN}"):
        assert painter.row_difference(framed(half), framed(f"株{TAIL}"), 0, styles) == "\x1b[H株"


def test_what_is_unknown_in_the_frame_that_is_wanted_stays_as_it_is(styles: StyleTable) -> None:
    wanted = Frame(COLUMNS, LINES)
    wanted.put(0, 6, "VOD", DEFAULT * 3)
    written = painter.row_difference(framed("Buy 100"), wanted, 0, styles)
    assert written == "\x1b[1;7HVOD"
    terminal = drawn(framed("Buy 100"), styles)
    terminal.feed(written)
    assert "".join(cell.data for cell in terminal.row(0)).rstrip() == "Buy 10VOD"


def test_blanks_between_two_words_of_one_colour_need_no_change_of_colour(styles: StyleTable) -> None:
    red = styles.number(CellStyle("31"))
    blanks = styles.of_blanks(red)
    colours = [red * 3 + blanks + red * 3 + blanks * (COLUMNS - 7)]
    written = painter.row_difference(framed(), framed("Buy 100", styles=colours), 0, styles)
    assert written == "\x1b[H\x1b[31mBuy 100\x1b[m"


def test_blanks_after_underlined_words_are_not_underlined(styles: StyleTable) -> None:
    line = styles.number(CellStyle("", "", ("4",)))
    colours = [
        line * 3 + styles.of_blanks(styles.number(CellStyle("31"))) + line * 3 + DEFAULT * (COLUMNS - 7)
    ]
    written = painter.row_difference(framed("........"), framed("Buy 100.", styles=colours), 0, styles)
    assert written == "\x1b[H\x1b[4mBuy\x1b[m \x1b[4m100\x1b[m"


PAINTED = CellStyle("38;5;7", "48;2;9;9;9")


def test_blanks_on_a_painted_background_are_erased_where_the_terminal_colours_them(
    styles: StyleTable,
) -> None:
    ground = styles.number(PAINTED)
    wanted = framed("ab" + " " * 12, "Buy", styles=[ground * COLUMNS] * 2)
    start = "\x1b[38;5;7;48;2;9;9;9m"

    def change(y: int, *, erases: bool) -> str:
        return painter.row_difference(framed(), wanted, y, styles, erases=erases)

    assert change(0, erases=True) == f"\x1b[H{start}ab\x1b[K\x1b[m"
    assert change(0, erases=False) == f"\x1b[H{start}ab{' ' * 12}\x1b[m"
    assert change(1, erases=True) == f"\x1b[2H{start}Buy\x1b[K\x1b[m"


@pytest.mark.parametrize(
    ("row", "written"),
    [
        ("e" + " " * 8 + "." * 21, f"e{' ' * 8}{'.' * 21}"),  # as long, and drawn in one go
        ("e" + " " * 12 + "." * 17, f"e\x1b[12X\x1b[12C{'.' * 17}"),
        ("é" + " " * 14 + "." * 15, f"é{' ' * 14}{'.' * 15}"),
        ("é" + " " * 19 + "." * 10, f"é\x1b[2G\x1b[19X\x1b[19C{'.' * 10}"),  # where it stands is sure then
        (f"é{' ' * 19}.{' ' * 9}", "é\x1b[2G\x1b[19X\x1b[19C.\x1b[K"),
        (f"{' ' * 5}{'-' * 25}", "\x1b[5X"),  # nothing is drawn after it
    ],
)
def test_a_hole_of_blanks_is_erased_and_moved_over_where_that_is_shorter(
    styles: StyleTable, row: str, written: str
) -> None:
    ground = styles.number(PAINTED)
    shown, wanted = Frame(30, 1), Frame(30, 1)
    for frame, text in ((shown, "-" * 30), (wanted, row)):
        frame.put(0, 0, text, ground * 30)
    sent = painter.row_difference(shown, wanted, 0, styles, erases=True)
    assert sent == f"\x1b[H\x1b[38;5;7;48;2;9;9;9m{written}\x1b[m"


def test_words_that_go_leave_one_hole_that_is_erased_at_once(styles: StyleTable) -> None:
    ground, other = (styles.of_blanks(styles.number(CellStyle("31", each))) for each in ("44", "45"))
    shown, wanted = Frame(30, 1), Frame(30, 1)
    colours = ground * 22 + other * 8
    shown.put(0, 0, "| 100 VOD  LSE    day  gtc  ..", colours)
    wanted.put(0, 0, f"|{' ' * 29}", colours)
    written = painter.row_difference(shown, wanted, 0, styles, erases=True)
    assert written == "\x1b[1;3H\x1b[44m\x1b[19X\x1b[21C\x1b[45m\x1b[K\x1b[m"


def test_blanks_are_drawn_in_the_colour_that_comes_after_them(styles: StyleTable) -> None:
    red = styles.number(CellStyle("31", "44"))
    blank = styles.of_blanks(red)
    colours = [blank * 2 + red * 3 + blank * (COLUMNS - 5)]
    written = painter.row_difference(framed("......"), framed("  Buy", styles=colours), 0, styles)
    assert written == f"\x1b[H\x1b[31;44m  Buy{' ' * 9}\x1b[m"


def test_blanks_that_show_more_than_a_background_are_written(styles: StyleTable) -> None:
    for style in (
        CellStyle("31", "", ("4",)),
        CellStyle("31", "", ("7",)),
        CellStyle(link="id=1;https://x/"),
    ):
        wanted = framed("", styles=[styles.number(style) * COLUMNS])
        written = painter.row_difference(framed(), wanted, 0, styles, erases=True)
        assert " " * COLUMNS in written


def test_a_row_goes_on_in_the_style_of_the_row_before(styles: StyleTable) -> None:
    ground = styles.number(PAINTED)
    wanted = framed("Buy", "Sell", styles=[ground * COLUMNS] * 2)
    first, style = painter.row_change(framed(), wanted, 0, styles, DEFAULT, erases=True)
    then, _ = painter.row_change(framed(), wanted, 1, styles, style, erases=True)
    assert first + then == "\x1b[H\x1b[38;5;7;48;2;9;9;9mBuy\x1b[K\x1b[2HSell\x1b[K"


def test_places_are_given_in_as_few_bytes_as_they_have() -> None:
    assert [
        painter.cursor_to(0, 0),
        painter.cursor_to(4, 0),
        painter.cursor_to(0, 4),
        painter.cursor_to(49, 199),
    ] == [*("\x1b[H", "\x1b[5H", "\x1b[1;5H", "\x1b[50;200H")]


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


def test_the_styles_of_rows_move_with_their_text(styles: StyleTable) -> None:
    red = styles.number(CellStyle("31")) * COLUMNS
    shown = framed(*ORDERS[:9], styles=[red] * LINES)
    assert painter.find_scroll(shown, framed(*ORDERS[1:10], styles=[red] * LINES)) == (0, 8, 1)
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
    wanted.invalidate(4)
    assert painter.find_scroll(shown, wanted) is None
    beside = framed("title", *ORDERS[1:8], "status")
    beside.invalidate(0)
    assert painter.find_scroll(framed("title", *ORDERS[:7], "status"), beside) == (1, 7, 1)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("scroll", [(0, 8, 1), (0, 8, -1), (2, 6, 3), (1, 7, -4), (3, 4, 1), (8, 8, 1)])
def test_the_terminal_moves_rows_as_the_frame_does_and_its_margins_are_what_they_were(
    styles: StyleTable, scroll: tuple[int, int, int], kind: TerminalKind
) -> None:
    frame = framed(*ORDERS[:9], styles=[styles.number(CellStyle("31", "44")) * COLUMNS] * LINES)
    terminal = drawn(frame, styles, kind)
    terminal.feed(painter.Scroll(*scroll).sequence())
    frame.scroll(*scroll)
    assert rows_of(terminal) == rows_of(drawn(frame, styles, kind))
    terminal.feed("\x1b[9;1H\n")
    assert terminal.row(7) == drawn(frame, styles, kind).row(8), "the margins were left where they were"


# --- any frame into any other ------------------------------------------------------------------

PIECES = st.tuples(
    st.sampled_from((" ", "  ", " " * 12, "0", "Buy", "12,345.67", "─", "é", "株", "株式", "ＦＩＸ")),
    st.sampled_from(STYLES),
)
ROWS = st.lists(PIECES, max_size=5)


def cells(row: Sequence[tuple[str, CellStyle]], styles: StyleTable) -> tuple[str, str]:
    """Return a row of cells for pieces of text, cut before a wide character that does not fit."""
    text = drawn_with = ""
    for piece, style in row:
        for character in piece:
            cell = character + TAIL if character in "株式ＦＩＸ" else character
            text, drawn_with = text + cell, drawn_with + styles.number(style) * len(cell)
    if text[COLUMNS:].startswith(TAIL):
        text = text[: COLUMNS - 1]
    text = text[:COLUMNS].ljust(COLUMNS)
    return text, drawn_with[:COLUMNS].ljust(COLUMNS, DEFAULT)


@st.composite
def changes(draw: st.DrawFn) -> tuple[list[list[tuple[str, CellStyle]]], list[list[tuple[str, CellStyle]]]]:
    """Return the rows of two frames; the second may have rows of the first in other places."""
    old = draw(st.lists(ROWS, min_size=LINES, max_size=LINES))
    by = draw(st.integers(-4, 4))
    moved = [old[y + by] if 0 <= y + by < LINES else draw(ROWS) for y in range(LINES)]
    kept = draw(st.lists(st.sampled_from(("moved", "old", "new")), min_size=LINES, max_size=LINES))
    new = [{"moved": moved[y], "old": old[y]}.get(kept[y]) or draw(ROWS) for y in range(LINES)]
    return old, new if draw(st.booleans()) else moved


@given(changes(), st.sampled_from(KINDS), st.sets(st.integers(0, LINES - 1), max_size=3), st.booleans())
@settings(max_examples=200)
def test_any_frame_becomes_any_other_cell_by_cell(
    rows: tuple[list[list[tuple[str, CellStyle]]], list[list[tuple[str, CellStyle]]]],
    kind: TerminalKind,
    forgotten: set[int],
    erases: bool,
) -> None:
    styles = StyleTable()
    shown, wanted = Frame(COLUMNS, LINES), Frame(COLUMNS, LINES)
    for y in range(LINES):
        shown.put(y, 0, *cells(rows[0][y], styles))
        wanted.put(y, 0, *cells(rows[1][y], styles))
    for y in forgotten:
        shown.invalidate(y)
    terminal = drawn(shown, styles, kind)
    before = shown.copy()
    erases = erases and kind.erases_in_colour
    painted(terminal, shown, wanted, styles, erases=erases)
    there, alone = (
        [list(map(seen, row)) for row in rows_of(each)] for each in (terminal, drawn(wanted, styles, kind))
    )
    assert there == alone
    assert terminal.state()["style"] == EmulatedCell(), "the style was not put down"
    assert terminal.margins is None
    assert terminal.events == []
    assert (shown.text, shown.styles) == (before.text, before.styles), "painting is not what changes frames"
