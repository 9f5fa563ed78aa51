"""The rows one call adds: collected change by change, then written table by table, many rows a statement."""

from __future__ import annotations

import hashlib
import sqlite3
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any, Final

import msgspec

from tui.api.base import ResourceId
from tui.oms.domain.unit_of_work import Context, Stored
from tui.oms.store.json_cache import JsonCache
from tui.oms.store.schema import EntityTable, kind_of, new_references

ROWS_PER_STATEMENT: Final = (250, 50, 10, 1)
"""The numbers of rows in one statement: few sizes, because the connection caches its statements."""

_HEAD: Final = msgspec.json.Encoder()

Row = tuple[Any, ...]


class Head(msgspec.Struct, frozen=True):
    """The end of the journal, which the next row is chained to."""

    seq: int
    chain: bytes
    as_at: int
    numbers: tuple[int, ...]


class Batch:
    """The rows a call's changes add to each table, all at one asAt, after ``head``."""

    def __init__(self, head: Head, as_at: int, context: Context, json_cache: JsonCache) -> None:
        self.as_at = as_at
        self._context = context
        self._json_cache = json_cache
        self._seq, self._chain = head.seq, head.chain
        self._numbers = list(head.numbers)
        self._versions: list[Row] = []
        self._closed: list[Row] = []
        self._gone: list[Row] = []
        self._made: defaultdict[EntityTable, dict[int, Row]] = defaultdict(dict)
        self._moved: defaultdict[EntityTable, list[Row]] = defaultdict(list)
        self._changed: defaultdict[EntityTable, list[Row]] = defaultdict(list)
        self._deleted: defaultdict[EntityTable, list[Row]] = defaultdict(list)
        self._links: list[Row] = []
        self._mixes: defaultdict[EntityTable, dict[Row, None]] = defaultdict(dict)

    def begin(self, as_at: int, context: Context, json_cache: JsonCache) -> None:
        """Let what follows be of another call."""
        self.as_at = as_at
        self._context = context
        self._json_cache = json_cache

    @property
    def waiting(self) -> int:
        """The number of rows of the journal that are not written yet."""
        return len(self._versions)

    def gone_numbers(self, kind: EntityTable, id: ResourceId) -> list[int]:
        """Return the numbers of the entities of this id that were deleted in this batch."""
        return [
            n
            for number, scope, code, n in self._gone
            if (number, scope, code) == (kind.number, id.scope, id.code)
        ]

    @property
    def head(self) -> Head:
        """The end of the journal after this batch."""
        return Head(self._seq, self._chain, self.as_at, tuple(self._numbers))

    def make(self, after: Stored) -> tuple[int, int]:
        """Add a new entity; return its permanent number and the sequence number of its version."""
        kind = kind_of(after)
        self._numbers[kind.number] += 1
        n = self._numbers[kind.number]
        seq = self._journal(kind, n, after, self._json_cache.encode_and_keep(after))
        values = self._values(kind, after)
        self._made[kind][n] = (n, seq, self.as_at, after.id.scope, after.id.code, *values)
        self._link(n, None, after)
        return n, seq

    def change(self, n: int, old: int, before: Stored, after: Stored) -> int:
        """Add the version of entity number ``n`` that follows ``old``; return its sequence number."""
        kind = kind_of(after)
        self._closed.append((old, kind.number, self.as_at))
        seq = self._journal(kind, n, after, self._json_cache.encode_and_keep(after))
        values = self._values(kind, after)
        if n in self._made[kind]:
            self._made[kind][n] = (n, seq, self.as_at, after.id.scope, after.id.code, *values)
        elif values == kind.indexed_values(before):
            self._moved[kind].append((seq, self.as_at, n))
        else:
            self._changed[kind].append((seq, self.as_at, *values, n))
        self._link(n, before, after)
        return seq

    def delete(self, n: int, old: int, before: Stored) -> None:
        """Add the deletion of entity number ``n``, whose last version was ``old``."""
        kind = kind_of(before)
        self._closed.append((old, kind.number, self.as_at))
        self._journal(kind, n, before, None)
        if self._made[kind].pop(n, None) is None:
            self._deleted[kind].append((n,))
        self._gone.append((kind.number, before.id.scope, before.id.code, n))

    def write(self, connection: sqlite3.Connection) -> None:
        """Write all rows."""
        self.write_journal(connection)
        insert(connection, "INSERT INTO gone", self._gone)
        for kind, made in self._made.items():
            insert(connection, f"INSERT INTO {kind.table}", list(made.values()))
        for kind, rows in self._moved.items():
            connection.executemany(f"UPDATE {kind.table} SET seq = ?, since = ? WHERE n = ?", rows)
        for kind, rows in self._changed.items():
            sets = ", ".join(f"{name} = ?" for name in ("seq", "since", *kind.columns))
            connection.executemany(f"UPDATE {kind.table} SET {sets} WHERE n = ?", rows)
        for kind, rows in self._deleted.items():
            connection.executemany(f"DELETE FROM {kind.table} WHERE n = ?", rows)
        for kind, mixes in self._mixes.items():
            same = " AND ".join(
                f"{name} IS ?{place}" for place, name in enumerate(kind.columns[: kind.low_cardinality], 1)
            )
            marks = ", ".join(f"?{place}" for place in range(1, kind.low_cardinality + 1))
            connection.executemany(
                f"""INSERT INTO {kind.combination_table} SELECT {marks}
                    WHERE NOT EXISTS (SELECT 1 FROM {kind.combination_table} WHERE {same})""",
                list(mixes),
            )

    def write_journal(self, connection: sqlite3.Connection) -> None:
        """Write the rows that no later change of this batch replaces."""
        insert(connection, "INSERT INTO version", self._versions)
        insert(connection, "INSERT INTO closed", self._closed)
        insert(connection, "INSERT OR IGNORE INTO link", self._links)
        for rows in (self._versions, self._closed, self._links):
            rows.clear()

    def _journal(self, kind: EntityTable, n: int, entity: Stored, text: bytes | None) -> int:
        """Add a row to the journal, without text for a deletion, and return its sequence number."""
        self._seq += 1
        number = (entity.version.as_at_version_number if entity.version else None) or 1
        id, context = entity.id, self._context
        head = (
            self._seq,
            kind.number,
            n,
            id.scope,
            id.code,
            number + (text is None),
            self.as_at,
            context.user,
            context.request_id,
        )
        self._chain = chained(self._chain, head, text or b"")
        self._versions.append((*head, None if text is None else text.decode(), self._chain))
        return self._seq

    def _values(self, kind: EntityTable, entity: Stored) -> Row:
        """Return the indexed columns of ``entity`` and note its combination of low-cardinality values."""
        values = kind.indexed_values(entity)
        if kind.low_cardinality:
            self._mixes[kind][values[: kind.low_cardinality]] = None
        return values

    def _link(self, n: int, before: Stored | None, after: Stored) -> None:
        self._links += [(number, to.code, to.scope, n) for number, _, to in new_references(before, after)]


def chained(previous: bytes, head: Row, text: bytes) -> bytes:
    """Return the SHA-256 that chains a journal row to the one before it, whose hash is ``previous``."""
    return hashlib.sha256(previous + _HEAD.encode(head) + text).digest()


def insert(connection: sqlite3.Connection, into: str, rows: Sequence[Row], rest: str = "") -> None:
    """Insert ``rows``, each with a value for every column; ``rest`` is the SQL after the values."""
    for values, part in in_parts(rows):
        connection.execute(f"{into} {values} {rest}", part)


def in_parts(rows: Sequence[Row]) -> Iterator[tuple[str, list[Any]]]:
    """Yield ``rows`` in parts of few sizes: the SQL of their VALUES clause and its parameters."""
    begin = 0
    for size in ROWS_PER_STATEMENT:
        while len(rows) - begin >= size:
            row = f"({','.join('?' * len(rows[begin]))})"
            part = rows[begin : begin + size]
            yield f"VALUES {','.join([row] * size)}", [*chain.from_iterable(part)]
            begin += size
