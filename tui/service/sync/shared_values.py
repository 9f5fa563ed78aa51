"""Lets rows share the values they have in common: texts, ids, numbers, times and identifiers of instruments.

Every row is read with texts of its own, although a desk has few scopes, users, states and instruments, and
the same id stands in an order, in its block and in that block's totals. Shared, a row takes a third of the
memory. Links to other resources, which nothing here follows, are left out.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, TypeVar

from msgspec import Struct
from msgspec.structs import force_setattr

from tui.api.base import ResourceId
from tui.service.snapshot.row_versions import id_of

MOST: Final = 200_000
"""Values that are remembered; then it begins anew, and later rows share among themselves."""
_OWN: Final = frozenset({"entity_unique_id"})
"""Members of which no two rows have the same value."""
_LEFT_OUT: Final = "links"

T = TypeVar("T")


class SharedValues:
    """Remembers values, and puts them in the place of equal ones."""

    def __init__(self) -> None:
        self._known: dict[Hashable, Any] = {}
        self._numbers: dict[str, Decimal] = {}
        self._actions: dict[type, Callable[[Any], Any]] = {
            str: self._same,
            ResourceId: self._id,
            datetime: self._same,
            Decimal: self._number,
            tuple: self._tuple,
            dict: self._mapping,
        }
        self._plans: dict[type, tuple[str, ...]] = {}

    def share(self, rows: Iterable[Any], held: Mapping[ResourceId, Any] | None = None) -> None:
        """Let rows share their values with those seen before; what the rows say stays the same.

        Rows that are ``held`` as they are will be thrown away, and keep values of their own: a poll reads
        those of the last seconds again and again.
        """
        if len(self._known) > MOST:
            self._known.clear()
            self._numbers.clear()
        for row in rows:
            former = held.get(id_of(row)) if held else None
            if former is None or not _says_the_same(row, former):
                self._struct(row)

    def _struct(self, row: Any) -> None:
        kind = type(row)
        names = self._plans.get(kind)
        if names is None:
            names = tuple(name for name in kind.__struct_fields__ if name not in _OWN)
            self._plans[kind] = names
        actions = self._actions
        for name in names:
            old = getattr(row, name)
            if old is None:
                continue
            action = actions.get(type(old))
            if action is not None:
                new = None if name == _LEFT_OUT else action(old)
                if new is not old:
                    force_setattr(row, name, new)
            elif isinstance(old, Struct):
                self._struct(old)

    def _same(self, value: Any) -> Any:
        return self._known.setdefault(value, value)

    def _id(self, id: ResourceId) -> ResourceId:
        found: ResourceId = self._known.setdefault(id, id)
        if found is id:
            force_setattr(id, "scope", self._same(id.scope))
        return found

    def _number(self, number: Decimal) -> Decimal:
        """Return a number of the same digits: 1.0 is not written as 1."""
        return self._numbers.setdefault(str(number), number)

    def _tuple(self, values: tuple[Any, ...]) -> tuple[Any, ...]:
        if not values:
            return values
        kind = type(values[0])
        if kind is ResourceId:
            return tuple(map(self._id, values))
        for value in values:
            if isinstance(value, Struct):
                self._struct(value)
        return values

    def _mapping(self, values: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return one mapping for all rows that have the same texts in it, such as identifiers."""
        key = tuple(values.items())
        for _, value in key:
            if type(value) is not str:
                return values
        found: Mapping[str, Any] = self._known.setdefault(key, values)
        return found


def _says_the_same(row: Any, held: Any) -> bool:
    """Return whether a row just read says what one that was shared says; it loses its links like that one."""
    entity = getattr(row, "block", row)
    if entity.links is not None:
        force_setattr(entity, _LEFT_OUT, None)
    same: bool = row == held
    return same
