"""A verb as the request it will send: for the journal, and as curl for people, with the token redacted."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, NoReturn, cast
from urllib.parse import quote, urlencode

from msgspec import Struct

from tui.api import codec
from tui.api.client import Client
from tui.api.endpoints import Endpoint
from tui.api.errors import NotSent
from tui.api.generations import Generation
from tui.service.verbs.verb import Verb

if TYPE_CHECKING:
    from tui.api.http import Http, Query

REDACTED: Final = "Bearer ***"
_CREDENTIALS: Final = re.compile(r"//[^/?#]*@")


class Request(Struct, frozen=True):
    """One HTTP request before it is sent."""

    endpoint: Endpoint
    query: Query
    body: bytes

    @property
    def target(self) -> str:
        """The path and query below the server's address."""
        given = {name: value for name, value in self.query.items() if value not in (None, (), [])}
        query = urlencode(given, doseq=True, quote_via=quote)
        return self.endpoint.path + (f"?{query}" if query else "")


class _Caught(Exception):
    """Carries a request out of the client instead of sending it."""

    def __init__(self, request: Request) -> None:
        super().__init__(request.endpoint.name)
        self.request = request


class _Catcher:
    """Stands where :class:`~tui.api.http.Http` stands and sends nothing."""

    async def call(
        self,
        endpoint: Endpoint,
        *,
        path: Mapping[str, str] | None = None,
        query: Query | None = None,
        body: object = None,
        key: str | None = None,
    ) -> NoReturn:
        raise _Caught(Request(endpoint, query or {}, codec.encode_request(body)))


def request_of(verb: Verb, generation: Generation = "latest") -> Request:
    """Give the request of one call of ``verb``, as the client builds it, without sending anything.

    Raises:
        Unsendable: it holds something that cannot be written exactly.
        NotSent: a server of ``generation`` cannot do it.
    """
    coroutine = verb.call(Client(cast("Http", _Catcher()), generation), None)
    try:
        coroutine.send(None)
    except _Caught as caught:
        return caught.request
    finally:
        coroutine.close()
    raise AssertionError(f"{verb.name} asked for nothing")


def curl(verb: Verb, client: Client) -> str:
    """Give the calls of ``verb`` as curl commands, one after the other, with the token redacted."""
    address, generation = address_of(client), client.generation
    return "\n".join(_command(request_of(part, generation), address) for part in verb.split())


def unfit(verb: Verb, client: Client) -> str:
    """Say why the server's generation cannot do what ``verb`` asks for, empty when it can."""
    if client.generation == "latest":
        return ""
    try:
        for part in verb.split():
            request_of(part, client.generation)
    except NotSent as error:
        return error.why
    return ""


def address_of(client: Client) -> str:
    """Give the server's address without whatever somebody wrote before its host."""
    return _CREDENTIALS.sub("//", client.http.base_url)


def _command(request: Request, base_url: str) -> str:
    url = f"{base_url}{request.target}"
    return (
        f"curl -X {request.endpoint.method} {shlex.quote(url)}"
        f" -H {shlex.quote(f'Authorization: {REDACTED}')}"
        " -H 'Content-Type: application/json'"
        f" --data-raw {shlex.quote(request.body.decode())}"
    )
