"""Cold start to the first painted block, against a bare Textual app, in alternate runs.

The program is ``python -m tui``; the variable ``BENCH_START`` names another command, in which
``{db}`` becomes a fresh database file, and ``BENCH_BLOCK`` the pattern of a painted block.

Python writes bytecode, whatever the machine says: an installed program and Textual have theirs.
"""

from __future__ import annotations

import importlib.util
import os
import shlex
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.bench.report import note, report
from tests.bench.terminal import PtyTerminal

RUNS = 5
TARGET = 1.6
CHECKING_MS = 100
"""The most that checking a settings file may add to a start, in milliseconds."""
CONFIG = """
theme = "classic"
refresh_seconds = 3
[keys]
history = "H"
[profiles.uat]
url = "https://uat.example/api"
kind = "TEST"
"""
BARE = """
from textual.app import App
from textual.widgets import Static
class Bare(App):
    def compose(self):
        yield Static("painted")
Bare().run()
"""


def main() -> None:
    """Measure the first start on a fresh database, the next ones on the same, and the bare app between.

    Of the next ones one has no settings file and one has a file to check.
    """
    named = os.environ.get("BENCH_START", "")
    if not named and importlib.util.find_spec("tui.__main__") is None:
        note("python -m tui is not there yet; name a command in BENCH_START")
        return
    command = shlex.split(named or f"{shlex.quote(sys.executable)} -m tui demo --db {{db}}")
    block = os.environ.get("BENCH_BLOCK", "BLK-[0-9]").encode()
    bare = [sys.executable, "-c", BARE]
    first: list[float] = []
    second: list[float] = []
    checked: list[float] = []
    alone: list[float] = []
    started(bare, b"painted")
    for _ in range(RUNS):
        with tempfile.TemporaryDirectory() as folder:
            ours = [part.replace("{db}", str(Path(folder, "bench.db"))) for part in command]
            config = Path(folder, "config.toml")
            alone.append(started(bare, b"painted"))
            first.append(started(ours, block, config))
            second.append(started(ours, block, config))
            config.write_text(CONFIG)
            checked.append(started(ours, block, config))
    note(f"best of {RUNS}, in turns; a bare Textual app with one line of text: {min(alone) * 1000:,.0f} ms")
    report("second start to the first block", min(second) * 1000, min(alone) * TARGET * 1000, "ms")
    report("second start, times the bare app", min(second) / min(alone), TARGET, "x")
    report("second start with a config.toml", min(checked) * 1000, None, "ms")
    report("what the config.toml costs", (min(checked) - min(second)) * 1000, CHECKING_MS, "ms")
    report("first start, demo data made", min(first) * 1000, None, "ms")
    report("first start, times the bare app", min(first) / min(alone), TARGET, "x")


def started(command: Sequence[str], painted: bytes, config: Path | None = None) -> float:
    """Return the seconds from the start of ``command`` until ``painted`` is on the screen."""
    environment = {"PYTHONDONTWRITEBYTECODE": ""} | ({"BLOTTER_CONFIG": str(config)} if config else {})
    with PtyTerminal(command, environment=environment) as terminal:
        return terminal.wait_for(painted, limit=30).seconds


if __name__ == "__main__":
    main()
