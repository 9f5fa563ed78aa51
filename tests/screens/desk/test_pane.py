"""One pane on a screen of its own: long filters and sorts, updates, marks and dates."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from textual import events
from textual.app import App, ComposeResult
from textual.pilot import Pilot

from tests.service.sample_rows import NINE, order, rid, snapshot_of
from tui.columns.format import DisplayContext
from tui.columns.panes import PANES
from tui.screens.desk.news import News
from tui.screens.desk.pane import Pane
from tui.service.environment import Update
from tui.service.snapshot.builder import SnapshotBuilder
from tui.service.snapshot.snapshot import EntityKind, Snapshot

MANY = 3_000
TURNS = 40
"""Turns of the loop in which keys are answered; to filter as many rows takes more than twice of that."""
TODAY = DisplayContext(today=NINE.date())


class Stage(App[None]):
    """A screen filled by the orders pane."""

    def __init__(self) -> None:
        super().__init__()
        spec = next(spec for spec in PANES if spec.kind is EntityKind.ORDERS)
        self.pane = Pane(spec, TODAY, str)

    def compose(self) -> ComposeResult:
        yield self.pane

    def on_mount(self) -> None:
        self.pane.grid.focus()


@dataclass
class PaneUser:
    """Somebody before the pane, and the desk behind it."""

    pane: Pane
    pilot: Pilot[None]
    snapshot: Snapshot

    def __post_init__(self) -> None:
        self.builder = SnapshotBuilder(self.snapshot)

    def put(self, *orders: Any, remove: str = "") -> None:
        """Show the next snapshot, with these orders put in and those removed."""
        self.builder.put(EntityKind.ORDERS, orders)
        self.builder.remove(EntityKind.ORDERS, [rid(code) for code in remove.split()])
        old, self.snapshot = self.snapshot, self.builder.freeze()
        news = News(old)
        news.add(Update(old, self.snapshot))
        self.pane.show(self.snapshot, None, {}, news=news)

    async def press_meanwhile(self, *keys: str) -> None:
        """Press keys while the pane is at work, which it still is when they are answered."""
        before = self.pane.grid.cursor_row or 0
        for key in keys:
            self.pilot.app.post_message(events.Key(key, key))
        for _ in range(TURNS):
            await asyncio.sleep(0)
        assert self.pane.arranging
        assert self.pane.grid.cursor_row == before + len(keys)

    async def rest(self) -> None:
        """Wait until the pane has finished."""
        while self.pane.arranging:
            await self.pilot.pause()
        await self.pilot.pause()

    @property
    def codes(self) -> list[str]:
        """The rows shown, in order."""
        return [id.code for id in self.pane.shown]

    @property
    def lines(self) -> list[str]:
        """All lines of the grid."""
        return [self.pane.grid.render_line(y).text for y in range(self.pane.grid.size.height)]

    def line(self, code: str) -> str:
        """Return the line of a row that is in sight."""
        return next(line for line in self.lines if f" {code} " in line.replace("'", " "))

    @property
    def title(self) -> str:
        """The text above the rows."""
        return self.pane.query_one("#title").render_line(0).text

    @property
    def totals(self) -> str:
        """The text beneath the rows."""
        return self.pane.query_one("#totals").render_line(0).text


@asynccontextmanager
async def reading(*codes: str, size: tuple[int, int] = (240, 20)) -> AsyncIterator[PaneUser]:
    """Return a pane that shows orders of ten units each."""
    snapshot = snapshot_of(orders=[order(code, "10", f"FUND-{code[4:]}") for code in codes])
    stage = Stage()
    async with stage.run_test(size=size) as pilot:
        reader = PaneUser(stage.pane, pilot, snapshot)
        stage.pane.show(snapshot, None, {})
        await reader.rest()
        yield reader


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """End every turn of the loop after one step of work, and report slow work at once."""
    monkeypatch.setattr("tui.screens.turns.SLICE_S", 1e-9)
    monkeypatch.setattr("tui.screens.desk.arranger.SLOW_S", 0.0)


def codes(count: int) -> list[str]:
    return [f"ORD-{number}" for number in range(count)]


# --- long work -------------------------------------------------------------------------------------


@pytest.mark.usefixtures("slow")
async def test_a_long_filter_leaves_the_rows_shown_and_the_keys_answered_until_it_is_done() -> None:
    async with reading(*codes(MANY)) as reader:
        reader.pane.set_view(reader.pane.view.filtered("fund-7"))
        assert reader.pane.arranging
        assert len(reader.codes) == MANY
        await reader.press_meanwhile("j", "j")
        assert reader.pane.grid.cursor_key == rid("ORD-2")
        assert "filtering…" in reader.title
        assert len(reader.codes) == MANY
        await reader.rest()
        assert reader.codes == [code for code in codes(MANY) if code.startswith("ORD-7")]
        assert "filtering…" not in reader.title
        assert f"{len(reader.codes)} of 3,000" in reader.title


@pytest.mark.usefixtures("slow")
async def test_a_long_sort_says_so_and_keeps_the_cursor_on_its_row() -> None:
    async with reading(*codes(MANY)) as reader:
        await reader.pilot.press(*["j"] * 5)
        reader.pane.set_view(reader.pane.view.sorted_by("portfolio").sorted_by("portfolio"))
        await reader.press_meanwhile()
        assert "sorting…" in reader.title
        assert reader.codes[0] == "ORD-0"
        await reader.rest()
        assert reader.codes[0] == f"ORD-{MANY - 1}"
        assert reader.pane.grid.cursor_key == rid("ORD-5")
        assert rid("ORD-5") in reader.pane.grid.visible_keys


@pytest.mark.usefixtures("slow")
async def test_a_newer_filter_takes_the_place_of_one_that_is_under_way() -> None:
    async with reading(*codes(MANY)) as reader:
        for text in ("fund-1", "fund-11", "fund-111"):
            reader.pane.set_view(reader.pane.view.filtered(text))
            await reader.press_meanwhile()
        await reader.rest()
        assert reader.codes == [code for code in codes(MANY) if code.startswith("ORD-111")]
        assert "quantity 110 " in reader.totals


@pytest.mark.usefixtures("slow")
async def test_what_changes_while_rows_are_sorted_is_in_its_place_when_they_are() -> None:
    async with reading(*codes(MANY)) as reader:
        reader.pane.set_view(reader.pane.view.filtered("fund").sorted_by("portfolio"))
        await reader.press_meanwhile()
        reader.put(order("ORD-7", "5", "FUND-A"), order("ORD-NEW", "1", "FUND-9999"), remove="ORD-8")
        reader.put(order("ORD-3", "2", "FUND-B"), remove="ORD-9")
        await reader.rest()
        assert reader.codes[:2] == ["ORD-0", "ORD-1"]
        assert reader.codes[-3:] == ["ORD-NEW", "ORD-7", "ORD-3"]
        assert len(reader.codes) == MANY - 1
        assert "quantity 29,968 " in reader.totals


@pytest.mark.usefixtures("slow")
async def test_rows_that_change_in_great_number_are_all_shown() -> None:
    async with reading(*codes(MANY)) as reader:
        reader.put(*(order(code, "20") for code in codes(MANY)[:900]))
        await reader.rest()
        assert "quantity 39,000 " in reader.totals
        assert "20'" in reader.line("ORD-3")


# --- updates ---------------------------------------------------------------------------------------


async def test_a_changed_row_goes_to_its_place_is_marked_and_counted() -> None:
    async with reading("ORD-1", "ORD-2", "ORD-3") as reader:
        reader.pane.set_view(reader.pane.view.sorted_by("quantity"))
        await reader.rest()
        reader.put(order("ORD-1", "30", "FUND-1"))
        await reader.rest()
        assert reader.codes == ["ORD-2", "ORD-3", "ORD-1"]
        assert reader.pane.grid.cursor_key == rid("ORD-1")
        assert "30'" in reader.line("ORD-1")
        assert "FUND-1 " in reader.line("ORD-1")
        assert "'" not in reader.line("ORD-2")
        assert "quantity 50 " in reader.totals


async def test_an_update_asks_for_the_cells_of_the_rows_it_names() -> None:
    async with reading(*codes(15)) as reader:
        asked: list[Any] = []
        cells = reader.pane.grid._cells

        def listening(key: Any) -> Any:
            asked.append(key)
            return cells(key)

        reader.pane.grid._cells = listening
        reader.put(order("ORD-4", "30", "FUND-4"))
        await reader.rest()
        assert asked == [rid("ORD-4")]


async def test_a_new_row_is_marked_as_a_whole_and_one_that_is_gone_leaves_no_mark() -> None:
    async with reading("ORD-1", "ORD-2") as reader:
        reader.put(order("ORD-3"))
        await reader.rest()
        assert reader.line("ORD-3").startswith("'")
        reader.put(remove="ORD-3")
        reader.put(order("ORD-4"))
        await reader.rest()
        reader.pane.grid.clear_marks()
        reader.put(order("ORD-3"), remove="ORD-4")
        await reader.rest()
        assert reader.line("ORD-3").startswith("'")
        assert reader.codes == ["ORD-1", "ORD-2", "ORD-3"]


async def test_the_cursor_of_a_row_that_is_gone_goes_to_its_neighbour() -> None:
    async with reading(*codes(30)) as reader:
        await reader.pilot.press(*["j"] * 12)
        reader.put(remove="ORD-12")
        await reader.rest()
        assert reader.pane.grid.cursor_key == rid("ORD-13")
        reader.put(order("ORD-13", "99"), order("ORD-0", "1"))
        await reader.rest()
        assert reader.pane.grid.cursor_key == rid("ORD-13")


async def test_selected_rows_stay_selected_and_are_acted_on_in_the_order_shown() -> None:
    async with reading("ORD-1", "ORD-2", "ORD-3") as reader:
        await reader.pilot.press("space", "j", "space")
        reader.pane.set_view(reader.pane.view.sorted_by("quantity"))
        reader.put(order("ORD-1", "30"), order("ORD-0", "1"))
        await reader.rest()
        assert reader.codes == ["ORD-0", "ORD-2", "ORD-3", "ORD-1"]
        assert reader.pane.in_focus == (rid("ORD-2"), rid("ORD-1"))


async def test_few_selected_rows_among_many_are_acted_on_in_the_order_shown() -> None:
    async with reading(*codes(200)) as reader:
        await reader.pilot.press("space", "j", "space", "j", "space")
        reader.put(order("ORD-1", "500"))
        reader.pane.set_view(reader.pane.view.sorted_by("quantity").sorted_by("quantity"))
        await reader.rest()
        assert reader.pane.in_focus == (rid("ORD-1"), rid("ORD-0"), rid("ORD-2"))


async def test_a_filter_lets_rows_in_and_out_as_they_change() -> None:
    async with reading("ORD-1", "ORD-2", "ORD-3") as reader:
        reader.pane.set_view(reader.pane.view.filtered("quantity>5"))
        reader.put(order("ORD-2", "1"), order("ORD-4", "7"), order("ORD-5", "2"))
        await reader.rest()
        assert reader.codes == ["ORD-1", "ORD-3", "ORD-4"]
        assert "3 of 5" in reader.title
        assert "quantity 27 " in reader.totals


async def test_a_first_load_and_a_step_in_time_mark_nothing() -> None:
    async with reading("ORD-1", "ORD-2") as reader:
        reader.put(order("ORD-1", "30"))
        await reader.rest()
        assert any("'" in line for line in reader.lines)
        past = snapshot_of(orders=[order("ORD-1", "20"), order("ORD-9")], as_at=NINE)
        news = News(reader.snapshot)
        news.add(Update(reader.snapshot, past))
        reader.pane.show(past, None, {}, news=news)
        await reader.rest()
        assert reader.codes == ["ORD-1", "ORD-9"]
        assert not any("'" in line for line in reader.lines)


@pytest.mark.usefixtures("slow")
async def test_marks_that_are_still_worked_out_do_not_come_to_another_time() -> None:
    async with reading(*codes(30)) as reader:
        reader.put(*(order(code, "30") for code in codes(30)))
        assert reader.pane.arranging
        reader.pane.show(snapshot_of(orders=[order("ORD-1", "20")], as_at=NINE), None, {})
        await reader.rest()
        assert reader.codes == ["ORD-1"]
        assert not any("'" in line for line in reader.lines)


async def test_nothing_is_marked_while_the_desk_is_still_being_read() -> None:
    stage = Stage()
    async with stage.run_test(size=(240, 20)) as pilot:
        builder = SnapshotBuilder()
        builder.put(EntityKind.ORDERS, [order("ORD-1")])
        reader = PaneUser(stage.pane, pilot, builder.freeze())
        stage.pane.show(reader.snapshot, None, {})
        reader.put(order("ORD-1", "30"), order("ORD-2"))
        await reader.rest()
        assert reader.codes == ["ORD-1", "ORD-2"]
        assert not any("'" in line for line in reader.lines)


async def test_rows_of_a_scope_follow_updates_and_others_stay_out() -> None:
    async with reading("ORD-1", "ORD-2", "ORD-3") as reader:
        scope = (rid("ORD-3"), rid("ORD-1"))
        reader.pane.show(reader.snapshot, scope, {}, of="BLK-1")
        await reader.rest()
        assert reader.codes == ["ORD-3", "ORD-1"]
        old = reader.snapshot
        reader.builder.put(EntityKind.ORDERS, [order("ORD-1", "40"), order("ORD-2", "50"), order("ORD-4")])
        reader.snapshot = reader.builder.freeze()
        news = News(old)
        news.add(Update(old, reader.snapshot))
        reader.pane.show(reader.snapshot, scope, {}, of="BLK-1", news=news)
        await reader.rest()
        assert reader.codes == ["ORD-3", "ORD-1"]
        assert "quantity 50 " in reader.totals
        reader.pane.show(reader.snapshot, None, {})
        await reader.rest()
        assert "50'" in reader.line("ORD-2")
        assert reader.line("ORD-4").startswith("'")


# --- days ------------------------------------------------------------------------------------------


async def test_at_midnight_times_of_today_become_times_of_yesterday() -> None:
    async with reading("ORD-1") as reader:
        assert "09:00:00" in reader.line("ORD-1")
        reader.pane.set_display_context(DisplayContext(today=NINE.date() + timedelta(days=1)))
        assert "20 Nov 09:00" in reader.line("ORD-1")
        assert "'" not in reader.line("ORD-1")
