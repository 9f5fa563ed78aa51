"""Updating and cancelling placements (P8 to P13)."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec

from tui.api.base import ZERO, CurrencyAndAmount, ResourceId
from tui.api.entity_relations import CHILDREN_OF_PLACEMENT
from tui.api.life_cycle import exceeds
from tui.api.models import Block, Placement
from tui.api.requests import (
    CancelledPlacement,
    KeyedReply,
    PlacementUpdateRequest,
)
from tui.api.states import is_cancelled, is_finished, normalize
from tui.oms.domain.refusals import Refusal
from tui.oms.domain.unit_of_work import PendingPrices, ReplyBuilder, UnitOfWork
from tui.oms.rules.entities import CANCELLED, merge_properties, require, with_computed_fields
from tui.oms.rules.per_item import apply_per_item, keyed_reply
from tui.oms.rules.placed_quantities import (
    executed_size,
    live_size,
    unplaced_size,
    with_descendants,
)
from tui.oms.rules.placing import (
    MARKET,
    check_cleared,
    check_name_lengths,
    unplaced_under,
    wrong_state_refusal,
)
from tui.oms.rules.sizes import AMOUNT, QUANTITY, exact_arithmetic, size_text, total
from tui.oms.rules.validation import RequestChecks, check_one_size, invalid_value


@exact_arithmetic
def update_placements(uow: UnitOfWork, request: Mapping[str, PlacementUpdateRequest]) -> ReplyBuilder:
    """Change the fields sent, each item independently (P8, P9, P10, U5)."""
    checks = RequestChecks()
    for key, item in request.items():
        at = f"[{key}]"
        checks.check_currency(at, item, "amount")
        checks.check_properties(f"{at}.Properties", Placement, item.properties)
        check_name_lengths(checks, at, item)
    checks.raise_if_invalid()
    done, failed = apply_per_item(uow, request, lambda item: _update(uow, item))

    def answer() -> KeyedReply[Placement]:
        return keyed_reply({key: require(uow, Placement, id, "P8") for key, id in done.items()}, failed)

    return answer


def _update(uow: UnitOfWork, item: PlacementUpdateRequest) -> ResourceId:
    """Apply one item and return the placement's id (P8)."""
    before = require(uow, Placement, item.id, "P8")
    if is_cancelled(before.state):
        raise wrong_state_refusal(before, "updated", "P8")
    names = ("quantity", "amount", "counterparty", "execution_system", "entry_type", "type")
    sent = {name: getattr(item, name) for name in names}
    changes: dict[str, Any] = {name: value for name, value in sent.items() if value is not None}
    if item.properties is not None:
        changes["properties"] = merge_properties(before.properties, item.properties, deleting=True)
    after = with_computed_fields(msgspec.structs.replace(before, **changes))
    after = _with_prices(uow, _with_type_checked(uow, before, after), item)
    if (after.quantity, after.amount) != (before.quantity, before.amount):
        _check_size(uow, before, after)
    uow.put(after)
    return after.id


def _check_size(uow: UnitOfWork, before: Placement, after: Placement) -> None:
    """Refuse a size below the executed or children's size, or above what the blocks have left (P8).

    More is placed only of blocks that are cleared (P13).
    """
    check_one_size("Placement", before.id, after.quantity, after.amount)
    basis = QUANTITY if after.quantity is not None else AMOUNT
    old, new = basis.size_of(before) or ZERO, basis.size_of(after) or ZERO
    what = f"A size of {size_text(new, after)} for placement '{after.id}'"
    units = executed_size(uow, after, basis)
    if exceeds(units, new):
        detail = f"{what} is below the {size_text(units, after)} executed of it."
        raise Refusal("QuantityBelowExecuted", detail, "P8")
    children = uow.related(CHILDREN_OF_PLACEMENT, after.id)
    below = total(live_size(uow, child, basis) for child in children)
    if exceeds(below, new):
        detail = f"{what} is below the {size_text(below, after)} placed through its children."
        raise Refusal("QuantityBelowExecuted", detail, "P8")
    if after.parent_placement_id is not None:
        parent = require(uow, Placement, after.parent_placement_id, "P5")
        most = old + unplaced_under(uow, parent, basis)
    else:
        most = old + unplaced_size(uow, after.block_ids, basis)
    if exceeds(new, most):
        raise Refusal("OverPlacement", f"{what} is above the {size_text(most, after)} it can have.", "P8")
    if exceeds(new, old):
        check_cleared(uow, after.block_ids)


