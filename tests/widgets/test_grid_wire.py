"""The bytes a grid of 200x50 sends through a real terminal, against the budgets of a slow line."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

pytest.importorskip("pty")
from tests.bench.terminal import PtyTerminal

DOWN, PAGE_DOWN = b"\x1b[B", b"\x1b[6~"


@pytest.fixture(scope="module")
def terminal() -> Iterator[PtyTerminal]:
    """Return a screen full of orders in a terminal of its own."""
    with PtyTerminal([sys.executable, "-m", "tests.bench.pty_app", "grid", "500"]) as running:
        running.wait_for(b"nothing loaded")
        running.press(b"l", until=b"ORD-00000047")
        yield running


def sent(terminal: PtyTerminal, key: bytes, times: int) -> list[int]:
    """Press ``key`` and return the bytes that each painting took, the screen at rest before every one."""
    sizes = []
    for _ in range(times):
        terminal.drain(0.3)
        sizes.append(len(terminal.press(key, until=b".", limit=5.0).output))
    return sizes


def test_a_cursor_move_is_under_one_kilobyte(terminal: PtyTerminal) -> None:
    sizes = sent(terminal, DOWN, 5)
    assert all(0 < size < 1024 for size in sizes), sizes


def test_ten_changed_cells_are_under_five_kilobytes(terminal: PtyTerminal) -> None:
    sizes = sent(terminal, b"t", 3)
    assert all(0 < size < 5 * 1024 for size in sizes), sizes


def test_a_page_is_under_twenty_four_kilobytes(terminal: PtyTerminal) -> None:
    sizes = sent(terminal, PAGE_DOWN, 3)
    assert all(0 < size < 24 * 1024 for size in sizes), sizes
