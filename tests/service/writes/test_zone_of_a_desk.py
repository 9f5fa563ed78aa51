"""A desk says times by the clock on its wall: in New York, in Sydney, over a change of clocks in London."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from tests.service.dealer import Dealer, new_orders
from tests.service.sample_rows import LUID, block, order, rid, snapshot_of
from tui.api.http import AsyncBaseTransport
from tui.service.environment import Environment, EnvironmentKind
from tui.service.snapshot.builder import SnapshotBuilder
from tui.service.snapshot.last_prices import LatestQuote
from tui.service.snapshot.snapshot import Snapshot
from tui.service.verbs import CancelOrders, SweepBlocks, Verb
from tui.service.writes.preview import Preview, preview

NEW_YORK, SYDNEY, LONDON = map(ZoneInfo, ("America/New_York", "Australia/Sydney", "Europe/London"))
EVENING = datetime(2026, 11, 20, 21, 30, tzinfo=UTC)
"""Half past four in New York; in Sydney it is Saturday already."""


def read_in(zone: ZoneInfo, at: datetime = EVENING) -> Snapshot:
    """Return a desk of one block that was read in ``zone``."""
    rows = snapshot_of(blocks=[block("BLK-1", "ORD-1")], orders=[order("ORD-1")], read_at=at)
    return replace(rows, zone=zone)


def shown(verb: Verb, desk: Snapshot) -> Preview:
    return preview(verb, desk, Environment("demo", EnvironmentKind.LOCAL))


@pytest.mark.parametrize(
    ("zone", "said"),
    [
        (NEW_YORK, "as at 20 Nov 16:30:00 EST: the past"),
        (SYDNEY, "as at 21 Nov 08:30:00 AEDT: the past"),
        (LONDON, "as at 20 Nov 21:30:00 GMT: the past"),
    ],
)
def test_the_past_is_refused_by_the_clock_on_the_wall(zone: ZoneInfo, said: str) -> None:
    past = replace(read_in(zone), as_at=EVENING)
    assert said in shown(CancelOrders((rid("ORD-1"),)), past).hard[0]


def test_the_hour_that_london_has_twice_is_told_apart_by_its_name() -> None:
    desk = read_in(LONDON, datetime(2026, 10, 25, 9, tzinfo=UTC))
    first, second = (f"2026-10-25T0{hour}:30:00+00:00" for hour in (0, 1))
    for latest, said in ((first, "25 Oct 01:30:00 BST"), (second, "25 Oct 01:30:00 GMT")):
        sweep = SweepBlocks((rid("BLK-1"),), latest)
        assert f"Blocks changed after {said} are refused" in shown(sweep, desk).effects


def test_the_year_is_said_where_it_is_another_one_on_the_wall() -> None:
    new_year = datetime(2026, 12, 31, 20, tzinfo=UTC)
    sweep = SweepBlocks((rid("BLK-1"),), "2026-12-31T12:30:00+00:00")
    for zone, said in ((SYDNEY, "31 Dec 2026 23:30:00 AEDT"), (NEW_YORK, "31 Dec 07:30:00 EST")):
        assert f"Blocks changed after {said} are refused" in shown(sweep, read_in(zone, new_year)).effects


def test_an_old_quote_says_of_when_it_is_by_the_clock_on_the_wall() -> None:
    builder = SnapshotBuilder(read_in(SYDNEY))
    old = datetime(2026, 11, 18, 20, tzinfo=UTC)
    builder.put_quotes({LUID: LatestQuote(Decimal(200), None, old, "mid", "USD", outdated=True)})
    desk = builder.freeze(read_at=EVENING)
    (warning,) = (each for each in shown(new_orders("BLK_9", ORD_9=5), desk).soft if each.kind == "old quote")
    assert "the mid of 19 Nov 07:00:00 AEDT is too old" in warning.texts[0]


async def test_what_was_found_out_later_says_when_it_was_asked_by_the_clock_on_the_wall(
    server: AsyncBaseTransport,
) -> None:
    dealer = Dealer.at(server, zone=SYDNEY, now=lambda: EVENING)
    await dealer.desk.load()
    await dealer.create("BLK_1", ORD_1=100)
    dealer.line.fail("cut", "cancelorders")
    cancel = CancelOrders((rid("ORD_1"),))
    await dealer.desk.act(cancel)
    (report,) = await dealer.desk.send_again(cancel.refs)
    assert "asked 21 Nov 08:30:00 AEDT" in report.sentence()


async def test_who_travels_keeps_the_zone_of_the_desk(server: AsyncBaseTransport) -> None:
    dealer = Dealer.at(server, zone=NEW_YORK)
    await dealer.desk.load()
    await dealer.create("BLK_1", ORD_1=100)
    await dealer.desk.travel(EVENING)
    refused = await dealer.desk.act(CancelOrders((rid("ORD_1"),)))
    assert "16:30:00 EST: the past cannot be changed" in refused.refused[0].reason
