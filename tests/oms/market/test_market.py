"""The simulated market: its fills and prices, and how it pauses, steps and restarts."""

from __future__ import annotations

import asyncio
import dataclasses
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest
from msgspec.structs import replace

from tests.oms.request_bodies import everything
from tui.api.base import CurrencyAndAmount, ResourceId
from tui.api.entity_relations import EXECUTIONS_OF_PLACEMENT
from tui.api.http import asgi_transport
from tui.api.models import Execution, Placement
from tui.api.requests import (
    BlockRequest,
    BlockSetRequest,
    ExecutionRequest,
    ExecutionSetRequest,
    PlaceBlocksRequest,
    PlacementRequest,
    PlacementSetRequest,
    PlacementUpdateRequest,
)
from tui.oms.demo.universe import DemoInstrument, instrument_table, instruments
from tui.oms.domain.clock import VirtualClock
from tui.oms.domain.refusals import Refusal
from tui.oms.engine import commands
from tui.oms.engine.engine import Engine
from tui.oms.market import REASON_PROPERTY, Market, MarketRules
from tui.oms.market import simulation as running
from tui.oms.run.embedded import Embedded
from tui.oms.store import StoreError

OPENING = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
APPLE = instruments()[0]
VODAFONE = next(instrument for instrument in instruments() if instrument.ticker == "VOD")
GILT = next(instrument for instrument in instruments() if instrument.ticker == "UKT 4.5 09/07/34")


@pytest.fixture
def engine() -> Iterator[Engine]:
    engine = Engine.open(None, instrument_table)
    yield engine
    engine.close()


STEADY = MarketRules(reject_one_in=0, late_fill_one_in=0, halt_one_in=0)
"""A market without random events."""
WITHOUT_CALM_PERIOD = replace(STEADY, calm_period=timedelta())
"""A market in which an event of odds one in one occurs from the first tick on."""


def open_market(engine: Engine, *, seed: int = 7, rules: MarketRules = STEADY) -> Market:
    return Market(engine, instruments(), seed=seed, clock=VirtualClock(OPENING), rules=rules)


def id_of(code: str) -> ResourceId:
    return ResourceId("demo", code)


def place_block(
    engine: Engine,
    code: str,
    quantity: int | None,
    instrument: DemoInstrument = APPLE,
    *,
    amount: str | None = None,
    side: str = "Buy",
    limit: str | None = None,
    stop: str | None = None,
    state: str | None = None,
    time_in_force: str = "Day",
    at: datetime = OPENING,
) -> PlacementRequest:
    """Place an unsolicited block with a counterparty, sized by units or by an amount of money."""

    def money(amount: str | None) -> CurrencyAndAmount | None:
        return CurrencyAndAmount(amount=Decimal(amount), currency=instrument.currency) if amount else None

    type = ("StopLimit" if limit else "Stop") if stop else ("Limit" if limit else "Market")
    block = BlockRequest(
        id=id_of(f"BLK-{code}"),
        order_ids=(),
        instrument_identifiers=instrument.identifiers,
        quantity=None if quantity is None else Decimal(quantity),
        amount=money(amount),
        side=side,
        type=type,
        time_in_force=time_in_force,
        created_date=at,
        limit_price=money(limit),
        stop_price=money(stop),
    )
    placement = PlacementRequest(
        id=id_of(code),
        block_ids=(block.id,),
        instrument_identifiers=instrument.identifiers,
        quantity=block.quantity,
        amount=block.amount,
        state=state,
        side=side,
        time_in_force=time_in_force,
        type=type,
        created_date=at,
        limit_price=block.limit_price,
        stop_price=block.stop_price,
        counterparty="ALBN",
    )
    engine.write(commands.upsert_blocks, BlockSetRequest(requests=(block,)), user="dlr.chen", now=at)
    body = PlaceBlocksRequest(requests=(placement,))
    engine.write(commands.place_blocks, body, user="dlr.chen", now=at)
    return placement


def fills(engine: Engine, code: str) -> list[Execution]:
    return engine.read(lambda store: list(store.related(EXECUTIONS_OF_PLACEMENT, id_of(code))))


def stored_placement(engine: Engine, code: str) -> Placement:
    placement = engine.read(lambda store: store.get(Placement, id_of(code)))
    assert placement is not None
    return placement


def state_of(engine: Engine, code: str) -> str | None:
    return stored_placement(engine, code).state


def reason_of(engine: Engine, code: str) -> str | None:
    said = (stored_placement(engine, code).properties or {}).get(REASON_PROPERTY)
    return said.value.label_value if said and said.value else None


def cancel(engine: Engine, code: str, at: datetime = OPENING) -> None:
    engine.write(commands.cancel_placements, {"c": id_of(code)}, user="dlr.chen", now=at)


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


