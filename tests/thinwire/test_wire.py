"""The wire: the terminal shows what Textual alone would have drawn, for fewer bytes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.thinwire.cells import seen
from tests.thinwire.emulators import KINDS, XTERM, Emulator, TerminalKind
from tui.thinwire import wire as wire_module
from tui.thinwire.wire import SYNC_END, SYNC_START, ThinWire

COLUMNS, LINES = 20, 8
TITLE, BELL, SHAPE = "\x1b]0;desk\x07", "\x07", "\x1b]22;text\x1b\\"
COPIED = "\x1b]52;c;T1JELTAwMDAx\x07"
ORDERS = tuple(f"ORD-{number:05} Buy" for number in range(20))

PlacedText = tuple[int, int, str]
"""Row and column, both from 1, and the text drawn there."""


def frame(*runs: PlacedText, cursor: tuple[int, int] = (1, 1)) -> str:
    """Return a frame as Textual writes it: texts at their places, newlines between rows, the cursor."""
    drawn = ""
    for at, (y, x, text) in enumerate(runs):
        last = at + 1 == len(runs) or runs[at + 1][0] == y
        drawn += f"\x1b[{y};{x}H{text}" + ("" if last else "\n")
    return f"{drawn}\x1b[{cursor[0]};{cursor[1]}H"


def rows(*texts: str, cursor: tuple[int, int] = (1, 1)) -> str:
    """Return a frame of whole rows from the top."""
    return frame(*((y, 1, text.ljust(COLUMNS)) for y, text in enumerate(texts, 1)), cursor=cursor)


class EmulatorPair:
    """Two terminals: one gets the output unchanged, the other through a wire."""

    def __init__(self, kind: TerminalKind = XTERM, *, can_scroll: bool = True) -> None:
        self.alone, self.thin = Emulator(COLUMNS, LINES, kind), Emulator(COLUMNS, LINES, kind)
        for terminal in (self.alone, self.thin):
            terminal.feed("\x1b[?7l\x1b[1;1Hwhat stood there\x1b[5;1H株式会社\x1b[1;1H")
            terminal.events.clear()
        self.wire = ThinWire(COLUMNS, LINES, can_scroll=can_scroll)

    def feed(self, text: str) -> None:
        self.alone.feed(text)
        self.wire.feed(text)

    def take(self, limit: int | None = None) -> str:
        """Pass the output of the wire to the second terminal; return it."""
        sent = self.wire.take(limit)
        self.thin.feed(sent)
        return sent

    def draw(self, text: str) -> str:
        """Draw, send and compare; return what was sent."""
        self.feed(text)
        sent = self.take()
        self.compare()
        return sent

    def drain(self) -> None:
        """Send everything, then compare."""
        while self.wire.pending:
            self.take()
        self.compare()

    def compare(self) -> None:
        assert self.screen(self.thin) == self.screen(self.alone)

    @staticmethod
    def screen(terminal: Emulator) -> object:
        return [[seen(cell) for cell in terminal.row(y)] for y in range(LINES)], terminal.state()

    def row(self, y: int) -> str:
        return "".join(cell.data for cell in self.thin.row(y)).rstrip()


@pytest.fixture
def pair() -> EmulatorPair:
    return EmulatorPair()


# --- nothing but what differs --------------------------------------------------------------------


def test_what_is_drawn_again_is_not_sent_again(pair: EmulatorPair) -> None:
    drawn = rows(*ORDERS[:LINES], cursor=(3, 5))
    assert "ORD-00007" in pair.draw(drawn)
    assert pair.draw(drawn) == ""
    assert not pair.wire.pending


def test_a_cell_that_changed_is_all_that_is_sent(pair: EmulatorPair) -> None:
    pair.draw(rows(*ORDERS[:LINES]))
    assert pair.draw(rows(*ORDERS[:3], "ORD-00003 Bus", *ORDERS[4:LINES])) == "\x1b[4;13Hs\x1b[H"


def test_a_cursor_that_moves_is_moved_and_nothing_else(pair: EmulatorPair) -> None:
    pair.draw(rows(*ORDERS[:LINES]))
    assert pair.draw(rows(*ORDERS[:LINES], cursor=(4, 2))) == "\x1b[4;2H"
    assert pair.draw("\x1b[4;3H") == "\x1b[4;3H"


def test_before_anything_is_drawn_there_is_nothing_to_send(pair: EmulatorPair) -> None:
    assert not pair.wire.pending
    assert pair.take() == ""


def test_frames_that_were_overtaken_are_never_sent(pair: EmulatorPair) -> None:
    pair.draw(rows(*ORDERS[:LINES]))
    for price in range(100, 200):
        pair.feed(frame((2, 15, str(price))))
    assert pair.take() == "\x1b[2;15H199\x1b[H"
    pair.compare()


def test_what_changed_and_changed_back_before_it_was_sent_is_not_sent(pair: EmulatorPair) -> None:
    pair.draw(rows(*ORDERS[:LINES]))
    pair.feed(frame((2, 5, "FLASH")))
    pair.feed(frame((2, 5, "00001")))
    assert pair.take() == ""
    pair.compare()


def test_a_frame_is_never_longer_than_it_came(pair: EmulatorPair) -> None:
    pair.draw(rows("a", "b", "c", "d", "e"))
    few = frame((1, 1, "b"), (2, 1, "c"), (3, 1, "d"), (4, 1, "e"), (5, 1, "f"))
    assert len(pair.draw(few)) < len(few)


def test_a_frame_that_would_not_shrink_goes_as_it_came(pair: EmulatorPair) -> None:
    pair.draw(rows(*ORDERS[:LINES]))
    keycap = frame((2, 17, "\x1b[1m1\ufe0f\u20e3\x1b[0m"), cursor=(2, 2))
    assert pair.draw(keycap) == keycap


# --- rows that moved -----------------------------------------------------------------------------


BLOCKS: Final = tuple(letter * 18 for letter in "abcdefghijklmno")


@pytest.mark.parametrize("by", [1, -1, 3])
def test_rows_that_moved_are_moved_by_the_terminal(pair: EmulatorPair, by: int) -> None:
    pair.draw(rows("title", *BLOCKS[4 : LINES + 2], "status"))
    sent = pair.draw(rows("title", *BLOCKS[4 + by : LINES + 2 + by], "status"))
    assert sent.startswith(f"\x1b[2;7r\x1b[2H\x1b[{abs(by)}{'M' if by > 0 else 'L'}\x1b[r")
    assert len(sent) < 25 * (abs(by) + 1)


def test_a_terminal_that_moves_no_rows_is_sent_cells() -> None:
    pair = EmulatorPair(can_scroll=False)
    pair.draw(rows(*BLOCKS[:LINES]))
    assert all(
        block in pair.draw(rows(*BLOCKS[at : at + LINES])) for at, block in ((1, "i" * 18), (0, "a" * 18))
    )


def test_rows_are_not_moved_where_cells_are_fewer_bytes(pair: EmulatorPair) -> None:
    pair.draw(rows(*"abcd"))
    assert pair.draw(rows(*"bcde")) == "\x1b[Hb\x1b[2Hc\x1b[3Hd\x1b[4He\x1b[H"


def test_rows_beside_which_something_else_stands_are_cells(pair: EmulatorPair) -> None:
    def panes(first: int) -> str:
        left = (block[:12] for block in BLOCKS[first : first + LINES])
        return rows(*(f"{block}|{note * 5}" for block, note in zip(left, "pqrstuvw", strict=True)))

    pair.draw(panes(0))
    assert "r\x1b[" not in pair.draw(panes(1))


# --- updates -------------------------------------------------------------------------------------


def test_nothing_of_an_update_is_given_before_its_end_and_then_all_of_it_in_brackets(
    pair: EmulatorPair,
) -> None:
    pair.draw(rows(*ORDERS[:LINES]))
    for part in (SYNC_START, frame((1, 1, "FILLED")), frame((2, 1, "FILLED"))):
        pair.feed(part)
        assert not pair.wire.pending
        assert pair.take() == ""
    pair.feed(SYNC_END)
    assert pair.wire.pending
    assert pair.take() == f"{SYNC_START}\x1b[HFILLED\x1b[2HFILLED\x1b[H{SYNC_END}"
    pair.compare()


def test_a_bell_and_what_nobody_understands_within_an_update_wait_for_its_end_too(pair: EmulatorPair) -> None:
    pair.draw(rows(*ORDERS[:LINES]))
    for part in (SYNC_START, frame((1, 1, "FILLED")), BELL, "\x1b[3;3H\x1b[K", frame((2, 1, "FILLED"))):
        pair.feed(part)
        assert not pair.wire.pending
        assert pair.take() == ""
    pair.feed(SYNC_END)
    sent = pair.take()
    assert (sent.count(SYNC_START), sent.count(SYNC_END)) == (1, 1), "it was one update"
    assert sent.startswith(SYNC_START)
    assert sent.endswith(SYNC_END)
    pair.compare()


def test_an_update_that_changes_nothing_is_nothing(pair: EmulatorPair) -> None:
    drawn = rows(*ORDERS[:LINES])
    pair.draw(SYNC_START + drawn + SYNC_END)
    assert pair.draw(SYNC_START + drawn + SYNC_END) == ""


def test_what_was_drawn_before_an_update_began_waits_with_it_and_is_overtaken(pair: EmulatorPair) -> None:
    pair.draw(rows(*ORDERS[:LINES]))
    pair.feed(frame((1, 1, "older ")))
    pair.feed(SYNC_START)
    pair.feed(frame((1, 1, "newest")))
    assert pair.take() == ""
    pair.feed(SYNC_END)
    assert "older" not in pair.take()
    pair.compare()


# --- what is no frame ----------------------------------------------------------------------------


def test_titles_bells_shapes_and_the_clipboard_keep_their_order_and_change_nothing_known(
    pair: EmulatorPair,
) -> None:
    pair.draw(rows(*ORDERS[:LINES]))
    for control in (TITLE, BELL, COPIED, "\x1b[?25h", "\x1b[?1003l", SHAPE, "\x1b[?2048$p", "\x1b[2 q"):
        pair.feed(control)
    assert pair.take() == f"{TITLE}{BELL}{COPIED}\x1b[?25h\x1b[?1003l{SHAPE}\x1b[?2048$p\x1b[2 q"
    pair.compare()
    assert pair.draw(rows(*ORDERS[:LINES])) == ""


def test_a_bell_comes_after_the_frame_it_was_rung_for(pair: EmulatorPair) -> None:
    pair.draw(rows(*ORDERS[:LINES]))
    pair.feed(frame((1, 1, "REJECTED")))
    pair.feed(BELL)
    pair.feed(frame((2, 1, "FILLED")))
    assert pair.take() == f"\x1b[HREJECTED\x1b[H{BELL}\x1b[2HFILLED\x1b[H"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("controls", [("\x1b[?7h",), (BELL, "\x1b[?7h"), ("\x1b[?25h\x1b[?7h",)])
def test_text_wider_than_its_row_is_sent_before_wrapping_is_turned_on(
    kind: TerminalKind, controls: Sequence[str]
) -> None:
    pair = EmulatorPair(kind)
    pair.draw(rows(*ORDERS[:LINES]))
    pair.feed(rows(*(order * 8 for order in ORDERS[:LINES])))
    for control in controls:
        pair.feed(control)
    pair.drain()


@pytest.mark.parametrize(
    "foreign",
    [
        *("\x1b[2J", "\x1bc", "\x1b[3;1Hunfinished", "foreign words\r\n", "\n", "\x1b[1m", "\x1b[2;5r"),
        *(
            "\x1b[?47h",
            "\x1b[?1049h",
            "\x1b[?9999h",
            "\x1b]4;1;#ff0000\x07",
            "\x1bP1$r0m\x1b\\",
            "\x1b[99;1H",
        ),
        *("\x1b[1;1Hx\x1b[K\x1b[1;1H", "\x1b[1;1H\x1b[58;5;1mx\x1b[0m\x1b[1;1H", "\x1b[1;1Ha\tb\x1b[1;1H"),
        *(
            "\x1b[8;1Hbelow\n\x1b[1;1H",
            "\x1b[9;1Hbelow\x1b[1;1H",
            "\x1b[1;21Hbeside\x1b[1;1H",
            "\x1b[0;1Hx\x1b[1;1H",
        ),
    ],
)
def test_what_is_not_understood_passes_on_as_it_came_and_then_everything_drawn_is_sent(
    pair: EmulatorPair, foreign: str
) -> None:
    drawn = rows(*ORDERS[:LINES])
    pair.draw(drawn)
    pair.feed(frame((1, 1, "CHANGED")))
    pair.feed(foreign)
    assert pair.take() == f"\x1b[HCHANGED\x1b[H{foreign}"
    pair.feed("\x1b[m\x1b[r")
    pair.take()
    sent = pair.draw(drawn)
    assert all(order in sent for order in ORDERS[:LINES])


def test_text_that_is_longer_than_its_row_goes_as_it_came() -> None:
    for kind in KINDS:
        pair = EmulatorPair(kind)
        pair.draw(rows(*ORDERS[:LINES]))
        assert "over the edge" in pair.draw(frame((3, 15, "over the edge of it"), (4, 1, "株" * 11)))
        pair.draw(rows(*ORDERS[:LINES]))


def test_what_was_drawn_on_a_screen_that_is_left_for_good_is_not_sent_any_more(pair: EmulatorPair) -> None:
    pair.draw("\x1b[?1049h")
    pair.draw(rows(*ORDERS[:LINES]))
    pair.feed(rows(*ORDERS[2 : LINES + 2]))
    pair.feed("\x1b[?1049l")
    assert pair.take() == "\x1b[?1049l"
    pair.compare()


def test_what_was_drawn_on_a_screen_that_is_come_back_to_is_there_then(pair: EmulatorPair) -> None:
    pair.feed(rows(*ORDERS[:LINES]))
    pair.feed("\x1b[?1049h")
    pair.draw(rows("the other screen"))
    pair.draw("\x1b[?1049l")
    assert pair.row(0) == ORDERS[0]


# --- sequences cut in two ------------------------------------------------------------------------

CUT = (
    TITLE,
    COPIED,
    SHAPE,
    "\x1b[?25h",
    SYNC_START + rows("x") + SYNC_END,
    "\x1b[48;2;1;2;3m",
    "\x1bP1$r0m\x1b\\",
    "\x1bc",
)


@pytest.mark.parametrize("sequence", CUT)
def test_a_sequence_cut_anywhere_waits_for_its_other_half(sequence: str) -> None:
    for at in range(1, len(sequence)):
        pair = EmulatorPair()
        pair.draw(rows(*ORDERS[:LINES]))
        pair.feed(frame((1, 1, "FILLED")))
        pair.feed(sequence[:at])
        pair.take()
        assert pair.thin.state()["half said"] == "", f"split at {at}"
        pair.feed(sequence[at:])
        pair.drain()


@pytest.mark.parametrize("code", ["9", "777"])
def test_a_notification_of_the_desktop_leaves_the_frame_known(pair: EmulatorPair, code: str) -> None:
    pair.feed(frame((1, 1, "FILLED")))
    pair.take()
    pair.feed(f"\x1b]{code};notify;Blotter;Rejected\x1b\\")
    assert pair.take() == f"\x1b]{code};notify;Blotter;Rejected\x1b\\"
    pair.feed(frame((1, 1, "FILLED")))
    assert pair.take() == "", "what the terminal shows is still known"


def test_a_clipboard_cut_within_its_terminator_is_sent_whole(pair: EmulatorPair) -> None:
    pair.feed("\x1b]52;c;T1JE\x1b")
    assert pair.take() == ""
    assert not pair.wire.pending
    pair.feed("\\")
    assert pair.take() == "\x1b]52;c;T1JE\x1b\\"


def test_a_half_that_stays_alone_is_given_with_the_rest_in_the_end(pair: EmulatorPair) -> None:
    pair.feed(SYNC_START + frame((1, 1, "last words")) + "\x1b]52;c;T1")
    assert pair.take() == ""
    assert pair.wire.take_all() == f"{SYNC_START}\x1b[Hlast words\x1b[H{SYNC_END}\x1b]52;c;T1"
    assert pair.wire.take_all() == ""


# --- pieces --------------------------------------------------------------------------------------


def test_a_long_frame_goes_in_pieces_that_end_with_a_row_and_rows_not_yet_sent_are_the_newest(
    pair: EmulatorPair,
) -> None:
    pair.feed(rows(*("old " + order for order in ORDERS[:LINES])))
    first = pair.take(50)
    assert 50 <= len(first) < 50 + COLUMNS + 30
    assert pair.wire.pending
    assert pair.row(0) == "old " + ORDERS[0]
    assert pair.row(LINES - 1) != "old " + ORDERS[LINES - 1]
    pair.feed(rows(*("new " + order for order in ORDERS[:LINES])))
    sent = ""
    while pair.wire.pending:
        piece = pair.take(50)
        assert len(piece) < 50 + COLUMNS + 30
        sent += piece
    pair.compare()
    assert "old " not in sent


def test_every_row_has_its_turn_though_the_first_ones_change_all_the_time(pair: EmulatorPair) -> None:
    pair.draw(rows(*ORDERS[:LINES]))
    pair.feed(rows(*("changed " + order[:9] for order in ORDERS[:LINES])))
    for price in range(4 * LINES):
        pair.feed(frame((1, 1, f"{price:20}"), (2, 1, f"{price:20}")))
        pair.take(1)
    assert all(pair.row(y).startswith("changed") for y in range(2, LINES))


def painted(text: str, colours: str) -> str:
    """Return a whole row in these colours."""
    return f"\x1b[{colours}m{text.ljust(COLUMNS)}\x1b[0m"


GROUND, CURSOR = "37;48;5;16", "37;48;5;24"
"""Colours of a theme that paints: of its rows, and of the row with the cursor."""


def test_on_a_painted_screen_the_row_of_the_cursor_goes_first(pair: EmulatorPair) -> None:
    pair.draw(rows(*(painted(order, GROUND) for order in ORDERS[:LINES])))
    here = LINES - 2
    pair.feed(rows(*(painted(f"new {y}", CURSOR if y == here else GROUND) for y in range(LINES))))
    pair.take(1)
    shown = [y for y in range(LINES) if pair.row(y).startswith("new")]
    assert shown == [here]


def test_it_goes_first_when_the_page_scrolled_and_left_blank_rows(pair: EmulatorPair) -> None:
    words = [letter * 12 for letter in "abcdefghijkl"]

    def page(first: int) -> str:
        shown = enumerate(words[first : first + LINES], 1)
        return rows(*(painted(word, CURSOR if y == LINES else GROUND) for y, word in shown))

    pair.draw(page(0))
    pair.feed(page(4))
    assert f"\x1b[{LINES}H" in pair.take(1)
    assert [pair.row(y) for y in range(LINES)] == [*words[4:7], "", "", "", "", words[11]]


def test_rows_of_doubtful_width_go_in_pieces_like_others(pair: EmulatorPair) -> None:
    pair.feed(rows(*("\U0001f4b0 " + order for order in ORDERS[:LINES])))
    assert len(pair.take(40)) < 40 + 2 * COLUMNS
    assert pair.wire.pending
    pair.drain()


# --- widths --------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "doubtful", ["e\u0301", "\U0001f468\u200d\U0001f469", "❤\ufe0f", "שלום", "\ue0b0", "กำ"]
)
def test_a_run_of_doubtful_width_is_sent_unchanged_and_its_row_is_unknown_afterwards(
    doubtful: str, kind: TerminalKind
) -> None:
    pair = EmulatorPair(kind)
    pair.draw(rows(*ORDERS[:LINES]))
    run = f"\x1b[1m{doubtful}\x1b[0m"
    assert run in pair.draw(frame((3, 4, run), (3, 12, "sure"), (5, 1, "株")))
    assert run in pair.draw(frame((3, 4, run)))
    again = pair.draw(rows(*ORDERS[:LINES]))
    assert ORDERS[2] in again
    assert ORDERS[3] not in again


def test_changes_of_a_row_are_sent_before_a_doubtful_run_in_it(
    pair: EmulatorPair,
) -> None:
    pair.draw(rows(*ORDERS[:LINES]))
    pair.feed(frame((3, 1, "FILLED")))
    pair.feed(frame((3, 5, "e\u0301")))
    pair.feed(frame((3, 12, "LATER")))
    pair.drain()
    assert pair.row(2) == "FILLe\u0301D002 BLATER"


def test_rows_that_moved_while_a_doubtful_run_waits_among_them_are_drawn_in_place(
    pair: EmulatorPair,
) -> None:
    pair.draw(rows(*BLOCKS[:LINES]))
    pair.feed(frame((3, 5, "e\u0301")))
    pair.feed(rows(*BLOCKS[1 : LINES + 1]))
    pair.drain()
    pair.draw(rows(*BLOCKS[2 : LINES + 2]))


def test_a_terminal_that_takes_nothing_while_doubtful_rows_come_has_to_be_drawn_anew(
    pair: EmulatorPair,
) -> None:
    for number in range(8_000):
        pair.feed(frame((3, 1, f"e\u0301{number:8}"), (4, 1, f"\x1b[31m{number:8}\x1b[0m")))
        if pair.wire.lost:
            break
    else:
        pytest.fail("all of it is kept")
    assert pair.take() == "", "it is not sent either"
    pair.feed(rows(*ORDERS[:LINES]))
    pair.drain()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "over",
    [(1, 2, "x"), (1, 1, "x"), (1, 3, "xy"), (1, 2, "式"), (1, 4, "e\u0301"), (1, 2, "")],
    ids=lambda run: f"{run[2]!r} in column {run[1]}",
)
def test_what_is_drawn_over_half_a_wide_character_looks_as_the_terminal_makes_it(
    over: PlacedText, kind: TerminalKind
) -> None:
    pair = EmulatorPair(kind)
    pair.draw(rows("\x1b[31;42m株式会社\x1b[0m" + " " * 12, *ORDERS[1:LINES]))
    pair.draw(frame(over))
    pair.feed(frame((1, 1, "y"), (1, 7, "z")))
    pair.feed(frame((1, 11, "!")))
    pair.drain()
    pair.draw(frame((1, 1, "\x1b[44m株\x1b[0m"), (1, 5, "會")))
    pair.draw(rows(*ORDERS[:LINES]))


def test_in_an_encoding_of_ascii_what_becomes_of_other_characters_is_left_to_the_terminal() -> None:
    wire = ThinWire(COLUMNS, LINES, ascii_only=True)
    for _ in range(2):
        wire.feed(frame((1, 1, "Zürich")))
        assert wire.take() == "\x1b[1;1HZürich\x1b[H"
    wire.feed(frame((2, 1, "London")))
    wire.take()
    wire.feed(frame((2, 1, "London")))
    assert wire.take() == ""


# --- invalidating --------------------------------------------------------------------------------


def test_after_invalidating_everything_drawn_is_sent_and_nothing_drawn_before(pair: EmulatorPair) -> None:
    pair.draw(rows(*ORDERS[:LINES]))
    pair.feed(frame((1, 1, "dropped")))
    pair.thin.feed("\x1b[3;1Hforeign words\x1b[1;1H")
    pair.wire.invalidate(COLUMNS, LINES)
    assert not pair.wire.pending
    sent = pair.draw(rows(*ORDERS[:LINES]))
    assert all(order in sent for order in ORDERS[:LINES])
    assert "dropped" not in sent


def test_a_terminal_of_another_size_has_rows_where_there_were_none() -> None:
    wire = ThinWire(COLUMNS, LINES)
    wire.feed(frame((10, 1, "x")))
    assert wire.take() == frame((10, 1, "x")), "there is no such row"
    wire.invalidate(30, 12)
    wire.feed(frame((10, 25, "x"), cursor=(12, 30)))
    assert wire.take() == "\x1b[10;25Hx\x1b[12;30H"
    wire.feed(frame((10, 25, "x"), cursor=(12, 30)))
    assert wire.take() == ""


def test_more_styles_than_are_kept_start_over_and_nothing_is_lost(
    pair: EmulatorPair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire_module, "_MAX_STYLES", 5)
    for colour in range(40):
        pair.feed(frame((1 + colour % 4, 1, f"\x1b[38;5;{colour}mORD-{colour:05}\x1b[0m")))
        if colour % 3 == 0:
            pair.take()
    pair.drain()


# --- any run at all ------------------------------------------------------------------------------

TEXTS: Final = (
    "",
    " ",
    "Buy",
    "12,345",
    "株式",
    "ＦＩＸ",
    "─é",
    "e\u0301",
    "\U0001f4b0",
    "\u200d",
    " " * COLUMNS,
)
PENS: Final = ("", "31", "1;38;2;1;2;3;44", "7", "4;48;5;9")


@st.composite
def runs(draw: st.DrawFn) -> str:
    """Return styled texts side by side."""
    texts = draw(st.lists(st.tuples(st.sampled_from(TEXTS), st.sampled_from(PENS)), max_size=3))
    return "".join(f"\x1b[{style}m{text}\x1b[0m" if style else text for text, style in texts)


PLACES = st.tuples(st.integers(1, LINES), st.integers(1, COLUMNS))
FRAMES = st.builds(
    lambda drawn, cursor: frame(*((y, x, text) for (y, x), text in sorted(drawn)), cursor=cursor),
    st.lists(st.tuples(PLACES, runs()), min_size=1, max_size=4),
    PLACES,
)
SCROLLED = st.integers(0, 12).map(lambda by: rows("title", *ORDERS[by : by + LINES - 2], "status"))
WRITES = st.one_of(
    FRAMES,
    FRAMES.map(lambda drawn: SYNC_START + drawn + SYNC_END),
    SCROLLED,
    st.sampled_from(
        (TITLE, BELL, COPIED, "\x1b[?25l", "\x1b[m\x1b[2J", "\x1b[1;1Hfor\x1b[31meign\x1b[m", "\n")
    ),
)
TAKES = st.sampled_from(("all", "nothing", "a piece", "forget"))


@given(st.lists(st.tuples(WRITES, TAKES), min_size=1, max_size=12), st.sampled_from(KINDS), st.booleans())
@settings(max_examples=200)
def test_whatever_is_drawn_and_however_it_is_taken_the_terminals_show_the_same(
    run: Sequence[tuple[str, str]], kind: TerminalKind, can_scroll: bool
) -> None:
    pair = EmulatorPair(kind, can_scroll=can_scroll)
    for text, taken in run:
        settled = not pair.wire.pending
        pair.feed(text)
        if taken == "a piece":
            pair.take(30)
        elif taken != "nothing":
            sent = pair.take()
            assert not pair.wire.pending
            pair.compare()
            assert not settled or len(sent) <= len(text), "it has grown"
        if taken == "forget":
            pair.wire.invalidate(COLUMNS, LINES)
    pair.drain()
