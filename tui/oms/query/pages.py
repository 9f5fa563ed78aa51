"""Read one page of a list at one asAt, and make the token of the next page.

The rows that hold at an asAt are the live rows not changed since, and the versions closed since. Both are
read in the list's sort, no further than the page, and merged. Usually nothing was written since the asAt;
then the second part is empty and not read. After many changes a list by id scans the ids instead and looks up
the version of each at the asAt.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any, Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from tui.oms.domain.refusals import Refusal
from tui.oms.query import page_tokens
from tui.oms.query.nodes import MAX_FILTER_LENGTH, FilterNode
from tui.oms.query.page_tokens import PageToken
from tui.oms.query.planner import Conjunct, PlanStep, QueryPlan, conjuncts_of
from tui.oms.query.queryable_fields import QueryableFields, Sql, join_conditions
from tui.oms.query.sorting import Cursor, Sort, parse_sort
from tui.oms.store.folding import fold
from tui.oms.store.reads import StoreReader

DEFAULT_LIMIT: Final = 100
MAX_LIMIT: Final = 5_000
"""Rows per page (section 2.0)."""

ROWS_A_STATEMENT: Final = 250
"""The rows whose JSON is read at a time."""
MAX_PAGE_BYTES: Final = 64 * 1024 * 1024
"""The size at which a page ends before its limit: 5,000 usual rows have a sixth of it."""
NO_LIMIT: Final = 2**40
"""A limit that is never reached."""

MANY_CHANGES: Final = 500
"""From this many versions closed since the asAt, a list by id scans ids instead of closed versions."""
MAX_IDS_SCANNED: Final = 20_000
"""Ids scanned for the rows of a filter before the closed versions are read after all."""


class ListQuery(Struct, frozen=True):
    """A list: its queryable fields, the JSON of a row, and the client's filter, sort and page.

    ``json_sql`` is the SQL of a row's JSON, about a version ``v`` and, through ``:n`` and ``:a``, its
    entity's number and the asAt. ``fixed_conditions`` and ``fixed_filters`` always apply; ``as_at`` is in
    microseconds. With ``superseded_sql`` the versions closed before the asAt are listed too, rendered by that
    SQL; such lists are short, and every page reads them whole. ``max_filter`` is in characters.
    """

    fields: QueryableFields
    json_sql: str = "v.text"
    fixed_conditions: tuple[Sql, ...] = ()
    fixed_filters: tuple[tuple[QueryableFields, FilterNode], ...] = ()
    filter: str = ""
    sort: tuple[str, ...] = ()
    limit: int | None = None
    token: str | None = None
    as_at: int | None = None
    offset: int = 0
    superseded_sql: str | None = None
    max_filter: int = MAX_FILTER_LENGTH


class PageSlice(Struct, frozen=True):
    """A page: the JSON of its rows, the token of the next page (None on the last), and its asAt."""

    rows: list[bytes]
    next: str | None
    as_at: int


def read_page(reads: StoreReader, query: ListQuery) -> PageSlice:
    """Read the page of ``query``.

    Raises:
        Refusal: the filter, the sort, the limit or the token is invalid (section 4).
    """
    if query.limit is not None and not 1 <= query.limit <= MAX_LIMIT:
        detail = f"The limit must be between 1 and {MAX_LIMIT}."
        raise Refusal("InvalidParameterValue", detail, errors={"limit": (detail,)})
    last = reads.last
    asked = _asked(last, query)
    node = _parse(asked.filter, query.max_filter)
    reader = _PageReader(
        reads,
        query,
        asked.read_as_at,
        asked.read_as_at < last,
        parse_sort(query.fields, asked.sort),
        tuple(conjunct for fixed in query.fixed_filters for conjunct in conjuncts_of(*fixed))
        + conjuncts_of(query.fields, node),
    )
    limit = query.limit or DEFAULT_LIMIT
    if query.token and not query.superseded_sql:
        reader.cursor = reader.cursor_at(asked.after_seq)
    wanted = NO_LIMIT if query.superseded_sql else query.offset + limit + 1
    try:
        rows = reader.read_rows(wanted)
        if query.superseded_sql:
            sequences = [row.seq for row in rows]
            rows = rows[sequences.index(asked.after_seq) + 1 if asked.after_seq in sequences else 0 :]
        page = rows[query.offset : query.offset + limit]
        texts, read = reader.read_json(page)
        has_more = len(rows) > query.offset + limit or read < len(page)
        page = page[:read]
        token = page_tokens.encode(replace(asked, after_seq=page[-1].seq)) if has_more else None
        return PageSlice(texts, token, asked.read_as_at)
    except sqlite3.OperationalError as error:
        if node is None or "overflow" not in str(error):
            raise
        from tui.oms.query.grammar import parse_error

        raise parse_error("The filter is nested deeper than this server can follow.") from error


def _asked(last: int, query: ListQuery) -> PageToken:
    """Return the query and position to read: those of the token if there is one, which must agree."""
    if not query.token:
        asked = last if query.as_at is None else query.as_at
        to_come = asked if asked > last else 0
        return PageToken(0, min(asked, last), query.filter.strip(), query.sort, asked_as_at=to_come)
    token = page_tokens.decode(query.token, query.filter.strip(), query.sort)
    if query.as_at is not None and query.as_at != token.requested_as_at:
        raise page_tokens.invalid_page_token("The page token was given for another asAt.")
    return token


def _parse(filter: str, longest: int) -> FilterNode | None:
    if not filter:
        return None
    from tui.oms.query.grammar import parse_filter  # most lists ask for everything

    return parse_filter(filter, longest)


class _Row(Struct, frozen=True, array_like=True):
    """A row of the page: its entity's number, its version, its id and its sort values."""

    n: int
    seq: int
    scope: str
    code: str
    keys: list[Any]


