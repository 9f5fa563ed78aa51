"""What comes out otherwise than it was rehearsed is told, and written to the journal."""

from __future__ import annotations

from decimal import Decimal

import pytest
from msgspec.structs import replace

from tests.service.dealer import Dealer, new_orders, placing, rid, usd
from tui.api.http import AsyncBaseTransport
from tui.api.requests import OrderUpdateRequest
from tui.oms.engine.engine import Engine
from tui.sandbox import sandboxes_of
from tui.service.outcomes import Report, Status
from tui.service.rehearsal import compare, rehearse
from tui.service.snapshot.snapshot import EntityKind, Ref
from tui.service.verbs import (
    Allocate,
    CancelOrders,
    CancelPlacements,
    CreateOrders,
    PlaceBlocks,
    UpdateOrders,
)


async def test_a_fill_that_comes_in_between_stands_in_report_and_journal(
    engine: Engine, server: AsyncBaseTransport, colleague: Dealer
) -> None:
    dealer = Dealer.at(server, open_sandbox=sandboxes_of(engine))
    await dealer.desk.load()
    await dealer.trade()
    await dealer.fill("EXE-2", "PLC-1", 10)
    prepared = await dealer.desk.prepare(Allocate((rid("PLC-1"),)))
    await colleague.desk.reload()
    await colleague.fill("EXE-3", "PLC-1", 5)
    report = await dealer.desk.carry_out(prepared)
    placement = Ref(EntityKind.PLACEMENTS, rid("PLC-1"))
    assert [each.text for each in report.differences if each.ref == placement] == [
        "expected 70, allocated 75"
    ]
    assert "expected 70, allocated 75" in report.sentence()
    assert any(b"expected 70, allocated 75" in line for line in dealer.journal.texts())
    await dealer.desk.close()


def placing_money(placement: str, amount: str) -> PlaceBlocks:
    sized = replace(placing(placement, "BLK-1", 1), quantity=None, amount=usd(amount))
    return PlaceBlocks((sized,))


async def test_a_block_sized_by_amount_is_compared_in_money(
    engine: Engine, server: AsyncBaseTransport, colleague: Dealer
) -> None:
    dealer = Dealer.at(server, open_sandbox=sandboxes_of(engine))
    await dealer.desk.load()
    (request,) = new_orders("BLK-1", ORD_1=1).requests
    orders = tuple(replace(each, quantity=None, amount=usd("50000")) for each in request.orders)
    await dealer.desk.act(CreateOrders((replace(request, orders=orders),)))
    prepared = await dealer.desk.prepare(placing_money("PLC-1", "20000"))
    await colleague.desk.reload()
    await colleague.desk.act(placing_money("PLC-2", "5000"))
    report = await dealer.desk.carry_out(prepared)
    assert [each.text for each in report.differences] == ["expected 20,000, placed 25,000"]
    await dealer.desk.close()


async def test_what_comes_out_as_rehearsed_is_not_told(engine: Engine, server: AsyncBaseTransport) -> None:
    dealer = Dealer.at(server, open_sandbox=sandboxes_of(engine))
    await dealer.desk.load()
    await dealer.trade()
    report = await dealer.desk.carry_out(await dealer.desk.prepare(CancelOrders((rid("ORD-3"),))))
    assert len(report.done) == 1
    assert report.differences == ()
    await dealer.desk.close()


async def test_items_are_compared_although_others_were_not_rehearsed_or_are_unknown(
    engine: Engine, server: AsyncBaseTransport, colleague: Dealer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rehearse, "MOST_ITEMS", 2)
    dealer = Dealer.at(server, open_sandbox=sandboxes_of(engine))
    await dealer.desk.load()
    await dealer.trade()
    await dealer.create("BLK_5", ORD_5=10)
    prepared = await dealer.desk.prepare(CancelOrders(tuple(map(rid, ("ORD-3", "ORD-4", "ORD-5")))))
    await colleague.desk.reload()
    await colleague.desk.act(CancelOrders((rid("ORD-3"),)))
    report = await dealer.desk.carry_out(prepared)
    assert only(report) == "expected to be done, but refused"
    assert prepared.rehearsal is not None
    unknown = (replace(report.outcomes[-1], status=Status.UNKNOWN), *report.outcomes[:-1])
    told = compare.differences(prepared.rehearsal, replace(report, outcomes=unknown), None)
    assert [each.ref.id.code for each in told] == ["ORD-3"]
    await dealer.desk.close()


