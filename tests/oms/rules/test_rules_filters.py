"""Filters, over HTTP (F1 to F5)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.oms.rules.rules_client import RulesClient, id_of, refused, usd
from tui.api.models import Block, Execution, Order, Placement


def note(value: str) -> Any:
    return {"Order/Desk/Note": {"key": "Order/Desk/Note", "value": {"labelValue": value}}}


def test_f1_missing_values_match_only_not_exists(desk: RulesClient) -> None:
    desk.put_order("O1", type=None, price=None)
    desk.put_order("O2", price=usd(5), properties=note("hot"))
    assert desk.codes(Order, "type neq 'Market'") == ["O2"]
    assert desk.codes(Order, "type eq 'Market' or type neq 'Market'") == ["O2"]
    assert desk.codes(Order, "price.amount lt 100") == ["O2"]
    assert desk.codes(Order, "type not exists") == ["O1"]
    assert desk.codes(Order, "price exists") == ["O2"]
    assert desk.codes(Order, "properties[Order/Desk/Note] neq 'cold'") == ["O2"]
    assert desk.codes(Order, "properties[Order/Desk/Note] not exists") == ["O1"]


def test_f2_dates_without_a_zone_are_utc_and_a_day_is_its_midnight(desk: RulesClient) -> None:
    desk.put_order("O1", date="2026-11-20T00:00:00Z")
    desk.put_order("O2", date="2026-11-20T10:00:00Z")
    assert desk.codes(Order, "date eq 2026-11-20") == ["O1"]
    assert desk.codes(Order, "date gt 2026-11-20") == ["O2"]
    assert desk.codes(Order, "date eq 2026-11-20T10:00:00") == ["O2"]
    assert desk.codes(Order, "date eq 2026-11-20T12:00:00+02:00") == ["O2"]
    assert desk.codes(Order, "date lt 2026-11-20T10:00:00Z") == ["O1"]


def test_f2_numbers_compare_as_numbers_and_text_without_regard_to_case(desk: RulesClient) -> None:
    desk.put_order("O1", quantity=9, properties=note("Hot"))
    desk.put_order("O2", quantity=10, properties=note("ice"))
    assert desk.codes(Order, "quantity lt 10") == ["O1"]
    assert desk.codes(Order, "QUANTITY gte 9.50") == ["O2"]
    assert desk.codes(Order, "properties[Order/Desk/Note] eq 'HOT'") == ["O1"]
    assert desk.codes(Order, "properties[Order/Desk/Note] gt 'hot'") == ["O2"]
    assert desk.codes(Order, "state startswith 'ne'") == ["O1", "O2"]


def test_f3_a_list_is_tested_by_any_or_all_and_without_either_by_any(desk: RulesClient) -> None:
    desk.create("B", {"O1": 5, "O2": 5})
    desk.create("C", {"O3": 5})
    desk.put_block("D")
    desk.place("P", "B C", 10)
    desk.place("Q", "C", 5)
    assert desk.codes(Block, "orderIds any (~.code eq 'O1')") == ["B"]
    assert desk.codes(Block, "orderIds all (~.code startswith 'O')") == ["B", "C"]
    assert desk.codes(Block, "orderIds all (~.code neq 'O1')") == ["C"]
    assert desk.codes(Placement, "blockIds.code eq 'C'") == ["P", "Q"]
    assert desk.codes(Placement, "blockIds any (~.code eq 'B') and blockIds.code eq 'C'") == ["P"]


@pytest.mark.parametrize("filter", ["state eqq 'New'", "state eq", "(state eq 'New'", "state eq 'New' and"])
def test_f4_an_unparsable_filter_is_refused(desk: RulesClient, filter: str) -> None:
    with refused("QueryParserFailure", 233):
        desk.codes(Order, filter)


@pytest.mark.parametrize("filter", ["colour eq 'red'", "price.colour eq 'red'", "id.size gt 4"])
def test_f4_an_unknown_field_is_refused(desk: RulesClient, filter: str) -> None:
    with refused("InvalidParameterValue", 151):
        desk.codes(Order, filter)


@pytest.mark.parametrize("filter", ["", "   "])
def test_f4_an_empty_filter_is_none(desk: RulesClient, filter: str) -> None:
    desk.put_order("O1")
    assert desk.codes(Order, filter) == ["O1"]


def test_f5_filters_of_lusids_examples(desk: RulesClient) -> None:
    key = "Order/S/Code"
    desk.put_order("O1", quantity=150, properties={key: {"key": key, "value": {"labelValue": "a"}}})
    desk.put_order("O2", quantity=50, properties={key: {"key": key, "value": {"labelValue": "b"}}})
    desk.put_order("O3", quantity=200, portfolioId=id_of("INCOME"))
    assert desk.codes(Order, "Quantity gt 100 and properties.Order/S/Code in ('a','b')") == ["O1"]
    mine = "LusidInstrumentId eq 'LUID_0000AAPL' and Id.Scope eq 'Desk'"
    assert desk.codes(Order, mine) == ["O1", "O2", "O3"]
    growth = "portfolioId.code eq 'GROWTH' and portfolioId.scope eq 'Desk'"
    assert desk.codes(Order, growth) == ["O1", "O2"]


def test_f5_a_write_is_found_at_once(desk: RulesClient) -> None:
    desk.create("B", {"O1": 100})
    desk.place("P", "B", 100)
    desk.fill("E1", "P", 10)
    assert desk.codes(Execution, "placementId.code eq 'P' and quantity eq 10") == ["E1"]
    desk.cancel_placement("P")
    assert desk.codes(Placement, "state eq 'Cancelled'") == ["P"]
