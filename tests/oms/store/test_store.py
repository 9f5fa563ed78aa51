"""The store keeps every version, in order, and one process at a time opens it."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.oms.request_bodies import NINE, an_order, drop, oid, put
from tests.paths import ROOT
from tui.api import codec
from tui.api.models import Order
from tui.oms.demo.universe import instrument_table
from tui.oms.domain.refusals import Refusal
from tui.oms.domain.times import to_micros
from tui.oms.domain.unit_of_work import ReplyBuilder, Stored, UnitOfWork
from tui.oms.engine.engine import Engine
from tui.oms.query.pages import ListQuery, read_page
from tui.oms.query.queryable_fields import fields_of
from tui.oms.store import StoreError
from tui.oms.store.reads import StoreReader
from tui.oms.store.schema import KINDS

LATER = 2**62


def order_of(engine: Engine, code: str, as_at: int = LATER) -> Order | None:
    text = engine.store.text(Order, oid(code), as_at)
    return None if text is None else codec.decode(Order, text)


async def test_an_order_is_read_back_as_it_was_written(engine: Engine) -> None:
    (stored,) = engine.write(
        put, [an_order("ORD-1", quantity=Decimal("0.1000000000000000000000000001"))], user="hart"
    )
    assert order_of(engine, "ORD-1") == stored
    assert stored.quantity == Decimal("0.1000000000000000000000000001")
    assert stored.version.user_id_created == "hart"
    assert stored.version.as_at_version_number == 1


async def test_every_earlier_version_can_be_read_at_its_as_at(engine: Engine) -> None:
    for quantity in (100, 60, 80):
        engine.write(put, [an_order("ORD-1", quantity=Decimal(quantity))], user="u", now=NINE)
    times = [stamp.as_at for stamp in engine.store.versions(Order, 1, LATER)]
    assert times == [to_micros(NINE), to_micros(NINE) + 1, to_micros(NINE) + 2], (
        "equal clock readings, one tick apart"
    )
    found = [order_of(engine, "ORD-1", at) for at in times]
    assert [order.quantity for order in found if order] == [100, 60, 80]
    assert order_of(engine, "ORD-1", times[0] - 1) is None


async def test_the_clock_never_goes_back(engine: Engine) -> None:
    engine.write(put, [an_order("ORD-1")], user="u", now=NINE)
    (late,) = engine.write(put, [an_order("ORD-2")], user="u", now=NINE - timedelta(hours=1))
    assert late.version.as_at_modified == NINE + timedelta(microseconds=1)


async def test_a_write_that_changes_nothing_makes_no_version(engine: Engine) -> None:
    engine.write(put, [an_order("ORD-1")], user="u")
    engine.write(put, [an_order("ORD-1")], user="v")
    assert len(engine.store.versions(Order, 1, LATER)) == 1


async def test_a_deleted_order_is_seen_at_an_earlier_as_at_only(engine: Engine) -> None:
    (order,) = engine.write(put, [an_order("ORD-1")], user="u")
    seen = engine.store.last
    engine.write(drop, order, user="u")
    assert order_of(engine, "ORD-1") is None
    assert order_of(engine, "ORD-1", seen) == order
    (again,) = engine.write(put, [an_order("ORD-1")], user="u")
    assert again.version.as_at_version_number == 1
    assert again.version.entity_unique_id != order.version.entity_unique_id
    assert order_of(engine, "ORD-1", seen) == order
    assert order_of(engine, "ORD-1") == again


async def test_a_refused_call_changes_nothing(engine: Engine) -> None:
    def put_then_refuse(uow: UnitOfWork, entities: Sequence[Stored]) -> ReplyBuilder:
        put(uow, entities)
        raise Refusal("Because", "it was asked to")

    with pytest.raises(Refusal):
        engine.write(put_then_refuse, [an_order("ORD-1")], user="u")
    assert engine.store.is_empty()
    assert order_of(engine, "ORD-1") is None


async def test_bulk_keeps_all_calls_or_none(engine: Engine) -> None:
    engine.write(put, [an_order("ORD-0")], user="u")

    def break_off() -> None:
        with engine.bulk():
            engine.write(put, [an_order("ORD-1")], user="u")
            raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError):
        break_off()
    assert order_of(engine, "ORD-1") is None
    with engine.bulk():
        engine.write(put, [an_order("ORD-2")], user="u")
    assert order_of(engine, "ORD-2") is not None
    assert engine.store.broken_link() is None


async def test_the_journal_refuses_to_be_changed_and_shows_when_it_was(engine: Engine) -> None:
    for code in ("ORD-1", "ORD-2", "ORD-3"):
        engine.write(put, [an_order(code)], user="u")
    connection = engine.store.connection
    for statement in ("UPDATE version SET user = 'x'", "DELETE FROM version"):
        with pytest.raises(sqlite3.IntegrityError, match="a version is never"):
            connection.execute(statement)
    assert engine.store.broken_link() is None
    connection.execute("DROP TRIGGER version_kept")
    connection.execute("UPDATE version SET user = 'x' WHERE seq = 2")
    assert engine.store.broken_link() == 2


# -- files -------------------------------------------------------------------------------------------


def test_a_desk_survives_a_restart(tmp_path: Path) -> None:
    file = tmp_path / "new" / "desk.db"
    first = Engine.open(file, instrument_table)
    (order,) = first.write(put, [an_order("ORD-1")], user="u", now=NINE)
    first.close()
    second = Engine.open(file, instrument_table)
    assert order_of(second, "ORD-1") == order
    (other,) = second.write(put, [an_order("ORD-2")], user="u", now=NINE)
    assert other.version.as_at_modified == NINE + timedelta(microseconds=1)
    assert second.store.broken_link() is None
    second.close()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def test_a_second_blotter_on_the_same_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "desk.db"
    first = Engine.open(file, instrument_table)
    code = f"""
