"""uvicorn on one listening socket, as ``serve`` runs it."""

from __future__ import annotations

import asyncio
import logging
import socket
import time
from functools import partial
from typing import Any, Final, cast

import uvicorn
from starlette.types import ASGIApp

from tui.oms.http.guards import MAX_HEADER_BYTES
from tui.oms.run.serve_log import LoopFailures, WithoutTraceback
from tui.oms.run.uvicorn_protocol import ConnectionLimits, ServeProtocol

KEEP_ALIVE_S: Final = 75
"""The time an idle connection is kept, in seconds: longer than any client waits between two reads."""
ACCEPTED_AT_ONCE: Final = 4
"""The connections accepted in one turn of the event loop: each has a file before it can be refused."""
WAITING_CONNECTIONS: Final = 128
"""The connections that the system keeps until they are accepted."""
TICKS_A_SECOND: Final = 10
"""How often uvicorn looks around, a second."""
_WITHOUT_TRACEBACK: Final = WithoutTraceback()


class UvicornServer:
    """uvicorn on one listening socket, stopped by us: it would end the process by the signal it received."""

    def __init__(self, app: ASGIApp, limits: ConnectionLimits = ConnectionLimits()) -> None:  # noqa: B008
        config = uvicorn.Config(
            app,
            # uvicorn's own cannot be set up with a closed stdout; errors go to stderr without it too.
            log_config=None,
            log_level="error",
            access_log=False,
            lifespan="off",
            ws="none",
            http=cast(Any, partial(ServeProtocol, limits=limits)),
            h11_max_incomplete_event_size=MAX_HEADER_BYTES,
            server_header=False,
            backlog=ACCEPTED_AT_ONCE,
            timeout_keep_alive=KEEP_ALIVE_S,
            timeout_graceful_shutdown=10,
        )
        logging.getLogger("uvicorn.error").addFilter(_WITHOUT_TRACEBACK)
        self._server = _Watching(config)

    @property
    def connections(self) -> list[ServeProtocol]:
        """The open connections, with those that are being refused."""
        return self._server.open

    def stop(self) -> None:
        """Stop after the requests in flight."""
        self._server.should_exit = True

    async def serve(self, listening: socket.socket) -> None:
        asyncio.get_running_loop().set_exception_handler(LoopFailures())
        await self._server._serve(sockets=[listening])


class _Watching(uvicorn.Server):
    """Closes connections that keep it waiting."""

    @property
    def open(self) -> list[ServeProtocol]:
        return [each for each in self.server_state.connections if isinstance(each, ServeProtocol)]

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        for each in sockets or ():
            each.listen(WAITING_CONNECTIONS)

    async def on_tick(self, counter: int) -> bool:
        if counter % TICKS_A_SECOND == 0:
            now = time.monotonic()
            for each in self.open:
                each.close_if_overdue(now)
        return await super().on_tick(counter)


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens on ``host`` and ``port``.

    It names TCP as its protocol: asyncio sets TCP_NODELAY only on sockets that do, and without it the body of
    a response waits 40 ms for the client to acknowledge the head.
    """
    family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    made = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind(address)
        made.listen(WAITING_CONNECTIONS)
    except OSError:
        made.close()
        raise
    return made
