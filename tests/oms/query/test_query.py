"""Lists: filters, sorts and pages of the contract's section 4."""

from __future__ import annotations

import base64
import itertools
import json
import re
import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
from msgspec.structs import replace

from tests.oms.contract_scenario import play
from tests.oms.request_bodies import NINE, an_order, drop, labelled, oid, put, usd
from tui.api.base import MetricValue, PerpetualProperty, PropertyValue, ResourceId
from tui.api.client import Client
from tui.api.codec import Page
from tui.api.errors import Refused
from tui.api.http import Http, asgi_transport
from tui.api.models import Block, Order, Placement
from tui.oms.demo.universe import instrument_table
from tui.oms.domain.refusals import Refusal
from tui.oms.domain.times import from_micros, to_micros
from tui.oms.domain.unit_of_work import Stored
from tui.oms.engine.engine import Engine
from tui.oms.http.app import Server
from tui.oms.query.pages import ListQuery, read_page
from tui.oms.query.queryable_fields import fields_of

STRATEGY = "Order/Desk/Strategy"


def metric(key: str, value: str) -> dict[str, PerpetualProperty]:
    number = PropertyValue(metric_value=MetricValue(value=Decimal(value)))
    return {key: PerpetualProperty(key=key, value=number)}


@pytest.fixture
def orders(engine: Engine) -> Sequence[Order]:
    """Write five orders that differ in every queryable field."""
    made = [
        an_order("ORD-1", side="Buy", properties=labelled(STRATEGY, "Momentum"), limit_price=usd("190.5")),
        an_order("ORD-2", side="Sell", quantity=Decimal("9.5"), state="Filled", portfolio_id=oid("INCOME")),
        an_order("ORD-3", quantity=Decimal(1000), state="Cancelled", portfolio_id=None),
        an_order("ORD-4", state=None, date=NINE + timedelta(hours=1), properties=labelled(STRATEGY, "Value")),
        an_order(
            "ORD-5", state="filled", lusid_instrument_id="LUID_ZZZZZZZZ", properties=metric(STRATEGY, "7.5")
        ),
    ]
    for minute, order in enumerate(made):
        engine.write(put, [order], user="u", now=NINE + timedelta(minutes=minute))
    return made


def codes(page: Page[Any]) -> str:
    """Return the last letters of the ids of a page, in its sort."""
    return "".join(row.id.code[-1] for row in page.values)


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


# -- pages ---------------------------------------------------------------------------------------------


async def test_pages_neither_lose_nor_repeat_while_others_write(engine: Engine, client: Client) -> None:
    engine.write(put, [an_order(f"ORD-{number:03}", state="New") for number in range(0, 100, 2)], user="u")
    for sort in ([], ["state"], ["-state"], ["quantity"], ["version.asAtModified DESC"]):
        wanted = [row.id.code for row in (await client.orders.list(sort_by=sort, limit=5000)).values]
        seen: list[str] = []
        token: str | None = None
        while not seen or token:
            page = await client.orders.list(limit=7, page=token, sort_by=() if token else sort)
            seen += [row.id.code for row in page.values]
            token = page.next_page
            row = page.values[0]
            engine.write(put, [an_order(f"ORD-{len(seen):03}-{sort}", state="Filled")], user="u")
            engine.write(put, [replace(row, state="Cancelled", quantity=Decimal(len(seen)))], user="u")
            engine.write(drop, page.values[-1], user="u")
        assert seen == wanted, sort


