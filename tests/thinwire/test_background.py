"""The terminal is asked for its background and followed; what is typed meanwhile is neither lost nor more."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

import pytest

from styles.themes import LIGHT, THEMES
from tests.thinwire.slowline import FarEnd, SlowLine
from tui.thinwire import says_dark
from tui.thinwire.background import ReportReader, is_dark

WHITE: Final = "\x1b]11;rgb:ffff/ffff/ffff\x1b\\"
BLACK: Final = "\x1b]11;rgb:0000/0000/0000\x07"
TURNED_DARK, TURNED_LIGHT = "\x1b[?997;1n", "\x1b[?997;2n"
GROUNDS: Final = {theme.name: str(theme.background)[1:].lower() for theme in THEMES}


@pytest.mark.parametrize(("report", "dark"), [(WHITE, False), (BLACK, True), (TURNED_DARK, True)])
def test_a_report_is_heard_wherever_it_is_cut_and_the_keys_around_it_are_typed(
    report: str, dark: bool
) -> None:
    arrived = f"ab{report}c\x1b[A"
    for cut in range(len("ab\x1b[?"), len(arrived)):
        heard: list[bool] = []
        reader = ReportReader(heard.append)
        typed = reader.keys(arrived[:cut]) + reader.keys(arrived[cut:])
        assert (typed, heard) == ("abc\x1b[A", [dark]), cut


@pytest.mark.parametrize("typed", ["\x1b", "\x1b[A", "\x1b[?2026;2$y", "\x1b]", "\x1b]1", "\x1b[?9", "]11;"])
def test_what_only_looks_like_a_report_is_typed_once_nothing_more_arrives(typed: str) -> None:
    heard: list[bool] = []
    reader = ReportReader(heard.append)
    assert reader.keys(typed) + reader.rest() == typed
    assert heard == []


def test_an_answer_that_is_no_colour_is_neither_typed_nor_heeded() -> None:
    heard: list[bool] = []
    assert ReportReader(heard.append).keys("\x1b]11;none\x07x") == "x"
    assert heard == []


@pytest.mark.parametrize(
    ("colour", "dark"),
    [
        ("rgb:1e1e/1e1e/2e2e", True),
        ("rgb:fd/f6/e3", False),
        ("rgb:f/f/f", False),
        ("rgba:0000/2b2b/3636/ffff", True),
        ("", None),
    ],
)
def test_a_colour_is_read_in_any_number_of_digits(colour: str, dark: bool | None) -> None:
    assert is_dark(colour) is dark


@pytest.mark.parametrize(
    ("variable", "dark"),
    [("15;0", True), ("0;15", False), ("0;default;7", False), ("12;8", True), ("", True)],
)
def test_the_variable_of_terminals_names_the_background_last(variable: str, dark: bool) -> None:
    assert says_dark({"COLORFGBG": variable}) is dark
    assert says_dark({}) is True


class WhiteTerminal(SlowLine):
    """Answers the query for its background; its reader types while it says so again.

    It is typed once the desk is drawn: the title of the window may be gone with the slice that brings it,
    because pyte takes the shape of the pointer for a title.
    """

    answered = typed = False

    def _deliver(self) -> None:
        super()._deliver()
        if not self.answered and self.far.screen.title.startswith("LOCAL"):
            self.answered = True
            self.type(WHITE.encode())
        elif not self.typed and "1 Blocks" in self.far.text():
            self.typed = True
            self.type(f"?{WHITE}".encode())


def painted(far: FarEnd, theme: str) -> bool:
    """Return whether every row but those of bars is on the background of a theme."""
    return len(far.on(GROUNDS[theme])) > far.lines - 4


def test_the_blotter_is_light_on_a_white_terminal_and_dark_once_that_turns_dark(tmp_path: Path) -> None:
    places = {name: str(tmp_path) for name in ("XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME")}
    command = [sys.executable, "-m", "tui", "--db", ":memory:", "--theme", "auto"]
    with WhiteTerminal(command, baud=1e7, environment=places, columns=80, lines=24) as terminal:
        terminal.until(lambda far: painted(far, LIGHT) and "type to find" in far.text())
        assert "11;" not in terminal.text()
        terminal.press(TURNED_DARK.encode(), until=lambda far: painted(far, THEMES[0].name))
        terminal.press(TURNED_LIGHT.encode(), until=lambda far: painted(far, LIGHT))
        terminal.press(b"\x1b", until=lambda far: "1 Blocks" in far.text())
        terminal.type(b"q")
        assert terminal.wait() == 0
        assert terminal.left_over() == b""


def test_the_blotter_is_light_where_a_silent_terminal_says_by_its_variable_that_it_is_white(
    tmp_path: Path,
) -> None:
    places = {name: str(tmp_path) for name in ("XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME")}
    command = [sys.executable, "-m", "tui", "--db", ":memory:", "--theme", "auto"]
    environment = places | {"COLORFGBG": "0;15"}
    with SlowLine(command, baud=1e7, environment=environment, columns=80, lines=24) as terminal:
        terminal.until(lambda far: painted(far, LIGHT) and "1 Blocks" in far.text(), 30)
        terminal.type(b"q")
        assert terminal.wait() == 0
