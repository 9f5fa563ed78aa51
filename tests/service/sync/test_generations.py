"""Older servers, and what a tolerant client makes of them (contract section 7, T1 to T10)."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest
from msgspec.structs import replace

from tests.api.faults import Script, json_answer
from tests.decimals import decimals
from tests.service.dealer import FIGI, OPENING, Dealer, moving_on, rid, usd
from tui.api import codec, operations
from tui.api.base import PerpetualProperty
from tui.api.client import Client
from tui.api.errors import NotSent, NotServed, Refused
from tui.api.generations import NEWEST_ONLY, absent_in, fitted
from tui.api.http import AsyncBaseTransport, Http, asgi_transport
from tui.api.models import Block, Order
from tui.api.requests import (
    BlockAndOrdersCreateRequest,
    BlockAndOrdersRequest,
    BlockedOrderRequest,
    BlockRequest,
    BookTransactionsRequest,
    History,
    OrderRequest,
    OrderUpdateRequest,
    PlacementUpdateRequest,
)
from tui.oms.engine.engine import Engine
from tui.oms.http.app import Server, ServerSettings
from tui.service.history import entries
from tui.service.outcomes import Status
from tui.service.snapshot.snapshot import EMPTY
from tui.service.verbs import (
    BookTransactions,
    CancelOrders,
    SweepBlocks,
    UpdateOrders,
)
from tui.service.verbs.allocations import OLDER_FORM, UNMARKED

OLDER_PATHS = ("allocate", "booktransactions")


class Older(AsyncBaseTransport):
    """The server of the older document before the real one: it allocates and books, the latter by a list.

    It has nothing newer; ``graph`` says whether it serves the order graph.
    """

    def __init__(self, server: AsyncBaseTransport, *, graph: bool = True) -> None:
        self._server = server
        self._graph = graph
        self.bodies: list[Any] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        tail = request.url.path.rpartition("/ordermanagement/")
        if tail[1] and tail[2] not in OLDER_PATHS:
            return httpx.Response(404, text="Not Found")
        if "/ordergraph/" in request.url.path and not self._graph:
            return httpx.Response(404, text="Not Found")
        if tail[2] == "booktransactions":
            body = json.loads(request.content)
            self.bodies.append(body)
            if not isinstance(body, list):
                detail = "The JSON value could not be converted to System.Collections.Generic.List."
                return json_answer(400, {"name": "InvalidRequest", "code": 157, "detail": detail})
            assert not request.url.params, "the older form has no switches"
        return await self._server.handle_async_request(request)


@pytest.fixture
async def newest(engine: Engine) -> AsyncIterator[Dealer]:
    """A dealer beside the older servers, who knows everything: it prepares what they cannot."""
    made = Dealer.at(asgi_transport(Server(engine)))
    await made.desk.load()
    yield made
    await made.desk.client.close()


async def filled(dealer: Dealer) -> None:
    await dealer.create("BLK_1", ORD_1=100, ORD_2=50)
    await dealer.place("PLC-1", "BLK-1", 150)
    await dealer.fill("EXE-1", "PLC-1", 150)


class TestOnAServerOf21:
    @pytest.fixture
    async def dealer(self, engine: Engine) -> AsyncIterator[Dealer]:
        made = Dealer.at(asgi_transport(Server(engine, ServerSettings(generation="2.1"))), generation="2.1")
        await made.desk.load()
        yield made
        await made.desk.client.close()

    async def test_orders_go_all_the_way_to_the_ledger(self, dealer: Dealer) -> None:
        await filled(dealer)
        assert (await dealer.allocate("PLC-1")).done
        report = await dealer.book("PLC-1-ORD-1")
        assert report.done[0].note.endswith(UNMARKED)
        block = dealer.desk.snapshot.blocks[rid("BLK-1")]
        assert (block.ordered.quantity, block.allocated.quantity, block.booked.quantity) == decimals(
            150, 150, 100
        )
        assert dealer.desk.snapshot.allocations[rid("PLC-1-ORD-1")].state != "Booked"
        assert dealer.journal.open_intents() == ()

    async def test_t8_nothing_is_sent_that_only_newer_servers_know(self, dealer: Dealer) -> None:
        await filled(dealer)
        await dealer.allocate("PLC-1")
        await dealer.book("PLC-1-ORD-1")
        [placed] = [each for each in dealer.line.seen if each.url.path.endswith("placeblocks")]
        assert json.loads(placed.content)["requests"][0]["state"] == "New", "which older servers require"
        [booked] = [each for each in dealer.line.seen if each.url.path.endswith("booktransactions")]
        assert dict(booked.url.params) == {"applyFeesAndCommission": "true"}

    async def test_t8_what_needs_a_newer_server_is_refused_in_words_before_it_is_sent(
        self, dealer: Dealer
    ) -> None:
        await filled(dealer)
        dealer.line.seen.clear()
        verb = UpdateOrders((OrderUpdateRequest(id=rid("ORD-1"), date=OPENING),))
        words = "ORD-1: a server of generation 2.1 takes no date here."
        assert dealer.desk.preview(verb).hard == (words,)
        report = await dealer.desk.act(verb)
        assert report.refused[0].reason == words
        assert dealer.line.sent("updateorders") == 0
        assert dealer.journal.open_intents() == ()

    async def test_t10_what_came_later_is_known_to_be_absent_without_asking(self, dealer: Dealer) -> None:
        managing = {each.name for each in operations.OPERATIONS}
        assert set(dealer.desk.absent) & managing == {
            "cancel_orders_and_move_remaining",
            "run_allocation_service_with_weights",
            "sweep_blocks",
        }
        report = await dealer.desk.act(SweepBlocks((rid("BLK-1"),), "now"))
        assert "generation 2.1 cannot do this" in report.refused[0].reason
        assert dealer.line.sent("SweepBlocks") == 0


class TestOnAServerOf10:
    async def test_t4_booking_is_sent_as_a_list_at_once(self, newest: Dealer) -> None:
        await filled(newest)
        await newest.allocate("PLC-1")
        older = Older(newest.line.server)
        dealer = Dealer.at(older, generation="1.0")
        await dealer.desk.load()
        report = await dealer.book("PLC-1-ORD-1")
        assert older.bodies == [[{"scope": "Desk", "code": "PLC-1-ORD-1"}]]
        assert OLDER_FORM in report.done[0].note

    async def test_t4_a_server_that_does_not_take_the_object_gets_the_list_once(self, newest: Dealer) -> None:
        await filled(newest)
        await newest.allocate("PLC-1")
        older = Older(newest.line.server)
        dealer = Dealer.at(older)
        await dealer.desk.load()
        report = await dealer.book("PLC-1-ORD-1")
        assert [type(body) for body in older.bodies] == [dict, list]
        assert OLDER_FORM in report.done[0].note
        sent = [each for each in dealer.line.seen if "booktransactions" in each.url.path]
        assert len({each.headers["idempotency-key"] for each in sent}) == 2, "another body, another key"
        kept = [json.loads(line)["body"] for line in dealer.journal.texts() if b'"booktransactions"' in line]
        assert kept == [json.loads(each.content) for each in sent], "the journal has both forms"

    async def test_t4_a_refusal_of_another_kind_is_not_tried_again(self, newest: Dealer) -> None:
        await filled(newest)
        await newest.allocate("PLC-1")
        refusal = json_answer(400, {"code": 157, "detail": "The allocation is closed for the day."})
        script = Script(refusal)
        client = Client(Http("http://desk.example/api", transport=script))
        booking = BookTransactions((rid("PLC-1-ORD-1"),))
        with pytest.raises(Refused, match="closed for the day") as caught:
            await client.send(booking.build(client, "K-1"))
        assert booking.build_again(client, "K-1", caught.value) is None

    async def test_t4_properties_are_not_dropped_in_silence(self, newest: Dealer) -> None:
        properties = {"Transaction/Desk/Desk": PerpetualProperty(key="Transaction/Desk/Desk")}
        client = Client(Http("http://desk.example/api", transport=Script()), "1.0")
        with pytest.raises(NotSent, match="takes no properties"):
            BookTransactions((rid("A"),), properties=properties).build(client)

    async def test_t10_only_allocating_and_booking_are_there(self, newest: Dealer) -> None:
        dealer = Dealer.at(Older(newest.line.server), generation="1.0")
        await dealer.desk.load()
        managing = {each.name for each in operations.OPERATIONS}
        assert dealer.desk.absent == absent_in("1.0")
        assert len(dealer.desk.absent.keys() & managing) == 11
        report = await dealer.create("BLK_1", ORD_1=100)
        assert "generation 1.0 cannot do this: Create orders" in report.refused[0].reason

    async def test_t10_without_an_order_graph_the_desk_adds_up_itself(self, newest: Dealer) -> None:
        await filled(newest)
        await newest.allocate("PLC-1")
        dealer = Dealer.at(Older(newest.line.server, graph=False))
        await dealer.desk.load()
        theirs, ours = newest.desk.snapshot.blocks, dealer.desk.snapshot.blocks
        assert {
            id: (b.ordered.quantity, b.placed.quantity, b.allocated.quantity) for id, b in ours.items()
        } == {id: (b.ordered.quantity, b.placed.quantity, b.allocated.quantity) for id, b in theirs.items()}
        assert ours[rid("BLK-1")].derived_state == theirs[rid("BLK-1")].derived_state


@pytest.mark.parametrize("status", [404, 405, 501])
async def test_t10_a_call_the_server_turns_out_not_to_have_is_remembered(status: int) -> None:
    script = Script(httpx.Response(status))
    client = Client(Http("http://desk.example/api", transport=script))
    with pytest.raises(NotServed) as caught:
        await client.send(moving_on("ORD-1", "BLK-9").build(client))
    assert caught.value.advice == "This server does not offer it."
    assert set(client.absent) == {"cancel_orders_and_move_remaining"}


async def test_t10_an_entity_that_is_not_there_says_nothing_about_the_server(newest: Dealer) -> None:
    client = newest.desk.client
    with pytest.raises(Refused):
        await client.orders.get(rid("ORD-404"))
    known = dict(client.absent)
    await newest.desk.act(CancelOrders((rid("ORD-404"),)))
    assert client.absent == known
    assert not known.keys() & {"get_order", "cancel_orders"}


class TestFitting:
    """Each request as T8 sends it to an older server."""

    BLOCK = BlockRequest(
        id=rid("B"),
        order_ids=(),
        instrument_identifiers=FIGI,
        quantity=Decimal(0),
        side="Buy",
        type="Market",
        time_in_force="Day",
        created_date=OPENING,
    )
    ORDER = OrderRequest(id=rid("O"), instrument_identifiers=FIGI, quantity=Decimal(1), side="Buy")

    def test_the_newest_server_gets_everything(self) -> None:
        request = replace(self.ORDER, weight=Decimal("0.1"), quantity=None)
        assert fitted(request, "latest") is request

    @pytest.mark.parametrize("generation", ["2.1", "1.0"])
    def test_what_means_nothing_there_is_left_out(self, generation: Any) -> None:
        assert fitted(replace(self.BLOCK, is_swept=False), generation) == self.BLOCK
        asked = BookTransactionsRequest(allocation_ids=(rid("A"),), fx_instrument_type="None")
        assert codec.encode(fitted(asked, generation)) == b'{"allocationIds":[{"scope":"Desk","code":"A"}]}'

    @pytest.mark.parametrize(
        ("request_", "why"),
        [
            (replace(ORDER, weight=Decimal("0.1")), "O: a server of generation 2.1 takes no weight here."),
            (replace(ORDER, amount=usd("1000")), "takes no amount"),
            (replace(ORDER, custodian_account_id=rid("C")), "takes no custodian account"),
            (replace(ORDER, quantity=None), "needs a quantity"),
            (replace(BLOCK, is_swept=True), "takes no swept mark"),
            (replace(BLOCK, type=None), "needs a type"),
            (OrderUpdateRequest(id=rid("O"), side="Sell"), "takes no side"),
            (PlacementUpdateRequest(id=rid("P"), limit_price=Decimal(1)), "takes no limit price"),
            (BookTransactionsRequest(allocation_ids=(), fx_instrument_type="FxSpot"), "no fx instrument"),
        ],
    )
    def test_what_the_request_is_about_is_refused_in_words(self, request_: Any, why: str) -> None:
        with pytest.raises(NotSent, match=why.replace(".", r"\.")):
            fitted({"k": (request_,)}, "2.1")

    def _pair(self, block: str | None, *sides: str | None) -> BlockAndOrdersRequest:
        orders = tuple(
            BlockedOrderRequest(id=rid(f"O-{n}"), quantity=Decimal(1), side=side)
            for n, side in enumerate(sides)
        )
        return BlockAndOrdersRequest(
            block_id=rid("B"), orders=orders, instrument_identifiers=FIGI, side=block, date=OPENING
        )

    @pytest.mark.parametrize(("block", "sides"), [("Buy", ("Buy", None)), (None, ("Buy", "Buy"))])
    def test_the_side_of_orders_goes_to_their_block(self, block: str | None, sides: tuple[str, ...]) -> None:
        request = fitted(self._pair(block, *sides), "2.1")
        assert (request.side, [order.side for order in request.orders]) == ("Buy", [None, None])

    @pytest.mark.parametrize(("block", "sides"), [("Buy", ("Sell",)), (None, ("Buy", "Sell"))])
    def test_sides_that_differ_need_a_newer_server(self, block: str | None, sides: tuple[str, ...]) -> None:
        with pytest.raises(NotSent, match="side here"):
            fitted(self._pair(block, *sides), "2.1")

    def test_every_member_named_is_one_of_its_request(self) -> None:
        for kind, members in NEWEST_ONLY.items():
            assert set(members) <= set(kind.__struct_fields__), kind


async def test_an_older_history_is_cut_at_the_moment_asked_for(engine: Engine, newest: Dealer) -> None:
    await newest.create("BLK_1", ORD_1=100)
    client = Client(
        Http("http://e/api", transport=asgi_transport(Server(engine, ServerSettings(generation="2.1")))),
        "2.1",
    )
    everything = await client.get_order_history(rid("ORD-1"))
    assert everything
    long_ago = datetime.now(UTC) - timedelta(days=1)
    assert await client.get_order_history(rid("ORD-1"), as_at=long_ago) == ()
    await client.close()


class TestTolerance:
    """T1, T2, T3, T5, T6, T7 and T9."""

    def test_t1_unknown_members_are_ignored_and_missing_ones_are_null(self) -> None:
        raw = b"""{"id":{"scope":"S","code":"O","nextCentury":1},"instrumentIdentifiers":{},"side":"Buy",
            "lusidInstrumentId":"L","quantumState":{"a":[1]}}"""
        order = codec.decode(Order, raw)
        assert (order.id.code, order.quantity, order.state, order.version) == ("O", None, None, None)

    def test_t2_quantity_swept_basis_and_version_are_never_required(self) -> None:
        raw = b"""{"id":{"scope":"S","code":"B"},"orderIds":[],"instrumentIdentifiers":{},"side":"Buy",
            "lusidInstrumentId":"L","createdDate":"2026-11-20T09:00:00Z"}"""
        block = codec.decode(Block, raw)
        assert (block.quantity, block.is_swept, block.basis, block.version) == (None, None, None, None)

    @pytest.mark.parametrize(
        ("value", "shown"),
        [
            ('"New"', "New"),
            ("55.50", "55.50"),
            ("true", "true"),
            ('{"labelValue":"Momentum"}', "Momentum"),
            ('{"metricValue":{"value":1.5,"unit":"USD"}}', "1.5 USD"),
            ('{"labelValueSet":{"values":["a","b"]}}', "a, b"),
        ],
    )
    def test_t3_a_value_of_the_history_is_shown_whatever_it_is(self, value: str, shown: str) -> None:
        raw = f'{{"values":[{{"attributeName":"x","newValue":{value}}}]}}'.encode()
        [entry] = entries(rid("O"), codec.decode(History, raw).values, EMPTY)
        assert entry.new == shown

    @pytest.mark.parametrize(
        "dates",
        [
            '"effectiveFrom":"2026-11-20T09:00:00Z","effectiveUntil":"2026-11-21T09:00:00Z"',
            '"effectiveRange":{"fromDate":"2026-11-20T09:00:00Z","untilDate":"2026-11-21T09:00:00Z"}',
        ],
    )
    def test_t3_both_forms_of_the_effective_dates_are_read(self, dates: str) -> None:
        items = codec.decode(History, f'{{"values":[{{{dates}}}]}}'.encode()).values
        [entry] = entries(rid("O"), items, EMPTY)
        assert (entry.effective_from, entry.effective_until) == (OPENING, OPENING + timedelta(days=1))

    async def test_t5_a_success_with_failures_is_both(self, newest: Dealer) -> None:
        await newest.create("BLK_1", ORD_1=100)
        report = await newest.desk.act(CancelOrders((rid("ORD-1"), rid("ORD-404"))))
        assert [each.ref.id.code for each in report.done] == ["ORD-1"]
        assert [each.ref.id.code for each in report.refused] == ["ORD-404"]

    @pytest.mark.parametrize("key", ["1", "Scope:Desk Code:ORD-1"])
    async def test_t6_a_failure_is_found_under_either_key(self, key: str) -> None:
        detail = {"id": key, "type": "OrderNotFound", "detail": "No such order."}
        script = Script(json_answer(200, {"values": {}, "failed": {key: detail}}))
        verb = CancelOrders((rid("ORD-1"),))
        client = Client(Http("http://desk.example", transport=script))
        request = verb.build(client)
        [outcome] = verb.outcomes(verb.read(await client.send(request), request))
        assert (outcome.status, outcome.reason) == (Status.REFUSED, "No such order.")

    async def test_an_item_in_neither_map_is_unknown(self) -> None:
        script = Script(json_answer(200, {"values": {}, "failed": {"99": {"detail": "Not ours."}}}))
        verb = CancelOrders((rid("ORD-1"),))
        client = Client(Http("http://desk.example", transport=script))
        request = verb.build(client)
        answer = verb.read(await client.send(request), request)
        assert [each.status for each in verb.outcomes(answer)] == [Status.UNKNOWN]

    @pytest.mark.parametrize("status", [200, 201])
    async def test_t7_200_and_201_are_alike(self, status: int) -> None:
        script = Script(json_answer(status, {"values": []}))
        client = Client(Http("http://desk.example", transport=script))
        made = await client.call(operations.CREATE_ORDERS, BlockAndOrdersCreateRequest(requests=()))
        assert made.values == ()

    @pytest.mark.parametrize("digits", range(8))
    def test_t9_dates_have_up_to_seven_digits_of_a_second(self, digits: int) -> None:
        fraction = "." + "0" * digits if digits else ""
        for zone in ("Z", "+00:00"):
            raw = f'{{"values":[{{"asAtModified":"2026-11-20T09:00:00{fraction}{zone}"}}]}}'.encode()
            [item] = codec.decode(History, raw).values
            assert item.as_at_modified == OPENING
