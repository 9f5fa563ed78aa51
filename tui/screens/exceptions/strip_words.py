"""The texts of the strip above the panes: the most urgent exceptions, or how one is mended."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from textual.content import Content

from tui.api.sanitize import clean
from tui.columns.exception_columns import instrument_text, stake_text, trade_text
from tui.columns.format import age_text
from tui.screens.exceptions.exceptions_feed import ExceptionsFeed
from tui.screens.exceptions.mending import Mending
from tui.service.exceptions.open_exceptions import OpenException

GAP: Final = "  "
NOTHING: Final = "Nothing needs you."
BACK: Final = "{back} goes back to the list."
NO_TEXT: Final = Content("")
MENDED: Final = f"Mended. {BACK}"

Line = tuple[Content, Content, Content]
"""A line: what is shortened where there is no room for it, what follows it whole, and the right part."""


class StripText(NamedTuple):
    """What the strip says: in one line, the longest way first, and in several."""

    short: tuple[Content, ...] = ()
    lines: tuple[Line, ...] = ()


def strip_text(
    feed: ExceptionsFeed, mending: Mending, *, most: int, ascii: bool, led: OpenException | None
) -> StripText:
    """Return the ``most`` urgent exceptions; before them how the one is mended to which the list ``led``."""
    urgent = feed.open[:most]
    lines = [_in_a_line(feed, each, mending, ascii=ascii) for each in urgent]
    if led is not None:
        guide = _guide(feed, mending, led)
        return StripText((guide,), ((guide, NO_TEXT, NO_TEXT), *lines)[:most])
    if not urgent:
        nothing = Content.styled(NOTHING if feed.snapshot.complete else "", "dim")
        return StripText((nothing,), ((nothing, NO_TEXT, NO_TEXT),))
    short = (
        _in_short(feed, urgent, ascii=ascii, aged=True),
        _in_short(feed, urgent, ascii=ascii, aged=False),
    )
    return StripText(short, tuple(lines))


def _in_short(feed: ExceptionsFeed, urgent: Sequence[OpenException], *, ascii: bool, aged: bool) -> Content:
    """Return exceptions as a few words each: mark, what it is, the instrument and, if ``aged``, the age."""
    said = []
    for found in urgent:
        mark = found.kind.urgency.glyph(ascii=ascii)
        age = f" {age_text(found.trouble.since, feed.now)}" if aged else ""
        rest = clean(f" {instrument_text(feed.snapshot, found)}{age}".rstrip())
        said.append(Content.assemble((f"{mark} {found.kind.words}", f"${found.kind.urgency.role}"), rest))
    return Content(GAP).join(said)


def _in_a_line(feed: ExceptionsFeed, found: OpenException, mending: Mending, *, ascii: bool) -> Line:
    """Return an exception in full, and at the right what is at stake, since when, and the key."""
    parts = (stake_text(found), age_text(found.trouble.since, feed.now), mending.key_and_label(found))
    mark, trade = found.kind.urgency.glyph(ascii=ascii), trade_text(feed.snapshot, found)
    reason = Content.styled(f"{mark} {clean(found.trouble.reason)}", f"${found.kind.urgency.role}")
    return (
        reason,
        Content(clean(f" · {trade}" if trade else "")),
        Content(clean(" · ".join(filter(None, parts)))),
    )


def _guide(feed: ExceptionsFeed, mending: Mending, led: OpenException) -> Content:
    """Return which key mends the exception that the list led to, or that it is mended."""
    found = feed.find(led)
    if found is None:
        return Content.styled(mending.with_keys(MENDED), "$good")
    said = mending.keys(found)
    return Content.assemble(
        (f"{said[:1].upper()}{said[1:]}", "bold"),
        f": {clean(found.trouble.reason)}. ",
        (mending.with_keys(BACK), "dim"),
    )
