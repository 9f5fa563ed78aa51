"""Quantities and prices as people type them."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest

from tests.paths import ROOT
from tui.columns.filter import parse_filter
from tui.columns.filter_grammar import FilterError
from tui.service.numbers import (
    average,
    money,
    number,
    parse_number,
    parse_price,
    parse_quantity,
    parse_size,
    price,
    size_text,
)
from tui.service.snapshot.snapshot import EntityKind


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("100", "100"),
        ("50k", "50000"),
        ("1.5m", "1500000"),
        ("2b", "2000000000"),
        ("1,000", "1000"),
        ("1,234,567.5", "1234567.5"),
        (" 50K ", "50000"),
        (".5", "0.5"),
        ("0.001k", "1.000"),
        ("+7", "7"),
    ],
)
def test_sizes_that_are_understood(typed: str, meant: str) -> None:
    read = parse_quantity(typed)
    assert read == Decimal(meant)
    assert "E" not in str(read), "written in full, never with an exponent"


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("", "missing"),
        ("abc", "Type it like"),
        ("0,82", "decimal mark is a point"),
        ("1,00,000", "commas do not group thousands"),
        ("0", "greater than zero"),
        ("-5", "greater than zero"),
        ("1e9", "Type it like"),
        ("nan", "Type it like"),
        ("5kk", "Type it like"),
        (".", "Type it like"),
        ("1" * 40, "more digits"),
        ("１２", "Type it like"),
    ],
)
def test_sizes_that_are_not(typed: str, why: str) -> None:
    with pytest.raises(ValueError, match=why) as caught:
        parse_quantity(typed)
    assert str(caught.value).endswith(".")


def test_what_is_no_price_is_told_how_prices_are_typed() -> None:
    with pytest.raises(ValueError, match=r"^'50%' is not a price\. Type it like 0\.82 or 1,250\.5\.$"):
        parse_price("50%")


def test_a_price_keeps_the_digits_it_was_typed_with() -> None:
    assert str(parse_price("0.8200")) == "0.8200"
    assert parse_price("0") == 0
    assert str(parse_price("-37.63")) == "-37.63", "power and oil have traded below zero"


@pytest.mark.parametrize(
    ("amount", "currency", "shown"),
    [
        ("0.0000000123", "USD", "0.0000000123 USD"),
        ("0.00000812", "BTC", "0.00000812 BTC"),
        ("0.000155", "BTC", "0.000155 BTC"),
        ("0.125", "KWD", "0.125 KWD"),
        ("1234", "JPY", "1,234 JPY"),
        ("-0.001", "USD", "-0.001 USD"),
        ("1234.565", "USD", "1,234.56 USD"),
        ("0", "USD", "0.00 USD"),
    ],
)
def test_money_has_the_decimals_of_its_currency_and_is_never_shown_as_nothing(
    amount: str, currency: str, shown: str
) -> None:
    assert money(Decimal(amount), currency) == shown


@pytest.mark.parametrize(
    ("quoted", "currency", "shown"),
    [
        ("0.0000000123", "USD", "0.0000000123"),
        ("0.00000812", "BTC", "0.00000812"),
        ("0.000155", "BTC", "0.000155"),
        ("0.125", "KWD", "0.125"),
        ("1234", "JPY", "1,234"),
        ("1234.5", "JPY", "1,234.5"),
        ("0.82", "GBP", "0.8200"),
        ("189.5", "USD", "189.50"),
        ("-37.63", "USD", "-37.63"),
        ("0.0333333333333333333333333333", "USD", "0.0333333"),
    ],
)
def test_a_price_keeps_its_own_precision(quoted: str, currency: str, shown: str) -> None:
    assert price(Decimal(quoted), currency) == shown


@pytest.mark.parametrize(
    ("mean", "currency", "shown"),
    [("2751.25", "JPY", "2,751.25"), ("98.04464", "USD", "98.0446"), ("0.0000000123", "USD", "0.0000000123")],
)
def test_an_average_price_has_two_decimals_more(mean: str, currency: str, shown: str) -> None:
    assert average(Decimal(mean), currency) == shown


@pytest.mark.parametrize(
    "typed", ["1,5", "0,82", "1,00,000", "1e3", "nan", "5kk", "１２", "1_000", "1,234,56"]
)
def test_a_filter_reads_a_number_like_a_form_does(typed: str) -> None:
    with pytest.raises(ValueError, match="is not a number") as in_a_form:
        parse_number(typed)
    with pytest.raises(FilterError) as in_a_filter:
        parse_filter(f"quantity>{typed}", EntityKind.ORDERS)
    assert str(in_a_filter.value) == f"Quantity: {in_a_form.value}"


@pytest.mark.parametrize("power", [-40, -20, 0, 20, 26, 27, 28, 29, 30, 31, 60])
@pytest.mark.parametrize("digits", ["1", "-1", "123456789.123456789"])
def test_a_number_of_any_size_is_written_and_divided(digits: str, power: int) -> None:
    value = Decimal(digits).scaleb(power)
    for text in (
        number(value),
        number(value, 2),
        price(value, "USD"),
        average(value, "JPY"),
        money(value, "KWD"),
        size_text(value, "USD"),
    ):
        assert text.strip("0.- ") != "", "it is not zero"
    held = abs(value)
    assert power < 0 or 0 < parse_size("50%", held + 1) <= held


@pytest.mark.parametrize(
    ("typed", "currency", "said"),
    [
        ("1000.5", "JPY", "JPY has 0 decimals"),
        ("+0.5", "JPY", "JPY has 0 decimals"),
        ("0.1255", "KWD", "KWD has 3 decimals"),
        ("0.00000812", "BTC", ""),
        ("0.125", "KWD", ""),
        ("1000.5", "", ""),
    ],
)
def test_an_amount_has_no_more_decimals_than_its_currency(typed: str, currency: str, said: str) -> None:
    if not said:
        assert parse_size(typed, Decimal(1_000), currency) == Decimal(typed)
        return
    with pytest.raises(ValueError, match=said):
        parse_size(typed, Decimal(1_000), currency)


def test_a_count_and_a_typed_number_are_understood_in_one_module_only() -> None:
    plural = r"""["'](\w*)["'] if .*? else ["']\1s["']|["'](\w*)s["'] if .*? else ["']\2["']"""
    said_twice = re.compile(plural + r"""|replace\(["'],["'], *["']["']\)""")
    found = [
        f"{path}: {line.strip()}"
        for room in ("tui", "widgets")
        for path in sorted((ROOT / room).rglob("*.py"))
        if path.relative_to(ROOT).parts[:2] != ("tui", "oms") and path.name != "numbers.py"
        for line in path.read_text(encoding="utf-8").splitlines()
        if said_twice.search(line)
    ]
    assert found == []
