"""Calls the SDK's two flavours, sync and async, in one way, and compares answers.

It works with every version that has ``lusid.extensions``: the latest, and 2.1.402 of the newer document.
Where no such SDK is installed, importing this module skips the tests that need it, with a reason.
"""

from __future__ import annotations

import gc
import inspect
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from importlib.metadata import version
from typing import Any, Final, Literal

import pytest

from tests.compat.serving import Generation, ServeProcess
from tests.paths import EXAMPLES

gc.disable()  # a quarter of the ten seconds that it takes to make the SDK's two thousand models
lusid = pytest.importorskip("lusid", reason="the official SDK is not installed; .ci/sdk installs and runs it")
gc.enable()
gc.freeze()
if not hasattr(lusid, "OrderManagementApi") or not hasattr(lusid.OrderManagementApi, "create_orders"):
    pytest.skip("this SDK is of the older document, see test_older_document.py", allow_module_level=True)

Flavour = Literal["sync", "async"]
Outcome = Literal["success", "partial", "failure"]

VERSION: Final = version("lusid-sdk")
IS_NEWEST: Final = hasattr(lusid.OrderManagementApi, "sweep_blocks")
GENERATIONS: Final[tuple[Generation, ...]] = ("latest",) if IS_NEWEST else ("2.1", "latest")
"""The generations this SDK is tested against: an older one against its own and the latest."""


NEWEST_ONLY: Final = pytest.mark.skipif(
    not IS_NEWEST, reason=f"lusid-sdk {VERSION} does not know this method"
)

THE_SERVERS_OWN: Final = frozenset(
    {
        *("version", "href", "links", "metadata", "previousPage"),
        *("lusidInstrumentId", "instrumentUid", "Instrument/default/LusidInstrumentId", "portfolioName"),
        *("entryDateTime", "transactionDate", "latestActivityDate"),
        *("asAtModified", "userIdModified", "requestIdModified", "asAtVersionNumber"),
    }
)
"""Members whose values each server makes up (names, numbers, times), so that no two answers agree."""

CALLS: Final[set[tuple[str, Outcome]]] = set()
"""The methods that the running test has called, and how each call ended."""


class RecordedApi:
    """One API of the SDK that records in ``CALLS`` how every call of it ended."""

    def __init__(self, api: Any) -> None:
        self._api = api

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._api, name)
        noted = name.removesuffix("_with_http_info")

        def call(*arguments: Any, **named: Any) -> Any:
            try:
                answer = method(*arguments, **named)
            except lusid.ApiException:
                CALLS.add((noted, "failure"))
                raise
            if inspect.isawaitable(answer):
                return _awaited(noted, answer)
            CALLS.add((noted, _outcome(answer)))
            return answer

        return call


async def _awaited(name: str, answer: Awaitable[Any]) -> Any:
    try:
        given = await answer
    except lusid.ApiException:
        CALLS.add((name, "failure"))
        raise
    CALLS.add((name, _outcome(given)))
    return given


def _outcome(answer: Any) -> Outcome:
    said = getattr(answer, "data", answer)
    return "partial" if getattr(said, "failed", None) else "success"


class SdkDesk:
    """The APIs of order management and around it, as the SDK builds them for one server."""

    def __init__(self, build: Callable[[Any], Any], server: ServeProcess) -> None:
        self.server = server
        self.manage = RecordedApi(build(lusid.OrderManagementApi))
        self.graph = RecordedApi(build(lusid.OrderGraphApi))
        self.blocks = RecordedApi(build(lusid.BlocksApi))
        self.orders = RecordedApi(build(lusid.OrdersApi))
        self.placements = RecordedApi(build(lusid.PlacementsApi))
        self.executions = RecordedApi(build(lusid.ExecutionsApi))
        self.allocations = RecordedApi(build(lusid.AllocationsApi))
        self.portfolios = RecordedApi(build(lusid.TransactionPortfoliosApi))
        self.metadata = RecordedApi(build(lusid.ApplicationMetadataApi))
        self.instruments = RecordedApi(build(lusid.InstrumentsApi))
        self.search = RecordedApi(build(lusid.SearchApi))
        self.funds = RecordedApi(build(lusid.PortfoliosApi))
        self.quotes = RecordedApi(build(lusid.QuotesApi))
        self.sides = RecordedApi(build(lusid.TransactionConfigurationApi))
        self.properties = RecordedApi(build(lusid.PropertyDefinitionsApi))
        self.lists = RecordedApi(build(lusid.ReferenceListsApi))
        self.compliance = RecordedApi(build(lusid.ComplianceApi))
        self.legacy = RecordedApi(build(lusid.LegacyComplianceApi))


