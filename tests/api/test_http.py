"""Failures of network and server: which requests are sent again, which never are, and what the user reads."""

from __future__ import annotations

import asyncio
import gzip
import sys
import traceback
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import format_datetime
from pathlib import Path
from typing import Any, ClassVar

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.api.examples import example
from tests.api.faults import CutBody, Pauses, Script, ScriptedTokens, json_answer, send
from tui.api import operations, retries
from tui.api.base import ResourceId
from tui.api.errors import (
    ApiError,
    Forbidden,
    MalformedReply,
    NoAnswer,
    NotFound,
    NotSent,
    NotServed,
    RateLimited,
    Refused,
    ServerFailed,
    Unauthenticated,
)
from tui.api.http import Http, Proxy, Reply, post_form
from tui.api.requests import OrderUpdateRequest

Call = Callable[[Http], Awaitable[Reply]]

TOKEN = "eyJhbGciOi.very-secret.token"
ORDER = ResourceId("Desk", "ORD-1")


async def read(client: Http) -> Reply:
    return await send(client, operations.BLOCKS.list, query={"limit": "200"})


async def write(client: Http) -> Reply:
    return await send(
        client,
        operations.UPDATE_ORDERS,
        body={"u1": OrderUpdateRequest(id=ORDER, quantity=Decimal("50.10"))},
        key="K-1",
    )


def client_of(script: Script, pauses: Pauses | None = None, url: str = "http://desk.example/api") -> Http:
    return Http(url, token=ScriptedTokens(TOKEN), transport=script, pause=pauses or Pauses())


async def fails(call: Call, *answers: Any) -> tuple[ApiError, Script, Pauses]:
    """Return the error of a call, the requests it sent and the pauses it made."""
    script, pauses = Script(*answers), Pauses()
    with pytest.raises(ApiError) as caught:
        await call(client_of(script, pauses))
    assert TOKEN not in "".join(traceback.format_exception(caught.value))
    assert TOKEN not in str(caught.value) + repr(caught.value)
    return caught.value, script, pauses


OK = httpx.Response(200, json={"values": []})
NEVER_LEFT = [httpx.ConnectError("refused"), httpx.ConnectTimeout("slow"), httpx.PoolTimeout("full")]
MAY_HAVE_ARRIVED = [
    httpx.ReadTimeout("no answer"),
    httpx.WriteTimeout("stuck"),
    httpx.ReadError("reset"),
    httpx.WriteError("broken pipe"),
    httpx.RemoteProtocolError("server hung up"),
    httpx.Response(500),
    httpx.Response(502, text="<html><h1>Bad gateway</h1></html>"),
    httpx.Response(503, headers={"retry-after": "1"}),
    httpx.Response(504, json={"title": "Timeout", "status": 504}),
]


def name_of(answer: Any) -> str:
    return str(answer.status_code) if isinstance(answer, httpx.Response) else type(answer).__name__


