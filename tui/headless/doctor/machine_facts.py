"""Facts of the machine: versions, terminal, locale, clock zone, disk room, who may read the files."""

from __future__ import annotations

import os
import platform
import shutil
import stat
import sys
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

from tui import __version__
from tui.headless.doctor.complaint import Complaint
from tui.machine_zone import machine_zone

PACKAGES: Final = (
    "textual",
    "rich",
    "httpx",
    "msgspec",
    "pydantic",
    "platformdirs",
    "starlette",
    "uvicorn",
    "keyring",
)
LEAST_ROOM_MB: Final = 200
"""Megabytes that should be free: a journal, a log and a database grow for days in these."""
SMALLEST: Final = (80, 24)
_TERMINAL: Final = ("TERM", "COLORTERM", "TERM_PROGRAM", "TMUX", "STY", "SSH_TTY", "NO_COLOR")
_LOCALE: Final = ("LC_ALL", "LC_CTYPE", "LANG")


def versions() -> dict[str, Any]:
    """Return the versions of the program, of Python and of what it uses."""
    found = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "none"
    return {
        "blotter": __version__,
        "python": platform.python_version(),
        "system": platform.system(),
        "release": platform.release(),
        "machine": platform.machine(),
        "packages": found,
    }


def terminal(environment: Mapping[str, str]) -> dict[str, Any]:
    """Return what is known of the terminal; a variable that may name somebody only says that it is set."""
    told = {name: environment.get(name, "") for name in _TERMINAL}
    columns, lines = shutil.get_terminal_size((0, 0))
    return {
        **{
            name: "set" if value and name in ("TMUX", "STY", "SSH_TTY") else value
            for name, value in told.items()
        },
        **{name: environment.get(name, "") for name in _LOCALE},
        "encoding": sys.stdout.encoding if sys.stdout else "",
        "columns": columns,
        "lines": lines,
        "inputIsTerminal": bool(sys.stdin and sys.stdin.isatty()),
        "outputIsTerminal": bool(sys.stdout and sys.stdout.isatty()),
    }


def terminal_findings(facts: Mapping[str, Any]) -> Iterator[Complaint]:
    """Yield what of a terminal keeps the blotter from being drawn well."""
    if facts["TERM"] in ("dumb", "unknown", ""):
        yield Complaint(
            f"The terminal is called {facts['TERM'] or 'nothing'} (TERM): the screen cannot be drawn on it.",
            "Use another terminal, or set TERM to what it is, such as xterm-256color.",
            harmless=not facts["inputIsTerminal"],
        )
    if "utf" not in str(facts["encoding"]).lower().replace("-", ""):
        yield Complaint(
            f"The locale says {facts['encoding'] or 'no encoding'}, not UTF-8: the screen is drawn in ASCII.",
            "Set LANG to a UTF-8 locale, such as C.UTF-8.",
            harmless=True,
        )
    columns, lines = facts["columns"], facts["lines"]
    if facts["outputIsTerminal"] and (columns < SMALLEST[0] or lines < SMALLEST[1]):
        yield Complaint(
            f"The terminal has {columns} x {lines} cells.", "80 x 24 show what matters.", harmless=True
        )


def zone_findings() -> Iterator[Complaint]:
    """Yield that the time zone of the machine is none."""
    try:
        machine_zone()
    except ValueError:
        yield Complaint(
            "The time zone of this machine (TZ) is none: times are in UTC.",
            "Set TZ, or zone in the settings, to a name such as Europe/London.",
        )


def folder_facts(folders: Mapping[str, Path]) -> dict[str, Any]:
    """Return for each folder whether it is there, may be written to, who may read it, and its free room."""
    return {name: _folder(path) for name, path in folders.items()}


def _folder(path: Path) -> dict[str, Any]:
    there = next((each for each in (path, *path.parents) if each.exists()), Path("/"))
    facts: dict[str, Any] = {"exists": path.is_dir(), "isWritable": os.access(there, os.W_OK)}
    try:
        facts["freeMegabytes"] = shutil.disk_usage(there).free // 1_000_000
        facts["mode"] = oct(stat.S_IMODE(path.stat().st_mode)) if path.exists() else ""
    except OSError as error:
        facts["fault"] = error.strerror or type(error).__name__
    return facts


def folder_findings(facts: Mapping[str, Any], folders: Mapping[str, Path]) -> Iterator[Complaint]:
    """Yield folders that cannot be used, and those whose disk is nearly full."""
    for name, told in facts.items():
        where = f"The folder of {name}, {folders[name]},"
        if not told["isWritable"]:
            yield Complaint(
                f"{where} cannot be written to.", "Make it yours, or name another with XDG_*_HOME."
            )
        if told.get("freeMegabytes", LEAST_ROOM_MB) < LEAST_ROOM_MB:
            room = told["freeMegabytes"]
            yield Complaint(
                f"{where} has {room:,} MB of room left.", "Make room: with a full disk no write is sent."
            )


def file_findings(files: Mapping[str, Path]) -> Iterator[Complaint]:
    """Yield files that others can read or change, or that belong to somebody else."""
    for name, path in files.items():
        try:
            about = path.stat()
        except OSError:
            continue
        if os.name == "posix" and about.st_uid != os.geteuid():
            yield Complaint(f"The {name} {path} belongs to somebody else.", "Make it yours, or take a copy.")
        elif about.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            yield Complaint(f"Others can read the {name} {path}.", f"Make it yours alone: chmod 600 {path}")
