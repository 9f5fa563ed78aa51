"""The verbs on orders: create, move, update, cancel, and cancel with the unplaced rest moved on."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar

from msgspec.structs import replace

from tui.api.client import Client
from tui.api.models import Order
from tui.api.requests import (
    BlockAndOrderIdRequest,
    BlockAndOrdersCreateRequest,
    BlockAndOrdersRequest,
    CancelOrdersAndMoveRemainingRequest,
    MoveOrdersToDifferentBlocksRequest,
    OrderUpdateRequest,
)
from tui.api.shapes import ZERO, CurrencyAndAmount, ResourceId
from tui.api.states import is_cancelled, is_final
from tui.service.snapshot import Family, Ref, Snapshot
from tui.service.verbs.blocking import misfit
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
    counted,
    judged,
    moved,
    numbered,
    units,
)


def _order(id: ResourceId) -> Ref:
    return Ref(Family.ORDERS, id)


def _block(id: ResourceId) -> Ref:
    return Ref(Family.BLOCKS, id)


def _blocks_of(snapshot: Snapshot, orders: Iterable[ResourceId]) -> dict[ResourceId, list[ResourceId]]:
    """Give the orders by the block that holds them."""
    found: dict[ResourceId, list[ResourceId]] = {}
    for id in orders:
        block = snapshot.block_of_order(id)
        if block is not None:
            found.setdefault(block, []).append(id)
    return found


def order_line(snapshot: Snapshot, order: Order, quantity: Decimal | None = None) -> Line:
    """Give an order as a line: at its limit, else at the last price seen of its instrument."""
    known = snapshot.instruments.get(order.lusid_instrument_id)
    price = order.limit_price or order.price
    amount = order.amount
    return Line(
        ref=_order(order.id),
        side=order.side,
        quantity=order.quantity if quantity is None else quantity,
        price=price.amount if price else known.last_price if known else None,
        currency=(price or amount or CurrencyAndAmount()).currency or (known.currency if known else ""),
        instrument=order.lusid_instrument_id,
        portfolio=order.portfolio_id,
        amount=amount.amount if amount else None,
        limit=order.limit_price.amount if order.limit_price else None,
    )


def _lines(snapshot: Snapshot, ids: Iterable[ResourceId]) -> tuple[Line, ...]:
    return tuple(order_line(snapshot, snapshot.orders[id]) for id in ids if id in snapshot.orders)


def _held(snapshot: Snapshot, block: ResourceId) -> tuple[int, Decimal]:
    """Give how many live orders a block holds, and their units."""
    orders = [snapshot.orders[id] for id in snapshot.orders_of_block(block)]
    live = [order for order in orders if not is_cancelled(order.state)]
    return len(live), sum((order.quantity or ZERO for order in live), ZERO)


def _will_hold(block: ResourceId, count: int, quantity: Decimal) -> str:
    return f"{block.code} will hold {counted(count, 'order')}, {units(quantity)} units"


@dataclass(frozen=True, slots=True)
class CreateOrders(Verb):
    """Create orders and create or update their blocks; a call is done whole or not at all (2.1)."""

    requests: tuple[BlockAndOrdersRequest, ...]

    name: ClassVar[str] = "createorders"
    title: ClassVar[str] = "Create"
    past: ClassVar[str] = "created"
    family: ClassVar[Family] = Family.ORDERS
    mark: ClassVar[Mark] = Mark.NEW
    listed: ClassVar[str] = "requests"
    base_tier: ClassVar[Tier] = Tier.T1

    @property
    def refs(self) -> tuple[Ref, ...]:
        return tuple(_order(order.id) for request in self.requests for order in request.orders)

    def only(self, refs: Collection[Ref]) -> CreateOrders:
        kept = (
            replace(request, orders=orders)
            for request in self.requests
            if (orders := tuple(order for order in request.orders if _order(order.id) in refs))
        )
        return CreateOrders(tuple(kept))

    async def call(self, client: Client, key: str | None) -> Answer:
        made = await client.create_orders(BlockAndOrdersCreateRequest(requests=self.requests), key=key)
        return Answer(by_id(order for pair in made for order in pair.orders))

    def touched(self, snapshot: Snapshot) -> frozenset[Ref]:
        return frozenset((*self.refs, *(_block(request.block_id) for request in self.requests)))

    def marks(self, snapshot: Snapshot) -> Mapping[Ref, str]:
        blocks = {_block(request.block_id): Mark.AMEND.value for request in self.requests}
        return {**blocks, **dict.fromkeys(self.refs, Mark.NEW.value)}

    def settle(self, ref: Ref, before: Versions, after: Snapshot) -> Settlement:
        return judged(ref in after and ref not in before, ref, before, after)

    def lines(self, snapshot: Snapshot) -> tuple[Line, ...]:
        return tuple(
            self._line(snapshot, request, order) for request in self.requests for order in request.orders
        )

    def _line(self, snapshot: Snapshot, request: BlockAndOrdersRequest, order: Any) -> Line:
        known = instrument_of(snapshot, request)
        price = request.limit_price or order.price
        amount = order.amount
        return Line(
            ref=_order(order.id),
            side=order.side or request.side or "",
            quantity=order.quantity,
            price=price.amount if price else known.last_price if known else None,
            currency=(price or amount or CurrencyAndAmount()).currency or (known.currency if known else ""),
            instrument=known.luid if known else "",
            portfolio=order.portfolio_id,
            amount=amount.amount if amount else None,
            limit=request.limit_price.amount if request.limit_price else None,
        )

    def effects(self, snapshot: Snapshot) -> tuple[str, ...]:
        said = []
        for request in self.requests:
            count, quantity = _held(snapshot, request.block_id)
            quantity += sum((order.quantity or ZERO for order in request.orders), ZERO)
            new = "" if _block(request.block_id) in snapshot else "New block "
            said.append(new + _will_hold(request.block_id, count + len(request.orders), quantity))
        return tuple(said)

    def doubts(self, snapshot: Snapshot) -> tuple[Doubt, ...]:
        found = [Doubt("id exists", f"{ref.id.code} already exists") for ref in self.refs if ref in snapshot]
        for request in self.requests:
            held = snapshot.blocks.get(request.block_id)
            if held is None or not held.block.order_ids:
                continue
            why = misfit(request, held.block)
            if why:
                found.append(Doubt("will not fit", f"{request.block_id.code}: {why}"))
        return tuple(found)


def instrument_of(snapshot: Snapshot, request: Any) -> Any:
    """Give the instrument a request's identifiers name, as far as the desk knows it, or None."""
    for value in request.instrument_identifiers.values():
        found = snapshot.find_instruments(value) if value else ()
        if len(found) == 1:
            return found[0]
    return None


