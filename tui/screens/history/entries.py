"""One entry of an order's history in words: its line in the timeline, and its members.

Pure functions of an entry; the server's texts are cleaned here, once, for everything that draws them.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from tui.api.sanitize import clean
from tui.api.states import normalize
from tui.columns.format import DisplayContext, clock, clock_and_age
from tui.screens.detail.sections import time_text, words
from tui.service.history import HistoryEntry, value_in_words
from tui.service.snapshot.code_index import id_text
from tui.service.snapshot.snapshot import EntityKind, Ref
from widgets.timeline import Role, TimelineEntry

NOTHING: Final = "(none)"
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


def said_of(entry: HistoryEntry) -> str:
    """Return all that an entry says, for words to be looked for."""
    return " ".join(text for row in members(entry) for text in row)


def _time(moment: datetime | None) -> str:
    return "" if moment is None else time_text(moment)
