"""Filters and sorts of lists, after the contract's section 4."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import httpx
import pytest
from msgspec.structs import replace

from tests.oms.query.five_orders import codes
from tests.oms.request_bodies import NINE, oid, put
from tui.api.client import Client
from tui.api.errors import Refused
from tui.api.models import Block, Order, Placement
from tui.oms.domain.refusals import Refusal
from tui.oms.domain.unit_of_work import Stored
from tui.oms.engine.engine import Engine
from tui.oms.query.pages import ListQuery, read_page
from tui.oms.query.queryable_fields import fields_of


@pytest.mark.parametrize(
    ("filter", "found"),
    [
        ("state eq 'New'", "1"),
        ("STATE EQ 'filled'", "25"),
        ("state neq 'New'", "235"),
        ("not (state eq 'New')", "235"),
        ("not state exists", "4"),
        ("state not exists", "4"),
        ("state exists", "1235"),
        ("state in ('New', 'Cancelled')", "13"),
        ("state in 'New','Cancelled'", "13"),
        ("state not in ('New', 'Cancelled')", "25"),
        ("state startswith 'fil'", "25"),
        ("quantity gt 99.99", "1345"),
        ("quantity lt 10", "2"),
        ("Quantity gte 9.50 and Quantity lte 9.5", "2"),
        ("quantity eq 1e3", "3"),
        ("side eq 'Sell' or state eq 'New' and side eq 'Buy'", "12"),
        ("(side eq 'Sell' or state eq 'New') and side eq 'Buy'", "1"),
        ("id.code eq 'ord-3'", "3"),
        ("id.code startswith 'ORD'", "12345"),
        ("id.code gt 'ORD-3'", "45"),
        ("Id.Scope eq 'Desk' and LusidInstrumentId eq 'LUID_ZZZZZZZZ'", "5"),
        ("portfolioId.code eq 'GROWTH' and portfolioId.scope eq 'Desk'", "145"),
        ("portfolioId not exists", "3"),
        ("portfolioId.code neq 'GROWTH'", "2"),
        ("limitPrice.amount gt 190 and limitPrice.currency eq 'usd'", "1"),
        ("limitPrice exists", "1"),
        ("date gt 2026-11-20T09:30:00", "4"),
        ("date eq 2026-11-20T10:00:00+01:00", "1235"),
        ("date gte '2026-11-20' and date lt 2026-11-21", "12345"),
        ("version.asAtModified gt 2026-11-20T09:02:00Z", "45"),
        ("version.asAtModified lte 2026-11-20T09:02:00.0000000+00:00", "123"),
        ("version.asAtVersionNumber eq 1", "12345"),
        ("version.userIdModified eq 'U'", "12345"),
        ("properties[Order/Desk/Strategy] eq 'momentum'", "1"),
        ("properties['Order/Desk/Strategy'] in ('Momentum','Value')", "14"),
        ("properties.Order/Desk/Strategy startswith 'v'", "4"),
        ("properties[Orders/Desk/Strategy] gt 7", "5"),
        ("properties[Order/Desk/Strategy] exists", "145"),
        ("properties[Order/Desk/Other] not exists", "12345"),
        ("instrumentIdentifiers['Instrument/default/Figi'] eq 'BBG000B9XRY4'", "12345"),
        ("identifiers['Figi'] neq 'BBG000B9XRY4'", ""),
        ("state eq 'it''s'", ""),
        ("", "12345"),
        ("  ", "12345"),
    ],
)
async def test_a_filter_finds_its_matches(
    orders: Sequence[Order], client: Client, filter: str, found: str
) -> None:
    assert codes(await client.orders.list(filter=filter)) == found


@pytest.mark.parametrize(
    ("filter", "code", "sentence"),
    [
        ("state eqq 'New'", 233, "Unexpected token 'eqq' at position 6."),
        ("state eq", 233, "ends too early at position 8"),
        ("state eq 'New", 233, "The text that begins at position 9 has no closing quote."),
        ("(state eq 'New'", 233, "expected ')'"),
        ("state eq 'New' quantity", 233, "Unexpected token 'quantity' at position 15."),
        ("and", 233, "Unexpected token 'and'"),
        ("state ; drop table version", 233, "Unexpected token ';' at position 6."),
        ("(" * 40 + "state eq 'New'" + ")" * 40, 233, "nested more than 32 deep"),
        ("colour eq 'red'", 151, "There is no field 'colour'"),
        ("portfolioId.name eq 'x'", 151, "There is no field 'portfolioId.name'"),
        ("portfolioId eq 'x'", 151, "'portfolioId' has parts"),
        ("quantity eq 'many'", 151, "'many' is not a number, as 'quantity' is."),
        ("date gt 'soon'", 151, "'soon' is not a date, as 'date' is."),
        ("quantity startswith '1'", 151, "is not a number"),
        ("""properties[a"b] eq 'x'""", 151, "is not a field"),
    ],
)
async def test_an_invalid_filter_is_refused_in_a_sentence(
    client: Client, filter: str, code: int, sentence: str
) -> None:
    with pytest.raises(Refused) as refused:
        await client.orders.list(filter=filter)
    assert (refused.value.status, refused.value.code) == (400, code)
    assert sentence in refused.value.why


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ([], "12345"),
        (["id"], "12345"),
        (["-id"], "54321"),
        (["id.code DESC"], "54321"),
        (["state"], "32514"),
        (["state DESC"], "12534"),
        (["-state"], "12534"),
        (["quantity"], "21453"),
        (["quantity desc"], "31452"),
        (["portfolioId.code asc"], "14523"),
        (["portfolioId.code desc"], "21453"),
        (["state", "-quantity"], "35214"),
        (["side DESC", "id.code DESC"], "25431"),
        (["date desc"], "41235"),
        (["version.asAtModified DESC"], "54321"),
        (["properties[Order/Desk/Strategy]"], "51423"),
    ],
)
async def test_a_sort_puts_nulls_last_and_breaks_ties_by_id(
    orders: Sequence[Order], client: Client, sort: list[str], order: str
) -> None:
    assert codes(await client.orders.list(sort_by=sort)) == order
    paged = ""
    token = None
    for _ in range(5):
        page = await client.orders.list(sort_by=sort, limit=1, page=token)
        paged, token = paged + codes(page), page.next_page
    assert (paged, token) == (order, None)


