"""A row that is sent whole never undoes what a colleague changed since it was shown."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import msgspec
import pytest
from msgspec.structs import replace

from tests.service.dealer import Dealer, fill, new_orders, placing, rid
from tests.service.sample_rows import label
from tests.service.writes.verb_examples import EXAMPLES
from tui.api import codec
from tui.api.models import Order
from tui.api.requests import OrderUpdateRequest, PlacementUpdateRequest
from tui.service.verbs import (
    CancelOrders,
    CreateOrders,
    PlaceBlocks,
    RecordFills,
    ReplaceOrders,
    ReplacePlacements,
    UpdateOrders,
    UpdatePlacements,
    Verb,
)
from tui.service.verbs.replacing import order_request, placement_request


@pytest.fixture
async def traded(dealer: Dealer, colleague: Dealer) -> Dealer:
    """The dealer's desk with trades on it, as the colleague sees it too."""
    await dealer.trade()
    await dealer.place("PLC-2", "BLK-1", 4)
    await colleague.desk.load()
    return dealer


def order(dealer: Dealer, code: str) -> Order:
    return dealer.desk.snapshot.orders[rid(code)]


def good_till_cancel(dealer: Dealer, *codes: str) -> ReplaceOrders:
    """Return what a form makes of these orders with another time in force."""
    rows = tuple(order(dealer, code) for code in codes)
    return ReplaceOrders(
        tuple(order_request(row, time_in_force="GoodTilCancel") for row in rows), made_from=rows
    )


def resized(code: str, quantity: int) -> UpdateOrders:
    note = label("Order/Desk/Note", "mine")
    return UpdateOrders((OrderUpdateRequest(id=rid(code), quantity=Decimal(quantity), properties=note),))


async def ledger(dealer: Dealer, code: str) -> tuple[Decimal | None, str | None]:
    row = await dealer.desk.client.orders.get(rid(code))
    return row.quantity, row.time_in_force


async def test_what_a_colleague_changed_stays_and_the_others_are_sent(
    traded: Dealer, colleague: Dealer
) -> None:
    mine = await traded.desk.prepare(good_till_cancel(traded, "ORD-3", "ORD-4"))
    await colleague.desk.act(resized("ORD-3", 8))
    report = await traded.desk.carry_out(mine)
    assert await ledger(traded, "ORD-3") == (Decimal(8), "Day"), "not overwritten"
    assert await ledger(traded, "ORD-4") == (Decimal(10), "GoodTilCancel")
    assert [each.ref.id.code for each in report.done] == ["ORD-4"]
    [kept] = report.not_sent
    assert kept.reason.startswith("changed by ")
    assert kept.reason.endswith("meanwhile: quantity 10 → 8, note 'mine'")
    assert "Not sent: buy 10 BBG000B9XRY4" in report.sentence()
    assert "Read it as it is now, and confirm it again." in report.sentence()
    assert order(traded, "ORD-3").quantity == Decimal(8), "and the desk shows it"


async def test_asked_again_it_changes_only_what_it_was_about(traded: Dealer, colleague: Dealer) -> None:
    mine = await traded.desk.prepare(good_till_cancel(traded, "ORD-3"))
    await colleague.desk.act(resized("ORD-3", 8))
    report = await traded.desk.carry_out(mine)
    assert not report.done
    rest = traded.desk.rest(report)
    assert rest is not None
    again = await traded.desk.prepare(rest)
    assert "time in force Day → Good till cancelled" in again.preview.headline
    assert "quantity" not in again.preview.headline
    second = await traded.desk.carry_out(again)
    assert len(second.done) == 1
    row = await traded.desk.client.orders.get(rid("ORD-3"))
    assert (row.quantity, row.time_in_force) == (Decimal(8), "GoodTilCancel")
    assert "Order/Desk/Note" in (row.properties or {}), "the colleague's note too"


async def test_a_row_that_was_deleted_is_not_made_again(traded: Dealer, colleague: Dealer) -> None:
    mine = await traded.desk.prepare(good_till_cancel(traded, "ORD-4"))
    await colleague.desk.client.orders.delete(rid("ORD-4"))
    report = await traded.desk.carry_out(mine)
    assert [each.reason for each in report.not_sent] == ["deleted by somebody else meanwhile"]
    assert traded.line.sent("/orders", "POST") == 0


