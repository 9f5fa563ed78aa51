"""Sides and order types a form offers: as the server spells them, and others that its orders have."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.service.sample_rows import NINE, block, order, rid, snapshot_of
from tui.actions.action import Scope
from tui.actions.create import new_form, new_verb
from tui.actions.create_by_line import new_by_line_verb
from tui.service.environment import Environment, EnvironmentKind
from tui.service.snapshot.snapshot import EMPTY, EntityKind, Snapshot
from tui.service.verbs import CreateOrders


def scope_of(snapshot: Snapshot) -> Scope:
    return Scope(snapshot, EntityKind.BLOCKS, (), Environment("t", EnvironmentKind.LOCAL), NINE, home="Desk")


@pytest.fixture
def scope() -> Scope:
    """A server that writes sides in capitals and knows a type of its own."""
    return scope_of(
        snapshot_of(
            blocks=[block("BLK-1", "ORD-1")],
            orders=[
                order("ORD-1", side="SELL_SHORT", type="PEGGED"),
                order("ORD-2", side="BUY", type="LIMIT"),
            ],
        )
    )


def choices(scope: Scope, field: str) -> list[str]:
    form = new_form(scope)
    return list(next(each for each in form.fields if each.id == field).matches(""))


def test_a_form_offers_what_the_servers_orders_have(scope: Scope) -> None:
    assert choices(scope, "side") == ["Buy", "Sell", "Sell short", "Buy to cover"]
    assert choices(scope, "type") == ["Market", "Limit", "Stop", "Stop limit", "PEGGED"]


def test_without_rows_the_form_offers_the_words_of_the_api() -> None:
    assert choices(scope_of(EMPTY), "side") == ["Buy", "Sell", "Sell short", "Buy to cover"]
    assert choices(scope_of(EMPTY), "type") == ["Market", "Limit", "Stop", "Stop limit"]


@pytest.mark.parametrize(("letters", "side"), [("b", "BUY"), ("ss", "SELL_SHORT"), ("s", "Sell")])
def test_an_order_line_is_sent_in_the_servers_spelling(scope: Scope, letters: str, side: str) -> None:
    verb = new_by_line_verb(
        scope, {"line": f"{letters} 5 AAPL lmt 190 @GROWTH", "currency": "", "block": "new"}
    )
    assert isinstance(verb, CreateOrders)
    (request,) = verb.requests
    assert (request.side, request.type) == (side, "LIMIT")


def test_a_form_is_sent_in_the_servers_spelling(scope: Scope) -> None:
    values = {field.id: field.value for field in new_form(scope).fields}
    values |= {"side": "Sell short", "instrument": "AAPL", "orders": "GROWTH 5", "type": "PEGGED"}
    verb = new_verb(scope, values)
    assert isinstance(verb, CreateOrders)
    (request,) = verb.requests
    assert (request.side, request.type) == ("SELL_SHORT", "PEGGED")
    assert request.orders[0].quantity == Decimal(5)
    assert request.block_id.scope == rid("").scope
