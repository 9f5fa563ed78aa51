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

from tui.oms.query.nodes import BooleanOp, Comparison, Exists, FilterNode, ListCondition, Not
from tui.oms.query.queryable_fields import FieldType, QueryableField, QueryableFields, Sql, join_conditions
from tui.oms.query.sorting import Cursor, Sort, SortKey
from tui.oms.store.schema import EntityTable

SORT_LIMIT_ROWS: Final = 5_000
"""So many rows are sorted sooner than an index is walked past all others."""
MAX_SCANS: Final = 64
MAX_PARAMETERS: Final = 20_000
"""So many question marks the arms of one phase may have."""

_RANGE_OPERATORS: Final = frozenset({"lt", "lte", "gt", "gte", "startswith", "eq", "in"})
_INDEX_OF_COLUMN: Final = {"scope": "id", "code": "named"}

ValueCombination = tuple[str | None, ...]


class IndexScan(Struct, frozen=True):
    """Rows from a range of an index; ``index`` None leaves the way to them to SQLite."""

    index: str | None
    conditions: tuple[Sql, ...] = ()


class Conjunct(Struct, frozen=True, eq=False):
    """A part of a filter that must hold, and the fields it may be about."""

    fields: QueryableFields
    node: FilterNode

    def queried_fields(self) -> list[QueryableField]:
        """Give the fields it is about, in their order."""
        return [self.fields.find(name) for name in _field_names(self.node)]

    def condition(self, *, live: bool) -> Sql:
        """Give it as SQL over live rows, or over any version."""
        from tui.oms.query.conditions import ConditionBuilder  # most lists ask for everything

        return ConditionBuilder(self.fields, live=live).build(self.node)


def conjuncts_of(fields: QueryableFields, node: FilterNode | None) -> tuple[Conjunct, ...]:
    """Give the parts of a filter that must all hold."""
    if isinstance(node, BooleanOp) and not node.is_or:
        return tuple(part for each in node.parts for part in conjuncts_of(fields, each))
    return () if node is None else (Conjunct(fields, node),)


class PlanStep(Struct, frozen=True):
    """A part of a list: its arms, what is asked of their rows, and the order they are merged in.

    ``parts`` are those of the filter that the arms do not answer by themselves.
    """

    scans: tuple[IndexScan, ...]
    order_by: str
    conjuncts: tuple[Conjunct, ...]
    conditions: tuple[Sql, ...] = ()


