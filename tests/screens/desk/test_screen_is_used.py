"""How a desk uses its screen: the height of panes, the columns in sight, and the keys that move the split."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest

from tests.blotter_app import Blotter, blotter
from tests.readme import AFTERNOON
from tui.api.base import ResourceId
from tui.api.models import OrderGraphBlock
from tui.columns.order_columns import ORDERS
from tui.screens.desk.pane_heights import FRAME, REMEMBERED, lower_heights
from tui.screens.grid_columns import grid_columns
from tui.service.snapshot.naming import short
from widgets.grid import Grid
from widgets.grid.columns import lay_out
from widgets.text_line import Pieces

BUSY, QUIET = "BLK-0032", "BLK-0039"
"""A block with four placements, and one that was cancelled before anything was placed."""


def height(user: Blotter, kind: str) -> int:
    return user.pane(kind).size.height


def titles(grid: Grid) -> list[str]:
    """Return the titles of the columns that are in sight without scrolling."""
    return [grid.columns[slot.column].title for slot in grid._slots]


async def stand_on(user: Blotter, block: str) -> None:
    """Put the cursor on a block, and wait until the other panes show what belongs to it."""
    blocks = user.pane("blocks")
    assert blocks.grid.move_to(next(id for id in blocks.shown if id.code == block))
    await user.until(lambda: f"of {short(block)}" in user.text())
    await user.press()


async def test_panes_take_the_height_their_rows_need_and_the_blocks_get_the_rest() -> None:
    async with blotter((160, 48), start=AFTERNOON) as user:
        await stand_on(user, BUSY)
        assert len(user.codes("placements")) == 4
        assert height(user, "placements") == height(user, "orders") == FRAME + 4
        room = user.desk.query_one("#panes").size.height
        assert height(user, "blocks") == room - height(user, "placements") - height(user, "allocations")
        assert len(user.pane("blocks").grid.visible_keys) > 48 // 2


async def test_a_pane_grows_at_once_and_shrinks_when_no_block_of_late_needed_it() -> None:
    async with blotter((160, 48), start=AFTERNOON) as user:
        snapshot, shown = user.desk.snapshot, user.pane("blocks").shown
        quiet = [
            id.code
            for id in shown
            if len(snapshot.placements_of_block(id)) <= 2 and len(snapshot.orders_of_block(id)) <= 2
        ]
        await stand_on(user, BUSY)
        for code in quiet[: REMEMBERED - 1]:
            await stand_on(user, code)
            assert height(user, "placements") == FRAME + 4, "it does not jump with every block"
        await stand_on(user, quiet[REMEMBERED])
        assert height(user, "placements") == FRAME + 2
        await stand_on(user, BUSY)
        assert height(user, "placements") == FRAME + 4


async def test_a_filter_that_is_typed_moves_no_pane() -> None:
    async with blotter((160, 48), start=AFTERNOON) as user:
        await stand_on(user, BUSY)
        before = height(user, "blocks"), height(user, "orders")
        await user.press("slash")
        await user.type("dge")
        await user.until(lambda: user.codes("blocks") == [QUIET])
        assert (height(user, "blocks"), height(user, "orders")) == before


async def test_a_large_screen_shows_all_panes_at_once_and_a_smaller_one_lets_them_take_turns() -> None:
    kinds = ("allocations", "executions", "transactions")
    async with blotter((250, 70), start=AFTERNOON) as user:
        await user.until(lambda: all(user.pane(kind).is_attached for kind in kinds))
        await stand_on(user, BUSY)
        await user.until(lambda: len(user.codes("executions")) == 3)
        assert all(user.pane(kind).display and height(user, kind) > FRAME for kind in kinds)
        assert height(user, "allocations") == height(user, "orders")
        assert height(user, "executions") == height(user, "transactions")
        assert len(user.pane("blocks").grid.visible_keys) == len(user.codes("blocks")), "none waits below"
        for name in ("2 Orders", "4 Allocations", "5 Executions", "6 Transactions"):
            assert name in user.text()
        await user.press("4", "tab")
        assert user.desk.active is user.pane("executions")
        await user.press("5")
        assert not user.pane("orders").display, "the pane has the whole screen"
        await user.press("5")
        assert user.pane("orders").display
        await user.pilot.resize_terminal(200, 50)
        await user.until(lambda: not user.pane("allocations").display)
        assert user.pane("executions").display
        assert not user.pane("transactions").display


async def test_a_cancelled_block_says_what_was_ordered() -> None:
    async with blotter((160, 48), start=AFTERNOON) as user:
        cancelled = next(each for each in user.desk.snapshot.blocks.values() if each.block.id.code == QUIET)
        assert cancelled.ordered.quantity == 0, "what the server says: nothing is ordered any more"
        asked = [
            user.desk.snapshot.orders[id] for id in user.desk.snapshot.orders_of_block(cancelled.block.id)
        ]
        whole = sum(order.quantity or 0 for order in asked)
        assert whole > 0
        assert user.row("blocks", QUIET)["ordered"] == f"{whole:,}"
        assert user.row("blocks", QUIET)["unplaced"] == "0"


async def test_a_long_id_is_cut_in_the_middle_in_titles_as_in_cells() -> None:
    async with blotter((160, 48), start=AFTERNOON) as user:
        blocks = user.pane("blocks")
        long = next(id for id in blocks.shown if len(id.code) > 18)
        assert blocks.grid.move_to(long)
        await user.until(lambda: f"of {short(long.code)}" in user.text())
        assert long.code not in user.text()


async def test_plus_and_minus_move_the_split_for_the_pane_with_the_focus_and_equals_resets_it() -> None:
    async with blotter((160, 48), start=AFTERNOON) as user:
        await stand_on(user, BUSY)
        blocks = height(user, "blocks")
        await user.press("minus", "minus")
        assert height(user, "blocks") < blocks
        assert user.desk.split is not None
        await user.press("3", "plus")
        smaller = height(user, "blocks")
        assert height(user, "placements") > FRAME + 4
        await user.press("minus")
        assert height(user, "blocks") > smaller
        await stand_on(user, QUIET)
        kept = height(user, "blocks")
        await user.press(*["plus"] * 30)
        assert height(user, "blocks") >= FRAME + 2, "some rows of it stay"
        await user.press("equals_sign")
        assert user.desk.split is None
        assert height(user, "blocks") != kept


async def test_where_one_pane_has_the_screen_the_split_says_why_it_does_not_move() -> None:
    async with blotter((80, 24), start=AFTERNOON) as user:
        await user.press("plus")
        assert user.notices[-1] == "One pane has the whole screen: there is no split to move."
        assert user.desk.split is None


async def test_at_160_columns_the_first_screen_has_what_a_head_of_trading_looks_for() -> None:
    async with blotter((160, 48), start=AFTERNOON) as user:
        await stand_on(user, BUSY)
        first = {kind: titles(user.pane(kind).grid) for kind in ("blocks", "orders", "placements")}
        assert {"Compliance", "Approval", "Average", "Last", "Name"} <= {*first["blocks"]}
        assert {"Quantity", "State", "Left", "Limit"} <= {*first["orders"]}
        assert {"Quantity", "State", "Executed", "Left", "Average"} <= {*first["placements"]}
        assert any(title.startswith("Time") for title in first["placements"])
        assert any(title.startswith("Time") for title in first["orders"])


async def test_at_120_columns_placements_say_price_and_time_and_blocks_whether_they_may_be_placed() -> None:
    async with blotter((120, 34), start=AFTERNOON) as user:
        await stand_on(user, BUSY)
        first = {kind: titles(user.pane(kind).grid) for kind in ("blocks", "orders", "placements")}
        assert {"State", "Limit", "Executed", "Average", "Compliance", "Approval"} <= {*first["blocks"]}
        assert {"Quantity", "Broker", "State", "Executed", "Average", "Time UTC"} <= {*first["placements"]}
        assert {"Quantity", "Portfolio", "State", "Left"} <= {*first["orders"]}


async def test_compliance_and_approval_are_marks_where_their_words_have_no_room() -> None:
    failed, warned = "BLK-0011", "BLK-0004"
    async with blotter((80, 24), start=AFTERNOON) as user:
        assert "Checks" in titles(user.pane("blocks").grid)
        assert "Approval" not in titles(user.pane("blocks").grid)
        assert user.row("blocks", failed)["checks"] == "C▲ A▲"
        assert user.row("blocks", warned)["checks"] == "C◆ A●"
        await user.press("question_mark")
        await user.type("checks")
        await user.until(lambda: "failed or rejected: it cannot be placed" in user.text())
    async with blotter((160, 48), start=AFTERNOON) as user:
        assert {"Compliance", "Approval"} <= {*titles(user.pane("blocks").grid)}
        assert "Checks" not in titles(user.pane("blocks").grid)


async def test_numbers_stand_on_the_point_and_money_under_units_with_their_titles_above() -> None:
    async with blotter((200, 50), start=AFTERNOON) as user:
        grid = user.pane("blocks").grid
        lines = [grid.render_line(y).text for y in range(len(grid.visible_keys) + 1)]
        for title in ("Ordered", "Limit", "Average", "Last"):
            index = next(at for at, column in enumerate(grid.columns) if column.title == title)
            slot = next(slot for slot in grid._slots if slot.column == index)
            header, *cells = (line[slot.x : slot.x + slot.width] for line in lines)
            assert header.endswith(title)
            units = {
                len(re.split("[. ]", cell.lstrip())[0]) + len(cell) - len(cell.lstrip())
                for cell in cells
                if cell.strip()
            }
            assert len(units) == 1, f"{title}: {cells}"
            assert len({cell.strip() for cell in cells}) > 5


@pytest.mark.parametrize("size", [(80, 24), (120, 34), (160, 48), (250, 70)])
async def test_no_state_and_no_number_is_cut_at_any_size(size: tuple[int, int]) -> None:
    async with blotter(size, start=AFTERNOON) as user:
        if size > (100, 0):
            await stand_on(user, BUSY)
        for kind in ("blocks", "orders", "placements"):
            pane = user.pane(kind)
            if not (pane.display and pane.grid.is_attached):
                continue
            lines = [pane.grid.render_line(y).text for y in range(1, 1 + len(pane.grid.visible_keys))]
            assert lines
            assert not any("#" in line for line in lines)
            for key, line in zip(pane.grid.visible_keys, lines, strict=True):
                assert isinstance(key, ResourceId)
                cells = user.row(kind, key.code)
                seen = {pane.grid.columns[slot.column].id for slot in pane.grid._slots}
                assert {"state"} <= seen
                assert all(
                    cells[id] in line for id in seen & {"state", "ordered", "quantity", "executed", "left"}
                )


def test_rows_of_panes_share_what_there_is_and_none_disappears() -> None:
    assert lower_heights(44, 38, (4, 0)) == (7, 5)
    assert sum(lower_heights(44, 38, (500, 300))) == 22, "the blocks keep half"
    assert sum(lower_heights(44, 3, (4, 0))) == 44 - FRAME - 3, "few blocks give the rest away"
    assert min(lower_heights(30, 38, (500, 0), share=80)) >= FRAME + 2


def test_a_state_is_in_sight_however_long_the_codes_beside_it_are() -> None:
    columns = grid_columns(ORDERS, "UTC")
    seen = {"id": "O-1130-QCF3CS5C4", "quantity": "60,000", "portfolio": "UKEQ-GROW"}
    for state in ("○ new", "◐ partly filled", "◐ partly allocated"):
        texts = {**seen, "state": state}
        needs = [len(texts.get(column.id, "")) for column in columns]
        slots = lay_out(columns, needs, 47, 1).slots(0)
        assert [columns[slot.column].id for slot in slots][:4] == [*texts], state
        assert next(slot.width for slot in slots if columns[slot.column].id == "state") >= len(state)
        assert (slots[0].width < columns[0].width) == (state != "○ new"), "only then is the code shorter"


async def test_the_footer_follows_filter_and_selection_and_the_status_bar_says_what_is_open() -> None:
    async with blotter((160, 48), start=AFTERNOON) as user:
        ledger = user.desk.snapshot.blocks
        sells = [row for row in ledger.values() if row.block.side == "Sell" and limit(row, "GBP")]
        await user.press("slash")
        await user.type("side:sell limit>0 currency:gbp")
        await user.press("enter")
        await user.until(lambda: len(user.codes("blocks")) == len(sells))
        asked = sum(ordered(each) * limit(each, "GBP") for each in sells)
        assert f"sell {asked:,.0f} GBP" in footer(user)
        assert "buy" not in footer(user)
        done = sum(each.executed.quantity * limit(each, "GBP") for each in sells)
        assert f"open sell {asked - done:,.0f} GBP" in user.text().splitlines()[0]
        await user.press("space")
        chosen = ledger[user.pane("blocks").in_focus[0]]
        worth = ordered(chosen) * limit(chosen, "GBP")
        await user.until(lambda: f"1 of {len(sells)} selected" in footer(user))
        assert f"sell {worth:,.0f} GBP" in footer(user)
        await user.press("escape")
        await user.until(lambda: f"sell {asked:,.0f} GBP" in footer(user))


def ordered(row: OrderGraphBlock) -> Decimal:
    return row.ordered.quantity or Decimal(0)


def limit(row: OrderGraphBlock, currency: str) -> Decimal:
    """Return the limit price of a block in a currency, zero without one."""
    price = row.block.limit_price
    return price.amount or Decimal(0) if price and price.currency == currency else Decimal(0)


def footer(user: Blotter) -> str:
    """Return the line beneath the blocks, as it stands on screen."""
    return user.pane("blocks").query_one("#totals").render_line(0).text


PANES_AND_KEYS = {
    "orders": "2",
    "placements": "3",
    "allocations": "4",
    "executions": "5",
    "transactions": "6",
}
MONEY = {"orders": "notional", "placements": "notional", "transactions": "consideration"}
"""The column of money in each pane, where it is not called value."""


async def test_the_footer_of_every_pane_follows_filter_and_marks_and_mixes_no_side_and_no_currency() -> None:
    async with blotter((160, 48), start=AFTERNOON) as user:
        await user.press("l")
        for kind, key in PANES_AND_KEYS.items():
            await user.press(key)
            await user.until(lambda: len(user.codes(user.desk.active.kind.value)) > 1)
            assert user.desk.active is user.pane(kind)
            await expect_footer_of_buys_alone(user, kind)
            await expect_footer_of_one_marked_row(user, kind)


async def expect_footer_of_buys_alone(user: Blotter, kind: str) -> None:
    every = len(user.codes(kind))
    await user.press("slash")
    await user.type("side:buy")
    await user.press("enter")
    await user.until(lambda: 1 < len(user.codes(kind)) < every)
    await user.until(lambda: sides_of(user, kind) in ({"buy"}, {"buy", "cover"}))


async def expect_footer_of_one_marked_row(user: Blotter, kind: str) -> None:
    chosen = user.pane(kind).cursor
    assert chosen is not None
    await user.press("space")
    await user.until(lambda: "1 of " in said_of(user, kind))
    cells = user.row(kind, chosen.id.code)
    worth = cells[MONEY.get(kind, "value")].removesuffix(cells.get("currency", "")).strip()
    without_cents = worth.split(".")[0][:-1]
    assert f"{cells['side'].lower()} {without_cents}" in said_of(user, kind)
    currencies = [each for each in said_of(user, kind).split() if each.isalpha() and each.isupper()]
    assert len({*currencies}) == 1, "one row is money of one currency"
    await user.press("escape")


def said_of(user: Blotter, kind: str) -> str:
    """Return all that a pane's footer says, also where the line is too short for it."""
    return user.pane(kind).query_one("#totals", Pieces).text


def sides_of(user: Blotter, kind: str) -> set[str]:
    """Return the sides that a footer has money of."""
    return {"buy", "sell", "short", "cover"} & {*said_of(user, kind).split()}


async def test_what_a_head_of_trading_asks_for_is_a_column_of_the_panes_it_belongs_to() -> None:
    common = {"Name", "Last", "Notional", "% done", "Trader", "Age"}
    wanted = {
        "blocks": common | {"% ADV", "Slip bp", "Compliance", "Approval", "Average"},
        "orders": common | {"% ADV", "Compliance", "Approval"},
        "placements": common | {"Slip bp", "Broker says", "Average"},
    }
    async with blotter((250, 70), start=AFTERNOON) as user:
        assert wanted["blocks"] - {"Trader"} <= {*titles(user.pane("blocks").grid)}, "without scrolling"
        await user.press("l")
        for kind, asked in wanted.items():
            grid, seen = user.pane(kind).grid, set[str]()
            grid.focus()
            for _ in grid.columns:
                seen |= {*titles(grid)}
                await user.press("right")
            assert asked <= seen, kind
        rejected = next(each for each in user.desk.snapshot.placements.values() if each.state == "Rejected")
        assert "away from the market" in user.row("placements", rejected.id.code)["reason"]
