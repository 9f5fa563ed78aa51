"""Upserts and deletes of the five families (C6 to C10), and what a book does for the rules."""

from __future__ import annotations

import pytest
from rulesdesk import MICROSOFT, OPENING, Desk, id_of, refused, rid, usd

from tui.api.models import Allocation, Block, Order
from tui.oms.book import BLOCK_OF_ORDER
from tui.oms.refusals import Refusal


def test_c6_a_block_without_orders_keeps_the_quantity_it_was_given(desk: Desk) -> None:
    block = desk.put_block("U", quantity=100).values[0]
    assert (block.quantity, block.basis, block.lusid_instrument_id) == (100, "Quantity", "LUID_0000AAPL")
    assert (block.order_ids, block.is_swept, block.created_date) == ((), False, OPENING)


def test_c9_a_block_upsert_sets_its_members(desk: Desk) -> None:
    desk.put_order("O1", quantity=10)
    desk.put_order("O2", quantity=5)
    desk.put_block("B", orderIds=[id_of("O1"), id_of("O2")], quantity=999)
    assert desk.block("B").quantity == 15
    with refused("OrderNotFound", 650):
        desk.put_block("B", orderIds=[id_of("O9")])
    with refused("OrderInAnotherBlock"):
        desk.put_block("C", orderIds=[id_of("O1")])
    desk.put_block("B", orderIds=[id_of("O2")])
    assert desk.block("B").quantity == 5
    desk.put_block("C", orderIds=[id_of("O1")])
    assert desk.block("C").order_ids == (rid("O1"),)


def test_c1_a_block_upsert_does_not_bring_strangers_together(desk: Desk) -> None:
    desk.put_order("O1")
    desk.put_order("O2", instrumentIdentifiers=MICROSOFT)
    desk.put_order("O3", timeInForce="GoodTilCancel")
    with refused("BlockFieldMismatch"):
        desk.put_block("B", orderIds=[id_of("O1"), id_of("O2")])
    with refused("BlockFieldMismatch"):
        desk.put_block("B", orderIds=[id_of("O1"), id_of("O3")])


def test_c9_an_order_upsert_replaces_in_full(desk: Desk) -> None:
    desk.put_order("O1", price=usd(5), state="Parked")
    desk.put_order("O1", quantity=None, weight="0.25")
    order = desk.order("O1")
    assert (order.price, order.state, order.quantity, order.basis) == (None, "New", None, "Weight")
    assert order.version.as_at_version_number == 2


def test_c9_an_upserted_order_stays_counted_in_its_block_and_of_its_terms(desk: Desk) -> None:
    desk.create("B", {"O1": 100, "O2": 50})
    desk.put_order("O1", quantity=70)
    assert desk.block("B").quantity == 120
    with refused("BlockFieldMismatch"):
        desk.put_order("O1", side="Sell")


def test_c7_an_upserted_order_has_one_size(desk: Desk) -> None:
    with refused("InvalidParameterValue"):
        desk.put_order("O1", quantity=0)
    with refused("InvalidParameterValue"):
        desk.put_order("O1", quantity=1, weight=1)
    desk.put_order("O1", quantity=0, state="Canceled")
    assert desk.order("O1").quantity == 0


def test_1_0_a_luid_names_itself_and_a_stranger_is_zzzzzzzz(desk: Desk) -> None:
    desk.put_order("O1", instrumentIdentifiers={"Instrument/default/LusidInstrumentId": "LUID_00001234"})
    desk.put_order("O2", instrumentIdentifiers={"Instrument/default/Figi": "BBG-NOBODY"})
    assert [order.lusid_instrument_id for order in desk.all(Order)] == ["LUID_00001234", "LUID_ZZZZZZZZ"]


def test_c10_deleting_an_order_takes_it_out_of_its_block(desk: Desk) -> None:
    desk.create("B", {"O1": 100, "O2": 50})
    unique = desk.order("O1").version.entity_unique_id
    deleted = desk.delete("order", "O1")
    assert (deleted.entity_type, deleted.entity_unique_id) == ("Order", unique)
    assert (desk.block("B").order_ids, desk.block("B").quantity) == ((rid("O2"),), 50)


