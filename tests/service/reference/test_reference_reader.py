"""Names come beside the rows: few calls, kept on disk, never asked in vain, never in anybody's way."""

from __future__ import annotations

import json
import stat
from collections.abc import AsyncIterator, Callable
from decimal import Decimal
from pathlib import Path

import httpx
import pytest
from msgspec.structs import replace

from tests.api.faults import json_answer
from tests.service.dealer import Dealer, orders_of, placing
from tests.service.reference.tenant import (
    INSTRUMENTS,
    PORTFOLIOS,
    TYPES,
    Days,
    Tenant,
    instrument,
)
from tests.service.sample_rows import rid
from tui.actions.eligibility import counterparties
from tui.api.base import ResourceId
from tui.api.http import AsyncBaseTransport
from tui.sandbox import instruments_for, sandboxes_for
from tui.screens.row_screens import names_behind
from tui.service.desk_profile import DeskProfile
from tui.service.environment import EnvironmentKind, State
from tui.service.snapshot.diff import NAMES
from tui.service.snapshot.instruments import luid_of
from tui.service.snapshot.snapshot import EntityKind, Ref
from tui.service.verbs import CreateOrders, PlaceBlocks

APPLE = {"id": {"scope": "Desk", "code": "GROWTH"}, "type": "Transaction", "displayName": "Growth fund"}


@pytest.fixture
def tenant(server: AsyncBaseTransport) -> Tenant:
    return Tenant(server)


@pytest.fixture
def days() -> Days:
    return Days()


@pytest.fixture
async def desk_of(tenant: Tenant, days: Days, tmp_path: Path) -> AsyncIterator[Callable[[], Dealer]]:
    """Open desks of one tenant, which keep what they read in one folder."""
    opened: list[Dealer] = []

    def open_desk() -> Dealer:
        dealer = Dealer.at(tenant, now=days, cache=tmp_path)
        opened.append(dealer)
        return dealer

    yield open_desk
    for dealer in opened:
        await dealer.desk.close()
        await dealer.desk.client.close()


async def traded(dealer: Dealer) -> str:
    """Let a dealer trade Apple; return its LUID."""
    await dealer.desk.load()
    await dealer.trade()
    return next(iter(dealer.desk.snapshot.blocks.values())).block.lusid_instrument_id


async def test_a_dealer_knows_names_after_three_calls(tenant: Tenant, desk_of: Callable[[], Dealer]) -> None:
    dealer = desk_of()
    luid = await traded(dealer)
    tenant.knows(instrument(luid, "Apple Inc", domCcy="USD", assetClass="Equities"))
    tenant.lists(PORTFOLIOS, APPLE)
    tenant.answers[TYPES] = lambda request: json_answer(200, {"default": []})
    await dealer.desk.beside.read_reference()
    known = dealer.desk.snapshot.instruments[luid]
    assert (known.name, known.currency, known.asset_class) == ("Apple Inc", "USD", "Equities")
    assert dealer.desk.snapshot.records.portfolio_name(rid("GROWTH")) == "Growth fund"
    assert tenant.count() == 3
    await dealer.create("BLK_9", ORD_9=10)
    await dealer.desk.beside.read_reference()
    assert tenant.count(INSTRUMENTS) == 1, "what is known is not asked for again"


async def test_the_rows_that_waited_for_a_name_are_the_only_ones_to_be_drawn_again(
    tenant: Tenant, desk_of: Callable[[], Dealer]
) -> None:
    dealer = desk_of()
    tenant.knows(instrument(await traded(dealer), "Apple Inc"))
    dealer.updates.clear()
    await dealer.desk.beside.read_reference()
    [update] = [each for each in dealer.updates if each.deltas]
    blocks = update.deltas[EntityKind.BLOCKS]
    assert blocks.changed == {rid(f"BLK-{number}"): NAMES for number in (1, 2, 3)}
    assert not any(delta.others or delta.added or delta.removed for delta in update.deltas.values())
    dealer.updates.clear()
    await dealer.desk.beside.read_reference()
    assert dealer.updates == []


