"""The desk after a verb, in words: what differs between the rows before and after a rehearsal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tui.api.base import ZERO, ResourceId
from tui.api.life_cycle import TOLERANCE
from tui.api.models import Allocation, Block, Placement
from tui.api.requests import CancelledAndMoved
from tui.api.states import is_cancelled, normalize
from tui.service.numbers import average, counted, money, units
from tui.service.outcomes import Outcome
from tui.service.rehearsal.rehearse import Rehearsal
from tui.service.row_phrases import short_id
from tui.service.snapshot.sizing import Size, allocated_size, block_placed, executed_size, size_of
from tui.service.snapshot.snapshot import EntityKind, Ref, Snapshot
from tui.service.verbs.facts import instrument_name
from tui.service.wire_words import in_words


def state_after(rehearsal: Rehearsal) -> tuple[str, ...]:
    """Return a sentence for every row whose quantities or money will differ, the shares first.

    Each begins with what it is about in the dealer's words and ends with its id.
    """
    before, after = rehearsal.before, rehearsal.after
    return (
        *_allocated(before, after),
        *_booked(before, after),
        *_cancelled_placements(before, after),
        *_executed(before, after),
        *_moved(rehearsal.outcomes, after),
        *_blocks(before, after),
    )


def overfills_after(rehearsal: Rehearsal) -> tuple[str, ...]:
    """Return a sentence for every placement that will have more executed than placed."""
    before, after = rehearsal.before, rehearsal.after
    found = []
    for id in _changed(EntityKind.EXECUTIONS, before, after):
        placement = after.placements.get(after.executions[id].placement_id)
        more = executed_size(after, placement).less(size_of(placement)) if placement else Size(None)
        if placement is not None and more.value is not None and more.value > 0:
            found.append(_placement(after, placement, f"{more.words} more executed than placed"))
    return tuple(f"{text}." for text in dict.fromkeys(found))


def overdone_after(rehearsal: Rehearsal) -> tuple[str, ...]:
    """Return a sentence for every block that will have more done than its size."""
    before, after = rehearsal.before, rehearsal.after
    found = []
    for id in _changed(EntityKind.BLOCKS, before, after):
        state = after.blocks[id].derived_state
        if normalize(state).startswith("over") and _state(before, id) != state:
            found.append(_block(after, id, state.lower()))
    return tuple(f"{text}." for text in dict.fromkeys(found))


def _state(snapshot: Snapshot, block: ResourceId) -> str:
    row = snapshot.blocks.get(block)
    return row.derived_state if row else ""


def _changed(kind: EntityKind, before: Snapshot, after: Snapshot) -> Iterator[ResourceId]:
    """Yield the rows of a kind that are new or differ afterwards."""
    old = before.rows(kind)
    return (id for id, row in after.rows(kind).items() if old.get(id) != row)


# --- what a sentence is about --------------------------------------------------------------------------


def _about(words: str, said: str, snapshot: Snapshot, kind: EntityKind, id: ResourceId) -> str:
    return f"{words}: {said} · {short_id(snapshot, Ref(kind, id))}"


def _label(snapshot: Snapshot, row: Block | Placement | Allocation) -> str:
    """Return the short name of the instrument of a row."""
    known = snapshot.instruments.get(row.lusid_instrument_id)
    return known.label if known is not None else instrument_name(row.instrument_identifiers)


def _block(snapshot: Snapshot, id: ResourceId, said: str) -> str:
    return _about(_label(snapshot, snapshot.blocks[id].block), said, snapshot, EntityKind.BLOCKS, id)


def _placement(snapshot: Snapshot, row: Placement, said: str) -> str:
    whom = f" with {row.counterparty}" if row.counterparty else ""
    return _about(f"{_label(snapshot, row)}{whom}", said, snapshot, EntityKind.PLACEMENTS, row.id)


# --- blocks ------------------------------------------------------------------------------------------


def _blocks(before: Snapshot, after: Snapshot) -> Iterator[str]:
    for id in _changed(EntityKind.BLOCKS, before, after):
        old, new = before.blocks.get(id), after.blocks[id]
        if old is not None and new.block.is_swept and not old.block.is_swept:
            yield _block(after, id, "leaves the desk")
            continue
        holds = _holds(id, after)
        placed, was = block_placed(new), block_placed(old) if old else Size(ZERO)
        said = [holds] if old is None or holds != _holds(id, before) else []
        if placed.value != was.value or (said and placed.value):
            ordered = size_of(new.block)
            of = "" if ordered.value == 0 else f" of {ordered.words}"
            said.append(f"{units(placed.value) if of else placed.words}{of} placed")
        if said:
            yield _block(after, id, f"{'' if old else 'new block, '}{', '.join(said)}")


def _holds(id: ResourceId, snapshot: Snapshot) -> str:
    """Return how many live orders a block holds, and its size."""
    orders = [snapshot.orders[each] for each in snapshot.orders_of_block(id)]
    live = [order for order in orders if not is_cancelled(order.state)]
    if not live:
        return "no live order left"
    return f"{counted(len(live), 'order')} of {size_of(snapshot.blocks[id].block).words}"


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
        yield _placement(after, new, f"{freed.words} freed{kept}")


def _executed(before: Snapshot, after: Snapshot) -> Iterator[str]:
    changed = _changed(EntityKind.EXECUTIONS, before, after)
    for id in dict.fromkeys(after.executions[each].placement_id for each in changed):
        row = after.placements.get(id)
        if row is not None:
            known = after.instruments.get(row.lusid_instrument_id)
            currency = known.currency if known else ""
            price = average(after.average_price_of_placement(id), currency)
            done = f"{executed_size(after, row)} of {size_of(row).words} executed"
            yield _placement(after, row, f"{done}, at {price} {currency} on average" if price else done)


# --- allocations and transactions --------------------------------------------------------------------


def _allocated(before: Snapshot, after: Snapshot) -> Iterator[str]:
    """Yield what of every placement is allocated, with what is left and why; a table tells the shares."""
    changed = [after.allocations[id] for id in _changed(EntityKind.ALLOCATIONS, before, after)]
    gone = [row for id, row in before.allocations.items() if id not in after.allocations]
    runs = dict.fromkeys(
        id for row in (*changed, *gone) if not _only_booked(row, before) for id in row.placement_ids or ()
    )
    for id in runs:
        placement = after.placements.get(id)
        if placement is None:
            continue
        rows = (after.allocations[each] for each in after.allocations_of_placement(id))
        live = {row.allocated_order_id for row in rows if not is_cancelled(row.state)}
        executed, given = after.executed_of_placement(id), after.allocated_of_placement(id)
        shared = f" to {counted(len(live), 'order')}" if live else ""
        done = f"{units(given)} of {units(executed)} executed units allocated{shared}"
        yield _placement(after, placement, done)
        if executed is not None and given is not None and executed > given:
            left = f"{counted(executed - given, 'unit')} left, because {_why_left(id, after)}"
            yield _placement(after, placement, left)


def _only_booked(row: Allocation, before: Snapshot) -> bool:
    """Return whether an allocation differs from what it was by being booked, and in nothing else."""
    old = before.allocations.get(row.id)
    return old is not None and old.quantity == row.quantity and normalize(row.state) == "booked"


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
        known = after.instruments.get(row.instrument_uid)
        what = f"{units(row.units)}{f' {known.label}' if known else ''}"
        worth = row.total_consideration
        paid = "an unknown amount" if worth.amount is None else money(worth.amount, worth.currency)
        whose = after.portfolio_label(ResourceId(*id.scope.split("/", 1)))
        yield f"{whose}: {in_words(row.type).lower()} {what} for {paid}"


# --- orders ------------------------------------------------------------------------------------------


def _moved(outcomes: Iterable[Outcome], after: Snapshot) -> Iterator[str]:
    """Yield what stays and what moves of orders whose unplaced rest is moved (X5)."""
    for outcome in outcomes:
        answer = outcome.entity
        if not isinstance(answer, CancelledAndMoved) or answer.cancelled_order is None:
            continue
        stays, moves = size_of(answer.cancelled_order), answer.new_order
        said = [f"{stays.words} stay" if stays.value else "nothing stays"]
        said += [f"{size_of(moves).words} move" if moves else "nothing moves"]
        ids = [outcome.ref, *([Ref(EntityKind.ORDERS, moves.id)] if moves else [])]
        where = answer.new_block_id if moves else None
        home = f" in {short_id(after, Ref(EntityKind.BLOCKS, where))}" if where else ""
        portfolio = answer.cancelled_order.portfolio_id
        whose = after.portfolio_label(portfolio) if portfolio else "no portfolio"
        codes = " → ".join(short_id(after, ref) for ref in ids)
        yield f"{whose}: {', '.join(said)} · {codes}{home}"
