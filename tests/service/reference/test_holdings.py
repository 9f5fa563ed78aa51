"""What a portfolio holds: asked once, added up, kept for a minute; where nobody tells, that is said."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

import httpx
import pytest

from tests.service.dealer import BASE
from tests.service.reference.around_the_rows import BROKEN, AroundTheRows, holdings
from tests.service.sample_rows import LUID, NINE, rid
from tui.api.client import Client
from tui.api.http import AsyncBaseTransport, Http
from tui.service.learned import Learned
from tui.service.reference.holdings import FRESH_FOR, HoldingsReader
from tui.service.reference.optional_calls import OptionalCalls
from tui.service.snapshot.held_units import NOT_ASKED, READING, HeldUnits, Holding, NotKnown

GROWTH = rid("GROWTH")
WITH_ORDERS = "/holdingsWithOrders"
PLAIN = "/holdings"
D = Decimal


class Nowhere(AsyncBaseTransport):
    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return httpx.Response(404, text="no such path")


@dataclass
class Asking:
    """A desk that asks a server about portfolios, at a time of its own."""

    line: AroundTheRows
    seconds: int = 0
    learned: Learned = field(default_factory=Learned)

    def __post_init__(self) -> None:
        self.client = Client(Http(BASE, transport=self.line))
        calls = OptionalCalls(self.client, self.learned, self.now)
        self.reader = HoldingsReader(calls, self.learned, self.now)

    def now(self) -> datetime:
        return NINE + timedelta(seconds=self.seconds)

    async def holds(self, *luids: str, of: str = "GROWTH") -> Holding:
        """Ask what a portfolio holds of an instrument, or of several: the first is returned."""
        keys = [(rid(of), luid) for luid in luids or (LUID,)]
        await asyncio.gather(*self.reader.start(keys))
        return self.reader.holding(keys[0])


@pytest.fixture
async def desk() -> AsyncIterator[Asking]:
    made = Asking(AroundTheRows(Nowhere(), {WITH_ORDERS: holdings((LUID, "P", "1092", "1000"))}))
    yield made
    await made.client.close()


async def test_positions_are_added_up_and_open_orders_are_apart_from_them(desk: Asking) -> None:
    desk.line.answers[WITH_ORDERS] = holdings(
        (LUID, "P", "1000"),
        (LUID, "P", "92", "0"),
        ("LUID_0000MSFT", "P", "5"),
        ("CCY_USD", "B", "250000"),
        (LUID, "O", "29"),
        (LUID, "L", "9"),
        ("CCY_USD", "OC", "-5510"),
    )
    assert await desk.holds() == HeldUnits(D(1092), D(1000), rows=2, ordered=D(38))


async def test_what_a_portfolio_has_no_row_of_it_does_not_hold(desk: Asking) -> None:
    desk.line.answers[WITH_ORDERS] = holdings(("LUID_0000MSFT", "P", "5"))
    held = await desk.holds()
    assert isinstance(held, HeldUnits)
    assert not held.units
    assert not held.rows


async def test_a_portfolio_is_asked_once_a_minute_and_again_after_a_write(desk: Asking) -> None:
    await desk.holds()
    await desk.holds()
    assert desk.line.count(WITH_ORDERS) == 1
    desk.seconds = int(FRESH_FOR.total_seconds())
    await desk.holds()
    assert desk.line.count(WITH_ORDERS) == 2
    desk.reader.drop()
    assert desk.reader.holding((GROWTH, LUID)) is NOT_ASKED
    await desk.holds()
    assert desk.line.count(WITH_ORDERS) == 3


async def test_an_answer_from_before_a_write_is_not_kept(desk: Asking) -> None:
    desk.line.held.clear()
    reads = desk.reader.start([(GROWTH, LUID)])
    assert desk.reader.holding((GROWTH, LUID)) is READING
    desk.reader.drop()
    desk.line.held.set()
    await asyncio.gather(*reads)
    assert desk.reader.holding((GROWTH, LUID)) is NOT_ASKED


async def test_who_asks_while_it_is_being_read_waits_for_the_same_answer(desk: Asking) -> None:
    first, second = await asyncio.gather(desk.holds(), desk.holds())
    assert first == second == HeldUnits(D(1092), D(1000), rows=1, ordered=D(0))
    assert desk.line.count(WITH_ORDERS) == 1


async def test_few_instruments_are_asked_for_by_name_and_many_with_the_whole_portfolio(desk: Asking) -> None:
    await desk.holds()
    assert desk.line.asked[-1].params["filter"] == f"instrumentUid eq '{LUID}'"
    await desk.holds("LUID_A", "LUID_B")
    assert desk.line.asked[-1].params["filter"] == "instrumentUid in ('LUID_A', 'LUID_B')"
    await desk.holds(*(f"LUID_{number:08}" for number in range(21)))
    assert "filter" not in desk.line.asked[-1].params
    assert await desk.holds("LUID_UNSEEN") == HeldUnits(ordered=D(0))
    assert desk.line.count(WITH_ORDERS) == 3, "the whole portfolio is known"


async def test_a_server_that_takes_no_filter_is_asked_for_all_from_then_on(desk: Asking) -> None:
    told = desk.line.answers[WITH_ORDERS]

    def no_filter(request: httpx.Request) -> httpx.Response:
        if "filter" in request.url.params:
            return httpx.Response(400, json={"code": 151, "detail": "not a filterable field"})
        return told(request)

    desk.line.answers[WITH_ORDERS] = no_filter
    assert await desk.holds() == HeldUnits(D(1092), D(1000), rows=1, ordered=D(0))
    assert await desk.holds(of="INCOME") == HeldUnits(D(1092), D(1000), rows=1, ordered=D(0))
    assert desk.line.count(WITH_ORDERS) == 3


async def test_a_server_that_counts_no_orders_tells_its_holdings(desk: Asking) -> None:
    desk.line.answers = {WITH_ORDERS: BROKEN["404"], PLAIN: holdings((LUID, "P", "7"))}
    assert await desk.holds() == HeldUnits(D(7), D(7), rows=1)
    await desk.holds(of="INCOME")
    assert (desk.line.count(WITH_ORDERS), desk.line.count(PLAIN)) == (1, 2), "it is remembered"
    assert await desk.holds("LUID_UNSEEN") == HeldUnits(), "and what orders are open is not known"


@pytest.mark.parametrize("way", BROKEN)
async def test_where_nobody_tells_the_reason_is_kept(desk: Asking, way: str) -> None:
    desk.line.answers = {WITH_ORDERS: BROKEN[way], PLAIN: BROKEN[way]}
    held = await desk.holds()
    assert isinstance(held, NotKnown), "never taken for zero"
    assert held.why
    assert not held.awaited


async def test_a_portfolio_that_has_no_transactions_says_so_and_the_others_are_asked(desk: Asking) -> None:
    told = desk.line.answers[WITH_ORDERS]

    def answer(request: httpx.Request) -> httpx.Response:
        if "/GROWTH/" not in request.url.path:
            return told(request)
        return httpx.Response(404, json={"name": "PortfolioNotFound", "code": 109, "detail": "no GROWTH"})

    desk.line.answers = {WITH_ORDERS: answer}
    assert await desk.holds() == NotKnown("Desk/GROWTH is no transaction portfolio here")
    assert isinstance(await desk.holds(of="INCOME"), HeldUnits)


async def test_at_most_twenty_portfolios_are_read_at_once(desk: Asking) -> None:
    desk.line.held.clear()
    keys = [(rid(f"FUND-{number}"), LUID) for number in range(50)]
    reads = desk.reader.start(keys)
    while desk.line.most_at_once < 20:
        assert not all(read.done() for read in reads)
        await asyncio.sleep(0)
    desk.line.held.set()
    await asyncio.gather(*reads)
    assert desk.line.count(WITH_ORDERS) == desk.line.most_at_once == 20
    assert [desk.reader.holding(key) is NOT_ASKED for key in keys].count(True) == 30
