"""Starting again after the program was killed in the middle of a write: what became of it is told."""

from __future__ import annotations

import asyncio
import itertools
import sys
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from tests.blotter_app import Blotter, demo
from tests.paths import ROOT
from tests.screens.program_to_kill import DATABASE, HERE, JOURNAL
from tests.seeded_server import seeded_server
from tui.api.client import Client
from tui.api.http import AsyncBaseTransport, Http, asgi_transport
from tui.app import BlotterApp
from tui.connection import Connection
from tui.oms.run.embedded import Embedded
from tui.screens.dialogs import dialog
from tui.screens.dialogs.preview_dialog import PreviewDialog
from tui.screens.dialogs.report_dialog import ReportDialog
from tui.service.desk import Desk
from tui.service.journal.journal import Journal
from tui.service.outcomes import Outcome
from tui.service.verbs import CancelOrders
from tui.session import Preferences

ORDER = "ORD-00008"


class CutShort(Journal):
    """The journal of a program that is killed before it hears the answer to what it sent."""

    def conclude(
        self, id: str, at: datetime, outcomes: Iterable[Outcome], *, answer: int = 0, request: str = ""
    ) -> None:
        pass


class Deaf(AsyncBaseTransport):
    """A line that carries questions, and loses what is asked to be done."""

    def __init__(self, server: AsyncBaseTransport) -> None:
        self._server = server

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            raise httpx.ReadTimeout("timed out", request=request)
        return await self._server.handle_async_request(request)


async def _at_once(seconds: float) -> None:
    """Wait for nothing."""


def desk(journal: Journal, line: AsyncBaseTransport) -> Desk:
    return Desk(Client(Http("http://embedded/api", transport=line)), HERE, journal=journal, pause=_at_once)


@asynccontextmanager
async def started_again(path: Path, *, reached: bool) -> AsyncIterator[Blotter]:
    """Return a user who starts again after a cancel that ``reached`` the server, or did not."""
    embedded = await seeded_server()
    server = asgi_transport(embedded.app)
    killed = desk(CutShort(path), server if reached else Deaf(server))
    await killed.load()
    await killed.act(CancelOrders((demo(ORDER),)))

    async def connect() -> Connection:
        again = desk(Journal(path), server)
        return Connection(again, again.client.close)

    app = BlotterApp(HERE, connect, Preferences(zone=UTC, refresh_s=3600))
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        yield Blotter(app, pilot)
    await embedded.close()


async def test_what_had_happened_is_found_out_and_reported(tmp_path: Path) -> None:
    async with started_again(tmp_path / "journal", reached=True) as user:
        await user.until(lambda: isinstance(user.app.screen, ReportDialog))
        await user.until(lambda: "1 done   0 refused   0 unknown" in user.text())
        assert "Cancel 1 order, asked " in user.text()
        assert ORDER in user.text()
        assert "confirmed by reading back" in user.text()
        assert "UNKNOWN" not in user.text().splitlines()[0]


async def test_what_cannot_be_found_out_stays_in_sight_with_what_to_do_until_a_person_decides(
    tmp_path: Path,
) -> None:
    async with started_again(tmp_path / "journal", reached=False) as user:
        await user.until(lambda: "1 OUTCOME UNKNOWN" in user.text().splitlines()[0])
        await user.until(lambda: "The outcome of 1 row is not known. Press :" in user.text().splitlines()[1])
        await user.press("colon")
        await user.type("settled")
        await user.until(lambda: "Unknown: settled elsewhere" in user.text())
        await user.press("enter")
        await user.until(lambda: "not known" not in user.text())
        assert "UNKNOWN" not in user.text().splitlines()[0]


@asynccontextmanager
async def started_on(folder: Path) -> AsyncIterator[Blotter]:
    """Return a user who starts the program on the server and the journal in a folder."""
    embedded = await Embedded.open(folder / DATABASE, size="empty", market=False)

    async def connect() -> Connection:
        started = desk(Journal(folder / JOURNAL), asgi_transport(embedded.app))
        return Connection(started, started.client.close)

    app = BlotterApp(HERE, connect, Preferences(zone=UTC, refresh_s=3600))
    async with app.run_test(size=(120, 34), notifications=True) as pilot:
        yield Blotter(app, pilot)
    await embedded.close()


async def test_after_a_real_kill_between_calls_every_order_is_told_and_the_rest_previewed_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dialog, "clock", itertools.count(step=1.0).__next__)
    command = [sys.executable, "-m", "tests.screens.program_to_kill", str(tmp_path)]
    program = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=asyncio.subprocess.PIPE)
    assert program.stdout is not None
    assert (await program.stdout.readline()) == b"held\n"
    program.kill()
    await program.wait()
    async with started_on(tmp_path) as user:
        await user.until(lambda: "100 done   0 refused   100 unknown   44 not sent" in user.text())
        assert "Create 244 orders, asked " in user.text()
        await user.press("p")
        await user.until(lambda: isinstance(user.app.screen, PreviewDialog))
        assert "Create 44 orders" in user.text()
        await user.confirm("4", "4", "enter")
        await user.until(lambda: len(user.app.session.snapshot.orders) == 144)
        await user.until(lambda: "100 OUTCOMES UNKNOWN" in user.text())


async def test_a_damaged_journal_keeps_nobody_from_starting_and_is_told(tmp_path: Path) -> None:
    (tmp_path / JOURNAL).write_bytes(b'{"kind":"intent","id":"I-1","at":"20\xff\n' + b"\0" * 5000)
    async with started_on(tmp_path) as user:
        await user.until(lambda: any("journal is damaged in 2 places" in each for each in user.notices))
        [told] = [each for each in user.notices if "journal is damaged" in each]
        assert f"{JOURNAL}, line 1: it cannot be read; {JOURNAL}, line 2: it cannot be read." in told
        assert "Open intents may have been among them" in told
