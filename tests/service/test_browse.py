"""Blocks and orders outside the window are found on demand, a page at a time, whatever the server takes."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from tests.api.faults import json_answer
from tests.seeded_server import seeded_server
from tests.service.dealer import BASE, Dealer
from tui.api.client import Client
from tui.api.errors import Refused
from tui.api.http import AsyncBaseTransport, Http, asgi_transport
from tui.oms.http.app import ServerSettings
from tui.oms.http.call import Dialect
from tui.service.browse import PAGE, BrowsedPage, Browser, NotPossible, Search
from tui.service.learned import Learned
from tui.service.snapshot.snapshot import EMPTY, EntityKind

ORDERS = EntityKind.ORDERS
NOW = datetime(2026, 11, 29, 6, tzinfo=UTC)
MILLION = 1_000_000
APART = timedelta(days=3 * 365) / MILLION


def made(number: int) -> datetime:
    """Return when order ``number`` of a million was made, evenly over three years until now."""
    return NOW - APART * (MILLION - number)


class MillionOrders(AsyncBaseTransport):
    """A tenant of a million orders, made on demand; it may refuse or ignore a sort, or a filter by date."""

    def __init__(self, *, sorts: str = "yes", dates: str = "yes") -> None:
        self.sorts, self.dates = sorts, dates
        self.calls: list[httpx.QueryParams] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        asked = request.url.params
        self.calls.append(asked)
        test, descending = asked.get("filter", ""), "sortBy" in asked and self.sorts == "yes"
        if "sortBy" in asked and self.sorts == "no":
            return json_answer(400, {"name": "SortingByFieldNotSupported", "code": 681, "detail": "No sort."})
        if "date " in test and self.dates == "no":
            return json_answer(400, {"name": "InvalidParameterValue", "code": 151, "detail": "No dates."})
        low, high = 0, MILLION
        for operator, text in re.findall(r"date (gt|lte) (\S+)", test if self.dates == "yes" else ""):
            at = (datetime.fromisoformat(text.replace("Z", "+00:00")) - made(0)) // APART + 1
            low, high = (max(low, at), high) if operator == "gt" else (low, min(high, at))
        begin, limit = int(asked.get("page", 0)), int(asked["limit"])
        numbers = range(high - 1 - begin, low - 1, -1) if descending else range(low + begin, high)
        rows = [
            {
                "id": {"scope": "S", "code": f"ORD-{number:07}"},
                "instrumentIdentifiers": {},
                "side": "Buy",
                "date": made(number).isoformat(),
            }
            for number in numbers[:limit]
        ]
        more = str(begin + limit) if len(numbers) > limit else None
        return json_answer(200, {"values": rows, "nextPage": more})


def browser_of(server: AsyncBaseTransport, learned: Learned | None = None) -> Browser:
    return Browser(Client(Http(BASE, transport=server)), learned or Learned(), lambda: EMPTY, lambda: NOW)


def codes(page: BrowsedPage) -> list[str]:
    return [id.code for id in page.ids]


@pytest.mark.parametrize("sorts", ["yes", "ignored", "no"])
async def test_a_million_orders_take_three_calls_to_the_first_page_and_two_to_a_day(sorts: str) -> None:
    server = MillionOrders(sorts=sorts)
    browser = browser_of(server)
    page = await browser.first(Search(ORDERS))
    assert len(server.calls) <= 3
    assert codes(page)[0] == "ORD-0999999"
    assert codes(page) == sorted(codes(page), reverse=True)
    assert 0 < len(page.ids) <= PAGE
    server.calls.clear()
    day = datetime(2025, 2, 3, tzinfo=UTC)
    page = await browser.first(Search(ORDERS, until=day))
    assert len(server.calls) <= 2
    assert page.newest
    assert timedelta(0) <= day - page.newest < APART


@pytest.mark.parametrize("sorts", ["yes", "no"])
async def test_pages_follow_each_other_without_a_gap_and_back(sorts: str) -> None:
    browser = browser_of(MillionOrders(sorts=sorts))
    pages = [await browser.first(Search(ORDERS))]
    pages += [await browser.following() for _ in range(3)]
    seen = [code for page in pages for code in codes(page)]
    assert seen == [f"ORD-{number:07}" for number in range(MILLION - 1, MILLION - 1 - len(seen), -1)]
    back = await browser.previous()
    assert (back.number, codes(back)) == (3, codes(pages[2]))


async def test_what_a_server_takes_is_learned_once() -> None:
    server, learned = MillionOrders(sorts="no"), Learned()
    await browser_of(server, learned).first(Search(ORDERS))
    server.calls.clear()
    await browser_of(server, learned).first(Search(ORDERS))
    assert not any("sortBy" in call for call in server.calls)


@pytest.mark.parametrize("dates", ["ignored", "no"])
async def test_a_server_without_sort_and_dates_is_read_in_its_own_order(dates: str) -> None:
    browser = browser_of(MillionOrders(sorts="no", dates=dates))
    page = await browser.first(Search(ORDERS))
    assert (page.way, codes(page)[0]) == ("listed", "ORD-0000000")
    with pytest.raises(NotPossible, match="finds no day"):
        await browser.first(Search(ORDERS, until=NOW))
    assert codes(await browser.following())[0] == f"ORD-{PAGE:07}", "the page before is still the current one"


@pytest.fixture
async def demo_desk() -> AsyncIterator[Dealer]:
    """A dealer on the demo's data."""
    embedded = await seeded_server()
    dealer = Dealer.at(asgi_transport(embedded.app))
    yield dealer
    await dealer.desk.client.close()
    await embedded.close()


