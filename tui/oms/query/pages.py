"""Reads one page of a list, at one asAt, and says where the next one begins.

What holds at an asAt is the live rows not changed since, and the versions that were closed since. Each
half is read in the list's order, no further than the page; the two are then merged. As long as nothing
was written since the asAt, which is the rule, the second half is empty and is not read. When much was, a
list by id walks the ids instead and asks the journal what each one was.
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
from tui.oms.query.nodes import FilterNode
from tui.oms.query.page_tokens import PageToken
from tui.oms.query.planner import Conjunct, PlanStep, QueryPlan, conjuncts_of
from tui.oms.query.queryable_fields import QueryableFields, Sql, join_conditions
from tui.oms.query.sorting import Cursor, Sort, parse_sort
from tui.oms.store.folding import fold
from tui.oms.store.reads import Reads

DEFAULT_LIMIT: Final = 100
MAX_LIMIT: Final = 5_000
NO_LIMIT: Final = 2**40
"""A limit that is none."""

MANY_CHANGES: Final = 500
"""After so many changes a past list by id is read from the journal, not by what was closed since."""
MAX_IDS_SCANNED: Final = 20_000
"""So many ids are walked for the rows a filter leaves, before what was closed since is read after all."""


class ListQuery(Struct, frozen=True):
    """What to list: which fields can be asked about, what of each row is answered, and the question.

    ``text`` is the SQL of a row's JSON, about a version ``v`` and, through ``:n`` and ``:a``, its entity's
    number and the asAt; ``always`` and ``nodes`` are conditions of the list itself; ``as_at`` is in
    microseconds. With ``superseded_text`` the versions closed before the asAt are listed too, as that SQL
    gives them; such lists are short, and every page reads them whole.
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


class PageSlice(Struct, frozen=True):
    """A page: the rows' JSON, the token of the next page (None on the last), the asAt it was read at."""

    rows: list[bytes]
    next: str | None
    as_at: int


def read_page(reads: Reads, listing: ListQuery) -> PageSlice:
    """Read the page of ``listing``.

    Raises:
        Refusal: the filter, the sort, the limit or the token is not acceptable (section 4).
    """
    if listing.limit is not None and not 1 <= listing.limit <= MAX_LIMIT:
        detail = f"The limit must be between 1 and {MAX_LIMIT}."
        raise Refusal("InvalidParameterValue", detail, errors={"limit": (detail,)})
    last = reads.last
    question = _query_of(last, listing)
    node = _parse(question.filter)
    reading = _PageReader(
        reads,
        listing,
        question.read_as_at,
        question.read_as_at < last,
        parse_sort(listing.fields, question.sort),
        tuple(part for asked in listing.fixed_filters for part in conjuncts_of(*asked))
        + conjuncts_of(listing.fields, node),
    )
    limit = listing.limit or DEFAULT_LIMIT
    if listing.token and not listing.superseded_sql:
        reading.cursor = reading.cursor_at(question.after_seq)
    wanted = NO_LIMIT if listing.superseded_sql else listing.offset + limit + 1
    try:
        rows = reading.read_rows(wanted)
        if listing.superseded_sql:
            places = [row.seq for row in rows]
            rows = rows[places.index(question.after_seq) + 1 if question.after_seq in places else 0 :]
        page = rows[listing.offset : listing.offset + limit]
        more = len(rows) > listing.offset + limit
        token = page_tokens.encode(replace(question, after_seq=page[-1].seq)) if more else None
        return PageSlice(reading.read_json(page), token, question.read_as_at)
    except sqlite3.OperationalError as error:
        if node is None or "overflow" not in str(error):
            raise
        from tui.oms.query.grammar import parse_error

        raise parse_error("The filter is nested deeper than this server can follow.") from error


def _query_of(last: int, listing: ListQuery) -> PageToken:
    """Give what is asked: by the token when there is one, which must not be contradicted."""
    if not listing.token:
        asked = last if listing.as_at is None else listing.as_at
        to_come = asked if asked > last else 0
        return PageToken(0, min(asked, last), listing.filter.strip(), listing.sort, asked_as_at=to_come)
    token = page_tokens.decode(listing.token, listing.filter.strip(), listing.sort)
    if listing.as_at is not None and listing.as_at != token.requested_as_at:
        raise page_tokens.invalid_page_token("The page token was given for another asAt.")
    return token


def _parse(filter: str) -> FilterNode | None:
    if not filter:
        return None
    from tui.oms.query.grammar import parse_filter  # most lists ask for everything

    return parse_filter(filter)


class _Row(Struct, frozen=True, array_like=True):
    """A row that belongs on the page: whose version it is, its id, what it is sorted by."""

    n: int
    seq: int
    scope: str
    code: str
    keys: list[Any]


_ROWS: Final = msgspec.json.Decoder(list[_Row])


