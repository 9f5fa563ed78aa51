"""Eight desks that act on the same rows at once."""

from __future__ import annotations

from tests.promises.conflicting_desks import conflict

COMMANDS = 240
"""A share of the ten thousand of ``python -m tests.bench faults``."""


async def test_conflicting_commands_of_eight_desks_are_each_carried_out_once_and_add_up() -> None:
    figures = await conflict(COMMANDS, 1)
    assert figures.wrong == (0, 0, 0)
    assert figures.refused > COMMANDS / 20, "they were in each other's way"
