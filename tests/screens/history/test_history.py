"""Reading the whole story of an order, in both shapes of the wire, also when the server fails."""

from __future__ import annotations

import asyncio
import csv
import io
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from textual.screen import Screen

from tests.blotter_app import blotter, demo
from tui.api.base import ResourceId
from tui.api.errors import NoAnswer, NotSent
from tui.screens.history.entries import members
from tui.screens.history.screen import HistoryScreen
from tui.service.environment import Environment, EnvironmentKind
from tui.service.history import HistoryEntry
from tui.service.snapshot.snapshot import EntityKind, Ref
from tui.session import DeskSession, Preferences
from widgets.timeline import Timeline

Opened = Callable[[Screen[Any]], Any]
ORDER = ResourceId("Desk", "ORD-2")
BLOCK = Ref(EntityKind.BLOCKS, ResourceId("Desk", "BLK-1"))
PLACEMENT = Ref(EntityKind.PLACEMENTS, ResourceId("Desk", "PLC-1"))


def at(hour: int, minute: int = 0, day: int = 20) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


STORY = (
    HistoryEntry(
        at(10, 30),
        "mo.lindqvist",
        "OrderBooked",
        "Allocation PLC-1-ORD-2 was booked",
        related=(BLOCK, PLACEMENT),
        request_id="REQ-103000",
        version=2,
        detail={"transactionId": "Desk-PLC-1-ORD-2"},
    ),
    HistoryEntry(
        at(9, 6),
        "dlr.okafor",
        "FieldModified",
        "Quantity changed",
        field="quantity",
        old="55",
        new="50",
        version=2,
        request_id="REQ-090600",
    ),
    HistoryEntry(
        at(9, 5),
        "dlr.\x1b]52;c;aGk=\x07",
        "PropertyAdded",
        "Property set [b [/red] \u682a\u5f0f",
        field="Order/Desk/Note",
        new="=1+1",
        request_id="REQ-090500",
    ),
    HistoryEntry(
        at(9, 0, day=19), "dlr.okafor", "OrderCreated", "Order created in block BLK-1", related=(BLOCK,)
    ),
)


class HistorySource:
    """Answers with the story, or with an error when it is told to."""

    def __init__(self, story: tuple[HistoryEntry, ...] = STORY) -> None:
        self.story = story
        self.error: NotSent | NoAnswer | None = None

    async def load(self) -> tuple[HistoryEntry, ...]:
        if self.error is not None:
            raise self.error
        return self.story

    def screen(self, exports: Path | None = None) -> HistoryScreen:
        preferences = Preferences(zone=UTC, exports=exports)
        here = Environment("demo", EnvironmentKind.LOCAL)
        session = DeskSession(here, preferences, now=lambda: at(12))
        return HistoryScreen(ORDER, self.load, "order ORD-2", session=session)


async def settle(app: Any, pilot: Any) -> None:
    await app.workers.wait_for_complete()
    await pilot.pause()


@pytest.mark.parametrize("size", [(80, 24), (120, 34), (200, 50), (250, 70)])
async def test_the_story_is_told_newest_first_at_every_size(stage: Opened, size: tuple[int, int]) -> None:
    app = stage(HistorySource().screen())
    async with app.run_test(size=size) as pilot:
        await settle(app, pilot)
        text = app.text
        parts = ["10:30:00", "mo.lindqvist", "09:06:00", "dlr.okafor", "19 Nov 09:00:00"]
        places = [text.find(part) for part in parts]
        assert -1 not in places
        if size[0] < 130:
            assert places == sorted(places)
        for part in (
            "Allocation PLC-1-ORD-2",
            "quantity  55 \u2192 50",
            "REQ-090600",
            "BLK-1, PLC-1",
            "History UTC: order ORD-2",
        ):
            assert part in text
        assert "\x1b" not in text
        assert ("Transaction id" in text) is (size[0] >= 100)


async def test_a_sentence_that_is_longer_than_the_line_goes_on_beneath_itself(stage: Opened) -> None:
    said = "placed 12,000 with ALBN through SIM-EMS, limit 10.7 GBP, good till cancelled, 28,000 left"
    story = (
        HistoryEntry(at(10), "dlr.okafor", "OrderPlaced", "placed", said=said, related=(PLACEMENT,)),
        *STORY[1:],
    )
    app = stage(HistorySource(story).screen())
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(app, pilot)
        lines = app.text.splitlines()
        first = next(at for at, line in enumerate(lines) if "placed 12,000" in line)
        column = lines[first].index("placed")
        assert " ".join(line[column:].strip() for line in lines[first : first + 3]) == said
        assert "PLC-1" in lines[first + 3]
        await pilot.press("down")
        assert app.shown.query_one(Timeline).cursor == 1
        await pilot.click(Timeline, offset=(30, 1))
        assert app.shown.query_one(Timeline).cursor == 0


