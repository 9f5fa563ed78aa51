"""The order graph and the transactions as they were at any time, page by page."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import httpx

from tests.oms.contract_scenario import MANAGE, STEPS, body_of, play
from tests.paths import EXAMPLES
from tui.api import operations
from tui.api.base import ResourceId
from tui.api.client import Client

JSON = {"content-type": "application/json"}
PORTFOLIO = "/api/transactionportfolios/Desk/GROWTH/transactions"


async def test_the_graph_at_every_as_at_is_the_graph_of_that_time(
    engine: Any, raw: httpx.AsyncClient, client: Client
) -> None:
    then: list[tuple[str, Any, Any]] = []
    for step, path in STEPS.items():
        answer = await raw.post(path, content=body_of(step), headers=JSON)
        assert answer.is_success
        at = await _now(client)
        graphs = [
            (await raw.get(f"/api/ordergraph/{kind}")).json()["values"] for kind in ("blocks", "placements")
        ]
        then.append((at.isoformat(), *graphs))
    assert len({json.dumps(blocks) for _, blocks, _ in then}) > 5
    for at_text, blocks, placements in then:
        query = {"asAt": at_text}
        assert (await raw.get("/api/ordergraph/blocks", params=query)).json()["values"] == blocks
        assert (await raw.get("/api/ordergraph/placements", params=query)).json()["values"] == placements


async def _now(client: Client) -> datetime:
    """Return the asAt of the newest change of anything."""
    newest: list[datetime] = []
    resources: Any = (client.blocks, client.orders, client.placements, client.executions, client.allocations)
    for resource in resources:
        for row in (await resource.list(sort_by=["version.asAtModified DESC"], limit=1)).values:
            newest.append(row.version.as_at_modified)
    booked = (await client.list(operations.PORTFOLIO_TRANSACTIONS, id=ResourceId("Desk", "GROWTH"))).values
    newest += [each.entry_date_time for each in booked if each.entry_date_time]
    return max(newest)


async def test_a_deleted_block_leaves_the_graph_but_not_the_past(
    raw: httpx.AsyncClient, client: Client
) -> None:
    await raw.post("/api/blocks", content=body_of("20_upsert_blocks"), headers=JSON)
    before = await _now(client)
    assert (await raw.delete("/api/blocks/Desk/BLK-7")).status_code == 200
    assert (await raw.get("/api/ordergraph/blocks")).json()["values"] == []
    (row,) = (await client.list(operations.GRAPH_BLOCKS, as_at=before)).values
    assert row.block.id.code == "BLK-7"


async def test_the_graph_is_filtered_by_the_fields_of_its_blocks(
    raw: httpx.AsyncClient, client: Client
) -> None:
    await play(raw)
    rows = (await client.list(operations.GRAPH_BLOCKS, filter="quantity gt 0 and side eq 'buy'")).values
    assert [row.block.id.code for row in rows] == ["BLK-1"]
    rows = (await client.list(operations.GRAPH_BLOCKS, sort_by=["-id.code"], limit=1)).values
    assert [row.block.id.code for row in rows] == ["BLK-2"]
    placed = (await client.list(operations.GRAPH_PLACEMENTS, filter="state eq 'Cancelled'")).values
    assert [row.placement.id.code for row in placed] == ["PLC-2"]


async def test_children_of_a_placement_are_listed_as_in_the_example(
    raw: httpx.AsyncClient, client: Client
) -> None:
    await play(raw, "04_place_blocks")
    answer = await raw.post("/api/placements", content=body_of("22_upsert_placements"), headers=JSON)
    assert answer.status_code == 201
    wanted = json.loads((EXAMPLES / "15_list_order_graph_placement_children.response.json").read_text())
    (child,) = (await raw.get("/api/ordergraph/placementchildren/Desk/PLC-1")).json()["values"]
    assert child["placement"]["parentPlacementId"] == {"scope": "Desk", "code": "PLC-1"}
    for part in ("blockId", "ordered", "derivedState", "executed", "allocated"):
        assert child[part] == wanted["values"][0][part]
    assert (await raw.get("/api/ordergraph/placementchildren/Desk/PLC-2")).json()["values"] == []
    assert (await raw.get("/api/ordergraph/placementchildren/Desk/PLC-9")).json()["code"] == 725


# -- transactions ----------------------------------------------------------------------------------------


async def book(raw: httpx.AsyncClient, label: str) -> None:
    body = json.loads(body_of("11_book_transactions"))
    body["transactionProperties"]["Transaction/Desk/Desk"]["value"]["labelValue"] = label
    answer = await raw.post(f"{MANAGE}/booktransactions", json=body)
    assert answer.json()["failed"] == {}


async def test_a_portfolio_shows_what_was_booked_into_it(raw: httpx.AsyncClient) -> None:
    await play(raw)
    answer = (await raw.get(PORTFOLIO)).json()
    assert [each["units"] for each in answer["values"]] == [71, 21]
    assert answer["version"].keys() == {"effectiveFrom", "asAtDate"}
    assert (await raw.get(PORTFOLIO.replace("GROWTH", "OTHER"))).json()["values"] == []
    assert (await raw.get(PORTFOLIO.replace("Desk/", "Other/"))).json()["values"] == []
    for query, units in (
        ("filter=units gt 50", [71]),
        ("filter=totalConsideration.currency eq 'USD'&sortBy=units", [21, 71]),
        ("filter=properties[Transaction/Desk/Desk] eq 'ldn-eq'&limit=1", [71]),
        ("fromTransactionDate=2000-01-01&toTransactionDate=2099-01-01", [71, 21]),
        ("fromTransactionDate=2099-01-01", []),
    ):
        rows = (await raw.get(f"{PORTFOLIO}?{query}")).json()["values"]
        assert [each["units"] for each in rows] == units, query


async def test_b3_amended_transactions_are_listed_on_request(raw: httpx.AsyncClient, client: Client) -> None:
    await play(raw)
    await book(raw, "NYC-EQ")
    plain = (await raw.get(PORTFOLIO)).json()["values"]
    assert [_booked(each) for each in plain] == [("Active", "NYC-EQ")] * 2
    allocation = await client.allocations.get(ResourceId("Desk", "PLC-1-ORD-1"))
    body = json.loads(body_of("24_upsert_allocations"))
    body["allocationRequests"][0]["date"] = "2026-11-23T10:00:00Z"
    assert (await raw.post("/api/allocations", json=body)).status_code == 200
    assert allocation.quantity == 71
    await book(raw, "NYC-EQ")
    url = f"{PORTFOLIO}?showCancelledTransactions=True"
    everything = (await raw.get(url)).json()["values"]
    of_first = sorted(_booked(each) for each in everything if each["orderId"]["code"] == "ORD-1")
    of_fourth = sorted(_booked(each) for each in everything if each["orderId"]["code"] == "ORD-4")
    assert of_first == [("Active", "NYC-EQ"), ("Amended", "LDN-EQ"), ("Cancelled", "NYC-EQ")]
    assert of_fourth == [("Active", "NYC-EQ"), ("Amended", "LDN-EQ")]
    paged: list[Any] = []
    token: str | None = ""
    while token is not None:
        query = {"showCancelledTransactions": "True", "limit": "1", "page": token}
        answer = (await raw.get(PORTFOLIO, params=query)).json()
        paged += answer["values"]
        token = answer["nextPage"]
    assert paged == everything


def _booked(transaction: dict[str, Any]) -> tuple[str, str]:
    label = transaction["properties"]["Transaction/Desk/Desk"]["value"]["labelValue"]
    return transaction["transactionStatus"], label
