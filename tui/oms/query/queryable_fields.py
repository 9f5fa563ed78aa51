"""The fields that a filter or a sort may use: those of the wire models, and where each is stored.

A field has two forms in SQL. *Live* reads the columns of a ``live_<kind>`` row ``l`` where the field has one;
*any version* reads the JSON of a version ``v``. Both give the same value, but a column holds folded text, and
only columns have an index.
"""

from __future__ import annotations

import re
import types
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from enum import Enum
from functools import cache
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin, get_type_hints

import msgspec

from tui.api.models import Transaction
from tui.oms.domain.error_codes import INVALID_VALUE
from tui.oms.domain.refusals import Refusal
from tui.oms.domain.unit_of_work import Booking
from tui.oms.store.schema import KINDS, RELATIONS_OF, EntityTable, column_of

SINCE: Final = "version.asAtModified"
FilterDialect = Literal["inner", "nested", "both"]
"""How filters of the order graph spell fields: ``id.code``, ``block.id.code``, or either.

LUSID does not say which it takes.
"""


class FieldType(Enum):
    """The type of the value that a field path leads to."""

    TEXT = "text"
    NUMBER = "a number"
    TIME = "a date"
    SINCE = "a point in time"
    FLAG = "true or false"
    PARTS = "several parts"
    LIST = "a list"
    PROPERTY = "a property"


class Sql(msgspec.Struct, frozen=True):
    """A piece of SQL and the values of its parameters."""

    text: str
    values: tuple[object, ...] = ()


