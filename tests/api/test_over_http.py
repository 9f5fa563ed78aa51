"""Client and embedded server over HTTP: the server stores and returns exactly what the client sends."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import httpx
import pytest

from tests.api.examples import example
from tui.api.base import CurrencyAndAmount, PerpetualProperty, PropertyValue, ResourceId
from tui.api.client import Client
from tui.api.errors import Refused
from tui.api.requests import OrderRequest

FIGI = {"Instrument/default/Figi": "BBG000B9XRY4"}


def order(code: str, quantity: Decimal | None = Decimal(1), **members: Any) -> OrderRequest:
    return OrderRequest(
        id=ResourceId("Desk", code), side="Buy", instrument_identifiers=FIGI, quantity=quantity, **members
    )


async def test_no_digit_of_a_quantity_or_price_is_lost_on_the_way_and_back(client: Client) -> None:
    numbers = random.Random(7)
    sent = {}
    for number in range(1000):
        digits = Decimal(numbers.randrange(10**27, 10**28)).scaleb(-numbers.randrange(0, 27))
        price = CurrencyAndAmount(amount=digits / 7, currency="USD")
        sent[f"N-{number:04}"] = order(f"N-{number:04}", digits, type="Limit", limit_price=price)
    await client.orders.upsert(list(sent.values()))
    page = await client.orders.list(limit=1000)
    assert len(page.values) == 1000
    for row in page.values:
        assert str(row.quantity) == str(sent[row.id.code].quantity)
        assert row.limit_price == sent[row.id.code].limit_price


async def test_a_text_is_kept_as_sent_and_shown_clean(client: Client, raw: httpx.AsyncClient) -> None:
    hostile = "first\nsecond \x1b]52;c;AA\x07 \u202eend 'quoted' \"twice\" [b]株式[/b]"
    key = "Order/Desk/Note"
    note = {key: PerpetualProperty(key=key, value=PropertyValue(label_value=hostile))}
    await client.orders.upsert([order("T-1", properties=note)])
    kept = (await raw.get("/api/orders/Desk/T-1")).json()
    assert kept["properties"][key]["value"]["labelValue"] == hostile
    shown = await client.orders.get(ResourceId("Desk", "T-1"))
    assert str((shown.properties or {})[key].value) == (
        "first\ufffdsecond \ufffd]52;c;AA\ufffd \ufffdend 'quoted' \"twice\" [b]株式[/b]"
    )


async def test_a_time_comes_back_as_the_same_moment(client: Client, raw: httpx.AsyncClient) -> None:
    moment = datetime(2026, 11, 20, 9, 0, 0, 123456, tzinfo=UTC)
    await client.orders.upsert([order("D-1", date=moment)])
    assert (await client.orders.get(ResourceId("Desk", "D-1"))).date == moment
    assert (await raw.get("/api/orders/Desk/D-1")).json()["date"] == "2026-11-20T09:00:00.1234560+00:00"


@pytest.mark.parametrize(
    "quantity",
    [
        *('"NaN"', '"sNaN"', '"Infinity"', '"-inf"', '"1E+999999999"', '"\\u0031E999999"', '"１E９９９９"'),
        *("NaN", "1e400", "1E-400", "9" * 5000, '"many"', "[]", "true"),
    ],
    ids=lambda text: text[:16],
)
async def test_what_is_no_quantity_is_refused_and_leaves_no_trace(
    raw: httpx.AsyncClient, quantity: str
) -> None:
    body = example("21_upsert_orders.request").replace(b'"quantity": 10', f'"quantity": {quantity}'.encode())
    assert quantity.encode() in body
    answer = await raw.post("/api/orders", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] in (151, 157)
    assert (await raw.get("/api/orders")).json()["values"] == []


async def test_a_refusal_reaches_the_caller_in_the_servers_words(client: Client) -> None:
    with pytest.raises(Refused) as caught:
        await client.orders.upsert([order("R-1", Decimal(-5))])
    assert caught.value.status == 400
    assert caught.value.code == 151
    assert "R-1" in caught.value.why
    assert caught.value.request_id


async def test_a_filter_with_quotes_signs_and_other_scripts_arrives_whole(client: Client) -> None:
    key = "Order/Desk/Note"
    for code, text in (("F-1", "it's 100% a+b & c=d"), ("F-2", "株式 / ünï"), ("F-3", "plain")):
        note = {key: PerpetualProperty(key=key, value=PropertyValue(label_value=text))}
        await client.orders.upsert([order(code, properties=note)])
        quoted = text.replace("'", "''")
        page = await client.orders.list(filter=f"properties[{key}] eq '{quoted}'")
        assert [row.id.code for row in page.values] == [code], json.dumps(text)
