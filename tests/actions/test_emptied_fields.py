"""A field of an update that is emptied says why it cannot be, where no call has a word for that."""

from __future__ import annotations

import pytest

from tests.actions.test_forms_of_large_desks import scope_of
from tests.service.sample_rows import block, order, placement, rid, snapshot_of
from tui.actions.update import update_form, update_verb
from tui.service.snapshot.snapshot import EntityKind
from tui.service.verbs import UpdateOrders, UpdatePlacements

DESK = snapshot_of(
    blocks=[block("BLK-1", "ORD-1")],
    orders=[order("ORD-1")],
    placements=[placement("PLC-1", "BLK-1", counterparty="ALBN", execution_system="SIM-EMS")],
)


@pytest.mark.parametrize(
    ("kind", "code", "field", "said"),
    [
        (EntityKind.PLACEMENTS, "PLC-1", "counterparty", "The broker was ALBN and cannot be cleared"),
        (EntityKind.PLACEMENTS, "PLC-1", "system", "The system was SIM-EMS and cannot be cleared"),
        (EntityKind.PLACEMENTS, "PLC-1", "quantity", "The size was 100 and cannot be cleared"),
        (EntityKind.ORDERS, "ORD-1", "portfolio", "The portfolio was GROWTH and cannot be cleared"),
        (EntityKind.ORDERS, "ORD-1", "limit", "The limit was 190 USD: write 'none' to clear it."),
    ],
)
def test_an_emptied_field_is_not_silently_what_it_was(
    kind: EntityKind, code: str, field: str, said: str
) -> None:
    form = update_form(scope_of(DESK, kind, rid(code)))
    values = {each.id: each.value for each in form.fields}
    assert form.check is not None
    assert form.check(values) == ["Nothing is changed yet."]
    [told] = form.check({**values, field: ""})
    assert told.startswith(said)


@pytest.mark.parametrize(
    "in_force", ["Day", "GoodTilDate", "GoodTillDate", "GoodTillCancel", "GTC", "AtTheClose", "Auction"]
)
@pytest.mark.parametrize(("kind", "code"), [(EntityKind.ORDERS, "ORD-1"), (EntityKind.PLACEMENTS, "PLC-1")])
def test_a_time_in_force_that_nobody_touched_is_not_sent(in_force: str, kind: EntityKind, code: str) -> None:
    desk = snapshot_of(
        blocks=[block("BLK-1", "ORD-1")],
        orders=[order("ORD-1", time_in_force=in_force)],
        placements=[placement("PLC-1", "BLK-1", time_in_force=in_force)],
    )
    scope = scope_of(desk, kind, rid(code))
    form = update_form(scope)
    values = {each.id: each.value for each in form.fields}
    assert form.check is not None
    assert form.check(values) == ["Nothing is changed yet."]
    verb = update_verb(scope, {**values, "quantity": "90"})
    assert isinstance(verb, UpdateOrders | UpdatePlacements)
