"""Ids, over HTTP: the characters of a scope and a code, wherever a request has an id (section 1.0)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.oms.rules.rules_client import APPLE, RefusedCall, RulesClient, id_of
from tui.api import operations

Send = Callable[[RulesClient, dict[str, str]], Any]

OUTSIDE = ("portfolioId", "orderBookId", "custodianAccountId", "orderInstruction", "package")


def field(name: str) -> str:
    return name[:1].upper() + name[1:]


def weighted(desk: RulesClient, id: dict[str, str]) -> Any:
    body = {"placementIds": [id_of("P")], "portfolioWeights": [{"portfolioId": id, "weight": 1}]}
    return desk.send(operations.ALLOCATE_WEIGHTED, body)


TERMS: dict[str, Any] = {
    "instrumentIdentifiers": APPLE,
    "side": "Buy",
    "type": "Market",
    "timeInForce": "Day",
}


def created_with(name: str) -> Send:
    """Return the creation of an order whose member ``name`` is an id."""
    return lambda desk, id: desk.create("B", {"O": {"quantity": 1, name: id}})


def stored_with(name: str) -> Send:
    """Return the upsert of an order whose member ``name`` is an id."""
    return lambda desk, id: desk.put_order("O", **{name: id})


PLACES: dict[str, Send] = {
    "Requests[0].BlockId": lambda desk, id: desk.send(
        operations.CREATE_ORDERS,
        {"requests": [{"blockId": id, "orders": [{"id": id_of("O"), "quantity": 1}], **TERMS}]},
    ),
    "Requests[0].Orders[0].Id": lambda desk, id: desk.send(
        operations.CREATE_ORDERS,
        {"requests": [{"blockId": id_of("B"), "orders": [{"id": id, "quantity": 1}], **TERMS}]},
    ),
    **{f"Requests[0].Orders[0].{field(name)}": created_with(name) for name in OUTSIDE},
    **{f"OrderRequests[0].{field(name)}": stored_with(name) for name in ("id", *OUTSIDE)},
    "[u].PortfolioId": lambda desk, id: desk.update_order("O1", portfolioId=id),
    "Requests[0].DestinationBlockId": lambda desk, id: desk.send(
        operations.MOVE_ORDERS, {"requests": [{"orderId": id_of("O1"), "destinationBlockId": id}]}
    ),
    "[m].MoveRemainingToOrderId": lambda desk, id: desk.send(
        operations.CANCEL_AND_MOVE,
        {
            "m": {
                "cancelOrderId": id_of("O1"),
                "moveRemainingToOrderId": id,
                "moveRemainingToBlockId": id_of("N"),
            }
        },
    ),
    "[m].MoveRemainingToBlockId": lambda desk, id: desk.send(
        operations.CANCEL_AND_MOVE,
        {
            "m": {
                "cancelOrderId": id_of("O1"),
                "moveRemainingToOrderId": id_of("N"),
                "moveRemainingToBlockId": id,
            }
        },
    ),
    "Requests[0].Id": lambda desk, id: desk.put_block("B", id=id),
    "AllocationRequests[0].Id": lambda desk, id: desk.put_allocation("A", "O1", 1, id=id),
    "AllocationRequests[0].AllocatedOrderId": lambda desk, id: desk.put_allocation(
        "A", "O1", 1, allocatedOrderId=id
    ),
    "AllocationRequests[0].PortfolioId": lambda desk, id: desk.put_allocation("A", "O1", 1, portfolioId=id),
    "AllocationRequests[0].CustodianAccountId": lambda desk, id: desk.put_allocation(
        "A", "O1", 1, custodianAccountId=id
    ),
    "AllocationRequests[0].PlacementIds[1]": lambda desk, id: desk.put_allocation(
        "A", "O1", 1, placementIds=[id_of("P"), id]
    ),
    "AllocationRequests[0].ExecutionIds[0]": lambda desk, id: desk.put_allocation(
        "A", "O1", 1, executionIds=[id]
    ),
    "PortfolioWeights[0].PortfolioId": weighted,
}
"""Every request member with an id of something that need not exist, by the field name in a refusal."""


@pytest.fixture
def traded(desk: RulesClient) -> RulesClient:
    """Return a desk with an order of a portfolio and a filled placement of a block without orders."""
    desk.create("B1", {"O1": 100})
    desk.put_block("B2", quantity=10)
    desk.place("P", "B2", 10)
    desk.fill("E", "P", 10)
    return desk


BAD = (
    ("demo", "funds_uk/us_long"),
    ("funds_uk/demo", "us_long"),
    ("Desk", "two words"),
    ("Desk", "PF.1"),
    ("Desk", "é"),
    ("Desk", "PF\u202e1"),
    ("Desk", "X" * 65),
    ("X" * 65, "Y"),
    ("Desk", ""),
    ("", "X"),
    ("Desk", "X\n"),
)
WORDS = "must have a scope and a code of 1 to 64 letters, digits, hyphens or underscores."


@pytest.mark.parametrize("place", PLACES)
def test_1_0_an_id_of_other_characters_is_refused_by_its_field(traded: RulesClient, place: str) -> None:
    for scope, code in BAD:
        with pytest.raises(RefusedCall) as caught:
            PLACES[place](traded, {"scope": scope, "code": code})
        problem = caught.value.problem
        assert (problem.name, problem.code, problem.status) == ("InvalidRequest", 157, 400), (scope, code)
        assert problem.errors == {place: (f"The field {place} {WORDS}",)}, (scope, code)


@pytest.mark.parametrize("place", PLACES)
def test_1_0_sixty_four_letters_digits_hyphens_and_underscores_are_an_id(
    traded: RulesClient, place: str
) -> None:
    longest = "aZ09-_" + "x" * 58
    reply = PLACES[place](traded, {"scope": longest, "code": longest})
    assert reply.values
    assert not getattr(reply, "failed", None)


def test_1_0_an_allocation_can_name_longer_ids_made_by_the_server(desk: RulesClient) -> None:
    order, placement = "O" * 64, "P" * 64
    desk.create("B", {order: 100})
    desk.place(placement, "B", 100)
    desk.fill("E", placement, 100)
    desk.allocate(placement)
    made = desk.allocation(f"{placement}-{order}")
    assert len(made.id.code) == 129
    again = desk.put_allocation(made.id.code, order, 60, placementIds=[id_of(placement)])
    assert again.values[0].quantity == 60
