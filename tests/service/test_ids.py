"""Codes made here: unique, sorted by time, and short enough for the API."""

from __future__ import annotations

import re
import time

import pytest

from tui.service.ids import new_code, new_id


def test_ids_are_unique_and_always_increase() -> None:
    made = [new_id() for _ in range(5_000)]
    assert made == sorted(set(made))


def test_ids_increase_when_the_clock_steps_back(monkeypatch: pytest.MonkeyPatch) -> None:
    before = new_id()
    monkeypatch.setattr(time, "time_ns", lambda: 0)
    after = new_id()
    assert before < after


@pytest.mark.parametrize("prefix", ["", "ORD", "X" * 90])
def test_codes_are_what_the_api_takes(prefix: str) -> None:
    code = new_code(prefix)
    assert re.fullmatch(r"[A-Za-z0-9_-]{26,64}", code)
    assert code.startswith(prefix[:37])
