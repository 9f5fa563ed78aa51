"""The kill switch: whose working placements, how many, and everything that works there is cancelled."""

from __future__ import annotations

import asyncio
import re
import threading
from decimal import Decimal

import httpx
import pytest

from tests import idle
from tests.blotter_app import Blotter, blotter, demo
from tests.screens.desk.trading_steps import new_block, place
from tui.api import operations
from tui.api.http import AsyncBaseTransport
from tui.api.requests import PlaceBlocksRequest, PlacementRequest
from tui.api.states import is_finished
from tui.screens.dialogs.preview_dialog import PreviewDialog
from tui.screens.dialogs.question_dialog import QuestionDialog
from tui.screens.dialogs.report_dialog import ReportDialog
from tui.screens.dialogs.sending_dialog import SendingDialog
from tui.service.rehearsal.rehearse import Sandbox
from tui.service.snapshot.naming import short
from tui.service.snapshot.snapshot import Snapshot


class CancelLine(AsyncBaseTransport):
    """A line on which some calls that cancel placements fail, or wait."""

    def __init__(self, server: AsyncBaseTransport) -> None:
        self.server = server
        self.calls = 0
        self.fails: set[int] = set()
        self.cut = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self.cut:
            raise httpx.ConnectError("Connection refused", request=request)
        if "cancelplacements" in request.url.path:
            self.calls += 1
            if self.calls in self.fails:
                return httpx.Response(400, json={"name": "Busy", "detail": "Try later."})
        return await self.server.handle_async_request(request)


class CancelLines:
    """Makes the line of the blotter under test, and keeps hold of it."""

    made: CancelLine

    def __call__(self, server: AsyncBaseTransport) -> AsyncBaseTransport:
        self.made = CancelLine(server)
        return self.made


def working(user: Blotter) -> int:
    """Return how many placements of the desk may still be filled, without those that go with a parent."""
    snapshot = user.app.session.snapshot
    rows = {
        row.id: row
        for row in snapshot.placements.values()
        if not is_finished(row.state)
        and (row.quantity is None or (snapshot.executed_of_placement(row.id) or 0) < row.quantity)
    }
    return sum(row.parent_placement_id not in rows for row in rows.values())


async def asked(user: Blotter) -> list[str]:
    """Press the key and return the scopes that are asked for, a line each."""
    await user.press("K")
    await user.until(lambda: isinstance(user.app.screen, QuestionDialog))
    await user.pilot.pause()
    found = re.findall(r"│ +(\d  All that work [^│]+?) *│", user.text())
    return [" ".join(line.split()) for line in found]


async def preview(user: Blotter) -> str:
    await user.until(lambda: isinstance(user.app.screen, PreviewDialog))
    await user.pilot.pause()
    return user.text()


async def test_the_scope_is_asked_first_with_what_works_in_each() -> None:
    """The cursor is on a filled block and everything shown is selected: the whole desk is still there."""
    async with blotter() as user:
        count = working(user)
        assert count > 20
        await user.go("blocks", "BLK-0015")
        await user.press("l", "slash")
        await user.type("VOD")
        await user.press("enter", "asterisk")
        shown = await asked(user)
        assert shown[0].startswith(f"1 All that work on the whole desk {count} placements of ")
        assert shown[1].startswith("2 All that work matching 'VOD' in blocks ")
        assert "selected block" in shown[2]
        assert "of block BLK-" in shown[3]


async def test_the_whole_desk_is_cancelled_after_its_count_is_typed() -> None:
    async with blotter() as user:
        await user.go("blocks", "BLK-0015")
        count = working(user)
        shown = await asked(user)
        assert shown[-1] == "2 All that work of block BLK-0015 nothing works"
        await user.press("2")
        assert isinstance(user.app.screen, QuestionDialog), "nothing works there"
        await user.press("1")
        first = await preview(user)
        assert f"Cancel {count} placements: all that work on the whole desk" in first
        await user.confirm("y", "enter")
        assert isinstance(user.app.screen, PreviewDialog), "only the count confirms"
        await user.confirm(*str(count), "enter")
        await user.report()
        await user.until(lambda: working(user) == 0)


async def test_the_kill_waits_for_no_rehearsal(monkeypatch: pytest.MonkeyPatch) -> None:
    """The copy of the desk does not answer: the count is typed, and everything is sent, all the same."""
    asked_for: list[Snapshot] = []
    given_up = threading.Event()

    async def silent(snapshot: Snapshot) -> Sandbox:
        asked_for.append(snapshot)
        await asyncio.to_thread(given_up.wait)
        raise OSError("never there")

    monkeypatch.setattr("tests.blotter_app.sandboxes_of", lambda engine: silent)
    monkeypatch.setattr(idle, "THREADS_S", 0.1)
    async with blotter() as user:
        try:
            count = working(user)
            await asked(user)
            await user.press("1")
            assert f"Type the count, {count}" in await preview(user)
            await user.until(lambda: bool(asked_for))
            await user.press(*str(count), "enter")
            await user.report()
            await user.until(lambda: working(user) == 0)
        finally:
            given_up.set()  # the app waits for its rehearsal as it ends


async def test_what_the_rehearsal_finds_is_added_while_the_count_is_typed() -> None:
    async with blotter() as user:
        count = working(user)
        await asked(user)
        await user.press("1")
        await user.until(lambda: isinstance(user.app.screen, PreviewDialog))
        digits = str(count)
        await user.press(digits[0])
        await user.until(lambda: "units freed" in user.text())
        await user.press(*digits[1:], "enter")
        await user.report()
        await user.until(lambda: working(user) == 0)


