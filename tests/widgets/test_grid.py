"""The grid as a reader sees it: the plain text of its lines, and what it sends to change them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Any

import pytest
from rich.style import Style
from textual.app import App, ComposeResult
from textual.geometry import Region
from textual.pilot import Pilot

from widgets.grid import Cell, Grid, GridColumn
from widgets.grid.surface import FLASH_S

COLUMNS = (
    GridColumn("id", "Order", 12, cut="middle"),
    GridColumn("side", "Side", 5),
    GridColumn("name", "Instrument", 16, flexible=True),
    GridColumn("quantity", "Quantity", 9, align="right", cut="never"),
    GridColumn("price", "Price", 9, align="right", cut="never"),
)


@dataclass
class OrderRow:
    """A row as the owner of the grid knows it."""

    id: str
    side: str = "Buy"
    name: str = "Vodafone"
    quantity: int = 1000
    price: str = "0.8200"


class Watched(Grid):
    """A grid that remembers which regions it had repainted, and for which keys it asked cells."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.repainted: list[Region] = []
        self.whole = 0

    def refresh(self, *regions: Region, **options: Any) -> Any:
        self.repainted.extend(regions)
        self.whole += not regions
        return super().refresh(*regions, **options)


class GridHost(App[None]):
    """A screen filled by one grid of ``count`` orders."""

    def __init__(self, count: int, columns: Sequence[GridColumn] = COLUMNS, **options: Any) -> None:
        super().__init__()
        self.rows = {f"ORD-{number}": OrderRow(f"ORD-{number}") for number in range(count)}
        self.asked: list[Any] = []
        self.told: list[Any] = []
        styles = {"buy": Style(color="#56B4E9"), "sell": Style(color="#E8743B")}
        self.grid = Watched(columns, self.cells, styles=styles, empty="Nothing matches.", **options)

    def cells(self, key: Any) -> list[Cell]:
        self.asked.append(key)
        row = self.rows[key]
        side = Cell(row.side, row.side.lower())
        return [Cell(row.id), side, Cell(row.name), Cell(f"{row.quantity:,}"), Cell(row.price)]

    def compose(self) -> ComposeResult:
        yield self.grid

    def on_mount(self) -> None:
        self.grid.focus()
        self.grid.show(list(self.rows))

    def on_grid_cursor_moved(self, event: Grid.CursorMoved) -> None:
        self.told.append(("moved", event.key))

    def on_grid_selected(self, event: Grid.Selected) -> None:
        self.told.append(("selected", event.keys))

    def on_grid_opened(self, event: Grid.Opened) -> None:
        self.told.append(("opened", event.key))

    def on_grid_column_pressed(self, event: Grid.ColumnPressed) -> None:
        self.told.append(("column", event.column_id))

    @property
    def lines(self) -> list[str]:
        """The lines as drawn, header first."""
        return [self.grid.render_line(y).text for y in range(self.grid.size.height)]

    @property
    def ids(self) -> list[str]:
        """The texts in the first column of the visible rows."""
        return [line[2:14].strip() for line in self.lines[1:]]

    def forget(self) -> None:
        """Start watching now."""
        self.grid.repainted.clear()
        self.grid.whole = 0
        self.asked.clear()
        self.told.clear()


async def settle(pilot: Pilot[None], stage: GridHost) -> None:
    """Wait until everything is painted, then start watching."""
    await pilot.pause()
    stage.forget()


async def test_rows_are_drawn_under_their_titles_with_the_cursor_marked() -> None:
    stage = GridHost(3)
    async with stage.run_test(size=(60, 6)) as pilot:
        await pilot.pause()
        assert stage.lines == [
            "  Order        Side  Instrument          Quantity     Price ",
            "> ORD-0        Buy   Vodafone               1,000    0.8200 ",
            "  ORD-1        Buy   Vodafone               1,000    0.8200 ",
            "  ORD-2        Buy   Vodafone               1,000    0.8200 ",
            " " * 60,
            " " * 60,
        ]


