"""The fields that the orders of a block have in common, and the size of the block (C1, C2, C3, C6, M3)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

import msgspec

from tui.api.base import ZERO, CurrencyAndAmount, Identifiers, ResourceId
from tui.api.block_terms import differing_terms
from tui.api.entity_relations import ALLOCATIONS_OF_ORDER, BLOCK_OF_ORDER, PLACEMENTS_OF_BLOCK
from tui.api.models import Block, Order
from tui.api.states import is_cancelled
from tui.oms.domain.instrument_master import instrument_difference, instrument_of
from tui.oms.domain.refusals import Refusal
from tui.oms.domain.unit_of_work import UnitOfWork
from tui.oms.rules.entities import with_computed_fields
from tui.oms.rules.sizes import AMOUNT, QUANTITY, Basis, size_text, total

_WIRE_NAMES: Final = {
    "side": "side",
    "type": "type",
    "time_in_force": "timeInForce",
    "limit_price": "limitPrice",
    "stop_price": "stopPrice",
}


@dataclass(frozen=True, slots=True)
class BlockingFields:
    """The blocking fields (C2): all orders of a block agree on them."""

    instrument_identifiers: Identifiers
    lusid_instrument_id: str
    side: str
    type: str | None
    time_in_force: str | None
    limit_price: CurrencyAndAmount | None
    stop_price: CurrencyAndAmount | None

    @classmethod
    def of(cls, entity: Block | Order) -> BlockingFields:
        """Return the blocking fields of a block or an order."""
        return cls(
            entity.instrument_identifiers,
            entity.lusid_instrument_id,
            entity.side,
            entity.type,
            entity.time_in_force,
            entity.limit_price,
            entity.stop_price,
        )

    def applied_to(self, block: Block) -> Block:
        """Return ``block`` with these fields instead of its own (C3, M3)."""
        return msgspec.structs.replace(
            block,
            instrument_identifiers=self.instrument_identifiers,
            lusid_instrument_id=self.lusid_instrument_id,
            side=self.side,
            type=self.type,
            time_in_force=self.time_in_force,
            limit_price=self.limit_price,
            stop_price=self.stop_price,
        )

    def differences(self, other: BlockingFields) -> list[str]:
        """Return a phrase for every field that differs; none when the two may share a block."""
        found = []
        if instrument_of(self) != instrument_of(other):
            found.append(instrument_difference(self, other))
        for field, mine, others in differing_terms(self, other):
            found.append(f"{_WIRE_NAMES[field]} {mine or 'none'}, not {others or 'none'}")
        return found


def mismatch_refusal(who: str, differences: list[str], block: ResourceId, rule: str) -> Refusal:
    """Return the refusal of blocking fields that do not fit a block."""
    detail = f"{who} does not fit block '{block}': {'; '.join(differences)}."
    return Refusal("BlockFieldMismatch", detail, rule)


def swept_refusal(block: Block, rule: str) -> Refusal:
    """Return the refusal to change a swept block (S3)."""
    return Refusal("BlockSwept", f"Block '{block.id}' has been swept and takes no more changes.", rule)


def new_block(id: ResourceId, terms: BlockingFields, created: datetime) -> Block:
    """Return an empty block with these blocking fields (C2, M1)."""
    return Block(
        id=id,
        order_ids=(),
        properties={},
        instrument_identifiers=terms.instrument_identifiers,
        lusid_instrument_id=terms.lusid_instrument_id,
        quantity=ZERO,
        side=terms.side,
        type=terms.type,
        time_in_force=terms.time_in_force,
        created_date=created,
        limit_price=terms.limit_price,
        stop_price=terms.stop_price,
        is_swept=False,
        links=(),
    )


def block_accepting(uow: UnitOfWork, block: Block, terms: BlockingFields, who: str, rule: str) -> Block:
    """Return ``block`` ready for an order with ``terms``; an empty block adopts them (C3, M3).

    Raises:
        Refusal: an order already in it differs (C2, M2), its placements have other fields (M3), or it is
            swept (M7).
    """
    if block.is_swept:
        raise swept_refusal(block, rule)
    orders = orders_of_block(uow, block)
    for order in orders:
        if differences := terms.differences(BlockingFields.of(order)):
            raise mismatch_refusal(who, differences, block.id, rule)
    if block.order_ids:
        return block
    differences = terms.differences(BlockingFields.of(block))
    if differences and uow.related(PLACEMENTS_OF_BLOCK, block.id):
        raise mismatch_refusal(who, differences, block.id, rule)
    return terms.applied_to(block) if differences else block


def prefetch_orders(uow: UnitOfWork, ids: Iterable[ResourceId]) -> None:
    """Prefetch orders that are about to change, their allocations, and their blocks."""
    orders = list(ids)
    uow.prefetch(Order, orders)
    uow.prefetch_related(ALLOCATIONS_OF_ORDER, orders)
    uow.prefetch_related(BLOCK_OF_ORDER, orders)
    blocks = [block.id for order in orders for block in uow.related(BLOCK_OF_ORDER, order)]
    uow.prefetch_related(PLACEMENTS_OF_BLOCK, blocks)


def block_of(uow: UnitOfWork, order: ResourceId) -> Block | None:
    """Return the block that holds the order, or None (C8)."""
    return next(iter(uow.related(BLOCK_OF_ORDER, order)), None)


def orders_of_block(uow: UnitOfWork, block: Block) -> list[Order]:
    """Return the orders of a block, in the block's own sequence."""
    return [order for id in block.order_ids if (order := uow.get(Order, id)) is not None]


def ordered_size(order: Order | None, basis: Basis = QUANTITY) -> Decimal:
    """Return what an order adds to the size of its block: zero once cancelled (C6, X2)."""
    if order is None or is_cancelled(order.state):
        return ZERO
    return basis.size_of(order) or ZERO


def with_recalculated_size(uow: UnitOfWork, block: Block) -> Block:
    """Return ``block`` with the total quantity, or for value orders the total amount, of its orders (C6)."""
    return _sized(block, orders_of_block(uow, block))


def _sized(block: Block, orders: Iterable[Order]) -> Block:
    orders = list(orders)
    currencies = {order.amount.currency for order in orders if order.amount is not None}
    quantity = amount = None
    if not currencies or any(order.quantity is not None for order in orders):
        quantity = total([ordered_size(order) for order in orders])
    if len(currencies) == 1:
        amount = CurrencyAndAmount(
            amount=total(ordered_size(order, AMOUNT) for order in orders), currency=currencies.pop()
        )
    return with_computed_fields(msgspec.structs.replace(block, quantity=quantity, amount=amount))


def with_adjusted_size(uow: UnitOfWork, block: Block, before: Order, after: Order) -> Block:
    """Return ``block`` with its size once ``after``, which is already put, replaces ``before`` (C6).

    For quantities this is one addition, however many orders the block has.
    """
    if block.quantity is None or before.quantity is None or after.quantity is None:
        return with_recalculated_size(uow, block)
    quantity = block.quantity - ordered_size(before) + ordered_size(after)
    return block if quantity == block.quantity else msgspec.structs.replace(block, quantity=quantity)


def placed_exceeds_remaining(block: Block, order: Order, placed: Decimal, remaining: Decimal) -> str:
    """Return the detail of a refusal: without the order, its block would be over-placed (X3, M6)."""
    return (
        f"Order '{order.id}' belongs to block '{block.id}' whose placed quantity {size_text(placed, order)} "
        f"would exceed the remaining ordered quantity {size_text(remaining, order)}."
    )
