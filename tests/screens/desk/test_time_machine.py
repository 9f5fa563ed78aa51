"""The time machine: through the past by keys, with what differs marked, and nothing written."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest

from tests.blotter_app import Blotter, blotter
from tui.columns.panes import PANES
from tui.screens.desk import past_player
from tui.service.snapshot.snapshot import Snapshot

START = datetime(2026, 11, 20, 15, 30, tzinfo=UTC)


@pytest.fixture(autouse=True)
def never_rests(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no test depend on how long it rests at a moment."""
    monkeypatch.setattr(past_player, "REST_S", 3600.0)


@asynccontextmanager
async def dealer_in_the_past(time: str, size: tuple[int, int] = (160, 48)) -> AsyncIterator[Blotter]:
    """Return a dealer who looks at the demo's afternoon as it was at a time of that day."""
    async with blotter(size, start=START) as user:
        await user.press("T")
        await user.form()
        await user.fill("as_at", time)
        await user.press("enter")
        await user.until(lambda: user.desk.snapshot.as_at is not None and user.desk.snapshot.complete)
        yield user


def day_line(user: Blotter) -> str:
    """Return the line of the day, which stands right above the panes."""
    return user.text().splitlines()[user.desk.query_one("#day-line").region.y]


def header(user: Blotter) -> str:
    """Return the titles of the columns of the blocks."""
    return user.text().splitlines()[user.pane("blocks").grid.region.y]


async def step(user: Blotter, key: str) -> Snapshot:
    """Press a key of the time machine, and return the snapshot it leads to."""
    there = user.desk.snapshot
    await user.press(key)
    await user.until(lambda: user.desk.snapshot.as_at != there.as_at)
    return user.desk.snapshot


async def test_left_and_right_go_from_change_to_change_and_mark_what_differs() -> None:
    async with dealer_in_the_past("15:29:59") as user:
        after, marked = user.desk.snapshot, list[str]()
        while not marked:
            later, after = after, await step(user, "left")
            assert after.as_at is not None
            assert later.as_at is not None
            assert after.as_at < later.as_at
            marked = [code for code in user.codes("blocks") if f" {code} " in with_marks(user)]
        changed = {id.code for id, row in after.blocks.items() if row != later.blocks.get(id)}
        assert set(marked) <= changed
        assert (await step(user, "right")).blocks == later.blocks


def with_marks(user: Blotter) -> str:
    """Return the lines of the blocks in which a cell is marked."""
    blocks = user.text().splitlines()[: user.pane("blocks").region.bottom]
    return "\n".join(line for line in blocks if "'" in line)


async def test_shift_goes_by_ten_minutes_and_the_line_shows_the_day() -> None:
    async with dealer_in_the_past("15:00") as user:
        assert "│" in day_line(user), "fills of the day"
        assert "x" in day_line(user), "rejects of the day"
        await user.press("shift+left")
        await user.until(lambda: user.desk.snapshot.as_at == START.replace(hour=14, minute=50))
        assert "14:50:00" in user.text().splitlines()[0]
        await user.press("shift+right")
        await user.until(lambda: user.desk.snapshot.as_at == START.replace(hour=15, minute=0))


async def test_beyond_the_last_change_and_before_the_first_there_is_nothing() -> None:
    async with dealer_in_the_past("15:29:59") as user:
        while not any("Nothing changed after this" in said for said in user.notices):
            await user.press("right")
        await user.press("shift+right")
        await user.until(lambda: user.desk.snapshot.as_at is None)
        assert any("this is the desk as it is" in said for said in user.notices)
    async with dealer_in_the_past("09:00") as user:
        await user.press("left")
        await user.until(lambda: any("changed before this" in said for said in user.notices))


async def test_it_plays_faster_each_time_and_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(past_player, "TICK_S", 0.05)
    async with dealer_in_the_past("12:00") as user:
        for speed in past_player.SPEEDS:
            await user.press("x")
            assert f"x{speed} " in day_line(user)
        await user.until(lambda: user.desk.snapshot.as_at != START.replace(hour=12, minute=0))
        await user.press("x")
        assert user.desk.past.speed == 0
        stood = user.desk.snapshot.as_at
        assert stood is not None
        await user.press("j", "k")
        assert user.desk.snapshot.as_at == stood


async def test_nothing_can_be_written_there_and_arrows_scroll_again_afterwards() -> None:
    async with dealer_in_the_past("15:00", (80, 24)) as user:
        await user.press("c")
        assert any("looking at the past" in said for said in user.notices)
        columns = header(user)
        await user.press("ctrl+right")
        assert header(user) != columns, "columns are reached with Ctrl meanwhile"
        await user.press("ctrl+left", "escape")
        await user.until(lambda: user.desk.snapshot.as_at is None and user.desk.snapshot.complete)
        there = header(user)
        await user.press("right")
        assert header(user) != there
        await user.press("x")
        assert any("travel to a time first" in said for said in user.notices)