class TestWhatIsSent:
    async def test_a_write_carries_its_body_its_key_and_the_token(self) -> None:
        script = Script(OK)
        await write(client_of(script))
        [request] = script.requests
        assert request.method == "POST"
        assert str(request.url) == "http://desk.example/api/api/ordermanagement/updateorders"
        assert request.content == b'{"u1":{"id":{"scope":"Desk","code":"ORD-1"},"quantity":50.10}}'
        assert request.headers["content-type"] == "application/json"
        assert request.headers["accept"] == "application/json"
        assert request.headers["authorization"] == f"Bearer {TOKEN}"
        assert request.headers["idempotency-key"] == "K-1"

    async def test_a_read_has_no_body_and_no_key(self) -> None:
        script = Script(OK)
        await read(client_of(script))
        [request] = script.requests
        assert request.content == b""
        assert "content-type" not in request.headers
        assert "idempotency-key" not in request.headers

    async def test_without_a_token_nothing_is_claimed(self) -> None:
        script = Script(OK)
        await read(Http("http://desk.example", transport=script))
        assert "authorization" not in script.requests[0].headers

    async def test_lists_in_the_query_are_repeated_keys_and_what_is_not_set_is_left_out(self) -> None:
        script = Script(OK)
        query = {
            "sortBy": ["state ASC", "id.code DESC"],
            "filter": "state eq 'New'",
            "asAt": None,
            "propertyKeys": (),
        }
        await send(client_of(script), operations.ORDERS.list, query=query)
        assert script.requests[0].url.params.multi_items() == [
            ("sortBy", "state ASC"),
            ("sortBy", "id.code DESC"),
            ("filter", "state eq 'New'"),
        ]

    @pytest.mark.parametrize(
        "code", ["A/B", "$x", "a b", "a?b=c", "a#b", "..", "a%2Fb", "ünï", "a+b", "\x1b"]
    )
    async def test_an_id_is_one_segment_of_the_path_whatever_it_holds(self, code: str) -> None:
        script = Script(OK)
        await send(client_of(script), operations.ORDERS.get, id=ResourceId("Desk", code))
        raw = script.requests[0].url.raw_path
        assert raw.startswith(b"/api/api/orders/Desk/")
        assert raw.count(b"/") == 5
        segment = raw.rsplit(b"/", 1)[1].decode("ascii")
        assert httpx.URL(f"http://x/?v={segment.replace('+', '%2B')}").params["v"] == code

    @pytest.mark.parametrize("status", [200, 201])
    @pytest.mark.parametrize("call", [read, write])
    async def test_200_and_201_are_alike(self, status: int, call: Call) -> None:
        answer = json_answer(status, {"values": []}, lusid_meta_requestid="0HMRIE84F6H4T:26")
        reply = await call(client_of(Script(answer)))
        assert reply == Reply(b'{"values": []}', "0HMRIE84F6H4T:26", status)

    async def test_a_dot_dot_is_not_a_way_up(self) -> None:
        script = Script(OK)
        await send(client_of(script), operations.ORDERS.get, id=ResourceId("..", ".."))
        assert script.requests[0].url.raw_path == b"/api/api/orders/%2E%2E/%2E%2E"


