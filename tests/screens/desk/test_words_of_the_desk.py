"""Cells say what a desk says: no names of the wire and no codes; filters know a row by either."""

from __future__ import annotations

import re
from typing import Final

import pytest

from tests.blotter_app import Blotter, blotter
from tui.columns.format import DisplayContext, state_text
from tui.columns.panes import COLUMNS
from tui.service.snapshot.snapshot import EntityKind
from tui.service.state_words import STATES, StateWord

WORDED: Final = {"state", "side", "type", "tif", "entry", "compliance", "approval"}
NAME_OF_THE_WIRE: Final = re.compile(r"[a-z][A-Z]|[A-Z]{4,}|[A-Z]_|\d")
"""Two words written as one, a word that shouts, a code."""
OF_THE_SERVER: Final = {"Awaiting call back"}
"""States of the demo that no desk has a word for: shown as they came."""


def _words(user: Blotter) -> set[str]:
    snapshot = user.desk.snapshot
    return {
        column.cell(snapshot, row, DisplayContext())
        for kind in EntityKind
        for column in COLUMNS[kind]
        if column.id in WORDED
        for row in snapshot.rows(kind).values()
    }


async def test_cells_are_words_of_the_desk_and_a_filter_finds_them_by_either_name() -> None:
    async with blotter() as user:
        words = _words(user)
        states = {word for word in words if word[1:2] == " "}
        assert {"◐ partly filled", "◌ cancel asked", "‖ stopped", "↻ replaced", "▲ over-allocated"} <= states
        assert {word[2:] for word in states} <= {state.word for state in STATES} | OF_THE_SERVER
        assert not [word for word in words if NAME_OF_THE_WIRE.search(word) and word not in ("GTC", "GTD")]
        assert {"limit", "market", "day", "GTC", "Cover", "partly overridden", "manually approved"} <= words
        assert {"manual", "EMS", "direct", "■ booked"} <= words
        found = []
        for typed in ('state:"partly filled"', "partlyfilled", "state:partfill", "PartiallyFilled"):
            await user.go("placements", "PLC-00033")
            await user.press("slash")
            await user.type(typed)
            await user.press("enter")
            await user.until(lambda: 0 < len(user.codes("placements")) < 30)
            found.append(tuple(user.codes("placements")))
            await user.press("escape")
        assert set(found) == {found[0]}, "by the desk's word, and by any of the wire's"


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.word)
def test_every_state_has_one_look_in_whatever_spelling_it_comes(state: StateWord) -> None:
    first = state.written[0]
    for written in (*state.written, state.word, first.upper(), first.replace("d", " d"), state.word.title()):
        assert state_text(written, DisplayContext()) == f"{state.glyph} {state.word}"
        assert state_text(written, DisplayContext(ascii=True)) == f"{state.ascii} {state.word}"
    assert (state.ascii + state.word).isascii()
    assert not any(letter.isdigit() or letter.isupper() for letter in state.word)
