"""Helpers of the tests of the simulated market: a market, placements on it, and their outcomes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from msgspec.structs import replace

from tui.api.base import CurrencyAndAmount, ResourceId
from tui.api.entity_relations import EXECUTIONS_OF_PLACEMENT
from tui.api.models import Execution, Placement
from tui.api.requests import (
    BlockRequest,
    BlockSetRequest,
    PlaceBlocksRequest,
    PlacementRequest,
)
from tui.oms.demo.universe import DemoInstrument, instruments
from tui.oms.domain.clock import VirtualClock
from tui.oms.engine import commands
from tui.oms.engine.engine import Engine
from tui.oms.market import REASON_PROPERTY, Market, MarketRules

OPENING = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
APPLE = instruments()[0]
VODAFONE = next(instrument for instrument in instruments() if instrument.ticker == "VOD")
GILT = next(instrument for instrument in instruments() if instrument.ticker == "UKT 4.5 09/07/34")

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
