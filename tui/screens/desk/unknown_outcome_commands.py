"""The commands for writes that are not over: watch one being sent, read back, send again, stop asking."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from tui.actions.action import Scope
from tui.screens.desk.desk_command import DeskCommand, Run, ask_fields
from tui.screens.desk.layout import PanesScreen
from tui.service.numbers import counted
from tui.service.outcomes import Report

if TYPE_CHECKING:
    from tui.service.desk import Desk

NOT_TWICE: Final = "The first try may still arrive. What is seen to be done is not sent."
MOST_NAMED: Final = 4
"""The unknown writes that a question names."""


def _nothing_unknown(scope: Scope) -> str | None:
    return None if scope.unknown else "The outcome of every write is known."


async def show_reports(desk: PanesScreen, reports: Sequence[Report]) -> None:
    """Show the outcomes of writes one after the other, and go to the row chosen in the last of them."""
    from tui.screens.dialogs.send_flow import tell

    server = desk.session.desk
    if server is None:
        return
    if not reports:
        desk.notify("Nothing new is known.", markup=False)
    for report in reports:
        jump = await tell(desk.app, report, server, desk.session)
        if jump is not None:
            desk.go_to(jump)


async def _recheck(desk: PanesScreen) -> None:
    server = desk.session.desk
    if server is not None:
        await show_reports(desk, await server.recheck())


async def resend(desk: PanesScreen) -> None:
    """Send again after a second confirmation: the first try may still arrive."""
    from tui.actions.form_fields import is_yes, pick

    server = desk.session.desk
    if server is None:
        return
    said = await asyncio.to_thread(server.unknown_in_words)
    sure = await ask_fields(
        desk,
        f"Send {counted(len(server.unknown), 'unknown item')} again",
        (pick("sure", "Send again", ("no", "yes")),),
        intro="\n".join((*_first(said), NOT_TWICE)),
    )
    if sure is not None and is_yes(sure["sure"]):
        desk.run_worker(_resend(desk, server), group="writes")


async def _resend(desk: PanesScreen, server: Desk) -> None:
    await show_reports(desk, await server.send_again(server.unknown))


def _first(sentences: Sequence[str]) -> tuple[str, ...]:
    """Return the first of many sentences, and how many more there are."""
    more = len(sentences) - MOST_NAMED
    return (*sentences[:MOST_NAMED], *([f"and {more:,} more"] if more > 0 else ()))


def recheck(desk: PanesScreen) -> None:
    """Read the rows back from the server again."""
    desk.run_worker(_recheck(desk), group="writes")


def dismiss(desk: PanesScreen) -> None:
    """Stop checking them: the user found out by other means."""
    if desk.session.desk is not None:
        desk.run_worker(desk.session.desk.dismiss(), group="writes")


def _nothing_to_settle(scope: Scope) -> str | None:
    return None if scope.unread else _nothing_unknown(scope)


def _command(
    name: str, label: str, help: str, run: Run, disabled: Callable[[Scope], str | None] = _nothing_unknown
) -> DeskCommand:
    return DeskCommand(
        f"unknown_{name}",
        "",
        f"Unknown: {label}",
        help,
        "Unknown outcomes",
        disabled_reason=disabled,
        run=run,
    )


def _nothing_underway(scope: Scope) -> str | None:
    return None if scope.underway else "Nothing is being sent."


def watch_sending(desk: PanesScreen) -> None:
    """Show how far the newest decision is that is being sent, with the key that stops it."""
    from tui.screens.dialogs.sending_dialog import SendingDialog

    if desk.session.desk is not None and desk.session.desk.underway:
        desk.app.push_screen(SendingDialog(desk.session.desk.underway[-1]))


UNKNOWN: Final[tuple[DeskCommand, ...]] = (
    DeskCommand(
        "sending",
        "",
        "Sending: progress",
        "Show how far a write of several calls is, and stop it between two",
        "Unknown outcomes",
        disabled_reason=_nothing_underway,
        run=watch_sending,
    ),
    _command("recheck", "check again", "Read the rows back once more", recheck),
    _command("resend", "send again", "Send what is still unknown, with the same ids", resend),
    _command("dismiss", "settled elsewhere", "Stop asking what became of them", dismiss, _nothing_to_settle),
)
