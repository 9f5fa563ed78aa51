"""The journal in the app: what was decided here, by whom, and what came of it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.blotter_app import Blotter, blotter, demo
from tests.service.journal.test_journal import intend, intent
from tui.screens.history.screen import HistoryScreen
from tui.screens.journal_list import JournalScreen
from tui.service.journal.journal import Journal
from tui.service.outcomes import Outcome, Status
from tui.service.verbs import CancelOrders


async def opened(user: Blotter, sight: str) -> None:
    await user.press("at")
    await user.until(lambda: isinstance(user.app.screen, JournalScreen))
    await user.until(lambda: sight in user.text())


async def test_the_journal_tells_what_was_decided_and_what_came_of_it(tmp_path: Path) -> None:
    async with blotter(size=(160, 40), exports=tmp_path) as user:
        await opened(user, "Nothing was decided here yet.")
        await user.press("escape")
        await user.go("orders", "ORD-00008")
        await user.press("c")
        await user.confirm("y")
        await user.report()
        await opened(user, "Cancel")
        line = next(line for line in user.text().splitlines() if "Cancel" in line)
        assert line.split()[-1] == "done"
        assert "Journal  1" in user.text()
        await user.press("enter")
        await user.until(lambda: user.app.screen is user.desk)
        assert user.desk.active.cursor is not None
        assert user.desk.active.cursor.id == demo("ORD-00008"), "Enter goes to the row"


async def test_what_another_program_decides_appears_and_is_filtered_and_its_history_opened() -> None:
    async with blotter(size=(160, 40)) as user:
        await opened(user, "Nothing was decided here yet.")
        assert user.app.session.desk is not None
        journal: Journal = user.app.session.desk._journal
        for id, code in (("D-1", "ORD-00008"), ("D-2", "GONE-1")):
            verb = CancelOrders((demo(code),))
            words, now = f"Cancel {code}", datetime.now(UTC)
            asked = replace(intent(id, verb), user="algo.one", at=now, sentence=words)
            intend(journal, asked)
            refused = Outcome(verb.refs[0], Status.REFUSED, reason="It is filled.")
            journal.conclude(id, datetime.now(UTC), [refused], answer=200, request="0HN7:42")
        await user.until(lambda: "Journal  2" in user.text())
        await user.press("slash")
        await user.type("gone")
        await user.press("enter")
        await user.until(lambda: "1 of 2" in user.text())
        assert "Refused: It is filled." in user.text()
        assert "by algo.one" in user.text()
        assert "Request 0HN7:42." in user.text()
        await user.press("enter")
        await user.until(lambda: isinstance(user.app.screen, HistoryScreen))


@pytest.mark.parametrize("columns", [80])
async def test_on_a_narrow_terminal_time_words_and_outcome_stay(columns: int) -> None:
    async with blotter(size=(columns, 24)) as user:
        await user.go("orders", "ORD-00008")
        await user.press("c")
        await user.confirm("y")
        await user.report()
        await opened(user, "Cancel")
        assert "Outcome" in user.text()
        assert "done" in user.text()
