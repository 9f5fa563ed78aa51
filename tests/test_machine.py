"""The machine a start finds itself on: without a terminal, or in a time zone that is none."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.bench.terminal import PtyTerminal
from tests.paths import ROOT
from tui import start
from tui.app import BlotterApp
from tui.cli import main
from tui.machine_zone import machine_zone
from tui.start import can_draw

PROGRAM = [sys.executable, "-m", "tui", "demo", "--db", ":memory:"]


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    return dict.fromkeys(("XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME"), str(tmp_path))


def test_without_a_terminal_a_sentence_says_so_and_nothing_is_drawn(home: dict[str, str]) -> None:
    ended = subprocess.run(
        PROGRAM,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        cwd=ROOT,
        env={**os.environ, **home},
        timeout=60,
        check=False,
    )
    assert ended.returncode == 2
    assert ended.stdout == b""
    assert ended.stderr == b"blotter: There is no terminal to draw on and to read keys from.\n"


def test_a_terminal_that_cannot_be_drawn_on_is_told_and_nothing_is_drawn(home: dict[str, str]) -> None:
    with PtyTerminal(PROGRAM, environment={**home, "TERM": "dumb"}) as terminal:
        output = terminal.wait_for(b"\n", limit=60).output
    assert output.startswith(b"blotter: The terminal cannot be drawn on: it is called dumb (TERM).")
    assert b"\x1b" not in output


@pytest.mark.parametrize(
    ("said", "draws"),
    [
        ({}, True),
        ({"LANG": "en_GB.UTF-8"}, True),
        ({"LANG": "C.UTF-8", "TERM": "xterm"}, True),
        ({"LC_ALL": "C.UTF-8", "LANG": "C"}, True),
        ({"LC_CTYPE": "en_GB.UTF-8", "LANG": "C"}, True),
        ({"LANG": "C"}, False),
        ({"LANG": "POSIX", "LC_CTYPE": "C.UTF-8"}, False),
        ({"LC_ALL": "C", "LANG": "en_GB.UTF-8"}, False),
        ({"LANG": "ja_JP.UTF-8"}, False),
        ({"LANG": "en_GB.UTF-8", "LC_CTYPE": "zh_TW.UTF-8"}, False),
        ({"LANG": "en_GB.UTF-8", "TERM": "linux"}, False),
    ],
)
def test_ascii_is_drawn_where_glyphs_are_not_sure(
    said: dict[str, str], draws: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdout", SimpleNamespace(encoding="utf-8"))
    assert can_draw(said) is draws


def test_a_log_that_cannot_be_written_is_told_and_the_desk_opens(
    home: dict[str, str], tmp_path: Path
) -> None:
    taken = tmp_path / "taken"
    taken.touch()
    with PtyTerminal(PROGRAM, environment={**home, "XDG_STATE_HOME": str(taken)}) as terminal:
        output = terminal.wait_for(b"BLK-[0-9]", limit=60).output
        output += terminal.press(b"q").output
    assert b"blotter: There is no log: " in output
    assert b"cannot be written: Not a directory." in output
    assert b"fault of its own" not in output


def test_in_a_time_zone_that_is_none_times_are_in_utc(home: dict[str, str]) -> None:
    with PtyTerminal(PROGRAM, environment={**home, "TZ": "XXX25"}) as terminal:
        output = terminal.wait_for(b"BLK-[0-9]", limit=60).output
        output += terminal.press(b"q").output
    assert b"The time zone 'XXX25' is none; times are in UTC." in output
    assert b"fault of its own" not in output


def test_a_machine_in_london_tells_the_two_half_past_ones_of_october_apart(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TZ", "Europe/London")
    zone = machine_zone()
    moments = (datetime(2026, 10, 25, hour, 30, tzinfo=UTC) for hour in (0, 1))
    assert [f"{each.astimezone(zone):%H:%M %Z}" for each in moments] == ["01:30 BST", "01:30 GMT"]


@pytest.mark.parametrize(("said", "name"), [("", "UTC"), (":Asia/Kolkata", "IST")])
def test_the_zone_is_what_the_machine_says(monkeypatch: pytest.MonkeyPatch, said: str, name: str) -> None:
    monkeypatch.setenv("TZ", said)
    assert datetime(2026, 11, 20, tzinfo=machine_zone()).tzname() == name


def test_a_word_that_names_no_zone_is_not_taken_for_utc_of_that_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "BST")
    with pytest.raises(ValueError, match="BST"):
        machine_zone()


async def test_screens_and_sentences_have_the_zone_of_the_machine(
    home: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    apps: list[BlotterApp] = []
    monkeypatch.setattr(BlotterApp, "run", lambda app: apps.append(app))
    monkeypatch.setattr(start, "start_log", lambda path, level: path)
    for name, said in {**home, "TZ": "Asia/Kolkata", "TEXTUAL_DRIVER": "any"}.items():
        monkeypatch.setenv(name, said)
    assert main(["--url", "http://127.0.0.1:1/api"]) == 0
    connection = await apps[0]._connect()
    assert apps[0].session.display_context.zone_name == "IST"
    assert (
        connection.desk.snapshot.time_in_words(datetime(2026, 11, 20, 9, tzinfo=UTC)) == "20 Nov 14:30:00 IST"
    )
    await connection.close()


@pytest.fixture
def no_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home in which no directory can be made: there is a file in its place."""
    taken = tmp_path / "taken"
    taken.touch()
    for name in ("XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(taken))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    return taken


def test_without_a_home_to_write_in_a_script_reads_and_says_there_is_no_log(
    no_home: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["orders", "--db", ":memory:", "--filter", "ORD-00003"]) == 0
    output, said = capfd.readouterr()
    assert "ORD-00003" in output
    assert f"blotter: There is no log: {no_home}" in said
    assert "Traceback" not in said


def test_without_a_home_to_write_in_a_server_says_which_file_it_cannot_make(
    no_home: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["serve", "--port", "0"]) == 1
    said = capfd.readouterr().err
    assert said.startswith(f"blotter serve: {no_home}/blotter/serve.db cannot be opened: Not a directory.")


def test_a_script_gets_utf_8_whatever_the_locale(home: dict[str, str]) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "tui", "blocks", "--db", ":memory:", "--csv"],
        capture_output=True,
        cwd=ROOT,
        env={**os.environ, **home, "PYTHONIOENCODING": "ascii"},
        timeout=60,
        check=False,
    )
    assert ended.returncode == 0
    assert "トヨタ自動車" in ended.stdout.decode()
