"""Terminals that can do less: no colour, ASCII only, narrow."""

from __future__ import annotations

import pytest

from tests.blotter_app import blotter


async def test_without_colour_everything_works_and_nothing_is_coloured(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with blotter() as user:
        await user.press("j", "space", "n")
        await user.form()
        strips = user.app.screen._compositor.render_strips()
        styles = [segment.style for strip in strips for segment in strip if segment.style is not None]
        assert all(style.color is None or style.color.is_default for style in styles)
        assert all(style.bgcolor is None or style.bgcolor.is_default for style in styles)
        assert any(style.reverse for style in styles)
        await user.press("escape", "escape", "colon")
        await user.type("theme light")
        await user.until(lambda: "NO_COLOR is set" in user.text())
        await user.press("enter")
        await user.until(lambda: "NO_COLOR is set: there are no colours." in user.notices)
        assert user.app.theme == "mono", "the row under the cursor stays reversed"


@pytest.mark.parametrize("size", [(200, 60), (80, 24)])
async def test_ascii_draws_nothing_else(size: tuple[int, int]) -> None:
    async with blotter(size=size, ascii=True) as user:
        for keys in (("n",), ("escape", "s"), ("escape", "question_mark"), ("escape", "h"), ("escape", "i")):
            await user.press(*keys)
            await user.pilot.pause()
            assert drawn(user.text()) <= set("üéトヨタ自動車"), keys
        await user.press("escape", "colon")
        await user.pilot.pause()
        assert drawn(user.text()) == set()


def drawn(text: str) -> set[str]:
    return {letter for letter in text if not letter.isascii()}


async def test_a_narrow_line_leaves_out_keys_and_totals_but_cuts_no_number() -> None:
    async with blotter(size=(80, 24)) as user:
        *_, totals, _, keys = user.text().splitlines()
        assert keys.rstrip().endswith("q Quit")
        assert "? Help" in keys
        assert "…" not in keys
        pieces = [piece.strip() for piece in totals.split("·")]
        assert pieces[-1] == "…"
        whole = [
            str(part)
            for part in user.pane("blocks")._arranger.rows.totals.parts(user.pane("blocks").rows_snapshot)
        ]
        assert len(pieces) > 2
        assert pieces[:-1] == whole[: len(pieces) - 1], "each sum is whole"


async def test_a_terminal_that_is_too_small_says_so_until_it_is_larger() -> None:
    async with blotter(size=(80, 24)) as user:
        await user.pilot.resize_terminal(20, 6)
        await user.until(lambda: "Too small" in user.text())
        first, *said = (" ".join(line.split()) for line in user.text().splitlines())
        assert first.startswith("LOCAL"), "the environment is never hidden"
        assert " ".join(filter(None, said)) == (
            "Too small: 40 columns by 10 lines are needed, 20 by 6 are here."
        )
        await user.pilot.resize_terminal(40, 10)
        await user.until(lambda: "1 Blocks" in user.text())
        assert "Too small" not in user.text()


async def test_where_one_pane_fits_it_says_which_it_is_and_of_which_block() -> None:
    async with blotter(size=(40, 12)) as user:
        second = user.codes("blocks")[1]
        await user.press("j", "5")
        await user.until(lambda: f"of {second}" in user.text())
        assert ">5 Executions" in user.text()
