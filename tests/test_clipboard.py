"""A copy arrives where it can be pasted, and it is said where: in tmux, on a desktop, over SSH, nowhere."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.blotter_app import blotter
from tests.paths import ROOT
from tui.clipboard import MOST_SENT, TMUX, Clipboard, Copied

TEXT = "demo/ORD-00001\ndemo/ORD-00002 Zürich"
SSH = {"SSH_CONNECTION": "10.0.0.1 5000 10.0.0.2 22"}
DESKTOP = {"DISPLAY": ":0", "TERM": "xterm-256color"}


class Machine:
    """A machine with the programs that a test puts on its path; each keeps what it is given."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self._folder = folder
        patch.setenv("PATH", f"{folder}:/usr/bin:/bin")

    def has(self, name: str, code: int = 0, lines: str = "") -> None:
        path = self._folder / name
        path.write_text(f'#!/bin/sh\n{lines}cat > "{self._folder}/$(basename "$0").took"\nexit {code}\n')
        path.chmod(0o700)

    def took(self, name: str) -> str:
        path = self._folder / f"{name}.took"
        return path.read_text() if path.exists() else ""

    async def copies(self, variables: Mapping[str, str], text: str = TEXT) -> tuple[Copied, list[str]]:
        """Return what became of a copy, and what was sent to the terminal."""
        sent: list[str] = []
        return await Clipboard(variables, self._find).copy(text, sent.append), sent

    def _find(self, name: str) -> str | None:
        return shutil.which(name, path=str(self._folder))


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(tmp_path, monkeypatch)


@pytest.mark.parametrize(
    ("tool", "variables"),
    [
        ("xclip", DESKTOP),
        ("xsel", DESKTOP),
        ("wl-copy", {**DESKTOP, "WAYLAND_DISPLAY": "wayland-0"}),
    ],
)
async def test_on_a_desktop_its_own_tool_takes_it(
    machine: Machine, tool: str, variables: Mapping[str, str]
) -> None:
    machine.has(tool)
    copied, sent = await machine.copies(variables)
    assert copied.sentence() == f"{len(TEXT)} characters copied to the clipboard ({tool})."
    assert (machine.took(tool), sent) == (TEXT, [])


async def test_over_ssh_the_terminal_is_sent_it_and_not_the_clipboard_of_the_other_machine(
    machine: Machine,
) -> None:
    machine.has("xclip")
    copied, sent = await machine.copies({**DESKTOP, **SSH})
    assert copied.sentence() == (
        f"{len(TEXT)} characters sent to the terminal, which does not tell whether it took them."
    )
    assert copied.is_certain
    assert (machine.took("xclip"), sent) == ("", [TEXT])


async def test_inside_tmux_its_buffer_takes_it_over_ssh_too(machine: Machine) -> None:
    machine.has("tmux")
    inside = {"TERM": "tmux-256color", "TMUX": "/tmp/tmux-0/default,1,0", **SSH}
    copied, sent = await machine.copies(inside)
    assert copied.sentence() == (
        f"{len(TEXT)} characters copied to tmux's buffer. Prefix ] pastes there; the terminal has it where "
        "it takes copies from tmux."
    )
    assert (machine.took("tmux"), sent) == (TEXT, [])


async def test_an_older_tmux_takes_it_without_passing_it_on(machine: Machine) -> None:
    machine.has("tmux", lines='[ "$2" = -w ] && exit 1\n')
    copied, _ = await machine.copies({"TERM": "screen-256color", "TMUX": "x"})
    assert copied.took == (TMUX,)
    assert machine.took("tmux") == TEXT


async def test_a_tool_that_fails_has_not_taken_it(machine: Machine) -> None:
    machine.has("xclip", code=1)
    machine.has("tmux", code=1)
    copied, sent = await machine.copies(DESKTOP)
    assert (copied.took, sent) == ((), [TEXT]), "on a desktop the terminal may still take it"
    copied, sent = await machine.copies({**DESKTOP, "TMUX": "gone"})
    assert (copied.took, sent, copied.is_certain) == ((), [], False)
    assert copied.sentence(Path("f.txt")).endswith("they are written to f.txt.")