async def test_the_cursor_moves_by_arrows_letters_pages_and_leaps() -> None:
    stage = GridHost(100)
    async with stage.run_test(size=(60, 11)) as pilot:
        await settle(pilot, stage)
        for keys, expected in (
            (["down", "j", "j"], 3),
            (["up", "k"], 1),
            (["pagedown"], 11),
            (["ctrl+d"], 16),
            (["ctrl+u", "pageup"], 1),
            (["G"], 99),
            (["g", "g"], 0),
            (["end"], 99),
            (["home"], 0),
            (["up"], 0),
            (["g", "j", "g"], 1),
        ):
            await pilot.press(*keys)
            assert stage.grid.cursor_row == expected, keys
            assert stage.grid.cursor_key in stage.grid.visible_keys


async def test_the_cursor_scrolls_as_little_as_needed() -> None:
    stage = GridHost(100)
    async with stage.run_test(size=(60, 11)) as pilot:
        await pilot.press(*["j"] * 12)
        assert stage.ids == [f"ORD-{number}" for number in range(3, 13)]
        await pilot.press(*["k"] * 9)
        assert stage.ids[0] == "ORD-3"


async def test_cursor_selection_and_place_on_the_screen_survive_a_sort() -> None:
    stage = GridHost(100)
    async with stage.run_test(size=(60, 11)) as pilot:
        await pilot.press("space", *["j"] * 30, "space")
        place = stage.ids.index("ORD-30")
        stage.grid.show(list(reversed(stage.grid.keys)))
        await pilot.pause()
        assert stage.grid.cursor_key == "ORD-30"
        assert stage.ids.index("ORD-30") == place
        assert stage.grid.selected == {"ORD-0", "ORD-30"}
        assert ">●ORD-30" in stage.lines[1 + place]


async def test_a_filter_moves_the_cursor_to_the_nearest_row_and_says_so() -> None:
    stage = GridHost(50)
    async with stage.run_test(size=(60, 11)) as pilot:
        await pilot.press(*["j"] * 20)
        await settle(pilot, stage)
        stage.grid.show([key for key in stage.rows if not key.startswith("ORD-2")])
        await pilot.pause()
        assert stage.grid.cursor_key == "ORD-19"
        assert stage.told == [("moved", "ORD-19")]


async def test_rows_in_sight_stay_in_sight_when_others_come_above() -> None:
    stage = GridHost(100)
    async with stage.run_test(size=(60, 11)) as pilot:
        await pilot.press("G")
        stage.rows = {"ORD-NEW": OrderRow("ORD-NEW"), **stage.rows}
        before = stage.ids
        stage.grid.show(list(stage.rows))
        await pilot.pause()
        assert stage.ids == before
        stage.grid.move_to("ORD-0")
        await pilot.press("home")
        assert stage.ids[0] == "ORD-NEW"


async def test_space_v_and_star_select_and_the_mark_tells_without_colour() -> None:
    stage = GridHost(10, ascii=True)
    async with stage.run_test(size=(60, 11)) as pilot:
        await settle(pilot, stage)
        await pilot.press("j", "space", "j", "v", "j", "j", "v", "j")
        assert stage.grid.selected == {"ORD-1", "ORD-2", "ORD-3", "ORD-4"}
        assert [line[:2] for line in stage.lines[1:]] == [
            "  ",
            " *",
            " *",
            " *",
            " *",
            "> ",
            "  ",
            "  ",
            "  ",
            "  ",
        ]
        assert stage.told[-2] == ("selected", frozenset({"ORD-1", "ORD-2", "ORD-3", "ORD-4"}))
        await pilot.press("asterisk")
        assert len(stage.grid.selected) == 10
        assert stage.grid.clear_selection()
        assert not stage.grid.clear_selection()
        assert stage.grid.selected == frozenset()


async def test_enter_opens_and_a_title_pressed_is_told() -> None:
    stage = GridHost(10)
    async with stage.run_test(size=(60, 11)) as pilot:
        await settle(pilot, stage)
        await pilot.press("j", "enter")
        assert ("opened", "ORD-1") in stage.told
        await pilot.click(stage.grid, offset=(45, 0))
        assert stage.told[-1] == ("column", "quantity")


