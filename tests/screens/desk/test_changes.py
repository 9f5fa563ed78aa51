"""What changed since somebody was here: the value before beside the value now."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from tests.blotter_app import Blotter, blotter, demo
from tests.screens.desk.test_news import create
from tests.screens.desk.test_tape import fill, working
from tui.api import operations
from tui.api.requests import OrderUpdateRequest
from tui.screens.changes_list import ChangesScreen
from tui.screens.dialogs.form_dialog import FormDialog
from tui.service.snapshot.snapshot import EntityKind


def kept(folder: Path) -> Path:
    """Return the file of a visit that has just ended."""
    file = folder / "visit.txt"
    file.write_text(datetime.now(UTC).isoformat())
    return file


async def listed(user: Blotter) -> str:
    """Open the list of changes, wait until they are read, and return the screen."""
    await user.press("d")
    await user.until(lambda: "changed since" in user.text())
    await user.press()
    return user.text()


def line(user: Blotter, *words: str) -> list[str]:
    """Return the line of the list that has all these words, in words."""
    [found] = [each for each in user.text().splitlines() if all(word in each for word in words)]
    return found.split()


async def test_an_order_resized_since_the_last_visit_shows_both_sizes_and_leads_to_its_row(
    tmp_path: Path,
) -> None:
    async with blotter(size=(160, 48)) as early:
        assert "No news yet" in early.text()
    async with blotter(size=(160, 48), visits=kept(tmp_path)) as user:
        assert "0 rows changed since" in await listed(user)
        assert "the end of your last visit" in user.text()
        await user.press("escape")
        await create(user, "OUR-BLOCK", {"FIRST": 10, "SECOND": 20})
        middle = datetime.now(UTC)
        update = OrderUpdateRequest(id=demo("FIRST"), quantity=Decimal(25))
        await user.client.call(operations.UPDATE_ORDERS, {"ours": update})
        assert user.app.session.desk is not None
        assert await user.app.session.desk.refresh()
        user.app.session.visits.last = middle
        await listed(user)
        assert line(user, "order:", "FIRST")
        sizes = line(user, "Quantity", "25")
        assert sizes[sizes.index("Quantity") + 1 :][:2] == ["10", "25"]
        assert not [each for each in user.text().splitlines() if "SECOND" in each]
        lines = [each for each in user.text().splitlines() if "UTC" not in each][1:]
        down = next(at for at, each in enumerate(lines) if "order:" in each)
        await user.press(*["down"] * down, "enter")
        await user.until(lambda: user.app.screen is user.desk)
        await user.until(lambda: user.desk.active.kind is EntityKind.ORDERS)
        await user.until(lambda: getattr(user.pane("orders").cursor, "id", None) == demo("FIRST"))


async def test_a_fill_since_then_shows_on_its_placement_and_its_block(tmp_path: Path) -> None:
    async with blotter(size=(200, 48), visits=kept(tmp_path)) as user:
        placement = working(user)
        await fill(user, "FILL-1", 10, "100", placement)
        shown = await listed(user)
        assert f"placement: {'Buy' if 'Buy' in shown else ''}" in shown
        assert "execution:" in shown
        assert "Executed" in shown
        assert "new" in shown


async def test_without_a_last_visit_it_is_today_and_a_time_of_the_future_is_refused() -> None:
    async with blotter(size=(160, 48)) as user:
        await user.press("d")
        await user.until(lambda: "the start of today" in user.text())
        await user.press("T")
        assert "Since" in await user.form()
        tomorrow = datetime.now(UTC) + timedelta(days=1)
        await user.fill("since", f"{tomorrow:%Y-%m-%d %H:%M}")
        await user.press("enter")
        assert isinstance(user.app.screen, FormDialog)
        await user.fill("since", "1m ago")
        await user.press("enter")
        await user.until(lambda: isinstance(user.app.screen, ChangesScreen))
        await user.until(lambda: "changed since" in user.text())
        await user.press("escape")
        await user.until(lambda: user.app.screen is user.desk)


@pytest.mark.parametrize("size", [(80, 24), (120, 34), (160, 48)])
async def test_states_before_and_now_are_whole_at_every_width(size: tuple[int, int]) -> None:
    async with blotter(size=size, start=datetime(2026, 11, 20, 12, tzinfo=UTC)) as user:
        await listed(user)
        await user.press("T")
        await user.fill("since", "1h ago")
        await user.press("enter")
        whole = re.compile(r"State +◐ partly placed +◐ partly filled")
        await user.until(lambda: whole.search(user.text()) is not None)
        assert not re.search(r"[◐○●▣■]( \w+)*…", user.text())
