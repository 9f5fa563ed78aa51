"""Names nobody on the desk knows: they are named before anything is sent, and asked about."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from tests.service.dealer import fill, new_orders, placing
from tests.service.sample_rows import block, execution, order, placement, rid, snapshot_of
from tui.api.base import Identifiers
from tui.api.requests import OrderUpdateRequest, PlacementUpdateRequest, PortfolioWeight
from tui.service.environment import Environment, EnvironmentKind
from tui.service.snapshot.instruments import UNRESOLVED
from tui.service.snapshot.snapshot import Snapshot
from tui.service.verbs import (
    AllocateWeighted,
    CancelOrders,
    CreateOrders,
    PlaceBlocks,
    RecordFills,
    Tier,
    UpdateOrders,
    UpdatePlacements,
    Verb,
)
from tui.service.writes.preview import Preview, preview

MISSPELT = {"Instrument/default/Ticker": "VODD"}


@pytest.fixture
def desk() -> Snapshot:
    """Apple for GROWTH, placed with ALBN; and a block of something the server did not resolve."""
    lost: dict[str, Any] = {"instrument_identifiers": MISSPELT, "lusid_instrument_id": UNRESOLVED}
    return snapshot_of(
        blocks=[block("BLK-1", "ORD-1"), block("BLK-7", "ORD-7", **lost), block("BLK-8")],
        orders=[order("ORD-1"), order("ORD-7", **lost)],
        placements=[placement("PLC-1", "BLK-1", counterparty="ALBN", quantity="10")],
        executions=[execution("EXE-1", "PLC-1", "5")],
    )


def shown(verb: Verb, desk: Snapshot) -> Preview:
    return preview(verb, desk, Environment("demo", EnvironmentKind.LOCAL))


def buying(identifiers: Identifiers) -> CreateOrders:
    (request,) = new_orders("BLK_9", ORD_9=5).requests
    return CreateOrders((replace(request, instrument_identifiers=identifiers),))


def kinds(seen: Preview) -> dict[str, str]:
    return {warning.kind: warning.text for warning in seen.soft}


@pytest.mark.parametrize(
    "identifiers",
    [
        MISSPELT,
        {"Instrument/default/LusidInstrumentId": UNRESOLVED},
        {"Instrument/default/Isin": "VODD"},
        {"Instrument/default/ClientInternal": "house-1"},
    ],
    ids=str,
)
def test_an_instrument_that_nothing_resolves_cannot_be_sent(desk: Snapshot, identifiers: Identifiers) -> None:
    seen = shown(buying(identifiers), desk)
    assert seen.tier is Tier.HARD
    (name,) = identifiers.values()
    assert seen.hard == (
        f"{name} is unknown: nothing on this desk says which instrument it is, and it cannot be sent "
        "unresolved. Type its ISIN, FIGI or LUID.",
    )
    assert seen.largest[0].instrument == name, "the line names it too"


@pytest.mark.parametrize(
    "identifiers",
    [
        {"Instrument/default/Isin": "US5949181045"},
        {"Instrument/default/Figi": "BBG000BPH459"},
        {"Instrument/default/LusidInstrumentId": "LUID_00003D4X"},
    ],
    ids=str,
)
def test_an_instrument_new_to_the_desk_asks_for_the_count(desk: Snapshot, identifiers: Identifiers) -> None:
    seen = shown(buying(identifiers), desk)
    assert seen.tier is Tier.T3
    (name,) = identifiers.values()
    assert kinds(seen)["unknown instrument"] == f"{name} is an instrument nobody on this desk has traded."


def test_a_block_of_an_unresolved_instrument_is_not_placed_and_can_be_cancelled(desk: Snapshot) -> None:
    seen = shown(PlaceBlocks((placing("PLC-7", "BLK-7", 5),)), desk)
    assert seen.tier is Tier.HARD
    assert "VODD is unknown to the server, so what BLK-7 trades is not resolved" in seen.hard[0]
    assert shown(CancelOrders((rid("ORD-7"),)), desk).tier is Tier.T2


@pytest.mark.parametrize(
    "verb",
    [
        UpdateOrders((OrderUpdateRequest(id=rid("ORD-1"), portfolio_id=rid("GRWOTH")),)),
        AllocateWeighted((rid("PLC-1"),), (PortfolioWeight(portfolio_id=rid("GRWOTH"), weight=Decimal(1)),)),
    ],
    ids=lambda verb: verb.name,
)
def test_a_portfolio_nobody_knows_is_named_and_asks_for_the_count(desk: Snapshot, verb: Verb) -> None:
    seen = shown(verb, desk)
    assert seen.tier is Tier.T3
    assert kinds(seen)["unknown portfolio"] == "Desk/GRWOTH is a portfolio nobody on this desk knows."


@pytest.mark.parametrize(
    "verb",
    [
        PlaceBlocks((replace(placing("PLC-9", "BLK-8", 5), counterparty="ZZZZ"),)),
        UpdatePlacements((PlacementUpdateRequest(id=rid("PLC-1"), counterparty="ZZZZ"),)),
        RecordFills((replace(fill("EXE-9", "PLC-1", 5), counterparty="ZZZZ"),)),
    ],
    ids=lambda verb: verb.name,
)
def test_a_broker_nobody_has_placed_with_is_named_and_asks_for_the_count(desk: Snapshot, verb: Verb) -> None:
    seen = shown(verb, desk)
    assert seen.tier is Tier.T3
    assert kinds(seen)["unknown broker"] == "ZZZZ is a broker nobody on this desk has placed with."


def test_a_placement_nobody_is_named_to_work_asks_for_the_count(desk: Snapshot) -> None:
    seen = shown(PlaceBlocks((replace(placing("PLC-9", "BLK-8", 5), counterparty=None),)), desk)
    assert seen.tier is Tier.T3
    assert kinds(seen)["no broker"] == "Nobody is named to work it."


def test_what_the_desk_knows_is_not_asked_about(desk: Snapshot) -> None:
    assert shown(new_orders("BLK_9", ORD_9=5), desk).soft == ()
