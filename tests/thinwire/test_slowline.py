"""The harness itself: tests on a slow line fail only for what the program did."""

from __future__ import annotations

from time import sleep

import pytest

from tests.thinwire.slowline import FarEnd, SlowLine

LATENCY_S = 0.1
PRINTS_AND_ENDS = ("/bin/sh", "-c", "printf 'last words'")


class LateLine(SlowLine):
    """A line whose last bytes arrive just after the end of the program was noticed."""

    @property
    def ended(self) -> bool:
        ended = super().ended
        if ended:
            sleep(LATENCY_S)
        return ended


@pytest.mark.parametrize("kind", [SlowLine, LateLine])
def test_the_last_bytes_are_looked_at_after_the_program_ended(kind: type[SlowLine]) -> None:
    with kind(PRINTS_AND_ENDS, baud=1e6, latency=LATENCY_S) as line:
        line.until(lambda far: "last words" in far.row(0))


def test_a_sequence_that_pyte_does_not_know_prints_nothing_however_it_is_cut() -> None:
    whole = b"\x1b[H\x1b[<urow\x1b[1;9Hend"
    for cut in range(len(whole)):
        far = FarEnd(20, 2)
        far.take(whole[:cut])
        far.take(whole[cut:])
        assert far.row(0).rstrip() == "row     end"


def test_a_program_that_ended_is_not_waited_for() -> None:
    with (
        SlowLine(PRINTS_AND_ENDS, baud=1e6) as line,
        pytest.raises(TimeoutError, match=r"(?s)before the program ended.*last words"),
    ):
        line.until(lambda far: "more words" in far.row(0))