async def test_what_cannot_be_read_right_before_is_not_sent(traded: Dealer) -> None:
    mine = await traded.desk.prepare(good_till_cancel(traded, "ORD-4"))
    traded.line.fail("cut", "/orders/", times=9)
    report = await traded.desk.carry_out(mine)
    assert [each.reason for each in report.not_sent] == [
        "it is sent whole, and its row could not be read right before"
    ]
    traded.line.mend()
    assert await ledger(traded, "ORD-4") == (Decimal(10), "Day")


def another_time_in_force(dealer: Dealer) -> Verb:
    row = dealer.desk.snapshot.placements[rid("PLC-2")]
    return ReplacePlacements((placement_request(row, time_in_force="GoodTilCancel"),), made_from=(row,))


def another_broker_of_the_fill(dealer: Dealer) -> Verb:
    row = dealer.desk.snapshot.executions[rid("EXE-1")]
    request = replace(fill("EXE-1", "PLC-1", 60), counterparty="MERI", created_date=row.created_date)
    return RecordFills((request,), made_from=(row,))


@pytest.mark.parametrize(
    ("mine", "theirs", "said"),
    [
        (
            another_time_in_force,
            UpdatePlacements((PlacementUpdateRequest(id=rid("PLC-2"), counterparty="MERI"),)),
            "broker ALBN → MERI",
        ),
        (
            another_broker_of_the_fill,
            RecordFills((fill("EXE-1", "PLC-1", 55, "189.6"),)),
            "quantity 60 → 55, price 189.5 USD → 189.6 USD",
        ),
    ],
    ids=["a placement", "a correction of a fill"],
)
async def test_every_row_that_is_sent_whole_is_guarded(
    traded: Dealer, colleague: Dealer, mine: Callable[[Dealer], Verb], theirs: Verb, said: str
) -> None:
    prepared = await traded.desk.prepare(mine(traded))
    assert (await colleague.desk.act(theirs)).done
    report = await traded.desk.carry_out(prepared)
    [kept] = report.not_sent
    assert kept.reason.endswith(f"meanwhile: {said}")
    assert traded.desk.rest(report) is not None


async def test_a_correction_of_a_fill_keeps_what_a_colleague_corrected(
    traded: Dealer, colleague: Dealer
) -> None:
    verb = another_broker_of_the_fill(traded)
    await colleague.desk.act(RecordFills((fill("EXE-1", "PLC-1", 55),)))
    await traded.desk.reread(verb.refs)
    report = await traded.desk.carry_out(await traded.desk.prepare(verb))
    assert report.done
    row = await traded.desk.client.executions.get(rid("EXE-1"))
    assert (row.quantity, row.counterparty) == (Decimal(55), "MERI")


async def test_a_new_fill_and_a_new_placement_read_nothing_first(traded: Dealer) -> None:
    for verb in (RecordFills((fill("EXE-9", "PLC-1", 5),)), PlaceBlocks((placing("PLC-9", "BLK-3", 5),))):
        traded.line.seen.clear()
        assert (await traded.desk.act(verb)).done
        assert traded.line.seen[0].method == "POST"


@pytest.mark.parametrize("kind", ["orders", "placements"])
async def test_what_nobody_changed_is_sent_as_it_was_made(traded: Dealer, kind: str) -> None:
    verb = good_till_cancel(traded, "ORD-3") if kind == "orders" else another_time_in_force(traded)
    prepared = await traded.desk.prepare(verb)
    assert prepared.verb == verb
    assert len((await traded.desk.carry_out(prepared)).done) == 1


def test_what_was_not_sent_of_a_decision_is_known_by_row_not_by_place() -> None:
    verb = CancelOrders(tuple(map(rid, ("ORD-1", "ORD-2", "ORD-2", "ORD-3"))))
    sent = CancelOrders((rid("ORD-2"), rid("ORD-3")))
    assert verb.after([sent]).order_ids == (rid("ORD-1"), rid("ORD-2"))
    created = new_orders("BLK_8", ORD_8=1, ORD_9=1)
    both = CreateOrders((*created.requests, *new_orders("BLK_9", ORD_10=1, ORD_11=2).requests))
    assert both.after([created]).requests == both.requests[1:]


def test_the_rows_it_was_made_from_stand_in_the_journal_with_the_verb() -> None:
    whole = [verb for verb in EXAMPLES if verb.overwritten]
    assert {type(verb) for verb in whole} == {ReplaceOrders, ReplacePlacements}
    for verb in whole:
        assert msgspec.json.decode(codec.encode(verb), type=type(verb)) == verb
