"""Pages of lists, after the contract's section 4: tokens, limits, and lists as at a time."""

from __future__ import annotations

import base64
import itertools
import json
import threading
from collections import OrderedDict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from tests.oms.query.five_orders import codes
from tests.oms.request_bodies import NINE, an_order, drop, put
from tui.api.base import ResourceId
from tui.api.client import Client
from tui.api.errors import Refused
from tui.api.http import Http, asgi_transport
from tui.api.models import Order
from tui.oms.demo.universe import instrument_table
from tui.oms.domain.times import from_micros, to_micros
from tui.oms.engine.engine import Engine
from tui.oms.http.app import Server
from tui.oms.query import pages


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


async def test_a_page_of_large_rows_ends_before_its_limit(
    engine: Engine, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "ROWS_A_STATEMENT", 10)
    monkeypatch.setattr(pages, "MAX_PAGE_BYTES", 10_000)
    engine.write(put, [an_order(f"ORD-{number:03}") for number in range(100)], user="u")
    sizes, seen, token = list[int](), list[str](), None
    while not seen or token:
        page = await client.orders.list(limit=70, page=token)
        sizes.append(len(page.values))
        seen += [row.id.code for row in page.values]
        token = page.next_page
    assert max(sizes) < 70
    assert seen == [f"ORD-{number:03}" for number in range(100)]
