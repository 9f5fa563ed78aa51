"""Cutting texts so that no part of a number, a time or a code is taken for the whole."""

from __future__ import annotations

from typing import Final

from textual.content import Content

_OF_NUMBERS: Final = frozenset("0123456789.,")
_BETWEEN: Final = "·"
"""What separates the parts of a line: it does not stand before an ellipsis."""
LONGEST_CODE: Final = 24
"""The characters of a word with digits that is left out rather than cut; a longer one is no code."""


def end_before_number(text: str, end: int) -> int:
    """Return where a text that is cut at ``end`` ends instead: before a number or code that would be cut.

    >>> text = "quiet: 5,600,000 left · PLC-00005"
    >>> text[: end_before_number(text, 12)], text[: end_before_number(text, 28)]
    ('quiet: ', 'quiet: 5,600,000 left')

    A text that is nothing but a number is cut where it was to be cut.
    """
    if not 0 < end < len(text):
        return end
    if " " in text[end - 1 : end + 1]:
        return _before_separator(text, end)
    start = text.rfind(" ", 0, end) + 1
    word = text[start:].partition(" ")[0]
    if len(word) > LONGEST_CODE or not any(map(str.isdigit, word)):
        return _before_digits(text, end)
    return _before_separator(text, start) or end


def _before_separator(text: str, end: int) -> int:
    kept = text[:end].rstrip()
    return len(kept.removesuffix(_BETWEEN).rstrip()) if kept.endswith(_BETWEEN) else end


def _before_digits(text: str, end: int) -> int:
    start = end
    while start and {text[start - 1], text[end]} <= _OF_NUMBERS:
        start -= 1
    return start or end


def shortened(content: Content, width: int) -> Content:
    """Return what of a content fits into ``width`` cells, with an ellipsis where it had to be cut."""
    if content.cell_length <= width:
        return content
    kept = content.truncate(max(0, width - 1))
    return Content.assemble(
        kept[: end_before_number(content.plain, len(kept.plain))], "…" if width > 0 else ""
    )
