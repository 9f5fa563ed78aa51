"""A field of an update that is emptied says why it cannot be, where no call has a word for that."""

from __future__ import annotations

import pytest

from tests.actions.test_forms_of_large_desks import scope_of
from tests.service.sample_rows import block, order, placement, rid, snapshot_of
from tui.actions.update import update_form
from tui.service.snapshot.snapshot import EntityKind

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