# -- random events -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("side", "instrument", "limit", "why"),
    [
        ("Buy", VODAFONE, "0.95", r"ALBN: the limit 0\.95 is more than 10% through the market, 0\.8\d+"),
        ("SellShort", VODAFONE, "0.70", r"ALBN: the limit 0\.70 is more than 10% through the market, .*"),
        ("Buy", GILT, "106.000", r"ALBN: the limit 106\.000 is more than 5% through the market, .*"),
        ("Sell", VODAFONE, "82.00", r"ALBN: the limit 82\.00 is nowhere near the market, 0\.8\d+"),
        ("Buy", VODAFONE, "0.0082", r"ALBN: the limit 0\.0082 is nowhere near the market, .*"),
    ],
)
def test_a_limit_beyond_the_collar_is_rejected_with_the_reason(
    engine: Engine, side: str, instrument: DemoInstrument, limit: str, why: str
) -> None:
    market = open_market(engine)
    place_block(engine, "PLC-1", 100_000, instrument, side=side, limit=limit)
    assert market.step(200) == 0
    assert state_of(engine, "PLC-1") == "Rejected"
    assert re.fullmatch(why, reason_of(engine, "PLC-1") or "")
    assert market.status()["rejected"] == 1


def test_a_limit_in_foreign_money_is_rejected(engine: Engine) -> None:
    market = open_market(engine)
    place_block(engine, "PLC-1", 1_000, replace_currency(VODAFONE, "USD"), limit="0.82")
    market.step()
    assert reason_of(engine, "PLC-1") == "ALBN: VOD trades in GBP, not in USD"


def replace_currency(instrument: DemoInstrument, currency: str) -> DemoInstrument:
    return dataclasses.replace(instrument, currency=currency)


def test_a_broker_rejects_one_in_so_many_and_says_why(engine: Engine) -> None:
    market = open_market(engine, rules=replace(WITHOUT_CALM_PERIOD, reject_one_in=3))
    codes = [f"PLC-{number}" for number in range(30)]
    for code in codes:
        place_block(engine, code, 1_000)
    market.step(20)
    refused = [code for code in codes if state_of(engine, code) == "Rejected"]
    assert 2 < len(refused) < 25
    for code in refused:
        assert fills(engine, code) == []
        assert (reason_of(engine, code) or "").startswith("ALBN: ")
    assert market.status()["rejected"] == len(refused)


def test_no_random_event_occurs_in_the_calm_period(engine: Engine) -> None:
    market = open_market(engine, rules=MarketRules(reject_one_in=1, late_fill_one_in=1, halt_one_in=1))
    market.step()
    for number in range(5):
        place_block(engine, f"PLC-{number}", 100_000)
    market.step(100)
    cancel(engine, "PLC-0")
    market.step(40)
    status = market.status()
    assert (status["rejected"], status["late"], status["halts"]) == (0, 0, [])
    assert status["fills"] > 0


def test_what_was_working_before_the_market_is_never_rejected(engine: Engine) -> None:
    place_block(engine, "PLC-1", 1_000, limit="900.00")
    open_market(engine, rules=replace(WITHOUT_CALM_PERIOD, reject_one_in=1)).step(100)
    assert state_of(engine, "PLC-1") != "Rejected"


def test_a_fill_may_cross_the_cancel_and_arrives_soon_after_it(engine: Engine) -> None:
    market = open_market(engine, rules=replace(WITHOUT_CALM_PERIOD, late_fill_one_in=1))
    place_block(engine, "PLC-1", 50_000)
    market.step(100)
    before = fills(engine, "PLC-1")
    cancelled = market.status()["time"]
    cancel(engine, "PLC-1", cancelled)
    market.step(5)
    after = fills(engine, "PLC-1")
    assert len(after) == len(before) + 1
    late = after[-1]
    assert late.created_date <= cancelled, "it traded before the cancel"
    assert late.version is not None
    assert late.version.as_at_created is not None
    assert cancelled < late.version.as_at_created <= cancelled + timedelta(seconds=10)
    assert late.properties is not None
    assert [each.value.label_value for each in late.properties.values() if each.value] == [
        "Traded before the cancel arrived"
    ]
    assert state_of(engine, "PLC-1") == "Cancelled"
    market.step(500)
    assert len(fills(engine, "PLC-1")) == len(after), "one late fill, and no more"
    assert market.status()["late"] == 1


