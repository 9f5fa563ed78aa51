"""Small entities, and commands that store them without rules, for tests of the store and the queries."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

import httpx

from tui.api.base import CurrencyAndAmount, PerpetualProperty, PropertyValue, ResourceId
from tui.api.models import Order
from tui.oms.domain.unit_of_work import ReplyBuilder, Stored, UnitOfWork

NINE = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)

LISTS: Final = ("blocks", "orders", "placements", "executions", "allocations", "ordergraph/blocks")


async def everything(server: httpx.AsyncClient) -> list[bytes]:
    """Return every list of a server, as bytes."""
    return [(await server.get(f"/api/{name}?limit=5000")).content for name in LISTS]


def put(uow: UnitOfWork, entities: Sequence[Stored]) -> ReplyBuilder:
    """Store entities without checking any rule."""
    for entity in entities:
        uow.put(entity)
    return lambda: [uow.get(type(entity), entity.id) for entity in entities]


def drop(uow: UnitOfWork, entity: Stored) -> ReplyBuilder:
    """Delete an entity without checking any rule."""
    uow.remove(type(entity), entity.id)
    return lambda: None


def oid(code: str) -> ResourceId:
    return ResourceId("Desk", code)


def an_order(code: str, **changes: Any) -> Order:
    """Return an order to buy 100, in the state New, of portfolio GROWTH."""
    fields: dict[str, Any] = {
        "id": oid(code),
        "instrument_identifiers": {"Instrument/default/Figi": "BBG000B9XRY4"},
        "lusid_instrument_id": "LUID_0000AAPL",
        "quantity": Decimal(100),
        "side": "Buy",
        "state": "New",
        "portfolio_id": oid("GROWTH"),
        "date": NINE,
        "links": (),
    }
    return Order(**{**fields, **changes})


def usd(amount: str) -> CurrencyAndAmount:
    return CurrencyAndAmount(amount=Decimal(amount), currency="USD")


def labelled(key: str, label: str) -> dict[str, PerpetualProperty]:
    return {key: PerpetualProperty(key=key, value=PropertyValue(label_value=label))}
