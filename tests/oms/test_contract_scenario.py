"""The contract's worked scenario, number for number, and its examples, member for member."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import httpx
import pytest

from tests.decimals import decimals
from tests.oms.contract_scenario import MANAGE, STEPS, body_of, play
from tests.paths import EXAMPLES
from tui.api import operations
from tui.api.base import CurrencyAndAmount, ResourceId
from tui.api.client import Client
from tui.api.requests import BookTransactionsRequest, ExecutionRequest

ALLOCATED = {"ORD-1": 71, "ORD-2": 36, "ORD-3": 32, "ORD-4": 21}
CONSIDERATIONS = {"ORD-1": "13462.4875", "ORD-2": "6826.05", "ORD-3": "6067.60", "ORD-4": "3981.8625"}

OURS = frozenset({"version", "href", "asAt", "entityUniqueId", "instance", "latestActivityDate"})
"""Members with values of this server: times, users, addresses."""
OUR_CLOCK = frozenset({"date", "transactionDate", "entryDateTime"})
OUR_NAMES = frozenset({"portfolioName"})


def desk(code: str) -> ResourceId:
    return ResourceId("Desk", code)


def differences(example: Any, answer: Any, at: str = "$") -> list[str]:
    """Return where a response differs from the example; null and missing are the same (T1)."""
    if isinstance(example, dict) and isinstance(answer, dict):
        found = []
        for name in example.keys() | answer.keys():
            wanted, got = example.get(name), answer.get(name)
            if name in OURS or (name in OUR_CLOCK | OUR_NAMES and wanted and got):
                continue
            if got is None and wanted is not None:
                found.append(f"{at}.{name} is missing")
            elif wanted is not None:
                found += differences(wanted, got, f"{at}.{name}")
        return found
    if isinstance(example, list) and isinstance(answer, list) and len(example) == len(answer):
        pairs = enumerate(zip(example, answer, strict=True))
        return [one for place, (a, b) in pairs for one in differences(a, b, f"{at}[{place}]")]
    return [] if example == answer else [f"{at}: {answer!r} is not {example!r}"]


def example_of(name: str) -> Any:
    return json.loads((EXAMPLES / f"{name}.json").read_text())


@pytest.mark.parametrize("last", list(STEPS))
async def test_every_step_is_answered_as_in_its_example(raw: httpx.AsyncClient, last: str) -> None:
    answers = await play(raw, last)
    assert differences(example_of(f"{last}.response"), answers[last]) == []


@pytest.mark.parametrize(
    ("example", "path"),
    [
        ("10_list_allocations.response", "/api/allocations"),
        ("13_list_order_graph_blocks.response", "/api/ordergraph/blocks"),
        ("20_get_block.response", "/api/blocks/Desk/BLK-1"),
        ("22_get_placement.response", "/api/placements/Desk/PLC-1"),
        ("22_list_placements.response", "/api/placements"),
        ("23_get_execution.response", "/api/executions/Desk/EXE-1"),
        ("23_list_executions.response", "/api/executions"),
        ("24_get_allocation.response", "/api/allocations/Desk/PLC-1-ORD-1"),
    ],
)
async def test_every_read_is_answered_as_in_its_example(
    raw: httpx.AsyncClient, example: str, path: str
) -> None:
    await play(raw)
    assert differences(example_of(example), (await raw.get(path)).json()) == []


async def test_the_placements_graph_is_answered_as_in_its_example(raw: httpx.AsyncClient) -> None:
    await play(raw)
    (wanted,) = example_of("14_list_order_graph_placements.response")["values"]
    first, second = (await raw.get("/api/ordergraph/placements")).json()["values"]
    assert differences(wanted, first) == []
    assert second["placement"]["state"] == second["derivedState"] == "Cancelled"


async def test_every_version_member_of_the_examples_is_there(raw: httpx.AsyncClient) -> None:
    answers = await play(raw, "01_create_orders")
    wanted = example_of("01_create_orders.response")["values"][0]["block"]["version"]
    got = answers["01_create_orders"]["values"][0]["block"]["version"]
    assert wanted.keys() == got.keys()
    assert got["effectiveFrom"] == wanted["effectiveFrom"] == "0001-01-01T00:00:00.0000000+00:00"
    assert len(got["asAtModified"]) == len(wanted["asAtModified"])


async def test_a_move_update_and_cancel_carry_the_blocks_along(
    raw: httpx.AsyncClient, client: Client
) -> None:
    await play(raw, "07_cancel_orders")
    one, two = (await client.blocks.list()).values
    assert (one.quantity, len(one.order_ids)) == (Decimal(227), 4)
    assert (two.quantity, len(two.order_ids)) == (Decimal(0), 1)
    order = await client.orders.get(desk("ORD-5"))
    assert (order.state, order.quantity) == ("Cancelled", Decimal(20))


async def test_pro_rata_fifo_shares_each_execution(raw: httpx.AsyncClient, client: Client) -> None:
    await play(raw, "09_run_allocation_service")
    allocations = (await client.allocations.list()).values
    assert {each.allocated_order_id.code: each.quantity for each in allocations} == ALLOCATED
    assert {each.price.amount for each in allocations if each.price} == {Decimal("189.6125")}
    before = [each.version for each in allocations]
    again = await client.call(operations.ALLOCATE, (desk("PLC-1"),))
    assert again.values == (desk("PLC-1"),)
    assert [each.version for each in (await client.allocations.list()).values] == before


async def test_booking_gives_four_transactions_of_the_exact_consideration(
    raw: httpx.AsyncClient, client: Client
) -> None:
    await play(raw, "09_run_allocation_service")
    reply = await client.call(
        operations.BOOK_TRANSACTIONS,
        BookTransactionsRequest(allocation_ids=tuple(desk(f"PLC-1-{order}") for order in ALLOCATED)),
    )
    assert reply.values is not None
    considered = {
        each.order_id.code: each.total_consideration.amount
        for each in reply.values.values()
        if each.order_id is not None
    }
    assert considered == {code: Decimal(amount) for code, amount in CONSIDERATIONS.items()}
    assert sum(amount for amount in considered.values() if amount) == Decimal("30338.00")
    (growth, moved) = (await client.list(operations.PORTFOLIO_TRANSACTIONS, id=desk("GROWTH"))).values
    assert (growth.units, moved.units) == decimals(71, 21)


async def test_a_third_execution_fills_every_order(raw: httpx.AsyncClient, client: Client) -> None:
    await play(raw, "09_run_allocation_service")
    fill = ExecutionRequest(
        id=desk("EXE-3"),
        placement_id=desk("PLC-1"),
        instrument_identifiers={"Instrument/default/Figi": "BBG000B9XRY4"},
        quantity=Decimal(67),
        state="Filled",
        side="Buy",
        type="Limit",
        created_date=datetime(2026, 11, 20, 9, 50, tzinfo=UTC),
        price=CurrencyAndAmount(amount=Decimal("189.9"), currency="USD"),
        settlement_currency="USD",
        settlement_currency_fx_rate=Decimal(1),
        counterparty="BRK-A",
    )
    await client.executions.upsert([fill])
    await client.call(operations.ALLOCATE, (desk("PLC-1"),))
    allocations = (await client.allocations.list()).values
    full = {each.allocated_order_id.code: each.quantity for each in allocations}
    assert full == {"ORD-1": 100, "ORD-2": 50, "ORD-3": 47, "ORD-4": 30}


async def test_the_older_list_body_books_as_the_object_does(raw: httpx.AsyncClient) -> None:
    answers = await play(raw)
    answer = await raw.post(
        f"{MANAGE}/booktransactions",
        content=body_of("11_book_transactions.older"),
        headers={"content-type": "application/json"},
    )
    assert answer.json()["values"].keys() == answers["11_book_transactions"]["values"].keys()


async def test_the_graph_shows_the_desk_at_the_end(raw: httpx.AsyncClient, client: Client) -> None:
    await play(raw)
    one, two = (await client.list(operations.GRAPH_BLOCKS)).values
    figures = (one.ordered, one.placed, one.executed, one.allocated, one.booked)
    assert [each.quantity for each in figures] == [227, 227, 160, 160, 160]
    assert (one.derived_state, two.derived_state) == ("Partially executed", "Cancelled")


async def test_a_finished_block_is_swept_and_an_unfinished_one_refused(raw: httpx.AsyncClient) -> None:
    await play(raw)
    body = {
        **json.loads(body_of("18_sweep_blocks")),
        "latestAllowableModificationTime": "2099-01-01T00:00:00Z",
    }
    answer = await raw.post(f"{MANAGE}/SweepBlocks", json=body)
    assert differences(example_of("18_sweep_blocks.response"), answer.json()) == []
    shown = (await raw.get("/api/ordergraph/blocks?includeSwept=False")).json()["values"]
    assert [each["block"]["id"]["code"] for each in shown] == ["BLK-1"]
    assert len((await raw.get("/api/ordergraph/blocks")).json()["values"]) == 2