@dataclass(frozen=True, slots=True)
class MoveOrders(Verb):
    """Move orders into one block, new or existing; a call is done whole or not at all (2.2)."""

    order_ids: tuple[ResourceId, ...]
    destination: ResourceId

    name: ClassVar[str] = "moveorders"
    title: ClassVar[str] = "Move"
    past: ClassVar[str] = "moved"
    family: ClassVar[Family] = Family.ORDERS
    listed: ClassVar[str] = "order_ids"
    base_tier: ClassVar[Tier] = Tier.T1

    @property
    def label(self) -> str:
        return f"Move {counted(len(self.order_ids), 'order')} to {self.destination.code}"

    async def call(self, client: Client, key: str | None) -> Answer:
        requests = tuple(
            BlockAndOrderIdRequest(destination_block_id=self.destination, order_id=id)
            for id in self.order_ids
        )
        answer = await client.move_orders(MoveOrdersToDifferentBlocksRequest(requests=requests), key=key)
        return Answer(by_id(item.order for item in answer if item.order))

    def touched(self, snapshot: Snapshot) -> frozenset[Ref]:
        sources = _blocks_of(snapshot, self.order_ids)
        return frozenset((*self.refs, _block(self.destination), *map(_block, sources)))

    def marks(self, snapshot: Snapshot) -> Mapping[Ref, str]:
        return dict.fromkeys(self.touched(snapshot), Mark.AMEND.value)

    def settle(self, ref: Ref, before: Versions, after: Snapshot) -> Settlement:
        return judged(after.block_of_order(ref.id) == self.destination, ref, before, after)

    def lines(self, snapshot: Snapshot) -> tuple[Line, ...]:
        return _lines(snapshot, self.order_ids)

    def effects(self, snapshot: Snapshot) -> tuple[str, ...]:
        leaving = {
            block: [id for id in ids if block != self.destination]
            for block, ids in _blocks_of(snapshot, self.order_ids).items()
        }
        coming = [id for id in self.order_ids if snapshot.block_of_order(id) != self.destination]
        count, quantity = _held(snapshot, self.destination)
        new = "" if _block(self.destination) in snapshot else "New block "
        said = [new + _will_hold(self.destination, count + len(coming), quantity + _sum(snapshot, coming))]
        for block, ids in leaving.items():
            if ids:
                count, quantity = _held(snapshot, block)
                said.append(_will_hold(block, count - len(ids), quantity - _sum(snapshot, ids)))
        return tuple(said)

    def doubts(self, snapshot: Snapshot) -> tuple[Doubt, ...]:
        return tuple(
            Doubt("will not fit", f"{id.code}: {why}")
            for id in self.order_ids
            if (why := self._obstacle(snapshot, id))
        )

    def _obstacle(self, snapshot: Snapshot, id: ResourceId) -> str:
        order, target = snapshot.orders.get(id), snapshot.blocks.get(self.destination)
        if order is None:
            return "not on the desk"
        if is_final(order.state):
            return f"state is {order.state}"
        if snapshot.allocations_of_order(id):
            return "it has allocations"
        if target is None:
            first = snapshot.orders.get(self.order_ids[0])
            return _apart(order, first)
        if target.block.is_swept:
            return f"{self.destination.code} is swept"
        return misfit(order, target.block) if target.block.order_ids else ""


