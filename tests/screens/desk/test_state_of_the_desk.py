"""What must not be missed colours the frame of the desk, and stands in the bar and in the window's title."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from textual.color import Color

from styles.themes import PROFILE_COLOURS, THEMES
from tests.blotter_app import Blotter, blotter, demo
from tui.api import operations
from tui.api.requests import BlockAndOrdersCreateRequest, BlockAndOrdersRequest, BlockedOrderRequest
from tui.screens.desk.pane_heights import RecentNeeds
from tui.screens.desk.status_bar import window_title
from tui.screens.desk_frame import DeskFrame, FramedHeading
from tui.service.environment import Environment, EnvironmentKind
from widgets.notice import Notice


def frame(user: Blotter) -> dict[str, Color]:
    """Return the colours of titles with and without the focus, of the line between panes and of the keys."""
    panes = [user.pane(kind) for kind in ("blocks", "orders", "placements")]
    return {
        "focused": panes[0].query_one("#title").styles.background,
        "title": panes[1].query_one("#title").styles.background,
        "between": panes[2].styles.border_left[1],
        "keys": user.desk.query_one("#keys").styles.background,
    }


def state(user: Blotter) -> str:
    """Return the status bar."""
    return user.text().splitlines()[0]


async def create_elsewhere(user: Blotter, block: str, *orders: str) -> None:
    """Create a block of orders as another client does, and poll."""
    now = datetime.now(UTC)
    (vodafone,) = user.desk.snapshot.find_instruments("VOD")
    made = (
        BlockedOrderRequest(id=demo(name), portfolio_id=demo("UKEQ-GROW"), quantity=Decimal(100), date=now)
        for name in orders
    )
    request = BlockAndOrdersRequest(
        block_id=demo(block),
        orders=tuple(made),
        instrument_identifiers=vodafone.identifiers,
        side="Buy",
        type="Market",
        time_in_force="Day",
        date=now,
    )
    await user.client.call(operations.CREATE_ORDERS, BlockAndOrdersCreateRequest(requests=(request,)))
    assert user.app.session.desk is not None
    assert await user.app.session.desk.refresh()


async def test_a_frozen_desk_looks_so_and_counts_the_rows_that_wait() -> None:
    async with blotter() as user:
        before = frame(user)
        await user.press("z")
        assert "FROZEN" in state(user)
        assert "waiting" not in state(user)
        assert all(frame(user)[part] != colour for part, colour in before.items())
        assert user.app.title == "LOCAL FROZEN · demo · Blotter"
        await create_elsewhere(user, "OURS", "OUR-A", "OUR-B")
        await user.until(lambda: "FROZEN 3 waiting" in state(user))
        assert "OURS" not in user.codes("blocks")
        await user.press("z")
        await user.until(lambda: "OURS" in user.codes("blocks"))
        assert "FROZEN" not in state(user)
        assert frame(user) == before
        assert user.app.title == "LOCAL · demo · Blotter"


async def test_the_past_looks_unlike_the_present_and_unlike_a_frozen_desk() -> None:
    async with blotter() as user:
        now = frame(user)
        await user.press("T")
        await user.fill("as_at", "10m ago")
        await user.press("enter")
        await user.until(lambda: "PAST" in state(user))
        past = frame(user)
        assert all(past[part] != colour for part, colour in now.items())
        assert user.app.title == "LOCAL PAST · demo · Blotter"
        await user.press("z")
        assert all(frame(user)[part] != colour for part, colour in past.items())
        assert "PAST FROZEN" in " ".join(state(user).split())


async def test_each_kind_of_environment_frames_the_desk_in_its_own_colour_and_so_does_a_profile() -> None:
    frames = []
    for kind in EnvironmentKind:
        async with blotter((80, 24), kind=kind, data="empty") as user:
            frames.append(user.pane("blocks").query_one("#title").styles.background)
            assert kind.value in user.app.title
    assert len(set(frames)) == len(frames)
    async with blotter((80, 24), kind=EnvironmentKind.PROD, data="empty", colour="teal") as user:
        assert user.pane("blocks").query_one("#title").styles.background == Color.parse(
            PROFILE_COLOURS["teal"]
        )


async def test_every_screen_over_the_desk_says_its_state_and_has_its_colour() -> None:
    async with blotter((80, 24), kind=EnvironmentKind.TEST, read_only=True) as user:
        for key in ("0", "t", "d", "h", "enter", "i", "B", "question_mark"):
            await user.press(key)
            await user.until(lambda: user.app.screen is not user.desk)
            assert state(user).startswith(" TEST READ-ONLY  "), key
            live = user.app.screen.query_one(FramedHeading).styles.background
            assert live == Color.parse(user.app.theme_variables["frame-test-focus"]), key
            await user.press("escape", "z", key)
            await user.until(lambda: user.app.screen is not user.desk)
            assert state(user).startswith(" TEST READ-ONLY FROZEN  "), key
            assert user.app.screen.query_one(FramedHeading).styles.background != live, key
            await user.press("escape", "z")
            assert user.app.screen is user.desk, key


def test_no_name_of_a_server_writes_more_than_the_title() -> None:
    hostile = Environment("uat\x07\x1b]2;mine", EnvironmentKind.PROD, "https://desk\u202e.example/api")
    title = window_title(hostile, DeskFrame(hostile.kind, read_only=True))
    assert title.startswith("!!PROD!! READ-ONLY · uat")
    assert title.isprintable()


async def test_every_theme_paints_every_cell_of_the_desk() -> None:
    async with blotter((80, 24), data="empty") as user:
        for theme in THEMES:
            user.app.theme = theme.name
            await user.press()
            for line in user.app.screen._compositor.render_strips():
                for part in line:
                    colour = part.style.bgcolor if part.style else None
                    assert colour is not None, (theme.name, part)
                    assert not colour.is_default, (theme.name, part)


async def test_the_palette_tells_every_action_its_key_and_why_it_is_not_possible_now() -> None:
    async with blotter((120, 50)) as user:
        await user.press("colon")
        await user.type("update")
        await user.until(lambda: "Only orders and placements are updated." in user.text())
        lines = [line.split() for line in user.text().splitlines()]
        at = lines.index(["u", "Update"])
        assert " ".join(lines[at + 1]) == "Not now: Only orders and placements are updated."
        await user.press("escape", "escape", "colon")
        await user.type("z")
        await user.until(lambda: ["z", "Freeze"] in [line.split() for line in user.text().splitlines()])
        await user.press("enter")
        await user.until(lambda: "FROZEN" in state(user))


async def test_the_palette_shows_the_desk_around_it_and_a_theme_is_chosen_there() -> None:
    async with blotter((120, 50)) as user:
        await user.press("colon")
        await user.until(lambda: "Not now: " in user.text())
        assert "LOCAL" in state(user)
        await user.type("theme light")
        await user.until(lambda: "Theme light" in user.text())
        await user.press("enter")
        await user.until(lambda: user.app.theme == "light")
        await user.press("colon")
        await user.type("theme light")
        await user.until(lambda: "In use. Dark text on white" in user.text())
        await user.press("escape", "escape", "colon")
        await user.type("theme auto")
        await user.until(lambda: "Theme auto" in user.text())
        await user.press("enter")
        await user.until(lambda: user.app.theme == THEMES[0].name)


async def test_what_wraps_in_the_palette_stays_beneath_what_it_belongs_to() -> None:
    async with blotter((80, 24)) as user:
        await user.press("colon")
        await user.until(lambda: "New by line" in user.text())
        lines = user.text().splitlines()
        at = next(number for number, line in enumerate(lines) if "New by line" in line)
        column = lines[at].index("New by line")
        assert [line[:column].strip() for line in lines[at : at + 3]] == ["N", "", ""]
        assert lines[at + 2][column:].startswith("@UKEQ-INC 40%")


async def test_a_message_that_stood_on_the_desk_covers_no_row_of_the_next_screen() -> None:
    async with blotter((80, 24)) as user:
        await user.press("S")
        await user.until(lambda: "No block here qualifies" in user.text())
        await user.press("0")
        await user.until(lambda: "exceptions: " in user.text())
        assert "No block here qualifies" not in user.text()
        user.app.notify("Copied.", markup=False)
        await user.until(lambda: "Copied." in user.text())
        await user.press("escape")
        await user.until(lambda: user.app.screen is user.desk)
        assert "Copied." in user.text()


async def test_a_message_that_expires_while_it_is_shown_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    async with blotter((80, 24), data="empty") as user:
        asked: list[bool] = []

        def expired(notice: Notice) -> bool:
            asked.append(len(asked) > 0)
            return asked[-1]

        user.app.notify("Copied.", markup=False)
        await user.until(lambda: "Copied." in user.text())
        monkeypatch.setattr(Notice, "has_expired", property(expired))
        user.app._refresh_notifications()
        assert asked[0] is False


def test_what_panes_needed_in_another_number_of_rows_has_no_say() -> None:
    needs = RecentNeeds()
    needs.add("BLK-1", (4, 9))
    needs.add("BLK-2", (6,))
    assert needs.rows == (6,)
