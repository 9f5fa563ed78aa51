"""Fixtures for most tests: a desk of its own for each test, served in process, and a client on it."""

from __future__ import annotations

import gc
import os
from collections.abc import AsyncIterator, Iterator
from time import time
from typing import Any

import httpx
import pytest
import textual.notifications
from hypothesis import HealthCheck, settings
from textual.css.model import RuleSet
from textual.css.stylesheet import Stylesheet

from tests.bytecode import import_share, write_bytecode
from tests.idle import idle_by_the_loop
from tui.api.client import Client
from tui.api.http import Http, asgi_transport
from tui.oms.demo.universe import instrument_table
from tui.oms.engine.engine import Engine
from tui.oms.http.app import Server
from tui.screens.desk import pane_commands
from tui.service.reference import reference_reader, ticket_facts
from tui.service.rehearsal import rehearse
from tui.service.sync import progress

BASE = "http://embedded/api"
PARSED: dict[object, list[RuleSet]] = {}
YOUNG_OBJECTS = 20_000
"""How many new objects the garbage collector waits for; at the usual 700 it takes a thirtieth of the time."""
UNHURRIED_S = 60.0
"""Seconds that a test lets pass before the program gives up waiting."""

# How long an example takes on a busy machine says nothing about whether it holds.
settings.register_profile(
    "untimed", parent=settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("untimed")


write_bytecode()
gc.set_threshold(YOUNG_OBJECTS, *gc.get_threshold()[1:])


@pytest.hookimpl(tryfirst=True)
def pytest_collection(session: pytest.Session) -> None:
    """Have each worker compile a share of the tests."""
    import_share(session.config.args)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put long tests first in what each worker is given, so that none is left when the others have ended.

    ``--dist worksteal`` gives each worker an equal share of the tests in their order, to begin with.
    """
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    long = [item for item in items if item.get_closest_marker("long")]
    short = [item for item in items if not item.get_closest_marker("long")]
    left = len(items)
    items.clear()
    for worker in range(workers):
        share, first = left // (workers - worker), long[worker::workers]
        left -= share
        rest = max(0, share - len(first))
        items += [*first, *short[:rest]]
        del short[:rest]
    items += short


def pytest_collection_finish() -> None:
    """Spare the garbage collector what was loaded: it stays to the end."""
    gc.freeze()


@pytest.fixture(autouse=True)
def quick_pilot() -> Iterator[None]:
    """Let a pilot go on as soon as the app is idle."""
    with idle_by_the_loop():
        yield


@pytest.fixture(autouse=True)
def style_sheets_parsed_once() -> Iterator[None]:
    """Parse each style sheet once for all apps: nobody changes the rules it has."""
    parse = Stylesheet._parse_rules

    def parse_once(sheet: Stylesheet, css: str, *place: Any, **more: Any) -> list[RuleSet]:
        key = (css, place, *more.items(), *sheet._variables.items())
        if key not in PARSED:
            PARSED[key] = parse(sheet, css, *place, **more)
        return PARSED[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Stylesheet, "_parse_rules", parse_once)
        yield


@pytest.fixture(autouse=True)
def unhurried_program() -> Iterator[None]:
    """Have the program wait for what is under way, and show notices, longer than a busy machine takes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(progress, "QUICK_S", UNHURRIED_S)
        patch.setattr(rehearse, "TIMEOUT_S", UNHURRIED_S)
        patch.setattr(ticket_facts, "PREVIEW_WAITS_S", UNHURRIED_S)
        patch.setattr(reference_reader, "LOOK_UP_S", UNHURRIED_S)
        patch.setattr(pane_commands, "NAMES_S", UNHURRIED_S)
        patch.setattr(textual.notifications, "time", lambda: time() - UNHURRIED_S)
        yield


@pytest.fixture
async def engine() -> AsyncIterator[Engine]:
    """An empty desk, kept in memory."""
    made = Engine.open(None, instrument_table)
    yield made
    made.close()


@pytest.fixture
async def client(engine: Engine) -> AsyncIterator[Client]:
    """A client on the server over that desk."""
    made = Client(Http(BASE, transport=asgi_transport(Server(engine))))
    yield made
    await made.close()


@pytest.fixture
async def raw(engine: Engine) -> AsyncIterator[httpx.AsyncClient]:
    """The same server for requests our client would never send."""
    async with httpx.AsyncClient(transport=asgi_transport(Server(engine)), base_url=BASE) as made:
        yield made
