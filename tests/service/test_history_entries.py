"""The history of an order from both generations of servers, in one form."""

from __future__ import annotations

import asyncio
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from tests.paths import EXAMPLES
from tests.service.dealer import Dealer, fill, placing, rid
from tests.service.sample_rows import order, snapshot_of
from tui.api import codec, operations
from tui.api.base import PerpetualProperty, PropertyValue, ResourceId
from tui.api.errors import NotFound
from tui.api.http import asgi_transport
from tui.api.models import HistoryItem
from tui.api.requests import History, OrderUpdateRequest, PlacementSetRequest
from tui.oms.engine.engine import Engine
from tui.oms.http.app import Server, ServerSettings
from tui.service.history import HistoryEntry, entries
from tui.service.snapshot.snapshot import EMPTY, EntityKind, Ref
from tui.service.verbs import RecordFills, UpdateOrders


@pytest.mark.parametrize("shape", ["old", "new"])
def test_both_shapes_of_the_contract_read_alike(shape: str) -> None:
    raw = (EXAMPLES / f"12_get_order_history.response.{shape}.json").read_bytes()
    found = tuple(entries(rid("ORD-2"), codec.decode(History, raw).values, EMPTY))
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
    _, _, executed, *_ = entries(rid("ORD-2"), codec.decode(History, raw).values, EMPTY)
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


async def test_every_entry_tells_the_trade_as_it_was_then(dealer: Dealer) -> None:
    """100 units were made 60 before they were placed; the fill tells its own price."""
    await dealer.create("BLK_1", ORD_1=100)
    await dealer.desk.act(UpdateOrders((OrderUpdateRequest(id=rid("ORD-1"), quantity=Decimal(60)),)))
    await dealer.place("PLC-1", "BLK-1", 60)
    await dealer.fill("EXE-1", "PLC-1", 60)
    await dealer.allocate("PLC-1")
    told = {entry.action: entry.trade for entry in await dealer.desk.history(rid("ORD-1"))}
    said = {entry.action: entry.said for entry in await dealer.desk.history(rid("ORD-1"))}
    assert said["OrderCreated"] == "ordered: buy 100 BBG000B9XRY4 limit 190 USD, day, for GROWTH"
    assert said["FieldModified"] == "quantity from 100 to 60"
    assert said["OrderPlaced"] == "placed 60 with ALBN, limit 190 USD, day"
    assert said["OrderExecuted"] == "filled 60 at 189.5 USD by ALBN, 0 left"
    assert said["OrderAllocated"] == "allocated 60 at 189.5 USD, for GROWTH"
    assert told["OrderCreated"] == "Buy 100 BBG000B9XRY4 limit 190 USD, day, for GROWTH · ORD-1"
    assert told["OrderPlaced"] == "Buy 60 BBG000B9XRY4 limit 190 USD, day, with ALBN · PLC-1"
    assert told["OrderExecuted"] == "Buy 60 BBG000B9XRY4 at 189.5 USD, with ALBN · EXE-1"
    assert told["OrderAllocated"].startswith("Buy 60 BBG000B9XRY4 at 189.5 USD, for GROWTH · ")
    first = (await dealer.desk.history(rid("ORD-1")))[0]
    assert first.trade.startswith("Buy 60 BBG000B9XRY4")


async def test_a_story_counts_down_what_is_left_and_says_states_as_a_desk_does(dealer: Dealer) -> None:
    await dealer.create("BLK_1", ORD_1=100)
    await dealer.place("PLC-1", "BLK-1", 100)
    await dealer.fill("EXE-1", "PLC-1", 40)
    await dealer.fill("EXE-2", "PLC-1", 35)
    await dealer.allocate("PLC-1")
    told = [entry.said for entry in await dealer.desk.history(rid("ORD-1"))]
    fills = [sentence for sentence in told if sentence.startswith("filled")]
    assert fills == ["filled 35 at 189.5 USD by ALBN, 25 left", "filled 40 at 189.5 USD by ALBN, 60 left"]
    assert not [sentence for sentence in told if "PartiallyFilled" in sentence or "State" in sentence]


