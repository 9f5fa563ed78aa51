"""The embedded server with demo data, which is made once and copied for every test that wants it."""

from __future__ import annotations

import asyncio
import sqlite3
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Final

from tui.oms.demo import seeding
from tui.oms.demo.compliance_facts import compliance_book
from tui.oms.demo.universe import instrument_table
from tui.oms.engine.engine import Engine
from tui.oms.http.app import ServerSettings
from tui.oms.run.embedded import Embedded, Size
from tui.oms.store import Store
from tui.oms.store.files import open_database

SEED: Final = 7
_MADE_AGAIN_AFTER: Final = timedelta(minutes=10)
"""How old a morning that ends now may be: no test tells it from one that ends now."""


async def seeded_server(
    size: Size = "demo",
    *,
    market: bool = False,
    start: datetime | None = None,
    settings: ServerSettings | None = None,
) -> Embedded:
    """Return a server on a desk of its own in memory, as :meth:`Embedded.open` does.

    Its morning ends at ``start``, by default some minutes ago at most.
    """
    store = await asyncio.to_thread(_copied, size, start)
    engine = Engine(store, instrument_table, compliance=compliance_book)
    return Embedded(engine, seed=SEED, speed=Decimal(1), market=market, settings=settings)


def _copied(size: Size, start: datetime | None) -> Store:
    now = datetime.now(UTC)
    connection, _ = open_database(None)
    if size != "empty":
        _seeded(size, start or _begun(now)).backup(connection)
    return Store(connection, None)


def _begun(now: datetime) -> datetime:
    return now - (now - datetime.min.replace(tzinfo=UTC)) % _MADE_AGAIN_AFTER


@cache
def _seeded(size: seeding.Size, start: datetime) -> sqlite3.Connection:
    """Return the database of a desk that was filled once."""
    engine = Engine.open(None, instrument_table, compliance=compliance_book)
    seeding.seed(engine, size=size, seed=SEED, start=start)
    return engine.store.connection
