"""Reads one server into a builder: everything at first, changes afterwards, named rows after a write.

The reader decides what to read, never when. Every method adds what it reads to the one builder and may run
while another does. A method that fails leaves the builder as far as it got and raises
:class:`~tui.api.errors.ApiError`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

from tui.api import operations
from tui.api.base import ResourceId
from tui.api.client import Client
from tui.service.snapshot.builder import SnapshotBuilder
from tui.service.snapshot.snapshot import EMPTY, EntityKind, Ref, Snapshot
from tui.service.snapshot.transaction_keys import portfolio_of
from tui.service.sync.block_reader import BlockReader
from tui.service.sync.bookings import read_portfolios
from tui.service.sync.full_load import FullLoad
from tui.service.sync.high_water_marks import HighWaterMarks
from tui.service.sync.load_progress import LoadProgress
from tui.service.sync.named_rows import read_named_rows
from tui.service.sync.progress import Progress, Publish
from tui.service.sync.queries import all_of, blocks_of, is_news
from tui.service.sync.read_session import LISTED, POLLED, ReadSession


class Reader:
    """Reads with ``client`` into :attr:`builder` and calls ``publish`` when there is enough to show.

    ``base`` is what the desk has already, ``now`` this machine's clock, aware UTC.
    """

    def __init__(
        self,
        client: Client,
        publish: Publish,
        base: Snapshot = EMPTY,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._client = client
        self._publish = publish
        self._now = now
        self._begin(base)

    def _begin(self, base: Snapshot) -> None:
        self._session = ReadSession(self._client, base)
        self._blocks = BlockReader(self._session)
        self._known_until = HighWaterMarks(self._now)
        self._everything = FullLoad(self._session, self._blocks, self._known_until, self._now)
        self._shown: Progress | None = None

    @property
    def builder(self) -> SnapshotBuilder:
        """What was read of the moment shown."""
        return self._session.builder

    @property
    def as_at(self) -> datetime | None:
        """The moment that is read; None is now."""
        return self._session.as_at

    @property
    def loading(self) -> bool:
        """Whether everything is being read."""
        return self._blocks.read_meanwhile is not None

    @property
    def progress(self) -> LoadProgress | None:
        """How far the load is; None when nothing is being loaded."""
        return self._shown.state if self._shown else None

    @property
    def lacks_graph(self) -> bool:
        """Whether the server has an order graph that could not be read."""
        return self.builder.own_totals and operations.GRAPH_BLOCKS.name not in self._client.absent

    def is_missing(self, kind: EntityKind) -> bool:
        """Return whether pages of a kind could not be read."""
        return self._session.is_missing(kind)

    def travel(self, as_at: datetime | None) -> None:
        """Start again at another moment; reads of the old one end with ``Superseded``."""
        self._session.ended = True
        base = self.builder.base
        self._begin(Snapshot(as_at=as_at, home=base.home, compliance=base.compliance, records=base.records))

    async def load(self) -> None:
        """Read the whole desk in pages, blocks first, and remove rows that are no longer there.

        Rows of a kind that cannot be read stay as they are; the builder says so.

        Raises:
            ApiError: there is no connection, or no kind could be read.
            Superseded: the desk shows another moment by now.
        """
        self._shown = self._progress()
        try:
            await self._everything.load(self._shown)
        finally:
            self._shown = None
        self._publish(complete=True)

    async def retry(self, kind: EntityKind) -> None:
        """Read a kind again whose rows could not be read, or blocks whose totals the server did not give.

        Raises:
            ApiError: there is no connection.
            Superseded: the desk shows another moment by now.
        """
        await self._everything.retry(kind, self._progress())
        self._publish()

    def _progress(self) -> Progress:
        return Progress(self._publish, self.builder)

    async def refresh(self) -> None:
        """Read what changed since the last read, with the totals of the blocks concerned.

        Kinds that could not be read are not asked for again.

        Raises:
            ApiError: something could not be read; the next refresh asks for the same again.
            Superseded: the desk shows another moment by now.
        """
        session, builder, began = self._session, self.builder, self._now()
        kinds = [kind for kind in POLLED if not session.is_missing(kind)]
        found = await all_of(self._changes(session, kind) for kind in kinds)
        session.check()
        changed = dict(zip(kinds, found, strict=True))
        blocks = {row.id for row in changed.get(EntityKind.BLOCKS, ()) if is_news(builder, row)}
        for kind in LISTED:
            async for rows in session.in_turns(changed.get(kind, [])):
                before = {row.id: builder.rows(kind).get(row.id) for row in rows}
                ids = builder.put(kind, rows)
                after = [builder.rows(kind)[id] for id in ids]
                before_rows = [row for id in ids if (row := before[id]) is not None]
                blocks.update(blocks_of(builder, kind, (*after, *before_rows)))
        if blocks:
            await self._blocks.read(blocks)
        session.check()
        for kind, rows in changed.items():
            self._known_until.after_poll(kind, rows, began)

    async def _changes(self, session: ReadSession, kind: EntityKind) -> list[Any]:
        test = self._known_until.filter_since(kind)
        return [row async for page in session.pages_of(kind, test) for row in page.values]

    async def reread(self, refs: Iterable[Ref]) -> None:
        """Read named rows again; remove those that are gone, and read the rows below their blocks.

        A transaction stands for the whole portfolio it is in. Rows of a kind that is not permitted stay.

        Raises:
            ApiError: something could not be read.
            Superseded: the desk shows another moment by now.
        """
        session, blocks = self._session, self._blocks
        wanted: dict[EntityKind, set[ResourceId]] = {}
        for ref in refs:
            wanted.setdefault(ref.kind, set()).add(ref.id)
        for kind in LISTED:
            await read_named_rows(session, kind, wanted.get(kind, set()))
        await blocks.read(wanted.get(EntityKind.BLOCKS, set()))
        portfolios = {portfolio_of(id) for id in wanted.get(EntityKind.TRANSACTIONS, ())}
        await read_portfolios(session, portfolios)
