"""``serve`` says how much of a large demo is made, and nothing of a small one."""

from __future__ import annotations

from tui.oms.run.serve import MakingReport


def test_each_tenth_is_told_once_it_takes_longer_than_a_second() -> None:
    said: list[str] = []
    seconds = [0.0]
    report = MakingReport("stress", said.append, lambda: seconds[-1])
    for per_cent in range(101):
        seconds.append(per_cent / 25)
        report.tell(per_cent)
    made = [25, *range(30, 101, 10)]
    assert said == [f"Making the demo data 'stress': {each} %." for each in made]


def test_what_is_made_at_once_needs_no_words() -> None:
    said: list[str] = []
    report = MakingReport("demo", said.append, lambda: 0.0)
    for per_cent in range(101):
        report.tell(per_cent)
    assert said == []