def resized(code: str, *quantities: int) -> UpdateOrders:
    return UpdateOrders(
        tuple(OrderUpdateRequest(id=rid(code), quantity=Decimal(size)) for size in quantities)
    )


def only(report: Report) -> str:
    [difference] = report.differences
    return difference.text


async def test_an_order_that_a_colleague_resized_after_the_preview_is_told_with_their_size(
    engine: Engine, server: AsyncBaseTransport, colleague: Dealer
) -> None:
    dealer = Dealer.at(server, open_sandbox=sandboxes_of(engine))
    await dealer.desk.load()
    await dealer.trade()
    prepared = await dealer.desk.prepare(resized("ORD-3", 50))
    await colleague.desk.reload()
    await colleague.desk.act(resized("ORD-3", 70))
    report = await dealer.desk.carry_out(prepared)
    assert len(report.done) == 1
    assert only(report) == "changed meanwhile by dealer: quantity 10 as shown, 70 when this was done"
    assert any(b"changed meanwhile" in line for line in dealer.journal.texts())
    await dealer.desk.close()


@pytest.mark.parametrize("rehearsed", [True, False])
async def test_an_order_changed_several_times_by_one_decision_is_not_told_as_changed_by_others(
    engine: Engine, server: AsyncBaseTransport, rehearsed: bool
) -> None:
    dealer = Dealer.at(server, open_sandbox=sandboxes_of(engine) if rehearsed else None)
    await dealer.desk.load()
    await dealer.trade()
    for verb in (resized("ORD-3", 50, 40), resized("ORD-3", 30), CancelOrders((rid("ORD-3"),))):
        assert (await dealer.desk.carry_out(await dealer.desk.prepare(verb))).differences == ()
    await dealer.desk.close()


async def test_what_a_colleague_did_that_cannot_be_read_is_told_by_its_version(
    server: AsyncBaseTransport, colleague: Dealer
) -> None:
    dealer = Dealer.at(server)
    await dealer.desk.load()
    await dealer.trade()
    prepared = await dealer.desk.prepare(CancelOrders((rid("ORD-3"),)))
    await colleague.desk.reload()
    await colleague.desk.act(resized("ORD-3", 70))
    dealer.line.fail("broken", "ORD-3", times=10)
    report = await dealer.desk.carry_out(prepared)
    assert only(report) == "changed meanwhile: version 1 was shown, and it was version 2 when this was done"
    await dealer.desk.close()


async def test_nothing_more_is_read_where_nobody_else_changed_anything(server: AsyncBaseTransport) -> None:
    dealer = Dealer.at(server)
    await dealer.desk.load()
    await dealer.trade()
    dealer.line.seen.clear()
    prepared = await dealer.desk.prepare(resized("ORD-3", 50))
    before = len(dealer.line.seen)
    await dealer.desk.carry_out(prepared)
    sent = dealer.line.seen[before:]
    assert sent
    assert not [each for each in sent if "asAt" in each.url.params]
    await dealer.desk.close()


async def test_the_report_of_an_emergency_does_not_wait_for_the_whole_desk_to_be_read_again(
    server: AsyncBaseTransport,
) -> None:
    dealer = Dealer.at(server)
    await dealer.desk.load()
    await dealer.trade()
    dealer.line.fail("broken", times=100)
    assert not await dealer.desk.refresh()
    dealer.line.mend()
    verb = CancelPlacements((rid("PLC-1"),), "all that work on the whole desk")
    prepared = replace(await dealer.desk.prepare(verb), late=lambda now: ())
    before = len(dealer.line.seen)
    assert len((await dealer.desk.carry_out(prepared)).done) == 1
    lists = [each.url for each in dealer.line.seen[before:] if "limit" in each.url.params]
    assert all("filter" in url.params for url in lists), "only what the cancel touched is read"
    await dealer.desk.close()