async def test_the_next_start_knows_the_names_before_it_asks(
    tenant: Tenant, desk_of: Callable[[], Dealer], tmp_path: Path, days: Days
) -> None:
    first = desk_of()
    luid = await traded(first)
    tenant.knows(instrument(luid, "Apple Inc"))
    tenant.lists(PORTFOLIOS, APPLE)
    await first.desk.beside.read_reference()
    asked = tenant.count()
    assert modes_in(tmp_path) == {0o600}

    second = desk_of()
    await second.desk.load()
    await second.desk.beside.read_reference()
    assert second.desk.snapshot.instruments[luid].name == "Apple Inc"
    assert second.desk.snapshot.records.portfolio_name(rid("GROWTH")) == "Growth fund"
    assert tenant.count() == asked, "nothing is asked again within a day"
    tenant.knows(instrument(luid, "Apple Incorporated"))
    days.pass_(hours=25)
    await second.desk.beside.read_reference()
    assert second.desk.snapshot.instruments[luid].name == "Apple Incorporated"


@pytest.mark.parametrize("content", [b"", b"\x00\xff", b"{}\n", b'{"luid":"A"}\n', b"[1,2", b'"text"\n'])
async def test_a_file_that_is_not_whole_is_as_good_as_none(
    tenant: Tenant, desk_of: Callable[[], Dealer], tmp_path: Path, content: bytes
) -> None:
    for name in ("instruments", "portfolios", "sides", "properties"):
        (tmp_path / f"{name}.jsonl").write_bytes(content)
    (tmp_path / "learned.json").write_bytes(content)
    dealer = desk_of()
    luid = await traded(dealer)
    tenant.knows(instrument(luid, "Apple Inc"))
    await dealer.desk.beside.read_reference()
    assert dealer.desk.snapshot.instruments[luid].name == "Apple Inc"


async def test_a_refresh_asks_for_everything_again(
    tenant: Tenant, desk_of: Callable[[], Dealer], days: Days
) -> None:
    dealer = desk_of()
    luid = await traded(dealer)
    tenant.knows(instrument(luid, "Apple Inc"))
    await dealer.desk.beside.read_reference()
    tenant.knows(instrument(luid, "Apple Computer"))
    days.pass_(seconds=1)
    await dealer.desk.reload()
    await dealer.desk.beside.read_reference()
    assert dealer.desk.snapshot.instruments[luid].name == "Apple Computer"


async def test_what_is_not_there_is_asked_for_again_after_ten_minutes(
    tenant: Tenant, desk_of: Callable[[], Dealer], days: Days
) -> None:
    dealer = desk_of()
    luid = await traded(dealer)
    tenant.knows()
    for _ in range(3):
        await dealer.desk.beside.read_reference()
    assert tenant.count(INSTRUMENTS) == 1
    tenant.knows(instrument(luid, "Apple Inc"))
    days.pass_(minutes=11)
    await dealer.desk.beside.read_reference()
    assert dealer.desk.snapshot.instruments[luid].name == "Apple Inc"


async def test_unresolved_instruments_are_never_asked_for(
    tenant: Tenant, desk_of: Callable[[], Dealer]
) -> None:
    """R16: many instruments share that LUID, so nothing it is called is theirs."""
    dealer = desk_of()
    await traded(dealer)
    tenant.knows(instrument("LUID_ZZZZZZZZ", "Unknown instrument"))
    created = orders_of("BLK_8", {"ORD_8": 10})
    lost = replace(created.requests[0], instrument_identifiers={"Instrument/default/Isin": "GB00B52WS153X"})
    await dealer.desk.act(CreateOrders((lost,)))
    assert dealer.desk.snapshot.blocks[rid("BLK-8")].block.lusid_instrument_id == "LUID_ZZZZZZZZ"
    await dealer.desk.beside.read_reference()
    asked = [luid for each in tenant.asked for luid in json.loads(each.content)]
    assert asked == [next(iter(dealer.desk.snapshot.instruments))]
    assert "LUID_ZZZZZZZZ" not in dealer.desk.snapshot.instruments


