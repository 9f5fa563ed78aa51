"""``blotter journal list|verify|export``: reads the journal of a desk without asking its server."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Final

from tui.columns.column import Value
from tui.columns.filter import Filterable, read_filter
from tui.columns.filter_grammar import FilterError
from tui.columns.format import DisplayContext
from tui.columns.journal_columns import JOURNAL_COLUMNS
from tui.columns.row_texts import json_objects
from tui.headless.command_failed import CommandFailed
from tui.headless.command_output import CommandOutput
from tui.headless.exit_codes import ExitCode
from tui.headless.written_rows import write_csv, write_document, write_table
from tui.service.journal.journal import Journal
from tui.service.journal.journal_entries import JournalEntries, JournalEntry
from tui.service.numbers import counted
from tui.service.snapshot.snapshot import EMPTY
from tui.service.typed_times import Present

A_PART: Final = 10_000
"""Lines that are read at once."""
MORE: Final = ("id", "environment", "calls", "requests", "differences", "rows", "process", "finished")
"""What programs are told of a decision beside its columns."""


def list_journal(
    journal: Journal,
    output: CommandOutput,
    zone: tzinfo,
    *,
    since: datetime | None = None,
    typed: str = "",
    limit: int | None = None,
) -> ExitCode:
    """List what was decided ``since``, of that what a filter as ``typed`` lets through, newest first.

    Raises:
        CommandFailed: the filter cannot be understood.
        OSError: the journal cannot be read.
    """
    now = datetime.now(UTC)
    try:
        filter = read_filter(typed, _filterable(), Present(now, zone)) if typed else None
    except FilterError as error:
        raise CommandFailed(ExitCode.USAGE, f"--filter: {error}") from error
    read = JournalEntries(journal)
    while read.read(A_PART):
        pass
    found = [
        entry
        for entry in read.newest_first().values()
        if (since is None or entry.at >= since) and (filter is None or filter.test(EMPTY, entry))
    ]
    entries = found[:limit]
    if output.is_json:
        names = [*MORE, *(column.id for column in JOURNAL_COLUMNS)]
        objects = json_objects(names, ([*_more(entry), *_values(entry)] for entry in entries))
        write_document(output, {"of": "journal", "total": len(found)}, "decisions", objects)
        return ExitCode.DONE
    output.say(f"{counted(len(found), 'decision')} in {journal.path}.")
    if output.form == "csv":
        write_csv(output, JOURNAL_COLUMNS, map(_values, entries))
        return ExitCode.DONE
    look = DisplayContext(False, zone, now.astimezone(zone).date(), now.replace(second=0, microsecond=0))
    cells = ([column.cell(EMPTY, entry, look) for column in JOURNAL_COLUMNS] for entry in entries)
    write_table(output, JOURNAL_COLUMNS, cells, look.zone_name, all_columns=False)
    return ExitCode.DONE


def verify_journal(journal: Journal, output: CommandOutput) -> ExitCode:
    """Check every line and the chain; tell file, line and what of each fault."""
    faults = journal.faults()
    lines = sum(1 for _ in journal.texts())
    code = ExitCode.FAILED if faults else ExitCode.DONE
    if output.is_json:
        told = [{"file": each.file, "line": each.line, "what": each.what} for each in faults]
        output.document({"of": "journal", "file": str(journal.path), "lines": lines, "faults": told}, code)
        return code
    for each in faults:
        output.text(str(each))
    verdict = f"{counted(len(faults), 'fault')} in" if faults else "Nothing is wrong in the"
    output.say(f"{verdict} {counted(lines, 'line')} of {journal.path}.")
    return code


def export_journal(journal: Journal, file: Path, output: CommandOutput) -> ExitCode:
    """Write every line as it stands, oldest first, to a new file that only its owner can read.

    Raises:
        CommandFailed: the file exists.
        OSError: it cannot be written; what was written of it is removed.
    """
    try:
        target = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError as error:
        why = f"{file} exists: nothing is written over."
        raise CommandFailed(ExitCode.USAGE, why, advice="Name another file.") from error
    lines = 0
    try:
        with os.fdopen(target, "wb") as exported:
            for text in journal.texts():
                exported.write(text + b"\n")
                lines += 1
            exported.flush()
            os.fsync(exported.fileno())
    except OSError:
        file.unlink(missing_ok=True)
        raise
    if output.is_json:
        output.document({"of": "journal", "file": str(file), "lines": lines})
    output.say(f"{counted(lines, 'line')} written to {file}.")
    return ExitCode.DONE


def _filterable() -> Filterable:
    named = tuple(((column.id, column.title), column) for column in JOURNAL_COLUMNS)
    return Filterable(named, lambda _, entry: entry.at, lambda _, entry: None, lambda _, entry: "")


def _values(entry: JournalEntry) -> Sequence[Value]:
    return [column.value(EMPTY, entry) for column in JOURNAL_COLUMNS]


def _more(entry: JournalEntry) -> Sequence[Value]:
    rows = ", ".join(f"{ref.kind.singular} {ref.id.scope}/{ref.id.code}" for ref in entry.refs)
    requests, differences = ", ".join(entry.requests), "; ".join(entry.differences)
    start = (entry.id, entry.environment, entry.calls, requests, differences)
    return [*start, rows, entry.process, entry.finished]
