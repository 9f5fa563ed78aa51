"""The field of a form that asks for a time that has been, or for now."""

from __future__ import annotations

from datetime import datetime, tzinfo
from typing import TYPE_CHECKING

from tui.service.typed_times import EXAMPLES, NOW, TypedTime, as_typed, read_past, time_in_full
from tui.session import DeskSession

if TYPE_CHECKING:
    from widgets.fields import Field


def time_field(id: str, label: str, value: datetime | None, session: DeskSession, *, now_means: str) -> Field:
    """Return the field of a form that asks for a time or for now, and says what is understood."""
    from tui.actions.form_fields import text

    context = session.display_context

    def problem(typed: str) -> str | None:
        try:
            time_typed(typed, session.now(), context.zone)
        except ValueError as error:
            return str(error)
        return None

    def echo(typed: str) -> str:
        read = time_typed(typed, session.now(), context.zone)
        return now_means if read is None else time_in_full(read.begin, context.zone)

    help = f"{context.zone_name} time, such as {EXAMPLES}, or '{NOW}'"
    shown = NOW if value is None else as_typed(value, context.zone)
    return text(id, label, shown, required=True, help=help, check=problem, echo=echo)


def time_typed(typed: str, now: datetime, zone: tzinfo) -> TypedTime | None:
    """Return the time ``typed`` names, None for now; raises ValueError with a sentence."""
    read = read_past(typed, now, zone)
    return None if read.is_now else read
