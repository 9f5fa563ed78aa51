"""Replies get lost, connections fail, programs crash: nothing is sent twice, and nothing is guessed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import httpx
import pytest
from msgspec.structs import replace

from tests.service.dealer import OPENING, Dealer, new_orders, orders_of, placing, rid
from tests.service.sample_rows import label
from tui.api import operations
from tui.api.http import AsyncBaseTransport
from tui.api.http_request import Request
from tui.api.requests import OrderUpdateRequest, PlacementUpdateRequest
from tui.service.environment import State
from tui.service.journal.decisions import Intent
from tui.service.journal.journal import Journal
from tui.service.outcomes import Outcome, Status
from tui.service.snapshot.snapshot import EntityKind, Ref
from tui.service.verbs import (
    Allocate,
    BookTransactions,
    CancelOrders,
    CancelPlacements,
    CreateOrders,
    MoveOrders,
    PlaceBlocks,
    UpdateOrders,
    UpdatePlacements,
    Verb,
)
from tui.service.writes.unknown_calls import CONFIRMED, READ_BACK_S


async def _prepare(dealer: Dealer) -> None:
    """Trade, with a fill that is not allocated yet, and forget what the line and the desk told."""
    await dealer.trade()
    await dealer.fill("EXE-2", "PLC-1", 10)
    dealer.line.seen.clear()
    dealer.updates.clear()


WRITES: dict[str, Callable[[], Verb]] = {
    "createorders": lambda: new_orders("BLK_9", ORD_9=7),
    "moveorders": lambda: MoveOrders((rid("ORD-4"),), rid("BLK-2")),
    "cancelorders": lambda: CancelOrders((rid("ORD-3"),)),
    "placeblocks": lambda: PlaceBlocks((placing("PLC-9", "BLK-2", 10),)),
    "cancelplacements": lambda: CancelPlacements((rid("PLC-1"),)),
    "allocate": lambda: Allocate((rid("PLC-1"),)),
    "booktransactions": lambda: BookTransactions((rid("PLC-1-ORD-1"),)),
}

NOTE = label("Order/Desk/Note", "twice")
BECAME = {
    "cancelplacements": ": 70 executed stay",
    "allocate": ": 2 allocations, 70 of 70 executed units",
    "booktransactions": ": transaction Desk-PLC-1-ORD-1, 7,580 USD",
}
"""The words of an outcome confirmed by reading back, beside the ids that are ours."""


@pytest.mark.parametrize("path", WRITES)
async def test_a_lost_reply_is_settled_by_reading_and_never_resent(dealer: Dealer, path: str) -> None:
    await _prepare(dealer)
    dealer.line.fail("lost", path)
    report = await dealer.desk.act(WRITES[path]())
    assert dealer.line.sent(path) == 1
    assert [each.status for each in report.outcomes] == [Status.DONE]
    assert report.outcomes[0].note == CONFIRMED + BECAME.get(path, "")
    assert dealer.desk.in_flight == {}
    assert dealer.journal.open_intents() == ()


@pytest.mark.parametrize(
    ("path", "verb"),
    [
        (
            "updateorders",
            UpdateOrders(
                (
                    OrderUpdateRequest(id=rid("ORD-3"), quantity=Decimal(20)),
                    OrderUpdateRequest(id=rid("ORD-3"), quantity=Decimal(15), properties=NOTE),
                )
            ),
        ),
        (
            "updateplacements",
            UpdatePlacements(
                (
                    PlacementUpdateRequest(id=rid("PLC-1"), quantity=Decimal(90), counterparty="BRCL"),
                    PlacementUpdateRequest(id=rid("PLC-1"), quantity=Decimal(80)),
                )
            ),
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_a_lost_reply_about_one_row_twice_is_settled_by_what_both_items_make_of_it(
    dealer: Dealer, path: str, verb: Verb
) -> None:
    await _prepare(dealer)
    dealer.line.fail("lost", path)
    report = await dealer.desk.act(verb)
    assert {each.note for each in report.outcomes} == {CONFIRMED}
    assert [each.status for each in report.outcomes] == [Status.DONE, Status.DONE]
    assert dealer.line.sent(path) == 1


@pytest.mark.parametrize("path", WRITES)
async def test_a_write_that_never_arrived_stays_unknown(dealer: Dealer, path: str) -> None:
    await _prepare(dealer)
    dealer.line.fail("cut", path)
    verb = WRITES[path]()
    report = await dealer.desk.act(verb)
    assert dealer.line.sent(path) == 1
    assert [sum(dealer.pauses[: turn + 1]) for turn in range(len(dealer.pauses))] == list(READ_BACK_S)
    assert [each.status for each in report.outcomes] == [Status.UNKNOWN]
    assert "not known whether" in report.sentence()
    assert set(verb.refs) <= set(dealer.desk.in_flight)
    assert dealer.desk.sending == 0, "nothing is under way any more"
    assert dealer.desk.unknown == verb.refs
    assert len(dealer.journal.open_intents()) == 1


async def test_an_unknown_write_is_sent_again_with_the_same_ids_and_key(dealer: Dealer) -> None:
    await _prepare(dealer)
    dealer.line.fail("cut", "placeblocks")
    verb = WRITES["placeblocks"]()
    await dealer.desk.act(verb)
    refused = await dealer.desk.act(verb)
    assert refused.refused[0].type == "InFlight"

    (report,) = await dealer.desk.send_again(verb.refs)
    assert report.done
    requests = [each for each in dealer.line.seen if "placeblocks" in each.url.path]
    assert len(requests) == 2
    assert requests[0].headers["idempotency-key"] == requests[1].headers["idempotency-key"]
    assert requests[0].content == requests[1].content
    assert dealer.desk.in_flight == {}
    assert dealer.journal.open_intents() == ()


async def test_unknown_writes_are_named_before_they_are_sent_again_and_reported_each_in_its_words(
    dealer: Dealer,
) -> None:
    await _prepare(dealer)
    for verb in (WRITES["placeblocks"](), MoveOrders((rid("ORD-4"),), rid("BLK-7"))):
        dealer.line.fail("cut", verb.name)
        await dealer.desk.act(verb)
    place, move = dealer.desk.unknown_in_words()
    assert place.startswith("Place block: buy ")
    assert move.startswith("Move order: buy ")
    placed, moved = await dealer.desk.send_again(dealer.desk.unknown)
    assert placed.sentence().startswith("Placed 1 block, asked ")
    assert moved.sentence().startswith("Moved 1 order to BLK-7, asked ")
    assert "buy 10 " in placed.sentence()
    assert "buy 10 " in moved.sentence()


async def test_what_cannot_be_read_back_is_not_sent_again(dealer: Dealer) -> None:
    await _prepare(dealer)
    dealer.line.fail("cut", "placeblocks")
    verb = WRITES["placeblocks"]()
    await dealer.desk.act(verb)
    dealer.line.fail("unreachable", times=1000)
    (report,) = await dealer.desk.send_again(verb.refs)
    assert "could not be read back" in report.unknown[0].reason
    assert dealer.line.sent("placeblocks") == 1
    assert dealer.desk.unknown == verb.refs
    assert len(dealer.journal.open_intents()) == 1


@pytest.mark.parametrize("kind", ["unreachable", "expired"])
async def test_a_second_try_that_was_not_made_leaves_the_first_one_unknown(dealer: Dealer, kind: str) -> None:
    await _prepare(dealer)
    dealer.line.fail("cut", "placeblocks")
    verb = WRITES["placeblocks"]()
    await dealer.desk.act(verb)
    dealer.line.fail(kind, "placeblocks", times=1000)
    (report,) = await dealer.desk.send_again(verb.refs)
    assert report.unknown[0].reason.startswith("Not sent again: ")
    assert dealer.desk.unknown == verb.refs
    assert len(dealer.journal.open_intents()) == 1
    dealer.line.mend()
    await dealer.clock.wait(15)
    (settled,) = await dealer.desk.send_again(verb.refs)
    assert settled.done


async def test_a_second_try_that_is_refused_because_the_first_one_happened_is_done(
    dealer: Dealer, colleague: Dealer
) -> None:
    """The first try arrives between reading back and sending again, and the server refuses the second."""
    await _prepare(dealer)
    dealer.line.fail("cut", "placeblocks")
    verb = WRITES["placeblocks"]()
    await dealer.desk.act(verb)

    async def late(request: httpx.Request) -> None:
        if "placeblocks" in request.url.path:
            dealer.line.before = None
            client = colleague.desk.client
            await client.send(verb.build(client, "another-key"))

    dealer.line.before = late
    (report,) = await dealer.desk.send_again(verb.refs)
    assert report.done[0].note == CONFIRMED


@pytest.mark.parametrize(
    ("path", "keeps_keys", "advice"),
    [
        ("createorders", False, "send it again with the same ids"),
        ("booktransactions", False, "only send it again when you are sure"),
        ("allocate", False, "only send it again when you are sure"),
        ("booktransactions", True, "this server does the same request only once"),
    ],
)
async def test_the_advice_says_whether_sending_again_is_safe(
    dealer: Dealer, path: str, keeps_keys: bool, advice: str
) -> None:
    await _prepare(dealer)
    dealer.line.keeps_keys = keeps_keys
    dealer.desk.client.http.supports_idempotency_keys = keeps_keys
    dealer.line.fail("cut", path)
    report = await dealer.desk.act(WRITES[path]())
    assert advice in report.unknown[0].advice


async def test_an_allocation_that_a_colleague_booked_shows_no_run_of_ours(
    dealer: Dealer, colleague: Dealer
) -> None:
    await _prepare(dealer)
    await colleague.desk.refresh()
    dealer.line.fail("cut", "allocate")

    async def meanwhile(request: httpx.Request) -> None:
        if request.method == "POST":
            dealer.line.before = None
            await colleague.desk.act(BookTransactions((rid("PLC-1-ORD-1"),)))

    dealer.line.before = meanwhile
    report = await dealer.desk.act(WRITES["allocate"]())
    assert not report.done


async def test_what_arrived_late_is_found_before_anything_is_sent_again(dealer: Dealer) -> None:
    await _prepare(dealer)
    dealer.line.fail("cut", "cancelorders")
    verb = WRITES["cancelorders"]()
    await dealer.desk.act(verb)
    await dealer.desk.client.call(operations.CANCEL_ORDERS, {"1": rid("ORD-3")})
    (report,) = await dealer.desk.send_again(verb.refs)
    assert report.done[0].note == CONFIRMED
    assert dealer.line.sent("cancelorders") == 2


async def test_somebody_else_was_faster(dealer: Dealer, colleague: Dealer) -> None:
    await _prepare(dealer)
    dealer.line.fail("cut", "moveorders")
    await colleague.desk.refresh()
    await colleague.desk.act(CancelOrders((rid("ORD-4"),)))
    report = await dealer.desk.act(WRITES["moveorders"]())
    assert report.refused[0].type == "ChangedBySomeoneElse"
    assert dealer.desk.in_flight == {}


async def test_a_connection_that_fails_is_tried_again_and_sends_once(dealer: Dealer) -> None:
    dealer.line.fail("unreachable", "createorders", times=2)
    report = await dealer.create("BLK_1", ORD_1=100)
    assert report.done
    assert dealer.line.sent("createorders") == 1


async def test_without_a_connection_nothing_happened_and_nothing_more_is_tried(dealer: Dealer) -> None:
    requests = tuple(
        request
        for number in range(150)
        for request in orders_of(f"BLK_{number}", {f"ORD_{number}": 1}).requests
    )
    dealer.line.fail("unreachable", "createorders", times=50)
    report = await dealer.desk.act(CreateOrders(requests))
    assert len(report.not_sent) == 150
    assert report.sentence().startswith("Not sent: 150 orders: ")
    assert dealer.line.sent("createorders") == 0
    assert dealer.journal.open_intents() == ()
    dealer.line.mend()
    assert (await dealer.create("BLK_1", ORD_1=1)).done


async def test_a_503_is_not_a_refusal(dealer: Dealer) -> None:
    dealer.line.fail("broken", "createorders")
    report = await dealer.create("BLK_1", ORD_1=100)
    assert report.unknown[0].reason.startswith("The server failed (503)")


async def test_an_item_the_answer_does_not_mention_is_read_back(
    dealer: Dealer, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _prepare(dealer)
    real = dealer.desk.client.send

    async def forgetful(request: Request[Any], **how: Any) -> Any:
        reply = await real(request, **how)
        return replace(reply, values={}) if request.operation == operations.CANCEL_ORDERS else reply

    monkeypatch.setattr(dealer.desk.client, "send", forgetful)
    report = await dealer.desk.act(CancelOrders((rid("ORD-3"),)))
    assert report.done[0].note == CONFIRMED


async def test_leaving_the_dialog_does_not_stop_a_write(dealer: Dealer) -> None:
    """Cancelling whoever waits for the report leaves the write, its reading back and its report alone."""
    arrived, go_on = asyncio.Event(), asyncio.Event()

    async def hold(request: object) -> None:
        dealer.line.before = None
        arrived.set()
        await go_on.wait()

    dealer.line.before = hold
    waiting = asyncio.create_task(dealer.create("BLK_1", ORD_1=100))
    await arrived.wait()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert dealer.desk.sending == len(dealer.desk.in_flight) == 2
    go_on.set()
    await dealer.desk.close()
    assert [report.sentence() for report in dealer.reports] == [
        "Created: buy 100 BBG000B9XRY4 limit 190 USD, day, for GROWTH · ORD-1."
    ]
    assert rid("ORD-1") in dealer.desk.snapshot.orders
    assert dealer.desk.in_flight == {}


async def test_a_crash_leaves_an_intent_that_the_next_start_reads_back(
    server: AsyncBaseTransport, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "state" / "journal.jsonl"
    first = Dealer.at(server, journal=Journal(path))
    await first.desk.load()
    await first.create("BLK_1", ORD_1=100)

    async def crash(*_: object) -> None:
        raise asyncio.CancelledError

    first.line.fail("lost", "cancelorders")
    monkeypatch.setattr(first.desk._writing()._read_back, "until_known", crash)
    with pytest.raises(asyncio.CancelledError):
        await first.desk.act(CancelOrders((rid("ORD-1"),)))
    first.journal.close()
    assert path.stat().st_mode & 0o777 == 0o600

    journal = Journal(path)
    assert [intent.verb for intent in journal.open_intents()] == [CancelOrders((rid("ORD-1"),))]
    second = Dealer.at(server, journal=journal)
    order = Ref(EntityKind.ORDERS, rid("ORD-1"))
    early = await second.desk.act(CancelOrders((rid("ORD-1"),)))
    assert early.refused[0].type == "InFlight", "no key works on the row before its outcome is known"
    assert second.desk.in_flight == {order: "6?"}
    await second.desk.load()
    assert second.desk.in_flight == {}
    assert second.reports[-1].done[0].ref == order
    assert second.line.sent("cancelorders") == 0
    assert journal.open_intents() == ()
    for desk in (first.desk, second.desk):
        await desk.client.close()


async def test_after_a_crash_only_the_items_without_an_outcome_are_asked_about(
    dealer: Dealer, tmp_path: Path
) -> None:
    await _prepare(dealer)
    verb = new_orders("BLK_9", ORD_8=5, ORD_9=7)
    done, lost = verb.refs
    path = tmp_path / "journal.jsonl"
    before = Journal(path)
    intent = Intent("I-1", OPENING, "http://embedded/api", verb, {})
    before.intend(intent, verb.build(dealer.desk.client, intent.id))
    before.conclude("I-1", OPENING, [Outcome(done, Status.DONE), Outcome(lost, Status.UNKNOWN)])
    before.close()

    journal = Journal(path)
    again = Dealer.at(dealer.line.server, journal=journal)
    await again.desk.load()
    assert again.desk.unknown == (lost,)
    (report,) = await again.desk.send_again((lost,))
    assert [each.ref for each in report.done] == [lost]
    assert journal.open_intents() == ()
    assert rid("ORD-9") in again.desk.snapshot.orders
    assert rid("ORD-8") not in again.desk.snapshot.orders, "what was settled is left alone"
    await again.desk.client.close()


async def test_nothing_is_sent_that_cannot_be_journalled(dealer: Dealer, tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.jsonl")
    broken = Dealer.at(dealer.line.server, journal=journal)
    await broken.desk.load()
    journal.close()
    report = await broken.create("BLK_1", ORD_1=100)
    assert report.not_sent[0].type == "NotJournalled"
    assert broken.line.sent("createorders") == 0
    await broken.desk.client.close()


async def test_an_expired_token_refuses_the_write_and_stops_polling(dealer: Dealer) -> None:
    dealer.line.fail("expired", "createorders")
    report = await dealer.create("BLK_1", ORD_1=100)
    assert report.refused[0].type == "InvalidIdentityToken"
    assert dealer.desk.health.state in (State.UNAUTHENTICATED, State.LIVE)


async def test_nothing_is_doubled_or_lost_on_a_bad_line(dealer: Dealer, colleague: Dealer) -> None:
    """Three of ten replies get lost or never come; every write is settled without sending one twice."""
    chance = Random(7)
    written = 0
    for number in range(60):
        if chance.random() < 0.3:
            dealer.line.fail("lost", "createorders")
        report = await dealer.create(f"BLK_{number % 7}", **{f"ORD_{number}": 10})
        assert report.done, report.sentence()
        written += 1
    assert dealer.line.sent("createorders") == written
    await colleague.desk.load()
    assert len(colleague.desk.snapshot.orders) == written
    assert dealer.journal.open_intents() == ()