async def test_the_entry_in_hand_is_shown_in_full_below_where_it_is_narrow(stage: Opened) -> None:
    app = stage(HistorySource().screen())
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(app, pilot)
        await pilot.press("i", "down")
        await pilot.pause()
        assert "09:06:00, 2h54 ago · 2026-11-20T09:06:00Z" in app.text
        assert "FieldModified" in app.text
        await pilot.press("down")
        await pilot.pause()
        assert "Property set [b [/red] \u682a\u5f0f" in app.text
        assert "(none)" in app.text
        await pilot.resize_terminal(140, 30)
        await pilot.pause()
        assert app.shown.query_one(Timeline).cursor == 2
        await pilot.press("i")
        await pilot.pause()
        assert "Old value" not in app.text


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("state", "PartiallyFilled", "partly filled (PartiallyFilled to the server)"),
        ("complianceState", "ManuallyApproved", "manually approved (ManuallyApproved to the server)"),
        ("quantity", "55000", "55000"),
        ("limitPrice", "0.82 GBP", "0.82 GBP"),
    ],
)
def test_a_value_of_the_server_stands_behind_the_words_of_the_desk(field: str, value: str, said: str) -> None:
    entry = HistoryEntry(at(9), "me", "FieldModified", "changed", field=field, new=value)
    assert dict(members(entry))["New value"] == said


async def test_words_narrow_the_story_down(stage: Opened) -> None:
    app = stage(HistorySource().screen())
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(app, pilot)
        await pilot.press("slash", *"okafor quantity", "enter")
        await pilot.pause()
        assert "1 of 4" in app.text
        assert "Quantity changed" in app.text
        assert "mo.lindqvist" not in app.text
        await pilot.press("slash", *"zzz", "enter")
        await pilot.pause()
        assert "No entry matches 'okafor quantityzzz'. Esc shows all 4." in app.text
        await pilot.press("enter")
        assert app.answers == []
        await pilot.press("escape")
        await pilot.pause()
        assert "mo.lindqvist" in app.text
        await pilot.press("escape")
        await pilot.pause()
    assert app.answers == [None]


async def test_enter_jumps_to_the_row_furthest_in_its_life_else_to_the_order(stage: Opened) -> None:
    for keys, expected in ((("enter",), PLACEMENT), (("down", "g"), Ref(EntityKind.ORDERS, ORDER))):
        app = stage(HistorySource().screen())
        async with app.run_test(size=(80, 24)) as pilot:
            await settle(app, pilot)
            await pilot.press(*keys)
            await pilot.pause()
        assert app.answers == [expected]


async def test_what_is_shown_is_exported_in_full(stage: Opened, tmp_path: Path) -> None:
    app = stage(HistorySource().screen(tmp_path))
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(app, pilot)
        await pilot.press("slash", *"property", "enter", "E")
        await pilot.pause()
        assert "Export history of ORD-2" in app.text
        await pilot.press("enter")
        await settle(app, pilot)
    [file] = await asyncio.to_thread(lambda: list(tmp_path.iterdir()))
    rows = list(csv.reader(io.StringIO(file.read_text())))
    assert file.name.startswith("history-of-ORD-2-20261120T12")
    assert rows[0][:4] == ["Time", "Who", "What", "Trade"]
    assert len(rows) == 2
    assert rows[1][0] == "2026-11-20T09:05:00Z"
    assert "'=1+1" in rows[1]
    assert "\x1b" not in file.read_text()


async def test_an_entry_is_copied_with_its_numbers_as_numbers(stage: Opened) -> None:
    app = stage(HistorySource().screen())
    async with app.run_test(size=(120, 34)) as pilot:
        await settle(app, pilot)
        await pilot.press("down", "y", "right", "right", "enter")
        await settle(app, pilot)
    [line] = app.copied
    assert line.split("\t")[:7] == [
        "2026-11-20T09:06:00Z",
        "dlr.okafor",
        "Quantity changed",
        "",
        "quantity",
        "55",
        "50",
    ]


async def test_an_export_that_cannot_be_written_says_why(stage: Opened, tmp_path: Path) -> None:
    (tmp_path / "exports").write_text("a file where the folder should be")
    app = stage(HistorySource().screen(tmp_path / "exports"))
    async with app.run_test(size=(120, 34)) as pilot:
        await settle(app, pilot)
        await pilot.press("E", "enter")
        await settle(app, pilot)
        assert "Nothing was written: File exists." in [str(each.message) for each in app._notifications]


async def test_entries_are_found_by_field_and_time(stage: Opened) -> None:
    app = stage(HistorySource().screen())
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(app, pilot)
        await pilot.press("slash", *"before>=55 >09:05", "enter")
        await pilot.pause()
        assert "1 of 4  /before>=55 >09:05  hides 3" in app.text
        assert "Quantity changed" in app.text
        assert "mo.lindqvist" not in app.text


