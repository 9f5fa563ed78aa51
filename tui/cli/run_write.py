"""Runs a command that writes: its document of the arguments, or one a line of standard input."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Mapping, Sequence
from datetime import tzinfo
from typing import Any

from tui.chosen_server import ChosenServer
from tui.cli.on_desk import PreparedWork, run_prepared
from tui.config.settings import Settings
from tui.headless.command_failed import CommandFailed
from tui.headless.command_output import COMMAND, CommandOutput
from tui.headless.exit_codes import ExitCode
from tui.headless.write_documents import MOST_CHARACTERS, MOST_LINES, WriteDocument, read_document, read_lines
from tui.headless.write_run import WriteOrder, run_write
from tui.input_files.mistakes import CheckError
from tui.service.desk import Desk


def run_write_command(given: argparse.Namespace, found: Mapping[str, Any] | None) -> int:
    """Plan or send what is ``found`` in the arguments; None reads documents from standard input."""
    output = CommandOutput("json" if given.json else "table", f"{COMMAND} {given.write}")

    def prepare(settings: Settings, server: ChosenServer, zone: tzinfo) -> PreparedWork:
        documents = documents_of(given.write, found, "Nothing is planned.")
        order = WriteOrder(documents, given.yes or "", _confirm(given.typed), given.wait)

        async def work(desk: Desk, output: CommandOutput) -> ExitCode:
            return await run_write(order, desk, output)

        return PreparedWork(work)

    return run_prepared(given, prepare, output=output)


def documents_of(command: str, found: Mapping[str, Any] | None, advice: str) -> Sequence[WriteDocument]:
    """Return what is ``found`` in the arguments as a document; None reads documents from standard input.

    Raises:
        CommandFailed: something in them is not right; says all of it, and ``advice``.
    """
    try:
        return _read_documents(command, found)
    except CheckError as error:
        raise CommandFailed(ExitCode.USAGE, str(error), advice=advice) from None


def _read_documents(command: str, found: Mapping[str, Any] | None) -> Sequence[WriteDocument]:
    if found is not None:
        return [read_document(command, found)]
    if sys.stdin is None:
        raise CheckError("Standard input is closed: there is no line to read.")
    most = MOST_LINES * 1_000 + MOST_CHARACTERS
    try:
        text = sys.stdin.buffer.read(most + 1).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise CheckError("Standard input is not text in UTF-8.") from None
    if len(text) > most:
        raise CheckError(f"Standard input is longer than {most:,} characters.")
    return read_lines(command, text.split("\n"))


def _confirm(typed: Sequence[str]) -> str:
    """Return the command that was typed, as a shell takes it, without the code of a plan."""
    kept, skip = [], False
    for each in typed:
        if skip or each == "--yes":
            skip = not skip
        elif not each.startswith("--yes="):
            kept.append(each)
    return shlex.join([COMMAND, *kept])
