"""The HTTP protocol of ``serve``: uvicorn's, with LUSID's problem documents for unreadable requests."""

from __future__ import annotations

import asyncio
import sys
from typing import Any, Final

import h11
from uvicorn.protocols.http.h11_impl import STATUS_PHRASES, H11Protocol

from tui.api import codec
from tui.oms.domain.request_ids import RequestIds
from tui.oms.http.problems import document, rejected
from tui.oms.http.response_builder import PROBLEM, standard_headers

REQUEST_IDS: Final = RequestIds()
"""The ids of requests that could not be read."""
HEAD_S: Final = 10
"""The most time a connection may take to send the head of its first request, in seconds."""


class ServeProtocol(H11Protocol):
    """Answers problem documents where there is no request to pass to the application.

    The application finds the method that closes the connection in its scope's ``state``, to inject faults.
    """

    def __init__(self, config: Any, server_state: Any, app_state: dict[str, Any], _loop: Any = None) -> None:
        super().__init__(config, server_state, {**app_state, "cut": self.cut}, _loop)
        self._head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._head_timer = self.loop.call_later(HEAD_S, self._on_head_timeout)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
        super().connection_lost(exc)

    def cut(self) -> None:
        """Close the connection at once."""
        self.transport.close()

    def _on_head_timeout(self) -> None:
        if self.cycle is None and not self.transport.is_closing():
            self._refuse(408, "The request did not arrive in time.")

    def send_400_response(self, msg: str) -> None:
        """Answer that the request is not HTTP, or that its head is too long."""
        error = sys.exc_info()[1]
        status = error.error_status_hint if isinstance(error, h11.RemoteProtocolError) else 400
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            self._refuse(status, f"{msg.rstrip('.')}: {error}." if error else msg)
        else:
            self.transport.close()

    def _refuse(self, status: int, sentence: str) -> None:
        refusal = rejected(sentence, status)
        request_id = REQUEST_IDS.next()
        raw = codec.encode(document(refusal, f"/app/insights/logs/{request_id}"))
        headers = {
            "content-type": PROBLEM,
            "content-length": str(len(raw)),
            "connection": "close",
            **standard_headers(status, request_id),
        }
        pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
        reason = STATUS_PHRASES.get(status, b"")
        for event in (
            h11.Response(status_code=status, headers=pairs, reason=reason),
            h11.Data(data=raw),
            h11.EndOfMessage(),
        ):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()
