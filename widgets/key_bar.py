"""Key hints: the keys that work here, each with one word, on one line."""

from __future__ import annotations

from collections.abc import Iterable

from textual.content import Content

Hints = Iterable[tuple[str, str]]
"""Pairs of a key as it is written on the keyboard and what it does, in one or two words."""


def key_hints(hints: Hints) -> Content:
    """Give ``hints`` as one line: keys bold, what they do beside them."""
    shown = [Content.assemble((key, "bold"), f" {does}") for key, does in hints]
    return Content("  ").join(shown)
