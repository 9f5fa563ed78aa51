"""The verb that records executions received outside the server, or corrects them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from tui.api import operations
from tui.api.client import Client
from tui.api.http_request import Request
from tui.api.models import Execution
from tui.api.requests import ExecutionRequest, ExecutionSetRequest, ResourceList
from tui.service.numbers import units
from tui.service.snapshot.naming import short_name
from tui.service.snapshot.snapshot import EntityKind, Ref, Snapshot
from tui.service.verbs.facts import (
    around,
    placement_ref,
    price_in_another_currency,
)
from tui.service.verbs.overwriting import OverwritingVerb
from tui.service.verbs.preview_line import Caution, PreviewLine
from tui.service.verbs.verb import InFlightMark, ItemisedReply, Tier, by_id
from tui.service.verbs.verdicts import Verdict, Versions, verdict_of


class RecordFills(OverwritingVerb[Execution], frozen=True):
    """Record executions received outside the server, or correct them by id; whole or not at all (2.14)."""

    requests: tuple[ExecutionRequest, ...]

    operation: ClassVar = operations.EXECUTIONS.upsert
    title: ClassVar[str] = "Record"
    noun: ClassVar[str] = "fill"
    past: ClassVar[str] = "recorded"
    kind: ClassVar[EntityKind] = EntityKind.EXECUTIONS
    mark: ClassVar[InFlightMark] = InFlightMark.NEW
    base_tier: ClassVar[Tier] = Tier.T1

    @property
    def label_of_one(self) -> str:
        return "Void fill" if self.requests[0].quantity == 0 else super().label_of_one

    def build(self, client: Client, key: str | None = None) -> Request[ResourceList[Execution]]:
        return client.build(self.operation, ExecutionSetRequest(requests=self.requests), key=key)

    def read(self, reply: ResourceList[Execution], request: Request[Any]) -> ItemisedReply:
        return ItemisedReply(by_id(reply.values))

    def touched(self, snapshot: Snapshot) -> frozenset[Ref]:
        placed = (request.placement_id for request in self.requests)
        return around(snapshot, placed) | frozenset(self.refs)

    def marks(self, snapshot: Snapshot) -> Mapping[Ref, str]:
        placements = (placement_ref(request.placement_id) for request in self.requests)
        return {
            **dict.fromkeys(placements, InFlightMark.AMEND.value),
            **dict.fromkeys(self.refs, self.mark.value),
        }

    def judge(self, ref: Ref, before: Versions, after: Snapshot) -> Verdict:
        request = next(each for each in self.requests if each.id == ref.id)
        row = after.executions.get(ref.id)
        there = row is not None and (row.placement_id, row.quantity, row.price) == (
            request.placement_id,
            request.quantity,
            request.price,
        )
        return verdict_of(there, ref, before, after)

    def lines(self, snapshot: Snapshot) -> tuple[PreviewLine, ...]:
        found = []
        for request in self.requests:
            row = snapshot.placements.get(request.placement_id)
            luid = row.lusid_instrument_id if row else ""
            found.append(
                PreviewLine(
                    ref=Ref(EntityKind.EXECUTIONS, request.id),
                    side=request.side,
                    quantity=request.quantity,
                    price=request.price.amount,
                    currency=request.price.currency or "",
                    instrument=luid,
                    limit=request.price.amount,
                    price_unit=snapshot.price_unit(luid),
                )
            )
        return tuple(found)

    def cautions(self, snapshot: Snapshot) -> tuple[Caution, ...]:
        return (*self._twins(snapshot), *self._other_currencies(snapshot))

    def _other_currencies(self, snapshot: Snapshot) -> Iterable[Caution]:
        """Yield the prices in another currency than the instrument's: a fill is a fact, so it is a hint."""
        for request in self.requests:
            row = snapshot.placements.get(request.placement_id)
            known = snapshot.instruments.get(row.lusid_instrument_id) if row else None
            if known is not None:
                yield from price_in_another_currency("price", request.price, known)

    def _twins(self, snapshot: Snapshot) -> Iterable[Caution]:
        """Yield a caution for each fill that looks like one already recorded on its placement."""
        for request in self.requests:
            for fill in snapshot.fills_of_placement(request.placement_id):
                same = (fill.quantity, fill.price) == (request.quantity, request.price)
                if same and fill.id != request.id:
                    name = short_name(snapshot, self.kind, fill.id)
                    text = f"{units(fill.quantity)} at {fill.price} is already recorded as {name}"
                    yield Caution("looks like a duplicate", text)