def told(user: Blotter) -> str:
    """Return the line of the tape, which tells in the past what the last step went over."""
    return user.text().splitlines()[user.desk.query_one("#tape").region.y].strip()


async def test_a_step_says_in_a_sentence_what_it_went_over_and_the_tape_waits() -> None:
    async with dealer_in_the_past("15:17:00") as user:
        assert told(user).startswith("The desk as it was."), "before any step it says how to go on"
        assert "Esc returns to now" in told(user)
        news = user.desk.session.tape.changes
        await step(user, "right")
        assert told(user).startswith("15:17:04 Rejected: buy 30,000 BP/"), "forward: what happened then"
        assert "ALBN: the limit 4.20 is away" in told(user), "in the words of the broker"
        await step(user, "left")
        assert told(user).startswith("back over 15:17:04 Rejected: buy 30,000 BP/")
        await step(user, "shift+left")
        assert told(user).startswith("back over 15:06:19 to 15:16:19 ")
        assert "fills" in told(user)
        assert user.desk.session.tape.changes == news, "nothing of the past is news"
        await user.press("escape")
        await user.until(lambda: user.desk.snapshot.as_at is None and user.desk.snapshot.complete)
        assert "back over" not in told(user)


async def test_on_a_narrow_screen_the_sentence_is_cut_but_not_how_much_more_there_was() -> None:
    async with dealer_in_the_past("15:19:25", (80, 24)) as user:
        assert "Esc now" in day_line(user), "how to leave is named however narrow the screen is"
        await step(user, "left")
        assert told(user).startswith("back over 15:19:24 Cancelled: sell 12,000 DGE")
        assert told(user).endswith("… +1 more")


async def test_verdicts_that_are_not_of_the_moment_are_said_to_be_as_last_read_until_it_rests(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    words = "verdicts as last read"
    async with dealer_in_the_past("15:17:00") as user:
        status = user.text().splitlines()[0]
        assert words not in status, "what was read at the time typed is of that time"
        await step(user, "left")
        assert words in user.text().splitlines()[0]
        monkeypatch.setattr(past_player, "REST_S", 0.0)
        await step(user, "left")
        await user.until(lambda: words not in user.text().splitlines()[0])


async def test_ages_are_counted_to_the_moment_and_a_frozen_screen_stays_where_it_is() -> None:
    async with dealer_in_the_past("13:18:30", (120, 34)) as user:
        await user.until(lambda: "compliance failed TSLA 30m" in user.text())
        await user.press("z", "left")
        assert any("The screen is frozen" in said for said in user.notices)
        assert user.desk.snapshot.as_at == START.replace(hour=13, minute=18, second=30)
        await user.press("z")
        await step(user, "left")
        assert told(user).startswith("back over 13:1"), "the message gives way to what the step did"


def age_of(user: Blotter, block: str) -> str:
    """Return the last cell of a block in sight: its age."""
    return next(line for line in user.text().splitlines() if block in line).split()[-1]


async def test_ages_of_rows_are_those_of_the_desk_that_is_shown_at_once() -> None:
    async with dealer_in_the_past("15:00", (250, 70)) as user:
        assert age_of(user, "BLK-0001") == "3h28", "ordered at 11:32"
        await user.press("escape")
        await user.until(lambda: user.desk.snapshot.as_at is None)
        assert age_of(user, "BLK-0001") == "3h58"


async def test_a_frozen_screen_goes_on_where_another_time_is_travelled_to() -> None:
    """It would say that it is of one time, and show the rows of another."""
    async with blotter((120, 34), start=START) as user:
        now = user.codes("blocks")
        await user.press("z", "T")
        await user.form()
        await user.fill("as_at", "13:18:30")
        await user.press("enter")
        await user.until(lambda: "PAST" in user.text() and user.codes("blocks") != now)
        assert "FROZEN" not in user.text()
        await user.press("z", "escape")
        await user.until(lambda: user.codes("blocks") == now)
        assert "FROZEN" not in user.text()


async def test_before_the_first_order_there_is_none_and_no_key_is_named_that_makes_one() -> None:
    async with dealer_in_the_past("09:00") as user:
        assert not user.codes("blocks")
        assert user.text().count("None at that time.") == len(PANES) - 2, "two panes take turns with another"
        assert "Press" not in user.text()
