"""The JSON texts of entities: each is written once, kept, and put into answers and graph entries as it is."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any, Final, TypeVar, get_args, get_type_hints

import msgspec
from msgspec import Raw, Struct
from msgspec.structs import replace

from tui.api import codec
from tui.api.base import ResourceId, Version
from tui.api.models import Allocation, Entity

_WRITE: Final = msgspec.json.Encoder(decimal_format="number").encode
_HOLE: Final = b"\0"
"""Stands in JSON for a text to be put in; no JSON has a NUL of its own."""


class JsonCache:
    """Writes structs as :func:`tui.api.codec.encode` does, and remembers what it wrote.

    It lives as long as one call: the entities it remembers are known by their identity, and the points in
    time, which those of a call mostly share, are spelt once.
    """

    def __init__(self) -> None:
        self._texts: dict[int, bytes] = {}
        self._kept: list[Struct] = []
        self._stamps: dict[Version, bytes] = {}
        self._shared: dict[int, tuple[tuple[ResourceId, ...], Raw]] = {}
        self._times: dict[datetime, Raw] = {}

    def keep(self, entity: Struct) -> bytes:
        """Write ``entity`` and remember its text."""
        text = self._texts[id(entity)] = self.write(entity)
        self._kept.append(entity)
        return text

    def write(self, value: Struct) -> bytes:
        """Write ``value``; what of it is a ``msgspec.Raw`` stands for itself.

        All numbers of it must be numbers: bodies with others are refused, and arithmetic raises.
        """
        timed = _timed(type(value))
        return codec.encode(value) if timed is None else _WRITE(self._spelt(value, timed))

    def of(self, entity: Struct) -> Raw:
        """Give the text of ``entity``, which is written if it was not, to be part of another."""
        return Raw(self._texts.get(id(entity)) or self.write(entity))

    def joined(self, value: object) -> bytes:
        """Write ``value`` as :func:`tui.api.codec.encode` does, with the remembered texts as they are.

        Raises:
            Unsendable: the rest of it holds a Decimal that is no number.
        """
        put_in: list[bytes] = []
        parts = codec.encode(self._with_placeholders(value, put_in)).split(_HOLE)
        woven = [b""] * (2 * len(put_in) + 1)
        woven[::2], woven[1::2] = parts, put_in
        return b"".join(woven)

    def _spelt(self, value: Struct, timed: tuple[str, ...]) -> Struct:
        """Give ``value`` with its times, those of the fields ``timed``, as the texts they are written as."""
        texts: dict[str, object] = {}
        for name in timed:
            member = getattr(value, name)
            if isinstance(member, datetime):
                texts[name] = self._times.get(member) or self._time(member)
            elif isinstance(member, Version):
                texts[name] = self._version(member)
            elif isinstance(member, Struct):
                texts[name] = self._spelt(member, _timed(type(member)) or ())
        if isinstance(value, Allocation) and value.execution_ids:
            texts["execution_ids"] = self._ids(value.execution_ids)
        return replace(value, **texts)

    def _ids(self, ids: tuple[ResourceId, ...]) -> Raw:
        """Give the text of ``ids``, which the allocations of a run share."""
        known = self._shared.get(id(ids))
        if known is None:
            known = self._shared[id(ids)] = (ids, Raw(_WRITE(ids)))
        return known[1]

    def _version(self, version: Version) -> Raw | Struct:
        """Give the text of ``version``; those of a call mostly differ in nothing but number and id."""
        number, id = version.as_at_version_number, version.entity_unique_id
        if version.as_at_modified is None or number is None or id is None:
            return self._spelt(version, _timed(Version) or ())
        stamp = replace(version, as_at_version_number=None, entity_unique_id=None)
        begun = self._stamps.get(stamp)
        if begun is None:
            begun = self._stamps[stamp] = _WRITE(self._spelt(stamp, _timed(Version) or ()))[:-1]
        return Raw(b'%b,"asAtVersionNumber":%d,"entityUniqueId":%b}' % (begun, number, _WRITE(id)))

    def _time(self, moment: datetime) -> Raw:
        text = self._times[moment] = Raw(codec.time_json(moment))
        return text

    def _with_placeholders(self, value: Any, put_in: list[bytes]) -> Any:
        """Give ``value`` with a hole for every part that has a text, and note their texts in order."""
        if isinstance(value, Struct):
            text = self._texts.get(id(value))
            if text is not None:
                put_in.append(text)
                return Raw(_HOLE)
            changes = {}
            for name in _holding(type(value)):
                member = getattr(value, name)
                holed = self._with_placeholders(member, put_in)
                if holed is not member:
                    changes[name] = holed
            return replace(value, **changes) if changes else value
        before = len(put_in)
        holed = value
        if isinstance(value, (tuple, list)):
            texts = [self._texts.get(id(member)) for member in value]
            if texts and None not in texts:  # a run of entities goes into one hole
                put_in.append(b",".join(filter(None, texts)))
                return [Raw(_HOLE)]
            holed = [self._with_placeholders(member, put_in) for member in value]
        elif isinstance(value, Mapping):
            holed = {name: self._with_placeholders(member, put_in) for name, member in value.items()}
        return holed if len(put_in) > before else value


@cache
def _holding(kind: type[Struct]) -> tuple[str, ...]:
    """Give the fields of ``kind`` that an entity may be in, however deep."""
    return tuple(name for name, hint in get_type_hints(kind).items() if _may_hold(hint))


def _may_hold(hint: Any) -> bool:
    if isinstance(hint, type) and issubclass(hint, Struct):
        return hint in get_args(Entity) or bool(_holding(hint))
    return hint is Any or isinstance(hint, TypeVar) or any(map(_may_hold, get_args(hint)))


@cache
def _timed(kind: type[Struct]) -> tuple[str, ...] | None:
    """Give the fields of ``kind`` that hold times, themselves or in a struct; None when a list does."""
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
