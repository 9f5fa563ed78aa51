"""Looks at machine, files, settings, journals, server and desk, and says what was found."""

from __future__ import annotations

import argparse
import getpass
import os
import socket
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from msgspec import Struct

from tui.chosen_server import choose_server, database_file
from tui.config import paths
from tui.config.settings import Settings
from tui.headless.doctor import machine_facts
from tui.headless.doctor.complaint import Complaint
from tui.headless.doctor.desk_facts import database_facts, desk_facts
from tui.headless.doctor.journal_facts import journal_facts
from tui.headless.doctor.log_facts import faults, log_lines, told
from tui.headless.doctor.settings_facts import ProfileExamination, settings_facts
from tui.headless.doctor.unsayable import Unsayable
from tui.input_files.mistakes import CheckError
from tui.secret import SecretError

PRIVATE_FILES: Final = ("secrets.json", "api_secrets.json")


class Examination(Struct):
    """What was found: the documents of a bundle, what looks wrong, and what must not leave."""

    documents: dict[str, Any]
    findings: list[Complaint]
    unsayable: Unsayable
    profiles: ProfileExamination | None = None
    """Holds the secrets of the profiles, so that they are known until the bundle is written."""

    @property
    def is_fine(self) -> bool:
        """Whether nothing is wrong."""
        return all(each.harmless for each in self.findings)


async def examine(given: argparse.Namespace, settings: Settings | None, why: str) -> Examination:
    """Examine all there is; ``settings`` is None where ``why`` keeps them from being read."""
    known = Unsayable()
    _learn_machine(known)
    found = Examination({}, [], known)
    if why:
        said = f"The settings cannot be used: {why}"
        found.findings.append(Complaint(said, "'blotter config check' says what is wrong."))
    used = settings or Settings()
    now = datetime.now(UTC)
    profiles = found.profiles = ProfileExamination(used)
    profiles.learn(known)
    terminal = machine_facts.terminal(os.environ)
    found.findings += [*machine_facts.terminal_findings(terminal), *machine_facts.zone_findings()]
    found.findings += profiles.findings(now)
    folders, files = _folders(found), _files(given)
    told_of_folders = machine_facts.folder_facts(folders)
    found.findings += machine_facts.folder_findings(told_of_folders, folders)
    found.findings += machine_facts.file_findings(files)
    journals: list[dict[str, Any]] = []
    if folders.get("state"):
        journals, trouble = journal_facts(folders["state"], known)
        found.findings += trouble
    database = _database(given)
    of_database: dict[str, Any] = {}
    if database is not None:
        of_database, trouble = database_facts(database)
        found.findings += trouble
    server: Mapping[str, Any] = {"asked": False}
    if given.url or given.profile or of_database.get("isDatabase"):
        server = await _server(given, used, found)
    lines = _log(found)
    found.documents |= {
        "versions.json": machine_facts.versions(),
        "terminal.json": terminal,
        "settings.json": {
            **settings_facts(used),
            "profileKinds": profiles.facts(),
            "fault": known.strip(why),
        },
        "files.json": {"folders": told_of_folders, "database": of_database},
        "server.json": dict(server),
        "journal.json": journals,
        "log.json": lines,
        "faults.json": faults(lines),
        "findings.json": [
            {"what": known.strip(each.what), "advice": known.strip(each.advice), "isHarmless": each.harmless}
            for each in found.findings
        ],
    }
    return found


def _learn_machine(known: Unsayable) -> None:
    """Know who works on this machine, and what it is called."""
    for read in (getpass.getuser, socket.gethostname, lambda: Path.home().name):
        try:
            text = read()
        except (OSError, KeyError, RuntimeError):
            continue
        if text not in ("root", "localhost"):
            known.add("users", text)


def _folders(found: Examination) -> dict[str, Path]:
    folders = {}
    for name, path in (
        ("data", paths.data_dir),
        ("state", paths.state_dir),
        ("log", lambda: paths.log_file().parent),
    ):
        try:
            folders[name] = path()
        except OSError as error:
            said = f"The folder of {name} cannot be made: {error.filename}: {error.strerror}."
            found.findings.append(Complaint(said, "Make room for it, or name another with XDG_*_HOME."))
    return folders


def _files(given: argparse.Namespace) -> dict[str, Path]:
    """Return the files that only their owner should read, by what they are called."""
    files = {"settings file": paths.config_file(), "log": _log_path()}
    for path in sorted(paths.token_folder().glob("*.json")):
        files[f"token file {path.name}"] = path
    try:
        for path in sorted(paths.state_dir().glob("journal-*.jsonl")):
            files[f"journal {path.name}"] = path
    except OSError:
        pass
    for name in PRIVATE_FILES:
        files[name] = Path(name)
    if (database := _database(given)) is not None:
        files["database"] = database
    return files


def _log_path() -> Path:
    try:
        return paths.log_file()
    except OSError:
        return Path("blotter.log")


def _database(given: argparse.Namespace) -> Path | None:
    """Return the database of the embedded server that the command line means; None where it means none."""
    if given.url or given.profile:
        return None
    try:
        return database_file(given.db or str(paths.demo_database()))
    except OSError:
        return None


async def _server(given: argparse.Namespace, settings: Settings, found: Examination) -> Mapping[str, Any]:
    try:
        server = choose_server(given, settings, UTC, market=False)
    except (CheckError, SecretError) as error:
        found.findings.append(Complaint(str(error)))
        return {"asked": False, "why": found.unsayable.strip(str(error))}
    examined = await desk_facts(server, found.unsayable)
    found.findings += examined.findings
    return {"asked": True, **examined.server}


def _log(found: Examination) -> list[dict[str, Any]]:
    try:
        return [told(line, found.unsayable) for line in log_lines(paths.log_file())]
    except OSError as error:
        said = f"The log cannot be read: {error.filename}: {error.strerror}."
        found.findings.append(Complaint(said, "Nothing depends on it, but nobody can say what happened."))
        return []
