"""Each verb of the desk, as a user does it: keys in, and what panes, reports and the ledger then say."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest

from tests.blotter_app import Blotter, blotter, demo
from tests.screens.desk.trading_steps import (
    allocate,
    allocated_block,
    as_proposed,
    book,
    fill,
    new_block,
    place,
    times_booked,
)
from tui.api import operations
from tui.api.errors import NotFound
from tui.oms.faults.scenario import read_faults
from tui.oms.http.app import ServerSettings
from tui.screens.desk.screen import DeskScreen
from tui.screens.dialogs.form_dialog import FormDialog
from tui.screens.dialogs.preview_dialog import PreviewDialog
from tui.screens.history.screen import HistoryScreen
from tui.service.snapshot.naming import short
from tui.service.snapshot.snapshot import EntityKind, Ref


def orders_of(user: Blotter, block: str) -> list[str]:
    return [id.code for id in user.desk.snapshot.orders_of_block(demo(block))]


async def test_new_orders_stand_on_the_desk_and_on_the_server() -> None:
    async with blotter() as user:
        code = await new_block(user)
        row = user.row("blocks", code)
        assert (row["side"], row["instrument"], row["ordered"], row["orders"]) == (
            "Buy",
            "VOD",
            "100,000",
            "2",
        )
        held = await user.client.blocks.get(demo(code))
        assert held.quantity == Decimal(100_000)
        assert len(held.order_ids) == 2


async def test_a_booking_that_waits_for_approval_is_neither_done_nor_to_be_sent_again() -> None:
    settings = ServerSettings(faults=read_faults(["staged * first=1"], None))
    async with blotter(settings=settings) as user:
        block, placement = await allocated_block(user)
        told = await book(user, block)
        assert "0 done 1 staged 0 refused 0 unknown" in told
        assert "keeps it until somebody approves it: http://embedded/api/stagedmodifications" in told
        assert "Do not book it again." in told
        assert user.row("blocks", block)["booked"] == "0"
        assert await times_booked(user, placement) == 0
        assert "1 done 0 refused 0 unknown" in await book(user, block), "as once it is approved"
        assert await times_booked(user, placement) == 1


async def test_five_million_of_a_gilt_cost_about_five_million_pounds() -> None:
    async with blotter() as user:
        await user.go("blocks")
        before = set(user.codes("blocks"))
        await user.press("n")
        await user.fill("instrument", "UKT 4.5 09/07/34")
        await user.fill("orders", "GILT-LDI 5m")
        assert "Notional about 5,0" in await user.form()
        await user.press("enter")
        await user.until(lambda: isinstance(user.app.screen, PreviewDialog))
        assert re.search(r"buy +1 +5,000,000 +5,0\d\d,\d{3}\.\d\d GBP", user.text(), re.I)
        await user.confirm("1", "enter")
        await user.report()
        await user.until(lambda: len(user.codes("blocks")) == len(before) + 1)
        code = (set(user.codes("blocks")) - before).pop()
        assert user.row("blocks", code)["ordered"] == "5,000,000"


async def test_an_order_line_says_what_it_means_and_becomes_orders() -> None:
    async with blotter() as user:
        before = set(user.codes("blocks"))
        await user.press("N")
        await user.fill("line", "b 50k VOD lmt 0.82 day @UKEQ-GROW 60% @UKEQ-INC 40%")
        shown = await user.form()
        assert "Buy 50,000 VOD" in shown
        assert "41,000.00 GBP" in shown
        await user.press("enter")
        await user.confirm("enter")
        await user.report()
        await user.until(lambda: len(user.codes("blocks")) == len(before) + 1)
        code = (set(user.codes("blocks")) - before).pop()
        quantities = {user.row("orders", order)["quantity"] for order in await shown_orders(user, code)}
        assert quantities == {"30,000", "20,000"}


async def shown_orders(user: Blotter, block: str) -> list[str]:
    await user.go("orders")
    await user.until(lambda: set(orders_of(user, block)) <= set(user.codes("orders")))
    return orders_of(user, block)


async def test_placing_sends_the_block_and_shows_it_placed() -> None:
    async with blotter() as user:
        block = await new_block(user)
        placement = await place(user, block)
        row = user.row("placements", placement)
        assert (row["counterparty"], row["quantity"], row["state"]) == ("ALBN", "100,000", "○ new")
        assert user.row("blocks", block)["placed"] == "100,000"
        assert user.row("blocks", block)["unplaced"] == "0"


async def test_placing_too_much_is_known_before_in_the_servers_words() -> None:
    async with blotter() as user:
        block = await new_block(user)
        await user.go("blocks", block)
        await user.press("p")
        await user.fill("quantity", "150k")
        await user.fill("counterparty", "ALBN")
        await user.press("enter")
        await user.confirm("y")
        told = await user.preview()
        assert "would exceed the 100000 still unplaced of block" in told
        assert "This cannot be sent." in told
        await user.press("escape")
        assert (await user.client.placements.list(filter=f"blockIds.code eq '{block}'")).values == ()


async def test_a_broker_is_asked_for_and_one_nobody_knows_takes_the_count() -> None:
    async with blotter() as user:
        block = await new_block(user)
        await user.go("blocks", block)
        await user.press("p")
        await user.form()
        await user.press("enter")
        await user.until(lambda: "Name the broker who works it" in user.text())
        assert isinstance(user.app.screen, FormDialog)
        await user.fill("counterparty", "ZZZZ")
        await user.press("enter")
        await user.until(lambda: "ZZZZ is a broker nobody on this desk has placed with" in user.text())
        await user.confirm("y", "enter")
        assert (await user.client.placements.list(filter=f"blockIds.code eq '{block}'")).values == ()
        await user.confirm("1", "enter")
        await user.report()
        [placed] = (await user.client.placements.list(filter=f"blockIds.code eq '{block}'")).values
        assert placed.counterparty == "ZZZZ"


async def test_without_a_broker_the_system_is_named_and_the_count_typed() -> None:
    async with blotter() as user:
        block = await new_block(user)
        await user.go("blocks", block)
        await user.press("p")
        await user.fill("system", "EMS-1")
        await user.press("enter")
        await user.until(lambda: "Nobody is named to work it" in user.text())
        await user.confirm("1", "enter")
        await user.report()
        [placed] = (await user.client.placements.list(filter=f"blockIds.code eq '{block}'")).values
        assert (placed.counterparty, placed.execution_system) == (None, "EMS-1")


async def test_moving_an_order_changes_both_blocks() -> None:
    async with blotter() as user:
        first = await new_block(user)
        second = await new_block(user, "BAL-60 25k")
        [order] = await shown_orders(user, second)
        await user.go("orders", order)
        await user.press("m")
        await user.fill("block", first)
        await user.press("enter")
        await user.confirm("enter")
        await user.report()
        await user.until(lambda: user.row("blocks", first)["ordered"] == "125,000")
        assert user.row("blocks", second)["ordered"] == "0"
        assert user.row("orders", order)["block"] == first


async def test_an_order_that_does_not_fit_a_block_cannot_be_moved_there() -> None:
    async with blotter() as user:
        block = await new_block(user)
        order = (await shown_orders(user, block))[0]
        await user.go("orders", order)
        await user.press("m")
        await user.fill("block", "BLK-0001")
        await user.press("enter")
        await user.until(lambda: isinstance(user.app.screen, PreviewDialog))
        assert "does not fit block 'demo/BLK-0001'" in user.text()
        assert re.search(r"instrument VOD \(LUID_\w+\), not MSFT \(LUID_\w+\)", await user.preview())
        await user.confirm("enter")
        assert "This cannot be sent." in user.text()
        await user.press("escape")
        assert user.row("orders", order)["block"] == block
        assert demo(order) in (await user.client.blocks.get(demo(block))).order_ids


async def test_updating_an_order_changes_it_and_its_block() -> None:
    async with blotter() as user:
        block = await new_block(user)
        order = (await shown_orders(user, block))[0]
        await user.go("orders", order)
        await user.press("u")
        await user.fill("quantity", "50k")
        await user.press("enter")
        await user.confirm("enter")
        await user.report()
        await user.until(lambda: user.row("blocks", block)["ordered"] == "90,000")
        assert user.row("orders", order)["quantity"] == "50,000"


async def test_updating_a_placement_changes_only_what_was_typed() -> None:
    async with blotter() as user:
        placement = await place(user, await new_block(user))
        await user.go("placements", placement)
        await user.press("u")
        await user.fill("quantity", "80k")
        await user.fill("counterparty", "KEYS")
        await user.press("enter")
        await user.confirm("y")
        await user.report()
        await user.until(lambda: user.row("placements", placement)["quantity"] == "80,000")
        assert user.row("placements", placement)["counterparty"] == "KEYS"
        held = await user.client.placements.get(demo(placement))
        assert (held.entry_type, held.type) == ("Manual", "Market")


async def test_cancelling_an_order_keeps_its_quantity_and_frees_the_block() -> None:
    async with blotter() as user:
        block = await new_block(user)
        order = (await shown_orders(user, block))[0]
        await user.go("orders", order)
        await user.press("c")
        await user.confirm("enter")
        assert isinstance(user.app.screen, PreviewDialog), "Enter must not confirm a cancel"
        await user.confirm("y")
        await user.report()
        await user.until(lambda: "cancelled" in user.row("orders", order)["state"])
        assert user.row("orders", order)["quantity"] == "60,000"
        assert user.row("blocks", block)["ordered"] == "40,000"


async def test_a_placed_order_cannot_be_cancelled_and_the_reason_is_known_before() -> None:
    async with blotter() as user:
        block = await new_block(user)
        await place(user, block)
        order = (await shown_orders(user, block))[0]
        await user.go("orders", order)
        await user.press("c")
        await user.confirm("y")
        told = await user.preview()
        assert "remaining ordered quantity 40000" in told
        assert "This cannot be sent." in told
        await user.press("escape")
        assert "cancelled" not in user.row("orders", order)["state"]


async def test_cancelling_a_placement_frees_what_is_not_executed() -> None:
    async with blotter() as user:
        block = await new_block(user)
        placement = await place(user, block)
        await fill(user, placement, "30k", "0.82")
        await user.go("placements", placement)
        await user.press("c")
        await user.confirm("y")
        await user.report()
        await user.until(lambda: "cancelled" in user.row("placements", placement)["state"])
        assert user.row("blocks", block)["placed"] == "30,000"


async def test_from_fill_to_ledger_and_the_whole_story_of_the_order() -> None:
    async with blotter() as user:
        block = await new_block(user)
        placement = await place(user, block)
        await fill(user, placement, "100k", "0.82")
        await user.until(lambda: "filled" in user.row("placements", placement)["state"])
        assert user.row("blocks", block)["executed"] == "100,000"

        await allocate(user, placement)
        await user.until(lambda: user.row("blocks", block)["allocated"] == "100,000")

        report = await book(user, block)
        assert "2 done" in report
        shares = [
            id
            for order in orders_of(user, block)
            for id in user.desk.snapshot.allocations_of_order(demo(order))
        ]
        ids = {id.code for share in shares for id in user.desk.snapshot.transactions_of_allocation(share)}
        assert len(ids) == 2
        assert all(f"transaction {id}," in report for id in ids), report
        assert "49,200 GBP" in report
        assert "32,800 GBP" in report
        await user.until(lambda: user.row("blocks", block)["booked"] == "100,000")
        assert user.row("blocks", block)["state"].endswith("booked")

        order = (await shown_orders(user, block))[0]
        assert user.row("orders", order)["state"].endswith("booked")
        await user.go("transactions")
        portfolio = (await user.client.orders.get(demo(order))).portfolio_id
        assert portfolio is not None
        ledger = (await user.client.list(operations.PORTFOLIO_TRANSACTIONS, id=portfolio, limit=5000)).values
        [booked] = [each for each in ledger if each.order_id == demo(order)]
        assert booked.total_consideration.amount == booked.units * Decimal("0.82")
        assert user.row("transactions", booked.transaction_id)["units"] == f"{booked.units:,}"

        await user.go("orders", order)
        await user.press("h")
        await user.until(lambda: isinstance(user.app.screen, HistoryScreen) and "booked" in user.text())
        story = user.text()
        for told in ("ordered: buy 60,000", "placed 100,000", "filled 100,000", "allocated 60,000"):
            assert told in story
        await user.press("escape")
        assert isinstance(user.app.screen, DeskScreen)


async def test_the_unplaced_rest_of_a_cancelled_order_goes_on_in_a_new_block() -> None:
    async with blotter() as user:
        block = await new_block(user, "UKEQ-GROW 100k")
        await place(user, block, "40k")
        [order] = await shown_orders(user, block)
        await as_proposed(user, "orders", order, "C")
        await user.until(lambda: "cancelled" in user.row("orders", order)["state"])
        assert user.row("orders", order)["quantity"] == "40,000"
        newest = [r for r in user.desk.snapshot.orders.values() if r.quantity == Decimal(60_000)][-1]
        home = user.desk.snapshot.block_of_order(newest.id)
        assert home is not None
        assert home.code not in (block, "")


async def test_sweeping_offers_only_blocks_that_qualify() -> None:
    async with blotter() as user:
        block = await new_block(user, "UKEQ-GROW 10k")
        await user.go("blocks", block)
        await user.press("S")
        assert "qualifies" in user.notices[-1]
        await user.press("c")
        await user.confirm("y")
        await user.until(lambda: user.row("blocks", block)["state"].endswith("cancelled"))
        await user.go("blocks", block)
        await user.press("S")
        await user.confirm("y")
        await user.until(lambda: block not in user.codes("blocks"))
        assert (await user.client.blocks.get(demo(block))).is_swept is True
        [order] = user.desk.snapshot.orders_of_block(demo(block))
        user.desk.go_to(Ref(EntityKind.BLOCKS, demo(block)))
        await user.until(lambda: user.desk.active.cursor == Ref(EntityKind.ORDERS, order))
        assert f"Block {block} is swept: these are its orders." in user.notices
        assert user.row("orders", order.code)["block"] == block


async def test_nothing_is_said_to_move_when_all_of_an_order_is_placed() -> None:
    async with blotter() as user:
        block = await new_block(user, "UKEQ-GROW 10k")
        await place(user, block, "10k")
        [order] = await shown_orders(user, block)
        await user.go("blocks", block)
        await user.press("C")
        await user.form()
        await user.press("enter")
        assert f"10,000 units stay, nothing moves · {short(order)}" in await user.preview()
        await user.press("y")
        assert "nothing was left to move" in await user.report()


async def test_a_selection_is_acted_on_as_a_whole() -> None:
    async with blotter() as user:
        block = await new_block(user)
        first, second = await shown_orders(user, block)
        await user.go("orders", first)
        await user.press("space")
        await user.go("orders", second)
        await user.press("space", "c")
        await user.confirm("y")
        assert (await user.report()).startswith(
            "Cancelled 2 orders: buy 100,000 VOD (Vodafone) at market, day, "
        )
        await user.until(lambda: user.row("blocks", block)["state"].endswith("cancelled"))


async def test_a_read_only_desk_offers_nothing_that_writes() -> None:
    async with blotter(read_only=True) as user:
        await user.press("n")
        assert "read-only" in user.notices[-1]
        assert "READ-ONLY" in user.text()


async def test_the_past_cannot_be_changed_and_shows_what_was() -> None:
    async with blotter() as user:
        before = user.app.session.now()
        block = await new_block(user)
        await user.press("T")
        await user.fill("as_at", f"{before:%Y-%m-%d %H:%M:%S}")
        await user.press("enter")
        await user.until(lambda: user.desk.snapshot.as_at is not None and user.desk.snapshot.complete)
        assert block not in user.codes("blocks")
        assert "PAST" in user.text()
        await user.press("n")
        assert "past" in user.notices[-1]
        await user.press("T")
        await user.fill("as_at", "now")
        await user.press("enter")
        await user.until(lambda: block in user.codes("blocks"))


async def test_a_time_without_a_day_is_todays_and_the_past_is_not_called_live() -> None:
    async with blotter() as user:
        before = user.app.session.now().replace(microsecond=0)
        await user.press("T")
        await user.fill("as_at", f"{before:%H:%M:%S}")
        await user.press("enter")
        await user.until(lambda: user.desk.snapshot.as_at is not None and user.desk.snapshot.complete)
        seen = user.desk.snapshot.as_at
        assert seen is not None
        assert seen.time() == before.time()
        assert before.date() <= seen.date() <= user.app.session.now().date()
        await user.until(lambda: "read " in user.text().splitlines()[0])
        assert "live" not in user.text().splitlines()[0]


async def test_nothing_is_sent_when_the_preview_is_left() -> None:
    async with blotter() as user:
        count = len(user.codes("orders"))
        await user.press("n")
        await user.fill("instrument", "VOD")
        await user.fill("orders", "UKEQ-GROW 60k")
        await user.press("enter")
        await user.confirm("escape")
        assert len(user.codes("orders")) == count
        with pytest.raises(NotFound):
            await user.client.orders.get(demo("ORD-nothing"))
