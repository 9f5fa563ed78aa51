"""Commands on the views that are kept by name: stepping through them, saving what is shown, deleting one."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from tui.actions.action import Answer, Question
from tui.columns.saved_views import LONGEST_NAME, StoredViews, applied, chain, entry_of, names
from tui.input_files.mistakes import CheckError
from tui.screens.desk.desk_command import DeskCommand, ask_fields
from tui.screens.desk.layout import PanesScreen
from tui.screens.desk.view_shown import define_properties, show_view

AS_MADE: Final = "the desk as it is made"
NO_STORE: Final = "This desk keeps no views."


async def read_views(desk: PanesScreen) -> StoredViews | None:
    """Read the views as they are kept now, and tell once what is wrong there."""
    store = desk.session.preferences.views
    if store is None:
        desk.notify(NO_STORE, markup=False)
        return None
    stored = await asyncio.to_thread(store.read)
    before, desk.session.stored_views = desk.session.stored_views, stored
    if stored.wrong and (before is None or before.wrong != stored.wrong):
        desk.notify(" ".join(stored.wrong), title="Views", severity="error", markup=False)
    return stored


async def step_view(by: int, desk: PanesScreen) -> None:
    """Show the next view, or the one before; behind the last comes the desk as it is made."""
    stored = await read_views(desk)
    if stored is None:
        return
    order = ("", *names(stored))
    if len(order) == 1:
        desk.notify(desk.session.with_keys("There is no view yet: {save_view} saves one."), markup=False)
        return
    now = desk.session.view_name
    at = order.index(now) if now in order else 0
    await open_view(order[(at + by) % len(order)], desk, stored)


async def open_view(name: str, desk: PanesScreen, stored: StoredViews | None = None) -> None:
    """Show a view by its name; the empty one is the desk as it is made."""
    stored = stored or await read_views(desk)
    if stored is None:
        return
    order = names(stored)
    if name and name not in order:
        desk.notify(f"The view {name} is gone.", severity="warning", markup=False)
        return
    entries = chain(stored, name)
    await define_properties(desk, applied(entries, desk.snapshot.records).panes.values())
    desk.session.view_name, desk.session.view_base = name, applied(entries, desk.session.snapshot.records)
    show_view(desk, desk.session.view_base)
    where = ", shared" if name and name not in stored.own else ""
    said = f"View {name} ({order.index(name) + 1} of {len(order)}{where})" if name else f"View: {AS_MADE}"
    desk.notify(said, timeout=3, markup=False)


async def save_view(desk: PanesScreen) -> None:
    """Ask for a name, and keep what is shown under it."""
    from tui.actions.form_fields import pick, text

    stored, store = await read_views(desk), desk.session.preferences.views
    if stored is None or store is None:
        return
    now = desk.session.view_name
    known = names(stored)
    base = str(stored.own.get(now, {}).get("based_on", "")) if now in stored.own else now
    answered = await ask_fields(
        desk,
        "Save view",
        (
            text("name", "Name", now, choices=tuple(stored.own), required=True, check=_name_problem),
            pick("based_on", "Based on", ("nothing", *known), base or "nothing", help=BASED_ON),
        ),
        intro="Filters, sorts, columns, their widths and pins, and how the panes share the height.",
    )
    if answered is None:
        return
    name = answered["name"].strip()
    based_on = "" if answered["based_on"] == "nothing" else answered["based_on"]
    if based_on == name and name not in stored.shared:
        based_on = str(stored.own.get(name, {}).get("based_on", ""))
    above = chain(_without(stored, name) if based_on == name else stored, based_on)
    entry = entry_of(desk.shown_view, applied(above, desk.snapshot.records), based_on)
    await _keep(desk, name, entry, stored.own.get(name))


BASED_ON: Final = "What is not changed here follows that view."


def _without(stored: StoredViews, name: str) -> StoredViews:
    """Return the views without the reader's own of a name: a shared one of that name is meant."""

    class Left:
        own: Mapping[str, Any] = {key: value for key, value in stored.own.items() if key != name}
        shared, wrong = stored.shared, stored.wrong

    return Left()


def _name_problem(name: str) -> str | None:
    if len(name.strip()) > LONGEST_NAME or not name.isprintable():
        return f"A name has at most {LONGEST_NAME} characters."
    return None


async def _keep(
    desk: PanesScreen, name: str, entry: Mapping[str, Any] | None, seen: Mapping[str, Any] | None
) -> None:
    """Write a view, or take it away; ask where it is another than this desk shows."""
    store = desk.session.preferences.views
    assert store is not None
    try:
        held = await asyncio.to_thread(store.held, name)
        mine = name == desk.session.view_name and held == seen
        if held is not None and not mine and not await _may_replace(desk, name, held != seen, entry is None):
            return
        written = await asyncio.to_thread(store.write, name, entry, held)
    except (CheckError, OSError) as error:
        told = error.strerror if isinstance(error, OSError) else str(error)
        desk.notify(f"The view is not saved: {told}", severity="error", markup=False)
        return
    if not written:
        desk.notify(
            f"The view {name} is not saved: it changed just now. Try again.", severity="warning", markup=False
        )
        return
    desk.session.view_name = name if entry is not None else ""
    stored = await read_views(desk)
    if stored is not None:
        base = applied(chain(stored, desk.session.view_name), desk.snapshot.records)
        desk.session.view_base = base
    desk.show_status()
    desk.notify(f"View {name} {'saved' if entry is not None else 'deleted'}.", markup=False)


async def _may_replace(desk: PanesScreen, name: str, changed: bool, deletes: bool) -> bool:
    from tui.screens.dialogs.question_dialog import QuestionDialog

    does = "Delete" if deletes else "Replace"
    by_another = "changed by another blotter meanwhile" if changed else "it is there already"
    question = Question(
        f"{does} the view {name}?",
        (Answer("no", "Leave it as it is", ""), Answer("yes", f"{does} it", by_another)),
        nothing="",
    )
    return await desk.app.push_screen_wait(QuestionDialog(question)) == "yes"


async def delete_view(desk: PanesScreen) -> None:
    """Ask which view of the reader's own to delete."""
    from tui.actions.form_fields import pick

    stored = await read_views(desk)
    if stored is None:
        return
    if not stored.own:
        desk.notify("There is no view of your own.", markup=False)
        return
    now = desk.session.view_name
    field = pick("name", "View", tuple(stored.own), now if now in stored.own else next(iter(stored.own)))
    answered = await ask_fields(desk, "Delete view", (field,))
    if answered is not None:
        await _keep(desk, answered["name"], None, stored.own.get(answered["name"]))


SAVED_VIEWS: Final[tuple[DeskCommand, ...]] = (
    DeskCommand(
        "next_view",
        "right_square_bracket",
        "Next view",
        "Show the next saved view; behind the last comes the desk as it is made",
        "Panes",
        aliases=("full_stop",),
        run=partial(step_view, 1),
    ),
    DeskCommand(
        "previous_view",
        "left_square_bracket",
        "Previous view",
        "Show the saved view before this one",
        "Panes",
        aliases=("comma",),
        run=partial(step_view, -1),
    ),
    DeskCommand(
        "save_view",
        "w",
        "Save view",
        "Keep filters, sorts, columns, widths and split under a name",
        "Panes",
        run=save_view,
    ),
    DeskCommand("delete_view", "", "Delete view", "Delete a view of your own", "Panes", run=delete_view),
)
