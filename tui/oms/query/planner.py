"""How the live rows of a list are read, so that a page costs the same whatever the size of the table.

A list is read in phases, one after the other until the page is full. Each phase is a merge of arms, and
every arm comes from an index in the order of the phase:

- the fields of few values (state, side) share an index, and the combinations there are of them are known:
  a filter on them chooses combinations, each of which is an arm; a sort by them is a phase for each value;
- a list that asks for some values of another field with an index has an arm for each value;
- a sort by a field with an index is first the rows that have a value, then those that have none. Where
  the ids go the other way than the values do, it takes some values at a time.

Where an index finds so few rows that sorting them is cheaper than to walk past others, they are sorted.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import groupby, islice
from typing import Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from tui.oms.query.nodes import Both, Exists, Node, Not, Some, Test
from tui.oms.query.queryable_fields import Fields, Leaf, QueryableField, Sql, joined
from tui.oms.query.sorting import Cursor, Key, Sort
from tui.oms.store.schema import EntityTable

FEW: Final = 5_000
"""So many rows are sorted sooner than an index is walked past all others."""
MOST_ARMS: Final = 64
MOST_MARKS: Final = 20_000
"""So many question marks the arms of one phase may have."""

_RANGES: Final = frozenset({"lt", "lte", "gt", "gte", "startswith", "eq", "in"})
_INDEXES: Final = {"scope": "id", "code": "named"}

Mix = tuple[str | None, ...]


class IndexScan(Struct, frozen=True):
    """Rows from a range of an index; ``index`` None leaves the way to them to SQLite."""

    index: str | None
    conditions: tuple[Sql, ...] = ()


class FilterPart(Struct, frozen=True, eq=False):
    """A part of a filter that must hold, and the fields it may be about."""

    fields: Fields
    node: Node

    def about(self) -> list[QueryableField]:
        """Give the fields it is about, in their order."""
        return [self.fields.find(name) for name in _names(self.node)]

    def condition(self, *, live: bool) -> Sql:
        """Give it as SQL over live rows, or over any version."""
        from tui.oms.query.conditions import Conditions  # most lists ask for everything

        return Conditions(self.fields, live=live).of(self.node)


def parts_of(fields: Fields, node: Node | None) -> tuple[FilterPart, ...]:
    """Give the parts of a filter that must all hold."""
    if isinstance(node, Both) and not node.either:
        return tuple(part for each in node.parts for part in parts_of(fields, each))
    return () if node is None else (FilterPart(fields, node),)


class Phase(Struct, frozen=True):
    """A part of a list: its arms, what is asked of their rows, and the order they are merged in.

    ``parts`` are those of the filter that the arms do not answer by themselves.
    """

    arms: tuple[IndexScan, ...]
    order: str
    parts: tuple[FilterPart, ...]
    conditions: tuple[Sql, ...] = ()


class Plan:
    """The phases of the live half of one list, from the cursor on."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        kind: EntityTable,
        sort: Sort,
        parts: Sequence[FilterPart],
        cursor: Cursor | None,
    ) -> None:
        self._connection = connection
        self._kind = kind
        self._table = kind.table
        self._sort = sort
        self._parts = tuple(parts)
        self._cursor = cursor
        keys = sort.keys
        self._leading = next((place for place, key in enumerate(keys) if not key.field.few), len(keys))
        self._by_since = len(keys) == self._leading + 1 and keys[-1].field.leaf is Leaf.SINCE

    def phases(self) -> Iterator[Phase]:
        """Give them in their order."""
        keys = self._sort.keys
        if (few := self._few_rows()) is not None:
            yield self._sorted(few)
        elif not keys and (found := self._arms_by_value())[0]:
            yield from self._ordered(found[0], self._without(found[1]), self._cursor)
        elif (len(keys) == self._leading or self._by_since) and self._mixes is not None:
            yield from self._mixed(self._mixes)
        elif not keys:
            arms, answered = self._arms_by_scope()
            yield from self._ordered(arms, self._without(answered), self._cursor)
        elif self._by_since and len(keys) == 1:
            yield from self._ordered((self._arm("since"),), self._parts, self._cursor)
        elif len(keys) == 1 and keys[0].field.hot and not keys[0].field.few:
            yield from self._by_column(keys[0])
        else:
            yield self._sorted((IndexScan(None),))

    def _arm(self, index: str, *conditions: Sql) -> IndexScan:
        return IndexScan(f"{self._table}_{_INDEXES.get(index, index)}", conditions)

    def _sorted(self, arms: tuple[IndexScan, ...]) -> Phase:
        rest = (self._sort.after(self._cursor, live=True),) if self._cursor else ()
        return Phase(arms, self._sort.order, self._parts, rest)

    def _without(self, answered: Sequence[FilterPart]) -> tuple[FilterPart, ...]:
        return tuple(part for part in self._parts if part not in answered)

    @cached_property
    def _about(self) -> list[tuple[FilterPart, list[QueryableField]]]:
        return [(part, part.about()) for part in self._parts]

    # -- few rows --------------------------------------------------------------------------------------

    def _few_rows(self) -> tuple[IndexScan, ...] | None:
        """Give the arms that find few rows, unless they come in the order of the list anyway."""
        by_value = [about[0] for about in self._about if not self._sort.keys and self._values(about)]
        for part, fields in self._about:
            if by_value == [part]:
                continue
            arm = self._range(part, fields[0])
            if arm is not None and self._are_few((arm,)):
                return (arm,)
        in_order = len(self._parts) == len(self._mix_parts) and (self._by_since or not self._sort.keys)
        if self._mix_parts and self._mixes is not None and not self._leading and not in_order:
            arms = tuple(self._mix_arm(mix, "few") for mix in self._mixes)
            return arms if self._are_few(arms) else None
        return None

    def _range(self, part: FilterPart, field: QueryableField) -> IndexScan | None:
        """Give the arm of the rows that a test finds by an index."""
        node = part.node
        if isinstance(node, (Test, Some)) and field.link is not None:
            from tui.oms.query.conditions import pointing

            found = pointing(field, node.test if isinstance(node, Some) else node)
            return IndexScan(None, (found,)) if found else None
        if not isinstance(node, Test) or node.op not in _RANGES:
            return None
        sorted_by_it = [key.field.live for key in self._sort.keys[self._leading :]] == [field.live]
        if not field.hot or field.few or field.column == "scope" or sorted_by_it:
            return None
        return self._arm(field.column, part.condition(live=True))

    def _are_few(self, arms: Sequence[IndexScan]) -> bool:
        left = FEW
        for arm in arms:
            by = f" INDEXED BY {arm.index}" if arm.index else ""
            where = joined(" AND ", arm.conditions)
            (count,) = self._connection.execute(
                f"SELECT count(*) FROM (SELECT 1 FROM {self._table} l{by} WHERE {where.text} LIMIT ?)",
                (*where.values, left),
            ).fetchone()
            left -= count
            if left <= 0:
                return False
        return True

    # -- by combinations of few values -----------------------------------------------------------------

    @cached_property
    def _mix_parts(self) -> list[FilterPart]:
        return [part for part, fields in self._about if all(field.few for field in fields)]

    @cached_property
    def _mixes(self) -> list[Mix] | None:
        """The combinations the filter leaves; None when nothing asks for them, or they are too many."""
        if not self._mix_parts and not self._leading:
            return None
        kind = self._kind
        where = joined(" AND ", [part.condition(live=True) for part in self._mix_parts])
        mixes = self._connection.execute(
            f"SELECT {', '.join(kind.columns[: kind.few])} FROM {kind.mix} l WHERE {where.text} LIMIT ?",
            (*where.values, MOST_ARMS + 1),
        ).fetchall()
        marks = sum(len(part.condition(live=True).values) for part in self._without(self._mix_parts))
        return mixes if len(mixes) <= MOST_ARMS and len(mixes) * marks <= MOST_MARKS else None

    def _mix_arm(self, mix: Mix, index: str) -> IndexScan:
        conditions = [
            Sql(f"l.{name} IS NULL") if value is None else Sql(f"l.{name} = ?", (value,))
            for name, value in zip(self._kind.columns, mix, strict=False)
        ]
        return self._arm(index, *conditions)

    def _mixed(self, mixes: list[Mix]) -> Iterator[Phase]:
        """Give a phase for each value of the leading keys; its arms are the combinations that have it."""
        index = "few_since" if self._by_since else "few"
        parts = self._without(self._mix_parts)
        lead = self._sort.keys[: self._leading]
        columns = self._kind.columns
        places = [columns.index(key.field.column) for key in lead]
        for place, key in reversed(tuple(zip(places, lead, strict=True))):
            mixes.sort(key=lambda mix, place=place: mix[place] or "", reverse=key.descending)  # type: ignore[misc]
            mixes.sort(key=lambda mix, place=place: mix[place] is None)  # type: ignore[misc]
        started = self._cursor is None
        for values, group in groupby(mixes, lambda mix: tuple(mix[place] for place in places)):
            arms = tuple(self._mix_arm(mix, index) for mix in group)
            here = self._cursor is not None and values == self._cursor.values[: self._leading]
            if here or started:
                yield from self._ordered(arms, parts, self._cursor if here else None)
            started = started or here

    # -- by id, or by change ---------------------------------------------------------------------------

    def _ordered(
        self, arms: tuple[IndexScan, ...], parts: tuple[FilterPart, ...], cursor: Cursor | None
    ) -> Iterator[Phase]:
        """Give arms that come by id, or by their newest change and then by id."""
        ids = self._sort.ids
        if not self._by_since:
            rest = (self._sort.behind(cursor, "l"),) if cursor else ()
            yield Phase(arms, ids, parts, rest)
            return
        descending = self._sort.keys[-1].descending
        order = f"k{self._leading}{' DESC' if descending else ''}, {ids}"
        if cursor is None:
            yield Phase(arms, order, parts)
            return
        since = cursor.values[-1]
        same = Sql("l.since = ?", (since,))
        yield Phase(arms, ids, parts, (same, self._sort.behind(cursor, "l")))
        yield Phase(arms, order, parts, (Sql(f"l.since {'<' if descending else '>'} ?", (since,)),))

    def _arms_by_value(self) -> tuple[tuple[IndexScan, ...], tuple[FilterPart, ...]]:
        """Give arms for the values of a column with an index of its own, and the part they answer."""
        for about in self._about:
            if arms := self._values(about):
                return arms, about[:1]
        return (), ()

    def _arms_by_scope(self) -> tuple[tuple[IndexScan, ...], tuple[FilterPart, ...]]:
        """Give arms in the order of ids, and the parts of the filter they answer."""
        scoped = [
            node for node, fields in self._about if all(field.live.text == "l.scope" for field in fields)
        ]
        if scoped:
            scopes = tuple(islice(self._column_values("l.scope", None, descending=False), MOST_ARMS))
            where = joined(" AND ", [part.condition(live=True) for part in scoped])
            found = self._connection.execute(
                f"SELECT l.scope FROM (SELECT value AS scope FROM json_each(?)) l WHERE {where.text}",
                (msgspec.json.encode(scopes).decode(), *where.values),
            ).fetchall()
            if len(scopes) < MOST_ARMS:
                return tuple(self._arm("id", Sql("l.scope = ?", scope)) for scope in found), tuple(scoped)
        return (self._arm("id"),), ()

    def _values(self, about: tuple[FilterPart, list[QueryableField]]) -> tuple[IndexScan, ...]:
        """Give an arm for each value that a test asks for of a column with an index of its own."""
        part, (field, *_) = about
        node = part.node
        if not field.hot or field.few or field.column in ("scope", "since"):
            return ()
        if isinstance(node, Exists) and not node.wanted and field.column != "code":
            return (self._arm(field.column, Sql(f"{field.live.text} IS NULL")),)
        if not isinstance(node, Test) or node.op not in ("eq", "in"):
            return ()
        tests = [
            FilterPart(part.fields, replace(node, op="eq", values=(value,))).condition(live=True)
            for value in node.values
        ]
        arms = {test.values: self._arm(field.column, test) for test in tests}
        return tuple(arms.values()) if len(arms) <= MOST_ARMS else ()

    # -- by a column with an index of its own ----------------------------------------------------------

    def _by_column(self, key: Key) -> Iterator[Phase]:
        """Give the rows that have a value, then those that have none."""
        name, column = key.sql(live=True).text, key.field.column
        cursor, parts, ids = self._cursor, self._parts, self._sort.ids
        order = f"k0{' DESC' if key.descending else ''}, {ids}"
        value = cursor.values[0] if cursor is not None else None
        behind = (self._sort.behind(cursor, "l"),) if cursor is not None else ()
        if value is not None:
            yield Phase((self._arm(column, Sql(f"{name} = ?", (value,))),), ids, parts, behind)
        if cursor is None or value is not None:
            if column == "code" or key.descending is self._sort.backwards:
                sign = "<" if key.descending else ">"
                rest = Sql(f"{name} IS NOT NULL") if value is None else Sql(f"{name} {sign} ?", (value,))
                yield Phase((self._arm(column, rest),), order, parts)
            else:
                values = self._column_values(name, value, descending=key.descending)
                size = 1
                while some := tuple(islice(values, size)):
                    arms = tuple(self._arm(column, Sql(f"{name} = ?", (each,))) for each in some)
                    yield Phase(arms, order, parts)
                    size = min(size * 4, MOST_ARMS)
        if column not in _INDEXES:
            nothing = self._arm(column, Sql(f"{name} IS NULL"))
            yield Phase((nothing,), ids, parts, behind if value is None else ())

    def _column_values(self, name: str, value: str | None, *, descending: bool) -> Iterator[str]:
        """Give a column's distinct values in their order, beyond ``value`` unless it is None."""
        best, sign = ("max", "<") if descending else ("min", ">")
        while True:
            where, values = ("", ()) if value is None else (f" WHERE {name} {sign} ?", (value,))
            (value,) = self._connection.execute(
                f"SELECT {best}({name}) FROM {self._table} l{where}", values
            ).fetchone()
            if value is None:
                return
            yield value


def _names(node: Node) -> list[str]:
    """Give the fields a filter asks about, in their order."""
    if isinstance(node, Both):
        return [name for part in node.parts for name in _names(part)]
    if isinstance(node, Not):
        return _names(node.part)
    if isinstance(node, Some):
        return [f"{node.field}.{node.test.field}" if node.test.field else node.field]
    return [node.field]
