"""The way to one server: an httpx client with its TLS, proxy and timeouts. No other module knows httpx.

The certificate of an https server is always verified, plain http reaches this machine only, and no redirect
is followed, so that a token goes to the server it is meant for and nowhere else. Answers come back as
:class:`~tui.api.responses.ParsedResponse`, errors of httpx as ours.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from tui.api import urls
from tui.api.ceilings import FAILURE, TOKEN, Ceiling
from tui.api.connection_settings import Proxy, SecretText, Timeouts
from tui.api.errors import NoAnswer, NotSent, TooLarge
from tui.api.http_request import Request
from tui.api.operation import Operation
from tui.api.responses import ParsedResponse
from tui.api.sanitize import clean
from tui.api.unpacking import PACKINGS, read_up_to

_modules: dict[str, Any] = sys.modules
# httpx loads its own command line, with pygments and half of rich, wherever click is installed.
_click = _modules.setdefault("click", None)
import httpx  # noqa: E402

if _click is None:
    del _modules["click"]

if "sniffio" not in _modules and find_spec("sniffio") is None:
    # httpcore looks for it seven times a request, in every folder of the path each time: a tenth of a poll.
    _modules["sniffio"] = None

AsyncBaseTransport = httpx.AsyncBaseTransport
HttpxRequest = httpx.Request

_PACKED: Final = {"Accept-Encoding": PACKINGS}
_NEVER_LEFT: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)


def asgi_transport(app: object) -> AsyncBaseTransport:
    """Return a transport to an ASGI ``app`` in this process.

    An exception in the app is answered with 500, as it would be over a socket.
    """
    return _InProcess(app=app, raise_app_exceptions=False)  # type: ignore[arg-type]


class _InProcess(httpx.ASGITransport):
    """Carries a request to an application in this process, and its answer back in another turn."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        answer = await super().handle_async_request(request)
        await asyncio.sleep(0)
        return answer


class Transport:
    """A pool of connections to the server of one address.

    Args:
        url: the address of the server, or of its token endpoint.
        proxy: the proxy to other machines; this machine is reached without it.
        ca_file: certificates of authorities (PEM) that are trusted beside the public ones.
        transport: another way to the server: in process, or one that injects faults.
        timeouts: the limits of every wait, in seconds.

    Raises:
        NotSent: the proxy or the file of authorities cannot be used.
    """

    def __init__(
        self,
        url: str,
        *,
        proxy: Proxy | None,
        ca_file: Path | None,
        transport: AsyncBaseTransport | None,
        timeouts: Timeouts,
    ) -> None:
        self.display_url = clean(urls.without_credentials(url))
        self._url = url
        self._timeouts = timeouts
        self._over_network = transport is None
        self._address_is_good = False
        self._client = _client(url, proxy=proxy, ca_file=ca_file, transport=transport, timeouts=timeouts)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    def check_address(self) -> None:
        """Refuse an invalid address, and one to which a token would be sent unencrypted.

        Raises:
            NotSent: says why.
        """
        if self._address_is_good:
            return
        why = urls.why_invalid(self._url)
        if why:
            raise NotSent(f"{self.display_url or 'An empty text'} is not the address of a server: {why}.")
        why = urls.why_exposed(self._url) if self._over_network else None
        if why:
            raise NotSent(f"Nothing is sent to {self.display_url}: {why}.", advice="Use an https address.")
        self._address_is_good = True

    def to_httpx(self, request: Request[Any]) -> HttpxRequest:
        """Return a request as httpx sends it.

        Raises:
            NotSent: it is no valid request.
        """
        try:
            outgoing = self._client.build_request(
                request.operation.method,
                request.url,
                content=request.content,
                headers=request.headers,
                timeout=_httpx_timeout(self._timeouts, request.operation),
            )
        except (httpx.InvalidURL, UnicodeError) as error:
            raise unsendable(error) from error
        outgoing.extensions["operation"] = request.operation
        return outgoing

    async def send(self, request: HttpxRequest, seconds: float, ceiling: Ceiling) -> ParsedResponse:
        """Send a request once and read its answer, within ``seconds`` and up to its ``ceiling``.

        Raises:
            NotSent: it never left; NoAnswer: its outcome is unknown; TooLarge: it has no end, or none in
                sight.
        """
        with _httpx_errors_as_ours(self.display_url):
            async with asyncio.timeout(seconds):
                return await _parsed(await self._client.send(request, stream=True), ceiling)

    async def post_form(
        self, form: Mapping[str, str], basic: tuple[str, SecretText] | None, seconds: float
    ) -> ParsedResponse:
        """Post a form to the address once and read the answer, within ``seconds``; see :meth:`send`."""
        auth = (basic[0], basic[1].reveal()) if basic else httpx.USE_CLIENT_DEFAULT
        headers = {"Accept": "application/json"}
        try:
            with _httpx_errors_as_ours(self.display_url):
                request = self._client.build_request("POST", self._url, data=form, headers=headers)
                async with asyncio.timeout(seconds):
                    return await _parsed(await self._client.send(request, auth=auth, stream=True), TOKEN)
        except (httpx.InvalidURL, UnicodeError) as error:
            raise unsendable(error) from None