def _apart(order: Order, first: Order | None) -> str:
    """Say why an order cannot found a new block together with the first one."""
    if first is None or order is first:
        return ""
    if order.lusid_instrument_id != first.lusid_instrument_id:
        return f"instrument differs from {first.id.code}'s"
    pairs = (
        ("side", order.side, first.side),
        ("type", order.type, first.type),
        ("time in force", order.time_in_force, first.time_in_force),
        ("limit price", order.limit_price, first.limit_price),
        ("stop price", order.stop_price, first.stop_price),
    )
    for title, mine, theirs in pairs:
        if mine != theirs:
            return f"{title} {mine or 'none'} differs from {theirs or 'none'} of {first.id.code}"
    return ""


def _sum(snapshot: Snapshot, ids: Iterable[ResourceId]) -> Decimal:
    orders = (snapshot.orders.get(id) for id in ids)
    return sum((order.quantity or ZERO for order in orders if order and not is_cancelled(order.state)), ZERO)


@dataclass(frozen=True, slots=True)
class UpdateOrders(Verb):
    """Change orders, each for itself; only what is sent changes (2.3)."""

    updates: tuple[OrderUpdateRequest, ...]

    name: ClassVar[str] = "updateorders"
    title: ClassVar[str] = "Update"
    past: ClassVar[str] = "updated"
    family: ClassVar[Family] = Family.ORDERS
    listed: ClassVar[str] = "updates"
    base_tier: ClassVar[Tier] = Tier.T1

    @property
    def refs(self) -> tuple[Ref, ...]:
        return tuple(_order(update.id) for update in self.updates)

    @property
    def keys(self) -> tuple[str, ...]:
        return numbered(len(self.updates))

    async def call(self, client: Client, key: str | None) -> Answer:
        reply = await client.update_orders(dict(zip(self.keys, self.updates, strict=True)), key=key)
        return Answer(reply.values or {}, reply.failed or {})

    def touched(self, snapshot: Snapshot) -> frozenset[Ref]:
        blocks = _blocks_of(snapshot, (update.id for update in self.updates))
        return frozenset((*self.refs, *map(_block, blocks)))

    def settle(self, ref: Ref, before: Versions, after: Snapshot) -> Settlement:
        update = next(each for each in self.updates if each.id == ref.id)
        order = after.orders.get(ref.id)
        return judged(order is not None and asked_is_there(update, order), ref, before, after)

    def tier(self, snapshot: Snapshot) -> Tier:
        blocks = _blocks_of(snapshot, (update.id for update in self.updates))
        placed = any(snapshot.placements_of_block(block) for block in blocks)
        return Tier.T2 if placed else Tier.T1

    def lines(self, snapshot: Snapshot) -> tuple[Line, ...]:
        found = []
        for update in self.updates:
            order = snapshot.orders.get(update.id)
            if order is not None:
                found.append(order_line(snapshot, updated(order, update)))
        return tuple(found)

    def effects(self, snapshot: Snapshot) -> tuple[str, ...]:
        return tuple(
            f"{update.id.code}: {', '.join(changes)}"
            for update in self.updates
            if (changes := described_changes(update, snapshot.orders.get(update.id)))
        )

    def doubts(self, snapshot: Snapshot) -> tuple[Doubt, ...]:
        found = []
        for update in self.updates:
            order = snapshot.orders.get(update.id)
            if order is None:
                found.append(Doubt("not on the desk", update.id.code))
                continue
            allocated = snapshot.allocated_of_order(update.id)
            if is_final(order.state):
                found.append(Doubt("finished order", f"{update.id.code} is {order.state}"))
            elif update.quantity is not None and update.quantity < allocated:
                text = f"{update.id.code}: {units(update.quantity)} is below the {units(allocated)} allocated"
                found.append(Doubt("below allocated", text))
        return (*found, *self._below_placed(snapshot))

    def _below_placed(self, snapshot: Snapshot) -> Iterable[Doubt]:
        asked = {each.id: each.quantity for each in self.updates if each.quantity is not None}
        for block, ids in _blocks_of(snapshot, asked).items():
            count, total = _held(snapshot, block)
            left = total - _sum(snapshot, ids) + sum((asked[id] or ZERO for id in ids), ZERO)
            placed = snapshot.blocks[block].placed.quantity or ZERO
            if count and left < placed:
                text = f"{block.code} would hold {units(left)}, but {units(placed)} are placed"
                yield Doubt("below placed", text)


