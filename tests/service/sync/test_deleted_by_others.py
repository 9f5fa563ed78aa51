"""What others delete disappears within a minute, without a key; polls go on meanwhile and stay small."""

from __future__ import annotations

import httpx

from tests.seeded_server import seeded_server
from tests.service.dealer import Dealer, new_orders, rid
from tests.service.sync.partial_server import PartialServer, at
from tui.api.http import AsyncBaseTransport, asgi_transport
from tui.service.snapshot.snapshot import EntityKind, Ref
from tui.service.sync.reconciliation import MARKS, MOST_PAGES, ROUND


async def test_each_kind_that_a_colleague_deletes_is_gone_within_a_minute(
    server: AsyncBaseTransport, colleague: Dealer
) -> None:
    await colleague.create("BLK_1", ORD_1=100, ORD_2=50)
    await colleague.create("BLK_2", ORD_3=10)
    await colleague.create("BLK_3", ORD_4=10)
    await colleague.place("PLC-1", "BLK-1", 100)
    await colleague.place("PLC-2", "BLK-3", 10)
    await colleague.fill("EXE-1", "PLC-2", 10)
    dealer, watch = at(server)
    await dealer.desk.load()
    others = colleague.desk.client

    await others.orders.delete(rid("ORD-2"))
    await others.placements.delete(rid("PLC-1"))
    await others.executions.delete(rid("EXE-1"))
    await others.blocks.delete(rid("BLK-2"))
    await others.orders.delete(rid("ORD-3"))
    await watch.minute(dealer)

    snapshot = dealer.desk.snapshot
    assert snapshot.orders.keys() == {rid("ORD-1"), rid("ORD-4")}
    assert snapshot.blocks.keys() == {rid("BLK-1"), rid("BLK-3")}
    assert snapshot.placements.keys() == {rid("PLC-2")}
    assert snapshot.executions == {}
    assert snapshot.blocks[rid("BLK-1")].ordered.quantity == 100, "its totals count no more"
    assert snapshot.blocks[rid("BLK-1")].placed.quantity == 0
    assert snapshot.blocks[rid("BLK-3")].executed.quantity == 0
    await dealer.desk.client.close()


async def test_what_is_there_stays_while_its_list_withholds_it(
    server: AsyncBaseTransport, colleague: Dealer
) -> None:
    """A list may lag; the row itself decides."""
    await colleague.create("BLK_1", ORD_1=100)
    other = PartialServer(server)
    dealer, watch = at(other)
    await dealer.desk.load()
    other.hidden.add("ORD-1")
    await watch.minute(dealer)
    assert dealer.desk.snapshot.orders.keys() == {rid("ORD-1")}
    await dealer.desk.client.close()


async def test_a_change_that_no_poll_saw_is_seen_within_a_minute(
    server: AsyncBaseTransport, colleague: Dealer
) -> None:
    other = PartialServer(server)
    dealer, watch = at(other)
    await colleague.create("BLK_1", ORD_1=100)
    await dealer.desk.load()
    other.edit = lambda request, rows: [] if _is_poll(request) else rows
    await colleague.create("BLK_2", ORD_2=7)
    await colleague.place("PLC-1", "BLK-1", 40)
    await watch.minute(dealer)
    snapshot = dealer.desk.snapshot
    assert rid("BLK-2") in snapshot.blocks
    assert rid("ORD-2") in snapshot.orders
    assert snapshot.blocks[rid("BLK-1")].placed.quantity == 40
    await dealer.desk.client.close()


async def test_a_quiet_desk_is_compared_in_two_small_calls_a_round(dealer: Dealer) -> None:
    await dealer.desk.act(new_orders("BLK_1", ORD_1=100))
    watcher, watch = at(dealer.line.server)
    await watcher.desk.load()
    watcher.line.seen.clear()
    polls = round(ROUND.total_seconds() / 2)
    await watch.poll(watcher, polls)
    compared = [request.url.path for request in watcher.line.seen if _is_comparison(request)]
    assert compared == ["/api/api/ordergraph/blocks", "/api/api/orders"]
    assert watcher.updates[-1].new is watcher.desk.snapshot
    await watcher.desk.client.close()


async def test_a_large_desk_is_compared_in_pages_and_no_poll_waits_for_it() -> None:
    embedded = await seeded_server("busy")
    other = PartialServer(asgi_transport(embedded.app))
    dealer, watch = at(other)
    await dealer.desk.load()
    rows = sum(len(dealer.desk.snapshot.rows(kind)) for kind in EntityKind)
    dealer.line.seen.clear()
    await watch.poll(dealer, round(ROUND.total_seconds() / 2))
    pages = [request for request in dealer.line.seen if _is_comparison(request)]
    assert len(pages) <= rows // MARKS + 6
    per_poll = max(_between_polls(dealer.line.seen))
    assert per_poll <= MOST_PAGES
    victim = next(id for id in dealer.desk.snapshot.allocations if not dealer.desk.snapshot.is_booked(id))
    await dealer.desk.client.allocations.delete(victim)
    await watch.minute(dealer)
    assert Ref(EntityKind.ALLOCATIONS, victim) not in dealer.desk.snapshot
    await dealer.desk.client.close()
    await embedded.close()


def _between_polls(seen: list[httpx.Request]) -> list[int]:
    """Return how many pages were read between each poll and the next."""
    counts = [0]
    for request in seen:
        if _is_comparison(request):
            counts[-1] += 1
        else:
            counts.append(0)
    return counts


def _is_poll(request: httpx.Request) -> bool:
    return "asAtModified" in str(request.url.params.get("filter", ""))


def _is_comparison(request: httpx.Request) -> bool:
    return str(request.url.params.get("limit", "")) == str(MARKS)
