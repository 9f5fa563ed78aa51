"""The simulated market: what it fills, at which prices, and how it is paused, stepped and restarted."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from tui.api.models import Execution, Placement
from tui.api.requests import (
    BlockRequest,
    BlockSetRequest,
    ExecutionRequest,
    ExecutionSetRequest,
    PlaceBlocksRequest,
    PlacementRequest,
    PlacementSetRequest,
)
from tui.api.shapes import CurrencyAndAmount, ResourceId
from tui.oms import commands, market
from tui.oms.book import EXECUTIONS_OF_PLACEMENT
from tui.oms.clock import VirtualClock
from tui.oms.demo.instruments import Instrument, instruments
from tui.oms.demo.seeding import seed
from tui.oms.engine import Engine
from tui.oms.market import Market
from tui.oms.refusals import Refusal
from tui.oms.store import StoreError

OPENING = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
APPLE = instruments()[0]
VODAFONE = next(instrument for instrument in instruments() if instrument.ticker == "VOD")
GILT = next(instrument for instrument in instruments() if instrument.ticker == "UKT 4.5 09/07/34")


@pytest.fixture
def engine() -> Iterator[Engine]:
    engine = Engine.open(None)
    yield engine
    engine.close()


def opened(engine: Engine, *, seed: int = 7) -> Market:
    return Market(engine, instruments(), seed=seed, clock=VirtualClock(OPENING))


def id_of(code: str) -> ResourceId:
    return ResourceId("demo", code)


def placed(
    engine: Engine,
    code: str,
    quantity: int | None,
    instrument: Instrument = APPLE,
    *,
    amount: str | None = None,
    side: str = "Buy",
    limit: str | None = None,
    stop: str | None = None,
    state: str | None = None,
) -> PlacementRequest:
    """Place an unsolicited block of its own with a counterparty, sized by units or by an amount of money."""

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
        time_in_force="Day",
        created_date=OPENING,
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
        time_in_force="Day",
        type=type,
        created_date=OPENING,
        limit_price=block.limit_price,
        stop_price=block.stop_price,
        counterparty="ALBN",
    )
    engine.write(commands.upsert_blocks, BlockSetRequest(requests=(block,)), user="dlr.chen", now=OPENING)
    body = PlaceBlocksRequest(requests=(placement,))
    engine.write(commands.place_blocks, body, user="dlr.chen", now=OPENING)
    return placement


def fills(engine: Engine, code: str) -> list[Execution]:
    return engine.read(lambda store: list(store.related(EXECUTIONS_OF_PLACEMENT, id_of(code))))


def state_of(engine: Engine, code: str) -> str | None:
    placement = engine.read(lambda store: store.get(Placement, id_of(code)))
    assert placement is not None
    return placement.state


def test_a_placement_fills_little_by_little_until_nothing_is_left(engine: Engine) -> None:
    placed(engine, "PLC-1", 10_000)
    assert opened(engine).step(2_000) == len(fills(engine, "PLC-1"))
    executions = fills(engine, "PLC-1")
    assert len(executions) > 10
    assert sum(fill.quantity for fill in executions) == 10_000
    assert [fill.state for fill in executions] == ["PartiallyFilled"] * (len(executions) - 1) + ["Filled"]
    assert state_of(engine, "PLC-1") == "Filled"


def test_a_sum_of_money_buys_a_bond_at_its_price_for_a_hundred(engine: Engine) -> None:
    placed(engine, "PLC-1", None, GILT, amount="1000000")
    opened(engine).step(4_000)
    spent = sum(fill.quantity * (fill.price.amount or 0) / 100 for fill in fills(engine, "PLC-1"))
    assert 999_000 < spent <= 1_000_000


def test_a_fill_says_how_it_settles(engine: Engine) -> None:
    placed(engine, "PLC-1", 100_000, VODAFONE)
    opened(engine).step(200)
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
    placed(engine, "PLC-1", 10_000, side=side, limit=limit)
    opened(engine).step(3_000)
    prices = [fill.price.amount for fill in fills(engine, "PLC-1")]
    assert prices, "the price swings by more than that in 100 minutes"
    for price in prices:
        assert price is not None
        assert price <= Decimal(limit) if side.startswith("Buy") else price >= Decimal(limit)


def test_a_limit_out_of_reach_rests(engine: Engine) -> None:
    placed(engine, "PLC-1", 1_000, limit="150.00")
    placed(engine, "PLC-2", 1_000, side="Sell", limit="400.00")
    assert opened(engine).step(1_000) == 0


def test_a_stop_waits_until_it_is_reached(engine: Engine) -> None:
    placed(engine, "PLC-1", 1_000, side="Sell", stop="150.00")
    placed(engine, "PLC-2", 1_000, side="Sell", stop="400.00")
    opened(engine).step(500)
    assert (state_of(engine, "PLC-1"), state_of(engine, "PLC-2")) == ("New", "Filled")


@pytest.mark.parametrize("state", ["PendingNew", "Suspended", "Rejected", "Awaiting call back", "Expired"])
def test_only_live_placements_are_filled(engine: Engine, state: str) -> None:
    placed(engine, "PLC-1", 1_000, state=state)
    assert opened(engine).step(500) == 0
    assert state_of(engine, "PLC-1") == state


@pytest.mark.parametrize("state", ["WORKING", "ack", "Partial"])
def test_live_is_live_in_any_spelling(engine: Engine, state: str) -> None:
    placed(engine, "PLC-1", 1_000, state=state)
    opened(engine).step(1_000)
    assert state_of(engine, "PLC-1") == "Filled"


def test_a_cancelled_placement_gets_no_more(engine: Engine) -> None:
    placed(engine, "PLC-1", 50_000)
    market = opened(engine)
    market.step(100)
    before = len(fills(engine, "PLC-1"))
    assert before > 0
    engine.write(commands.cancel_placements, {"c": id_of("PLC-1")}, user="dlr.chen", now=OPENING)
    assert market.step(300) == 0
    assert len(fills(engine, "PLC-1")) == before


def test_a_placement_of_money_buys_what_the_money_buys(engine: Engine) -> None:
    million = CurrencyAndAmount(amount=Decimal(1_000_000), currency="USD")
    unsized = placed(engine, "PLC-1", 1)
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
    opened(engine).step(3_000)
    executions = fills(engine, "PLC-2")
    spent = sum(fill.quantity * (fill.price.amount or 0) for fill in executions)
    assert Decimal(999_000) < spent <= Decimal(1_000_000)
    assert executions[-1].state == "Filled"


def test_children_are_filled_and_their_parent_is_not(engine: Engine) -> None:
    parent = placed(engine, "PLC-1", 2_000)
    children = tuple(
        replace(parent, id=id_of(code), parent_placement_id=parent.id, quantity=Decimal(1_000))
        for code in ("PLC-1-1", "PLC-1-2")
    )
    engine.write(
        commands.upsert_placements, PlacementSetRequest(requests=children), user="dlr.chen", now=OPENING
    )
    opened(engine).step(2_000)
    assert fills(engine, "PLC-1") == []
    for child in children:
        assert sum(fill.quantity for fill in fills(engine, child.id.code)) == 1_000


def test_one_seed_gives_one_day() -> None:
    def day(number: int) -> list[tuple[Any, ...]]:
        engine = Engine.open(None)
        try:
            seed(engine, size="demo", start=OPENING)
            opened(engine, seed=number).step(150)
            return engine.read(
                lambda store: store.connection.execute(
                    "SELECT code, text FROM version WHERE code LIKE 'EXE-M-%' ORDER BY seq"
                ).fetchall()
            )
        finally:
            engine.close()

    first = day(7)
    assert len(first) > 30
    assert day(7) == first
    assert day(8) != first


def test_ids_go_on_where_an_earlier_run_ended(engine: Engine) -> None:
    placed(engine, "PLC-1", 50_000)
    first = opened(engine)
    first.step(300)
    done = [fill.id.code for fill in fills(engine, "PLC-1")]
    engine.write(commands.delete_execution, id_of(done[-1]), user="mo.lindqvist", now=OPENING)
    opened(engine).step(100)
    codes = [fill.id.code for fill in fills(engine, "PLC-1")]
    assert codes == [f"EXE-M-{number:06d}" for number in range(1, len(codes) + 2) if number != len(done)]


def test_a_taken_id_is_never_overwritten(engine: Engine) -> None:
    placed(engine, "PLC-1", 50_000)
    market = opened(engine)
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


def test_a_refused_fill_is_counted_and_told(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    placed(engine, "PLC-1", 1_000)
    market_ = opened(engine)
    monkeypatch.setattr(market, "upsert_executions", refusing)
    assert market_.step(100) == 0
    status = market_.status()
    assert status["refused"] > 0
    assert status["running"] is True
    assert re.fullmatch(r"EXE-M-\d{6} was not filled: The placement is cancelled\.", status["trouble"])


def test_a_full_disk_pauses_the_market_and_says_why(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any, **__: Any) -> Any:
        raise StoreError("Nothing was written: database or disk is full.")

    placed(engine, "PLC-1", 1_000)
    market = opened(engine)
    monkeypatch.setattr(engine, "write", full)
    market.step(100)
    assert market.status()["running"] is False
    assert market.status()["trouble"] == "Nothing was written: database or disk is full."


@pytest.mark.parametrize("speed", ["0", "-1", "101", "0.001"])
def test_an_impossible_speed_is_refused_in_words(engine: Engine, speed: str) -> None:
    market = opened(engine)
    with pytest.raises(ValueError, match=r"is not from 0\.01 to 100"):
        market.set_speed(Decimal(speed))
    assert market.status()["speed"] == 1


class Counted(Market):
    """A market that tells the test of every step it took."""

    def watch(self, heard: Callable[[], None]) -> None:
        self._heard = heard

    def step(self, n: int = 1) -> int:
        done = super().step(n)
        self._heard()
        return done


async def test_it_goes_by_itself_and_can_be_paused_and_resumed(engine: Engine) -> None:
    placed(engine, "PLC-1", 10_000)
    market = Counted(engine, instruments(), clock=VirtualClock(OPENING))
    loop, stepped = asyncio.get_running_loop(), asyncio.Event()
    market.watch(lambda: loop.call_soon_threadsafe(stepped.set))
    market.set_speed(Decimal(100))
    market.pause()
    running = asyncio.create_task(market.run())
    for _ in range(5):
        await engine.run(int)
    assert market.status()["steps"] == 0

    market.resume()
    await asyncio.wait_for(stepped.wait(), 10)
    assert market.status()["steps"] >= 1

    with pytest.raises(RuntimeError, match="open already"):
        await market.run()

    market.pause()
    await engine.run(int)
    paused_at = market.status()["steps"]
    assert await engine.run(market.step, 3) >= 0
    assert market.status()["steps"] == paused_at + 3, "single steps work while it is paused"

    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
