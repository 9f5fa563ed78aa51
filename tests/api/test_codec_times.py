"""Times are aware and in UTC, however many digits their writer gave them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.api.examples import example
from tui.api import codec
from tui.api.base import Version
from tui.api.codec import Malformed
from tui.api.models import HistoryItem, Order
from tui.api.requests import ResourceList, SweepBlocksRequest

MOMENTS = st.datetimes(min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30))  # noqa: DTZ001


def read(text: str, *, escaped: bool = False) -> datetime | None:
    raw = json.dumps({"asAtDate": text}).encode()
    return codec.decode(Version, raw.replace(b"-", b"\\u002d") if escaped else raw).as_at_date


NINE = datetime(2026, 11, 20, 9, 0, 0, tzinfo=UTC)

FORMS = {
    "2026-11-20T09:00:00Z": NINE,
    "2026-11-20T09:00:00+00:00": NINE,
    "2026-11-20T09:00:00.5Z": NINE + timedelta(microseconds=500_000),
    "2026-11-20T09:00:00.12+00:00": NINE + timedelta(microseconds=120_000),
    "2026-11-20T09:00:00.123Z": NINE + timedelta(microseconds=123_000),
    "2026-11-20T09:00:00.1234Z": NINE + timedelta(microseconds=123_400),
    "2026-11-20T09:00:00.12345Z": NINE + timedelta(microseconds=123_450),
    "2026-11-20T09:00:00.123456+00:00": NINE + timedelta(microseconds=123_456),
    "2026-11-20T09:00:00.1234560+00:00": NINE + timedelta(microseconds=123_456),
    "2026-11-20T09:00:00.123456000Z": NINE + timedelta(microseconds=123_456),
    "2026-11-20T10:30:00+01:30": NINE,
    "2026-11-20T04:00:00-05:00": NINE,
    "2026-11-20T09:00:00": NINE,
    "2026-11-20T09:00:00.0000000": NINE,
    "2026-11-20T09:00": NINE,
    "2026-11-20 09:00:00": NINE,
    "2026-11-20": NINE - timedelta(hours=9),
    "0001-01-01T00:00:00.0000000+00:00": datetime.min.replace(tzinfo=UTC),
    "0001-01-01T00:00:00": datetime.min.replace(tzinfo=UTC),
    "0001-01-01T00:00:00+02:00": datetime.min.replace(tzinfo=UTC),
    "9999-12-31T23:59:59.9999999+00:00": datetime.max.replace(tzinfo=UTC),
    "9999-12-31T23:59:59.9999999": datetime.max.replace(tzinfo=UTC),
}


@pytest.mark.parametrize("escaped", [False, True])
@pytest.mark.parametrize(("text", "moment"), FORMS.items())
def test_a_time_is_read_in_every_form_servers_use(text: str, moment: datetime, escaped: bool) -> None:
    given = read(text, escaped=escaped)
    assert given == moment
    assert given is not None
    assert given.utcoffset() == timedelta(0)


def test_an_offset_without_its_colon_is_the_same_moment() -> None:
    assert read("2026-11-20T11:00:00.0000000+0200") == NINE


@pytest.mark.parametrize("text", ["", "soon", "2026-13-01T00:00:00Z", "2026-11-20T25:00:00Z", "20 Nov 2026"])
def test_what_is_no_time_is_refused_where_a_time_must_be(text: str) -> None:
    with pytest.raises(Malformed, match="asAtDate"):
        read(text)


@given(MOMENTS, st.integers(-840, 840))
def test_a_moment_makes_the_round_trip_from_any_zone(moment: datetime, minutes: int) -> None:
    aware = moment.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    raw = codec.encode(Version(as_at_date=aware))
    text = json.loads(raw)["asAtDate"]
    assert len(text) == len("2026-11-20T09:00:00.0000000+00:00")
    assert text.endswith("0+00:00")
    assert codec.decode(Version, raw).as_at_date == aware


@given(MOMENTS, st.integers(0, 9))
def test_a_time_without_a_zone_is_utc_whatever_its_fraction(moment: datetime, digits: int) -> None:
    whole = moment.replace(microsecond=0)
    text = whole.isoformat() + ("." + "0" * digits if digits else "")
    assert read(text) == read(f"{text}Z") == read(text, escaped=True) == whole.replace(tzinfo=UTC)


def test_one_time_without_a_zone_does_not_cost_the_page() -> None:
    raw = example("21_list_orders.response")
    expected = codec.decode_page(Order, raw)
    page = codec.decode_page(Order, raw.replace(b".0000000+00:00", b"", 1))
    assert page == expected


def test_the_name_of_a_market_close_is_left_to_the_server() -> None:
    raw = b'{"blockIds":{},"latestAllowableModificationTime":"2026-11-20NLDN_Close"}'
    assert codec.decode(SweepBlocksRequest, raw).latest_allowable_modification_time == "2026-11-20NLDN_Close"


def test_a_date_in_the_details_of_a_history_item_is_text() -> None:
    raw = b'{"values":[{"detail":{"date":"2026-11-20","asAt":"whenever\\u001b"}}]}'
    [item] = codec.decode(ResourceList[HistoryItem], raw).values
    assert item.detail == {"date": "2026-11-20T00:00:00+00:00", "asAt": "whenever\ufffd"}
