"""Blocks that were swept in a span of the past, and what hung on them: all of it left the desk then."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Collection
from datetime import datetime
from typing import Final

from tui.api.base import ResourceId
from tui.api.errors import ApiError
from tui.service.learned import Learned
from tui.service.snapshot.snapshot import EntityKind, Ref
from tui.service.sync.id_filters import concerns_the_filter
from tui.service.sync.past_rows import INSTANT, PastRows
from tui.service.sync.past_versions import Rows, RowVersion, version_at

MOST: Final = 2_000
"""The swept blocks of one span that are looked at."""
_KNOWN: Final = "past.sweeps"
"""Under this it is remembered that a server does not find swept blocks."""

ReadBelow = Callable[[Collection[ResourceId], datetime], Awaitable[Rows]]
"""Returns blocks that belonged to the desk at a moment, with all rows below them."""

log = logging.getLogger(__name__)


class Sweeps:
    """Finds swept blocks with ``rows``; ``below`` reads what hung on them."""

    def __init__(self, rows: PastRows, learned: Learned, below: ReadBelow) -> None:
        self._rows, self._learned, self._below = rows, learned, below

    async def between(self, after: datetime, until: datetime) -> list[RowVersion]:
        """Return the blocks that were swept in a span, each in the version in which it was.

        A server that does not tell which blocks are swept has none.

        Raises:
            ApiError: they could not be read.
        """
        if self._learned.get(_KNOWN) is False:
            return []
        kind = EntityKind.BLOCKS
        try:
            rows = await self._rows.changed(kind, after, until, MOST, "isSwept eq true")
        except ApiError as error:
            if not concerns_the_filter(error):
                raise
            log.info("swept blocks are not looked for: %s", error)
            self._learned.put(_KNOWN, False)
            return []
        self._rows.check()
        versions = (version_at(Ref(kind, row.id), row) for row in rows if row.is_swept)
        return [each for each in versions if each is not None and each.at <= until]

    async def left(self, swept: Collection[RowVersion], at: datetime) -> Rows:
        """Return the rows that left the desk with the blocks swept at a moment, as they were before."""
        found = await self._below({each.ref.id for each in swept}, at - INSTANT)
        self._rows.check()
        return found
