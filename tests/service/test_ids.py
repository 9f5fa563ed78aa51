"""Ids made here: unique without asking anybody, and codes that people can say."""

from __future__ import annotations

import re
import time
from datetime import date

import pytest

from tui.columns.column import natural
from tui.service.ids import new_code, new_id

DAY = date(2026, 11, 29)


def test_ids_are_unique_and_always_increase() -> None:
    made = [new_id() for _ in range(5_000)]
    assert made == sorted(set(made))


def test_ids_increase_when_the_clock_steps_back(monkeypatch: pytest.MonkeyPatch) -> None:
    before = new_id()
    monkeypatch.setattr(time, "time_ns", lambda: 0)
    after = new_id()
    assert before < after


def test_codes_are_short_name_kind_and_day_and_do_not_clash() -> None:
    made = [new_code("O", DAY) for _ in range(20_000)]
    assert len(set(made)) == len(made)
    assert all(re.fullmatch(r"O-1129-[0-9A-HJKMNP-TV-Z]{9}", code) for code in made)
    assert len({code[7:] for code in made}) == len(made)


def test_codes_are_sorted_as_people_count() -> None:
    codes = ["ORD-10", "ord-9", "ORD-2", "O-1203-0", "O-1129-Z"]
    assert sorted(codes, key=natural) == ["O-1129-Z", "O-1203-0", "ORD-2", "ord-9", "ORD-10"]
