"""Builds snapshots: rows are put in or removed, then frozen into the next :class:`Snapshot`.

A builder copies a mapping of its base only when it changes it, updates the link indexes row by row, and
records the rows it touched. So a page costs its own rows, and a diff of neighbours costs the difference.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from itertools import count
from typing import Any, Final

from tui.api.base import ResourceId
from tui.api.codec import BadRow
from tui.api.models import Block, OrderGraphBlock, Transaction
from tui.service.numbers import counted
from tui.service.snapshot.last_prices import LatestQuote
from tui.service.snapshot.lookup_tables import LookupTables
from tui.service.snapshot.records import Records
from tui.service.snapshot.row_versions import id_of, is_older, is_same_entity
from tui.service.snapshot.snapshot import (
    BLOCK_OF_ORDER,
    EMPTY,
    LINKS,
    NONE,
    EntityKind,
    EntityLink,
    Ids,
    Ref,
    Row,
    Snapshot,
    Unread,
)
from tui.service.snapshot.transaction_keys import transaction_key

_SERIALS: Final = count(1)


class SnapshotBuilder:
    """The next snapshot while it is built. After :meth:`freeze` it goes on from the frozen one."""

    def __init__(self, base: Snapshot = EMPTY) -> None:
        self.base = base
        self._rows: dict[EntityKind, Mapping[ResourceId, Any]] = {
            each: base.rows(each) for each in EntityKind
        }
        self._links: dict[str, Mapping[ResourceId, Ids]] = {
            link.name: base.links.get(link.name, NONE) for link in LINKS
        }
        self._copied: set[str] = set()
        self._touched: dict[EntityKind, set[ResourceId]] = {each: set() for each in EntityKind}
        self._returned: dict[EntityKind, set[ResourceId]] = {each: set() for each in EntityKind}
        self._bad: dict[EntityKind, dict[BadRow, None]] = {}
        self.unread: dict[EntityKind, Unread] = dict(base.unread)
        """The kinds of which rows may be missing, and why."""
        self.as_at = base.as_at
        """The moment of the past that is shown; None is now."""
        self.own_totals = base.own_totals
        """Whether the totals of blocks are computed here."""
        self.active_since = base.active_since
        """Since when blocks have to be active to be here; None if they need not."""
        self.loose_since = base.loose_since
        """Since when orders in no block have to have changed to be here; None if they need not."""
        self.bookings_due = base.bookings_due
        """The portfolios whose transactions are still to be read."""
        self.maybe_blocked: set[ResourceId] = set(base.maybe_blocked)
        """The orders in no block here of which it is not known whether another block holds them."""
        self.contradictory: set[Ref] = set(base.contradictory)
        """The rows found so far that others contradict."""
        self._twins: dict[EntityKind, set[ResourceId]] = {}
        self._tables = LookupTables(base)
        self._renamed: dict[EntityKind, set[ResourceId]] | None = {}
        self._quoted = False

    def rows(self, kind: EntityKind) -> Mapping[ResourceId, Any]:
        """Return the current rows of a kind."""
        return self._rows[kind]

    def blocks_of_order(self, id: ResourceId) -> Ids:
        """Return the blocks that name an order: one, or two while it is moving."""
        return self._links[BLOCK_OF_ORDER.name].get(id, ())

    def touched(self) -> int:
        """Return how many rows changed since the last snapshot was frozen."""
        return sum(len(ids) for ids in self._touched.values())

    def put(self, kind: EntityKind, rows: Iterable[Any]) -> list[ResourceId]:
        """Add or replace rows that carry their own id; return the ids of those that changed anything.

        A row older than the one held is ignored: answers may overtake each other.
        """
        return self._put(kind, ((id_of(row), row) for row in rows))

    def put_transactions(self, rows: Mapping[ResourceId, Transaction]) -> list[ResourceId]:
        """Add or replace transactions under their :func:`transaction_key`."""
        return self._put(EntityKind.TRANSACTIONS, rows.items())

    def put_blocks(self, rows: Iterable[Block | OrderGraphBlock]) -> list[ResourceId]:
        """Add or replace blocks; those without totals get totals from the rows already put in."""
        return self.put(EntityKind.BLOCKS, self.with_totals(rows))

    def with_totals(self, rows: Iterable[Block | OrderGraphBlock]) -> list[OrderGraphBlock]:
        """Return blocks with totals: those of the server, else computed from the rows already put in."""
        given = list(rows)
        told = [row for row in given if not isinstance(row, Block)]
        if len(told) == len(given):
            return told
        from tui.service.snapshot.block_totals import with_totals  # a server with an order graph sends them

        view = self.view()
        return [with_totals(row, view) if isinstance(row, Block) else row for row in given]

    def put_versions(self, rows: Mapping[Ref, Any]) -> None:
        """Put in rows as they were at another moment, whatever is held; None removes one.

        Blocks without totals get them from the rows of that moment.
        """
        for kind in sorted(EntityKind, key=lambda kind: kind is EntityKind.BLOCKS):
            some = {ref.id: row for ref, row in rows.items() if ref.kind is kind}
            self.remove(kind, [id for id, row in some.items() if row is None])
            there = {id: row for id, row in some.items() if row is not None}
            if kind is EntityKind.BLOCKS:
                there = {id_of(row): row for row in self.with_totals(there.values())}
            self._put(kind, there.items(), whatever=True)

    def _put(
        self, kind: EntityKind, rows: Iterable[tuple[ResourceId, Any]], *, whatever: bool = False
    ) -> list[ResourceId]:
        held = self._rows[kind]
        newest: dict[ResourceId, Any] = {}
        bad = {row.id for row in self._bad.get(kind, ())}
        read: set[ResourceId] = set()
        seen: set[ResourceId] = set()
        for id, row in rows:
            if id in bad:
                read.add(id)
            old = newest.get(id, held.get(id))
            if old is None or (old != row and (whatever or not is_older(row, old))):
                newest[id] = row
                if id in seen and not is_same_entity(row, old):
                    self._twins.setdefault(kind, set()).add(id)
            elif old != row and not is_same_entity(row, old):
                self._twins.setdefault(kind, set()).add(id)
            seen.add(id)
        if read:
            self._bad[kind] = {row: None for row in self._bad[kind] if row.id not in read}
            self._judge_unreadable(kind)
        fresh = [(id, row, held.get(id)) for id, row in newest.items()]
        if not fresh:
            return []
        mine = self._writable_rows(kind)
        for id, row, _ in fresh:
            mine[id] = row
        for link in LINKS:
            if link.kind is kind:
                self._relink(link, fresh)
        self._tables.learn(kind, fresh, mine)
        ids = [id for id, _, _ in fresh]
        self._touched[kind].update(ids)
        base = self.base.rows(kind)
        self._returned[kind].update(id for id, _, old in fresh if old is None and id in base)
        return ids

    def put_records(self, records: Records, rows: Iterable[Ref] | None) -> None:
        """Take in what reference data tell by now, of these ``rows`` or, with None, of any."""
        self._tables.learn_records(records)
        if rows is None:
            self._renamed = None
        elif self._renamed is not None:
            for ref in rows:
                self._renamed.setdefault(ref.kind, set()).add(ref.id)

    def put_quotes(self, quotes: Mapping[str, LatestQuote]) -> None:
        """Take in the newest quotes, by LUID; no row is another for that."""
        if quotes:
            self._tables.learn_quotes(quotes)
            self._quoted = True

    def remove(self, kind: EntityKind, ids: Iterable[ResourceId]) -> list[ResourceId]:
        """Remove rows; return the ids of those that were there."""
        held = self._rows[kind]
        gone = [(id, None, held[id]) for id in dict.fromkeys(ids) if id in held]
        if not gone:
            return []
        mine = self._writable_rows(kind)
        for id, _, _ in gone:
            del mine[id]
        for link in LINKS:
            if link.kind is kind:
                self._relink(link, gone)
        self._tables.forget(kind, gone)
        removed = [id for id, _, _ in gone]
        self._touched[kind].update(removed)
        self._returned[kind].difference_update(removed)
        return removed

    def add_unreadable(self, kind: EntityKind, rows: Iterable[BadRow]) -> None:
        """Add rows that could not be read, each once: what follows from rows of their kind is not known."""
        self._bad.setdefault(kind, {}).update(dict.fromkeys(rows))
        self._judge_unreadable(kind)

    def forget_unreadable(self, kind: EntityKind) -> None:
        """Clear the lists of unreadable rows and of twins of a kind, as reading all of them does."""
        self._bad.pop(kind, None)
        self._twins.pop(kind, None)
        self._judge_unreadable(kind)

    def unreadable(self, kind: EntityKind) -> tuple[BadRow, ...]:
        """Return the rows of a kind that could not be read."""
        return tuple(self._bad.get(kind, ()))

    def _judge_unreadable(self, kind: EntityKind) -> None:
        bad, told = self._bad.get(kind), self.unread.get(kind)
        if told is not None and not told.rows:
            return
        if bad:
            said = f"{counted(len(bad), 'row')}: {next(iter(bad)).problem}"
            self.unread[kind] = Unread(said, rows=len(bad))
        else:
            self.unread.pop(kind, None)

    def freeze(self, *, read_at: datetime | None = None, complete: bool | None = None) -> Snapshot:
        """Return the snapshot of what was put in, or the base when nothing changed."""
        base = self.base
        whole = base.complete if complete is None else complete
        told: tuple[object, ...] = (
            self.as_at,
            whole,
            self._all_bad,
            self.unread,
            self.own_totals,
            self.active_since,
            self.loose_since,
            self.bookings_due,
            self.maybe_blocked,
            self._twins_found,
            self.contradictory,
        )
        same = told == (
            base.as_at,
            base.complete,
            base.bad,
            base.unread,
            base.own_totals,
            base.active_since,
            base.loose_since,
            base.bookings_due,
            base.maybe_blocked,
            base.twins,
            base.contradictory,
        )
        if same and not (self.touched() or self._quoted) and self._tables.records is base.records:
            return base
        frozen = self.view(read_at=read_at or base.read_at, complete=whole)
        self.base = frozen
        self._copied.clear()
        for ids in (*self._touched.values(), *self._returned.values()):
            ids.clear()
        self._renamed, self._quoted = {}, False
        return frozen

    def view(self, *, read_at: datetime | None = None, complete: bool = False) -> Snapshot:
        """Return a snapshot of the current rows to look things up in, valid until the builder changes."""
        rows: dict[str, Any] = {kind.value: rows for kind, rows in self._rows.items()}
        return Snapshot(
            **rows,
            **self._tables.freeze(),
            as_at=self.as_at,
            home=self.base.home,
            zone=self.base.zone,
            compliance=self.base.compliance,
            read_at=read_at,
            complete=complete,
            bad=self._all_bad,
            unread=dict(self.unread),
            own_totals=self.own_totals,
            active_since=self.active_since,
            loose_since=self.loose_since,
            bookings_due=self.bookings_due,
            maybe_blocked=frozenset(self.maybe_blocked),
            outdated=self._outdated,
            twins=self._twins_found,
            contradictory=frozenset(self.contradictory),
            links=dict(self._links),
            serial=next(_SERIALS),
            parent=self.base.serial,
            touched={kind: frozenset(ids) for kind, ids in self._touched.items() if ids},
            returned={kind: frozenset(ids) for kind, ids in self._returned.items() if ids},
            renamed=None
            if self._renamed is None
            else {kind: frozenset(ids) for kind, ids in self._renamed.items()},
        )

    @property
    def _all_bad(self) -> tuple[BadRow, ...]:
        return tuple(row for rows in self._bad.values() for row in rows)

    @property
    def _outdated(self) -> dict[EntityKind, dict[ResourceId, str]]:
        named = ((kind, {row.id: row.problem for row in rows if row.id}) for kind, rows in self._bad.items())
        return {kind: rows for kind, rows in named if rows}

    @property
    def _twins_found(self) -> dict[EntityKind, frozenset[ResourceId]]:
        return {kind: frozenset(ids) for kind, ids in self._twins.items() if ids}

    def transaction_id(self, row: Transaction) -> ResourceId:
        """Return the key of a transaction from its allocation, else its order, as far as they are known."""
        allocation = row.allocation_id and self._rows[EntityKind.ALLOCATIONS].get(row.allocation_id)
        order = row.order_id and self._rows[EntityKind.ORDERS].get(row.order_id)
        portfolio = allocation.portfolio_id if allocation else order.portfolio_id if order else None
        return transaction_key(portfolio or ResourceId("", ""), row.transaction_id)

    def _writable_rows(self, kind: EntityKind) -> dict[ResourceId, Any]:
        mine: dict[ResourceId, Any] = self._writable(self._rows, kind, kind.value)
        return mine

    def _writable(
        self, mappings: dict[Any, Mapping[ResourceId, Any]], key: Any, name: str
    ) -> dict[ResourceId, Any]:
        """Return a mapping that may be changed: a copy the first time, the same copy afterwards."""
        if name not in self._copied:
            mappings[key] = dict(mappings[key])
            self._copied.add(name)
        mine: dict[ResourceId, Any] = mappings[key]  # type: ignore[assignment]
        return mine

    def _relink(self, link: EntityLink, rows: Iterable[tuple[ResourceId, Row | None, Row | None]]) -> None:
        """Update the index of one link for rows that were added, changed or removed, once per target."""
        added: dict[ResourceId, dict[ResourceId, None]] = {}
        dropped: dict[ResourceId, set[ResourceId]] = {}
        for id, row, old in rows:
            now = () if row is None else link.targets(row)
            was = () if old is None else link.targets(old)
            if now == was:
                continue
            for target in now:
                if target not in was:
                    added.setdefault(target, {})[id] = None
            for target in was:
                if target not in now:
                    dropped.setdefault(target, set()).add(id)
        if not added and not dropped:
            return
        index = self._writable(self._links, link.name, link.name)
        for target, gone in dropped.items():
            left = tuple(id for id in index.get(target, ()) if id not in gone)
            if left:
                index[target] = left
            else:
                index.pop(target, None)
        for target, ids in added.items():
            index[target] = (*index.get(target, ()), *ids)
