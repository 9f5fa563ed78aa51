"""The blotter as a user has it: the real app on the real embedded server, driven by keys.

Tests read like use: ``await blotter.go("orders", "ORD-00003")``, ``await blotter.press("c", "y")``,
``blotter.row("orders")``. They assert what a person would see, or what the server holds.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from msgspec.structs import replace
from textual.events import Key
from textual.keys import _character_to_key
from textual.pilot import Pilot

from styles.themes import DEFAULT
from tests.seeded_server import seeded_server
from tui.api.base import ResourceId
from tui.api.client import Client
from tui.api.http import AsyncBaseTransport, Http, asgi_transport
from tui.app import BlotterApp
from tui.columns.last_session import SessionStore
from tui.columns.saved_views import ViewStore
from tui.config.tape_settings import TapeSettings
from tui.connection import Connection
from tui.headless.proposed_documents import read_proposed
from tui.oms.http.app import ServerSettings
from tui.oms.run.embedded import Size
from tui.sandbox import sandboxes_for, sandboxes_of
from tui.screens.desk.pane import Pane
from tui.screens.desk.screen import DeskScreen
from tui.screens.dialogs import dialog
from tui.screens.dialogs.form_dialog import FormDialog
from tui.screens.dialogs.preview_dialog import PreviewDialog
from tui.screens.dialogs.report_dialog import ReportDialog
from tui.service.desk import Desk
from tui.service.desk_profile import ComplianceRun, DeskProfile
from tui.service.environment import Environment, EnvironmentKind
from tui.service.journal.journal import Journal
from tui.service.snapshot.snapshot import EntityKind, is_listed
from tui.session import Preferences
from widgets.form import FormFields

DEMO = DeskProfile(compliance_run=ComplianceRun("demo", "Rules", ResourceId("demo", "default")))
"""What the program's own demo says of compliance."""
USUAL_TAPE = TapeSettings()
PATIENCE_S = 60.0
"""Seconds a test waits for what it expects before it fails."""


@asynccontextmanager
async def desk_app(
    *,
    data: Size = "demo",
    read_only: bool = False,
    ascii: bool = False,
    wrap: Callable[[AsyncBaseTransport], AsyncBaseTransport] = lambda transport: transport,
    exports: Path | None = None,
    keys: Mapping[str, str] | None = None,
    start: datetime | None = None,
    clock: Callable[[], datetime] | None = None,
    market: bool = False,
    kind: EnvironmentKind = EnvironmentKind.LOCAL,
    settings: ServerSettings | None = None,
    colour: str = "",
    refresh_s: float = 3600,
    profile: DeskProfile = DEMO,
    tape: TapeSettings = USUAL_TAPE,
    visits: Path | None = None,
    exceptions: Mapping[str, int | None] | None = None,
    first_screen: str = "desk",
    views: ViewStore | None = None,
    last_session: SessionStore | None = None,
    theme: str = DEFAULT,
    zone: tzinfo = UTC,
) -> AsyncIterator[BlotterApp]:
    """Return the app on a server of its own, which keeps nothing; ``wrap`` may break the line between.

    With ``start`` the demo's morning ends then and the app's clock stands: the same screen every time;
    a ``clock`` shows what it likes.
    A ``market`` is held: it moves when it is told to step. A server of another ``kind`` is elsewhere. Its
    ``settings`` may ask for faults.
    """
    embedded = await seeded_server(data, market=market, start=start, settings=settings)
    if market:
        embedded.market.pause()
    transport = wrap(asgi_transport(embedded.app))
    environment = Environment("demo", kind)
    here = kind is EnvironmentKind.LOCAL
    open_sandbox = sandboxes_of(embedded.engine) if here else sandboxes_for("latest")

    def now() -> datetime:
        return clock() if clock else start or datetime.now(UTC)

    async def connect() -> Connection:
        client = Client(Http("http://embedded/api", transport=transport))
        desk = Desk(
            client,
            environment,
            journal=Journal(None),
            open_sandbox=open_sandbox,
            profile=replace(profile, home=preferences.home),
            zone=zone,
            now=now,
        )

        async def close() -> None:
            await desk.close()
            await client.close()

        return Connection(desk, close)

    preferences = Preferences(
        ascii=ascii,
        read_only=read_only,
        zone=zone,
        refresh_s=refresh_s,
        exports=exports,
        keys=keys or {},
        colour=colour,
        tape=tape,
        visits=visits,
        exceptions=exceptions or {},
        first_screen=first_screen,
        views=views,
        last_session=last_session,
        theme=theme,
    )
    try:
        yield BlotterApp(environment, connect, preferences, now=now, read_documents=read_proposed)
    finally:
        await embedded.close()


