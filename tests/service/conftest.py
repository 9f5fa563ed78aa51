"""Dealers on one real server, which is empty until they work."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.service.dealer import Dealer
from tui.api.http import AsyncBaseTransport, asgi_transport
from tui.oms.engine.engine import Engine
from tui.oms.http.app import Server


@pytest.fixture
async def server(engine: Engine) -> AsyncBaseTransport:
    return asgi_transport(Server(engine))


@pytest.fixture
async def dealer(server: AsyncBaseTransport) -> AsyncIterator[Dealer]:
    """A dealer whose desk has been loaded."""
    made = Dealer.at(server)
    await made.desk.load()
    made.updates.clear()
    made.line.seen.clear()
    yield made
    await made.desk.close()
    await made.desk.client.close()


@pytest.fixture
async def colleague(server: AsyncBaseTransport) -> AsyncIterator[Dealer]:
    """Another dealer on the same server."""
    made = Dealer.at(server)
    await made.desk.load()
    yield made
    await made.desk.close()
    await made.desk.client.close()
