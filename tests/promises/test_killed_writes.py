"""A program killed anywhere on the way of a write: the next start knows what became of it."""

from __future__ import annotations

from pathlib import Path

from tests.promises.killed_writes import KilledWrites, Step
from tui.service.verbs import VERBS


async def test_every_verb_killed_at_a_step_is_found_again(tmp_path: Path) -> None:
    """Each verb at one step here, all steps in turn; ``python -m tests.bench faults`` has all of them."""
    steps = tuple(Step)
    killed = KilledWrites(tmp_path)
    figures = await killed.run(lambda number: steps[number % len(steps) :][:1])
    assert {case.verb for case in killed.cases} == VERBS.keys()
    assert {case.step for case in killed.cases} == set(Step)
    assert [case for case in killed.cases if not case.found] == []
    assert figures.wrong == (0, 0, 0)
