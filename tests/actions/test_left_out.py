"""What a selection leaves out of an action is counted and said, by why."""

from __future__ import annotations

import pytest

from tests.service.sample_rows import NINE, allocation, block, execution, order, placement, rid, snapshot_of
from tui.actions.action import Scope
from tui.actions.trade_actions import TRADE
from tui.service.environment import Environment, EnvironmentKind
from tui.service.snapshot.snapshot import EntityKind, Snapshot

ACTIONS = {action.id: action for action in TRADE}


@pytest.fixture
def desk() -> Snapshot:
    """Blocks that are open, fully placed and swept; orders and placements that work and that are done."""
    return snapshot_of(
        blocks=[block("BLK-1", "ORD-1"), block("BLK-2", "ORD-2"), block("BLK-3", "ORD-3", is_swept=True)],
        orders=[order("ORD-1"), order("ORD-2"), order("ORD-3", state="Cancelled")],
        placements=[
            placement("PLC-2", "BLK-2", quantity="100"),
            placement("PLC-3", "BLK-3", quantity="10", state="Filled"),
        ],
        executions=[execution("EXE-3", "PLC-3", "10")],
        allocations=[
            allocation("ALL-1", order="ORD-2", placement="PLC-3", quantity="4", state="New"),
            allocation("ALL-2", order="ORD-2", placement="PLC-3", quantity="6", state="Booked"),
        ],
    )


@pytest.mark.parametrize(
    ("action", "kind", "codes", "said"),
    [
        (
            "place",
            EntityKind.BLOCKS,
            ["BLK-1", "BLK-2", "BLK-3"],
            "Left out: 1 of 3 blocks is fully placed, 1 is swept.",
        ),
        ("place", EntityKind.BLOCKS, ["BLK-1"], ""),
        ("cancel", EntityKind.ORDERS, ["ORD-1", "ORD-3"], "Left out: 1 of 2 orders is cancelled."),
        ("move", EntityKind.ORDERS, ["ORD-1", "ORD-3"], "Left out: 1 of 2 orders is cancelled."),
        ("cancel_and_move", EntityKind.ORDERS, ["ORD-1", "ORD-3"], "Left out: 1 of 2 orders is cancelled."),
        ("update", EntityKind.ORDERS, ["ORD-1", "ORD-2"], ""),
        ("update", EntityKind.PLACEMENTS, ["PLC-2", "PLC-3"], "Left out: 1 of 2 placements is filled."),
        ("cancel", EntityKind.PLACEMENTS, ["PLC-2", "PLC-3"], "Left out: 1 of 2 placements is filled."),
        (
            "allocate",
            EntityKind.PLACEMENTS,
            ["PLC-2", "PLC-3"],
            "Left out: 1 of 2 placements is without fills.",
        ),
        ("book", EntityKind.PLACEMENTS, ["PLC-3"], "Left out: 1 of 2 allocations is booked already."),
        ("sweep", EntityKind.BLOCKS, ["BLK-1", "BLK-3"], "Left out: 1 of 2 blocks is still at work, "),
    ],
)
def test_the_rows_an_action_leaves_out_are_counted_by_why(
    desk: Snapshot, action: str, kind: EntityKind, codes: list[str], said: str
) -> None:
    scope = Scope(
        desk, kind, tuple(map(rid, codes)), Environment("demo", EnvironmentKind.LOCAL), NINE, home="Desk"
    )
    found = ACTIONS[action].left_out(scope)
    assert found.startswith(said) if said else not found
