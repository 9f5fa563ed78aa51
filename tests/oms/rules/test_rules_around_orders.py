"""What surrounds orders, over HTTP (N1 to N8): each rule once; ``tests/oms/reference`` has the details."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.oms.rules.rules_client import RulesClient
from tui.oms.demo.reference_tables import demo_tables
from tui.oms.domain.clock import VirtualClock
from tui.oms.reference.source import ReferenceSource

MORNING = datetime(2026, 11, 20, 9, tzinfo=UTC)
"""A Friday."""
AAPL = "LUID_0000AAPL"
FUND = {"scope": "demo", "code": "US-TECH"}


@pytest.fixture
def desk() -> Iterator[RulesClient]:
    tables = demo_tables(MORNING, MORNING)
    with RulesClient(reference=ReferenceSource(lambda: tables), clock=VirtualClock(MORNING)) as made:
        yield made


def told(desk: RulesClient, path: str, body: Any = None, **query: Any) -> Any:
    """Return what a path tells, or the status of a refusal."""
    answer = desk.request("GET" if body is None else "POST", f"/api/{path}", body, query)
    return answer.json() if answer.is_success else answer.status_code


def units(desk: RulesClient, *, orders: bool, **query: Any) -> dict[str, float]:
    """Return the units of the fund in Apple by holding type."""
    path = f"transactionportfolios/demo/US-TECH/holdings{'WithOrders' if orders else ''}"
    lines = told(desk, path, filter=f"instrumentUid eq '{AAPL}'", **query)["values"]
    return {each["holdingType"]: each["units"] for each in lines}


def test_n1_the_latest_as_at_is_that_of_the_newest_write(desk: RulesClient) -> None:
    desk.create("BLK-1", {"ORD-1": {"quantity": 10}})
    latest = told(desk, "metadata/asat")["asAt"]
    [order] = told(desk, "orders", asAt=latest)["values"]
    assert order["version"]["asAtModified"] == latest


def test_n2_an_identifier_that_two_instruments_have_names_none(desk: RulesClient) -> None:
    asked = ["GB00B0HLCN07", "US0378331005"]
    found = told(desk, "instruments/$get", asked, identifierType="Isin")
    assert (list(found["values"]), list(found["failed"])) == (["US0378331005"], ["GB00B0HLCN07"])
    assert told(desk, "instruments/Isin/GB00B0HLCN07") == 404
    assert told(desk, "instruments/isin/US0378331005") == 400


def test_n3_inactive_instruments_and_those_of_other_scopes_are_asked_for(desk: RulesClient) -> None:
    usual = {each["name"] for each in told(desk, "instruments", limit=500)["values"]}
    assert not usual & {"Old Thames Water", "Vodafone private loan"}
    everything = told(desk, "instruments", limit=500, scope="*", filter="name exists")["values"]
    assert {each["name"] for each in everything} > {"Old Thames Water", "Vodafone private loan"}


def test_n4_a_trade_on_friday_settles_on_monday_or_tuesday(desk: RulesClient) -> None:
    dates = [
        told(desk, f"instruments/Ticker/{ticker}/settlementdate", transactionDate=MORNING.isoformat())
        for ticker in ("AAPL", "VOD")
    ]
    assert [each["value"][:10] for each in dates] == ["2026-11-23", "2026-11-24"]
    assert told(desk, "instruments/Ticker/VOD/settlementdate", scope="Private") == 400


def test_n5_n6_what_is_ordered_is_open_then_allocated_then_booked_and_held(desk: RulesClient) -> None:
    before = units(desk, orders=False)["P"]
    desk.create("BLK-1", {"ORD-1": {"quantity": 100, "portfolioId": FUND}})
    assert units(desk, orders=True) == {"P": before, "O": 100}
    desk.place("PLC-1", "BLK-1", 100)
    desk.fill("EXE-1", "PLC-1", 60)
    desk.allocate("PLC-1")
    assert units(desk, orders=True) == {"P": before, "L": 60, "O": 40}
    [allocation] = told(desk, "allocations")["values"]
    booked = {"allocationIds": [allocation["id"]]}
    assert not told(desk, "ordermanagement/booktransactions", booked)["failed"]
    assert units(desk, orders=True) == {"P": before + 60, "O": 40}
    assert units(desk, orders=False, effectiveAt="2026-11-19T00:00:00Z") == {"P": before}
    cash = told(desk, "transactionportfolios/demo/US-TECH/holdings")["values"]
    assert [each["units"] for each in cash if each["holdingType"] == "C"] == [-60 * 190]


def test_n7_quotes_are_told_apart_in_three_maps(desk: RulesClient) -> None:
    usual = {
        "provider": "Lusid",
        "instrumentIdType": "LusidInstrumentId",
        "quoteType": "Price",
        "field": "mid",
    }
    asked = {
        "found": {**usual, "instrumentId": AAPL},
        "missing": {**usual, "instrumentId": "LUID_ZZZZZZZZ"},
        "odd": {**usual, "instrumentId": AAPL, "quoteType": "Guess"},
    }
    answer = told(desk, "quotes/demo/$get", asked)
    assert [list(answer[name]) for name in ("values", "notFound", "failed")] == [
        ["found"],
        ["missing"],
        ["odd"],
    ]


def test_n8_what_surrounds_orders_is_not_changed(desk: RulesClient) -> None:
    assert told(desk, "portfolios/demo", {}) == told(desk, "instruments", []) == 403
