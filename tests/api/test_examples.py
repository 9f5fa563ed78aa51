"""The codec reads the examples of the contract, and writes them back unchanged."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from tests.api.examples import FOLDER, KINDS, example, times_in, tree
from tui.api import codec
from tui.api.base import MetricValue
from tui.api.reference_models import LatestAsAt, SettlementDate


def test_every_example_of_the_contract_is_read_as_something() -> None:
    assert {path.stem for path in FOLDER.glob("*.json")} == KINDS.keys()
    assert len(KINDS) == 83


@pytest.mark.parametrize("name", KINDS)
def test_an_example_comes_back_as_it_was(name: str) -> None:
    sent = example(name)
    written = codec.encode(codec.decode(KINDS[name], sent))
    assert tree(written) == tree(sent)


@pytest.mark.parametrize("name", KINDS)
def test_times_are_written_as_the_server_writes_them(name: str) -> None:
    written = tree(codec.encode(codec.decode(KINDS[name], example(name))))
    for time in times_in(written):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}\+00:00", time)


@pytest.mark.parametrize("name", [name for name in KINDS if ".request" in name])
def test_a_request_of_the_contract_may_be_sent(name: str) -> None:
    sent = example(name)
    assert tree(codec.encode_request(codec.decode(KINDS[name], sent))) == tree(sent)


def test_a_name_that_holds_a_number_here_and_a_time_there_is_read_as_either() -> None:
    """Read slowly, for the escape in them: a metric's value is a number, a settlement date's a time."""
    assert codec.decode(MetricValue, b'{"value":98.60,"unit":"\\u0041"}') == MetricValue(
        value=Decimal("98.60"), unit="A"
    )
    settles = codec.decode(SettlementDate, b'{"value":"2026-11-23T00:00:00+00:00","note":"\\u0041"}')
    assert settles.value == datetime(2026, 11, 23, tzinfo=UTC)
    with pytest.raises(codec.Malformed):
        codec.decode(MetricValue, b'{"value":"1E+999"}')


def test_the_latest_as_at_keeps_the_digits_it_came_with() -> None:
    told = codec.decode(LatestAsAt, b'{"asAt":"2026-11-20T10:30:00.1234567+00:00"}')
    assert told.as_at == "2026-11-20T10:30:00.1234567+00:00"
