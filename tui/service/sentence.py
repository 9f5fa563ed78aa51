"""What a write asks for, in the dealer's language: one full sentence for the whole, one for every item.

``Buy 30,000 VOD (Vodafone) limit 0.82 GBP, day, for UKEQ-GROW``: side, size, instrument, type, prices, time
in force, and for whom or with whom are always said, also where a row has none. Ids come last and short.
Preview, notice, report, history and journal take their words from here, and those of a row from
:mod:`tui.service.row_phrases`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from functools import singledispatch

from tui.api.base import ResourceId
from tui.service.numbers import counted, units
from tui.service.outcomes import Wording, lowered
from tui.service.row_phrases import (
    MOST_NAMED,
    Phrase,
    as_one_trade,
    for_whom,
    instrument_words,
    phrase_of,
    properties_of,
    row_phrase,
    short_id,
    size_and_unit,
    trade_dealt,
    trade_ordered,
    with_whom,
)
from tui.service.snapshot.snapshot import EntityKind, Ref, Snapshot
from tui.service.trade import Trade, money_of, terms_of
from tui.service.verbs import (
    Allocate,
    AllocateWeighted,
    BookTransactions,
    CancelAndMove,
    CreateOrders,
    MoveOrders,
    PlaceBlocks,
    RecordFills,
    ReplaceOrders,
    ReplacePlacements,
    RunCompliance,
    UpdateOrders,
    UpdatePlacements,
    Verb,
)
from tui.service.verbs.changes import described_changes, described_replacement
from tui.service.wire_words import in_words


def wording(verb: Verb, snapshot: Snapshot) -> Wording:
    """Return ``verb`` in words: the whole of it as asked and as done, and each of its items."""
    items = tuple(_items(verb, snapshot))
    past = verb.past.capitalize()
    if len(items) == 1:
        said = str(items[0])
        asked = said if isinstance(verb, CreateOrders) else f"{_head(verb, snapshot)}: {lowered(said)}"
        done = f"{past}: {lowered(said)}"
    else:
        together = as_one_trade(items)
        asked = f"{_head_of_several(verb, snapshot, together)}{together}"
        done = f"{past}{asked.removeprefix(verb.title)}"
    return Wording(asked, done, {item.ref: str(item) for item in items})


def wording_later(verb: Verb, snapshot: Snapshot, done: Collection[Ref], asked_at: str) -> Wording:
    """Return ``verb`` in words some time after it was asked for, at ``asked_at``.

    What is ``done`` is said as it stands now: what changed of it cannot be seen any more.
    """
    items = {item.ref: str(item) for item in _items(verb, snapshot)}
    items |= {ref: phrase_of(snapshot, ref) or items[ref] for ref in done if ref in items}
    head = f"{verb.label}, asked {asked_at}"
    past = f"{verb.past.capitalize()}{head.removeprefix(verb.title)}"
    single = next(iter(items.values())) if len(items) == 1 else ""
    return Wording(head, f"{past}: {lowered(single)}" if single else past, items)


def _head(verb: Verb, snapshot: Snapshot) -> str:
    """Return the head of the sentence about a single item."""
    known = verb.refs[0] in snapshot
    corrects = isinstance(verb, RecordFills) and known and verb.requests[0].quantity
    return "Correct fill" if corrects else verb.label_of_one


def _head_of_several(verb: Verb, snapshot: Snapshot, together: str) -> str:
    """Return the head of the sentence about several items; where they go is not said twice."""
    if not isinstance(verb, MoveOrders):
        return verb.label
    where = _block(snapshot, verb.destination)
    head = f"{verb.title} {counted(verb.count, verb.kind.singular)}"
    return head if where in together else f"{head} to {where}"


def _block_id(snapshot: Snapshot, id: ResourceId) -> str:
    return short_id(snapshot, Ref(EntityKind.BLOCKS, id))


# --- the items of each verb ---------------------------------------------------------------------


@singledispatch
def _items(verb: Verb, snapshot: Snapshot) -> Iterable[Phrase]:
    """Return the items of a verb in its order."""
    return (row_phrase(snapshot, ref) for ref in verb.refs)


@_items.register
def _run(verb: RunCompliance, snapshot: Snapshot) -> Iterator[Phrase]:
    for ref in verb.refs:
        yield Phrase(ref, None, f"runs of {verb.run.run_scope}", words=verb.in_words())


@_items.register
def _created(verb: CreateOrders, snapshot: Snapshot) -> Iterator[Phrase]:
    for request in verb.requests:
        joins = Ref(EntityKind.BLOCKS, request.block_id) in snapshot
        ids = f" in {_block_id(snapshot, request.block_id)}" if joins else ""
        for order in request.orders:
            trade = Trade(
                side=in_words(order.side or request.side) or "No side:",
                size=size_and_unit(order)[0],
                unit=size_and_unit(order)[1],
                instrument=instrument_words(snapshot, request),
                terms=terms_of(
                    request.type,
                    request.limit_price,
                    request.stop_price,
                    request.time_in_force,
                    properties_of(order),
                ),
                whom=for_whom(snapshot, order.portfolio_id),
            )
            ref = Ref(EntityKind.ORDERS, order.id)
            yield Phrase(ref, trade, f"{short_id(snapshot, ref)}{ids}")


@_items.register
def _placed(verb: PlaceBlocks, snapshot: Snapshot) -> Iterator[Phrase]:
    for ref, request in zip(verb.refs, verb.requests, strict=True):
        blocks = ", ".join(_block_id(snapshot, id) for id in request.block_ids[:MOST_NAMED])
        trade = trade_ordered(snapshot, request, whom=with_whom(request))
        yield Phrase(ref, trade, f"{short_id(snapshot, ref)} of {blocks}")


@_items.register(UpdateOrders)
@_items.register(UpdatePlacements)
def _updated(verb: UpdateOrders | UpdatePlacements, snapshot: Snapshot) -> Iterator[Phrase]:
    for ref, update in zip(verb.refs, verb.updates, strict=True):
        changes = described_changes(update, snapshot.row(ref), snapshot.portfolio_label)
        yield row_phrase(snapshot, ref, ", ".join(changes) or "nothing changes")


@_items.register(ReplaceOrders)
@_items.register(ReplacePlacements)
def _replaced(verb: ReplaceOrders | ReplacePlacements, snapshot: Snapshot) -> Iterator[Phrase]:
    for ref, request in zip(verb.refs, verb.requests, strict=True):
        changes = ["nothing changes"]
        if ref in snapshot:
            changes = described_replacement(request, snapshot.row(ref), snapshot.portfolio_label) or changes
        yield row_phrase(snapshot, ref, ", ".join(changes))


@_items.register
def _moved(verb: MoveOrders, snapshot: Snapshot) -> Iterator[Phrase]:
    for ref in verb.refs:
        home = snapshot.block_of_order(ref.id)
        whence = f"from {_block_id(snapshot, home)} " if home else ""
        yield row_phrase(snapshot, ref, f"{whence}to {_block(snapshot, verb.destination)}")


@_items.register
def _cancelled_and_moved(verb: CancelAndMove, snapshot: Snapshot) -> Iterator[Phrase]:
    for ref, item in zip(verb.refs, verb.items, strict=True):
        where = _block(snapshot, item.move_remaining_to_block_id)
        change = f"what is not placed moves to a new order in {where}"
        yield row_phrase(snapshot, ref, change)


def _block(snapshot: Snapshot, id: ResourceId) -> str:
    new = "" if Ref(EntityKind.BLOCKS, id) in snapshot else "new block "
    return f"{new}{_block_id(snapshot, id)}"


@_items.register
def _allocated(verb: Allocate, snapshot: Snapshot) -> Iterator[Phrase]:
    for ref in verb.refs:
        filled = units(snapshot.executed_of_placement(ref.id))
        change = f"{filled} filled, to the orders of its block by {verb.algorithm}"
        yield row_phrase(snapshot, ref, change)


@_items.register
def _allocated_by_weight(verb: AllocateWeighted, snapshot: Snapshot) -> Iterator[Phrase]:
    shares = ", ".join(
        f"{snapshot.portfolio_label(each.portfolio_id)} {units(each.weight)}" for each in verb.weights
    )
    for ref in verb.refs:
        filled = units(snapshot.executed_of_placement(ref.id))
        change = f"{filled} filled, by weight to {shares} by {verb.algorithm}"
        yield row_phrase(snapshot, ref, change)


@_items.register
def _booked(verb: BookTransactions, snapshot: Snapshot) -> Iterator[Phrase]:
    fees = f"{'with' if verb.apply_fees else 'without'} fees"
    return (row_phrase(snapshot, ref, fees) for ref in verb.refs)


@_items.register
def _filled(verb: RecordFills, snapshot: Snapshot) -> Iterator[Phrase]:
    for ref, request in zip(verb.refs, verb.requests, strict=True):
        old = snapshot.executions.get(request.id)
        changes: list[str] = []
        if old is not None:
            pairs = (
                ("quantity", units(old.quantity), units(request.quantity)),
                ("price", money_of(old.price), money_of(request.price)),
                ("broker", old.counterparty or "none", request.counterparty or "none"),
            )
            changes = [f"{name} {was} → {now}" for name, was, now in pairs if was != now]
        stays = old is not None and old.settlement_date == request.settlement_date
        settles = (
            f"settles {request.settlement_date:%d %b %Y}" if request.settlement_date and not stays else ""
        )
        change = ", ".join(filter(None, (*changes, settles)))
        trade = trade_dealt(snapshot, old or request, whom=with_whom(old or request))
        placement = short_id(snapshot, Ref(EntityKind.PLACEMENTS, request.placement_id))
        yield Phrase(ref, trade, f"{short_id(snapshot, ref)} of {placement}", change)
