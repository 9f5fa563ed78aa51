"""Damage of a database that SQLite does not see: rows that are not as they were written.

The journal is held against its hash chain, and the rows that are derived from it against the journal. Who can
write the file can also forge the whole chain; what is found is damage, and changes by hand.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

from tui.api.sanitize import clean
from tui.oms.domain.times import from_micros
from tui.oms.store.batch import chained
from tui.oms.store.reads import decode_entity
from tui.oms.store.schema import KINDS, EntityTable

ROWS_A_STEP: Final = 1_000
"""The number of rows read at a time, and after which what is checked is told."""
MOST_LETTERS: Final = 80
"""The longest text of a damaged row that a sentence quotes, in letters."""
_JOURNAL: Final = "seq, kind, n, scope, code, number, as_at, user, request, CAST(text AS BLOB), chain"


def damage_of(
    connection: sqlite3.Connection, tell: Callable[[int], None] = lambda per_cent: None
) -> str | None:
    """Return what is damaged and since when, in words; None when all is as it was written.

    ``tell`` hears how much of the journal is checked, in per cent.
    """
    as_usual = connection.text_factory
    connection.text_factory = _read_text
    try:
        seq = broken_link(connection, tell)
        if seq is not None:
            return _journal_damage(connection, seq)
        for kind in KINDS.values():
            if what := _derived_damage(connection, kind):
                return what
    except sqlite3.DatabaseError as error:
        return f"{error}."
    finally:
        connection.text_factory = as_usual
    return None


def broken_link(
    connection: sqlite3.Connection, tell: Callable[[int], None] = lambda per_cent: None
) -> int | None:
    """Return the number of the journal's first row that does not match its hash chain, or None."""
    (last,) = connection.execute("SELECT max(seq) FROM version").fetchone()
    chain, checked = b"", 0
    rows = connection.execute(f"SELECT {_JOURNAL} FROM version ORDER BY seq")
    while some := rows.fetchmany(ROWS_A_STEP):
        for *head, text, stored in some:
            chain = chained(chain, tuple(head), text or b"")
            if chain != stored:
                seq: int = head[0]
                return seq
        checked += len(some)
        tell(min(100 * checked // last, 100))
    return None


def _journal_damage(connection: sqlite3.Connection, seq: int) -> str:
    """Return in words which change is damaged, and until when the journal is whole."""
    (count,) = connection.execute("SELECT count(*) FROM version").fetchone()
    before, until = connection.execute(
        "SELECT count(*), max(as_at) FROM version WHERE seq < ?", (seq,)
    ).fetchone()
    whole = f" All before it, until {_moment(until)}, is whole." if before else ""
    number, scope, code, as_at, user = connection.execute(
        "SELECT kind, scope, code, as_at, user FROM version WHERE seq = ?", (seq,)
    ).fetchone()
    name = next((kind.name for kind in KINDS.values() if kind.number == number), "a row")
    what = f"{name} {_quoted(scope)}/{_quoted(code)}, {_moment(as_at)} by {_quoted(user)}"
    return f"change {before + 1} of {count} ({what}) is not as it was written.{whole}"


def _derived_damage(connection: sqlite3.Connection, kind: EntityTable) -> str | None:
    """Return in words which current row is not the newest version in the journal, or None."""
    columns = "".join(f", l.{name}" for name in kind.columns)
    rows = connection.execute(
        f"""SELECT l.scope, l.code, v.as_at,
                v.n IS l.n AND v.kind IS ?1 AND v.scope IS l.scope AND v.code IS l.code AND v.as_at IS l.since
                AND l.seq IS (SELECT max(seq) FROM version w WHERE w.kind = ?1 AND w.n = l.n),
                CAST(v.text AS BLOB){columns}
            FROM {kind.table} l LEFT JOIN version v ON v.seq = l.seq""",
        (kind.number,),
    )
    count = 0
    while some := rows.fetchmany(ROWS_A_STEP):
        count += len(some)
        for scope, code, as_at, is_newest, text, *values in some:
            if not is_newest or text is None or _values(kind, text) != tuple(values):
                return (
                    f"the current {kind.name} {_quoted(scope)}/{_quoted(code)} is not what its newest "
                    f"change, {_moment(as_at)}, made of it."
                )
    (existing,) = connection.execute(
        """SELECT count(*) FROM version v WHERE kind = ? AND text IS NOT NULL
            AND NOT EXISTS (SELECT 1 FROM closed c WHERE c.seq = v.seq)""",
        (kind.number,),
    ).fetchone()
    if existing != count:
        return f"there should be {existing} current rows of {kind.name}; there are {count}."
    return None


def _values(kind: EntityTable, text: bytes) -> tuple[str | None, ...]:
    return kind.indexed_values(decode_entity(kind.type, text))


def _moment(as_at: Any) -> str:
    with suppress(TypeError, ValueError, OverflowError):
        return f"{from_micros(as_at):%Y-%m-%d %H:%M:%S} UTC"
    return "at no time"


def _quoted(text: str) -> str:
    return clean(text[:MOST_LETTERS])


def _read_text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")