class TestWhatIsRepeated:
    @pytest.mark.parametrize("fault", NEVER_LEFT, ids=name_of)
    @pytest.mark.parametrize("call", [read, write])
    async def test_what_never_left_is_sent_again_three_times(self, call: Call, fault: Exception) -> None:
        error, script, pauses = await fails(call, *[fault] * 4)
        assert isinstance(error, NotSent)
        assert (len(script.requests), len(pauses.seconds)) == (4, 3)
        assert error.why.startswith("No connection to http://desk.example/api")

    @pytest.mark.parametrize("call", [read, write])
    async def test_a_server_that_comes_back_gets_the_same_request(self, call: Call) -> None:
        script = Script(httpx.ConnectError("refused"), httpx.ConnectError("refused"), OK)
        assert (await call(client_of(script))).body == OK.content
        assert (
            len(
                {
                    (request.content, str(request.url), request.headers.get("idempotency-key"))
                    for request in script.requests
                }
            )
            == 1
        )

    @pytest.mark.parametrize("fault", MAY_HAVE_ARRIVED, ids=name_of)
    async def test_a_write_that_may_have_arrived_is_never_sent_again(self, fault: Any) -> None:
        error, script, pauses = await fails(write, fault)
        assert isinstance(error, NoAnswer)
        assert (len(script.requests), pauses.seconds) == (1, [])
        assert "Nothing is sent twice" in error.advice

    @pytest.mark.parametrize("fault", MAY_HAVE_ARRIVED, ids=name_of)
    async def test_a_read_that_failed_is_repeated_three_times(self, fault: Any) -> None:
        error, script, pauses = await fails(read, *[fault] * 4)
        assert isinstance(error, NoAnswer)
        assert "retried" in error.advice
        assert (len(script.requests), len(pauses.seconds)) == (4, 3)

    @pytest.mark.parametrize("fault", MAY_HAVE_ARRIVED, ids=name_of)
    async def test_a_read_that_succeeds_later_is_an_answer(self, fault: Any) -> None:
        assert (await read(client_of(Script(fault, fault, OK)))).body == OK.content

    async def test_the_pauses_between_tries_are_short_and_bounded(self) -> None:
        _, _, pauses = await fails(read, *[httpx.ReadTimeout("no answer")] * 4)
        for turn, seconds in enumerate(pauses.seconds, start=1):
            assert 0 <= seconds <= 0.2 * 2**turn

    @pytest.mark.parametrize("call", [read, write])
    @pytest.mark.parametrize(("header", "seconds"), [("2", 2), ("0", 0), ("1.5", 1), ("600", 30)])
    async def test_too_many_requests_are_sent_again_after_the_time_told_at_most_twice(
        self, call: Call, header: str, seconds: float
    ) -> None:
        error, script, pauses = await fails(call, *[httpx.Response(429, headers={"retry-after": header})] * 3)
        assert isinstance(error, RateLimited)
        assert (len(script.requests), pauses.seconds) == (3, [seconds, seconds])

    async def test_a_date_in_retry_after_is_waited_for(self) -> None:
        moment = format_datetime(datetime.now(UTC) + timedelta(seconds=20), usegmt=True)
        pauses = Pauses()
        answers = (httpx.Response(429, headers={"retry-after": moment}), OK)
        await write(client_of(Script(*answers), pauses))
        assert 10 < pauses.seconds[0] <= 20

    async def test_a_date_in_the_past_means_now(self) -> None:
        pauses = Pauses()
        past = httpx.Response(429, headers={"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"})
        await write(client_of(Script(past, OK), pauses))
        assert pauses.seconds == [0]

    @pytest.mark.parametrize(
        "header",
        ["soon", "", " ", "-5", "1e9", "²", "9" * 5000, "Mon, 99 Foo 2026 00:00:00 GMT"],
        ids=lambda h: h[:9],
    )
    async def test_a_retry_after_that_says_nothing_means_our_own_pause(self, header: str) -> None:
        pauses = Pauses()
        garbled = httpx.Response(429, headers=[(b"retry-after", header.encode("latin-1"))])
        await write(client_of(Script(garbled, OK), pauses))
        assert len(pauses.seconds) == 1
        assert 0 <= pauses.seconds[0] <= 0.4

    @given(st.text())
    def test_no_retry_after_makes_us_wait_long_or_fail(self, header: str) -> None:
        seconds = retries.retry_after(header)
        assert seconds is None or 0 <= seconds <= retries.MAX_RETRY_AFTER_S

    @pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 409, 415, 422, 501])
    @pytest.mark.parametrize("call", [read, write])
    async def test_a_refusal_is_final(self, call: Call, status: int) -> None:
        error, script, _ = await fails(call, httpx.Response(status))
        assert isinstance(error, Refused)
        assert len(script.requests) == 1

    @pytest.mark.parametrize("status", [301, 302, 303, 307, 308, 304])
    @pytest.mark.parametrize("call", [read, write])
    async def test_a_redirect_is_not_followed(self, call: Call, status: int) -> None:
        elsewhere = httpx.Response(status, headers={"location": "http://evil.example/"})
        error, script, _ = await fails(call, elsewhere)
        assert isinstance(error, MalformedReply)
        assert len(script.requests) == 1
        assert "not followed" in error.why

    async def test_each_kind_of_failure_has_its_own_allowance(self) -> None:
        refused, busy = httpx.ConnectError("refused"), httpx.Response(429, headers={"retry-after": "1"})
        script = Script(refused, busy, refused, busy, refused, OK)
        assert (await write(client_of(script))).body == OK.content


