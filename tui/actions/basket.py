"""Importing a basket: the form, what is found out before it can be sent, and the fate of every row."""

from __future__ import annotations

import asyncio
import csv
import io
import stat
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct

from tui.actions.action import Form, Scope, Values
from tui.actions.basket_orders import BasketOrder, BasketOrders, orders_of, sought_of, verb_of
from tui.actions.form_fields import pick, text
from tui.actions.instruments_typed import still_open
from tui.api.sanitize import clean
from tui.atomic_file import write_atomically
from tui.columns.row_texts import inert
from tui.service.basket.basket_columns import BASKET_COLUMNS, mapping_of
from tui.service.basket.basket_reader import (
    MOST_BYTES,
    Basket,
    BasketFault,
    read_basket,
    read_basket_text,
)
from tui.service.numbers import counted
from tui.service.outcomes import Outcome, Report, Status
from tui.service.snapshot.snapshot import Ref
from tui.service.verbs import CreateOrders, Verb

if TYPE_CHECKING:
    from tui.service.desk import Desk

NOTHING: Final = "Send nothing"
LEAVE_OUT: Final = "Leave them out"
MOST_LISTED: Final = 40
"""Files that complete a path."""
LOOKED_UP_AT_ONCE: Final = 4
"""Instruments that are looked up at the same time."""
MOST_SAID: Final = 3
"""Faults said under the form; all of them are in the file of fates."""
PASTED: Final = "pasted-basket"
"""The name of the file of fates where there is no file of the basket."""
THERE_ALREADY: Final = "there already"
AT_FAULT: Final = "at fault"


def import_basket_form(scope: Scope) -> Form:
    """Return the form that asks for a basket."""
    return Form(
        "Import a basket",
        (
            text(
                "file",
                "Basket",
                required=True,
                wide=True,
                lines=True,
                help="A file of CSV or JSON lines; or paste cells of a spreadsheet, headers included",
                choices=files_beginning,
                check=_file_problem,
            ),
            text(
                "headers",
                "Headers",
                wide=True,
                help="Only where they are not understood: Qty Ordered=quantity, Comment=",
                check=_headers_problem,
            ),
            pick("faults", "Rows at fault", (NOTHING, LEAVE_OUT), help="What is done where rows are wrong"),
        ),
        intro=f"Columns: {', '.join(each.headers[0] for each in BASKET_COLUMNS)}.",
    )


def files_beginning(typed: str) -> list[str]:
    """Return the files and folders whose path begins so."""
    if not typed.strip() or "\n" in typed:
        return []
    start, slash, begins = typed.rpartition("/")
    try:
        folder = Path(f"{start}{slash}" or ".").expanduser()
        found = sorted(each for each in folder.iterdir() if each.name.startswith(begins))
        return [f"{start}{slash}{each.name}{'/' if each.is_dir() else ''}" for each in found[:MOST_LISTED]]
    except (OSError, ValueError, RuntimeError):  # there is none, or nobody of that name has a home
        return []


def _file_problem(typed: str) -> str | None:
    if "\n" in typed:
        return None
    try:
        mode = Path(typed).expanduser().stat().st_mode
    except (OSError, ValueError, RuntimeError) as error:
        return f"It cannot be read: {getattr(error, 'strerror', None) or error}."
    return None if stat.S_ISREG(mode) else "It is no file."


def _headers_problem(typed: str) -> str | None:
    try:
        mapping_of(said_of_headers(typed))
    except ValueError as error:
        return str(error)
    return None


def said_of_headers(typed: str) -> list[str]:
    """Return what is typed of each header: the parts between commas."""
    return [part for part in typed.split(",") if part.strip()]


class BasketReady(Struct, frozen=True):
    """A basket before it is shown: what is still to be asked, what is left out, and the orders it makes."""

    found: BasketOrders
    verb: CreateOrders
    path: Path | None = None
    question: str = ""
    left_out: str = ""
    leave_out: bool = False
    """Whether rows at fault are left out."""

    @property
    def sentences(self) -> Sequence[str]:
        """Every fault, else why nothing is sent; a sentence each."""
        found = self.found
        if self.leave_out or not found.faults:
            return [self.question]
        return [*map(str, found.faults), *filter(None, [found.basket.in_words])]

    @property
    def body(self) -> Mapping[str, Any]:
        """What was read of the basket: its columns, how many orders it makes, and its faults."""
        found = self.found
        return {
            "basket": {
                "rows": len(found.basket.rows),
                "new": len(found.new),
                "thereAlready": [str(each.ref.id) for each in found.repeated],
                "columns": found.basket.headers,
                "notRead": found.basket.ignored,
                "faults": found.faults,
            }
        }

    def told(self, report: Report | None, folder: Path) -> str:
        """Write the fate of every row beside the basket, and return a sentence that says where.

        Without a report nothing was sent; without a row there is nothing to write, and the sentence is empty.
        A pasted basket has its fates in ``folder``.
        """
        if not self.found.basket.rows:
            return ""
        path = fates_path(self.path or folder / PASTED)
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_atomically(path, fates_text(self.found, report).encode())
        except OSError as error:
            return f"The fates of the rows were not written to {path}: {error.strerror}."
        return f"What became of {counted(len(self.found.basket.rows), 'row')}: {path}"


def fates_path(basket: Path) -> Path:
    """Return the file with the fates of a basket: it stands beside it and is made anew each time."""
    return basket.with_name(f"{basket.stem}.fates.csv")


async def import_basket_ahead(scope: Scope, values: Values, desk: Desk) -> BasketReady:
    """Read the basket, look up the instruments that the desk does not know, and judge every row."""
    mapping = mapping_of(said_of_headers(values.get("headers", "")))
    path, basket = await asyncio.to_thread(read_typed, values["file"], mapping)
    return await basket_ready(scope, basket, desk, path, leave_out=values.get("faults") == LEAVE_OUT)


