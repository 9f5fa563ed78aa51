"""The verb that retires blocks whose work is done."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import ClassVar

from tui.api import operations
from tui.api.base import ZERO, ResourceId
from tui.api.client import Client
from tui.api.http_request import Request
from tui.api.requests import KeyedReply, SweepBlocksRequest
from tui.api.states import is_cancelled, is_final
from tui.service.snapshot.snapshot import EntityKind, Ref, Snapshot
from tui.service.verbs.facts import block_ref, priced
from tui.service.verbs.verb import (
    Caution,
    KeyedVerb,
    PreviewLine,
    Verdict,
    Versions,
    verdict_of,
)


class SweepBlocks(KeyedVerb, frozen=True):
    """Retire blocks whose work is done, each for itself (2.13).

    ``latest`` is a time in ISO 8601 or a cut label: a block with executions or allocations changed
    after it is refused.
    """

    block_ids: tuple[ResourceId, ...]
    latest: str

    operation: ClassVar = operations.SWEEP_BLOCKS
    title: ClassVar[str] = "Sweep"
    past: ClassVar[str] = "swept"
    kind: ClassVar[EntityKind] = EntityKind.BLOCKS
    listed: ClassVar[str] = "block_ids"

    def build(self, client: Client, key: str | None = None) -> Request[KeyedReply[ResourceId]]:
        body = SweepBlocksRequest(
            block_ids=self._keyed(),
            latest_allowable_modification_time=self.latest,
        )
        return client.build(self.operation, body, key=key)

    def judge(self, ref: Ref, before: Versions, after: Snapshot) -> Verdict:
        row = after.blocks.get(ref.id)
        return verdict_of(row is not None and bool(row.block.is_swept), ref, before, after)

    def lines(self, snapshot: Snapshot) -> tuple[PreviewLine, ...]:
        return tuple(
            priced(
                block_ref(row.block.id),
                row.block.side,
                row.ordered.quantity or ZERO,
                snapshot.instruments.get(row.block.lusid_instrument_id),
                limit=row.block.limit_price,
            )
            for _, row in self._on_desk(snapshot)
        )

    def effects(self, snapshot: Snapshot) -> tuple[str, ...]:
        return (f"Blocks changed after {_in_short(self.latest)} are refused",)

    def cautions(self, snapshot: Snapshot) -> tuple[Caution, ...]:
        return tuple(
            Caution("not sweepable", f"{id.code}: {why}")
            for id in self.block_ids
            if (why := unsweepable(snapshot, id))
        )


def _in_short(latest: str) -> str:
    """Return a time to the second, a cut label as it is."""
    try:
        return f"{datetime.fromisoformat(latest).astimezone(UTC):%H:%M:%S} UTC"
    except ValueError:
        return latest


def unsweepable(snapshot: Snapshot, id: ResourceId) -> str:
    """Return why a block cannot be swept (S1), as far as the desk knows; empty when it can."""
    row = snapshot.blocks.get(id)
    if row is None:
        return "not on the desk"
    open_orders = [each for each in snapshot.orders_of_block(id) if not is_final(snapshot.orders[each].state)]
    if open_orders:
        return f"{open_orders[0].code} is {snapshot.orders[open_orders[0]].state or 'without a state'}"
    for placement in snapshot.placements_of_block(id):
        executed = snapshot.executed_of_placement(placement)
        allocated = snapshot.allocated_of_placement(placement)
        if executed is None or allocated is None:
            continue  # what could not be read is not known; the server decides
        cancelled = is_cancelled(snapshot.placements[placement].state)
        if (not executed and not cancelled) or allocated < executed:
            return f"{placement.code} is not allocated"
        for share in snapshot.allocations_of_placement(placement):
            if not is_final(snapshot.allocations[share].state):
                return f"{share.code} is {snapshot.allocations[share].state or 'without a state'}"
    return ""
