"""The order graph: blocks and placements with the totals of their life cycle (G1 to G11).

Pure functions over a unit of work. An entry is derived from stored entities only, so it is stored beside its
block or placement and computed again when :func:`affected_ids` says that it may have changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from msgspec import Struct

from tui.api.base import ZERO, ResourceId
from tui.api.entity_relations import (
    ALLOCATIONS_OF_ORDER,
    ALLOCATIONS_OF_PLACEMENT,
    CHILDREN_OF_PLACEMENT,
    EXECUTIONS_OF_PLACEMENT,
    PLACEMENTS_OF_BLOCK,
)
from tui.api.life_cycle import StageTotals, block_state, placement_state, signed_units
from tui.api.models import (
    Allocated,
    AllocatedDetail,
    Allocation,
    Block,
    Booked,
    BookedDetail,
    Executed,
    Execution,
    IdDetail,
    Order,
    Ordered,
    OrderedDetail,
    OrderGraphBlock,
    OrderGraphPlacement,
    Placed,
    Placement,
    PlacementAllocated,
    PlacementOrdered,
)
from tui.api.states import direction_of, is_cancelled, normalize
from tui.oms.domain.unit_of_work import (
    BOOKINGS_OF_ALLOCATION,
    CHECKS_OF_ORDER,
    Booking,
    Stored,
    UnitOfWork,
)
from tui.oms.rules.affected import affected_ids
from tui.oms.rules.blocking import orders_of_block
from tui.oms.rules.derived_states import (
    APPROVAL_TASK,
    approval_task,
    block_approval,
    block_compliance,
    derived_approval,
    derived_compliance,
    portfolio_name,
)
from tui.oms.rules.entities import NEW
from tui.oms.rules.placed_quantities import (
    BlockShares,
    attribution,
    average_price,
    executed_by_block,
    fills_of,
    live_allocations_of_placement,
    live_size,
    top_level,
)
from tui.oms.rules.sizes import AMOUNT, QUANTITY, Basis, basis_name, exact_arithmetic, total, trim_zeros

__all__ = ["affected_ids", "graph_block", "graph_placement", "prefetch"]


class _BlockFacts(Struct, frozen=True):
    """The entities a block's entry is derived from, read once."""

    block: Block
    orders: Sequence[Order]
    details: tuple[OrderedDetail, ...]
    """The compliance and approval of every order."""
    placements: Sequence[Placement]
    top: Sequence[Placement]
    """The placements that are not children."""
    executions: Mapping[ResourceId, Sequence[Execution]]
    """The fills of every top-level placement, with those of its children and without cancelled ones."""
    parts: Mapping[str, BlockShares]
    """The quantities that the top-level placements place on each of their blocks, by basis."""
    done: Mapping[ResourceId, Decimal]
    """The executed units of every top-level placement."""
    executed: Mapping[ResourceId, Decimal]
    """Those of them that are attributed to this block."""
    allocations: Sequence[Allocation]
    bookings: Sequence[Booking]
    latest: datetime | None


def prefetch(uow: UnitOfWork, blocks: Iterable[ResourceId], placements: Iterable[ResourceId]) -> None:
    """Read what the entries of ``blocks`` and ``placements`` are derived from, in few queries."""
    blocks = list(blocks)
    uow.prefetch(Block, blocks)
    uow.prefetch_related(PLACEMENTS_OF_BLOCK, blocks)
    uow.prefetch(Placement, placements)
    found = uow.related_all(PLACEMENTS_OF_BLOCK, blocks)
    found += [one for id in placements if (one := uow.get(Placement, id)) is not None]
    around = list(dict.fromkeys(id for id in (*blocks, *(b for one in found for b in one.block_ids))))
    uow.prefetch(Block, around)
    orders = [id for each in around if (block := uow.get(Block, each)) for id in block.order_ids]
    uow.prefetch(Order, orders)
    uow.prefetch_related(ALLOCATIONS_OF_ORDER, orders)
    family: dict[ResourceId, None] = {}
    generation = [one.id for one in found]
    while generation:
        family.update(dict.fromkeys(generation))
        uow.prefetch_related(CHILDREN_OF_PLACEMENT, generation)
        children = (one.id for id in generation for one in uow.related(CHILDREN_OF_PLACEMENT, id))
        generation = [id for id in children if id not in family]
    uow.prefetch_related(EXECUTIONS_OF_PLACEMENT, family)
    uow.prefetch_related(ALLOCATIONS_OF_PLACEMENT, family)
    allocations = uow.related_all(ALLOCATIONS_OF_ORDER, orders)
    allocations += uow.related_all(ALLOCATIONS_OF_PLACEMENT, family)
    uow.prefetch_related(BOOKINGS_OF_ALLOCATION, dict.fromkeys(one.id for one in allocations))


