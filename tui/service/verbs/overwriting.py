"""The base of the verbs that send rows whole: a server keeps nothing of what such a row was before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Generic, Self, TypeVar

from msgspec.structs import replace

from tui.api.base import WireStruct
from tui.api.models import Execution, Order, Placement
from tui.service.snapshot.snapshot import Ref, Snapshot
from tui.service.verbs.verb import Verb

RowT = TypeVar("RowT", Order, Placement, Execution)
RequestT = TypeVar("RequestT", bound=WireStruct)

_OTHER_NAMES: dict[str, str] = {"order_instruction": "order_instruction_id", "package": "package_id"}
"""Fields of an order's request that its answer calls otherwise (1.2)."""


class OverwritingVerb(Verb, Generic[RowT], frozen=True, kw_only=True):
    """A write that states rows in full, what it leaves as it was included.

    ``made_from`` are the rows as they were when it was made; a row that is new has none.
    """

    made_from: tuple[RowT, ...] = ()

    listed: ClassVar[str] = "requests"

    @property
    def overwritten(self) -> Mapping[Ref, RowT]:
        asked = frozenset(self.refs)
        held = {Ref(self.kind, row.id): row for row in self.made_from}
        return {ref: row for ref, row in held.items() if ref in asked}

    def renewed(self, snapshot: Snapshot) -> Self:
        """Return the same changes, asked of the rows as they are now; of rows that are gone as they were."""
        held = self.overwritten
        now = {ref: snapshot.row(ref) if ref in snapshot else row for ref, row in held.items()}
        if all(now[ref] is row for ref, row in held.items()):
            return self
        requests = (
            _asked_anew(request, held[ref], now[ref]) if ref in held else request
            for request, ref in zip(self._listed, self.refs, strict=True)
        )
        return replace(self, **{self.listed: tuple(requests)}, made_from=tuple(now.values()))


def request_as_is(kind: type[RequestT], row: Any, **changes: Any) -> RequestT:
    """Return the request of a ``kind`` that states a row as it is, but for ``changes``."""
    held = {name: getattr(row, _OTHER_NAMES.get(name, name)) for name in kind.__struct_fields__}
    return kind(**{**held, **changes})


def _asked_anew(request: RequestT, was: Any, now: Any) -> RequestT:
    """Return the request that changes of ``now`` what ``request`` changes of the row as it ``was``."""
    kind = type(request)
    before = request_as_is(kind, was)
    changes = {
        name: getattr(request, name)
        for name in kind.__struct_fields__
        if getattr(request, name) != getattr(before, name)
    }
    if "properties" in changes:
        old = was.properties or {}
        new = {key: each for key, each in (changes["properties"] or {}).items() if old.get(key) != each}
        changes["properties"] = {**(now.properties or {}), **new}
    return request_as_is(kind, now, **changes)
