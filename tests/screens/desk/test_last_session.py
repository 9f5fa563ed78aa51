"""A dealer leaves his desk and finds it again as it was, whatever ended the program."""

from __future__ import annotations

import os
import tomllib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from styles.themes import THEMES
from tests.blotter_app import Blotter, blotter
from tests.screens.desk.test_saved_views import filtered, saved
from tests.screens.desk.test_saved_views import store as views_of
from tui.columns.last_session import PINS_KEPT
from tui.screens.desk.pane import Pane
from tui.screens.desk.tape_line import TapeLine
from tui.started_files import StartedSession

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def kept(folder: Path, *, begins_anew: bool = False) -> StartedSession:
    themes = [theme.name for theme in THEMES]
    return StartedSession(folder / "session.toml", themes, begins_anew=begins_anew)


def told(user: Blotter) -> str:
    return "\n".join(user.notices)


def title(user: Blotter, kind: str) -> str:
    return user.pane(kind)._title.render().plain


def hidden(pane: Pane) -> Iterator[str]:
    rows = pane._arranger.rows
    return (id.code for id in rows.snapshot.rows(pane.kind) if rows.hides(id))


@asynccontextmanager
async def back(folder: Path, **options: Any) -> AsyncIterator[Blotter]:
    """Return a user who comes back, once his desk is read, whatever it shows of it."""
    options.setdefault("last_session", kept(folder))
    async with blotter((160, 48), wait=False, **options) as user:
        await user.until(lambda: user.desk.exceptions.is_settled(user.desk.snapshot))
        await user.press()
        yield user


async def rested(user: Blotter, folder: Path, words: str) -> None:
    """Let seconds pass in which nothing is changed, until the file has ``words``."""
    file = folder / "session.toml"

    def is_kept() -> bool:
        user.desk._each_second()
        return file.exists() and words in file.read_text()

    await user.until(is_kept)


async def test_the_desk_is_found_as_it_was_left(tmp_path: Path) -> None:
    views = views_of(tmp_path)
    async with blotter((160, 48), views=views, last_session=kept(tmp_path)) as user:
        await filtered(user, "side:buy")
        await saved(user, "buys")
        await user.until(lambda: user.app.session.view_name == "buys")
        await user.press("2", "l")
        await filtered(user, "instrument:VOD")
        pane = user.pane("orders")
        pane.set_view(pane.view.sorted_by("side").further_sorted_by("id"))
        await user.press("o")
        await user.until(lambda: "Columns of orders" in user.text())
        await user.press("down", "J", "plus", "down", "p", "enter")
        await user.press("plus")
        await user.press("6", "2")
        columns, split = [column.id for column in pane.view.columns], user.desk.split
        heights = [user.pane(kind).size.height for kind in ("blocks", "orders", "transactions")]
        widths, orders, blocks = pane.view.widths, user.codes("orders"), user.codes("blocks")
        assert pane.view.pinned
        assert widths
        assert split is not None
        user.app._choose_theme("light")
        await user.press("q")
    file = tmp_path / "session.toml"
    assert file.stat().st_mode & 0o777 == 0o600
    assert tomllib.loads(file.read_text())["view"] == "buys"

    async with back(tmp_path, views=views) as user:
        pane = user.pane("orders")
        await user.until(lambda: user.desk.active is pane and user.codes("orders") == orders)
        assert " view buys* " in user.text().splitlines()[0]
        assert [column.id for column in pane.view.columns] == columns
        assert pane.view.widths == widths
        assert "by Side up, Order up" in pane._title.text
        assert user.codes("blocks") == blocks
        assert not user.desk.linked
        assert user.desk.split == split
        assert user.pane("transactions").display
        shown = [user.pane(kind).size.height for kind in ("blocks", "orders", "transactions")]
        assert shown == heights
        assert user.app.theme == "light"


async def test_a_restored_filter_says_what_it_hides_when_the_desk_comes_up_and_in_its_title(
    tmp_path: Path,
) -> None:
    async with blotter((160, 48), start=NOON, last_session=kept(tmp_path)) as user:
        every = user.codes("blocks")
        await filtered(user, "instrument:VOD")
        await user.press("q")
    async with back(tmp_path, start=NOON) as user:
        await user.until(lambda: user.desk.snapshot.complete and not user.pane("blocks").arranging)
        rows = set(hidden(user.pane("blocks")))
        assert rows == set(every) - set(user.codes("blocks"))
        await user.until(lambda: not user.desk.exceptions.busy)
        need = {id.code for id in user.desk.exceptions.rows_of(user.pane("blocks").kind)} & rows
        said = f"hides {len(rows)} rows, {len(need)} need you"
        assert need
        await user.until(lambda: said in title(user, "blocks"))
        user.desk._each_second()
        await user.until(lambda: f"As you left it: blocks filter {said}." in told(user))
        assert f"{user.desk.exceptions.count} NEED YOU" in user.text().splitlines()[0]
        await user.press("escape")
        assert user.codes("blocks") == every


