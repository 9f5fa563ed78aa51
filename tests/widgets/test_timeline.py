"""The timeline: a cursor over entries of one line or two, by the room there is."""

from __future__ import annotations

from importlib import resources
from typing import Any

import pytest
from rich.cells import cell_len
from textual.app import App, ComposeResult

from styles.themes import THEMES
from widgets.timeline import Timeline, TimelineEntry


def moments(count: int) -> list[TimelineEntry]:
    return [
        TimelineEntry(
            when=f"14:{n // 60:02}:{n % 60:02}",
            who="dlr.okafor",
            what=f"Quantity changed, number {n}",
            change="quantity  1,000 -> 50",
            related="PLC-1",
            request=f"REQ-{n}",
            role="live",
        )
        for n in range(count)
    ]


class Reading(App[Any]):
    CSS_PATH = str(resources.files("styles") / "history.tcss")

    def __init__(self, shown: list[TimelineEntry]) -> None:
        super().__init__()
        self.shown = shown
        self.seen: list[int] = []

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return dict(THEMES[0].variables)

    def compose(self) -> ComposeResult:
        yield Timeline()

    def on_mount(self) -> None:
        timeline = self.query_one(Timeline)
        timeline.focus()
        timeline.show(self.shown)

    def on_timeline_highlighted(self, event: Timeline.Highlighted) -> None:
        self.seen.append(event.index)

    @property
    def lines(self) -> list[str]:
        timeline = self.query_one(Timeline)
        return [timeline.render_line(y).text for y in range(timeline.size.height)]


@pytest.mark.parametrize(("size", "lines"), [((80, 24), 2), ((120, 34), 2), ((200, 50), 1)])
async def test_an_entry_takes_one_line_where_it_fits(size: tuple[int, int], lines: int) -> None:
    app = Reading(moments(100))
    async with app.run_test(size=size):
        text = "\n".join(app.lines[:lines])
        assert "Quantity changed, number 0" in text
        assert "quantity  1,000 -> 50" in text
        assert "REQ-0" in text
        assert "number 1" in app.lines[lines]
        assert all(cell_len(line) <= size[0] for line in app.lines)


async def test_the_cursor_stays_in_sight_and_on_its_entry() -> None:
    app = Reading(moments(100))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("down", "j", "up")
        await pilot.pause()
        assert app.seen[-1] == 1
        await pilot.press("end")
        await pilot.pause()
        assert app.seen[-1] == 99
        assert any("number 99" in line for line in app.lines)
        await pilot.press("down", "pageup")
        await pilot.resize_terminal(200, 10)
        await pilot.pause()
        cursor = app.query_one(Timeline).cursor
        assert any(f"number {cursor}" in line for line in app.lines)
        await pilot.press("home")
        assert app.query_one(Timeline).cursor == 0


async def test_nothing_to_show_is_no_trouble() -> None:
    app = Reading([])
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("down", "end", "pageup", "home")
        assert app.query_one(Timeline).cursor == 0
        assert app.seen == []
