"""Runs: Textual's output is parsed into cells; text on which terminals disagree is doubtful."""

from __future__ import annotations

import sys
from typing import Final

import pytest
from rich.cells import cell_len
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip as TextualStrip
from wcwidth import iter_graphemes, wcwidth

from tui.thinwire.cell_styles import DEFAULT, CellStyle, StyleTable
from tui.thinwire.runs import TAIL, Run, RunReader, width

DOUBTFUL: Final = {
    "combining accent": "e\u0301",
    "enclosing keycap": "1\ufe0f\u20e3",
    "emoji": "\U0001f4b0",
    "emoji presentation": "\u2764\ufe0f",
    "text presentation": "\u2764\ufe0e",
    "joined emoji": "\U0001f468\u200d\U0001f469\u200d\U0001f467",
    "skin tone": "\U0001f44d\U0001f3fd",
    "flag": "\U0001f1ec\U0001f1e7",
    "half a flag": "\U0001f1ec",
    "Hangul in letters": "\u1112\u1161\u11ab",
    "Hangul leading letter": "\u1100가",
    "Hangul filler": "\u3164",
    "halfwidth sound mark": "ｶ\uff9e",
    "Hebrew": "שלום",
    "Arabic": "سلام",
    "Arabic digits": "٣٤",
    "right-to-left mark": "a\u200fb",
    "Devanagari conjunct": "क्ष",
    "Thai vowel below": "กุ",
    "Thai vowel am": "กำ",
    "soft hyphen": "co\u00adop",
    "zero width space": "a\u200bb",
    "byte order mark": "\ufeff",
    "private use": "\ue0b0",
    "unassigned": "\u0378",
    "not a character": "\uffff",
    "lone surrogate": "\ud800",
    "line separator": "a\u2028b",
    "hexagram": "\u4dc0",
    "trigram": "\u2630",
    "tag": "\U000e0041",
}


@pytest.fixture
def styles() -> StyleTable:
    return StyleTable()


@pytest.fixture
def runs(styles: StyleTable) -> RunReader:
    return RunReader(styles)


def drawn(*segments: tuple[str, str]) -> str:
    """Return Textual's output for texts in styles."""
    run = TextualStrip([Segment(text, Style.parse(style) if style else None) for text, style in segments])
    return run.render(Console(force_terminal=True, color_system="truecolor", legacy_windows=False))


def read(raw: str) -> tuple[Run, StyleTable]:
    """Return the run in ``raw``, and the table of its styles."""
    styles = StyleTable()
    run = RunReader(styles).read(raw)
    assert run is not None, raw
    return run, styles


# --- text and styles -----------------------------------------------------------------------------


def test_a_row_as_textual_draws_it_is_parsed_into_cells_with_their_styles() -> None:
    run, styles = read(drawn(("Buy ", "bold #ff0000 on #101112"), ("VOD", ""), (" 9", "reverse")))
    red = styles.number(CellStyle("38;5;196", "48;2;16;17;18", ("1",)))
    on_grey, reverse = styles.number(CellStyle("", "48;2;16;17;18")), styles.number(CellStyle("", "", ("7",)))
    assert run == Run("Buy VOD 9", red * 3 + on_grey + DEFAULT * 3 + reverse * 2)


@pytest.mark.parametrize(
    ("style", "expected"),
    [
        ("red", CellStyle("31")),
        ("bright_red on bright_black", CellStyle("91", "100")),
        ("color(200) on color(16)", CellStyle("38;5;200", "48;5;16")),
        ("bold dim italic underline", CellStyle("", "", ("1", "2", "3", "4"))),
        ("blink blink2 reverse conceal strike", CellStyle("", "", ("5", "6", "7", "8", "9"))),
        ("underline2 frame encircle overline", CellStyle("", "", ("21", "51", "52", "53"))),
    ],
)
def test_every_style_of_rich_is_understood(style: str, expected: CellStyle) -> None:
    run, styles = read(drawn(("x", style)))
    assert run == Run("x", styles.number(expected))


def test_a_link_belongs_to_the_cells_it_is_drawn_on() -> None:
    run, styles = read(drawn(("see ", ""), ("order", "bold link https://desk.example/1"), (" 1", "")))
    assert run.text == "see order 1"
    assert not run.doubtful
    before, linked, after = run.styles[:4], run.styles[4:9], run.styles[9:]
    assert (before, after) == (DEFAULT * 4, DEFAULT * 2)
    assert styles.change(DEFAULT, linked[0]).startswith("\x1b]8;id=")
    assert "https://desk.example/1\x1b\\" in styles.change(DEFAULT, linked[0])
    assert linked == linked[0] * 5


def test_a_link_that_ends_with_a_bell_is_a_link() -> None:
    run, styles = read("\x1b]8;;https://desk.example/\x07x\x1b]8;;\x07")
    assert run == Run("x", styles.number(CellStyle(link=";https://desk.example/")))


