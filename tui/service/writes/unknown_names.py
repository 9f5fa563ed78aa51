"""Names in a write that nobody on this desk knows: instruments, portfolios, brokers. They may be misspelt.

A desk knows what its rows name. What is unknown is named in the preview and asks for the item count; an
instrument that nothing resolves is not sent at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tui.api.base import Identifiers, ResourceId
from tui.api.placing_states import Guard
from tui.api.requests import BlockAndOrdersRequest, PlacementRequest
from tui.service.instrument_ids import universal
from tui.service.sides import would_book
from tui.service.snapshot.instruments import UNRESOLVED
from tui.service.snapshot.naming import short_name
from tui.service.snapshot.snapshot import EntityKind, Snapshot
from tui.service.verbs import (
    AllocateWeighted,
    CreateOrders,
    PlaceBlocks,
    RecordFills,
    ReplacePlacements,
    UpdateOrders,
    UpdatePlacements,
    Verb,
)
from tui.service.verbs.facts import instrument_name, instrument_of
from tui.service.verbs.preview_line import Caution

INSTRUMENT = "unknown instrument"
PORTFOLIO = "unknown portfolio"
BROKER = "unknown broker"
SIDE = "unknown side"
NO_BROKER = "no broker"


def unknown_names(verb: Verb, snapshot: Snapshot) -> Iterator[Caution]:
    """Yield a caution for each name in ``verb`` that the desk does not know, each once."""
    found: list[Caution] = []
    if isinstance(verb, CreateOrders):
        for request in verb.requests:
            found += _instrument(snapshot, request.instrument_identifiers)
            found += _sides(snapshot, request)
    if isinstance(verb, PlaceBlocks):
        for placing in verb.requests:
            found += _placed_instrument(snapshot, placing)
    found += _portfolios(snapshot, portfolios_named(verb))
    found += _brokers(snapshot, verb)
    yield from dict.fromkeys(found)


def portfolios_named(verb: Verb) -> Iterator[ResourceId]:
    """Yield the portfolios that a write names itself."""
    if isinstance(verb, CreateOrders):
        named = [order.portfolio_id for request in verb.requests for order in request.orders]
    elif isinstance(verb, UpdateOrders):
        named = [update.portfolio_id for update in verb.updates]
    elif isinstance(verb, AllocateWeighted):
        named = [weight.portfolio_id for weight in verb.weights]
    else:
        named = []
    yield from (id for id in named if id is not None)


def _instrument(snapshot: Snapshot, identifiers: Identifiers) -> Iterator[Caution]:
    known = instrument_of(snapshot, identifiers)
    if known is not None:
        if known.record is not None and not known.is_active:
            state = known.record.state.lower()
            yield Caution(INSTRUMENT, f"{known.label} is {state} in the instrument master", Guard.TYPED)
        return
    name = instrument_name(identifiers)
    known_anywhere = universal(identifiers)
    if not known_anywhere or UNRESOLVED in known_anywhere.values():
        yield Caution(
            INSTRUMENT,
            f"{name} is unknown: nothing on this desk says which instrument it is, and it cannot be sent "
            "unresolved. Type its ISIN, FIGI or LUID",
            Guard.REFUSED,
        )
    else:
        yield Caution(INSTRUMENT, f"{name} is an instrument nobody on this desk has traded", Guard.TYPED)


def _placed_instrument(snapshot: Snapshot, request: PlacementRequest) -> Iterator[Caution]:
    """Yield why the instrument of a placement cannot be sent: its block's is not resolved."""
    for id in request.block_ids:
        row = snapshot.blocks.get(id)
        if row is not None and row.block.lusid_instrument_id == UNRESOLVED:
            name = instrument_name(row.block.instrument_identifiers)
            block = short_name(snapshot, EntityKind.BLOCKS, id)
            yield Caution(
                INSTRUMENT,
                f"{name} is unknown to the server, so what {block} trades is not resolved and cannot be "
                "placed. Cancel its orders, and create them with an ISIN, FIGI or LUID",
                Guard.REFUSED,
            )


def _portfolios(snapshot: Snapshot, ids: Iterable[ResourceId]) -> Iterator[Caution]:
    for id in ids:
        if id not in snapshot.portfolios.get(id.code.casefold(), ()):
            yield Caution(PORTFOLIO, f"{id} is a portfolio nobody on this desk knows", Guard.TYPED)


def _sides(snapshot: Snapshot, request: BlockAndOrdersRequest) -> Iterator[Caution]:
    """Yield the sides under which nothing is booked: no transaction type is called so (R49)."""
    for order in request.orders:
        side = order.side or request.side or ""
        if side and would_book(snapshot, side, order.portfolio_id) is False:
            where = f" in {snapshot.portfolio_label(order.portfolio_id)}" if order.portfolio_id else ""
            yield Caution(
                SIDE, f"{side} would not book{where}: no transaction type is called so", Guard.TYPED
            )


def _brokers(snapshot: Snapshot, verb: Verb) -> Iterator[Caution]:
    named: list[str | None] = []
    if isinstance(verb, PlaceBlocks):
        named = [request.counterparty for request in verb.requests]
        if not all(named):
            yield Caution(NO_BROKER, "Nobody is named to work it", Guard.TYPED)
    elif isinstance(verb, UpdatePlacements):
        named = [update.counterparty for update in verb.updates]
    elif isinstance(verb, RecordFills | ReplacePlacements):
        named = [request.counterparty for request in verb.requests]
    known = frozenset(snapshot.known_brokers)
    for name in named:
        if name and name not in known:
            said = f"{name} is a broker nobody on this desk has placed with"
            if snapshot.records.brokers:
                said += ", and none of those that the profile names"
            yield Caution(BROKER, said, Guard.TYPED)
