"""What was learned of a server is known at the next start, for a day, and never stops one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tui.service.learned import Learned

NINE = datetime(2026, 11, 20, 9, tzinfo=UTC)


def test_what_was_learned_is_known_at_the_next_start_and_nobody_else_may_read_it(tmp_path: Path) -> None:
    learned = Learned(tmp_path, lambda: NINE)
    learned.put("filter.length", 240)
    learned.put("metadata.asat", "absent")
    again = Learned(tmp_path, lambda: NINE + timedelta(hours=23))
    assert (again.get("filter.length"), again.get("metadata.asat")) == (240, "absent")
    assert (tmp_path / "learned.json").stat().st_mode & 0o777 == 0o600


def test_it_is_asked_anew_after_a_day(tmp_path: Path) -> None:
    Learned(tmp_path, lambda: NINE).put("filter.length", 240)
    assert Learned(tmp_path, lambda: NINE + timedelta(days=1)).get("filter.length") is None


def test_it_is_forgotten_when_somebody_asks_for_that(tmp_path: Path) -> None:
    learned = Learned(tmp_path, lambda: NINE)
    learned.put("one", True)
    learned.put("two", False)
    learned.forget("one")
    assert (learned.get("one"), learned.get("two")) == (None, False)
    learned.forget()
    assert Learned(tmp_path, lambda: NINE).get("two") is None


@pytest.mark.parametrize(
    "damage", [b"", b"{", b'{"one": 1}', b"\xff\xfe", b'{"one":{"value":1,"at":"soon"}}']
)
def test_a_damaged_file_is_as_good_as_none(tmp_path: Path, damage: bytes) -> None:
    (tmp_path / "learned.json").write_bytes(damage)
    learned = Learned(tmp_path, lambda: NINE)
    assert learned.get("one") is None
    learned.put("one", 1)
    assert Learned(tmp_path, lambda: NINE).get("one") == 1


def test_a_full_or_missing_disk_costs_only_the_memory_of_it(tmp_path: Path) -> None:
    learned = Learned(tmp_path / "gone", lambda: NINE)
    learned.put("one", 1)
    assert learned.get("one") == 1