@pytest.mark.parametrize(
    "sort", [(), ("-id",), ("-state",), ("side", "-version.asAtModified"), ("quantity",)]
)
async def test_pages_are_consistent_while_another_thread_writes(
    tmp_path: Path, sort: tuple[str, ...]
) -> None:
    engine = Engine.open(tmp_path / "desk.db", instrument_table)
    engine.write(put, [an_order(f"ORD-{number:03}") for number in range(200)], user="u")
    over = threading.Event()

    def write() -> None:
        for turn in itertools.count(200):
            if over.is_set():
                return
            row = an_order(f"ORD-{turn * 37 % 230:03}", state=f"S{turn % 5}", quantity=Decimal(turn % 7))
            engine.write(put, [row], user="v")
            engine.write(drop, an_order(f"ORD-{turn * 11 % 230:03}"), user="v")

    writer = threading.Thread(target=write)
    writer.start()
    client = Client(Http("http://embedded/api", transport=asgi_transport(Server(engine))))
    try:
        page = await client.orders.list(sort_by=sort, limit=9, filter="side eq 'Buy'")
        seen = list(page.values)
        assert page.next_page is not None
        as_at = from_micros(json.loads(base64.b64decode(page.next_page))["a"])
        while page.next_page is not None:
            page = await client.orders.list(page=page.next_page, limit=9)
            seen += page.values
        whole = await client.orders.list(sort_by=sort, limit=5000, filter="side eq 'Buy'", as_at=as_at)
    finally:
        over.set()
        writer.join()
        await client.close()
    assert engine.store.last > to_micros(as_at), "others wrote meanwhile"
    engine.close()
    assert seen == list(whole.values)
    assert len(seen) > 100


async def test_pages_of_a_future_as_at_are_consistent(
    engine: Engine, orders: Sequence[Order], client: Client
) -> None:
    to_come = datetime(2999, 1, 1, tzinfo=UTC)
    page = await client.orders.list(as_at=to_come, sort_by=["quantity"], limit=2)
    whole = await client.orders.list(sort_by=["quantity"])
    engine.write(put, [replace(order, quantity=Decimal(1)) for order in orders], user="v")
    rest = await client.orders.list(as_at=to_come, page=page.next_page)
    assert (*page.values, *rest.values) == whole.values
    with pytest.raises(Refused):
        await client.orders.list(as_at=to_come + timedelta(days=1), page=page.next_page)


async def test_a_page_token_has_the_form_of_the_contract(orders: Sequence[Order], client: Client) -> None:
    page = await client.orders.list(filter="quantity gt 1", sort_by=["-quantity"], limit=2)
    assert page.next_page is not None
    told = json.loads(base64.b64decode(page.next_page))
    assert told.keys() == {"o", "f", "s", "a"}
    rest = await client.orders.list(page=page.next_page)
    repeated = await client.orders.list(filter="quantity gt 1", sort_by=["-quantity"], page=page.next_page)
    assert codes(page) + codes(rest) == "31452"
    assert rest == repeated


@pytest.mark.parametrize(
    "question", [{"filter": "state eq 'New'"}, {"sort_by": ["state"]}, {"as_at": NINE}], ids=str
)
async def test_a_page_token_of_another_query_is_refused(
    orders: Sequence[Order], client: Client, question: dict[str, Any]
) -> None:
    token = (await client.orders.list(limit=1)).next_page
    with pytest.raises(Refused) as refused:
        await client.orders.list(page=token, **question)
    assert (refused.value.status, refused.value.code) == (400, 689)


@pytest.mark.parametrize(
    "token",
    [
        "x",
        "nonsense!",
        base64.b64encode(b"{}").decode(),
        base64.b64encode(b'{"o":99,"a":1}').decode(),
        base64.b64encode(b'{"o":99999999999999999999,"a":1}').decode(),
        base64.b64encode(b'{"o":0,"a":-999999999999999999}').decode(),
    ],
)
async def test_a_forged_page_token_is_refused(client: Client, token: str) -> None:
    with pytest.raises(Refused) as refused:
        await client.orders.list(page=token)
    assert (refused.value.status, refused.value.code) == (400, 689)


