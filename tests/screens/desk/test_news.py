"""Changes by somebody else on the server, as they reach the reader's panes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from tests.blotter_app import Blotter, blotter, demo
from tui.api import operations
from tui.api.requests import (
    BlockAndOrdersCreateRequest,
    BlockAndOrdersRequest,
    BlockedOrderRequest,
    OrderUpdateRequest,
)

NAMES = ("OUR-A", "OUR-B", "OUR-C")


@pytest.fixture
async def user() -> AsyncIterator[Blotter]:
    """A dealer who looks at three orders, the smallest first: of 10, 20 and 30 units."""
    async with blotter() as made:
        await create(made, "OUR-BLOCK", {name: 10 * number for number, name in enumerate(NAMES, start=1)})
        await made.go("orders")
        orders = made.pane("orders")
        orders.set_view(orders.view.sorted_by("quantity").filtered("our-"))
        await made.press()
        orders.grid.move_to(demo("OUR-A"))
        made.desk.clear_marks()
        yield made


async def create(user: Blotter, block: str, quantities: dict[str, int]) -> None:
    """Create a block of orders as another client would, and poll."""
    now = datetime.now(UTC)
    (vodafone,) = user.desk.snapshot.find_instruments("VOD")
    request = BlockAndOrdersRequest(
        block_id=demo(block),
        orders=tuple(
            BlockedOrderRequest(
                id=demo(name), portfolio_id=demo("UKEQ-GROW"), quantity=Decimal(quantity), date=now
            )
            for name, quantity in quantities.items()
        ),
        instrument_identifiers=vodafone.identifiers,
        side="Buy",
        type="Market",
        time_in_force="Day",
        date=now,
    )
    await user.client.call(operations.CREATE_ORDERS, BlockAndOrdersCreateRequest(requests=(request,)))
    await refresh(user)
    await user.until(lambda: all(demo(name) in user.desk.snapshot.orders for name in quantities))
    await user.press()


async def resize(user: Blotter, code: str, quantity: int) -> None:
    """Change the quantity of an order as another client would, and poll."""
    update = OrderUpdateRequest(id=demo(code), quantity=Decimal(quantity))
    await user.client.call(operations.UPDATE_ORDERS, {"ours": update})
    await refresh(user)
    await user.press()


async def refresh(user: Blotter) -> None:
    assert user.app.session.desk is not None
    assert await user.app.session.desk.refresh()


def line(user: Blotter, code: str) -> str:
    """Return the line of an order that is in sight."""
    return next(line for line in user.text().splitlines() if code in line and "UKEQ-GROW" in line)


async def test_an_order_changed_elsewhere_goes_to_its_place_and_is_marked(user: Blotter) -> None:
    assert user.codes("orders") == ["OUR-A", "OUR-B", "OUR-C"]
    await user.press("j")
    await resize(user, "OUR-A", 25)
    await user.until(lambda: user.codes("orders") == ["OUR-B", "OUR-A", "OUR-C"])
    await user.until(lambda: "25'" in line(user, "OUR-A"))
    assert "UKEQ-GROW'" not in line(user, "OUR-A")
    assert "20'" not in line(user, "OUR-B")
    cursor = user.pane("orders").cursor
    assert cursor is not None
    assert cursor.id == demo("OUR-B")
    assert "quantity 75" in user.text()


async def test_the_cursor_stays_on_the_row_that_moves_and_its_mark_goes_when_it_leaves(user: Blotter) -> None:
    await resize(user, "OUR-A", 99)
    await user.until(lambda: user.codes("orders") == ["OUR-B", "OUR-C", "OUR-A"])
    await user.until(lambda: "99'" in line(user, "OUR-A"))
    assert line(user, "OUR-A").lstrip().startswith(">")
    await user.press("k")
    assert "99'" not in line(user, "OUR-A")


async def test_escape_takes_all_marks_away_with_its_step_back(user: Blotter) -> None:
    await resize(user, "OUR-C", 31)
    await user.until(lambda: "31'" in line(user, "OUR-C"))
    await user.press("escape")
    await user.until(lambda: len(user.codes("orders")) > 3)
    await user.press("G", "g", "g")
    assert not user.desk.clear_marks()
    await user.press("escape")
    assert any("Nothing to go back from" in notice for notice in user.notices)


async def test_an_order_made_elsewhere_is_marked_as_a_whole(user: Blotter) -> None:
    await create(user, "OUR-OTHER", {"OUR-D": 15})
    await user.until(lambda: user.codes("orders") == ["OUR-A", "OUR-D", "OUR-B", "OUR-C"])
    await user.until(lambda: line(user, "OUR-D").lstrip("│").startswith("'"))


async def test_a_frozen_desk_shows_and_marks_what_happened_when_it_goes_on(user: Blotter) -> None:
    await user.press("j", "z")
    await resize(user, "OUR-A", 25)
    await resize(user, "OUR-C", 5)
    assert user.codes("orders") == ["OUR-A", "OUR-B", "OUR-C"]
    await user.press("z")
    await user.until(lambda: user.codes("orders") == ["OUR-C", "OUR-B", "OUR-A"])
    await user.until(lambda: "25'" in line(user, "OUR-A") and "5'" in line(user, "OUR-C"))


async def test_linked_panes_mark_what_changed_out_of_sight(user: Blotter) -> None:
    await user.press("escape", "1", "l")
    await user.until(lambda: user.desk.linked)
    await resize(user, "OUR-B", 21)
    assert user.pane("blocks").grid.move_to(demo("OUR-BLOCK"))
    await user.until(lambda: user.codes("orders") == ["OUR-A", "OUR-B", "OUR-C"])
    await user.until(lambda: "21'" in line(user, "OUR-B"))