def read_typed(typed: str, mapping: Mapping[str, str]) -> tuple[Path | None, Basket]:
    """Read the basket that was pasted, or whose file is named; return its file too, where it has one."""
    if "\n" in typed:
        return None, read_basket_text(typed, mapping)
    path = Path(typed).expanduser()
    try:
        with path.open("rb") as file:
            return path, read_basket(file.read(MOST_BYTES + 1), mapping)
    except OSError as error:
        return path, Basket(faults=(BasketFault(1, f"It cannot be read: {error.strerror}."),))


def import_basket_verb(scope: Scope, values: Values) -> Verb:
    """Return the creation of the orders of a basket, as far as the desk knows its instruments.

    Raises:
        ValueError: it cannot be sent as it is; with a sentence.
    """
    mapping = mapping_of(said_of_headers(values.get("headers", "")))
    path, basket = read_typed(values["file"], mapping)
    ready = _judged(scope, basket, path, {}, leave_out=values.get("faults") == LEAVE_OUT)
    if ready.question:
        raise ValueError(ready.question)
    return ready.verb


async def basket_ready(
    scope: Scope, basket: Basket, desk: Desk, path: Path | None, *, leave_out: bool
) -> BasketReady:
    """Return what a basket comes to on the desk as it stands."""
    unknown = await asyncio.to_thread(sought_of, scope, basket)
    turns, questions = asyncio.Semaphore(LOOKED_UP_AT_ONCE), dict[str, str]()

    async def look_up(typed: str, scopes: Sequence[str]) -> None:
        async with turns:
            found = await desk.beside.reference.look_up(typed, scopes)
        if question := still_open(desk.snapshot, typed, found):
            questions[typed] = question

    await asyncio.gather(*(look_up(each.typed, each.scopes) for each in unknown))
    now = scope.at(desk.snapshot)
    return await asyncio.to_thread(partial(_judged, leave_out=leave_out), now, basket, path, questions)


def _judged(
    scope: Scope, basket: Basket, path: Path | None, questions: Mapping[str, str], *, leave_out: bool
) -> BasketReady:
    found = orders_of(scope, basket, questions)
    question = _question(found, leave_out=leave_out)
    return BasketReady(found, verb_of(scope, found), path, question, _left_out(found), leave_out)


def _question(found: BasketOrders, *, leave_out: bool) -> str:
    """Return why it cannot be sent as it is; empty when it can."""
    faults = found.faults
    if not found.basket.rows and faults:
        return str(faults[0])
    if faults and not leave_out:
        said = " ".join(map(str, faults[:MOST_SAID]))
        more = f" And {len(faults) - MOST_SAID} more." if len(faults) > MOST_SAID else ""
        return (
            f"{counted(len(faults), 'fault')} in {counted(len(found.basket.rows), 'row')}: {said}{more} "
            f"{found.basket.in_words}".strip()
        )
    if not found.new:
        said = "All its orders are there already" if found.repeated else "No row of it can be sent"
        return f"{said}: nothing is sent."
    return ""


def _left_out(found: BasketOrders) -> str:
    """Return what of a basket is not sent, and what its headers were taken for."""
    parts = []
    if found.faults:
        parts.append(f"{counted(len(found.faults), 'row')} at fault")
    if found.repeated:
        are = "is" if len(found.repeated) == 1 else "are"
        parts.append(f"{counted(len(found.repeated), 'order')} that {are} there already")
    said = f"Left out: {', '.join(parts)}." if parts else ""
    return " ".join(filter(None, (said, found.basket.in_words)))


# --- fates -----------------------------------------------------------------------------------------


class Fate(Struct, frozen=True):
    """What became of one row: a word, its order, and why."""

    line: int
    fate: str
    order: str = ""
    why: str = ""


def fates_of(found: BasketOrders, report: Report | None) -> Iterator[Fate]:
    """Yield what became of every row, in the order of the file."""
    outcomes: dict[Ref, Outcome] = {each.ref: each for each in report.outcomes} if report else {}
    orders: dict[int, BasketOrder] = {each.row.line: each for each in found.orders}
    faults: dict[int, list[str]] = {}
    for fault in found.faults:
        faults.setdefault(fault.line, []).append(str(fault))
    lines = sorted({*faults, *(row.line for row in found.basket.rows)})
    for line in lines:
        order = orders.get(line)
        if order is None:
            yield Fate(line, AT_FAULT, why=" ".join(faults.get(line, ())))
        elif order.repeated:
            yield Fate(line, THERE_ALREADY, str(order.ref.id))
        elif order.ref in outcomes:
            outcome = outcomes[order.ref]
            word = report.past if report and outcome.status is Status.DONE else outcome.status.value
            yield Fate(line, word, str(order.ref.id), outcome.reason or outcome.note)
        else:
            yield Fate(line, Status.NOT_SENT.value, str(order.ref.id))


def fates_text(found: BasketOrders, report: Report | None) -> str:
    """Return the fates as CSV, each before the cells of its row."""
    out = io.StringIO()
    writer = csv.writer(out)
    headers = found.basket.headers
    writer.writerow(["line", "fate", "order", "why", *map(inert, headers.values())])
    cells = {row.line: row.cells for row in found.basket.rows}
    for each in fates_of(found, report):
        own = cells.get(each.line, {})
        row = (each.order, clean(each.why), *(own.get(column, "") for column in headers))
        writer.writerow([each.line, each.fate, *map(inert, row)])
    return out.getvalue()
