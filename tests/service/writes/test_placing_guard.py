"""Compliance and approval guard placing, by one table: refused, typed, warned of, or free."""

from __future__ import annotations

from decimal import Decimal

import pytest
from msgspec import structs

from tests.service.dealer import Dealer, placing
from tests.service.sample_rows import block, label, order, placement, rid, snapshot_of, usd
from tui.api.base import PerpetualProperty
from tui.api.placing_states import APPROVAL, COMPLIANCE
from tui.api.requests import OrderUpdateRequest, PlacementUpdateRequest
from tui.config.limit_settings import SUBJECTS, LimitTable
from tui.service.environment import Environment, EnvironmentKind
from tui.service.outcomes import Status
from tui.service.snapshot.builder import SnapshotBuilder
from tui.service.snapshot.snapshot import EntityKind, Snapshot
from tui.service.verbs import CancelOrders, PlaceBlocks, Tier, UpdateOrders, UpdatePlacements
from tui.service.writes.limits import DEFAULT_LIMITS, Limits
from tui.service.writes.preview import Preview, preview

TEST = Environment("uat", EnvironmentKind.TEST, "https://uat.lusid.com/api")
PLACE = PlaceBlocks((placing("PLC-9", "BLK-1", 10),))


@pytest.fixture
async def placer(dealer: Dealer) -> Dealer:
    """A dealer whose desk knows the broker."""
    await dealer.create("BLK_8", ORD_8=10)
    await dealer.place("PLC-8", "BLK-8", 10)
    return dealer


async def hold(dealer: Dealer, code: str, **states: str) -> None:
    """Let compliance or an approver give an order its states, as the demo's do: by a property."""
    properties: dict[str, PerpetualProperty] = {}
    for name, state in states.items():
        properties |= label(f"Order/Desk/{name}", state)
    update = UpdateOrders((OrderUpdateRequest(id=rid(code), properties=properties),))
    assert (await dealer.desk.act(update)).outcomes[0].status is Status.DONE


@pytest.mark.parametrize(
    ("states", "tier", "said"),
    [
        ({"ComplianceState": "Failed"}, Tier.HARD, "compliance failed for ORD-2"),
        ({"ApprovalState": "Rejected"}, Tier.HARD, "approval rejected for ORD-2"),
        ({"ComplianceState": "Pending"}, Tier.T3, "(BLK-1): compliance pending for ORD-2"),
        ({"ApprovalState": "Pending"}, Tier.T3, "(BLK-1): approval pending for ORD-2"),
        ({"ComplianceState": "Under review"}, Tier.T3, "(BLK-1): compliance Under review for ORD-2"),
        ({"ComplianceState": "Warning"}, Tier.T2, "(BLK-1): compliance warning for ORD-2"),
        ({"ComplianceState": "PartiallyOverridden"}, Tier.T2, "compliance partly overridden for ORD-2"),
        ({"ComplianceState": "ManuallyApproved"}, Tier.T2, ""),
        ({"ComplianceState": "Passed", "ApprovalState": "Approved"}, Tier.T2, ""),
    ],
)
async def test_each_state_asks_for_what_the_table_says_and_the_preview_says_who(
    placer: Dealer, states: dict[str, str], tier: Tier, said: str
) -> None:
    await placer.create("BLK_1", ORD_1=100, ORD_2=50)
    await hold(placer, "ORD-2", **states)
    seen = placer.desk.preview(PLACE)
    assert seen.tier is tier
    texts = [*seen.hard, *(warning.text for warning in seen.soft)]
    assert [said in text for text in texts] == ([True] if said else [])
    assert all("last changed by dealer" in text for text in texts)
    report = await placer.desk.act(PLACE)
    refused = Status.REFUSED if tier is Tier.HARD else Status.DONE
    assert [outcome.status for outcome in report.outcomes] == [refused]


async def test_the_server_says_which_order_holds_the_block_and_what_to_do(dealer: Dealer) -> None:
    await dealer.create("BLK_1", ORD_1=100)
    await hold(dealer, "ORD-1", ComplianceState="Failed")
    (outcome,) = (await dealer.desk.act(PLACE)).outcomes
    assert outcome.reason == "Block 'Desk/BLK-1' cannot be placed: its order 'Desk/ORD-1' failed compliance."
    assert outcome.advice == "Have the breach cleared, or move the order out of the block."


async def test_a_cancelled_order_holds_nothing_back(placer: Dealer) -> None:
    await placer.create("BLK_1", ORD_1=100, ORD_2=50)
    await hold(placer, "ORD-2", ComplianceState="Failed", ApprovalState="Rejected")
    await placer.desk.act(CancelOrders((rid("ORD-2"),)))
    assert placer.desk.preview(PLACE).tier is Tier.T2
    assert (await placer.desk.act(PLACE)).outcomes[0].status is Status.DONE


async def test_more_of_a_placed_block_is_guarded_too_and_less_is_not(dealer: Dealer) -> None:
    await dealer.create("BLK_1", ORD_1=100)
    await dealer.place("PLC-1", "BLK-1", 40)
    await hold(dealer, "ORD-1", ApprovalState="Rejected")

    def to(quantity: int) -> UpdatePlacements:
        update = PlacementUpdateRequest(id=rid("PLC-1"), quantity=Decimal(quantity))
        return UpdatePlacements((update,))

    assert dealer.desk.preview(to(50)).tier is Tier.HARD
    assert (await dealer.desk.act(to(50))).outcomes[0].status is Status.REFUSED
    assert dealer.desk.preview(to(30)).tier is Tier.T2
    assert (await dealer.desk.act(to(30))).outcomes[0].status is Status.DONE