_UPDATABLE = ("quantity", "amount", "portfolio_id", "price", "limit_price", "stop_price", "date", "side")


def updated(order: Order, update: OrderUpdateRequest) -> Order:
    """Give the order as it will be when the update is done."""
    fields = {name: getattr(update, name) for name in _UPDATABLE if getattr(update, name) is not None}
    return replace(order, **fields)


def asked_is_there(update: Any, entity: Any) -> bool:
    """Tell whether every field an update asked for has the value it asked for."""
    for name in update.__struct_fields__:
        asked = getattr(update, name)
        if asked is None or name in ("id", "properties", "currency"):
            continue
        held = getattr(entity, name)
        if isinstance(held, CurrencyAndAmount) and isinstance(asked, Decimal):
            held = held.amount
        if held != asked:
            return False
    stored = entity.properties or {}
    for key, property in (update.properties or {}).items():
        held = stored.get(key)
        if (held.value if held else None) != property.value:
            return False
    return True


def described_changes(update: Any, entity: Any) -> list[str]:
    """Say field by field what an update changes: ``quantity 55 → 50``."""
    said = []
    for name in update.__struct_fields__:
        asked = getattr(update, name)
        if asked is None or name in ("id", "properties", "currency"):
            continue
        held = getattr(entity, name, None)
        if held != asked:
            said.append(f"{name.replace('_', ' ')} {_shown(held)} → {_shown(asked)}")
    said.extend(
        f"{key} {'removed' if property.value is None else f'= {property.value}'}"
        for key, property in (update.properties or {}).items()
    )
    return said


def _shown(value: Any) -> str:
    if value is None:
        return "none"
    return units(value) if isinstance(value, Decimal) else str(value)