async def test_nothing_recorded_is_said(stage: Opened) -> None:
    app = stage(HistorySource(()).screen())
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(app, pilot)
        assert "Nothing is recorded about this order." in app.text
        await pilot.press("enter", "down", "i", "y")
        assert app.answers == []


async def test_a_failed_reading_says_why_and_keeps_what_was_read(stage: Opened) -> None:
    server = HistorySource()
    server.error = NotSent("The server did not answer the phone [b")
    app = stage(server.screen())
    async with app.run_test(size=(120, 34)) as pilot:
        await settle(app, pilot)
        assert "The history was not read: The server did not answer the phone [b." in app.text
        assert "Check that the server runs" in app.text
        server.error = None
        await pilot.press("r")
        await settle(app, pilot)
        assert "not read" not in app.text
        assert "Quantity changed" in app.text
        await pilot.press("down")
        server.error = NoAnswer("The line went dead.")
        await pilot.press("r")
        await settle(app, pilot)
        assert "The history was not read: The line went dead." in app.text
        assert "Shown is what was read at" in app.text
        assert "Quantity changed" in app.text
        assert app.shown.query_one(Timeline).cursor == 1


async def test_a_new_entry_on_reload_leaves_the_cursor_on_its_entry(stage: Opened) -> None:
    server = HistorySource(STORY[1:])
    app = stage(server.screen())
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(app, pilot)
        await pilot.press("down")
        server.story = STORY
        await pilot.press("r")
        await settle(app, pilot)
        assert app.shown.query_one(Timeline).cursor == 2


async def test_a_thousand_entries_scroll(stage: Opened) -> None:
    many = tuple(HistoryEntry(at(9), "me", "FieldModified", f"Change {n}", version=n) for n in range(1000))
    app = stage(HistorySource(many).screen())
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(app, pilot)
        await pilot.press("end")
        await pilot.pause()
        assert "Change 999" in app.text
        await pilot.press("home", "pagedown", "j")
        await pilot.pause()
        assert "Change 999" not in app.text
        await pilot.press("slash", *"change 99", "enter")
        await settle(app, pilot)
        assert "19 of 1000  /change 99  hides 981" in app.text
        await pilot.press("end")
        await settle(app, pilot)
        assert [f"Change {n} " in app.text for n in (989, 990, 998, 999)] == [False, True, True, True]
        await pilot.press("escape")
        await settle(app, pilot)
        assert "Change 998" in app.text


async def test_the_next_orders_story_never_shows_entries_of_the_one_before(stage: Opened) -> None:
    many = tuple(HistoryEntry(at(9), "me", "FieldModified", f"Change {n}") for n in range(1000))
    screen = HistorySource(many).screen()
    other = HistoryScreen(
        ORDER,
        screen._stories[0][1],
        "one",
        session=screen.session,
        others=((ORDER, HistorySource().load, "two"),),
    )
    app = stage(other)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(app, pilot)
        await pilot.press("r", "tab")
        await settle(app, pilot)
        assert "2 of 2 orders" in app.text
        assert "Allocation PLC-1-ORD-2 was booked" in app.text
        assert "Change" not in app.text


async def test_of_several_orders_one_is_told_at_a_time_in_sentences() -> None:
    async with blotter((160, 48)) as user:
        await user.go("placements", "PLC-00033")
        placement = user.desk.snapshot.placements[demo("PLC-00033")]
        orders = user.desk.snapshot.orders_of_block(placement.block_ids[0])
        await user.press("h")
        await user.until(lambda: " ordered: buy " in user.text())
        assert f"1 of {len(orders)} orders · History UTC: Buy" in user.text()
        filled = r"\d\d:\d\d:\d\d +\S+ +filled [\d,]+ at [\d.]+ [A-Z]{3} by PCRC, [\d,]+ left"
        assert re.search(filled, user.text())
        await user.press("tab")
        await user.until(lambda: f"2 of {len(orders)} orders" in user.text())
        await user.until(lambda: " ordered: buy " in user.text())
        assert orders[1].code in user.text()
        await user.press("shift+tab", "shift+tab")
        await user.until(lambda: f"{len(orders)} of {len(orders)} orders" in user.text())


async def test_enter_on_a_fill_leads_to_it_where_no_fill_was_looked_at_before() -> None:
    async with blotter((100, 30)) as user:
        await user.go("blocks", "BLK-0002")
        await user.press("h")
        await user.until(lambda: " filled 8,000 at 2,754 JPY" in user.text())
        assert "busted since" in user.text()
        await user.press("enter")
        await user.until(lambda: user.desk.active.kind.value == "executions")
        fill = Ref(EntityKind.EXECUTIONS, demo("EXE-000002"))
        await user.until(lambda: user.pane("executions").cursor == fill)
        assert len(user.codes("executions")) == len(user.desk.snapshot.executions)
