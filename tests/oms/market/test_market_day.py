"""The trading day, time in force, execution ids, and how the market runs, pauses and fails."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from tests.oms.market.market_desk import (
    OPENING,
    STEADY,
    VODAFONE,
    fills,
    id_of,
    open_market,
    place_block,
    reason_of,
    state_of,
)
from tui.api.models import Execution
from tui.api.requests import (
    ExecutionRequest,
    ExecutionSetRequest,
)
from tui.oms.demo.universe import instruments
from tui.oms.domain.clock import VirtualClock
from tui.oms.domain.refusals import Refusal
from tui.oms.engine import commands
from tui.oms.engine.engine import Engine
from tui.oms.market import Market
from tui.oms.market import simulation as running
from tui.oms.store import StoreError

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
