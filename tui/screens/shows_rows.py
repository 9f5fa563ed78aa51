"""The base of every screen over the desk that shows rows: what it shows can be copied and exported.

A binding with the id of an action has the key that this reader gave the action.
"""

from __future__ import annotations

from typing import ClassVar, Final

from textual import work
from textual.binding import Binding, BindingType
from textual.screen import ScreenResultType

from tui.actions.action import NO_ROW
from tui.columns.shown_rows import ShownRows
from tui.screens.dismiss_once import DismissOnce
from tui.session import DeskSession
from widgets.key_bar import with_own_keys

TAKES_ROWS: Final = (
    Binding("y", "copy", "Copy", id="copy"),
    Binding("E", "export", "Export", id="export"),
)
"""The keys by which rows are copied and exported, on the desk and everywhere else."""


class ShowsRows(DismissOnce[ScreenResultType]):
    """A screen whose rows are copied and exported as those of the desk's panes are."""

    BINDINGS: ClassVar[list[BindingType]] = [*TAKES_ROWS]
    proposed_copy: ClassVar[str] = ""
    """What is copied unless the reader asks for something else; empty for ids."""
    session: DeskSession

    @property
    def keys(self) -> list[BindingType]:
        """The keys that work here: the reader's own ones for what the desk's actions do here too."""
        return with_own_keys(self.BINDINGS, self.session.preferences.keys)

    def shown_rows(self) -> ShownRows:
        """Return what is shown, with the rows in focus."""
        raise NotImplementedError

    def rows_to_export(self) -> ShownRows:
        """Return what an export holds: what is shown."""
        return self.shown_rows()

    @work(group="dialog", description="copy")
    async def action_copy(self) -> None:
        """Ask what to copy of the rows in focus, and copy it."""
        from tui.screens.copies import copy_rows

        shown = self.shown_rows()
        if shown.chosen:
            await copy_rows(self.app, self.session, shown, self.proposed_copy)
        else:
            self.notify(NO_ROW, markup=False)

    @work(group="dialog", description="export")
    async def action_export(self) -> None:
        """Ask for format and file, and write what is shown."""
        from tui.screens.dialogs.export_form import export_rows

        await export_rows(self.app, self.session, self.rows_to_export())
