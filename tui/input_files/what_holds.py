"""What holds of a document in which something is wrong: all of it but the entries at fault."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from typing import Any, Final

from msgspec.structs import replace
from pydantic import BaseModel

from tui.input_files.mistakes import Document, Mistake, Place
from tui.input_files.strict_model import mistakes_in

_ROUNDS: Final = 100
"""How often at most a document is checked again without the entries at fault."""


def what_holds(
    document: Document,
    model: type[BaseModel],
    find_mistakes: Callable[[Mapping[str, Any]], Iterable[Mistake]],
) -> tuple[Mapping[str, Any], tuple[str, ...]]:
    """Return what a document says without what is wrong in it, and what that is, as sentences.

    Args:
        document: what was read.
        model: what it should be.
        find_mistakes: yields what no model finds; it is asked once the model finds nothing.
    """
    wrong: dict[str, None] = {}
    for _ in range(_ROUNDS):
        mistakes = mistakes_in(model, document) or [*find_mistakes(document.found)]
        if not mistakes:
            return document.found, tuple(wrong)
        wrong |= dict.fromkeys(document.sentences(mistakes))
        document = replace(document, found=_left_out(document.found, mistakes))
    return {}, tuple(wrong)


def _left_out(found: Mapping[str, Any], mistakes: Iterable[Mistake]) -> dict[str, Any]:
    """Return what a document says without the entries at fault; one that misses something is at fault."""
    kept = deepcopy(dict(found))
    for place in sorted({_there(kept, each.place) for each in mistakes}, key=_order, reverse=True):
        inner: Any = kept
        for step in place[:-1]:
            inner = inner[step]
        del inner[place[-1]]
    return kept


def _there(found: Any, place: Place) -> Place:
    """Return a place, or the entry in which nothing stands at it."""
    inner = found
    for depth, step in enumerate(place):
        try:
            inner = inner[step]
        except (LookupError, TypeError):
            return place[: max(1, depth)]
    return place


def _order(place: Place) -> list[tuple[int, str]]:
    """Return what places are sorted by: of the entries of an array the last is taken out first."""
    return [(step, "") if isinstance(step, int) else (-1, step) for step in place]
