"""Reads one page of a list, at one asAt, and says where the next one begins.

What holds at an asAt is the live rows not changed since, and the versions that were closed since. Each
half is read in the list's order, no further than the page; the two are then merged. As long as nothing
was written since the asAt, which is the rule, the second half is empty and is not read.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any, Final

from msgspec import Struct

from tui.oms.query import tokens
from tui.oms.query.fields import Fields, Sql
from tui.oms.query.nodes import Node
from tui.oms.query.phases import Phase, phases
from tui.oms.query.sorting import Cursor, Key, after, keys_of, order_of
from tui.oms.query.tokens import Token
from tui.oms.refusals import Refusal
from tui.oms.store.reads import Reads

DEFAULT_LIMIT: Final = 100
MAX_LIMIT: Final = 5_000
EVERYTHING: Final = 2**40
"""A limit that is none."""

_LOWER: Final = str.maketrans({chr(upper): chr(upper + 32) for upper in range(65, 91)})


class Listing(Struct, frozen=True):
    """What to list: which fields can be asked about, what of each row is answered, and the question.

    ``text`` is the SQL of a row's JSON, about a version ``v`` and, through ``:n`` and ``:a``, its entity's
    number and the asAt; ``always`` and ``nodes`` are conditions of the list itself; ``as_at`` is in
    microseconds. With ``superseded_text`` the versions closed before the asAt are listed too, as that SQL
    gives them; such lists are short, and every page reads them whole.
    """

    fields: Fields
    text: str = "v.text"
    always: tuple[Sql, ...] = ()
    nodes: tuple[tuple[Fields, Node], ...] = ()
    filter: str = ""
    sort: tuple[str, ...] = ()
    limit: int | None = None
    token: str | None = None
    as_at: int | None = None
    start: int = 0
    superseded_text: str | None = None


class Slice(Struct, frozen=True):
    """A page: the rows' JSON, the token of the next page (None on the last), the asAt it was read at."""

    rows: list[bytes]
    next: str | None
    as_at: int


class _Reading(Struct):
    """One page being read: the question, made ready."""

    store: Reads
    listing: Listing
    as_at: int
    keys: tuple[Key, ...]
    node: Node | None
    cursor: Cursor | None
    limit: int
    rows: list[tuple[Any, ...]] = []


def read_page(store: Reads, listing: Listing) -> Slice:
    """Read the page of ``listing``.

    Raises:
        Refusal: the filter, the sort, the limit or the token is not acceptable (section 4).
    """
    if listing.limit is not None and not 1 <= listing.limit <= MAX_LIMIT:
        detail = f"The limit must be between 1 and {MAX_LIMIT}."
        raise Refusal("InvalidParameterValue", detail, errors={"limit": (detail,)})
    question = _question(store, listing)
    reading = _Reading(
        store,
        listing,
        question.a,
        keys_of(listing.fields, question.s),
        _parsed(question.f),
        None,
        listing.limit or DEFAULT_LIMIT,
    )
    if listing.superseded_text:
        reading.limit = EVERYTHING
    elif listing.token:
        reading.cursor = _cursor(reading, question.o)
    _read_live(reading)
    if question.a < store.last or listing.superseded_text:
        _read_closed(reading)
    if listing.superseded_text:
        reading.limit = listing.limit or DEFAULT_LIMIT
        seqs = [row[1] for row in reading.rows]
        del reading.rows[: seqs.index(question.o) + 1 if question.o in seqs else 0]
    page = reading.rows[listing.start : listing.start + reading.limit]
    more = len(reading.rows) > listing.start + reading.limit
    token = tokens.written(Token(page[-1][1], question.a, question.f, question.s)) if more else None
    return Slice([row[0] for row in page], token, question.a)


def _question(store: Reads, listing: Listing) -> Token:
    """Give what is asked: by the token when there is one, which must not be contradicted."""
    if not listing.token:
        as_at = store.last if listing.as_at is None else listing.as_at
        return Token(0, as_at, listing.filter.strip(), listing.sort)
    token = tokens.read(listing.token)
    asked = (
        (listing.filter.strip(), token.f, "filter"),
        (listing.sort, token.s, "sortBy"),
        (listing.as_at, token.a, "asAt"),
    )
    for now, then, name in asked:
        if now and now != then:
            raise tokens.invalid(f"The page token was given for another {name}.")
    return token


def _parsed(filter: str) -> Node | None:
    if not filter:
        return None
    from tui.oms.query.grammar import parse  # most lists ask for everything

    return parse(filter)


