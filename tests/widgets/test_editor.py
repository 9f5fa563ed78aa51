"""The keys of a line editor."""

from __future__ import annotations

import pytest
from rich.cells import cell_len

from widgets.editor import LineEditor


def typed(line: LineEditor, *keys: str) -> LineEditor:
    for key in keys:
        line.handle_key(key, key if len(key) == 1 else None)
    return line


@pytest.mark.parametrize(
    ("keys", "value", "cursor"),
    [
        (("a", "b", "left", "c"), "acb", 2),
        (("a", "b", "home", "c", "end", "d"), "cabd", 4),
        (("a", "backspace", "backspace"), "", 0),
        (("a", "b", "ctrl+a", "delete"), "b", 0),
        (("a", "b", "left", "ctrl+k"), "a", 1),
        (("a", "b", "left", "ctrl+u"), "b", 0),
        ((*"one two", "ctrl+w"), "one ", 4),
        ((*"one two", "ctrl+left", "ctrl+left", "x"), "xone two", 1),
        ((*"one two", "home", "ctrl+right", "x"), "onex two", 4),
        ((*"one", "right", "right", "x"), "onex", 4),
    ],
)
def test_keys_edit_the_line(keys: tuple[str, ...], value: str, cursor: int) -> None:
    line = typed(LineEditor(), *keys)
    assert (line.value, line.cursor) == (value, cursor)


def test_what_was_there_is_replaced_by_typing_and_kept_by_moving() -> None:
    line = LineEditor("old")
    line.select()
    assert typed(line, "n").value == "n"
    line = LineEditor("old")
    line.select()
    assert typed(line, "end", "s").value == "olds"
    line = LineEditor("old")
    line.select()
    assert typed(line, "backspace").value == ""


def test_pasted_text_is_one_printable_line() -> None:
    line = LineEditor("ab")
    line.cursor = 1
    line.insert("x\x1b[31my\nsecond")
    assert line.value == "ax [31myb"
    line.insert("\n")
    assert line.value == "ax [31myb"


def test_keys_that_mean_nothing_are_left_to_others() -> None:
    line = LineEditor("a")
    assert not line.handle_key("f5", None)
    assert not line.handle_key("escape", "\x1b")
    assert line.value == "a"


@pytest.mark.parametrize("text", ["abcdefghij", "\u682a\u5f0f\u4f1a\u793e\u6771\u4eac", "a\u0301b\u0301"])
@pytest.mark.parametrize("width", [2, 3, 5, 40])
def test_the_cursor_is_always_in_the_window(text: str, width: int) -> None:
    line = LineEditor(text)
    for cursor in [*range(len(text), -1, -1), *range(len(text) + 1)]:
        line.cursor = cursor
        shown, at = line.window(width)
        assert cell_len(shown) <= width
        assert cell_len(shown[:at]) < width
        assert text[cursor:].startswith(shown[at:])
