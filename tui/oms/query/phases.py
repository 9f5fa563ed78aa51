"""How the live rows of a list are read, so that an index gives them in order or finds the few there are.

A list without a sort comes by scope and code. One whose only sort field has an index is read in phases,
each of which that index serves in order: first the rows that have a value, then those that have none; a
text in descending order value by value, so that ties still come in ascending order of their ids. When a
filter leaves so few rows of an indexed range that sorting them is cheaper, that index finds them.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from typing import Final

from msgspec import Struct

from tui.oms.query.fields import Fields, Leaf, Sql
from tui.oms.query.nodes import Both, Node, Test
from tui.oms.query.sorting import Cursor, Key, after, behind, order_of

FEW: Final = 2_000
"""So many rows are sorted sooner than an index is walked past all others."""

_IDS: Final = "l.scope, l.code"
_RANGES: Final = frozenset({"lt", "lte", "gt", "gte", "startswith"})


class Phase(Struct, frozen=True):
    """A part of a list: ``order`` holds within ``conditions``; ``index`` is the one to use, if one must."""

    conditions: tuple[Sql, ...]
    order: str
    index: str | None = None


def phases(
    connection: sqlite3.Connection,
    fields: Fields,
    keys: Sequence[Key],
    node: Node | None,
    cursor: Cursor | None,
) -> Iterator[Phase]:
    """Give the parts of the live half of a list in their order, from the cursor on."""
    table = fields.kind.table
    index = _index_of_few(connection, fields, node)
    if index is not None or not keys or len(keys) > 1 or not keys[0].field.hot:
        rest = (after(keys, cursor, live=True),) if cursor else ()
        yield Phase(rest, order_of(keys, live=True), index)
    elif keys[0].descending and keys[0].field.leaf is Leaf.TEXT:
        yield from _value_by_value(connection, table, keys[0], cursor)
    else:
        yield from _straight(keys[0], cursor)


def _straight(key: Key, cursor: Cursor | None) -> Iterator[Phase]:
    """Give the rows that have a value as their index has them, then those that have none."""
    name = key.sql(live=True).text
    if cursor is None or cursor.values[0] is not None:
        conditions = [Sql(f"{name} IS NOT NULL")]
        if cursor is not None and key.descending:
            conditions.append(after([key], cursor, live=True))
        elif cursor is not None:
            row = f"({name}, {_IDS}) > (?, ?, ?)"
            conditions.append(Sql(row, (cursor.values[0], cursor.scope, cursor.code)))
        yield Phase(tuple(conditions), f"{name}{' DESC' if key.descending else ''}, {_IDS}")
    if key.field.leaf is not Leaf.SINCE:
        yield _without_value(name, cursor)


def _value_by_value(
    connection: sqlite3.Connection, table: str, key: Key, cursor: Cursor | None
) -> Iterator[Phase]:
    """Give the rows of one value after the other, descending, then those that have none."""
    name = key.sql(live=True).text
    value = cursor.values[0] if cursor else None
    if cursor is not None and value is not None:
        yield Phase((Sql(f"{name} = ?", (value,)), behind(cursor, live=True)), _IDS)
    if cursor is None or value is not None:
        for lower in _values_below(connection, table, name, value):
            yield Phase((Sql(f"{name} = ?", (lower,)),), _IDS)
    yield _without_value(name, cursor)


def _without_value(name: str, cursor: Cursor | None) -> Phase:
    inside = cursor is not None and cursor.values[0] is None
    rest = (behind(cursor, live=True),) if inside and cursor else ()
    return Phase((Sql(f"{name} IS NULL"), *rest), _IDS)


def _values_below(connection: sqlite3.Connection, table: str, name: str, value: str | None) -> Iterator[str]:
    """Give a column's distinct values in descending order, below ``value`` unless it is None."""
    while True:
        below, values = ("", ()) if value is None else (f" WHERE {name} < ?", (value,))
        (value,) = connection.execute(f"SELECT max({name}) FROM {table} l{below}", values).fetchone()
        if value is None:
            return
        yield value


def _index_of_few(connection: sqlite3.Connection, fields: Fields, node: Node | None) -> str | None:
    """Give the index of a range that the whole filter lies in and that holds few rows, if there is one."""
    if node is None:
        return None
    parts = node.parts if isinstance(node, Both) and not node.either else (node,)
    for part in parts:
        if not isinstance(part, Test) or part.op not in _RANGES:
            continue
        field = fields.find(part.field)
        column = field.live.text.removeprefix("l.")
        if not field.hot or column == "scope":
            continue
        from tui.oms.query.conditions import Conditions

        condition = Conditions(fields, live=True).of(part)
        table = fields.kind.table
        (count,) = connection.execute(
            f"SELECT count(*) FROM (SELECT 1 FROM {table} l WHERE {condition.text} LIMIT {FEW})",
            condition.values,
        ).fetchone()
        if count < FEW:
            return f"{table}_{'named' if column == 'code' else column}"
    return None