class TestSigningOn:
    @pytest.mark.parametrize("call", [read, write])
    async def test_a_refused_token_is_renewed_once_and_the_request_sent_again(self, call: Call) -> None:
        sent: list[tuple[str, bytes]] = []

        def answered(status: int) -> Callable[[httpx.Request], httpx.Response]:
            def answer(request: httpx.Request) -> httpx.Response:
                sent.append((request.headers["authorization"], request.content))
                return httpx.Response(status)

            return answer

        tokens = ScriptedTokens("old", "new")
        script = Script(answered(401), answered(200))
        await call(Http("http://desk.example", token=tokens, transport=script))
        [(first, body), (second, same)] = sent
        assert (first, second) == ("Bearer old", "Bearer new")
        assert body == same
        assert tokens.refused == ["old"]

    async def test_the_second_refusal_stands(self) -> None:
        script, tokens = (
            Script(httpx.Response(401), httpx.Response(401)),
            ScriptedTokens("old", "new", "newer"),
        )
        with pytest.raises(Unauthenticated):
            await write(Http("http://desk.example", token=tokens, transport=script))
        assert (len(script.requests), tokens.refused) == (2, ["old"])

    async def test_without_another_token_the_refusal_stands(self) -> None:
        script, tokens = Script(httpx.Response(401)), ScriptedTokens("only")
        with pytest.raises(Unauthenticated):
            await write(Http("http://desk.example", token=tokens, transport=script))
        assert tokens.refused == ["only"]

    @pytest.mark.parametrize(
        ("error", "kind"),
        [
            (NoAnswer("the issuer did not answer in time."), NotSent),
            (NotSent("No connection to the issuer."), NotSent),
            (Refused("the password is wrong.", status=400), Unauthenticated),
            (RateLimited("too many sign-ons.", status=429), Unauthenticated),
        ],
        ids=lambda each: type(each).__name__ if isinstance(each, ApiError) else "",
    )
    async def test_a_write_that_could_not_be_signed_on_was_not_sent(
        self, error: ApiError, kind: type[ApiError]
    ) -> None:
        class Failing(ScriptedTokens):
            async def token(self) -> str:
                raise error

        script, pauses = Script(), Pauses()
        with pytest.raises(kind) as caught:
            await write(Http("http://desk.example", token=Failing(""), transport=script, pause=pauses))
        assert error.why in caught.value.why
        assert (script.requests, pauses.seconds) == ([], [])


class Word:
    """A secret as the configuration holds it."""

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        return self._text


class TestTokenEndpoint:
    ISSUER = "https://desk.okta.example/oauth2/1/v1/token"
    FORM: ClassVar[dict[str, Any]] = {
        "grant_type": "password",
        "username": "u@desk",
        "password": Word("p&=w %"),
    }

    async def test_the_form_is_sent_once_and_its_answer_given(self) -> None:
        script = Script(httpx.Response(200, content=b'{"access_token":"t"}'))
        body = await post_form(self.ISSUER, self.FORM, transport=script)
        [request] = script.requests
        assert body == b'{"access_token":"t"}'
        assert request.content == b"grant_type=password&username=u%40desk&password=p%26%3Dw+%25"
        assert request.headers["content-type"] == "application/x-www-form-urlencoded"
        assert "authorization" not in request.headers

    async def test_a_clients_id_and_secret_go_into_the_header(self) -> None:
        script = Script(httpx.Response(200, content=b"{}"))
        await post_form(self.ISSUER, {}, basic=("blotter", Word("s3")), transport=script)
        assert script.requests[0].headers["authorization"] == "Basic YmxvdHRlcjpzMw=="

    @pytest.mark.parametrize(
        ("answer", "kind", "why"),
        [
            (
                json_answer(400, {"error": "invalid_grant", "error_description": "The token is expired."}),
                Refused,
                "The token is expired.",
            ),
            (json_answer(401, {"error": "invalid_client"}), Unauthenticated, "invalid_client"),
            (httpx.Response(429, headers={"retry-after": "7"}), RateLimited, "HTTP 429 Too Many Requests"),
            (httpx.Response(503), ServerFailed, "The server failed (503)"),
            (
                httpx.Response(302, headers={"location": "https://evil.example"}),
                MalformedReply,
                "redirected (302)",
            ),
            (httpx.ReadTimeout("slow"), NoAnswer, "did not answer in time"),
            (httpx.ConnectError("refused"), NotSent, "No connection to https://desk.okta.example"),
        ],
        ids=["400", "401", "429", "503", "302", "timeout", "refused"],
    )
    async def test_a_failure_is_of_the_same_kinds_and_tells_no_secret(
        self, answer: Any, kind: type[ApiError], why: str
    ) -> None:
        with pytest.raises(kind) as caught:
            await post_form(self.ISSUER, self.FORM, transport=Script(answer))
        assert why in caught.value.why
        assert "p&=w" not in "".join(traceback.format_exception(caught.value))
        if isinstance(caught.value, RateLimited):
            assert caught.value.retry_after == 7

    async def test_a_password_is_never_sent_in_the_clear(self) -> None:
        with pytest.raises(NotSent, match="plain http is only for this machine"):
            await post_form("http://desk.okta.example/oauth2/1/v1/token", self.FORM)


