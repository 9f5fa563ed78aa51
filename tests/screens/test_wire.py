"""The thin wire as a dealer meets it: a line in the palette with the bytes it carries, and Ctrl-L."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.blotter_app import Blotter, blotter
from tests.thinwire.slowline import SlowLine
from tui.thinwire.driver import WireHandle

REDRAW = b"\x0c"


async def status(user: Blotter) -> str:
    """Choose the wire in the palette and return what it says."""
    user.heard = {notice.identity for notice in user.app._notifications}
    await user.press("ctrl+p")
    await user.type("wire")
    await user.until(lambda: "Wire" in user.text())
    await user.press("down", "enter")
    await user.until(lambda: bool(user._news()))
    return user._news()[-1]


async def test_the_palette_tells_what_the_wire_carries() -> None:
    async with blotter() as user:
        user.app.session.wire = WireHandle()
        user.app.session.wire.meter.came(200_000)
        user.app.session.wire.meter.went(1_234, 0.0)
        assert await status(user) == "0 bytes/s now · 99 % saved of 200,000 bytes · last frame 1,234 bytes"


async def test_the_palette_tells_when_there_is_no_wire() -> None:
    async with blotter() as user:
        assert await status(user) == "Plain output: all that is drawn is sent"


async def test_ctrl_l_has_everything_drawn_again() -> None:
    invalidated: list[bool] = []

    class InvalidatingHandle(WireHandle):
        def invalidate(self) -> None:
            invalidated.append(True)

    async with blotter() as user:
        user.app.session.wire = InvalidatingHandle()
        await user.press("ctrl+l")
        assert invalidated == [True]


async def test_ctrl_l_draws_everything_where_there_is_no_wire() -> None:
    async with blotter() as user:
        before = user.text()
        await user.press("ctrl+l")
        assert user.text() == before


def started(folder: Path) -> SlowLine:
    """Return the blotter in a terminal of its own, as it starts."""
    places = {name: str(folder) for name in ("XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME")}
    command = [sys.executable, "-m", "tui", "--db", ":memory:", "--speed", "0.01"]
    return SlowLine(command, baud=1e7, environment=places, columns=100, lines=30)


def test_what_is_typed_before_anything_is_drawn_is_done_once_there_is_a_screen(tmp_path: Path) -> None:
    with started(tmp_path) as line:
        line.type(b"?")
        line.until(lambda far: "type to find a key" in far.text())


@pytest.fixture
def line(tmp_path: Path) -> Iterator[SlowLine]:
    """The blotter in a terminal of its own."""
    with started(tmp_path) as made:
        made.until(lambda far: "BLK-00" in far.text() and " CHF · buy " in far.text())
        made.rest()
        yield made


def test_on_a_terminal_ctrl_l_puts_right_what_somebody_else_wrote_and_the_palette_counts(
    line: SlowLine,
) -> None:
    desk = line.text()
    line.far.take(b"\x1b[H" + b"wall: the server goes down at noon " * 60 + b"\x1b[H")
    assert "wall:" in line.text()
    line.press(REDRAW, until=lambda far: far.text() == desk)
    line.type(b":")
    line.until(lambda far: "Search for commands" in far.text())
    line.type(b"wire")
    line.until(lambda far: "bytes/s now · " in far.text())
    assert "% saved of" in line.text()
    assert "Plain output" not in line.text()
