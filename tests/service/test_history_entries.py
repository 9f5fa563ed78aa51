"""The history of an order from both generations of servers, in one form."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from tests.paths import EXAMPLES
from tests.service.dealer import Dealer, rid
from tui.api import codec
from tui.api.errors import NotFound
from tui.api.http import asgi_transport
from tui.api.requests import History
from tui.oms.engine.engine import Engine
from tui.oms.http.app import Server, ServerSettings
from tui.service.history import HistoryEntry, entries
from tui.service.snapshot.snapshot import EMPTY, EntityKind, Ref


@pytest.mark.parametrize("shape", ["old", "new"])
def test_both_shapes_of_the_contract_read_alike(shape: str) -> None:
    raw = (EXAMPLES / f"12_get_order_history.response.{shape}.json").read_bytes()
    found = entries(rid("ORD-2"), codec.decode(History, raw).values, EMPTY)
    assert len(found) == 8
    booked, allocated, *_, quantity, note, created = found
    assert booked.what == "Allocation PLC-1-ORD-2 was booked as transaction Desk-PLC-1-ORD-2"
    assert allocated.related == (
        Ref(EntityKind.ALLOCATIONS, rid("PLC-1-ORD-2")),
        Ref(EntityKind.PLACEMENTS, rid("PLC-1")),
    )
    assert (quantity.field, quantity.old.rstrip("0"), quantity.new) == ("quantity", "55.", "50.0")
    assert (note.field, note.old, note.new) == ("Order/Desk/Note", "", "trimmed")
    assert created.who == "trader1"
    assert created.request_id == "REQ-090000"
    assert isinstance(created.when, datetime)
    assert created.version == 1


def test_a_row_named_without_a_scope_is_in_its_neighbours() -> None:
    raw = (EXAMPLES / "12_get_order_history.response.new.json").read_bytes()
    executed = entries(rid("ORD-2"), codec.decode(History, raw).values, EMPTY)[2]
    assert executed.related == (
        Ref(EntityKind.EXECUTIONS, rid("EXE-2")),
        Ref(EntityKind.PLACEMENTS, rid("PLC-1")),
    )


def test_an_action_without_words_is_put_into_words() -> None:
    raw = (
        b'{"values":[{"action":"ComplianceRun"},'
        b'{"attributeName":"price","newValue":{"amount":1.50,"currency":"GBP"}}]}'
    )
    run, priced = entries(rid("ORD-2"), codec.decode(History, raw).values, EMPTY)
    assert run.what == "Compliance run"
    assert priced.what == "price changed from nothing to 1.50 GBP"


@pytest.mark.parametrize("generation", ["latest", "2.1"])
async def test_the_history_tells_the_orders_whole_life(engine: Engine, generation: Any) -> None:
    server = Server(engine, ServerSettings(generation=generation))
    dealer = Dealer.at(asgi_transport(server), generation=generation)
    await dealer.desk.load()
    await dealer.create("BLK_1", ORD_1=100, ORD_2=50)
    await dealer.place("PLC-1", "BLK-1", 150)
    await dealer.fill("EXE-1", "PLC-1", 150)
    await dealer.allocate("PLC-1")
    await dealer.book("PLC-1-ORD-1")
    told = await dealer.desk.history(rid("ORD-1"))
    whens = [entry.when for entry in told if entry.when]
    assert whens == sorted(whens, reverse=True)
    related = {ref for entry in told for ref in entry.related}
    booked = dealer.desk.snapshot.transactions_of_order(rid("ORD-1"))
    assert {
        Ref(EntityKind.BLOCKS, rid("BLK-1")),
        Ref(EntityKind.PLACEMENTS, rid("PLC-1")),
        Ref(EntityKind.EXECUTIONS, rid("EXE-1")),
        Ref(EntityKind.ALLOCATIONS, rid("PLC-1-ORD-1")),
        Ref(EntityKind.TRANSACTIONS, booked[0]),
    } <= related
    assert Ref(EntityKind.ALLOCATIONS, rid("PLC-1-ORD-2")) not in related
    assert _changed(told, "quantity") == []
    with pytest.raises(NotFound):
        await dealer.desk.history(rid("ORD-404"))
    await dealer.desk.client.close()


def _changed(told: tuple[HistoryEntry, ...], field: str) -> list[tuple[str, str]]:
    return [(entry.old, entry.new) for entry in told if entry.field == field and entry.old]
