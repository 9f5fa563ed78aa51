"""Quotes of the embedded server: of its tables, or of the simulated market once that has moved."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.oms.reference.tenant import TenantAnswers, tenant
from tests.seeded_server import seeded_server
from tui.api.http import asgi_transport
from tui.oms.demo.universe import instruments
from tui.oms.http.app import ServerSettings
from tui.oms.http.call import Dialect

LUIDS = {known.ticker: known.luid for known in instruments()}


@pytest.fixture
async def demo() -> AsyncIterator[TenantAnswers]:
    async with tenant() as made:
        yield made


def series(id: str, type: str = "LusidInstrumentId", **other: str) -> dict[str, str]:
    return {
        "provider": "Lusid",
        "instrumentId": id,
        "instrumentIdType": type,
        "quoteType": "Price",
        "field": "mid",
        **other,
    }


async def test_a_price_is_found_by_any_unique_identifier_and_the_spread_is_two_ticks(
    demo: TenantAnswers,
) -> None:
    asked = {
        "luid": series(LUIDS["VOD"]),
        "isin": series("GB00BH4HKS39", "Isin"),
        "bid": series(LUIDS["VOD"], field="bid"),
        "ask": series(LUIDS["VOD"], field="ask"),
    }
    found = await demo.ask("quotes/demo/$get", asked)
    assert (found["notFound"], found["failed"]) == ({}, {})
    prices = {key: quote["metricValue"] for key, quote in found["values"].items()}
    assert prices["luid"] == prices["isin"] == {"value": 0.82, "unit": "GBP"}
    assert (prices["bid"]["value"], prices["ask"]["value"]) == (0.8199, 0.8201)
    assert found["values"]["luid"]["lineage"] == "invented"
    assert found["values"]["isin"]["quoteId"]["quoteSeriesId"] == asked["isin"]


async def test_a_bond_is_quoted_per_100(demo: TenantAnswers) -> None:
    found = await demo.ask("quotes/demo/$get", {"T": series(LUIDS["T 4 02/15/34"])})
    assert (found["values"]["T"]["metricValue"]["value"], found["values"]["T"]["scaleFactor"]) == (98.6, 100)


async def test_rates_are_of_every_pair_and_their_inverse(demo: TenantAnswers) -> None:
    def pair(text: str) -> dict[str, str]:
        return series(text, "CurrencyPair", quoteType="Rate")

    found = await demo.ask(
        "quotes/demo/$get", {"a": pair("GBP/USD"), "b": pair("USD/GBP"), "c": pair("GBP/XXX")}
    )
    assert {key: quote["metricValue"]["value"] for key, quote in found["values"].items()} == {
        "a": 1.25,
        "b": 0.8,
    }
    assert list(found["notFound"]) == ["c"]


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (series(LUIDS["SIE"]), "notFound"),
        (series("LUID_ZZZZZZZZ"), "notFound"),
        (series(LUIDS["VOD"], provider="Bloomberg"), "notFound"),
        (series(LUIDS["VOD"], field="open"), "notFound"),
        (series("VOD", "Ticker"), "failed"),
        (series(LUIDS["VOD"], quoteType="Guess"), "failed"),
    ],
)
async def test_what_is_not_quoted_is_told_apart_from_what_makes_no_sense(
    demo: TenantAnswers, asked: Any, told: str
) -> None:
    found = await demo.ask("quotes/demo/$get", {"it": asked})
    assert {map for map in ("values", "notFound", "failed") if found[map]} == {told}


async def test_other_scopes_quote_nothing_and_too_many_series_are_refused(demo: TenantAnswers) -> None:
    vod = series(LUIDS["VOD"])
    assert list((await demo.ask("quotes/elsewhere/$get", {"it": vod}))["notFound"]) == ["it"]
    assert await demo.ask("quotes/demo/$get", {}) == (400, 157)
    assert await demo.ask("quotes/demo/$get", {str(n): vod for n in range(2001)}) == (400, 157)


async def test_a_tenant_may_quote_in_a_scope_of_its_own() -> None:
    settings = ServerSettings(dialect=Dialect(quotes_scope="Prices"))
    async with tenant(settings=settings) as own:
        found = await own.ask("quotes/prices/$get", {"it": series(LUIDS["VOD"])})
        assert found["values"]["it"]["metricValue"]["value"] == 0.82


async def test_a_quote_that_is_too_old_is_not_found(demo: TenantAnswers) -> None:
    asked = {"old": series(LUIDS["UKT 4.25 06/07/32"]), "new": series(LUIDS["VOD"])}
    now = (datetime.now(UTC) + timedelta(minutes=1)).isoformat()
    assert set((await demo.ask("quotes/demo/$get", asked))["values"]) == {"old", "new"}
    fresh = await demo.ask("quotes/demo/$get", asked, maxAge="P2D", effectiveAt=now)
    assert (set(fresh["values"]), set(fresh["notFound"])) == ({"new"}, {"old"})
    assert await demo.ask("quotes/demo/$get", asked, maxAge="yesterday") == (400, 151)
    long_ago = await demo.ask("quotes/demo/$get", asked, effectiveAt="2001-01-01T00:00:00Z")
    assert long_ago["values"] == {}


async def test_prices_move_with_the_simulated_market() -> None:
    import httpx

    embedded = await seeded_server()
    async with httpx.AsyncClient(transport=asgi_transport(embedded.app), base_url="http://embedded") as http:
        asked = {"VOD": series(LUIDS["VOD"]), "old": series(LUIDS["UKT 4.25 06/07/32"])}
        before = (await TenantAnswers(http).ask("quotes/demo/$get", asked))["values"]
        await embedded.engine.run(embedded.market.step, 20)
        after = (await TenantAnswers(http).ask("quotes/demo/$get", asked))["values"]
    await embedded.close()
    assert after["VOD"]["metricValue"] != before["VOD"]["metricValue"]
    assert after["VOD"]["quoteId"]["effectiveAt"] > before["VOD"]["quoteId"]["effectiveAt"]
    assert after["old"] == before["old"]
