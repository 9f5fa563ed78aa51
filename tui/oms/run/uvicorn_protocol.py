"""The HTTP protocol of ``serve``: uvicorn's, with LUSID's problem documents for unreadable requests.

A connection that keeps the server waiting is closed, and no more than a number of them is served at a time.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from typing import Any, Final

import h11
from msgspec import Struct
from uvicorn.protocols.http.h11_impl import STATUS_PHRASES, H11Protocol

from tui.api import codec
from tui.oms.domain.error_codes import UNLISTED
from tui.oms.domain.refusals import Refusal
from tui.oms.domain.request_ids import RequestIds
from tui.oms.http.problems import document, rejected
from tui.oms.http.response_builder import PROBLEM, standard_headers
from tui.oms.run.serve_log import SeldomLine

REQUEST_IDS: Final = RequestIds()
"""The ids of requests that could not be read."""
MOST_CONNECTIONS: Final = 1_000
"""The connections served at a time: more than any desk has, and few enough to be kept in memory."""
FILES_KEPT: Final = 80
"""The file descriptors that are not for connections: the database, its readers, and who is being refused."""
UNREAD_STEP: Final = 16 * 1024
"""The bytes of a response that a client must take in the time it has, or it counts as not reading."""

_refused = SeldomLine(logging.getLogger(__name__))


class ConnectionLimits(Struct, frozen=True):
    """What a connection may take: ``head_s`` for the head of a request, or for the rest of a body that nobody
    reads; ``unread_s`` without taking any of its response; both in seconds. ``most`` are served at a time.
    """

    most: int = MOST_CONNECTIONS
    head_s: float = 10
    unread_s: float = 30


class ServeProtocol(H11Protocol):
    """Answers problem documents where there is no request to pass to the application.

    The application finds the method that closes the connection in its scope's ``state``, to inject faults.
    """

    def __init__(
        self,
        config: Any,
        server_state: Any,
        app_state: dict[str, Any],
        _loop: Any = None,
        *,
        limits: ConnectionLimits,
    ) -> None:
        super().__init__(config, server_state, {**app_state, "cut": self.cut}, _loop)
        self._limits = limits
        self._waits_for: tuple[str, int] | None = None
        self._since = 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > self._limits.most:
            _refused.warn(f"{self._limits.most} connections are served; one more was refused.")
            detail = "The server has as many connections as it can serve. Nothing was done. Try again."
            self._refuse(Refusal("ServerBusy", detail, code=UNLISTED, status=503))

    def cut(self) -> None:
        """Close the connection at once."""
        self.transport.close()

    def close_if_overdue(self, now: float) -> None:
        """Close the connection if it has kept the server waiting too long; called every second or so.

        ``now`` is on a monotonic clock, in seconds. Between requests uvicorn's own time limit holds.
        """
        waits_for = self._waited_for()
        if waits_for != self._waits_for:
            self._waits_for, self._since = waits_for, now
        if waits_for is None:
            return
        what, _ = waits_for
        if now - self._since < (self._limits.unread_s if what == "reading" else self._limits.head_s):
            return
        if what == "head" and not self.transport.is_closing():
            self._refuse(rejected("The request did not arrive in time.", 408))
        else:
            self.transport.abort()

    def _waited_for(self) -> tuple[str, int] | None:
        """Return what the client owes, with a number that changes with progress; None for nothing."""
        if unread := self.transport.get_write_buffer_size():
            return "reading", unread // UNREAD_STEP
        if self.transport.is_closing():
            return None
        if self.conn.their_state is h11.IDLE and (self.cycle is None or self.conn.trailing_data[0]):
            return "head", 0 if self.cycle is None else id(self.cycle)
        if self.conn.their_state is h11.SEND_BODY and self.cycle.response_complete:
            return "body", id(self.cycle)
        return None

    def send_400_response(self, msg: str) -> None:
        """Answer that the request is not HTTP, or that its head is too long."""
        error = sys.exc_info()[1]
        status = error.error_status_hint if isinstance(error, h11.RemoteProtocolError) else 400
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            self._refuse(rejected(f"{msg.rstrip('.')}: {error}." if error else msg, status))
        else:
            self.transport.close()

    def _refuse(self, refusal: Refusal) -> None:
        """Answer with a problem document and close the connection."""
        request_id = REQUEST_IDS.next()
        raw = codec.encode(document(refusal, f"/app/insights/logs/{request_id}"))
        headers = {
            "content-type": PROBLEM,
            "content-length": str(len(raw)),
            "connection": "close",
            **standard_headers(refusal.status, request_id),
        }
        pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
        reason = STATUS_PHRASES.get(refusal.status, b"")
        for event in (
            h11.Response(status_code=refusal.status, headers=pairs, reason=reason),
            h11.Data(data=raw),
            h11.EndOfMessage(),
        ):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()


def most_connections() -> int:
    """Return how many connections this process can serve with the file descriptors it may have."""
    try:
        import resource
    except ImportError:
        return MOST_CONNECTIONS
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if files == resource.RLIM_INFINITY:
        return MOST_CONNECTIONS
    return max(min(MOST_CONNECTIONS, files - FILES_KEPT), 1)
