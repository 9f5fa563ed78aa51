"""Commands on the row under the cursor that send nothing: its history, its members, copying it."""

from __future__ import annotations

from typing import Final

from tui.actions.action import NO_ROW, Scope
from tui.screens.desk.desk_command import DeskCommand
from tui.screens.desk.layout import PanesScreen
from tui.screens.desk.pane import Pane
from tui.service.snapshot.relations import order_of, related_of
from tui.service.snapshot.snapshot import EntityKind, Ref

# Fields of forms and other screens are loaded when a command first needs them: a start needs none.


def _no_row(scope: Scope) -> str | None:
    return None if scope.ids else NO_ROW


def _no_order(scope: Scope) -> str | None:
    if not scope.ids:
        return NO_ROW
    found = order_of(scope.snapshot, Ref(scope.kind, scope.ids[0]))
    return None if found else "No order stands behind this row, so there is no history to show."


async def show_history(desk: PanesScreen) -> None:
    """Show the history of the orders behind the row, one at a time, and go to the row chosen there."""
    from tui.screens.row_screens import history_screen

    server, cursor = desk.session.desk, desk.active.cursor
    orders = related_of(desk.snapshot, cursor, EntityKind.ORDERS) if cursor else ()
    if server is None or not orders:
        return
    jump = await desk.app.push_screen_wait(history_screen(server, desk.session, desk.snapshot, orders))
    if jump is not None:
        desk.go_to(jump)


async def show_ticket(desk: PanesScreen, pane: Pane) -> None:
    """Show the ticket of the row under the cursor of ``pane``, and go to the row chosen there."""
    from tui.screens.row_screens import ticket_screen

    cursor, server = pane.cursor, desk.session.desk
    if cursor is None or server is None or cursor not in desk.snapshot:
        return
    jump = await desk.app.push_screen_wait(
        ticket_screen(server, desk.session, cursor, lambda: desk.session.snapshot)
    )
    if jump is not None:
        desk.go_to(jump)


def show_raw(desk: PanesScreen) -> None:
    """Show the row under the cursor as JSON, and all its members."""
    from tui.screens.row_screens import detail_screen

    cursor, server = desk.active.cursor, desk.session.desk
    if cursor is not None and server is not None and cursor in desk.snapshot:
        desk.app.push_screen(detail_screen(server, desk.session, desk.snapshot, cursor, raw=True))


async def copy(desk: PanesScreen) -> None:
    """Ask what to copy of the rows in focus, and copy it."""
    from tui.screens.copies import copy_rows

    await copy_rows(desk.app, desk.session, desk.active.shown_rows())


ROW: Final[tuple[DeskCommand, ...]] = (
    DeskCommand(
        "history",
        "h",
        "History",
        "The full history of the order behind the row",
        "Inspect",
        disabled_reason=_no_order,
        footer=True,
        endpoints=("get_order_history",),
        run=show_history,
    ),
    DeskCommand(
        "detail",
        "enter",
        "Ticket",
        "Who, what, how much, at what price and when, and the rows it belongs with",
        "Inspect",
        disabled_reason=_no_row,
        run=lambda desk: show_ticket(desk, desk.active),
    ),
    DeskCommand(
        "raw",
        "i",
        "Raw JSON",
        "The row as JSON, as the server sent it, and all its members",
        "Inspect",
        disabled_reason=_no_row,
        run=show_raw,
    ),
    DeskCommand(
        "copy",
        "y",
        "Copy",
        "Copy a cell, ids, or rows as TSV, Markdown, JSON, or the request as curl",
        "Inspect",
        disabled_reason=_no_row,
        run=copy,
    ),
)
