"""Sweeping blocks, over HTTP (S1 to S3)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.oms.rules.rules_client import (
    RulesClient,
    detail,
    id_of,
    modified_times,
    only_failure,
    refused,
    rid,
)
from tui.api.models import Allocation
from tui.oms.rules.sweeping import latest_modification


def finish_block(desk: RulesClient) -> None:
    """Finish a block: filled, allocated, booked and marked."""
    desk.create("B", {"O1": 100})
    desk.place("P", "B", 100)
    desk.fill("E1", "P", 100, price="189.5")
    desk.allocate("P")
    desk.book("P-O1", mark=True)


def test_s1_a_finished_block_is_swept(desk: RulesClient) -> None:
    finish_block(desk)
    reply = desk.sweep("B")
    assert (reply.values, reply.failed) == ({"B": rid("B")}, {})
    assert desk.block("B").is_swept
    assert desk.block_entry("B").derived_state == "Swept"


def test_s1_an_unfinished_block_is_not_swept(desk: RulesClient) -> None:
    finish_block(desk)
    assert only_failure(desk.sweep("X")).type == "BlockNotFound"
    desk.put_allocation("A2", "O1", 1, placementIds=[id_of("P")])
    assert "allocations" in detail(desk.sweep("B"))
    desk.delete(Allocation, "A2")
    desk.put_placement("Q", "B", 5)
    assert "placement 'Desk/Q', which is New" in detail(desk.sweep("B"))
    desk.cancel_placement("Q")
    desk.create("B", {"O2": 1})
    assert "orders that are not" in detail(desk.sweep("B"))
    desk.cancel_orders("O2")
    assert desk.sweep("B").failed == {}


def test_s1_nothing_may_have_changed_after_the_time_given(desk: RulesClient) -> None:
    finish_block(desk)
    last = max(modified_times(desk.execution("E1"), desk.allocation("P-O1")))
    why = only_failure(desk.sweep("B", latest=(last - timedelta(microseconds=1)).isoformat()))
    assert (why.type, desk.wrote) == ("BlockNotSweepable", False)
    assert "changed after the latest time allowed" in (why.detail or "")
    assert desk.sweep("B", latest=last.isoformat()).failed == {}


def test_s1_a_cut_label_stands_for_the_end_of_its_day(desk: RulesClient) -> None:
    finish_block(desk)
    today = desk.allocation("P-O1").version.as_at_modified.date()
    yesterday = today - timedelta(days=1)
    assert only_failure(desk.sweep("B", latest=f"{yesterday}NLDN_Close")).type == "BlockNotSweepable"
    assert desk.sweep("B", latest=f"{today}NLDN_Close").failed == {}


@pytest.mark.parametrize("latest", ["yesterday", "2026-13-20T00:00:00Z", "2026-02-30NLDN_Close", "N", ""])
def test_s1_a_time_or_a_label_is_needed(desk: RulesClient, latest: str) -> None:
    finish_block(desk)
    with refused("InvalidParameterValue"):
        desk.sweep("B", latest=latest)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-20T12:00:00.0000000+00:00", datetime(2026, 11, 20, 12, tzinfo=UTC)),
        ("2026-11-20T12:00:00+02:00", datetime(2026, 11, 20, 10, tzinfo=UTC)),
        ("2026-11-20", datetime(2026, 11, 20, tzinfo=UTC)),
        ("2026-11-20NLDN_Close", datetime(2026, 11, 20, 23, 59, 59, 999999, tzinfo=UTC)),
    ],
)
def test_the_latest_time_is_read_in_either_form(text: str, expected: datetime) -> None:
    assert latest_modification(text) == expected


def test_s2_a_sweep_waits_until_all_executions_are_allocated(desk: RulesClient) -> None:
    desk.create("B", {"O1": 100})
    desk.place("P", "B", 100)
    desk.fill("E1", "P", 40)
    desk.put_order("O1", quantity=100, state="Closed")
    assert "placement 'Desk/P', which is In progress" in detail(desk.sweep("B"))
    desk.cancel_placement("P")
    assert "placement 'Desk/P', which is Executed" in detail(desk.sweep("B"))
    desk.put_allocation("A1", "O1", 41, placementIds=[id_of("P")], state="Closed")
    assert desk.placement_entry("P").derived_state == "Over-allocated"
    assert desk.sweep("B").failed == {}


def test_s2_a_cancelled_placement_without_executions_permits_a_sweep(desk: RulesClient) -> None:
    desk.create("B", {"O1": 100})
    desk.place("P", "B", 100)
    desk.cancel_placement("P")
    desk.cancel_orders("O1")
    assert desk.sweep("B").failed == {}


def test_s3_a_swept_block_refuses_changes_and_a_second_sweep_is_a_no_op(desk: RulesClient) -> None:
    finish_block(desk)
    desk.sweep("B")
    assert [entry.block.id for entry in desk.block_entries()] == [rid("B")]
    assert desk.block_entries(includeSwept=False) == []
    assert desk.sweep("B").failed == {}
    assert not desk.wrote
    with refused("BlockSwept"):
        desk.place("P2", "B", 1)


def test_s3_an_upsert_brings_a_swept_block_back(desk: RulesClient) -> None:
    finish_block(desk)
    desk.sweep("B")
    desk.put_block("B", createdDate="2020-01-01T00:00:00Z", isSwept=False)
    assert not desk.block("B").is_swept
    assert desk.block("B").order_ids == (rid("O1"),)
    assert desk.block("B").created_date.year == 2026
