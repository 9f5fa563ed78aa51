"""What is pasted is text, whatever it holds and in whatever pieces it arrives."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from textual._xterm_parser import XTermParser
from textual.events import Key, Paste

from tui.thinwire.pasted_text import BEGIN, END, PastedText

COLOURED = "NVDA\x1b[31m sold\nK\x1b]0;title\x07y\n5\n"
"""A line of a log in colour, with keys of the desk behind it."""


def heard(pieces: list[str]) -> tuple[str, str]:
    """Return the keys and the pasted text that the program hears."""
    reader, parser = PastedText(), XTermParser()
    messages = [message for piece in pieces for message in parser.feed(reader.harmless(piece))]
    keys = "".join(each.character or "" for each in messages if isinstance(each, Key))
    return keys, "".join(each.text for each in messages if isinstance(each, Paste))


def test_an_escape_sequence_in_a_paste_presses_no_key() -> None:
    keys, pasted = heard([f"j{BEGIN}{COLOURED}{END}k"])
    assert keys == "jk"
    assert pasted == COLOURED.replace("\x1b", "")


@given(st.lists(st.integers(1, 9), max_size=40))
def test_it_does_not_matter_where_the_pieces_end(sizes: list[int]) -> None:
    whole, pieces = f"j{BEGIN}{COLOURED}{END}k{BEGIN}two{END}", []
    for size in sizes:
        pieces.append(whole[:size])
        whole = whole[size:]
    reader = PastedText()
    said = "".join(reader.harmless(piece) for piece in [*filter(None, pieces), whole])
    assert said == f"j{BEGIN}{COLOURED.replace(chr(27), '')}{END}k{BEGIN}two{END}"


def test_keys_outside_a_paste_arrive_at_once() -> None:
    reader = PastedText()
    assert [reader.harmless(each) for each in ("\x1b", "\x1b[A", "\x1b[2")] == ["\x1b", "\x1b[A", "\x1b[2"]
