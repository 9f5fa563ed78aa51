"""The cached JSON of an entity is what the codec would write, and replies contain it unchanged."""

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
def test_an_entity_is_encoded_as_the_codec_does(entity: Order | Block | Allocation) -> None:
    json_cache = JsonCache()
    for _ in range(2):
        assert json_cache.encode_and_keep(entity) == codec.encode(entity)


def test_a_reply_with_cached_json_spliced_in_reads_as_if_encoded_as_a_whole() -> None:
    json_cache = JsonCache()
    orders = tuple(an_order(f"ORD-{number}", version=WRITTEN) for number in range(3))
    for known in (A_BLOCK, *orders[:2]):
        json_cache.encode_and_keep(known)
    created = ResourceList(values=(BlockAndOrders(block=A_BLOCK, orders=orders),), links=())
    assert json_cache.splice(created) == codec.encode(created)
    failed = {"k\0": ErrorDetail(id="k", detail="NaN is no \0 number")}
    updated = KeyedReply(values={"a": orders[0], "b": orders[2]}, failed=failed)
    assert json_cache.splice(updated) == codec.encode(updated)
    assert json_cache.splice(AN_ALLOCATION) == codec.encode(AN_ALLOCATION)
