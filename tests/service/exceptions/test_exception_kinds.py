"""Each kind of exception: when a row is one, in which words, who, how much money, and where it is mended."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from msgspec import structs

from tests.service.exceptions.judged import LATE, exceptions_of, judged
from tests.service.sample_rows import (
    NINE,
    allocation,
    block,
    execution,
    label,
    order,
    placement,
    rid,
    snapshot_of,
    transaction,
    usd,
)
from tui.api.base import ZERO
from tui.api.models import OrderGraphBlock
from tui.config.exception_settings import DEFAULT_MINUTES
from tui.screens.desk.registry import BY_ID
from tui.service.exceptions.exception_kinds import EXCEPTIONS
from tui.service.snapshot.builder import SnapshotBuilder
from tui.service.snapshot.instruments import UNRESOLVED
from tui.service.snapshot.snapshot import EntityKind, Ref, Snapshot

SAID = label("Placement/x/RejectReason", "ALBN: price outside the band")


def desk(**rows: Any) -> Snapshot:
    """Return a block of 100 with its order, and what came of it."""
    return snapshot_of(blocks=[block("BLK", "ORD")], orders=[order("ORD")], **rows)


def held(compliance: str, approval: str) -> Snapshot:
    """Return a block with these states, nothing of it placed."""
    builder = SnapshotBuilder(desk())
    told = builder.freeze().blocks[rid("BLK")]
    detail = structs.replace(told.ordered.details[0], compliance_state=compliance, approval_state=approval)
    ordered = structs.replace(told.ordered, details=(detail,))
    row: OrderGraphBlock = structs.replace(
        told,
        ordered=ordered,
        derived_compliance_state=compliance,
        derived_approval_state=approval,
    )
    builder.put(EntityKind.BLOCKS, [row])
    return builder.freeze()


def shares(quantity: str) -> dict[str, Any]:
    return {"allocations": [allocation("ALL", order="ORD", placement="PLC", quantity=quantity)]}


FILLED = {"placements": [placement("PLC", "BLK", state="Filled", counterparty="ALBN")]}
CASES: dict[str, tuple[Snapshot, str, str, str]] = {
    "over_executed": (
        desk(**FILLED, executions=[execution("EXE", "PLC", "104")]),
        "104 filled of 100 placed",
        "760 USD",
        "execution EXE",
    ),
    "over_allocated": (
        desk(**FILLED, executions=[execution("EXE", "PLC", "100")], **shares("110")),
        "110 allocated of 100 filled",
        "1900 USD",
        "placement PLC",
    ),
    "over_placed": (
        desk(placements=[placement("PLC", "BLK", quantity="150")]),
        "150 placed of 100 ordered",
        "9500 USD",
        "placement PLC",
    ),
    "rejected": (
        desk(placements=[placement("PLC", "BLK", state="Refused", counterparty="ALBN", properties=SAID)]),
        "rejected by ALBN: price outside the band",
        "19000 USD",
        "placement PLC",
    ),
    "fill_busted": (
        desk(
            placements=[placement("PLC", "BLK", counterparty="ALBN")],
            executions=[execution("EXE", "PLC", "30", state="Cancelled")],
        ),
        "fill busted: 30 at 189.50 by ALBN",
        "5685 USD",
        "placement PLC",
    ),
    "compliance_failed": (held("Failed", "Approved"), "compliance failed", "19000 USD", "order ORD"),
    "approval_rejected": (held("Passed", "Rejected"), "approval rejected", "19000 USD", "order ORD"),
    "compliance_pending": (held("Pending", "Approved"), "compliance pending", "19000 USD", "block BLK"),
    "approval_pending": (held("Passed", "Pending"), "approval pending", "19000 USD", "block BLK"),
    "compliance_warning": (held("Warning", "Approved"), "compliance warning", "19000 USD", "block BLK"),
    "instrument_unresolved": (
        snapshot_of(
            blocks=[
                block(
                    "BLK",
                    "ORD",
                    lusid_instrument_id=UNRESOLVED,
                    instrument_identifiers={"Instrument/default/Ticker": "VODD"},
                )
            ],
            orders=[order("ORD", lusid_instrument_id=UNRESOLVED)],
        ),
        "instrument VODD not known here",
        "19000 USD",
        "block BLK",
    ),
    "halted": (
        desk(placements=[placement("PLC", "BLK", state="Suspended", counterparty="ALBN")]),
        "suspended at ALBN",
        "19000 USD",
        "placement PLC",
    ),
    "unanswered": (
        desk(placements=[placement("PLC", "BLK", state="CxlReq", counterparty="ALBN")]),
        "no answer from ALBN: cancel asked",
        "19000 USD",
        "placement PLC",
    ),
    "fills_unallocated": (
        desk(**FILLED, executions=[execution("EXE", "PLC", "100")], **shares("40")),
        "60 filled by ALBN, not allocated",
        "11370 USD",
        "placement PLC",
    ),
    "allocations_unbooked": (
        desk(**FILLED, executions=[execution("EXE", "PLC", "100")], **shares("100")),
        "1 allocation not booked",
        "18950 USD",
        "block BLK",
    ),
    "working_stale": (
        desk(
            placements=[placement("PLC", "BLK", counterparty="ALBN")],
            executions=[execution("EXE", "PLC", "10", state="PartiallyFilled")],
        ),
        "quiet at ALBN: 90 left",
        "17100 USD",
        "placement PLC",
    ),
}


@pytest.mark.parametrize("kind", sorted(DEFAULT_MINUTES.keys() - {"unknown_outcome"}))
def test_a_row_in_trouble_says_what_is_wrong_what_is_at_stake_and_where_it_is_mended(kind: str) -> None:
    snapshot, reason, money, mended_on = CASES[kind]
    found = {each.kind.id: each for each in judged(snapshot)}
    said = found[kind].trouble
    assert said.reason == reason
    assert f"{said.money.value:.0f} {said.money.currency}" == money
    assert str(found[kind].mended_on) == mended_on
    assert said.since == NINE
    assert said.who == "pm.hart"


def test_every_exception_has_a_setting_and_actions_that_there_are() -> None:
    assert [each.id for each in EXCEPTIONS] == list(DEFAULT_MINUTES)
    assert {action for each in EXCEPTIONS for action in each.actions} <= BY_ID.keys()


def test_a_desk_in_order_has_no_exceptions() -> None:
    booked = desk(
        **FILLED,
        executions=[execution("EXE", "PLC", "100")],
        **shares("100"),
        transactions=[transaction("TXN", allocation="ALL", order="ORD", units="100")],
    )
    assert judged(booked) == []


def test_what_is_refused_is_over_once_the_block_is_filled_elsewhere() -> None:
    refused = placement("NO", "BLK", state="Rejected", counterparty="KEYS")
    filled = placement("YES", "BLK", state="Filled", counterparty="ALBN")
    open_still = desk(placements=[refused, filled])
    assert exceptions_of(open_still, "rejected") == {("rejected", "NO")}
    done = desk(placements=[refused, filled], executions=[execution("EXE", "YES", "100")])
    assert exceptions_of(done, "rejected") == set()


def test_a_busted_fill_is_over_once_its_placement_is_filled_again_or_cancelled() -> None:
    bust = execution("EXE", "PLC", "100", state="Canceled")
    voided = structs.replace(bust, state="Filled", quantity=ZERO)
    for state, fills, expected in (
        ("New", [bust], {("fill_busted", "EXE")}),
        ("New", [bust, execution("NEW", "PLC", "100")], set()),
        ("Cancelled", [bust], set()),
        (
            "New",
            [voided],
            {("fill_busted", "EXE")},
        ),
    ):
        now = desk(placements=[placement("PLC", "BLK", state=state)], executions=fills)
        assert exceptions_of(now, "fill_busted") == expected


def test_fills_of_a_placement_that_goes_on_working_wait_until_it_stops() -> None:
    fills = [execution("EXE", "PLC", "40")]
    working = desk(placements=[placement("PLC", "BLK", state="PartiallyFilled")], executions=fills)
    assert exceptions_of(working, "fills_unallocated") == set()
    expired = desk(placements=[placement("PLC", "BLK", state="Expired")], executions=fills)
    assert exceptions_of(expired, "fills_unallocated") == {("fills_unallocated", "PLC")}


def test_an_order_in_no_block_is_told_by_the_states_it_carries_until_it_is_final() -> None:
    none: dict[str, Any] = {"derived_compliance_state": None, "derived_approval_state": None}
    failed = label("Order/x/ComplianceState", "Failed")
    loose = snapshot_of(
        orders=[
            order("SILENT", **none),
            order("PENDING", properties=label("Order/x/ApprovalState", "Pending"), **none),
            order("GONE", state="Cancelled", properties=failed, **none),
            order("FAILED", properties=failed, **none),
        ]
    )
    assert [(each.kind.id, each.ref.id.code) for each in judged(loose)] == [
        ("compliance_failed", "FAILED"),
        ("approval_pending", "PENDING"),
    ]


def test_thresholds_say_when_a_row_becomes_an_exception_and_a_kind_may_be_off() -> None:
    stale = CASES["working_stale"][0]
    at = {minutes: NINE + timedelta(minutes=minutes) for minutes in (59, 61, 121)}
    assert judged(stale, at[59]) == []
    assert [each.kind.id for each in judged(stale, at[61])] == ["working_stale"]
    assert judged(stale, at[61], {"working_stale": 120}) == []
    assert [each.kind.id for each in judged(stale, at[121], {"working_stale": 120})] == ["working_stale"]
    assert judged(stale, LATE, {"working_stale": None}) == []


def test_the_most_urgent_come_first_and_of_these_the_most_money() -> None:
    rejected = {"state": "Rejected", "counterparty": "ALBN"}
    now = snapshot_of(
        blocks=[block("B", "O")],
        orders=[order("O", "1000")],
        placements=[
            placement("STALE", "B", quantity="500"),
            placement("SMALL", "B", quantity="100", **rejected),
            placement("LARGE", "B", quantity="300", limit_price=usd("200"), **rejected),
        ],
    )
    assert [each.ref.id.code for each in judged(now)] == ["LARGE", "SMALL", "STALE"]
    assert judged(now)[0].mended_on == Ref(EntityKind.PLACEMENTS, rid("LARGE"))
