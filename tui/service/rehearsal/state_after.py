"""The desk after a verb, in words: what differs between the rows before and after a rehearsal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal

from tui.api.base import ZERO, CurrencyAndAmount, ResourceId
from tui.api.life_cycle import TOLERANCE
from tui.api.models import Allocation
from tui.api.requests import CancelledAndMoved
from tui.api.states import is_cancelled, normalize
from tui.service.numbers import counted, size_text, units
from tui.service.outcomes import Outcome
from tui.service.rehearsal.rehearse import Rehearsal
from tui.service.sentence import short
from tui.service.snapshot.sizing import Size, allocated_size, block_placed, executed_size, size_of
from tui.service.snapshot.snapshot import EntityKind, Snapshot


def state_after(rehearsal: Rehearsal) -> tuple[str, ...]:
    """Return a sentence for every row whose quantities or money will differ, the shares first."""
    before, after = rehearsal.before, rehearsal.after
    return (
        *_allocated(before, after),
        *_booked(before, after),
        *_cancelled_placements(before, after),
        *_executed(before, after),
        *_moved(rehearsal.outcomes),
        *_blocks(before, after),
    )


def warnings_after(rehearsal: Rehearsal) -> tuple[str, ...]:
    """Return a sentence for every block and placement that will have more done than its size."""
    before, after = rehearsal.before, rehearsal.after
    found = []
    for id in _changed(EntityKind.BLOCKS, before, after):
        state = after.blocks[id].derived_state
        if normalize(state).startswith("over") and _state(before, id) != state:
            found.append(f"{short(id.code)} will be {state.lower()}")
    for id in _changed(EntityKind.EXECUTIONS, before, after):
        placement = after.placements.get(after.executions[id].placement_id)
        more = executed_size(after, placement).less(size_of(placement)) if placement else Size(None)
        if placement is not None and more.value is not None and more.value > 0:
            found.append(f"{short(placement.id.code)} will have {more} more executed than placed")
    return tuple(dict.fromkeys(found))


def _state(snapshot: Snapshot, block: ResourceId) -> str:
    row = snapshot.blocks.get(block)
    return row.derived_state if row else ""


def _changed(kind: EntityKind, before: Snapshot, after: Snapshot) -> Iterator[ResourceId]:
    """Yield the rows of a kind that are new or differ afterwards."""
    old = before.rows(kind)
    return (id for id, row in after.rows(kind).items() if old.get(id) != row)


def money_text(money: CurrencyAndAmount) -> str:
    """Return money in words, with the decimals of its currency."""
    return size_text(money.amount, money.currency or "")


# --- blocks ------------------------------------------------------------------------------------------


def _blocks(before: Snapshot, after: Snapshot) -> Iterator[str]:
    for id in _changed(EntityKind.BLOCKS, before, after):
        old, new = before.blocks.get(id), after.blocks[id]
        if old is not None and new.block.is_swept and not old.block.is_swept:
            yield f"{short(id.code)} leaves the desk"
            continue
        holds = _holds(id, after)
        placed, was = block_placed(new), block_placed(old) if old else Size(ZERO)
        said = [f"hold {holds}"] if old is None or holds != _holds(id, before) else []
        if placed.value != was.value or (said and placed.value):
            said.append(f"have {units(placed.value)} of {size_of(new.block).words} placed")
        if said:
            yield f"{'' if old else 'New block '}{short(id.code)} will {' and '.join(said)}"


def _holds(id: ResourceId, snapshot: Snapshot) -> str:
    """Return how many live orders a block holds, and its size."""
    orders = [snapshot.orders[each] for each in snapshot.orders_of_block(id)]
    live = [order for order in orders if not is_cancelled(order.state)]
    return f"{counted(len(live), 'order')}, {size_of(snapshot.blocks[id].block).words}"


# --- placements and fills ----------------------------------------------------------------------------


def _cancelled_placements(before: Snapshot, after: Snapshot) -> Iterator[str]:
    for id in _changed(EntityKind.PLACEMENTS, before, after):
        old, new = before.placements.get(id), after.placements[id]
        if old is None or is_cancelled(old.state) or not is_cancelled(new.state):
            continue
        executed = executed_size(after, new)
        kept = f", {executed} executed stay" if executed.value else ""
        left, currency = size_of(new).less(executed)
        freed = Size(None if left is None else max(left, ZERO), currency)
        yield f"{short(id.code)}: {freed.words} freed{kept}"


def _executed(before: Snapshot, after: Snapshot) -> Iterator[str]:
    changed = _changed(EntityKind.EXECUTIONS, before, after)
    for id in dict.fromkeys(after.executions[each].placement_id for each in changed):
        row = after.placements.get(id)
        if row is not None:
            average = after.average_price_of_placement(id)
            at = "" if average is None else f" at {_rounded(average)} on average"
            done = executed_size(after, row)
            yield f"{short(id.code)} will have {done} of {size_of(row).words} executed{at}"


def _rounded(price: Decimal) -> str:
    return units(round(price, 6))


# --- allocations and transactions --------------------------------------------------------------------


def _allocated(before: Snapshot, after: Snapshot) -> Iterator[str]:
    """Yield every placement's shares by portfolio, with what is left and why."""
    changed = [after.allocations[id] for id in _changed(EntityKind.ALLOCATIONS, before, after)]
    gone = [row for id, row in before.allocations.items() if id not in after.allocations]
    runs = dict.fromkeys(
        id for row in (*changed, *gone) if not _only_booked(row, before) for id in row.placement_ids or ()
    )
    for id in runs:
        rows = [after.allocations[each] for each in after.allocations_of_placement(id)]
        live = [row for row in rows if not is_cancelled(row.state)]
        live.sort(key=lambda row: row.quantity, reverse=True)
        executed = after.executed_of_placement(id) or ZERO
        given = after.allocated_of_placement(id) or ZERO
        shares = ", ".join(_share(row, after) for row in live)
        done = f"{units(given)} of {units(executed)} executed are allocated"
        yield f"{short(id.code)}: {done}: {shares or 'none'}"
        if executed > given:
            yield f"{short(id.code)}: {units(executed - given)} are left, because {_why_left(id, after)}"


