"""Ids as people type them: what a form shows for an id is read back as that id."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tests.service.sample_rows import order, snapshot_of
from tui.api.base import ResourceId
from tui.service.id_lookup import portfolio_lookup

KNOWN = (
    ResourceId("demo", "UKEQ-GROW"),
    ResourceId("demo", "ukeq-grow"),
    ResourceId("funds_uk", "us_long"),
    ResourceId("FundA", "GROWTH"),
    ResourceId("demo", "GROWTH"),
    ResourceId("demo", "funds_uk/us_long"),
)


@pytest.mark.parametrize("id", KNOWN, ids=str)
@pytest.mark.parametrize("home", ["demo", "FundA"])
def test_what_is_written_for_an_id_is_read_as_that_id(id: ResourceId, home: str) -> None:
    orders = [replace(order(f"ORD-{n}"), portfolio_id=known) for n, known in enumerate(KNOWN)]
    lookup = portfolio_lookup(snapshot_of(orders=orders), home)
    assert lookup.read(lookup.write(id)) == id
