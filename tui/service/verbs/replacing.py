"""The verbs that send orders and placements whole: for changes that the update calls have no word for.

An update changes the fields it sends (U1), so it can neither clear a price nor name an order's type or a
time in force. Upserting replaces the entity in full (C9). It checks no size and no portfolio: those are
changed by an update.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar, Final, Generic

from tui.api import operations
from tui.api.base import ResourceId
from tui.api.client import Client
from tui.api.http_request import Request
from tui.api.models import Order, Placement
from tui.api.requests import (
    OrderRequest,
    OrderSetRequest,
    PlacementRequest,
    PlacementSetRequest,
    ResourceList,
)
from tui.api.states import is_cancelled, is_final
from tui.service.snapshot.naming import instrument_and_id, short_name
from tui.service.snapshot.snapshot import EntityKind, Ref, Snapshot
from tui.service.state_words import state_in_words
from tui.service.verbs.changes import described_replacement
from tui.service.verbs.facts import (
    around,
    block_ref,
    blocks_of,
    instrument_of,
    order_ref,
    placement_request_line,
    priced,
)
from tui.service.verbs.overwriting import OverwritingVerb, RowT, request_as_is
from tui.service.verbs.preview_line import LARGEST, Caution, PreviewLine
from tui.service.verbs.verb import ItemisedReply, Tier, by_id
from tui.service.verbs.verdicts import Verdict, Versions, verdict_of

WHOLE: Final = (
    "Sent with all its fields, as an update cannot say this; "
    "if somebody else changes it meanwhile, it is not sent but asked again"
)


def order_request(row: Order, **changes: Any) -> OrderRequest:
    """Return the request that states an order as it is, but for ``changes``."""
    return request_as_is(OrderRequest, row, **changes)


def placement_request(row: Placement, **changes: Any) -> PlacementRequest:
    """Return the request that states a placement as it is, but for ``changes``."""
    return request_as_is(PlacementRequest, row, **changes)


class _Replace(OverwritingVerb[RowT], Generic[RowT], frozen=True):
    """A write that states entities in full; a call is done whole or not at all (C9)."""

    title: ClassVar[str] = "Update"
    past: ClassVar[str] = "updated"

    def read(self, reply: ResourceList[Any], request: Request[Any]) -> ItemisedReply:
        return ItemisedReply(by_id(reply.values))

    def judge(self, ref: Ref, before: Versions, after: Snapshot) -> Verdict:
        row = after.row(ref)
        request = next(each for each in self._listed if each.id == ref.id)
        there = row is not None and not described_replacement(request, row)
        return verdict_of(there, ref, before, after)

    def effects(self, snapshot: Snapshot) -> tuple[str, ...]:
        if self.count <= LARGEST:
            return (WHOLE,)  # the sentences of the items say what changes
        said: list[str] = [
            " · ".join(
                (", ".join(described_replacement(each, row)), short_name(snapshot, self.kind, each.id))
            )
            for each, row in self._on_desk(snapshot)
        ]
        return (*said, WHOLE)


class ReplaceOrders(_Replace[Order], frozen=True):
    """State orders anew, with another type or time in force or without a price (C9)."""

    requests: tuple[OrderRequest, ...]

    operation: ClassVar = operations.ORDERS.upsert
    kind: ClassVar[EntityKind] = EntityKind.ORDERS
    base_tier: ClassVar[Tier] = Tier.T1

    def build(self, client: Client, key: str | None = None) -> Request[ResourceList[Order]]:
        return client.build(self.operation, OrderSetRequest(order_requests=self.requests), key=key)

    def _blocks(self, snapshot: Snapshot) -> Iterable[ResourceId]:
        return blocks_of(snapshot, (request.id for request in self.requests))

    def touched(self, snapshot: Snapshot) -> frozenset[Ref]:
        return frozenset((*self.refs, *map(block_ref, self._blocks(snapshot))))

    def tier(self, snapshot: Snapshot) -> Tier:
        placed = any(snapshot.placements_of_block(block) for block in self._blocks(snapshot))
        return Tier.T2 if placed else Tier.T1

    def lines(self, snapshot: Snapshot) -> tuple[PreviewLine, ...]:
        return tuple(
            priced(
                order_ref(request.id),
                request.side,
                request.quantity,
                instrument_of(snapshot, request.instrument_identifiers),
                limit=request.limit_price,
                stop=request.stop_price,
                price=request.price,
                amount=request.amount,
                portfolio=request.portfolio_id,
                identifiers=request.instrument_identifiers,
            )
            for request in self.requests
        )

    def cautions(self, snapshot: Snapshot) -> tuple[Caution, ...]:
        finished = (
            Caution("finished order", _state_of(snapshot, self.kind, row))
            for _, row in self._on_desk(snapshot)
            if is_final(row.state)
        )
        return tuple(finished)


class ReplacePlacements(_Replace[Placement], frozen=True):
    """State placements anew, with another time in force or without a price (C9)."""

    requests: tuple[PlacementRequest, ...]

    operation: ClassVar = operations.PLACEMENTS.upsert
    kind: ClassVar[EntityKind] = EntityKind.PLACEMENTS

    def build(self, client: Client, key: str | None = None) -> Request[ResourceList[Placement]]:
        return client.build(self.operation, PlacementSetRequest(requests=self.requests), key=key)

    def touched(self, snapshot: Snapshot) -> frozenset[Ref]:
        return around(snapshot, (request.id for request in self.requests))

    def lines(self, snapshot: Snapshot) -> tuple[PreviewLine, ...]:
        return tuple(placement_request_line(snapshot, request) for request in self.requests)

    def cautions(self, snapshot: Snapshot) -> tuple[Caution, ...]:
        finished = (
            Caution("finished placement", _state_of(snapshot, self.kind, row))
            for _, row in self._on_desk(snapshot)
            if is_cancelled(row.state)
        )
        return tuple(finished)


def _state_of(snapshot: Snapshot, kind: EntityKind, row: Order | Placement) -> str:
    return f"{instrument_and_id(snapshot, kind, row.id)} is {state_in_words(row.state)}"