def test_an_instrument_that_is_halted_does_not_trade_until_the_halt_is_over(engine: Engine) -> None:
    market = open_market(engine)
    place_block(engine, "PLC-1", 900_000, VODAFONE)
    place_block(engine, "PLC-2", 1_000, VODAFONE, state="Suspended")
    place_block(engine, "PLC-3", 900_000)
    market.step(60)
    before = len(fills(engine, "PLC-1"))
    assert before > 0
    market.halt("vod")
    market.step(100)
    assert (state_of(engine, "PLC-1"), state_of(engine, "PLC-3")) == ("Suspended", "PartiallyFilled")
    assert reason_of(engine, "PLC-1") == "VOD is halted"
    assert len(fills(engine, "PLC-1")) == before
    (halt,) = market.status()["halts"]
    assert (halt["ticker"], halt["secondsLeft"]) == ("VOD", 100)
    market.step(60)
    assert state_of(engine, "PLC-1") == "PartiallyFilled"
    assert reason_of(engine, "PLC-1") is None
    market.step(60)
    assert len(fills(engine, "PLC-1")) > before
    assert state_of(engine, "PLC-2") == "Suspended", "somebody else held that one"


def test_a_halt_can_be_lifted_and_one_comes_by_chance(engine: Engine) -> None:
    market = open_market(engine)
    market.halt(VODAFONE.isin)
    market.lift(VODAFONE.luid)
    assert market.status()["halts"] == []
    with pytest.raises(ValueError, match="'XYZ' does not trade on the simulated market"):
        market.halt("XYZ")
    halting = open_market(engine, rules=replace(WITHOUT_CALM_PERIOD, halt_one_in=1))
    halting.step(3)
    assert len(halting.status()["halts"]) in (2, 3)


def test_a_halted_placement_whose_limit_was_amended_is_held_too(engine: Engine) -> None:
    market = open_market(engine)
    place_block(engine, "PLC-1", 1_000, VODAFONE, limit="0.60")
    update = PlacementUpdateRequest(id=id_of("PLC-1"), limit_price=Decimal("0.61"))
    engine.write(commands.update_placements, {"u": update}, user="dlr.okafor", now=OPENING)
    market.halt("VOD")
    market.step()
    assert state_of(engine, "PLC-1") == "Suspended"
    assert market.status()["refused"] == 0


# -- trading day and time in force ------------------------------------------------------------------------

EVENING = replace(STEADY, first_day_elapsed=timedelta(hours=8, minutes=29))
TICKS_TO_CLOSE = 30


def test_day_placements_expire_at_the_close_and_others_work_on_tomorrow(engine: Engine) -> None:
    market = open_market(engine, rules=EVENING)
    place_block(engine, "PLC-1", 900_000, VODAFONE)
    place_block(engine, "PLC-2", 900_000, VODAFONE, time_in_force="GoodTilCancel")
    assert (market.status()["phase"], market.status()["secondsLeft"]) == ("Open", 60)
    market.step(TICKS_TO_CLOSE)
    assert (market.status()["phase"], market.status()["secondsLeft"]) == ("Closed", 600)
    place_block(engine, "PLC-3", 900_000, VODAFONE, at=market.status()["time"])
    before = market.status()["fills"]
    assert market.step(299) == 0
    assert (state_of(engine, "PLC-1"), reason_of(engine, "PLC-1")) == ("Expired", "The day is over")
    assert market.status()["phase"] == "Closed"
    market.step(60)
    assert market.status()["phase"] == "Open"
    assert market.status()["fills"] > before
    assert {state_of(engine, "PLC-2"), state_of(engine, "PLC-3")} <= {"New", "PartiallyFilled"}
    assert sum(fill.quantity for fill in fills(engine, "PLC-2")) > 0
    assert market.status()["time"].strftime("%A %H:%M") == "Monday 00:32", "it opens where it would have"


def test_immediate_or_cancel_fills_what_is_available_and_cancels_the_rest(engine: Engine) -> None:
    place_block(engine, "PLC-1", 5_000_000, VODAFONE, time_in_force="ImmediateOrCancel")
    place_block(engine, "PLC-2", 100, VODAFONE, time_in_force="IOC")
    place_block(engine, "PLC-3", 100, VODAFONE, time_in_force="IOC", limit="0.50")
    open_market(engine).step()
    assert state_of(engine, "PLC-1") == "Cancelled"
    assert reason_of(engine, "PLC-1") == "IOC: the rest did not trade at once"
    (fill,) = fills(engine, "PLC-1")
    assert 0 < fill.quantity < 100_000
    assert state_of(engine, "PLC-2") == "Filled"
    assert (state_of(engine, "PLC-3"), fills(engine, "PLC-3")) == ("Cancelled", [])


def test_fill_or_kill_is_all_or_nothing(engine: Engine) -> None:
    place_block(engine, "PLC-1", 5_000_000, VODAFONE, time_in_force="FillOrKill")
    place_block(engine, "PLC-2", 3_000, VODAFONE, time_in_force="FOK")
    open_market(engine).step()
    assert (state_of(engine, "PLC-1"), fills(engine, "PLC-1")) == ("Cancelled", [])
    assert state_of(engine, "PLC-2") == "Filled"
    assert [fill.quantity for fill in fills(engine, "PLC-2")] == [3_000]


