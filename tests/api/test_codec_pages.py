"""Replies as they come: unknown members, missing ones, bad rows, other shapes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.api.examples import example
from tui.api import codec
from tui.api.base import ErrorDetail
from tui.api.codec import Malformed
from tui.api.models import Allocation, Block, HistoryItem, Order, OrderGraphBlock, Placement, Transaction
from tui.api.requests import BookingReply, DeletedEntity, KeyedReply, ResourceList

ENTITIES = [
    (Block, "20_list_blocks.response"),
    (Order, "21_list_orders.response"),
    (Placement, "22_list_placements.response"),
    (Allocation, "10_list_allocations.response"),
    (OrderGraphBlock, "13_list_order_graph_blocks.response"),
]


@pytest.mark.parametrize(("row", "name"), ENTITIES)
@pytest.mark.parametrize(
    "bad", [None, 5, "text", [], {}, {"id": {"scope": "Desk"}}, {"id": 1}, {"id": {"scope": 1, "code": 2}}]
)
def test_one_bad_row_is_shown_as_bad_and_hides_no_other(row: type[Any], name: str, bad: object) -> None:
    reply = json.loads(example(name))
    reply["nextPage"] = "bmV4dA=="
    good = len(reply["values"])
    reply["values"].insert(1, bad)
    page: codec.Page[Any] = codec.decode_page(row, json.dumps(reply).encode())
    assert len(page.values) == good
    assert len(page.bad) == 1
    assert page.bad[0].problem
    assert page.next_page == "bmV4dA=="


@pytest.mark.parametrize(
    ("members", "next_page"),
    [({"nextPage": "abc="}, "abc="), ({"nextPage": ""}, None), ({"nextPage": None}, None), ({}, None)],
)
def test_the_last_page_is_told_in_three_ways(members: dict[str, object], next_page: str | None) -> None:
    page = codec.decode_page(Block, json.dumps({"values": [], **members}).encode())
    assert page.next_page == next_page


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"null",
        b"[]",
        b"5",
        b'"text"',
        b"{}",
        b'{"values":null}',
        b'{"values":{}}',
        b"<html>",
        b'{"values":[',
        b"\x00",
    ],
)
def test_an_answer_that_is_no_list_is_malformed(raw: bytes) -> None:
    with pytest.raises(Malformed):
        codec.decode_page(Block, raw)


@pytest.mark.parametrize(
    "raw", [b"[" * 200_000, b'{"a":' * 200_000, b'{"values":' + b"[" * 100_000 + b"]" * 100_000 + b"}"]
)
def test_a_bottomless_answer_is_malformed_and_does_not_end_the_program(raw: bytes) -> None:
    with pytest.raises(Malformed):
        codec.decode(ResourceList[Block], raw)
    with pytest.raises(Malformed):
        codec.decode_page(Block, raw + b" ")


def test_members_we_do_not_know_are_passed_over() -> None:
    reply = json.loads(example("20_get_block.response"))
    reply |= {"dataModelMembership": {"membership": [], "currentModel": None}, "tomorrow": [1, {"x": 2}]}
    assert codec.decode(Block, json.dumps(reply).encode()) == codec.decode(
        Block, example("20_get_block.response")
    )


@pytest.mark.parametrize(
    "member", ["quantity", "isSwept", "basis", "version", "links", "properties", "type", "timeInForce"]
)
def test_a_server_need_not_send_what_others_leave_out(member: str) -> None:
    reply = json.loads(example("20_get_block.response"))
    missing = {name: value for name, value in reply.items() if name != member}
    null = {**reply, member: None}
    read = [codec.decode(Block, json.dumps(body).encode()) for body in (missing, null)]
    assert read[0] == read[1]


def test_states_nobody_has_heard_of_are_kept() -> None:
    raw = (
        example("21_get_order.response")
        .replace(b'"Filled"', b'"Teleported"')
        .replace(b'"New"', b'"Teleported"')
    )
    assert b"Teleported" in raw or b'"state"' in raw
    reply = {**json.loads(example("21_get_order.response")), "state": "Teleported", "side": "Borrow"}
    order = codec.decode(Order, json.dumps(reply).encode())
    assert (order.state, order.side) == ("Teleported", "Borrow")


def test_the_old_answer_to_a_delete_is_one_time() -> None:
    assert codec.decode(DeletedEntity, b'{"asAt":"2026-11-20T12:30:00Z"}').entity_type is None


def test_instrument_identifiers_may_lack_a_value() -> None:
    reply = {
        **json.loads(example("20_get_block.response")),
        "instrumentIdentifiers": {"Instrument/default/Isin": None},
    }
    assert codec.decode(Block, json.dumps(reply).encode()).instrument_identifiers == {
        "Instrument/default/Isin": None
    }


def test_every_key_of_a_partial_answer_is_told_apart() -> None:
    reply = codec.decode(KeyedReply[Order], example("03_update_orders.response"))
    assert list(reply.values or {}) == ["u1"]
    assert (reply.failed or {})["u2"] == ErrorDetail(
        id="u2",
        type="OrderNotFound",
        detail="No order with scope 'Desk' and code 'ORD-404' exists.",
        error_details=(),
    )


def test_a_booking_reply_carries_transactions_by_key() -> None:
    values = codec.decode(BookingReply, example("11_book_transactions.response")).values or {}
    first: Transaction = values["Scope:Desk Code:PLC-1-ORD-1"]
    assert str(first.total_consideration) == "13462.4875 USD"


@pytest.mark.parametrize("generation", ["old", "new"])
def test_both_generations_of_history_tell_the_same_story(generation: str) -> None:
    items = codec.decode(
        ResourceList[HistoryItem], example(f"12_get_order_history.response.{generation}")
    ).values
    quantity = next(item for item in items if item.attribute_name == "quantity")
    note = next(item for item in items if item.attribute_name == "Order/Desk/Note")
    before, after = codec.value_text(quantity.previous_value), codec.value_text(quantity.new_value)
    assert [before.rstrip("0").rstrip("."), after.removesuffix(".0")] == ["55", "50"]
    assert codec.value_text(note.previous_value) == ""
    assert codec.value_text(note.new_value) == "trimmed"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("null", ""),
        ('"New"', "New"),
        ('""', ""),
        ("55", "55"),
        ("55.50", "55.50"),
        ("1E-7", "0.0000001"),
        ("true", "true"),
        ("false", "false"),
        ('{"labelValue":"x"}', "x"),
        ('{"metricValue":{"value":55.0}}', "55.0"),
        ('{"metricValue":{"value":1.5,"unit":"USD"}}', "1.5 USD"),
        ('{"labelValueSet":{"values":["a","b"]}}', "a, b"),
        ('{"amount":190.0,"currency":"USD"}', "190.0 USD"),
        ('{"scope":"Desk","code":"GROWTH"}', "Desk/GROWTH"),
        ('{"other":[1,2.50]}', '{"other":[1,2.50]}'),
        ("[]", "[]"),
        ("{}", "{}"),
        ("1E+400", "1E+400"),
    ],
)
def test_a_value_of_history_is_text_whatever_its_shape(value: str, text: str) -> None:
    raw = f'{{"values":[{{"newValue":{value}}}]}}'.encode()
    [item] = codec.decode(ResourceList[HistoryItem], raw).values
    assert codec.value_text(item.new_value) == text
