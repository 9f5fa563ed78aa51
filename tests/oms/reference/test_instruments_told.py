"""Instruments as the embedded server tells them: by identifier, by name, in pages, and when they settle."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.oms.reference.tenant import TenantAnswers, tenant
from tui.oms.demo.universe import instruments
from tui.oms.http.app import ServerSettings

LUID = "LusidInstrumentId"


@pytest.fixture
async def demo() -> AsyncIterator[TenantAnswers]:
    async with tenant() as made:
        yield made


def names(page: Any) -> list[str]:
    return [each["name"] for each in page["values"]]


async def test_every_instrument_of_the_desk_is_found_by_its_luid_with_a_unique_identifier(
    demo: TenantAnswers,
) -> None:
    luids = [known.luid for known in instruments()]
    found = await demo.ask("instruments/$get", luids, identifierType=LUID)
    assert (len(found["values"]), found["failed"]) == (40, {})
    assert len({each["identifiers"]["ClientInternal"] for each in found["values"].values()}) == 40
    apple = found["values"]["LUID_0000AAPL"]
    assert (apple["name"], apple["domCcy"], apple["state"]) == ("Apple", "USD", "Active")
    assert apple["settlementCycle"]["businessDayOffset"] == 1


async def test_bonds_are_bonds_and_priced_per_100(demo: TenantAnswers) -> None:
    [gilt] = (await demo.get("instruments", filter="identifiers['ClientInternal'] eq 'BD-UKT-4.5-2034'"))[
        "values"
    ]
    terms = gilt["instrumentDefinition"]
    assert (terms["instrumentType"], terms["couponRate"], terms["maturityDate"][:10]) == (
        "Bond",
        0.045,
        "2034-09-07",
    )
    assert terms["tradingConventions"]["priceScaleFactor"] == 100


async def test_what_nobody_knows_is_told_beside_what_is_found(demo: TenantAnswers) -> None:
    found = await demo.ask("instruments/$get", ["EQ-VOD", "EQ-NOPE"], identifierType="ClientInternal")
    assert [each["name"] for each in found["values"].values()] == ["Vodafone"]
    assert "No instrument with ClientInternal 'EQ-NOPE'" in found["failed"]["EQ-NOPE"]["detail"]


async def test_an_identifier_that_two_instruments_share_names_neither(demo: TenantAnswers) -> None:
    shared = "GB00B0HLCN07"
    assert shared in (await demo.ask("instruments/$get", [shared], identifierType="Isin"))["failed"]
    assert await demo.get(f"instruments/Isin/{shared}") == (404, -1)
    assert len(names(await demo.get("instruments", filter=f"identifiers['Isin'] eq '{shared}'"))) == 2


async def test_types_of_identifiers_are_spelt_exactly_with_or_without_their_domain(
    demo: TenantAnswers,
) -> None:
    assert (await demo.get("instruments/Ticker/NG%2F"))["name"] == "National Grid"
    assert (await demo.get("instruments/Instrument%2Fdefault%2FTicker/VOD"))["name"] == "Vodafone"
    assert await demo.get("instruments/ticker/VOD") == (400, 151)
    assert await demo.ask("instruments/$get", ["VOD"], identifierType="Nonsense") == (400, 151)
    assert await demo.ask("instruments/$get", ["VOD"]) == (400, 151)
    types = (await demo.get("instruments/identifierTypes"))["values"]
    assert {each["identifierType"] for each in types if each["isUniqueIdentifierType"]} > {LUID, "Figi"}


@pytest.mark.parametrize("wanted", [[], ["X"] * 2001])
async def test_none_and_too_many_identifiers_are_refused(demo: TenantAnswers, wanted: list[str]) -> None:
    assert await demo.ask("instruments/$get", wanted, identifierType=LUID) == (400, 157)


async def test_a_list_is_filtered_sorted_and_read_in_pages(demo: TenantAnswers) -> None:
    yen = await demo.get("instruments", filter="domCcy eq 'jpy' and assetClass eq 'Equities'", sortBy="name")
    assert names(yen) == ["Sony Group", "トヨタ自動車 Toyota"]
    assert names(await demo.get("instruments", filter="name startswith 'LLO'")) == ["Lloyds Banking"]
    first = await demo.get("instruments", limit=30, sortBy="-name")
    rest = await demo.get("instruments", limit=30, sortBy="-name", page=first["nextPage"])
    assert rest["nextPage"] is None
    assert names(first) + names(rest) == sorted(names(first) + names(rest), reverse=True, key=str.casefold)
    assert await demo.get("instruments", limit=30, sortBy="domCcy", page=first["nextPage"]) == (400, 689)
    assert await demo.get("instruments", filter="colour eq 'red'") == (400, 151)
    assert await demo.get("instruments", filter="name eqq 'x'") == (400, 233)
    assert await demo.get("instruments", sortBy="colour") == (400, 681)


async def test_inactive_instruments_are_listed_only_when_asked_for(demo: TenantAnswers) -> None:
    assert "Old Thames Water" not in names(await demo.get("instruments"))
    assert names(await demo.get("instruments", filter="state eq 'Inactive'")) == ["Old Thames Water"]


async def test_a_scope_has_instruments_of_its_own(demo: TenantAnswers) -> None:
    ticker = "identifiers['Ticker'] eq 'VOD'"
    assert names(await demo.get("instruments", filter=ticker)) == ["Vodafone"]
    assert names(await demo.get("instruments", filter=ticker, scope="Private")) == ["Vodafone private loan"]
    assert len(names(await demo.get("instruments", filter=ticker, scope="*"))) == 2


async def test_what_resolves_to_nothing_and_money_are_instruments_too(demo: TenantAnswers) -> None:
    assert (await demo.get(f"instruments/{LUID}/LUID_ZZZZZZZZ"))["name"] == "Unknown instrument"
    assert (await demo.get("instruments/Currency/GBP"))["lusidInstrumentId"] == "CCY_GBP"


async def test_a_search_answers_each_property_with_what_has_it(demo: TenantAnswers) -> None:
    sought = [
        {"key": "Instrument/default/Isin", "value": "us0378331005"},
        {"key": "Instrument/default/Ticker", "value": "ZZTOPX"},
        {"key": "Instrument/default/Name", "value": "vodafone"},
    ]
    found = await demo.ask("search/instruments", sought, masteredOnly=True)
    assert [[hit["name"] for hit in each["masteredInstruments"]] for each in found] == [
        ["Apple"],
        [],
        ["Vodafone"],
    ]
    assert found[0]["masteredInstruments"][0]["identifiers"][LUID]["value"] == "LUID_0000AAPL"
    assert await demo.ask("search/instruments", []) == (400, 157)


@pytest.mark.parametrize(
    ("instrument", "traded", "settles"),
    [
        ("Ticker/AAPL", "2026-11-20T12:00:00Z", "2026-11-23"),  # Friday, one day
        ("Ticker/VOD", "2026-11-20T12:00:00Z", "2026-11-24"),  # Friday, two days
        ("Ticker/VOD", "2026-11-21T12:00:00Z", "2026-11-24"),  # Saturday
        ("ClientInternal/BD-UKT-4.5-2034", "2026-11-18T12:00:00Z", "2026-11-19"),
    ],
)
async def test_a_trade_settles_weekdays_later(
    demo: TenantAnswers, instrument: str, traded: str, settles: str
) -> None:
    told = await demo.get(f"instruments/{instrument}/settlementdate", transactionDate=traded)
    assert told["value"] == f"{settles}T00:00:00.0000000+00:00"


async def test_what_has_no_cycle_has_no_settlement_date(demo: TenantAnswers) -> None:
    path = "instruments/Ticker/VOD/settlementdate"
    assert await demo.get(path, scope="Private") == (400, 151)
    assert await demo.get("instruments/Ticker/NOPE/settlementdate") == (404, -1)
    assert await demo.get(path, transactionDate="soon") == (400, 151)
    assert (await demo.get(path))["value"].endswith("T00:00:00.0000000+00:00")


async def test_a_server_of_the_older_generation_has_no_cycles_and_no_settlement_dates() -> None:
    async with tenant(settings=ServerSettings(generation="2.1")) as old:
        apple = await old.get("instruments/Ticker/AAPL")
        assert apple["name"] == "Apple"
        assert "settlementCycle" not in apple
        found = await old.ask("instruments/$get", ["AAPL", "x"], identifierType="Ticker")
        assert "settlementCycle" not in found["values"]["AAPL"]
        assert await old.get("instruments/Ticker/AAPL/settlementdate") == (404, -1)
        assert await old.get("metadata/asat") == (404, -1)


async def test_an_empty_desk_knows_the_instruments_it_resolves_and_no_others() -> None:
    async with tenant("empty") as bare:
        assert len(names(await bare.get("instruments", limit=100))) == 40
        assert (await bare.get("portfolios"))["values"] == []
