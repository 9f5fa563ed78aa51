"""Exceptions first: what compliance or an approver holds back stands beside what went wrong."""

from __future__ import annotations

from typing import Any

from msgspec import structs

from tests.service.sample_rows import block, label, order, placement, rid, snapshot_of
from tui.api.models import OrderGraphBlock
from tui.columns.format import DisplayContext
from tui.columns.sorted_rows import SortedRows
from tui.columns.steps import finish
from tui.columns.view import View, column_of
from tui.service.snapshot.builder import SnapshotBuilder
from tui.service.snapshot.instruments import UNRESOLVED
from tui.service.snapshot.snapshot import EntityKind, Snapshot, instrument_key

SHOWN = ("instrument", "name")
PASSED = ("Passed", "Approved")


def first(kind: EntityKind, desk: Snapshot) -> list[str]:
    rows = finish(SortedRows.build(View(kind, needs_first=True), desk))
    return [id.code for id in rows.ids]


def test_blocks_that_cannot_be_placed_come_first_then_those_asked_about() -> None:
    states = {
        "FREE": PASSED,
        "WARNED": ("Warning", "Approved"),
        "PENDING": ("Passed", "Pending"),
        "REJECTED": ("Passed", "Rejected"),
        "DONE": ("Failed", "Rejected"),
        "FAILED": ("Failed", "Approved"),
    }
    builder = SnapshotBuilder(
        snapshot_of(
            blocks=[block(code, f"O-{code}") for code in states],
            orders=[order(f"O-{code}", "100") for code in states],
            placements=[placement("PLC", "DONE", quantity="100")],
        )
    )
    told = builder.freeze().blocks
    builder.put(EntityKind.BLOCKS, [_with_states(told[rid(code)], *each) for code, each in states.items()])
    ranked = first(EntityKind.BLOCKS, builder.freeze())
    assert ranked == ["REJECTED", "FAILED", "PENDING", "WARNED", "FREE", "DONE"]


def _with_states(row: OrderGraphBlock, compliance: str, approval: str) -> OrderGraphBlock:
    return structs.replace(row, derived_compliance_state=compliance, derived_approval_state=approval)


def test_what_the_server_did_not_resolve_comes_first_and_is_marked_apart() -> None:
    """R19: all such rows share one LUID, and are of one instrument only by equal identifiers."""
    lost: dict[str, Any] = {"lusid_instrument_id": UNRESOLVED, "state": "Cancelled"}
    named = {"Instrument/default/Ticker": "VODD"}
    desk = snapshot_of(
        orders=[
            order("KNOWN"),
            order("LOST", instrument_identifiers=named, **lost),
            order("OTHER", instrument_identifiers={"Instrument/default/Ticker": "BARCC"}, **lost),
            order("SAME", instrument_identifiers=named, **lost),
        ]
    )
    assert first(EntityKind.ORDERS, desk) == ["LOST", "OTHER", "SAME", "KNOWN"]
    row = desk.orders[rid("LOST")]
    cells = {each: column_of(EntityKind.ORDERS, each).cell(desk, row, DisplayContext()) for each in SHOWN}
    assert cells == {"instrument": "? VODD", "name": "not resolved"}
    keys = [instrument_key(each) for each in desk.orders.values()]
    assert keys[1] == keys[3]
    assert len(set(keys)) == 3


def test_orders_rank_by_the_states_they_carry_until_they_are_final() -> None:
    none: dict[str, Any] = {"derived_compliance_state": None, "derived_approval_state": None}
    failed = label("Order/x/ComplianceState", "Failed")
    desk = snapshot_of(
        orders=[
            order("SILENT", **none),
            order("PENDING", properties=label("Order/x/ApprovalState", "Pending"), **none),
            order("GONE", state="Cancelled", properties=failed, **none),
            order("FAILED", properties=failed, **none),
        ]
    )
    assert first(EntityKind.ORDERS, desk) == ["FAILED", "PENDING", "SILENT", "GONE"]
