"""Reads one server into a builder: the window at first, changes afterwards, named rows after a write.

The reader decides what to read, never when. Every method adds what it reads to the one builder and may run
while another does. A method that fails leaves the builder as far as it got and raises
:class:`~tui.api.errors.ApiError`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence, Set
from datetime import UTC, datetime
from typing import Any

from tui.api import operations
from tui.api.base import ResourceId, Version
from tui.api.client import Client
from tui.api.models import Transaction
from tui.api.row_marks import RowMark, VersionMark, is_other_version
from tui.service.desk_profile import DEFAULT_PROFILE, DeskProfile
from tui.service.learned import Learned
from tui.service.snapshot.builder import SnapshotBuilder
from tui.service.snapshot.relations import related, related_of
from tui.service.snapshot.snapshot import EMPTY, EntityKind, Ref, Snapshot
from tui.service.sync.block_reader import BlockReader
from tui.service.sync.full_load import FullLoad
from tui.service.sync.high_water_marks import HighWaterMarks
from tui.service.sync.id_filters import IdFilters
from tui.service.sync.load_progress import LoadProgress
from tui.service.sync.moment import LatestMoment, PollGate
from tui.service.sync.named_rows import named_rows, read_named_rows
from tui.service.sync.past_changes import PastChanges
from tui.service.sync.past_earlier import EarlierChanges
from tui.service.sync.past_later import LaterChanges
from tui.service.sync.past_rows import PastRows
from tui.service.sync.past_sweeps import Sweeps
from tui.service.sync.past_versions import RowVersion
from tui.service.sync.progress import Progress, Publish
from tui.service.sync.queries import LISTED, POLLED, all_of, blocks_of, is_news
from tui.service.sync.read_session import ReadSession
from tui.service.sync.shared_values import SharedValues
from tui.service.sync.window import Window
from tui.service.sync.window_list import WindowQuery


class Reader:
    """Reads with ``client`` into :attr:`builder` and calls ``publish`` when there is enough to show.

    ``base`` is what the desk has already, ``profile`` says which part of the server it is about, ``learned``
    what is known of this server; ``now`` is this machine's clock, aware UTC.
    """

    def __init__(
        self,
        client: Client,
        publish: Publish,
        base: Snapshot = EMPTY,
        *,
        profile: DeskProfile = DEFAULT_PROFILE,
        learned: Learned | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._client = client
        self._publish = publish
        self._now = now
        self._learned = learned or Learned()
        self._moment = LatestMoment(client, self._learned)
        self._shared = SharedValues()
        self.window = Window(profile, now)
        self.filters = IdFilters(self._learned)
        self._begin(base)

    def _begin(self, base: Snapshot) -> None:
        self._session = ReadSession(self._client, base, self._shared)
        self._blocks = BlockReader(self._session, self.window, self._learned, self.filters)
        self._known_until = HighWaterMarks(self._now)
        self._gate = PollGate(self._moment, self._now)
        self._everything = FullLoad(
            self._session,
            self.window,
            self._blocks,
            self.filters,
            self._learned,
            self._moment,
            self._known_until,
            self._now,
        )
        self._shown: Progress | None = None
        self._not_ours: dict[ResourceId, Version | VersionMark | None] = {}
        """The versions of rows that were looked at and do not belong to the desk."""
        self._past: PastChanges | None = None

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
        self._begin(self.builder.base.without_rows(as_at))

    def past(self, booked: Mapping[ResourceId, Transaction]) -> PastChanges:
        """Return the changes around the past moment that is shown; ``booked`` are known transactions."""
        if self._past is None:
            rows = PastRows(self._session, self._learned, self.filters, self._blocks)
            sweeps = Sweeps(rows, self._learned, self._left_with)

            def begin(deleted: Sequence[RowVersion], moment: datetime) -> tuple[EarlierChanges, LaterChanges]:
                shown = self.builder.view()
                return EarlierChanges(rows, sweeps, deleted, shown, moment), LaterChanges(
                    rows, sweeps, self._belongs, booked, self._now, deleted, shown, moment
                )

            self._past = PastChanges(self.builder, begin, rows, self._now)
        return self._past

    async def _left_with(self, blocks: Collection[ResourceId], moment: datetime) -> dict[Ref, Any]:
        """Return those of ``blocks`` that belonged to the desk at a moment, with all rows below them.

        Where no totals name what is below there is nothing to return.
        """
        if self.builder.own_totals:
            return {}
        other = self.beside(self.builder.base.without_rows(moment))
        await other.reread(Ref(EntityKind.BLOCKS, id) for id in blocks)
        view = other.builder.view()
        kept = [id for id in blocks if id in view.blocks and self.window.keeps(view.blocks[id])]
        below = (related(view, Ref(EntityKind.BLOCKS, id)).items() for id in kept)
        return {Ref(kind, id): view.rows(kind)[id] for each in below for kind, ids in each for id in ids}

    def beside(self, base: Snapshot) -> Reader:
        """Return another reader of this server, which begins with ``base`` and publishes nothing."""
        other = Reader(
            self._client,
            _keep_to_itself,
            base,
            profile=self.window.profile,
            learned=self._learned,
            now=self._now,
        )
        other._blocks.look_for_graph()
        if self.builder.own_totals:
            other._blocks.do_without_graph()
        return other

    async def look_again(self) -> Mapping[Ref, Any]:
        """Read the window's blocks and open orders anew, and below them what that shows to be otherwise.

        Return the rows that differ from those of the base; None for one that is not there.

        Raises:
            ApiError: something could not be read.
            Superseded: the desk shows another moment by now.
        """
        builder = self.builder
        if builder.own_totals:
            await self.load()
        else:
            await self._look_at_window()
        touched = builder.freeze().touched
        return {Ref(kind, id): builder.rows(kind).get(id) for kind, ids in touched.items() for id in ids}

    async def _look_at_window(self) -> None:
        """Read the blocks of the window, what their totals name and is not here, and the open orders."""
        session, builder, base = self._session, self.builder, self.builder.base
        await self._blocks.read_all(self._progress(), None)
        blocks = builder.rows(EntityKind.BLOCKS)
        for id in base.blocks.keys() - blocks.keys():
            for kind, ids in related(base, Ref(EntityKind.BLOCKS, id)).items():
                builder.remove(kind, [each for each in ids if not _is_below(base, Ref(kind, each), blocks)])
        await self._blocks.follow(tuple(blocks.values()))
        kind, listed = EntityKind.ORDERS, set[ResourceId]()
        for test in self._everything.open_orders_tests:
            async for page in session.pages_of(kind, test):
                mine = [row for row in page.values if self._is_ours(builder, kind, row)]
                listed.update(builder.put(kind, mine), (row.id for row in mine))
        loose = {id for id in builder.rows(kind) if not builder.blocks_of_order(id)}
        await read_named_rows(session, self.filters, kind, loose - listed)

    def _belongs(self, builder: SnapshotBuilder, kind: EntityKind, row: Any) -> bool:
        if kind is EntityKind.BLOCKS:
            return row.id in builder.rows(kind) or self.window.may_keep(row)
        return self._is_ours(builder, kind, row)

    async def load(self) -> None:
        """Read the whole desk in pages, blocks first, and remove rows that are no longer there.

        Rows of a kind that cannot be read stay as they are; the builder says so.

        Raises:
            ApiError: there is no connection, or no kind could be read.
            Superseded: the desk shows another moment by now.
        """
        self._shown, self._past = Progress(self._publish, self.builder, quick=True), None
        try:
            await self._everything.load(self._shown)
            await self._blocks.read(self._blocks.finder.joined)
            await self._blocks.finder.settle()
        finally:
            self._shown.wait_no_longer()
            self._shown = None
        self.builder.active_since = self.window.since
        self.builder.loose_since = self.window.loose_since
        self._publish(complete=True)

    async def retry(self, kind: EntityKind) -> None:
        """Read a kind again whose rows could not be read, or blocks whose totals the server did not give.

        Raises:
            ApiError: there is no connection.
            Superseded: the desk shows another moment by now.
        """
        await self._everything.retry(kind, self._progress())
        self._publish()

    async def read_bookings(self, first: Collection[ResourceId] = ()) -> bool:
        """Read what is booked into some portfolios of which it is not read yet; return whether more is due.

        Those of ``first`` come before others.

        Raises:
            ApiError: there is no connection.
            Superseded: the desk shows another moment by now.
        """
        return await self._blocks.read_bookings(first)

    def _progress(self) -> Progress:
        return Progress(self._publish, self.builder)

    async def refresh(self) -> None:
        """Read what changed since the last read, with the totals of the blocks concerned.

        Kinds that could not be read are not asked for again, and nothing is while nothing was written.

        Raises:
            ApiError: something could not be read; the next refresh asks for the same again.
            Superseded: the desk shows another moment by now.
        """
        session, began = self._session, self._now()
        await self._blocks.finder.settle()
        if await self._gate.is_shut():
            return
        kinds = [kind for kind in POLLED if not session.is_missing(kind)]
        found = await all_of(self._changes(session, kind) for kind in kinds)
        session.check()
        changed = dict(zip(kinds, found, strict=True))
        news = await self._take_in(session, changed)
        session.check()
        for kind, rows in changed.items():
            self._known_until.after_poll(kind, rows, began)
        self._gate.after_poll(news=news)

    async def _take_in(self, session: ReadSession, changed: Mapping[EntityKind, list[Any]]) -> bool:
        """Put changed rows that belong to the window, with their blocks; return whether any is news.

        Others are left where they are: a tenant's history changes too.
        """
        builder, outside = session.builder, self._blocks.outside
        held, orders = builder.rows(EntityKind.BLOCKS), builder.rows(EntityKind.ORDERS)
        blocks: set[ResourceId] = set()
        others: dict[ResourceId, Version | None] = {}
        for row in changed.get(EntityKind.BLOCKS, ()):
            if row.id in held:
                blocks.update((row.id,) if is_news(builder, row) else ())
            elif self.window.may_keep(row) and self._not_ours.get(row.id) != row.version:
                outside.discard(row.id)
                others[row.id] = row.version
            if row.id not in held:
                self._blocks.finder.doubt([id for id in row.order_ids if id in orders], again=True)
        put = 0
        for kind in LISTED:
            async for rows in session.in_turns(changed.get(kind, [])):
                mine = [row for row in rows if self._is_ours(builder, kind, row)]
                before = {row.id: builder.rows(kind).get(row.id) for row in mine}
                ids = builder.put(kind, mine)
                put += len(ids)
                if kind is EntityKind.ORDERS:
                    self._blocks.finder.doubt(ids)
                after = [builder.rows(kind)[id] for id in ids]
                before_rows = [row for id in ids if (row := before[id]) is not None]
                blocks.update(blocks_of(builder, kind, (*after, *before_rows)))
        await self._blocks.read(blocks | others.keys(), joining=False)
        self._not_ours.update((id, version) for id, version in others.items() if id in outside)
        if self.window.since is not None:
            await self._blocks.read(await self._awoken(session, changed) - blocks, joining=False)
        await self._blocks.finder.settle()
        return bool(put or blocks or others)

    async def _awoken(self, session: ReadSession, changed: Mapping[EntityKind, list[Any]]) -> set[ResourceId]:
        """Return the blocks outside a window of active ones below which something happened.

        Elsewhere there are none: whatever is outside such a desk's window was swept.
        """
        held = session.builder.rows(EntityKind.PLACEMENTS)
        placements = [row for row in changed.get(EntityKind.PLACEMENTS, ()) if row.id not in held]
        found = {row.id for row in placements}
        filled = {row.placement_id for row in changed.get(EntityKind.EXECUTIONS, ())}
        filled -= held.keys() | found | self._blocks.outside
        async for rows in named_rows(session, self.filters, EntityKind.PLACEMENTS, filled):
            placements += rows
        blocks = {id for row in placements for id in row.block_ids}
        blocks -= session.builder.rows(EntityKind.BLOCKS).keys() | self._blocks.outside
        self._blocks.outside |= filled
        return blocks

    def _is_ours(self, builder: SnapshotBuilder, kind: EntityKind, row: Any) -> bool:
        known = row.id in builder.rows(kind) or self._session.is_missing(EntityKind.BLOCKS)
        return known or self.window.belongs(builder, kind, row)

    async def _changes(self, session: ReadSession, kind: EntityKind) -> list[Any]:
        test, held = self._known_until.filter_since(kind), session.builder.rows(kind)
        return [row async for page in session.pages_of(kind, test, held=held) for row in page.values]

    @property
    def window_query(self) -> WindowQuery:
        """How the window's blocks are listed."""
        return self._blocks.list.query(graph=not self.builder.own_totals)

    @property
    def open_orders_tests(self) -> tuple[str, ...]:
        """The filters that find the open orders, as far as the server takes them; none when it takes none."""
        return self._everything.open_orders_tests

    def is_not_ours(self, mark: RowMark) -> bool:
        """Return whether this version of a row was looked at and does not belong to the desk."""
        known = self._not_ours.get(mark.id)
        return known is not None and not is_other_version(mark.version, known)

    async def read_blocks(self, versions: Mapping[ResourceId, VersionMark | None]) -> None:
        """Read blocks that were found in some version, those that belong to the desk, and the rows below.

        Raises:
            ApiError: something could not be read.
            Superseded: the desk shows another moment by now.
        """
        await self._blocks.read(versions, joining=False)
        outside = self._blocks.outside
        self._not_ours.update((id, version) for id, version in versions.items() if id in outside)

    async def read_rows(self, kind: EntityKind, ids: Set[ResourceId]) -> None:
        """Read rows that were found, those that belong to the desk, and the totals that count them.

        Raises:
            ApiError: something could not be read.
            Superseded: the desk shows another moment by now.
        """
        session = self._session
        held = ids & session.builder.rows(kind).keys()
        await read_named_rows(session, self.filters, kind, held)
        blocks: set[ResourceId] = set()
        async for rows in named_rows(session, self.filters, kind, ids - held):
            mine = [row for row in rows if self._is_ours(session.builder, kind, row)]
            session.builder.put(kind, mine)
            ours = {row.id for row in mine}
            self._not_ours.update((row.id, row.version) for row in rows if row.id not in ours)
            blocks |= blocks_of(session.builder, kind, mine)
            if kind is EntityKind.ORDERS:
                self._blocks.finder.doubt(ours)
        await self._blocks.read(blocks)
        await self._blocks.finder.settle()

    def let_go(self, block: ResourceId, held: Set[Ref]) -> bool:
        """Remove a block and all below it, unless some of that is ``held``; return whether it left."""
        builder = self._session.builder
        view = builder.view()
        below = related(view, Ref(EntityKind.BLOCKS, block))
        if any(Ref(kind, id) in held for kind, ids in below.items() for id in ids):
            return False
        others = [id for id in below[EntityKind.ORDERS] if len(builder.blocks_of_order(id)) > 1]
        others += [id for id in below[EntityKind.PLACEMENTS] if len(view.placements[id].block_ids) > 1]
        if others:
            return False  # what is shared stays, and so does all of it
        for kind, ids in below.items():
            builder.remove(kind, ids)
        return True

    async def reread(self, refs: Iterable[Ref]) -> None:
        """Read named rows again; remove those that are gone, and read the rows below their blocks.

        Rows of a kind that is not permitted stay.

        Raises:
            ApiError: something could not be read.
            Superseded: the desk shows another moment by now.
        """
        session, blocks = self._session, self._blocks
        wanted: dict[EntityKind, set[ResourceId]] = {}
        for ref in refs:
            wanted.setdefault(ref.kind, set()).add(ref.id)
        for kind in LISTED:
            await read_named_rows(session, self.filters, kind, wanted.get(kind, set()))
        await blocks.read(wanted.get(EntityKind.BLOCKS, set()))
        await blocks.bookings.read_again(wanted.get(EntityKind.TRANSACTIONS, set()))


def _keep_to_itself(*, complete: bool | None = None) -> None:
    """Publish nothing."""


def _is_below(snapshot: Snapshot, ref: Ref, blocks: Collection[ResourceId]) -> bool:
    """Return whether a row hangs on one of ``blocks``."""
    return any(id in blocks for id in related_of(snapshot, ref, EntityKind.BLOCKS))
