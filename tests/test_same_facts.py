"""The facts that two rooms know and neither may import from the other, held against each other.

Server and client both know the links between entities and the totals of a block; they are compared on the
demo's desk, which has every situation of the life cycle once.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest

from tests.seeded_server import seeded_server
from tests.service.dealer import Dealer
from tui.api.http import asgi_transport
from tui.api.life_cycle import exceeds
from tui.api.models import OrderGraphBlock
from tui.oms.domain.unit_of_work import (
    BOOKINGS_OF_ALLOCATION,
    CHECKS_OF_ORDER,
    CUT_ORDERS_OF_BLOCK,
    RELATIONS,
    Booking,
)
from tui.service.snapshot.block_totals import with_totals
from tui.service.snapshot.snapshot import LINKS, TRANSACTIONS_OF_ALLOCATION, EntityKind, Snapshot


@pytest.fixture
async def snapshot() -> AsyncIterator[Snapshot]:
    """The demo's desk, read whole."""
    embedded = await seeded_server()
    dealer = Dealer.at(asgi_transport(embedded.app))
    assert await dealer.desk.load()
    yield dealer.desk.snapshot
    await dealer.desk.client.close()
    await embedded.close()


def entity_of(kind: EntityKind, id: Any, row: Any) -> Any:
    """Return what the server stores of a row of the desk."""
    if kind is EntityKind.BLOCKS:
        return row.block
    if kind is EntityKind.TRANSACTIONS:
        return Booking(id=id, portfolio_id=id, transaction=row)
    return row


ITS_OWN = (CUT_ORDERS_OF_BLOCK, CHECKS_OF_ORDER)
"""Relations of marks that the server keeps for itself."""


def test_server_and_client_know_the_same_relations_of_the_same_entities(snapshot: Snapshot) -> None:
    servers = {relation.name: relation for relation in RELATIONS if relation not in ITS_OWN}
    servers[TRANSACTIONS_OF_ALLOCATION.name] = servers.pop(BOOKINGS_OF_ALLOCATION.name)
    clients = {link.name: link for link in LINKS}
    assert servers.keys() == clients.keys() - {"transactions_of_order"}, (
        "the server finds those by allocation"
    )
    for name, relation in servers.items():
        link, linked = clients[name], 0
        for id, row in snapshot.rows(link.kind).items():
            entity = entity_of(link.kind, id, row)
            assert type(entity) is relation.kind
            targets = tuple(link.targets(row))
            assert targets == tuple(relation.targets(entity)), (name, id)
            linked += len(targets)
        assert linked, f"the demo has no {name} to compare"


def facts(row: OrderGraphBlock) -> dict[str, Any]:
    """Return the totals of a block that server and client both derive."""
    stages: dict[str, Any] = {
        "ordered": row.ordered,
        "placed": row.placed,
        "executed": row.executed,
        "allocated": row.allocated,
        "booked": row.booked,
    }
    found: dict[str, Any] = {"state": row.derived_state, "direction": row.derived_direction}
    for name, stage in stages.items():
        found[f"{name} quantity"] = stage.quantity
        found[f"{name} amount"] = stage.amount
        found[f"{name} details"] = sorted(str(detail.id) for detail in stage.details)
        for by_state in ("quantity_by_state", "amount_by_state"):
            found[f"{name} {by_state}"] = getattr(stage, by_state, None) or {}
    return found


def is_same(server: Any, client: Any) -> bool:
    """Return whether two facts are the same; numbers within the tolerance of L12."""
    if isinstance(server, Decimal) and isinstance(client, Decimal):
        return not exceeds(server, client) and not exceeds(client, server)
    return bool(server == client)


def test_the_client_derives_the_totals_and_states_of_blocks_that_the_server_does(snapshot: Snapshot) -> None:
    different = []
    for id, row in snapshot.blocks.items():
        server, client = facts(row), facts(with_totals(row.block, snapshot))
        different += [
            f"{id.code}: {name} is {server[name]} on the server, {client[name]} here"
            for name in server
            if not is_same(server[name], client[name])
        ]
    assert not different, "\n".join(different)
    states = {row.derived_state for row in snapshot.blocks.values()}
    assert len(states) >= 12, f"the demo has blocks in few states only: {sorted(states)}"