def join_conditions(word: str, parts: Sequence[Sql]) -> Sql:
    """Join conditions pairwise: a flat list would exceed SQLite's limit on nesting."""
    rest = list(parts) or [Sql("TRUE")]
    while len(rest) > 1:
        odd = rest[len(rest) // 2 * 2 :]
        pairs = zip(rest[::2], rest[1::2], strict=False)
        rest = [Sql(f"({one.text}{word}{two.text})", one.values + two.values) for one, two in pairs] + odd
    return rest[0]


class QueryableField(msgspec.Struct, frozen=True):
    """One field: its type and its SQL in both forms.

    ``indexed`` fields are columns of the live row, and ``low_cardinality`` ones have few distinct values.
    ``list_path`` is the JSON path of the list that contains the field; the SQL is then about an item ``e`` of
    that list. ``link`` is the number of the relation that finds entities by where this field points.
    """

    name: str
    type: FieldType
    live: Sql
    any_version: Sql
    indexed: bool = False
    low_cardinality: bool = False
    list_path: str | None = None
    link: int | None = None

    def is_folded(self, live: bool) -> bool:
        """Return whether the stored text, of a live row or of any version, is folded."""
        return live and self.indexed and self.type is FieldType.TEXT and self.live.text not in _ID_COLUMNS

    @property
    def column(self) -> str:
        """The column of an indexed field."""
        return self.live.text.removeprefix("l.")


_ID_COLUMNS: Final = ("l.scope", "l.code")


def _unwrap_type(hint: Any) -> Any:
    """Return a type without None, annotations and type variables."""
    while True:
        if get_origin(hint) is Annotated:
            hint = get_args(hint)[0]
        elif get_origin(hint) in (Union, types.UnionType):
            hint = next(part for part in get_args(hint) if part is not type(None))
        else:
            return hint


@cache
def _wire_fields(struct: type[Any]) -> Mapping[str, tuple[str, Any]]:
    """Return the fields of a wire type by lower-case JSON name: the JSON name and the plain type."""
    hints = get_type_hints(struct, include_extras=True)
    names = zip(struct.__struct_fields__, struct.__struct_encode_fields__, strict=True)
    return {encoded.lower(): (encoded, _unwrap_type(hints[name])) for name, encoded in names}


_FIELD_TYPES: Final = {
    str: FieldType.TEXT,
    Decimal: FieldType.NUMBER,
    int: FieldType.NUMBER,
    bool: FieldType.FLAG,
    datetime: FieldType.TIME,
}
_KEYED_FIELD: Final = (
    r"(?i)(properties|instrumentIdentifiers|identifiers)(?:\.([^\[\]]+)|\[\s*'?([^\[\]']+)'?\s*\])"
)
_PLURAL_DOMAIN: Final = r"(?i)(Order|Block|Placement|Execution|Allocation|Transaction)s/"


class QueryableFields:
    """The fields of one kind of list.

    ``prefix`` is the path of the listed thing in the stored JSON; empty for the entity itself.
    """

    def __init__(self, kind: EntityTable, root: type[Any], prefix: str = "") -> None:
        self.kind = kind
        self._root = root
        self._prefix = prefix

    def find(self, name: str, *, code: int = 151) -> QueryableField:
        """Return the field called ``name``, case-insensitively.

        Raises:
            Refusal: there is no such field (F4); ``code`` is the error code.
        """
        if (match := re.fullmatch(_KEYED_FIELD, name)) is not None:
            return self._keyed(name, match[1].lower(), (match[2] or match[3]).strip())
        hint: Any = self._root
        path = self._prefix
        each: str | None = None
        for part in name.split("."):
            if get_origin(hint) is tuple:
                each, path, hint = path.removesuffix("."), "", get_args(hint)[0]
            known = _wire_fields(hint) if isinstance(hint, type) and issubclass(hint, msgspec.Struct) else {}
            if part.lower() not in known:
                raise _unknown_field(name, code)
            encoded, hint = known[part.lower()]
            path += f"{encoded}."
        return self._field(name, path.removesuffix("."), hint, each)

    def spelt(self, member: str, dialect: FilterDialect) -> QueryableFields:
        """Return the same fields as a list of rows that hold them in ``member`` spells them."""
        return self if dialect == "inner" else _NestedFields(self, member, only=dialect == "nested")

    def _field(self, name: str, path: str, hint: Any, each: str | None) -> QueryableField:
        leaf = _FIELD_TYPES.get(hint) or (FieldType.LIST if get_origin(hint) is tuple else FieldType.PARTS)
        link = _link_relations(self.kind).get(f"{each}.{path}" if each else path)
        if each is not None:
            item = Sql("json_extract(e.value, ?)", (f"$.{path}",))
            return QueryableField(name, leaf, item, item, list_path=f"$.{each}", link=link)
        kept = Sql(f"json_extract(v.text, '$.{path}')")
        if path in ("id.scope", "id.code"):
            part = path.removeprefix("id.")
            return QueryableField(name, leaf, Sql(f"l.{part}"), Sql(f"v.{part}"), indexed=True)
        if path == SINCE:
            return QueryableField(name, FieldType.SINCE, Sql("l.since"), Sql("v.as_at"), indexed=True)
        if path in self.kind.indexed_paths:
            few = path in self.kind.indexed_paths[: self.kind.low_cardinality]
            return QueryableField(
                name, leaf, Sql(f"l.{column_of(path)}"), kept, indexed=True, low_cardinality=few
            )
        return QueryableField(name, leaf, kept, kept, link=link)

    def _keyed(self, name: str, map: str, key: str) -> QueryableField:
        """Return a property or an instrument identifier by its key, whose domain may be in the plural."""
        if '"' in key or "\\" in key or not key.isprintable():
            raise Refusal("InvalidParameterValue", f"'{name}' is not a field.", rule="F4")
        if map == "properties":
            singular = re.sub(_PLURAL_DOMAIN, r"\1/", key, count=1)
            path = f'$.{self._prefix}properties."{singular}"'
            leaf = FieldType.PROPERTY
        else:
            key = key if "/" in key else f"Instrument/default/{key}"
            path = f'$.{self._prefix}instrumentIdentifiers."{key}"'
            leaf = FieldType.TEXT
        kept = Sql("json_extract(v.text, ?)", (path,))
        return QueryableField(name, leaf, kept, kept)


class _NestedFields(QueryableFields):
    """Fields whose names begin with the member of the row that holds them, ``only`` so or at will."""

    def __init__(self, inner: QueryableFields, member: str, *, only: bool) -> None:
        super().__init__(inner.kind, inner._root, inner._prefix)
        self._start = f"{member}."
        self._only = only

    def find(self, name: str, *, code: int = INVALID_VALUE) -> QueryableField:
        if name.lower().startswith(self._start):
            return super().find(name[len(self._start) :], code=code)
        if self._only:
            raise _unknown_field(name, code)
        return super().find(name, code=code)


def _unknown_field(name: str, code: int) -> Refusal:
    type = "InvalidParameterValue" if code == INVALID_VALUE else "SortingByFieldNotSupported"
    return Refusal(type, f"There is no field '{name}' to filter or sort by.", rule="F4", code=code)


@cache
def _link_relations(kind: EntityTable) -> Mapping[str, int]:
    """Return the paths of ``kind`` that the link table indexes, with the number of their relation."""
    paths = {
        "block_of_order": "orderIds.code",
        "placements_of_block": "blockIds.code",
        "children_of_placement": "parentPlacementId.code",
        "allocations_of_placement": "placementIds.code",
    }
    known = RELATIONS_OF.get(kind.type, ())  # what surrounds orders has no relations
    return {paths[relation.name]: number for number, relation in known if relation.name in paths}


_OF_TYPE: Final = {type: QueryableFields(kind, type) for type, kind in KINDS.items()}
TRANSACTIONS: Final = QueryableFields(KINDS[Booking], Transaction, "transaction.")
"""The fields of the transactions in bookings."""


def fields_of(type: type[Any]) -> QueryableFields:
    """Return the fields of entities of ``type``."""
    return _OF_TYPE[type]