async def test_the_page_token_of_a_long_query_is_short_and_survives_a_restart(
    orders: Sequence[Order], client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    filter = " or ".join(f"quantity eq {number}" for number in (100, 1000, *range(50)))
    sort = ["-quantity"]
    page = await client.orders.list(filter=filter, sort_by=sort, limit=1)
    token = page.next_page
    assert token is not None
    assert len(token) <= 500
    assert codes(page) + codes(await client.orders.list(page=token)) == "3145"
    monkeypatch.setattr("tui.oms.query.page_tokens._LONG_QUERIES", OrderedDict())
    repeated = await client.orders.list(page=token, filter=filter, sort_by=sort)
    assert codes(page) + codes(repeated) == "3145"
    questions: tuple[dict[str, Any], ...] = (
        {},
        {"filter": filter},
        {"filter": filter + " ", "sort_by": ["quantity"]},
    )
    for question in questions:
        with pytest.raises(Refused, match="needs its filter and sortBy") as refused:
            await client.orders.list(page=token, **question)
        assert (refused.value.status, refused.value.code) == (400, 689)


@pytest.mark.parametrize("limit", [0, -1, 5001])
async def test_a_limit_out_of_bounds_is_refused(client: Client, limit: int) -> None:
    with pytest.raises(Refused) as refused:
        await client.orders.list(limit=limit)
    assert refused.value.status == 400


@pytest.mark.parametrize("few", [0, 1_000_000], ids=["by the order", "by the range"])
async def test_a_range_filter_finds_the_same_rows_by_every_plan(
    engine: Engine, client: Client, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    monkeypatch.setattr("tui.oms.query.planner.SORT_LIMIT_ROWS", few)
    for number in range(30):
        order = an_order(f"ORD-{29 - number:02}", state=["New", "Filled", None][number % 3])
        engine.write(put, [order], user="u", now=NINE + timedelta(minutes=number))
    late = "version.asAtModified gte 2026-11-20T09:20:00 and (side eq 'Buy' or side eq 'Sell')"
    for filter in (late, "id.code lt 'ORD-10'", "id.code startswith 'ord-0'", f"state lt 'New' and {late}"):
        for sort in ([], ["state"], ["-state"], ["version.asAtModified"], ["quantity"]):
            whole = [row.id for row in (await client.orders.list(filter=filter, sort_by=sort)).values]
            paged: list[ResourceId] = []
            token: str | None = ""
            while token is not None:
                page = await client.orders.list(filter=filter, sort_by=sort, limit=3, page=token or None)
                paged += [row.id for row in page.values]
                token = page.next_page
            assert paged == whole
            assert len(whole) == (3 if "state" in filter else 10), filter
            if not sort:
                assert paged == sorted(paged)


async def test_a_list_as_at_a_time_is_what_it_was_then(engine: Engine, client: Client) -> None:
    for hour, quantity in enumerate((100, 60, 80)):
        order = an_order("ORD-1", quantity=Decimal(quantity), state=["New", "Filled", "New"][hour])
        engine.write(put, [order, an_order(f"ORD-{hour + 2}")], user="u", now=NINE + timedelta(hours=hour))
    for hour, quantity in enumerate((100, 60, 80)):
        at = NINE + timedelta(hours=hour, minutes=30)
        for sort in ([], ["state"], ["-quantity"]):
            rows = (await client.orders.list(as_at=at, sort_by=sort)).values
            assert len(rows) == hour + 2
            assert {row.quantity for row in rows if row.id.code == "ORD-1"} == {quantity}
        new = await client.orders.list(as_at=at, filter="state eq 'New'")
        assert ("1" in codes(new)) is (quantity != 60)
    assert (await client.orders.list(as_at=NINE - timedelta(days=1))).values == ()


async def test_start_skips_rows_for_the_oldest_clients(orders: Sequence[Order], raw: Any) -> None:
    rows = (await raw.get("/api/orders?start=3&limit=1")).json()["values"]
    assert [row["id"]["code"] for row in rows] == ["ORD-4"]


# -- the cost of a page --------------------------------------------------------------------------------


STATE, SIDE = "state eq 'New'", "side in ('Buy','Sell')"
SORT_FIELDS = ("id", "id.code", "id.scope", "state", "side", "lusidInstrumentId", "portfolioId.code", "date")
NEWEST = "version.asAtModified"
LIST_QUERIES = [
    *(
        (filter, way + sort)
        for sort in ("", *SORT_FIELDS, NEWEST)
        for way in ("", "-")[: 1 + bool(sort)]
        for filter in ("",)
    ),
    *(
        (filter, sort)
        for sort in ("", "-id", NEWEST, "-" + NEWEST)
        for filter in (
            STATE,
            "state neq 'New'",
            "not state exists",
            "state startswith 'n' or state eq 'Filled'",
            SIDE,
            f"{STATE} and {SIDE}",
            "state eq 'Lost'",
            f"{STATE} and version.asAtModified gt 2026-11-20T09:05:00Z",
            f"{STATE} and portfolioId.code eq 'GROWTH'",
        )
    ),
    *(
        (filter, sort)
        for sort in ("", "-id")
        for filter in (
            "id.code eq 'ord-01'",
            "id.scope eq 'desk'",
            "id.scope eq 'nowhere'",
            f"{STATE} and lusidInstrumentId eq 'LUID_1'",
            "lusidInstrumentId eq 'LUID_1'",
            "lusidInstrumentId in ('LUID_1','luid_2','LUID_1')",
            "portfolioId.code eq 'growth'",
            "portfolioId.code not exists",
        )
    ),
    (STATE, "state"),
    ("state eq 'Lost'", "lusidInstrumentId"),
    (STATE, "-side"),
    (SIDE, "-state"),
    ("version.asAtModified gt 2026-11-20T09:05:00Z", NEWEST),
]


@pytest.fixture
def forty_orders(engine: Engine) -> Engine:
    """Write forty orders of two scopes, no two alike."""
    for number in range(40):
        order = an_order(
            f"ORD-{39 - number:02}",
            id=ResourceId(("Desk", "Other")[number % 2], f"ORD-{39 - number:02}"),
            state=("New", "Filled", None, "new")[number % 4],
            side=("Buy", "Sell", "SellShort")[number % 3],
            lusid_instrument_id=f"LUID_{number % 5}",
            portfolio_id=oid(("GROWTH", "Income")[number % 2]) if number % 7 else None,
            quantity=Decimal(number),
        )
        engine.write(put, [order], user="u", now=NINE + timedelta(minutes=number // 2))
    return engine


@pytest.mark.parametrize(("filter", "sort"), LIST_QUERIES)
async def test_a_page_is_read_from_an_index_in_the_sort(
    forty_orders: Engine, client: Client, monkeypatch: pytest.MonkeyPatch, filter: str, sort: str
) -> None:
    monkeypatch.setattr("tui.oms.query.planner.SORT_LIMIT_ROWS", 0)
    with recorded_plans(forty_orders) as steps:
        sorts = [sort] if sort else []
        page = await client.orders.list(filter=filter, sort_by=sorts, limit=2)
        if page.next_page:
            await client.orders.list(page=page.next_page, limit=2)
    if "Lost" in filter or "nowhere" in filter:
        assert page.values == ()
        return
    assert [step for step in steps if step.startswith(("SEARCH l USING", "SCAN l USING"))]
    assert [step for step in steps if FULL_SCAN.search(step) or "TEMP B-TREE FOR ORDER BY" in step] == []


FULL_SCAN = re.compile(r"^SCAN (l|live_\w+|v|version|c|closed|w|gone|x|link|g|p)$")
"""A step of a query plan that reads a whole table."""


@contextmanager
def recorded_plans(engine: Engine) -> Iterator[list[str]]:
    """Collect SQLite's query plans of the lists read inside."""
    said: list[str] = []
    steps: list[str] = []
    connection = engine.store.connection
    connection.set_trace_callback(said.append)
    yield steps
    connection.set_trace_callback(None)
    for statement in said:
        if "SELECT" in statement and " mix_" not in statement:
            steps += [step for *_, step in connection.execute(f"EXPLAIN QUERY PLAN {statement}")]


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("blocks", {"filter": "orderIds.code eq 'ORD-1'"}),
        ("blocks", {"filter": "side eq 'Buy'", "sortBy": "-version.asAtModified"}),
        ("placements", {"filter": "blockIds any (~.code eq 'BLK-1')"}),
        ("placements", {"filter": "blockIds.code in ('BLK-1','BLK-2')", "sortBy": "-version.asAtModified"}),
        ("placements", {"filter": "state eq 'New'", "sortBy": "-version.asAtModified"}),
        ("executions", {"filter": "placementId.code eq 'PLC-1'"}),
        ("executions", {"filter": "placementId.code in ('PLC-1','PLC-2') and side eq 'Buy'"}),
        ("allocations", {"filter": "allocatedOrderId.code eq 'ORD-1'"}),
        ("allocations", {"filter": "placementIds.code eq 'PLC-1'"}),
        ("allocations", {"sortBy": "-allocatedOrderId.code"}),
        ("ordergraph/blocks", {}),
        ("ordergraph/blocks", {"filter": "side eq 'Buy' and lusidInstrumentId eq 'LUID_0000AAPL'"}),
        ("ordergraph/blocks", {"sortBy": "-version.asAtModified", "includeSwept": "false"}),
        ("ordergraph/placements", {"filter": "state eq 'Cancelled'", "sortBy": "-id"}),
        ("ordergraph/placementchildren/Desk/PLC-1", {}),
        ("transactionportfolios/Desk/GROWTH/transactions", {}),
        ("transactionportfolios/Desk/GROWTH/transactions", {"fromTransactionDate": "2026-11-20"}),
        ("transactionportfolios/Desk/GROWTH/transactions", {"showCancelledTransactions": "True"}),
        ("order/Desk/ORD-1", {}),
    ],
)
@pytest.mark.parametrize(("as_at", "much"), [("now", 500), ("then", 500), ("then", 1)])
async def test_no_list_reads_a_whole_table(
    engine: Engine,
    raw: httpx.AsyncClient,
    monkeypatch: pytest.MonkeyPatch,
    path: str,
    query: dict[str, str],
    as_at: str,
    much: int,
) -> None:
    await play(raw)
    monkeypatch.setattr("tui.oms.query.pages.MANY_CHANGES", much)
    last = await raw.get("/api/orders", params={"sortBy": "version.asAtModified", "limit": "1"})
    when = {"asAt": last.json()["values"][0]["version"]["asAtModified"]} if as_at == "then" else {}
    path = f"ordermanagement/{path}/$history" if path.startswith("order/") else path
    with recorded_plans(engine) as steps:
        answer = await raw.get(f"/api/{path}", params={"limit": "1", **query, **when})
    assert answer.status_code in (200, 404)
    assert steps
    assert [step for step in steps if FULL_SCAN.search(step)] == []


@pytest.mark.parametrize("few", [0, 1_000_000], ids=["by the order", "by the range"])
async def test_every_query_finds_the_same_rows_by_every_plan(
    forty_orders: Engine, client: Client, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    monkeypatch.setattr("tui.oms.query.planner.SORT_LIMIT_ROWS", few)
    for filter, sort in LIST_QUERIES:
        sorts = [sort] if sort else []
        wanted = await client.orders.list(filter=filter or "quantity gte 0", sort_by=[*sorts, "quantity"])
        whole = await client.orders.list(filter=filter, sort_by=sorts)
        assert {row.id for row in whole.values} == {row.id for row in wanted.values}, (filter, sorts)
        paged: list[Order] = []
        token: str | None = ""
        while token is not None:
            page = await client.orders.list(filter=filter, sort_by=sorts, limit=15, page=token or None)
            paged, token = paged + list(page.values), page.next_page
        assert paged == list(whole.values), (filter, sorts)