def test_c10_deleting_a_block_leaves_its_orders(desk: Desk) -> None:
    desk.create("B", {"O1": 100})
    desk.delete("block", "B")
    assert desk.order("O1").quantity == 100
    desk.move({"O1": "C"})
    assert desk.block("C").quantity == 100


def test_c10_what_others_rest_on_is_not_deleted(desk: Desk) -> None:
    desk.create("B", {"O1": 100})
    desk.place("P", "B", 100)
    desk.place("P-A", "B", 60, parentPlacementId=id_of("P"))
    with refused("BlockHasPlacements"):
        desk.delete("block", "B")
    with refused("PlacementHasChildren"):
        desk.delete("placement", "P")
    desk.delete("placement", "P-A")
    desk.fill("E1", "P", 10)
    with refused("PlacementHasExecutions"):
        desk.delete("placement", "P")
    desk.allocate("P")
    desk.book("P-O1", mark=True)
    with refused("AllocationAlreadyBooked"):
        desk.delete("allocation", "P-O1")


def test_deleting_a_fill_or_an_allocation_takes_the_states_back(desk: Desk) -> None:
    desk.create("B", {"O1": 100})
    desk.place("P", "B", 100)
    desk.fill("E1", "P", 10)
    desk.allocate("P")
    desk.delete("allocation", "P-O1")
    desk.delete("execution", "E1")
    assert (desk.order("O1").state, desk.placement("P").state) == ("New", "New")
    assert desk.block_entry("B").executed.quantity == 0


@pytest.mark.parametrize(
    ("family", "code"),
    [("block", 727), ("order", 650), ("placement", 725), ("execution", 726), ("allocation", 654)],
)
def test_l11_deleting_what_is_not_there_is_not_found(desk: Desk, family: str, code: int) -> None:
    with pytest.raises(Refusal) as caught:
        desk.delete(family, "X")
    assert (caught.value.status, caught.value.code) == (404, code)
    assert caught.value.type == f"{family.title()}NotFound"
    assert caught.value.detail == f"No {family} with scope 'Desk' and code 'X' exists."
    assert caught.value.title == f"The {family.title()} requested was not found."


def test_l10_every_write_makes_the_next_version_and_an_empty_one_none(desk: Desk) -> None:
    desk.put_order("O1", quantity="10.0")
    first = desk.order("O1").version
    desk.put_order("O1", quantity=10)
    assert desk.changes == []
    desk.put_order("O1", quantity=11)
    second = desk.order("O1").version
    assert (first.as_at_version_number, second.as_at_version_number) == (1, 2)
    assert second.as_at_created == first.as_at_modified < second.as_at_modified
    assert second.entity_unique_id == first.entity_unique_id


def test_a_book_undoes_an_attempt_that_fails(desk: Desk) -> None:
    desk.create("B", {"O1": 100})
    book = desk.a_book()

    def fail() -> None:
        with book.attempt():
            book.remove(Block, rid("B"))
            book.touch(desk.order("O1"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert book.related(BLOCK_OF_ORDER, rid("O1")) == [desk.block("B")]
    assert book.seal() == []


def test_a_book_finds_what_this_call_made(desk: Desk) -> None:
    desk.create("B", {"O1": 100})
    book = desk.a_book()
    assert book.related(BLOCK_OF_ORDER, rid("O1")) == [desk.block("B")]
    book.remove(Block, rid("B"))
    assert book.related(BLOCK_OF_ORDER, rid("O1")) == []


def test_upserted_allocations_carry_what_the_server_adds(desk: Desk) -> None:
    desk.create("B", {"O1": 100})
    made = desk.put_allocation("A1", "O1", 5).values[0]
    assert (made.lusid_instrument_id, made.instrument_scope, made.direction) == (
        "LUID_0000AAPL",
        "default",
        1,
    )
    assert (made.state, desk.all(Allocation)) == ("New", [made])
    with refused("InvalidParameterValue"):
        desk.put_allocation("A2", "O1", -5)
