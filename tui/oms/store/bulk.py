"""Many calls on an empty database as one: entities are read from memory, rows written in few statements.

Each call adds what it would add on its own, with the same numbers and times. What later calls of the same
bulk replace is written once, in its last state; the journal and the past of the order graph keep every step.
"""

from __future__ import annotations

import sqlite3
from bisect import insort
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from tui.api.base import ResourceId
from tui.api.entity_relations import Relation
from tui.oms.domain.times import to_micros
from tui.oms.domain.unit_of_work import BEGINNING, Context, EntityChange, S, Stored
from tui.oms.store.batch import Batch, Head, Row, insert
from tui.oms.store.files import StoreError
from tui.oms.store.json_cache import JsonCache
from tui.oms.store.schema import GRAPHED, KINDS, new_references

MOST_WAITING: Final = 5_000
"""Rows of the journal that wait to be written: they are the larger part of all rows."""

_Place = tuple[int, ResourceId]
"""The permanent number of an entity and its id."""


class Bulk:
    """The calls of one bulk, which began on an empty database. Not thread-safe."""

    def __init__(self, connection: sqlite3.Connection, head: Head) -> None:
        self._connection = connection
        self._batch = Batch(head, head.as_at, Context(BEGINNING, "", ""), JsonCache())
        self._entities: dict[tuple[type[Any], ResourceId], tuple[int, int, Any]] = {}
        self._related: defaultdict[str, defaultdict[ResourceId, list[_Place]]] = defaultdict(
            lambda: defaultdict(list)
        )
        self._texts: dict[int, bytes] = {}
        self._graph: dict[type[Any], dict[int, tuple[int, bytes]]] = {each: {} for each in GRAPHED}
        self._past: list[Row] = []
        self._indexes: list[str] = []
        self._is_whole = True

    @property
    def head(self) -> Head:
        """The end of the journal so far."""
        return self._batch.head

    def next_as_at(self, now: datetime) -> int:
        """Return the asAt of a call at ``now``, later than that of every call before it."""
        return max(to_micros(now), self._batch.as_at + 1)

    def json_cache(self) -> JsonCache:
        """Return the cache of a call, which knows the JSON of what has an entry in the order graph."""
        return JsonCache(self._texts)

    # -- the current state, for a unit of work ---------------------------------------------------------------

    def get(self, kind: type[S], id: ResourceId) -> S | None:
        """Return the current version, or None when the entity does not exist or is deleted."""
        found = self._entities.get((kind, id))
        return found[2] if found is not None else None

    def get_all(self, kind: type[S], ids: Collection[ResourceId]) -> list[S]:
        """Return the current versions of those of ``ids`` that exist."""
        known = self._entities
        return [found[2] for id in ids if (found := known.get((kind, id))) is not None]

    def related(self, relation: Relation[S], target: ResourceId) -> list[S]:
        """Return the current entities that refer to ``target``, or once did, oldest first."""
        return self.related_all(relation, (target,)) if target in self._related[relation.name] else []

    def related_all(self, relation: Relation[S], targets: Iterable[ResourceId]) -> list[S]:
        """Return the current entities that refer to any of ``targets``, or once did.

        Those of one target come oldest first.
        """
        known, kind, entities = self._related[relation.name], relation.kind, self._entities
        return [
            found[2]
            for target in targets
            for n, id in known.get(target, ())
            if (found := entities.get((kind, id))) is not None and found[0] == n
        ]

    # -- writing -----------------------------------------------------------------------------------

    def append(
        self, changes: Sequence[EntityChange], context: Context, as_at: int, json_cache: JsonCache
    ) -> None:
        """Append the versions of a committed unit of work; ``json_cache`` keeps their JSON."""
        self._is_whole = False
        batch = self._batch
        batch.begin(as_at, context, json_cache)
        for change in changes:
            before, after = change.before, change.after
            if before is None:
                assert after is not None
                n, seq = batch.make(after)
            else:
                n, seq, _ = self._entities.pop((type(before), before.id))
                self._texts.pop(id(before), None)
                if after is None:
                    batch.delete(n, seq, before)
                    continue
                seq = batch.change(n, seq, before, after)
            self._entities[type(after), after.id] = (n, seq, after)
            self._relate(n, before, after)
            if type(after) in self._graph:
                self._texts[id(after)] = json_cache.text(after)
        if batch.waiting > MOST_WAITING:
            self._drop_indexes()
            batch.write_journal(self._connection)

    def _relate(self, n: int, before: Stored | None, after: Stored) -> None:
        for _, relation, target in new_references(before, after):
            places = self._related[relation.name][target]
            if (n, after.id) not in places:
                insort(places, (n, after.id))

    def store_graph(self, type: type[Any], entries: Mapping[ResourceId, bytes | None], as_at: int) -> None:
        """Store new order graph entries of blocks or placements, by id; None for a deleted one."""
        number, graph = KINDS[type].number, self._graph[type]
        for id, text in entries.items():
            found = self._entities.get((type, id))
            if text is None:
                for n in self._batch.gone_numbers(KINDS[type], id):
                    if (entry := graph.pop(n, None)) is not None:
                        self._past.append((number, n, entry[0], as_at, entry[1].decode()))
            if text is None or found is None:
                continue
            n = found[0]
            entry = graph.get(n)
            if entry is None or entry[1] != text:
                graph[n] = (as_at, text)
                if entry is not None:
                    self._past.append((number, n, entry[0], as_at, entry[1].decode()))
        self._is_whole = type is GRAPHED[-1]
        if len(self._past) > MOST_WAITING:
            self._write_past()

    def _drop_indexes(self) -> None:
        """Drop the indexes of a large bulk: made at the end, each takes half the time."""
        if not self._indexes:
            found = self._connection.execute(
                "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
            ).fetchall()
            for name, sql in found:
                self._connection.execute(f"DROP INDEX {name}")
                self._indexes.append(sql)

    def _write_past(self) -> None:
        insert(self._connection, "INSERT INTO graph_past", self._past)
        self._past.clear()

    def write(self) -> None:
        """Write what still waits.

        Raises:
            StoreError: a call failed in the middle of its changes.
        """
        if not self._is_whole:
            raise StoreError("Nothing was written: a call failed in the middle of its changes.")
        for read_from in (self._entities, self._related, self._texts):
            read_from.clear()  # makes room: nothing is read any more
        self._batch.write(self._connection)
        self._write_past()
        for type, graph in self._graph.items():
            rows = [(n, since, text.decode()) for n, (since, text) in sorted(graph.items())]
            insert(self._connection, f"INSERT INTO graph_{KINDS[type].name}", rows)
        for sql in self._indexes:
            self._connection.execute(sql)
