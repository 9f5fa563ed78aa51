"""Numbers, times and states as text: the house rules for a cell, stated once.

Rounding is half-even and happens here only, for display; stored values are never rounded.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, tzinfo
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final

from msgspec import Struct

from tui.api.states import normalize
from tui.service.numbers import number_text

LARGEST_SHOWN: Final = 30
"""Numbers of more digits than this are shown in scientific form: they are errors, not sizes."""
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


def number(value: Decimal | int | None, places: int | None = None) -> str:
    """Return ``value`` with thousands separators; None is empty, zero is ``0``.

    >>> number(Decimal("1234567.50")), number(Decimal(0)), number(None), number(Decimal("2.345"), 2)
    ('1,234,567.5', '0', '', '2.34')
    """
    if value is None:
        return ""
    value = Decimal(value)
    if abs(value.adjusted()) > LARGEST_SHOWN and value:
        return f"{value:.3e}"
    if places is not None:
        return f"{value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_EVEN):,f}"
    return number_text(value)


def price(value: Decimal | None) -> str:
    """Return a price with at least two decimals, four below one, and never fewer than it has (up to six).

    >>> price(Decimal("189.5")), price(Decimal("0.82")), price(Decimal("99.125")), price(Decimal(0))
    ('189.50', '0.8200', '99.125', '0.00')
    """
    if value is None:
        return ""
    least = 4 if value and abs(value) < 1 else 2
    if abs(value.adjusted()) > LARGEST_SHOWN and value:
        return number(value)
    exponent = value.normalize().as_tuple().exponent
    own = -exponent if isinstance(exponent, int) else 0
    return number(value, min(max(own, least), 6))


def average(value: Decimal | None) -> str:
    """Return an average price: two more decimals than a price has.

    >>> average(Decimal("98.0446433")), average(Decimal("0.798758")), average(None)
    ('98.0446', '0.798758', '')
    """
    if value is None:
        return ""
    return number(value, 6 if value and abs(value) < 1 else 4)


def on_the_point(text: str, places: int = PRICE_PLACES) -> str:
    """Pad ``text`` behind its fraction so that a right-aligned column stands on the decimal point.

    >>> on_the_point("189.50"), on_the_point("0.8200"), on_the_point("")
    ('189.50  ', '0.8200', '')
    """
    if not text:
        return ""
    _, point, fraction = text.partition(".")
    return text + " " * max(0, places - len(fraction) + (0 if point else 1))


def money(value: Decimal | None, currency: str | None) -> str:
    """Return an amount of money with its ISO currency behind it."""
    return "" if value is None else f"{number(value, 2)} {currency or ''}".rstrip()


def clock(moment: datetime | None, context: DisplayContext) -> str:
    """Return the time of day in the desk's zone, with the date when it is not today."""
    if moment is None or moment.year <= 1:
        return ""
    local = moment.astimezone(context.zone)
    if local.date() == context.today:
        return f"{local:%H:%M:%S}"
    return f"{local:%d %b %H:%M}" if local.year == context.today.year else f"{local:%d %b %Y}"


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

VERDICT_ROLES: Final = {
    "pending": "waiting",
    "passed": "good",
    "approved": "good",
    "placed": "good",
    "warning": "attention",
    "partiallyoverridden": "attention",
    "manuallyapproved": "attention",
    "failed": "bad",
    "rejected": "bad",
}
"""The colour role of compliance and approval states."""


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
