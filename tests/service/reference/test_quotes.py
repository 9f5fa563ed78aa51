"""Last prices and exchange rates of the profile's series: whose they are, how old, what they are for."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest
from msgspec.structs import replace

from tests.service.dealer import BASE, Dealer, new_orders
from tests.service.reference.around_the_rows import BROKEN, AroundTheRows
from tests.service.sample_rows import (
    AAPL,
    LUID,
    NINE,
    block,
    execution,
    order,
    placement,
    rid,
    snapshot_of,
    usd,
)
from tui.actions.action import Scope
from tui.actions.place import place_form
from tui.api.client import Client
from tui.api.http import AsyncBaseTransport, Http
from tui.api.models import OrderGraphBlock
from tui.api.requests import BlockAndOrdersRequest, BlockedOrderRequest
from tui.service.desk_profile import DeskProfile, QuoteSeries
from tui.service.environment import Environment, EnvironmentKind
from tui.service.learned import Learned
from tui.service.reference.optional_calls import OptionalCalls
from tui.service.reference.quotes import QUOTES_EVERY, QuotesReader
from tui.service.snapshot.builder import SnapshotBuilder
from tui.service.snapshot.instruments import Instrument
from tui.service.snapshot.last_prices import LatestQuote
from tui.service.snapshot.snapshot import EntityKind, Ref, Snapshot
from tui.service.verbs import CreateOrders, Tier
from tui.service.writes.limits import Limits
from tui.service.writes.preview import Preview, preview

D = Decimal
LOCAL = Environment("demo", EnvironmentKind.LOCAL)
GET = "/$get"
APPLE = Instrument(LUID, AAPL, currency="USD")
GILT = Instrument("LUID_GILT", {}, currency="GBP", told_class="Bond")


HOURLY = QuoteSeries("demo", max_age=timedelta(hours=1))


class Silent(AsyncBaseTransport):
    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return httpx.Response(404, text="no such path")


@dataclass
class Watching:
    """A desk that reads quotes, at a time of its own; ``quoted`` is what the server has, by instrument."""

    quoted: dict[str, Any] = field(default_factory=dict)
    seconds: int = 0
    series: QuoteSeries = HOURLY
    bodies: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.line = AroundTheRows(Silent(), {GET: self.answer})
        self.client = Client(Http(BASE, transport=self.line))
        self.reader = QuotesReader(OptionalCalls(self.client, Learned(), self.now), self.series, self.now)

    def now(self) -> Any:
        return NINE + timedelta(seconds=self.seconds)

    def quote(self, id: str, value: str, unit: str = "USD", *, minutes: float = 2, **more: Any) -> None:
        at = (NINE - timedelta(minutes=minutes)).isoformat().replace("+00:00", ".0000000+00:00")
        self.quoted[id] = {
            "quoteId": {"effectiveAt": more.pop("at", at)},
            "metricValue": {"value": float(value), "unit": unit},
            **more,
        }

    def answer(self, request: httpx.Request) -> httpx.Response:
        asked = json.loads(request.content)
        self.bodies.append(asked)
        found = {
            key: self.quoted[series["instrumentId"]]
            for key, series in asked.items()
            if series["instrumentId"] in self.quoted
        }
        missing = {key: {"id": key, "type": "QuoteNotFound"} for key in asked if key not in found}
        return httpx.Response(200, json={"values": found, "notFound": missing, "failed": {}})

    async def look(self, *known: Instrument, base: str = "USD") -> dict[str, LatestQuote]:
        due = set(self.reader.due(each.luid for each in known))
        currencies = {each.currency for each in known}
        wanted = [each for each in known if each.luid in due]
        return dict(await self.reader.read(wanted, currencies, base))


@pytest.fixture
async def desk() -> AsyncIterator[Watching]:
    made = Watching()
    made.quote(LUID, "189.7")
    yield made
    await made.client.close()


async def test_a_quote_says_whose_it_is_and_of_when(desk: Watching) -> None:
    found = await desk.look(APPLE)
    last = Instrument(LUID, AAPL, currency="USD", quote=found[LUID]).last
    assert last is not None
    assert (last.price, last.currency, last.words(desk.now())) == (D("189.7"), "USD", "mid 2 min ago")


async def test_each_is_asked_for_once_in_half_a_minute_and_told_of_when_it_is_another(desk: Watching) -> None:
    assert await desk.look(APPLE)
    assert not await desk.look(APPLE)
    assert desk.line.count(GET) == 1
    desk.seconds = int(QUOTES_EVERY.total_seconds())
    assert not await desk.look(APPLE), "it is the same"
    desk.quote(LUID, "189.9")
    desk.seconds *= 2
    assert (await desk.look(APPLE))[LUID].value == D("189.9")
    assert desk.line.count(GET) == 3


async def test_what_cannot_be_quoted_is_not_due_at_once_either() -> None:
    desk = Watching(series=QuoteSeries("demo", id_type="Figi"))
    desk.line.answers[GET] = BROKEN["404"]
    await desk.look(APPLE)
    for seconds in (0, int(QUOTES_EVERY.total_seconds())):
        desk.seconds = seconds
        await desk.look(APPLE, GILT)
        assert not desk.reader.due([APPLE.luid, GILT.luid]), "or a ticket would ask without end"
    assert desk.line.count(GET) == 1
    await desk.client.close()


@pytest.mark.parametrize(
    ("value", "more", "price", "words"),
    [
        ("98.6", {"scaleFactor": 100}, "98.6", "mid 2 min ago"),
        ("0.986", {"scaleFactor": 1}, "98.6", "mid 2 min ago"),
        ("98.6", {}, "98.6", "mid 2 min ago, scale assumed"),
    ],
)
async def test_a_bond_is_priced_per_hundred_however_it_is_quoted(
    desk: Watching, value: str, more: dict[str, Any], price: str, words: str
) -> None:
    desk.quote(GILT.luid, value, "GBP", **more)
    found = await desk.look(GILT)
    last = Instrument(GILT.luid, {}, currency="GBP", told_class="Bond", quote=found[GILT.luid]).last
    assert last is not None
    assert (last.price, last.words(desk.now())) == (D(price), words)


async def test_pence_are_pounds(desk: Watching) -> None:
    desk.quote("LUID_VOD", "82", "GBX")
    known = Instrument("LUID_VOD", {}, currency="GBP")
    quote = (await desk.look(known))["LUID_VOD"]
    assert (quote.value, quote.currency) == (D("0.82"), "GBP")


async def test_the_label_of_a_cut_is_no_time(desk: Watching) -> None:
    desk.quote(LUID, "189.7", at="NYClose", asAt="2026-11-20T08:30:00.0000000+00:00")
    quote = (await desk.look(APPLE))[LUID]
    assert quote.at == NINE - timedelta(minutes=30)


async def test_a_quote_grows_too_old_though_no_newer_one_comes(desk: Watching) -> None:
    assert not (await desk.look(APPLE))[LUID].outdated
    desk.line.answers[GET] = BROKEN["500"]
    desk.seconds = 3600
    assert (await desk.look(APPLE))[LUID].outdated


async def test_another_identifier_may_name_the_series(desk: Watching) -> None:
    isin = Watching(series=QuoteSeries("demo", id_type="Figi", price_source="desk"))
    isin.quote("BBG000B9XRY4", "189.7")
    assert (await isin.look(APPLE, GILT)).keys() == {LUID}
    assert list(isin.bodies[0]) == [LUID, "fx:GBP/USD", "fx:USD/GBP"], "a gilt without a FIGI has no series"
    assert isin.bodies[0][LUID] == {
        "provider": "Lusid",
        "priceSource": "desk",
        "instrumentId": "BBG000B9XRY4",
        "instrumentIdType": "Figi",
        "quoteType": "Price",
        "field": "mid",
    }
    await isin.client.close()


async def test_rates_are_asked_for_with_the_prices_and_taken_from_the_inverse_too(desk: Watching) -> None:
    known = [
        APPLE,
        GILT,
        Instrument("LUID_SAP", {}, currency="EUR"),
        Instrument("LUID_X", {}, currency="XTS"),
    ]
    desk.quote("GBP/USD", "1.25")
    desk.quote("USD/EUR", "0.8")
    await desk.look(*known)
    assert desk.line.count(GET) == 1
    rates = desk.reader.rates_in("USD")
    assert rates == {"GBP": D("1.25"), "EUR": D("1.25")}
    limits = Limits(quoted=rates)
    assert (limits.rate_of("EUR"), limits.rate_of("GBX"), limits.rate_of("XTS")) == (
        D("1.25"),
        D("0.0125"),
        None,
    )
    assert limits.rate_of("CHF") == D("1.1"), "what is not quoted is known roughly"
    desk.seconds = 40
    await desk.look(*known)
    assert "fx:GBP/USD" not in desk.bodies[-1], "rates have a minute"
    desk.seconds = 2 * 3600
    assert desk.reader.rates_in("USD") == {}, "a rate that nobody renewed is no rate any more"


@pytest.mark.parametrize("way", BROKEN)
async def test_without_quotes_nothing_is_quoted_and_nothing_fails(desk: Watching, way: str) -> None:
    desk.line.answers[GET] = BROKEN[way]
    assert not await desk.look(APPLE)


# --- what they are for ---------------------------------------------------------------------------


def quoted(value: str, *, outdated: bool = False, fill: bool = True) -> Snapshot:
    """Return a desk on which Apple was dealt at 189.5, or asked for at 190, and is quoted."""
    rows = snapshot_of(
        blocks=[block("BLK", "ORD")],
        orders=[order("ORD")],
        placements=[placement("PLC", "BLK")],
        executions=[execution("EXE", "PLC")] if fill else [],
    )
    builder = SnapshotBuilder(rows)
    builder.put_quotes({LUID: LatestQuote(D(value), None, NINE, "mid", "USD", outdated)})
    return builder.freeze()


def asked(desk: Snapshot, limit: str | None = None) -> Preview:
    buying = BlockAndOrdersRequest(
        block_id=rid("NEW"),
        orders=(BlockedOrderRequest(id=rid("NEW-1"), portfolio_id=rid("GROWTH"), quantity=D(100)),),
        instrument_identifiers=AAPL,
        side="Buy",
        type="Limit" if limit else "Market",
        limit_price=usd(limit) if limit else None,
    )
    return preview(CreateOrders((buying,)), desk, LOCAL)


def said(preview: Preview) -> str:
    return " ".join((*preview.hard, *(text for warning in preview.soft for text in warning.texts)))


def test_a_limit_is_checked_against_the_quote_and_says_so() -> None:
    seen = asked(quoted("200"), "190")
    assert seen.tier is Tier.T3
    assert "limit 190 is 5 % off the mid 200" in said(seen)


def test_without_a_fresh_quote_it_is_checked_against_the_last_fill() -> None:
    seen = asked(quoted("200", outdated=True), "195")
    assert "limit 195 is 2.9 % off the last fill 189.5" in said(seen)
    old = "the mid of 20 Nov 09:00:00 UTC is too old; its prices are checked against the last fill"
    assert old in said(seen)


def test_an_old_quote_alone_is_not_checked_against() -> None:
    builder = SnapshotBuilder()
    builder.put_quotes({LUID: LatestQuote(D(200), None, NINE, "mid", "USD", outdated=True)})
    last = builder.freeze().instruments[LUID].last
    assert last is not None
    assert last.outdated
    assert last.price == 200


def test_an_order_at_market_is_worth_its_quote() -> None:
    assert asked(quoted("200")).totals[0].notional == 20_000
    assert asked(quoted("200", outdated=True)).totals[0].notional == 18_950


def test_a_quote_in_another_currency_is_not_the_price() -> None:
    builder = SnapshotBuilder(quoted("200"))
    builder.put_quotes({LUID: LatestQuote(D(170), None, NINE, "mid", "EUR")})
    last = builder.freeze().instruments[LUID].last
    assert last is not None
    assert last.source == "last fill"


async def a_block_and_its_quote(server: AsyncBaseTransport) -> tuple[Dealer, OrderGraphBlock]:
    """Return a dealer with one block, of which the server has a quote by now that nobody read: 201."""
    watching = Watching()
    line = AroundTheRows(server, {GET: watching.answer})
    dealer = Dealer.at(line, profile=DeskProfile(quotes=QuoteSeries("demo", max_age=timedelta(days=9999))))
    await dealer.desk.load()
    await dealer.desk.act(new_orders("BLK_1", ORD_1=100))
    [row] = dealer.desk.snapshot.blocks.values()
    watching.quote(row.block.lusid_instrument_id, "201")
    return dealer, row


async def test_what_is_in_sight_is_quoted_and_no_row_is_another_for_that(
    server: AsyncBaseTransport,
) -> None:
    dealer, row = await a_block_and_its_quote(server)
    dealer.updates.clear()
    ref = Ref(EntityKind.BLOCKS, row.block.id)
    await dealer.desk.beside.read_quotes([ref])
    last = dealer.desk.snapshot.instruments[row.block.lusid_instrument_id].last
    assert last is not None
    assert (last.price, last.source) == (D(201), "mid")
    [update] = dealer.updates
    assert not update.deltas
    await dealer.desk.beside.read_quotes([ref])
    assert len(dealer.updates) == 1, "what is known is not told again"
    facts = dealer.desk.beside.facts
    told = facts.serial
    facts.ask_quote(dealer.desk.snapshot.instruments[row.block.lusid_instrument_id])
    for _ in range(20):
        await asyncio.sleep(0)
    assert facts.serial == told, "nor to a ticket that asks for it"
    await dealer.desk.close()


async def test_a_form_that_is_made_anew_in_a_thread_has_the_quote_asked_for_again(
    server: AsyncBaseTransport,
) -> None:
    dealer, row = await a_block_and_its_quote(server)
    rows, facts = dealer.desk.snapshot, dealer.desk.beside.facts
    scope = Scope(rows, EntityKind.BLOCKS, (row.block.id,), LOCAL, NINE, facts=facts)
    answered = asyncio.Event()
    dealer.desk.subscribe(lambda update: answered.set())
    await asyncio.to_thread(place_form, scope)
    await asyncio.wait_for(answered.wait(), 60)
    assert "last price 201.00 USD, mid" in place_form(replace(scope, snapshot=dealer.desk.snapshot)).intro
    await dealer.desk.close()
