"""Sources of tokens: how tokens are renewed, and what the user reads when signing on fails.

The token endpoint is that of the embedded server, reached by the real form; faults are put on the line to it.
"""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.api.faults import Pauses
from tests.oms.contract_scenario import play
from tui.api import operations
from tui.api.auth import REFUSAL_BACKOFF_S, Credentials, FixedToken, PasswordGrant, TokenFile
from tui.api.base import ResourceId
from tui.api.client import Client
from tui.api.errors import ApiError, NotSent, Unauthenticated
from tui.api.http import AsyncBaseTransport, Http, asgi_transport, post_form
from tui.api.requests import BookTransactionsRequest
from tui.config.token_files import read_token
from tui.oms.auth.tokens import NANOSECONDS_PER_S, Tokens
from tui.oms.auth.users import User, Users, digest
from tui.oms.engine.engine import Engine
from tui.oms.http.app import Server, ServerSettings
from tui.secret import Secret

PASSWORD = "p&ss/w%rd +1"
OKAFOR = User("dlr.okafor", password=digest(PASSWORD), token=digest("okafors-own"))
LIFETIME = 600
REFRESH = 3600
USERS = Users(
    {OKAFOR.name: OKAFOR},
    clients={"blotter": digest("c&secret")},
    token_lifetime=LIFETIME,
    refresh_lifetime=REFRESH,
)
TOKEN_URL = "http://embedded/oauth2/default/v1/token"
CREDENTIALS = Credentials(TOKEN_URL, OKAFOR.name, Secret(PASSWORD), "blotter", Secret("c&secret"))


