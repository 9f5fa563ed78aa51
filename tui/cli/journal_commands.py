"""Runs ``blotter journal``: finds the journal of the desk, and lists, checks, exports or replays it."""

from __future__ import annotations

import argparse
import asyncio
from datetime import UTC, datetime, tzinfo

from tui.chosen_server import ChosenServer, choose_server
from tui.config import paths
from tui.config.load import load_settings
from tui.headless.command_failed import CommandFailed
from tui.headless.command_output import CommandOutput
from tui.headless.exit_codes import ExitCode
from tui.headless.journal_reading import export_journal, list_journal, verify_journal
from tui.headless.journal_replay import replay_journal
from tui.headless.told_failures import told
from tui.service.journal.journal import Journal
from tui.service.typed_times import read_past
from tui.start import zone_of


def run_journal(given: argparse.Namespace) -> int:
    """Do what is asked of the journal of a desk, and return the exit code."""
    output = CommandOutput(given.form)

    def carry_out() -> ExitCode:
        settings = load_settings(paths.config_file())
        zone = zone_of(settings)
        server = choose_server(given, settings, zone, market=False)
        output.about(server.environment, server.environment.user, None)
        return _run(given, server, zone, output)

    return told(carry_out, output, closed=ExitCode.DONE)


def _run(given: argparse.Namespace, server: ChosenServer, zone: tzinfo, output: CommandOutput) -> ExitCode:
    if server.journal is None:
        raise CommandFailed(ExitCode.USAGE, "A database in memory has no journal.")
    if not server.journal.exists():
        raise CommandFailed(ExitCode.FAILED, f"Nothing was ever sent from here to {server.environment}.")
    journal = Journal(server.journal)
    try:
        if given.journal_command == "list":
            since = _moment(given.since, zone) if given.since else None
            return list_journal(journal, output, zone, since=since, typed=given.filter, limit=given.limit)
        if given.journal_command == "verify":
            return verify_journal(journal, output)
        if given.journal_command == "export":
            return export_journal(journal, given.file, output)
        if given.into is not None and given.into.exists():
            raise CommandFailed(ExitCode.USAGE, f"{given.into} exists: a replay begins with a new database.")
        return asyncio.run(replay_journal(journal, given.into, given.size or "demo", given.seed, output))
    finally:
        journal.close()


def _moment(typed: str, zone: tzinfo) -> datetime:
    try:
        return read_past(typed, datetime.now(UTC), zone).begin
    except ValueError as error:
        raise CommandFailed(ExitCode.USAGE, f"--since: {error}") from error
