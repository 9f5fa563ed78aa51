"""Rejections, late fills and halts of the simulated market."""

from __future__ import annotations

import dataclasses
import re
from datetime import timedelta
from decimal import Decimal

import pytest
from msgspec.structs import replace

from tests.oms.market.market_desk import (
    GILT,
    OPENING,
    VODAFONE,
    WITHOUT_CALM_PERIOD,
    cancel,
    fills,
    id_of,
    open_market,
    place_block,
    reason_of,
    state_of,
)
from tui.api.requests import (
    PlacementUpdateRequest,
)
from tui.oms.demo.universe import DemoInstrument
from tui.oms.engine import commands
from tui.oms.engine.engine import Engine
from tui.oms.market import MarketRules


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
