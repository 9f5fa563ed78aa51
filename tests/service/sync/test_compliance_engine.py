"""Which engine of compliance a desk asks for, and what it does with a server that does not know it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from tests.api.faults import json_answer
from tests.seeded_server import seeded_server
from tests.service.dealer import Dealer
from tests.service.exceptions.judged import exceptions_of
from tui.api.base import ResourceId
from tui.api.http import AsyncBaseTransport, asgi_transport
from tui.api.placing_states import Guard
from tui.columns.view import column_of
from tui.service.desk_profile import ComplianceEngine, DeskProfile
from tui.service.snapshot.snapshot import EntityKind
from tui.service.verbs.placing_guard import placing_cautions

BLOCK, ORDER = ResourceId("demo", "BLK-0011"), ResourceId("demo", "ORD-00024")
"""The demo's order that failed compliance, and its block."""


@pytest.fixture
async def server() -> AsyncIterator[AsyncBaseTransport]:
    embedded = await seeded_server()
    yield asgi_transport(embedded.app)
    await embedded.close()


async def at(
    server: AsyncBaseTransport, engine: ComplianceEngine = "v2", cache: Path | None = None
) -> Dealer:
    dealer = Dealer.at(server, profile=DeskProfile(home="demo", compliance=engine), cache=cache)
    assert await dealer.desk.load()
    return dealer


def asked(dealer: Dealer, path: str, parameter: str) -> set[str | None]:
    """Return the values that a parameter had in the reads of ``path``."""
    seen = (request for request in dealer.line.seen if request.url.path.endswith(path))
    return {request.url.params.get(parameter) for request in seen}


def shown(dealer: Dealer) -> tuple[object, object]:
    """Return the states of compliance that the block and its order show."""
    now = dealer.desk.snapshot
    return (
        column_of(EntityKind.BLOCKS, "compliance").value(now, now.blocks[BLOCK]),
        column_of(EntityKind.ORDERS, "compliance").value(now, now.orders[ORDER]),
    )


async def test_by_default_states_are_of_the_newer_engine(server: AsyncBaseTransport) -> None:
    dealer = await at(server)
    assert asked(dealer, "/ordergraph/blocks", "useComplianceV2") == {"true"}
    assert shown(dealer) == ("Failed", "Failed")
    assert next(placing_cautions(dealer.desk.snapshot, [BLOCK])).guard is Guard.REFUSED


async def test_states_of_the_older_engine_are_not_mixed_with_newer_ones(server: AsyncBaseTransport) -> None:
    dealer = await at(server, "legacy")
    assert asked(dealer, "/ordergraph/blocks", "useComplianceV2") == {None}
    assert asked(dealer, "/orders", "getDerivedComplianceStatuses") == {None}
    assert shown(dealer) == ("Passed", "Passed")


class StatesAnyway(AsyncBaseTransport):
    """A server that tells the states of the newer engine whatever it is asked for."""

    def __init__(self, server: AsyncBaseTransport) -> None:
        self.server = server

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        request.url = request.url.copy_set_param("useComplianceV2", "true")
        return await self.server.handle_async_request(request)


async def test_off_shows_no_state_and_compliance_holds_nothing_up(server: AsyncBaseTransport) -> None:
    dealer = await at(StatesAnyway(server), "off")
    now = dealer.desk.snapshot
    assert now.blocks[BLOCK].derived_compliance_state == "Failed"
    assert shown(dealer) == (None, None)
    assert {each.kind for each in placing_cautions(now, [BLOCK])} == {"approval"}
    warned = next(id for id, row in now.blocks.items() if row.derived_compliance_state == "Warning")
    assert not list(placing_cautions(now, [warned]))
    assert not exceptions_of(now, "compliance_failed", "compliance_pending", "compliance_warning")
    assert exceptions_of(now, "approval_rejected") == {("approval_rejected", BLOCK.code)}


class WithoutSwitches(AsyncBaseTransport):
    """A server that refuses parameters it does not know, or with ``ignores`` does nothing with them."""

    def __init__(self, server: AsyncBaseTransport, *, ignores: bool = False) -> None:
        self.server = server
        self.ignores = ignores
        self.refused = True

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        names = ("useComplianceV2", "getDerivedComplianceStatuses")
        unknown = next((name for name in names if name in request.url.params), None)
        if not self.refused:
            return await self.server.handle_async_request(request)
        if unknown is not None and not self.ignores:
            detail = f"There is no parameter '{unknown}'."
            return json_answer(400, {"name": "InvalidParameterValue", "code": 151, "detail": detail})
        for name in names:
            request.url = request.url.copy_remove_param(name)
        return await self.server.handle_async_request(request)


async def test_a_parameter_that_is_refused_is_not_sent_again(
    server: AsyncBaseTransport, tmp_path: Path
) -> None:
    first = await at(WithoutSwitches(server), cache=tmp_path)
    assert shown(first) == ("Passed", "Passed")
    assert first.desk.learned.get("compliance.useComplianceV2") == "refused"
    again = await at(server, cache=tmp_path)
    assert asked(again, "/ordergraph/blocks", "useComplianceV2") == {None}


async def test_a_refresh_asks_a_server_anew_for_what_it_refused(server: AsyncBaseTransport) -> None:
    line = WithoutSwitches(server)
    dealer = await at(line)
    assert shown(dealer) == ("Passed", "Passed")
    line.refused = False
    await dealer.desk.reload()
    assert shown(dealer) == ("Failed", "Failed")


async def test_a_parameter_that_does_nothing_is_not_sent_again(server: AsyncBaseTransport) -> None:
    dealer = await at(WithoutSwitches(server, ignores=True))
    orders = dealer.desk.client.orders
    await orders.list(limit=10)
    assert dealer.desk.learned.get("compliance.getDerivedComplianceStatuses") == "ignored"
    dealer.line.seen.clear()
    await orders.list(limit=10)
    assert asked(dealer, "/orders", "getDerivedComplianceStatuses") == {None}


async def test_a_server_that_fails_is_not_taken_for_one_that_refuses(server: AsyncBaseTransport) -> None:
    dealer = await at(server)
    dealer.line.fail("broken", "ordergraph", times=9)
    await dealer.desk.load()
    assert dealer.desk.learned.get("compliance.useComplianceV2") is None
