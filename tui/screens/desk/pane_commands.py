"""Commands on the panes and the rows they show: filter, sort, columns, export, which pane is in front."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from tui.actions.action import NO_ROW
from tui.actions.pinned_rows import PROTECTS
from tui.columns.panes import PANES, PaneSpec
from tui.columns.property_columns import PropertyColumn, named, properties_seen
from tui.columns.view import MOST_SORTS, NEWEST, SortColumn, View
from tui.screens.desk.desk_command import DeskCommand, ask_fields
from tui.screens.desk.layout import PanesScreen
from tui.screens.desk.view_shown import NAMES_S, show_in_pane
from tui.service.numbers import counted
from tui.service.snapshot.snapshot import EntityKind

if TYPE_CHECKING:
    from tui.screens.dialogs.columns_dialog import ColumnChoice
    from widgets.fields import Field

# Fields of forms are loaded when a command first asks something: a start needs none of them.


async def sort(desk: PanesScreen) -> None:
    """Ask for the columns to sort by: rows that are equal in the first are sorted by the next."""
    from tui.actions.form_fields import pick, switch

    pane = desk.active
    titles = {column.title: column.id for column in pane.view.columns}
    ids = {id: title for title, id in titles.items()}
    now = [each for each in pane.view.sorts if each.id in ids]
    fields: list[Field] = []
    for number in range(MOST_SORTS):
        current = now[number] if number < len(now) else None
        none = "nothing" if number else "newest first"
        fields += (
            pick(
                f"column{number}",
                "Then by" if number else "By",
                (none, *titles),
                ids[current.id] if current else none,
            ),
            switch(f"descending{number}", "Largest first", bool(current and current.descending)),
        )
    answered = await ask_fields(desk, "Sort", fields)
    if answered is None:
        return
    chosen: dict[str, bool] = {}
    for number in range(MOST_SORTS):
        if (title := answered[f"column{number}"]) in titles:
            chosen.setdefault(titles[title], answered[f"descending{number}"] == "yes")
    pane.set_view(pane.view.with_sorts(*(SortColumn(id, descending) for id, descending in chosen.items())))


async def choose_columns(desk: PanesScreen) -> None:
    """Ask which columns of the pane are shown, in which order and width, and which are pinned.

    Properties of its rows stand beside the declared ones.
    """
    from tui.screens.dialogs.columns_dialog import ColumnsDialog

    pane = desk.active
    shown = [each.key for each in pane.view.properties]
    seen = tuple(dict.fromkeys((*shown, *properties_seen(desk.snapshot, pane.kind))))
    if desk.session.desk is not None:
        await desk.session.desk.beside.reference.define(seen, within_s=NAMES_S)
    properties = named(seen, desk.session.snapshot.records)
    declared = _choices(View(pane.kind), properties)
    dialog = ColumnsDialog(f"Columns of {pane.kind.value}", _choices(pane.view, properties), declared)
    chosen = await desk.app.push_screen_wait(dialog)
    if chosen is not None:
        show_in_pane(desk, _with_columns(pane.view, chosen, properties))


def _choices(view: View, properties: Sequence[PropertyColumn]) -> list[ColumnChoice]:
    """Return the columns shown in their order, then those that are not."""
    from tui.screens.dialogs.columns_dialog import ColumnChoice

    shown = [column.id for column in view.columns]
    known = replace(view, properties=tuple(properties)).known_columns
    order = dict.fromkeys((*shown, *known))
    return [
        ColumnChoice(
            id,
            known[id].title,
            known[id].help,
            known[id].width,
            id in shown,
            id in view.pinned,
            view.widths.get(id, 0),
        )
        for id in order
    ]


def _with_columns(view: View, choices: Sequence[ColumnChoice], properties: Sequence[PropertyColumn]) -> View:
    """Return the view with the columns as they were chosen; one that sorts by none of them sorts anew."""
    shown = tuple(choice.id for choice in choices if choice.shown)
    kept = tuple(each for each in properties if each.key in shown)
    as_declared = tuple(View(view.kind, properties=kept).known_columns)
    made = replace(
        view,
        chosen=() if shown == as_declared else shown,
        properties=kept,
        pinned=tuple(choice.id for choice in choices if choice.pinned and choice.shown),
        widths={choice.id: choice.own_width for choice in choices if choice.own_width},
    )
    known = made.known_columns
    return made.with_sorts(*(each for each in made.sorts if each.id == NEWEST or each.id in known))


async def export(desk: PanesScreen) -> None:
    """Ask for format and file, and write the rows shown."""
    from tui.screens.dialogs.export_form import export_rows

    await export_rows(desk.app, desk.session, desk.active.shown_rows())


def pin(desk: PanesScreen) -> None:
    """Pin the rows in focus on top of their pane; when all of them are pinned, unpin them."""
    pane = desk.active
    rows, pins = frozenset(pane.in_focus), pane.view.pins
    unpins = rows <= pins
    pane.set_view(replace(pane.view, pins=pins - rows if unpins else pins | rows))
    pane.grid.clear_selection()
    said = counted(len(rows), pane.kind.singular)
    if unpins:
        desk.notify(f"{said} unpinned.", markup=False)
        return
    spared = " {cancel_all} leaves alone what works of it." if pane.kind in PROTECTS else ""
    told = f"{said} pinned on top, whatever is filtered or sorted.{spared}"
    desk.notify(desk.session.with_keys(told), markup=False)


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


def _move_split(steps: int, desk: PanesScreen) -> None:
    if desk.compact:
        desk.notify("One pane has the whole screen: there is no split to move.", markup=False)
    else:
        desk.move_split(steps)


PANE: Final[tuple[DeskCommand, ...]] = (
    DeskCommand(
        "filter",
        "slash",
        "Filter",
        "Show only rows that match: vod or azn, side:buy, ordered>50k, created:today, !not",
        "Rows",
        footer=True,
        run=lambda desk: desk.active.start_filter(),
    ),
    DeskCommand("sort", "s", "Sort", "Sort by up to three columns", "Rows", run=sort),
    DeskCommand(
        "columns",
        "o",
        "Columns",
        "Show, hide, move, widen and pin the columns of the pane, and properties beside them",
        "Rows",
        run=choose_columns,
    ),
    DeskCommand(
        "exceptions",
        "0",
        "Exceptions",
        "What needs you, of all rows, the most urgent first, and the way to the row that mends it",
        "Rows",
        footer=True,
        run=lambda desk: desk.open_exceptions(),
    ),
    DeskCommand(
        "pin",
        "P",
        "Pin",
        "Keep the rows on top whatever sort and filter, and exempt from cancelling everything; or unpin them",
        "Rows",
        disabled_reason=lambda scope: None if scope.ids else NO_ROW,
        run=pin,
    ),
    DeskCommand(
        "export",
        "E",
        "Export",
        "Write the rows shown to a file: CSV, JSON lines or Markdown",
        "Rows",
        run=export,
    ),
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
    DeskCommand(
        "taller",
        "plus",
        "Taller",
        "Give the pane with the focus more of the height",
        "Panes",
        run=partial(_move_split, 1),
    ),
    DeskCommand(
        "shorter",
        "minus",
        "Shorter",
        "Give the pane with the focus less of the height",
        "Panes",
        run=partial(_move_split, -1),
    ),
    DeskCommand(
        "fit_panes",
        "equals_sign",
        "Fit panes",
        "Let every pane take the height its rows need again",
        "Panes",
        run=lambda desk: desk.reset_split(),
    ),
)
