"""Portfolios, sides, properties, brokers and the latest asAt, as the embedded server tells them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tests.oms.contract_scenario import MANAGE, body_of
from tests.oms.reference.tenant import TenantAnswers, tenant
from tui.oms.faults.scenario import read_faults
from tui.oms.http.app import ServerSettings

JSON = {"content-type": "application/json"}


@pytest.fixture
async def demo() -> AsyncIterator[TenantAnswers]:
    async with tenant() as made:
        yield made


def ids(page: Any) -> list[str]:
    return [f"{each['id']['scope']}/{each['id']['code']}" for each in page["values"]]


async def test_the_demo_has_two_scopes_and_one_code_in_both(demo: TenantAnswers) -> None:
    everything = await demo.get("portfolios")
    assert len(ids(everything)) == 12
    assert {"demo/US-TECH", "sleeves/US-TECH"} <= set(ids(everything))
    assert all(each["displayName"] != each["id"]["code"] for each in everything["values"])
    assert ids(await demo.get("portfolios/sleeves")) == ["sleeves/PRIV-CRED", "sleeves/US-TECH"]
    assert (await demo.get("portfolios/nowhere"))["values"] == []


async def test_graph_rows_call_a_portfolio_by_its_display_name(demo: TenantAnswers) -> None:
    names = {
        each["id"]["scope"] + "/" + each["id"]["code"]: each["displayName"]
        for each in (await demo.get("portfolios"))["values"]
    }
    rows = (await demo.get("ordergraph/blocks"))["values"]
    told = {
        f"{each['portfolioId']['scope']}/{each['portfolioId']['code']}": each["portfolioName"]
        for row in rows
        for each in row["ordered"]["details"]
    }
    assert told
    assert told == {id: names[id] for id in told}


async def test_portfolios_are_filtered_sorted_and_read_in_pages(demo: TenantAnswers) -> None:
    dollars = await demo.get(
        "portfolios", filter="baseCurrency eq 'USD' and id.scope in 'demo'", sortBy="-displayName"
    )
    assert ids(dollars) == ["demo/US-TECH", "demo/UST-LAD", "demo/GLB-CORE"]
    assert len(ids(await demo.get("portfolios", filter="isDerived eq false and created gt 2019-01-01"))) == 12
    changed = await demo.get("portfolios", filter="version.asAtModified gt 2100-01-01T00:00:00Z")
    assert changed["values"] == []
    first = await demo.get("portfolios", limit=7)
    rest = await demo.get("portfolios", limit=7, page=first["nextPage"])
    assert (len(ids(first)), len(set(ids(first)) | set(ids(rest))), rest["nextPage"]) == (7, 12, None)
    assert await demo.get("portfolios", limit=0) == (400, 151)
    assert await demo.get("portfolios", page="nonsense") == (400, 689)


async def test_one_portfolio_has_a_name_a_currency_and_scopes_of_instruments(demo: TenantAnswers) -> None:
    found = await demo.get("portfolios/DEMO/us-tech")
    assert (found["displayName"], found["type"], found["baseCurrency"]) == (
        "US Technology",
        "Transaction",
        "USD",
    )
    details = await demo.get("transactionportfolios/sleeves/PRIV-CRED/details")
    assert (details["baseCurrency"], details["instrumentScopes"]) == ("GBP", ["Private"])
    assert details["originPortfolioId"] == {"scope": "sleeves", "code": "PRIV-CRED"}
    for path in ("portfolios/demo/NOPE", "transactionportfolios/demo/NOPE/details"):
        assert await demo.get(path) == (404, -1)
    assert await demo.get("portfolios/demo/NO%20PE") == (400, 157)


async def test_the_names_of_a_merged_sdk_lead_there_too(demo: TenantAnswers) -> None:
    assert len(ids(await demo.get("api/portfolios"))) == 12


async def test_nothing_here_is_changed_over_the_api(demo: TenantAnswers) -> None:
    for method, path in (
        ("POST", "portfolios/demo"),
        ("POST", "instruments"),
        ("DELETE", "portfolios/demo/US-TECH"),
        ("POST", "referencelists"),
        ("PUT", "transactionconfiguration/types"),
    ):
        answer = await demo.http.request(method, f"/api/{path}", json={})
        assert (answer.status_code, answer.json()["code"]) == (403, 186), path
        assert "read-only" in answer.json()["detail"]


# -- words ------------------------------------------------------------------------------------------------


async def test_sides_are_transaction_types_with_a_direction(demo: TenantAnswers) -> None:
    types = (await demo.get("transactionconfiguration/types"))["default"]
    sides = {
        each["aliases"][0]["type"]: next(
            (move["direction"] for move in each["movements"] if move["movementTypes"] == "StockMovement"), 0
        )
        for each in types
    }
    assert {name: sides[name] for name in ("Buy", "Sell", "SellShort", "CoverShort")} == {
        "Buy": 1,
        "Sell": -1,
        "SellShort": -1,
        "CoverShort": 1,
    }
    assert types[0]["aliases"][0]["transactionRoles"] == "LongLonger"
    assert await demo.get("transactionconfiguration/types", scope="nowhere") == {}
    both = await demo.get("transactionconfiguration/types", scope="*", includeSystemTypes=True)
    assert (len(both["default"]), both["pa-system"]) == (8, [])
    assert await demo.get("transactionconfiguration/types", includeSystemTypes="perhaps") == (400, 151)


async def test_properties_of_the_demo_have_names_and_unknown_ones_are_missing(demo: TenantAnswers) -> None:
    keys = ["Order/demo/Strategy", "Order/demo/Nonsense", "Block/demo/ReferencePrice"]
    found = (await demo.get("propertydefinitions", propertyKeys=keys))["values"]
    assert [(each["displayName"], each["valueType"]) for each in found] == [
        ("Strategy", "String"),
        ("Reference price", "Decimal"),
    ]
    assert await demo.get("propertydefinitions") == (400, 151)
    assert await demo.get("propertydefinitions", propertyKeys="Nonsense/demo/X") == (400, 151)


async def test_every_property_that_the_demo_writes_is_defined(demo: TenantAnswers) -> None:
    listed = (await demo.get("propertydefinitions/$list", limit=1000))["values"]
    written: set[str] = set()
    for kind in ("orders", "blocks", "placements", "executions", "allocations"):
        for row in (await demo.get(kind, limit=1000))["values"]:
            written |= set(row.get("properties") or {})
    assert written <= {each["key"] for each in listed}
    orders = (await demo.get("propertydefinitions/$list", filter="domain eq 'Order'", limit=2))["values"]
    assert len(orders) == 2


async def test_brokers_are_a_list_of_their_codes(demo: TenantAnswers) -> None:
    [row] = (await demo.get("referencelists"))["values"]
    alone = await demo.get("referencelists/demo/BROKERS")
    assert row["referenceList"] == alone["referenceList"]
    assert len(alone["referenceList"]["values"]) == 7
    assert await demo.get("referencelists/demo/NOPE") == (404, -1)


# -- the latest asAt --------------------------------------------------------------------------------------


async def test_the_latest_as_at_covers_every_write_that_was_answered(raw: httpx.AsyncClient) -> None:
    async def latest() -> str:
        told: str = (await raw.get("/api/metadata/asat")).json()["asAt"]
        return told

    before = await latest()
    assert before.startswith("1970-01-01"), "nothing was written yet"
    await raw.post(f"{MANAGE}/createorders", content=body_of("01_create_orders"), headers=JSON)
    after = await latest()
    assert after > before
    assert await latest() == after, "it stands still while nobody writes"
    listed = (await raw.get("/api/orders", params={"asAt": after})).json()["values"]
    assert {each["version"]["asAtModified"] for each in listed} == {after}


async def test_reference_data_are_older_than_the_days_story(demo: TenantAnswers) -> None:
    latest = (await demo.get("metadata/asat"))["asAt"]
    changed = [each["version"]["asAtModified"] for each in (await demo.get("portfolios"))["values"]]
    assert max(changed) < latest


async def test_who_am_i_always_has_an_address(raw: httpx.AsyncClient) -> None:
    told = (await raw.get("http://embedded/identity/api/me")).json()
    assert (told["id"], told["emailAddress"], told["type"]) == ("dealer", "", "Personal")
    assert told["groups"] == []


async def test_what_surrounds_orders_is_withdrawn_by_its_name() -> None:
    faults = read_faults(["absent get_holdings*", "absent get_instruments"], None)
    async with tenant(settings=ServerSettings(faults=faults)) as poor:
        held = await poor.http.get("/api/transactionportfolios/demo/US-TECH/holdings")
        found = await poor.http.post("/api/instruments/$get?identifierType=Ticker", json=["AAPL"])
        assert (held.status_code, found.status_code) == (404, 404)
        assert len(ids(await poor.get("portfolios"))) == 12
