"""Retry budget, back-off and circuit breaker: how often a failing server is asked, and what is reported."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx
import pytest

from tests.api.faults import Script, send
from tui.api import operations
from tui.api.base import ResourceId
from tui.api.errors import ApiError, NoAnswer, NotSent, Offline, RateLimited, Refused
from tui.api.http import ClockSkew, Http, Notice, RetryNotice, Timeouts
from tui.api.retries import FAILURE_THRESHOLD, OPEN_S, RESERVE_RETRIES, RetryBudget

OK = httpx.Response(200, json={"values": []})
DOWN = httpx.ConnectError("refused")
IDS = {"1": ResourceId("Desk", "ORD-1")}


class ScriptedHttp:
    """An Http over a scripted server, with a clock that moves on when the client waits."""

    def __init__(self, *answers: Any, now: Callable[[], datetime] | None = None) -> None:
        self.script = Script(*answers)
        self.seconds = 0.0
        self.waits: list[float] = []
        self.heard: list[Notice] = []
        self.http = Http(
            "http://desk.example/api",
            transport=self.script,
            pause=self.pause,
            clock=lambda: self.seconds,
            now=now or (lambda: datetime.now(UTC)),
        )
        self.http.listen(self.heard.append)

    async def pause(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.seconds += seconds
        await asyncio.sleep(0)

    async def read(self) -> object:
        return await send(self.http, operations.BLOCKS.list)

    async def write(self) -> object:
        return await send(self.http, operations.CANCEL_ORDERS, body=IDS, key="K-1")

    async def fails(self, times: int = 1) -> ApiError:
        """Send writes that fail, and return the error of the last one."""
        for _ in range(times):
            with pytest.raises(ApiError) as caught:
                await self.write()
        return caught.value


LOST = httpx.ReadTimeout("nothing came back")


class TestReadsNobodyWaitsFor:
    """They are sent beside others, and their failures say nothing of the connection."""

    async def beside(self, desk: ScriptedHttp) -> object:
        return await desk.http.send(desk.http.build(operations.BLOCKS.list), beside=True)

    async def test_each_is_tried_once_and_opens_no_circuit(self) -> None:
        limited = httpx.Response(429, headers={"retry-after": "7"})
        desk = ScriptedHttp(*[LOST] * (FAILURE_THRESHOLD + 1), limited, OK)
        for _ in range(FAILURE_THRESHOLD + 1):
            with pytest.raises(NoAnswer):
                await self.beside(desk)
        with pytest.raises(RateLimited) as caught:
            await self.beside(desk)
        assert caught.value.retry_after == 7
        await desk.read()
        assert (desk.waits, desk.heard) == ([], [])

    async def test_none_is_sent_while_the_server_is_offline(self) -> None:
        desk = ScriptedHttp(*[LOST] * FAILURE_THRESHOLD, OK, OK)
        await desk.fails(FAILURE_THRESHOLD)
        desk.seconds += OPEN_S
        with pytest.raises(Offline):
            await self.beside(desk)
        await desk.write()
        await self.beside(desk)

    async def test_the_screen_does_not_count_the_seconds_of_their_silence(self) -> None:
        waited: list[float] = []

        def slow(_: httpx.Request) -> httpx.Response:
            desk.seconds += 10
            waited.append(desk.http.unanswered_s)
            return OK

        desk = ScriptedHttp(slow)
        await self.beside(desk)
        assert waited == [0]


class TestCircuit:
    async def test_after_five_failures_in_a_row_nothing_is_sent_any_more(self) -> None:
        desk = ScriptedHttp(*[LOST] * FAILURE_THRESHOLD)
        assert type(await desk.fails(FAILURE_THRESHOLD)) is NoAnswer
        for call in (desk.read, desk.write):
            with pytest.raises(Offline) as caught:
                await call()
            assert isinstance(caught.value, NotSent), "what was refused here did not happen"
            assert "did not answer in time" in caught.value.why
            assert caught.value.seconds == OPEN_S
        assert len(desk.script.requests) == FAILURE_THRESHOLD
        assert desk.heard == [
            RetryNotice(OPEN_S, "http://desk.example/api did not answer in time.", offline=True)
        ]

    async def test_an_answer_in_between_begins_the_count_anew(self) -> None:
        refusal = httpx.Response(404)
        for answer in (OK, refusal):
            desk = ScriptedHttp(*[LOST] * 4, answer, *[LOST] * 4, OK)
            await desk.fails(4)
            if answer is OK:
                await desk.write()
            else:
                assert isinstance(await desk.fails(), Refused)
            await desk.fails(4)
            await desk.write()

    async def test_after_fifteen_seconds_one_call_tries_and_opens_the_way(self) -> None:
        desk = ScriptedHttp(*[LOST] * FAILURE_THRESHOLD, OK, OK)
        await desk.fails(FAILURE_THRESHOLD)
        desk.seconds += OPEN_S - 1
        assert isinstance(await desk.fails(), Offline)
        desk.seconds += 1
        await desk.write()
        await desk.write()

    async def test_a_try_in_vain_is_another_fifteen_seconds(self) -> None:
        desk = ScriptedHttp(*[LOST] * (FAILURE_THRESHOLD + 1))
        await desk.fails(FAILURE_THRESHOLD)
        desk.seconds += OPEN_S
        assert type(await desk.fails()) is NoAnswer
        assert isinstance(await desk.fails(), Offline)
        assert [type(each) for each in desk.heard] == [RetryNotice, RetryNotice]

    async def test_somebody_who_does_not_want_to_wait_may_try_at_once(self) -> None:
        desk = ScriptedHttp(*[LOST] * (FAILURE_THRESHOLD + 1), OK, OK)
        await desk.fails(FAILURE_THRESHOLD)
        desk.http.try_now()
        assert type(await desk.fails()) is NoAnswer
        assert isinstance(await desk.fails(), Offline), "a try in vain opens it for fifteen seconds more"
        desk.http.try_now()
        await desk.write()
        desk.http.try_now()
        await desk.write()

    async def test_only_one_call_tries(self) -> None:
        desk = ScriptedHttp(*[LOST] * FAILURE_THRESHOLD, httpx.Response(429), OK)
        await desk.fails(FAILURE_THRESHOLD)
        desk.seconds += OPEN_S
        answers = await asyncio.gather(*(desk.write() for _ in range(5)), return_exceptions=True)
        assert [type(each).__name__ for each in answers] == ["Reply"] + ["Offline"] * 4

    async def test_a_try_that_is_given_up_leaves_the_way_for_the_next(self) -> None:
        def left(_: httpx.Request) -> httpx.Response:
            raise asyncio.CancelledError

        desk = ScriptedHttp(*[LOST] * FAILURE_THRESHOLD, left, OK)
        await desk.fails(FAILURE_THRESHOLD)
        desk.seconds += OPEN_S
        with pytest.raises(asyncio.CancelledError):
            await desk.write()
        await desk.write()

    async def test_calls_that_fail_together_are_one_failure(self) -> None:
        desk = ScriptedHttp(*[DOWN] * (8 + RESERVE_RETRIES), OK)
        await asyncio.gather(*(desk.read() for _ in range(8)), return_exceptions=True)
        assert desk.heard == []
        await send(desk.http, operations.BLOCKS.list)

    async def test_what_cannot_be_sent_says_nothing_about_the_server(self) -> None:
        desk = ScriptedHttp(OK)
        for _ in range(6):
            with pytest.raises(NotSent, match="cannot be sent"):
                await send(desk.http, operations.BLOCKS.list, query={"filter": "\ud800"})
        await desk.write()


class TestBudget:
    def test_one_call_in_ten_may_be_repeated_and_ten_more(self) -> None:
        budget = RetryBudget()
        granted = 0
        for _ in range(1000):
            budget.deposit()
            granted += budget.spend()
        assert granted == 1000 // 10 + 9

    async def test_a_server_in_trouble_is_not_asked_four_times_as_often(self) -> None:
        """Every third read is answered; without a budget 30 such reads would send 90 requests."""
        answers = [each for _ in range(30) for each in (httpx.Response(500), httpx.Response(500), OK)]
        desk = ScriptedHttp(*answers, *[OK] * 60)
        for _ in range(30):
            try:
                await desk.read()
            except NoAnswer:
                desk.seconds += 2
        assert len(desk.script.requests) <= 30 + 10 + 3


class TestTime:
    async def test_the_pauses_of_a_read_are_random_up_to_a_doubling_bound(self) -> None:
        for _ in range(20):
            desk = ScriptedHttp(*[LOST] * 4)
            with pytest.raises(NoAnswer):
                await desk.read()
            assert len(desk.waits) == 3
            assert all(0 <= wait <= bound for wait, bound in zip(desk.waits, (0.2, 0.4, 0.8), strict=True))

    async def test_a_503_may_ask_a_read_to_wait_but_not_for_longer_than_fifteen_seconds(self) -> None:
        busy = httpx.Response(503, headers={"retry-after": "6"})
        desk = ScriptedHttp(busy, busy, busy)
        with pytest.raises(NoAnswer):
            await desk.read()
        assert desk.waits == [6, 6]

    async def test_a_date_is_held_against_the_servers_own_clock(self) -> None:
        theirs = datetime(2031, 5, 1, 12, tzinfo=UTC)
        headers = {
            "date": format_datetime(theirs, usegmt=True),
            "retry-after": format_datetime(theirs + timedelta(seconds=4), usegmt=True),
        }
        desk = ScriptedHttp(httpx.Response(429, headers=headers), OK)
        await desk.write()
        assert desk.waits == [4]

    async def test_a_wait_one_would_notice_is_told_before_it_begins(self) -> None:
        desk = ScriptedHttp(httpx.Response(429, headers={"retry-after": "20"}), httpx.Response(429), OK)
        await desk.write()
        assert desk.heard == [RetryNotice(20, "HTTP 429 Too Many Requests")]

    async def test_an_answer_that_trickles_in_for_ever_is_given_up(self) -> None:
        """Each byte comes in time, but the whole answer does not: the deadline of the call ends it."""

        class Trickle(httpx.AsyncByteStream):
            async def __aiter__(self) -> AsyncIterator[bytes]:
                while True:
                    yield b" "
                    await asyncio.sleep(0)

        script = Script(lambda _: httpx.Response(200, stream=Trickle()))
        http = Http("http://desk.example/api", transport=script, timeouts=Timeouts(call=0.05))
        with pytest.raises(NoAnswer, match="did not answer in time"):
            await send(http, operations.CANCEL_ORDERS, body=IDS)
        assert len(script.requests) == 1

    async def test_the_tries_of_a_read_share_one_deadline(self, monkeypatch: pytest.MonkeyPatch) -> None:
        desk = ScriptedHttp(*[LOST] * 4)
        slow = desk.script.handle_async_request

        async def handle(request: httpx.Request) -> httpx.Response:
            desk.seconds += 40
            return await slow(request)

        monkeypatch.setattr(desk.script, "handle_async_request", handle)
        with pytest.raises(NoAnswer):
            await desk.read()
        assert len(desk.script.requests) == 3

    @pytest.mark.parametrize(
        ("endpoint", "read"),
        [
            (operations.BLOCKS.list, 60),
            (operations.GRAPH_BLOCKS, 60),
            (operations.PORTFOLIO_TRANSACTIONS, 60),
            (operations.BLOCKS.get, 30),
            (operations.ALLOCATE, 30),
        ],
        ids=lambda each: getattr(each, "name", ""),
    )
    async def test_nothing_is_waited_for_without_end(self, endpoint: Any, read: float) -> None:
        desk = ScriptedHttp(OK)
        await send(desk.http, endpoint, id=ResourceId("Desk", "X"), body=None)
        [request] = desk.script.requests
        assert request.extensions["timeout"] == {"connect": 5, "read": read, "write": 10, "pool": 5}


NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


class TestClocks:
    @pytest.mark.parametrize(
        ("ours", "skew"),
        [
            (timedelta(seconds=0), None),
            (timedelta(seconds=2.9), None),
            (timedelta(seconds=3.5), 2.5),
            (timedelta(seconds=-2), None),
            (timedelta(seconds=-2.5), -2.5),
            (timedelta(hours=-1), -3600),
        ],
        ids=str,
    )
    async def test_a_clock_that_is_more_than_two_seconds_off_is_told_once(
        self, ours: timedelta, skew: float | None
    ) -> None:
        answer = httpx.Response(200, headers={"date": format_datetime(NOON, usegmt=True)}, json={})
        desk = ScriptedHttp(answer, answer, now=lambda: NOON + ours)
        await desk.read()
        await desk.read()
        assert desk.heard == ([] if skew is None else [ClockSkew(skew)])

    async def test_a_server_that_tells_no_time_is_not_doubted(self) -> None:
        desk = ScriptedHttp(OK, httpx.Response(200, headers={"date": "soon"}, json={}))
        await desk.read()
        await desk.read()
        assert desk.heard == []


async def test_a_key_is_relied_on_only_where_the_server_says_that_it_keeps_them() -> None:
    desk = ScriptedHttp(OK, httpx.Response(200, headers={"idempotency-key-supported": "true"}, json={}))
    await desk.write()
    assert not desk.http.supports_idempotency_keys
    await desk.write()
    assert desk.http.supports_idempotency_keys
    assert {each.headers["idempotency-key"] for each in desk.script.requests} == {"K-1"}


async def test_too_many_requests_end_as_a_refusal_that_did_not_happen() -> None:
    desk = ScriptedHttp(*[httpx.Response(429, headers={"retry-after": "1"})] * 3)
    assert isinstance(await desk.fails(), RateLimited)
    assert desk.waits == [1, 1]
