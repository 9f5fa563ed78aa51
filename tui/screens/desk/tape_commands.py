"""Commands on what happened: activity, the journal, what changed since a time, the sheet of the day."""

from __future__ import annotations

from typing import Final

from tui.actions.action import Scope
from tui.screens.desk.desk_command import DeskCommand
from tui.screens.desk.layout import PanesScreen

# Other screens are loaded when a command first needs them: a start needs none.


async def show_activity(desk: PanesScreen) -> None:
    """List what happened and what was said, and go to the row chosen there."""
    from tui.screens.activity import ActivityScreen

    jump = await desk.app.push_screen_wait(ActivityScreen(desk.session))
    if jump is not None:
        desk.go_to(jump)


async def show_changes(desk: PanesScreen) -> None:
    """List what changed since the last visit, else today, and go to the row chosen there."""
    from tui.screens.changes_list import ChangesScreen

    server, last = desk.session.desk, desk.session.visits.last
    if server is not None:
        here = desk.session.now().astimezone(desk.session.display_context.zone)
        since = last or here.replace(hour=0, minute=0, second=0, microsecond=0)
        called = "the end of your last visit" if last else "the start of today"
        jump = await desk.app.push_screen_wait(ChangesScreen(server, desk.session, since, called))
        if jump is not None:
            desk.go_to(jump)


async def show_journal(desk: PanesScreen) -> None:
    """List what was decided here and what came of it, and go to the row chosen there."""
    from tui.screens.journal_list import JournalScreen

    server = desk.session.desk
    if server is not None:
        jump = await desk.app.push_screen_wait(JournalScreen(server, desk.session))
        if jump is not None:
            desk.go_to(jump)


def show_day_sheet(desk: PanesScreen) -> None:
    """Show what was traded on the day, what is left of it, and who did what."""
    from tui.screens.sheet_screen import SheetScreen

    desk.app.push_screen(SheetScreen(desk.session))


def _not_now(scope: Scope) -> str | None:
    if scope.snapshot.as_at is not None:
        return "This is the desk as it was; go back to the desk as it is now first."
    return None if scope.snapshot.complete else "The desk is still being read."


def _not_reached(scope: Scope) -> str | None:
    return None if scope.facts is not None else "The server is not reached yet."


TAPE: Final[tuple[DeskCommand, ...]] = (
    DeskCommand(
        "tape",
        "t",
        "Activity",
        "List what happened: fills, rejects, cancels, your own outcomes and every message",
        "Inspect",
        run=show_activity,
    ),
    DeskCommand(
        "journal",
        "at",
        "Journal",
        "Every decision made here, by other programs too: when, who, what, and what came of it",
        "Inspect",
        disabled_reason=_not_reached,
        run=show_journal,
    ),
    DeskCommand(
        "changes",
        "d",
        "Changes",
        "What changed since your last visit, or since a time: the value before beside the value now",
        "Inspect",
        disabled_reason=_not_now,
        run=show_changes,
    ),
    DeskCommand(
        "day_sheet",
        "D",
        "Day's sheet",
        "What was traded today, left open, unallocated, unbooked or rejected, and who did what",
        "Inspect",
        run=show_day_sheet,
    ),
)
