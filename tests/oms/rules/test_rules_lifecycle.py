"""States, versions and deletions, over HTTP (L1 to L12)."""

from __future__ import annotations

import pytest
from rulesdesk import Desk, Refused, failure

from tui.api.models import Allocation, Block, Execution, Order, Placement


def test_l7_a_final_order_refuses_update(desk: Desk) -> None:
    desk.create("B", {"O1": {"quantity": 100, "state": "CLOSED"}})
    assert failure(desk.update("O1", quantity=5)).type == "InvalidOrderState"


@pytest.mark.parametrize(
    ("kind", "code"), [(Block, 727), (Order, 650), (Placement, 725), (Execution, 726), (Allocation, 654)]
)
def test_l11_deleting_what_is_not_there_is_not_found(desk: Desk, kind: type, code: int) -> None:
    for call in (desk.delete, desk.get):
        with pytest.raises(Refused) as caught:
            call(kind, "X")
        problem, name = caught.value.problem, kind.__name__
        assert (problem.status, problem.code, problem.name) == (404, code, f"{name}NotFound")
        assert problem.detail == f"No {name.lower()} with scope 'Desk' and code 'X' exists."
        assert problem.title == f"The {name} requested was not found."


def test_l10_every_write_makes_the_next_version_and_an_empty_one_none(desk: Desk) -> None:
    desk.put_order("O1", quantity="10.0")
    first = desk.order("O1").version
    desk.put_order("O1", quantity=10)
    assert not desk.wrote
    desk.put_order("O1", quantity=11)
    second = desk.order("O1").version
    assert (first.as_at_version_number, second.as_at_version_number) == (1, 2)
    assert second.as_at_created == first.as_at_modified < second.as_at_modified
    assert second.entity_unique_id == first.entity_unique_id


def test_l8_the_state_follows_the_fills_but_a_cancelled_placement_stays(desk: Desk) -> None:
    desk.create("B", {"O1": 100})
    desk.place("P", "B", 100)
    states = []
    for code, quantity in (("E1", 40), ("E2", 60), ("E2", 0), ("E1", 0)):
        desk.fill(code, "P", quantity)
        states.append(desk.placement("P").state)
    assert states == ["PartiallyFilled", "Filled", "PartiallyFilled", "New"]
    desk.cancel_placement("P")
    desk.fill("E3", "P", 10)
    assert desk.placement("P").state == "Cancelled"


def test_l5_a_cancelled_fill_is_no_units_at_all(desk: Desk) -> None:
    desk.create("B", {"O1": 100})
    desk.place("P", "B", 100)
    desk.fill("E1", "P", 40)
    desk.fill("E1", "P", 40, state="Canceled")
    assert desk.placement("P").state == "New"
    assert desk.block_entry("B").executed.quantity == 0
