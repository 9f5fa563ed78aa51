"""The columns of an order's history, and the row that each of its entries is most about."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Final

from tui.api.base import ResourceId
from tui.columns.column import Column, Value
from tui.columns.factories import plain, timestamp_column
from tui.columns.shown_rows import ShownRows
from tui.service.history import HistoryEntry
from tui.service.snapshot.snapshot import EntityKind, Ref, Snapshot

_NUMBER: Final = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_FURTHEST: Final = tuple(EntityKind)
"""Kinds of rows in the order of a life cycle: an entry is most about the last kind it names."""


def target(entry: HistoryEntry, order: ResourceId) -> Ref:
    """Return the row the entry is most about: the furthest in the life cycle, else the order itself."""
    return max(
        entry.related, key=lambda ref: _FURTHEST.index(ref.kind), default=Ref(EntityKind.ORDERS, order)
    )


def _value(text: str) -> Value:
    """Return a value of a field as it is exported: a number as one."""
    return Decimal(text) if _NUMBER.fullmatch(text) else text


def _plain(id: str, title: str, help: str, value: Callable[[HistoryEntry], Value]) -> Column:
    return plain(id, title, help, 16, lambda snapshot, entry: value(entry))


HISTORY: Final = (
    timestamp_column("when", "Time", "When it happened", lambda snapshot, entry: entry.when),
    _plain("who", "Who", "Who did it", lambda entry: entry.who),
    _plain("what", "What", "What happened", lambda entry: entry.said or entry.what),
    _plain("trade", "Trade", "The row it tells of, as it was", lambda entry: entry.trade),
    _plain("field", "Field", "The value that was changed", lambda entry: entry.field),
    _plain("before", "Before", "What it was", lambda entry: _value(entry.old)),
    _plain("now", "Now", "What it became", lambda entry: _value(entry.new)),
    _plain("rows", "Rows", "The rows it names", lambda entry: " ".join(str(ref.id) for ref in entry.related)),
    _plain("action", "Action", "What the server calls it", lambda entry: entry.action),
    _plain("version", "Version", "The version of the row", lambda entry: entry.version),
    _plain("request", "Request", "The request that did it", lambda entry: entry.request_id),
    _plain("reason", "Reason", "Why it was done", lambda entry: entry.reason),
)
"""What an entry is filtered by, copied and exported as."""


def of_history(
    order: ResourceId,
    entries: Sequence[HistoryEntry],
    snapshot: Snapshot,
    chosen: Sequence[int] = (),
) -> ShownRows:
    """Return entries of an order's history as they are taken out: by their place, those ``chosen`` too."""
    return ShownRows(
        f"history of {order.code}",
        "entry",
        HISTORY,
        snapshot,
        range(len(entries)),
        chosen,
        entries.__getitem__,
        lambda at: target(entries[at], order),
        "what",
    )
