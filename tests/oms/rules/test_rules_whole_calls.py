"""Whole calls over HTTP (section 2.0): refused atomic calls change nothing, partial ones report all items."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.oms.rules.rules_client import TERMS, RefusedCall, RulesClient, id_of, usd
from tui.api import operations
from tui.api.operation import Operation
from tui.api.operations import ALLOCATIONS, BLOCKS, EXECUTIONS, ORDERS, PLACEMENTS

Body = Callable[[RulesClient], Any]
Called = Operation[Any, Any]

ATOMIC: dict[Called, Body] = {
    operations.CREATE_ORDERS: lambda desk: {
        "requests": [
            {"blockId": id_of("N1"), "orders": [{"id": id_of("O8"), "quantity": 5}], **TERMS},
            {"blockId": id_of("N2"), "orders": [{"id": id_of("O9"), "quantity": -5}], **TERMS},
        ]
    },
    operations.MOVE_ORDERS: lambda desk: {
        "requests": [
            {"orderId": id_of("O2"), "destinationBlockId": id_of("N1")},
            {"orderId": id_of("O404"), "destinationBlockId": id_of("N1")},
        ]
    },
    operations.PLACE_BLOCKS: lambda desk: {
        "requests": [desk.a_placement("P8", "B", 1), desk.a_placement("P9", "B", 1000)]
    },
    BLOCKS.upsert: lambda desk: {
        "requests": [
            {"id": id_of("N1"), "createdDate": "2026-11-20", **TERMS},
            {"id": id_of("N2"), "createdDate": "2026-11-20", "orderIds": [id_of("O404")], **TERMS},
        ]
    },
    ORDERS.upsert: lambda desk: {
        "orderRequests": [
            {"id": id_of("O8"), "quantity": 5, **TERMS},
            {"id": id_of("O9"), "quantity": 5, "amount": usd(5), **TERMS},
        ]
    },
    PLACEMENTS.upsert: lambda desk: {
        "requests": [desk.a_placement("P8", "B", 1), desk.a_placement("P9", "B404", 1)]
    },
    EXECUTIONS.upsert: lambda desk: {"requests": [desk.a_fill("E8", "P", 1), desk.a_fill("E9", "P404", 1)]},
    ALLOCATIONS.upsert: lambda desk: {
        "allocationRequests": [desk.an_allocation("A8", "O1", 1), desk.an_allocation("A9", "O1", -1)]
    },
}
"""For every atomic endpoint a call with a valid first item and an invalid last one."""

PARTIAL: dict[Called, Body] = {
    operations.UPDATE_ORDERS: lambda desk: {
        "good": {"id": id_of("O1"), "quantity": 90},
        "bad": {"id": id_of("O404"), "quantity": 90},
    },
    operations.CANCEL_ORDERS: lambda desk: {"good": id_of("O2"), "bad": id_of("O404")},
    operations.CANCEL_AND_MOVE: lambda desk: {
        "good": cut("O1", "O8"),
        "bad": cut("O2", "O1"),
    },
    operations.UPDATE_PLACEMENTS: lambda desk: {
        "good": {"id": id_of("P"), "quantity": 60},
        "bad": {"id": id_of("P404"), "quantity": 60},
    },
    operations.CANCEL_PLACEMENTS: lambda desk: {"good": id_of("P"), "bad": id_of("P404")},
    operations.SWEEP_BLOCKS: lambda desk: {
        "blockIds": {"good": id_of("DONE"), "bad": id_of("B")},
        "latestAllowableModificationTime": "2999-01-01T00:00:00Z",
    },
    operations.ALLOCATE: lambda desk: [id_of("P"), id_of("P404")],
    operations.ALLOCATE_WEIGHTED: lambda desk: {
        "placementIds": [id_of("U"), id_of("P")],
        "portfolioWeights": [{"portfolioId": id_of("GROWTH"), "weight": 1}],
    },
    operations.BOOK_TRANSACTIONS: lambda desk: {"allocationIds": [id_of("A1"), id_of("A404")]},
}
"""For every partial endpoint a call with one valid and one invalid item."""


def cut(order: str, rest: str) -> Any:
    return {
        "cancelOrderId": id_of(order),
        "moveRemainingToOrderId": id_of(rest),
        "moveRemainingToBlockId": id_of("N1"),
    }


@pytest.fixture
def busy(desk: RulesClient) -> RulesClient:
    """Return a desk on which every kind of call has something to do."""
    desk.create("B", {"O1": 100, "O2": 20})
    desk.place("P", "B", 80)
    desk.fill("E1", "P", 40)
    desk.put_allocation("A1", "O1", 5)
    desk.put_block("DONE")
    desk.put_block("UNSOLICITED", quantity=10)
    desk.place("U", "UNSOLICITED", 10)
    desk.fill("E2", "U", 10)
    return desk


def test_2_0_every_writing_endpoint_is_tried() -> None:
    writing = {each for each in operations.OPERATIONS if each.effect == "writes" and each.method == "POST"}
    assert ATOMIC.keys() | PARTIAL.keys() == writing
    assert not ATOMIC.keys() & PARTIAL.keys()


@pytest.mark.parametrize("endpoint", ATOMIC, ids=lambda each: each.name)
def test_2_0_one_bad_item_refuses_the_whole_call_and_leaves_no_trace(
    busy: RulesClient, endpoint: Called
) -> None:
    before = busy.database_rows()
    with pytest.raises(RefusedCall) as caught:
        busy.send(endpoint, ATOMIC[endpoint](busy))
    assert caught.value.problem.status == 400
    assert busy.database_rows() == before


@pytest.mark.parametrize("endpoint", ATOMIC, ids=lambda each: each.name)
def test_2_0_the_valid_item_alone_succeeds(busy: RulesClient, endpoint: Called) -> None:
    body = ATOMIC[endpoint](busy)
    (name,) = body
    assert busy.send(endpoint, {name: body[name][:1]}).values
    assert busy.wrote


@pytest.mark.parametrize("endpoint", PARTIAL, ids=lambda each: each.name)
def test_2_0_a_partial_call_applies_valid_items_and_explains_the_others(
    busy: RulesClient, endpoint: Called
) -> None:
    reply = busy.send(endpoint, PARTIAL[endpoint](busy))
    assert (len(reply.values), len(reply.failed)) == (1, 1)
    assert busy.wrote


@pytest.mark.parametrize("endpoint", [*ATOMIC, *PARTIAL], ids=lambda each: each.name)
@pytest.mark.parametrize("body", [b"", b"{", b'{"requests": 7}', b"null"])
def test_2_0_a_body_that_cannot_be_read_refuses_every_call(
    busy: RulesClient, endpoint: Called, body: bytes
) -> None:
    with pytest.raises(RefusedCall) as caught:
        busy.send(endpoint, body)
    problem = caught.value.problem
    assert (problem.status, problem.code, problem.name) == (400, 157, "InvalidRequest")
    assert problem.errors


TWICE = (operations.UPDATE_ORDERS, operations.UPDATE_PLACEMENTS, operations.CANCEL_AND_MOVE)
"""The calls whose items may name one entity twice (U5)."""


@pytest.mark.parametrize(
    "endpoint", [each for each in PARTIAL if each not in TWICE], ids=lambda each: each.name
)
def test_2_0_a_bare_id_named_twice_refuses_even_a_partial_call(busy: RulesClient, endpoint: Called) -> None:
    body = PARTIAL[endpoint](busy)
    if isinstance(body, list):
        body = [body[0], body[0]]
    elif "blockIds" in body:
        body["blockIds"]["bad"] = body["blockIds"]["good"]
    elif "placementIds" in body or "allocationIds" in body:
        name = next(iter(body))
        body[name] = [body[name][0]] * 2
    else:
        body["bad"] = body["good"]
    with pytest.raises(RefusedCall) as caught:
        busy.send(endpoint, body)
    assert (caught.value.problem.code, caught.value.problem.name) == (144, "DuplicateInParameterSet")