async def test_the_mouse_on_a_title_says_what_the_column_is_and_markup_is_text() -> None:
    told = GridColumn("bar", "Life cycle", 12, tip="[b]█ booked, ▓ allocated")
    stage = GridHost(10, (*COLUMNS[:2], told))
    async with stage.run_test(size=(60, 11)) as pilot:
        await settle(pilot, stage)
        await pilot.hover(stage.grid, offset=(24, 0))
        assert str(stage.grid.tooltip) == "[b]█ booked, ▓ allocated"
        await pilot.hover(stage.grid, offset=(24, 3))
        assert stage.grid.tooltip is None


async def test_the_mouse_moves_the_cursor_toggles_at_the_edge_and_opens() -> None:
    stage = GridHost(100)
    async with stage.run_test(size=(60, 11)) as pilot:
        cursors = []
        for place in ((20, 4), (1, 6)):
            await pilot.click(stage.grid, offset=place)
            cursors.append(stage.grid.cursor_key)
        assert cursors == ["ORD-3", "ORD-5"]
        assert stage.grid.selected == {"ORD-5"}
        await pilot.double_click(stage.grid, offset=(20, 2))
        assert ("opened", "ORD-1") in stage.told


async def test_the_sorted_column_carries_a_mark() -> None:
    stage = GridHost(3)
    async with stage.run_test(size=(60, 5)) as pilot:
        stage.grid.set_sort(("quantity", True))
        await pilot.pause()
        assert "Quantity▼" in stage.lines[0]
        stage.grid.set_sort(("side", False))
        assert "Side▲" in stage.lines[0]
        stage.grid.set_sort()
        assert "▲" not in stage.lines[0]
        stage.grid.set_sort(("side", False), ("quantity", True))
        assert "Side▲1" in stage.lines[0]
        assert "Quantity▼2" in stage.lines[0]


async def test_an_empty_grid_says_why_in_its_middle_and_takes_every_key() -> None:
    stage = GridHost(0)
    async with stage.run_test(size=(60, 11)) as pilot:
        await pilot.press(
            "j", "k", "G", "g", "g", "pagedown", "space", "v", "asterisk", "enter", "left", "right"
        )
        assert stage.lines[5].strip() == "Nothing matches."
        assert stage.grid.cursor_key is None
        assert stage.told == []


async def test_markup_control_characters_and_wide_text_are_drawn_as_text() -> None:
    stage = GridHost(3)
    stage.rows["ORD-0"].name = "[b]bold[/b] [/x]"
    stage.rows["ORD-1"].name = "a\x1b]52;c;eA==\x07b"
    stage.rows["ORD-2"].name = "日本電信電話株式会社"
    async with stage.run_test(size=(60, 5)) as pilot:
        await pilot.pause()
        assert "[b]bold[/b] [/x]" in stage.lines[1]
        assert "a\ufffd]52;c;eA==\ufffdb" in stage.lines[2]
        assert "日本電信電話株式… " in stage.lines[3]
        assert {stage.grid.render_line(y).cell_length for y in range(5)} == {60}
        assert stage.lines[3].endswith("1,000    0.8200 ")


async def test_a_number_takes_room_from_text_and_never_loses_a_digit() -> None:
    stage = GridHost(30)
    async with stage.run_test(size=(60, 11)) as pilot:
        await settle(pilot, stage)
        stage.rows["ORD-3"].quantity = 123_456_789_012
        stage.grid.refresh_cells()
        await pilot.pause()
        assert "123,456,789,012" in stage.lines[4]
        assert stage.lines[4].endswith("0.8200 ")


async def test_columns_fit_what_is_in_sight_until_the_cursor_moves_and_only_grow_from_then_on() -> None:
    stage = GridHost(30)
    stage.rows["ORD-9"].quantity = 123_456_789_012
    async with stage.run_test(size=(60, 20)) as pilot:

        async def widths(width: int, height: int) -> list[int]:
            await pilot.resize_terminal(width, height)
            await pilot.pause()
            return [slot.width for slot in stage.grid._slots]

        tall, short = await widths(60, 20), await widths(60, 6)
        assert (tall[3], short[3]) == (len("123,456,789,012"), stage.grid.columns[3].width)
        await pilot.press("down")
        assert await widths(60, 20) == await widths(60, 6) == tall
        await widths(70, 6)
        assert await widths(60, 6) == short


