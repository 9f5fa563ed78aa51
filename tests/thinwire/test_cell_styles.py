"""Cell styles: every attribute and colour is parsed or refused, and a change takes the fewest bytes."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyte.graphics import FG_BG_256

from tests.thinwire.emulators import Emulator
from tui.thinwire.cell_styles import DEFAULT, UNKNOWN, CellStyle, StyleTable

ATTRIBUTES = ("1", "2", "3", "4", "5", "6", "7", "8", "9", "21", "51", "52", "53")
LINKS = (
    "",
    "id=1;https://desk.example/orders",
    "id=2;https://desk.example/blocks",
    ";mailto:desk@example.com",
)


def colours(kind: int) -> st.SearchStrategy[str]:
    """Return colours of the 16, the 256 and all; ``kind`` is 30 for the foreground, 40 for the background."""
    byte = st.integers(0, 255)
    return st.one_of(
        st.just(""),
        st.integers(kind, kind + 7).map(str),
        st.integers(kind + 60, kind + 67).map(str),
        byte.map(f"{kind + 8};5;{{}}".format),
        st.tuples(byte, byte, byte).map(lambda rgb: f"{kind + 8};2;{rgb[0]};{rgb[1]};{rgb[2]}"),
    )


def as_read(style: CellStyle) -> CellStyle:
    """Return a style with its colours as they are read."""
    after = CellStyle(attributes=style.attributes, link=style.link)
    for colour in filter(None, (style.foreground, style.background)):
        read = after.after(colour)
        assert read is not None
        after = read
    return after


STYLES = st.builds(
    CellStyle,
    colours(30),
    colours(40),
    st.lists(st.sampled_from(ATTRIBUTES), unique=True, max_size=5).map(tuple),
    st.sampled_from(LINKS),
).map(as_read)
SEQUENCE = re.compile(r"\x1b\[([\d;]*)m|\x1b\]8;([^\x1b]*)\x1b\\")


def written(style: CellStyle, text: str) -> CellStyle:
    """Return ``style`` after the sequences in ``text``."""
    at = 0
    for token in SEQUENCE.finditer(text):
        assert token.start() == at, text
        at = token.end()
        changed = style.with_link(token[2]) if token[1] is None else style.after(token[1])
        assert changed is not None, text
        style = changed
    assert at == len(text), text
    return style


def whole(style: CellStyle) -> str:
    """Return the sequence that sets a style after a reset, without its link."""
    codes = [code for code in (*style.attributes, style.foreground, style.background) if code]
    return f"\x1b[0;{';'.join(codes)}m" if codes else "\x1b[m"


# --- reading -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parameters", "style"),
    [
        ("", CellStyle()),
        ("0", CellStyle()),
        ("31", CellStyle("31")),
        ("97", CellStyle("97")),
        ("44", CellStyle("", "44")),
        ("107", CellStyle("", "107")),
        ("38;5;208", CellStyle("38;5;208")),
        ("48;5;0", CellStyle("", "48;5;0")),
        ("38;2;255;128;0", CellStyle("38;2;255;128;0")),
        ("48;2;1;2;3", CellStyle("", "48;2;1;2;3")),
        ("1;38;2;1;2;3;48;5;4;4", CellStyle("38;2;1;2;3", "48;5;4", ("1", "4"))),
        ("31;0;1", CellStyle("", "", ("1",))),
        ("31;;1", CellStyle("", "", ("1",))),
    ],
)
def test_colours_and_attributes_are_read_from_a_reset_on(parameters: str, style: CellStyle) -> None:
    assert CellStyle().after(parameters) == style
    assert CellStyle("35", "46", ("9",)).after(f"0;{parameters}") == style


@pytest.mark.parametrize(
    ("ends", "kinds"),
    [
        ("22", ("1", "2")),
        ("23", ("3",)),
        ("24", ("4", "21")),
        ("25", ("5", "6")),
        ("27", ("7",)),
        ("28", ("8",)),
        ("29", ("9",)),
        ("54", ("51", "52")),
        ("55", ("53",)),
    ],
)
def test_each_end_ends_its_own_kind_of_attribute_and_no_other(ends: str, kinds: tuple[str, ...]) -> None:
    every = CellStyle("31", "42", ATTRIBUTES)
    after = every.after(ends)
    assert after == CellStyle("31", "42", tuple(each for each in ATTRIBUTES if each not in kinds))


def test_colours_end_one_by_one() -> None:
    style = CellStyle("38;5;9", "48;5;10", ("1",))
    assert style.after("39") == CellStyle("", "48;5;10", ("1",))
    assert style.after("49") == CellStyle("38;5;9", "", ("1",))


def test_what_was_set_again_stands_as_the_latest() -> None:
    assert CellStyle().after("4;21;4") == CellStyle("", "", ("21", "4"))


def test_a_colour_that_is_exactly_one_of_the_256_is_that_one_and_looks_the_same() -> None:
    for number in range(16, 256):
        colour = ";".join(map(str, bytes.fromhex(FG_BG_256[number])))
        read = CellStyle().after(f"38;2;215;215;216;48;2;{colour}")
        people_change_it = number < 22
        assert read == CellStyle(
            "38;2;215;215;216", f"48;2;{colour}" if people_change_it else f"48;5;{number}"
        )
        thin, plain = Emulator(1, 1), Emulator(1, 1)
        thin.feed(f"\x1b[{read.background}mx")
        plain.feed(f"\x1b[48;2;{colour}mx")
        assert thin.row(0) == plain.row(0)


@pytest.mark.parametrize(
    "parameters",
    [
        *("38", "48", "38;5", "38;5;", "38;2;1;2", "48;2;1;2;", "38;2;;1;2", "38;9;1", "38;;5;1"),
        *("10", "20", "26", "50", "56", "58;5;1", "59", "98", "108", "999", "1;38", "01"),
    ],
)
def test_what_is_not_known_is_said_not_to_be(parameters: str) -> None:
    assert CellStyle().after(parameters) is None


def test_a_link_opens_stays_through_a_reset_and_closes() -> None:
    linked = CellStyle().with_link("id=7;https://desk.example/")
    assert linked.link == "id=7;https://desk.example/"
    assert linked.after("1") == CellStyle("", "", ("1",), linked.link)
    assert linked.after("0") == linked
    assert linked.with_link(";") == CellStyle()
    assert linked.with_link("id=7;") == CellStyle()
    assert linked.with_link(";https://desk.example/a;b").link == ";https://desk.example/a;b"


# --- writing -----------------------------------------------------------------------------------


def test_a_style_keeps_its_number_and_shares_it_with_no_other() -> None:
    styles = StyleTable()
    red, blue = styles.number(CellStyle("31")), styles.number(CellStyle("34"))
    assert styles.number(CellStyle()) == DEFAULT
    assert len({UNKNOWN, DEFAULT, red, blue}) == 4
    assert styles.number(CellStyle("31")) == red
    assert len(styles) == 4
    assert styles.change(red, red) == ""
    assert styles.change(red, blue) == "\x1b[34m"


@given(STYLES, STYLES)
@settings(max_examples=600)
def test_a_change_leads_to_the_style_and_is_never_longer_than_a_reset(old: CellStyle, new: CellStyle) -> None:
    styles = StyleTable()
    way = styles.change(styles.number(old), styles.number(new))
    link = "" if old.link == new.link else f"\x1b]8;{new.link or ';'}\x1b\\"
    assert written(old, way) == new
    assert len(way) <= len(link + whole(new))


@given(st.lists(STYLES, min_size=2, max_size=6))
@settings(max_examples=150)
def test_a_terminal_that_went_the_short_ways_shows_what_one_that_started_anew_each_time_shows(
    chosen: list[CellStyle],
) -> None:
    styles, thin, plain = StyleTable(), Emulator(8, 1), Emulator(8, 1)
    shown = DEFAULT
    for style in chosen:
        number = styles.number(style)
        thin.feed(styles.change(shown, number) + "x")
        plain.feed(f"\x1b]8;{style.link or ';'}\x1b\\{whole(style)}x")
        shown = number
    assert thin.row(0) == plain.row(0)
    assert thin.events == plain.events == []


@pytest.mark.parametrize(
    ("old", "new", "way"),
    [
        (CellStyle("31"), CellStyle(), "\x1b[m"),
        (CellStyle("31", "42", ("1",)), CellStyle("32", "42", ("1",)), "\x1b[32m"),
        (CellStyle("31", "48;2;10;20;30"), CellStyle("", "48;2;10;20;30"), "\x1b[39m"),
        (CellStyle("31", "", ("1",)), CellStyle("31", "", ("1", "7")), "\x1b[7m"),
        (CellStyle("38;5;200", "48;5;9", ("1",)), CellStyle("38;5;200", "48;5;9", ("2",)), "\x1b[22;2m"),
        (CellStyle("31", "", ("1", "2")), CellStyle("31", "", ("2",)), "\x1b[0;2;31m"),
    ],
)
def test_only_what_changes_is_written(old: CellStyle, new: CellStyle, way: str) -> None:
    styles = StyleTable()
    assert styles.change(styles.number(old), styles.number(new)) == way


@pytest.mark.parametrize("attributes", [(), ("1",), ("2",), ("3",), ("1", "3")])
def test_blanks_that_differ_in_their_text_alone_have_one_style(attributes: tuple[str, ...]) -> None:
    styles = StyleTable()
    blank = styles.number(CellStyle("", "44"))
    worded = styles.number(CellStyle("31", "44", attributes))
    assert styles.of_blanks(worded) == blank
    assert styles.covers_blanks(worded, blank)
    assert not styles.covers_blanks(worded, DEFAULT), "another background"


@pytest.mark.parametrize(
    "style",
    [CellStyle("31", "44", (each,)) for each in ("4", "7", "9", "21", "51", "53")] + [CellStyle(link="a;b")],
)
def test_a_blank_that_shows_more_than_its_background_keeps_its_style(style: CellStyle) -> None:
    styles = StyleTable()
    number = styles.number(style)
    assert styles.of_blanks(number) == number
    assert not styles.covers_blanks(number, styles.number(CellStyle("", style.background)))
