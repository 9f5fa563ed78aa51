"""The meter: the palette shows what was really sent."""

from __future__ import annotations

import pytest

from tui.thinwire.meter import Figures, Meter


def test_nothing_was_sent_and_nothing_is_said_to_be() -> None:
    assert Meter().figures(10.0) == Figures(per_second=0, last_frame=0, sent=0, came=0)
    assert Meter().figures(10.0).saved == 0


def test_what_goes_now_is_that_of_the_last_two_seconds() -> None:
    meter = Meter()
    for second in range(10):
        meter.went(100 * second, float(second))
    assert meter.figures(9.0).per_second == (700 + 800 + 900) // 2
    assert meter.figures(10.5).per_second == 900 // 2
    assert meter.figures(12.0).per_second == 0
    assert meter.figures(12.0).sent == 4_500


def test_the_last_frame_stays_the_last_frame_however_long_ago() -> None:
    meter = Meter()
    meter.went(3_000, 1.0)
    meter.went(41, 2.0)
    assert meter.figures(1_000.0).last_frame == 41


def test_a_frame_that_went_in_pieces_is_one_frame() -> None:
    meter = Meter()
    for piece, whole in ((200, False), (300, False), (41, True)):
        meter.went(piece, 1.0, whole=whole)
        assert meter.figures(1.0).last_frame == (541 if whole else 0)
    meter.went(7, 2.0)
    assert meter.figures(2.0).last_frame == 7


@pytest.mark.parametrize(
    ("came", "sent", "saved"),
    [(1_000, 150, 85), (1_000, 0, 100), (1_000, 1, 99), (1_000, 1_000, 0), (3, 1, 66), (100, 101, -1)],
)
def test_what_is_saved_is_never_rounded_in_our_favour(came: int, sent: int, saved: int) -> None:
    meter = Meter()
    meter.came(came)
    meter.went(sent, 0.0)
    assert meter.figures(0.0).saved == saved


def test_figures_read_as_a_line() -> None:
    figures = Figures(per_second=1_234, last_frame=147, sent=12_345, came=1_234_567)
    assert str(figures) == "1,234 bytes/s now · 99 % saved of 1,234,567 bytes · last frame 147 bytes"