async def test_a_program_that_is_killed_loses_no_more_than_the_last_seconds(tmp_path: Path) -> None:
    async with blotter((160, 48), last_session=kept(tmp_path)) as user:
        await filtered(user, "instrument:VOD")
        await rested(user, tmp_path, "instrument:VOD")
        some = user.codes("blocks")
        at_rest = (tmp_path / "session.toml").stat().st_mtime_ns
        for _ in range(3):
            user.desk._each_second()
        await user.press("j", "k")
        assert (tmp_path / "session.toml").stat().st_mtime_ns == at_rest, "no key writes anything"
    async with back(tmp_path) as user:
        await user.until(lambda: user.codes("blocks") == some)


async def test_pinned_rows_last_until_they_are_gone_for_long(tmp_path: Path) -> None:
    def pinned(code: str, days: int) -> str:
        seen = (NOON - timedelta(days=days)).date()
        return f'[[pinned]]\npane = "blocks"\nscope = "demo"\ncode = "{code}"\nseen = {seen}\n'

    file, long = tmp_path / "session.toml", PINS_KEPT.days
    file.write_text(pinned("BLK-0007", 2) + pinned("GONE", long - 1) + pinned("LONG-GONE", long))
    async with back(tmp_path, start=NOON) as user:
        assert user.codes("blocks")[0] == "BLK-0007"
        assert "1 pinned" in title(user, "blocks")
        user.desk._each_second()
        await user.until(lambda: "As you left it: 2 rows pinned." in told(user))
        await user.go("blocks", "BLK-0001")
        await user.press("P", "q")
    found = {each["code"]: each["seen"] for each in tomllib.loads(file.read_text())["pinned"]}
    today = NOON.date()
    assert found == {"BLK-0007": today, "BLK-0001": today, "GONE": today - timedelta(days=long - 1)}


async def test_what_is_wrong_in_the_file_is_named_and_the_rest_is_restored(tmp_path: Path) -> None:
    (tmp_path / "session.toml").write_text(
        'version = 1\nfocus = "ordres"\ntheme = "pink"\ncolour = 1\n'
        '[shown]\nlinked = false\n[shown.panes.blocks]\nfilter = "nosuch:1"\nsort = ["side"]\n'
        '[[pinned]]\npane = "blocks"\nscope = "demo"\n'
        '[[pinned]]\npane = "blocks"\nscope = "demo"\ncode = "BLK-0007"\nseen = 2026-11-20\n'
    )
    async with back(tmp_path, start=NOON) as user:
        for words in (
            "line 2: focus: is not known here; perhaps orders is meant.",
            "theme: is not known here",
            "line 4: colour: is not known here",
            "filter: cannot be understood: There is no column 'nosuch'",
            "code: is missing",
        ):
            await user.until(lambda: words in told(user))  # noqa: B023
        assert "\N{REPLACEMENT CHARACTER}" not in user.text()
        said = user.desk.query_one(TapeLine).text
        assert "Last session: " in said, said
        assert "by Side up" in title(user, "blocks")
        assert not user.desk.linked
        assert user.codes("blocks")[0] == "BLK-0007"
        assert user.desk.active is user.pane("blocks")


