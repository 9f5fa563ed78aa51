"""Commands that show something, move the focus or run the program: functions, and their rows in ``VIEW``."""

from __future__ import annotations

import asyncio
from datetime import datetime
from functools import partial
from typing import Final

from msgspec.structs import replace

from tui.actions.action import Scope
from tui.api import codec
from tui.columns.panes import COLUMNS, PANES, PaneSpec
from tui.columns.view import export_csv
from tui.screens.desk.desk_command import DeskCommand, ask_fields
from tui.screens.desk.key_hints import help_groups
from tui.screens.desk.layout import PanesScreen
from tui.screens.desk.pane import Pane
from tui.screens.desk.typed_time import EXAMPLES, read_time, time_in_full
from tui.service.snapshot.contradictions import contradictions
from tui.service.snapshot.relations import order_of
from tui.service.snapshot.snapshot import EntityKind, Ref
from tui.session import DeskSession

# Fields of forms are loaded when a command first asks something: a start needs none of them.

NOW: Final = "now"
COPIES: Final = ("id", "JSON", "shown rows as TSV")


def _no_row(scope: Scope) -> str | None:
    return None if scope.ids else "There is no row under the cursor."


def _no_order(scope: Scope) -> str | None:
    if not scope.ids:
        return "There is no row under the cursor."
    found = order_of(scope.snapshot, Ref(scope.kind, scope.ids[0]))
    return None if found else "No order stands behind this row, so there is no history to show."


# --- the row under the cursor ------------------------------------------------------------------


async def show_history(desk: PanesScreen) -> None:
    """Show the history of the order behind the row, and go to the row chosen there."""
    from tui.screens.history.screen import HistoryScreen
    from tui.service.sentence import phrase_of

    server, cursor = desk.session.desk, desk.active.cursor
    order = order_of(desk.snapshot, cursor) if cursor else None
    if server is None or order is None:
        return
    said = phrase_of(desk.snapshot, Ref(EntityKind.ORDERS, order))
    screen = HistoryScreen(
        order,
        lambda: server.history(order),
        f"History: {said}" if said else f"History of order {order}",
        save=desk.session.save,
        context=lambda: desk.session.display_context,
        with_keys=desk.session.with_keys,
    )
    jump = await desk.app.push_screen_wait(screen)
    if jump is not None:
        desk.go_to(jump)


def show_detail(desk: PanesScreen, pane: Pane, *, raw: bool = False) -> None:
    """Show all members of the row under the cursor of ``pane``."""
    from tui.screens.detail.screen import DetailScreen, sections_of
    from tui.service.sentence import phrase_of

    cursor = pane.cursor
    row = desk.snapshot.row(cursor) if cursor else None
    if cursor is None or row is None:
        return
    said = phrase_of(desk.snapshot, cursor)
    title = f"{cursor.kind.singular.title()}{f': {said}' if said else f' {cursor.id}'}"
    sections = sections_of(row)
    if told := contradictions(desk.snapshot, cursor):
        sections = (("Contradictions", [("", sentence) for sentence in told]), *sections)
    desk.app.push_screen(DetailScreen(title, sections, codec.encode(row).decode(), raw=raw))


async def copy(desk: PanesScreen) -> None:
    """Ask what to copy of the rows in focus, and send it to the clipboard."""
    from tui.actions.form_fields import pick

    pane = desk.active
    answered = await ask_fields(desk, "Copy", (pick("choice", "What to copy", COPIES),))
    if answered is None:
        return
    chosen = answered["choice"]
    rows = [pane.rows_snapshot.rows(pane.kind).get(id) for id in pane.in_focus]
    if chosen == "id":
        copied = "\n".join(str(id) for id in pane.in_focus)
    elif chosen == "JSON":
        copied = "\n".join(codec.encode(row).decode() for row in rows if row is not None)
    else:
        copied = _tsv(pane)
    desk.app.copy_to_clipboard(copied)
    desk.notify(f"{len(copied):,} characters sent to the clipboard.", markup=False)


