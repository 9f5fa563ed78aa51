"""Writes changes and reads entities: one connection, used by one thread at a time.

The store decides nothing about the desk. It gives a :class:`~tui.oms.book.Book` what is stored, appends
what a sealed book changed as one transaction, and remembers every earlier state.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import msgspec

from tui.api import gate
from tui.api.shapes import ResourceId
from tui.oms.book import Change, Context, Relation, S, Stored
from tui.oms.store.files import FileLock, StoreError, open_database
from tui.oms.store.reads import RELATION_NUMBERS, Reads, decoded
from tui.oms.store.schema import KINDS, Kind, kind_of
from tui.oms.times import micros

REPLIES_KEPT_US: Final = 24 * 3600 * 1_000_000
"""How long the answer to an idempotency key is kept, in microseconds."""

Place = tuple[int, str, str]
"""Where an entity stands among the changes: the asAt of its newest version, its scope, its code."""

_RELATIONS: Final = {kind: kind.relations for kind in KINDS.values()}


class _Head(msgspec.Struct, frozen=True):
    """Where the journal ends: what the next row follows on from."""

    seq: int
    chain: bytes
    as_at: int
    numbers: tuple[int, ...]


class Store(Reads):
    """The database of one desk. Not thread-safe: the engine lets one thread in at a time."""

    def __init__(
        self, connection: sqlite3.Connection, lock: FileLock | None, file: Path | None = None
    ) -> None:
        super().__init__(connection)
        self.file = file
        self._lock = lock
        self._rows: dict[tuple[type[Any], ResourceId], tuple[int, int]] = {}
        self._depth = 0
        self._head = self._read_head()

    @classmethod
    def open(cls, path: Path | None, *, fresh: bool = False) -> Store:
        """Open the database at ``path``, made if missing; None keeps it in memory.

        ``fresh`` throws away what was there.

        Raises:
            StoreError: it cannot be used; the message says why.
        """
        return cls(*open_database(path, fresh=fresh), path)

    def close(self) -> None:
        """End cleanly: what is in the write-ahead log moves into the file, and the lock is given back."""
        super().close()
        if self._lock is not None:
            self._lock.release()

    @property
    def last(self) -> int:
        """The asAt of the newest change, in microseconds since 1970; 0 when there is none."""
        return self._head.as_at

    def next_as_at(self, now: datetime) -> int:
        """Give the asAt of a call at ``now``: the clock never goes back and no two calls share a tick."""
        return max(micros(now), self._head.as_at + 1)

    def is_empty(self) -> bool:
        """Tell whether nothing was ever written."""
        return self._head.seq == 0

    # -- transactions ------------------------------------------------------------------------------

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit everything written inside, or nothing when it raises. May be nested.

        Raises:
            StoreError: the disk would not take it; nothing was written.
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

    def append(self, changes: Sequence[Change], context: Context, as_at: int) -> None:
        """Append the versions of a sealed book and move the current rows along."""
        batch = _Batch(self._head, as_at, context)
        for change in changes:
            self._append_one(change, batch)
        execute = self.connection.executemany
        execute("INSERT INTO version VALUES (?,?,?,?,?,?,?,?,?,?,?)", batch.versions)
        execute("INSERT INTO closed VALUES (?,?,?)", batch.closed)
        execute("INSERT INTO gone VALUES (?,?,?,?)", batch.gone)
        for kind, rows in batch.made.items():
            marks = ",".join("?" * (5 + len(kind.hot)))
            execute(f"INSERT INTO {kind.table} VALUES ({marks})", rows)
        for kind, rows in batch.moved.items():
            execute(f"UPDATE {kind.table} SET seq = ?, since = ? WHERE n = ?", rows)
        for kind, rows in batch.changed.items():
            sets = ", ".join(f"{name} = ?" for name in ("seq", "since", *kind.columns))
            execute(f"UPDATE {kind.table} SET {sets} WHERE n = ?", rows)
        for kind, rows in batch.deleted.items():
            execute(f"DELETE FROM {kind.table} WHERE n = ?", rows)
        execute("INSERT OR IGNORE INTO link VALUES (?,?,?,?)", batch.links)
        self._head = batch.head

    def _append_one(self, change: Change, batch: _Batch) -> None:
        before, after = change.before, change.after
        entity = after if after is not None else before
        assert entity is not None
        kind = kind_of(entity)
        key = (kind.type, entity.id)
        if before is None:
            n = batch.number(kind)
        else:
            n, old = self._row(kind, entity.id)
            batch.closed.append((old, kind.number, batch.as_at))
        seq = batch.journal(kind, n, entity, deleted=after is None)
        self._rows[key] = (n, seq)
        if after is None:
            batch.deleted.setdefault(kind, []).append((n,))
            batch.gone.append((kind.number, entity.id.scope, entity.id.code, n))
            del self._rows[key]
            return
        values = kind.values(after)
        if before is None:
            row = (n, seq, batch.as_at, after.id.scope, after.id.code, *values)
            batch.made.setdefault(kind, []).append(row)
        elif values == kind.values(before):
            batch.moved.setdefault(kind, []).append((seq, batch.as_at, n))
        else:
            batch.changed.setdefault(kind, []).append((seq, batch.as_at, *values, n))
        for number, relation in _RELATIONS[kind]:
            known = set(relation.targets(before)) if before is not None else ()
            batch.links += [
                (number, to.code, to.scope, n) for to in relation.targets(after) if to not in known
            ]

    def draw(self, type: type[Any], entries: Mapping[ResourceId, bytes | None], as_at: int) -> None:
        """Store the order graph's new entries of blocks or placements; None where it is deleted."""
        kind = KINDS[type]
        table = f"graph_{kind.name}"
        drawn, erased = [], []
        for id, text in entries.items():
            row = self._rows.get((type, id)) or self._find(kind, id)
            if text is not None and row is not None:
                drawn.append((row[0], as_at, text.decode()))
            elif text is None:
                erased += self._gone_numbers(kind, id)
        execute = self.connection.executemany
        ends = [(kind.number, as_at, n, text) for n, _, text in drawn]
        keep = f"INSERT INTO graph_past SELECT ?, n, since, ?, text FROM {table} WHERE n = ?"
        execute(f"{keep} AND text <> ?", ends)
        execute(
            f"""INSERT INTO {table} VALUES (?, ?, ?) ON CONFLICT (n) DO UPDATE
                SET since = excluded.since, text = excluded.text WHERE text <> excluded.text""",
            drawn,
        )
        execute(keep, [(kind.number, as_at, n) for n in erased])
        execute(f"DELETE FROM {table} WHERE n = ?", [(n,) for n in erased])

    # -- the current state, for a book ---------------------------------------------------------------

    def get(self, kind: type[S], id: ResourceId) -> S | None:
        """Give the current version, or None when it does not exist (or is deleted)."""
        table = KINDS[kind].table
        found = self.connection.execute(
            f"""SELECT l.n, l.seq, CAST(v.text AS BLOB) FROM {table} l CROSS JOIN version v ON v.seq = l.seq
                WHERE l.scope = ? AND l.code = ?""",
            (id.scope, id.code),
        ).fetchone()
        if found is None:
            return None
        n, seq, text = found
        self._rows[kind, id] = (n, seq)
        return decoded(kind, text)

    def related(self, relation: Relation[S], target: ResourceId) -> Iterable[S]:
        """Give the current entities that point at ``target``, or once did, oldest first."""
        kind = relation.kind
        found = self.connection.execute(
            f"""SELECT l.n, l.seq, CAST(v.text AS BLOB) FROM link k
                CROSS JOIN {KINDS[kind].table} l ON l.n = k.n CROSS JOIN version v ON v.seq = l.seq
                WHERE k.relation = ? AND k.code = ? AND k.scope = ? ORDER BY k.n""",
            (RELATION_NUMBERS[relation.name], target.code, target.scope),
        ).fetchall()
        entities = []
        for n, seq, text in found:
            entity = decoded(kind, text)
            self._rows[kind, entity.id] = (n, seq)
            entities.append(entity)
        return entities

    def in_state(self, kind: type[S], state: str, *, after: ResourceId | None = None, limit: int) -> list[S]:
        """Give up to ``limit`` entities in ``state`` (any case), by id, those behind ``after``."""
        found = self.connection.execute(
            f"""SELECT l.n, l.seq, CAST(v.text AS BLOB) FROM {KINDS[kind].table} l
                CROSS JOIN version v ON v.seq = l.seq
                WHERE l.state = ? AND (l.scope, l.code) > (?, ?) ORDER BY l.scope, l.code LIMIT ?""",
            (state, after.scope if after else "", after.code if after else "", limit),
        ).fetchall()
        entities = []
        for n, seq, text in found:
            entity = decoded(kind, text)
            self._rows[kind, entity.id] = (n, seq)
            entities.append(entity)
        return entities

    def changed(self, kind: type[S], behind: Place, *, limit: int) -> list[tuple[Place, S]]:
        """Give up to ``limit`` existing entities whose newest version is behind ``behind``, oldest first.

        Each comes with its own place, to go on from.
        """
        found = self.connection.execute(
            f"""SELECT l.n, l.seq, l.since, CAST(v.text AS BLOB) FROM {KINDS[kind].table} l
                CROSS JOIN version v ON v.seq = l.seq
                WHERE (l.since, l.scope, l.code) > (?, ?, ?) ORDER BY l.since, l.scope, l.code LIMIT ?""",
            (*behind, limit),
        ).fetchall()
        entities = []
        for n, seq, as_at, text in found:
            entity = decoded(kind, text)
            self._rows[kind, entity.id] = (n, seq)
            entities.append(((as_at, entity.id.scope, entity.id.code), entity))
        return entities

    def _row(self, kind: Kind, id: ResourceId) -> tuple[int, int]:
        row = self._rows.get((kind.type, id)) or self._find(kind, id)
        if row is None:
            raise StoreError(f"{kind.name} {id} is not stored.")
        return row

    # -- replies kept for idempotency keys -----------------------------------------------------------

    def recall(self, key: str, now: int) -> tuple[bytes, bytes] | None:
        """Give the digest of the request kept under ``key`` and its answer, while they are kept."""
        row: tuple[bytes, bytes] | None = self.connection.execute(
            "SELECT digest, body FROM reply WHERE key = ? AND at > ?", (key, now - REPLIES_KEPT_US)
        ).fetchone()
        return row

    def remember(self, key: str, digest: bytes, now: int, body: bytes) -> None:
        """Keep an answer under ``key`` and forget those kept long enough."""
        self.connection.execute("DELETE FROM reply WHERE at <= ?", (now - REPLIES_KEPT_US,))
        self.connection.execute("INSERT OR REPLACE INTO reply VALUES (?,?,?,?)", (key, digest, now, body))

    # -- the journal -----------------------------------------------------------------------------------

    def _read_head(self) -> _Head:
        row = self.connection.execute(
            "SELECT seq, chain, as_at FROM version ORDER BY seq DESC LIMIT 1"
        ).fetchone()
        numbers = [
            self.connection.execute("SELECT max(n) FROM version WHERE kind = ?", (kind.number,)).fetchone()[0]
            for kind in KINDS.values()
        ]
        seq, chain, as_at = row or (0, b"", 0)
        return _Head(seq, chain, as_at, tuple(number or 0 for number in numbers))

    def broken_link(self) -> int | None:
        """Check the journal's chain; give the first row that does not follow on from the one before it."""
        chain = b""
        rows = self.connection.execute(
            """SELECT seq, kind, n, scope, code, number, as_at, user, request, CAST(text AS BLOB), chain
                FROM version ORDER BY seq"""
        )
        for *head, text, stored in rows:
            chain = _chained(chain, tuple(head), text or b"")
            if chain != stored:
                seq: int = head[0]
                return seq
        return None


