"""The SDK's two flavours behind one way to call them, and what of an answer can be compared.

Where the SDK is not installed, importing this skips whatever needs it, and says so.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Literal

import pytest

from .serving import Served

lusid = pytest.importorskip("lusid", reason="the official SDK is not installed: pip install -e '.[sdk]'")

Flavour = Literal["sync", "async"]

EXAMPLES: Final = Path(__file__).parent.parent / "contract" / "examples"

THE_SERVERS_OWN: Final = frozenset(
    {
        *("version", "href", "links", "metadata", "previousPage"),
        *("lusidInstrumentId", "instrumentUid", "Instrument/default/LusidInstrumentId", "portfolioName"),
        *("entryDateTime", "transactionDate", "latestActivityDate"),
        *("asAtModified", "userIdModified", "requestIdModified", "asAtVersionNumber"),
    }
)
"""What each server names, numbers or times for itself, so that no two answers agree on it."""


class Desk:
    """The APIs of order management, as the SDK builds them for one server."""

    def __init__(self, build: Callable[[Any], Any]) -> None:
        self.manage = build(lusid.OrderManagementApi)
        self.graph = build(lusid.OrderGraphApi)
        self.blocks = build(lusid.BlocksApi)
        self.orders = build(lusid.OrdersApi)
        self.placements = build(lusid.PlacementsApi)
        self.executions = build(lusid.ExecutionsApi)
        self.allocations = build(lusid.AllocationsApi)
        self.portfolios = build(lusid.TransactionPortfoliosApi)


@asynccontextmanager
async def desk_of(server: Served, flavour: Flavour, *, token: str | None = None) -> AsyncIterator[Desk]:
    """Sign on to a server with an access token, as the SDK's users do."""
    extensions = lusid.extensions
    loader = extensions.ArgsConfigurationLoader(
        api_url=server.url, access_token=token or server.token, app_name="compat", rate_limit_retries=0
    )
    if flavour == "sync":
        with extensions.SyncApiClientFactory(config_loaders=[loader]) as factory:
            yield Desk(factory.build)
    else:
        async with extensions.ApiClientFactory(config_loaders=[loader]) as factory:
            yield Desk(factory.build)


async def got(answer: Any) -> Any:
    """Give the answer of a call of either flavour."""
    return await answer if inspect.isawaitable(answer) else answer


def sent(name: str) -> Any:
    """Give a request of the contract as plain JSON values."""
    return json.loads((EXAMPLES / f"{name}.request.json").read_text(encoding="utf-8"))


def request(kind: Any, name: str) -> Any:
    """Give a request of the contract as the SDK's own model."""
    return kind.from_dict(sent(name))


def keyed(kind: Any, name: str) -> dict[str, Any]:
    """Give a request that is a map as a map of the SDK's own models."""
    return {key: kind.from_dict(item) for key, item in sent(name).items()}


def expected(kind: Any, name: str) -> Any:
    """Give an answer of the contract as the SDK reads it."""
    return kind.from_json((EXAMPLES / f"{name}.response.json").read_text(encoding="utf-8"))


def facts(answer: Any, *but: str) -> Any:
    """Give what an answer says, without what the server makes up and without what is ``but`` there."""
    return _facts(answer.to_dict(), THE_SERVERS_OWN | set(but))


def _facts(value: Any, without: frozenset[str] | set[str]) -> Any:
    if isinstance(value, dict):
        kept = {name: _facts(member, without) for name, member in value.items() if name not in without}
        return {name: member for name, member in kept.items() if member not in (None, [], {})}
    if isinstance(value, list):
        return [_facts(member, without) for member in value]
    return value.isoformat() if isinstance(value, datetime) else value
