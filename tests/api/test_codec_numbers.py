"""Money and quantities: every digit arrives, and nothing that is not a number does."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.api.examples import example
from tui.api import codec
from tui.api.base import CurrencyAndAmount, MetricValue, ProblemDetails, PropertyValue, ResourceId, Version
from tui.api.codec import Malformed, Unsendable
from tui.api.lenient_json import MAX_DIGITS
from tui.api.models import Execution, HistoryItem, Order, OrderGraphBlock
from tui.api.requests import OrderRequest, OrderUpdateRequest, ResourceList

DIGITS_28 = st.decimals(allow_nan=False, allow_infinity=False, places=None).filter(
    lambda number: len(number.as_tuple().digits) <= 28 and abs(number.adjusted()) < MAX_DIGITS
)
OUT_OF_RANGE = [
    "1E+400",
    "1e400",
    "-1E-400",
    "1E+100",
    "9" * 10_000,
    "0." + "0" * 200 + "1",
    "1E999999999999999999",
]
NO_NUMBERS = ["NaN", "nan", "-NaN", "sNaN", "NaN123", "Infinity", "-Infinity", "inf", "+inf"]


def amount(literal: str) -> Decimal | None:
    return codec.decode(CurrencyAndAmount, b'{"amount":' + literal.encode() + b',"currency":"USD"}').amount


@pytest.mark.parametrize(
    "literal",
    [
        "0", "1", "-1", "1.10", "100.0", "0.1", "0.30000000000000004", "-0.00",
        "1234567890123456789012345678", "0.1234567890123456789012345678",
        "12345678901234.56789012345678", "9007199254740993", "18446744073709551617",
        "99999999999999999.99",
    ],
)  # fmt: skip
def test_a_number_keeps_its_own_digits_in_and_out(literal: str) -> None:
    read = amount(literal)
    assert str(read) == literal
    assert codec.encode(CurrencyAndAmount(amount=read)) == b'{"amount":' + literal.encode() + b"}"


@pytest.mark.parametrize(
    ("literal", "value"),
    [("1e-7", "0.0000001"), ("1E-07", "0.0000001"), ("1.5E+3", "1500"), ("2e0", "2"), ("1E+20", "1E+20")],
)
def test_a_number_written_with_an_exponent_is_that_number(literal: str, value: str) -> None:
    assert amount(literal) == Decimal(value)


@given(DIGITS_28)
def test_28_digits_make_the_round_trip(number: Decimal) -> None:
    raw = codec.encode(CurrencyAndAmount(amount=number))
    assert codec.decode(CurrencyAndAmount, raw).amount == number
    assert json.loads(raw, parse_float=Decimal, parse_int=Decimal)["amount"] == number


@given(DIGITS_28)
def test_a_number_reads_alike_on_the_fast_and_on_the_careful_path(number: Decimal) -> None:
    fast = f'{{"amount":{number},"currency":"USD"}}'.encode()
    careful = fast.replace(b"USD", b"\\u0055SD")
    assert repr(codec.decode(CurrencyAndAmount, fast)) == repr(codec.decode(CurrencyAndAmount, careful))


@pytest.mark.parametrize("literal", OUT_OF_RANGE, ids=lambda literal: literal[:20])
@pytest.mark.parametrize("form", ["{}", '"{}"', '" {} "'])
@pytest.mark.parametrize("currency", ["USD", "\\u0055SD"])
def test_a_number_no_desk_can_mean_is_refused_in_whatever_form(
    literal: str, form: str, currency: str
) -> None:
    raw = f'{{"amount": {form.format(literal)} ,"currency":"{currency}"}}'.encode()
    with pytest.raises(Malformed):
        codec.decode(CurrencyAndAmount, raw)


@pytest.mark.parametrize("literal", NO_NUMBERS)
@pytest.mark.parametrize("form", ["{}", '"{}"', '" {}"', '"\u2003{}"', '"\\u0020{}"'])
def test_what_is_not_a_number_is_refused_in_whatever_form(literal: str, form: str) -> None:
    with pytest.raises(Malformed):
        codec.decode(CurrencyAndAmount, f'{{"amount":{form.format(literal)}}}'.encode())


def test_digits_of_other_scripts_cannot_hide_an_exponent() -> None:
    with pytest.raises(Malformed):
        codec.decode(CurrencyAndAmount, '{"amount":"１E９９９９９９"}'.encode())


def test_totals_by_state_are_bounded_like_every_other_number() -> None:
    block = json.loads(example("13_list_order_graph_blocks.response"))["values"][0]
    block["ordered"]["quantityByState"] = {"New": "1E+999999"}
    with pytest.raises(Malformed):
        codec.decode(OrderGraphBlock, json.dumps(block).encode())


def test_a_number_in_a_text_field_is_only_a_text() -> None:
    for text in ("NaN", "1E+400", "Infinity", "9" * 500):
        assert codec.decode(ProblemDetails, json.dumps({"detail": text}).encode()).detail == text
        assert codec.decode(PropertyValue, json.dumps({"labelValue": text}).encode()).label_value == text
        id = codec.decode(ResourceId, json.dumps({"scope": text, "code": text}).encode())
        assert id == ResourceId(text, text)


def test_an_odd_number_in_a_member_we_do_not_read_does_no_harm() -> None:
    for odd in ("1E+400", "9" * 10_000, "1e-400"):
        raw = f'{{"amount":1.10,"currency":"USD","new":{odd}}}'.encode()
        assert str(codec.decode(CurrencyAndAmount, raw).amount) == "1.10"


def test_a_whole_number_that_is_out_of_range_is_refused_not_an_accident() -> None:
    with pytest.raises(Malformed):
        codec.decode(Version, b'{"asAtVersionNumber":' + b"1" * 10_000 + b"}")


def test_numbers_of_an_unknown_shape_keep_their_digits() -> None:
    raw = b'{"values":[{"newValue":0.1234567890123456789012345678},{"newValue":{"deep":[1.10]}}]}'
    first, second = codec.decode(ResourceList[HistoryItem], raw).values
    assert codec.value_text(first.new_value) == "0.1234567890123456789012345678"
    assert codec.value_text(second.new_value) == '{"deep":[1.10]}'
    assert codec.encode(second) == b'{"newValue":{"deep":[1.10]}}'


FLOAT: Any = 1.5
NAN: Any = float("nan")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (OrderUpdateRequest(id=ResourceId("s", "c"), quantity=Decimal("NaN")), "NaN"),
        (OrderUpdateRequest(id=ResourceId("s", "c"), quantity=Decimal("-Infinity")), "Infinity"),
        (OrderUpdateRequest(id=ResourceId("s", "c"), quantity=Decimal("1E+400")), "1E"),
        ({"u1": CurrencyAndAmount(amount=FLOAT)}, "binary float"),
        ([MetricValue(value=NAN)], "binary float"),
        (Version(as_at_date=datetime(2026, 11, 20)), "time zone"),  # noqa: DTZ001
        (ResourceId("Desk", "A\ud800"), "half a character"),
    ],
)
def test_nothing_inexact_is_ever_sent(body: Any, reason: str) -> None:
    with pytest.raises(Unsendable, match=reason):
        codec.encode_request(body)


@pytest.mark.parametrize("number", ["NaN", "sNaN", "Infinity", "-Infinity"])
def test_what_is_no_number_is_never_written_for_nobody_could_read_it_again(number: str) -> None:
    for value in (CurrencyAndAmount(amount=Decimal(number)), [Decimal(number)]):
        with pytest.raises(Unsendable):
            codec.encode(value)
    assert codec.encode(CurrencyAndAmount(currency=number)) == b'{"currency":"%b"}' % number.encode()


def test_what_is_exact_is_sent_as_it_is() -> None:
    request = OrderRequest(
        id=ResourceId("Desk", "ORD-1"),
        instrument_identifiers={"Instrument/default/Figi": "BBG000B9XRY4"},
        side="Buy",
        quantity=Decimal("100.50"),
        date=datetime(2026, 11, 20, 9, tzinfo=UTC),
    )
    assert json.loads(codec.encode_request(request), parse_float=str) == {
        "id": {"scope": "Desk", "code": "ORD-1"},
        "instrumentIdentifiers": {"Instrument/default/Figi": "BBG000B9XRY4"},
        "side": "Buy",
        "quantity": "100.50",
        "date": "2026-11-20T09:00:00.0000000+00:00",
    }


@given(st.lists(DIGITS_28, max_size=20), st.booleans())
def test_the_quantities_of_a_page_arrive_as_they_were_sent(numbers: list[Decimal], careful: bool) -> None:
    fill = {**json.loads(example("23_get_execution.response")), "quantity": "@"}
    raw = json.dumps({"values": [fill for _ in numbers], "href": "\\" if careful else ""})
    for number in numbers:
        raw = raw.replace('"@"', f"{number:f}", 1)
    page = codec.decode_page(Execution, raw.encode())
    assert not page.bad
    assert [row.quantity for row in page.values] == numbers


def test_one_odd_number_spoils_its_row_and_no_other() -> None:
    reply = json.loads(example("21_list_orders.response"))
    row = reply["values"][0]
    reply["values"] = [dict(row, id={"scope": "Desk", "code": f"ORD-{n}"}, quantity=n) for n in range(1, 6)]
    raw = json.dumps(reply).encode().replace(b'"quantity": 3,', b'"quantity": 3E+999999,')
    page = codec.decode_page(Order, raw)
    assert [order.quantity for order in page.values] == [1, 2, 4, 5]
    [bad] = page.bad
    assert "quantity" in bad.problem
    assert "ORD-3" in bad.text
