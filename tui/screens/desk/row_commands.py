"""Commands on the row under the cursor that send nothing: its history, its members, copying it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

from tui.actions.action import Scope
from tui.api import codec
from tui.screens.desk.desk_command import DeskCommand, ask_fields
from tui.screens.desk.layout import PanesScreen
from tui.screens.desk.pane import Pane
from tui.service.snapshot.compliance_states import compliance_section, unnamed_rules
from tui.service.snapshot.contradictions import contradictions
from tui.service.snapshot.relations import order_of
from tui.service.snapshot.snapshot import EntityKind, Ref, Snapshot, luid_of
from tui.service.snapshot.transaction_keys import portfolio_of

if TYPE_CHECKING:
    from tui.api.models import Order, OrderGraphBlock
    from tui.screens.detail.sections import Section

# Fields of forms and other screens are loaded when a command first needs them: a start needs none.

COMPLIANCE: Final = "Compliance"
COPIES: Final = ("id", "JSON", "shown rows as TSV")


def _no_row(scope: Scope) -> str | None:
    return None if scope.ids else "There is no row under the cursor."


def _no_order(scope: Scope) -> str | None:
    if not scope.ids:
        return "There is no row under the cursor."
    found = order_of(scope.snapshot, Ref(scope.kind, scope.ids[0]))
    return None if found else "No order stands behind this row, so there is no history to show."


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
    if called := names_behind(desk.snapshot, cursor, row):
        sections = (("Known as", called), *sections)
    if told := contradictions(desk.snapshot, cursor):
        sections = (("Contradictions", [("", sentence) for sentence in told]), *sections)
    said_of = compliance_section(desk.snapshot, row)
    if said_of:
        sections = ((COMPLIANCE, said_of), *sections)
    more = partial(_with_rule_names, desk, row) if said_of and unnamed_rules(desk.snapshot, row) else None
    desk.app.push_screen(DetailScreen(title, sections, codec.encode(row).decode(), raw=raw, more=more))


async def _with_rule_names(desk: PanesScreen, row: Order | OrderGraphBlock) -> Section | None:
    """Return the section of compliance once the names of its rules were asked for."""
    server = desk.session.desk
    if server is None:
        return None
    why = await server.read_rule_names(row)
    return COMPLIANCE, compliance_section(server.snapshot, row, why)


def names_behind(snapshot: Snapshot, cursor: Ref, row: Any) -> list[tuple[str, str]]:
    """Return what the ids of a row are called by the server's reference data, as labels and texts."""
    known = snapshot.instruments.get(luid_of(row))
    record = known.record if known else None
    portfolio = (
        portfolio_of(cursor.id)
        if cursor.kind is EntityKind.TRANSACTIONS
        else getattr(row, "portfolio_id", None)
    )
    held = snapshot.records.portfolios.get(portfolio) if portfolio else None
    said = [
        ("Instrument", known.name if known else ""),
        ("Asset class", known.asset_class if known else ""),
        ("Definition", record.kind if record else ""),
        ("Currency", known.currency if known else ""),
        ("State in the master", "" if record is None or record.is_active else record.state),
        ("Portfolio", held.name if held else ""),
        ("Base currency", held.currency if held else ""),
    ]
    return [(label, text) for label, text in said if text]


async def copy(desk: PanesScreen) -> None:
    """Ask what to copy of the rows in focus, and copy it."""
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


def _tsv(pane: Pane) -> str:
    snapshot = pane.rows_snapshot
    lines = ["\t".join(column.title for column in pane.view.columns)]
    for id in pane.shown:
        row = snapshot.rows(pane.kind)[id]
        cells = (column.cell(snapshot, row, pane.display_context) for column in pane.view.columns)
        lines.append("\t".join(cell.strip() for cell in cells))
    return "\n".join(lines)


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
)