class QueryPlan:
    """The phases of the live half of one list, from the cursor on."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        kind: EntityTable,
        sort: Sort,
        parts: Sequence[Conjunct],
        cursor: Cursor | None,
    ) -> None:
        self._connection = connection
        self._kind = kind
        self._table = kind.table
        self._sort = sort
        self._conjuncts = tuple(parts)
        self._cursor = cursor
        keys = sort.keys
        self._leading_keys = next(
            (place for place, key in enumerate(keys) if not key.field.low_cardinality), len(keys)
        )
        self._by_since = len(keys) == self._leading_keys + 1 and keys[-1].field.type is FieldType.SINCE

    def steps(self) -> Iterator[PlanStep]:
        """Give them in their order."""
        keys = self._sort.keys
        if (few := self._selective_scans()) is not None:
            yield self._sorted_step(few)
        elif not keys and (found := self._scans_by_value())[0]:
            yield from self._steps_by_id(found[0], self._unanswered(found[1]), self._cursor)
        elif (len(keys) == self._leading_keys or self._by_since) and self._combinations is not None:
            yield from self._by_combination(self._combinations)
        elif not keys:
            arms, answered = self._scans_by_scope()
            yield from self._steps_by_id(arms, self._unanswered(answered), self._cursor)
        elif self._by_since and len(keys) == 1:
            yield from self._steps_by_id((self._scan("since"),), self._conjuncts, self._cursor)
        elif len(keys) == 1 and keys[0].field.indexed and not keys[0].field.low_cardinality:
            yield from self._by_column(keys[0])
        else:
            yield self._sorted_step((IndexScan(None),))

    def _scan(self, index: str, *conditions: Sql) -> IndexScan:
        return IndexScan(f"{self._table}_{_INDEX_OF_COLUMN.get(index, index)}", conditions)

    def _sorted_step(self, arms: tuple[IndexScan, ...]) -> PlanStep:
        rest = (self._sort.after_cursor(self._cursor, live=True),) if self._cursor else ()
        return PlanStep(arms, self._sort.order_by, self._conjuncts, rest)

    def _unanswered(self, answered: Sequence[Conjunct]) -> tuple[Conjunct, ...]:
        return tuple(part for part in self._conjuncts if part not in answered)

    @cached_property
    def _fields_by_conjunct(self) -> list[tuple[Conjunct, list[QueryableField]]]:
        return [(part, part.queried_fields()) for part in self._conjuncts]

    # -- few rows --------------------------------------------------------------------------------------

    def _selective_scans(self) -> tuple[IndexScan, ...] | None:
        """Give the arms that find few rows, unless they come in the order of the list anyway."""
        by_value = [
            about[0] for about in self._fields_by_conjunct if not self._sort.keys and self._value_scans(about)
        ]
        for part, fields in self._fields_by_conjunct:
            if by_value == [part]:
                continue
            arm = self._range_scan(part, fields[0])
            if arm is not None and self._find_few_rows((arm,)):
                return (arm,)
        in_order = len(self._conjuncts) == len(self._combination_conjuncts) and (
            self._by_since or not self._sort.keys
        )
        if (
            self._combination_conjuncts
            and self._combinations is not None
            and not self._leading_keys
            and not in_order
        ):
            arms = tuple(self._combination_scan(mix, "few") for mix in self._combinations)
            return arms if self._find_few_rows(arms) else None
        return None

    def _range_scan(self, part: Conjunct, field: QueryableField) -> IndexScan | None:
        """Give the arm of the rows that a test finds by an index."""
        node = part.node
        if isinstance(node, (Comparison, ListCondition)) and field.link is not None:
            from tui.oms.query.conditions import link_condition

            found = link_condition(field, node.test if isinstance(node, ListCondition) else node)
            return IndexScan(None, (found,)) if found else None
        if not isinstance(node, Comparison) or node.op not in _RANGE_OPERATORS:
            return None
        sorted_by_it = [key.field.live for key in self._sort.keys[self._leading_keys :]] == [field.live]
        if not field.indexed or field.low_cardinality or field.column == "scope" or sorted_by_it:
            return None
        return self._scan(field.column, part.condition(live=True))

    def _find_few_rows(self, arms: Sequence[IndexScan]) -> bool:
        left = SORT_LIMIT_ROWS
        for arm in arms:
            by = f" INDEXED BY {arm.index}" if arm.index else ""
            where = join_conditions(" AND ", arm.conditions)
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
    def _combination_conjuncts(self) -> list[Conjunct]:
        return [
            part
            for part, fields in self._fields_by_conjunct
            if all(field.low_cardinality for field in fields)
        ]

    @cached_property
    def _combinations(self) -> list[ValueCombination] | None:
        """The combinations the filter leaves; None when nothing asks for them, or they are too many."""
        if not self._combination_conjuncts and not self._leading_keys:
            return None
        kind = self._kind
        where = join_conditions(" AND ", [part.condition(live=True) for part in self._combination_conjuncts])
        mixes = self._connection.execute(
            f"SELECT {', '.join(kind.columns[: kind.few])} FROM {kind.mix} l WHERE {where.text} LIMIT ?",
            (*where.values, MAX_SCANS + 1),
        ).fetchall()
        marks = sum(
            len(part.condition(live=True).values) for part in self._unanswered(self._combination_conjuncts)
        )
        return mixes if len(mixes) <= MAX_SCANS and len(mixes) * marks <= MAX_PARAMETERS else None

    def _combination_scan(self, mix: ValueCombination, index: str) -> IndexScan:
        conditions = [
            Sql(f"l.{name} IS NULL") if value is None else Sql(f"l.{name} = ?", (value,))
            for name, value in zip(self._kind.columns, mix, strict=False)
        ]
        return self._scan(index, *conditions)

    def _by_combination(self, mixes: list[ValueCombination]) -> Iterator[PlanStep]:
        """Give a phase for each value of the leading keys; its arms are the combinations that have it."""
        index = "few_since" if self._by_since else "few"
        parts = self._unanswered(self._combination_conjuncts)
        lead = self._sort.keys[: self._leading_keys]
        columns = self._kind.columns
        places = [columns.index(key.field.column) for key in lead]
        for place, key in reversed(tuple(zip(places, lead, strict=True))):
            mixes.sort(key=lambda mix, place=place: mix[place] or "", reverse=key.descending)  # type: ignore[misc]
            mixes.sort(key=lambda mix, place=place: mix[place] is None)  # type: ignore[misc]
        started = self._cursor is None
        for values, group in groupby(mixes, lambda mix: tuple(mix[place] for place in places)):
            arms = tuple(self._combination_scan(mix, index) for mix in group)
            here = self._cursor is not None and values == self._cursor.values[: self._leading_keys]
            if here or started:
                yield from self._steps_by_id(arms, parts, self._cursor if here else None)
            started = started or here

    # -- by id, or by change ---------------------------------------------------------------------------

    def _steps_by_id(
        self, arms: tuple[IndexScan, ...], parts: tuple[Conjunct, ...], cursor: Cursor | None
    ) -> Iterator[PlanStep]:
        """Give arms that come by id, or by their newest change and then by id."""
        ids = self._sort.id_order_by
        if not self._by_since:
            rest = (self._sort.after_id(cursor, "l"),) if cursor else ()
            yield PlanStep(arms, ids, parts, rest)
            return
        descending = self._sort.keys[-1].descending
        order = f"k{self._leading_keys}{' DESC' if descending else ''}, {ids}"
        if cursor is None:
            yield PlanStep(arms, order, parts)
            return
        since = cursor.values[-1]
        same = Sql("l.since = ?", (since,))
        yield PlanStep(arms, ids, parts, (same, self._sort.after_id(cursor, "l")))
        yield PlanStep(arms, order, parts, (Sql(f"l.since {'<' if descending else '>'} ?", (since,)),))

    def _scans_by_value(self) -> tuple[tuple[IndexScan, ...], tuple[Conjunct, ...]]:
        """Give arms for the values of a column with an index of its own, and the part they answer."""
        for about in self._fields_by_conjunct:
            if arms := self._value_scans(about):
                return arms, about[:1]
        return (), ()

    def _scans_by_scope(self) -> tuple[tuple[IndexScan, ...], tuple[Conjunct, ...]]:
        """Give arms in the order of ids, and the parts of the filter they answer."""
        scoped = [
            node
            for node, fields in self._fields_by_conjunct
            if all(field.live.text == "l.scope" for field in fields)
        ]
        if scoped:
            scopes = tuple(islice(self._distinct_values("l.scope", None, descending=False), MAX_SCANS))
            where = join_conditions(" AND ", [part.condition(live=True) for part in scoped])
            found = self._connection.execute(
                f"SELECT l.scope FROM (SELECT value AS scope FROM json_each(?)) l WHERE {where.text}",
                (msgspec.json.encode(scopes).decode(), *where.values),
            ).fetchall()
            if len(scopes) < MAX_SCANS:
                return tuple(self._scan("id", Sql("l.scope = ?", scope)) for scope in found), tuple(scoped)
        return (self._scan("id"),), ()

    def _value_scans(self, about: tuple[Conjunct, list[QueryableField]]) -> tuple[IndexScan, ...]:
        """Give an arm for each value that a test asks for of a column with an index of its own."""
        part, (field, *_) = about
        node = part.node
        if not field.indexed or field.low_cardinality or field.column in ("scope", "since"):
            return ()
        if isinstance(node, Exists) and not node.expected and field.column != "code":
            return (self._scan(field.column, Sql(f"{field.live.text} IS NULL")),)
        if not isinstance(node, Comparison) or node.op not in ("eq", "in"):
            return ()
        tests = [
            Conjunct(part.fields, replace(node, op="eq", values=(value,))).condition(live=True)
            for value in node.values
        ]
        arms = {test.values: self._scan(field.column, test) for test in tests}
        return tuple(arms.values()) if len(arms) <= MAX_SCANS else ()

    # -- by a column with an index of its own ----------------------------------------------------------

    def _by_column(self, key: SortKey) -> Iterator[PlanStep]:
        """Give the rows that have a value, then those that have none."""
        name, column = key.sql(live=True).text, key.field.column
        cursor, parts, ids = self._cursor, self._conjuncts, self._sort.id_order_by
        order = f"k0{' DESC' if key.descending else ''}, {ids}"
        value = cursor.values[0] if cursor is not None else None
        behind = (self._sort.after_id(cursor, "l"),) if cursor is not None else ()
        if value is not None:
            yield PlanStep((self._scan(column, Sql(f"{name} = ?", (value,))),), ids, parts, behind)
        if cursor is None or value is not None:
            if column == "code" or key.descending is self._sort.ids_descending:
                sign = "<" if key.descending else ">"
                rest = Sql(f"{name} IS NOT NULL") if value is None else Sql(f"{name} {sign} ?", (value,))
                yield PlanStep((self._scan(column, rest),), order, parts)
            else:
                values = self._distinct_values(name, value, descending=key.descending)
                size = 1
                while some := tuple(islice(values, size)):
                    arms = tuple(self._scan(column, Sql(f"{name} = ?", (each,))) for each in some)
                    yield PlanStep(arms, order, parts)
                    size = min(size * 4, MAX_SCANS)
        if column not in _INDEX_OF_COLUMN:
            nothing = self._scan(column, Sql(f"{name} IS NULL"))
            yield PlanStep((nothing,), ids, parts, behind if value is None else ())

    def _distinct_values(self, name: str, value: str | None, *, descending: bool) -> Iterator[str]:
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


def _field_names(node: FilterNode) -> list[str]:
    """Give the fields a filter asks about, in their order."""
    if isinstance(node, BooleanOp):
        return [name for part in node.parts for name in _field_names(part)]
    if isinstance(node, Not):
        return _field_names(node.part)
    if isinstance(node, ListCondition):
        return [f"{node.field}.{node.test.field}" if node.test.field else node.field]
    return [node.field]
