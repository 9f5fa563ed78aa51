"""What a dealer is told before a verb is confirmed, because it was tried on a copy of the rows."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal

import pytest
from msgspec.structs import replace

from tests.service.dealer import Dealer, fill, moving_on, new_orders, placing, rid
from tui.api.http import AsyncBaseTransport
from tui.api.requests import BlockRequest, OrderUpdateRequest, PlacementUpdateRequest
from tui.oms.engine.engine import Engine
from tui.sandbox import sandboxes_for, sandboxes_of
from tui.service.environment import EnvironmentKind
from tui.service.rehearsal.rehearse import Sandbox
from tui.service.rehearsal.rehearsed_preview import CUT_ORDERS, DECIDES, FEES, WAITING_PRICES, Prepared
from tui.service.snapshot.snapshot import Snapshot
from tui.service.verbs import (
    Allocate,
    BookTransactions,
    CancelOrders,
    CancelPlacements,
    MoveOrders,
    PlaceBlocks,
    RecordFills,
    SweepBlocks,
    Tier,
    UpdateOrders,
    UpdatePlacements,
    Verb,
)
from tui.service.verbs.overwriting import request_as_is


@pytest.fixture
async def here(engine: Engine, server: AsyncBaseTransport) -> AsyncIterator[Dealer]:
    """A dealer on the embedded server, who has traded: PLC-1 of 100 in BLK-1, 60 filled and allocated."""
    made = Dealer.at(server, open_sandbox=sandboxes_of(engine))
    await made.desk.load()
    await made.trade()
    yield made
    await made.desk.close()
    await made.desk.client.close()


@pytest.fixture
async def elsewhere(server: AsyncBaseTransport) -> AsyncIterator[Dealer]:
    """The same dealer on a server over the network."""
    made = Dealer.at(server, open_sandbox=sandboxes_for("latest"), kind=EnvironmentKind.TEST)
    await made.desk.load()
    await made.trade()
    yield made
    await made.desk.close()
    await made.desk.client.close()


def told(prepared: Prepared) -> str:
    shown = prepared.preview
    warnings = (text for warning in shown.soft for text in warning.texts)
    return "\n".join((*shown.hard, *warnings, shown.heading, *shown.afterwards))


def sized(order: str, quantity: int) -> OrderUpdateRequest:
    return OrderUpdateRequest(id=rid(order), quantity=Decimal(quantity))


@pytest.mark.parametrize(
    ("verb", "said"),
    [
        (
            new_orders("BLK_1", ORD_9=8),
            "3 orders of 158 units, 100 of 158 units placed · BLK-1",
        ),
        (new_orders("BLK_9", ORD_9=8), "new block, 1 order of 8 units · BLK-9"),
        (MoveOrders((rid("ORD-3"),), rid("BLK-3")), "2 orders of 20 units · BLK-3"),
        (MoveOrders((rid("ORD-3"),), rid("BLK-3")), "no live order left · BLK-2"),
        (CancelOrders((rid("ORD-3"),)), "no live order left · BLK-2"),
        (PlaceBlocks((placing("PLC-9", "BLK-2", 5),)), "5 of 10 units placed · BLK-2"),
        (CancelPlacements((rid("PLC-1"),)), "with ALBN: 40 units freed, 60 executed stay · PLC-1"),
        (
            RecordFills((fill("EXE-9", "PLC-1", 5),)),
            "65 of 100 units executed, at 189.5000 USD on average · PLC-1",
        ),
        (
            RecordFills((fill("EXE-1", "PLC-1", 50),)),
            "50 of 100 units executed, at 189.5000 USD on average · PLC-1",
        ),
        (RecordFills((fill("EXE-9", "PLC-1", 50),)), "10 units more executed than placed · PLC-1."),
    ],
    ids=lambda value: named(value),
)
async def test_the_state_after_stands_in_the_preview(here: Dealer, verb: Verb, said: str) -> None:
    prepared = await here.desk.prepare(verb)
    assert said in told(prepared)
    assert prepared.verb == verb
    assert prepared.preview.tier is not Tier.HARD


def named(value: object) -> str:
    return value.name if isinstance(value, Verb) else str(value)


async def test_what_stays_placed_of_a_block_without_orders_is_not_a_part_of_nothing(here: Dealer) -> None:
    await here.place("PLC-2", "BLK-2", 10)
    prepared = await here.desk.prepare(moving_on("ORD-3", "BLK-9"))
    assert "no live order left, 10 units placed · BLK-2" in told(prepared)


@pytest.mark.parametrize(("units", "tier"), [(40, Tier.T1), (41, Tier.T3)])
async def test_more_filled_than_was_placed_takes_the_count(here: Dealer, units: int, tier: Tier) -> None:
    prepared = await here.desk.prepare(RecordFills((fill("EXE-9", "PLC-1", units),)))
    assert prepared.preview.tier is tier


REFUSED = [
    (MoveOrders((rid("ORD-1"),), rid("BLK-3")), "'Desk/ORD-1' has allocations and cannot be moved"),
    (
        new_orders("BLK_2", limit="191", ORD_9=5),
        "does not fit block 'Desk/BLK-2': limitPrice 191 USD, not 190 USD (ORD-9). ",
    ),
    (new_orders("BLK_9", ORD_1=5), "'ORD-1' already exists"),
    (PlaceBlocks((placing("PLC-9", "BLK-2", 31),)), "of 31 would exceed the 10 still unplaced"),
    (PlaceBlocks((placing("PLC-9", "BLK-404", 1),)), "BLK-404"),
    (CancelOrders((rid("ORD-1"),)), "placed quantity 100 would exceed the remaining ordered quantity 50"),
    (UpdateOrders((sized("ORD-1", 30),)), "below the 40 allocated"),
    (
        UpdatePlacements((PlacementUpdateRequest(id=rid("PLC-1"), quantity=Decimal(50)),)),
        "below the 60 executed",
    ),
    (
        UpdatePlacements((PlacementUpdateRequest(id=rid("PLC-1"), quantity=Decimal(300)),)),
        "above the 150 it can have",
    ),
    (SweepBlocks((rid("BLK-1"),), "2030-01-01"), "has orders that are not in one of the states"),
    (Allocate((rid("PLC-404"),)), "PLC-404"),
]


@pytest.mark.parametrize(("verb", "why"), REFUSED, ids=named)
async def test_what_this_server_refuses_cannot_be_sent(here: Dealer, verb: Verb, why: str) -> None:
    prepared = await here.desk.prepare(verb)
    assert prepared.preview.tier is Tier.HARD
    assert why in "\n".join(prepared.preview.hard)


@pytest.mark.parametrize(("verb", "why"), REFUSED, ids=named)
async def test_what_another_server_will_refuse_is_a_warning(elsewhere: Dealer, verb: Verb, why: str) -> None:
    prepared = await elsewhere.desk.prepare(verb)
    assert prepared.preview.tier is not Tier.HARD, "that server decides"
    (warning,) = [each for each in prepared.preview.soft if each.refusal]
    assert warning.kind == "expected to be refused"
    assert why in warning.text
    assert prepared.verb == verb


async def test_nothing_is_left_out_of_an_emergency_and_nothing_stops_it(here: Dealer) -> None:
    all_of_them = (rid("PLC-1"), rid("PLC-404"))
    for ids in (all_of_them, all_of_them[1:]):
        verb = CancelPlacements(ids, "all that work on the whole desk")
        prepared = await here.desk.prepare(verb)
        assert (prepared.verb, prepared.preview.tier) == (verb, Tier.T3)
        expected = await here.desk.expected(prepared)
        assert expected.tier is Tier.T3
        (warning,) = [each for each in expected.soft if each.refusal]
        assert (warning.kind, warning.count) == ("expected to be refused", 1)
        assert "PLC-404" in warning.text


async def test_an_item_this_server_refuses_is_left_out_and_that_is_said(here: Dealer) -> None:
    prepared = await here.desk.prepare(CancelOrders((rid("ORD-1"), rid("ORD-3"))))
    assert prepared.verb == CancelOrders((rid("ORD-3"),))
    assert prepared.preview.count == 1
    assert "ORD-3" in prepared.preview.headline
    (warning,) = [each for each in prepared.preview.soft if each.refusal]
    assert (warning.kind, warning.count) == ("refused, left out", 1)
    assert "Order 'Desk/ORD-1' belongs to block 'Desk/BLK-1'" in warning.text
    report = await here.desk.act(prepared.verb)
    assert len(report.done) == 1
    assert not report.refused


async def test_another_server_is_sent_everything(elsewhere: Dealer) -> None:
    verb = CancelOrders((rid("ORD-1"), rid("ORD-3")))
    assert (await elsewhere.desk.prepare(verb)).verb == verb


async def test_nothing_is_called_accepted_that_another_server_decides(elsewhere: Dealer) -> None:
    prepared = await elsewhere.desk.prepare(CancelOrders((rid("ORD-3"),)))
    shown = prepared.preview
    assert "This server decides" in shown.heading
    assert all(word in shown.heading for word in ("compliance", "entitlements", "tenant"))
    assert "accepted" not in told(prepared)
    assert shown.afterwards == ("BBG000B9XRY4: no live order left · BLK-2",)


async def test_where_nothing_is_expected_afterwards_nothing_is_announced(elsewhere: Dealer) -> None:
    shown = (await elsewhere.desk.prepare(PlaceBlocks((placing("PLC-9", "BLK-2", 31),)))).preview
    assert shown.afterwards == ()
    assert shown.heading.startswith("This server decides")
    assert shown.soft[0].text.startswith("Placement 'Desk/PLC-9' of 31 would exceed")


def replaced_broker(code: str) -> UpdatePlacements:
    return UpdatePlacements((PlacementUpdateRequest(id=rid(code), counterparty="MERI"),))


@pytest.mark.parametrize(
    ("verb", "named"),
    [
        (BookTransactions((rid("PLC-1-ORD-1"),)), {FEES}),
        (BookTransactions((rid("PLC-1-ORD-1"),), apply_fees=False), set()),
        (PlaceBlocks((placing("PLC-9", "BLK-2", 5),)), {CUT_ORDERS}),
        (Allocate((rid("PLC-1"),)), set()),
        (replaced_broker("PLC-1"), set()),
        (replaced_broker("PLC-5"), {WAITING_PRICES}),
    ],
    ids=["fees", "no fees asked for", "a cut order", "no cut order", "a price", "no price yet"],
)
async def test_what_only_the_server_knows_is_named_where_it_matters(
    elsewhere: Dealer, verb: Verb, named: set[str]
) -> None:
    client = elsewhere.desk.client
    row = replace(elsewhere.desk.snapshot.blocks[rid("BLK-3")].block, type="Market", limit_price=None)
    await client.blocks.upsert([request_as_is(BlockRequest, row)])
    await elsewhere.create("BLK_2", ORD_31=4)
    await elsewhere.desk.act(CancelOrders((rid("ORD-31"),)))
    at_market = replace(placing("PLC-5", "BLK-3", 5), type="Market", limit_price=None)
    await elsewhere.desk.act(PlaceBlocks((at_market,)))
    heading = (await elsewhere.desk.prepare(verb)).preview.heading
    assert {each for each in (FEES, CUT_ORDERS, WAITING_PRICES) if each in heading} == named
    assert DECIDES in heading


async def test_here_nothing_is_unknown(here: Dealer) -> None:
    heading = (await here.desk.prepare(BookTransactions((rid("PLC-1-ORD-1"),)))).preview.heading
    assert heading == "Afterwards"


async def test_a_failed_rehearsal_blocks_nothing_and_is_told(here: Dealer) -> None:
    async def broken(snapshot: Snapshot) -> Sandbox:
        raise OSError("no memory is left")

    here.desk._open_sandbox = broken
    prepared = await here.desk.prepare(CancelOrders((rid("ORD-1"),)))
    assert prepared.preview.tier is Tier.T2
    assert prepared.preview.uncertain
    assert prepared.preview.heading == ("What comes of it could not be found out: OSError: no memory is left")


async def test_several_reasons_stand_in_the_place_of_a_confirmation(here: Dealer) -> None:
    await here.create("BLK_5", **{f"ORD_{number}": 5 for number in range(50, 58)})
    gone = tuple(rid(f"ORD-{number}") for number in range(50, 58))
    await here.desk.act(CancelOrders(gone))
    prepared = await here.desk.prepare(CancelOrders(gone))
    assert prepared.preview.tier is Tier.HARD
    assert len(prepared.preview.hard) == 6
    assert prepared.preview.hard[-1] == "3 more are refused."
    assert prepared.preview.hard[0] == "Order 'Desk/ORD-50' is already cancelled. Nothing is left to do."
