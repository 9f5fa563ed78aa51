"""A dealer pins rows: they stand on top of every sort and filter, and K leaves what works of them alone."""

from __future__ import annotations

import pytest

from tests.blotter_app import Blotter, blotter
from tests.screens.desk.test_kill_switch import asked, preview, working
from tui.api.states import is_finished


async def filtered(user: Blotter, text: str) -> None:
    await user.press("slash")
    await user.type(text)
    await user.press("enter")


def title(user: Blotter, kind: str = "blocks") -> str:
    return user.pane(kind)._title.text


async def test_a_pinned_row_stands_on_top_of_every_sort_and_filter() -> None:
    async with blotter((160, 48)) as user:
        await user.go("blocks", "BLK-0007")
        await user.press("P")
        assert "1 block pinned" in user.notices[-1]
        assert "K leaves alone" in user.notices[-1]
        assert user.codes("blocks")[0] == "BLK-0007"
        assert "1 pinned" in title(user)
        first = user.pane("blocks").grid.render_line(1).text
        assert first.startswith(">^"), "the pin is a sign at the left edge, in every theme"
        pane = user.pane("blocks")
        for _ in range(3):
            pane.set_view(pane.view.sorted_by("ordered"))
            await user.press()
            assert user.codes("blocks")[0] == "BLK-0007"
        await filtered(user, "!id:blk-0007 side:buy")
        assert user.codes("blocks")[0] == "BLK-0007"
        assert len(user.codes("blocks")) > 3
        await user.go("blocks", "BLK-0007")
        await user.press("P")
        assert "BLK-0007" not in user.codes("blocks"), "unpinned, it obeys the filter again"


async def test_what_only_a_pin_shows_is_not_counted_added_up_exported_or_selected_with_all(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("exports")
    async with blotter((200, 60), exports=folder) as user:
        await filtered(user, "instrument:VOD")
        codes, totals = user.codes("blocks"), user.pane("blocks")._footer.text
        counted = title(user).split("  ")[1]
        await user.press("escape")
        other = next(code for code in user.codes("blocks") if code not in codes)
        await user.go("blocks", other)
        await user.press("P")
        await filtered(user, "instrument:VOD")
        assert user.codes("blocks") == [other, *codes]
        assert user.pane("blocks")._footer.text == totals
        assert counted in title(user)
        await user.press("asterisk")
        assert {id.code for id in user.pane("blocks").in_focus} == set(codes)
        await user.press("escape", "E")
        await user.form()
        await user.press("enter")
        await user.until(lambda: "rows written" in user.notices[-1])
        [file] = folder.iterdir()
        assert other not in file.read_text()


async def test_a_pinned_placement_stays_in_sight_while_the_panes_follow_another_block() -> None:
    async with blotter((160, 48)) as user:
        await user.press("3")
        pinned = user.codes("placements")[0]
        await user.press("P", "1", "G")
        await user.until(lambda: user.pane("orders")._of == str(user.codes("blocks")[-1]))
        block, desk = user.pane("blocks").cursor, user.desk.snapshot
        assert block is not None
        row = next(row for id, row in desk.placements.items() if id.code == pinned)
        assert block.id not in row.block_ids
        assert user.codes("placements")[0] == pinned
        assert set(user.codes("orders")) == {id.code for id in desk.blocks[block.id].block.order_ids}


@pytest.mark.parametrize("kind", ["placements", "blocks", "orders"])
async def test_k_spares_what_works_of_a_pinned_row_and_says_how_many(kind: str) -> None:
    async with blotter() as user:
        count, snapshot = working(user), user.app.session.snapshot
        row = next(
            row
            for row in snapshot.placements.values()
            if not is_finished(row.state)
            and row.parent_placement_id is None
            and len(row.block_ids) == 1
            and len([each for each in snapshot.placements.values() if row.block_ids[0] in each.block_ids])
            == 1
        )
        block = row.block_ids[0]
        code = {
            "placements": row.id.code,
            "blocks": block.code,
            "orders": next(iter(snapshot.orders_of_block(block))).code,
        }[kind]
        await user.go(kind, code)
        await user.press("P")
        await filtered(user, "nothing-like-it")
        assert user.codes(kind) == [code]
        lines = await asked(user)
        assert "1 working placement is exempt: pinned, or of a pinned block or order." in user.boxed()
        assert lines[0].startswith(f"1 All that work on the whole desk {count - 1} placements of ")
        assert "1 pinned spared" in lines[0]
        assert f"on the whole desk, pinned ones too {count} placements" in lines[-1]
        await user.press("1")
        said = await preview(user)
        assert f"Cancel {count - 1} placements: all that work on the whole desk, without 1 pinned" in said
        await user.confirm(*str(count - 1), "enter")
        await user.report()
        await user.until(lambda: working(user) == 1)
        after = user.app.session.snapshot.placements[row.id]
        assert not is_finished(after.state), "the pinned one works on"


async def test_k_cancels_the_pinned_too_when_asked_to() -> None:
    async with blotter() as user:
        count = working(user)
        await user.go("placements")
        await user.press("asterisk", "P")
        lines = await asked(user)
        assert lines[0] == "1 All that work on the whole desk all pinned"
        assert "on the whole desk, pinned ones too" in lines[-1]
        await user.press(str(len(lines)))
        assert (
            f"Cancel {count} placements: all that work on the whole desk, pinned ones too"
            in await preview(user)
        )
        await user.confirm(*str(count), "enter")
        await user.report()
        await user.until(lambda: working(user) == 0)


async def test_a_pinned_fill_is_no_exemption() -> None:
    async with blotter() as user:
        count = working(user)
        await user.go("executions")
        await user.press("asterisk", "P")
        assert "K leaves alone" not in user.notices[-1]
        assert user.pane("executions").view.pins
        lines = await asked(user)
        assert lines[0].startswith(f"1 All that work on the whole desk {count} placements of ")