def _tsv(pane: Pane) -> str:
    snapshot = pane.rows_snapshot
    lines = ["\t".join(column.title for column in pane.view.columns)]
    for id in pane.shown:
        row = snapshot.rows(pane.kind)[id]
        cells = (column.cell(snapshot, row, pane.display_context) for column in pane.view.columns)
        lines.append("\t".join(cell.strip() for cell in cells))
    return "\n".join(lines)


# --- the rows of a pane ------------------------------------------------------------------------


async def sort(desk: PanesScreen) -> None:
    """Ask for the column to sort by."""
    from tui.actions.form_fields import pick, switch

    pane = desk.active
    titles = {column.title: column.id for column in pane.view.columns}
    unsorted = "not sorted"
    current = next((title for title, id in titles.items() if id == pane.view.sort), unsorted)
    fields = (
        pick("column", "By", (unsorted, *titles), current),
        switch("descending", "Largest first", pane.view.descending),
    )
    answered = await ask_fields(desk, "Sort", fields)
    if answered is not None:
        column = titles.get(answered["column"], "")
        descending = answered["descending"] == "yes" and bool(column)
        pane.set_view(replace(pane.view, sort=column, descending=descending, needs_first=False))


async def choose_columns(desk: PanesScreen) -> None:
    """Ask which columns of the pane are shown."""
    from tui.actions.form_fields import switch

    pane = desk.active
    answered = await ask_fields(
        desk,
        f"Columns of {pane.kind.value}",
        tuple(
            switch(column.id, column.title, column.id not in pane.view.hidden, help=column.help)
            for column in COLUMNS[pane.kind]
        ),
        check=lambda values: [] if "yes" in values.values() else ["Keep at least one column."],
    )
    if answered is not None:
        hidden = frozenset(id for id, value in answered.items() if value == "no")
        pane.set_view(replace(pane.view, hidden=hidden))


def show_exceptions_first(desk: PanesScreen) -> None:
    """Show exceptions first in every pane, or stop doing so."""
    first = not desk.active.view.needs_first
    for spec in PANES:
        pane = desk.pane(spec.kind)
        pane.set_view(replace(pane.view, needs_first=first, sort="", descending=False))


async def export(desk: PanesScreen) -> None:
    """Write the rows shown to a CSV file; another thread writes them out, for they may be many."""
    pane = desk.active
    view, snapshot, shown = pane.view, pane.rows_snapshot, pane.shown
    name = f"{pane.kind.value}-{desk.session.now():%Y%m%dT%H%M%SZ}.csv"
    try:
        path = desk.session.save(name, await asyncio.to_thread(export_csv, view, snapshot, shown))
    except OSError as error:
        desk.notify(f"Nothing was written: {error.strerror}.", severity="error", markup=False)
    else:
        desk.notify(f"{len(shown):,} rows written to {path}", markup=False)


# --- panes -------------------------------------------------------------------------------------


def _go(kind: EntityKind, desk: PanesScreen) -> None:
    """Go to a pane; from the pane itself, enter or leave full screen."""
    if desk.active.kind is kind:
        desk.toggle_full_screen()
    else:
        desk.show_pane(kind)


def _pane_command(spec: PaneSpec) -> DeskCommand:
    first = next(other for other in PANES if other.place == spec.place)
    instead = "" if spec is first else f", in the place of {first.kind}"
    return DeskCommand(
        spec.kind.value,
        spec.key,
        spec.title,
        f"Go to the {spec.kind}{instead}; again: full screen and back",
        "Panes",
        run=partial(_go, spec.kind),
    )


def link(desk: PanesScreen) -> None:
    """Let the panes follow the block under the cursor, or show everything."""
    desk.linked = not desk.linked
    desk.show_all()


# --- the desk ----------------------------------------------------------------------------------


def refresh(desk: PanesScreen) -> None:
    """Read everything again."""
    desk.run_worker(desk.session.reload(), group="read", exclusive=True, exit_on_error=False)


def freeze(desk: PanesScreen) -> None:
    """Pause the screen, or let it follow the desk again."""
    desk.frozen = not desk.frozen
    desk.show_all()


def _travel_to(desk: PanesScreen, as_at: datetime | None) -> None:
    desk.run_worker(desk.session.travel(as_at), group="read", exclusive=True, exit_on_error=False)


