"""What of the rows in focus can be copied, each in a form that another program takes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct
from msgspec.structs import replace

from tui.actions.form_fields import pick
from tui.api import codec
from tui.api.sanitize import escaped
from tui.columns.column import exported
from tui.columns.row_texts import MARKDOWN, TSV, inert
from tui.columns.shown_rows import ShownRows
from tui.screens.dialogs.form_dialog import FormDialog
from tui.service.desk import Desk
from tui.service.numbers import counted
from tui.session import DeskSession

if TYPE_CHECKING:
    from textual.app import App


class CopyForm(Struct, frozen=True):
    """One thing that can be copied: its name, what it is in a sentence, and the text made of those chosen.

    ``all_shown`` takes all rows instead. ``missing`` returns why there is nothing to copy, empty if there is.
    """

    name: str
    help: str
    make: Callable[[ShownRows, Desk | None], str]
    all_shown: bool = False
    missing: Callable[[ShownRows], str] = lambda shown: ""


def _no_row(shown: ShownRows) -> str:
    """Return why there is no id: what is chosen is a line about no row of the desk."""
    if any(shown.ref(key) is not None for key in shown.chosen):
        return ""
    return "This is about no single row of the desk: copy its cells instead."


def _not_there(shown: ShownRows) -> str:
    refs = [shown.ref(key) for key in shown.chosen]
    if any(ref is not None and ref in shown.snapshot for ref in refs):
        return ""
    gone = next((str(ref).capitalize() for ref in refs if ref is not None), "")
    return f"{gone} is not on the desk any more: copy its id or the request." if gone else _no_row(shown)


def _ids(shown: ShownRows, desk: Desk | None) -> str:
    return "\n".join(escaped(str(ref.id)) for ref in shown.refs)


def _cells(shown: ShownRows, desk: Desk | None) -> str:
    column = next(each for each in shown.columns if each.id == shown.column)
    rows = (row for key in shown.chosen if (row := shown.row(key)) is not None)
    return "\n".join(escaped(exported(column.value(shown.snapshot, row))) for row in rows)


def _rows(shown: ShownRows, desk: Desk | None) -> str:
    return "\n".join("\t".join(map(inert, line)) for line in shown.lines(shown.chosen))


def _json(shown: ShownRows, desk: Desk | None) -> str:
    rows = (shown.snapshot.row(ref) for ref in shown.refs)
    return "\n".join(escaped(codec.encode(row).decode()) for row in rows if row is not None)


def _curl(shown: ShownRows, desk: Desk | None) -> str:
    return desk.curl_of_rows(shown.refs, shown.snapshot) if desk is not None else ""


def _as_tsv(shown: ShownRows, desk: Desk | None) -> str:
    return TSV.write(shown.columns, shown.lines(shown.chosen))


def _as_markdown(shown: ShownRows, desk: Desk | None) -> str:
    return MARKDOWN.write(shown.columns, shown.lines(shown.chosen))


COPIES: Final = (
    CopyForm("id", "scope and code", _ids, missing=_no_row),
    CopyForm("cell", "one cell of the column below, in full", _cells),
    CopyForm("row", "its cells, without titles", _rows),
    CopyForm("TSV", "titles and cells: a spreadsheet pastes them as cells", _as_tsv),
    CopyForm("Markdown", "a table", _as_markdown),
    CopyForm("JSON", "as the server sent it", _json, missing=_not_there),
    CopyForm("curl", "the request that reads it, the token in $BLOTTER_TOKEN", _curl, missing=_no_row),
    CopyForm("shown rows as TSV", "all rows that the filter shows", _as_tsv, all_shown=True),
)
"""All that can be copied, in the order in which it is offered."""


async def copy_rows(app: App[Any], session: DeskSession, shown: ShownRows, first: str = "") -> None:
    """Ask what to copy of the rows chosen, and copy it; another thread writes it, for they may be many.

    ``first`` is the form that is proposed.
    """
    titles = {column.title: column.id for column in shown.columns if column.title}
    under = next((title for title, id in titles.items() if id == shown.column), "")
    names = {each.name: each for each in COPIES}

    def wrong(values: dict[str, str]) -> list[str]:
        why = names[values["choice"]].missing(shown)
        return [why] if why else []

    fields = (
        pick(
            "choice", "What to copy", tuple(names), first, meanings={each.name: each.help for each in COPIES}
        ),
        pick("column", "Column of the cell", tuple(titles), under),
    )
    intro = f"Of {counted(len(shown.chosen), shown.singular)}."
    answered = await app.push_screen_wait(FormDialog("Copy", intro, fields, wrong))
    if answered is None:
        return
    form = names[answered["choice"]]
    copied = replace(
        shown, column=titles[answered["column"]], chosen=shown.keys if form.all_shown else shown.chosen
    )
    app.copy_to_clipboard(await asyncio.to_thread(form.make, copied, session.desk))
