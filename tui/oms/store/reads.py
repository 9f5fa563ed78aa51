"""Reads of the store: entities as they were at any time, and the rows of a page.

A :class:`StoreReader` on a connection of its own sees one snapshot of the desk inside
:meth:`StoreReader.snapshot`, whatever is written meanwhile. Such a connection neither writes nor checkpoints:
SQLite before 3.51.3 may lose pages when two connections do so at once.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, Generic

import msgspec

from tui.api.base import ResourceId
from tui.api.entity_relations import Relation
from tui.oms.domain.unit_of_work import RELATIONS, S
from tui.oms.store.schema import KINDS, EntityTable

RELATION_NUMBERS: Final = {relation.name: number for number, relation in enumerate(RELATIONS)}


class VersionRecord(msgspec.Struct, Generic[S], frozen=True):
    """One version from the journal, with who wrote it when; ``entity`` is None for a deletion.

    ``as_at`` is in microseconds since 1970.
    """

    as_at: int
    user: str
    request_id: str
    number: int
    entity: S | None


class StoreReader:
    """The reads of one connection. Not thread-safe: one thread at a time."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    @property
    def last(self) -> int:
        """The asAt of the newest change, in microseconds since 1970; 0 when there is none."""
        row = self.connection.execute("SELECT as_at FROM version ORDER BY seq DESC LIMIT 1").fetchone()
        return row[0] if row else 0

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Read from one snapshot of the database inside."""
        self.connection.execute("BEGIN")
        try:
            yield
        finally:
            self.connection.execute("ROLLBACK")

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()

    def text(self, type: type[Any], id: ResourceId, as_at: int) -> bytes | None:
        """Return an entity's JSON as it was at ``as_at`` (microseconds), None if it did not exist then."""
        for n in self.numbers(type, id):
            row = self.connection.execute(
                """SELECT CAST(text AS BLOB) FROM version WHERE kind = ? AND n = ? AND as_at <= ?
                    ORDER BY seq DESC LIMIT 1""",
                (KINDS[type].number, n, as_at),
            ).fetchone()
            if row is not None and row[0] is not None:
                found: bytes = row[0]
                return found
        return None

    def numbers(self, type: type[Any], id: ResourceId) -> list[int]:
        """Return the numbers of the entities that ever had this id, the existing one first."""
        kind = KINDS[type]
        row = self._find(kind, id)
        return [*([row[0]] if row else ()), *self._gone_numbers(kind, id)]

    def versions(self, type: type[S], n: int, as_at: int) -> list[VersionRecord[S]]:
        """Return all versions of entity number ``n`` up to ``as_at`` (microseconds), oldest first."""
        rows = self.connection.execute(
            """SELECT as_at, user, request, number, CAST(text AS BLOB) FROM version
                WHERE kind = ? AND n = ? AND as_at <= ? ORDER BY seq""",
            (KINDS[type].number, n, as_at),
        ).fetchall()
        return [
            VersionRecord(at, user, request, number, None if text is None else decode_entity(type, text))
            for at, user, request, number, text in rows
        ]

    def ever_related(self, relation: Relation[Any], target: ResourceId) -> list[int]:
        """Return the numbers of the entities that ever referred to ``target``, oldest first."""
        rows = self.connection.execute(
            "SELECT n FROM link WHERE relation = ? AND code = ? AND scope = ? ORDER BY n",
            (RELATION_NUMBERS[relation.name], target.code, target.scope),
        )
        return [n for (n,) in rows]

    def _find(self, kind: EntityTable, id: ResourceId) -> tuple[int, int] | None:
        row: tuple[int, int] | None = self.connection.execute(
            f"SELECT n, seq FROM {kind.table} WHERE scope = ? AND code = ?", (id.scope, id.code)
        ).fetchone()
        return row

    def _gone_numbers(self, kind: EntityTable, id: ResourceId) -> list[int]:
        rows = self.connection.execute(
            "SELECT n FROM gone WHERE kind = ? AND scope = ? AND code = ? ORDER BY n DESC",
            (kind.number, id.scope, id.code),
        )
        return [n for (n,) in rows]


_DECODERS: Final[dict[type[Any], msgspec.json.Decoder[Any]]] = {}
"""The decoders by entity type, each created when it is first needed, because that is slow."""


def decode_entity(kind: type[S], text: bytes) -> S:
    """Return the entity whose stored JSON is ``text``."""
    decoder = _DECODERS.get(kind) or _DECODERS.setdefault(kind, msgspec.json.Decoder(kind))
    entity: S = decoder.decode(text)
    return entity
