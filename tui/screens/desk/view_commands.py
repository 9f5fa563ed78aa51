"""Commands on the desk as a whole that send nothing: reading it again, the past, help, leaving."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from tui.screens.desk.desk_command import DeskCommand, ask_fields
from tui.screens.desk.key_hints import help_groups
from tui.screens.desk.layout import PanesScreen
from tui.screens.time_field import time_field, time_typed

# Fields of forms and other screens are loaded when a command first needs them: a start needs none.


def refresh(desk: PanesScreen) -> None:
    """Read everything again."""
    desk.run_worker(desk.session.reload(), group="read", exclusive=True, exit_on_error=False)


def freeze(desk: PanesScreen) -> None:
    """Pause the screen, or let it follow the desk again."""
    desk.frozen = not desk.frozen
    desk.past.stop()
    desk.session.tape.freeze(desk.frozen)
    desk.show_all()


def _travel_to(desk: PanesScreen, as_at: datetime | None) -> None:
    """Show the desk as it was then, or is.

    A frozen screen goes on: it would say that it is of one time, and show the rows of another.
    """
    if desk.frozen:
        freeze(desk)

    async def go() -> None:
        await desk.session.travel(as_at)
        if as_at is not None:
            desk.past.read_ahead()

    desk.run_worker(go(), group="read", exclusive=True, exit_on_error=False)


async def travel(desk: PanesScreen) -> None:
    """Ask for a time, and show the desk as it was then."""
    session = desk.session
    then, zone = session.snapshot.as_at, session.display_context.zone
    field = time_field("as_at", "As at", then, session, now_means="the desk as it is")
    intro = f"See the desk as it was then. Times are in {session.display_context.zone_name}."
    answered = await ask_fields(desk, "Time travel", (field,), intro=intro)
    if answered is not None:
        read = time_typed(answered["as_at"], session.now(), zone)
        _travel_to(desk, None if read is None else read.begin)


async def browse(desk: PanesScreen) -> None:
    """Browse blocks and orders outside the window, and go to the row chosen there."""
    from tui.screens.browse.screen import BrowseScreen

    server = desk.session.desk
    if server is None:
        desk.notify("Not connected yet: wait for the first rows.", markup=False)
        return
    jump = await desk.app.push_screen_wait(BrowseScreen(server, desk.session))
    if jump is not None:
        desk.go_to(jump)


async def show_help(desk: PanesScreen) -> None:
    """Show every key and command."""
    from tui.screens.help import HelpScreen

    session = desk.session
    ascii = session.display_context.ascii
    groups = help_groups(session.actions, desk.scope(), session.keys_of, ascii=ascii)
    desk.app.push_screen(HelpScreen(await desk.turns.work(groups)))


def step_back(desk: PanesScreen) -> None:
    """Go one step back: selection, filter, full screen, the past. Any step clears marks of changes."""
    if desk.dismiss_errors():
        return
    pane, marked = desk.active, desk.clear_marks()
    if pane.grid.clear_selection() or desk.exceptions.back_to_list() or pane.drop_filter():
        return
    if desk.full_screen:
        desk.toggle_full_screen()
    elif desk.snapshot.as_at is not None:
        desk.past.stop()
        _travel_to(desk, None)
    elif not marked:
        nothing = desk.session.with_keys("Nothing to go back from; {quit} quits.")
        desk.notify(nothing, timeout=2, markup=False)


def redraw(desk: PanesScreen) -> None:
    """Repaint the whole screen, whatever the terminal is thought to show."""
    if desk.session.wire is not None:
        desk.session.wire.invalidate()
    desk.app.refresh(repaint=True, layout=True)


def leave(desk: PanesScreen) -> None:
    """Leave the program."""
    desk.app.call_later(desk.app.action_quit)


QUIT: Final = DeskCommand(
    "quit", "q", "Quit", "Quit, unless something is being sent", "Desk", footer=True, run=leave
)
PALETTE: Final = DeskCommand(
    "palette",
    "colon",
    "Commands",
    "Every command by name",
    "Desk",
    aliases=("ctrl+p",),
    run=lambda desk: desk.app.action_command_palette(),
)

VIEW: Final[tuple[DeskCommand, ...]] = (
    DeskCommand("refresh", "r", "Refresh", "Read everything again", "Desk", run=refresh),
    DeskCommand("freeze", "z", "Freeze", "Pause updates on the screen, or resume them", "Desk", run=freeze),
    DeskCommand("travel", "T", "Time travel", "See the desk as it was at another time", "Desk", run=travel),
    DeskCommand(
        "browse",
        "B",
        "Browse",
        "Find blocks and orders outside the window: the whole tenant, newest first, page by page",
        "Desk",
        run=browse,
    ),
    PALETTE,
    DeskCommand(
        "help",
        "question_mark",
        "Help",
        "All keys, and why one is not possible now",
        "Desk",
        footer=True,
        aliases=("f1",),
        run=show_help,
    ),
    DeskCommand(
        "back",
        "escape",
        "Back",
        "Remove the marks (') of changes, and go one step back: selection, filter, full screen, the past",
        "Desk",
        run=step_back,
    ),
    DeskCommand("redraw", "ctrl+l", "Redraw", "Repaint the whole screen", "Desk", run=redraw),
    QUIT,
)
