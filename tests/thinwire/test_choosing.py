"""The choice of the driver: the wire on a terminal that allows it, Textual's own anywhere else."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from types import SimpleNamespace
from typing import IO, Final

import pytest
from textual.app import App
from textual.drivers.linux_driver import LinuxDriver

import tui.thinwire
from tui.thinwire import wire_to_terminal

XTERM = {"TERM": "xterm-256color"}


@pytest.fixture
def terminal() -> Iterator[IO[str]]:
    """A terminal for input and output."""
    master, slave = os.openpty()
    with os.fdopen(slave, "w") as file:
        yield file
    os.close(master)


@pytest.fixture
def on_terminal(terminal: IO[str], monkeypatch: pytest.MonkeyPatch) -> IO[str]:
    """This program's input and output are a terminal."""
    monkeypatch.setattr(sys, "__stdin__", terminal)
    monkeypatch.setattr(sys, "__stderr__", terminal)
    return terminal


@pytest.mark.usefixtures("on_terminal")
def test_on_a_terminal_there_is_a_wire_whose_driver_is_textuals_own_but_for_its_writing() -> None:
    wire = wire_to_terminal(XTERM)
    assert wire is not None
    assert issubclass(wire.driver_class, LinuxDriver)
    app: App[None] = App(driver_class=wire.driver_class)
    assert app.driver_class is wire.driver_class


@pytest.mark.usefixtures("on_terminal")
def test_each_wire_has_a_driver_and_figures_of_its_own() -> None:
    one, other = wire_to_terminal(XTERM), wire_to_terminal(XTERM)
    assert one is not None
    assert other is not None
    assert one.driver_class is not other.driver_class
    one.meter.came(100)
    assert (one.figures().came, other.figures().came) == (100, 0)


@pytest.mark.usefixtures("on_terminal")
@pytest.mark.parametrize("kind", ["dumb", "unknown", "", None])
def test_a_terminal_that_moves_no_cursor_has_no_wire(kind: str | None) -> None:
    assert wire_to_terminal({} if kind is None else {"TERM": kind}) is None


@pytest.mark.usefixtures("on_terminal")
@pytest.mark.parametrize("named", ["textual.drivers.web_driver:WebDriver", "a.driver:OfMine", ""])
def test_a_driver_named_by_the_environment_is_used(named: str) -> None:
    assert wire_to_terminal({**XTERM, "TEXTUAL_DRIVER": named}) is None


@pytest.mark.usefixtures("on_terminal")
def test_windows_has_no_wire(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tui.thinwire, "os", SimpleNamespace(name="nt"))
    assert wire_to_terminal(XTERM) is None


@pytest.mark.parametrize("side", ["__stdin__", "__stderr__"])
@pytest.mark.parametrize("closed", [True, False], ids=["closed", "a file"])
def test_without_a_terminal_at_both_ends_there_is_no_wire(
    side: str, closed: bool, on_terminal: IO[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with open(os.devnull, "w") as file:
        monkeypatch.setattr(sys, side, None if closed else file)
        assert wire_to_terminal(XTERM) is None


def test_where_there_is_no_wire_nothing_of_it_is_loaded() -> None:
    code = "import sys, tui.thinwire as room; assert not room.wire_to_terminal({}); print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, stdin=subprocess.DEVNULL
    )
    assert not {"textual", "tui.thinwire.driver", "tui.thinwire.wire"} & set(loaded.stdout.split())


ASKED: Final = """
import os, sys
from tui.thinwire.driver import can_erase, can_scroll
for kind in sys.argv[1:]:
    if os.fork() == 0:  # a process learns of one kind of terminal
        os.environ["TERM"] = kind
        print(kind, can_scroll(), can_erase(), flush=True)
        os._exit(0)
    os.wait()
"""


def test_rows_are_moved_and_blanks_erased_where_terminfo_says_that_the_terminal_does_so() -> None:
    kinds = {
        "xterm-256color": "True True",
        "xterm": "True True",
        "linux": "True True",
        "vt100": "False False",
        "dumb": "False False",
        "none": "False False",
    }
    asked = subprocess.run([sys.executable, "-c", ASKED, *kinds], capture_output=True, text=True, check=True)
    assert asked.stdout.splitlines() == [f"{kind} {can}" for kind, can in kinds.items()]