@asynccontextmanager
async def signed_on(server: ServeProcess, flavour: Flavour, **settings: Any) -> AsyncIterator[SdkDesk]:
    """Sign on as a program with the SDK does, with settings of the SDK's factory."""
    extensions = lusid.extensions
    if flavour == "sync":
        with extensions.SyncApiClientFactory(**settings) as factory:
            yield SdkDesk(factory.build, server)
    else:
        async with extensions.ApiClientFactory(**settings) as factory:
            yield SdkDesk(factory.build, server)


@asynccontextmanager
async def desk_of(
    server: ServeProcess, flavour: Flavour, *, token: str | None = None
) -> AsyncIterator[SdkDesk]:
    """Sign on to a server with an access token, as the SDK's users do."""
    loader = lusid.extensions.ArgsConfigurationLoader(
        api_url=server.url, access_token=token or server.token, app_name="compat"
    )
    async with signed_on(server, flavour, config_loaders=[loader]) as desk:
        yield desk


async def got(answer: Any) -> Any:
    """Return the answer of a call of either flavour."""
    return await answer if inspect.isawaitable(answer) else answer


async def refusal(call: Callable[[], Any]) -> tuple[Any, Any]:
    """Return the error of a call that must fail, and its problem document.

    The older SDK reads the 400s into ``LusidValidationProblemDetails`` and all others into
    ``LusidProblemDetails``; the newer one leaves that to its user.
    """
    with pytest.raises(lusid.ApiException) as caught:
        await got(call())
    error = caught.value
    is_validation = error.status == 400
    kind = lusid.LusidValidationProblemDetails if is_validation else lusid.LusidProblemDetails
    assert error.headers["Content-Type"].startswith("application/problem+json")
    problem = kind.from_json(error.body)
    assert problem.status == error.status
    return error, problem


def sent(name: str, scope: str | None = None) -> Any:
    """Return a request of the contract as plain JSON values, with its ids in ``scope`` if given."""
    body = json.loads((EXAMPLES / f"{name}.request.json").read_text(encoding="utf-8"))
    return body if scope is None else moved(body, scope)


def request(kind: Any, name: str, scope: str | None = None) -> Any:
    """Return a request of the contract as the SDK's own model."""
    return kind.from_dict(sent(name, scope))


def keyed(kind: Any, name: str, scope: str | None = None) -> dict[str, Any]:
    """Return a request that is a map as a map of the SDK's own models."""
    return {key: kind.from_dict(item) for key, item in sent(name, scope).items()}


def expected(kind: Any, name: str, shape: str = "") -> Any:
    """Return an answer of the contract as the SDK reads it; ``shape`` is the suffix of a generation."""
    return kind.from_json((EXAMPLES / f"{name}.response{shape}.json").read_text(encoding="utf-8"))


def moved(value: Any, scope: str) -> Any:
    """Return a request with every id in another scope."""
    if isinstance(value, dict):
        here = {"scope": scope} if value.keys() == {"scope", "code"} else {}
        return {name: moved(member, scope) for name, member in value.items()} | here
    return [moved(member, scope) for member in value] if isinstance(value, list) else value


def facts(answer: Any, *but: str) -> Any:
    """Return an answer as plain values, without the members the server makes up and those in ``but``."""
    return _facts(answer.to_dict(), THE_SERVERS_OWN | set(but))


def _facts(value: Any, without: frozenset[str] | set[str]) -> Any:
    if isinstance(value, dict):
        kept = {name: _facts(member, without) for name, member in value.items() if name not in without}
        return {name: member for name, member in kept.items() if member not in (None, [], {})}
    if isinstance(value, list):
        return [_facts(member, without) for member in value]
    return value.isoformat() if isinstance(value, datetime) else value
