"""Flow control: few bytes in flight on a slow line, enough on a fast one, no wait for a silent terminal.

The line is simulated, clock and all: bytes go down it at its rate after each other, a query is answered when
it has arrived at the far end, and the answer takes the way back.
"""

from __future__ import annotations

import heapq
import random
from dataclasses import dataclass, field
from typing import Final

import pytest

from tui.thinwire.flow_control import UNPROBED_BYTES, FlowControl
from tui.thinwire.terminal_writer import QUERY

MODEM, SERIAL, NETWORK = 960.0, 11_520.0, 1_250_000.0
"""Bytes per second of 9,600 baud, 115,200 baud and 10 Mbit/s."""
NEAR, FAR = 0.005, 0.1
"""Seconds one way."""
ROW: Final = 240
"""A piece exceeds the room by at most so many bytes: it ends with a row."""


@dataclass
class Simulation:
    """A program with endless output at one end of a line, and a terminal that answers at the other."""

    rate: float
    latency: float
    answering: bool = True
    line: FlowControl = field(default_factory=FlowControl)
    now: float = 0.0
    sent: int = 0
    answers: int = 0
    most_s: float = 0.0
    """The longest time that the newest output had to wait for the line, in seconds."""
    _free_at: float = 0.0
    _left: int = 0
    _chance: random.Random = field(default_factory=lambda: random.Random(7))
    _coming: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Send one query at the start, as Textual does."""
        self._send(len(QUERY))
        self.line.asked(self.now)
        self._ask()

    def run(self, seconds: float) -> Simulation:
        """Run for so many seconds, sending all there is room for, and measure again."""
        end, self.sent, self.most_s = self.now + seconds, 0, 0.0
        while True:
            while room := self.line.room(self.now):
                self._speak(self._piece(room))
                if not self.line.answers:
                    break  # only the terminal's own pace holds back now
            moments = [self._coming[0]] if self._coming else []
            patience = self.line.seconds_left(self.now)
            moments += [self.now + patience + 0.001] if patience is not None else []
            moments += [max(self._free_at, self.now + 0.001)] if not self.line.answers else []
            assert moments, "nothing is said, and nothing is waited for"
            if min(moments) > end:
                break
            self.now = min(moments)
            if self._coming and self._coming[0] <= self.now:
                self._hear()
        self.now = end
        return self

    def say(self, size: int) -> None:
        """Send so many bytes when nothing is in flight."""
        while self._coming:
            self._hear()
        self._speak(size)

    def lose(self) -> None:
        """Lose the answers in flight."""
        self._coming.clear()

    def _hear(self) -> None:
        self.now = max(self.now, heapq.heappop(self._coming))
        self.answers += 1
        self.line.answered(self.now)

    def _piece(self, room: int) -> int:
        """Return the length of the next piece: frames are short and long."""
        if self._left <= 0:
            self._left = int(self._chance.lognormvariate(7, 1.5))
        piece = min(self._left, room + self._chance.randrange(ROW))
        self._left -= piece
        return max(20, piece)

    def _speak(self, size: int) -> None:
        if self.line.sent(size, self.now):
            self._send(size + len(QUERY))
            self._ask()
        else:
            self._send(size)
        self.most_s = max(self.most_s, self._free_at - self.now)

    def _send(self, size: int) -> None:
        self._free_at = max(self.now, self._free_at) + size / self.rate
        self.sent += size

    def _ask(self) -> None:
        if self.answering:
            heapq.heappush(self._coming, self._free_at + 2 * self.latency)


# --- slow and fast lines -------------------------------------------------------------------------


@pytest.mark.parametrize("latency", [0.0, NEAR, FAR])
@pytest.mark.parametrize(
    ("rate", "most_s"), [(SERIAL, 0.25), (MODEM, 0.95)], ids=["115,200 baud", "9,600 baud"]
)
def test_on_a_slow_line_little_is_in_flight_once_it_is_known(
    rate: float, most_s: float, latency: float
) -> None:
    simulation = Simulation(rate, latency).run(15)
    for _ in range(6):
        assert simulation.run(10).most_s <= most_s


@pytest.mark.parametrize("latency", [0.0, NEAR])
@pytest.mark.parametrize("rate", [MODEM, SERIAL, NETWORK], ids=["9,600 baud", "115,200 baud", "10 Mbit/s"])
def test_a_line_to_somewhere_near_is_kept_busy(rate: float, latency: float) -> None:
    simulation = Simulation(rate, latency).run(15).run(20)
    assert simulation.sent / rate > 0.7 * 20


def test_a_fast_line_to_somewhere_far_soon_has_all_it_may_have_and_never_starves() -> None:
    simulation = Simulation(NETWORK, FAR).run(3)
    for _ in range(5):
        way_and_back = 2 * FAR + 0.1
        assert simulation.run(2).sent >= 2 / way_and_back * (1 << 15)


def test_a_line_that_becomes_slow_soon_has_little_in_flight_again() -> None:
    simulation = Simulation(NETWORK, NEAR).run(5)
    simulation.rate = SERIAL
    simulation.run(20)
    assert simulation.run(10).most_s <= 0.2


def test_a_line_that_becomes_fast_is_made_use_of() -> None:
    simulation = Simulation(SERIAL, NEAR).run(10)
    simulation.rate = NETWORK
    simulation.run(5)
    assert simulation.run(5).sent > 10 * SERIAL * 5


def test_a_way_that_becomes_longer_is_learnt_from_short_frames_and_not_taken_for_a_slow_line() -> None:
    simulation = Simulation(NETWORK, NEAR).run(5)
    simulation.latency = FAR
    simulation.run(10)
    for _ in range(10):
        simulation.say(150)
    simulation.run(5)
    assert simulation.run(5).sent > 5 * (1 << 15)


def test_one_answer_that_was_held_up_is_no_slow_line() -> None:
    simulation = Simulation(NETWORK, NEAR).run(5)
    simulation.latency = 0.3
    simulation.run(0.02)
    simulation.latency = NEAR
    assert simulation.run(5).sent > 0.3 * NETWORK * 5


# --- terminals that do not answer ----------------------------------------------------------------


def test_a_terminal_that_never_answers_is_not_asked_and_not_waited_for() -> None:
    line = FlowControl()
    for second in range(100):
        assert line.room(second) == UNPROBED_BYTES
        assert not line.sent(UNPROBED_BYTES, second)
        assert line.seconds_left(second) is None
    assert not line.answers
    assert line.in_flight == 0


def test_a_terminal_that_was_asked_once_and_never_answers_is_given_all_it_takes() -> None:
    simulation = Simulation(SERIAL, NEAR, answering=False)
    assert simulation.run(20).sent > 0.9 * SERIAL * 20
    assert not simulation.line.answers


def test_answers_that_stop_coming_are_waited_for_so_long_and_then_not_any_more() -> None:
    simulation = Simulation(SERIAL, NEAR).run(5)
    simulation.answering = False
    simulation.lose()
    simulation.run(60)
    assert not simulation.line.answers, "it is still asked"
    assert simulation.line.seconds_left(simulation.now) is None
    assert simulation.run(10).sent > 0.9 * SERIAL * 10


def test_some_answers_that_are_lost_hold_up_nothing_for_good() -> None:
    simulation = Simulation(SERIAL, NEAR).run(5)
    for _ in range(4):
        simulation.lose()
        simulation.run(10)
    assert simulation.line.answers
    assert simulation.run(10).sent > 0.7 * SERIAL * 10


def test_an_answer_nobody_waits_for_changes_nothing() -> None:
    line = FlowControl()
    line.answered(1.0)
    assert line.answers
    assert line.in_flight == 0
    before = line.room(1.0)
    line.answered(2.0)
    line.answered(2.0)
    assert line.room(2.0) == before


def test_every_query_is_counted_until_it_is_answered() -> None:
    line = FlowControl()
    line.asked(0.0)
    line.answered(0.1)
    asked = sum(line.sent(100, 0.2) for _ in range(20))
    assert 0 < asked < 20, "not every row needs a query"
    assert line.in_flight == asked
    for left in range(asked, 0, -1):
        assert line.in_flight == left
        line.answered(0.3)
    assert line.in_flight == 0


def test_bytes_in_flight_leave_less_room_and_an_answer_gives_it_back() -> None:
    line = FlowControl()
    line.asked(0.0)
    line.answered(0.1)
    sent = 0
    while room := line.room(0.2):
        line.sent(room, 0.2)
        sent += room
        assert sent < 1 << 20, "there is no end of it"
    while line.in_flight:
        line.answered(0.3)
    assert line.room(0.3) > 0