def modes_in(folder: Path) -> set[int]:
    return {stat.S_IMODE(each.stat().st_mode) for each in folder.iterdir()}


def html(_: httpx.Request) -> httpx.Response:
    return httpx.Response(200, text="<html><h1>Welcome</h1></html>")


def hang(_: httpx.Request) -> httpx.Response:
    raise httpx.ReadTimeout("nothing came back")


BROKEN: dict[str, Callable[[httpx.Request], httpx.Response]] = {
    "404": lambda _: httpx.Response(404),
    "405": lambda _: httpx.Response(405),
    "403": lambda _: json_answer(403, {"title": "Not licensed", "status": 403}),
    "400": lambda _: json_answer(400, {"title": "No", "status": 400, "code": 151}),
    "500": lambda _: httpx.Response(500),
    "501": lambda _: httpx.Response(501),
    "HTML": html,
    "a hang": hang,
    "half a document": lambda _: httpx.Response(200, content=b'{"values": {"LUID'),
    "a list": lambda _: json_answer(200, []),
    "null": lambda _: json_answer(200, None),
    "wrong members": lambda _: json_answer(200, {"values": {"LUID_X": {"name": 7}}, "default": 3}),
}


@pytest.mark.parametrize("how", BROKEN)
async def test_a_server_without_reference_data_still_trades(
    how: str, tenant: Tenant, desk_of: Callable[[], Dealer]
) -> None:
    dealer = desk_of()
    await dealer.desk.load()
    tenant.fails(BROKEN[how])
    for _ in range(3):
        await dealer.desk.beside.read_reference()
        await dealer.desk.refresh()
    await dealer.trade()
    await dealer.desk.beside.read_reference()
    asked = tenant.count()
    for _ in range(20):
        await dealer.desk.beside.read_reference()
    assert tenant.count() == asked <= 13, "it is not asked again and again"
    assert dealer.desk.health.state is State.LIVE
    assert dealer.desk.health.message == ""
    assert dealer.desk.snapshot.placements[rid("PLC-1")].quantity == Decimal(100)
    assert all(each.done for each in dealer.reports)


async def test_what_a_server_lacks_is_not_asked_for_by_the_next_start_either(
    tenant: Tenant, desk_of: Callable[[], Dealer]
) -> None:
    tenant.fails(BROKEN["404"])
    first = desk_of()
    await traded(first)
    await first.desk.beside.read_reference()
    asked = tenant.count()
    second = desk_of()
    await second.desk.load()
    await second.desk.beside.read_reference()
    assert tenant.count() == asked


async def test_a_busy_server_is_asked_for_no_names_until_it_says(
    tenant: Tenant, desk_of: Callable[[], Dealer], days: Days
) -> None:
    """R73, 17: these reads are the first to stop."""
    dealer = desk_of()
    luid = await traded(dealer)
    tenant.fails(lambda _: httpx.Response(429, headers={"retry-after": "20"}))
    await dealer.desk.beside.read_reference()
    assert tenant.count() == 1
    tenant.knows(instrument(luid, "Apple Inc"))
    days.pass_(seconds=19)
    await dealer.desk.beside.read_reference()
    assert tenant.count() == 1
    days.pass_(seconds=2)
    await dealer.desk.beside.read_reference()
    assert dealer.desk.snapshot.instruments[luid].name == "Apple Inc"


