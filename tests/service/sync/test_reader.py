"""The desk is read: pages, changes, failures, the past."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from decimal import Decimal

import httpx
import pytest
from msgspec.structs import replace

from tests.seeded_server import seeded_server
from tests.service.dealer import Dealer, placing, rid
from tui.api import operations
from tui.api.http import AsyncBaseTransport, asgi_transport
from tui.service.environment import State
from tui.service.snapshot.relations import related
from tui.service.snapshot.snapshot import EntityKind, Ref
from tui.service.sync import progress
from tui.service.verbs import Allocate, BookTransactions, CancelOrders, CancelPlacements, PlaceBlocks


@pytest.fixture
async def demo() -> AsyncIterator[AsyncBaseTransport]:
    """The demo desk, its market at rest."""
    embedded = await seeded_server()
    yield asgi_transport(embedded.app)
    await embedded.close()


@pytest.fixture
async def busy() -> AsyncIterator[AsyncBaseTransport]:
    """A desk of a thousand blocks."""
    embedded = await seeded_server("busy")
    yield asgi_transport(embedded.app)
    await embedded.close()


async def test_a_small_desk_that_is_there_at_once_is_shown_whole(
    demo: AsyncBaseTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    dealer = Dealer.at(demo)
    monkeypatch.setattr(progress, "QUICK_S", 60)
    await dealer.desk.load()
    assert {(update.new.complete, len(update.new.blocks)) for update in dealer.updates} == {(True, 38)}
    await dealer.desk.client.close()


async def test_of_a_small_desk_on_a_slow_line_is_shown_what_was_read(
    demo: AsyncBaseTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    dealer = Dealer.at(demo)
    monkeypatch.setattr(progress, "QUICK_S", 0.0)
    blocks = []

    async def look(request: httpx.Request) -> None:
        await asyncio.sleep(0)
        blocks.append(len(dealer.desk.snapshot.blocks))

    dealer.line.before = look
    await dealer.desk.load()
    assert 38 in blocks, "they are on screen while other lists are asked for"
    assert not dealer.updates[0].new.complete
    await dealer.desk.client.close()


async def test_the_first_page_of_blocks_is_shown_before_the_rest_is_read(busy: AsyncBaseTransport) -> None:
    dealer = Dealer.at(busy)
    shown: list[int] = []

    async def look(request: httpx.Request) -> None:
        shown.append(len(dealer.desk.snapshot.blocks))

    dealer.line.before = look
    await dealer.desk.load()
    assert shown[:3] == [0, 0, 200], "the first page is on screen when the second is asked for"
    first, last = dealer.updates[0], dealer.desk.snapshot
    assert not first.new.complete
    assert last.complete
    assert len(last.blocks) == 966, "the others are swept"
    assert len(dealer.updates) < len(shown), "not every page is worth a repaint"
    await dealer.desk.client.close()


async def test_the_demo_is_read_whole_and_linked(demo: AsyncBaseTransport) -> None:
    dealer = Dealer.at(demo)
    assert await dealer.desk.load()
    snapshot = dealer.desk.snapshot
    assert snapshot.bad == ()
    for id, row in snapshot.blocks.items():
        assert {each.id for each in row.allocated.details} <= snapshot.allocations.keys(), id
        assert {each.id for each in row.executed.details} <= snapshot.executions.keys(), id
        held = related(snapshot, Ref(EntityKind.BLOCKS, id))[EntityKind.TRANSACTIONS]
        assert {each.id for each in row.booked.details} == {each.code for each in held}, id
    assert all(snapshot.transactions[id].allocation_id for id in snapshot.transactions)
    await dealer.desk.client.close()


async def test_a_refresh_brings_what_a_colleague_did_and_nothing_else(
    dealer: Dealer, colleague: Dealer
) -> None:
    await dealer.create("BLK_1", ORD_1=100, ORD_2=50)
    await dealer.create("BLK_2", ORD_3=10)
    await dealer.desk.refresh()
    await colleague.desk.refresh()
    dealer.updates.clear()
    await colleague.place("PLC-1", "BLK-1", 150)
    await colleague.fill("EXE-1", "PLC-1", 90)
    await colleague.allocate("PLC-1")

    assert await dealer.desk.refresh()
    update = dealer.updates[-1]
    assert update.deltas[EntityKind.PLACEMENTS].added == {rid("PLC-1")}
    assert update.deltas[EntityKind.ALLOCATIONS].added == {rid("PLC-1-ORD-1"), rid("PLC-1-ORD-2")}
    assert update.deltas[EntityKind.BLOCKS].changed.keys() == {rid("BLK-1")}
    assert {"placed", "executed", "allocated", "derived_state"} <= (
        update.deltas[EntityKind.BLOCKS].changed[rid("BLK-1")]
    )
    assert dealer.desk.snapshot.allocated_of_order(rid("ORD-1")) == 60


async def test_a_refresh_without_changes_is_cheap_and_silent(dealer: Dealer) -> None:
    await dealer.create("BLK_1", ORD_1=100)
    await dealer.desk.refresh()
    await dealer.desk.refresh()
    dealer.updates.clear()
    dealer.line.seen.clear()
    snapshot = dealer.desk.snapshot
    assert await dealer.desk.refresh()
    assert dealer.updates == []
    assert dealer.desk.snapshot is snapshot
    assert len(dealer.line.seen) == 5
    assert sorted(request.url.path for request in dealer.line.seen) == [
        f"/api/api/{kind}" for kind in ("allocations", "blocks", "executions", "orders", "placements")
    ]


async def test_allocations_that_vanished_are_noticed(dealer: Dealer, colleague: Dealer) -> None:
    await dealer.create("BLK_1", ORD_1=100, ORD_2=50)
    await dealer.place("PLC-1", "BLK-1", 150)
    await dealer.fill("EXE-1", "PLC-1", 90)
    await dealer.allocate("PLC-1")
    await colleague.desk.load()
    assert len(colleague.desk.snapshot.allocations) == 2
    await dealer.desk.client.allocations.delete(rid("PLC-1-ORD-2"))
    await dealer.fill("EXE-2", "PLC-1", 5)
    await colleague.desk.refresh()
    assert colleague.desk.snapshot.allocations.keys() == {rid("PLC-1-ORD-1")}


async def test_a_full_load_forgets_what_is_gone(dealer: Dealer, colleague: Dealer) -> None:
    await dealer.create("BLK_1", ORD_1=100, ORD_2=50)
    await colleague.desk.load()
    await dealer.desk.client.orders.delete(rid("ORD-2"))
    await colleague.desk.load()
    assert colleague.desk.snapshot.orders.keys() == {rid("ORD-1")}
    assert colleague.desk.snapshot.orders_of_block(rid("BLK-1")) == (rid("ORD-1"),)


async def test_a_failed_read_leaves_what_was_shown(dealer: Dealer) -> None:
    await dealer.create("BLK_1", ORD_1=100)
    shown = dealer.desk.snapshot
    read_at = dealer.desk.health.read_at
    states = []
    for _ in range(10):
        dealer.line.fail("unreachable", times=100)
        assert not await dealer.desk.refresh()
        dealer.line.mend()
        await dealer.clock.wait(2)
        states.append(dealer.desk.health.state)
    assert states[1:3] == [State.LIVE, State.STALE]
    assert set(states[4:]) == {State.OFFLINE}
    assert dealer.desk.snapshot is shown
    assert dealer.desk.health.read_at == read_at
    assert "No connection" in dealer.desk.health.message
    await dealer.clock.wait(15)
    assert await dealer.desk.refresh()
    assert dealer.desk.health.state is State.LIVE
    assert dealer.desk.health.missed == 0


async def test_a_desk_that_was_never_reached_says_so_at_once(server: AsyncBaseTransport) -> None:
    dealer = Dealer.at(server)
    empty = dealer.desk.snapshot
    dealer.line.fail("unreachable", times=100)
    assert not await dealer.desk.load()
    assert dealer.desk.health.state is State.OFFLINE
    assert dealer.desk.snapshot is empty
    assert not empty.blocks
    assert not empty.complete
    dealer.line.mend()
    assert await dealer.desk.refresh(), "the next poll reads everything"
    assert dealer.desk.snapshot.complete
    await dealer.desk.client.close()


async def test_a_server_that_turns_in_circles_is_left() -> None:
    class Circle(AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            return httpx.Response(200, json={"values": [], "nextPage": "again"})

    dealer = Dealer.at(Circle())
    assert not await dealer.desk.load()
    assert dealer.desk.health.message == "The server gives the same page again and again."
    await dealer.desk.client.close()


class PagesWithoutEnd(AsyncBaseTransport):
    """Gives a new name of a next page for ever, and the rows of ``page`` of each list."""

    def __init__(self, page: Callable[[int], list[object]]) -> None:
        self.page = page
        self.asked = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.asked += 1
        return httpx.Response(200, json={"values": self.page(self.asked), "nextPage": f"page-{self.asked}"})


def order_json(number: int) -> dict[str, object]:
    id = {"scope": "demo", "code": f"ORD-{number}"}
    return {"id": id, "side": "Buy", "instrumentIdentifiers": {}, "quantity": 1}


@pytest.mark.parametrize(
    "page",
    [
        lambda number: [],
        lambda number: [order_json(number % 2)],
        lambda number: [{"id": {"scope": "demo", "code": "X"}, "quantity": "none"}],
    ],
    ids=["empty", "two pages in turn", "unreadable"],
)
async def test_pages_that_go_on_without_a_new_row_are_left(page: Callable[[int], list[object]]) -> None:
    line = PagesWithoutEnd(page)
    dealer = Dealer.at(line)
    assert not await dealer.desk.load()
    assert dealer.desk.health.message == "The server gives page after page without a new row."
    assert dealer.desk.health.state is State.OFFLINE
    assert line.asked < 60
    await dealer.desk.client.close()


async def test_a_list_of_more_rows_than_any_desk_has_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui.api.list_pages.MOST_ROWS_OF_A_LIST", 20)
    dealer = Dealer.at(PagesWithoutEnd(lambda number: [order_json(number)]))
    assert not await dealer.desk.load()
    assert "more than 20 rows in one list" in dealer.desk.health.message
    assert dealer.desk.health.advice == "Name the scopes or the portfolios of this desk in its profile."
    await dealer.desk.client.close()


async def test_a_row_that_cannot_be_read_hides_no_other(server: AsyncBaseTransport) -> None:
    class Odd(AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            answer = await server.handle_async_request(request)
            if not request.url.path.endswith("/orders") or request.method != "GET":
                return answer
            body = json.loads(await answer.aread())
            body["values"].append({"id": "nonsense"})
            return httpx.Response(200, json=body)

    dealer = Dealer.at(Odd())
    await dealer.desk.load()
    await dealer.create("BLK_1", ORD_1=100)
    await dealer.desk.load()
    assert dealer.desk.snapshot.orders.keys() == {rid("ORD-1")}
    assert len(dealer.desk.snapshot.bad) == 1
    await dealer.desk.client.close()


async def test_without_a_token_polling_pauses_until_somebody_signs_on(dealer: Dealer) -> None:
    dealer.line.fail("expired", times=5)
    assert not await dealer.desk.refresh()
    states = [dealer.desk.health.state]
    dealer.line.mend()
    dealer.line.seen.clear()
    assert not await dealer.desk.refresh()
    assert dealer.line.seen == []
    assert await dealer.desk.reload()
    states.append(dealer.desk.health.state)
    assert states == [State.UNAUTHENTICATED, State.LIVE]
    assert await dealer.desk.refresh()


async def test_the_past_can_be_looked_at_and_not_changed(dealer: Dealer) -> None:
    await dealer.create("BLK_1", ORD_1=100)
    then = datetime.now(UTC)
    await dealer.desk.act(CancelOrders((rid("ORD-1"),)))
    assert await dealer.desk.travel(then)
    assert dealer.desk.snapshot.as_at == then
    assert dealer.desk.snapshot.orders[rid("ORD-1")].state == "New"
    report = await dealer.desk.act(PlaceBlocks((placing("PLC-1", "BLK-1", 1),)))
    assert "past" in report.refused[0].reason
    assert dealer.line.sent("placeblocks") == 0
    assert await dealer.desk.travel(None)
    assert dealer.desk.snapshot.orders[rid("ORD-1")].state == "Cancelled"


async def test_a_server_without_an_order_graph_is_read_all_the_same(server: AsyncBaseTransport) -> None:
    first = Dealer.at(server)
    await first.desk.load()
    await first.create("BLK_1", ORD_1=100)
    await first.place("PLC-1", "BLK-1", 40)

    class Old(AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            if "ordergraph" in request.url.path:
                return httpx.Response(501, json={"name": "NotServed"})
            return await server.handle_async_request(request)

    dealer = Dealer.at(Old())
    await dealer.desk.load()
    row = dealer.desk.snapshot.blocks[rid("BLK-1")]
    assert (row.ordered.quantity, row.placed.quantity, row.derived_state) == (
        Decimal(100),
        Decimal(40),
        "Partially placed",
    )
    await dealer.fill("EXE-1", "PLC-1", 40)
    assert dealer.desk.snapshot.blocks[rid("BLK-1")].executed.quantity == 40
    for each in (first, dealer):
        await each.desk.client.close()


async def test_a_write_during_a_load_is_not_undone_by_an_older_page(busy: AsyncBaseTransport) -> None:
    """Pages show the desk as it was when the load began; what was read again since then stays."""
    dealer = Dealer.at(busy)
    wanted = PlaceBlocks((placing("PLC-NEW", "X", 1),)).requests[0]
    sent: list[str] = []

    async def act_meanwhile(request: httpx.Request) -> None:
        if len(dealer.desk.snapshot.blocks) < 400 or sent:
            return
        sent.append("now")
        block = next(
            row.block
            for row in reversed((await dealer.desk.client.list(operations.GRAPH_BLOCKS, limit=5000)).values)
            if row.block.order_ids and not row.placed.quantity and row.ordered.quantity
        )
        assert block.id not in dealer.desk.snapshot.blocks, "its page has not been read yet"
        request_ = replace(
            wanted,
            block_ids=(block.id,),
            instrument_identifiers=block.instrument_identifiers,
            side=block.side,
            type=block.type or "Market",
            time_in_force=block.time_in_force or "Day",
            limit_price=block.limit_price,
            stop_price=block.stop_price,
        )
        report = await dealer.desk.act(PlaceBlocks((request_,)))
        assert report.done, report.sentence()
        dealer.updates.clear()
        sent.append(block.id.code)

    dealer.line.before = act_meanwhile
    await dealer.desk.load()
    assert len(dealer.updates) > 3
    for update in dealer.updates:
        row = next(row for id, row in update.new.blocks.items() if id.code == sent[1])
        assert row.placed.quantity == 1, "also in between"
    assert rid("PLC-NEW") in dealer.desk.snapshot.placements
    await dealer.desk.client.close()


async def test_totals_read_before_a_change_are_read_again(dealer: Dealer, colleague: Dealer) -> None:
    """A colleague fills while the load is between the blocks' page and the executions'."""
    await dealer.create("BLK_1", ORD_1=100)
    await dealer.place("PLC-1", "BLK-1", 100)
    await colleague.desk.load()

    async def fill_meanwhile(request: httpx.Request) -> None:
        if request.url.path.endswith("/executions"):
            dealer.line.before = None
            await colleague.fill("EXE-1", "PLC-1", 30)

    dealer.line.before = fill_meanwhile
    await dealer.desk.load()
    await dealer.desk.refresh()
    assert rid("EXE-1") in dealer.desk.snapshot.executions
    assert dealer.desk.snapshot.blocks[rid("BLK-1")].executed.quantity == 30


async def test_the_market_can_be_stepped_and_a_refresh_shows_its_fills() -> None:
    embedded = await seeded_server(market=True)
    dealer = Dealer.at(asgi_transport(embedded.app))
    await dealer.desk.load()
    before = len(dealer.desk.snapshot.executions)
    paused = await dealer.desk.market.change(running=False)
    assert paused is not None
    assert not paused.running
    stepped = await dealer.desk.market.change(steps=20)
    assert stepped is not None
    assert stepped.fills > 0
    await dealer.desk.refresh()
    assert len(dealer.desk.snapshot.executions) == before + stepped.fills
    await dealer.desk.client.close()
    await embedded.close()


async def test_a_desk_that_only_polls_ends_up_where_a_fresh_load_does() -> None:
    """A day with the market and a busy colleague, seen in small steps, is the day seen at once."""
    embedded = await seeded_server(market=True)
    transport = asgi_transport(embedded.app)
    watcher, colleague = Dealer.at(transport), Dealer.at(transport)
    for each in (watcher, colleague):
        await each.desk.load()
    await colleague.desk.market.change(running=False)
    for _ in range(8):
        await colleague.desk.market.change(steps=10)
        await colleague.desk.refresh()
        snapshot = colleague.desk.snapshot
        filled = [
            id
            for id in snapshot.placements
            if (snapshot.executed_of_placement(id) or 0) > (snapshot.allocated_of_placement(id) or 0)
        ]
        await colleague.desk.act(Allocate(tuple(filled[:5])))
        shares = [
            id for id in colleague.desk.snapshot.allocations if not colleague.desk.snapshot.is_booked(id)
        ]
        await colleague.desk.act(BookTransactions(tuple(shares[:6])))
        live = [id for id, row in snapshot.placements.items() if row.state in ("New", "PartiallyFilled")]
        await colleague.desk.act(CancelPlacements(tuple(live[:1])))
        await watcher.desk.refresh()
    fresh = Dealer.at(transport)
    await fresh.desk.load()
    for kind in EntityKind:
        seen, there = watcher.desk.snapshot.rows(kind), fresh.desk.snapshot.rows(kind)
        assert seen.keys() == there.keys(), kind
        assert [id for id in there if seen[id] != there[id]] == [], kind
    assert len(fresh.desk.snapshot.transactions) > 20
    for each in (watcher, colleague, fresh):
        await each.desk.client.close()
    await embedded.close()


async def test_a_server_without_a_market_has_none(dealer: Dealer) -> None:
    assert await dealer.desk.market.status() is None
    assert await dealer.desk.market.change(running=True) is None


async def test_a_load_says_what_it_has_read_until_it_is_done(busy: AsyncBaseTransport) -> None:
    dealer = Dealer.at(busy)
    told = []
    dealer.desk.subscribe(lambda update: told.append(dealer.desk.progress))
    await dealer.desk.load()
    first = told[0]
    assert first is not None
    assert first.read == {EntityKind.BLOCKS: 200}
    assert EntityKind.BLOCKS not in first.done
    assert first.left(EntityKind.BLOCKS) is None, "nobody knows how many there are"
    assert first.left(EntityKind.EXECUTIONS) == first.named[EntityKind.EXECUTIONS] > 0
    assert dealer.desk.progress is None, "nothing is being read now"
    await dealer.desk.client.close()
