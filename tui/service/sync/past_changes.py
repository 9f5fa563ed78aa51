"""What changed around a moment of the past, so that a desk steps through it change by change.

A desk in the past holds its rows as they were at one moment. Going back over the last change needs only the
rows it touched, as they were before it; going forward, those that changed next. Both are read many changes at
a time, ahead of whoever steps, and kept: a step over a change that is known reads nothing.

No list tells of rows that were deleted before its moment, and verdicts of compliance and approval are no
versions of rows: where somebody rests these are read of that moment
(:meth:`tui.service.sync.reader.Reader.look_again`), and from then on a deletion is a change like others.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

from tui.service.snapshot.builder import SnapshotBuilder
from tui.service.sync.past_departures import departures
from tui.service.sync.past_earlier import EarlierChanges
from tui.service.sync.past_later import FIRST_SPAN, LaterChanges
from tui.service.sync.past_rows import INSTANT, PastRows
from tui.service.sync.past_versions import PastChange, Rows, RowVersion, is_same_version

SOME: Final = 8
"""The changes that are read at once when going back while somebody waits for the first of them."""
MANY_BACK: Final = 32
"""The same while nobody waits: of more at once fewer are read twice."""
AHEAD: Final = 64
"""The changes that should be known on either side: fewer are reason to read on."""
LATELY: Final = timedelta(seconds=10)
"""What changed since then is read when somebody steps there: reading ahead would never end."""
MOST: Final = 20_000
"""The changes that are kept; beyond these all are forgotten and read anew from where the desk stands."""
BACKWARDS: Final = 30
"""How often more is read to go back to a moment, before the desk is rather read anew there."""


class PastChanges:
    """The changes around the moment that ``builder`` has, as far as they are known.

    ``begin`` returns what reads those before and those after the builder's moment, given the rows of which it
    is known when they were deleted; ``rows`` reads single ones; ``now`` is this machine's clock, aware UTC.
    """

    def __init__(
        self,
        builder: SnapshotBuilder,
        begin: Callable[[Sequence[RowVersion], datetime], tuple[EarlierChanges, LaterChanges]],
        rows: PastRows,
        now: Callable[[], datetime],
    ) -> None:
        assert builder.as_at is not None
        self._builder, self._read_from, self._rows, self._now = builder, begin, rows, now
        self._reading = asyncio.Lock()
        self._went = False
        self._deleted: list[RowVersion] = []
        self._exact = [builder.as_at]
        """The moments of which the desk was read, and not only stepped to."""
        self._begin(builder.as_at)

    def _begin(self, moment: datetime) -> None:
        self._known: list[PastChange] = []
        self._position = 0
        self._earlier, self._later = self._read_from(tuple(self._deleted), moment)

    @property
    def runs_short(self) -> bool:
        """Return whether so few changes are known on one side that it is time to read more."""
        return self._short_side() is not None

    def _short_side(self) -> bool | None:
        """Return the side on which few changes are known, True for later ones; None where there are enough.

        The side to which the reader went last comes first.
        """
        later = len(self._known) - self._position
        short = {
            True: later < AHEAD and self._later.until < self._now() - LATELY,
            False: self._position < AHEAD and not self._earlier.exhausted,
        }
        return next((side for side in (self._went, not self._went) if short[side]), None)

    async def read_ahead(self) -> None:
        """Read more changes on the sides on which few are known.

        Raises:
            ApiError: they could not be read; what is known stays.
            Superseded: the desk shows another moment by now.
        """
        while self.runs_short:
            async with self._reading:
                if len(self._known) > MOST:
                    self._begin(self._builder.as_at or self._later.until)
                side = self._short_side()
                if side:
                    await self._read_later()
                elif side is not None:
                    await self._read_earlier(MANY_BACK)

    async def step(self, *, forward: bool) -> PastChange | None:
        """Bring the builder over the next change or the one before; return it, None without any.

        A change that is known is gone over at once, whatever is being read ahead.

        Raises:
            ApiError: the change could not be read; the desk stays where it is.
            Superseded: the desk shows another moment by now.
        """
        self._went = forward
        if not self.knows(forward=forward):
            async with self._reading:
                if not forward and not self.knows(forward=False) and not self._earlier.exhausted:
                    await self._read_earlier(SOME)
                now = self._now()
                while forward and not self.knows(forward=True) and self._later.until < now:
                    await self._read_later()
        if not self.knows(forward=forward):
            return None
        return self._forward() if forward else self._back()

    async def go_to(self, moment: datetime) -> list[PastChange] | None:
        """Bring the builder to a ``moment`` that has been; return what it went over, None if it is far.

        Raises:
            ApiError: the changes until there could not be read; the desk stays where it is.
            Superseded: the desk shows another moment by now.
        """
        async with self._reading:
            for _ in range(BACKWARDS):
                if moment < self._earlier.since and not self._earlier.exhausted:
                    await self._read_earlier(SOME)
            while self._later.until < moment <= self._later.until + FIRST_SPAN:
                await self._read_later()
        is_known = self._earlier.exhausted or self._earlier.since <= moment
        if not is_known or moment > self._later.until:
            return None
        over: list[PastChange] = []
        while self._position < len(self._known) and self._known[self._position].at <= moment:
            over.append(self._forward())
        while self._position and self._known[self._position - 1].at > moment:
            over.append(self._back())
        self._builder.as_at = moment
        return over

    async def correct(self, rows: Rows, moment: datetime) -> bool:
        """Put in rows as they were at ``moment``, if that is shown still; return whether it is.

        Where one came, left or is another version, the changes known are not all there are: they are
        forgotten, and read anew from here.
        """
        async with self._reading:
            if self._builder.as_at != moment:
                return False
            held = {ref: self._builder.rows(ref.kind).get(ref.id) for ref in rows}
            deleted = await self._when_deleted(rows, held, moment)
            if self._builder.as_at != moment:
                return False
            self._exact.append(moment)
            self._builder.put_versions(rows)
            if any(not is_same_version(ref, row, held[ref]) for ref, row in rows.items()):
                known = {each.key for each in self._deleted}
                self._deleted += [each for each in deleted if each.key not in known]
                self._begin(moment)
        return True

    async def _when_deleted(self, rows: Rows, held: Rows, moment: datetime) -> list[RowVersion]:
        """Return when the rows were deleted that came at a moment, or left by then, as far as that is known.

        They were gone when the desk was read at a later moment, and there when it was at an earlier one.
        """
        came = [ref for ref, row in rows.items() if row is not None and held[ref] is None]
        left = [ref for ref, row in rows.items() if row is None and held[ref] is not None]
        later = min((each for each in self._exact if each > moment), default=None)
        earlier = max((each for each in self._exact if each < moment), default=None)
        found: list[RowVersion] = []
        if came and later is not None:
            found += await departures(self._rows, came, moment, later)
        if left and earlier is not None:
            found += await departures(self._rows, left, earlier, moment)
        return found

    def knows(self, *, forward: bool) -> bool:
        """Return whether the next change, or the one before, is known."""
        return self._position < len(self._known) if forward else self._position > 0

    def _forward(self) -> PastChange:
        change = self._known[self._position]
        self._position += 1
        self._builder.put_versions(change.after)
        self._builder.as_at = change.at + INSTANT
        return change

    def _back(self) -> PastChange:
        self._position -= 1
        change = self._known[self._position]
        self._builder.put_versions(change.before)
        self._builder.as_at = (
            self._known[self._position - 1].at + INSTANT if self._position else change.at - INSTANT
        )
        return change

    async def _read_earlier(self, some: int) -> None:
        found = await self._earlier.read(some)
        self._known[:0] = found
        self._position += len(found)

    async def _read_later(self) -> None:
        self._known += await self._later.read()
