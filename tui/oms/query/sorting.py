"""The order of a list: its sort fields, what SQL says it with, and where a page goes on in it.

Nulls come last in either direction, and rows that are equal in every sort field come by scope and code.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

from msgspec import Struct

from tui.oms.query.fields import Field, Fields, Leaf, Sql
from tui.oms.refusals import Refusal

MAX_SORTS: Final = 10

_SORT: Final = r"(?i)\s*(?P<minus>-?)(?P<field>\S.*?)(?:\s+(?P<way>asc|desc))?\s*"
_TEXTS: Final = (Leaf.TEXT, Leaf.PROPERTY)


class Key(Struct, frozen=True):
    """One sort field and its direction."""

    field: Field
    descending: bool

    def sql(self, live: bool) -> Sql:
        """Give what is sorted by, of a live row or of any version."""
        sql = self.field.live if live else self.field.kept
        if self.field.leaf is Leaf.PROPERTY:
            (path,) = sql.values
            parts = (f"{path}.value.metricValue.value", f"{path}.value.labelValue")
            sql = Sql(f"coalesce({sql.text}, {sql.text})", parts)
        return Sql(sql.text + (" COLLATE NOCASE" if self.field.leaf in _TEXTS else ""), sql.values)


class Cursor(Struct, frozen=True):
    """The last row of the page before: its sort values and its id."""

    values: tuple[Any, ...]
    scope: str
    code: str


def keys_of(fields: Fields, sorts: Sequence[str]) -> tuple[Key, ...]:
    """Read sort fields in either form: ``field DESC`` or ``-field``.

    Raises:
        Refusal: a field that does not exist or cannot be sorted by (681), or too many (682).
    """
    if len(sorts) > MAX_SORTS:
        raise Refusal("TooManySortFields", f"At most {MAX_SORTS} sort fields are allowed.", code=682)
    keys: list[Key] = []
    for text in sorts:
        match = re.fullmatch(_SORT, text)
        if match is None:
            raise Refusal("SortingByFieldNotSupported", f"'{text}' is not a sort.", code=681)
        descending = bool(match["minus"]) or (match["way"] or "").lower() == "desc"
        name = match["field"]
        names = ("id.scope", "id.code") if name.lower() == "id" else (name,)
        if name.lower() == "id" and not descending:
            break
        for each in names:
            found = fields.find(each, code=681)
            if found.leaf in (Leaf.PARTS, Leaf.LIST) or found.each is not None:
                detail = f"Sorting by '{name}' is not supported."
                raise Refusal("SortingByFieldNotSupported", detail, code=681)
            keys.append(Key(found, descending))
    return tuple(keys)


def order_of(keys: Sequence[Key], live: bool) -> str:
    parts = []
    for key in keys:
        sql = key.sql(live).text
        parts.append(f"{sql} IS NULL, {sql}{' DESC' if key.descending else ''}")
    ids = "l.scope, l.code" if live else "v.scope, v.code"
    return ", ".join([*parts, ids])


def behind(cursor: Cursor, live: bool) -> Sql:
    """Give the condition of a row whose id comes after the cursor's."""
    row = "l" if live else "v"
    return Sql(f"({row}.scope, {row}.code) > (?, ?)", (cursor.scope, cursor.code))


def after(keys: Sequence[Key], cursor: Cursor, live: bool) -> Sql:
    """Give the condition of a row that comes after the cursor: nulls last, then by id."""
    tie = behind(cursor, live)
    for key, value in reversed(tuple(zip(keys, cursor.values, strict=True))):
        sql = key.sql(live)
        if value is None:
            tie = Sql(f"({sql.text} IS NULL AND {tie.text})", (*sql.values, *tie.values))
            continue
        sign = "<" if key.descending else ">"
        tie = Sql(
            f"({sql.text} {sign} ? OR {sql.text} IS NULL OR ({sql.text} = ? AND {tie.text}))",
            (*sql.values, value, *sql.values, *sql.values, value, *tie.values),
        )
    return tie