class _PageReader(Struct):
    """One page being read.

    Every statement gives all it finds as one value: the threads that read and those that write take turns
    for the interpreter, and a row at a time would be a turn at a time.
    """

    reads: Reads
    query: ListQuery
    as_at: int
    past: bool
    sort: Sort
    conjuncts: tuple[Conjunct, ...]
    cursor: Cursor | None = None

    def cursor_at(self, seq: int) -> Cursor:
        """Give the row after which the page begins; its version is in the journal for ever."""
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

    def read_rows(self, wanted: int) -> list[_Row]:
        """Give the next ``wanted`` rows in the order of the list."""
        both = self.past or self.query.superseded_sql is not None
        if both and not self.sort.keys and not self.query.superseded_sql and self._many_changes_since():
            rows = self._rows_by_id(wanted)
            if not self.conjuncts or len(rows) >= wanted:
                return rows
        plan = QueryPlan(
            self.reads.connection, self.query.fields.kind, self.sort, self.conjuncts, self.cursor
        )
        rows = []
        for phase in plan.steps():
            if phase.scans:
                rows += self._live_rows(phase, wanted - len(rows))
            if len(rows) >= wanted:
                break
        if both:
            rows += self._closed_rows(wanted)
            self._sort_rows(rows)
        return rows[:wanted]

    def read_json(self, rows: Sequence[_Row]) -> list[bytes]:
        """Give the rows' JSON."""
        listing = self.query
        text = listing.json_sql
        closed = ""
        if listing.superseded_sql:
            text = f"CASE WHEN c.seq IS NULL THEN {text} ELSE {listing.superseded_sql} END"
            closed = " LEFT JOIN closed c ON c.seq = v.seq"
        text = text.replace(":n", "v.n").replace(":a", str(self.as_at))
        (found,) = self.reads.connection.execute(
            f"""SELECT CAST(group_concat({text}, char(10)) AS BLOB)
                FROM json_each(?) j CROSS JOIN version v ON v.seq = j.value{closed}""",
            (msgspec.json.encode([row.seq for row in rows]).decode(),),
        ).fetchone()
        return found.split(b"\n") if found else []

    # -- the live half -------------------------------------------------------------------------------

    def _live_rows(self, phase: PlanStep, limit: int) -> list[_Row]:
        keys = [key.sql(live=True) for key in self.sort.keys]
        since = [Sql("l.since <= ?", (self.as_at,))] if self.past else []
        common = [*since, *phase.conditions, *self._conditions(phase.conjuncts, live=True)]
        arms, values = [], []
        for arm in phase.scans:
            wheres = [*arm.conditions, *common]
            by = f" INDEXED BY {arm.index}" if arm.index else ""
            arms.append(_rows_of("l", f"{self.query.fields.kind.table} l{by}", "l.seq", keys, wheres))
            values += [*_values(keys), *_values(wheres)]
        return self._read(" UNION ALL ".join(arms), phase.order_by, values, limit)

    def _conditions(self, parts: Sequence[Conjunct], *, live: bool) -> list[Sql]:
        """Give the conditions of the list itself and of its filter."""
        return [*self.query.fixed_conditions, *(part.condition(live=live) for part in parts)]

    def _read(self, select: str, order: str, values: Sequence[object], limit: int) -> list[_Row]:
        keys = ", ".join(f"k{place}" for place, _ in enumerate(self.sort.keys))
        (found,) = self.reads.connection.execute(
            f"""SELECT json_group_array(json_array(n, seq, scope, code, json_array({keys})))
                FROM ({select} ORDER BY {order} LIMIT ?)""",
            (*values, limit),
        ).fetchone()
        return _ROWS.decode(found)

    # -- the closed half -----------------------------------------------------------------------------

    def _closed_rows(self, limit: int) -> list[_Row]:
        """Give the versions that held at the asAt and were closed since."""
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
        for place, key in reversed(tuple(enumerate(self.sort.keys))):
            rows.sort(key=lambda row, place=place: _rank(row.keys[place]), reverse=key.descending)  # type: ignore[misc]
            rows.sort(key=lambda row, place=place: row.keys[place] is None)  # type: ignore[misc]

    def _many_changes_since(self) -> bool:
        (count,) = self.reads.connection.execute(
            "SELECT count(*) FROM (SELECT 1 FROM closed WHERE kind = ? AND until > ? LIMIT ?)",
            (self.query.fields.kind.number, self.as_at, MANY_CHANGES),
        ).fetchone()
        return bool(count == MANY_CHANGES)

    def _rows_by_id(self, limit: int) -> list[_Row]:
        """Give rows by id, each as the journal has it at the asAt: no matter how much changed since."""
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
        (found,) = self.reads.connection.execute(
            f"SELECT json_group_array(json_array(n, seq, scope, code, json_array())) FROM ({select})",
            (*_values(rest * 2), self.as_at, *_values(wheres), limit),
        ).fetchone()
        return _ROWS.decode(found)


def _rows_of(row: str, source: str, seq: str, keys: Sequence[Sql], wheres: Sequence[Sql]) -> str:
    """Give the SQL of the rows of ``source`` that fulfil conditions, with what they are sorted by."""
    columns = "".join(f", {key.text} AS k{place}" for place, key in enumerate(keys))
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
    """Order values as SQLite does: numbers before texts, which are folded."""
    if value is None:
        return (0, 0)
    return (2, fold(value)) if isinstance(value, str) else (1, value)
