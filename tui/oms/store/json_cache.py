"""A cache of the JSON of entities: each is encoded once and spliced into replies and graph entries."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from types import MappingProxyType
from typing import Any, Final, TypeVar, get_args, get_type_hints

import msgspec
from msgspec import Raw, Struct
from msgspec.structs import replace

from tui.api import codec
from tui.api.base import ResourceId, Version
from tui.api.models import Allocation, Entity

_ENCODE: Final = msgspec.json.Encoder(decimal_format="number").encode
_PLACEHOLDER: Final = b"\0"
"""Marks the place of a cached text in encoded JSON, which never contains NUL itself."""


class JsonCache:
    """Encodes structs as :func:`tui.api.codec.encode` does, and caches the result.

    It lives as long as one call. Entities are found by identity; times, most of which the entities of a call
    have in common, are encoded once. ``known`` is the JSON of entities that live longer, by identity.
    """

    def __init__(self, known: Mapping[int, bytes] = MappingProxyType({})) -> None:
        self._known = known
        self._encoded: dict[int, bytes] = {}
        self._kept: list[Struct] = []  # keeps the entities alive, so that no identity is used twice
        self._version_prefixes: dict[Version, bytes] = {}
        self._id_lists: dict[int, tuple[tuple[ResourceId, ...], Raw]] = {}
        self._times: dict[datetime, Raw] = {}

    def encode_and_keep(self, entity: Struct) -> bytes:
        """Encode ``entity``, cache its JSON and return it."""
        text = self._encoded[id(entity)] = self.encode(entity)
        self._kept.append(entity)
        return text

    def encode(self, value: Struct) -> bytes:
        """Return the JSON of ``value``, a ``msgspec.Raw`` inside it as it is.

        All its numbers must be finite: bodies with others are refused, and arithmetic raises.
        """
        time_fields = _time_fields(type(value))
        if time_fields is None:
            return codec.encode(value)
        return _ENCODE(self._with_encoded_times(value, time_fields))

    def raw(self, entity: Struct) -> Raw:
        """Return the JSON of ``entity``, from the cache if it is there, for use inside another struct."""
        key = id(entity)
        return Raw(self._encoded.get(key) or self._known.get(key) or self.encode(entity))

    def text(self, entity: Struct) -> bytes:
        """Return the JSON of ``entity``, which is in the cache."""
        return self._encoded[id(entity)]

    def splice(self, value: object) -> bytes:
        """Return the JSON of ``value`` with the cached JSON of its entities spliced in.

        Raises:
            Unsendable: the rest of it holds a Decimal that is not finite.
        """
        cached: list[bytes] = []
        parts = codec.encode(self._with_placeholders(value, cached)).split(_PLACEHOLDER)
        spliced = [b""] * (2 * len(cached) + 1)
        spliced[::2], spliced[1::2] = parts, cached
        return b"".join(spliced)

    def _with_encoded_times(self, value: Struct, time_fields: tuple[str, ...]) -> Struct:
        """Return ``value`` with its times, in the fields ``time_fields``, already encoded."""
        encoded: dict[str, object] = {}
        for name in time_fields:
            member = getattr(value, name)
            if isinstance(member, datetime):
                encoded[name] = self._times.get(member) or self._time(member)
            elif isinstance(member, Version):
                encoded[name] = self._version(member)
            elif isinstance(member, Struct):
                encoded[name] = self._with_encoded_times(member, _time_fields(type(member)) or ())
        if isinstance(value, Allocation) and value.execution_ids:
            encoded["execution_ids"] = self._ids(value.execution_ids)
        return replace(value, **encoded)

    def _ids(self, ids: tuple[ResourceId, ...]) -> Raw:
        """Return the JSON of ``ids``, which the allocations of a run have in common."""
        known = self._id_lists.get(id(ids))
        if known is None:
            known = self._id_lists[id(ids)] = (ids, Raw(_ENCODE(ids)))
        return known[1]

    def _version(self, version: Version) -> Raw | Struct:
        """Return the JSON of ``version``; the versions of a call mostly differ only in number and id."""
        number, id = version.as_at_version_number, version.entity_unique_id
        if version.as_at_modified is None or number is None or id is None:
            return self._with_encoded_times(version, _time_fields(Version) or ())
        shared = replace(version, as_at_version_number=None, entity_unique_id=None)
        prefix = self._version_prefixes.get(shared)
        if prefix is None:
            prefix = self._version_prefixes[shared] = _ENCODE(
                self._with_encoded_times(shared, _time_fields(Version) or ())
            )[:-1]
        return Raw(b'%b,"asAtVersionNumber":%d,"entityUniqueId":%b}' % (prefix, number, _ENCODE(id)))

    def _time(self, moment: datetime) -> Raw:
        text = self._times[moment] = Raw(codec.time_json(moment))
        return text

    def _with_placeholders(self, value: Any, cached: list[bytes]) -> Any:
        """Return ``value`` with a placeholder for every cached part; append their JSON to ``cached``."""
        if isinstance(value, Struct):
            text = self._encoded.get(id(value))
            if text is not None:
                cached.append(text)
                return Raw(_PLACEHOLDER)
            changes = {}
            for name in _entity_fields(type(value)):
                member = getattr(value, name)
                replaced = self._with_placeholders(member, cached)
                if replaced is not member:
                    changes[name] = replaced
            return replace(value, **changes) if changes else value
        before = len(cached)
        replaced = value
        if isinstance(value, (tuple, list)):
            texts = [self._encoded.get(id(member)) for member in value]
            if texts and None not in texts:  # consecutive entities share one placeholder
                cached.append(b",".join(filter(None, texts)))
                return [Raw(_PLACEHOLDER)]
            replaced = [self._with_placeholders(member, cached) for member in value]
        elif isinstance(value, Mapping):
            replaced = {name: self._with_placeholders(member, cached) for name, member in value.items()}
        return replaced if len(cached) > before else value


@cache
def _entity_fields(kind: type[Struct]) -> tuple[str, ...]:
    """Return the fields of ``kind`` that may hold an entity at any depth."""
    return tuple(name for name, hint in get_type_hints(kind).items() if _may_hold_entity(hint))


def _may_hold_entity(hint: Any) -> bool:
    if isinstance(hint, type) and issubclass(hint, Struct):
        return hint in get_args(Entity) or bool(_entity_fields(hint))
    return hint is Any or isinstance(hint, TypeVar) or any(map(_may_hold_entity, get_args(hint)))


@cache
def _time_fields(kind: type[Struct]) -> tuple[str, ...] | None:
    """Return the fields of ``kind`` that hold times, directly or in a struct; None if a list holds one."""
    found = []
    for name, hint in get_type_hints(kind).items():
        if _holds_time(hint):
            kinds = [part for part in get_args(hint) or (hint,) if part is not type(None)]
            if len(kinds) > 1 or get_args(kinds[0]):
                return None
            found.append(name)
    return tuple(found)


def _holds_time(hint: Any) -> bool:
    if isinstance(hint, type) and issubclass(hint, Struct):
        return any(map(_holds_time, get_type_hints(hint).values()))
    return hint is datetime or any(map(_holds_time, get_args(hint)))
