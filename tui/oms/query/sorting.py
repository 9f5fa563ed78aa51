"""Sort a list: its sort fields, their SQL, and the position of a page (keyset pagination).

Nulls come last in either direction, texts are compared case-insensitively, and rows that are equal in every
sort field are sorted by scope and code.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

from msgspec import Struct

from tui.oms.domain.error_codes import TOO_MANY_SORTS, UNSUPPORTED_SORT
from tui.oms.domain.refusals import Refusal
from tui.oms.query.queryable_fields import FieldType, QueryableField, QueryableFields, Sql

MAX_SORT_FIELDS: Final = 10

_SORT_FIELD: Final = r"(?i)\s*(?P<minus>-?)(?P<field>\S.*?)(?:\s+(?P<way>asc|desc))?\s*"


class SortKey(Struct, frozen=True):
    """One sort field and its direction."""

    field: QueryableField
    descending: bool

    def sql(self, live: bool) -> Sql:
        """Return the SQL of the sort value, of a live row or of any version; both give the same value."""
        sql = self.field.live if live else self.field.any_version
        if self.field.type is FieldType.PROPERTY:
            (path,) = sql.values
            label = _folded(Sql(sql.text, (f"{path}.value.labelValue",)))
            metric = f"{path}.value.metricValue.value"
            return Sql(f"coalesce({sql.text}, {label.text})", (metric, *label.values))
        if self.field.type is FieldType.TEXT and not self.field.is_folded(live):
            return (
                _id_column(sql) if self.field.indexed and sql.text[2:] in ("scope", "code") else _folded(sql)
            )
        return sql


def _id_column(part: Sql) -> Sql:
    """Return a part of an id as its index stores it: codes case-insensitively."""
    return Sql(f"{part.text} COLLATE NOCASE") if part.text.endswith(".code") else part


def _folded(text: Sql) -> Sql:
    """Return SQL that folds a text; only text beyond ASCII calls Python."""
    sql = text.text
    return Sql(f"CASE WHEN {sql} GLOB '*[^ -~]*' THEN fold({sql}) ELSE lower({sql}) END", text.values * 3)


class Sort(Struct, frozen=True):
    """The sort of a list: by its keys, then by id, descending with ``ids_descending``."""

    keys: tuple[SortKey, ...] = ()
    ids_descending: bool = False

    @property
    def id_order_by(self) -> str:
        """The ORDER BY of rows that are equal in every key."""
        return "scope DESC, code DESC" if self.ids_descending else "scope, code"

    @property
    def order_by(self) -> str:
        """The ORDER BY of rows whose sort values are selected as ``k0``, ``k1``, ..."""
        parts = [
            f"k{place}{' DESC' if key.descending else ''} NULLS LAST" for place, key in enumerate(self.keys)
        ]
        return ", ".join([*parts, self.id_order_by])

    def after_id(self, cursor: Cursor, row: str) -> Sql:
        """Return the condition that a row's id follows the cursor's."""
        sign = "<" if self.ids_descending else ">"
        return Sql(f"({row}.scope, {row}.code) {sign} (?, ?)", (cursor.scope, cursor.code))

    def after_cursor(self, cursor: Cursor, *, live: bool) -> Sql:
        """Return the condition that a row follows the cursor: nulls last, then by id."""
        tie = self.after_id(cursor, "l" if live else "v")
        for key, value in reversed(tuple(zip(self.keys, cursor.values, strict=True))):
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


class Cursor(Struct, frozen=True):
    """The last row of the previous page: its sort values and its id."""

    values: tuple[Any, ...]
    scope: str
    code: str


def parse_sort(fields: QueryableFields, sorts: Sequence[str]) -> Sort:
    """Parse sort fields in either form: ``field DESC`` or ``-field``.

    Raises:
        Refusal: a field does not exist or cannot be sorted by (681), or there are too many (682).
    """
    if len(sorts) > MAX_SORT_FIELDS:
        raise Refusal(
            "TooManySortFields", f"At most {MAX_SORT_FIELDS} sort fields are allowed.", code=TOO_MANY_SORTS
        )
    keys: list[SortKey] = []
    for text in sorts:
        match = re.fullmatch(_SORT_FIELD, text)
        if match is None:
            raise Refusal("SortingByFieldNotSupported", f"'{text}' is not a sort.", code=UNSUPPORTED_SORT)
        descending = bool(match["minus"]) or (match["way"] or "").lower() == "desc"
        name = match["field"]
        if name.lower() == "id":
            return Sort(tuple(keys), descending)
        found = fields.find(name, code=UNSUPPORTED_SORT)
        if found.type in (FieldType.PARTS, FieldType.LIST) or found.list_path is not None:
            detail = f"Sorting by '{name}' is not supported."
            raise Refusal("SortingByFieldNotSupported", detail, code=UNSUPPORTED_SORT)
        keys.append(SortKey(found, descending))
    return Sort(tuple(keys))
