"""A server whose every text is an attack: nothing of it leaves by any way, and rows stay rows.

The program runs in a real terminal, against such a server over HTTP: what it draws and copies, its titles,
exports and logs are searched for a byte that is not its own.
"""

from __future__ import annotations

import base64
import csv
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from time import monotonic

import pyte
import pytest

from tests.bench.terminal import PtyTerminal
from tests.paths import ROOT
from tests.poisoned_server import FRAGMENTS, poisoned_server
from tests.pty_program import COLUMNS, LINES
from tui.api.sanitize import clean

OURS = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\](\d+);([^\x07\x1b]*)(?:\x07|\x1b\\)|\x1b[()=>78][0-9A-B]?")
NO_OTHER_CLIPBOARD = ("env", "-u", "TMUX", "-u", "STY", "-u", "DISPLAY", "-u", "WAYLAND_DISPLAY")
TITLE, POINTER, CLIPBOARD = "2", "22", "52"


class AtTheTerminal:
    """A dealer at a terminal, who sees what it shows, and keeps every byte that came."""

    def __init__(self, terminal: PtyTerminal) -> None:
        self._terminal = terminal
        self._screen = pyte.Screen(COLUMNS, LINES)
        self._stream = pyte.ByteStream(self._screen)
        self.output = b""

    @property
    def text(self) -> str:
        return "\n".join(self._screen.display)

    def press(self, keys: str, until: str, *, gone: bool = False) -> None:
        """Press keys and wait until the screen shows ``until``, or shows it no more."""
        end = monotonic() + 60
        self._terminal.send(keys.encode())
        while (until in self.text) is gone:
            assert monotonic() < end, f"{until!r} is{'' if gone else ' not'} shown:\n{self.text}"
            came = self._terminal.read(0.05)
            self._stream.feed(came)
            self.output += came

    def leave(self, shown: str) -> None:
        """Leave the screen that shows these words."""
        self.press("\x1b", shown, gone=True)


@pytest.fixture
def hostile() -> Iterator[str]:
    with poisoned_server() as url:
        yield f"{url}/api"


def sequences_of(output: bytes) -> tuple[str, dict[str, list[str]]]:
    """Return what was drawn without the program's own sequences, and the texts of those that carry one."""
    text = output.decode()
    carried: dict[str, list[str]] = {}
    for found in OURS.finditer(text):
        if found[1]:
            carried.setdefault(found[1], []).append(found[2])
    return OURS.sub("", text), carried


def test_of_a_server_whose_texts_are_attacks_nothing_acts_anywhere(hostile: str, tmp_path: Path) -> None:
    config, left = tmp_path / "config.toml", tmp_path / "left"
    config.write_text('refresh_seconds = 3600\nlog_level = "debug"\n')
    variables = {f"XDG_{kind}_HOME": str(left / kind) for kind in ("STATE", "DATA", "CONFIG", "CACHE")}
    command = [*NO_OTHER_CLIPBOARD, sys.executable, "-m", "tui", "--url", hostile]
    with PtyTerminal(command, environment={**variables, "BLOTTER_CONFIG": str(config)}) as terminal:
        dealer = AtTheTerminal(terminal)
        dealer.press("", "live ")
        dealer.press("2\r", "Enter open")
        dealer.press("i", "i members")
        dealer.leave("i members")
        dealer.press("h", "r reload")
        dealer.leave("r reload")
        dealer.leave("Enter open")
        dealer.press("0", "go and mend it")
        dealer.leave("go and mend it")
        dealer.press("D", "Sheet of")
        dealer.leave("Sheet of")
        dealer.press("u", "Only changes are sent")
        dealer.press("\t\t", "Left/Right choose")
        dealer.leave("Only changes are sent")
        dealer.press("y", "What to copy")
        dealer.press("\r", "characters sent to the terminal")
        for steps, ending in (("", ".csv"), (" ", ".jsonl"), ("  ", ".md")):
            dealer.press("E", "with all their digits")
            dealer.press(f"{steps}\r\r", f"{ending} ")
        terminal.send(b"q")
    drawn, carried = sequences_of(dealer.output)
    assert clean(drawn.replace("\r\n", "")) == drawn.replace("\r\n", "")
    assert not [fragment for fragment in FRAGMENTS if fragment in dealer.output]
    assert carried.keys() <= {TITLE, POINTER, CLIPBOARD}
    assert all(clean(title) == title for title in carried[TITLE])
    [copied] = carried[CLIPBOARD]
    id = base64.b64decode(copied.removeprefix("c;")).decode()
    assert "\\u001b]52;c;" in id
    assert clean(id) == id
    texts = {path: path.read_bytes().decode() for path in left.rglob("*") if path.is_file()}
    unclean = {path.name for path, text in texts.items() for line in text.splitlines() if clean(line) != line}
    assert not unclean
    exports = {path.suffix: text for path, text in texts.items() if path.parent.name == "exports"}
    assert {path.stat().st_mode & 0o777 for path in texts} == {0o600}
    head, *rows = csv.reader(exports[".csv"].splitlines())
    assert [len(row) for row in rows] == [len(head)] * 2
    assert [len(json.loads(line)) for line in exports[".jsonl"].splitlines()] == [len(head)] * 2
    assert len({line.replace("\\|", "").count("|") for line in exports[".md"].splitlines()}) == 1
    assert len(exports[".md"].splitlines()) == 4


def test_a_script_is_told_nothing_that_acts_either(hostile: str, tmp_path: Path) -> None:
    variables = {f"XDG_{kind}_HOME": str(tmp_path / kind) for kind in ("STATE", "DATA", "CONFIG", "CACHE")}
    command = [sys.executable, "-m", "tui", "orders", "--url", hostile, "--table"]
    run = subprocess.run(command, cwd=ROOT, env={**os.environ, **variables}, capture_output=True, check=True)
    out, err = run.stdout.decode().splitlines(), run.stderr.decode().splitlines()
    assert len(out) == 1 + 75
    assert all(clean(line) == line for line in (*out, *err))
