"""What the browser says above its rows: which page of what, and how it was found."""

from __future__ import annotations

from collections.abc import Callable

from tui.columns.format import DisplayContext, clock_and_zone
from tui.service.browse import BrowsedPage, Search, Way
from tui.service.snapshot.snapshot import EntityKind

ORDER: dict[Way, str] = {
    "sorted": "newest first",
    "windows": "newest first",
    "listed": "in the server's own order: it neither sorts by date nor filters by it",
}
ONLY_LOOK = "Read here only, not part of the desk: details and history, no trading."


def heading(search: Search, page: BrowsedPage | None, context: DisplayContext) -> str:
    """Return the heading: the kind, the page, how it is sorted, and the time it covers."""
    parts = [search.kind.value.title()]
    if page is not None:
        parts.append(f"page {page.number}")
        parts.append(ORDER[page.way])
        if page.newest and page.oldest:
            newest, oldest = (clock_and_zone(each, context) for each in (page.newest, page.oldest))
            zone = oldest.rpartition(" ")[2]
            parts.append(f"{newest.removesuffix(zone).rstrip()} back to {oldest}")
    if search.until is not None:
        parts.append(f"until {clock_and_zone(search.until, context)}")
    return " · ".join(parts)


def notes(page: BrowsedPage, context: DisplayContext) -> str:
    """Return what the reader should know of a page, as sentences."""
    said = []
    if page.search.filter:
        said.append(f"Asked of the server: {page.search.filter}")
    if page.unreadable:
        said.append(f"{page.unreadable} of its rows could not be read and are not shown.")
    if page.search.kind is EntityKind.BLOCKS and not page.totals:
        said.append("Totals of blocks are not told with them here.")
    return " ".join(said) or ONLY_LOOK


def why_empty(page: BrowsedPage, context: DisplayContext, key_of: Callable[[str], str]) -> str:
    """Return why a page has no rows, and what to do; ``key_of`` returns the key of an action here."""
    kind = page.search.kind.value
    if page.back_to is not None:
        at = clock_and_zone(page.back_to, context)
        return f"No {kind} back to {at}. {key_of('following')} goes on looking."
    if page.search.filter:
        return f"No {kind} match. {key_of('filter')} changes the filter, {key_of('back')} clears it."
    return f"No {kind}." if page.number == 1 else f"No older {kind}."