async def test_a_number_that_is_only_half_in_sight_is_hidden() -> None:
    stage = GridHost(3)
    stage.rows["ORD-0"].quantity = 123_456
    async with stage.run_test(size=(34, 5)) as pilot:
        await pilot.press("right", "right")
        assert stage.lines[1].split() == [">", "ORD-0", "123,456", "0.8200"]
        await pilot.resize_terminal(30, 5)
        await pilot.pause()
        assert stage.lines[1].split() == [">", "ORD-0", "123,456"]


async def test_sideways_whole_columns_go_and_the_first_stays() -> None:
    stage = GridHost(3)
    async with stage.run_test(size=(34, 5)) as pilot:
        await pilot.pause()
        assert stage.lines[0].endswith("›")
        await pilot.press(*["right"] * 9)
        assert stage.lines[0].startswith(" ‹Order")
        assert stage.lines[1].startswith("> ORD-0")
        assert stage.lines[1].rstrip().endswith("0.8200")
        await pilot.press(*["left"] * 9)
        assert "Side" in stage.lines[0]


async def test_resizing_keeps_the_cursor_in_sight() -> None:
    stage = GridHost(200)
    async with stage.run_test(size=(120, 40)) as pilot:
        await pilot.press(*["j"] * 35)
        for size in ((80, 24), (20, 5), (7, 2), (3, 1), (1, 1), (200, 50)):
            await pilot.resize_terminal(*size)
            await pilot.pause()
            assert stage.grid.cursor_key == "ORD-35"
            assert "ORD-35" in stage.grid.visible_keys
            assert all(stage.grid.render_line(y).cell_length == size[0] for y in range(size[1]))


async def test_a_cursor_move_repaints_two_lines_and_asks_for_nothing() -> None:
    stage = GridHost(100)
    async with stage.run_test(size=(60, 11)) as pilot:
        await settle(pilot, stage)
        await pilot.press("j")
        assert {region.y for region in stage.grid.repainted} == {1, 2}
        assert stage.grid.whole == 0
        assert stage.asked == []


async def test_changed_cells_repaint_their_own_regions_only() -> None:
    stage = GridHost(100)
    async with stage.run_test(size=(60, 11)) as pilot:
        await settle(pilot, stage)
        stage.rows["ORD-4"].price = "0.8300"
        stage.rows["ORD-6"].side = "Sell"
        stage.rows["ORD-90"].price = "9.9900"
        stage.grid.refresh_cells()
        await pilot.pause()
        price, side = stage.grid.repainted
        assert (price.y, price.height) == (5, 1)
        assert stage.lines[5][price.x : price.right].strip() == "0.8300"
        assert (side.y, stage.lines[7][side.x : side.right].strip()) == (7, "Sell")
        assert stage.grid.whole == 0


async def test_rows_that_changed_out_of_sight_cost_nothing() -> None:
    stage = GridHost(100)
    async with stage.run_test(size=(60, 11)) as pilot:
        await settle(pilot, stage)
        stage.rows["ORD-90"].price = "9.9900"
        stage.grid.refresh_cells(["ORD-90", "ORD-91"])
        assert (stage.asked, stage.grid.repainted) == ([], [])


async def test_showing_the_same_rows_again_sends_nothing() -> None:
    stage = GridHost(100)
    async with stage.run_test(size=(60, 11)) as pilot:
        await settle(pilot, stage)
        stage.grid.show(list(stage.rows))
        await pilot.pause()
        assert (stage.grid.repainted, stage.grid.whole, stage.told) == ([], 0, [])


async def test_a_new_last_row_out_of_sight_sends_nothing() -> None:
    stage = GridHost(100)
    async with stage.run_test(size=(60, 11)) as pilot:
        await settle(pilot, stage)
        stage.rows["ORD-LAST"] = OrderRow("ORD-LAST")
        stage.grid.show(list(stage.rows))
        await pilot.pause()
        assert (stage.grid.repainted, stage.grid.whole) == ([], 0)
        await pilot.press("G")
        assert stage.ids[-1] == "ORD-LAST"


