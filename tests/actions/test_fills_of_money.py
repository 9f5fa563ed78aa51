"""A fill of a placement sized by an amount uses up money, whatever the sign of its price."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tests.actions.test_forms_of_large_desks import scope_of
from tests.service.sample_rows import block, placement, rid, snapshot_of, usd
from tui.actions.fills import fill_form, fill_verb
from tui.service.snapshot.snapshot import EntityKind
from tui.service.verbs import RecordFills


@pytest.mark.parametrize(
    ("price", "said", "state"),
    [
        ("200", "100 units = 20,000.00 USD, nothing left", "Filled"),
        ("-200", "100 units = -20,000.00 USD, nothing left", "Filled"),
        ("-150", "100 units = -15,000.00 USD, 5,000 USD left", "PartiallyFilled"),
        ("-250", "100 units = -25,000.00 USD\n! 5,000 USD more than open.", "Filled"),
    ],
)
def test_the_form_counts_what_the_server_will(price: str, said: str, state: str) -> None:
    money = replace(placement("PLC-1", "BLK-1"), quantity=None, amount=usd("20000"))
    desk = snapshot_of(blocks=[block("BLK-1")], placements=[money])
    scope = scope_of(desk, EntityKind.PLACEMENTS, rid("PLC-1"))
    values = {
        "quantity": "100",
        "price": price,
        "currency": "USD",
        "counterparty": "ALBN",
        "settles": "2026-12-01",
    }
    live = fill_form(scope).live
    assert live is not None
    assert live(values) == said
    verb = fill_verb(scope, values)
    assert isinstance(verb, RecordFills)
    assert verb.requests[0].state == state
