"""Follows the pages of one list to its end, and ends one that has none."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from tui.api.ceilings import MOST_PAGES_WITHOUT_NEWS, MOST_ROWS_OF_A_LIST
from tui.api.codec import BadRow, Page
from tui.api.errors import MalformedReply, TooLarge


class ListPages:
    """The pages of one list that were read: of their rows no more than which there were."""

    def __init__(self) -> None:
        self.token: str | None = None
        """What the next page is asked for with; None for the first."""
        self._seen: set[Hashable] = set()
        self._without_news = 0

    def go_on(self, page: Page[Any]) -> bool:
        """Take in a page that was read; return whether there is another.

        Raises:
            MalformedReply: one page after the other holds only rows that were there before.
            TooLarge: the list has more rows than any desk is read with.
        """
        before = len(self._seen)
        self._seen.update(map(_name, (*page.values, *page.bad)))
        self._without_news = 0 if len(self._seen) > before else self._without_news + 1
        if page.next_page is None:
            return False
        if page.next_page == self.token:
            raise MalformedReply("The server gives the same page again and again.")
        if self._without_news >= MOST_PAGES_WITHOUT_NEWS:
            raise MalformedReply("The server gives page after page without a new row.")
        if len(self._seen) > MOST_ROWS_OF_A_LIST:
            raise TooLarge(
                f"The server has more than {MOST_ROWS_OF_A_LIST:,} rows in one list: the rest was not read.",
                advice="Name the scopes or the portfolios of this desk in its profile.",
            )
        self.token = page.next_page
        return True


def _name(row: Any) -> Hashable:
    """Return what tells a row of a list from the others of it."""
    if isinstance(row, BadRow):
        return row.id or row.text
    name: Hashable = getattr(row, "id", None) or getattr(row, "transaction_id", None)
    if name is None:
        block = getattr(row, "block", None)
        name = id(row) if block is None else block.id
    return name
