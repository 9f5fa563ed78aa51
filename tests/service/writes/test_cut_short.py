"""A decision of several calls that is cut short: the next start tells every item of it, and sends nothing."""

from __future__ import annotations

import asyncio
import errno
import json
import os
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
from msgspec.structs import replace

from tests.service.dealer import Dealer, orders_of, placing, rid
from tui.api.http import AsyncBaseTransport
from tui.api.http_request import Request
from tui.api.requests import OrderUpdateRequest
from tui.service.journal.decisions import Intent
from tui.service.journal.journal import Journal
from tui.service.outcomes import Difference, Report
from tui.service.verbs import (
    CancelOrders,
    CancelPlacements,
    CreateOrders,
    PlaceBlocks,
    UpdateOrders,
    Verb,
)
from tui.service.writes.dispatch import Dispatch

MANY = 244
"""Items that take three calls: 100, 100, 44."""
ORDERS = [f"ORD-{number}" for number in range(1, MANY + 1)]


class KilledError(BaseException):
    """The end of the program: nothing is written or sent after it."""


def counts(report: Report) -> tuple[int, int, int, int]:
    """Return how many items of a report are done, refused, unknown and not sent."""
    return len(report.done), len(report.refused), len(report.unknown), len(report.not_sent)


def updates() -> UpdateOrders:
    return UpdateOrders(tuple(OrderUpdateRequest(id=rid(code), quantity=Decimal(7)) for code in ORDERS))


def cancels() -> CancelOrders:
    return CancelOrders(tuple(map(rid, ORDERS)))


def creations() -> CreateOrders:
    return CreateOrders(
        tuple(request for code in ORDERS for request in orders_of(f"NEW-{code}", {f"{code}0000": 5}).requests)
    )


def placings() -> PlaceBlocks:
    return PlaceBlocks(tuple(placing(f"PLC-{code}", "BLK-1", 1) for code in ORDERS))


async def book_of_orders(dealer: Dealer) -> None:
    """Bring 244 orders of 10 to the server, and the desk."""
    requests = orders_of("BLK_1", dict.fromkeys(ORDERS, 10)).requests
    [request] = requests
    for start in range(0, MANY, 100):
        await dealer.desk.act(CreateOrders((replace(request, orders=request.orders[start : start + 100]),)))
    assert len(dealer.desk.snapshot.orders) == MANY
    dealer.updates.clear()
    dealer.line.seen.clear()


def die_at(dealer: Dealer, path: str, call: int, *, arrives: bool) -> None:
    """Kill the program as it waits for the answer of its n-th call to ``path``."""

    async def before(request: httpx.Request) -> None:
        if path in request.url.path and request.method == "POST" and dealer.line.sent(path) == call - 1:
            if arrives:
                await dealer.line.server.handle_async_request(request)
            raise KilledError

    dealer.line.before = before


async def killed(server: AsyncBaseTransport, journal: Path, verb: Verb, *, call: int, arrives: bool) -> None:
    """Send ``verb`` from a program that is killed while its n-th call is under way."""
    first = Dealer.at(server, journal=Journal(journal))
    await first.desk.load()
    die_at(first, verb.name, call, arrives=arrives)
    with pytest.raises(KilledError):
        await first.desk.act(verb)
    first.journal.close()
    await first.desk.client.close()


async def started_after(server: AsyncBaseTransport, journal: Path) -> Dealer:
    """Return a dealer who starts the program again."""
    again = Dealer.at(server, journal=Journal(journal))
    await again.desk.load()
    return again


async def told_after(server: AsyncBaseTransport, journal: Path) -> tuple[Dealer, tuple[Report, ...]]:
    """Return the dealer who starts again, and what they are told unasked."""
    again = await started_after(server, journal)
    return again, tuple(report for update in again.updates for report in update.found)


@pytest.fixture
def book(tmp_path: Path) -> Path:
    return tmp_path / "state" / "journal.jsonl"