def _only_booked(row: Allocation, before: Snapshot) -> bool:
    """Return whether an allocation differs from what it was by being booked, and in nothing else."""
    old = before.allocations.get(row.id)
    return old is not None and old.quantity == row.quantity and normalize(row.state) == "booked"


def _share(row: Allocation, snapshot: Snapshot) -> str:
    """Return a share in units and money."""
    said = f"{snapshot.portfolio_label(row.portfolio_id)} {units(row.quantity)}"
    if row.price is None or row.price.amount is None:
        return said
    worth = row.quantity * row.price.amount * snapshot.price_unit(row.lusid_instrument_id)
    return f"{said} ({money_text(CurrencyAndAmount(amount=worth, currency=row.price.currency))})"


def _why_left(placement: ResourceId, snapshot: Snapshot) -> str:
    row = snapshot.placements[placement]
    orders = [snapshot.orders[id] for block in row.block_ids for id in snapshot.orders_of_block(block)]
    left = [size_of(order).less(allocated_size(snapshot, order)).value for order in orders]
    if left and all(rest is not None and rest <= TOLERANCE for rest in left):
        return "its orders have all they asked for"
    used = {id for row in snapshot.allocations.values() for id in row.execution_ids or ()}
    if all(fill.id in used for fill in snapshot.fills_of_placement(placement)):
        return "the other fills are allocated already"
    return "no order takes them"


def _booked(before: Snapshot, after: Snapshot) -> Iterator[str]:
    for id in _changed(EntityKind.TRANSACTIONS, before, after):
        row = after.transactions[id]
        worth = money_text(row.total_consideration)
        yield f"{id.scope.partition('/')[2]}: {row.type} {units(row.units)} for {worth}"


# --- orders ------------------------------------------------------------------------------------------


def _moved(outcomes: Iterable[Outcome]) -> Iterator[str]:
    """Yield what stays and what moves of orders whose unplaced rest is moved (X5)."""
    for outcome in outcomes:
        answer = outcome.entity
        if not isinstance(answer, CancelledAndMoved) or answer.cancelled_order is None:
            continue
        stays = f"{short(outcome.ref.id.code)} keeps {size_of(answer.cancelled_order).words}"
        if answer.new_order is None:
            yield f"{stays}, and nothing moves"
            continue
        where = f" in {short(answer.new_block_id.code)}" if answer.new_block_id else ""
        yield f"{stays}, {size_of(answer.new_order).words} move to {short(answer.new_order.id.code)}{where}"
