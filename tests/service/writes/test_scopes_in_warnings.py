"""Warnings name a row with its scope where that is not the desk's own."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from tests.service.dealer import placing
from tests.service.sample_rows import (
    allocation,
    block,
    execution,
    order,
    placement,
    rid,
    snapshot_of,
    transaction,
)
from tui.api.requests import ExecutionRequest, OrderUpdateRequest
from tui.service.snapshot.contradictions import contradictions
from tui.service.snapshot.snapshot import EntityKind, Ref
from tui.service.verbs import (
    BookTransactions,
    CancelPlacements,
    Caution,
    PlaceBlocks,
    RecordFills,
    UpdateOrders,
)

FUND = replace(
    snapshot_of(
        blocks=[block("BLK-1", "ORD-1", "ORD-9"), block("BLK-2")],
        orders=[order("ORD-1", derived_compliance_state="Pending")],
        placements=[
            replace(
                placement("PLC-1", "BLK-1", "BLK-2", counterparty="ALBN"),
                block_ids=(rid("BLK-1"), rid("BLK-2")),
            )
        ],
        executions=[execution("EXE-1", "PLC-1", "10")],
        allocations=[allocation("ALL-1", order="ORD-1", placement="PLC-1")],
        transactions=[transaction("TXN-1", allocation="ALL-1", order="ORD-1")],
    ),
    home="elsewhere",
    complete=True,
)
"""Rows of the scope Desk, seen from a desk whose own scope is another."""


def said(cautions: Iterable[Caution]) -> str:
    return " | ".join(each.text for each in cautions)


def test_warnings_before_a_write_name_the_scope() -> None:
    (known,) = FUND.executions.values()
    held = {name: getattr(known, name) for name in ExecutionRequest.__struct_fields__}
    twin = ExecutionRequest(**{**held, "id": rid("EXE-2")})
    for verb, text in (
        (CancelPlacements((rid("PLC-1"),)), "AAPL (Desk/PLC-1) serves Desk/BLK-1, Desk/BLK-2"),
        (
            PlaceBlocks((placing("PLC-2", "BLK-1", 10),)),
            "AAPL (Desk/BLK-1): compliance pending for Desk/ORD-1",
        ),
        (BookTransactions((rid("ALL-1"),)), "AAPL (Desk/ALL-1) is booked already"),
        (RecordFills((twin,)), "is already recorded as Desk/EXE-1"),
    ):
        assert text in said(verb.cautions(FUND))
    notes = UpdateOrders(tuple(OrderUpdateRequest(id=rid(code), side="Sell") for code in ["ORD-1"] * 4))
    assert notes.effects(FUND)[0] == "side Buy → Sell · Desk/ORD-1"


def test_a_contradiction_names_the_scope() -> None:
    assert "It names order Desk/ORD-9, which is not there." in contradictions(
        FUND, Ref(EntityKind.BLOCKS, rid("BLK-1"))
    )
