"""Stepping through the past: each step shows what a reader of that moment would see."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec import to_builtins

from tests.seeded_server import seeded_server
from tests.service.dealer import Dealer
from tui.api.base import ResourceId
from tui.api.http import AsyncBaseTransport, asgi_transport
from tui.service.snapshot.relations import related
from tui.service.snapshot.snapshot import EntityKind, Ref, Snapshot
from tui.service.sync.high_water_marks import newest_change
from tui.service.synced_desk import SyncedDesk

SWEPT = {ResourceId("demo", "BLK-0036"), ResourceId("demo", "BLK-0038")}
VERDICT = re.compile("[cC]ompliance|[aA]pproval")
START = datetime(2026, 11, 20, 15, 30, tzinfo=UTC)


@pytest.fixture
async def demo() -> AsyncIterator[AsyncBaseTransport]:
    """The demo desk of one afternoon, its market at rest."""
    embedded = await seeded_server(start=START)
    yield asgi_transport(embedded.app)
    await embedded.close()


def rows(snapshot: Snapshot) -> dict[Ref, object]:
    """Return what rows say but verdicts, which are no versions of rows; blocks swept later are left out."""
    left_out = {
        Ref(kind, id)
        for block in SWEPT
        for kind, ids in related(snapshot, Ref(EntityKind.BLOCKS, block)).items()
        for id in ids
    }
    found = {Ref(kind, id): row for kind in EntityKind for id, row in snapshot.rows(kind).items()}
    return {ref: _without_verdicts(to_builtins(row)) for ref, row in found.items() if ref not in left_out}


def _without_verdicts(value: Any) -> Any:
    if isinstance(value, Mapping):
        kept = {key: _without_verdicts(each) for key, each in value.items()}
        return {
            key: each for key, each in kept.items() if not re.search("[cC]ompliance|[aA]pproval", str(key))
        }
    return [_without_verdicts(each) for each in value] if isinstance(value, list | tuple) else value


async def in_past(server: AsyncBaseTransport, moment: datetime) -> Dealer:
    dealer = Dealer.at(server, now=lambda: START)
    await dealer.desk.load()
    assert await dealer.desk.travel(moment)
    return dealer


async def assert_as_read(server: AsyncBaseTransport, desk: SyncedDesk) -> None:
    """Compare a desk with one that reads its moment, but for blocks that were swept later."""
    moment = desk.snapshot.as_at
    assert moment is not None
    other = (await in_past(server, moment)).desk
    seen, read = rows(desk.snapshot), rows(other.snapshot)
    assert seen.keys() == read.keys(), moment
    for ref, row in seen.items():
        assert row == read[ref], f"{ref.id} at {moment}"
    await other.client.close()


async def test_a_step_back_shows_what_was_there_and_the_way_on_what_came(demo: AsyncBaseTransport) -> None:
    dealer = await in_past(demo, START)
    desk, times = dealer.desk, [START]
    while await desk.step(forward=False):
        assert desk.snapshot.as_at is not None
        times.append(desk.snapshot.as_at)
        if len(times) % 20 == 0:
            await assert_as_read(demo, desk)
    assert len(times) > 150
    assert times == sorted(set(times), reverse=True), "each step goes to an earlier moment"
    assert not desk.snapshot.orders, "nothing was there before the first change"
    for steps in range(1, len(times)):
        assert await desk.step(forward=True)
        if steps % 40 == 0:
            await assert_as_read(demo, desk)
    for _ in range(30):
        assert not await desk.step(forward=True), "there is nothing after the last change"
    await assert_as_read(demo, desk)


async def test_a_step_on_from_any_moment_shows_what_came_next(demo: AsyncBaseTransport) -> None:
    desk = (await in_past(demo, START - timedelta(hours=1))).desk
    for steps in range(1, 10_000):
        if not await desk.step(forward=True):
            break
        if steps % 10 == 0:
            await assert_as_read(demo, desk)
    assert steps > 30
    await assert_as_read(demo, desk)


async def test_steps_over_changes_that_are_known_read_nothing(demo: AsyncBaseTransport) -> None:
    dealer = await in_past(demo, START - timedelta(minutes=30))
    await dealer.desk.read_ahead()
    before = dealer.line.sent("", "GET")
    for _ in range(20):
        assert await dealer.desk.step(forward=False)
    for _ in range(20):
        assert await dealer.desk.step(forward=True)
    assert dealer.line.sent("", "GET") == before


async def test_ten_minutes_are_gone_through_and_hours_read_anew(demo: AsyncBaseTransport) -> None:
    desk = (await in_past(demo, START - timedelta(minutes=30))).desk
    for moment in (START - timedelta(minutes=40), START - timedelta(minutes=31), START - timedelta(hours=3)):
        assert await desk.move(moment)
        assert desk.snapshot.as_at == moment
        await assert_as_read(demo, desk)


async def test_a_step_that_cannot_be_read_leaves_the_desk_where_it_is(demo: AsyncBaseTransport) -> None:
    dealer = await in_past(demo, START)
    shown = dealer.desk.snapshot
    dealer.line.fail("unreachable", "", 100)
    assert not await dealer.desk.step(forward=False)
    assert dealer.desk.snapshot is shown
    assert "No connection" in dealer.desk.health.message
    dealer.line.mend()
    dealer.desk.client.http.try_now()
    assert await dealer.desk.step(forward=False)
    await assert_as_read(demo, dealer.desk)


async def test_a_moment_at_which_many_rows_changed_is_one_step(demo: AsyncBaseTransport) -> None:
    dealer = Dealer.at(demo)
    await dealer.create("BLK_MANY", **{f"ORD_{number}": 100 for number in range(200, 230)})
    await dealer.desk.load()
    changed = newest_change(dealer.desk.snapshot.orders.values())
    assert changed is not None
    await dealer.desk.travel(changed + timedelta(microseconds=1))
    before = len(dealer.desk.snapshot.orders)
    assert await dealer.desk.step(forward=False)
    assert len(dealer.desk.snapshot.orders) == before - 30
    assert await dealer.desk.step(forward=True)
    assert len(dealer.desk.snapshot.orders) == before