def test_fresh_placements_are_filled_within_seconds(engine: Engine) -> None:
    market = open_market(engine)
    place_block(engine, "PLC-1", 10_000)
    market.step(10)
    assert fills(engine, "PLC-1")


def test_ids_continue_after_those_of_an_earlier_run(engine: Engine) -> None:
    place_block(engine, "PLC-1", 50_000)
    first = open_market(engine)
    first.step(300)
    done = [fill.id.code for fill in fills(engine, "PLC-1")]
    engine.write(commands.delete_execution, id_of(done[-1]), user="mo.lindqvist", now=OPENING)
    open_market(engine).step(100)
    codes = [fill.id.code for fill in fills(engine, "PLC-1")]
    assert codes == [f"EXE-M-{number:06d}" for number in range(1, len(codes) + 2) if number != len(done)]


def test_a_taken_id_is_never_overwritten(engine: Engine) -> None:
    place_block(engine, "PLC-1", 50_000)
    market = open_market(engine)
    market.step(60)
    last = fills(engine, "PLC-1")[-1]
    number = int(last.id.code.rpartition("-")[2])
    theirs = id_of(f"EXE-M-{number + 2:06d}")
    mine = ExecutionRequest(
        id=theirs,
        placement_id=last.placement_id,
        instrument_identifiers=last.instrument_identifiers,
        quantity=Decimal(7),
        state="PartiallyFilled",
        side=last.side,
        type="Market",
        created_date=OPENING,
        price=last.price,
        settlement_currency="USD",
        settlement_currency_fx_rate=Decimal(1),
        counterparty="KEYS",
    )
    body = ExecutionSetRequest(requests=(mine,))
    engine.write(commands.upsert_executions, body, user="dlr.chen", now=OPENING)
    market.step(200)
    kept = engine.read(lambda store: store.get(Execution, theirs))
    assert kept is not None
    assert (kept.quantity, kept.counterparty) == (Decimal(7), "KEYS")


def refusing(*_: Any) -> Any:
    raise Refusal("InvalidPlacementState", "The placement is cancelled.", "E1")


def test_a_refused_fill_is_counted_and_reported(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    place_block(engine, "PLC-1", 1_000)
    market = open_market(engine)
    monkeypatch.setattr(running, "upsert_executions", refusing)
    assert market.step(100) == 0
    status = market.status()
    assert status["refused"] > 0
    assert status["running"] is True
    assert re.fullmatch(r"EXE-M-\d{6} was not filled: The placement is cancelled\.", status["trouble"])


def test_a_full_disk_pauses_the_market_and_says_why(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any, **__: Any) -> Any:
        raise StoreError("Nothing was written: database or disk is full.")

    place_block(engine, "PLC-1", 1_000)
    market = open_market(engine)
    monkeypatch.setattr(engine, "write", full)
    market.step(100)
    assert market.status()["running"] is False
    assert market.status()["trouble"] == "Nothing was written: database or disk is full."


@pytest.mark.parametrize("speed", ["0", "-1", "101", "0.001"])
def test_an_impossible_speed_is_refused_in_words(engine: Engine, speed: str) -> None:
    market = open_market(engine)
    with pytest.raises(ValueError, match=r"must be between 0\.01 and 100"):
        market.set_speed(Decimal(speed))
    assert market.status()["speed"] == 1


class CountedMarket(Market):
    """A market that notifies the test of every step."""

    def on_step(self, heard: Callable[[], None]) -> None:
        self._heard = heard

    def step(self, n: int = 1) -> int:
        done = super().step(n)
        self._heard()
        return done


async def test_the_market_runs_by_itself_and_can_be_paused_and_resumed(engine: Engine) -> None:
    place_block(engine, "PLC-1", 10_000)
    market = CountedMarket(engine, instruments(), clock=VirtualClock(OPENING))
    loop, stepped = asyncio.get_running_loop(), asyncio.Event()

    def wake() -> None:
        loop.call_soon_threadsafe(stepped.set)

    market.on_step(wake)
    market.set_speed(Decimal(100))
    market.pause()
    running = asyncio.create_task(market.run())
    for _ in range(5):
        await engine.run(int)
    assert market.status()["steps"] == 0

    market.resume()
    await asyncio.wait_for(stepped.wait(), 10)
    assert market.status()["steps"] >= 1

    with pytest.raises(RuntimeError, match="running already"):
        await market.run()

    market.pause()
    await engine.run(int)
    paused_at = market.status()["steps"]
    assert await engine.run(market.step, 3) >= 0
    assert market.status()["steps"] == paused_at + 3, "single steps work while it is paused"

    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