def test_more_money_of_a_placed_block_is_guarded_like_more_units() -> None:
    placed = structs.replace(placement("PLC-1", "BLK-1"), quantity=None, amount=usd("1000"))
    held = order("ORD-1", derived_approval_state="Rejected")
    desk = snapshot_of(blocks=[block("BLK-1", "ORD-1")], orders=[held], placements=[placed])

    def to(amount: str) -> UpdatePlacements:
        return UpdatePlacements((PlacementUpdateRequest(id=rid("PLC-1"), amount=usd(amount)),))

    assert preview(to("2000"), desk, TEST).tier is Tier.HARD
    assert preview(to("500"), desk, TEST).tier is Tier.T2


def rows(compliance: str | None, approval: str | None, **orders: tuple[str | None, str | None]) -> Snapshot:
    """Return a desk as another server's graph tells it: a block's states, and those of its orders."""
    builder = SnapshotBuilder(
        snapshot_of(
            blocks=[block("BLK-1", *orders)],
            orders=[
                order(code, derived_compliance_state=None, derived_approval_state=None) for code in orders
            ],
            placements=[placement("PLC-1", "BLK-1", quantity="10", counterparty="ALBN")],
        )
    )
    row = builder.freeze().blocks[rid("BLK-1")]
    details = tuple(
        structs.replace(each, compliance_state=of_compliance, approval_state=of_approval)
        for each in row.ordered.details
        for of_compliance, of_approval in [orders[each.id.code]]
    )
    row = structs.replace(
        row,
        ordered=structs.replace(row.ordered, details=details),
        derived_compliance_state=compliance,
        derived_approval_state=approval,
    )
    builder.put(EntityKind.BLOCKS, [row])
    return builder.freeze()


def asked(desk: Snapshot, limits: Limits = DEFAULT_LIMITS) -> Preview:
    return preview(PLACE, structs.replace(desk, brokers=frozenset({"ALBN"})), TEST, limits)


@pytest.mark.parametrize(
    ("desk", "tier", "text"),
    [
        (rows("Passed", "Approved", A=("Passed", "Approved")), Tier.T2, ""),
        (rows("Failed", "Approved", A=("Failed", "Approved")), Tier.HARD, "compliance failed for A"),
        (rows("Failed", "Approved", A=(None, "Approved")), Tier.HARD, "compliance failed."),
        (rows("Passed", "Rejected", A=("Passed", "Approved")), Tier.HARD, "approval rejected."),
        (rows("Passed", "Approved", A=(None, None)), Tier.T2, ""),
        (rows(None, "Approved", A=("Passed", None)), Tier.T2, ""),
        (rows(None, "Approved", A=(None, None)), Tier.T3, "AAPL (BLK-1): compliance not known for A"),
        (rows(None, "Approved", A=("Passed", None), B=(None, None)), Tier.T3, "not known for B"),
        (rows("Passed", None), Tier.T3, "AAPL (BLK-1): approval not known."),
        (rows("canceled", "Approved"), Tier.T3, "AAPL (BLK-1): compliance canceled."),
    ],
)
def test_any_server_is_guarded_by_what_its_graph_says(desk: Snapshot, tier: Tier, text: str) -> None:
    seen = asked(desk)
    assert seen.tier is tier
    (said,) = [*seen.hard, *(each.text for each in seen.soft if each.kind in SUBJECTS)] or [""]
    assert text in said


NO_COMPLIANCE = Limits((LimitTable("profile uat", states={"compliance": False}),))


@pytest.mark.parametrize(
    ("desk", "tier", "text"),
    [
        (rows(None, "Approved", A=(None, None)), Tier.T2, "not known for A, last changed by"),
        (
            rows(None, "Approved"),
            Tier.T2,
            "AAPL (BLK-1): compliance not known (compliance = none, profile uat).",
        ),
        (rows("Failed", "Approved"), Tier.HARD, "compliance failed."),
        (rows("Pending", "Approved"), Tier.T3, "compliance pending."),
        (rows("canceled", "Approved"), Tier.T3, "compliance canceled."),
        (rows("Passed", None), Tier.T3, "approval not known."),
    ],
)
def test_where_a_server_is_said_to_give_no_compliance_only_what_is_missing_stops_nobody(
    desk: Snapshot, tier: Tier, text: str
) -> None:
    seen = asked(desk, NO_COMPLIANCE)
    assert seen.tier is tier
    (said,) = [*seen.hard, *(each.text for each in seen.soft if each.kind in SUBJECTS)]
    assert text in said
    assert said.endswith("(compliance = none, profile uat).") is (tier is Tier.T2)


def test_many_orders_are_counted_and_each_state_is_said_once() -> None:
    held = {f"O{number}": ("Pending", "Approved") for number in range(5)}
    (warning,) = asked(rows("Pending", "Approved", **held)).soft
    assert warning.typed
    assert "AAPL (BLK-1): compliance pending for O0, O1 and 3 more orders, last changed by " in warning.text


def test_long_ids_of_others_are_cut_in_the_middle() -> None:
    held = {"ORD-01KB6Z3V8M0000000000000417": ("Pending", "Approved")}
    (warning,) = asked(rows("Pending", "Approved", **held)).soft
    assert "AAPL (BLK-1): compliance pending for ORD-01KB6…00000417, last changed by " in warning.text


def test_the_states_of_the_contract_are_in_the_tables() -> None:
    assert list(COMPLIANCE) == [
        "failed",
        "pending",
        "partiallyoverridden",
        "warning",
        "manuallyapproved",
        "passed",
    ]
    assert list(APPROVAL) == ["rejected", "pending", "approved", "placed"]
