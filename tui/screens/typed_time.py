"""A point in time as a reader types it: in the zone the desk shows times in, and not in the future."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING, Final

from tui.session import DeskSession

if TYPE_CHECKING:
    from widgets.fields import Field

EXAMPLES: Final = "09:30 or 2026-11-20 09:30"
NOW: Final = "now"


def time_field(id: str, label: str, value: str, session: DeskSession, *, now_means: str) -> Field:
    """Return the field of a form that asks for a time or for now, and says what is understood."""
    from tui.actions.form_fields import text

    context = session.display_context

    def problem(typed: str) -> str | None:
        try:
            moment_of(typed, session.now(), context.zone)
        except ValueError as error:
            return str(error)
        return None

    def echo(typed: str) -> str:
        moment = moment_of(typed, session.now(), context.zone)
        return now_means if moment is None else time_in_full(moment, context.zone)

    help = f"{context.zone_name} time, such as {EXAMPLES}, or '{NOW}'"
    return text(id, label, value, required=True, help=help, check=problem, echo=echo)


def moment_of(typed: str, now: datetime, zone: tzinfo) -> datetime | None:
    """Return the time ``typed`` names, None for now; raises ValueError with a sentence."""
    return None if typed.strip().lower() == NOW else read_time(typed, now, zone)


def read_time(typed: str, now: datetime, zone: tzinfo) -> datetime:
    """Return the time ``typed`` names, in ``zone`` unless it names its own; without a date it is today's.

    Raises:
        ValueError: it is no time, or later than ``now``; the message is a sentence for who typed it.
    """
    text = typed.strip()
    if text[1:2] == ":":
        text = f"0{text}"
    day = f"{now.astimezone(zone):%Y-%m-%d} " if text[2:3] == ":" else ""
    try:
        moment = datetime.fromisoformat(day + text)
    except ValueError:
        raise ValueError(f"'{typed}' is not a time; write it as {EXAMPLES}, or '{NOW}'.") from None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=zone)
    if moment > now:
        raise ValueError(f"{time_in_full(moment, zone)} is in the future: only what was is to be seen.")
    return moment


def time_in_full(moment: datetime, zone: tzinfo) -> str:
    """Return a time with its day and zone, and in UTC where that differs."""
    local, utc = moment.astimezone(zone), moment.astimezone(UTC)
    text = f"{local:%d %b %Y %H:%M:%S %Z}"
    return text if local.utcoffset() == utc.utcoffset() else f"{text}, {utc:%d %b %H:%M:%S} UTC"