@exact_arithmetic
def graph_block(uow: UnitOfWork, block: Block, names: Mapping[ResourceId, str] = {}) -> OrderGraphBlock:
    """Return a block with its totals, of which none is capped (G6), and derived states (G7, G8, G10).

    ``names`` are the display names of portfolios.
    """
    facts = _read_facts(uow, block, names)
    ordered, placed = _ordered(facts), _placed(uow, facts)
    executed, allocated, booked = _executed(facts), _allocated(facts), _booked(facts)
    size = ordered.quantity if facts.orders else block.quantity
    stages = [placed.quantity, executed.quantity, allocated.quantity, booked.quantity]
    if basis_name(block) == AMOUNT.name:
        size = ordered.amount if facts.orders else AMOUNT.size_of(block)
        unit = uow.instruments.price_unit(block.lusid_instrument_id)
        spent, given = abs(executed.amount or ZERO), _allocated_money(facts)
        stages = [placed.amount, spent * unit, given * unit, _booked_money(facts) * unit]
    return OrderGraphBlock(
        block=block,
        ordered=ordered,
        placed=placed,
        executed=executed,
        allocated=allocated,
        booked=booked,
        derived_state=block_state(
            StageTotals(size or ZERO, *(stage or ZERO for stage in stages)),
            swept=bool(block.is_swept),
            cancelled=bool(facts.orders) and all(is_cancelled(order.state) for order in facts.orders),
        ),
        derived_compliance_state=block_compliance(each.compliance_state or "" for each in ordered.details),
        derived_approval_state=block_approval(
            (each.approval_state or "" for each in ordered.details), stages[0] or ZERO
        ),
        derived_direction=direction_of(block.side),
        latest_activity_date=facts.latest,
    )


def _read_facts(uow: UnitOfWork, block: Block, names: Mapping[ResourceId, str]) -> _BlockFacts:
    """Read a block's related entities; without orders, the allocations of its placements (G4, G5, G10)."""
    orders = orders_of_block(uow, block)
    placements = uow.related(PLACEMENTS_OF_BLOCK, block.id)
    units = attribution(uow, block.id)
    by_value = any(placement.amount is not None for placement in placements)
    if orders:
        around = uow.related_all(ALLOCATIONS_OF_ORDER, (order.id for order in orders))
    else:
        around = uow.related_all(ALLOCATIONS_OF_PLACEMENT, (each.id for each in placements))
    allocations = list({one.id: one for one in around}.values())
    counting = [each for each in allocations if not is_cancelled(each.state)]
    bookings = uow.related_all(BOOKINGS_OF_ALLOCATION, (each.id for each in allocations))
    ids = {each.id for each in counting}
    executions = uow.related_all(EXECUTIONS_OF_PLACEMENT, (each.id for each in placements))
    top = top_level(placements)
    fills = {each.id: fills_of(uow, each) for each in top}
    done = {id: total(fill.quantity for fill in found) for id, found in fills.items()}
    return _BlockFacts(
        block=block,
        orders=orders,
        details=tuple(_detail(uow, order, names) for order in orders),
        placements=placements,
        top=top,
        executions=fills,
        parts={"Quantity": units, "Amount": attribution(uow, block.id, AMOUNT) if by_value else {}},
        done=done,
        executed={each.id: executed_by_block(uow, each, units, done[each.id])[block.id] for each in top},
        allocations=counting,
        bookings=[
            booking
            for booking in bookings
            if normalize(booking.transaction.transaction_status) == "active"
            and booking.transaction.allocation_id in ids
        ],
        latest=_latest([block, *orders, *placements, *executions, *allocations, *bookings]),
    )


