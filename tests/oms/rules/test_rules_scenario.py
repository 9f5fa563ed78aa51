"""The contract's worked scenario (section 8), step by step, number for number."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from rulesdesk import EXAMPLES, Desk, rid

from tui.api import gate, models, requests
from tui.api.models import Allocation, OrderGraphBlock, OrderGraphPlacement
from tui.api.requests import KeyedReply, ResourceList
from tui.api.shapes import ResourceId
from tui.oms import commands

PLACED = [
    ("create_orders", requests.BlockAndOrdersCreateRequest, "01_create_orders", "09:00"),
    ("move_orders", requests.MoveOrdersToDifferentBlocksRequest, "02_move_orders", "09:05"),
    ("update_orders", dict[str, requests.OrderUpdateRequest], "03_update_orders", "09:06"),
    ("place_blocks", requests.PlaceBlocksRequest, "04_place_blocks", "09:10"),
    ("update_placements", dict[str, requests.PlacementUpdateRequest], "05_update_placements", "09:12"),
    ("cancel_placements", dict[str, ResourceId], "06_cancel_placements", "09:13"),
    ("cancel_orders", dict[str, ResourceId], "07_cancel_orders", "09:14"),
]
ALLOCATIONS = ("PLC-1-ORD-1", "PLC-1-ORD-2", "PLC-1-ORD-3", "PLC-1-ORD-4")


def at(desk: Desk, time: str) -> None:
    desk.now = datetime.fromisoformat(f"2026-11-20T{time}:00Z")


def play(desk: Desk, upto: str = "") -> Any:
    """Do the steps up to the cancelled orders, or the one named; gives the last reply."""
    reply = None
    for command, kind, file, time in PLACED:
        at(desk, time)
        reply = desk.example(command, kind, f"{file}.request.json")
        if command == upto:
            break
    return reply


def fill(desk: Desk) -> None:
    """Receive the two executions, each in its own call as the example's times have it."""
    body = gate.decode(
        requests.ExecutionSetRequest, (EXAMPLES / "08_upsert_executions.request.json").read_bytes()
    )
    for item, time in zip(body.requests, ("09:30", "09:45"), strict=True):
        at(desk, time)
        desk.call(commands.upsert_executions, requests.ExecutionSetRequest(requests=(item,)))


def run_allocation(desk: Desk) -> Any:
    at(desk, "10:00")
    ids = gate.decode(
        tuple[ResourceId, ...], (EXAMPLES / "09_run_allocation_service.request.json").read_bytes()
    )
    return desk.call(commands.allocate, commands.Allocate(ids))


def book(desk: Desk) -> Any:
    at(desk, "10:30")
    body = (EXAMPLES / "11_book_transactions.request.json").read_bytes()
    return desk.call(
        commands.book_transactions,
        commands.BookTransactions(gate.decode(requests.BookTransactionsRequest, body)),
    )


def same(reply: Any, kind: Any, file: str) -> None:
    """Compare a reply with the example, but for entity ids and addresses, which are the server's own."""
    expected = gate.decode(kind, (EXAMPLES / file).read_bytes())
    got = gate.decode(kind, gate.encode(reply))
    assert _bare(got) == _bare(expected)


def _bare(value: Any) -> Any:
    if isinstance(value, msgspec.Struct):
        value = msgspec.structs.asdict(value)
    if isinstance(value, dict):
        skipped = ("entity_unique_id", "href", "links", "metadata")
        return {key: _bare(member) for key, member in value.items() if key not in skipped}
    return [_bare(member) for member in value] if isinstance(value, tuple) else value


@pytest.mark.parametrize(
    ("command", "kind", "file"),
    [
        ("create_orders", ResourceList[requests.BlockAndOrders], "01_create_orders"),
        ("move_orders", ResourceList[requests.MovedOrder], "02_move_orders"),
        ("place_blocks", ResourceList[models.Placement], "04_place_blocks"),
        ("update_placements", KeyedReply[models.Placement], "05_update_placements"),
        ("cancel_placements", KeyedReply[requests.CancelledPlacement], "06_cancel_placements"),
        ("cancel_orders", KeyedReply[requests.CancelledOrder], "07_cancel_orders"),
    ],
)
def test_the_reply_is_the_contracts_example(desk: Desk, command: str, kind: Any, file: str) -> None:
    same(play(desk, command), kind, f"{file}.response.json")


def test_step_3_update_reply_keeps_the_other_item(desk: Desk) -> None:
    reply = play(desk, "update_orders")
    same(reply, KeyedReply[models.Order], "03_update_orders.response.json")
    assert desk.block("BLK-1").quantity == 227


def test_steps_1_to_7_leave_the_blocks_of_the_table(desk: Desk) -> None:
    play(desk, "create_orders")
    assert (desk.block("BLK-1").quantity, desk.block("BLK-2").quantity) == (202, 50)
    for command, kind, file, time in PLACED[1:]:
        at(desk, time)
        desk.example(command, kind, f"{file}.request.json")
    assert (desk.block("BLK-1").quantity, desk.block("BLK-2").quantity) == (227, 0)
    assert desk.block("BLK-1").version.as_at_version_number == 3
    assert desk.order("ORD-5").state == "Cancelled"
    assert desk.order("ORD-5").quantity == 20


