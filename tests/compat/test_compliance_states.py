"""States of compliance by the official SDK: of the engine that is asked for, on rows and on orders."""

from __future__ import annotations

import pytest

from tests.compat.sdk import NEWEST_ONLY, SdkDesk, got, keyed, lusid
from tests.compat.story import ScenarioSteps

STATE = "Order/Desk/ComplianceState"


@pytest.fixture
async def failed(desk: SdkDesk, scope: str) -> str:
    """Return the scope of a story of which compliance failed an order."""
    await ScenarioSteps(desk, scope).create()
    (item, *_) = keyed(lusid.OrderUpdateRequest, "03_update_orders", scope).values()
    item.quantity = None
    item.properties = {
        STATE: lusid.PerpetualProperty.from_dict({"key": STATE, "value": {"labelValue": "Failed"}})
    }
    await got(desk.manage.update_orders(request_body={"1": item}))
    return scope


async def test_rows_of_the_graph_are_of_the_engine_that_is_asked_for(desk: SdkDesk, failed: str) -> None:
    found = {}
    for newer in (True, False):
        rows = await got(
            desk.graph.list_order_graph_blocks(
                filter=f"id.scope eq '{failed}'", use_compliance_v2=newer, limit=10
            )
        )
        found[newer] = {each.compliance_state for row in rows.values for each in row.ordered.details}
    assert found == {True: {"Failed", "Passed"}, False: {"Passed"}}


@NEWEST_ONLY
async def test_orders_say_their_states_when_asked(desk: SdkDesk, failed: str) -> None:
    for asked, states in ((True, {"Failed", "Passed"}), (False, {None})):
        page = await got(
            desk.orders.list_orders(
                filter=f"id.scope eq '{failed}'", get_derived_compliance_statuses=asked, limit=10
            )
        )
        assert {each.derived_compliance_state for each in page.values} == states