def _detail(uow: UnitOfWork, order: Order, names: Mapping[ResourceId, str]) -> OrderedDetail:
    """Return an order with its compliance and approval, and what the last run found if it is held (G10)."""
    compliance, approval = derived_compliance(order), derived_approval(order)
    task = approval_task(order, approval)
    checks = uow.related(CHECKS_OF_ORDER, order.id) if normalize(compliance) != "passed" else ()
    return OrderedDetail(
        id=order.id,
        compliance_state=compliance,
        approval_state=approval,
        portfolio_id=order.portfolio_id,
        portfolio_name=portfolio_name(order, names),
        order_approval_task_id=task,
        order_approval_task_definition_id=APPROVAL_TASK if task else None,
        non_passing_compliance_rule_results=checks[-1].results if checks else (),
    )


def _latest(parts: Iterable[Stored]) -> datetime | None:
    """Return the time of the newest change of any part (G10)."""
    latest = None
    for part in parts:
        moment = part.version.as_at_modified if part.version is not None else None
        if moment is not None and (latest is None or moment > latest):
            latest = moment
    return latest


def _by_state(sizes: Iterable[tuple[str | None, Decimal | None]]) -> dict[str, Decimal] | None:
    """Return the sums by state, cancelled ones included; None when nothing has such a size (G1)."""
    found: dict[str, Decimal] = {}
    for state, size in sizes:
        if size is not None:
            name = state or NEW
            found[name] = found[name] + size if name in found else size
    return {state: trim_zeros(size) for state, size in found.items()} or None


def _live(sums: Mapping[str, Decimal] | None) -> Decimal:
    """Return the sum over all states but cancelled ones (G1)."""
    return trim_zeros(total(size for state, size in (sums or {}).items() if not is_cancelled(state)))


def _ordered(facts: _BlockFacts) -> Ordered:
    """Return the ordered totals, by state, with each order's compliance and approval (G1, G10)."""
    quantities = _by_state((order.state, order.quantity) for order in facts.orders)
    amounts = _by_state(
        (order.state, AMOUNT.size_of(order)) for order in facts.orders if order.amount is not None
    )
    return Ordered(
        quantity=_live(quantities),
        quantity_by_state=quantities or {},
        amount=_live(amounts) if amounts else None,
        amount_by_state=amounts,
        details=facts.details,
    )


def _placed(uow: UnitOfWork, facts: _BlockFacts) -> Placed:
    """Return the placed totals; by state, cancelled placements count with their full size (G2)."""
    id = facts.block.id

    def live(basis: Basis) -> Decimal:
        return trim_zeros(total(shares.get(id) for shares in facts.parts[basis.name].values()))

    def by_state(basis: Basis) -> dict[str, Decimal] | None:
        return _by_state((placement.state, full(placement, basis)) for placement in facts.top)

    def full(placement: Placement, basis: Basis) -> Decimal | None:
        whole = basis.size_of(placement)
        if whole is None:
            return None
        share = facts.parts[basis.name][placement.id][id]
        if is_cancelled(placement.state) and placement.block_ids[-1] == id:
            share += whole - live_size(uow, placement, basis)
        return share

    amounts = by_state(AMOUNT)
    return Placed(
        quantity=live(QUANTITY),
        quantity_by_state=by_state(QUANTITY) or {},
        amount=live(AMOUNT) if amounts else None,
        amount_by_state=amounts,
        details=tuple(IdDetail(id=placement.id) for placement in facts.placements),
    )


def _executed(facts: _BlockFacts) -> Executed:
    """Return the executed totals; the amount is the sum of units times price (G3).

    It is so for bonds too, although their money is a hundredth of it: clients divide it by the quantity to
    get the average price.
    """
    weighted = ZERO
    for id, executions in facts.executions.items():
        if facts.executed[id] == facts.done[id]:
            weighted += total(fill.quantity * (fill.price.amount or ZERO) for fill in executions)
        else:
            weighted += facts.executed[id] * (average_price(executions) or ZERO)
    details = dict.fromkeys(fill.id for executions in facts.executions.values() for fill in executions)
    return Executed(
        quantity=trim_zeros(total(facts.executed.values())),
        amount=trim_zeros(weighted) if details else None,
        details=tuple(IdDetail(id=id) for id in details),
    )