@pytest.mark.parametrize(("status", "learned"), [(413, True), (400, False)])
async def test_a_server_that_takes_few_identifiers_is_asked_for_few(
    status: int, learned: bool, tenant: Tenant, desk_of: Callable[[], Dealer]
) -> None:
    dealer = desk_of()
    await dealer.desk.load()
    reader = dealer.desk.beside.reference.instruments
    tenant.knows(*(instrument(f"LUID_{number:08}", "X") for number in range(700)))
    whole = tenant.answers[INSTRUMENTS]
    sizes: list[int] = []

    def few(request: httpx.Request) -> httpx.Response:
        sizes.append(len(json.loads(request.content)))
        return httpx.Response(status) if sizes[-1] > 130 else whole(request)

    tenant.answers[INSTRUMENTS] = few
    wanted = [f"LUID_{number:08}" for number in range(700)]
    found = [each.luid async for read in reader.read(wanted, {}) for each in read.found]
    assert found == wanted
    assert (sizes[:4], min(sizes) > 60) == ([500, 250, 125, 125], True)
    if learned:
        sizes.clear()
        assert len([read async for read in reader.read(wanted, {})]) == len(sizes) == 6


async def test_one_identifier_that_a_server_cannot_read_costs_its_own_name_only(
    tenant: Tenant, desk_of: Callable[[], Dealer]
) -> None:
    dealer = desk_of()
    await dealer.desk.load()
    wanted = [f"LUID_{number:08}" for number in range(20)]
    tenant.knows(*(instrument(luid, "X") for luid in wanted))
    whole = tenant.answers[INSTRUMENTS]
    tenant.answers[INSTRUMENTS] = lambda request: (
        httpx.Response(400) if wanted[13] in json.loads(request.content) else whole(request)
    )
    reader = dealer.desk.beside.reference.instruments
    found = [each.luid async for read in reader.read(wanted, {}) for each in read.found]
    assert sorted({*wanted} - {*found}) == [wanted[13]]


async def test_a_bond_of_a_tenant_is_priced_per_hundred_in_preview_and_rehearsal(
    tenant: Tenant,
) -> None:
    """R21: no row says that it is a bond, and its asset class is Credit."""
    dealer = Dealer.at(tenant, kind=EnvironmentKind.PROD, open_sandbox=sandboxes_for("latest"))
    await dealer.desk.load()
    gilt = {"Instrument/default/Figi": "BBG0000D14P3"}
    bought = orders_of("BLK_1", {"ORD_1": 1_000_000}, limit="98").requests[0]
    verb = CreateOrders((replace(bought, instrument_identifiers=gilt),))
    await dealer.desk.act(verb)
    luid = luid_of(dealer.desk.snapshot.blocks[rid("BLK-1")])
    assert dealer.desk.snapshot.price_unit(luid) == 1
    tenant.knows(
        instrument(
            luid,
            "UK Treasury 4.5% 2034",
            assetClass="Credit",
            domCcy="GBP",
            identifiers={"Figi": "BBG0000D14P3"},
            instrumentDefinition={"instrumentType": "Bond", "domCcy": "GBP"},
        )
    )
    await dealer.desk.beside.read_reference()
    again = orders_of("BLK_2", {"ORD_2": 1_000_000}, limit="98").requests[0]
    preview = (
        await dealer.desk.prepare(CreateOrders((replace(again, instrument_identifiers=gilt),)))
    ).preview
    assert [total.notional for total in preview.totals] == [Decimal(980_000)]
    assert instruments_for(dealer.desk.snapshot).price_unit(luid) == Decimal("0.01")
    await dealer.desk.close()
    await dealer.desk.client.close()


def portfolio(code: str, name: str, day: int, **members: object) -> dict[str, object]:
    """Return a portfolio last changed on a day of November."""
    version = {"asAtModified": f"2026-11-{day:02d}T08:00:00.0000000+00:00"}
    return {
        "id": {"scope": "Desk", "code": code},
        "type": "Transaction",
        "displayName": name,
        "version": version,
        **members,
    }


def filters_of(tenant: Tenant, path: str = PORTFOLIOS) -> list[str]:
    return [each.url.params.get("filter", "") for each in tenant.asked if each.url.path == path]


def fund_names(dealer: Dealer) -> dict[str, str]:
    return {id.code: each.name for id, each in dealer.desk.snapshot.records.portfolios.items()}