async def test_only_the_block_under_the_cursor_is_cancelled() -> None:
    async with blotter() as user:
        block = await new_block(user)
        placement = await place(user, block, "40k")
        await user.go("blocks", block)
        count = working(user)
        shown = await asked(user)
        assert shown[-1] == f"2 All that work of block {short(block)} 1 placement of 1 block"
        await user.press("down", "enter")
        assert "Cancel 1 placement: all that work of block" in await preview(user)
        await user.confirm("1", "enter")
        await user.report()
        await user.until(lambda: "cancelled" in user.row("placements", placement)["state"])
        assert working(user) == count - 1


async def test_leaving_the_question_sends_nothing() -> None:
    async with blotter() as user:
        count = working(user)
        await asked(user)
        await user.press("escape")
        assert isinstance(user.app.screen, type(user.desk))
        assert working(user) == count


async def test_where_nothing_works_it_says_so_at_once() -> None:
    async with blotter() as user:
        count = working(user)
        await asked(user)
        await user.press("1")
        await user.confirm(*str(count), "enter")
        await user.report()
        await user.until(lambda: working(user) == 0)
        await user.press("K")
        await user.until(lambda: user.notices[-1] == "No working placement on this desk: nothing is open.")


async def placed_by_a_colleague(user: Blotter, code: str, block: str) -> None:
    """Let a colleague place 1,000 of a block, and the desk see it at its next poll."""
    known = user.app.session.snapshot.blocks[demo(block)].block
    request = PlacementRequest(
        id=demo(code),
        block_ids=(known.id,),
        instrument_identifiers=known.instrument_identifiers,
        quantity=Decimal(1000),
        side=known.side,
        type=known.type or "",
        time_in_force=known.time_in_force or "",
        limit_price=known.limit_price,
        created_date=known.created_date,
        counterparty="ALBN",
    )
    await user.client.call(operations.PLACE_BLOCKS, PlaceBlocksRequest(requests=(request,)))
    desk = user.app.session.desk
    assert desk is not None
    await desk.refresh()


async def test_what_a_colleague_places_meanwhile_is_named_before_and_after() -> None:
    async with blotter() as user:
        count = working(user)
        await asked(user)
        await placed_by_a_colleague(user, "PLC-SOON", "BLK-0003")
        await user.press("1")
        assert f"Cancel {count + 1} placements: all that work on the whole desk" in await preview(user)
        await placed_by_a_colleague(user, "PLC-LATE", "BLK-0008")
        late = "1 placement came in since this was asked, not among these: PLC-LATE. Ask again for them."
        await user.until(lambda: late in " ".join(user.text().split()))
        await user.press(*str(count + 1), "enter")
        await user.until(lambda: isinstance(user.app.screen, ReportDialog))
        assert "PLC-LATE" in user.text()
        assert "works by now, and was not among those sent" in " ".join(user.text().split())
        assert working(user) == 1


async def test_a_read_only_desk_and_a_cut_line_say_so_at_once() -> None:
    async with blotter(read_only=True) as user:
        await user.press("K")
        assert user.notices[-1] == "This desk is read-only: nothing can be written from it."
    lines = CancelLines()
    async with blotter(wrap=lines) as user:
        lines.made.cut = True
        for _ in range(12):
            await user.app.session.reload()
        await user.press("K")
        assert user.notices[-1].startswith("Nothing can be cancelled from here now: ")
        assert user.notices[-1].endswith("Until then, call the brokers.")


@pytest.mark.long
async def test_hundreds_go_in_calls_past_one_that_fails_and_stop_between_two() -> None:
    lines = CancelLines()
    async with blotter(size=(80, 24), data="busy", wrap=lines) as user:
        count = working(user)
        assert count > 300, "more than a batch may have otherwise"
        lines.made.fails = {2}
        await asked(user)
        await user.press("1")
        await preview(user)
        show = SendingDialog.show_progress
        said = []

        def stop_after_three(dialog: SendingDialog) -> None:
            show(dialog)
            said.append(dialog._dispatch.sentence())
            if lines.made.calls == 3:
                dialog.action_stop()

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(SendingDialog, "show_progress", stop_after_three)
            await user.confirm(*str(count), "enter")
            await user.until(lambda: isinstance(user.app.screen, ReportDialog))
        assert said[:2] == [
            f"1 of {-(-count // 100)} calls, 100 of {count} done",
            f"2 of {-(-count // 100)} calls, 100 of {count} done, 100 refused",
        ]
        assert f"200 done   100 refused   0 unknown   {count - 300} not sent" in user.text()
        assert f"{count - 300} x stopped by you" in user.text()
        await user.press("p")
        assert f"Cancel {count - 300} placements: all that work on the whole desk" in await preview(user)
        await user.confirm("escape")
        await user.until(lambda: isinstance(user.app.screen, ReportDialog))
        assert lines.made.calls == 3, "the preview alone sends nothing"


async def test_on_a_frozen_desk_what_works_by_now_is_counted() -> None:
    async with blotter() as user:
        await user.go("blocks", "BLK-0029")
        await user.press("z")
        await placed_by_a_colleague(user, "PLC-LATER", "BLK-0029")
        assert demo("PLC-LATER") not in user.desk.snapshot.placements, "what is shown stands still"
        shown = await asked(user)
        assert shown[-1] == "2 All that work of block BLK-0029 1 placement of 1 block"
        await user.press("2")
        assert "Cancel 1 placement: all that work of block BLK-0029" in " ".join(
            (await preview(user)).split()
        )
