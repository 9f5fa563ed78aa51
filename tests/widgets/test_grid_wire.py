"""What a grid of 200x50 sends through a real terminal, against the budgets of a slow line."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

pytest.importorskip("pty")
from tests.bench.terminal import Terminal

DOWN, PAGE_DOWN = b"\x1b[B", b"\x1b[6~"


@pytest.fixture(scope="module")
def terminal() -> Iterator[Terminal]:
    """Give a screen full of orders in a terminal of its own."""
    with Terminal([sys.executable, "-m", "tests.bench.pty_app", "grid", "500"]) as running:
        running.wait_for(b"nothing loaded")
        running.press(b"l", until=b"ORD-00000047")
        yield running


def test_a_cursor_move_is_under_one_kilobyte(terminal: Terminal) -> None:
    moves = [terminal.press(DOWN, until=b"ORD-") for _ in range(5)]
    assert all(0 < len(move.output) < 1024 for move in moves)


def test_ten_changed_cells_are_under_five_kilobytes(terminal: Terminal) -> None:
    ticks = [terminal.press(b"t", until=b"ORD-") for _ in range(3)]
    assert all(0 < len(tick.output) < 5 * 1024 for tick in ticks)


def test_a_page_is_under_twenty_four_kilobytes(terminal: Terminal) -> None:
    pages = [terminal.press(PAGE_DOWN, until=b"ORD-") for _ in range(3)]
    assert all(0 < len(page.output) < 24 * 1024 for page in pages)
