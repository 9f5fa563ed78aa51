"""A database that was changed behind its server's back is refused, with what is damaged and since when."""

from __future__ import annotations

import random
import sqlite3
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from tests.oms.request_bodies import NINE, an_order, drop, put
from tui.oms.demo.universe import instrument_table
from tui.oms.engine.engine import Engine
from tui.oms.store import Store, StoreError, damage


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return a desk on which 200 orders were made, minute by minute, and the last one was deleted."""
    made = tmp_path / "desk.db"
    engine = Engine.open(made, instrument_table)
    with engine.bulk():
        for number in range(200):
            order = an_order(f"ORD-{number}", quantity=Decimal(8000 + 1000 * number), state="New")
            now = NINE + timedelta(minutes=number)
            (last,) = engine.write(put, [order], user="hart", now=now)
        engine.write(drop, last, user="hart", now=NINE + timedelta(days=1))
    engine.close()
    return made


def kill(file: Path) -> None:
    """Leave the database as a process does that was killed: its id is still in the lock."""
    file.with_name("desk.db.lock").write_text("12345")


def open_and_close(file: Path, *, verify: bool = False) -> None:
    Store.open(file, verify=verify).close()


def test_a_number_changed_in_the_file_is_found_after_an_unclean_end(file: Path) -> None:
    raw = file.read_bytes()
    assert raw.count(b'"quantity":9000,') == 1
    file.write_bytes(raw.replace(b'"quantity":9000,', b'"quantity":9001,'))
    kill(file)
    for _ in range(2):  # to have refused it once makes it no better
        with pytest.raises(StoreError) as refused:
            open_and_close(file)
        assert str(refused.value) == (
            f"{file} is damaged: change 2 of 201 (order Desk/ORD-1, 2026-11-20 09:01:00 UTC by hart) is not "
            "as it was written. All before it, until 2026-11-20 09:00:00 UTC, is whole. "
            "Restore it from a backup, or choose another file."
        )


def test_a_whole_database_opens_after_an_unclean_end(file: Path) -> None:
    kill(file)
    open_and_close(file)
    open_and_close(file, verify=True)


def test_a_start_after_a_clean_end_checks_no_row(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(damage, "damage_of")
    open_and_close(file)
    with pytest.raises(ImportError):
        open_and_close(file, verify=True)


@pytest.mark.parametrize("seed", range(3))
def test_random_bytes_are_found(file: Path, seed: int) -> None:
    chance, raw = random.Random(seed), bytearray(file.read_bytes())
    for _ in range(500):
        raw[chance.randrange(4096, len(raw))] = chance.randrange(256)
    file.write_bytes(raw)
    kill(file)
    with pytest.raises(StoreError, match=r"desk\.db (is damaged|cannot be used): "):
        open_and_close(file)


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        (
            "UPDATE version SET user = 'x' WHERE seq = 1",
            "change 1 of 201 (order Desk/ORD-0, 2026-11-20 09:00:00",
        ),
        (
            "UPDATE version SET as_at = -9e18 WHERE seq = 3",
            "change 3 of 201 (order Desk/ORD-2, at no time by",
        ),
        (
            "UPDATE version SET code = CAST(x'ff1b5d' AS TEXT) WHERE seq = 3",
            "change 3 of 201 (order Desk/\ufffd\ufffd], 2026-11-20 09:02:00 UTC by hart)",
        ),
        ("DELETE FROM version WHERE seq = 50", "change 50 of 200 (order Desk/ORD-50, 2026-11-20 09:50:00"),
        (
            "DELETE FROM version WHERE seq >= 199",
            "the current order Desk/ORD-198 is not what its newest change, at no time, made of it.",
        ),
        (
            "UPDATE live_order SET state = 'filled' WHERE code = 'ORD-7'",
            "order Desk/ORD-7 is not what its newest change, 2026-11-20 09:07:00 UTC, made of it.",
        ),
        (
            "UPDATE live_order SET seq = 3 WHERE code = 'ORD-7'",
            "order Desk/ORD-7 is not what its newest change, 2026-11-20 09:02:00 UTC, made of it.",
        ),
        (
            "DELETE FROM live_order WHERE code = 'ORD-7'",
            "there should be 199 current rows of order; there are 198.",
        ),
    ],
)
def test_what_is_damaged_is_said(file: Path, statement: str, said: str) -> None:
    by_hand = sqlite3.connect(file)
    for trigger in ("version_kept", "version_stays"):
        by_hand.execute(f"DROP TRIGGER {trigger}")
    by_hand.execute(statement)
    by_hand.commit()
    by_hand.close()
    with pytest.raises(StoreError) as refused:
        open_and_close(file, verify=True)
    assert said in str(refused.value)
