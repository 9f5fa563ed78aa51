"""The preview of a write: what a careful person sees, and how they must confirm it."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from msgspec import structs

from tests.service.dealer import fill, new_orders, placing
from tests.service.sample_rows import (
    LUID,
    allocation,
    block,
    execution,
    label,
    order,
    placement,
    rid,
    snapshot_of,
    transaction,
    usd,
    version,
)
from tui.api.base import ResourceId
from tui.api.client import Client
from tui.api.http import Http
from tui.api.requests import OrderUpdateRequest
from tui.config.limit_settings import LimitTable
from tui.service.environment import Environment, EnvironmentKind
from tui.service.snapshot.builder import SnapshotBuilder
from tui.service.snapshot.instruments import Instrument
from tui.service.snapshot.snapshot import EntityKind, Snapshot
from tui.service.verbs import (
    Allocate,
    BookTransactions,
    CancelOrders,
    CancelPlacements,
    CreateOrders,
    MoveOrders,
    PlaceBlocks,
    RecordFills,
    SweepBlocks,
    Tier,
    UpdateOrders,
    Verb,
    curl,
)
from tui.service.writes.limits import DEFAULT_LIMITS, Limits
from tui.service.writes.preview import Preview, preview

LOCAL = Environment("demo", EnvironmentKind.LOCAL)
PROD = Environment("prod", EnvironmentKind.PROD, "https://user:secret@x.lusid.com/api")


@pytest.fixture
def desk() -> Snapshot:
    """A placed and filled block, an unplaced one at another limit, and one without orders."""
    return snapshot_of(
        blocks=[
            block("BLK-1", "ORD-1", "ORD-2"),
            block("BLK-2", "ORD-3", limit_price=usd("191")),
            block("BLK-3"),
        ],
        orders=[
            order("ORD-1", "100"),
            order("ORD-2", "132", "INCOME"),
            order("ORD-3", "30", limit_price=usd("191")),
        ],
        placements=[placement("PLC-1", "BLK-1", quantity="200", counterparty="ALBN")],
        executions=[execution("EXE-1", "PLC-1", "60", "189.5")],
        allocations=[allocation("ALL-1", order="ORD-1", placement="PLC-1", quantity="60")],
        transactions=[transaction("TXN-1", allocation="ALL-1", order="ORD-1", units="60")],
    )


def shown(
    verb: Verb, desk: Snapshot, limits: Limits = DEFAULT_LIMITS, environment: Environment = LOCAL, **more: Any
) -> Preview:
    return preview(verb, desk, environment, limits, **more)


def test_it_states_environment_count_quantity_and_money(desk: Snapshot) -> None:
    seen = shown(CancelOrders((rid("ORD-2"), rid("ORD-3"))), desk)
    assert seen.headline == "Cancel 2 orders"
    assert seen.environment is LOCAL
    assert seen.count == 2
    (total,) = seen.totals
    assert (total.side, total.currency, total.count) == ("Buy", "USD", 2)
    assert total.quantity == 162
    assert total.notional == 132 * 190 + 30 * 191
    assert [line.ref.id.code for line in seen.largest] == ["ORD-2", "ORD-3"]


@pytest.mark.parametrize(
    ("verb", "money"),
    [
        (CancelOrders((rid("ORD-2"),)), "250.80"),
        (new_orders("BLK_9", ORD_9=1000), "1900"),
        (PlaceBlocks((placing("PLC-9", "BLK-2", 1000),)), "1900"),
        (Allocate((rid("PLC-1"),)), "113.70"),
        (RecordFills((fill("EXE-9", "PLC-1", 1000),)), "1895"),
        (BookTransactions((rid("ALL-1"),)), "113.70"),
    ],
)
def test_the_money_of_a_bond_is_per_hundred_nominal(desk: Snapshot, verb: Verb, money: str) -> None:
    builder = SnapshotBuilder(desk)
    bond = label("Block/Desk/AssetClass", "Bond")
    builder.put_blocks([block("BLK-1", "ORD-1", "ORD-2", properties=bond, version=version(2))])
    (total,) = shown(verb, builder.freeze()).totals
    assert total.notional == Decimal(money)


def test_sides_and_currencies_are_never_mixed(desk: Snapshot) -> None:
    pounds: dict[str, Any] = {"limit_price": structs.replace(usd("5"), currency="GBP"), "side": "Sell"}
    builder = SnapshotBuilder(desk)
    builder.put(EntityKind.ORDERS, [order("ORD-8", "7", **pounds)])
    seen = shown(CancelOrders((rid("ORD-3"), rid("ORD-8"))), builder.freeze())
    assert [(total.side, total.currency) for total in seen.totals] == [("Sell", "GBP"), ("Buy", "USD")]


def test_a_size_nobody_knows_is_never_counted_as_zero(desk: Snapshot) -> None:
    builder = SnapshotBuilder(desk)
    without = structs.replace(placement("PLC-9", "BLK-2"), quantity=None)
    builder.put(EntityKind.PLACEMENTS, [without])
    (total,) = shown(CancelPlacements((rid("PLC-1"), rid("PLC-9"))), builder.freeze()).totals
    assert (total.count, total.quantity, total.notional) == (2, None, None)
    assert (total.unsized, total.unpriced) == (1, 0)


def test_units_and_money_are_never_added(desk: Snapshot) -> None:
    builder = SnapshotBuilder(desk)
    in_money = order("ORD-8", amount=usd("50000"))
    builder.put(EntityKind.ORDERS, [structs.replace(in_money, quantity=None)])
    units, money = shown(CancelOrders((rid("ORD-3"), rid("ORD-8"))), builder.freeze()).totals
    assert units.quantity == 30
    assert units.notional == 5730
    assert money.notional == 50_000
    assert (money.quantity, money.in_money, money.unsized) == (None, True, 0)


@pytest.mark.parametrize(
    ("verb", "tier"),
    [
        (new_orders("BLK_9", ORD_9=7), Tier.T1),
        (MoveOrders((rid("ORD-3"),), rid("BLK-3")), Tier.T1),
        (RecordFills((fill("EXE-9", "PLC-1", 5),)), Tier.T1),
        (UpdateOrders((OrderUpdateRequest(id=rid("ORD-3"), quantity=Decimal(31)),)), Tier.T1),
        (UpdateOrders((OrderUpdateRequest(id=rid("ORD-2"), quantity=Decimal(133)),)), Tier.T2),
        (PlaceBlocks((placing("PLC-9", "BLK-2", 5),)), Tier.T2),
        (CancelOrders((rid("ORD-3"),)), Tier.T2),
        (CancelPlacements((rid("PLC-1"),)), Tier.T2),
        (Allocate((rid("PLC-1"),)), Tier.T2),
        (BookTransactions((rid("ALL-1"),)), Tier.T2),
        (SweepBlocks((rid("BLK-3"),), "now"), Tier.T2),
        (CancelOrders(tuple(rid(f"ORD-{n}") for n in range(26))), Tier.T3),
        (CancelOrders(tuple(rid(f"ORD-{n}") for n in range(251))), Tier.HARD),
    ],
    ids=lambda value: value.name if isinstance(value, Verb) else str(value),
)
def test_how_it_is_confirmed(desk: Snapshot, verb: Verb, tier: Tier) -> None:
    assert shown(verb, desk).tier is tier


def test_k_always_asks_for_the_count_and_takes_any_number(desk: Snapshot) -> None:
    assert shown(CancelPlacements((rid("PLC-1"),)), desk).tier is Tier.T2
    assert shown(CancelPlacements((rid("PLC-1"),), "all that work"), desk).tier is Tier.T3
    many = tuple(rid(f"PLC-{n}") for n in range(10_000))
    assert shown(CancelPlacements(many), desk).tier is Tier.HARD
    assert shown(CancelPlacements(many, "all that work"), desk).tier is Tier.T3


def test_prod_asks_for_the_count_above_its_own_threshold(desk: Snapshot) -> None:
    verb = CancelOrders((rid("ORD-3"),))
    assert shown(verb, desk, environment=PROD).tier is Tier.T2
    strict = Limits((LimitTable("profile live", {"prod_notional": Decimal(1000)}),))
    assert shown(verb, desk, strict, PROD).tier is Tier.T3
    assert shown(verb, desk, strict, LOCAL).tier is Tier.T2


@pytest.mark.parametrize(
    ("size", "kind", "tier"),
    [(20_000, "", Tier.T1), (30_000, "notional", Tier.T3), (200_000, "", Tier.HARD)],
)
def test_large_money_is_asked_again_and_too_large_refused(
    desk: Snapshot, size: int, kind: str, tier: Tier
) -> None:
    seen = shown(new_orders("BLK_9", ORD_9=size), desk)
    assert seen.tier is tier
    if tier is Tier.HARD:
        assert "38m USD is above the hard limit of 25m USD (notional_hard, default)" in seen.hard[0]
    assert [warning.kind for warning in seen.soft if warning.typed] == ([kind] if kind else [])


@pytest.mark.parametrize(
    ("limit", "said", "tier"),
    [
        ("190", "", Tier.T1),
        ("195", "2.9 % off the last fill", Tier.T3),
        ("230", "21.4 % off the last fill", Tier.HARD),
        ("18950", "is 100 times the last fill 189.5: in pence?", Tier.HARD),
    ],
)
def test_a_limit_far_from_the_last_price(desk: Snapshot, limit: str, said: str, tier: Tier) -> None:
    seen = shown(new_orders("BLK_9", limit=limit, ORD_9=1), desk)
    assert seen.tier is tier
    texts = (*seen.hard, *(warning.text for warning in seen.soft))
    assert any(said in text for text in texts) if said else not texts


def test_a_share_of_the_daily_volume(desk: Snapshot) -> None:
    apple = structs.replace(desk.instruments[LUID], adv=Decimal(10_000))
    known = _with(desk, apple)
    assert shown(new_orders("BLK_9", ORD_9=900), known).tier is Tier.T1
    seen = shown(new_orders("BLK_9", ORD_9=1100), known)
    assert (seen.tier, seen.soft[0].kind) == (Tier.T3, "daily volume")
    assert shown(new_orders("BLK_9", ORD_9=5100), known).tier is Tier.HARD


def _with(desk: Snapshot, instrument: Instrument) -> Snapshot:
    return structs.replace(desk, instruments={instrument.luid: instrument})


def test_an_order_out_of_proportion_to_its_portfolio() -> None:
    usual = snapshot_of(orders=[order(f"ORD-{n}", "10") for n in range(10)])
    assert shown(new_orders("BLK_9", ORD_90=40), usual).tier is Tier.T1
    seen = shown(new_orders("BLK_9", ORD_90=60), usual)
    assert seen.tier is Tier.T3
    assert "6 times the typical order of GROWTH, above the soft limit of 5 times" in seen.soft[0].text
    assert seen.typical == "", "the warning says it"


@pytest.mark.parametrize(
    ("orders", "said"),
    [
        ({"ORD_90": 40}, "4 times the typical order of GROWTH"),
        ({"ORD_90": 40, "ORD_91": 5}, "at most 4 times the typical order of GROWTH"),
        ({"ORD_90": Decimal("0.03")}, "0.003 times the typical order of GROWTH"),
    ],
)
def test_a_size_is_compared_with_the_typical_order(orders: dict[str, Any], said: str) -> None:
    usual = snapshot_of(orders=[order(f"ORD-{n}", "10") for n in range(10)])
    assert shown(new_orders("BLK_9", **orders), usual).typical == said


def test_warnings_are_grouped_by_kind_with_their_count(desk: Snapshot) -> None:
    seen = shown(new_orders("BLK_9", limit="195", ORD_7=1, ORD_8=1, ORD_9=30_000), desk)
    assert [(warning.kind, warning.count) for warning in seen.soft] == [
        ("limit price", 3),
        ("notional", 1),
        ("unknown portfolio", 1),
    ]
    assert len(seen.soft[0].texts) == 3


def test_no_known_price_is_said(desk: Snapshot) -> None:
    request = new_orders("BLK_9", ORD_9=5).requests[0]
    unknown = structs.replace(
        request, limit_price=None, type="Market", instrument_identifiers={"Instrument/default/Isin": "X"}
    )
    seen = shown(CreateOrders((unknown,)), desk)
    assert [warning.kind for warning in seen.soft] == ["no price"]
    assert seen.totals[0].notional is None


def test_read_only_the_past_and_rows_in_flight_are_refused(desk: Snapshot) -> None:
    verb = CancelOrders((rid("ORD-3"),))
    then = datetime(2026, 11, 19, 17, tzinfo=UTC)
    for seen, word in (
        (shown(verb, desk, read_only=True), "read-only"),
        (shown(verb, structs.replace(desk, as_at=then)), "19 Nov 17:00:00 UTC"),
        (
            shown(verb, desk, in_flight=["order ORD-3"]),
            "What was sent for order ORD-3 is not answered yet: wait for its outcome.",
        ),
    ):
        assert seen.tier is Tier.HARD
        assert word in seen.hard[0]


def test_failed_compliance_cannot_be_placed(desk: Snapshot) -> None:
    builder = SnapshotBuilder(desk)
    row = desk.blocks[rid("BLK-2")]
    builder.put(EntityKind.BLOCKS, [structs.replace(row, derived_compliance_state="Failed")])
    seen = shown(PlaceBlocks((placing("PLC-9", "BLK-2", 5),)), builder.freeze())
    assert seen.tier is Tier.HARD
    assert seen.hard == (
        "AAPL (BLK-2) is not placed: compliance failed. "
        "Have the breach cleared, or move the order out of the block.",
    )


@pytest.mark.parametrize(
    ("verb", "effect"),
    [
        (
            UpdateOrders(
                tuple(
                    OrderUpdateRequest(id=rid(code), quantity=Decimal(50))
                    for code in ("ORD-1", "ORD-2", "ORD-3", "ORD-3")
                )
            ),
            "quantity 30 → 50 · ORD-3",
        ),
        (
            SweepBlocks((rid("BLK-1"),), "2026-11-20T09:30:01.598874+00:00"),
            "Blocks changed after 20 Nov 09:30:01 UTC are refused",
        ),
        (SweepBlocks((rid("BLK-1"),), "close"), "Blocks changed after close are refused"),
    ],
    ids=lambda value: value.name if isinstance(value, Verb) else str(value),
)
def test_what_is_asked_for(desk: Snapshot, verb: Verb, effect: str) -> None:
    assert effect in shown(verb, desk).effects


def test_what_the_sentences_of_few_items_say_is_not_said_again(desk: Snapshot) -> None:
    few = (
        UpdateOrders(
            tuple(OrderUpdateRequest(id=rid(code), quantity=Decimal(50)) for code in ("ORD-1", "ORD-3"))
        ),
        PlaceBlocks((placing("PLC-8", "BLK-2", 5), placing("PLC-9", "BLK-2", 5))),
    )
    assert [shown(verb, desk).effects for verb in few] == [(), ()]


@pytest.mark.parametrize(
    ("verb", "said"),
    [
        (UpdateOrders((OrderUpdateRequest(id=rid("ORD-3"), quantity=Decimal(50)),)), "quantity 30 → 50"),
        (PlaceBlocks((placing("PLC-9", "BLK-2", 5),)), "day, with ALBN"),
        (
            PlaceBlocks((structs.replace(placing("PLC-9", "BLK-2", 5), counterparty=None),)),
            "day, with no broker",
        ),
    ],
)
def test_what_the_sentence_of_one_item_says_is_not_said_again(desk: Snapshot, verb: Verb, said: str) -> None:
    made = shown(verb, desk)
    assert said in made.headline
    assert made.effects == ()


@pytest.mark.parametrize(
    ("verb", "caution"),
    [
        (RecordFills((fill("EXE-9", "PLC-1", 60),)), "is already recorded as EXE-1"),
        (BookTransactions((rid("ALL-1"),)), "AAPL (ALL-1) is booked already"),
    ],
    ids=lambda value: value.name if isinstance(value, Verb) else str(value),
)
def test_what_a_server_takes_and_a_dealer_may_not_mean(desk: Snapshot, verb: Verb, caution: str) -> None:
    seen = shown(verb, desk)
    assert any(caution in text for warning in seen.soft for text in warning.texts), seen.soft
    assert seen.tier is not Tier.HARD


def test_a_verb_that_fits_raises_no_doubt(desk: Snapshot) -> None:
    assert shown(MoveOrders((rid("ORD-2"),), rid("BLK-3")), desk).soft == ()
    assert shown(PlaceBlocks((placing("PLC-9", "BLK-2", 30),)), desk).soft == ()


def test_the_request_as_curl_names_no_token(desk: Snapshot) -> None:
    client = Client(Http("https://user:secret@x.lusid.com/api"))
    text = curl(BookTransactions((rid("ALL-1"),), properties=label("Transaction/a/b", "it's")), client)
    assert text.startswith(
        "curl -X POST 'https://x.lusid.com/api/api/ordermanagement/booktransactions?"
        "applyFeesAndCommission=true&markOrdersAndAllocationsAsBooked=true'"
    )
    assert "Authorization: Bearer ***" in text
    assert "secret" not in text
    assert '"allocationIds":[{"scope":"Desk","code":"ALL-1"}]' in text
    many = CancelOrders(tuple(rid(f"ORD-{n}") for n in range(150)))
    assert len(curl(many, client).splitlines()) == 2


def test_a_request_that_cannot_be_built_is_a_comment_in_the_place_of_its_command() -> None:
    older = Client(Http("https://x.lusid.com/api"), "2.1")
    assert curl(SweepBlocks((rid("BLK-1"),), "now"), older) == (
        "# A server of generation 2.1 cannot do this: Retire blocks whose work is done."
    )
    hostile = ResourceId("Desk", "ORD-1\nrm -rf ~")
    change = UpdateOrders((OrderUpdateRequest(id=hostile, side="Sell"),))
    assert curl(change, older).splitlines() == [
        "# ORD-1\ufffdrm -rf ~: a server of generation 2.1 takes no side here."
    ]
