"""The texts the server keeps of entities say what the gate would say, and go into answers as they are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from msgspec.structs import replace

from tests.oms.request_bodies import NINE, an_order, labelled, oid, usd
from tui.api import codec
from tui.api.base import ErrorDetail, Version
from tui.api.models import Allocation, Block, Order
from tui.api.requests import BlockAndOrders, KeyedReply, ResourceList
from tui.oms.store.json_cache import JsonCache

WRITTEN = Version(
    effective_from=datetime.min.replace(tzinfo=UTC),
    as_at_date=NINE,
    as_at_created=NINE + timedelta(microseconds=120),
    user_id_created="dlr.okafor",
    request_id_created='0H"1',
    as_at_modified=NINE,
    user_id_modified="dlr.chen",
    request_id_modified="0H2",
    as_at_version_number=3,
    entity_unique_id="an-id",
)
A_BLOCK = Block(
    id=oid("BLK-1"),
    order_ids=(oid("ORD-1"), oid("ORD-2")),
    instrument_identifiers={},
    side="Buy",
    created_date=NINE.astimezone(timezone(timedelta(hours=2))),
    limit_price=usd("190.50"),
    version=WRITTEN,
)
AN_ALLOCATION = Allocation(
    id=oid("ALL-1"),
    allocated_order_id=oid("ORD-1"),
    portfolio_id=oid("GROWTH"),
    quantity=Decimal("1E+2"),
    instrument_identifiers={},
    execution_ids=(oid("EXE-1"), oid("EXE-2")),
)


@pytest.mark.parametrize(
    "entity",
    [
        an_order("ORD-1"),
        an_order("ORD-1", version=WRITTEN, properties=labelled("Order/Desk/Note", "NaN, it says \u00e9\n")),
        an_order("ORD-1", version=replace(WRITTEN, as_at_version_number=None)),
        an_order(
            "ORD-1",
            quantity=Decimal("0.1000000000000000000000000001"),
            date=datetime.max.replace(tzinfo=timezone(timedelta(hours=-5))),
        ),
        A_BLOCK,
        AN_ALLOCATION,
    ],
)
def test_an_entity_is_written_as_the_gate_writes_it(entity: Order | Block | Allocation) -> None:
    texts = JsonCache()
    for _ in range(2):
        assert texts.keep(entity) == codec.encode(entity)


def test_an_answer_is_the_texts_joined_and_reads_as_if_it_had_been_written_at_once() -> None:
    texts = JsonCache()
    orders = tuple(an_order(f"ORD-{number}", version=WRITTEN) for number in range(3))
    for known in (A_BLOCK, *orders[:2]):
        texts.keep(known)
    created = ResourceList(values=(BlockAndOrders(block=A_BLOCK, orders=orders),), links=())
    assert texts.joined(created) == codec.encode(created)
    failed = {"k\0": ErrorDetail(id="k", detail="NaN is no \0 number")}
    updated = KeyedReply(values={"a": orders[0], "b": orders[2]}, failed=failed)
    assert texts.joined(updated) == codec.encode(updated)
    assert texts.joined(AN_ALLOCATION) == codec.encode(AN_ALLOCATION)
