"""Plan how the live rows of a list are read, so that the cost of a page does not depend on the table's size.

A plan has steps, read one after the other until the page is full. Each step merges index scans, and every
scan yields rows in the step's sort:

- fields of low cardinality (state, side) share an index, and the combinations of their values that occur are
  known: a filter on them selects combinations, each of which is a scan; a sort by them makes a step for each
  value;
- a filter for some values of another indexed field makes a scan for each value;
- a sort by an indexed field reads first the rows with a value, then those without. Where ids are sorted in
  the other direction than values, it reads a few values at a time.

Where an index finds so few rows that sorting them is cheaper than skipping others, they are sorted.
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

from tui.oms.query.nodes import BooleanOp, Comparison, Exists, FilterNode, ListCondition, Not
from tui.oms.query.queryable_fields import FieldType, QueryableField, QueryableFields, Sql, join_conditions
from tui.oms.query.sorting import Cursor, Sort, SortKey
from tui.oms.store.schema import EntityTable

SORT_LIMIT_ROWS: Final = 5_000
"""Up to this many rows are sorted rather than found by skipping all others of an index."""
MAX_SCANS: Final = 64
"""The most index scans that one plan step merges."""
MAX_PARAMETERS: Final = 20_000
"""The most SQL parameters of one plan step; SQLite allows 32,766."""

_RANGE_OPERATORS: Final = frozenset({"lt", "lte", "gt", "gte", "startswith", "eq", "in"})
_INDEX_OF_COLUMN: Final = {"scope": "id", "code": "named"}

ValueCombination = tuple[str | None, ...]


class IndexScan(Struct, frozen=True):
    """A scan of an index range; with ``index`` None SQLite chooses the index."""

    index: str | None
    conditions: tuple[Sql, ...] = ()


class Conjunct(Struct, frozen=True, eq=False):
    """A condition of a filter that all rows must meet, with the fields it may query."""

    fields: QueryableFields
    node: FilterNode

    def queried_fields(self) -> list[QueryableField]:
        """Return the fields it queries, in sequence."""
        return [self.fields.find(name) for name in _field_names(self.node)]

    def condition(self, *, live: bool) -> Sql:
        """Return its SQL over live rows, or over any version."""
        from tui.oms.query.conditions import ConditionBuilder  # most lists ask for everything

        return ConditionBuilder(self.fields, live=live).build(self.node)


def conjuncts_of(fields: QueryableFields, node: FilterNode | None) -> tuple[Conjunct, ...]:
    """Return the conditions that ``node`` joins by and."""
    if isinstance(node, BooleanOp) and not node.is_or:
        return tuple(conjunct for each in node.parts for conjunct in conjuncts_of(fields, each))
    return () if node is None else (Conjunct(fields, node),)


class PlanStep(Struct, frozen=True):
    """A step of a plan: the scans it merges, the conditions on their rows, and the sort it merges by.

    ``conjuncts`` are those of the filter that the scans do not meet by themselves.
    """

    scans: tuple[IndexScan, ...]
    order_by: str
    conjuncts: tuple[Conjunct, ...]
    conditions: tuple[Sql, ...] = ()


class QueryPlan:
    """The plan of the live rows of one list, from the cursor on."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        kind: EntityTable,
        sort: Sort,
        conjuncts: Sequence[Conjunct],
        cursor: Cursor | None,
    ) -> None:
        self._connection = connection
        self._kind = kind
        self._table = kind.table
        self._sort = sort
        self._conjuncts = tuple(conjuncts)
        self._cursor = cursor
        keys = sort.keys
        self._leading_keys = next(
            (position for position, key in enumerate(keys) if not key.field.low_cardinality), len(keys)
        )
        self._by_since = len(keys) == self._leading_keys + 1 and keys[-1].field.type is FieldType.SINCE

    def steps(self) -> Iterator[PlanStep]:
        """Yield the steps of the plan."""
        keys = self._sort.keys
        if (few_rows := self._selective_scans()) is not None:
            yield self._sorted_step(few_rows)
        elif not keys and (found := self._scans_by_value())[0]:
            yield from self._steps_by_id(found[0], self._unanswered(found[1]), self._cursor)
        elif (len(keys) == self._leading_keys or self._by_since) and self._combinations is not None:
            yield from self._by_combination(self._combinations)
        elif not keys:
            scans, answered = self._scans_by_scope()
            yield from self._steps_by_id(scans, self._unanswered(answered), self._cursor)
        elif self._by_since and len(keys) == 1:
            yield from self._steps_by_id((self._scan("since"),), self._conjuncts, self._cursor)
        elif len(keys) == 1 and keys[0].field.indexed and not keys[0].field.low_cardinality:
            yield from self._by_column(keys[0])
        else:
            yield self._sorted_step((IndexScan(None),))

    def _scan(self, index: str, *conditions: Sql) -> IndexScan:
        return IndexScan(f"{self._table}_{_INDEX_OF_COLUMN.get(index, index)}", conditions)

    def _sorted_step(self, scans: tuple[IndexScan, ...]) -> PlanStep:
        rest = (self._sort.after_cursor(self._cursor, live=True),) if self._cursor else ()
        return PlanStep(scans, self._sort.order_by, self._conjuncts, rest)

    def _unanswered(self, answered: Sequence[Conjunct]) -> tuple[Conjunct, ...]:
        return tuple(conjunct for conjunct in self._conjuncts if conjunct not in answered)

    @cached_property
    def _fields_by_conjunct(self) -> list[tuple[Conjunct, list[QueryableField]]]:
        return [(conjunct, conjunct.queried_fields()) for conjunct in self._conjuncts]

    # -- few rows --------------------------------------------------------------------------------------

    def _selective_scans(self) -> tuple[IndexScan, ...] | None:
        """Return scans that find few rows, unless rows come in the list's sort anyway."""
        by_value = [
            pair[0] for pair in self._fields_by_conjunct if not self._sort.keys and self._value_scans(pair)
        ]
        for conjunct, fields in self._fields_by_conjunct:
            if by_value == [conjunct]:
                continue
            scan = self._range_scan(conjunct, fields[0])
            if scan is not None and self._find_few_rows((scan,)):
                return (scan,)
        in_order = len(self._conjuncts) == len(self._combination_conjuncts) and (
            self._by_since or not self._sort.keys
        )
        if (
            self._combination_conjuncts
            and self._combinations is not None
            and not self._leading_keys
            and not in_order
        ):
            scans = tuple(self._combination_scan(combination, "few") for combination in self._combinations)
            return scans if self._find_few_rows(scans) else None
        return None

    def _range_scan(self, conjunct: Conjunct, field: QueryableField) -> IndexScan | None:
        """Return the index scan that a comparison allows, or None."""
        node = conjunct.node
        if isinstance(node, (Comparison, ListCondition)) and field.link is not None:
            from tui.oms.query.conditions import link_condition

            found = link_condition(field, node.test if isinstance(node, ListCondition) else node)
            return IndexScan(None, (found,)) if found else None
        if not isinstance(node, Comparison) or node.op not in _RANGE_OPERATORS:
            return None
        sorted_by_it = [key.field.live for key in self._sort.keys[self._leading_keys :]] == [field.live]
        if not field.indexed or field.low_cardinality or field.column == "scope" or sorted_by_it:
            return None
        return self._scan(field.column, conjunct.condition(live=True))

    def _find_few_rows(self, scans: Sequence[IndexScan]) -> bool:
        """Return whether the scans find fewer rows than the sort limit."""
        rows_left = SORT_LIMIT_ROWS
        for scan in scans:
            source = f"{self._table} l INDEXED BY {scan.index}" if scan.index else f"{self._table} l"
            where = join_conditions(" AND ", scan.conditions)
            (count,) = self._connection.execute(
                f"SELECT count(*) FROM (SELECT 1 FROM {source} WHERE {where.text} LIMIT ?)",
                (*where.values, rows_left),
            ).fetchone()
            rows_left -= count
            if rows_left <= 0:
                return False
        return True

    # -- by combinations of few values -----------------------------------------------------------------

    @cached_property
    def _combination_conjuncts(self) -> list[Conjunct]:
        return [
            conjunct
            for conjunct, fields in self._fields_by_conjunct
            if all(field.low_cardinality for field in fields)
        ]

    @cached_property
    def _combinations(self) -> list[ValueCombination] | None:
        """The combinations that the filter selects; None when no field needs them or they are too many."""
        if not self._combination_conjuncts and not self._leading_keys:
            return None
        kind = self._kind
        own = self._combination_conjuncts
        where = join_conditions(" AND ", [conjunct.condition(live=True) for conjunct in own])
        columns = ", ".join(kind.columns[: kind.low_cardinality])
        combinations = self._connection.execute(
            f"SELECT {columns} FROM {kind.combination_table} l WHERE {where.text} LIMIT ?",
            (*where.values, MAX_SCANS + 1),
        ).fetchall()
        parameters = sum(len(conjunct.condition(live=True).values) for conjunct in self._unanswered(own))
        if len(combinations) > MAX_SCANS or len(combinations) * parameters > MAX_PARAMETERS:
            return None
        return combinations

    def _combination_scan(self, combination: ValueCombination, index: str) -> IndexScan:
        conditions = [
            Sql(f"l.{name} IS NULL") if value is None else Sql(f"l.{name} = ?", (value,))
            for name, value in zip(self._kind.columns, combination, strict=False)
        ]
        return self._scan(index, *conditions)

    def _by_combination(self, combinations: list[ValueCombination]) -> Iterator[PlanStep]:
        """Yield a step for each value of the leading keys; it scans the combinations with that value."""
        index = "few_since" if self._by_since else "few"
        conjuncts = self._unanswered(self._combination_conjuncts)
        lead = self._sort.keys[: self._leading_keys]
        columns = self._kind.columns
        positions = [columns.index(key.field.column) for key in lead]
        for at, key in reversed(tuple(zip(positions, lead, strict=True))):
            combinations.sort(key=lambda entry, at=at: entry[at] or "", reverse=key.descending)  # type: ignore[misc]
            combinations.sort(key=lambda entry, at=at: entry[at] is None)  # type: ignore[misc]
        started = self._cursor is None
        for values, group in groupby(combinations, lambda entry: tuple(entry[place] for place in positions)):
            scans = tuple(self._combination_scan(combination, index) for combination in group)
            here = self._cursor is not None and values == self._cursor.values[: self._leading_keys]
            if here or started:
                yield from self._steps_by_id(scans, conjuncts, self._cursor if here else None)
            started = started or here

    # -- by id, or by change ---------------------------------------------------------------------------

    def _steps_by_id(
        self, scans: tuple[IndexScan, ...], conjuncts: tuple[Conjunct, ...], cursor: Cursor | None
    ) -> Iterator[PlanStep]:
        """Yield the steps of scans sorted by id, or by newest change and then by id."""
        ids = self._sort.id_order_by
        if not self._by_since:
            rest = (self._sort.after_id(cursor, "l"),) if cursor else ()
            yield PlanStep(scans, ids, conjuncts, rest)
            return
        descending = self._sort.keys[-1].descending
        order = f"k{self._leading_keys}{' DESC' if descending else ''}, {ids}"
        if cursor is None:
            yield PlanStep(scans, order, conjuncts)
            return
        since = cursor.values[-1]
        same = Sql("l.since = ?", (since,))
        yield PlanStep(scans, ids, conjuncts, (same, self._sort.after_id(cursor, "l")))
        yield PlanStep(scans, order, conjuncts, (Sql(f"l.since {'<' if descending else '>'} ?", (since,)),))

    def _scans_by_value(self) -> tuple[tuple[IndexScan, ...], tuple[Conjunct, ...]]:
        """Return scans for the values of an indexed column, and the conjunct they meet."""
        for pair in self._fields_by_conjunct:
            if scans := self._value_scans(pair):
                return scans, pair[:1]
        return (), ()

    def _scans_by_scope(self) -> tuple[tuple[IndexScan, ...], tuple[Conjunct, ...]]:
        """Return scans sorted by id, and the conjuncts they meet."""
        scoped = [
            node
            for node, fields in self._fields_by_conjunct
            if all(field.live.text == "l.scope" for field in fields)
        ]
        if scoped:
            scopes = tuple(islice(self._distinct_values("l.scope", None, descending=False), MAX_SCANS))
            where = join_conditions(" AND ", [conjunct.condition(live=True) for conjunct in scoped])
            found = self._connection.execute(
                f"SELECT l.scope FROM (SELECT value AS scope FROM json_each(?)) l WHERE {where.text}",
                (msgspec.json.encode(scopes).decode(), *where.values),
            ).fetchall()
            if len(scopes) < MAX_SCANS:
                return tuple(self._scan("id", Sql("l.scope = ?", scope)) for scope in found), tuple(scoped)
        return (self._scan("id"),), ()

    def _value_scans(self, pair: tuple[Conjunct, list[QueryableField]]) -> tuple[IndexScan, ...]:
        """Return a scan for each value that a conjunct asks for of an indexed column."""
        conjunct, (field, *_) = pair
        node = conjunct.node
        if not field.indexed or field.low_cardinality or field.column in ("scope", "since"):
            return ()
        if isinstance(node, Exists) and not node.expected and field.column != "code":
            return (self._scan(field.column, Sql(f"{field.live.text} IS NULL")),)
        if not isinstance(node, Comparison) or node.op not in ("eq", "in"):
            return ()
        tests = [
            Conjunct(conjunct.fields, replace(node, op="eq", values=(value,))).condition(live=True)
            for value in node.values
        ]
        scans = {test.values: self._scan(field.column, test) for test in tests}
        return tuple(scans.values()) if len(scans) <= MAX_SCANS else ()

    # -- by a column with an index of its own ----------------------------------------------------------

    def _by_column(self, key: SortKey) -> Iterator[PlanStep]:
        """Yield steps for the rows with a value, then for those without."""
        name, column = key.sql(live=True).text, key.field.column
        cursor, conjuncts, ids = self._cursor, self._conjuncts, self._sort.id_order_by
        order = f"k0{' DESC' if key.descending else ''}, {ids}"
        value = cursor.values[0] if cursor is not None else None
        after_cursor = (self._sort.after_id(cursor, "l"),) if cursor is not None else ()
        if value is not None:
            yield PlanStep((self._scan(column, Sql(f"{name} = ?", (value,))),), ids, conjuncts, after_cursor)
        if cursor is None or value is not None:
            if column == "code" or key.descending is self._sort.ids_descending:
                sign = "<" if key.descending else ">"
                rest = Sql(f"{name} IS NOT NULL") if value is None else Sql(f"{name} {sign} ?", (value,))
                yield PlanStep((self._scan(column, rest),), order, conjuncts)
            else:
                values = self._distinct_values(name, value, descending=key.descending)
                size = 1
                while batch := tuple(islice(values, size)):
                    scans = tuple(self._scan(column, Sql(f"{name} = ?", (each,))) for each in batch)
                    yield PlanStep(scans, order, conjuncts)
                    size = min(size * 4, MAX_SCANS)
        if column not in _INDEX_OF_COLUMN:
            without_value = self._scan(column, Sql(f"{name} IS NULL"))
            yield PlanStep((without_value,), ids, conjuncts, after_cursor if value is None else ())

    def _distinct_values(self, name: str, value: str | None, *, descending: bool) -> Iterator[str]:
        """Yield a column's distinct values in sequence, after ``value`` unless it is None."""
        aggregate, sign = ("max", "<") if descending else ("min", ">")
        while True:
            where, values = ("", ()) if value is None else (f" WHERE {name} {sign} ?", (value,))
            (value,) = self._connection.execute(
                f"SELECT {aggregate}({name}) FROM {self._table} l{where}", values
            ).fetchone()
            if value is None:
                return
            yield value


def _field_names(node: FilterNode) -> list[str]:
    """Return the names of the fields that a filter queries, in sequence."""
    if isinstance(node, BooleanOp):
        return [name for conjunct in node.parts for name in _field_names(conjunct)]
    if isinstance(node, Not):
        return _field_names(node.part)
    if isinstance(node, ListCondition):
        return [f"{node.field}.{node.test.field}" if node.test.field else node.field]
    return [node.field]
