"""Forms of a large desk: opening one, and typing into it, looks at the rows in focus and at no others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from msgspec.structs import replace

from tests.service.sample_rows import NINE, allocation, block, execution, order, placement, rid, snapshot_of
from tui.actions.action import Scope, WriteAction
from tui.actions.blocks_typed import block_choices
from tui.actions.trade_actions import TRADE
from tui.api.base import ResourceId
from tui.service.environment import Environment, EnvironmentKind
from tui.service.id_lookup import block_lookup
from tui.service.snapshot.builder import SnapshotBuilder
from tui.service.snapshot.snapshot import EntityKind, Snapshot


class Counted(Mapping[ResourceId, Any]):
    """Rows that count how often somebody goes through all of them."""

    def __init__(self, rows: Mapping[ResourceId, Any]) -> None:
        self._rows = rows
        self.walks = 0

    def __getitem__(self, id: ResourceId) -> Any:
        return self._rows[id]

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[ResourceId]:
        self.walks += 1
        return iter(self._rows)

    def __repr__(self) -> str:
        self.walks += 1
        return "rows"


def counted(desk: Snapshot) -> tuple[Snapshot, Mapping[str, Counted]]:
    """Return the desk with rows that count walks, and these rows."""
    rows = {kind.value: Counted(desk.rows(kind)) for kind in EntityKind}
    members: dict[str, Any] = dict(rows)
    return replace(desk, **members), rows


def small_desk() -> Snapshot:
    """Return a desk on which every action is possible somewhere."""
    return snapshot_of(
        blocks=[block("BLK-1", "ORD-1"), block("BLK-2", is_swept=True)],
        orders=[order("ORD-1"), order("ORD-2")],
        placements=[placement("PLC-1", "BLK-1", quantity="60", counterparty="ALBN")],
        executions=[execution("EXE-1", "PLC-1", "40")],
        allocations=[allocation("ALL-1", order="ORD-1", placement="PLC-1", quantity="10", state="New")],
    )


def scope_of(snapshot: Snapshot, kind: EntityKind, *ids: ResourceId) -> Scope:
    """Return these rows in focus."""
    return Scope(snapshot, kind, ids, Environment("demo", EnvironmentKind.LOCAL), NINE, home=rid("").scope)


FIRST = {
    EntityKind.BLOCKS: "BLK-1",
    EntityKind.ORDERS: "ORD-1",
    EntityKind.PLACEMENTS: "PLC-1",
    EntityKind.EXECUTIONS: "EXE-1",
    EntityKind.ALLOCATIONS: "ALL-1",
}


@pytest.mark.parametrize("action", TRADE, ids=lambda action: action.id)
def test_a_form_walks_no_rows(action: WriteAction) -> None:
    make, opened = action.load().form, 0
    for kind, code in FIRST.items():
        snapshot, rows = counted(small_desk())
        scope = scope_of(snapshot, kind, rid(code))
        if make is None or action.refusal(scope):
            continue
        form = make(scope)
        opened += 1
        values = {field.id: field.value for field in form.fields}
        for field in form.fields:
            for typed in ("", "B", "BLK-1", "UKEQ 10"):
                field.matches(typed)
                field.problem(typed)
                field.echo(typed)
        if form.live:
            form.live(values)
        assert not {name: each.walks for name, each in rows.items() if each.walks}
    assert opened or make is None


def test_a_block_is_completed_from_those_that_are_not_swept() -> None:
    far = ResourceId("far", "BLK-7")
    desk = snapshot_of(
        blocks=[
            block("BLK-1"),
            block("BLK-2", is_swept=True),
            replace(block("BLK-7"), id=far),
            block("blk-3"),
        ]
    )
    home = rid("").scope
    scope = scope_of(desk, EntityKind.BLOCKS)
    matching = block_choices(scope, block_lookup(desk, home))
    assert matching("") == ["new", "BLK-1", "blk-3", "far/BLK-7"]
    assert matching("bl") == ["BLK-1", "blk-3"]
    assert matching("FAR/b") == matching("f") == ["far/BLK-7"]
    assert matching("n") == ["new"]
    builder = SnapshotBuilder(desk)
    builder.put_blocks([block("BLK-1", is_swept=True)])
    builder.remove(EntityKind.BLOCKS, [far])
    later = builder.freeze()
    assert block_choices(replace(scope, snapshot=later), block_lookup(later, home))("") == ["new", "blk-3"]
    assert block_lookup(later, home).is_known(rid("BLK-1"))
    assert not block_lookup(later, home).is_known(far)
