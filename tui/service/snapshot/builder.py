"""Builds snapshots: rows are put in or removed, then frozen into the next :class:`Snapshot`.

A builder copies a mapping of its base only when it changes it, updates the link indexes row by row, and
records the rows it touched. So a page costs its own rows, and a diff of neighbours costs the difference.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from itertools import count
from typing import Any, Final

from tui.api.base import ResourceId, Version
from tui.api.codec import BadRow
from tui.api.models import Allocation, Block, Execution, Order, OrderGraphBlock, Placement, Transaction
from tui.service.numbers import counted
from tui.service.snapshot.code_index import by_code, by_name
from tui.service.snapshot.instruments import InstrumentBook
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

_SERIALS: Final = count(1)


def transaction_key(portfolio: ResourceId, transaction_id: str) -> ResourceId:
    """Return the id a transaction has on the desk: transaction ids are unique within a portfolio only."""
    return ResourceId(str(portfolio), transaction_id)


def portfolio_of(transaction: ResourceId) -> ResourceId:
    """Return the portfolio of a transaction from its :func:`transaction_key`."""
    scope, _, code = transaction.scope.partition("/")
    return ResourceId(scope, code)


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
        self._bad: dict[EntityKind, list[BadRow]] = {}
        self.unread: dict[EntityKind, Unread] = dict(base.unread)
        """The kinds of which rows may be missing, and why."""
        self.own_totals = base.own_totals
        """Whether the totals of blocks are computed here."""
        self.contradictory: set[Ref] = set(base.contradictory)
        """The rows found so far that others contradict."""
        self._twins: dict[EntityKind, set[ResourceId]] = {}
        self._instruments = InstrumentBook(base.instruments)
        self._portfolios: Mapping[str, Ids] = base.portfolios
        self._block_codes, self._open_block_codes = base.block_codes, base.open_block_codes
        self._brokers, self._systems = set(base.brokers), set(base.systems)
        self._sides, self._order_types = set(base.sides), set(base.order_types)
        self._ambiguous: Mapping[EntityKind, frozenset[str]] = base.ambiguous
        self._elsewhere: dict[EntityKind, set[str]] = {}

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
        return self._put(kind, ((_id_of(row), row) for row in rows))

    def put_transactions(self, rows: Mapping[ResourceId, Transaction]) -> list[ResourceId]:
        """Add or replace transactions under their :func:`transaction_key`."""
        return self._put(EntityKind.TRANSACTIONS, rows.items())

    def put_blocks(self, rows: Iterable[Block | OrderGraphBlock]) -> list[ResourceId]:
        """Add or replace blocks; those without totals get totals from the rows already put in."""
        given = list(rows)
        if any(isinstance(row, Block) for row in given):
            return self.put(EntityKind.BLOCKS, self.with_totals(given))
        return self.put(EntityKind.BLOCKS, given)

    def with_totals(self, rows: Iterable[Block | OrderGraphBlock]) -> list[OrderGraphBlock]:
        """Return blocks with totals: those of the server, else computed from the rows already put in."""
        from tui.service.snapshot.block_totals import with_totals  # a server with an order graph sends them

        view = self.view()
        return [with_totals(row, view) if isinstance(row, Block) else row for row in rows]

    def _put(self, kind: EntityKind, rows: Iterable[tuple[ResourceId, Any]]) -> list[ResourceId]:
        held = self._rows[kind]
        newest: dict[ResourceId, Any] = {}
        bad = {row.id for row in self._bad.get(kind, ())}
        read: set[ResourceId] = set()
        seen: set[ResourceId] = set()
        for id, row in rows:
            if id in bad:
                read.add(id)
            old = newest.get(id, held.get(id))
            if old is None or (old != row and not _is_older(row, old)):
                newest[id] = row
                if id in seen and not _is_same_entity(row, old):
                    self._twins.setdefault(kind, set()).add(id)
            elif old != row and not _is_same_entity(row, old):
                self._twins.setdefault(kind, set()).add(id)
            seen.add(id)
        if read:
            self._bad[kind] = [row for row in self._bad[kind] if row.id not in read]
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
        self._remember_instruments(kind, fresh)
        self._remember_portfolios(kind, fresh)
        if kind is EntityKind.BLOCKS:
            self._file_blocks(fresh)
        elif kind is EntityKind.ORDERS:
            self._sides.update(row.side for _, row, _ in fresh if row.side)
            self._order_types.update(row.type for _, row, _ in fresh if row.type)
        elif kind is EntityKind.PLACEMENTS:
            self._brokers.update(row.counterparty for _, row, _ in fresh if row.counterparty)
            self._systems.update(row.execution_system for _, row, _ in fresh if row.execution_system)
        ids = [id for id, _, _ in fresh]
        self._compare_scopes(kind, [id for id, _, old in fresh if old is None])
        self._touched[kind].update(ids)
        base = self.base.rows(kind)
        self._returned[kind].update(id for id, _, old in fresh if old is None and id in base)
        return ids

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
        if kind is EntityKind.BLOCKS:
            self._file_blocks(gone)
        removed = [id for id, _, _ in gone]
        self._touched[kind].update(removed)
        self._returned[kind].difference_update(removed)
        return removed

    def add_unreadable(self, kind: EntityKind, rows: Iterable[BadRow]) -> None:
        """Add rows that could not be read, each once: what follows from rows of their kind is not known."""
        held = self._bad.setdefault(kind, [])
        held.extend(row for row in rows if row not in held)
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
            said = f"{counted(len(bad), 'row')}: {bad[0].problem}"
            self.unread[kind] = Unread(said, rows=len(bad))
        else:
            self.unread.pop(kind, None)

    def freeze(self, *, read_at: datetime | None = None, complete: bool | None = None) -> Snapshot:
        """Return the snapshot of what was put in, or the base when nothing changed."""
        base = self.base
        whole = base.complete if complete is None else complete
        told: tuple[object, ...] = (
            whole,
            self._all_bad,
            self.unread,
            self.own_totals,
            self._twins_found,
            self.contradictory,
        )
        same = told == (base.complete, base.bad, base.unread, base.own_totals, base.twins, base.contradictory)
        if same and not self.touched():
            return base
        frozen = self.view(read_at=read_at or base.read_at, complete=whole)
        self.base = frozen
        self._copied.clear()
        for ids in (*self._touched.values(), *self._returned.values()):
            ids.clear()
        return frozen

    def view(self, *, read_at: datetime | None = None, complete: bool = False) -> Snapshot:
        """Return a snapshot of the current rows to look things up in, valid until the builder changes."""
        return Snapshot(
            **{kind.value: rows for kind, rows in self._rows.items()},
            instruments=self._instruments.freeze(),
            portfolios=self._portfolios,
            block_codes=self._block_codes,
            open_block_codes=self._open_block_codes,
            brokers=frozenset(self._brokers),
            systems=frozenset(self._systems),
            sides=frozenset(self._sides),
            order_types=frozenset(self._order_types),
            as_at=self.base.as_at,
            home=self.base.home,
            ambiguous=self._ambiguous,
            read_at=read_at,
            complete=complete,
            bad=self._all_bad,
            unread=dict(self.unread),
            own_totals=self.own_totals,
            outdated=self._outdated,
            twins=self._twins_found,
            contradictory=frozenset(self.contradictory),
            links=dict(self._links),
            serial=next(_SERIALS),
            parent=self.base.serial,
            touched={kind: frozenset(ids) for kind, ids in self._touched.items() if ids},
            returned={kind: frozenset(ids) for kind, ids in self._returned.items() if ids},
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

    def _file_blocks(
        self, rows: Iterable[tuple[ResourceId, OrderGraphBlock | None, OrderGraphBlock | None]]
    ) -> None:
        """File blocks under their codes: all of them, and apart those that orders can still join."""
        new: list[ResourceId] = []
        gone: list[ResourceId] = []
        opened: list[ResourceId] = []
        closed: list[ResourceId] = []
        for id, row, old in rows:
            is_open, was_open = (each is not None and not each.block.is_swept for each in (row, old))
            if row is None:
                gone.append(id)
            elif old is None:
                new.append(id)
            if is_open != was_open:
                (opened if is_open else closed).append(id)
        self._block_codes = self._block_codes.changed(by_code(new), by_code(gone))
        self._open_block_codes = self._open_block_codes.changed(
            (*by_code(opened), *by_name(opened)), (*by_code(closed), *by_name(closed))
        )

    def _compare_scopes(self, kind: EntityKind, new: Iterable[ResourceId]) -> None:
        """Remember the codes that rows of the desk's own scope share with rows of others."""
        home, held = self.base.home, self._rows[kind]
        if not home or kind is EntityKind.TRANSACTIONS:
            return
        elsewhere = self._elsewhere.get(kind)
        if elsewhere is None:
            elsewhere = self._elsewhere[kind] = {id.code for id in held if id.scope != home}
        shared = set()
        for id in new:
            if id.scope != home:
                elsewhere.add(id.code)
                if ResourceId(home, id.code) in held:
                    shared.add(id.code)
            elif id.code in elsewhere:
                shared.add(id.code)
        if shared:
            self._ambiguous = {**self._ambiguous, kind: self._ambiguous.get(kind, frozenset()) | shared}

    def _remember_instruments(self, kind: EntityKind, rows: Iterable[tuple[ResourceId, Any, Any]]) -> None:
        book = self._instruments
        for _, row, _ in rows:
            if isinstance(row, OrderGraphBlock):
                book.learn_block(row.block)
            elif isinstance(row, Order):
                book.learn_order(row)
            elif isinstance(row, Execution):
                book.learn_execution(row)

    def _remember_portfolios(self, kind: EntityKind, rows: Iterable[tuple[ResourceId, Any, Any]]) -> None:
        if kind is EntityKind.TRANSACTIONS:
            named = {portfolio_of(id) for id, _, _ in rows}
        elif kind in (EntityKind.ORDERS, EntityKind.ALLOCATIONS):
            named = {row.portfolio_id for _, row, _ in rows if row.portfolio_id is not None}
        else:
            return
        new = [id for id in named if id not in self._portfolios.get(id.code.casefold(), ())]
        if new:
            portfolios = dict(self._portfolios)
            for id in new:
                portfolios[id.code.casefold()] = (*portfolios.get(id.code.casefold(), ()), id)
            self._portfolios = portfolios


