"""Pages of rows that are held in memory, with the filters, sorts and tokens of every other list.

The rows go to SQLite as JSON, so that a condition means here what it means for an entity that is stored.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from tui.api import codec
from tui.api.base import ResourceId
from tui.oms.domain.refusals import Refusal
from tui.oms.domain.times import to_micros
from tui.oms.query import page_tokens
from tui.oms.query.conditions import ConditionBuilder
from tui.oms.query.grammar import parse_filter
from tui.oms.query.nodes import MAX_FILTER_LENGTH
from tui.oms.query.page_tokens import PageToken
from tui.oms.query.pages import DEFAULT_LIMIT, MAX_LIMIT
from tui.oms.query.queryable_fields import FieldType, QueryableField, QueryableFields, Sql
from tui.oms.query.sorting import parse_sort
from tui.oms.store.reads import StoreReader
from tui.oms.store.schema import EntityTable

_IDENTIFIER: Final = r"(?i)identifiers(?:\.([^\[\]]+)|\[\s*'?([^\[\]']+)'?\s*\])"


class StaticList(QueryableFields):
    """The fields of rows of one type; ``id_of`` returns the id by which rows of equal rank are sorted."""

    def __init__(self, row: type[Any], id_of: Callable[[Any], ResourceId]) -> None:
        super().__init__(EntityTable(-1, row, row.__name__, (), lambda _: ()), row)
        self.id_of = id_of

    def find(self, name: str, *, code: int = 151) -> QueryableField:
        """Return the field called ``name``; identifiers are plain texts by their type."""
        if (match := re.fullmatch(_IDENTIFIER, name)) is not None:
            type = (match[1] or match[2]).strip().removeprefix("Instrument/default/")
            if type.isalnum():
                kept = Sql(f"json_extract(v.text, '$.identifiers.{type}')")
                return QueryableField(name, FieldType.TEXT, kept, kept)
        return super().find(name, code=code)


class StaticQuery(Struct, frozen=True):
    """What is asked of a list: as of any other list. ``max_filter`` is in characters."""

    filter: str = ""
    sort: tuple[str, ...] = ()
    limit: int | None = None
    token: str | None = None
    max_filter: int = MAX_FILTER_LENGTH


def static_page(
    reads: StoreReader, fields: StaticList, rows: Sequence[Any], query: StaticQuery
) -> tuple[list[Any], str | None]:
    """Return a page of ``rows``, and the token of the next page (None on the last).

    Raises:
        Refusal: the filter, the sort, the limit or the token is invalid (section 4).
    """
    if query.limit is not None and not 1 <= query.limit <= MAX_LIMIT:
        detail = f"The limit must be between 1 and {MAX_LIMIT}."
        raise Refusal("InvalidParameterValue", detail, errors={"limit": (detail,)})
    asked = PageToken(0, 0, query.filter.strip(), query.sort)
    if query.token:
        asked = page_tokens.decode(query.token, asked.filter, asked.sort)
    found = select(reads, fields, rows, asked.filter, asked.sort, query.max_filter)
    limit = query.limit or DEFAULT_LIMIT
    page = found[asked.after_seq : asked.after_seq + limit]
    end = asked.after_seq + len(page)
    token = page_tokens.encode(replace(asked, after_seq=end)) if end < len(found) else None
    return page, token


def select(
    reads: StoreReader,
    fields: StaticList,
    rows: Sequence[Any],
    filter: str,
    sort: Sequence[str] = (),
    max_filter: int = MAX_FILTER_LENGTH,
) -> list[Any]:
    """Return the rows that meet ``filter``, sorted by ``sort`` and then by id.

    Raises:
        Refusal: the filter or the sort is invalid.
    """
    node = parse_filter(filter, max_filter)
    order = parse_sort(fields, sort)
    where = ConditionBuilder(fields, live=False).build(node) if node is not None else Sql("TRUE")
    keys = [key.sql(live=False) for key in order.keys]
    columns = "".join(f", {key.text} AS k{place}" for place, key in enumerate(keys))
    values = [value for part in (*keys, where) for value in part.values]
    (places,) = reads.connection.execute(
        f"""WITH v AS (
                SELECT key AS seq, json_extract(value, '$.scope') AS scope,
                    json_extract(value, '$.code') AS code, json_extract(value, '$.asAt') AS as_at,
                    json_extract(value, '$.row') AS text
                FROM json_each(?))
            SELECT json_group_array(seq) FROM (SELECT seq{columns}, scope, code FROM v
                WHERE {where.text} ORDER BY {order.order_by})""",
        (_rows_json(fields, rows), *values),
    ).fetchone()
    return [rows[place] for place in msgspec.json.decode(places)]


def _rows_json(fields: StaticList, rows: Sequence[Any]) -> str:
    made = []
    for row in rows:
        id, version = fields.id_of(row), getattr(row, "version", None)
        modified = version.as_at_modified if version else None
        made.append({"scope": id.scope, "code": id.code, "asAt": _micros(modified), "row": row})
    return codec.encode(made).decode()


def _micros(moment: datetime | None) -> int:
    return 0 if moment is None else to_micros(moment)
