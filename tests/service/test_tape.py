"""The tape of a dealer whose colleagues, brokers and server do things."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from msgspec.structs import replace

from tests.service.dealer import Dealer, fill, orders_of, placing
from tests.service.sample_rows import rid
from tui.api import operations
from tui.api.base import PerpetualProperty, PropertyValue
from tui.api.http import AsyncBaseTransport
from tui.api.requests import PlacementSetRequest
from tui.config.tape_settings import Loudness, TapeSettings
from tui.service.environment import OFFLINE_AFTER, State
from tui.service.tape.tape import Tape, TapeEntry
from tui.service.verbs import CancelOrders, CancelPlacements, RecordFills

APPLE = "BBG000B9XRY4"
"""Apple as it is called where no instrument is read."""
ORDER = f"buy 100 {APPLE} limit 190 USD, day, with ALBN"


class TapeReader:
    """A dealer who reads the tape."""

    def __init__(self, dealer: Dealer, settings: TapeSettings, since: datetime | None = None) -> None:
        self.dealer = dealer
        self.time = datetime.now(UTC)
        self.tape = Tape(settings, lambda: self.time, since)
        self.rung: list[TapeEntry] = []
        self.tape.watch(dealer.desk.health)
        for _ in self.tape.count(dealer.desk.snapshot):
            pass
        dealer.desk.subscribe(
            lambda update: self.rung.extend(
                self.tape.hear(update, dealer.desk.health, dealer.desk.in_flight, dealer.desk.user)
            )
        )

    async def polls(self) -> list[str]:
        """Read what changed, and return the lines of the tape."""
        assert await self.dealer.desk.refresh()
        self.tape.watch(self.dealer.desk.health)
        return self.says()

    def says(self) -> list[str]:
        return [entry.words(lambda moment: "then") for entry in self.tape.latest(100)]


@pytest.fixture
async def colleague_with_order(colleague: Dealer, dealer: Dealer) -> Dealer:
    """A colleague who placed an order of 100 with a broker; the dealer has read that."""
    await colleague.create("BLK_1", ORD_1=100)
    await colleague.place("PLC-1", "BLK-1", 100)
    await dealer.desk.refresh()
    return colleague


@pytest.fixture
def reader(colleague_with_order: Dealer, dealer: Dealer) -> TapeReader:
    return TapeReader(dealer, TapeSettings())


async def test_a_fill_comes_and_the_tape_says_what_is_left(
    reader: TapeReader, colleague_with_order: Dealer
) -> None:
    await colleague_with_order.fill("EXE-1", "PLC-1", 60)
    assert await reader.polls() == ["Filled: buy 60 BBG000B9XRY4 at 189.5 USD, 40 left, with ALBN · PLC-1"]
    assert [entry.kind for entry in reader.rung] == ["fills"]


async def test_a_fill_that_crosses_a_cancel_leaves_nothing_with_the_broker(
    reader: TapeReader, colleague_with_order: Dealer
) -> None:
    await colleague_with_order.desk.act(CancelPlacements((rid("PLC-1"),)))
    await reader.polls()
    await colleague_with_order.fill("EXE-1", "PLC-1", 60)
    assert (await reader.polls())[-1] == "Filled: buy 60 BBG000B9XRY4 at 189.5 USD, with ALBN · PLC-1"
    [told] = [
        entry.said
        for entry in await reader.dealer.desk.history(rid("ORD-1"))
        if entry.said.startswith("filled")
    ]
    assert told == "filled 60 at 189.5 USD by ALBN"


async def test_fills_of_one_placement_are_one_line_with_running_quantity_and_average(
    reader: TapeReader, colleague_with_order: Dealer
) -> None:
    await colleague_with_order.fill("EXE-1", "PLC-1", 60, "190")
    await reader.polls()
    await colleague_with_order.fill("EXE-2", "PLC-1", 20, "188")
    await colleague_with_order.fill("EXE-3", "PLC-1", 20, "188")
    assert await reader.polls() == [
        "Filled: buy 100 BBG000B9XRY4 at 189.2000 USD average in 3 fills, complete, with ALBN · PLC-1"
    ]


async def test_a_voided_fill_is_said_and_what_comes_after_begins_a_line(
    reader: TapeReader, colleague_with_order: Dealer
) -> None:
    await colleague_with_order.fill("EXE-1", "PLC-1", 60)
    await reader.polls()
    await colleague_with_order.desk.act(RecordFills((fill("EXE-1", "PLC-1", 0),)))
    await reader.polls()
    await colleague_with_order.fill("EXE-2", "PLC-1", 30)
    assert await reader.polls() == [
        "Filled: buy 60 BBG000B9XRY4 at 189.5 USD, 40 left, with ALBN · PLC-1",
        "Fill voided: buy 0 BBG000B9XRY4 at 189.5 USD, with ALBN · EXE-1",
        "Filled: buy 30 BBG000B9XRY4 at 189.5 USD, 70 left, with ALBN · PLC-1",
    ]


async def test_a_reject_is_said_with_the_words_of_the_broker(
    reader: TapeReader, colleague_with_order: Dealer
) -> None:
    key = "Placement/demo/Reason"
    why = PerpetualProperty(key=key, value=PropertyValue(label_value="Too far from the market"))
    refused = replace(placing("PLC-1", "BLK-1", 100), state="Rejected", properties={key: why})
    client = colleague_with_order.desk.client
    await client.call(operations.PLACEMENTS.upsert, PlacementSetRequest(requests=(refused,)))
    [said] = await reader.polls()
    assert said.startswith(
        "Rejected: buy 100 BBG000B9XRY4 limit 190 USD, day, with ALBN: Too far from the market"
    )
    assert [(entry.kind, entry.role) for entry in reader.rung] == [("rejects", "bad")]


async def test_a_cancel_by_a_colleague_is_said_once_and_rings_for_nobody(
    reader: TapeReader, colleague_with_order: Dealer
) -> None:
    await colleague_with_order.desk.act(CancelPlacements((rid("PLC-1"),)))
    [said] = await reader.polls()
    assert said.startswith("Cancelled")
    assert ORDER in said
    assert not reader.rung
    assert await reader.polls() == [said]


async def test_what_the_dealer_does_is_told_by_its_report_alone(reader: TapeReader) -> None:
    await reader.dealer.fill("EXE-1", "PLC-1", 60)
    await reader.dealer.desk.act(CancelPlacements((rid("PLC-1"),)))
    filled, cancelled = await reader.polls()
    assert filled.startswith("Recorded: buy 60 BBG000B9XRY4 at 189.5 USD, with ALBN")
    assert cancelled.startswith("Cancelled: buy 100 BBG000B9XRY4 limit 190 USD")


async def test_a_break_gives_one_line_and_is_never_replayed(
    reader: TapeReader, colleague_with_order: Dealer
) -> None:
    reader.dealer.line.fail("unreachable", times=1_000)
    for _ in range(OFFLINE_AFTER):
        await reader.dealer.desk.refresh()
    assert reader.dealer.desk.health.state is State.OFFLINE
    await colleague_with_order.fill("EXE-1", "PLC-1", 60)
    await colleague_with_order.fill("EXE-2", "PLC-1", 20)
    await colleague_with_order.desk.act(CancelPlacements((rid("PLC-1"),)))
    reader.dealer.line.mend()
    await reader.dealer.desk.reload()
    assert reader.says() == ["While away since then: 2 fills, 1 cancel"]
    await reader.polls()
    await colleague_with_order.create("BLK_2", ORD_2=10)
    await colleague_with_order.desk.act(CancelOrders((rid("ORD-2"),)))
    assert len(await reader.polls()) == 2, "told as it comes, again"


async def test_a_frozen_screen_is_told_in_one_line_when_it_moves_again(
    reader: TapeReader, colleague_with_order: Dealer
) -> None:
    reader.tape.freeze(True)
    await colleague_with_order.fill("EXE-1", "PLC-1", 60)
    assert await reader.polls() == []
    assert [entry.text for entry in reader.rung] == ["1 fill"], "who looks elsewhere hears it all the same"
    reader.tape.freeze(False)
    assert reader.says() == ["While away since then: 1 fill"]


async def test_a_machine_that_slept_says_in_one_line_what_it_missed(
    server: AsyncBaseTransport, colleague: Dealer
) -> None:
    time = datetime.now(UTC)
    sleeper = Dealer.at(server, now=lambda: time)
    await colleague.create("BLK_1", ORD_1=100)
    await colleague.place("PLC-1", "BLK-1", 100)
    await sleeper.desk.load()
    reader = TapeReader(sleeper, TapeSettings())
    await reader.polls()
    await colleague.fill("EXE-1", "PLC-1", 10)
    await colleague.fill("EXE-2", "PLC-1", 10)
    time += timedelta(hours=1)
    assert await reader.polls() == ["While away since then: 2 fills"]
    time += timedelta(seconds=2)
    await reader.polls()
    await colleague.fill("EXE-3", "PLC-1", 10)
    assert (await reader.polls())[1:] == [f"Filled: buy 10 {APPLE} at 189.5 USD, 70 left, with ALBN · PLC-1"]
    await sleeper.desk.close()
    await sleeper.desk.client.close()


async def test_what_happened_since_the_last_visit_is_one_line_at_the_start(
    colleague: Dealer, dealer: Dealer
) -> None:
    yesterday = datetime.now(UTC) - timedelta(days=1)
    await colleague.trade()
    await dealer.desk.refresh()
    assert TapeReader(dealer, TapeSettings(), yesterday).says() == ["While away since then: 1 fill"]
    assert TapeReader(dealer, TapeSettings(), datetime.now(UTC)).says() == []
    assert TapeReader(dealer, TapeSettings()).says() == [], "nobody knows when the first visit began"


@pytest.mark.parametrize(("loudness", "said", "rung"), [("on", 1, 1), ("silent", 1, 0), ("off", 0, 0)])
async def test_a_portfolio_may_be_quieter_than_the_others(
    colleague_with_order: Dealer, dealer: Dealer, loudness: Loudness, said: int, rung: int
) -> None:
    reader = TapeReader(dealer, TapeSettings(portfolios={"GROWTH": {"fills": loudness}}))
    await colleague_with_order.fill("EXE-1", "PLC-1", 60)
    assert len(await reader.polls()) == said
    assert len(reader.rung) == rung


async def test_more_fills_than_can_be_read_are_told_by_their_number(
    colleague: Dealer, dealer: Dealer
) -> None:
    codes = [f"{number}" for number in range(1, 41)]
    for code in codes[:1]:
        await colleague.desk.act(orders_of("BLK-1", {f"ORD-{code}": 4000}))
    for code in codes:
        await colleague.place(f"PLC-{code}", "BLK-1", 10)
    await dealer.desk.refresh()
    reader = TapeReader(dealer, TapeSettings())
    fills = tuple(fill(f"EXE-{code}", f"PLC-{code}", 10) for code in codes)
    await colleague.desk.act(RecordFills(fills))
    assert await reader.polls() == ["At once: 40 fills"]


def test_the_tape_forgets_the_oldest_lines() -> None:
    tape = Tape(TapeSettings(), lambda: datetime.now(UTC))
    for number in range(5_000):
        tape.note(f"message {number}")
    assert len(tape.entries) == 1_000
    assert tape.entries[-1].text == "message 4999"


def test_a_message_said_again_is_counted() -> None:
    tape = Tape(TapeSettings(), lambda: datetime.now(UTC))
    for _ in range(3):
        tape.note("Nothing to go back from.")
    assert [entry.words(str) for entry in tape.entries] == ["Nothing to go back from. (x3)"]
    assert not tape.latest(9), "the line above the keys tells what happened, not what was said"
    assert tape.entries[0].quantity == Decimal(0)
