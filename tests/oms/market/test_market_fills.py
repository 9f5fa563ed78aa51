"""The fills of the simulated market: quantities, prices, limits, stops and volume."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest
from msgspec.structs import replace

from tests.oms.market.market_desk import (
    APPLE,
    GILT,
    OPENING,
    STEADY,
    VODAFONE,
    cancel,
    fills,
    id_of,
    open_market,
    place_block,
    state_of,
)
from tests.oms.request_bodies import everything
from tui.api.base import CurrencyAndAmount
from tui.api.http import asgi_transport
from tui.api.requests import (
    BlockRequest,
    BlockSetRequest,
    PlaceBlocksRequest,
    PlacementSetRequest,
)
from tui.oms.domain.clock import VirtualClock
from tui.oms.engine import commands
from tui.oms.engine.engine import Engine
from tui.oms.market import MarketRules
from tui.oms.run.embedded import Embedded


def test_a_placement_fills_little_by_little_until_nothing_is_left(engine: Engine) -> None:
    place_block(engine, "PLC-1", 10_000)
    assert open_market(engine).step(2_000) == len(fills(engine, "PLC-1"))
    executions = fills(engine, "PLC-1")
    assert len(executions) > 5
    assert sum(fill.quantity for fill in executions) == 10_000
    assert [fill.state for fill in executions] == ["PartiallyFilled"] * (len(executions) - 1) + ["Filled"]
    assert state_of(engine, "PLC-1") == "Filled"


def test_a_sum_of_money_buys_a_bond_at_its_price_for_a_hundred(engine: Engine) -> None:
    place_block(engine, "PLC-1", None, GILT, amount="1000000")
    open_market(engine).step(4_000)
    spent = sum(fill.quantity * (fill.price.amount or 0) / 100 for fill in fills(engine, "PLC-1"))
    assert 999_000 < spent <= 1_000_000


def test_a_fill_says_how_it_settles(engine: Engine) -> None:
    place_block(engine, "PLC-1", 100_000, VODAFONE)
    open_market(engine).step(200)
    fill = fills(engine, "PLC-1")[0]
    assert fill.id == id_of("EXE-M-000001")
    assert OPENING < fill.created_date <= OPENING + timedelta(seconds=400)
    assert fill.settlement_date == datetime(2026, 11, 24, tzinfo=UTC), "two weekdays after that Friday"
    assert (fill.settlement_currency, fill.settlement_currency_fx_rate) == ("GBP", Decimal(1))
    assert fill.counterparty == "ALBN"
    assert fill.price.amount is not None
    assert fill.price.amount % VODAFONE.tick == 0
    assert abs(fill.price.amount / VODAFONE.price - 1) < Decimal("0.02")


@pytest.mark.parametrize(
    ("side", "limit"),
    [("Buy", "229.90"), ("Sell", "230.10"), ("BuyToCover", "229.90"), ("SellShort", "230.10")],
)
def test_nothing_is_filled_beyond_its_limit(engine: Engine, side: str, limit: str) -> None:
    place_block(engine, "PLC-1", 10_000, side=side, limit=limit)
    open_market(engine).step(3_000)
    prices = [fill.price.amount for fill in fills(engine, "PLC-1")]
    assert prices, "the price swings by more than that in 100 minutes"
    for price in prices:
        assert price is not None
        assert price <= Decimal(limit) if side.startswith("Buy") else price >= Decimal(limit)


def test_a_limit_out_of_reach_rests(engine: Engine) -> None:
    place_block(engine, "PLC-1", 1_000, limit="150.00")
    place_block(engine, "PLC-2", 1_000, side="Sell", limit="400.00")
    assert open_market(engine).step(1_000) == 0


def test_a_stop_waits_until_it_is_reached(engine: Engine) -> None:
    place_block(engine, "PLC-1", 1_000, side="Sell", stop="150.00")
    place_block(engine, "PLC-2", 1_000, side="Sell", stop="400.00")
    open_market(engine).step(500)
    assert (state_of(engine, "PLC-1"), state_of(engine, "PLC-2")) == ("New", "Filled")


@pytest.mark.parametrize("state", ["PendingNew", "Suspended", "Rejected", "Awaiting call back", "Expired"])
def test_only_live_placements_are_filled(engine: Engine, state: str) -> None:
    place_block(engine, "PLC-1", 1_000, state=state)
    assert open_market(engine).step(500) == 0
    assert state_of(engine, "PLC-1") == state


@pytest.mark.parametrize("state", ["WORKING", "ack", "Partial"])
def test_working_states_are_recognised_in_any_spelling(engine: Engine, state: str) -> None:
    place_block(engine, "PLC-1", 1_000, state=state)
    open_market(engine).step(1_000)
    assert state_of(engine, "PLC-1") == "Filled"


def test_a_cancelled_placement_gets_no_more(engine: Engine) -> None:
    place_block(engine, "PLC-1", 50_000)
    market = open_market(engine)
    market.step(100)
    before = len(fills(engine, "PLC-1"))
    assert before > 0
    cancel(engine, "PLC-1")
    assert market.step(300) == 0
    assert len(fills(engine, "PLC-1")) == before


def test_a_placement_of_money_buys_what_the_money_buys(engine: Engine) -> None:
    million = CurrencyAndAmount(amount=Decimal(1_000_000), currency="USD")
    unsized = place_block(engine, "PLC-1", 1)
    block = BlockRequest(
        id=id_of("BLK-2"),
        order_ids=(),
        instrument_identifiers=APPLE.identifiers,
        amount=million,
        side="Buy",
        type="Market",
        time_in_force="Day",
        created_date=OPENING,
    )
    placement = replace(unsized, id=id_of("PLC-2"), block_ids=(block.id,), quantity=None, amount=million)
    engine.write(commands.upsert_blocks, BlockSetRequest(requests=(block,)), user="dlr.chen", now=OPENING)
    engine.write(
        commands.place_blocks, PlaceBlocksRequest(requests=(placement,)), user="dlr.chen", now=OPENING
    )
    open_market(engine).step(3_000)
    executions = fills(engine, "PLC-2")
    spent = sum(fill.quantity * (fill.price.amount or 0) for fill in executions)
    assert Decimal(999_000) < spent <= Decimal(1_000_000)
    assert executions[-1].state == "Filled"


def test_children_are_filled_and_their_parent_is_not(engine: Engine) -> None:
    parent = place_block(engine, "PLC-1", 2_000)
    children = tuple(
        replace(parent, id=id_of(code), parent_placement_id=parent.id, quantity=Decimal(1_000))
        for code in ("PLC-1-1", "PLC-1-2")
    )
    engine.write(
        commands.upsert_placements, PlacementSetRequest(requests=children), user="dlr.chen", now=OPENING
    )
    open_market(engine).step(2_000)
    assert fills(engine, "PLC-1") == []
    for child in children:
        assert sum(fill.quantity for fill in fills(engine, child.id.code)) == 1_000


async def a_day(seed: int) -> tuple[list[bytes], dict[str, Any]]:
    """Trade for a while on a new server: place, cancel, halt; return all its lists and its market."""
    rules = MarketRules(calm_period=timedelta(), reject_one_in=3, late_fill_one_in=1, halt_one_in=40)
    embedded = await Embedded.open(None, seed=seed, start=OPENING, clock=VirtualClock(OPENING), rules=rules)
    market = "http://embedded/market"
    try:
        transport = asgi_transport(embedded.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://embedded/api") as server:
            await server.post(market, json={"running": False})
            for number in range(12):
                placement = f"PLC-{number}"
                block = {
                    "id": {"scope": "demo", "code": f"BLK-N{number}"},
                    "instrumentIdentifiers": APPLE.identifiers,
                    "quantity": 200000,
                    "side": "Buy",
                    "type": "Market",
                    "timeInForce": "Day",
                    "createdDate": "2026-11-20T09:00:00Z",
                }
                id = {"scope": "demo", "code": placement}
                assert (await server.post("/api/blocks", json={"requests": [block]})).is_success
                placed = {**block, "id": id, "blockIds": [block["id"]]}
                path = "/api/ordermanagement/placeblocks"
                assert (await server.post(path, json={"requests": [placed]})).is_success
                if number == 5:
                    await server.post(market, json={"halt": "VOD"})
                await server.post(market, json={"steps": 15})
                if number % 2:
                    await server.post("/api/ordermanagement/$cancelplacements", json={"c": id})
            await server.post(market, json={"steps": 20})
            return await everything(server), (await server.get(market)).json()
    finally:
        await embedded.close()


async def test_one_seed_gives_one_day() -> None:
    first, market = await a_day(7)
    assert market["fills"] > 30
    assert market["late"] > 0, "a cancel crossed a fill"
    assert market["rejected"] > 0
    assert (await a_day(7)) == (first, market), "two servers answer the same bytes"
    assert (await a_day(8))[0] != first


@pytest.mark.long
def test_a_fill_takes_its_share_of_the_volume_and_a_day_has_only_so_much(engine: Engine) -> None:
    share = replace(STEADY, first_day_elapsed=timedelta(), tick=timedelta(minutes=1), ticks_per_fill=1)
    place_block(engine, "PLC-1", 10_000_000, GILT)
    place_block(engine, "PLC-2", 100_000_000, VODAFONE)
    open_market(engine, rules=share).step(500)
    assert VODAFONE.adv is not None
    done = sum(fill.quantity for fill in fills(engine, "PLC-2"))
    assert VODAFONE.adv * share.participation / 2 < done <= VODAFONE.adv * share.max_volume_share
    per_tick = VODAFONE.adv / share.ticks_a_day
    assert max(fill.quantity for fill in fills(engine, "PLC-2")) <= per_tick, "a tenth of the heaviest minute"
    assert {fill.quantity % 100 for fill in fills(engine, "PLC-2")} == {0}, "in lots"
    capped = replace(share, max_volume_share=Decimal("0.01"))
    place_block(engine, "PLC-3", 100_000_000, VODAFONE)
    cancel(engine, "PLC-2")
    open_market(engine, rules=capped).step(500)
    assert sum(fill.quantity for fill in fills(engine, "PLC-3")) <= VODAFONE.adv / 100


def test_the_open_and_the_close_are_heavier_than_noon(engine: Engine) -> None:
    heavy = replace(
        STEADY,
        first_day_elapsed=timedelta(),
        tick=timedelta(minutes=1),
        ticks_per_fill=1,
        max_slice=Decimal(1),
    )
    place_block(engine, "PLC-1", 100_000_000, VODAFONE)
    open_market(engine, rules=heavy).step(500)
    by_half_hour = [Decimal(0)] * 17
    for fill in fills(engine, "PLC-1"):
        by_half_hour[min(16, (fill.created_date - OPENING) // timedelta(minutes=30))] += fill.quantity
    assert min(by_half_hour[0], by_half_hour[16]) > 2 * by_half_hour[8] > 0