async def test_a_hundred_thousand_rows_ask_for_the_visible_ones_only() -> None:
    stage = GridHost(100_000)
    async with stage.run_test(size=(60, 11)) as pilot:
        await pilot.press("G")
        assert stage.ids[-1] == "ORD-99999"
        await pilot.press("g", "g", "pagedown", "pagedown")
        assert stage.ids[0] == "ORD-20"
        assert len(set(stage.asked)) <= 50


async def test_a_marked_cell_is_reversed_then_marked_until_the_cursor_comes_by(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stage = GridHost(10)
    async with stage.run_test(size=(60, 11)) as pilot:
        await settle(pilot, stage)
        stage.grid.mark({"ORD-3": ["price"]})
        strip = stage.grid.render_line(4)
        assert [part.text.strip() for part in strip if part.style and part.style.reverse] == ["0.8200"]
        later = monotonic() + FLASH_S
        monkeypatch.setattr("widgets.grid.surface.monotonic", lambda: later)
        stage.grid.refresh_cells()
        assert not any(part.style and part.style.reverse for part in stage.grid.render_line(4))
        assert stage.lines[4].endswith("0.8200'")
        await pilot.press("j", "j", "j", "j")
        assert "'" not in stage.lines[4]


def reversed_parts(stage: GridHost, line: int) -> list[str]:
    """Return the texts of a line that are reversed."""
    strip = stage.grid.render_line(line)
    return [part.text.strip() for part in strip if part.style and part.style.reverse]


def later(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """Move the grid's clock forward."""
    now = monotonic() + seconds
    monkeypatch.setattr("widgets.grid.surface.monotonic", lambda: now)


@pytest.mark.parametrize("no_colour", ["", "1"])
async def test_a_mark_is_seen_without_colour_and_moves_no_text(
    no_colour: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", no_colour)
    stage = GridHost(10)
    async with stage.run_test(size=(60, 11)) as pilot:
        await settle(pilot, stage)
        before = stage.lines[4]
        stage.grid.mark({"ORD-3": ["side", "quantity"]})
        marked = stage.lines[4]
        assert marked == "  ORD-3        Buy'  Vodafone               1,000'   0.8200 "
        assert marked.replace("'", " ") == before
        assert reversed_parts(stage, 4) == ["Buy'", "1,000"]


async def test_a_mark_stands_behind_a_column_that_is_full_and_in_no_drawing() -> None:
    stage = GridHost(10)
    stage.rows["ORD-3"].side = "Short"
    stage.rows["ORD-4"].name = "██▓▒      "
    async with stage.run_test(size=(60, 11)) as pilot:
        await settle(pilot, stage)
        stage.grid.mark({"ORD-3": ["side"], "ORD-4": ["name"]})
        assert stage.lines[4].startswith("  ORD-3        Short'Vodafone")
        assert stage.lines[5].startswith("  ORD-4        Buy   ██▓▒              '")


async def test_a_cell_that_changes_all_the_time_is_reversed_once_a_second(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stage = GridHost(10)
    async with stage.run_test(size=(60, 11)) as pilot:
        await settle(pilot, stage)
        stage.grid.mark({"ORD-3": ["price"]})
        later(monkeypatch, FLASH_S / 2)
        stage.grid.mark({"ORD-3": ["price"]})
        later(monkeypatch, FLASH_S * 1.1)
        stage.grid.refresh_cells()
        assert reversed_parts(stage, 4) == []
        stage.grid.mark({"ORD-3": ["price"]})
        assert reversed_parts(stage, 4) == ["0.8200"]


async def test_a_flash_is_painted_once_on_and_once_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("widgets.grid.surface.FLASH_S", 0.05)
    stage = GridHost(10)
    async with stage.run_test(size=(60, 11)) as pilot:
        await settle(pilot, stage)
        stage.grid.mark({"ORD-3": ["price"], "ORD-99": ["price"]}, ["ORD-5", "ORD-98"])
        await pilot.pause(0.5)
        assert [region.y for region in stage.grid.repainted] == [4, 6, 4, 6]
        assert stage.grid.whole == 0
        assert stage.lines[4].endswith("0.8200'")


async def test_a_new_row_is_marked_at_its_edge_until_the_cursor_comes_by(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stage = GridHost(10)
    async with stage.run_test(size=(60, 11)) as pilot:
        await settle(pilot, stage)
        stage.grid.mark({}, ["ORD-2"])
        assert "".join(reversed_parts(stage, 3)).startswith("'")
        assert all(part.style and part.style.reverse for part in stage.grid.render_line(3))
        later(monkeypatch, FLASH_S)
        stage.grid.refresh_cells()
        assert reversed_parts(stage, 3) == []
        assert stage.lines[3] == "' ORD-2        Buy   Vodafone               1,000    0.8200 "
        await pilot.press("j", "j", "j")
        assert stage.lines[3] == "  ORD-2        Buy   Vodafone               1,000    0.8200 "


async def test_a_change_under_a_resting_cursor_stays_marked_until_the_cursor_leaves() -> None:
    stage = GridHost(10)
    async with stage.run_test(size=(60, 11)) as pilot:
        await pilot.press("j", "j", "j")
        stage.grid.mark({"ORD-3": ["price"]})
        stage.grid.show(list(reversed(stage.grid.keys)))
        row = stage.ids.index("ORD-3") + 1
        assert stage.lines[row].endswith("0.8200'")
        await pilot.press("k")
        assert stage.lines[row].endswith("0.8200 ")


async def test_all_marks_go_at_once_and_those_of_rows_that_are_gone() -> None:
    stage = GridHost(10)
    async with stage.run_test(size=(60, 11)) as pilot:
        await settle(pilot, stage)
        stage.grid.mark({"ORD-3": ["price"], "ORD-4": ["price"]}, ["ORD-5"])
        stage.grid.unmark(["ORD-4", "ORD-77"])
        assert [line for line in stage.lines if "'" in line] == [stage.lines[4], stage.lines[6]]
        assert stage.grid.clear_marks()
        assert not any("'" in line for line in stage.lines)
        assert not stage.grid.clear_marks()


async def test_a_mark_waits_for_a_row_that_a_filter_hides() -> None:
    stage = GridHost(10)
    async with stage.run_test(size=(60, 11)) as pilot:
        await settle(pilot, stage)
        stage.grid.mark({"ORD-3": ["price"]})
        stage.grid.show(["ORD-0", "ORD-1"])
        stage.grid.show(list(stage.rows))
        assert stage.lines[4].endswith("0.8200'")


async def test_an_owner_that_knows_its_rows_is_asked_for_the_changed_cells_only() -> None:
    stage = GridHost(100)
    async with stage.run_test(size=(60, 11)) as pilot:
        await settle(pilot, stage)
        stage.rows["ORD-2"].price = "0.8300"
        keys = [key for key in stage.rows if key != "ORD-1"]
        index = Sorted(keys)
        stage.grid.show(keys, index=index, changed=["ORD-2", "ORD-90"])
        await pilot.pause()
        assert stage.asked == ["ORD-2", "ORD-10"]
        assert stage.lines[2].endswith("0.8300 ")
        assert stage.grid.move_to("ORD-50")
        assert index.asked == 1


class Sorted(dict[Any, int]):
    """An owner's own index of its rows, which counts how often it is asked."""

    def __init__(self, keys: Sequence[Any]) -> None:
        super().__init__((key, row) for row, key in enumerate(keys))
        self.asked = 0

    def find(self, key: Any, /) -> int | None:
        self.asked += 1
        return self.get(key)


async def test_a_new_theme_draws_in_its_colours() -> None:
    stage = GridHost(3)
    async with stage.run_test(size=(60, 5)) as pilot:
        await pilot.pause()
        dark = stage.grid.render_line(3)
        stage.theme = "textual-light"
        await pilot.pause()
        assert stage.grid.render_line(3) != dark


async def test_the_cursor_shows_without_colour_and_without_focus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    stage = GridHost(3)
    async with stage.run_test(size=(60, 5)) as pilot:
        await pilot.pause()
        assert all(
            segment.style is not None and segment.style.reverse for segment in stage.grid.render_line(1)
        )
        stage.grid.blur()
        await pilot.pause()
        assert stage.lines[1].startswith(">")
        assert not any(
            segment.style is not None and segment.style.reverse for segment in stage.grid.render_line(1)
        )
