"""A list of items of several lines: the cursor stands on what can be gone to, headings are passed over."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from textual.app import App, ComposeResult
from textual.content import Content

from widgets.line_list import LineItem, LineList


def item(name: str, *, lines: int = 1, is_target: bool = True) -> LineItem:
    return LineItem([Content(f"{name} {number}") for number in range(lines)], is_target)


class ListStage(App[None]):
    """A screen with one list, and what was chosen in it."""

    CSS = "LineList { max-height: 6; }"

    def __init__(self) -> None:
        super().__init__()
        heading = item("heading", is_target=False)
        rows = [item(f"row-{number}", lines=1 + number % 2) for number in range(20)]
        self.list = LineList([heading, *rows])
        self.chosen: list[int] = []

    def compose(self) -> ComposeResult:
        yield self.list

    def on_line_list_chosen(self, event: LineList.Chosen) -> None:
        self.chosen.append(event.index)

    @property
    def text(self) -> list[str]:
        lines = (
            "".join(each.text for each in self.list.render_line(y)) for y in range(self.list.size.height)
        )
        return [line.strip() for line in lines]


Move = Callable[[LineList], None]


@pytest.mark.parametrize(
    ("moves", "stands"),
    [
        ([], 1),
        ([lambda each: each.move(1)], 2),
        ([lambda each: each.move(-1)], 1),
        ([lambda each: each.page(1)], 4),
        ([lambda each: each.page(1), lambda each: each.page(-1)], 1),
        ([lambda each: each.to_end(last=True)], 20),
        ([lambda each: each.to_end(last=True), lambda each: each.move(1)], 20),
        ([lambda each: each.to_end(last=True), lambda each: each.to_end(last=False)], 1),
    ],
)
async def test_the_cursor_is_always_in_sight_and_on_an_item(moves: list[Move], stands: int) -> None:
    stage = ListStage()
    async with stage.run_test(size=(40, 12)) as pilot:
        for move in moves:
            move(stage.list)
            await pilot.pause()
        stage.list.choose()
        await pilot.pause()
        assert stage.chosen == [stands]
        assert f"row-{stands - 1} 0" in stage.text


async def test_the_first_item_shows_its_heading_again() -> None:
    stage = ListStage()
    async with stage.run_test(size=(40, 12)) as pilot:
        stage.list.to_end(last=True)
        await pilot.pause()
        assert "heading 0" not in stage.text
        stage.list.to_end(last=False)
        await pilot.pause()
        assert stage.text[:2] == ["heading 0", "row-0 0"]


async def test_a_click_chooses_an_item_and_nothing_else() -> None:
    stage = ListStage()
    async with stage.run_test(size=(40, 12)) as pilot:
        await pilot.click(LineList, offset=(2, 0))
        assert stage.chosen == [], "a heading"
        await pilot.click(LineList, offset=(2, 3))
        assert stage.chosen == [2], "the second line of its second row"


async def test_a_list_without_items_chooses_nothing() -> None:
    stage = ListStage()
    stage.list = LineList([item("heading", is_target=False)])
    async with stage.run_test(size=(40, 12)) as pilot:
        stage.list.move(1)
        stage.list.page(-1)
        stage.list.to_end(last=True)
        stage.list.choose()
        await pilot.pause()
        assert stage.chosen == []
        assert stage.text == ["heading 0"]


async def test_the_cursor_goes_to_the_item_before_when_its_own_has_left() -> None:
    stage = ListStage()
    heading = item("heading", is_target=False)
    async with stage.run_test(size=(40, 12)) as pilot:
        stage.list.to_end(last=True)
        stage.list.show([heading, *(item(f"row-{number}") for number in range(5))])
        stage.list.choose()
        await pilot.pause()
        assert stage.chosen == [5]
        assert "row-4 0" in stage.text
        stage.list.show([heading])
        stage.list.move(1)
        stage.list.choose()
        stage.list.show([heading, item("row-0")])
        stage.list.choose()
        await pilot.pause()
        assert stage.chosen == [5, 1], "nothing where there is nothing to go to"
