"""Pens: every attribute and colour is understood or said not to be; changing pens costs no byte too many."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.thinwire.emulators import Emulator
from tui.thinwire.cell_styles import DEFAULT, UNKNOWN, Pen, Pens

ATTRIBUTES = ("1", "2", "3", "4", "5", "6", "7", "8", "9", "21", "51", "52", "53")
LINKS = (
    "",
    "id=1;https://desk.example/orders",
    "id=2;https://desk.example/blocks",
    ";mailto:desk@example.com",
)


def colours(kind: int) -> st.SearchStrategy[str]:
    """Give colours of every kind: of the terminal's sixteen, of 256, of all; ``kind`` is 30 or 40."""
    byte = st.integers(0, 255)
    return st.one_of(
        st.just(""),
        st.integers(kind, kind + 7).map(str),
        st.integers(kind + 60, kind + 67).map(str),
        byte.map(f"{kind + 8};5;{{}}".format),
        st.tuples(byte, byte, byte).map(lambda rgb: f"{kind + 8};2;{rgb[0]};{rgb[1]};{rgb[2]}"),
    )


PENS = st.builds(
    Pen,
    colours(30),
    colours(40),
    st.lists(st.sampled_from(ATTRIBUTES), unique=True, max_size=5).map(tuple),
    st.sampled_from(LINKS),
)
SEQUENCE = re.compile(r"\x1b\[([\d;]*)m|\x1b\]8;([^\x1b]*)\x1b\\")


def written(pen: Pen, text: str) -> Pen:
    """Give ``pen`` after the sequences of ``text``, which holds nothing else."""
    at = 0
    for token in SEQUENCE.finditer(text):
        assert token.start() == at, text
        at = token.end()
        changed = pen.linked(token[2]) if token[1] is None else pen.after(token[1])
        assert changed is not None, text
        pen = changed
    assert at == len(text), text
    return pen


def whole(pen: Pen) -> str:
    """Give the sequence that chooses a pen from nothing, link left aside."""
    codes = [code for code in (*pen.attributes, pen.foreground, pen.background) if code]
    return f"\x1b[0;{';'.join(codes)}m" if codes else "\x1b[m"


# --- reading -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parameters", "pen"),
    [
        ("", Pen()),
        ("0", Pen()),
        ("31", Pen("31")),
        ("97", Pen("97")),
        ("44", Pen("", "44")),
        ("107", Pen("", "107")),
        ("38;5;208", Pen("38;5;208")),
        ("48;5;0", Pen("", "48;5;0")),
        ("38;2;255;128;0", Pen("38;2;255;128;0")),
        ("48;2;1;2;3", Pen("", "48;2;1;2;3")),
        ("1;38;2;1;2;3;48;5;4;4", Pen("38;2;1;2;3", "48;5;4", ("1", "4"))),
        ("31;0;1", Pen("", "", ("1",))),
        ("31;;1", Pen("", "", ("1",))),
    ],
)
def test_colours_and_attributes_are_read_from_a_reset_on(parameters: str, pen: Pen) -> None:
    assert Pen().after(parameters) == pen
    assert Pen("35", "46", ("9",)).after(f"0;{parameters}") == pen


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
    every = Pen("31", "42", ATTRIBUTES)
    after = every.after(ends)
    assert after == Pen("31", "42", tuple(each for each in ATTRIBUTES if each not in kinds))


def test_colours_end_one_by_one() -> None:
    pen = Pen("38;5;9", "48;5;10", ("1",))
    assert pen.after("39") == Pen("", "48;5;10", ("1",))
    assert pen.after("49") == Pen("38;5;9", "", ("1",))


def test_what_was_set_again_stands_as_the_latest() -> None:
    assert Pen().after("4;21;4") == Pen("", "", ("21", "4"))


@pytest.mark.parametrize(
    "parameters",
    [
        *("38", "48", "38;5", "38;5;", "38;2;1;2", "48;2;1;2;", "38;2;;1;2", "38;9;1", "38;;5;1"),
        *("10", "20", "26", "50", "56", "58;5;1", "59", "98", "108", "999", "1;38", "01"),
    ],
)
def test_what_is_not_known_is_said_not_to_be(parameters: str) -> None:
    assert Pen().after(parameters) is None


def test_a_link_opens_stays_through_a_reset_and_closes() -> None:
    linked = Pen().linked("id=7;https://desk.example/")
    assert linked.link == "id=7;https://desk.example/"
    assert linked.after("1") == Pen("", "", ("1",), linked.link)
    assert linked.after("0") == linked
    assert linked.linked(";") == Pen()
    assert linked.linked("id=7;") == Pen()
    assert linked.linked(";https://desk.example/a;b").link == ";https://desk.example/a;b"


# --- writing -----------------------------------------------------------------------------------


def test_a_pen_keeps_its_number_and_shares_it_with_nobody() -> None:
    pens = Pens()
    red, blue = pens.number(Pen("31")), pens.number(Pen("34"))
    assert pens.number(Pen()) == DEFAULT
    assert len({UNKNOWN, DEFAULT, red, blue}) == 4
    assert pens.number(Pen("31")) == red
    assert len(pens) == 4
    assert pens.change(red, red) == ""
    assert pens.change(red, blue) == "\x1b[34m"


@given(PENS, PENS)
@settings(max_examples=600)
def test_the_way_to_a_pen_leads_there_and_is_never_longer_than_starting_anew(old: Pen, new: Pen) -> None:
    pens = Pens()
    way = pens.change(pens.number(old), pens.number(new))
    link = "" if old.link == new.link else f"\x1b]8;{new.link or ';'}\x1b\\"
    assert written(old, way) == new
    assert len(way) <= len(link + whole(new))


@given(st.lists(PENS, min_size=2, max_size=6))
@settings(max_examples=150)
def test_a_terminal_that_went_the_short_ways_shows_what_one_that_started_anew_each_time_shows(
    chosen: list[Pen],
) -> None:
    pens, thin, plain = Pens(), Emulator(8, 1), Emulator(8, 1)
    shown = DEFAULT
    for pen in chosen:
        number = pens.number(pen)
        thin.feed(pens.change(shown, number) + "x")
        plain.feed(f"\x1b]8;{pen.link or ';'}\x1b\\{whole(pen)}x")
        shown = number
    assert thin.row(0) == plain.row(0)
    assert thin.events == plain.events == []


@pytest.mark.parametrize(
    ("old", "new", "way"),
    [
        (Pen("31"), Pen(), "\x1b[m"),
        (Pen("31", "42", ("1",)), Pen("32", "42", ("1",)), "\x1b[32m"),
        (Pen("31", "48;2;10;20;30"), Pen("", "48;2;10;20;30"), "\x1b[39m"),
        (Pen("31", "", ("1",)), Pen("31", "", ("1", "7")), "\x1b[7m"),
        (Pen("38;5;200", "48;5;9", ("1",)), Pen("38;5;200", "48;5;9", ("2",)), "\x1b[22;2m"),
        (Pen("31", "", ("1", "2")), Pen("31", "", ("2",)), "\x1b[0;2;31m"),
    ],
)
def test_only_what_changes_is_written(old: Pen, new: Pen, way: str) -> None:
    pens = Pens()
    assert pens.change(pens.number(old), pens.number(new)) == way
