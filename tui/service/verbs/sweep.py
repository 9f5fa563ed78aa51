"""The verb that retires blocks whose work is done."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import ClassVar

from tui.api import operations
from tui.api.base import CurrencyAndAmount, ResourceId
from tui.api.client import Client
from tui.api.http_request import Request
from tui.api.models import OrderGraphBlock
from tui.api.requests import KeyedReply, SweepBlocksRequest
from tui.service.snapshot.sizing import block_ordered
from tui.service.snapshot.snapshot import EntityKind, Ref, Snapshot
from tui.service.verbs.facts import block_ref, priced
from tui.service.verbs.preview_line import PreviewLine
from tui.service.verbs.verb import KeyedVerb
from tui.service.verbs.verdicts import Verdict, Versions, verdict_of


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
        return tuple(_block_line(snapshot, row) for _, row in self._on_desk(snapshot))

    def effects(self, snapshot: Snapshot) -> tuple[str, ...]:
        return (f"Blocks changed after {_in_words(self.latest, snapshot)} are refused",)


def _block_line(snapshot: Snapshot, row: OrderGraphBlock) -> PreviewLine:
    """Return what a block's orders ask for as a line, in units or in money."""
    value, currency = block_ordered(snapshot, row)
    return priced(
        block_ref(row.block.id),
        row.block.side,
        None if currency else value,
        snapshot.instruments.get(row.block.lusid_instrument_id),
        limit=row.block.limit_price,
        amount=CurrencyAndAmount(amount=value, currency=currency) if currency else None,
    )


def _in_words(latest: str, snapshot: Snapshot) -> str:
    """Return a time in the zone of who reads it, a cut label as it is."""
    try:
        moment = datetime.fromisoformat(latest)
    except ValueError:
        return latest
    return snapshot.time_in_words(moment if moment.tzinfo else moment.replace(tzinfo=UTC)) or latest
