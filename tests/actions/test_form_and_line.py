"""The form of new orders and the order line: one grammar, the same refusals."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest

from tests.service.orderline.test_order_line import HERE, parsed_line
from tui.actions.form_fields import calendar_day, parse_day
from tui.actions.order_sizes import sizes_problem, split_sizes
from tui.service.numbers import parse_size
from tui.service.orderline import parse_portfolios

ONE_GRAMMAR = [
    "50k @UKEQ-GROW 60% @UKEQ-INC 40%",
    "50k @UKEQ-GROW 60%, @UKEQ-INC 40%",
    "@UKEQ-GROW 1,000, @UKEQ-INC 2,500",
    "50k GBP @UKEQ-GROW 20k @UKEQ-INC",
    "50k @UKEQ-GROW 60%",
    "50k @UKEQ-GROW ,5",
    "5k @UKEQ-GROW @UKEQ-GROW",
    "50k GBP @UKEQ-GROW x",
]


@pytest.mark.parametrize("typed", ONE_GRAMMAR)
def test_the_form_and_the_line_read_the_same_sizes_or_refuse_them_in_the_same_words(typed: str) -> None:
    before, _, portfolios = typed.partition("@")
    of_line = parsed_line(f"b {before}VOD @{portfolios}")
    refused = sizes_problem(typed, HERE)
    assert refused == next((str(error) for error in of_line.errors), None)
    if of_line.line is not None:
        assert (of_line.line.parts, of_line.line.money) == split_sizes(typed, HERE)


@pytest.mark.parametrize(
    ("in_form", "in_line"),
    [
        ("UKEQ-GROW 1,000, UKEQ-INC 2,500", "@UKEQ-GROW 1,000 @UKEQ-INC 2,500"),
        ("UKEQ-GROW 1,000,UKEQ-INC 7", "@UKEQ-GROW 1,000 @UKEQ-INC 7"),
        ("UKEQ-GROW 1,000 GBP", "@UKEQ-GROW 1,000 GBP"),
    ],
)
def test_commas_group_thousands_of_the_sizes_between_which_others_stand(in_form: str, in_line: str) -> None:
    assert split_sizes(in_form, HERE) == parse_portfolios(in_line, HERE)


def test_a_portfolio_that_is_named_twice_in_the_form_is_refused_as_in_the_line() -> None:
    with pytest.raises(ValueError, match="UKEQ-GROW is named more than once"):
        split_sizes("UKEQ-GROW 5k, demo/UKEQ-INC 1k, UKEQ-GROW 5k", HERE)


@pytest.mark.parametrize("typed", ["2027-2-3", "2026-12-24", "2026-W52-4", "20261224", "24 Dec"])
def test_the_day_that_an_order_is_good_till_is_typed_alike_in_form_and_line(typed: str) -> None:
    of_line = parsed_line(f"b 5k VOD gtd {typed} @UKEQ-GROW")
    field = calendar_day("till", "Good till", None)
    assert (field.check(typed) is None) == (of_line.line is not None)
    if of_line.line is not None:
        assert of_line.line.good_till == parse_day(typed).date()


def test_what_is_no_amount_is_said_in_english() -> None:
    assert "'b' is not an amount." in parsed_line("b 50k GBP VOD @UKEQ-GROW b").errors[0].text


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("ALBN 60% KEYS 30%", "'ALBN 60% KEYS 30%' is not a percentage. Type it like 60% or 33.3%."),
        ("0%", "'0%' is not a percentage: it must be greater than zero."),
        ("-x%", "'x%' is not a percentage"),
    ],
)
def test_a_percentage_that_is_none_is_said_as_it_was_typed(typed: str, said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        parse_size(typed, Decimal(17_000))