@dataclass
class Blotter:
    """A user at the keyboard."""

    app: BlotterApp
    pilot: Pilot[None]
    heard: set[str] = field(default_factory=set)

    # --- hands ---------------------------------------------------------------------------------

    async def press(self, *keys: str) -> None:
        """Press keys one after the other, and let the panes show what came of it."""
        for key in keys:
            await self.pilot.press(key)
        await self.until(lambda: not self._arranging())

    def _arranging(self) -> bool:
        screens = self.app.screen_stack if self.app.is_running else []
        judging = any(screen.exceptions.busy for screen in screens if isinstance(screen, DeskScreen))
        return judging or any(pane.arranging for screen in screens for pane in screen.query(Pane))

    async def type(self, text: str) -> None:
        """Type a text, as into a field."""
        await self._strike(*_keys_of(text))

    async def _strike(self, *keys: Key) -> None:
        """Press keys faster than the screen is painted."""
        driver = self.app._driver
        assert driver is not None
        for key in keys:
            key.set_sender(self.app)
            driver.send_message(key)
        await self.press()

    async def fill(self, field: str, text: str) -> None:
        """Put ``text`` into a field of the form that is open, in place of what stands there."""
        await self.form()
        fields = self.app.screen.query_one(FormFields)
        for _ in fields.values:
            if fields.current == field:
                break
            await self.press("down")
        assert fields.current == field, f"there is no field {field} in {list(fields.values)}"
        await self._strike(Key("end", None), Key("ctrl+u", None), *_keys_of(text))

    async def form(self) -> str:
        """Wait for a form and return its text."""
        await self.until(lambda: isinstance(self.app.screen, FormDialog))
        return self.text()

    async def go(self, kind: str, code: str = "") -> None:
        """Put the cursor on the row with this code, all rows being shown."""
        if self.desk.linked:
            await self.press("l")
        if self.desk.active.kind.value != kind:
            await self.press(str(_PANES.index(kind) + 1))
        if code:
            pane = self.pane(kind)
            id = next(id for id in pane.shown if id.code == code)
            assert pane.grid.move_to(id)
            await self.pilot.pause()

    async def confirm(self, *keys: str) -> None:
        """Wait for the preview and its rehearsal, then answer it."""
        await self.until(self._can_answer)
        self.heard = {notice.identity for notice in self.app._notifications}
        await self.press(*keys)

    async def report(self) -> str:
        """Wait until a write is reported, and return the text of the report or the notice."""
        await self.until(lambda: isinstance(self.app.screen, ReportDialog) or bool(self._news()))
        if isinstance(self.app.screen, ReportDialog):
            said = self.boxed()
            await self.press("escape")
            return said
        return self._news()[-1]

    async def preview(self) -> str:
        """Wait for a preview and its rehearsal; return its text, without the breaks of its lines."""
        await self.until(self._can_answer)
        return self.boxed()

    def _can_answer(self) -> bool:
        return isinstance(self.app.screen, PreviewDialog) and not self.app.screen.awaited

    def boxed(self) -> str:
        """Return the text of the box that is open, without the breaks of its lines."""
        boxed = (line.split("│")[1] for line in self.text().splitlines() if line.count("│") >= 2)
        return " ".join(" ".join(boxed).split())

    def _news(self) -> list[str]:
        return [str(each.message) for each in self.app._notifications if each.identity not in self.heard]

    async def until(self, true: Callable[[], bool]) -> None:
        """Let the app work until ``true``; fail when it never becomes so, at once when the app fails.

        It is asked only while the app is idle: what comes of the same cause is on the screen too by then.
        """
        end = monotonic() + PATIENCE_S
        await self.pilot.pause()
        while not true():
            if self.app._exception is not None:
                raise AssertionError("the app failed") from self.app._exception
            if monotonic() > end:
                raise AssertionError(f"waited in vain; on screen:\n{self.text()}")
            await asyncio.sleep(0.001)
            await self.pilot.pause()

    # --- eyes ----------------------------------------------------------------------------------

    @property
    def desk(self) -> DeskScreen:
        found = next(screen for screen in self.app.screen_stack if isinstance(screen, DeskScreen))
        return found

    def pane(self, kind: str) -> Pane:
        return self.desk.pane(EntityKind(kind))

    @property
    def notices(self) -> list[str]:
        """The notifications of the app, oldest first."""
        return [str(notice.message) for notice in self.app._notifications]

    def text(self) -> str:
        """Return all that is on screen, line by line."""
        width, height = self.app.size
        strips = self.app.screen._compositor.render_strips()
        del width
        return "\n".join("".join(segment.text for segment in strip) for strip in strips[:height])

    def row(self, kind: str, code: str) -> dict[str, str]:
        """Return a row's cells as they read, by column."""
        pane = self.pane(kind)
        snapshot = self.desk.snapshot
        id = next(id for id in snapshot.rows(pane.kind) if id.code == code)
        assert id in pane.shown, f"{code} is not shown in {kind}"
        cells = pane._cells(id)
        return {column.id: cell.text.strip() for column, cell in zip(pane.view.columns, cells, strict=True)}

    def codes(self, kind: str) -> list[str]:
        """Return the codes of the rows a pane shows, in order."""
        return [id.code for id in self.pane(kind).shown]

    @property
    def client(self) -> Client:
        """The way to what the server holds."""
        assert self.app.session.desk is not None
        return self.app.session.desk.client


def _keys_of(text: str) -> list[Key]:
    return [Key(_character_to_key(letter), letter) for letter in text]


_PANES = ("blocks", "orders", "placements", "allocations", "executions", "transactions")


@asynccontextmanager
async def blotter(
    size: tuple[int, int] = (200, 60), *, wait: bool = True, **options: Any
) -> AsyncIterator[Blotter]:
    """Return a user at a blotter whose desk is read completely; without ``wait``, one just started."""
    ticks = itertools.count(step=1.0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dialog, "clock", lambda: next(ticks))
        async with desk_app(**options) as app, app.run_test(size=size, notifications=True) as pilot:
            user = Blotter(app, pilot)
            if wait:
                await user.until(lambda: app.session.snapshot.complete)
                listed = [id for id, row in app.session.snapshot.blocks.items() if is_listed(row)]
                await user.until(lambda: len(user.pane("blocks").shown) == len(listed))
            yield user


def demo(code: str) -> ResourceId:
    """Return an id of the demo's scope."""
    return ResourceId("demo", code)
