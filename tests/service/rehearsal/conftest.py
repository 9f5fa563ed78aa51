"""The demo's desk, and rehearsals of what is done on it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.seeded_server import seeded_server
from tui.api.client import Client
from tui.api.http import Http, asgi_transport
from tui.oms.run.embedded import Embedded
from tui.sandbox import sandboxes_of
from tui.service.desk import Desk
from tui.service.environment import Environment, EnvironmentKind
from tui.service.rehearsal.rehearse import Rehearser


@pytest.fixture
async def demo_server() -> AsyncIterator[Embedded]:
    made = await seeded_server()
    yield made
    await made.close()


@pytest.fixture
async def demo_desk(demo_server: Embedded) -> AsyncIterator[Desk]:
    """A desk on the demo's server, loaded."""
    client = Client(Http("http://embedded/api", transport=asgi_transport(demo_server.app)))
    made = Desk(client, Environment("demo", EnvironmentKind.LOCAL))
    await made.load()
    yield made
    await made.close()
    await client.close()


@pytest.fixture
async def rehearser(demo_server: Embedded) -> AsyncIterator[Rehearser]:
    made = Rehearser(sandboxes_of(demo_server.engine))
    yield made
    await made.close()
