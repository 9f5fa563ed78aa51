"""A filter says what it hides, as rows change, and nothing that needs somebody obeys it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.blotter_app import Blotter, blotter
from tests.screens.desk.test_kill_switch import asked, working
from tests.screens.exceptions.test_exceptions_list import NOON, lines, listed, open_list
from tests.service.dealer import FaultyTransport
from tui.api.http import AsyncBaseTransport
from tui.screens.desk.registry import ACTIONS


async def filtered(user: Blotter, text: str) -> None:
    await user.press("slash")
    await user.type(text)
    await user.press("enter")


def title(user: Blotter, kind: str = "blocks") -> str:
    """Return the title as it is drawn, without what there is no room for."""
    return user.pane(kind)._title.render().plain


def needing(user: Blotter, kind: str) -> set[str]:
    return {id.code for id in user.desk.exceptions.rows_of(user.pane(kind).kind)}


@pytest.mark.parametrize("size", [(80, 24), (120, 34), (200, 60)])
async def test_a_filter_says_how_many_rows_it_hides_and_how_many_of_these_need_you(
    size: tuple[int, int],
) -> None:
    async with blotter(size, start=NOON) as user:
        every, need = set(user.codes("blocks")), needing(user, "blocks")
        await user.press("slash")
        await user.type("vod")
        await user.until(lambda: "/vod" in title(user))
        hidden = every - set(user.codes("blocks"))
        said = f"hides {len(hidden)} rows, {len(hidden & need)} need you"
        assert len(hidden & need) > 1
        assert f"{said}  Esc shows all" in title(user), "while it is typed, too"
        await user.press("enter")
        assert f"{said}  Esc shows all" in title(user)
        assert "/vod" in title(user)
        await user.press("escape")
        assert "hides" not in title(user)


async def test_a_long_filter_in_a_narrow_pane_gives_way_to_what_it_hides() -> None:
    async with blotter((120, 34), start=NOON) as user:
        await user.press("l", "2")
        total = len(user.codes("orders"))
        await filtered(user, "side:buy or instrument:nothing-that-anybody-has-ever-traded")
        hidden = total - len(user.codes("orders"))
        assert f"hides {hidden} rows" in title(user, "orders")
        assert "/side:buy" in title(user, "orders")
        assert "ever-traded" not in title(user, "orders")
        await user.press("1")
        assert f"hides {hidden} rows" in title(user, "orders")
        assert "Esc" not in title(user, "orders"), "the key is of the pane with the focus"


async def test_one_pane_at_a_time_marks_the_others_that_have_a_filter() -> None:
    async with blotter((80, 24), start=NOON) as user:
        await user.press("2")
        await filtered(user, "side:buy")
        await user.press("1")
        await user.until(lambda: "2 Orders/ " in user.text())
        assert "1 Blocks " in user.text()


async def test_what_is_hidden_is_counted_anew_as_rows_come_and_time_goes_on() -> None:
    passed = timedelta(0)
    async with blotter((160, 48), clock=lambda: NOON + passed, start=NOON) as user:
        await user.go("blocks")
        rows = len(user.codes("blocks"))
        await filtered(user, "id:no-such-block")
        assert f"hides {rows} rows" in title(user)
        await user.press("n")
        await user.fill("instrument", "VOD")
        await user.fill("orders", "UKEQ-GROW 100")
        await user.press("enter")
        await user.confirm("enter")
        await user.report()
        await user.until(lambda: f"hides {rows + 1} rows" in title(user))
        await user.press("3")
        await filtered(user, "id:no-such-placement")
        need = len(needing(user, "placements"))
        assert f", {need} need you" in title(user, "placements")
        passed = timedelta(hours=8)
        user.desk._each_second()
        await user.press()
        more = len(needing(user, "placements"))
        assert more > need, "nothing happened to them for long"
        assert f", {more} need you" in title(user, "placements")


async def test_exceptions_strip_counts_and_k_never_obey_a_filter() -> None:
    async with blotter((160, 48), start=NOON) as user:
        await user.go("blocks")
        strip, count, works = user.desk.exceptions.text, user.desk.exceptions.count, working(user)
        for pane in ("3", "2", "1"):
            await user.press(pane)
            await filtered(user, "id:nothing-like-it")
            assert user.desk.active.shown == ()
        assert user.desk.exceptions.text == strip
        assert f"{count} NEED YOU" in lines(user)[0]
        await open_list(user)
        assert len(listed(user)) == count
        assert f" {count} exceptions: " in lines(user)[0]
        await user.press("escape")
        [whole, *_] = await asked(user)
        assert whole.startswith(f"1 All that work on the whole desk {works} placements of ")


async def test_an_outcome_that_nobody_knows_is_told_whatever_is_filtered() -> None:
    lines_between: list[FaultyTransport] = []

    def between(transport: AsyncBaseTransport) -> AsyncBaseTransport:
        lines_between.append(FaultyTransport(transport))
        return lines_between[-1]

    async with blotter((160, 48), wrap=between, start=NOON) as user:
        await user.go("blocks", "BLK-0029")
        await user.press("p")
        await user.fill("counterparty", "ALBN")
        await user.press("enter")
        lines_between[0].fail("cut", "placeblocks")
        await user.confirm("y")
        await user.until(lambda: "1 OUTCOME UNKNOWN" in user.text())
        count = user.desk.exceptions.count
        await filtered(user, "id:nothing-like-it")
        assert "1 OUTCOME UNKNOWN" in lines(user)[0]
        assert "outcome not known: place" in user.desk.exceptions.text
        assert user.desk.exceptions.count == count


async def test_keys_where_no_row_is_shown_say_that_there_is_none_not_what_rows_would_be() -> None:
    labels = {action.key: action.label for action in ACTIONS}
    async with blotter((120, 34)) as user:
        for pane, keys in (("2", "pmucabCSPhiy"), ("3", "mucabfhy")):
            await user.press(pane, "slash", *"zzz", "enter")
            for key in keys:
                await user.press(key)
                other_kind = (pane, key) in (("3", "m"), ("3", "C"))
                said = "Only orders move" if other_kind else "There is no row under the cursor."
                await user.until(lambda: f"{labels[key]}: {said}" in user.text())  # noqa: B023
