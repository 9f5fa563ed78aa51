"""The switch to plain output, which sends all that is drawn: the command line's, else the settings file's."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tui import start
from tui.app import BlotterApp
from tui.cli import main
from tui.config.load import load_settings
from tui.config.settings import Settings
from tui.input_files.mistakes import CheckError


@pytest.fixture
def started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[BlotterApp]]:
    """A user at a terminal, who has not set anything; give the apps that are started there."""
    apps: list[BlotterApp] = []
    master, slave = os.openpty()
    monkeypatch.setattr(BlotterApp, "run", lambda app: apps.append(app))
    monkeypatch.setattr(start, "start_log", lambda path, level: path)
    for name in ("XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.setenv("BLOTTER_CONFIG", str(tmp_path / "config.toml"))
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("TEXTUAL_DRIVER", raising=False)
    with os.fdopen(slave, "w") as terminal:
        monkeypatch.setattr(sys, "__stdin__", terminal)
        monkeypatch.setattr(sys, "__stderr__", terminal)
        yield apps
    os.close(master)


def set_to(folder: Path, text: str) -> None:
    (folder / "config.toml").write_text(text)


def test_who_says_nothing_is_sent_what_differs(started: list[BlotterApp]) -> None:
    assert main([]) == 0
    assert started[0].session.wire is not None
    assert started[0].driver_class is started[0].session.wire.driver_class


@pytest.mark.parametrize("arguments", [["--plain-output"], ["demo", "--plain-output"]])
def test_who_asks_for_plain_output_has_textuals_own_driver(
    arguments: list[str], started: list[BlotterApp]
) -> None:
    assert main(arguments) == 0
    assert started[0].session.wire is None
    assert started[0].driver_class.__module__.startswith("textual.drivers.")


def test_the_file_may_ask_for_it_for_every_day(started: list[BlotterApp], tmp_path: Path) -> None:
    set_to(tmp_path, "plain_output = true\n")
    assert main([]) == 0
    assert started[0].session.wire is None


def test_the_file_may_say_that_it_is_as_it_is_anyway_and_the_command_line_goes_over_it(
    started: list[BlotterApp], tmp_path: Path
) -> None:
    set_to(tmp_path, "plain_output = false\n")
    assert main([]) == 0
    assert main(["--plain-output"]) == 0
    assert started[0].session.wire is not None
    assert started[1].session.wire is None


def test_a_terminal_that_moves_no_cursor_is_not_drawn_on_plainly_either(
    started: list[BlotterApp], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TERM", "dumb")
    assert main(["--plain-output"]) == 2
    assert not started
    assert "The terminal cannot be drawn on" in capsys.readouterr().err


def test_it_is_off_unless_it_is_set() -> None:
    assert Settings().plain_output is False


@pytest.mark.parametrize("value", ["1", '"yes"', "[]"])
def test_what_is_neither_true_nor_false_is_refused(value: str, tmp_path: Path) -> None:
    set_to(tmp_path, f"plain_output = {value}\n")
    with pytest.raises(CheckError, match=r"line 1: plain_output: .*is not allowed; it must be true or false"):
        load_settings(tmp_path / "config.toml")


def test_help_tells_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    assert "--plain-output" in capsys.readouterr().out
