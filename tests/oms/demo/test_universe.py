"""The demo's instruments: their table, and the ids a local server assigns to them."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest

from tui.oms.demo.universe import DemoInstrument, instruments, make_luid


def by_ticker(ticker: str) -> DemoInstrument:
    return next(instrument for instrument in instruments() if instrument.ticker == ticker)


def test_the_table_is_read_exactly() -> None:
    assert len(instruments()) == 40
    vodafone = by_ticker("VOD")
    assert vodafone.identifiers == {
        "Instrument/default/Figi": "BBG000C6K6G9",
        "Instrument/default/Isin": "GB00BH4HKS39",
        "Instrument/default/Ticker": "VOD",
    }
    assert (vodafone.price, vodafone.adv, vodafone.volatility) == (
        Decimal("0.8200"),
        Decimal(60_000_000),
        Decimal("1.3"),
    )


def test_an_unknown_figi_is_left_out_rather_than_guessed() -> None:
    assert set(by_ticker("SAP").identifiers) == {"Instrument/default/Isin", "Instrument/default/Ticker"}


def test_every_isin_has_a_good_check_digit() -> None:
    for instrument in instruments():
        digits = "".join(str(int(sign, 36)) for sign in instrument.isin)
        doubled = [int(digit) * (2 if place % 2 else 1) for place, digit in enumerate(reversed(digits))]
        assert sum(number // 10 + number % 10 for number in doubled) % 10 == 0, instrument.isin


def test_luids_derive_from_the_isin_and_never_change() -> None:
    assert by_ticker("AAPL").luid == "LUID_0000AAPL"
    assert by_ticker("MSFT").luid == make_luid("US5949181045") == "LUID_Z07ZR5N3"
    luids = [instrument.luid for instrument in instruments()]
    assert len(set(luids)) == len(luids)
    assert all(re.fullmatch(r"LUID_[0-9A-Z]{8}", luid) for luid in luids)


@pytest.mark.parametrize(
    ("ticker", "tick", "days"),
    [
        ("AAPL", "0.01", 1),
        ("VOD", "0.0001", 2),
        ("HSBA", "0.01", 2),
        ("7203", "1", 2),
        ("UKT 4.5 09/07/34", "0.001", 1),
        ("NESN", "0.01", 2),
    ],
)
def test_each_market_has_its_tick_size_and_settlement(ticker: str, tick: str, days: int) -> None:
    instrument = by_ticker(ticker)
    assert (instrument.tick, instrument.settlement_days) == (Decimal(tick), days)
