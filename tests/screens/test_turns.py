"""The time budget of long work in each turn of the event loop, by a clock that is set by hand."""

from __future__ import annotations

import asyncio

import pytest

from tui.screens import turns
from tui.screens.turns import SLICE_S, Turns

STEP_S = SLICE_S / 5.5


class TurnClock:
    """A clock that stands until it is set forward."""

    now = 1.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> TurnClock:
    """Return the clock by which turns are measured."""
    clock = TurnClock()
    monkeypatch.setattr(turns, "perf_counter", clock)
    return clock


def steps_of_a_turn(budget: Turns, clock: TurnClock) -> int:
    """Work until the budget is spent, and return how many steps that were."""
    done = 0
    while not budget.over():
        clock.now += STEP_S
        done += 1
    return done


async def test_a_turn_in_which_the_screen_was_painted_has_time_for_one_step(clock: TurnClock) -> None:
    budget = Turns()
    assert steps_of_a_turn(budget, clock) == 6
    await asyncio.sleep(0)
    assert steps_of_a_turn(budget, clock) == 6
    await asyncio.sleep(0)
    clock.now += 2 * SLICE_S
    assert steps_of_a_turn(budget, clock) == 1
    await asyncio.sleep(0)
    assert steps_of_a_turn(budget, clock) == 6


async def test_work_after_turns_without_any_has_a_whole_turn(clock: TurnClock) -> None:
    budget = Turns()
    assert steps_of_a_turn(budget, clock) == 6
    for _ in range(3):
        await asyncio.sleep(0)
    clock.now += 60
    assert steps_of_a_turn(budget, clock) == 6