from pathlib import Path
from tui.oms.demo.universe import instrument_table
from tui.oms.engine.engine import Engine
Engine.open(Path({str(file)!r}), instrument_table)
"""
    other = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert f"desk.db is in use by another blotter (process {os.getpid()})" in other.stderr
    first.close()
    Engine.open(file, instrument_table).close()


def test_one_file_is_opened_once_whatever_it_is_called(tmp_path: Path) -> None:
    file, folder = tmp_path / "desk.db", tmp_path / "other"
    folder.mkdir()
    symbolic, hard, moved = (folder / name for name in ("symbolic.db", "hard.db", "moved.db"))
    first = Engine.open(file, instrument_table)
    symbolic.symlink_to(file)
    hard.hardlink_to(file)
    code = f"""
from pathlib import Path
from tui.oms.demo.universe import instrument_table
from tui.oms.engine.engine import Engine
from tui.oms.store import StoreError
for name in {[str(symbolic), str(hard)]!r} * 2:
    try:
        Engine.open(Path(name), instrument_table)
    except StoreError as error:
        print(error)
"""
    other = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=ROOT
    )
    words = "is in use by another blotter{}. Close that one, or choose another file."
    mine = words.format(f" (process {os.getpid()})")
    assert other.stdout.splitlines() == [f"{symbolic} {mine}", f"{hard} {words.format('')}"] * 2
    file.rename(moved)
    for name in (symbolic, hard, moved):
        symbolic.unlink(missing_ok=True)
        symbolic.symlink_to(moved)
        with pytest.raises(StoreError) as refused:
            Engine.open(name, instrument_table, fresh=True)
        assert str(refused.value) == f"{name} {mine}", "in this process too, and it is not thrown away"
    (order,) = first.write(put, [an_order("ORD-1")], user="u")
    first.close()
    for name in (symbolic, hard, moved):
        with pytest.raises(StoreError, match=r"is one of 2 names of one file \(hard links\)"):
            Engine.open(name, instrument_table)
    hard.unlink()
    second = Engine.open(symbolic, instrument_table)
    assert order_of(second, "ORD-1") == order
    second.close()


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"This is a letter, and a rather long one at that." * 100, "file is not a database"),
        (None, "is the database of another program"),
    ],
)
def test_a_file_that_is_not_a_desk_is_refused_and_unchanged(
    tmp_path: Path, content: bytes | None, sentence: str
) -> None:
    file = tmp_path / "thing"
    if content is None:
        other = sqlite3.connect(file)
        other.execute("CREATE TABLE accounts (id)")
        other.commit()
        other.close()
    else:
        file.write_bytes(content)
    before = file.read_bytes()
    for fresh in (False, True):
        with pytest.raises(StoreError, match=sentence):
            Engine.open(file, instrument_table, fresh=fresh)
    assert file.read_bytes() == before


def test_a_damaged_database_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "desk.db"
    engine = Engine.open(file, instrument_table)
    engine.write(put, [an_order(f"ORD-{number}") for number in range(200)], user="u")
    engine.close()
    with file.open("r+b") as damaged:
        damaged.seek(8192)
        damaged.write(b"\xff" * 16_384)
    with pytest.raises(StoreError, match=r"desk\.db (is damaged|cannot be used)"):
        Engine.open(file, instrument_table)


def test_a_directory_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be opened: Is a directory"):
        Engine.open(tmp_path, instrument_table)


def test_a_desk_of_the_first_layout_is_migrated(tmp_path: Path) -> None:
    file = tmp_path / "desk.db"
    engine = Engine.open(file, instrument_table)
    engine.write(put, [an_order("ORD-1", state="New"), an_order("ORD-2", state="FILLED")], user="u")
    engine.close()
    old = sqlite3.connect(file, isolation_level=None)
    for kind in KINDS.values():
        hot = "".join(f", {name} TEXT COLLATE NOCASE" for name in kind.columns)
        old.execute(f"ALTER TABLE {kind.table} RENAME TO newer")
        old.execute(
            f"""CREATE TABLE {kind.table} (n INTEGER PRIMARY KEY, seq INTEGER NOT NULL,
                since INTEGER NOT NULL, scope TEXT NOT NULL, code TEXT NOT NULL{hot}) STRICT"""
        )
        old.execute(f"INSERT INTO {kind.table} SELECT * FROM newer")
        old.execute("DROP TABLE newer")
        old.execute(f"CREATE UNIQUE INDEX {kind.table}_id ON {kind.table} (scope, code)")
        old.execute(f"DROP TABLE IF EXISTS {kind.combination_table}")
    old.execute("DROP TABLE live_cut")
    old.execute("UPDATE live_order SET state = 'FILLED' WHERE n = 2")
    old.execute("PRAGMA user_version = 1")
    old.close()
    engine = Engine.open(file, instrument_table)
    asked = ListQuery(fields_of(Order), filter="state eq 'Filled'", sort=("-side",))
    (row,) = engine.view(lambda reads: read_page(reads, asked)).rows
    assert b'"ORD-2"' in row
    engine.write(put, [an_order("ORD-3")], user="u")
    assert engine.store.broken_link() is None
    engine.close()
    new = sqlite3.connect(file)
    made = {sql for (sql,) in new.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL")}
    new.close()
    Engine.open(tmp_path / "other.db", instrument_table).close()
    other = sqlite3.connect(tmp_path / "other.db")
    assert made == {sql for (sql,) in other.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL")}
    other.close()


def test_fresh_starts_over(tmp_path: Path) -> None:
    file = tmp_path / "desk.db"
    engine = Engine.open(file, instrument_table)
    engine.write(put, [an_order("ORD-1")], user="u")
    engine.close()
    engine = Engine.open(file, instrument_table, fresh=True)
    assert engine.store.is_empty()
    engine.close()


async def test_a_read_sees_a_snapshot_and_waits_for_no_write(tmp_path: Path) -> None:
    engine = Engine.open(tmp_path / "desk.db", instrument_table)
    engine.write(put, [an_order("ORD-1")], user="u")

    def twice(reads: StoreReader) -> tuple[int, int, int]:
        before = reads.last
        engine.write(put, [an_order("ORD-2")], user="u")
        return before, reads.last, len(reads.numbers(Order, oid("ORD-2")))

    first, second, found = engine.view(twice)
    assert (second, found) == (first, 0), "the write in between is not seen"
    assert engine.view(lambda reads: reads.last) > first
    with engine.bulk():
        engine.write(put, [an_order("ORD-3")], user="u")
        assert await engine.run_view(engine.view, lambda reads: reads.numbers(Order, oid("ORD-3"))) == []
    assert await engine.run_view(engine.view, lambda reads: reads.numbers(Order, oid("ORD-3"))) == [3]
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        engine.view(lambda reads: reads.connection.execute("DELETE FROM live_order"))
    engine.close()
    assert sorted(os.listdir(tmp_path)) == ["desk.db", "desk.db.lock"]


async def test_calls_from_many_tasks_take_turns(engine: Engine) -> None:
    def grow(uow: UnitOfWork, by: int) -> ReplyBuilder:
        order = uow.get(Order, oid("ORD-1"))
        assert order is not None
        assert order.quantity is not None
        uow.put(replace(order, quantity=order.quantity + by))
        return lambda: None

    engine.write(put, [an_order("ORD-1", quantity=Decimal(0))], user="u")
    await asyncio.gather(*(engine.run(engine.write, grow, 1, user="u") for _ in range(100)))
    order = order_of(engine, "ORD-1")
    assert order is not None
    assert order.quantity == 100
    assert order.version is not None
    assert order.version.as_at_version_number == 101


def test_times_are_kept_to_the_microsecond() -> None:
    for moment in (datetime(1, 1, 1, tzinfo=UTC), NINE + timedelta(microseconds=1)):
        assert datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=to_micros(moment)) == moment
