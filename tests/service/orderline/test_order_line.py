"""The order line: what a dealer types, said back in full words."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from tests.service.sample_rows import NINE, order, snapshot_of
from tui.api.base import CurrencyAndAmount, ResourceId
from tui.service.id_lookup import portfolio_lookup
from tui.service.ids import new_code
from tui.service.orderline import LineError, OrderLine, Parsed, PortfolioShare, parse_order_line
from tui.service.snapshot.instruments import Instrument
from tui.service.snapshot.snapshot import EntityKind
from tui.service.verbs.facts import order_ref, priced

TODAY = date(2026, 11, 20)
VOD = Instrument(
    "LUID_VOD",
    {"Instrument/default/Ticker": "VOD"},
    name="Vodafone",
    currency="GBP",
    last_price=Decimal("0.81"),
)


def drawn(kind: EntityKind, scope: str) -> ResourceId:
    """Return a new id as a desk draws it."""
    return ResourceId(scope, new_code(kind.value[0].upper(), TODAY))


KNOWN = (
    ResourceId("demo", "UKEQ-GROW"),
    ResourceId("funds_uk", "us_long"),
    ResourceId("FundA", "GROWTH"),
    ResourceId("FundB", "GROWTH"),
)
HERE = portfolio_lookup(
    snapshot_of(orders=[replace(order(f"ORD-{n}"), portfolio_id=id) for n, id in enumerate(KNOWN)]), "demo"
)


def parsed_line(text: str, check: Callable[[str], str | None] | None = None) -> Parsed:
    return parse_order_line(text, portfolios=HERE, check=check, today=lambda ticker: TODAY)


def share(code: str, quantity: int) -> PortfolioShare:
    return PortfolioShare(ResourceId("demo", code), Decimal(quantity))


def line(text: str) -> OrderLine:
    parsed = parsed_line(text)
    assert not parsed.errors, parsed.errors
    assert parsed.line is not None
    return parsed.line


def test_the_example_of_the_conventions() -> None:
    read = line("b 50k VOD lmt 0.82 day @UKEQ-GROW 60% @UKEQ-INC 40%")
    assert read == OrderLine(
        side="Buy",
        size=Decimal(50_000),
        ticker="VOD",
        type="Limit",
        limit=Decimal("0.82"),
        time_in_force="Day",
        parts=(share("UKEQ-GROW", 30_000), share("UKEQ-INC", 20_000)),
    )
    assert read.describe(HERE, VOD) == (
        "Buy 50,000 VOD (Vodafone) limit 0.82 GBP, day, 30,000 for UKEQ-GROW, "
        "20,000 for demo/UKEQ-INC (unknown to this desk). Notional 41,000.00 GBP."
    )


def test_what_is_not_known_here_may_be_a_bond_so_its_price_may_be_of_a_hundred() -> None:
    said = line("s 1m US912810TJ79 lmt 98 day @UKEQ-GROW").describe(HERE)
    assert said.endswith("Notional unknown: US912810TJ79 is looked up before the preview.")
    assert "98,000,000" not in said


def test_market_and_day_are_understood_when_left_out() -> None:
    read = line("ss 1,000 tsla @GLB-CORE")
    assert (read.side, read.type, read.time_in_force) == ("SellShort", "Market", "Day")
    assert read.parts == (share("GLB-CORE", 1000),)
    assert "Notional unknown" in read.describe(HERE)
    assert "about 810.00 GBP" in read.describe(HERE, VOD)


@pytest.mark.parametrize(
    ("terms", "said"),
    [
        ({"type": "Market"}, "at market, day, for UKEQ-GROW."),
        ({"type": "Limit", "limit": Decimal("0.82")}, "limit 0.82 GBP, day, for UKEQ-GROW."),
        (
            {"type": "StopLimit", "limit": Decimal("0.82"), "stop": Decimal("0.8")},
            "stop 0.8 GBP limit 0.82 GBP, day, for UKEQ-GROW.",
        ),
        ({"type": "Limit"}, "limit without a price, day, for UKEQ-GROW."),
    ],
)
def test_while_it_is_typed_every_price_and_the_type_are_said(terms: dict[str, Any], said: str) -> None:
    typed = OrderLine("Buy", Decimal(100), "VOD", parts=(share("UKEQ-GROW", 100),), **terms)
    assert typed.describe(HERE, VOD).startswith(f"Buy 100 VOD (Vodafone) {said}")


def test_a_stop_order_is_worth_the_last_price_as_its_preview_says() -> None:
    known = replace(VOD, last_price=Decimal("0.82"))
    typed = line("b 10k VOD stp 0.2 @UKEQ-GROW")
    assert typed.describe(HERE, known).endswith("Notional about 8,200.00 GBP.")
    assert typed.describe(HERE, replace(VOD, last_price=None)).endswith("Notional about 2,000.00 GBP.")
    stop = CurrencyAndAmount(amount=Decimal("0.2"), currency="GBP")
    for last, notional in ((Decimal("0.82"), 8_200), (None, 2_000)):
        instrument, size = replace(VOD, last_price=last), Decimal(10_000)
        shown = priced(order_ref(ResourceId("demo", "ORD-1")), "Buy", size, instrument, stop=stop)
        assert shown.notional == notional


def test_prices_in_another_currency_are_said_in_it() -> None:
    assert "limit 1.1 USD, day" in line("b 100 VOD lmt 1.1 @UKEQ-GROW").describe(HERE, VOD, "USD")


def test_a_bond_is_quoted_per_hundred_nominal() -> None:
    gilt = Instrument("LUID_G", {}, currency="GBP", asset_class="Bond", last_price=Decimal("100.2"))
    assert "Notional about 5,010,000.00 GBP." in line("b 5m GB00BT7J0027 @GILT-LDI").describe(HERE, gilt)


def test_a_good_till_date_order_keeps_its_date() -> None:
    read = line("bc 10 AAPL stp 250 gtd 2026-11-30 @US-TECH")
    assert (read.side, read.type, read.stop) == ("CoverShort", "Stop", Decimal(250))
    assert read.good_till == date(2026, 11, 30)
    assert "good till 30 Nov 2026" in read.describe(HERE)
    made = read.request({}, currency="USD", scope="demo", new_id=drawn, now=NINE)
    values = [str(each.value) for each in (made.orders[0].properties or {}).values()]
    assert values == ["2026-11-30"]


@pytest.mark.parametrize(
    ("text", "sizes"),
    [
        ("b 100 X @A 60 @B 40", [60, 40]),
        ("b 100 X @A 60 @B", [60, 40]),
        ("b 40 X @A 30% @B 33% @C 37%", [12, 13, 15]),
        ("b 100 X @A 33.34% @B 33.33% @C 33.33%", [34, 33, 33]),
        ("b 10 X @A 50% @B 3 @C", [5, 3, 2]),
    ],
)
def test_how_a_size_is_shared_out(text: str, sizes: list[int]) -> None:
    assert [part.size for part in line(text).parts] == sizes


@pytest.mark.parametrize(
    ("text", "money", "ticker", "sizes"),
    [
        ("b 50k GBP VOD lmt 0.82 @A 60% @B 40%", "GBP", "VOD", ["30000.00", "20000.00"]),
        ("b 100 gbp VOD @A 33.33% @B 33.33% @C 33.34%", "GBP", "VOD", ["33.33", "33.33", "33.34"]),
        ("b 100 JPY 6758 @A 33% @B 33% @C 34%", "JPY", "6758", ["33", "33", "34"]),
        ("b 10.25 USD AAPL @A 10 @B", "USD", "AAPL", ["10", "0.25"]),
        ("b 50k ALL lmt 180 @A", "", "ALL", ["50000"]),
        ("b 50k ALL @A", "", "ALL", ["50000"]),
        ("b 50k all gtc @A", "", "ALL", ["50000"]),
        ("b 50k USD ALL @A", "USD", "ALL", ["50000"]),
        ("b 50k ALL ALL @A", "ALL", "ALL", ["50000"]),
    ],
)
def test_a_currency_before_the_ticker_makes_the_size_an_amount_of_money(
    text: str, money: str, ticker: str, sizes: list[str]
) -> None:
    read = line(text)
    assert (read.money, read.ticker) == (money, ticker)
    assert [part.size for part in read.parts] == list(map(Decimal, sizes))
    made = read.request({}, currency="GBP", scope="demo", new_id=drawn, now=NINE)
    asked = [(each.quantity, each.amount) for each in made.orders]
    whole = [Decimal(size) for size in sizes]
    in_money = [(None, CurrencyAndAmount(amount=size, currency=money)) for size in whole]
    assert asked == (in_money if money else [(size, None) for size in whole])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "b 50k GBP VOD lmt 0.8 @UKEQ-GROW",
            "Buy 50,000 GBP of VOD (Vodafone) limit 0.8 GBP, day, for UKEQ-GROW. It buys about 62,500 units.",
        ),
        ("b 50k GBP VOD @UKEQ-GROW", "at market, day, for UKEQ-GROW. It buys about 61,728 units."),
        ("b 50k USD VOD @UKEQ-GROW", "The amount is in USD, prices are in GBP."),
    ],
)
def test_money_is_said_as_money_and_what_it_buys(text: str, said: str) -> None:
    assert said in line(text).describe(HERE, VOD)


@pytest.mark.parametrize(
    ("text", "why", "word"),
    [
        ("b 50.001 GBP VOD @A", "GBP has 2 decimals", "50.001"),
        ("b 50.5 JPY 6758 @A", "JPY has 0 decimals", "50.5"),
        ("b -5 GBP VOD @A", "must be greater than zero", "-5"),
        ("b 50k GBP VOD @A 30k @B 10k", "40,000 GBP of 50,000 GBP: 10,000 GBP too little", "10k"),
        ("b 50k GBP VOD @A 30k @B 30k", "10,000 GBP too much", "30k"),
        ("x 50k VOD @A", "not a side", "x"),
        ("b 50,0 VOD @A", "decimal mark is a point", "50,0"),
        ("b 50k VOD lmt cheap @A", "not a price", "cheap"),
        ("b 50k VOD lmt 1 now @A", "not understood here", "now"),
        ("b 50k VOD gtd 2026-11-19 @A", "in the past", "2026-11-19"),
        ("b 50k VOD gtd soon @A", "not a day", "soon"),
        ("b 50k VOD @A 60% @B 30%", "The portfolios add up to 45,000 of 50,000: 5,000 too few.", "30%"),
        ("b 50k VOD @A 60%", "The portfolio takes 30,000 of 50,000: 20,000 too few.", "60%"),
        ("b 50k VOD @A 60k", "10,000 too many", "60k"),
        ("b 50k VOD @A 50k @B", "Nothing is left for @B", "@B"),
        ("b 50k VOD @A @A", "more than once", "@A"),
        ("b 50k VOD @A @demo/A", "more than once", "@A"),
        ("b 50k VOD @GROWTH", "in several scopes: write FundA/GROWTH or FundB/GROWTH", "@GROWTH"),
        ("b 50k VOD @growth 1 @A", "in several scopes", "@growth"),
        ("b 50k VOD @funds/uk/us", "write CODE or SCOPE/CODE", "@funds/uk/us"),
        ("b 50k VOD @/us_long", "write CODE or SCOPE/CODE", "@/us_long"),
        ("b 50k VOD @R&D", "in letters, digits, - and _", "@R&D"),
        ("b 50k VOD @A @B", "Give @B a size", "@B"),
        ("b 50k VOD @A 110%", "more than the whole", "110%"),
        ("b 50k @A", "by its ticker", "@A"),
    ],
)
def test_an_error_points_at_its_word(text: str, why: str, word: str) -> None:
    parsed = parsed_line(text)
    assert parsed.line is None
    error = parsed.errors[0]
    assert why in error.text
    assert error.text.endswith(".")
    assert text[error.start : error.end] == word


@pytest.mark.parametrize("text", ["", "b", "b 50k", "b 50k VOD", "b 50k VOD lmt", "b 1 X gtd"])
def test_an_unfinished_line_says_what_comes_next(text: str) -> None:
    parsed = parsed_line(text)
    assert parsed.line is None
    assert parsed.errors[0].start >= len(text.rstrip())


def test_why_a_name_is_no_instrument_is_said_at_its_word() -> None:
    parsed = parsed_line("b 1 NOPE @A", lambda name: f"{name} is none.")
    assert parsed.errors == (LineError("NOPE is none.", 4, 8),)


def test_the_request_has_new_ids_and_the_words_of_the_api() -> None:
    read = line("b 50k VOD lmt 0.82 gtc @UKEQ-GROW 60% @UKEQ-INC 40%")
    made = read.request(VOD.identifiers, currency="GBP", scope="demo", new_id=drawn, now=NINE)
    assert (made.side, made.type, made.time_in_force) == ("Buy", "Limit", "GoodTilCancel")
    assert str(made.limit_price) == "0.82 GBP"
    assert [str(order.portfolio_id) for order in made.orders] == ["demo/UKEQ-GROW", "demo/UKEQ-INC"]
    assert len({order.id for order in made.orders}) == 2


@pytest.mark.parametrize(
    ("typed", "meant", "said"),
    [
        ("us_long", "funds_uk/us_long", "funds_uk/us_long"),
        ("US_LONG", "funds_uk/us_long", "funds_uk/us_long"),
        ("funds_uk/us_long", "funds_uk/us_long", "funds_uk/us_long"),
        ("FundB/GROWTH", "FundB/GROWTH", "FundB/GROWTH"),
        ("demo/GROWTH", "demo/GROWTH", "demo/GROWTH (unknown to this desk)"),
        ("UKEQ-GROW", "demo/UKEQ-GROW", "UKEQ-GROW"),
        ("ukeq-grow", "demo/UKEQ-GROW", "UKEQ-GROW"),
        ("demo/UKEQ-GROW", "demo/UKEQ-GROW", "UKEQ-GROW"),
        ("NEW-ONE", "demo/NEW-ONE", "demo/NEW-ONE (unknown to this desk)"),
        ("Portfolios/PF-001", "Portfolios/PF-001", "Portfolios/PF-001 (unknown to this desk)"),
    ],
)
def test_a_portfolio_is_the_one_the_desk_knows_by_that_code(typed: str, meant: str, said: str) -> None:
    read = line(f"b 100 VOD mkt @{typed}")
    made = read.request(VOD.identifiers, currency="GBP", scope="demo", new_id=drawn, now=NINE)
    assert [str(each.portfolio_id) for each in made.orders] == [meant]
    assert {made.block_id.scope, made.orders[0].id.scope} == {"demo"}
    assert f", for {said}." in read.describe(HERE, VOD)


def test_a_portfolio_is_written_as_it_is_read() -> None:
    for id in (*KNOWN, ResourceId("demo", "GROWTH"), ResourceId("demo", "us_long"), ResourceId("x", "NEW")):
        assert HERE.read(HERE.write(id)) == id
    assert HERE.names() == ["FundA/GROWTH", "FundB/GROWTH", "UKEQ-GROW", "funds_uk/us_long"]


@pytest.mark.parametrize(
    ("text", "side"),
    [
        ("buy 100 VOD @A", "Buy"),
        ("sell 100 VOD @A", "Sell"),
        ("Sell Short 100 VOD @A", "SellShort"),
        ("buy to cover 100 VOD @A", "CoverShort"),
    ],
)
def test_a_side_is_taken_in_words_too(text: str, side: str) -> None:
    assert line(text).side == side


@pytest.mark.parametrize(
    ("terms", "type", "limit", "stop"),
    [
        ("market", "Market", None, None),
        ("at mkt", "Market", None, None),
        ("limit 0.82", "Limit", Decimal("0.82"), None),
        ("stp 0.8 lmt 0.82", "StopLimit", Decimal("0.82"), Decimal("0.8")),
        ("limit 0.82 stop 0.8 gtc", "StopLimit", Decimal("0.82"), Decimal("0.8")),
    ],
)
def test_the_types_of_the_form_are_types_of_the_line(
    terms: str, type: str, limit: Decimal | None, stop: Decimal | None
) -> None:
    read = line(f"b 100 VOD {terms} @A")
    assert (read.type, read.limit, read.stop) == (type, limit, stop)


@pytest.mark.parametrize(
    ("text", "money", "sizes"),
    [
        ("b VOD @A 30k @B 20k", "", [30_000, 20_000]),
        ("b VOD lmt 0.82 gtc @A 30k", "", [30_000]),
        ("b VOD @A 30k GBP @B 20k GBP", "GBP", [30_000, 20_000]),
        ("b VOD @A 30k gbp @B 20k", "GBP", [30_000, 20_000]),
    ],
)
def test_the_whole_may_be_left_out_where_each_portfolio_has_a_size(
    text: str, money: str, sizes: list[int]
) -> None:
    read = line(text)
    assert (read.ticker, read.money, read.size) == ("VOD", money, Decimal(sum(sizes)))
    assert [part.size for part in read.parts] == sizes


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("b VOD @A 60% @B 40%", "Give @A a size, like 50k, or write the size of the whole before."),
        ("b VOD @A 30k @B 20k GBP", "all in units, or all in money of one currency"),
        ("b 50k VOD @A 60% GBP @B", "all in units, or all in money of one currency"),
        ("sell short short 5 X @A", "is not"),
    ],
)
def test_measures_that_contradict_are_said(text: str, why: str) -> None:
    assert why in parsed_line(text).errors[0].text