class ManualClock:
    """A monotonic clock that a test sets."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds

    def nanoseconds(self) -> int:
        return int(self.seconds * NANOSECONDS_PER_S)


class TokenLine(AsyncBaseTransport):
    """A transport to the server that records requests; ``instead`` answers for its token endpoint."""

    def __init__(self, server: AsyncBaseTransport) -> None:
        self.server = server
        self.instead: list[httpx.Response | Exception] = []
        self.grants: list[str] = []
        self.paths: list[str] = []
        self.held: asyncio.Event | None = None
        self.asked = asyncio.Event()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        self.paths.append(request.url.path)
        if request.url.path.startswith("/oauth2/"):
            self.grants.append(httpx.QueryParams(request.content.decode())["grant_type"])
            self.asked.set()
            if self.held is not None:
                await self.held.wait()
            if self.instead:
                answer = self.instead.pop(0)
                if isinstance(answer, Exception):
                    raise answer
                return answer
        return await self.server.handle_async_request(request)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def pauses() -> Pauses:
    return Pauses()


@pytest.fixture
def line(engine: Engine, clock: ManualClock) -> TokenLine:
    return TokenLine(asgi_transport(Server(engine, ServerSettings(tokens=Tokens(USERS, clock.nanoseconds)))))


@pytest.fixture
def grant(line: TokenLine, clock: ManualClock, pauses: Pauses) -> PasswordGrant:
    return PasswordGrant(CREDENTIALS, partial(post_form, transport=line), now=clock, pause=pauses)


@pytest.fixture
async def client(line: TokenLine, grant: PasswordGrant) -> AsyncIterator[Client]:
    made = Client(Http("http://embedded/api", token=grant, transport=line, pause=Pauses()))
    yield made
    await made.close()
    await grant.close()


def refused(status: int, description: str, **headers: str) -> httpx.Response:
    body = {"error": "invalid_grant", "error_description": description}
    return httpx.Response(status, json=body, headers=headers)


# --- the password grant ----------------------------------------------------------------------------


async def test_a_password_signs_on_and_the_server_says_who_it_is(client: Client, line: TokenLine) -> None:
    assert (await client.call(operations.WHO_AM_I)).id == "dlr.okafor"
    await client.call(operations.WHO_AM_I)
    assert line.grants == ["password"]


async def test_a_token_is_renewed_a_minute_before_it_ends_with_the_refresh_token(
    client: Client, line: TokenLine, clock: ManualClock
) -> None:
    await client.call(operations.WHO_AM_I)
    clock.seconds = LIFETIME - 61
    await client.call(operations.WHO_AM_I)
    assert line.grants == ["password"]
    clock.seconds = LIFETIME - 60
    await client.call(operations.WHO_AM_I)
    assert line.grants == ["password", "refresh_token"]


@pytest.mark.parametrize("calls", [50])
async def test_fifty_calls_at_once_ask_for_one_token(client: Client, line: TokenLine, calls: int) -> None:
    await asyncio.gather(*(client.call(operations.WHO_AM_I) for _ in range(calls)))
    assert line.grants == ["password"]
    assert line.paths.count("/identity/api/me") == calls


async def test_fifty_calls_that_are_refused_together_ask_for_one_token(
    client: Client, line: TokenLine, clock: ManualClock, grant: PasswordGrant
) -> None:
    before = await grant.token()
    renewed = await asyncio.gather(*(grant.renew(before) for _ in range(50)))
    assert line.grants == ["password", "refresh_token"]
    assert len(set(renewed)) == 1
    assert renewed[0] != before
    assert await grant.renew(before) == renewed[0], "somebody else's renewal is good for a latecomer"
    assert len(line.grants) == 2


async def test_a_refresh_token_that_is_over_gives_way_to_the_password(
    client: Client, line: TokenLine, clock: ManualClock
) -> None:
    await client.call(operations.WHO_AM_I)
    clock.seconds = LIFETIME + REFRESH + 1
    await client.call(operations.WHO_AM_I)
    assert line.grants == ["password", "refresh_token", "password"]


async def test_a_token_endpoint_that_gives_no_refresh_token_is_asked_with_the_password(
    grant: PasswordGrant, line: TokenLine, clock: ManualClock
) -> None:
    line.instead = [httpx.Response(200, json={"access_token": "one"})]
    assert await grant.token() == "one"
    clock.seconds = 3600 - 61
    assert await grant.token() == "one", "a grant that does not say lives an hour"
    clock.seconds = 3600 - 60
    assert await grant.token() != "one"
    assert line.grants == ["password", "password"]


async def test_a_call_that_is_refused_in_the_middle_of_a_booking_is_signed_on_and_books_once(
    client: Client, line: TokenLine, engine: Engine, clock: ManualClock, grant: PasswordGrant
) -> None:
    async with httpx.AsyncClient(
        transport=line.server,
        base_url="http://embedded",
        headers={"authorization": "Bearer okafors-own"},
    ) as colleague:
        await play(colleague, "09_run_allocation_service")
    [share, *_] = (await client.allocations.list()).values
    # The server forgets who signed on, as one that was started again has.
    line.server = asgi_transport(Server(engine, ServerSettings(tokens=Tokens(USERS, clock.nanoseconds))))
    line.grants.clear()
    line.paths.clear()
    request = BookTransactionsRequest(allocation_ids=(share.id,))
    booked = await client.call(operations.BOOK_TRANSACTIONS, request, key="book-1")
    assert booked.values
    assert not booked.failed
    assert line.grants == ["refresh_token", "password"]
    assert line.paths.count("/api/api/ordermanagement/booktransactions") == 2
    ledger = (await client.list(operations.PORTFOLIO_TRANSACTIONS, id=share.portfolio_id, limit=5000)).values
    assert len([each for each in ledger if each.allocation_id == share.id]) == 1


# --- when it fails ---------------------------------------------------------------------------------


async def test_a_wrong_password_is_said_in_the_words_of_the_endpoint(
    line: TokenLine, clock: ManualClock
) -> None:
    wrong = Credentials(TOKEN_URL, OKAFOR.name, Secret("not-it"), "blotter", Secret("c&secret"))
    grant = PasswordGrant(wrong, partial(post_form, transport=line), now=clock)
    with pytest.raises(Unauthenticated) as caught:
        await grant.token()
    assert caught.value.why == "Signing on was refused: The credentials provided were invalid."
    assert "password" in caught.value.advice
    assert "not-it" not in "".join(traceback.format_exception(caught.value))


async def test_what_the_endpoint_says_cannot_move_the_terminal(grant: PasswordGrant, line: TokenLine) -> None:
    line.instead = [refused(400, "\x1b]52;c;x\x07 no")]
    with pytest.raises(Unauthenticated) as caught:
        await grant.token()
    assert caught.value.why.isprintable()


async def test_a_refused_password_is_not_tried_again_and_again(
    grant: PasswordGrant, line: TokenLine, clock: ManualClock
) -> None:
    """Identity providers lock an account after too many wrong passwords."""
    line.instead = [refused(401, "Locked soon"), refused(401, "Locked")]
    for _ in range(5):
        with pytest.raises(Unauthenticated, match="Locked soon"):
            await grant.token()
    assert line.grants == ["password"]
    clock.seconds += REFUSAL_BACKOFF_S
    with pytest.raises(Unauthenticated, match="Locked"):
        await grant.token()
    clock.seconds += REFUSAL_BACKOFF_S
    assert await grant.token()


async def test_a_failed_renewal_is_told_to_all_who_wait_and_holds_nobody_up_afterwards(
    grant: PasswordGrant, line: TokenLine
) -> None:
    line.instead = [httpx.ConnectError("refused")]
    told = await asyncio.gather(*(grant.token() for _ in range(5)), return_exceptions=True)
    assert all(isinstance(each, NotSent) for each in told)
    assert "No connection to http://embedded/oauth2" in str(told[0])
    assert await grant.token()
    assert line.grants == ["password", "password"]


@pytest.mark.parametrize(
    "trouble",
    [
        httpx.ConnectTimeout("slow"),
        httpx.ReadTimeout("slow"),
        httpx.ReadError("reset"),
        httpx.Response(502, text="<html>bad gateway</html>"),
    ],
)
async def test_an_endpoint_in_trouble_means_that_the_request_was_not_sent(
    client: Client, grant: PasswordGrant, line: TokenLine, trouble: Any
) -> None:
    line.instead = [trouble]
    with pytest.raises(NotSent, match="Signing on did not work"):
        await client.call(operations.CANCEL_ORDERS, {"c1": ResourceId("Desk", "ORD-1")})
    assert line.paths == ["/oauth2/default/v1/token"]


async def test_a_caller_that_gives_up_takes_nothing_from_the_others(
    grant: PasswordGrant, line: TokenLine
) -> None:
    line.held = asyncio.Event()
    impatient = asyncio.create_task(grant.token())
    patient = asyncio.create_task(grant.token())
    await line.asked.wait()
    impatient.cancel()
    with pytest.raises(asyncio.CancelledError):
        await impatient
    line.held.set()
    assert await patient == await grant.token()
    assert line.grants == ["password"]


async def test_everybody_giving_up_leaves_nothing_held(grant: PasswordGrant, line: TokenLine) -> None:
    line.held = asyncio.Event()
    callers = [asyncio.create_task(grant.token()) for _ in range(3)]
    await line.asked.wait()
    for caller in callers:
        caller.cancel()
    await asyncio.wait(callers)
    line.held.set()
    assert await grant.token()
    assert line.grants == ["password"]


async def test_a_renewal_that_fails_early_leaves_the_token_that_is_still_good(
    grant: PasswordGrant, line: TokenLine, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    token = await grant.token()
    clock.seconds = LIFETIME - 30
    line.instead = [httpx.ConnectError("refused")]
    assert await grant.token() == token
    assert "No connection" in caplog.text, "it is said"
    assert await grant.token() == token
    assert len(line.grants) == 2, "and tried again, but not with every call"
    clock.seconds += REFUSAL_BACKOFF_S
    assert await grant.token() != token


async def test_after_its_end_a_token_is_not_used_any_more(
    grant: PasswordGrant, line: TokenLine, clock: ManualClock
) -> None:
    await grant.token()
    clock.seconds = LIFETIME
    line.instead = [httpx.ConnectError("refused")]
    with pytest.raises(NotSent):
        await grant.token()


@pytest.mark.parametrize(
    "body",
    [
        b"<html>welcome</html>",
        b"{}",
        b"[]",
        b'{"access_token": ""}',
        b'{"access_token": "two words"}',
        b'{"access_token": "tab\\there"}',
        b'{"access_token": 7}',
    ],
)
async def test_an_answer_that_is_no_token_is_said_and_not_shown(
    grant: PasswordGrant, line: TokenLine, body: bytes
) -> None:
    line.instead = [httpx.Response(200, content=body)]
    with pytest.raises(Unauthenticated) as caught:
        await grant.token()
    assert caught.value.why.startswith("Signing on was refused: ")
    assert "token URL" in caught.value.advice
    assert "two words" not in "".join(traceback.format_exception(caught.value))


# --- too many requests -----------------------------------------------------------------------------


async def test_an_endpoint_that_has_too_many_requests_is_asked_again_when_it_says(
    grant: PasswordGrant, line: TokenLine, pauses: Pauses
) -> None:
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=20), usegmt=True)
    line.instead = [
        httpx.Response(429, headers={"retry-after": "7"}),
        httpx.Response(429, headers={"retry-after": later}),
        httpx.Response(429),
    ]
    assert await grant.token()
    assert len(line.grants) == 4
    seconds, date, own = pauses.seconds
    assert (seconds, own) == (7, 2**3)
    assert 15 < date <= 20


async def test_after_five_tries_it_is_given_up_in_words_and_left_alone(
    grant: PasswordGrant, line: TokenLine, pauses: Pauses, clock: ManualClock
) -> None:
    line.instead = [httpx.Response(429) for _ in range(5)]
    with pytest.raises(NotSent, match="Signing on did not work"):
        await grant.token()
    assert pauses.seconds == [2, 4, 8, 16]
    with pytest.raises(NotSent):
        await grant.token()
    assert len(line.grants) == 5
    clock.seconds += REFUSAL_BACKOFF_S
    assert await grant.token()


# --- tokens that are given -------------------------------------------------------------------------


async def test_a_fixed_token_that_is_refused_stays_refused(line: TokenLine) -> None:
    http = Http("http://embedded/api", token=FixedToken(Secret("expired")), transport=line)
    with pytest.raises(Unauthenticated, match="Sign on again"):
        await Client(http).call(operations.WHO_AM_I)
    assert len(line.paths) == 1
    await http.close()


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    path = tmp_path / "token"
    write_token(path, "okafors-own")
    return path


def write_token(path: Path, token: str) -> None:
    path.write_text(f"{token}\n")
    path.chmod(0o600)


async def test_a_token_file_is_read_again_every_two_minutes(token_file: Path, clock: ManualClock) -> None:
    source = TokenFile(lambda: read_token(token_file), now=clock)
    assert await source.token() == "okafors-own"
    write_token(token_file, "the-next")
    clock.seconds = 119.9
    assert await source.token() == "okafors-own"
    clock.seconds = 120
    assert await source.token() == "the-next"


async def test_a_token_file_is_read_again_when_its_token_is_refused(
    token_file: Path, line: TokenLine, clock: ManualClock
) -> None:
    write_token(token_file, "yesterdays")
    source = TokenFile(lambda: read_token(token_file), now=clock)
    await source.token()
    write_token(token_file, "okafors-own")
    http = Http("http://embedded/api", token=source, transport=line)
    assert (await Client(http).call(operations.WHO_AM_I)).id == "dlr.okafor"
    assert len(line.paths) == 2
    await http.close()


def vanish(path: Path) -> None:
    path.unlink()


def open_up(path: Path) -> None:
    path.chmod(0o644)


@pytest.mark.parametrize("spoil", [vanish, open_up])
async def test_a_token_file_that_cannot_be_read_in_between_leaves_the_token_in_use(
    token_file: Path, clock: ManualClock, spoil: Callable[[Path], None], caplog: pytest.LogCaptureFixture
) -> None:
    source = TokenFile(lambda: read_token(token_file), now=clock)
    await source.token()
    spoil(token_file)
    clock.seconds = 200
    assert await source.token() == "okafors-own"
    assert str(token_file) in caplog.text
    with pytest.raises(ApiError) as caught:
        await source.renew("okafors-own")
    assert str(token_file) in caught.value.why
    assert "press {refresh}" in caught.value.advice