def test_styles_that_pass_into_each_other_without_a_reset_between_are_read_as_well() -> None:
    run, styles = read("\x1b[1mab\x1b[31mc\x1b[22md\x1b[me")
    bold, both, red = (
        styles.number(CellStyle(*style)) for style in (("", "", ("1",)), ("31", "", ("1",)), ("31",))
    )
    assert run == Run("abcde", bold * 2 + both + red + DEFAULT)


def test_nothing_is_no_cells() -> None:
    assert read("")[0] == Run("", "")


@pytest.mark.parametrize(
    "raw",
    [
        "\x1b[1munclosed",
        "\x1b]8;;https://desk.example/\x1b\\unclosed",
        "\x1b[38;2;1;2mx\x1b[0m",
        "\x1b[58;5;1mx\x1b[0m",
        "\x1b[1;mx\x1b[0;1m",
        "a\tb",
        "a\rb",
        "a\nb",
        "a\bb",
        "a\x1b[Kb",
        "a\x1b[2Cb",
        "a\x9bmb",
        "a\x1bPq\x1b\\b",
        "a\x7f",
        "\x1b[1mx\x1b[0m\x1b",
        "\x1b[?1mx\x1b[0m",
        "\x1b[4:3mx\x1b[0m",
        "\x1b]0;title\x07x",
    ],
)
def test_what_is_more_than_text_in_styles_is_not_understood(raw: str) -> None:
    assert RunReader(StyleTable()).read(raw) is None


def test_what_was_read_once_reads_the_same_again(runs: RunReader) -> None:
    raw = drawn(("Buy", "bold"), (" 中", "red"))
    assert runs.read(raw) == runs.read(raw)
    for number in range(5_000):
        runs.read(str(number))
    assert runs.read(raw) == read(raw)[0]


def test_runs_side_by_side_are_one_run_as_doubtful_as_either() -> None:
    sure, doubtful = Run("ab", "xy"), Run("c", "z", doubtful=True)
    assert sure + sure == Run("abab", "xyxy")
    assert sure + doubtful == Run("abc", "xyz", doubtful=True)
    assert doubtful + sure == Run("cab", "zxy", doubtful=True)


# --- widths ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "cells"),
    [
        ("Zürich", "Zürich"),
        ("│ ▒░ ● ◐ ✕ → … £ €", "│ ▒░ ● ◐ ✕ → … £ €"),
        ("株式", f"株{TAIL}式{TAIL}"),
        ("삼성", f"삼{TAIL}성{TAIL}"),
        ("ＦＩＸ", f"Ｆ{TAIL}Ｉ{TAIL}Ｘ{TAIL}"),
        ("ｶﾀ", "ｶﾀ"),
        ("１,0", f"１{TAIL},0"),
        ("Газпром Ωμέγα", "Газпром Ωμέγα"),
    ],
)
def test_characters_of_certain_width_are_cells_and_a_wide_one_is_two(text: str, cells: str) -> None:
    run, styles = read(drawn((text, "red")))
    red = styles.number(CellStyle("31"))
    assert run == Run(cells, "".join(DEFAULT if cell == " " else red for cell in cells))
    assert len(run.text) == cell_len(text)


@pytest.mark.parametrize("text", DOUBTFUL.values(), ids=DOUBTFUL)
def test_what_terminals_measure_differently_is_doubtful(text: str) -> None:
    run = RunReader(StyleTable()).read(f"\x1b[1mcertain {text}\x1b[0m")
    assert run is not None
    assert run.doubtful


def test_one_doubtful_text_makes_its_run_doubtful_and_no_other(runs: RunReader) -> None:
    doubtful = runs.read("\x1b[1m株\x1b[0m e\u0301 \x1b[1mx\x1b[0m")
    assert doubtful is not None
    assert doubtful.doubtful
    sure = runs.read("\x1b[1m株\x1b[0m")
    assert sure is not None
    assert not sure.doubtful


def test_an_encoding_of_ascii_alone_leaves_everything_else_in_doubt(styles: StyleTable) -> None:
    runs = RunReader(styles, ascii_only=True)
    assert runs.read("Zurich") == Run("Zurich", DEFAULT * 6)
    doubtful = runs.read("Zürich")
    assert doubtful is not None
    assert doubtful.doubtful


def test_no_character_is_certain_of_which_two_tables_disagree_or_that_joins_its_neighbour() -> None:
    certain = [each for each in map(chr, range(sys.maxunicode + 1)) if width(each)]
    assert len(certain) > 100_000, "nearly all of Unicode is letters and ideographs"
    assert [each for each in certain if not width(each) == wcwidth(each) == cell_len(each)] == []
    neighbours = ("a", "株", "가")
    pairs = [pair for each in certain for by in neighbours for pair in (by + each, each + by)]
    assert [pair for pair in pairs if len(list(iter_graphemes(pair))) != 2] == []
