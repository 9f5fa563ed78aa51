"""The open blocks that orders may join: of the same instrument, side and terms, sized in the same measure.

The server decides; the rule for terms is the one it goes by (:mod:`tui.api.block_terms`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from itertools import islice
from typing import Final

from msgspec import Struct

from tui.api.base import CurrencyAndAmount, Identifiers, ResourceId
from tui.api.block_terms import DifferingTerm, differing_terms
from tui.api.models import Order, OrderGraphBlock
from tui.api.states import is_final
from tui.service.snapshot.instruments import luid_of
from tui.service.snapshot.sizing import block_unplaced, currency_of_size
from tui.service.snapshot.snapshot import Snapshot, instrument_key
from tui.service.trade import money_of
from tui.service.wire_words import in_words


class Joining(Struct, frozen=True):
    """An order that is to join a block, also one that is only typed so far."""

    lusid_instrument_id: str
    instrument_identifiers: Identifiers
    side: str
    type: str | None
    time_in_force: str | None
    limit_price: CurrencyAndAmount | None
    stop_price: CurrencyAndAmount | None
    quantity: Decimal | None
    amount: CurrencyAndAmount | None


MOST_FITTING: Final = 200
"""Blocks that are offered at most: more would not be read."""


def misfit(snapshot: Snapshot, orders: Iterable[Order | Joining], block: OrderGraphBlock) -> str:
    """Return why a block does not take these orders, in words; empty when it seems to."""
    for order in orders:
        if instrument_key(order) != instrument_key(block):
            known = snapshot.instruments.get(luid_of(block))
            return f"it trades {known.label if known else luid_of(block)}"
        if differences := [_in_words(each) for each in differing_terms(order, block.block)]:
            return ", ".join(differences)
        if block.block.order_ids and currency_of_size(order) != currency_of_size(block.block):
            measures = (currency_of_size(each) or "units" for each in (order, block.block))
            return "sized in {}, not in {}".format(*measures)
    return ""


def _in_words(term: DifferingTerm) -> str:
    noun = term.field.removesuffix("_price").replace("_", " ")
    mine, other = (_value(each) for each in (term.mine, term.other))
    return f"{noun} {mine}, not {other}"


def _value(value: str | CurrencyAndAmount | None) -> str:
    if isinstance(value, CurrencyAndAmount):
        return money_of(value)
    return in_words(value).lower() or "none"


def fitting_blocks(
    snapshot: Snapshot, orders: Sequence[Order | Joining], *, without: Iterable[ResourceId] = ()
) -> tuple[ResourceId, ...]:
    """Return the blocks that ``orders`` may join, those with something left to place first.

    Of two alike the one that came last stands first. Blocks in which nothing is open any more are none, nor
    those it shall be ``without``.
    """
    if not orders:
        return ()
    left_out = frozenset(without)
    found = [
        id
        for id in islice(_of_instrument(snapshot, orders[0]), MOST_FITTING)
        if id not in left_out
        and _is_open(snapshot, snapshot.blocks[id])
        and not misfit(snapshot, orders, snapshot.blocks[id])
    ]
    found.sort(key=lambda id: not block_unplaced(snapshot, snapshot.blocks[id]).value)
    return tuple(found)


def _of_instrument(snapshot: Snapshot, order: Order | Joining) -> Iterator[ResourceId]:
    return reversed(snapshot.open_blocks.get(order.lusid_instrument_id, ()))


def open_blocks_of(snapshot: Snapshot, luid: str) -> Iterator[ResourceId]:
    """Yield the blocks of an instrument in which something is open, the newest first."""
    for id in reversed(snapshot.open_blocks.get(luid, ())):
        if _is_open(snapshot, snapshot.blocks[id]):
            yield id


def _is_open(snapshot: Snapshot, block: OrderGraphBlock) -> bool:
    held = [snapshot.orders.get(id) for id in block.block.order_ids]
    return not held or any(order is None or not is_final(order.state) for order in held)