@pytest.mark.parametrize(
    ("variables", "is_sent"),
    [
        ({"TERM": "linux"}, False),
        ({"TERM": "screen-256color", "STY": "1.pts"}, False),
        ({"TERM": "tmux-256color", **SSH}, True),
        ({"TERM": "xterm-256color", "VTE_VERSION": "7200"}, True),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "Apple_Terminal"}, True),
    ],
)
async def test_where_nothing_is_sure_to_take_it_a_file_is_told(
    machine: Machine, variables: Mapping[str, str], is_sent: bool
) -> None:
    copied, sent = await machine.copies(variables)
    assert (bool(sent), copied.is_certain) == (is_sent, False)
    assert copied.sentence(Path("f.txt")).endswith("written to f.txt.")
    assert copied.sentence(failure="No space left").endswith("not written to a file either: No space left.")


async def test_more_than_terminals_take_is_not_sent_over_the_line(machine: Machine) -> None:
    copied, sent = await machine.copies({"TERM": "xterm"}, "ü" * (MOST_SENT // 2 + 1))
    assert (sent, copied.is_certain) == ([], False)


async def test_y_says_where_the_copy_went_and_writes_a_file_when_nothing_took_it(tmp_path: Path) -> None:
    async with blotter(exports=tmp_path) as user:
        user.app._copies = Clipboard({"TERM": "linux"})
        await user.press("y")
        await user.form()
        await user.press("enter")
        await user.until(lambda: any("No clipboard took the " in notice for notice in user.notices))
        [name] = os.listdir(tmp_path)
        file = tmp_path / name
        assert any(notice.endswith(f"they are written to {file}.") for notice in user.notices)
        assert file.read_text() == user.app.clipboard
        assert file.stat().st_mode & 0o777 == 0o600


# --- a real tmux, set up as it comes ---------------------------------------------------------------


@pytest.fixture
def tmux(tmp_path: Path) -> Iterator[list[str]]:
    """The words that a command of tmux begins with; its server has the defaults, and the desk in a pane."""
    if not shutil.which("tmux"):
        pytest.skip("tmux is not installed")
    words = ["tmux", "-S", str(tmp_path / "s"), "-f", "/dev/null"]
    variables = {name: value for name, value in os.environ.items() if name not in ("TMUX", "TMUX_PANE")}
    for kind in ("DATA", "STATE", "CONFIG", "CACHE"):
        variables[f"XDG_{kind}_HOME"] = str(tmp_path)
    desk = f"cd {ROOT} && exec {sys.executable} -m tui demo --db :memory:"
    start = [*words, "new-session", "-d", "-x", "160", "-y", "48", desk]
    subprocess.run(start, env={**variables, **SSH, "TERM": "xterm-256color"}, check=True)
    yield words
    subprocess.run([*words, "kill-server"], check=False)


def output(words: list[str]) -> str:
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout


def wait_for(tmux: list[str], text: str) -> None:
    until = time.monotonic() + 30
    while text not in output([*tmux, "capture-pane", "-p"]):
        assert time.monotonic() < until, output([*tmux, "capture-pane", "-p"])
        time.sleep(0.05)


def test_in_tmux_as_it_comes_a_copied_id_can_be_pasted(tmux: list[str]) -> None:
    assert output([*tmux, "show", "-gsv", "set-clipboard"]) == "external\n", "it takes none from programs"
    wait_for(tmux, "BLK-")
    wait_for(tmux, "live")
    output([*tmux, "send-keys", "y"])
    wait_for(tmux, "What to copy")
    while "What to copy" in output([*tmux, "capture-pane", "-p"]):  # at first a dialog takes no key
        output([*tmux, "send-keys", "Enter"])
        time.sleep(0.05)
    wait_for(tmux, "characters copied to tmux's buffer")
    assert output([*tmux, "show-buffer"]).startswith("demo/BLK-")
