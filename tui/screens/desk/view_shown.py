"""Showing a view on the desk, with its properties called by their names."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from msgspec.structs import replace

from tui.columns.property_columns import named
from tui.columns.saved_views import DeskView
from tui.columns.view import View
from tui.screens.desk.layout import PanesScreen
from tui.service.snapshot.snapshot import EntityKind

NAMES_S: Final = 0.4
"""Seconds that are waited for the display names of properties; columns are shown without them."""


def show_view(desk: PanesScreen, view: DeskView) -> None:
    """Show the desk as a view makes it; pinned rows stay pinned."""
    desk.linked, desk.split = view.linked, view.split
    for kind, made in view.panes.items():
        pane = desk.pane(kind)
        show_in_pane(desk, replace(made, pins=pane.view.pins, present=pane.view.present))
    desk.show_all()


def show_in_pane(desk: PanesScreen, view: View) -> None:
    """Show a view in its pane.

    A filter that asks for a property whose column the view does not show is left out, and that is told.
    """
    if wrong := _mistake_of_filter(view):
        told = f"{view.kind.value.capitalize()} are shown without the filter {view.filter}: {wrong}"
        desk.notify(told, severity="warning", timeout=30, markup=False)
        view = view.filtered("")
    desk.pane(view.kind).set_view(view)


def _mistake_of_filter(view: View) -> str:
    """Return why the filter of a view cannot be understood; empty where it can, or where there is none."""
    if not view.filter:
        return ""
    from tui.columns.filter import parse_filter
    from tui.columns.filter_grammar import FilterError

    try:
        parse_filter(view.filter, view.kind, view.properties, view.present)
    except FilterError as error:
        return str(error)
    return ""


async def define_properties(desk: PanesScreen, views: Iterable[View]) -> None:
    """Read what the properties are called that views show, and of which type they are."""
    keys = {each.key for view in views for each in view.properties}
    if keys and desk.session.desk is not None:
        await desk.session.desk.beside.reference.define(keys, within_s=NAMES_S)


async def name_properties(desk: PanesScreen) -> None:
    """Call the properties shown by their names, which nobody could ask for before the first rows."""
    panes = [desk.pane(kind) for kind in EntityKind]
    await define_properties(desk, (pane.view for pane in panes))
    records = desk.session.snapshot.records
    for pane in panes:
        properties = named([each.key for each in pane.view.properties], records)
        if properties != pane.view.properties:
            show_in_pane(desk, replace(pane.view, properties=properties))