def load_network() -> None:
    """Load what the first request over a network needs, in a thread: it takes too long for a loop."""

    import anyio

    async def load() -> None:
        anyio.Event()

    anyio.run(load)


def _client(
    url: str,
    *,
    proxy: Proxy | None,
    ca_file: Path | None,
    transport: AsyncBaseTransport | None,
    timeouts: Timeouts,
) -> httpx.AsyncClient:
    """Return an httpx client to one server; it always verifies the certificate."""
    timeout = _httpx_timeout(timeouts)
    if transport is not None:
        return httpx.AsyncClient(headers=_PACKED, transport=transport, trust_env=False, timeout=timeout)
    # Plain http goes to this machine only, which no proxy on another machine can reach.
    through = _proxy(proxy) if proxy is not None and not url.lower().startswith("http:") else None
    return httpx.AsyncClient(
        headers=_PACKED, verify=_ssl_context(ca_file), proxy=through, trust_env=False, timeout=timeout
    )


def _httpx_timeout(timeouts: Timeouts, operation: Operation[Any, Any] | None = None) -> httpx.Timeout:
    read = timeouts.read
    if operation is not None and operation.slow:
        read = max(timeouts.slow, timeouts.read)
    elif operation is not None and operation.lists:
        read = timeouts.lists
    return httpx.Timeout(connect=timeouts.connect, read=read, write=timeouts.write, pool=timeouts.pool)


def _proxy(proxy: Proxy) -> httpx.Proxy:
    shown = clean(urls.without_credentials(proxy.address))
    fault = urls.why_invalid(proxy.address)
    if fault:
        raise NotSent(f"{shown or 'An empty text'} is not the address of a proxy: {fault}.")
    password = proxy.password.reveal() if proxy.password else ""
    try:
        return httpx.Proxy(proxy.address, auth=(proxy.username, password) if proxy.username else None)
    except (httpx.InvalidURL, ValueError) as error:
        raise NotSent(f"{shown} is not the address of a proxy: {_reason(error)}.") from None


def _ssl_context(ca_file: Path | None) -> Any:
    """Return a TLS context that trusts the public authorities and those of a file."""
    context = httpx.create_ssl_context(trust_env=False)
    if ca_file is not None:
        try:
            context.load_verify_locations(cafile=ca_file)
        except OSError as error:
            raise NotSent(
                f"The certificates of {ca_file} cannot be used: {error.strerror or _reason(error)}.",
                advice="Name a PEM file with the certificate of your authority.",
            ) from error
    return context


@contextmanager
def _httpx_errors_as_ours(shown: str) -> Iterator[None]:
    """Raise NotSent for errors of httpx after which the request cannot have arrived, NoAnswer for others."""
    try:
        yield
    except _NEVER_LEFT as error:
        raise NotSent(f"No connection to {shown}: {_reason(error)}.") from error
    except (httpx.TimeoutException, TimeoutError) as error:
        raise NoAnswer(f"{shown} did not answer in time.") from error
    except httpx.RequestError as error:
        why = f": {_reason(error)}" if str(error) else " before its answer came"
        raise NoAnswer(f"The connection to {shown} broke{why}.") from error


async def _parsed(response: httpx.Response, ceiling: Ceiling) -> ParsedResponse:
    """Read the body of a response, close it, and return what is kept; of a failure no more than is told.

    Its stream refers back to it: without that circle the body is freed with the last that refers to it, and
    not when the garbage collector comes by.

    Raises:
        TooLarge: a success is larger than its ceiling.
    """
    succeeded = response.is_success
    most = ceiling.bytes if succeeded else min(ceiling.bytes, FAILURE.bytes)
    try:
        if response.is_stream_consumed:
            body = response.content if len(response.content) <= most else None
        else:
            packing = response.headers.get("content-encoding", "").strip().lower()
            body = await read_up_to(response.aiter_raw(), packing, most)
    finally:
        await response.aclose()
    response.stream = httpx.ByteStream(b"")
    if succeeded and body is None:
        raise TooLarge(ceiling.exceeded, status=response.status_code)
    return ParsedResponse(response.status_code, response.reason_phrase, response.headers, body)


def unsendable(error: Exception) -> NotSent:
    """Return the error of something that httpx or the codec cannot write."""
    return NotSent(f"This cannot be sent: {_reason(error)}.")


def _reason(error: Exception) -> str:
    return clean(str(error)).rstrip(".") or type(error).__name__