class TestProxyAndAuthorities:
    async def test_a_file_that_holds_no_certificate_is_a_sentence(self, tmp_path: Path) -> None:
        empty = tmp_path / "ca.pem"
        empty.write_text("nothing")
        with pytest.raises(NotSent, match=r"certificates of .*ca\.pem cannot be used"):
            Http("https://desk.example", ca_file=empty)
        with pytest.raises(NotSent, match="No such file"):
            Http("https://desk.example", ca_file=tmp_path / "none.pem")

    async def test_a_proxy_that_is_not_there_means_that_nothing_was_sent(self) -> None:
        proxy = Proxy("http://127.0.0.1:1", "pu", Word("pp-secret"))
        with pytest.raises(NotSent) as caught:
            await write(Http("https://desk.example", proxy=proxy, pause=Pauses()))
        assert "pp-secret" not in "".join(traceback.format_exception(caught.value))

    @pytest.mark.parametrize("address", ["proxy:8080", "", "ftp://proxy"])
    async def test_a_proxy_without_an_address_is_a_sentence(self, address: str) -> None:
        with pytest.raises(NotSent, match="is not the address of a proxy"):
            Http("https://desk.example", proxy=Proxy(address))


class TestWhatTheUserIsTold:
    @pytest.mark.parametrize(
        ("status", "kind"),
        [
            (400, Refused),
            (401, Unauthenticated),
            (403, Forbidden),
            (404, NotFound),
            (405, NotServed),
            (501, NotServed),
        ],
    )
    async def test_a_refusal_is_told_in_the_servers_words(self, status: int, kind: type[Refused]) -> None:
        problem = {
            "name": "X",
            "code": 650,
            "title": "Title.",
            "detail": "No order ORD-404 exists.",
            "status": status,
        }
        error, _, _ = await fails(read, json_answer(status, problem, lusid_meta_requestid="REQ-7"))
        assert type(error) is kind
        assert (error.why, error.status, error.request_id) == ("No order ORD-404 exists.", status, "REQ-7")
        assert isinstance(error, Refused)
        assert error.code == 650

    async def test_a_validation_failure_names_the_fields(self) -> None:
        error, _, _ = await fails(write, httpx.Response(400, content=example("91_error.validation.response")))
        assert error.why == (
            "One or more elements of the request were invalid. "
            "Requests[0].Id: The Id field is required. "
            "Requests: The field Requests must have at most 100 items."
        )

    @pytest.mark.parametrize(
        ("body", "why"),
        [
            (b"", "HTTP 404 Not Found"),
            (b"<html><body>nginx</body></html>", "HTTP 404 Not Found"),
            (b"Order not found", "Order not found"),
            (b"Order\x1b[2J not found\r\n", "Order\ufffd[2J not found"),
            (b'{"title":"The Order was not found."}', "The Order was not found."),
            (b'{"name":"OrderNotFound"}', "OrderNotFound"),
            (b"{}", "The server gave no reason."),
            (b"\xff\xfe\x00", "\ufffd\ufffd\ufffd"),
        ],
    )
    async def test_a_404_need_not_be_json(self, body: bytes, why: str) -> None:
        error, _, _ = await fails(read, httpx.Response(404, content=body))
        assert isinstance(error, NotFound)
        assert error.why == why

    async def test_a_page_of_html_is_never_shown(self) -> None:
        page = b"<html><head><title>Sign in</title></head>" + b"x" * 10_000
        error, _, _ = await fails(write, httpx.Response(503, content=page))
        assert isinstance(error, ServerFailed)
        assert error.why == "The server failed (503): HTTP 503 Service Unavailable"

    async def test_names_in_headers_cannot_act_on_the_screen(self) -> None:
        headers = [(b"lusid-meta-requestid", b"REQ\x9b2J")]
        error, _, _ = await fails(
            read, httpx.Response(404, headers=headers, extensions={"reason_phrase": b"No\x1b[2J"})
        )
        assert error.request_id == "REQ\ufffd2J"
        assert "\x1b" not in error.why

    @pytest.mark.parametrize("call", [read, write])
    async def test_an_answer_that_breaks_off_is_no_answer(self, call: Call) -> None:
        def cut(_: httpx.Request) -> httpx.Response:
            return httpx.Response(200, stream=CutBody([b'{"values":['], httpx.ReadError("reset by peer")))

        error, _, _ = await fails(call, *[cut] * 4)
        assert type(error) is NoAnswer
        assert "broke: reset by peer" in error.why

    async def test_an_answer_packed_wrongly_is_no_answer(self) -> None:
        def packed(_: httpx.Request) -> httpx.Response:
            cut = CutBody([gzip.compress(b"{}")[:5], b"garbage"], httpx.ReadError("end"))
            return httpx.Response(200, headers={"content-encoding": "gzip"}, stream=cut)

        error, _, _ = await fails(write, packed)
        assert isinstance(error, NoAnswer)

    @pytest.mark.parametrize(
        ("url", "why"),
        [
            ("htp://desk/api", "htp://desk/api is not the address of a server: it does not start with http"),
            ("localhost:8011/api", "does not start with http"),
            ("desk", "does not start with http"),
            ("", "An empty text is not the address of a server"),
            ("http://", "it names no host"),
            ("http:///api", "it names no host"),
            ("http://127.0.0.1:99999/api", "its port is not a number from 1 to 65535"),
            ("http://127.0.0.1:eighty/api", "its port is not a number from 1 to 65535"),
            ("http://127.0.0.1:0/api", "its port is not a number from 1 to 65535"),
            ("http://[::1/api", "its host cannot be read"),
            ("https://xn--/api", "cannot be sent"),
            ("https://desk\x1b/api", "cannot be sent"),
            ("http://desk\x1b[2J/api", "its host cannot be read"),
        ],
    )
    async def test_a_wrong_address_is_a_sentence_and_tried_once(self, url: str, why: str) -> None:
        pauses = Pauses()
        with pytest.raises(NotSent) as caught:
            await read(Http(url, pause=pauses))
        assert why in caught.value.why
        assert caught.value.why.isprintable()
        assert pauses.seconds == []

    @pytest.mark.parametrize(
        "url", ["http://127.0.0.1:1/api", "https://127.0.0.1:1/api", "https://no-such.invalid/api"]
    )
    async def test_a_server_that_is_not_there_is_a_sentence(self, url: str) -> None:
        with pytest.raises(NotSent, match=f"^No connection to {url}: .+") as caught:
            await read(Http(url, pause=Pauses()))
        assert "Check that the server runs" in caught.value.advice

    async def test_a_sign_on_in_the_address_is_not_told(self) -> None:
        password = "-".join(["hunter", "2"])
        with pytest.raises(NotSent) as caught:
            await read(Http(f"http://trader:{password}@127.0.0.1:1/api", pause=Pauses()))
        assert password not in "".join(traceback.format_exception(caught.value))

    @pytest.mark.parametrize("bad", ["two words", "line\nbreak", "ünïcode", "tab\t", "\x00", "trailing "])
    async def test_a_token_no_header_can_carry_is_not_told_either(self, bad: str) -> None:
        script = Script()
        with pytest.raises(Unauthenticated) as caught:
            await write(Http("http://desk.example", token=ScriptedTokens(bad), transport=script))
        assert bad not in "".join(traceback.format_exception(caught.value))
        assert script.requests == []

    @pytest.mark.parametrize("quantity", [Decimal("NaN"), Decimal("1E+400"), 1.5])
    async def test_a_quantity_that_is_none_is_not_sent(self, quantity: Any) -> None:
        script = Script()
        body = {"u1": OrderUpdateRequest(id=ORDER, quantity=quantity)}
        with pytest.raises(NotSent, match="cannot be sent"):
            await send(client_of(script), operations.UPDATE_ORDERS, body=body)
        assert script.requests == []

    async def test_half_a_character_in_an_id_or_a_filter_is_not_sent(self) -> None:
        script = Script()
        with pytest.raises(NotSent, match="cannot be sent"):
            await send(client_of(script), operations.ORDERS.get, id=ResourceId("Desk", "\ud800"))
        with pytest.raises(NotSent, match="cannot be sent"):
            await send(client_of(script), operations.ORDERS.list, query={"filter": "id.code eq '\ud800'"})
        assert script.requests == []

    async def test_a_request_built_for_another_server_never_takes_our_token_there(self) -> None:
        theirs = client_of(Script(), url="http://elsewhere.example/api").build(operations.BLOCKS.list)
        script = Script()
        with pytest.raises(NotSent, match="built for another server"):
            await client_of(script).send(theirs)
        assert script.requests == []

    @pytest.mark.parametrize("url", ["http://desk.example/api", "http://10.0.0.7/api", "http://127.0.0.1.x/"])
    async def test_plain_http_to_another_machine_is_refused_before_anything_is_sent(self, url: str) -> None:
        with pytest.raises(NotSent, match="plain http is only for this machine") as caught:
            await read(Http(url, token=ScriptedTokens(TOKEN), pause=Pauses()))
        assert caught.value.advice == "Use an https address."

    async def test_a_client_tells_nothing_secret_of_itself(self) -> None:
        assert TOKEN not in repr(client_of(Script())) + str(vars(client_of(Script())))


