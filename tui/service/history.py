"""The history of an order and its related entities, in one form for both forms of the wire."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

from msgspec import Struct

from tui.api import codec
from tui.api.base import ResourceId
from tui.api.models import HistoryItem
from tui.service.snapshot.relations import related
from tui.service.snapshot.snapshot import EntityKind, Ref, Snapshot

_NAMED: Final = {
    "order": EntityKind.ORDERS,
    "block": EntityKind.BLOCKS,
    "placement": EntityKind.PLACEMENTS,
    "execution": EntityKind.EXECUTIONS,
    "allocation": EntityKind.ALLOCATIONS,
}


class HistoryEntry(Struct, frozen=True):
    """One thing that happened: ``when`` (UTC), ``who``, ``action`` as the server names it, ``what`` as a
    sentence, and for a changed field its name with the old and new value as text.

    ``related`` are the rows it names besides the order; ``detail`` is what the server sent; ``home`` is the
    desk's own scope.
    """

    when: datetime | None
    who: str
    action: str
    what: str
    field: str = ""
    old: str = ""
    new: str = ""
    version: int | None = None
    related: tuple[Ref, ...] = ()
    home: str = ""
    request_id: str = ""
    reason: str = ""
    effective_from: datetime | None = None
    effective_until: datetime | None = None
    detail: Mapping[str, str] = {}


def entries(order: ResourceId, items: Iterable[HistoryItem], snapshot: Snapshot) -> tuple[HistoryEntry, ...]:
    """Return the history of ``order`` in the server's order, newest first (H1)."""
    return tuple(_entry(order, item, snapshot) for item in items)


def _entry(order: ResourceId, item: HistoryItem, snapshot: Snapshot) -> HistoryEntry:
    old, new = codec.value_text(item.previous_value), codec.value_text(item.new_value)
    name = item.attribute_name or ""
    detail = {key: value for key, value in (item.detail or {}).items() if value is not None}
    span = item.effective_range
    return HistoryEntry(
        when=item.as_at_modified,
        who=item.user_id_modified or "",
        action=item.action or "",
        what=item.action_description or _sentence(item.action or "", name, old, new),
        field=name,
        old=old,
        new=new,
        version=item.as_at_version_number,
        related=_related(order, detail, snapshot),
        home=snapshot.home,
        request_id=item.request_id_modified or "",
        reason=item.reason_modified or "",
        effective_from=span.from_date if span else item.effective_from,
        effective_until=span.until_date if span else item.effective_until,
        detail=detail,
    )


def _sentence(action: str, name: str, old: str, new: str) -> str:
    """Return a sentence for an action the server only names: ``FieldModified`` becomes ``Field modified``."""
    if name:
        return f"{name} changed from {old or 'nothing'} to {new or 'nothing'}"
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", action).capitalize() or "Changed"


def _related(order: ResourceId, detail: Mapping[str, str], snapshot: Snapshot) -> tuple[Ref, ...]:
    """Return the rows a detail names; one without a scope is in the scope of the others."""
    scopes = [value for key, value in detail.items() if key.endswith("Scope")]
    found: list[Ref] = []
    for key, code in detail.items():
        name, separator, _ = key.partition("Code")
        kind = _NAMED.get(name) if separator else None
        if kind is not None:
            scope = detail.get(f"{name}Scope") or (scopes[0] if scopes else order.scope)
            found.append(Ref(kind, ResourceId(scope, code)))
    booked = detail.get("transactionId")
    for id in related(snapshot, Ref(EntityKind.ORDERS, order))[EntityKind.TRANSACTIONS] if booked else ():
        if id.code == booked:
            found.append(Ref(EntityKind.TRANSACTIONS, id))
    return tuple(dict.fromkeys(ref for ref in found if ref != Ref(EntityKind.ORDERS, order)))