async def travel(desk: PanesScreen) -> None:
    """Ask for a time, and show the desk as it was then."""
    from tui.actions.form_fields import text

    session = desk.session
    then, zone, shown = (
        session.snapshot.as_at,
        session.display_context.zone,
        session.display_context.zone_name,
    )

    def problem(typed: str) -> str | None:
        try:
            _moment(typed, session)
        except ValueError as error:
            return str(error)
        return None

    def echo(typed: str) -> str:
        moment = _moment(typed, session)
        return "the desk as it is" if moment is None else time_in_full(moment, zone)

    field = text(
        "as_at",
        "As at",
        f"{then.astimezone(zone):%Y-%m-%d %H:%M:%S}" if then else NOW,
        required=True,
        help=f"{shown} time, such as {EXAMPLES}, or '{NOW}'",
        check=problem,
        echo=echo,
    )
    intro = f"See the desk as it was then. Times are in {shown}."
    answered = await ask_fields(desk, "Time travel", (field,), intro=intro)
    if answered is not None:
        _travel_to(desk, _moment(answered["as_at"], session))


def _moment(typed: str, session: DeskSession) -> datetime | None:
    """Return the time typed, None for now; raises ValueError with a sentence."""
    if typed.strip().lower() == NOW:
        return None
    return read_time(typed, session.now(), session.display_context.zone)


async def show_help(desk: PanesScreen) -> None:
    """Show every key and command."""
    from tui.screens.help import HelpScreen

    groups = help_groups(desk.session.actions, desk.scope(), desk.session.keys_of)
    desk.app.push_screen(HelpScreen(await desk.turns.work(groups)))


def step_back(desk: PanesScreen) -> None:
    """Go one step back: selection, filter, full screen, the past. Any step clears marks of changes."""
    pane, marked = desk.active, desk.clear_marks()
    if pane.grid.clear_selection() or pane.drop_filter():
        return
    if desk.full_screen:
        desk.toggle_full_screen()
    elif desk.snapshot.as_at is not None:
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
        "Details",
        "Every field of the row",
        "Inspect",
        disabled_reason=_no_row,
        run=lambda desk: show_detail(desk, desk.active),
    ),
    DeskCommand(
        "raw",
        "i",
        "Raw JSON",
        "The row as JSON, as the server sent it",
        "Inspect",
        disabled_reason=_no_row,
        run=lambda desk: show_detail(desk, desk.active, raw=True),
    ),
    DeskCommand(
        "copy",
        "y",
        "Copy",
        "The row's id, its JSON, or the shown rows",
        "Inspect",
        disabled_reason=_no_row,
        run=copy,
    ),
    DeskCommand(
        "filter",
        "slash",
        "Filter",
        "Show only rows that match: words, side:buy, ordered>50k, !not",
        "Rows",
        footer=True,
        run=lambda desk: desk.active.start_filter(),
    ),
    DeskCommand("sort", "s", "Sort", "Sort by a column", "Rows", run=sort),
    DeskCommand("columns", "o", "Columns", "Choose the columns of the pane", "Rows", run=choose_columns),
    DeskCommand(
        "exceptions_first", "0", "Exceptions", "Show exceptions first", "Rows", run=show_exceptions_first
    ),
    DeskCommand("export", "E", "Export", "Write the rows shown to a CSV file", "Rows", run=export),
    *map(_pane_command, PANES),
    DeskCommand(
        "next_pane", "tab", "Next pane", "Go to the next pane", "Panes", run=lambda desk: desk.step_pane(1)
    ),
    DeskCommand(
        "previous_pane",
        "shift+tab",
        "Previous pane",
        "Go to the previous pane",
        "Panes",
        run=lambda desk: desk.step_pane(-1),
    ),
    DeskCommand(
        "link",
        "l",
        "Link",
        "Let the panes follow the block, or show all rows",
        "Panes",
        footer=True,
        run=link,
    ),
    DeskCommand("refresh", "r", "Refresh", "Read everything again", "Desk", run=refresh),
    DeskCommand("freeze", "z", "Freeze", "Pause updates on the screen, or resume them", "Desk", run=freeze),
    DeskCommand("travel", "T", "Time travel", "See the desk as it was at another time", "Desk", run=travel),
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