async def test_a_long_story_is_put_into_words_beside_other_work(
    dealer: Dealer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def read(order: ResourceId, *, as_at: datetime | None) -> tuple[HistoryItem, ...]:
        return (HistoryItem(action="OrderCreated"),) * 1_000

    monkeypatch.setattr(dealer.desk.client, "get_order_history", read)
    telling = asyncio.create_task(dealer.desk.history(rid("ORD-1")))
    turns = 0
    while not telling.done():
        turns += 1
        await asyncio.sleep(0)
    assert len(telling.result()) == 1_000
    assert turns >= 20


async def test_a_fill_that_was_busted_is_told_to_be(dealer: Dealer) -> None:
    await dealer.create("BLK_1", ORD_1=100)
    await dealer.place("PLC-1", "BLK-1", 100)
    await dealer.fill("EXE-1", "PLC-1", 40)
    await dealer.desk.act(RecordFills((replace(fill("EXE-2", "PLC-1", 35), state="Cancelled"),)))
    await dealer.allocate("PLC-1")
    told = [entry.said for entry in await dealer.desk.history(rid("ORD-1"))]
    assert [sentence for sentence in told if sentence.startswith("filled")] == [
        "filled 35 at 189.5 USD by ALBN, busted since",
        "filled 40 at 189.5 USD by ALBN, 60 left",
    ]


async def test_what_a_broker_says_of_a_rejection_stands_with_it_in_the_story(dealer: Dealer) -> None:
    await dealer.create("BLK_1", ORD_1=100)
    await dealer.place("PLC-1", "BLK-1", 100)
    key = "Placement/demo/Reason"
    why = PerpetualProperty(key=key, value=PropertyValue(label_value="ALBN: no borrow found"))
    refused = replace(placing("PLC-1", "BLK-1", 100), state="Rejected", properties={key: why})
    await dealer.desk.client.call(operations.PLACEMENTS.upsert, PlacementSetRequest(requests=(refused,)))
    await dealer.desk.refresh()
    told = [entry.said for entry in await dealer.desk.history(rid("ORD-1"))]
    assert "placement with ALBN: rejected (no borrow found), was new" in told


async def test_a_market_order_never_looks_like_the_limit_order_it_was(dealer: Dealer) -> None:
    """It began with a limit of 190, then the whole order was sent again at market."""
    await dealer.create("BLK_1", ORD_1=100)
    [order] = dealer.desk.snapshot.orders.values()
    created = HistoryItem(action="OrderCreated")
    changed = (
        HistoryItem(
            action="FieldModified",
            attribute_name="limitPrice",
            previous_value={"metricValue": {"value": Decimal(190), "unit": "USD"}},
        ),
        HistoryItem(action="FieldModified", attribute_name="type", previous_value={"labelValue": "Limit"}),
    )
    now = snapshot_of(orders=[replace(order, type="Market", limit_price=None)], home="Desk")
    newest, _, oldest = entries(order.id, (*changed, created), now)
    assert "at market" in newest.trade
    assert "limit" not in newest.trade
    assert "limit 190 USD" in oldest.trade


def test_a_trade_that_nobody_can_tell_is_not_made_up() -> None:
    """An old value that cannot be read, another row that is not named, an order not on the desk."""
    unread = HistoryItem(action="FieldModified", attribute_name="quantity", previous_value="a lot")
    created = HistoryItem(action="OrderCreated")
    here = snapshot_of(orders=[order("ORD-1", "100")], home="Desk")
    changed, before = entries(rid("ORD-1"), (unread, created), here)
    assert (changed.trade[:7], before.trade) == ("Buy 100", "")
    [placed] = entries(rid("ORD-1"), (HistoryItem(action="OrderPlaced"),), here)
    assert placed.trade == ""
    [gone] = entries(rid("ORD-9"), (created,), here)
    assert gone.trade == ""


async def test_an_allocation_made_again_is_told_with_its_size_of_now_alone(dealer: Dealer) -> None:
    """The first share was of 40 units; its entry does not say that it was 60."""
    await dealer.create("BLK_1", ORD_1=100)
    await dealer.place("PLC-1", "BLK-1", 100)
    await dealer.fill("EXE-1", "PLC-1", 40)
    await dealer.allocate("PLC-1")
    await dealer.fill("EXE-2", "PLC-1", 20)
    await dealer.allocate("PLC-1")
    told = await dealer.desk.history(rid("ORD-1"))
    trades = [entry.trade for entry in told if entry.action == "OrderAllocated"]
    assert [trade.partition(" BBG000B9XRY4")[0] for trade in trades] == ["Buy 60", ""]
