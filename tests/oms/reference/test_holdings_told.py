"""Holdings of the embedded server: opening positions, what is booked since, and what orders will add."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest

from tests.oms.contract_scenario import MANAGE, play
from tests.oms.reference.tenant import TenantAnswers, tenant
from tests.oms.request_bodies import an_order, put, usd
from tests.paths import EXAMPLES
from tui.api.base import CurrencyAndAmount, ResourceId
from tui.api.http import asgi_transport
from tui.api.reference_models import PortfolioDetails
from tui.oms.demo.situations import SITUATIONS
from tui.oms.demo.universe import instrument_table, instruments
from tui.oms.domain.clock import VirtualClock
from tui.oms.engine.engine import Engine
from tui.oms.http.app import Server
from tui.oms.reference.source import ReferenceSource
from tui.oms.reference.tables import OpeningPosition, ReferenceTables, folded

GROWTH = ResourceId("Desk", "GROWTH")
AAPL = "LUID_0000AAPL"
FRIDAY = "2026-11-20T16:00:00Z"
"""The afternoon of the contract's story: its trades settle four days later."""
JSON = {"content-type": "application/json"}


def held(luid: str, units: str, cost: str) -> OpeningPosition:
    return OpeningPosition(luid, Decimal(units), CurrencyAndAmount(amount=Decimal(cost), currency="USD"))


def tables() -> ReferenceTables:
    """Return what the portfolio of the contract's story held before it."""
    opening = (
        held(AAPL, "1000", "150000"),
        held("LUID_51VP18C1", "200000", "197200.0"),
        held("CCY_USD", "250000.0", "250000.0"),
    )
    details = PortfolioDetails(origin_portfolio_id=GROWTH, base_currency="USD")
    return ReferenceTables(opening={folded(GROWTH): opening}, details={folded(GROWTH): details})


@pytest.fixture
async def engine() -> AsyncIterator[Engine]:
    """A desk on the morning of the contract's story."""
    made = Engine.open(None, instrument_table, clock=VirtualClock(datetime(2026, 11, 20, 9, tzinfo=UTC)))
    yield made
    made.close()


@pytest.fixture
async def growth(engine: Engine) -> AsyncIterator[TenantAnswers]:
    """The contract's story up to its allocations, over a portfolio that held something before it."""
    source = ReferenceSource(tables)
    transport = asgi_transport(Server(engine, reference=source))
    async with httpx.AsyncClient(transport=transport, base_url="http://embedded") as http:
        await play(http, last="09_run_allocation_service")
        yield TenantAnswers(http)


async def book(growth: TenantAnswers, *codes: str) -> None:
    ids = [{"scope": "Desk", "code": code} for code in codes]
    answer = await growth.http.post(f"{MANAGE}/booktransactions", json={"allocationIds": ids}, headers=JSON)
    assert not answer.json()["failed"]


async def lines(growth: TenantAnswers, *, orders: bool = False, **query: str) -> list[dict[str, Any]]:
    path = "holdingsWithOrders" if orders else "holdings"
    told = await growth.get(f"transactionportfolios/Desk/GROWTH/{path}", **{"effectiveAt": FRIDAY, **query})
    values: list[dict[str, Any]] = told["values"]
    return values


def example(name: str) -> list[dict[str, Any]]:
    values: list[dict[str, Any]] = json.loads((EXAMPLES / f"{name}.response.json").read_text())["values"]
    return values


async def test_what_is_booked_adds_to_what_was_held_as_the_contract_has_it(growth: TenantAnswers) -> None:
    await book(growth, "PLC-1-ORD-1", "PLC-1-ORD-4")
    assert await lines(growth) == example("35_get_holdings")


async def test_open_orders_add_a_line_each_and_one_of_their_cash(growth: TenantAnswers) -> None:
    await book(growth, "PLC-1-ORD-1", "PLC-1-ORD-4")
    assert await lines(growth, orders=True) == example("35_get_holdings_with_orders")


async def test_an_allocation_that_is_not_booked_is_a_line_of_its_own(growth: TenantAnswers) -> None:
    await book(growth, "PLC-1-ORD-1")
    told = [(each["holdingType"], each["units"]) for each in await lines(growth, orders=True)]
    assert ("P", 1071) in told
    assert [each for each in told if each[0] in ("L", "O")] == [("L", 21), ("O", 29), ("O", 9)]
    cash = [each["units"] for each in await lines(growth, orders=True) if each["holdingType"] == "OL"]
    assert cash == [-3981.8625]


async def test_units_settle_with_their_trade_and_its_cash_becomes_a_balance(growth: TenantAnswers) -> None:
    await book(growth, "PLC-1-ORD-1", "PLC-1-ORD-4")
    before, after = await lines(growth), await lines(growth, effectiveAt="2026-12-01T00:00:00Z")
    assert [each["units"] for each in before if each["holdingType"] == "C"] == [-13462.4875, -3981.8625]
    settled = {each["holdingType"]: (each["units"], each["settledUnits"]) for each in reversed(after)}
    assert settled == {"B": (232555.65, 232555.65), "P": (1092, 1092)}


