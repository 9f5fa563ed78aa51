"""Commands on what happened: the activity list, and what changed since a time."""

from __future__ import annotations

from typing import Final

from tui.screens.desk.desk_command import DeskCommand
from tui.screens.desk.layout import PanesScreen

# Other screens are loaded when a command first needs them: a start needs none.


async def show_activity(desk: PanesScreen) -> None:
    """List what happened and what was said, and go to the row chosen there."""
    from tui.screens.activity import activity_screen

    jump = await desk.app.push_screen_wait(activity_screen(desk.session))
    if jump is not None:
        desk.go_to(jump)


TAPE: Final[tuple[DeskCommand, ...]] = (
    DeskCommand(
        "tape",
        "t",
        "Activity",
        "List what happened: fills, rejects, cancels, your own outcomes and every message",
        "Inspect",
        run=show_activity,
    ),
)
