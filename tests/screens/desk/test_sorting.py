"""Sorting by several columns, by keys and by mouse; and the cursor, which never leaves its row for it."""

from __future__ import annotations

import re

from textual.geometry import Offset

from tests.blotter_app import Blotter, blotter, demo
from tui.api.requests import BlockRequest


def as_counted(code: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", code)]


def header(user: Blotter, kind: str) -> str:
    return user.pane(kind).grid.render_line(0).text


def title(user: Blotter, kind: str, name: str) -> Offset:
    """Return where the title of a column stands on the screen."""
    grid = user.pane(kind).grid
    return grid.content_region.offset + Offset(header(user, kind).index(name), 0)


async def click(user: Blotter, name: str, *, control: bool = False) -> None:
    await user.pilot.click(offset=title(user, "blocks", name), control=control)
    await user.press()


async def test_rows_are_sorted_by_three_columns_and_the_header_and_title_say_so() -> None:
    async with blotter() as user:
        await user.press("s")
        await user.fill("column0", "Side")
        await user.fill("column1", "Type")
        await user.fill("column2", "Block")
        await user.press("down")
        await user.press("space", "enter")
        await user.until(lambda: "by Side up, Type up, Block down" in user.text())
        rows = [user.row("blocks", code) for code in user.codes("blocks")]
        keys = [(row["side"], row["type"]) for row in rows]
        assert len(set(keys)) < len(keys)
        wire = [user.desk.snapshot.blocks[demo(code)].block for code in user.codes("blocks")]
        assert [(b.side, b.type) for b in wire] == sorted((b.side, b.type) for b in wire)
        for key in {(b.side, b.type) for b in wire}:
            codes = [b.id.code for b in wire if (b.side, b.type) == key]
            assert codes == sorted(codes, key=as_counted, reverse=True)
        shown = header(user, "blocks")
        assert "Side▲1" in shown
        assert "Block▼3" in shown
        await user.press("s")
        assert "Side" in await user.form()


async def test_a_click_sorts_and_one_with_ctrl_adds_a_column() -> None:
    async with blotter() as user:
        await click(user, "Side")
        assert "by Side up" in user.text()
        await click(user, "Ordered", control=True)
        await click(user, "Ordered", control=True)
        assert "by Side up, Ordered down" in user.text()
        assert "Ordered▼2" in header(user, "blocks")
        await click(user, "Side")
        assert "by Side up " in user.text()
        assert "Ordered▼" not in header(user, "blocks")


async def test_ids_are_counted_and_not_read_as_text() -> None:
    async with blotter() as user:
        await click(user, "Block")
        codes = user.codes("blocks")
        assert codes == sorted(codes, key=as_counted)


async def test_with_several_sorts_and_a_selection_the_cursor_stays_on_its_row_when_others_come_above() -> (
    None
):
    async with blotter((120, 24)) as user:
        await click(user, "Side")
        await click(user, "Ordered", control=True)
        await user.press(*["down"] * 20, "space", "down", "space", "down")
        grid = user.pane("blocks").grid
        held, chosen, line = grid.cursor_key, grid.selected, grid.cursor_row
        desk = user.app.session.desk
        assert desk
        assert line is not None
        top = desk.snapshot.blocks[user.pane("blocks").shown[0]].block
        fields = {name: getattr(top, name) for name in BlockRequest.__struct_fields__}
        await user.client.blocks.upsert([BlockRequest(**{**fields, "id": demo("BLK-NEW"), "order_ids": ()})])
        await desk.refresh()
        await user.until(lambda: "BLK-NEW" in user.codes("blocks"))
        assert user.codes("blocks").index("BLK-NEW") < line
        assert (grid.cursor_key, grid.selected, grid.cursor_row) == (held, chosen, line + 1)
        await user.press("r")
        await user.until(lambda: user.desk.snapshot.complete and not user.pane("blocks").arranging)
        assert (grid.cursor_key, grid.selected) == (held, chosen)
