"""Moving orders between blocks, over HTTP (M1 to M8)."""

from __future__ import annotations

import pytest

from tests.oms.rules.rules_client import RefusedCall, RulesClient, refused, rid, usd
from tui.api.models import Block


def test_m1_a_missing_destination_is_made_from_the_order(desk: RulesClient) -> None:
    desk.create("B", {"O1": 100, "O2": 50})
    reply = desk.move({"O1": "C"}).values[0]
    assert reply.source_block_id == rid("B")
    assert reply.destination_block == desk.block("C")
    assert desk.block("C").order_ids == (rid("O1"),)
    assert desk.block("C").limit_price == desk.order("O1").limit_price
    assert desk.block("C").created_date == desk.block("C").version.as_at_created
    assert desk.block("C").properties == {}


def test_m2_a_destination_with_other_orders_refuses(desk: RulesClient) -> None:
    desk.create("B", {"O1": 100})
    desk.create("C", {"O2": 100}, limitPrice=usd(180))
    with refused("BlockFieldMismatch"):
        desk.move({"O1": "C"})


def test_m2_instruments_that_are_not_resolved_are_refused_by_their_identifiers(desk: RulesClient) -> None:
    desk.create("B", {"O1": 100}, instrumentIdentifiers={"Instrument/default/Figi": "NOBODY-1"})
    desk.create("C", {"O2": 100}, instrumentIdentifiers={"Instrument/default/Isin": "NOBODY-2"})
    with pytest.raises(RefusedCall) as refusal:
        desk.move({"O1": "C"})
    said = refusal.value.problem.detail
    assert "instrument Figi NOBODY-1 (not resolved), not Isin NOBODY-2 (not resolved)" in (said or "")


def test_m3_an_empty_destination_takes_the_orders_fields_until_it_is_placed(desk: RulesClient) -> None:
    desk.create("B", {"O1": 100, "O2": 50})
    desk.put_block("C", side="Sell", quantity=10)
    desk.move({"O1": "C"})
    assert (desk.block("C").side, desk.block("C").quantity) == ("Buy", 100)
    desk.put_block("D", side="Sell", quantity=10)
    desk.place("P", "D", 10, side="Sell")
    with refused("BlockFieldMismatch"):
        desk.move({"O2": "D"})


def test_m4_the_empty_source_stays(desk: RulesClient) -> None:
    desk.create("B", {"O1": 100})
    desk.move({"O1": "C"})
    assert (desk.block("B").quantity, desk.block("B").order_ids) == (0, ())
    assert desk.order("O1").version.as_at_version_number == 2


def test_m5_an_order_already_there_is_a_success_without_a_change(desk: RulesClient) -> None:
    desk.create("B", {"O1": 100})
    assert desk.move({"O1": "B"}).values[0].source_block_id == rid("B")
    assert not desk.wrote


def test_m6_an_order_its_block_has_placed_stays(desk: RulesClient) -> None:
    desk.create("B", {"O1": 100, "O2": 50})
    desk.place("P", "B", 100)
    with refused("OrderAlreadyPlaced"):
        desk.move({"O1": "C"})
    desk.move({"O2": "C"})
    assert desk.block("B").quantity == 100


def test_m6_an_order_with_allocations_stays(desk: RulesClient) -> None:
    desk.create("B", {"O1": 100, "O2": 50})
    desk.put_allocation("A1", "O2", 10)
    with refused("OrderAlreadyPlaced"):
        desk.move({"O2": "C"})


def test_m7_unknown_final_and_swept_refuse(desk: RulesClient) -> None:
    desk.create("B", {"O1": 100, "O2": 1})
    with refused("OrderNotFound", 650):
        desk.move({"O9": "C"})
    desk.cancel_orders("O1")
    with refused("InvalidOrderState"):
        desk.move({"O1": "C"})
    desk.put_block("S", isSwept=True)
    with refused("BlockSwept"):
        desk.move({"O2": "S"})


def test_m8_one_bad_move_moves_nothing(desk: RulesClient) -> None:
    desk.create("B", {"O1": 100, "O2": 50})
    with refused("OrderNotFound", 650):
        desk.move({"O1": "C", "O9": "C"})
    assert desk.block("B").quantity == 150
    assert len(desk.all(Block)) == 1
