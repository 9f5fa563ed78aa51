"""Many calls in one bulk leave the same database as one after the other: every row, number, time and hash."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.oms.request_bodies import NINE, an_order, drop, oid, put
from tui.api.base import ResourceId
from tui.api.models import Block, Order
from tui.oms.demo import seeding
from tui.oms.demo.universe import instrument_table
from tui.oms.domain.refusals import Refusal
from tui.oms.domain.unit_of_work import ReplyBuilder, Stored, UnitOfWork
from tui.oms.engine.engine import Engine
from tui.oms.store import StoreError, bulk

Database = dict[str, list[str]]


def rows_of(engine: Engine) -> Database:
    """Return every row of every table, and the indexes; their order says nothing."""
    connection = engine.store.connection
    tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    found = {name: connection.execute(f"SELECT * FROM {name}").fetchall() for (name,) in tables}
    found["indexes"] = connection.execute("SELECT sql FROM sqlite_master WHERE type = 'index'").fetchall()
    return {name: sorted(map(repr, rows)) for name, rows in found.items()}


@pytest.fixture
def one_by_one(monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """An empty desk whose bulks are no more than calls one after the other."""
    made = Engine.open(None, instrument_table)
    monkeypatch.setattr(made, "bulk", nullcontext)
    yield made
    made.close()


def test_the_demo_is_the_same_with_a_bulk_and_without(
    engine: Engine, one_by_one: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(seeding.BLOCK_COUNTS, "busy", 60)
    monkeypatch.setattr(bulk, "MOST_WAITING", 200)
    for desk in (engine, one_by_one):
        seeding.seed(desk, size="busy", seed=3, start=NINE + timedelta(hours=4))
    found, wanted = rows_of(engine), rows_of(one_by_one)
    assert found == wanted
    assert all(found[name] for name in ("version", "closed", "link", "graph_past", "graph_placement"))
    assert engine.store.broken_link() is None


def a_block(code: str, orders: tuple[ResourceId, ...]) -> Block:
    order = an_order("ORD-0")
    return Block(
        id=oid(code),
        order_ids=orders,
        instrument_identifiers=order.instrument_identifiers,
        lusid_instrument_id=order.lusid_instrument_id,
        quantity=order.quantity,
        side=order.side,
        created_date=NINE,
        links=(),
    )


def play(engine: Engine, seed: int) -> None:
    """Make, change, delete and make again orders and blocks, some of them in calls that are refused."""
    chance = Random(seed)
    with engine.bulk():
        for call in range(120):
            entity: Stored
            if chance.random() < 0.5:
                entity = an_order(f"ORD-{chance.randrange(8)}", state=chance.choice(("New", "Cancelled")))
            else:
                orders = tuple(oid(f"ORD-{chance.randrange(8)}") for _ in range(chance.randrange(3)))
                entity = a_block(f"BLK-{chance.randrange(4)}", tuple(dict.fromkeys(orders)))
            now = NINE + timedelta(seconds=call)
            if chance.random() < 0.2:
                engine.write(drop, entity, user="u", now=now, request_id=f"R-{call}")
            elif chance.random() < 0.1:
                with pytest.raises(Refusal):
                    engine.write(put_and_refuse, (entity,), user="u", now=now, request_id=f"R-{call}")
            else:
                engine.write(put, [entity], user="u", now=now, request_id=f"R-{call}")


def put_and_refuse(uow: UnitOfWork, entities: Sequence[Stored]) -> ReplyBuilder:
    put(uow, entities)
    raise Refusal("Because", "it was asked to")


@pytest.mark.parametrize("seed", range(5))
def test_entities_that_come_and_go_leave_the_same_rows(engine: Engine, one_by_one: Engine, seed: int) -> None:
    play(engine, seed)
    play(one_by_one, seed)
    assert rows_of(engine) == rows_of(one_by_one)
    assert engine.store.broken_link() is None
    assert rows_of(engine)["gone"]


def test_calls_after_a_bulk_go_on_from_it(engine: Engine) -> None:
    with engine.bulk():
        engine.write(put, [an_order("ORD-1"), an_order("ORD-2")], user="u", now=NINE)
    (stored,) = engine.write(put, [an_order("ORD-1", state="Cancelled")], user="u", now=NINE)
    assert stored.version.as_at_version_number == 2
    engine.write(put, [an_order("ORD-3")], user="u")
    assert engine.store.numbers(Order, oid("ORD-3")) == [3]
    assert engine.store.broken_link() is None


def test_a_bulk_that_breaks_off_writes_nothing(engine: Engine) -> None:
    def break_off() -> None:
        with engine.bulk():
            engine.write(put, [an_order("ORD-1")], user="u", now=NINE)
            raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError):
        break_off()
    assert engine.store.is_empty()
    engine.write(put, [an_order("ORD-1")], user="u", now=NINE)
    assert engine.store.numbers(Order, oid("ORD-1")) == [1]


def test_a_crash_in_the_middle_of_a_bulk_leaves_an_empty_desk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "MOST_WAITING", 0)
    crashed = tmp_path / "crashed"
    crashed.mkdir()
    desk = Engine.open(tmp_path / "desk.db", instrument_table)
    desk.store.connection.execute("PRAGMA cache_size = 1")  # page: the rest is in the file at once
    with desk.bulk():
        for number in range(20):
            desk.write(put, [an_order(f"ORD-{number}-{each}") for each in range(20)], user="u", now=NINE)
        for file in tmp_path.glob("desk.db*"):
            shutil.copy(file, crashed)
    desk.close()
    assert (crashed / "desk.db").stat().st_size > 200_000
    again = Engine.open(crashed / "desk.db", instrument_table)
    assert again.store.is_empty()
    assert again.store.connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    again.write(put, [an_order("ORD-1")], user="u", now=NINE)
    assert again.store.numbers(Order, oid("ORD-1")) == [1]
    again.close()


def test_a_bulk_is_possible_while_somebody_reads(tmp_path: Path) -> None:
    desk = Engine.open(tmp_path / "desk.db", instrument_table)
    assert desk.view(lambda reads: reads.numbers(Order, oid("ORD-1"))) == []
    with desk.bulk():
        desk.write(put, [an_order("ORD-1")], user="u", now=NINE)
    assert desk.view(lambda reads: reads.numbers(Order, oid("ORD-1"))) == [1]
    desk.close()


def test_a_call_that_fails_in_the_middle_of_its_changes_spoils_the_bulk(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise OSError("no room")

    def put_with_a_fault() -> None:
        with engine.bulk():
            engine.write(put, [an_order("ORD-1")], user="u", now=NINE)
            monkeypatch.setattr(engine, "_update_graph", fail)
            with pytest.raises(OSError, match="no room"):
                engine.write(put, [an_order("ORD-2")], user="u", now=NINE)

    with pytest.raises(StoreError, match="in the middle of its changes"):
        put_with_a_fault()
    assert engine.store.is_empty()