@dataclass(frozen=True, slots=True)
class CancelOrders(Verb):
    """Cancel orders, each for itself (2.7)."""

    order_ids: tuple[ResourceId, ...]

    name: ClassVar[str] = "cancelorders"
    title: ClassVar[str] = "Cancel"
    past: ClassVar[str] = "cancelled"
    family: ClassVar[Family] = Family.ORDERS
    mark: ClassVar[Mark] = Mark.CANCEL
    listed: ClassVar[str] = "order_ids"

    @property
    def keys(self) -> tuple[str, ...]:
        return numbered(len(self.order_ids))

    async def call(self, client: Client, key: str | None) -> Answer:
        reply = await client.cancel_orders(dict(zip(self.keys, self.order_ids, strict=True)), key=key)
        values = {name: item.order_state for name, item in (reply.values or {}).items()}
        return Answer(values, reply.failed or {})

    def touched(self, snapshot: Snapshot) -> frozenset[Ref]:
        return frozenset((*self.refs, *map(_block, _blocks_of(snapshot, self.order_ids))))

    def settle(self, ref: Ref, before: Versions, after: Snapshot) -> Settlement:
        order = after.orders.get(ref.id)
        return judged(order is not None and is_cancelled(order.state), ref, before, after)

    def lines(self, snapshot: Snapshot) -> tuple[Line, ...]:
        return _lines(snapshot, self.order_ids)

    def effects(self, snapshot: Snapshot) -> tuple[str, ...]:
        said = []
        for block, ids in _blocks_of(snapshot, self.order_ids).items():
            count, quantity = _held(snapshot, block)
            live = [id for id in ids if not is_cancelled(snapshot.orders[id].state)]
            said.append(_will_hold(block, count - len(live), quantity - _sum(snapshot, live)))
        return tuple(said)

    def doubts(self, snapshot: Snapshot) -> tuple[Doubt, ...]:
        found = [
            Doubt("finished order", f"{id.code} is {snapshot.orders[id].state}")
            for id in self.order_ids
            if id in snapshot.orders and is_final(snapshot.orders[id].state)
        ]
        for block, ids in _blocks_of(snapshot, self.order_ids).items():
            left = _held(snapshot, block)[1] - _sum(snapshot, ids)
            placed = snapshot.blocks[block].placed.quantity or ZERO
            if placed > left:
                text = f"{block.code}: {units(placed)} placed, {units(left)} would be left"
                found.append(Doubt("already placed", text))
        return tuple(found)


@dataclass(frozen=True, slots=True)
class CancelAndMove(Verb):
    """Cut orders to what is placed and carry the rest into new orders, each for itself (2.11)."""

    items: tuple[CancelOrdersAndMoveRemainingRequest, ...]

    name: ClassVar[str] = "cancelordersandmoveremaining"
    title: ClassVar[str] = "Cancel and move the rest of"
    past: ClassVar[str] = "cancelled and moved"
    family: ClassVar[Family] = Family.ORDERS
    mark: ClassVar[Mark] = Mark.CANCEL
    listed: ClassVar[str] = "items"

    @property
    def refs(self) -> tuple[Ref, ...]:
        return tuple(_order(item.cancel_order_id) for item in self.items)

    @property
    def keys(self) -> tuple[str, ...]:
        return numbered(len(self.items))

    async def call(self, client: Client, key: str | None) -> Answer:
        body = dict(zip(self.keys, self.items, strict=True))
        reply = await client.cancel_orders_and_move_remaining(body, key=key)
        return Answer(reply.values or {}, reply.failed or {})

    def touched(self, snapshot: Snapshot) -> frozenset[Ref]:
        sources = _blocks_of(snapshot, (item.cancel_order_id for item in self.items))
        new = (_order(item.move_remaining_to_order_id) for item in self.items)
        targets = (_block(item.move_remaining_to_block_id) for item in self.items)
        return frozenset((*self.refs, *new, *targets, *map(_block, sources)))

    def settle(self, ref: Ref, before: Versions, after: Snapshot) -> Settlement:
        item = next(each for each in self.items if each.cancel_order_id == ref.id)
        carried = _order(item.move_remaining_to_order_id) in after
        order = after.orders.get(ref.id)
        cancelled = order is not None and is_cancelled(order.state)
        return judged(cancelled and (carried or moved(ref, before, after)), ref, before, after)

    def lines(self, snapshot: Snapshot) -> tuple[Line, ...]:
        return _lines(snapshot, (item.cancel_order_id for item in self.items))

    def effects(self, snapshot: Snapshot) -> tuple[str, ...]:
        return tuple(
            f"{item.cancel_order_id.code}: what is not placed becomes {item.move_remaining_to_order_id.code} "
            f"in {item.move_remaining_to_block_id.code}"
            for item in self.items
        )

    def doubts(self, snapshot: Snapshot) -> tuple[Doubt, ...]:
        found = []
        for item in self.items:
            order = snapshot.orders.get(item.cancel_order_id)
            target = snapshot.blocks.get(item.move_remaining_to_block_id)
            if order is None:
                continue
            if is_final(order.state):
                found.append(Doubt("finished order", f"{order.id.code} is {order.state}"))
            elif target is not None and target.block.order_ids and (why := misfit(order, target.block)):
                found.append(Doubt("will not fit", f"{order.id.code}: {why}"))
            if _order(item.move_remaining_to_order_id) in snapshot:
                found.append(Doubt("id exists", f"{item.move_remaining_to_order_id.code} already exists"))
        return tuple(found)
