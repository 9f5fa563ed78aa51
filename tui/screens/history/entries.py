"""One entry of an order's history in words: its line in the timeline, its members, its row in an export.

Pure functions of an entry; the server's texts are cleaned here, once, for everything that draws them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Final

from tui.api.base import ResourceId
from tui.api.sanitize import clean
from tui.api.states import normalize
from tui.columns.column import Column, Value
from tui.columns.factories import plain, timestamp_column
from tui.columns.format import DisplayContext, clock, clock_and_age
from tui.screens.detail.sections import time_text, words
from tui.service.history import HistoryEntry, value_in_words
from tui.service.snapshot.code_index import id_text
from tui.service.snapshot.snapshot import EntityKind, Ref
from widgets.timeline import Role, TimelineEntry

NOTHING: Final = "(none)"
_NUMBER: Final = re.compile(r"-?[0-9]+(\.[0-9]+)?")
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


def members(
    entry: HistoryEntry, context: DisplayContext | None = None, now: datetime | None = None
) -> list[tuple[str, str]]:
    """Return all members of the entry, labels and texts, without those that are empty.

    With ``context`` and ``now`` times stand in the desk's zone with their age, before them as exported.
    """
    version = "" if entry.version is None else str(entry.version)
    at = ""
    if context is not None and now is not None and entry.when is not None:
        at = f"{clock_and_age(entry.when, context, now)} · "
    rows = [
        ("Said", entry.said),
        ("What", entry.what),
        ("Trade", entry.trade),
        ("When", f"{at}{_time(entry.when)}"),
        ("Who", entry.who),
        ("Field", entry.field),
        ("Old value", _both(entry.field, entry.old) or (NOTHING if entry.new else "")),
        ("New value", _both(entry.field, entry.new) or (NOTHING if entry.old else "")),
        ("Reason", entry.reason),
        *(("Related", f"{ref.kind.singular} {ref.id}") for ref in entry.related),
        ("To the server", entry.action),
        ("Request", entry.request_id),
        ("Version", version),
        ("Effective from", _time(entry.effective_from)),
        ("Effective until", _time(entry.effective_until)),
        *((words(name), text) for name, text in entry.detail.items()),
    ]
    return [(clean(label), clean(text)) for label, text in rows if text]


def _both(field: str, text: str) -> str:
    """Return a value in the words of the desk, and as the server has it where that is another text."""
    worded = value_in_words(field, text)
    alike = any(map(str.isdigit, text)) or worded.casefold() == text.casefold()
    return text if alike else f"{worded} ({text} to the server)"


def target(entry: HistoryEntry, order: ResourceId) -> Ref:
    """Return the row the entry is most about: the furthest in the life cycle, else the order itself."""
    return max(
        entry.related, key=lambda ref: _FURTHEST.index(ref.kind), default=Ref(EntityKind.ORDERS, order)
    )


def said_of(entry: HistoryEntry) -> str:
    """Return all that an entry says, for words to be looked for."""
    return " ".join(text for row in members(entry) for text in row)


def _value(text: str) -> Value:
    """Return a value of a field as it is exported: a number as one."""
    return Decimal(text) if _NUMBER.fullmatch(text) else text


def _plain(id: str, title: str, help: str, value: Callable[[HistoryEntry], Value]) -> Column:
    return plain(id, title, help, 16, lambda snapshot, entry: value(entry))


COLUMNS: Final = (
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


def _time(moment: datetime | None) -> str:
    return "" if moment is None else time_text(moment)
