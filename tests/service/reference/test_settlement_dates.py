"""Settlement days: the server's where it says one, asked once a day; ours, said to be assumed, elsewhere."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import httpx
import pytest

from tests.service.dealer import BASE, Dealer
from tests.service.reference.around_the_rows import BROKEN, AroundTheRows
from tests.service.sample_rows import (
    LUID,
    NINE,
    allocation,
    block,
    execution,
    order,
    placement,
    rid,
    snapshot_of,
)
from tui.actions.action import Form, Scope
from tui.actions.fills import fill_form
from tui.actions.post_trade import book_form
from tui.api.client import Client
from tui.api.http import AsyncBaseTransport, Http
from tui.service.environment import Environment, EnvironmentKind
from tui.service.learned import Learned
from tui.service.reference.optional_calls import OptionalCalls
from tui.service.reference.settlement_dates import GOOD_FOR, Settlement, SettlementDates, TradeAsked
from tui.service.snapshot.snapshot import EntityKind

PATH = "/settlementdate"
TRADE = TradeAsked(LUID, date(2026, 11, 20), "USD")


def monday(_: httpx.Request) -> httpx.Response:
    return httpx.Response(200, json={"value": "2026-11-23T00:00:00.0000000+00:00"})


class Elsewhere(AsyncBaseTransport):
    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return httpx.Response(404, text="no such path")


@dataclass
class Counting:
    """Somebody who asks when trades settle, at a time of their own."""

    line: AroundTheRows
    hours: float = 0

    def __post_init__(self) -> None:
        self.client = Client(Http(BASE, transport=self.line))
        self.dates = SettlementDates(OptionalCalls(self.client, Learned(), self.now), self.now)

    def now(self) -> datetime:
        return NINE + timedelta(hours=self.hours)

    async def settles(self, trade: TradeAsked = TRADE) -> Settlement:
        if self.dates.known(trade) is None:
            await self.dates.read(trade)
        found = self.dates.known(trade)
        assert found is not None
        return found


@pytest.fixture
async def counting() -> AsyncIterator[Counting]:
    made = Counting(AroundTheRows(Elsewhere(), {PATH: monday}))
    yield made
    await made.client.close()


async def test_the_day_is_asked_for_at_noon_once_a_day(counting: Counting) -> None:
    assert await counting.settles() == Settlement(date(2026, 11, 23))
    await counting.settles()
    assert counting.line.count(PATH) == 1
    assert counting.line.asked[0].path.endswith(f"/instruments/LusidInstrumentId/{LUID}/settlementdate")
    asked = datetime.fromisoformat(counting.line.asked[0].params["transactionDate"])
    assert asked == datetime(2026, 11, 20, 12, tzinfo=UTC)
    counting.hours = GOOD_FOR / timedelta(hours=1)
    await counting.settles()
    assert counting.line.count(PATH) == 2


@pytest.mark.parametrize("way", BROKEN)
async def test_where_the_server_says_none_the_reason_is_kept(counting: Counting, way: str) -> None:
    counting.line.answers[PATH] = BROKEN[way]
    found = await counting.settles()
    assert found.day is None
    assert found.why
    counting.hours = 0.05
    assert await counting.settles() == found, "it is not asked at every key"
    counting.line.answers[PATH] = monday
    counting.hours = 0.1
    again = await counting.settles()
    lacking = way in ("404", "403", "501")
    assert again.day == (None if lacking else date(2026, 11, 23)), "trouble passes, a missing call does not"


@pytest.mark.parametrize("failure", ["429", "500", "cut"])
async def test_a_failure_that_passes_is_forgotten_within_minutes(counting: Counting, failure: str) -> None:
    counting.line.answers[PATH] = BROKEN[failure]
    assert (await counting.settles()).day is None
    counting.line.answers[PATH] = monday
    assert (await counting.settles()).why, "not asked again at once"
    counting.hours += 0.1
    assert (await counting.settles()).day == date(2026, 11, 23)


async def test_an_instrument_without_a_cycle_says_nothing_of_the_others(counting: Counting) -> None:
    no_cycle = httpx.Response(400, json={"code": 151, "detail": "The instrument has no settlement cycle."})

    def answer(request: httpx.Request) -> httpx.Response:
        return no_cycle if "NOCYCLE" in request.url.path else monday(request)

    counting.line.answers[PATH] = answer
    assert await counting.settles(TradeAsked("LUID_NOCYCLE", TRADE.day)) == Settlement(
        why="The instrument has no settlement cycle"
    )
    assert (await counting.settles()).day == date(2026, 11, 23)


# --- in forms -----------------------------------------------------------------------------------


async def scope_of(server: AsyncBaseTransport, kind: EntityKind, code: str) -> tuple[Dealer, Scope]:
    """Return a dealer whose server says that trades settle on Monday, and a row in focus.

    The trade was on Friday; its fill and its allocation settle on Tuesday.
    """
    tuesday = datetime(2026, 11, 24, tzinfo=UTC)
    rows = snapshot_of(
        blocks=[block("BLK", "ORD")],
        orders=[order("ORD")],
        placements=[placement("PLC", "BLK")],
        executions=[execution("EXE", "PLC", settlement_date=tuesday)],
        allocations=[allocation("ALC", order="ORD", placement="PLC", settlement_date=tuesday)],
    )
    dealer = Dealer.at(AroundTheRows(server, {PATH: monday}))
    here = Environment("demo", EnvironmentKind.LOCAL)
    return dealer, Scope(rows, kind, (rid(code),), here, NINE, home="Desk", facts=dealer.desk.beside.facts)


async def made_twice(make: object, scope: Scope, dealer: Dealer) -> tuple[Form, Form]:
    """Return a form as it opens, and as it is when the server has answered."""
    assert callable(make)
    answered = asyncio.Event()
    dealer.desk.subscribe(lambda update: answered.set())
    first = make(scope)
    await answered.wait()
    return first, make(scope)


async def test_a_new_fill_takes_the_servers_day_when_it_is_there(server: AsyncBaseTransport) -> None:
    dealer, scope = await scope_of(server, EntityKind.PLACEMENTS, "PLC")
    first, then = await made_twice(fill_form, scope, dealer)
    was, now = (next(each for each in form.fields if each.id == "settles") for form in (first, then))
    assert was.echo(was.value).endswith(", assumed")
    assert "the server is being asked" in was.help
    assert now.echo(now.value) == "Mon 23 Nov 2026, by the server"
    assert now.help == "By the server, traded Fri 20 Nov in New York"
    assert now.echo("2026-11-25") == "Wed 25 Nov 2026", "what is typed is nobody else's"
    await dealer.desk.close()


async def test_a_fill_that_settles_on_another_day_keeps_it_and_says_so(server: AsyncBaseTransport) -> None:
    dealer, scope = await scope_of(server, EntityKind.EXECUTIONS, "EXE")
    _, form = await made_twice(fill_form, scope, dealer)
    settles = next(each for each in form.fields if each.id == "settles")
    assert settles.value == "2026-11-24"
    assert "It settles Tue 24 Nov, by the server Mon 23 Nov; it stays as it is" in form.intro
    await dealer.desk.close()


async def test_booking_says_which_allocations_carry_another_day(server: AsyncBaseTransport) -> None:
    dealer, scope = await scope_of(server, EntityKind.ALLOCATIONS, "ALC")
    first, form = await made_twice(book_form, scope, dealer)
    assert "settles" not in first.intro
    assert "1 allocation: settles Tue 24 Nov, by the server Mon 23 Nov." in form.intro
    await dealer.desk.close()


async def test_a_form_that_is_made_in_a_thread_has_the_server_asked_too(server: AsyncBaseTransport) -> None:
    dealer, scope = await scope_of(server, EntityKind.PLACEMENTS, "PLC")
    answered = asyncio.Event()
    dealer.desk.subscribe(lambda update: answered.set())
    await asyncio.to_thread(fill_form, scope)
    await asyncio.wait_for(answered.wait(), 60)
    settles = next(each for each in fill_form(scope).fields if each.id == "settles")
    assert settles.echo(settles.value).endswith(", by the server")
    await dealer.desk.close()