def _with_type_checked(uow: UnitOfWork, before: Placement, after: Placement) -> Placement:
    """Return ``after`` once its type is allowed (P9).

    The type may change only where the block is a market block; a market placement has no prices.
    """
    if normalize(after.type) == normalize(before.type):
        return after
    for id in before.block_ids:
        block = require(uow, Block, id, "P9")
        if normalize(block.type) != MARKET:
            detail = f"The type of placement '{before.id}' follows block '{id}', which is {block.type}."
            raise Refusal("BlockFieldMismatch", detail, "P9")
    if normalize(after.type) == MARKET:
        uow.remove(PendingPrices, before.id)
        return msgspec.structs.replace(after, limit_price=None, stop_price=None)
    return after


def _with_prices(uow: UnitOfWork, placement: Placement, item: PlacementUpdateRequest) -> Placement:
    """Return ``placement`` with the prices sent (P10).

    Prices arrive as numbers, in the currency sent or else the placement's own. While there is no currency
    they are stored aside until it arrives.
    """
    if item.currency is not None:
        _check_currency(placement, item.currency)
    kept = uow.get(PendingPrices, placement.id)
    known = [money.currency for money in _money_fields(placement) if money is not None and money.currency]
    currency = item.currency or (known[0] if known else None)
    if currency is None:
        if item.limit_price is not None or item.stop_price is not None:
            uow.put(
                PendingPrices(
                    id=placement.id,
                    limit_price=_first_given(item.limit_price, kept.limit_price if kept else None),
                    stop_price=_first_given(item.stop_price, kept.stop_price if kept else None),
                )
            )
        return placement
    if kept is not None:
        uow.remove(PendingPrices, placement.id)

    def price(
        sent: Decimal | None, aside: Decimal | None, old: CurrencyAndAmount | None
    ) -> CurrencyAndAmount | None:
        number = _first_given(sent, aside)
        if number is None and (old is None or item.currency is None):
            return old
        return CurrencyAndAmount(amount=_first_given(number, old.amount if old else None), currency=currency)

    return msgspec.structs.replace(
        placement,
        limit_price=price(item.limit_price, kept.limit_price if kept else None, placement.limit_price),
        stop_price=price(item.stop_price, kept.stop_price if kept else None, placement.stop_price),
    )


def _first_given(*numbers: Decimal | None) -> Decimal | None:
    return next((number for number in numbers if number is not None), None)


def _check_currency(placement: Placement, currency: str) -> None:
    """Refuse a currency at market, or one that differs from that of a value placement (P10)."""
    if normalize(placement.type) == MARKET:
        raise invalid_value(f"Placement '{placement.id}' goes at market: a currency is not permitted.", "P10")
    if placement.amount is not None and placement.amount.currency != currency:
        detail = (
            f"Placement '{placement.id}' is sized in {placement.amount.currency}, "
            f"so its prices cannot be in {currency}."
        )
        raise invalid_value(detail, "P10")


def _money_fields(placement: Placement) -> tuple[CurrencyAndAmount | None, ...]:
    return (placement.limit_price, placement.stop_price, placement.amount)


@exact_arithmetic
def cancel_placements(uow: UnitOfWork, request: Mapping[str, ResourceId]) -> ReplyBuilder:
    """Cancel placements with their children, each item independently (P11)."""
    RequestChecks().check_unique("Placement id", request.values())
    done, failed = apply_per_item(uow, request, lambda id: (id, _cancel(uow, id)))

    def answer() -> KeyedReply[CancelledPlacement]:
        values = {
            key: CancelledPlacement(
                placement_state=uow.get(Placement, id), cancelled_child_placements=children
            )
            for key, (id, children) in done.items()
        }
        return keyed_reply(values, failed)

    return answer


def _cancel(uow: UnitOfWork, id: ResourceId) -> tuple[ResourceId, ...]:
    """Cancel one placement, which keeps its quantity, and return the cancelled children (P11, P12)."""
    placement = require(uow, Placement, id, "P11")
    if is_finished(placement.state):
        raise wrong_state_refusal(placement, "cancelled", "P11")
    children = []
    for member in with_descendants(uow, placement):
        if member.id == id or not is_finished(member.state):
            uow.put(msgspec.structs.replace(member, state=CANCELLED))
            children.append(member.id)
    return tuple(child for child in children if child != id)
