"""The list of exceptions, kept up by differences, against one made from the start."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final

from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.columns.test_sorted_rows import FULL, TOUCHES, Touch, touched
from tests.service.exceptions.judged import LATE, open_list
from tests.service.sample_rows import (
    NINE,
    allocation,
    block,
    execution,
    order,
    placement,
    rid,
    snapshot_of,
    usd,
)
from tui.api.base import CurrencyAndAmount
from tui.columns.steps import finish
from tui.service.exceptions.exception_kind import Trouble
from tui.service.exceptions.open_exceptions import STEP, OpenExceptions
from tui.service.snapshot.builder import SnapshotBuilder
from tui.service.snapshot.diff import diff
from tui.service.snapshot.snapshot import EMPTY, EntityKind, Ref, Snapshot

PLC = Ref(EntityKind.PLACEMENTS, rid("PLC-0"))


def told(kept: OpenExceptions) -> list[tuple[object, ...]]:
    """Return what the list says, in its order."""
    return [(each.key, each.trouble, each.opens) for each in kept.open]


A_BOND_AFTER_ALL: Final = [
    [Touch(EntityKind.ALLOCATIONS, 0, (2, 0, 0))],
    [Touch(EntityKind.BLOCKS, 0, (0, 1, 0))],
]
"""A block says of what class its instrument is: what others of it are worth differs."""
A_BLOCK_COMES_BACK: Final = [
    [Touch(EntityKind.BLOCKS, number, None) for number in (1, 2)]
    + [Touch(EntityKind.ALLOCATIONS, 3, (0, 3, 0))],
    [Touch(EntityKind.BLOCKS, 1, (0, 0, 0))],
]
"""An allocation that was alone has its block again, which says that it is not booked."""

BOOKED_ELSEWHERE: Final = [
    [Touch(EntityKind.BLOCKS, 0, (0, 0, 0)), Touch(EntityKind.ALLOCATIONS, 3, (0, 0, 0))],
    [Touch(EntityKind.TRANSACTIONS, 0, (0, 3, 0))],
]
"""What is booked is an allocation whose order is of another block than its placement."""


@settings(max_examples=25, deadline=None)
@example(BOOKED_ELSEWHERE)
@example(A_BOND_AFTER_ALL)
@example([[Touch(EntityKind.PLACEMENTS, 2, None)], *A_BOND_AFTER_ALL[1:]])
@example(A_BLOCK_COMES_BACK)
@given(st.lists(st.lists(TOUCHES, min_size=1, max_size=6), min_size=1, max_size=5))
def test_kept_up_by_what_differs_it_is_what_it_would_be_from_the_start(
    updates: Sequence[Sequence[Touch]],
) -> None:
    snapshot = touched(EMPTY, FULL)
    kept = open_list()
    finish(kept.build(snapshot, LATE))
    for touches in updates:
        following = touched(snapshot, touches)
        finish(kept.update(following, diff(snapshot, following), LATE))
        snapshot = following
        anew = open_list()
        finish(anew.build(snapshot, LATE))
        assert told(kept) == told(anew)


def test_what_waits_opens_when_its_time_has_come_unless_it_is_over() -> None:
    working = [placement(f"PLC-{number}", "BLK") for number in range(3)]
    before = snapshot_of(blocks=[block("BLK", "ORD")], orders=[order("ORD", "300")], placements=working)
    kept = open_list()
    finish(kept.build(before, NINE))
    assert kept.open == []
    builder = SnapshotBuilder(before)
    builder.put(EntityKind.PLACEMENTS, [placement("PLC-1", "BLK", state="Cancelled")])
    after = builder.freeze()
    finish(kept.update(after, diff(before, after), NINE))
    assert not kept.open_due(NINE + timedelta(minutes=59))
    assert kept.open_due(NINE + timedelta(minutes=60))
    assert [each.ref.id.code for each in kept.open] == ["PLC-0", "PLC-2"]


def test_a_row_from_the_end_of_the_calendar_waits_for_ever_and_ends_nothing() -> None:
    late = placement("PLC", "BLK", created_date=datetime.max.replace(tzinfo=UTC))
    kept = open_list()
    finish(kept.build(snapshot_of(blocks=[block("BLK", "ORD")], placements=[late]), LATE))
    assert "PLC" not in [each.ref.id.code for each in kept.open]


def test_an_outcome_that_nobody_knows_is_told_also_of_a_row_that_is_not_there_yet() -> None:
    kept = open_list()
    finish(kept.build(EMPTY, LATE))
    asked: Mapping[Ref, Trouble] = {PLC: Trouble("outcome not known: place", since=NINE)}
    kept.tell_unknown(asked, LATE)
    assert [(each.kind.id, each.mended_on) for each in kept.open] == [("unknown_outcome", PLC)]
    finish(kept.build(EMPTY, LATE))
    assert [each.kind.id for each in kept.open] == ["unknown_outcome"]
    kept.tell_unknown({}, LATE)
    assert kept.open == []


def large(blocks: int) -> Snapshot:
    """Return a desk of blocks with an order, a placement, a fill and an allocation each, one in ten wrong."""
    numbers = range(blocks)
    return snapshot_of(
        blocks=[block(f"BLK-{each}", f"ORD-{each}") for each in numbers],
        orders=[order(f"ORD-{each}") for each in numbers],
        placements=[
            placement(f"PLC-{each}", f"BLK-{each}", state="Rejected" if each % 10 == 0 else "New")
            for each in numbers
        ],
        executions=[execution(f"EXE-{each}", f"PLC-{each}") for each in numbers],
        allocations=[
            allocation(f"ALL-{each}", order=f"ORD-{each}", placement=f"PLC-{each}") for each in numbers
        ],
    )


def test_an_update_of_a_large_desk_judges_its_own_rows_and_no_others() -> None:
    before = large(200)
    kept = open_list()
    assert sum(1 for _ in kept.build(before, LATE)) >= 1_000 // STEP - 5, "a pause after a few rows"
    builder = SnapshotBuilder(before)
    builder.put(EntityKind.PLACEMENTS, [placement("PLC-1", "BLK-1", state="Rejected")])
    after = builder.freeze()
    assert list(kept.update(after, diff(before, after), LATE)) == [], "fewer rows than between two pauses"
    assert ("rejected", "PLC-1") in {(each.kind.id, each.ref.id.code) for each in kept.open}


def test_money_of_several_currencies_is_ranked_in_the_base_currency() -> None:
    def in_base(amount: Decimal, currency: str) -> Decimal:
        return amount * {"JPY": Decimal("0.0067")}.get(currency, Decimal(1))

    yen = CurrencyAndAmount(amount=Decimal(2_000), currency="JPY")
    now = snapshot_of(
        placements=[
            placement("YEN", quantity="500", state="Rejected", limit_price=yen),
            placement("DOLLARS", quantity="500", state="Rejected", limit_price=usd("20")),
        ]
    )
    kept = OpenExceptions({}, in_base)
    finish(kept.build(now, LATE))
    assert [each.ref.id.code for each in kept.open] == ["DOLLARS", "YEN"]
