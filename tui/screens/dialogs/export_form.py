"""Asks in which format and to which file rows are exported."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from tui.actions.form_fields import pick, text
from tui.api.base import ResourceId
from tui.columns.row_texts import FILE_FORMATS, RowFormat, written
from tui.columns.view import View
from tui.screens.dialogs.form_dialog import FormDialog
from tui.service.numbers import counted
from tui.service.snapshot.snapshot import Snapshot
from tui.session import DeskSession

if TYPE_CHECKING:
    from textual.app import App


class ExportAsked(Struct, frozen=True):
    """The format and the file that somebody asked for."""

    format: RowFormat
    file: str

    def save(self, session: DeskSession, view: View, snapshot: Snapshot, ids: Sequence[ResourceId]) -> Path:
        """Write these rows, and return the path of the file.

        Raises:
            OSError: it cannot be written.
        """
        return session.save(self.file, written(self.format, view, snapshot, ids))


async def asked_for(app: App[object], session: DeskSession, of: str, rows: int) -> ExportAsked | None:
    """Return what was asked for, None when somebody left the form; ``of`` says whose ``rows`` they are."""
    formats = {each.name: each for each in FILE_FORMATS}
    endings = " or ".join(each.suffix for each in FILE_FORMATS)
    fields = (
        pick("format", "Format", tuple(formats)),
        text(
            "file",
            "File",
            f"{of}-{session.now():%Y%m%dT%H%M%SZ}",
            required=True,
            help=f"a name in the folder of exports, or a path; {endings} is added",
        ),
    )

    def path(values: dict[str, str]) -> Path:
        return session.export_path(_named(values["file"], formats[values["format"]]))

    def wrong(values: dict[str, str]) -> list[str]:
        try:
            there = path(values)
            if there.exists():
                return [f"{there} is there already, and nothing is overwritten: take another name."]
            if there.parent != session.export_path(".") and not there.parent.is_dir():
                return [f"There is no folder {there.parent}."]
        except (OSError, ValueError, RuntimeError) as error:
            return [f"{values['file']} cannot be a file: {error}."]
        return []

    intro = f"The {counted(rows, 'row')} shown, in the columns shown, with all their digits and times in UTC."
    answered = await app.push_screen_wait(
        FormDialog(f"Export {of}", intro, fields, lambda values: wrong(dict(values)))
    )
    if answered is None:
        return None
    format = formats[answered["format"]]
    return ExportAsked(format, _named(answered["file"], format))


def _named(typed: str, format: RowFormat) -> str:
    """Return a file's name with the end of its format."""
    name = typed.strip()
    return name if name.lower().endswith(format.suffix) else f"{name}{format.suffix}"
