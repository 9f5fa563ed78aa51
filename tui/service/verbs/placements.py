"""The verbs on placements and their fills: place, update, cancel, record a fill."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar

from tui.api.client import Client
from tui.api.models import Placement
from tui.api.requests import (
    ExecutionRequest,
    PlaceBlocksRequest,
    PlacementRequest,
    PlacementUpdateRequest,
)
from tui.api.shapes import ZERO, CurrencyAndAmount, ResourceId
from tui.api.states import is_cancelled, normal
from tui.service.snapshot import Family, Ref, Snapshot
from tui.service.verbs.blocking import same_instrument
from tui.service.verbs.orders import asked_is_there, described_changes, instrument_of
from tui.service.verbs.verb import (
    Answer,
    Doubt,
    Line,
    Mark,
    Settlement,
    Tier,
    Verb,
    Versions,
    by_id,
    judged,
    numbered,
    units,
)


def _placement(id: ResourceId) -> Ref:
    return Ref(Family.PLACEMENTS, id)


def _blocks(ids: Iterable[ResourceId]) -> Iterable[Ref]:
    return (Ref(Family.BLOCKS, id) for id in ids)


def _around(snapshot: Snapshot, ids: Iterable[ResourceId]) -> frozenset[Ref]:
    """Give placements with their children, parents and blocks."""
    found: set[Ref] = set()
    for id in ids:
        row = snapshot.placements.get(id)
        found.add(_placement(id))
        found.update(map(_placement, snapshot.children_of_placement(id)))
        if row is not None:
            found.update(_blocks(row.block_ids))
            if row.parent_placement_id is not None:
                found.add(_placement(row.parent_placement_id))
    return frozenset(found)


def placement_line(snapshot: Snapshot, row: Placement, quantity: Decimal | None) -> Line:
    """Give ``quantity`` units of a placement as a line, at its limit, else the last price seen."""
    known = snapshot.instruments.get(row.lusid_instrument_id)
    price = row.limit_price
    amount = row.amount
    return Line(
        ref=_placement(row.id),
        side=row.side,
        quantity=quantity,
        price=price.amount if price else known.last_price if known else None,
        currency=(price or amount or CurrencyAndAmount()).currency or (known.currency if known else ""),
        instrument=row.lusid_instrument_id,
        amount=amount.amount if amount else None,
        limit=price.amount if price else None,
    )


@dataclass(frozen=True, slots=True)
class PlaceBlocks(Verb):
    """Send blocks, or parts of them, to brokers; a call is done whole or not at all (2.4)."""

    requests: tuple[PlacementRequest, ...]

    name: ClassVar[str] = "placeblocks"
    title: ClassVar[str] = "Place"
    past: ClassVar[str] = "placed"
    family: ClassVar[Family] = Family.PLACEMENTS
    mark: ClassVar[Mark] = Mark.NEW
    listed: ClassVar[str] = "requests"

    @property
    def refs(self) -> tuple[Ref, ...]:
        return tuple(_placement(request.id) for request in self.requests)

    async def call(self, client: Client, key: str | None) -> Answer:
        return Answer(by_id(await client.place_blocks(PlaceBlocksRequest(requests=self.requests), key=key)))

    def _placed_blocks(self) -> tuple[Ref, ...]:
        return tuple(ref for request in self.requests for ref in _blocks(request.block_ids))

    def touched(self, snapshot: Snapshot) -> frozenset[Ref]:
        return frozenset((*self.refs, *self._placed_blocks()))

    def marks(self, snapshot: Snapshot) -> Mapping[Ref, str]:
        return dict.fromkeys((*self.refs, *self._placed_blocks()), self.mark.value)

    def settle(self, ref: Ref, before: Versions, after: Snapshot) -> Settlement:
        return judged(ref in after and ref not in before, ref, before, after)

    def lines(self, snapshot: Snapshot) -> tuple[Line, ...]:
        found = []
        for request in self.requests:
            blocks = [snapshot.blocks[id].block for id in request.block_ids if id in snapshot.blocks]
            luid = blocks[0].lusid_instrument_id if blocks else ""
            known = snapshot.instruments.get(luid) or instrument_of(snapshot, request)
            price, amount = request.limit_price, request.amount
            found.append(
                Line(
                    ref=_placement(request.id),
                    side=request.side,
                    quantity=request.quantity,
                    price=price.amount if price else known.last_price if known else None,
                    currency=(price or amount or CurrencyAndAmount()).currency
                    or (known.currency if known else ""),
                    instrument=luid,
                    amount=amount.amount if amount else None,
                    limit=price.amount if price else None,
                )
            )
        return tuple(found)

    def _asked(self) -> dict[tuple[ResourceId, ...], Decimal]:
        asked: dict[tuple[ResourceId, ...], Decimal] = {}
        for request in self.requests:
            if request.parent_placement_id is None:
                asked[request.block_ids] = asked.get(request.block_ids, ZERO) + (request.quantity or ZERO)
        return asked

    def effects(self, snapshot: Snapshot) -> tuple[str, ...]:
        said = []
        for ids, asked in self._asked().items():
            ordered, placed = _totals(snapshot, ids)
            names = ", ".join(id.code for id in ids)
            said.append(f"{names} will have {units(placed + asked)} of {units(ordered)} units placed")
        return tuple(said)

    def doubts(self, snapshot: Snapshot) -> tuple[Doubt, ...]:
        found = [Doubt("id exists", f"{ref.id.code} already exists") for ref in self.refs if ref in snapshot]
        for ids, asked in self._asked().items():
            ordered, placed = _totals(snapshot, ids)
            if placed + asked > ordered:
                names = ", ".join(id.code for id in ids)
                text = f"{names}: {units(asked)} asked, {units(max(ordered - placed, ZERO))} unplaced"
                found.append(Doubt("over-placement", text))
        for request in self.requests:
            for id in request.block_ids:
                why = _block_obstacle(snapshot, id, request)
                if why:
                    found.append(Doubt("will not fit", f"{id.code}: {why}"))
        return tuple(found)


def _totals(snapshot: Snapshot, blocks: Iterable[ResourceId]) -> tuple[Decimal, Decimal]:
    rows = [snapshot.blocks[id] for id in blocks if id in snapshot.blocks]
    ordered = sum((row.ordered.quantity or row.block.quantity or ZERO for row in rows), ZERO)
    return ordered, sum((row.placed.quantity or ZERO for row in rows), ZERO)


def _block_obstacle(snapshot: Snapshot, id: ResourceId, request: PlacementRequest) -> str:
    row = snapshot.blocks.get(id)
    if row is None:
        return "not on the desk"
    block = row.block
    if block.is_swept:
        return "it is swept"
    if not same_instrument(request, block):
        return "instrument differs"
    if normal(request.side) != normal(block.side):
        return f"side {request.side} differs from {block.side}"
    if normal(row.derived_compliance_state) == "failed":
        return "compliance failed"
    return ""


@dataclass(frozen=True, slots=True)
class UpdatePlacements(Verb):
    """Change placements, each for itself; only what is sent changes (2.5)."""

    updates: tuple[PlacementUpdateRequest, ...]

    name: ClassVar[str] = "$updateplacements"
    title: ClassVar[str] = "Update"
    past: ClassVar[str] = "updated"
    family: ClassVar[Family] = Family.PLACEMENTS
    listed: ClassVar[str] = "updates"

    @property
    def refs(self) -> tuple[Ref, ...]:
        return tuple(_placement(update.id) for update in self.updates)

    @property
    def keys(self) -> tuple[str, ...]:
        return numbered(len(self.updates))

    async def call(self, client: Client, key: str | None) -> Answer:
        reply = await client.update_placements(dict(zip(self.keys, self.updates, strict=True)), key=key)
        return Answer(reply.values or {}, reply.failed or {})

    def touched(self, snapshot: Snapshot) -> frozenset[Ref]:
        return _around(snapshot, (update.id for update in self.updates))

    def settle(self, ref: Ref, before: Versions, after: Snapshot) -> Settlement:
        update = next(each for each in self.updates if each.id == ref.id)
        row = after.placements.get(ref.id)
        return judged(row is not None and asked_is_there(update, row), ref, before, after)

    def lines(self, snapshot: Snapshot) -> tuple[Line, ...]:
        found = []
        for update in self.updates:
            row = snapshot.placements.get(update.id)
            if row is not None:
                quantity = row.quantity if update.quantity is None else update.quantity
                found.append(placement_line(snapshot, row, quantity))
        return tuple(found)

    def effects(self, snapshot: Snapshot) -> tuple[str, ...]:
        return tuple(
            f"{update.id.code}: {', '.join(changes)}"
            for update in self.updates
            if (changes := described_changes(update, snapshot.placements.get(update.id)))
        )

    def doubts(self, snapshot: Snapshot) -> tuple[Doubt, ...]:
        found = []
        for update in self.updates:
            row = snapshot.placements.get(update.id)
            if row is None:
                found.append(Doubt("not on the desk", update.id.code))
                continue
            executed = snapshot.executed_of_placement(update.id)
            if is_cancelled(row.state):
                found.append(Doubt("finished placement", f"{update.id.code} is {row.state}"))
            elif update.quantity is not None and update.quantity < executed:
                text = f"{update.id.code}: {units(update.quantity)} is below the {units(executed)} executed"
                found.append(Doubt("below executed", text))
            elif update.quantity is not None and row.parent_placement_id is None:
                ordered, placed = _totals(snapshot, row.block_ids)
                after = placed - (row.quantity or ZERO) + update.quantity
                if after > ordered:
                    text = f"{update.id.code}: {units(after)} placed of {units(ordered)} ordered"
                    found.append(Doubt("over-placement", text))
        return tuple(found)


@dataclass(frozen=True, slots=True)
class CancelPlacements(Verb):
    """Cancel placements and their children, each for itself; what is executed stays (2.6)."""

    placement_ids: tuple[ResourceId, ...]

    name: ClassVar[str] = "$cancelplacements"
    title: ClassVar[str] = "Cancel"
    past: ClassVar[str] = "cancelled"
    family: ClassVar[Family] = Family.PLACEMENTS
    mark: ClassVar[Mark] = Mark.CANCEL
    listed: ClassVar[str] = "placement_ids"

    @property
    def keys(self) -> tuple[str, ...]:
        return numbered(len(self.placement_ids))

    async def call(self, client: Client, key: str | None) -> Answer:
        body = dict(zip(self.keys, self.placement_ids, strict=True))
        reply = await client.cancel_placements(body, key=key)
        values = {name: item.placement_state for name, item in (reply.values or {}).items()}
        return Answer(values, reply.failed or {})

    def touched(self, snapshot: Snapshot) -> frozenset[Ref]:
        return _around(snapshot, self.placement_ids)

    def marks(self, snapshot: Snapshot) -> Mapping[Ref, str]:
        children = (child for id in self.placement_ids for child in snapshot.children_of_placement(id))
        return dict.fromkeys((*self.refs, *map(_placement, children)), self.mark.value)

    def settle(self, ref: Ref, before: Versions, after: Snapshot) -> Settlement:
        row = after.placements.get(ref.id)
        return judged(row is not None and is_cancelled(row.state), ref, before, after)

    def lines(self, snapshot: Snapshot) -> tuple[Line, ...]:
        rows = (snapshot.placements[id] for id in self.placement_ids if id in snapshot.placements)
        return tuple(placement_line(snapshot, row, _open(snapshot, row)) for row in rows)

    def effects(self, snapshot: Snapshot) -> tuple[str, ...]:
        said = []
        for id in self.placement_ids:
            row = snapshot.placements.get(id)
            if row is None:
                continue
            executed = snapshot.executed_of_placement(id)
            kept = f", {units(executed)} executed stay" if executed else ""
            children = len(snapshot.children_of_placement(id))
            more = f", with {children} child placements" if children else ""
            said.append(f"{id.code}: {units(_open(snapshot, row))} units freed{kept}{more}")
        return tuple(said)

    def doubts(self, snapshot: Snapshot) -> tuple[Doubt, ...]:
        found = []
        for id in self.placement_ids:
            row = snapshot.placements.get(id)
            if row is None:
                found.append(Doubt("not on the desk", id.code))
            elif normal(row.state) in ("cancelled", "filled"):
                found.append(Doubt("finished placement", f"{id.code} is {row.state}"))
        return tuple(found)


def _open(snapshot: Snapshot, row: Placement) -> Decimal:
    return max((row.quantity or ZERO) - snapshot.executed_of_placement(row.id), ZERO)


@dataclass(frozen=True, slots=True)
class RecordFills(Verb):
    """Record executions received outside the server, or correct them by id; whole or not at all (2.14)."""

    requests: tuple[ExecutionRequest, ...]

    name: ClassVar[str] = "executions"
    title: ClassVar[str] = "Record"
    past: ClassVar[str] = "recorded"
    family: ClassVar[Family] = Family.EXECUTIONS
    mark: ClassVar[Mark] = Mark.NEW
    listed: ClassVar[str] = "requests"
    base_tier: ClassVar[Tier] = Tier.T1

    @property
    def refs(self) -> tuple[Ref, ...]:
        return tuple(Ref(Family.EXECUTIONS, request.id) for request in self.requests)

    async def call(self, client: Client, key: str | None) -> Answer:
        return Answer(by_id(await client.executions.upsert(self.requests, key=key)))

    def touched(self, snapshot: Snapshot) -> frozenset[Ref]:
        around = _around(snapshot, (request.placement_id for request in self.requests))
        return around | frozenset(self.refs)

    def marks(self, snapshot: Snapshot) -> Mapping[Ref, str]:
        placements = (_placement(request.placement_id) for request in self.requests)
        return {
            **dict.fromkeys(placements, Mark.AMEND.value),
            **dict.fromkeys(self.refs, self.mark.value),
        }

    def settle(self, ref: Ref, before: Versions, after: Snapshot) -> Settlement:
        request = next(each for each in self.requests if each.id == ref.id)
        row = after.executions.get(ref.id)
        there = row is not None and (row.placement_id, row.quantity, row.price) == (
            request.placement_id,
            request.quantity,
            request.price,
        )
        return judged(there, ref, before, after)

    def lines(self, snapshot: Snapshot) -> tuple[Line, ...]:
        found = []
        for request in self.requests:
            row = snapshot.placements.get(request.placement_id)
            found.append(
                Line(
                    ref=Ref(Family.EXECUTIONS, request.id),
                    side=request.side,
                    quantity=request.quantity,
                    price=request.price.amount,
                    currency=request.price.currency or "",
                    instrument=row.lusid_instrument_id if row else "",
                    limit=request.price.amount,
                )
            )
        return tuple(found)

    def effects(self, snapshot: Snapshot) -> tuple[str, ...]:
        said = []
        for id, new in self._by_placement().items():
            row = snapshot.placements.get(id)
            if row is not None:
                executed = snapshot.executed_of_placement(id) + self._net(snapshot, new)
                said.append(f"{id.code} will have {units(executed)} of {units(row.quantity)} units executed")
        return tuple(said)

    def doubts(self, snapshot: Snapshot) -> tuple[Doubt, ...]:
        found = []
        for id, new in self._by_placement().items():
            row = snapshot.placements.get(id)
            if row is None:
                found.append(Doubt("not on the desk", id.code))
                continue
            over = snapshot.executed_of_placement(id) + self._net(snapshot, new) - (row.quantity or ZERO)
            if over > 0 and row.quantity is not None:
                found.append(Doubt("over-execution", f"{id.code}: {units(over)} more than placed"))
            found.extend(self._twins(snapshot, new))
        return tuple(found)

    def _by_placement(self) -> dict[ResourceId, list[ExecutionRequest]]:
        found: dict[ResourceId, list[ExecutionRequest]] = {}
        for request in self.requests:
            found.setdefault(request.placement_id, []).append(request)
        return found

    def _net(self, snapshot: Snapshot, requests: Iterable[ExecutionRequest]) -> Decimal:
        """Give the units the requests add, less what they replace."""
        total = ZERO
        for request in requests:
            held = snapshot.executions.get(request.id)
            total += request.quantity - (held.quantity if held else ZERO)
        return total

    def _twins(self, snapshot: Snapshot, requests: Iterable[ExecutionRequest]) -> Iterable[Doubt]:
        """Find fills that look like one already recorded on the same placement."""
        for request in requests:
            for fill in snapshot.fills_of_placement(request.placement_id):
                same = (fill.quantity, fill.price) == (request.quantity, request.price)
                if same and fill.id != request.id:
                    text = f"{units(fill.quantity)} at {fill.price} is already recorded as {fill.id.code}"
                    yield Doubt("looks like a duplicate", text)
