"""A change that becomes visible after later ones is seen all the same; nothing is read or painted twice."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import httpx
import pytest

from tests.service.dealer import Dealer, rid
from tests.service.sync.partial_server import POLL_S, PartialServer, at
from tui.api.http import AsyncBaseTransport
from tui.service.sync.high_water_marks import OVERLAP


@pytest.mark.parametrize("late_s", [0.2, 2, 5, 10])
async def test_a_late_commit_is_seen_within_two_polls(
    server: AsyncBaseTransport, colleague: Dealer, late_s: float
) -> None:
    """One node commits order 1 late; meanwhile another has committed order 2, stamped after it."""
    other = PartialServer(server)
    dealer, watch = at(other)
    await colleague.create("BLK_0", ORD_0=10)
    await dealer.desk.load()
    await watch.poll(dealer, 10)
    other.hidden = {"BLK-1", "ORD-1", "PLC-1"}
    await colleague.create("BLK_1", ORD_1=100)
    await colleague.place("PLC-1", "BLK-1", 60)
    await colleague.create("BLK_2", ORD_2=50)
    await watch.poll(dealer, round(late_s / POLL_S) or 1)
    assert rid("ORD-2") in dealer.desk.snapshot.orders
    assert rid("ORD-1") not in dealer.desk.snapshot.orders

    other.hidden = set()
    for _ in range(2):
        watch.time += timedelta(seconds=POLL_S)
        await dealer.desk.refresh()
    assert rid("ORD-1") in dealer.desk.snapshot.orders
    assert rid("PLC-1") in dealer.desk.snapshot.placements
    assert dealer.desk.snapshot.blocks[rid("BLK-1")].placed.quantity == 60
    await dealer.desk.client.close()


async def test_a_late_commit_during_the_first_load_is_seen(
    server: AsyncBaseTransport, colleague: Dealer
) -> None:
    other = PartialServer(server)
    dealer, watch = at(other)
    other.hidden = {"ORD-1"}
    await colleague.create("BLK_1", ORD_1=100)
    await colleague.create("BLK_2", ORD_2=50)
    await dealer.desk.load()
    other.hidden = set()
    for _ in range(2):
        watch.time += timedelta(seconds=POLL_S)
        await dealer.desk.refresh()
    assert rid("ORD-1") in dealer.desk.snapshot.orders
    await dealer.desk.client.close()


async def test_a_row_that_is_stamped_at_the_end_of_time_hides_no_later_change(
    server: AsyncBaseTransport, colleague: Dealer
) -> None:
    other = PartialServer(server)
    dealer, watch = at(other)
    await colleague.create("BLK_1", ORD_1=100)
    stamp = "9999-12-31T23:59:59.9999999+00:00"

    def stamped(request: httpx.Request, rows: list[Any]) -> list[Any]:
        return [{**row, "version": {**row.get("version", {}), "asAtModified": stamp}} for row in rows]

    other.edit = stamped
    await dealer.desk.load()
    await watch.poll(dealer, 10)
    other.edit = None
    await colleague.create("BLK_2", ORD_2=50)
    await watch.poll(dealer, 2)
    assert rid("ORD-2") in dealer.desk.snapshot.orders
    await dealer.desk.client.close()


async def test_what_is_known_is_not_painted_again_and_soon_not_read_again(
    server: AsyncBaseTransport, colleague: Dealer
) -> None:
    rows: list[int] = []

    class Counting(PartialServer):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            answer = await super().handle_async_request(request)
            rows.append(len(json.loads(answer.content).get("values", ())))
            return answer

    dealer, watch = at(Counting(server))
    await dealer.desk.load()
    await watch.poll(dealer, 10)
    await colleague.create("BLK_1", **{f"ORD_{number}": 10 for number in range(1, 21)})
    await watch.poll(dealer)
    dealer.updates.clear()
    read: list[int] = []
    for _ in range(round(OVERLAP.total_seconds() / POLL_S) + 2):
        rows.clear()
        watch.time += timedelta(seconds=POLL_S)
        await dealer.desk.refresh()
        assert len(rows) in (5, 6, 1), "a poll is five calls, and one when nothing was written"
        read.append(sum(rows))
    assert read[0] <= 21, "the rows of the overlap, no blocks' totals"
    assert read[-1] == 0
    assert dealer.updates == []
    await dealer.desk.client.close()
