"""Every desk is left and found for itself: a profile, a database, a tenant; a desk in memory never is."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.config.test_plain_output import set_to, started
from tui.app import BlotterApp
from tui.cli import main

__all__ = ["started"]

TENANTS = """
[profiles.uk]
url = "https://desk.lusid.com/api"
token_file = "{token}"
[profiles.us]
url = "https://desk.lusid.com/api"
token_file = "{token}"
"""


def left(started: list[BlotterApp], *arguments: str) -> Mapping[str, Any] | None:
    """Return how the desk of these arguments was left, and leave it there; None where nothing is kept."""
    assert main([*arguments]) == 0
    store = started[-1].session.preferences.last_session
    if store is None:
        return None
    found = store.read().found
    store.write({"view": " ".join(arguments) or "demo"})
    return found


def test_each_desk_is_found_as_it_was_left_itself(started: list[BlotterApp], tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("made-up")
    token.chmod(0o600)
    set_to(tmp_path, TENANTS.format(token=token))
    other = str(tmp_path / "other.db")
    desks: tuple[list[str], ...] = (
        [],
        ["--db", other],
        ["--profile", "uk"],
        ["--profile", "us"],
        ["--url", "http://127.0.0.1:1/api"],
    )
    for desk in desks:
        assert left(started, *desk) == {}
    for desk in desks:
        assert left(started, *desk) == {"view": " ".join(desk) or "demo"}


@pytest.mark.parametrize("arguments", [["--db", ":memory:"], ["demo", "--db", ":memory:"]])
def test_a_demo_in_memory_looks_the_same_every_time(arguments: list[str], started: list[BlotterApp]) -> None:
    assert left(started, *arguments) is None


@pytest.mark.parametrize("option", ["--no-restore", "--fresh"])
def test_a_start_may_begin_anew(option: str, started: list[BlotterApp]) -> None:
    left(started)
    assert left(started, option) == {}
    assert left(started) == {"view": option}, "how it was left then"


def test_the_settings_may_keep_nothing(started: list[BlotterApp], tmp_path: Path) -> None:
    set_to(tmp_path, "restore = false\n")
    assert left(started) is None
