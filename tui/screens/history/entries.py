"""One entry of an order's history in words: its line in the timeline, its members, its row in an export.

Pure functions of an entry; the server's texts are cleaned here, once, for everything that draws them.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Final

from tui.api.base import ResourceId
from tui.api.sanitize import clean
from tui.api.states import normalize
from tui.columns.format import DisplayContext, clock
from tui.screens.detail.sections import time_text
from tui.service.history import HistoryEntry
from tui.service.snapshot.code_index import id_text
from tui.service.snapshot.snapshot import EntityKind, Ref
from widgets.timeline import Role, TimelineEntry

NOTHING: Final = "(none)"
COLUMNS: Final = (
    "asAt",
    "who",
    "action",
    "what",
    "trade",
    "field",
    "old",
    "new",
    "related",
    "version",
    "request",
    "reason",
)
_FURTHEST: Final = tuple(EntityKind)
"""Kinds of rows in the order of a life cycle: an entry is most about the last kind it names."""
_ROLES: Final[tuple[tuple[str, Role], ...]] = (
    ("reject", "bad"),
    ("fail", "bad"),
    ("cancel", "idle"),
    ("deleted", "attention"),
    ("compliance", "attention"),
    ("booked", "good"),
    ("allocated", "good"),
    ("executed", "live"),
    ("placed", "live"),
    ("placement", "live"),
)


def timeline_entry(entry: HistoryEntry, context: DisplayContext) -> TimelineEntry:
    """Return the entry as a line of the timeline."""
    return TimelineEntry(
        when=clock(entry.when, context),
        who=clean(entry.who),
        what=clean(entry.said or entry.what),
        change="" if entry.said else change_text(entry, "->" if context.ascii else "→"),
        related=", ".join(clean(_name(ref, entry.home)) for ref in entry.related),
        request=clean(entry.request_id),
        about="" if entry.said else clean(entry.trade),
        role=role_of(entry.action),
    )


def _name(ref: Ref, home: str) -> str:
    return ref.id.code if ref.kind is EntityKind.TRANSACTIONS else id_text(ref.id, home)


def change_text(entry: HistoryEntry, arrow: str) -> str:
    """Return the field and its old and new value, empty when no field changed."""
    if not entry.field and not entry.old and not entry.new:
        return ""
    return clean(f"{entry.field}  {entry.old or NOTHING} {arrow} {entry.new or NOTHING}".strip())


def role_of(action: str) -> Role:
    """Return the colour of an action's mark, by the words in its name; names differ between servers."""
    folded = normalize(action)
    return next((role for word, role in _ROLES if word in folded), "")


def members(entry: HistoryEntry) -> list[tuple[str, str]]:
    """Return all members of the entry, labels and texts, without those that are empty."""
    version = "" if entry.version is None else str(entry.version)
    rows = [
        ("Said", entry.said),
        ("What", entry.what),
        ("Trade", entry.trade),
        ("When", _time(entry.when)),
        ("Who", entry.who),
        ("Field", entry.field),
        ("Old value", entry.old or (NOTHING if entry.new else "")),
        ("New value", entry.new or (NOTHING if entry.old else "")),
        ("Action", entry.action),
        ("Reason", entry.reason),
        ("Request", entry.request_id),
        ("Version", version),
        ("Effective from", _time(entry.effective_from)),
        ("Effective until", _time(entry.effective_until)),
        *(("Related", f"{ref.kind.singular} {ref.id}") for ref in entry.related),
        *entry.detail.items(),
    ]
    return [(clean(label), clean(text)) for label, text in rows if text]


def target(entry: HistoryEntry, order: ResourceId) -> Ref:
    """Return the row the entry is most about: the furthest in the life cycle, else the order itself."""
    return max(
        entry.related, key=lambda ref: _FURTHEST.index(ref.kind), default=Ref(EntityKind.ORDERS, order)
    )


def fits(entry: HistoryEntry, text: str) -> bool:
    """Return whether every word of ``text`` occurs somewhere in the entry."""
    if not text.strip():
        return True
    said = " ".join(text for row in members(entry) for text in row).casefold()
    return all(word in said for word in text.casefold().split())


def csv_of(entries: Iterable[HistoryEntry]) -> str:
    """Return entries as CSV (RFC 4180): a header row, full precision, UTC, no formulas."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for entry in entries:
        cells = (
            _time(entry.when),
            entry.who,
            entry.action,
            entry.what,
            entry.trade,
            entry.field,
            entry.old,
            entry.new,
            " ".join(str(ref.id) for ref in entry.related),
            "" if entry.version is None else str(entry.version),
            entry.request_id,
            entry.reason,
        )
        writer.writerow(inert(clean(cell)) for cell in cells)
    return out.getvalue()


def inert(text: str) -> str:
    """Return ``text`` so that no spreadsheet takes it for a formula; numbers stay unchanged.

    >>> inert("=1+1"), inert("-12.50"), inert("@x"), inert("plain")
    ("'=1+1", '-12.50', "'@x", 'plain')
    """
    if text[:1] not in ("=", "+", "-", "@"):
        return text
    try:
        Decimal(text)
    except InvalidOperation:
        return f"'{text}"
    return text


def _time(moment: datetime | None) -> str:
    return "" if moment is None else time_text(moment)
