"""Asks in which format and to which file rows are exported, and writes them."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tui.actions.form_fields import pick, text
from tui.columns.row_texts import FILE_FORMATS, RowFormat
from tui.columns.shown_rows import ShownRows
from tui.screens.dialogs.form_dialog import FormDialog
from tui.service.numbers import counted
from tui.session import DeskSession

if TYPE_CHECKING:
    from textual.app import App


async def export_rows(app: App[Any], session: DeskSession, shown: ShownRows) -> None:
    """Ask for format and file, and write what is shown; another thread does, for it may be much."""
    asked = await _asked_for(app, session, shown.of, len(shown.keys))
    if asked is None:
        return
    format, file = asked
    try:
        path = await asyncio.to_thread(lambda: session.save(file, shown.written(format)))
    except OSError as error:
        why = (error.strerror or str(error)).removesuffix(".")
        app.notify(f"Nothing was written: {why}.", severity="error", markup=False)
    else:
        app.notify(f"{counted(len(shown.keys), 'row')} written to {path}", markup=False)


async def _asked_for(app: App[Any], session: DeskSession, of: str, rows: int) -> tuple[RowFormat, str] | None:
    """Return format and file, None when somebody left the form; ``of`` says whose ``rows`` they are."""
    formats = {each.name: each for each in FILE_FORMATS}
    endings = " or ".join(each.suffix for each in FILE_FORMATS)
    fields = (
        pick("format", "Format", tuple(formats)),
        text(
            "file",
            "File",
            f"{_in_a_name(of)}-{session.now():%Y%m%dT%H%M%SZ}",
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
    return format, _named(answered["file"], format)


def _named(typed: str, format: RowFormat) -> str:
    """Return a file's name with the end of its format."""
    name = typed.strip()
    return name if name.lower().endswith(format.suffix) else f"{name}{format.suffix}"


def _in_a_name(text: str) -> str:
    """Return a text as it may stand in the name of a file.

    >>> _in_a_name("history of demo/ORD-1")
    'history-of-demo-ORD-1'
    """
    return "".join(char if char.isascii() and char.isalnum() else "-" for char in text)[:64]
