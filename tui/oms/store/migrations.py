"""Migration of a database of an earlier layout: the derived tables are rebuilt from the journal."""

from __future__ import annotations

import sqlite3

from tui.oms.store.reads import decode_entity
from tui.oms.store.schema import KINDS, LAYOUT, EntityTable, live_table_statements

BATCH_ROWS = 1_000
"""The number of rows that are read and written at a time."""


def upgrade(connection: sqlite3.Connection) -> None:
    """Rebuild the live tables, all or none; the journal is the same in every layout."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        for kind in KINDS.values():
            _rebuild(connection, kind)
        connection.execute(f"PRAGMA user_version = {LAYOUT}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _rebuild(connection: sqlite3.Connection, kind: EntityTable) -> None:
    indexes = connection.execute(
        "SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = ? AND sql IS NOT NULL",
        (kind.table,),
    ).fetchall()
    for (index,) in indexes:
        connection.execute(f"DROP INDEX {index}")
    known = connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (kind.table,)).fetchone()
    if known:
        connection.execute(f"ALTER TABLE {kind.table} RENAME TO earlier")
    for statement in live_table_statements(kind):
        connection.execute(statement)
    if not known:
        return
    marks = ",".join("?" * (5 + len(kind.indexed_paths)))
    rows = connection.execute(
        """SELECT e.n, e.seq, e.since, e.scope, e.code, CAST(v.text AS BLOB)
            FROM earlier e CROSS JOIN version v ON v.seq = e.seq"""
    )
    while some := rows.fetchmany(BATCH_ROWS):
        made = [(*row, *kind.indexed_values(decode_entity(kind.type, text))) for *row, text in some]
        connection.executemany(f"INSERT INTO {kind.table} VALUES ({marks})", made)
    if kind.low_cardinality:
        names = ", ".join(kind.columns[: kind.low_cardinality])
        connection.execute(f"INSERT INTO {kind.combination_table} SELECT DISTINCT {names} FROM {kind.table}")
    connection.execute("DROP TABLE earlier")
