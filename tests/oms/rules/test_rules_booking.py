"""Booking allocations, over HTTP (B1 to B8)."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from tests.decimals import decimals
from tests.oms.rules.rules_client import APPLE, GILT, RulesClient, id_of, only_failure, rid, usd
from tui.api.models import Transaction
from tui.oms.rules.fees import Fee


def allocate_block(desk: RulesClient, quantity: int = 40) -> None:
    desk.create("B", {"O1": 100})
    desk.place("P", "B", 100)
    desk.fill("E1", "P", quantity, price="189.5")
    desk.allocate("P")


def book_allocation(desk: RulesClient, code: str, **fields: Any) -> Transaction:
    """Book one allocation and return its transaction."""
    reply = desk.book(code, **fields)
    assert reply.failed == {}
    transaction: Transaction = reply.values[f"Scope:Desk Code:{code}"]
    return transaction


def test_b1_every_allocation_is_a_transaction_of_its_portfolio(desk: RulesClient) -> None:
    desk.create("B", {"O1": {"quantity": 30}, "O2": {"quantity": 70, "portfolioId": id_of("INCOME")}})
    desk.place("P", "B", 100)
    desk.fill("E1", "P", 40)
    desk.allocate("P")
    reply = desk.book("P-O1", "P-O2")
    assert {key: made.units for key, made in reply.values.items()} == {
        "Scope:Desk Code:P-O1": 12,
        "Scope:Desk Code:P-O2": 28,
    }
    assert desk.transactions("GROWTH") == [reply.values["Scope:Desk Code:P-O1"]]
    assert desk.transactions("INCOME") == [reply.values["Scope:Desk Code:P-O2"]]


def test_b2_a_transaction_is_mapped_from_its_allocation(desk: RulesClient) -> None:
    fields = {"settlementCurrency": "GBP", "settlementCurrencyFxRate": "0.8", "counterparty": "BRK-B"}
    desk.create("B", {"O1": 100})
    desk.put_allocation("A1", "O1", 10, price=usd("189.55"), portfolioId=id_of("INCOME"), **fields)
    transaction = book_allocation(desk, "A1")
    assert (transaction.transaction_id, transaction.type, transaction.units) == (
        "Desk-A1",
        "Buy",
        Decimal(10),
    )
    assert (transaction.total_consideration.amount, transaction.total_consideration.currency) == (
        Decimal("1516.4"),
        "GBP",
    )
    assert (transaction.exchange_rate, transaction.transaction_currency) == (Decimal("0.8"), "USD")
    assert (transaction.counterparty_id, transaction.source) == ("BRK-B", "default")
    assert transaction.transaction_date == desk.allocation("A1").date
    assert transaction.settlement_date == datetime(2026, 11, 24, tzinfo=UTC)
    assert transaction.transaction_status == "Active"
    assert (transaction.order_id, transaction.allocation_id) == (rid("O1"), rid("A1"))
    assert desk.transactions("INCOME") == [transaction]


def test_b2_the_instrument_is_named_by_its_identifiers_and_its_luid(desk: RulesClient) -> None:
    desk.create("B", {"O1": 100})
    desk.put_allocation("A1", "O1", 10)
    transaction = book_allocation(desk, "A1")
    luid = {"Instrument/default/LusidInstrumentId": "LUID_0000AAPL"}
    assert transaction.instrument_identifiers == {**APPLE, **luid}
    assert (transaction.instrument_uid, transaction.instrument_scope) == ("LUID_0000AAPL", "default")


def test_b2_without_a_rate_the_price_currency_settles(desk: RulesClient) -> None:
    desk.create("B", {"O1": {"quantity": 100, "side": "Buy"}})
    desk.put_allocation("A1", "O1", 10, side=None)
    transaction = book_allocation(desk, "A1")
    assert (transaction.type, transaction.exchange_rate) == ("Buy", Decimal(1))
    assert transaction.total_consideration.currency == "USD"


def test_b2_a_bond_is_quoted_per_hundred_nominal(desk: RulesClient) -> None:
    gilt = {"instrumentIdentifiers": GILT}
    desk.create("B", {"O1": 10_000_000}, **gilt)
    desk.place("P", "B", 10_000_000, **gilt)
    desk.fill("E1", "P", 10_000_000, price="99.37", **gilt)
    desk.allocate("P")
    transaction = book_allocation(desk, "P-O1")
    assert transaction.total_consideration.amount == Decimal(9_937_000)
    assert transaction.transaction_price is not None
    assert (transaction.units, transaction.transaction_price.price) == decimals(10_000_000, "99.37")
    entry = desk.block_entry("B")
    assert (entry.booked.amount, entry.derived_state) == (Decimal(9_937_000), "Booked")
    assert entry.executed.amount == 10_000_000 * Decimal("99.37"), "units times prices (G3)"


def test_b2_an_unknown_instrument_is_quoted_per_unit(desk: RulesClient) -> None:
    strange = {"instrumentIdentifiers": {"Instrument/default/Isin": "XS0000000009"}}
    desk.create("B", {"O1": 100}, **strange)
    desk.put_allocation("A1", "O1", 10, price=usd("99.5"), **strange)
    assert book_allocation(desk, "A1").total_consideration.amount == 995


def test_b2_allocations_of_ambiguous_ids_are_two_transactions(desk: RulesClient) -> None:
    desk.create("B", {"O1": 100})
    desk.put_allocation("A1", "O1", 20, id={"scope": "Desk-A1", "code": "X"})
    desk.put_allocation("A1-X", "O1", 30)
    desk.book("A1-X")
    desk.book_ids({"scope": "Desk-A1", "code": "X"})
    assert {each.transaction_id: each.units for each in desk.transactions()} == {
        "Desk-A1-X": 30,
        "Desk-A1-X-2": 20,
    }


@pytest.mark.parametrize(
    ("traded", "currency", "settles"),
    [
        ("2026-11-20T12:00:00Z", "USD", "2026-11-24"),
        ("2026-11-23T23:30:00Z", "AUD", "2026-11-26"),
        ("2026-11-24T01:30:00Z", "USD", "2026-11-25"),
        ("2026-11-23T23:30:00Z", "XYZ", "2026-11-25"),
    ],
    ids=["over the weekend", "a Tuesday morning in Sydney", "a Monday evening in New York", "nowhere known"],
)
def test_b2_a_booking_settles_two_business_days_after_the_markets_trading_day(
    desk: RulesClient, traded: str, currency: str, settles: str
) -> None:
    desk.create("B", {"O1": 100})
    price = {"amount": 190, "currency": currency}
    desk.put_allocation("A1", "O1", 10, date=traded, price=price, settlementDate=None)
    transaction = book_allocation(desk, "A1")
    assert transaction.settlement_date.isoformat() == f"{settles}T00:00:00+00:00"


def test_b3_booking_again_the_same_changes_nothing(desk: RulesClient) -> None:
    allocate_block(desk)
    first = book_allocation(desk, "P-O1")
    assert book_allocation(desk, "P-O1") == first
    assert not desk.wrote


def test_b3_a_changed_allocation_amends_its_transaction(desk: RulesClient) -> None:
    desk.create("B", {"O1": 100})
    desk.put_allocation("A1", "O1", 10)
    book_allocation(desk, "A1")
    desk.put_allocation("A1", "O1", 25)
    again = book_allocation(desk, "A1")
    assert (again.transaction_id, again.units, again.transaction_status) == ("Desk-A1", Decimal(25), "Active")
    assert [each.units for each in desk.transactions()] == [25]
    everything = desk.transactions(cancelled=True)
    assert {each.units: each.transaction_status for each in everything} == {10: "Amended", 25: "Active"}


def test_b3_another_transaction_date_cancels_the_old_one(desk: RulesClient) -> None:
    desk.create("B", {"O1": 100})
    desk.put_allocation("A1", "O1", 10)
    book_allocation(desk, "A1")
    desk.put_allocation("A1", "O1", 10, date="2026-11-23T08:00:00Z")
    book_allocation(desk, "A1")
    assert [each.transaction_date.day for each in desk.transactions()] == [23]
    everything = desk.transactions(cancelled=True)
    assert {each.transaction_date.day: each.transaction_status for each in everything} == {
        20: "Cancelled",
        23: "Active",
    }


def test_b3_an_allocation_that_changed_portfolio_leaves_no_second_transaction(desk: RulesClient) -> None:
    desk.create("B", {"O1": 100})
    desk.put_allocation("A1", "O1", 10)
    desk.book("A1")
    desk.put_allocation("A1", "O1", 10, portfolioId=id_of("INCOME"))
    desk.book("A1")
    assert desk.transactions("GROWTH") == []
    taken_back = desk.transactions("GROWTH", cancelled=True)
    assert [each.transaction_status for each in taken_back] == ["Cancelled"]
    assert [each.transaction_status for each in desk.transactions("INCOME")] == ["Active"]
    assert desk.block_entry("B").booked.quantity == 10


def test_b4_one_refused_allocation_does_not_stop_the_others(desk: RulesClient) -> None:
    allocate_block(desk)
    desk.put_allocation("A0", "O1", 0)
    desk.put_allocation("A1", "O1", 1, price=None)
    desk.put_allocation("A2", "O1", 1, state="Cancelled")
    reply = desk.book("A0", "A1", "A2", "A9", "P-O1")
    assert list(reply.values) == ["Scope:Desk Code:P-O1"]
    assert {key: why.type for key, why in reply.failed.items()} == {
        "Scope:Desk Code:A0": "ZeroUnitsFailure",
        "Scope:Desk Code:A1": "MissingPriceFailure",
        "Scope:Desk Code:A2": "InvalidAllocationState",
        "Scope:Desk Code:A9": "AllocationNotFound",
    }


def test_b4_an_allocation_without_a_side_is_not_booked(desk: RulesClient) -> None:
    desk.put_allocation("A1", "O9", 1, side=None)
    assert only_failure(desk.book("A1")).type == "MissingSideFailure"


def test_b5_without_fee_rules_the_switch_makes_no_difference(desk: RulesClient) -> None:
    allocate_block(desk)
    first = book_allocation(desk, "P-O1", fees=True)
    assert book_allocation(desk, "P-O1", fees=False) == first
    assert not desk.wrote


FEES = (
    Fee("COMM", Decimal("0.0005"), broker="BRK-A", currency="USD"),
    Fee("COMM", Decimal("0.001"), currency="USD"),
    Fee("DUTY", Decimal("0.005"), currency="GBP"),
)


def fees_on(transaction: Transaction) -> dict[str, str]:
    return {key: str(each.value) for key, each in (transaction.properties or {}).items()}


def test_b5_fees_are_reported_and_the_consideration_stays() -> None:
    with RulesClient(fees=FEES) as desk:
        allocate_block(desk, 41)
        transaction = book_allocation(desk, "P-O1")
        assert transaction.total_consideration.amount == Decimal("7769.5")
        assert fees_on(transaction) == {"Transaction/fee/COMM": "3.88 USD"}
        assert desk.transactions() == [transaction]


def test_b5_a_fee_is_due_by_broker_and_currency_and_only_when_asked_for() -> None:
    with RulesClient(fees=FEES) as desk:
        desk.create("B", {"O1": 100})
        desk.put_allocation("A1", "O1", 10, counterparty="BRK-Z")
        sterling = {"settlementCurrency": "GBP", "settlementCurrencyFxRate": "0.8"}
        desk.put_allocation("A2", "O1", 10, counterparty="BRK-A", **sterling)
        assert fees_on(book_allocation(desk, "A1")) == {"Transaction/fee/COMM": "1.90 USD"}
        assert fees_on(book_allocation(desk, "A2")) == {"Transaction/fee/DUTY": "7.60 GBP"}
        assert fees_on(book_allocation(desk, "A1", fees=False)) == {}
        assert desk.transactions()[0].transaction_status == "Active"


def test_b5_a_fee_sent_by_the_client_is_kept() -> None:
    key = "Transaction/fee/COMM"
    own = {key: {"key": key, "value": {"metricValue": {"value": 1, "unit": "USD"}}}}
    with RulesClient(fees=FEES) as desk:
        allocate_block(desk)
        assert fees_on(book_allocation(desk, "P-O1", transactionProperties=own)) == {key: "1 USD"}


def test_b6_marking_books_the_allocation_and_the_order_once_it_is_whole(desk: RulesClient) -> None:
    allocate_block(desk)
    desk.book("P-O1", mark=True)
    assert (desk.allocation("P-O1").state, desk.order("O1").state) == ("Booked", "PartiallyFilled")
    desk.fill("E2", "P", 60)
    desk.allocate("P")
    desk.book("P-O1-2", mark=True)
    assert desk.order("O1").state == "Booked"
    assert desk.block_entry("B").derived_state == "Booked"


def test_b7_without_marking_only_the_order_graph_shows_the_booking(desk: RulesClient) -> None:
    allocate_block(desk)
    properties = {"Transaction/Desk/D": {"key": "Transaction/Desk/D", "value": {"labelValue": "LDN"}}}
    transaction = book_allocation(desk, "P-O1", transactionProperties=properties)
    assert (desk.allocation("P-O1").state, desk.order("O1").state) == ("New", "PartiallyFilled")
    assert set(transaction.properties or ()) == {"Transaction/Desk/D"}
    entry = desk.block_entry("B")
    assert (entry.booked.quantity, entry.booked.amount) == decimals(40, 7580)
    assert [detail.id for detail in entry.booked.details] == ["Desk-P-O1"]


@pytest.mark.parametrize("kind", ["None", "FxForward", "FxSpot"])
def test_b8_a_part_may_be_booked_at_any_time_and_brings_no_fx_orders(desk: RulesClient, kind: str) -> None:
    allocate_block(desk, 1)
    reply = desk.book("P-O1", fxInstrumentType=kind)
    assert (reply.values["Scope:Desk Code:P-O1"].units, reply.fx_orders) == (1, ())
