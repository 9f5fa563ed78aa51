"""Starting again after the program was killed in the middle of a write: what became of it is told."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx

from tests.blotter_app import Blotter, demo
from tui.api.client import Client
from tui.api.http import AsyncBaseTransport, Http, asgi_transport
from tui.app import BlotterApp, Connection
from tui.oms.run.embedded import Embedded
from tui.screens.dialogs.report_dialog import ReportDialog
from tui.service.desk import Desk
from tui.service.environment import Environment, EnvironmentKind
from tui.service.outcomes import Outcome
from tui.service.verbs import CancelOrders
from tui.service.writes.journal import Journal
from tui.session import Preferences

ORDER = "ORD-00008"
HERE = Environment("demo", EnvironmentKind.LOCAL)


class CutShort(Journal):
    """The journal of a program that is killed before it hears the answer to what it sent."""

    def conclude(self, id: str, at: datetime, outcomes: Iterable[Outcome]) -> None:
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
    embedded = await Embedded.open(None, market=False)
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
        assert f"order {ORDER}" in user.text()
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
