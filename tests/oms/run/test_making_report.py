"""``serve`` says how much of a large demo is made, and nothing of a small one."""

from __future__ import annotations

from tui.oms.run.embedded import Size
from tui.oms.run.serve import MakingReport


def told_of(size: Size) -> list[str]:
    """Return what is said while a demo of this size is made, in steps of 3 per cent."""
    said: list[str] = []
    report = MakingReport(size, said.append)
    for per_cent in (*range(0, 100, 3), 100):
        report.tell(per_cent)
    return said


def test_each_tenth_is_told() -> None:
    tenths = (12, 21, 30, 42, 51, 60, 72, 81, 90, 100)
    assert told_of("stress") == [f"Making the demo data 'stress': {each} %." for each in tenths]


def test_a_small_demo_needs_no_words() -> None:
    assert told_of("demo") == []
