"""The cost of a page: every list is read from an index, and every plan finds the same rows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal

import httpx
import pytest

from tests.oms.contract_scenario import play
from tests.oms.request_bodies import NINE, an_order, oid, put
from tui.api.base import ResourceId
from tui.api.client import Client
from tui.api.models import Order
from tui.oms.engine.engine import Engine

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