class TurnCounter(Script):
    """Notes in which turn of the event loop each request leaves."""

    def __init__(self, *answers: httpx.Response) -> None:
        super().__init__(*answers)
        self._turn = 0
        self.left: list[int] = []

    def count(self) -> None:
        """Count the turns from now on."""
        self._turn += 1
        asyncio.get_running_loop().call_soon(self.count)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.left.append(self._turn)
        return await super().handle_async_request(request)


class TestACheapPoll:
    async def test_of_requests_that_are_sent_together_one_leaves_in_each_turn_of_the_loop(self) -> None:
        line = TurnCounter(*(json_answer(200, {"values": []}) for _ in range(5)))
        line.count()
        http = client_of(line)
        await asyncio.gather(*(read(http) for _ in range(5)))
        assert len(set(line.left)) == 5

    async def test_one_that_is_given_up_while_it_waits_for_its_turn_holds_nobody_up(self) -> None:
        line = TurnCounter(*(json_answer(200, {"values": []}) for _ in range(3)))
        http = client_of(line)
        calls = [asyncio.ensure_future(read(http)) for _ in range(3)]
        await asyncio.sleep(0)
        calls[1].cancel()
        done = await asyncio.gather(*calls, return_exceptions=True)
        assert [isinstance(each, Reply) for each in done] == [True, False, True]
        assert len(line.requests) == 2

    async def test_no_request_over_a_network_looks_for_a_module_on_disk(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with suppress(asyncio.IncompleteReadError):
                while await reader.readuntil(b"\r\n\r\n"):
                    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 13\r\n\r\n" + b'{"values":[]}')
            writer.close()

        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        http = Http(f"http://127.0.0.1:{port}/api")
        await read(http)
        looked_for: list[str] = []

        class Finder:
            @staticmethod
            def find_spec(name: str, path: object = None, target: object = None) -> None:
                looked_for.append(name)

        monkeypatch.setattr(sys, "meta_path", [Finder, *sys.meta_path])
        await read(http)
        assert looked_for == []
        await http.close()
        server.close()
