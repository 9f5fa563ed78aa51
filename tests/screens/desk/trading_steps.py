"""The steps of a trade by keys: a new block, its placement, a fill, the allocation and the booking."""

from __future__ import annotations

from tests.blotter_app import Blotter, demo
from tui.api import operations


async def new_block(
    user: Blotter, orders: str = "UKEQ-GROW 60k, UKEQ-INC 40k", instrument: str = "VOD", limit: str = ""
) -> str:
    """Create a block by the form, at market or at a ``limit``, and return its code."""
    await user.go("blocks")
    before = set(user.codes("blocks"))
    await user.press("n")
    await user.fill("instrument", instrument)
    await user.fill("orders", orders)
    if limit:
        await user.fill("type", "")
        await user.press("l")
        await user.fill("limit", limit)
    await user.press("enter")
    await user.confirm("enter")
    await user.report()
    await user.until(lambda: len(user.codes("blocks")) == len(before) + 1)
    return (set(user.codes("blocks")) - before).pop()


async def place(user: Blotter, block: str, quantity: str = "100k") -> str:
    """Place a block and return the placement's code."""
    await user.go("blocks", block)
    before = set(user.codes("placements"))
    await user.press("p")
    await user.fill("quantity", quantity)
    await user.fill("counterparty", "ALBN")
    await user.press("enter")
    await user.confirm("y")
    await user.report()
    await user.until(lambda: len(user.codes("placements")) == len(before) + 1)
    return (set(user.codes("placements")) - before).pop()


async def fill(user: Blotter, placement: str, quantity: str, price: str, *, odd: bool = False) -> None:
    """Record a fill by hand; at an ``odd`` price the count is typed."""
    await user.go("placements", placement)
    await user.press("f")
    await user.fill("quantity", quantity)
    await user.fill("price", price)
    await user.press("enter")
    await user.confirm(*(("1",) if odd else ()), "enter")
    await user.report()


async def as_proposed(user: Blotter, kind: str, code: str, key: str) -> str:
    """Carry out the action of a key on a row as its form proposes, and return the report."""
    await user.go(kind, code)
    await user.press(key)
    await user.form()
    await user.press("enter")
    await user.confirm("y")
    return await user.report()


async def allocate(user: Blotter, placement: str) -> str:
    """Allocate a placement as its form proposes, and return the report."""
    return await as_proposed(user, "placements", placement, "a")


async def book(user: Blotter, block: str) -> str:
    """Book the allocations of a block as its form proposes, and return the report."""
    return await as_proposed(user, "blocks", block, "b")


async def allocated_block(user: Blotter) -> tuple[str, str]:
    """Take 10,000 for one portfolio as far as allocated; return the codes of block and placement."""
    block = await new_block(user, "UKEQ-GROW 10k")
    placement = await place(user, block, "10k")
    await fill(user, placement, "10k", "0.82")
    await allocate(user, placement)
    await user.until(lambda: user.row("blocks", block)["allocated"] == "10,000")
    return block, placement


async def times_booked(user: Blotter, placement: str) -> int:
    """Return how many transactions the server has of the one allocation of an :func:`allocated_block`."""
    [share] = user.desk.snapshot.allocations_of_placement(demo(placement))
    portfolio = demo("UKEQ-GROW")
    ledger = await user.client.list(operations.PORTFOLIO_TRANSACTIONS, id=portfolio, limit=5000)
    return [each.allocation_id for each in ledger.values].count(share)
