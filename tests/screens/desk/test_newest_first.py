"""The newest activity stands on top, and the row under the cursor stays under it."""

from __future__ import annotations

from tests.blotter_app import Blotter, blotter, demo
from tests.screens.desk.trading_steps import new_block
from tests.service.sync.partial_server import PartialServer
from tui.api.http import AsyncBaseTransport
from tui.api.requests import BlockRequest


def activity(user: Blotter) -> list[object]:
    rows = user.desk.snapshot.blocks
    return [rows[id].latest_activity_date for id in user.pane("blocks").shown]


async def change(user: Blotter, code: str) -> None:
    """Let somebody else change a block, and read it."""
    desk = user.app.session.desk
    assert desk
    row = desk.snapshot.blocks[demo(code)].block
    fields = {name: getattr(row, name) for name in BlockRequest.__struct_fields__}
    await user.client.blocks.upsert([BlockRequest(**{**fields, "time_in_force": "GoodTilCancel"})])
    await desk.refresh()
    await user.until(lambda: user.codes("blocks")[0] == code)


async def test_the_block_with_the_newest_activity_is_on_top_and_a_new_one_above_it() -> None:
    async with blotter() as user:
        assert activity(user) == sorted(activity(user), key=str, reverse=True)
        assert "newest first" in user.text()
        created = await new_block(user, orders="UKEQ-GROW 1000")
        assert user.codes("blocks")[0] == created


async def test_rows_that_come_to_the_top_leave_the_row_under_the_cursor_under_it() -> None:
    async with blotter() as user:
        grid = user.pane("blocks").grid
        await user.press(*["down"] * 5)
        held, oldest = user.codes("blocks")[5], user.codes("blocks")[-1]
        await change(user, oldest)
        assert user.pane("blocks").cursor
        assert str(user.pane("blocks").cursor) == f"block {held}"
        assert grid.cursor_row == 6
        assert grid.selected == frozenset()


async def test_scrolled_down_the_screen_stands_still_while_rows_come_in_above() -> None:
    async with blotter((120, 24)) as user:
        grid = user.pane("blocks").grid
        await user.press(*["down"] * 25)
        top, held, oldest = grid.scroll_offset.y, grid.cursor_key, user.codes("blocks")[-1]
        assert top > 0
        line = grid.cursor_row - top if grid.cursor_row else None
        await change(user, oldest)
        assert grid.cursor_key == held
        assert grid.cursor_row is not None
        assert grid.cursor_row - grid.scroll_offset.y == line


async def test_the_reader_sorts_otherwise_and_comes_back() -> None:
    async with blotter() as user:
        await user.press("s")
        assert "newest first" in await user.form()
        await user.type("o")
        await user.press("enter")
        await user.until(lambda: "by Ordered up" in user.text())
        await user.press("s")
        assert "Ordered" in await user.form()
        await user.type("n")
        await user.press("enter")
        await user.until(lambda: activity(user) == sorted(activity(user), key=str, reverse=True))
        assert "by Ordered up" not in user.text()


async def test_where_blocks_are_never_swept_the_pane_says_since_when_they_are_active() -> None:
    async with blotter() as user:
        assert "active since" not in user.text()
        desk = user.app.session.desk
        assert desk
        desk.learned.put("blocks.sweeps", False)
        await desk.load()
        since = desk.snapshot.active_since
        assert since is not None
        await user.until(lambda: f"active since {since:%d %b}" in user.text())


async def test_while_the_desk_is_read_the_newest_are_seen_and_not_scrolled_away() -> None:
    def page_by_page(server: AsyncBaseTransport) -> AsyncBaseTransport:
        line = PartialServer(server)
        line.page_size = 5
        return line

    async with blotter((120, 24), wrap=page_by_page) as user:
        grid = user.pane("blocks").grid
        await user.until(lambda: not user.pane("blocks").arranging)
        assert activity(user) == sorted(activity(user), key=str, reverse=True)
        assert (grid.cursor_row, grid.scroll_offset.y) == (0, 0)