async def test_after_a_day_only_portfolios_that_changed_are_read(
    tenant: Tenant, desk_of: Callable[[], Dealer], days: Days
) -> None:
    dealer = desk_of()
    await traded(dealer)
    tenant.lists(PORTFOLIOS, portfolio("GROWTH", "Growth fund", 3), portfolio("OLD", "Old fund", 5))
    await dealer.desk.beside.read_reference()
    tenant.lists(PORTFOLIOS, portfolio("GROWTH", "Growth and more", 20))
    days.pass_(hours=25)
    await dealer.desk.beside.read_reference()
    assert fund_names(dealer) == {"GROWTH": "Growth and more", "OLD": "Old fund"}
    assert filters_of(tenant) == ["", "version.asAtModified gt 2026-11-05T07:59:58.000000Z"]
    days.pass_(days=8)
    await dealer.desk.beside.read_reference()
    assert filters_of(tenant)[2:] == [""], "after a week the whole list: changes do not tell of deletions"
    assert fund_names(dealer) == {"GROWTH": "Growth and more"}


async def test_a_server_that_does_not_filter_by_change_is_asked_for_all(
    tenant: Tenant, desk_of: Callable[[], Dealer], days: Days
) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if "asAtModified" in request.url.params.get("filter", ""):
            return json_answer(400, {"name": "InvalidFilter", "code": 151, "detail": "no such field"})
        return json_answer(200, {"values": [portfolio("GROWTH", f"Fund {days().day}", 3)]})

    dealer = desk_of()
    await traded(dealer)
    tenant.answers[PORTFOLIOS] = answer
    for _ in range(2):
        await dealer.desk.beside.read_reference()
        assert dealer.desk.snapshot.records.portfolio_name(rid("GROWTH")) == f"Fund {days().day}"
        days.pass_(hours=25)


async def test_a_currency_that_the_list_leaves_out_is_read_when_somebody_deals_in_the_portfolio(
    tenant: Tenant, desk_of: Callable[[], Dealer], days: Days
) -> None:
    details = "/api/api/transactionportfolios/Desk/GROWTH/details"
    dealer = desk_of()
    luid = await traded(dealer)
    tenant.knows(instrument(luid, "Apple Inc"))
    tenant.lists(PORTFOLIOS, portfolio("GROWTH", "Growth fund", 3), portfolio("OLD", "Old fund", 5))
    told = {"originPortfolioId": {"scope": "Desk", "code": "GROWTH"}, "version": {}, "baseCurrency": "EUR"}
    tenant.answers[details] = lambda _: json_answer(200, {**told, "transactionTypeScope": "Own"})
    await dealer.desk.beside.read_reference()
    assert tenant.count(details) == 0
    for _ in range(2):
        await dealer.desk.prepare(orders_of("BLK-9", {"ORD-9": 10}))
        known = dealer.desk.snapshot.records.portfolios[rid("GROWTH")]
        assert (known.name, known.currency, known.transaction_scope) == ("Growth fund", "EUR", "Own")
        days.pass_(days=8)
        await dealer.desk.beside.read_reference()
    assert tenant.count(details) == 1, "once, also after the list was read again"


async def test_portfolios_of_a_profile_are_listed_by_scope_where_the_filter_is_refused(
    tenant: Tenant, tmp_path: Path, days: Days
) -> None:
    profile = DeskProfile(portfolios=(rid("GROWTH"), ResourceId("Sleeves", "US")))
    dealer = Dealer.at(tenant, now=days, cache=tmp_path, profile=profile)
    await dealer.desk.load()
    refusal = {"name": "InvalidFilter", "code": 151, "detail": "no such field"}
    tenant.answers[PORTFOLIOS] = lambda _: json_answer(400, refusal)
    tenant.lists(f"{PORTFOLIOS}/Desk", portfolio("GROWTH", "Growth fund", 3))
    tenant.lists(f"{PORTFOLIOS}/Sleeves")
    await dealer.desk.beside.read_reference()
    assert dealer.desk.snapshot.records.portfolio_name(rid("GROWTH")) == "Growth fund"
    assert filters_of(tenant) == ["id.scope in ('Desk','Sleeves')"]
    await dealer.desk.close()
    await dealer.desk.client.close()


