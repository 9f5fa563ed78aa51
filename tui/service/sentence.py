"""What a write asks for, in the dealer's language: one full sentence for the whole, one for every item.

``Buy 30,000 VOD (Vodafone) limit 0.82 GBP, day, for UKEQ-GROW``: side, size, instrument, type, prices, time
in force, and for whom or with whom are always said, also where a row has none. Ids come last and short.
Preview, notice, report, history and journal take their words from here, and from nowhere else.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from decimal import Decimal
from functools import singledispatch
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from tui.api.base import ZERO, Identifiers, Properties, ResourceId
from tui.api.models import Allocation, Execution, Order, OrderGraphBlock, Placement, Transaction
from tui.service.numbers import counted, units
from tui.service.outcomes import Wording, lowered
from tui.service.snapshot.instruments import Instrument
from tui.service.snapshot.snapshot import EntityKind, Ref, Snapshot
from tui.service.trade import Trade, average_of, money_of, named, terms_of
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
from tui.service.verbs.facts import instrument_of
from tui.service.wire_words import in_words

MOST_CODE: Final = 18
"""Characters of an id in a sentence; longer ones are cut in the middle."""
MOST_TOGETHER: Final = 32
"""Rows that are looked at to say them as one trade; more are named by their ids."""
_GOES_ON: Final = ": "
MOST_NAMED: Final = 4
"""Portfolios, brokers or blocks that the sentence of several items names."""


class _Said(Struct, frozen=True):
    """One item of a verb: its trade if the desk has one, what happens to it, and its ids, which come last.

    ``words`` say what is about no row.
    """

    ref: Ref
    trade: Trade | None
    ids: str
    change: str = ""
    words: str = ""

    def __str__(self) -> str:
        if self.words:
            return f"{self.words} · {self.ids}"
        words = str(self.trade) if self.trade else f"{self.ref.kind.singular} not on this desk"
        changed = f"{words}: {self.change}" if self.change else words
        return f"{changed} · {self.ids}"


def wording(verb: Verb, snapshot: Snapshot) -> Wording:
    """Return ``verb`` in words: the whole of it as asked and as done, and each of its items."""
    items = tuple(_items(verb, snapshot))
    past = verb.past.capitalize()
    if len(items) == 1:
        said = str(items[0])
        asked = said if isinstance(verb, CreateOrders) else f"{_head(verb, snapshot)}: {lowered(said)}"
        done = f"{past}: {lowered(said)}"
    else:
        together = _together(items)
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


def phrase_of(snapshot: Snapshot, ref: Ref, row: Any = None) -> str:
    """Return a row of the desk in words, its id last; empty for one that the desk does not have.

    ``row`` is the row as it was at another time.
    """
    if row is None and ref in snapshot:
        row = snapshot.row(ref)
    trade = None if row is None else trade_of(snapshot, row)
    return str(_Said(ref, trade, short_id(snapshot, ref))) if trade else ""


def rows_in_words(snapshot: Snapshot, kind: EntityKind, ids: Sequence[ResourceId]) -> str:
    """Return rows as one sentence: a single one with its id, alike ones as one trade, others by their ids."""
    if len(ids) == 1:
        return str(_row_item(snapshot, Ref(kind, ids[0])))
    if len(ids) <= MOST_TOGETHER:
        alike = _together([_row_item(snapshot, Ref(kind, id)) for id in ids])
        if alike.startswith(_GOES_ON):
            trade = alike.removeprefix(_GOES_ON)
            return trade[:1].upper() + trade[1:]
    return rows_named(snapshot, kind, ids)


def rows_named(snapshot: Snapshot, kind: EntityKind, ids: Sequence[ResourceId]) -> str:
    """Return the ids of the first rows in short, and how many more there are."""
    more = f" and {len(ids) - MOST_NAMED:,} more" if len(ids) > MOST_NAMED else ""
    return ", ".join(short_id(snapshot, Ref(kind, id)) for id in ids[:MOST_NAMED]) + more


def trade_of(snapshot: Snapshot, row: Any) -> Trade | None:
    """Return a row as a trade in words; None for a transaction, which is none."""
    if isinstance(row, OrderGraphBlock):
        block = row.block
        if block.quantity is None and block.amount is None:
            block = replace(block, quantity=row.ordered.quantity)
        return _ordered(snapshot, block)
    if isinstance(row, Order):
        return _ordered(snapshot, row, whom=_for(snapshot, row.portfolio_id))
    if isinstance(row, Placement):
        return _ordered(snapshot, row, whom=_with(row))
    if isinstance(row, Execution):
        return _dealt(snapshot, row, whom=_with(row))
    if isinstance(row, Allocation):
        return _dealt(snapshot, row, whom=_for(snapshot, row.portfolio_id))
    assert isinstance(row, Transaction)
    return None


def short(code: str) -> str:
    """Return a code that fits into a sentence.

    >>> short("ORD-00012"), short("ORD-01KB6Z3V8M0000000000000417")
    ('ORD-00012', 'ORD-01KB6…00000417')
    """
    if len(code) <= MOST_CODE:
        return code
    half = MOST_CODE // 2
    return f"{code[:half]}…{code[half + 1 - MOST_CODE :]}"


def short_id(snapshot: Snapshot, ref: Ref) -> str:
    """Return the id of a row in short, with its scope where the code alone leaves doubt."""
    return snapshot.name_of(ref.kind, ref.id).removesuffix(ref.id.code) + short(ref.id.code)


def _block_id(snapshot: Snapshot, id: ResourceId) -> str:
    return short_id(snapshot, Ref(EntityKind.BLOCKS, id))


# --- the words of a trade -----------------------------------------------------------------------


def _ordered(snapshot: Snapshot, row: Any, *, side: str = "", whom: str = "") -> Trade:
    """Return a block, order or placement, or the request for one, as a trade."""
    size, unit = _size(row)
    return Trade(
        side=in_words(side or row.side) or "No side:",
        size=size,
        unit=unit,
        instrument=_instrument(snapshot, row),
        terms=terms_of(row.type, row.limit_price, row.stop_price, row.time_in_force, _properties(row)),
        whom=whom,
    )


def _dealt(snapshot: Snapshot, row: Any, *, whom: str) -> Trade:
    """Return an execution or an allocation, or the request for one, as a trade at its price."""
    return Trade(
        side=in_words(row.side) or "No side:",
        size=row.quantity,
        unit="",
        instrument=_instrument(snapshot, row),
        terms=f"at {average_of(row.price)}" if row.price else "without a price",
        whom=whom,
    )


def _size(row: Any) -> tuple[Decimal | None, str]:
    """Return the size of a row and its unit; money and weight size a row that has no quantity."""
    weight = getattr(row, "weight", None)
    if row.quantity is None and row.amount is not None:
        return row.amount.amount, row.amount.currency or "money"
    if row.quantity is None and weight is not None:
        return weight * 100, "%"
    return row.quantity, ""


def _instrument(snapshot: Snapshot, row: Any) -> str:
    """Return the instrument of a row: its short name with the full one, else the identifier it came with."""
    identifiers: Identifiers = row.instrument_identifiers
    luid = getattr(row, "lusid_instrument_id", "")
    known: Instrument | None = (
        snapshot.instruments.get(luid) if luid else instrument_of(snapshot, identifiers)
    )
    if known is None:
        return next((value for value in identifiers.values() if value), "") or luid or "no instrument"
    return named(known)


def _properties(row: Any) -> Properties:
    held: Properties | None = getattr(row, "properties", None)
    return held or {}


def _for(snapshot: Snapshot, portfolio: ResourceId | None) -> str:
    return f"for {snapshot.portfolio_label(portfolio)}" if portfolio else "for no portfolio"


def _with(row: Any) -> str:
    system = getattr(row, "execution_system", None)
    return f"with {row.counterparty or 'no broker'}{f' through {system}' if system else ''}"


# --- the items of each verb ---------------------------------------------------------------------


@singledispatch
def _items(verb: Verb, snapshot: Snapshot) -> Iterable[_Said]:
    """Return the items of a verb in its order."""
    return (_row_item(snapshot, ref) for ref in verb.refs)


def _row_item(snapshot: Snapshot, ref: Ref, change: str = "") -> _Said:
    """Return a row of the desk as an item that is changed."""
    trade = trade_of(snapshot, snapshot.row(ref)) if ref in snapshot else None
    return _Said(ref, trade, short_id(snapshot, ref), change)


@_items.register
def _run(verb: RunCompliance, snapshot: Snapshot) -> Iterator[_Said]:
    for ref in verb.refs:
        yield _Said(ref, None, f"runs of {verb.run.run_scope}", words=verb.in_words())


@_items.register
def _created(verb: CreateOrders, snapshot: Snapshot) -> Iterator[_Said]:
    for request in verb.requests:
        joins = Ref(EntityKind.BLOCKS, request.block_id) in snapshot
        ids = f" in {_block_id(snapshot, request.block_id)}" if joins else ""
        for order in request.orders:
            trade = Trade(
                side=in_words(order.side or request.side) or "No side:",
                size=_size(order)[0],
                unit=_size(order)[1],
                instrument=_instrument(snapshot, request),
                terms=terms_of(
                    request.type,
                    request.limit_price,
                    request.stop_price,
                    request.time_in_force,
                    _properties(order),
                ),
                whom=_for(snapshot, order.portfolio_id),
            )
            ref = Ref(EntityKind.ORDERS, order.id)
            yield _Said(ref, trade, f"{short_id(snapshot, ref)}{ids}")


@_items.register
def _placed(verb: PlaceBlocks, snapshot: Snapshot) -> Iterator[_Said]:
    for ref, request in zip(verb.refs, verb.requests, strict=True):
        blocks = ", ".join(_block_id(snapshot, id) for id in request.block_ids[:MOST_NAMED])
        trade = _ordered(snapshot, request, whom=_with(request))
        yield _Said(ref, trade, f"{short_id(snapshot, ref)} of {blocks}")


@_items.register(UpdateOrders)
@_items.register(UpdatePlacements)
def _updated(verb: UpdateOrders | UpdatePlacements, snapshot: Snapshot) -> Iterator[_Said]:
    for ref, update in zip(verb.refs, verb.updates, strict=True):
        changes = described_changes(update, snapshot.row(ref), snapshot.portfolio_label)
        yield _row_item(snapshot, ref, ", ".join(changes) or "nothing changes")


@_items.register(ReplaceOrders)
@_items.register(ReplacePlacements)
def _replaced(verb: ReplaceOrders | ReplacePlacements, snapshot: Snapshot) -> Iterator[_Said]:
    for ref, request in zip(verb.refs, verb.requests, strict=True):
        changes = ["nothing changes"]
        if ref in snapshot:
            changes = described_replacement(request, snapshot.row(ref), snapshot.portfolio_label) or changes
        yield _row_item(snapshot, ref, ", ".join(changes))


@_items.register
def _moved(verb: MoveOrders, snapshot: Snapshot) -> Iterator[_Said]:
    for ref in verb.refs:
        home = snapshot.block_of_order(ref.id)
        whence = f"from {_block_id(snapshot, home)} " if home else ""
        yield _row_item(snapshot, ref, f"{whence}to {_block(snapshot, verb.destination)}")


@_items.register
def _cancelled_and_moved(verb: CancelAndMove, snapshot: Snapshot) -> Iterator[_Said]:
    for ref, item in zip(verb.refs, verb.items, strict=True):
        where = _block(snapshot, item.move_remaining_to_block_id)
        change = f"what is not placed moves to a new order in {where}"
        yield _row_item(snapshot, ref, change)


def _block(snapshot: Snapshot, id: ResourceId) -> str:
    new = "" if Ref(EntityKind.BLOCKS, id) in snapshot else "new block "
    return f"{new}{_block_id(snapshot, id)}"


@_items.register
def _allocated(verb: Allocate, snapshot: Snapshot) -> Iterator[_Said]:
    for ref in verb.refs:
        filled = units(snapshot.executed_of_placement(ref.id))
        change = f"{filled} filled, to the orders of its block by {verb.algorithm}"
        yield _row_item(snapshot, ref, change)


@_items.register
def _allocated_by_weight(verb: AllocateWeighted, snapshot: Snapshot) -> Iterator[_Said]:
    shares = ", ".join(
        f"{snapshot.portfolio_label(each.portfolio_id)} {units(each.weight)}" for each in verb.weights
    )
    for ref in verb.refs:
        filled = units(snapshot.executed_of_placement(ref.id))
        change = f"{filled} filled, by weight to {shares} by {verb.algorithm}"
        yield _row_item(snapshot, ref, change)


@_items.register
def _booked(verb: BookTransactions, snapshot: Snapshot) -> Iterator[_Said]:
    fees = f"{'with' if verb.apply_fees else 'without'} fees"
    return (_row_item(snapshot, ref, fees) for ref in verb.refs)


@_items.register
def _filled(verb: RecordFills, snapshot: Snapshot) -> Iterator[_Said]:
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
        trade = _dealt(snapshot, old or request, whom=_with(old or request))
        placement = short_id(snapshot, Ref(EntityKind.PLACEMENTS, request.placement_id))
        yield _Said(ref, trade, f"{short_id(snapshot, ref)} of {placement}", change)


# --- several items in one sentence --------------------------------------------------------------


def _together(items: Sequence[_Said]) -> str:
    """Return what follows the head of several items: their trades as one, else for or with whom all are."""
    trades = [item.trade for item in items if item.trade is not None]
    if not trades or len(trades) < len(items):
        return ""
    first, whom = trades[0], _all_whom(trades)
    if any(_kind(trade) != _kind(first) for trade in trades):
        return f" {whom}" if whom == first.whom and whom else ""
    sizes = [trade.size for trade in trades if trade.size is not None]
    total = sum(sizes, ZERO) if len(sizes) == len(trades) else None
    changes = {item.change for item in items}
    change = f": {changes.pop()}" if len(changes) == 1 and items[0].change else ""
    return f"{_GOES_ON}{lowered(str(replace(first, size=total, whom=whom)))}{change}"


def _kind(trade: Trade) -> tuple[str, ...]:
    return (trade.side, trade.unit, trade.instrument, trade.terms)


def _all_whom(trades: Iterable[Trade]) -> str:
    """Return for whom, or with whom, trades are: ``for UKEQ-GROW and UKEQ-INC``."""
    named = list(dict.fromkeys(trade.whom for trade in trades))
    first, *rest = named
    if not rest:
        return first
    preposition = first.partition(" ")[0] + " "
    others = [whom.removeprefix(preposition) for whom in rest[: MOST_NAMED - 1]]
    more = len(named) - MOST_NAMED
    if more > 0:
        return f"{', '.join((first, *others))} and {more} more"
    return f"{', '.join((first, *others[:-1]))} and {others[-1]}"