def _cursor(reading: _Reading, seq: int) -> Cursor:
    """Find the row after which the page begins; its version is in the journal for ever."""
    keys = [key.sql(live=False) for key in reading.keys]
    columns = "".join(f", {key.text}" for key in keys)
    row = reading.store.connection.execute(
        f"SELECT v.scope, v.code{columns} FROM version v WHERE v.seq = ? AND v.kind = ?",
        (*_values(keys), seq, reading.listing.fields.kind.number),
    ).fetchone()
    if row is None:
        raise tokens.invalid("The page token is not one of this list.")
    scope, code, *values = row
    return Cursor(tuple(values), scope, code)


# -- the live half -----------------------------------------------------------------------------------


def _read_live(reading: _Reading) -> None:
    table = reading.listing.fields.kind.table
    since = [Sql("l.since <= ?", (reading.as_at,))] if reading.as_at < reading.store.last else []
    connection, fields = reading.store.connection, reading.listing.fields
    for phase in phases(connection, fields, reading.keys, reading.node, reading.cursor):
        wanted = reading.listing.start + reading.limit + 1 - len(reading.rows)
        if wanted <= 0:
            return
        by = f" INDEXED BY {phase.index}" if phase.index else ""
        source = f"{table} l{by} CROSS JOIN version v ON v.seq = l.seq"
        reading.rows += _select(reading, source, "l.n", [*since, *phase.conditions], phase, wanted, live=True)


# -- the closed half ---------------------------------------------------------------------------------


def _read_closed(reading: _Reading) -> None:
    """Add the versions that held at the asAt and were closed since, and put all in order."""
    kind = reading.listing.fields.kind
    source = "closed c CROSS JOIN version v ON v.seq = c.seq"
    until = 0 if reading.listing.superseded_text else reading.as_at
    held = Sql("c.kind = ? AND c.until > ? AND v.as_at <= ?", (kind.number, until, reading.as_at))
    rest = [after(reading.keys, reading.cursor, live=False)] if reading.cursor else []
    phase = Phase((held, *rest), order_of(reading.keys, live=False))
    wanted = reading.listing.start + reading.limit + 1
    reading.rows += _select(reading, source, "v.n", list(phase.conditions), phase, wanted, live=False)
    reading.rows.sort(key=lambda row: (row[2], row[3]))
    for place, key in reversed(tuple(enumerate(reading.keys, 4))):
        reading.rows.sort(key=lambda row, place=place: _rank(row[place]), reverse=key.descending)  # type: ignore[misc]
        reading.rows.sort(key=lambda row, place=place: row[place] is None)  # type: ignore[misc]


def _rank(value: Any) -> tuple[int, Any]:
    """Order values as SQLite does: numbers before texts, texts without regard to case."""
    if value is None:
        return (0, 0)
    return (2, value.translate(_LOWER)) if isinstance(value, str) else (1, value)


# -- both ----------------------------------------------------------------------------------------------


def _select(
    reading: _Reading, source: str, n: str, conditions: list[Sql], phase: Phase, limit: int, *, live: bool
) -> list[tuple[Any, ...]]:
    """Read rows of (JSON, version, scope, code, sort values...) in the phase's order."""
    listing = reading.listing
    wheres = [*conditions, *listing.always, *_conditions(reading, live)]
    where = " AND ".join(f"({each.text})" for each in wheres) or "TRUE"
    keys = [key.sql(live) for key in reading.keys]
    columns = "".join(f", {key.text}" for key in keys)
    text = listing.text if live else listing.superseded_text or listing.text
    text = text.replace(":n", n).replace(":a", str(reading.as_at))
    try:
        return reading.store.connection.execute(
            f"""SELECT CAST({text} AS BLOB), v.seq, v.scope, v.code{columns} FROM {source}
                WHERE {where} ORDER BY {phase.order} LIMIT ?""",
            (*_values(keys), *_values(wheres), *_order_values(phase, keys), limit),
        ).fetchall()
    except sqlite3.OperationalError as error:
        if reading.node is None or "overflow" not in str(error):
            raise
        from tui.oms.query.grammar import unparsable

        raise unparsable("The filter is nested deeper than this server can follow.") from error


def _conditions(reading: _Reading, live: bool) -> list[Sql]:
    """Give the conditions of the list itself and of its filter."""
    nodes = [*reading.listing.nodes]
    if reading.node is not None:
        nodes.append((reading.listing.fields, reading.node))
    if not nodes:
        return []
    from tui.oms.query.conditions import Conditions

    return [Conditions(fields, live=live).of(node) for fields, node in nodes]


def _values(parts: Sequence[Sql]) -> tuple[object, ...]:
    return tuple(value for part in parts for value in part.values)


def _order_values(phase: Phase, keys: Sequence[Sql]) -> tuple[object, ...]:
    """Give the values of the question marks in the phase's order, where a key stands twice."""
    marks = phase.order.count("?")
    return tuple(value for key in keys for value in key.values * 2) if marks else ()