async def test_a_trade_after_the_moment_asked_for_has_not_happened(growth: TenantAnswers) -> None:
    await book(growth, "PLC-1-ORD-1")
    [trade] = (await growth.get("transactionportfolios/Desk/GROWTH/transactions"))["values"]
    traded = datetime.fromisoformat(trade["transactionDate"])
    for moment, units in ((traded - timedelta(microseconds=1), 1000), (traded, 1071)):
        told = await lines(growth, effectiveAt=moment.isoformat())
        assert [each["units"] for each in told if each["instrumentUid"] == AAPL] == [units]


async def test_holdings_are_told_as_they_were_known_at_an_earlier_moment(growth: TenantAnswers) -> None:
    before = (await growth.get("metadata/asat"))["asAt"]
    await book(growth, "PLC-1-ORD-1")
    told = await lines(growth, asAt=before)
    assert [each["units"] for each in told if each["instrumentUid"] == AAPL] == [1000]


async def test_one_instrument_may_be_asked_for(growth: TenantAnswers) -> None:
    told = await lines(growth, orders=True, filter=f"instrumentUid eq '{AAPL}' and units gt 100")
    assert [(each["holdingType"], each["units"]) for each in told] == [("P", 1000)]
    path = "transactionportfolios/Desk/GROWTH/holdings"
    assert await growth.get(path, filter="colour eq 'red'") == (400, 151)
    assert await growth.get(path, effectiveAt="soon") == (400, 151)


async def test_an_open_sale_is_negative_and_its_cash_positive(engine: Engine, growth: TenantAnswers) -> None:
    sale = an_order("SELL-1", side="Sell", quantity=Decimal(40), limit_price=usd("200"))
    engine.write(put, [sale], user="pm1")
    told = await lines(growth, orders=True)
    assert [(each["holdingType"], each["units"]) for each in told][-2:] == [("O", -40), ("OC", 8000)]


async def test_an_order_nothing_resolves_is_told_with_a_warning(
    engine: Engine, growth: TenantAnswers
) -> None:
    odd = an_order("ODD-1", lusid_instrument_id="LUID_ZZZZZZZZ", quantity=Decimal(5), limit_price=usd("1"))
    engine.write(put, [odd], user="pm1")
    told = await growth.get("transactionportfolios/Desk/GROWTH/holdingsWithOrders", effectiveAt=FRIDAY)
    assert [each["units"] for each in told["values"] if each["instrumentUid"] == "LUID_ZZZZZZZZ"] == [5]
    assert told["warnings"][0]["entityId"] == "Desk/ODD-1"


async def test_a_portfolio_nobody_knows_has_no_holdings_and_one_that_is_traded_has(
    growth: TenantAnswers,
) -> None:
    assert await growth.get("transactionportfolios/Desk/NOPE/holdings") == (404, -1)
    told = await growth.get("transactionportfolios/Desk/INCOME/holdingsWithOrders", effectiveAt=FRIDAY)
    assert {each["holdingType"] for each in told["values"]} <= {"O", "OC", "L", "OL"}
    assert told["values"]


# -- the demo ---------------------------------------------------------------------------------------------


async def test_the_demos_funds_hold_what_its_orders_sell() -> None:
    async with tenant() as demo:
        held: dict[tuple[str, str], Decimal] = {}
        empty = []
        for each in (await demo.get("portfolios"))["values"]:
            scope, code = each["id"]["scope"], each["id"]["code"]
            told = await demo.get(f"transactionportfolios/{scope}/{code}/holdings")
            if not told["values"]:
                empty.append(code)
            for line in told["values"]:
                key = (code, line["instrumentUid"])
                if scope == "demo" and line["holdingType"] == "P":
                    held[key] = held.get(key, Decimal(0)) + Decimal(str(line["units"]))
        assert empty == ["PRIV-CRED"]
        assert sum(units < 0 for units in held.values()) == 1
        luids = {known.ticker: known.luid for known in instruments()}
        for situation in SITUATIONS:
            for code, units in situation.orders.items() if situation.side == "Sell" else ():
                assert held[code, luids[situation.ticker]] >= units, (code, situation.ticker)


async def test_a_position_may_be_held_in_two_rows() -> None:
    async with tenant() as demo:
        told = await demo.get("transactionportfolios/demo/GLB-CORE/holdings")
        rows = [each for each in told["values"] if each["holdingType"] == "P"]
        twice = {each["instrumentUid"] for each in rows if each["subHoldingKeys"]}
        assert len(twice) == 1
        assert sum(each["instrumentUid"] in twice for each in rows) == 2


def test_equal_seeds_tell_equal_tables() -> None:
    from tui.oms.demo.reference_tables import demo_tables

    day = datetime(2026, 11, 20, tzinfo=UTC)
    assert demo_tables(day, day) == demo_tables(day, day)
