"""The end of the log, without what it says of anybody, and the faults in it with their request ids."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from tui.config.logs import OLDER_LOGS, numbered
from tui.headless.doctor.unsayable import Unsayable

TAIL_LINES: Final = 400
"""Lines of the log that are told: some hours of a day without trouble."""
MOST_FAULTS: Final = 50
_FAULTS: Final = frozenset({"warning", "error", "critical"})
_REQUEST_ID: Final = r"[0-9A-Z]{13}:[0-9A-F]{8}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
"""Request ids in the forms that servers give them; anything else in their place may be somebody's data."""
_FRAME: Final = r'\s*File "(?P<path>[^"]*)", line (?P<line>\d+), in (?P<name>\w+)'
_ERROR: Final = r"(?P<kind>[A-Za-z_][\w.]*)(:.*)?"


def log_lines(path: Path) -> list[dict[str, str]]:
    """Return the last lines of the log, oldest first; one that is no JSON is left out.

    Raises:
        OSError: the log cannot be read.
    """
    lines: list[str] = []
    for each in (path, *(numbered(path, number) for number in range(1, OLDER_LOGS + 1))):
        if each.exists():
            lines = [*each.read_text("utf-8", "replace").splitlines(), *lines]
        if len(lines) >= TAIL_LINES:
            break
    return list(_read(lines[-TAIL_LINES:]))


def _read(lines: Iterable[str]) -> Iterator[dict[str, str]]:
    for line in lines:
        try:
            found = json.loads(line)
        except ValueError:
            continue
        if isinstance(found, dict):
            yield {str(name): str(value) for name, value in found.items()}


def told(line: dict[str, str], unsayable: Unsayable) -> dict[str, Any]:
    """Return a line of the log without what it says of anybody."""
    request = line.get("request", "")
    said: dict[str, Any] = {name: line.get(name, "")[:80] for name in ("time", "level", "logger")}
    said["message"] = unsayable.strip(line.get("message", ""))
    if re.fullmatch(_REQUEST_ID, request):
        said["request"] = request
    if trace := line.get("trace", ""):
        said["trace"] = list(_frames(trace))
    return said


def _frames(trace: str) -> Iterator[str]:
    """Yield where a fault came from: places in the code and classes of errors, without their messages."""
    for line in trace.splitlines():
        if frame := re.match(_FRAME, line):
            place = re.split(
                r"/(?:site-packages|lib/python[\d.]+)/|/(?=(?:tui|widgets|styles)/)", frame["path"]
            )
            yield f"{place[-1].rpartition('..')[2]}:{frame['line']} {frame['name']}"
        elif (error := re.fullmatch(_ERROR, line)) and not line.startswith("Traceback"):
            yield error["kind"]


def faults(lines: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the newest lines that tell of a fault."""
    return [line for line in lines if line["level"] in _FAULTS][-MOST_FAULTS:]
