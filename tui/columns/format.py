"""Times and states as text, and the place of a decimal point: the house rules for a cell, stated once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, tzinfo
from decimal import Decimal
from typing import Final

from msgspec import Struct

from tui.api.placing_states import Guard
from tui.api.states import normalize

PRICE_PLACES: Final = 4
"""Decimals a price column keeps room for, so that points stand under each other."""


class DisplayContext(Struct, frozen=True):
    """The facts of terminal and place that text depends on: glyphs, time zone, today's date."""

    ascii: bool = False
    zone: tzinfo = UTC
    today: date = date(1970, 1, 1)

    @property
    def zone_name(self) -> str:
        """The short name of the zone times are shown in."""
        return self.zone.tzname(datetime.combine(self.today, time(12))) or ""


def on_the_point(text: str, places: int = PRICE_PLACES) -> str:
    """Pad ``text`` behind its fraction so that a right-aligned column stands on the decimal point.

    >>> on_the_point("189.50"), on_the_point("0.8200"), on_the_point("")
    ('189.50  ', '0.8200', '')
    """
    if not text:
        return ""
    _, point, fraction = text.partition(".")
    return text + " " * max(0, places - len(fraction) + (0 if point else 1))


def clock(moment: datetime | None, context: DisplayContext) -> str:
    """Return the time of day in the desk's zone, with the date when it is not today."""
    if moment is None or moment.year <= 1:
        return ""
    local = moment.astimezone(context.zone)
    if local.date() == context.today:
        return f"{local:%H:%M:%S}"
    return f"{local:%d %b %H:%M}" if local.year == context.today.year else f"{local:%d %b %Y}"


def minute(moment: datetime | None, context: DisplayContext) -> str:
    """Return the time of day without seconds, or the day when it is not today."""
    if moment is None or moment.year <= 1:
        return ""
    local = moment.astimezone(context.zone)
    return f"{local:%H:%M}" if local.date() == context.today else day(local, context)


def day(moment: datetime | None, context: DisplayContext) -> str:
    """Return a settlement or trade date: a calendar day, which has no zone."""
    if moment is None or moment.year <= 1:
        return ""
    return f"{moment:%d %b}" if moment.year == context.today.year else f"{moment:%d %b %Y}"


class StateLook(Struct, frozen=True):
    """The drawing of one state: FIX code, glyph, its ASCII stand-in, and the colour's role."""

    code: str
    glyph: str
    ascii: str
    role: str


_STATES: Final = (
    ("A", "◌", "~", "waiting", ("PendingNew", "Pending", "Sent")),
    ("0", "○", "o", "live", ("New", "Working", "Open", "Placed", "Ack")),
    ("1", "◐", "%", "live", ("PartiallyFilled", "Partial", "PartFill")),
    ("2", "●", "*", "good", ("Filled", "Executed", "Complete")),
    ("3", "◑", "=", "idle", ("DoneForDay", "DFD")),
    ("4", "✕", "x", "idle", ("Cancelled",)),
    ("5", "↻", "r", "idle", ("Replaced", "Amended")),
    ("6", "◌", "?", "waiting", ("PendingCancel", "CxlReq")),
    ("7", "‖", "!", "attention", ("Stopped", "Held", "Halted")),
    ("9", "‖", "!", "attention", ("Suspended",)),
    ("8", "▲", "!", "bad", ("Rejected", "Refused")),
    ("B", "◆", "c", "idle", ("Calculated",)),
    ("C", "✕", "e", "idle", ("Expired",)),
    ("E", "◌", "?", "waiting", ("PendingReplace", "AmendReq")),
    ("-", "▣", "a", "good", ("Allocated",)),
    ("-", "▲", "!", "bad", ("Over-allocated", "Over-placed", "Over-executed")),
    ("-", "■", "b", "idle", ("Booked", "Closed", "Swept")),
    ("-", "◐", "%", "live", ("Partially placed", "Partially executed", "In progress")),
    ("-", "◐", "%", "live", ("Partially allocated", "Partially booked")),
)
STATE_LOOKS: Final = {
    normalize(word): StateLook(code, glyph, plain, role)
    for code, glyph, plain, role, words in _STATES
    for word in words
}
"""Every state word the conventions name, in the form states are compared in."""

_NEUTRAL: Final = StateLook("-", "·", ".", "")


GUARD_ROLES: Final[Mapping[Guard, str]] = {
    Guard.REFUSED: "bad",
    Guard.TYPED: "waiting",
    Guard.WARN: "attention",
    Guard.FREE: "good",
}
"""The colour role of a state of compliance or approval."""


def state_look(state: str | None) -> StateLook:
    """Return how ``state`` is drawn; an unknown one gets a neutral mark and keeps its text."""
    return STATE_LOOKS.get(normalize(state), _NEUTRAL)


def state_text(state: str | None, context: DisplayContext) -> str:
    """Return a state as glyph, FIX code where it has one, and the server's own word.

    >>> state_text("PartiallyFilled", DisplayContext()), state_text("On fire", DisplayContext(ascii=True))
    ('◐ 1 PartiallyFilled', '. On fire')
    """
    if not state:
        return ""
    drawn = state_look(state)
    code = f"{drawn.code} " if drawn.code != "-" else ""
    return f"{drawn.ascii if context.ascii else drawn.glyph} {code}{state}"


def side_role(direction: int | None) -> str:
    """Return the colour role of a side by the direction it moves a position in."""
    return {1: "buy", -1: "sell"}.get(direction or 0, "")


Formatter = Callable[[Decimal | None], str]
