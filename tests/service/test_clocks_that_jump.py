"""The clock of the machine jumps while the desk is open: nothing is sent twice, missed or told wrongly."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.service.dealer import Dealer, new_orders, rid
from tui.api.http import AsyncBaseTransport
from tui.service.journal.journal import Journal
from tui.service.outcomes import Status
from tui.service.verbs import CancelOrders

NOON = datetime.now(UTC)
JUMPS = (timedelta(hours=9), timedelta(days=-1), timedelta(hours=-1), timedelta(days=400))
"""Forward, back, back by the hour of a clock that ignores time zones, and a year."""


@pytest.mark.parametrize("jump", JUMPS, ids=str)
async def test_a_desk_goes_on_when_its_clock_jumps(
    server: AsyncBaseTransport, colleague: Dealer, jump: timedelta, tmp_path: Path
) -> None:
    moment = [NOON]
    path = tmp_path / "journal.jsonl"
    dealer = Dealer.at(server, journal=Journal(path), now=lambda: moment[0])
    await dealer.desk.load()
    assert (await dealer.create("BLK_1", ORD_1=100)).done
    dealer.line.fail("lost", "createorders")
    dealer.line.fail("unreachable", "orders", times=1000)
    assert [each.status for each in (await dealer.create("BLK_2", ORD_2=5)).outcomes] == [Status.UNKNOWN]
    dealer.line.mend()
    dealer.clock.seconds += 60

    moment[0] += jump
    [found] = await dealer.desk.recheck()
    assert [each.status for each in found.outcomes] == [Status.DONE]
    assert dealer.line.sent("createorders") == 2, "nothing is sent again"
    await colleague.create("BLK_3", ORD_3=7)
    assert await dealer.desk.refresh()
    assert rid("ORD-3") in dealer.desk.snapshot.orders, "what others do is read"
    assert (await dealer.desk.act(CancelOrders((rid("ORD-1"),)))).done
    await dealer.desk.close()
    dealer.journal.close()
    await dealer.desk.client.close()

    again = Dealer.at(server, journal=Journal(path))
    await again.desk.load()
    assert not [each for update in again.updates for each in update.found], "all of it was told"
    assert again.journal.faults() == ()
    assert (await again.desk.act(new_orders("BLK_4", ORD_4=1))).done
    await again.desk.close()
    again.journal.close()
    await again.desk.client.close()
