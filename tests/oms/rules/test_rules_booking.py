"""Booking and sweeping (B, S)."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from rulesdesk import GILT, Desk, failure, id_of, refused, rid, usd

from tui.api.models import Transaction
from tui.oms.rules.booking import superseded, weekdays_after
from tui.oms.rules.sweeping import moment


def allocated(desk: Desk, quantity: int = 40) -> None:
    desk.create("B", {"O1": 100})
    desk.place("P", "B", 100)
    desk.fill("E1", "P", quantity, price="189.5")
    desk.allocate("P")


def booked(desk: Desk, code: str) -> Transaction:
    (found,) = [each.transaction for each in desk.bookings() if each.transaction.allocation_id == rid(code)]
    return found


def test_b2_a_transaction_is_mapped_from_its_allocation(desk: Desk) -> None:
    fields = {"settlementCurrency": "GBP", "settlementCurrencyFxRate": "0.8", "counterparty": "BRK-B"}
    desk.create("B", {"O1": 100})
    desk.put_allocation("A1", "O1", 10, price=usd("189.55"), portfolioId=id_of("INCOME"), **fields)
    transaction = desk.book("A1").values["Scope:Desk Code:A1"]
    assert (transaction.transaction_id, transaction.type, transaction.units) == ("Desk-A1", "Buy", 10)
    assert (transaction.total_consideration.amount, transaction.total_consideration.currency) == (
        Decimal("1516.4"),
        "GBP",
    )
    assert (transaction.exchange_rate, transaction.transaction_currency) == (Decimal("0.8"), "USD")
    assert (transaction.counterparty_id, transaction.source) == ("BRK-B", "default")
    assert transaction.transaction_date == desk.allocation("A1").date
    assert transaction.settlement_date == datetime(2026, 11, 24, 8, tzinfo=UTC)
    assert transaction.instrument_identifiers["Instrument/default/LusidInstrumentId"] == "LUID_0000AAPL"
    assert (transaction.order_id, transaction.allocation_id) == (rid("O1"), rid("A1"))
    assert desk.bookings()[0].portfolio_id == rid("INCOME")


def test_b2_without_a_rate_the_price_currency_settles(desk: Desk) -> None:
    desk.create("B", {"O1": {"quantity": 100, "side": "Buy"}})
    desk.put_allocation("A1", "O1", 10, side=None)
    transaction = desk.book("A1").values["Scope:Desk Code:A1"]
    assert (transaction.type, transaction.exchange_rate) == ("Buy", 1)
    assert transaction.total_consideration.currency == "USD"


def test_b2_a_bond_is_quoted_per_hundred_nominal(desk: Desk) -> None:
    gilt = {"instrumentIdentifiers": GILT}
    desk.create("B", {"O1": 10_000_000}, **gilt)
    desk.place("P", "B", 10_000_000, **gilt)
    desk.fill("E1", "P", 10_000_000, price="99.37", **gilt)
    desk.allocate("P")
    transaction = desk.book("P-O1").values["Scope:Desk Code:P-O1"]
    assert transaction.total_consideration.amount == Decimal(9_937_000)
    assert transaction.transaction_price is not None
    assert (transaction.units, transaction.transaction_price.price) == (10_000_000, Decimal("99.37"))
    entry = desk.block_entry("B")
    assert (entry.booked.amount, entry.derived_state) == (9_937_000, "Booked")
    assert entry.executed.amount == 10_000_000 * Decimal("99.37"), "units times prices (G3)"


def test_b2_what_nobody_knows_is_quoted_per_unit(desk: Desk) -> None:
    strange = {"instrumentIdentifiers": {"Instrument/default/Isin": "XS0000000009"}}
    desk.create("B", {"O1": 100}, **strange)
    desk.put_allocation("A1", "O1", 10, price=usd("99.5"), **strange)
    transaction = desk.book("A1").values["Scope:Desk Code:A1"]
    assert transaction.total_consideration.amount == 995


def test_b2_settlement_skips_the_weekend() -> None:
    friday = datetime(2026, 11, 20, tzinfo=UTC)
    assert weekdays_after(friday, 2) == datetime(2026, 11, 24, tzinfo=UTC)


def test_b3_booking_again_is_unchanged_or_replaces(desk: Desk) -> None:
    allocated(desk)
    first = desk.book("P-O1")
    assert desk.book("P-O1") == first
    assert desk.changes == []
    desk.fill("E2", "P", 60)
    desk.allocate("P")
    again = desk.book("P-O1").values["Scope:Desk Code:P-O1"]
    assert (again.transaction_id, again.units, len(desk.bookings())) == ("Desk-P-O1", 100, 1)
    before = first.values["Scope:Desk Code:P-O1"]
    assert superseded(before, again) == "Cancelled"
    assert superseded(again, again) == "Amended"


def test_b3_an_allocation_that_changed_portfolio_leaves_no_second_transaction(desk: Desk) -> None:
    desk.create("B", {"O1": 100})
    desk.put_allocation("A1", "O1", 10)
    desk.book("A1")
    desk.put_allocation("A1", "O1", 10, portfolioId=id_of("INCOME"))
    desk.book("A1")
    states = {each.portfolio_id.code: each.transaction.transaction_status for each in desk.bookings()}
    assert states == {"GROWTH": "Cancelled", "INCOME": "Active"}
    assert desk.block_entry("B").booked.quantity == 10


def test_b2_two_allocations_whose_texts_run_together_are_two_transactions(desk: Desk) -> None:
    desk.create("B", {"O1": 100})
    desk.put_allocation("A1", "O1", 10)
    desk.put_allocation("A1", "O1", 20, id={"scope": "Desk-A1", "code": "X"})
    desk.put_allocation("A1-X", "O1", 30)
    desk.book("A1-X")
    desk.book_id("Desk-A1", "X")
    assert sorted(each.transaction.units for each in desk.bookings()) == [20, 30]


def test_b4_what_cannot_be_booked_stands_beside_what_is(desk: Desk) -> None:
    allocated(desk)
    desk.put_allocation("A0", "O1", 0)
    desk.put_allocation("A1", "O1", 1, price=None)
    desk.put_allocation("A2", "O1", 1, state="Cancelled")
    reply = desk.book("A0", "A1", "A2", "A9", "P-O1")
    assert list(reply.values) == ["Scope:Desk Code:P-O1"]
    assert [why.type for why in reply.failed.values()] == [
        "ZeroUnitsFailure",
        "MissingPriceFailure",
        "InvalidAllocationState",
        "AllocationNotFound",
    ]


def test_b6_marking_books_the_allocation_and_the_order_once_it_is_whole(desk: Desk) -> None:
    allocated(desk)
    desk.book("P-O1", mark=True)
    assert (desk.allocation("P-O1").state, desk.order("O1").state) == ("Booked", "PartiallyFilled")
    desk.fill("E2", "P", 60)
    desk.allocate("P")
    desk.book("P-O1-2", mark=True)
    assert desk.order("O1").state == "Booked"
    assert desk.block_entry("B").derived_state == "Booked"


def test_b7_without_marking_only_the_graph_knows(desk: Desk) -> None:
    allocated(desk)
    properties = {"Transaction/Desk/D": {"key": "Transaction/Desk/D", "value": {"labelValue": "LDN"}}}
    desk.book("P-O1", transactionProperties=properties)
    assert desk.allocation("P-O1").state == "New"
    assert set(booked(desk, "P-O1").properties) == {"Transaction/Desk/D"}
    entry = desk.block_entry("B")
    assert (entry.booked.quantity, entry.booked.amount) == (40, Decimal("7580"))
    assert [detail.id for detail in entry.booked.details] == ["Desk-P-O1"]


def done(desk: Desk) -> None:
    """Bring a block to its end: filled, allocated, booked and marked."""
    allocated(desk, 100)
    desk.book("P-O1", mark=True)


def test_s1_a_block_whose_work_is_done_is_swept(desk: Desk) -> None:
    done(desk)
    reply = desk.sweep("B")
    assert (reply.values, reply.failed) == ({"B": rid("B")}, {})
    assert desk.block("B").is_swept
    assert desk.block_entry("B").derived_state == "Swept"
    assert desk.sweep("B").failed == {}
    assert desk.changes == []


def test_s1_what_is_not_done_prevents_it(desk: Desk) -> None:
    done(desk)
    assert failure(desk.sweep("X")).type == "BlockNotFound"
    assert "changed after" in failure(desk.sweep("B", latest="2026-11-20T09:02:30Z")).detail
    desk.put_allocation("A2", "O1", 1, placementIds=[id_of("P")])
    assert "allocations" in failure(desk.sweep("B")).detail
    desk.delete("allocation", "A2")
    desk.put_placement("Q", "B", 5)
    assert "placement 'Desk/Q', which is New" in failure(desk.sweep("B")).detail
    desk.cancel_placement("Q")
    desk.create("B", {"O2": 1})
    assert "orders that are not" in failure(desk.sweep("B")).detail
    desk.cancel("O2")
    assert desk.sweep("B").failed == {}


def test_s1_a_time_is_needed(desk: Desk) -> None:
    done(desk)
    with refused("InvalidParameterValue"):
        desk.sweep("B", latest="yesterday")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-20T12:00:00.0000000+00:00", datetime(2026, 11, 20, 12, tzinfo=UTC)),
        ("2026-11-20T12:00:00+02:00", datetime(2026, 11, 20, 10, tzinfo=UTC)),
        ("2026-11-20", datetime(2026, 11, 20, tzinfo=UTC)),
        ("2026-11-20NLDN_Close", datetime(2026, 11, 20, 23, 59, 59, 999999, tzinfo=UTC)),
    ],
)
def test_s1_a_time_or_a_cut_label_is_read(text: str, expected: datetime) -> None:
    assert moment(text) == expected


def test_s3_an_upsert_brings_a_swept_block_back(desk: Desk) -> None:
    done(desk)
    desk.sweep("B")
    desk.put_block("B", createdDate="2020-01-01T00:00:00Z", isSwept=False)
    assert not desk.block("B").is_swept
    assert desk.block("B").order_ids == (rid("O1"),)
    assert desk.block("B").created_date.year == 2026
