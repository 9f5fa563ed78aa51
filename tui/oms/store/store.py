"""The writing connection: appends changes and reads current entities, one thread at a time.

The store knows no rules. A :class:`~tui.oms.domain.unit_of_work.UnitOfWork` reads from it, its committed
changes are appended in one transaction, and every earlier version is kept.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from tui.api.base import ResourceId
from tui.api.entity_relations import Relation
from tui.oms.domain.times import to_micros
from tui.oms.domain.unit_of_work import Context, EntityChange, S
from tui.oms.store.batch import Batch, Head, Row, in_parts, insert
from tui.oms.store.bulk import Bulk
from tui.oms.store.files import FileLock, StoreError, explained, open_database, without_log
from tui.oms.store.folding import fold
from tui.oms.store.json_cache import JsonCache
from tui.oms.store.reads import RELATION_NUMBERS, StoreReader, decode_entity
from tui.oms.store.schema import KINDS

REPLIES_KEPT_US: Final = 24 * 3600 * 1_000_000
"""The time the reply to an idempotency key is kept, in microseconds."""

ChangePosition = tuple[int, str, str]
"""The position of an entity among the changes: the asAt of its newest version, its scope, its code."""


class Store(StoreReader):
    """The database of one desk. Not thread-safe: the engine admits one thread at a time."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        lock: FileLock | None,
        file: Path | None = None,
        *,
        is_suspect: bool = False,
    ) -> None:
        super().__init__(connection)
        self.file = file
        self.is_suspect = is_suspect
        """Whether the file was closed uncleanly before, or is to be verified."""
        self._lock = lock
        self._rows: dict[tuple[type[Any], ResourceId], tuple[int, int]] = {}
        self._depth = 0
        self._head = self._read_head()
        self._numbers_before = self._head.numbers

    @classmethod
    def open(cls, path: Path | None, *, fresh: bool = False, verify: bool = False) -> Store:
        """Open the database at ``path``, created if missing; None keeps it in memory.

        ``fresh`` deletes an existing database; ``verify`` checks all its rows.

        Raises:
            StoreError: it cannot be used; the message says why.
        """
        connection, lock = open_database(path, fresh=fresh, verify=verify)
        try:
            with explained(path or Path(":memory:")):
                return cls(connection, lock, path, is_suspect=verify or (lock is not None and lock.unclean))
        except BaseException:
            connection.close()
            if lock is not None:
                lock.release(clean=False)
            raise

    def close(self) -> None:
        """Close cleanly: checkpoint the write-ahead log into the file and release the lock.

        SQLite would not checkpoint into a file that was renamed meanwhile, and its log keeps the old name.
        """
        with suppress(sqlite3.Error):
            self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        super().close()
        if self._lock is not None:
            self._lock.release()

    @property
    def file_bytes(self) -> int:
        """The size of the database file; 0 in memory."""
        return self.file.stat().st_size if self.file is not None else 0

    @property
    def last(self) -> int:
        """The asAt of the newest change, in microseconds since 1970; 0 when there is none."""
        return self._head.as_at

    def next_as_at(self, now: datetime) -> int:
        """Return the asAt of a call at ``now``, later than that of every call before it."""
        return max(to_micros(now), self._head.as_at + 1)

    @property
    def changes(self) -> int:
        """The number of changes in the journal."""
        return self._head.seq

    def is_empty(self) -> bool:
        """Return whether nothing was ever written."""
        return self._head.seq == 0

    # -- transactions ------------------------------------------------------------------------------

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit everything written inside, or nothing when it raises. Transactions may be nested.

        Raises:
            StoreError: SQLite could not write; nothing was written.
        """
        head, depth = self._head, self._depth
        try:
            self.connection.execute(f"SAVEPOINT call_{depth}" if depth else "BEGIN IMMEDIATE")
            self._depth += 1
            self._rows.clear()
            yield
            self.connection.execute(f"RELEASE call_{depth}" if depth else "COMMIT")
        except BaseException as error:
            self._head = head
            if self.connection.in_transaction:
                self.connection.execute(f"ROLLBACK TO call_{depth}" if depth else "ROLLBACK")
            if isinstance(error, sqlite3.Error):
                raise StoreError(f"Nothing was written: {error}. Check the disk, then try again.") from error
            raise
        finally:
            self._depth = depth

    @contextmanager
    def bulk(self) -> Iterator[Bulk]:
        """Gather the calls made on what is yielded into one transaction: all of them are kept, or none.

        The database must be empty, and nothing else may be written meanwhile.

        Raises:
            StoreError: SQLite could not write; nothing was written.
        """
        with without_log(self.connection), self.transaction():
            bulk = Bulk(self.connection, self._head)
            yield bulk
            bulk.write()
            self._head = bulk.head
            self._numbers_before = self._head.numbers

    def append(
        self, changes: Sequence[EntityChange], context: Context, as_at: int, json_cache: JsonCache
    ) -> None:
        """Append the versions of a committed unit of work; ``json_cache`` keeps their JSON."""
        batch = Batch(self._head, as_at, context, json_cache)
        for change in changes:
            before, after = change.before, change.after
            if before is None:
                assert after is not None
                self._rows[type(after), after.id] = batch.make(after)
                continue
            key = (type(before), before.id)
            n, old = self._row(*key)
            if after is None:
                batch.delete(n, old, before)
                del self._rows[key]
            else:
                self._rows[key] = (n, batch.change(n, old, before, after))
        batch.write(self.connection)
        self._numbers_before = self._head.numbers
        self._head = batch.head

    def store_graph(self, type: type[Any], entries: Mapping[ResourceId, bytes | None], as_at: int) -> None:
        """Store new order graph entries of blocks or placements, by id; None for a deleted one."""
        kind = KINDS[type]
        table = f"graph_{kind.name}"
        new: list[Row] = []
        changed: list[Row] = []
        deleted: list[int] = []
        for id, text in entries.items():
            row = self._rows.get((type, id)) or self._find(kind, id)
            if text is not None and row is not None:
                rows = changed if row[0] <= self._numbers_before[kind.number] else new
                rows.append((row[0], as_at, text.decode()))
            elif text is None:
                deleted += self._gone_numbers(kind, id)
        insert(self.connection, f"INSERT INTO {table}", new)
        execute = self.connection.executemany
        ends = [(kind.number, as_at, n, text) for n, _, text in changed]
        keep = f"INSERT INTO graph_past SELECT ?, n, since, ?, text FROM {table} WHERE n = ?"
        execute(f"{keep} AND text <> ?", ends)
        execute(
            f"""INSERT INTO {table} VALUES (?, ?, ?) ON CONFLICT (n) DO UPDATE
                SET since = excluded.since, text = excluded.text WHERE text <> excluded.text""",
            changed,
        )
        execute(keep, [(kind.number, as_at, n) for n in deleted])
        execute(f"DELETE FROM {table} WHERE n = ?", [(n,) for n in deleted])

    def graph_texts(self, type: type[Any]) -> list[tuple[int, ResourceId, bytes | None]]:
        """Return the number and id of every block or placement, with its entry in the order graph, if any."""
        name = KINDS[type].name
        rows = self.connection.execute(
            f"""SELECT l.n, l.scope, l.code, CAST(g.text AS BLOB)
                FROM live_{name} l LEFT JOIN graph_{name} g ON g.n = l.n"""
        )
        return [(n, ResourceId(scope, code), text) for n, scope, code, text in rows]

    def replace_graph_texts(self, type: type[Any], texts: Mapping[int, bytes]) -> None:
        """Replace damaged entries of the order graph, by number: they count as what was always there."""
        table = f"graph_{KINDS[type].name}"
        rows = [(n, self.last, text.decode()) for n, text in texts.items()]
        with self.transaction():
            self.connection.executemany(
                f"""INSERT INTO {table} VALUES (?, ?, ?)
                    ON CONFLICT (n) DO UPDATE SET text = excluded.text""",
                rows,
            )

    # -- the current state, for a unit of work ---------------------------------------------------------------

    def get(self, kind: type[S], id: ResourceId) -> S | None:
        """Return the current version, or None when the entity does not exist or is deleted."""
        return next(iter(self.get_all(kind, (id,))), None)

    def get_all(self, kind: type[S], ids: Collection[ResourceId]) -> list[S]:
        """Return the current versions of those of ``ids`` that exist."""
        table, entities = KINDS[kind].table, []
        for values, part in in_parts([(id.scope, id.code) for id in ids]):
            entities += self._entities(
                kind,
                f"""({values}) w CROSS JOIN {table} l ON l.scope = w.column1 AND l.code = w.column2
                    CROSS JOIN version v ON v.seq = l.seq""",
                part,
            )
        return entities

    def related(self, relation: Relation[S], target: ResourceId) -> list[S]:
        """Return the current entities that refer to ``target``, or once did, oldest first."""
        return self.related_all(relation, (target,))

    def related_all(self, relation: Relation[S], targets: Collection[ResourceId]) -> list[S]:
        """Return the current entities that refer to any of ``targets``, or once did.

        Those of one target come oldest first.
        """
        kind = relation.kind
        entities = []
        for values, part in in_parts([(id.code, id.scope) for id in targets]):
            entities += self._entities(
                kind,
                f"""({values}) w CROSS JOIN link k ON k.code = w.column1 AND k.scope = w.column2
                    CROSS JOIN {KINDS[kind].table} l ON l.n = k.n CROSS JOIN version v ON v.seq = l.seq
                    WHERE k.relation = {RELATION_NUMBERS[relation.name]} ORDER BY k.n""",
                part,
            )
        return entities

    def _entities(self, kind: type[S], source: str, values: Sequence[object]) -> list[S]:
        found = self.connection.execute(
            f"SELECT l.n, l.seq, CAST(v.text AS BLOB) FROM {source}", values
        ).fetchall()
        entities = []
        for n, seq, text in found:
            entity = decode_entity(kind, text)
            self._rows[kind, entity.id] = (n, seq)
            entities.append(entity)
        return entities

    def in_state(self, kind: type[S], state: str, *, after: ResourceId | None = None, limit: int) -> list[S]:
        """Return up to ``limit`` entities in ``state`` (any case), sorted by id, those after ``after``."""
        return self._entities(
            kind,
            f"""{KINDS[kind].table} l CROSS JOIN version v ON v.seq = l.seq
                WHERE l.state = ? AND (l.scope, l.code) > (?, ?) ORDER BY l.scope, l.code LIMIT ?""",
            (fold(state), after.scope if after else "", after.code if after else "", limit),
        )

    def changed(self, kind: type[S], after: ChangePosition, *, limit: int) -> list[tuple[ChangePosition, S]]:
        """Return up to ``limit`` existing entities that changed after the position ``after``, oldest first.

        Each comes with its own position, from which the next call continues.
        """
        found = self.connection.execute(
            f"""SELECT l.n, l.seq, l.since, CAST(v.text AS BLOB) FROM {KINDS[kind].table} l
                CROSS JOIN version v ON v.seq = l.seq
                WHERE (l.since, l.scope, l.code) > (?, ?, ?) ORDER BY l.since, l.scope, l.code LIMIT ?""",
            (*after, limit),
        ).fetchall()
        entities = []
        for n, seq, as_at, text in found:
            entity = decode_entity(kind, text)
            self._rows[kind, entity.id] = (n, seq)
            entities.append(((as_at, entity.id.scope, entity.id.code), entity))
        return entities

    def _row(self, type: type[Any], id: ResourceId) -> tuple[int, int]:
        row = self._rows.get((type, id)) or self._find(KINDS[type], id)
        if row is None:
            raise StoreError(f"{KINDS[type].name} {id} is not stored.")
        return row

    # -- replies kept for idempotency keys -----------------------------------------------------------

    def kept_reply(self, key: str, now: int) -> tuple[bytes, bytes] | None:
        """Return the digest of the request kept under ``key`` and its reply, or None."""
        row: tuple[bytes, bytes] | None = self.connection.execute(
            "SELECT digest, body FROM reply WHERE key = ? AND at > ?", (key, now - REPLIES_KEPT_US)
        ).fetchone()
        return row

    def keep_reply(self, key: str, digest: bytes, now: int, body: bytes) -> None:
        """Keep a reply under ``key`` and delete those whose time is over."""
        self.connection.execute("DELETE FROM reply WHERE at <= ?", (now - REPLIES_KEPT_US,))
        self.connection.execute("INSERT OR REPLACE INTO reply VALUES (?,?,?,?)", (key, digest, now, body))

    # -- the journal -----------------------------------------------------------------------------------

    def _read_head(self) -> Head:
        row = self.connection.execute(
            "SELECT seq, chain, as_at FROM version ORDER BY seq DESC LIMIT 1"
        ).fetchone()
        numbers = [
            self.connection.execute("SELECT max(n) FROM version WHERE kind = ?", (kind.number,)).fetchone()[0]
            for kind in KINDS.values()
        ]
        seq, chain, as_at = row or (0, b"", 0)
        return Head(seq, chain, as_at, tuple(number or 0 for number in numbers))

    def broken_link(self) -> int | None:
        """Check the journal's hash chain; return the first row that does not match it, or None."""
        from tui.oms.store.damage import broken_link  # which most starts do not need

        return broken_link(self.connection)