async def test_brokers_are_those_of_the_profile_of_its_list_and_of_the_rows(
    tenant: Tenant, tmp_path: Path, days: Days
) -> None:
    listed = "/api/api/referencelists/Desk/BROKERS"
    profile = DeskProfile(brokers=("KEYS",), broker_list=ResourceId("Desk", "BROKERS"))
    dealer = Dealer.at(tenant, now=days, cache=tmp_path, profile=profile)
    await traded(dealer)
    rows = {"referenceListType": "StringList", "values": ["MERI", " ", 7, "KEYS"]}
    answer = json_answer(200, {"id": {"scope": "Desk", "code": "BROKERS"}, "referenceList": rows})
    tenant.answers[listed] = lambda _: json_answer(404, {"name": "ReferenceListNotFound", "code": 1})
    for _ in range(2):
        await dealer.desk.beside.read_reference()
    assert tenant.count(listed) == 1, "a list that is not there is not asked for at each poll"
    assert counterparties(dealer.desk.snapshot) == ["KEYS", "ALBN"]
    tenant.answers[listed] = lambda _: answer
    days.pass_(minutes=11)
    for _ in range(2):
        await dealer.desk.beside.read_reference()
    assert tenant.count(listed) == 2
    assert counterparties(dealer.desk.snapshot) == ["KEYS", "MERI", "ALBN"]
    place = placing("PLC-9", "BLK-2", 1)
    for broker, unknown in (("MERI", False), ("MERRI", True)):
        shown = dealer.desk.preview(PlaceBlocks((replace(place, counterparty=broker),)))
        assert any("none of those that the profile names" in each.text for each in shown.soft) is unknown
    await dealer.desk.close()
    await dealer.desk.client.close()


async def test_sides_are_those_of_the_default_source_and_of_the_sources_of_the_profile(
    tenant: Tenant, tmp_path: Path, days: Days
) -> None:
    def kind(name: str, direction: int) -> dict[str, object]:
        movement = {"movementTypes": "StockMovement", "side": "Side1", "direction": direction}
        return {"aliases": [{"type": name, "transactionRoles": "None"}], "movements": [movement]}

    sources = {
        "default": [kind("Buy", 1)],
        "alt1": [kind("Buy", -1), kind("Roll", -1)],
        "alt2": [kind("X", 1)],
    }
    tenant.answers[TYPES] = lambda _: json_answer(200, sources)
    for folder, named, sides in (("a", (), {"Buy": 1}), ("b", ("alt1",), {"Buy": 1, "Roll": -1})):
        profile = DeskProfile(side_sources=named)
        dealer = Dealer.at(tenant, now=days, cache=tmp_path / folder, profile=profile)
        await dealer.desk.load()
        await dealer.desk.beside.read_reference()
        assert {each.name: each.direction for each in dealer.desk.snapshot.records.sides} == sides
        await dealer.desk.close()
        await dealer.desk.client.close()


async def test_a_name_without_end_fills_no_ticket(
    tenant: Tenant, desk_of: Callable[[], Dealer], days: Days
) -> None:
    endless = "endless " * 1250
    dealer = desk_of()
    luid = await traded(dealer)
    texts = {"domCcy": endless, "assetClass": endless, "identifiers": {"Ticker": endless}}
    tenant.knows(instrument(luid, endless, **texts))
    tenant.lists(PORTFOLIOS, portfolio("GROWTH", endless, 3, baseCurrency=endless))
    await dealer.desk.beside.read_reference()
    shown = dealer.desk.preview(orders_of("BLK-9", {"ORD-9": 10}))
    said = [shown.headline, *shown.items.values(), *(each.text for each in shown.soft), *shown.positions]
    order = Ref(EntityKind.ORDERS, rid("ORD-1"))
    snapshot = dealer.desk.snapshot
    said += [text for _, text in names_behind(snapshot, order, snapshot.row(order))]
    assert max(map(len, said)) < 300