def test_step_8_fills_the_placement_partly_at_their_average(desk: Desk) -> None:
    play(desk)
    at(desk, "09:30")
    desk.example("upsert_executions", requests.ExecutionSetRequest, "08_upsert_executions.request.json")
    assert desk.placement("PLC-1").state == "PartiallyFilled"
    assert desk.execution("EXE-1").average_price == Decimal("189.6125")
    assert desk.placement_entry("PLC-1").calculated_average_price == Decimal("189.6125")


def test_step_9_allocates_fill_by_fill(desk: Desk) -> None:
    play(desk)
    fill(desk)
    reply = run_allocation(desk)
    same(reply, requests.AllocationReply, "09_run_allocation_service.response.json")
    allocations = ResourceList(values=tuple(desk.all(Allocation)))
    same(allocations, ResourceList[Allocation], "10_list_allocations.response.json")
    assert [order.state for order in desk.all(models.Order)][:4] == ["PartiallyFilled"] * 4


def test_step_9_again_changes_nothing(desk: Desk) -> None:
    play(desk)
    fill(desk)
    run_allocation(desk)
    at(desk, "10:10")
    desk.allocate("PLC-1")
    assert desk.changes == []


def test_step_11_books_the_whole_consideration(desk: Desk) -> None:
    play(desk)
    fill(desk)
    run_allocation(desk)
    reply = book(desk)
    same(reply, requests.BookingReply, "11_book_transactions.response.json")
    assert sum(each.total_consideration.amount for each in reply.values.values()) == Decimal("30338.00")
    assert {booking.portfolio_id for booking in desk.bookings()} == {
        rid("GROWTH"),
        rid("INCOME"),
        rid("BALANCED"),
    }


def test_step_13_the_order_graph_shows_every_stage(desk: Desk) -> None:
    play(desk)
    fill(desk)
    run_allocation(desk)
    book(desk)
    examples = (EXAMPLES / "13_list_order_graph_blocks.response.json").read_bytes()
    for expected in gate.decode(ResourceList[OrderGraphBlock], examples).values:
        entry = desk.block_entry(expected.block.id.code)
        for stage in ("placed", "allocated"):
            assert _bare(getattr(entry, stage)) == _bare(getattr(expected, stage))
        for stage in ("executed", "booked"):
            assert getattr(entry, stage).quantity == getattr(expected, stage).quantity
            assert getattr(entry, stage).details == getattr(expected, stage).details
        assert entry.ordered.quantity_by_state == expected.ordered.quantity_by_state
        assert (entry.derived_state, entry.derived_approval_state) == (
            expected.derived_state,
            expected.derived_approval_state,
        )
        assert entry.latest_activity_date == expected.latest_activity_date
        assert entry.derived_direction == expected.derived_direction
    assert desk.block_entry("BLK-1").executed.amount == Decimal("30338.00")
    assert desk.block_entry("BLK-1").booked.amount == Decimal("30338.00")


def test_step_14_the_placement_graph_is_the_contracts_example(desk: Desk) -> None:
    play(desk)
    fill(desk)
    run_allocation(desk)
    expected = gate.decode(
        ResourceList[OrderGraphPlacement],
        (EXAMPLES / "14_list_order_graph_placements.response.json").read_bytes(),
    ).values[0]
    assert _bare(gate.decode(OrderGraphPlacement, gate.encode(desk.placement_entry("PLC-1")))) == _bare(
        expected
    )


def test_a_third_fill_completes_every_order(desk: Desk) -> None:
    play(desk)
    fill(desk)
    run_allocation(desk)
    book(desk)
    third = msgspec.structs.replace(
        desk.execution("EXE-2"),
        id=rid("EXE-3"),
        quantity=Decimal(67),
        created_date=datetime(2026, 11, 20, 11, tzinfo=UTC),
    )
    item = msgspec.convert(gate_fields(third), requests.ExecutionRequest)
    desk.call(commands.upsert_executions, requests.ExecutionSetRequest(requests=(item,)))
    desk.allocate("PLC-1")
    assert list(desk.allocated().values()) == [100, 50, 47, 30]
    assert desk.placement("PLC-1").state == "Filled"


def gate_fields(execution: models.Execution) -> Any:
    """Give an execution as the JSON a client would send back."""
    return msgspec.json.decode(gate.encode(execution))


def test_step_18_sweeps_the_cancelled_block_only(desk: Desk) -> None:
    play(desk)
    fill(desk)
    at(desk, "12:30")
    reply = desk.example("sweep_blocks", requests.SweepBlocksRequest, "18_sweep_blocks.request.json")
    same(reply, KeyedReply[ResourceId], "18_sweep_blocks.response.json")
    assert desk.block_entry("BLK-2").derived_state == "Swept"