_ROWS: Final = msgspec.json.Decoder(list[_Row])


class _PageReader(Struct):
    """Reads one page.

    Every statement returns all rows as one JSON value: reading and writing threads compete for the
    interpreter lock, and fetching row by row would take it once per row.
    """

    reads: StoreReader
    query: ListQuery
    as_at: int
    past: bool
    sort: Sort
    conjuncts: tuple[Conjunct, ...]
    cursor: Cursor | None = None

    def cursor_at(self, seq: int) -> Cursor:
        """Return the row after which the page starts; its version is never deleted."""
        keys = [key.sql(live=False) for key in self.sort.keys]
        columns = "".join(f", {key.text}" for key in keys)
        row = self.reads.connection.execute(
            f"SELECT v.scope, v.code{columns} FROM version v WHERE v.seq = ? AND v.kind = ?",
            (*_values(keys), seq, self.query.fields.kind.number),
        ).fetchone()
        if row is None:
            raise page_tokens.invalid_page_token("The page token is not one of this list.")
        scope, code, *values = row
        return Cursor(tuple(values), scope, code)

    def read_rows(self, limit: int) -> list[_Row]:
        """Return the next ``limit`` rows in the list's sort."""
        include_closed = self.past or self.query.superseded_sql is not None
        by_id = not self.sort.keys and not self.query.superseded_sql
        if include_closed and by_id and self._many_changes_since():
            rows = self._rows_by_id(limit)
            if not self.conjuncts or len(rows) >= limit:
                return rows
        plan = QueryPlan(
            self.reads.connection, self.query.fields.kind, self.sort, self.conjuncts, self.cursor
        )
        rows = []
        for step in plan.steps():
            if step.scans:
                rows += self._live_rows(step, limit - len(rows))
            if len(rows) >= limit:
                break
        if include_closed:
            rows += self._closed_rows(limit)
            self._sort_rows(rows)
        return rows[:limit]

    def read_json(self, rows: Sequence[_Row]) -> tuple[list[bytes], int]:
        """Return the JSON of as many rows as fit a response, and how many these are."""
        texts: list[bytes] = []
        size = read = 0
        while read < len(rows) and size < MAX_PAGE_BYTES:
            some = self._json_of(rows[read : read + ROWS_A_STATEMENT])
            size += sum(map(len, some))
            texts += some
            read += ROWS_A_STATEMENT
        return texts, min(read, len(rows))

    def _json_of(self, rows: Sequence[_Row]) -> list[bytes]:
        query = self.query
        text = query.json_sql
        closed = ""
        if query.superseded_sql:
            text = f"CASE WHEN c.seq IS NULL THEN {text} ELSE {query.superseded_sql} END"
            closed = " LEFT JOIN closed c ON c.seq = v.seq"
        text = text.replace(":n", "v.n").replace(":a", str(self.as_at))
        (value,) = self.reads.connection.execute(
            f"""SELECT CAST(group_concat({text}, char(10)) AS BLOB)
                FROM json_each(?) j CROSS JOIN version v ON v.seq = j.value{closed}""",
            (msgspec.json.encode([row.seq for row in rows]).decode(),),
        ).fetchone()
        return value.split(b"\n") if value else []

    # -- live rows -------------------------------------------------------------------------------

    def _live_rows(self, step: PlanStep, limit: int) -> list[_Row]:
        keys = [key.sql(live=True) for key in self.sort.keys]
        since = [Sql("l.since <= ?", (self.as_at,))] if self.past else []
        common = [*since, *step.conditions, *self._conditions(step.conjuncts, live=True)]
        selects, values = [], []
        for scan in step.scans:
            wheres = [*scan.conditions, *common]
            by = f" INDEXED BY {scan.index}" if scan.index else ""
            selects.append(_rows_of("l", f"{self.query.fields.kind.table} l{by}", "l.seq", keys, wheres))
            values += [*_values(keys), *_values(wheres)]
        return self._read(" UNION ALL ".join(selects), step.order_by, values, limit)

    def _conditions(self, conjuncts: Sequence[Conjunct], *, live: bool) -> list[Sql]:
        """Return the fixed conditions and those of ``conjuncts``."""
        return [*self.query.fixed_conditions, *(conjunct.condition(live=live) for conjunct in conjuncts)]

    def _read(self, select: str, order: str, values: Sequence[object], limit: int) -> list[_Row]:
        keys = ", ".join(f"k{position}" for position, _ in enumerate(self.sort.keys))
        (value,) = self.reads.connection.execute(
            f"""SELECT json_group_array(json_array(n, seq, scope, code, json_array({keys})))
                FROM ({select} ORDER BY {order} LIMIT ?)""",
            (*values, limit),
        ).fetchone()
        return _ROWS.decode(value)

    # -- closed versions -----------------------------------------------------------------------------

    def _closed_rows(self, limit: int) -> list[_Row]:
        """Return the versions that held at the asAt and were closed since."""
        number = self.query.fields.kind.number
        until = 0 if self.query.superseded_sql else self.as_at
        keys = [key.sql(live=False) for key in self.sort.keys]
        wheres = [Sql("c.kind = ? AND c.until > ? AND v.as_at <= ?", (number, until, self.as_at))]
        if self.cursor is not None:
            wheres.append(self.sort.after_cursor(self.cursor, live=False))
        wheres += self._conditions(self.conjuncts, live=False)
        source = "closed c CROSS JOIN version v ON v.seq = c.seq"
        select = _rows_of("v", source, "v.seq", keys, wheres)
        return self._read(select, self.sort.order_by, [*_values(keys), *_values(wheres)], limit)

    def _sort_rows(self, rows: list[_Row]) -> None:
        rows.sort(key=lambda row: (row.scope, row.code), reverse=self.sort.ids_descending)
        for position, key in reversed(tuple(enumerate(self.sort.keys))):
            rows.sort(key=lambda row, position=position: _rank(row.keys[position]), reverse=key.descending)  # type: ignore[misc]
            rows.sort(key=lambda row, position=position: row.keys[position] is None)  # type: ignore[misc]

    def _many_changes_since(self) -> bool:
        (count,) = self.reads.connection.execute(
            "SELECT count(*) FROM (SELECT 1 FROM closed WHERE kind = ? AND until > ? LIMIT ?)",
            (self.query.fields.kind.number, self.as_at, MANY_CHANGES),
        ).fetchone()
        return bool(count == MANY_CHANGES)

    def _rows_by_id(self, limit: int) -> list[_Row]:
        """Return rows by id, each with its version at the asAt: the cost does not depend on later changes."""
        kind = self.query.fields.kind
        rest = [self.sort.after_id(self.cursor, "w")] if self.cursor else []
        where = "".join(f" AND {each.text}" for each in rest)
        ids = f"""SELECT n, scope, code FROM {kind.table} w INDEXED BY {kind.table}_id WHERE TRUE{where}
            UNION ALL SELECT n, scope, code FROM gone w WHERE kind = {kind.number}{where}
            ORDER BY {self.sort.id_order_by} LIMIT {MAX_IDS_SCANNED if self.conjuncts else -1}"""
        held = f"""(SELECT x.seq FROM version x WHERE x.kind = {kind.number} AND x.n = walk.n
            AND x.as_at <= ? ORDER BY x.seq DESC LIMIT 1)"""
        wheres = [Sql("v.text IS NOT NULL"), *self._conditions(self.conjuncts, live=False)]
        select = f"""SELECT v.n AS n, v.seq AS seq, v.scope AS scope, v.code AS code
            FROM ({ids}) walk CROSS JOIN version v ON v.seq = {held}
            WHERE {join_conditions(" AND ", wheres).text} LIMIT ?"""
        (value,) = self.reads.connection.execute(
            f"SELECT json_group_array(json_array(n, seq, scope, code, json_array())) FROM ({select})",
            (*_values(rest * 2), self.as_at, *_values(wheres), limit),
        ).fetchone()
        return _ROWS.decode(value)


def _rows_of(row: str, source: str, seq: str, keys: Sequence[Sql], wheres: Sequence[Sql]) -> str:
    """Return the SELECT of the rows of ``source`` that meet ``wheres``, with their sort values."""
    columns = "".join(f", {key.text} AS k{position}" for position, key in enumerate(keys))
    where = join_conditions(" AND ", wheres).text
    if row == "l" and "v." in columns + where:
        source += " CROSS JOIN version v ON v.seq = l.seq"
    return (
        f"SELECT {row}.n AS n, {seq} AS seq, {row}.scope AS scope, {row}.code AS code{columns} "
        f"FROM {source} WHERE {where}"
    )


def _values(parts: Sequence[Sql]) -> list[object]:
    return [value for part in parts for value in part.values]


def _rank(value: Any) -> tuple[int, Any]:
    """Return a sort key that ranks values as SQLite does: numbers before texts, which are folded."""
    if value is None:
        return (0, 0)
    return (2, fold(value)) if isinstance(value, str) else (1, value)