@pytest.mark.parametrize(("sort", "code"), [("colour", 681), ("portfolioId", 681), ("", 0)])
async def test_a_sort_by_an_unknown_field_is_refused(client: Client, sort: str, code: int) -> None:
    if not code:
        assert (await client.orders.list(sort_by=[sort])).values == ()
        return
    with pytest.raises(Refused) as refused:
        await client.orders.list(sort_by=[sort])
    assert refused.value.problem is not None
    assert (refused.value.problem.code, refused.value.problem.name) == (code, "SortingByFieldNotSupported")


async def test_a_block_is_found_by_its_orders_and_a_placement_by_its_blocks(
    engine: Engine, client: Client
) -> None:
    fields: dict[str, Any] = {
        "instrument_identifiers": {},
        "side": "Buy",
        "created_date": NINE,
        "quantity": Decimal(1),
    }
    blocks: list[Stored] = [
        Block(id=oid("BLK-1"), order_ids=(oid("ORD-1"), oid("ORD-2")), **fields),
        Block(id=oid("BLK-2"), order_ids=(oid("ORD-3"),), **fields),
        Block(id=oid("BLK-3"), order_ids=(), **fields),
    ]
    placement = Placement(id=oid("PLC-1"), block_ids=(oid("BLK-1"), oid("BLK-2")), **fields)
    engine.write(put, [*blocks, placement], user="u")
    assert codes(await client.blocks.list(filter="orderIds any (~.code eq 'ord-2')")) == "1"
    assert codes(await client.blocks.list(filter="orderIds.code eq 'ORD-3'")) == "2"
    assert codes(await client.blocks.list(filter="orderIds all (~.code startswith 'ORD')")) == "12"
    assert codes(await client.blocks.list(filter="orderIds all (~.code in ('ORD-1'))")) == ""
    assert codes(await client.placements.list(filter="blockIds.code in ('BLK-2','BLK-9')")) == "1"
    engine.write(put, [replace(blocks[0], order_ids=(oid("ORD-1"),))], user="u")
    assert codes(await client.blocks.list(filter="orderIds.code eq 'ORD-2'")) == "", "it left the block"


async def test_a_long_filter_is_answered_and_a_deep_one_at_least_refused(
    orders: Sequence[Order], engine: Engine, raw: httpx.AsyncClient
) -> None:
    def ask(filter: str) -> int:
        return len(
            engine.view(lambda reads: read_page(reads, ListQuery(fields_of(Order), filter=filter))).rows
        )

    for word, found in (("or", 1), ("and", 0)):
        assert ask(f" {word} ".join([*["side eq 'x'"] * 1000, "id.code eq 'ORD-2'"])) == found
    assert ask(f"side eq '{'x' * (16_384 - 10)}'") == 0
    with pytest.raises(Refusal, match="longer than 16384 characters"):
        ask(f"side eq '{'x' * 16_384}'")
    deep = "not (side eq 'x' or (side exists and " * 15 + "state exists" + "))" * 15
    answer = await raw.get("/api/orders", params={"filter": deep})
    assert (answer.status_code, answer.json()["code"]) == (400, 233)