def _allocated(facts: _BlockFacts) -> Allocated:
    """Return the allocated totals (G4)."""
    details = tuple(
        AllocatedDetail(
            id=each.id,
            allocated_order_id=each.allocated_order_id,
            quantity=trim_zeros(signed_units(facts.block.side, each.side, each.quantity)),
        )
        for each in facts.allocations
    )
    return Allocated(quantity=trim_zeros(total(detail.quantity for detail in details)), details=details)


def _allocated_money(facts: _BlockFacts) -> Decimal:
    """Return the sum of allocated units times the sizes of their prices."""
    return total(
        signed_units(facts.block.side, each.side, each.quantity) * abs(each.price.amount or ZERO)
        for each in facts.allocations
        if each.price is not None
    )


def _booked_money(facts: _BlockFacts) -> Decimal:
    """Return the sum of booked units times the sizes of their prices, whatever currency they settle in."""
    rows = (booking.transaction for booking in facts.bookings)
    return total(
        signed_units(facts.block.side, row.type, row.units) * abs(row.transaction_price.price or ZERO)
        for row in rows
        if row.transaction_price is not None
    )


def _booked(facts: _BlockFacts) -> Booked:
    """Return the booked totals, with their consideration (G5)."""
    units = money = ZERO
    for booking in facts.bookings:
        transaction = booking.transaction
        units += signed_units(facts.block.side, transaction.type, transaction.units)
        money += signed_units(
            facts.block.side, transaction.type, transaction.total_consideration.amount or ZERO
        )
    return Booked(
        quantity=trim_zeros(units),
        amount=trim_zeros(money) if facts.bookings else None,
        details=tuple(BookedDetail(id=booking.transaction.transaction_id) for booking in facts.bookings),
    )


@exact_arithmetic
def graph_placement(uow: UnitOfWork, placement: Placement) -> OrderGraphPlacement:
    """Return a placement with its totals, those of its children included (G9, G11, P5, P12)."""
    blocks = (uow.get(Block, id) for id in placement.block_ids)
    orders = dict.fromkeys(id for block in blocks if block is not None for id in block.order_ids)
    children = uow.related(CHILDREN_OF_PLACEMENT, placement.id)
    done = fills_of(uow, placement)
    allocations = live_allocations_of_placement(uow, placement)
    placed, units = live_size(uow, placement), total(fill.quantity for fill in done)
    allocated = total(allocation.quantity for allocation in allocations)
    by_value = placement.amount is not None
    unit = uow.instruments.price_unit(placement.lusid_instrument_id)
    money = total(AMOUNT.executed_by(fill, unit) for fill in done)
    given = total(
        each.quantity * abs(each.price.amount or ZERO) * unit
        for each in allocations
        if each.price is not None
    )
    size = live_size(uow, placement, AMOUNT)
    return OrderGraphPlacement(
        placement=placement,
        block_id=placement.block_ids[0],
        ordered=PlacementOrdered(details=tuple(IdDetail(id=id) for id in orders)),
        placed=Placed(
            quantity=trim_zeros(placed),
            amount=trim_zeros(size) if by_value else None,
            details=tuple(IdDetail(id=child.id) for child in children),
        ),
        executed=Executed(
            quantity=trim_zeros(units),
            amount=trim_zeros(money) if by_value else None,
            details=tuple(IdDetail(id=fill.id) for fill in done),
        ),
        allocated=PlacementAllocated(
            quantity=trim_zeros(allocated),
            amount=trim_zeros(given) if by_value else None,
            details=tuple(IdDetail(id=each.id) for each in allocations),
        ),
        derived_state=(
            placement_state(placement.state, size, money, given)
            if by_value
            else placement_state(placement.state, placed, units, allocated)
        ),
        calculated_average_price=average_price(done),
    )
