"""Cutting texts so that no part of a number is taken for the whole."""

from __future__ import annotations

from typing import Final

from textual.content import Content

_OF_NUMBERS: Final = frozenset("0123456789.,")


def end_before_number(text: str, end: int) -> int:
    """Return where a text that is cut at ``end`` ends instead: before a number that would lose its rest.

    >>> end_before_number("quiet: 5,600,000 left", 12)
    7

    A text that is nothing but a number is cut where it was to be cut.
    """
    if not 0 < end < len(text) or not {text[end - 1], text[end]} <= _OF_NUMBERS:
        return end
    start = end
    while start and text[start - 1] in _OF_NUMBERS:
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