@pytest.mark.parametrize(
    ("make", "arrives", "told"),
    [
        (updates, True, (200, 0, 0, 44)),
        (updates, False, (100, 0, 100, 44)),
        (cancels, True, (200, 0, 0, 44)),
        (creations, True, (200, 0, 0, 44)),
        (creations, False, (100, 0, 100, 44)),
        (placings, True, (200, 0, 0, 44)),
        (placings, False, (100, 0, 100, 44)),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
async def test_after_a_kill_in_the_second_of_three_calls_every_item_is_told(
    dealer: Dealer,
    server: AsyncBaseTransport,
    book: Path,
    make: Callable[[], Verb],
    arrives: bool,
    told: tuple[int, int, int, int],
) -> None:
    await book_of_orders(dealer)
    verb = make()
    await killed(server, book, verb, call=2, arrives=arrives)
    again, reports = await told_after(server, book)
    [report] = reports
    assert counts(report) == told
    assert [each.ref for each in report.outcomes] == list(verb.refs), "one report, in the order asked"
    assert report.label.startswith(f"{verb.label}, asked ")
    assert {each.reason for each in report.not_sent} == {"the program ended before it was sent"}
    assert again.line.sent(verb.name) == 0, "nothing is sent by a start"
    await again.desk.client.close()


async def test_a_kill_before_the_first_call_leaves_a_decision_of_which_nothing_was_sent(
    dealer: Dealer, server: AsyncBaseTransport, book: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await book_of_orders(dealer)
    first = await started_after(server, book)

    def die(*_: object) -> None:
        raise KilledError

    monkeypatch.setattr(first.journal, "intend", die)
    with pytest.raises(KilledError):
        await first.desk.act(updates())
    first.journal.close()
    again, [report] = await told_after(server, book)
    assert counts(report) == (0, 0, 0, MANY)
    for desk in (first.desk, again.desk):
        await desk.client.close()


async def test_what_was_refused_is_told_refused_whether_its_answer_came_or_was_cut(
    dealer: Dealer, server: AsyncBaseTransport, book: Path
) -> None:
    """One of the first call is refused by its answer; one of the second, whose answer never came."""
    await book_of_orders(dealer)
    await dealer.desk.act(CancelOrders((rid("ORD-5"), rid("ORD-150"))))
    await killed(server, book, updates(), call=2, arrives=True)
    again, [report] = await told_after(server, book)
    assert counts(report) == (198, 2, 0, 44)
    early, late = report.refused
    assert early.ref.id.code == "ORD-5"
    assert "ORD-5" in early.reason or "final" in early.reason.lower() or "Cancelled" in early.reason
    assert late.ref.id.code == "ORD-150"
    assert late.reason == (
        "the server carried out other items of the same call and not this one; why was lost"
    )
    assert again.desk.in_flight == {}
    await again.desk.client.close()


async def test_what_was_never_sent_is_told_until_somebody_read_it(
    dealer: Dealer, server: AsyncBaseTransport, book: Path
) -> None:
    await book_of_orders(dealer)
    await killed(server, book, updates(), call=2, arrives=True)
    again, [report] = await told_after(server, book)
    again.journal.close()
    third, [same] = await told_after(server, book)
    assert counts(same) == counts(report), "nobody read the first"
    await third.desk.told(same)
    third.journal.close()
    fourth, none = await told_after(server, book)
    assert none == ()
    for desk in (again.desk, third.desk, fourth.desk):
        await desk.client.close()


async def test_what_was_read_is_not_told_again_while_something_stays_unknown(
    dealer: Dealer, server: AsyncBaseTransport, book: Path
) -> None:
    await book_of_orders(dealer)
    await killed(server, book, creations(), call=2, arrives=False)
    again, [report] = await told_after(server, book)
    await again.desk.told(report)
    again.journal.close()
    third, none = await told_after(server, book)
    assert none == ()
    assert len(third.desk.unknown) == 100
    for desk in (again.desk, third.desk):
        await desk.client.close()


async def test_what_was_never_sent_comes_back_as_a_decision_of_its_own_to_preview(
    dealer: Dealer, server: AsyncBaseTransport, book: Path
) -> None:
    await book_of_orders(dealer)
    await killed(server, book, updates(), call=2, arrives=True)
    again, [report] = await told_after(server, book)
    rest = again.desk.rest(report)
    assert rest == UpdateOrders(updates().updates[200:])
    assert rest is not None
    assert again.desk.preview(rest).headline.startswith("Update 44 orders: buy 440 ")
    done = await again.desk.act(rest)
    assert counts(done) == (44, 0, 0, 0)
    assert again.desk.snapshot.orders[rid("ORD-244")].quantity == 7
    await again.desk.client.close()


async def test_when_the_token_ends_after_the_first_call_the_rest_is_told_not_sent(dealer: Dealer) -> None:
    await book_of_orders(dealer)

    async def expire(request: httpx.Request) -> None:
        if "updateorders" in request.url.path and dealer.line.sent("updateorders") == 1:
            dealer.line.fail("expired", times=1000)

    dealer.line.before = expire
    report = await dealer.desk.act(updates())
    assert counts(report) == (100, 100, 0, 44)
    assert {each.type for each in report.refused} == {"InvalidIdentityToken"}
    assert len(report.not_sent_groups) == 1
    assert dealer.desk.rest(report) == UpdateOrders(updates().updates[200:])


async def test_when_the_disk_fills_up_after_the_first_call_the_rest_is_told_not_sent(
    dealer: Dealer, monkeypatch: pytest.MonkeyPatch
) -> None:
    await book_of_orders(dealer)
    write = dealer.journal.intend

    def fill_up(intent: Intent, request: Request[Any]) -> None:
        if dealer.line.sent("updateorders"):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        write(intent, request)

    monkeypatch.setattr(dealer.journal, "intend", fill_up)
    report = await dealer.desk.act(updates())
    assert counts(report) == (100, 0, 0, 144)
    assert "No space left on device" in report.not_sent[0].reason
    rest = dealer.desk.rest(report)
    assert rest is not None
    assert rest.count == 144


async def test_a_decision_that_the_disk_does_not_take_whole_is_not_begun(
    dealer: Dealer, monkeypatch: pytest.MonkeyPatch
) -> None:
    await book_of_orders(dealer)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(dealer.journal, "decide", full)
    report = await dealer.desk.act(updates())
    assert counts(report) == (0, 0, 0, MANY)
    assert dealer.line.sent("updateorders") == 0


@pytest.mark.parametrize("count", [1, 101])
async def test_the_kill_switch_does_not_wait_for_a_disk_with_room(
    dealer: Dealer, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    await dealer.create("BLK_1", ORD_1=1000)
    placings = tuple(placing(f"PLC-{number}", "BLK-1", 1) for number in range(count))
    for start in range(0, count, 100):
        await dealer.desk.act(PlaceBlocks(placings[start : start + 100]))

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    for name in ("decide", "intend", "conclude"):
        monkeypatch.setattr(dealer.journal, name, full)
    everything = tuple(request.id for request in placings)
    report = await dealer.desk.act(CancelPlacements(everything, "all that work on the whole desk"))
    assert counts(report) == (count, 0, 0, 0)
    assert "the journal did not take it" in report.done[0].note
    assert "No space left on device" in report.done[0].note
    assert counts(await dealer.desk.act(CancelPlacements(everything[:1])))[3] == 1, "no emergency"


async def test_the_dealer_stops_between_two_calls_and_the_rest_is_told_stopped(dealer: Dealer) -> None:
    await book_of_orders(dealer)
    seen: list[str] = []
    verb = updates()

    def watch() -> None:
        seen.append(dispatch.sentence())
        if dispatch.answered == 2 and not dispatch.stopped:
            dispatch.stop()

    dispatch = Dispatch(verb, watch)
    report = await dealer.desk.act(verb, dispatch)
    assert seen[:2] == ["1 of 3 calls, 100 of 244 done", "2 of 3 calls, 200 of 244 done"]
    assert counts(report) == (200, 0, 0, 44)
    assert "Not sent: 44 orders: stopped by you." in report.sentence()
    assert dealer.line.sent("updateorders") == 2
    assert dealer.desk.underway == ()


async def test_closing_the_program_between_two_calls_sends_no_more_and_the_next_start_tells(
    dealer: Dealer, server: AsyncBaseTransport, book: Path
) -> None:
    await book_of_orders(dealer)
    first = await started_after(server, book)
    arrived, go_on = asyncio.Event(), asyncio.Event()

    async def hold(request: httpx.Request) -> None:
        if "updateorders" in request.url.path:
            arrived.set()
            await go_on.wait()

    first.line.before = hold
    sending = asyncio.create_task(first.desk.act(updates()))
    await arrived.wait()
    closing = asyncio.create_task(first.desk.close())
    await asyncio.sleep(0)
    go_on.set()
    await closing
    assert counts(await sending) == (100, 0, 0, 144)
    first.journal.close()
    again, [report] = await told_after(server, book)
    assert counts(report) == (100, 0, 0, 144)
    for desk in (first.desk, again.desk):
        await desk.client.close()


async def test_a_difference_from_what_was_shown_stands_in_report_and_journal(
    dealer: Dealer, server: AsyncBaseTransport, book: Path
) -> None:
    await book_of_orders(dealer)
    first = await started_after(server, book)

    async def compare(report: Report, seen: bool) -> tuple[Difference, ...]:
        assert seen
        return (Difference(report.done[1].ref, "expected 8, updated to 7"),)

    report = await first.desk.act(updates(), compare=compare)
    assert report.sentence().startswith("Updated 244 orders: buy 2,440 ")
    assert report.sentence().endswith(" ORD-2: expected 8, updated to 7.")
    lines = map(json.loads, (await asyncio.to_thread(book.read_text)).splitlines())
    [told] = [line for line in lines if line["kind"] == "differences"]
    assert told["id"] == report.decision
    assert [(ref[1]["code"], text) for ref, text in told["items"]] == [("ORD-2", "expected 8, updated to 7")]
    assert first.journal.open_decisions() == ()
    await first.desk.client.close()