async def test_a_swept_block_is_found_with_its_totals_and_never_joins_the_desk(demo_desk: Dealer) -> None:
    empty = demo_desk.desk.snapshot
    page = await demo_desk.desk.browser().first(Search(filter="isSwept eq true"))
    rows = [page.snapshot.blocks[id] for id in page.ids]
    assert rows
    assert all(row.block.is_swept and row.booked.quantity for row in rows)
    times = [row.block.created_date for row in rows]
    assert times == sorted(times, reverse=True)
    assert demo_desk.desk.snapshot is empty
    assert not empty.blocks


async def test_a_filter_the_server_refuses_is_told_in_its_words(demo_desk: Dealer) -> None:
    browser = demo_desk.desk.browser()
    page = await browser.first(Search(ORDERS))
    with pytest.raises(Refused, match="There is no field 'colour'"):
        await browser.first(Search(ORDERS, "colour eq 'red'"))
    assert codes(await browser.again()) == codes(page)
    asked = len(demo_desk.line.seen)
    with pytest.raises(Refused, match="There is no field 'colour'"):
        await browser.first(Search(ORDERS, "colour eq 'red'"))
    assert len(demo_desk.line.seen) == asked + 1, "by now it is known that the filter is at fault"
    await browser.first(Search(ORDERS, "side eq 'Buy'"))
    assert demo_desk.desk.learned.get("browse.orders") == "sorted", "nothing wrong was learned from it"


async def test_without_an_order_graph_blocks_are_found_and_their_totals_unknown(demo_desk: Dealer) -> None:
    class Graphless(AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            if "ordergraph" in request.url.path:
                return httpx.Response(404)
            return await demo_desk.line.handle_async_request(request)

    page = await browser_of(Graphless()).first(Search())
    assert len(page.ids) > 30
    assert not page.totals
    assert not page.snapshot.knows_totals(EntityKind.PLACEMENTS)


async def test_the_past_is_browsed_as_it_was(demo_desk: Dealer) -> None:
    now = await demo_desk.desk.browser().first(Search(ORDERS))
    assert now.oldest
    assert now.newest
    assert await demo_desk.desk.travel(now.oldest + (now.newest - now.oldest) / 2)
    then = await demo_desk.desk.browser().first(Search(ORDERS))
    assert 0 < len(then.ids) < len(now.ids)
    assert "asAt" in demo_desk.line.seen[-1].url.params


async def test_the_names_of_what_was_traded_long_ago_are_read_when_somebody_looks(demo_desk: Dealer) -> None:
    desk = demo_desk.desk
    assert await desk.load()
    await desk.beside.read_reference()
    browser = desk.browser()
    page = await browser.first(Search())
    unknown = page.luids - desk.snapshot.records.instruments.keys()
    assert unknown
    await desk.beside.read_names(page.luids)
    named = browser.named(page).snapshot.instruments
    assert all(named[luid].name for luid in unknown)


async def test_an_order_graph_that_spells_fields_otherwise_is_asked_so() -> None:
    embedded = await seeded_server(settings=ServerSettings(dialect=Dialect(graph_filters="nested")))
    dealer = Dealer.at(asgi_transport(embedded.app))
    assert await dealer.desk.load()
    page = await dealer.desk.browser().first(Search(filter="isSwept eq true and side eq 'Sell'"))
    rows = [page.snapshot.blocks[id] for id in page.ids]
    assert rows
    assert all(row.block.is_swept and row.block.side == "Sell" for row in rows)
    assert (page.totals, page.way) == (True, "sorted")
    await dealer.desk.client.close()
    await embedded.close()