async def test_a_filter_of_a_property_whose_column_is_gone_is_named_and_the_rest_is_restored(
    tmp_path: Path,
) -> None:
    (tmp_path / "views.toml").write_text(
        '[views.classes]\n[views.classes.panes.blocks]\nshow = ["Block/demo/AssetClass"]\n'
        'filter = "assetclass:bond"\n'
    )
    (tmp_path / "session.toml").write_text(
        'version = 1\nview = "classes"\nfocus = "orders"\n[shown.panes.blocks]\n'
        'columns = ["id", "side"]\n[shown.panes.orders]\nfilter = "side:buy"\n'
    )
    async with back(tmp_path, views=views_of(tmp_path)) as user:
        without = "Blocks are shown without the filter assetclass:bond: There is no column 'assetclass' here;"
        await user.until(lambda: without in told(user))
        assert len(user.codes("blocks")) == len(user.desk.snapshot.blocks)
        assert [column.id for column in user.pane("blocks").view.columns] == ["id", "side"]
        await user.until(lambda: user.desk.active is user.pane("orders"))
        assert "/side:buy" in title(user, "orders")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("version = 1\n[shown", "is not TOML"),
        ('version = 2\nview = "x"\n', "is of version 2, and this program knows version 1"),
    ],
)
async def test_a_file_that_nobody_understands_is_named_and_the_desk_is_as_made(
    tmp_path: Path, text: str, words: str
) -> None:
    file = tmp_path / "session.toml"
    file.write_text(text)
    async with back(tmp_path) as user:
        await user.until(lambda: words in told(user))
        assert "newest first" in title(user, "blocks")
        await user.press("q")
    assert (file.read_text() == text) is text.startswith("version = 2"), "a newer program may want it again"


async def test_the_view_in_use_may_be_gone(tmp_path: Path) -> None:
    views = views_of(tmp_path)
    (tmp_path / "session.toml").write_text('view = "gone"\n[shown.panes.blocks]\nfilter = "side:buy"\n')
    async with back(tmp_path, views=views) as user:
        await user.until(lambda: "The view gone is gone" in told(user))
        assert user.pane("blocks").view.filter == "side:buy"
        assert "view " not in user.text().splitlines()[0]


async def test_a_view_that_was_not_touched_follows_what_the_desk_shares(tmp_path: Path) -> None:
    views = views_of(tmp_path)
    async with blotter((160, 48), views=views, last_session=kept(tmp_path)) as user:
        await user.press("full_stop")
        await user.until(lambda: user.app.session.view_name == "gilts")
        await user.press("q")
    shared = tmp_path / "desk.toml"
    shared.write_text(shared.read_text().replace("GBP", "USD"))
    async with back(tmp_path, views=views) as user:
        assert " view gilts " in user.text().splitlines()[0]
        assert user.pane("blocks").view.filter == "currency:USD"


async def test_a_start_may_begin_with_the_desk_as_it_is_made(tmp_path: Path) -> None:
    (tmp_path / "session.toml").write_text('[shown.panes.blocks]\nfilter = "side:buy"\n')
    async with back(tmp_path, last_session=kept(tmp_path, begins_anew=True)) as user:
        assert "newest first" in title(user, "blocks")
        assert not user.pane("blocks").view.filter
        await user.press("q")
    assert "side:buy" not in (tmp_path / "session.toml").read_text(), "that is how it was left last"


async def test_of_two_blotters_the_last_one_wins_whole(tmp_path: Path) -> None:
    async with blotter((160, 48), last_session=kept(tmp_path)) as user:
        await filtered(user, "instrument:VOD")
        await rested(user, tmp_path, "instrument:VOD")
        async with back(tmp_path) as other:
            await other.until(lambda: other.pane("blocks").view.filter == "instrument:VOD")
            await other.press("escape")
            await other.press("l", "q")
        assert "VOD" not in (tmp_path / "session.toml").read_text()
        await user.press("q")
    found = tomllib.loads((tmp_path / "session.toml").read_text())
    assert found["shown"] == {"linked": True, "panes": {"blocks": {"filter": "instrument:VOD"}}}
    assert os.listdir(tmp_path) == ["session.toml"]


async def test_a_theme_that_was_chosen_gives_way_to_one_that_is_asked_for_since(tmp_path: Path) -> None:
    file = tmp_path / "session.toml"
    file.write_text('theme = "light"\ninstead_of = "blotter"\n')
    async with back(tmp_path, theme="east") as user:
        assert user.app.theme == "east"
        await user.press("q")
    assert 'theme = "light"' in file.read_text(), "it holds again once nothing else is asked for"


async def test_a_full_disk_is_told_once_and_stops_nobody(tmp_path: Path) -> None:
    class Full(StartedSession):
        def write(self, found: object) -> None:
            raise OSError(28, "No space left on device")

    async with blotter(
        (160, 48), last_session=Full(tmp_path / "session.toml", [], begins_anew=False)
    ) as user:
        await user.press("l")

        def is_told() -> bool:
            user.desk._each_second()
            return "How this desk is left is not kept: No space left on device." in told(user)

        await user.until(is_told)
        await user.press("q")