def _id_of(row: Any) -> ResourceId:
    id: ResourceId = row.block.id if isinstance(row, OrderGraphBlock) else row.id
    return id


def _version_of(row: Any) -> Version | None:
    """Return the version of a row; a block's is that of the block, not of what is below it."""
    version: Version | None = getattr(getattr(row, "block", row), "version", None)
    return version


def _is_same_entity(row: Any, held: Any) -> bool:
    """Return whether two rows of one id are versions of one entity, as far as they say."""
    new, old = _version_of(row), _version_of(held)
    if new is None or old is None or None in (new.entity_unique_id, old.entity_unique_id):
        return True
    return new.entity_unique_id == old.entity_unique_id


def _is_older(row: Any, held: Any) -> bool:
    """Return whether ``row`` is an earlier version than ``held``, or another entity that is the older one."""
    new, old = _version_of(row), _version_of(held)
    if new is None or old is None:
        return False
    if not _is_same_entity(row, held):
        return _age(new) < _age(old)
    if new.entity_unique_id != old.entity_unique_id:
        return False
    return (new.as_at_version_number or 0) < (old.as_at_version_number or 0)


def _age(version: Version) -> tuple[datetime, str]:
    modified = version.as_at_modified or version.as_at_created
    return modified or datetime.min.replace(tzinfo=UTC), version.entity_unique_id or ""


def snapshot_of(
    *,
    blocks: Iterable[Block | OrderGraphBlock] = (),
    orders: Iterable[Order] = (),
    placements: Iterable[Placement] = (),
    executions: Iterable[Execution] = (),
    allocations: Iterable[Allocation] = (),
    transactions: Mapping[ResourceId, Transaction] | Iterable[Transaction] = (),
    as_at: datetime | None = None,
    home: str = "",
    read_at: datetime | None = None,
) -> Snapshot:
    """Build a complete snapshot from rows; plain blocks get totals computed from the other rows.

    Transactions not in a mapping are filed under the portfolio of their allocation, else of their
    order.
    """
    builder = SnapshotBuilder(Snapshot(as_at=as_at, home=home))
    builder.put(EntityKind.ORDERS, orders)
    builder.put(EntityKind.PLACEMENTS, placements)
    builder.put(EntityKind.EXECUTIONS, executions)
    builder.put(EntityKind.ALLOCATIONS, allocations)
    if not isinstance(transactions, Mapping):
        transactions = {builder.transaction_id(row): row for row in transactions}
    builder.put_transactions(transactions)
    builder.put_blocks(blocks)
    return builder.freeze(read_at=read_at, complete=True)
