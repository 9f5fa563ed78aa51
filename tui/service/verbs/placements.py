"""The verbs on placements: place, update, cancel."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from msgspec.structs import replace

from tui.api import operations
from tui.api.base import ZERO, ResourceId
from tui.api.client import Client
from tui.api.http_request import Request
from tui.api.models import Placement
from tui.api.requests import (
    CancelledPlacement,
    PlaceBlocksRequest,
    PlacementRequest,
    PlacementUpdateRequest,
    ResourceList,
)
from tui.api.states import is_cancelled
from tui.service.numbers import counted
from tui.service.snapshot.naming import instrument_and_id, short_name
from tui.service.snapshot.sizing import Size, executed_size, open_size, size_of
from tui.service.snapshot.snapshot import EntityKind, Ref, Snapshot
from tui.service.verbs.changes import UpdateVerb, updated_placement
from tui.service.verbs.facts import (
    around,
    block_ref,
    block_refs,
    placement_line,
    placement_ref,
    placement_request_line,
)
from tui.service.verbs.placing_guard import placing_cautions
from tui.service.verbs.preview_line import Caution, PreviewLine
from tui.service.verbs.verb import InFlightMark, ItemisedReply, KeyedVerb, Verb, by_id
from tui.service.verbs.verdicts import Verdict, Versions, verdict_of


class PlaceBlocks(Verb, frozen=True):
    """Send blocks, or parts of them, to brokers; a call is done whole or not at all (2.4)."""

    requests: tuple[PlacementRequest, ...]

    operation: ClassVar = operations.PLACE_BLOCKS
    title: ClassVar[str] = "Place"
    noun: ClassVar[str] = "block"
    past: ClassVar[str] = "placed"
    kind: ClassVar[EntityKind] = EntityKind.PLACEMENTS
    mark: ClassVar[InFlightMark] = InFlightMark.NEW
    listed: ClassVar[str] = "requests"

    def build(self, client: Client, key: str | None = None) -> Request[ResourceList[Placement]]:
        return client.build(self.operation, PlaceBlocksRequest(requests=self.requests), key=key)

    def read(self, reply: ResourceList[Placement], request: Request[Any]) -> ItemisedReply:
        return ItemisedReply(by_id(reply.values))

    @property
    def label(self) -> str:
        blocks = len(set(self._placed_blocks()))
        if blocks == self.count:
            return super().label
        return f"{self.title} {counted(blocks, self.noun)} in {counted(self.count, self.kind.singular)}"

    def subject(self, ref: Ref) -> Ref:
        request = next(each for each in self.requests if each.id == ref.id)
        return block_ref(request.block_ids[0])

    def _placed_blocks(self) -> tuple[Ref, ...]:
        return tuple(ref for request in self.requests for ref in block_refs(request.block_ids))

    def touched(self, snapshot: Snapshot) -> frozenset[Ref]:
        return frozenset((*self.refs, *self._placed_blocks()))

    def marks(self, snapshot: Snapshot) -> Mapping[Ref, str]:
        return dict.fromkeys((*self.refs, *self._placed_blocks()), self.mark.value)

    def judge(self, ref: Ref, before: Versions, after: Snapshot) -> Verdict:
        return verdict_of(ref in after and ref not in before, ref, before, after)

    def lines(self, snapshot: Snapshot) -> tuple[PreviewLine, ...]:
        return tuple(placement_request_line(snapshot, request) for request in self.requests)

    def weighed(self, lines: tuple[PreviewLine, ...]) -> tuple[PreviewLine, ...]:
        """Return a line for each block: a limit holds for what all brokers get of it together."""
        whole: dict[tuple[ResourceId, ...], PreviewLine] = {}
        for request, line in zip(self.requests, lines, strict=True):
            held = whole.get(request.block_ids)
            whole[request.block_ids] = line if held is None else _together(held, line)
        return tuple(whole.values())

    def cautions(self, snapshot: Snapshot) -> tuple[Caution, ...]:
        sent = (id for request in self.requests for id in request.block_ids)
        return tuple(placing_cautions(snapshot, sent))


def _together(one: PreviewLine, other: PreviewLine) -> PreviewLine:
    """Return two parts of a block as one line; what is not known of a part is not known of both."""
    return replace(
        one,
        quantity=None if one.quantity is None or other.quantity is None else one.quantity + other.quantity,
        amount=None if one.amount is None or other.amount is None else one.amount + other.amount,
    )


class UpdatePlacements(UpdateVerb, frozen=True):
    """Change placements, each for itself; only what is sent changes (2.5)."""

    updates: tuple[PlacementUpdateRequest, ...]

    operation: ClassVar = operations.UPDATE_PLACEMENTS
    kind: ClassVar[EntityKind] = EntityKind.PLACEMENTS

    def touched(self, snapshot: Snapshot) -> frozenset[Ref]:
        return around(snapshot, (update.id for update in self.updates))

    def lines(self, snapshot: Snapshot) -> tuple[PreviewLine, ...]:
        after = (updated_placement(row, update) for update, row in self._on_desk(snapshot))
        return tuple(placement_line(snapshot, row, size_of(row)) for row in after)

    def cautions(self, snapshot: Snapshot) -> tuple[Caution, ...]:
        more = (
            id
            for update, row in self._on_desk(snapshot)
            if (size_of(updated_placement(row, update)).value or ZERO) > (size_of(row).value or ZERO)
            for id in row.block_ids
        )
        return tuple(placing_cautions(snapshot, more))


class CancelPlacements(KeyedVerb, frozen=True):
    """Cancel placements and their children, each for itself; what is executed stays (2.6).

    ``everything`` says whose working placements these all are, when it is the kill switch; else it is empty.
    """

    placement_ids: tuple[ResourceId, ...]
    everything: str = ""

    operation: ClassVar = operations.CANCEL_PLACEMENTS
    title: ClassVar[str] = "Cancel"
    past: ClassVar[str] = "cancelled"
    kind: ClassVar[EntityKind] = EntityKind.PLACEMENTS
    mark: ClassVar[InFlightMark] = InFlightMark.CANCEL
    listed: ClassVar[str] = "placement_ids"

    @property
    def label(self) -> str:
        return f"{super().label}: {self.everything}" if self.everything else super().label

    @property
    def label_of_one(self) -> str:
        return self.label if self.everything else super().label_of_one

    @property
    def emergency(self) -> bool:
        return bool(self.everything)

    def _entity(self, value: CancelledPlacement) -> Placement | None:
        return value.placement_state

    def _note(self, value: CancelledPlacement) -> str:
        children = ", ".join(id.code for id in value.cancelled_child_placements)
        return f"cancelled with it: {children}" if children else ""

    def touched(self, snapshot: Snapshot) -> frozenset[Ref]:
        return around(snapshot, self.placement_ids)

    def marks(self, snapshot: Snapshot) -> Mapping[Ref, str]:
        children = (child for id in self.placement_ids for child in snapshot.children_of_placement(id))
        return dict.fromkeys((*self.refs, *map(placement_ref, children)), self.mark.value)

    def judge(self, ref: Ref, before: Versions, after: Snapshot) -> Verdict:
        row = after.placements.get(ref.id)
        return verdict_of(row is not None and is_cancelled(row.state), ref, before, after)

    def became(self, ref: Ref, after: Snapshot) -> str:
        row = after.placements.get(ref.id)
        executed = executed_size(after, row) if row is not None else Size(None)
        return f"{executed} executed stay" if executed.value else ""

    def lines(self, snapshot: Snapshot) -> tuple[PreviewLine, ...]:
        return tuple(
            placement_line(snapshot, row, _open(snapshot, row)) for _, row in self._on_desk(snapshot)
        )

    def cautions(self, snapshot: Snapshot) -> tuple[Caution, ...]:
        def named(ids: Iterable[ResourceId]) -> str:
            return ", ".join(short_name(snapshot, EntityKind.BLOCKS, id) for id in ids)

        return tuple(
            Caution(
                "several blocks",
                f"{instrument_and_id(snapshot, self.kind, id)} serves {named(row.block_ids)}",
            )
            for id, row in self._on_desk(snapshot)
            if len(row.block_ids) > 1
        )


def _open(snapshot: Snapshot, row: Placement) -> Size:
    value, currency = open_size(snapshot, row)
    return Size(None if value is None else max(value, ZERO), currency)