class _Batch:
    """The rows one call adds, gathered so that each table is written once."""

    def __init__(self, head: _Head, as_at: int, context: Context) -> None:
        self.as_at = as_at
        self.versions: list[tuple[Any, ...]] = []
        self.closed: list[tuple[int, int, int]] = []
        self.gone: list[tuple[int, str, str, int]] = []
        self.made: dict[Kind, list[tuple[Any, ...]]] = {}
        self.moved: dict[Kind, list[tuple[Any, ...]]] = {}
        self.changed: dict[Kind, list[tuple[Any, ...]]] = {}
        self.deleted: dict[Kind, list[tuple[int]]] = {}
        self.links: list[tuple[int, str, str, int]] = []
        self._context = context
        self._seq, self._chain = head.seq, head.chain
        self._numbers = list(head.numbers)

    @property
    def head(self) -> _Head:
        return _Head(self._seq, self._chain, self.as_at, tuple(self._numbers))

    def number(self, kind: Kind) -> int:
        self._numbers[kind.number] += 1
        return self._numbers[kind.number]

    def journal(self, kind: Kind, n: int, entity: Stored, *, deleted: bool) -> int:
        """Add the journal's row and give its sequence number."""
        self._seq += 1
        version = (entity.version.as_at_version_number if entity.version else None) or 1
        text = b"" if deleted else gate.encode(entity)
        context = self._context
        head = (
            self._seq,
            kind.number,
            n,
            entity.id.scope,
            entity.id.code,
            version + deleted,
            self.as_at,
            context.user,
            context.request_id,
        )
        self._chain = _chained(self._chain, head, text)
        self.versions.append((*head, None if deleted else text.decode(), self._chain))
        return self._seq


def _chained(previous: bytes, head: tuple[Any, ...], text: bytes) -> bytes:
    return hashlib.sha256(previous + msgspec.json.encode(head) + text).digest()
