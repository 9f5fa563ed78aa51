"""Recorded users of the blotter: a random one, and a tour of every screen."""

from __future__ import annotations

import itertools
import random
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest
from textual import events
from textual.command import CommandList, CommandPalette
from textual.widgets import Input

from styles.themes import THEMES
from tests.blotter_app import desk_app
from tests.service.dealer import FaultyTransport
from tests.thinwire.recording import RecordedUser, Recording, hands_on
from tui.api.base import ResourceId
from tui.api.http import AsyncBaseTransport
from tui.app import BlotterApp
from tui.columns.panes import PANES
from tui.screens.desk.registry import ACTIONS
from tui.screens.desk.screen import DeskScreen
from tui.screens.dialogs import dialog
from tui.screens.dialogs.columns_dialog import ColumnsDialog
from tui.screens.dialogs.form_dialog import FormDialog
from tui.screens.dialogs.preview_dialog import PreviewDialog
from tui.screens.dialogs.question_dialog import QuestionDialog
from tui.screens.dialogs.report_dialog import ReportDialog
from tui.screens.dialogs.sending_dialog import SendingDialog
from tui.service.verbs import CancelOrders
from tui.service.verbs.verb import Tier
from tui.service.writes.dispatch import Dispatch
from widgets.filterbar import FilterBar

START: Final = datetime(2026, 11, 20, 12, tzinfo=UTC)
SMALLEST, LARGEST = (60, 15), (250, 70)
WORDS: Final = ("vod", "side:buy", "ordered>50k", "!new", "gilt", "0.8", "UKEQ-GROW 60k", "12", "xyz", "a")
COMMANDS: Final = ("Theme", "Market: step", "Market: speed", "Market: halt", "Redraw", "Time", "Sort", "Fr")
MOVES: Final = ("down", "up", "pagedown", "pageup", "home", "end", "left", "right")
KEYS: Final = tuple(action.key for action in ACTIONS if action.id not in ("quit", "palette"))
DESK_KEYS: Final = (*MOVES, *MOVES, "down", "up", "tab", "shift+tab", "space", "j", "k", "asterisk")
OTHER_KEYS: Final[dict[type[Any], tuple[str, ...]]] = {
    FormDialog: ("tab", "shift+tab", "space", "ctrl+u", "down", "left", "right", *["enter", "escape"] * 5),
    ColumnsDialog: ("j", "k", "J", "K", "plus", "minus", "p", "space", "enter", "escape", *MOVES),
    PreviewDialog: ("j", "k", "r", "w", "y", "enter", "backspace", "1", "2", "escape", "pagedown"),
    ReportDialog: ("y", "enter", "escape", *MOVES),
}
OPENING_KEYS: Final = {
    "HelpScreen": "question_mark",
    "HistoryScreen": "h",
    "BrowseScreen": "B",
    "ActivityScreen": "t",
    "ChangesScreen": "d",
    "JournalScreen": "at",
    "SheetScreen": "D",
    "ProposalsScreen": "e",
    "DetailScreen": "i",
    "ExceptionsScreen": "0",
    "ColumnsDialog": "o",
    "TicketScreen": "enter",
    "FormDialog": "n",
    "QuestionDialog": "K",
    "PreviewDialog": "c",
}
"""Keys to screens that few keys lead to: pressed more often until the screen was seen, and others left."""
VIEW_KEYS: Final = (*MOVES, "j", "k", "i", "h", "y", "slash", "n", "tab", "enter", "escape", "escape")


class RandomUser:
    """Presses random keys, on whatever screen is on top."""

    def __init__(self, hands: RecordedUser, line: FaultyTransport, chance: random.Random) -> None:
        self.hands, self.line, self.chance = hands, line, chance

    async def act(self) -> None:
        """Do one random thing."""
        app, chance = self.hands.app, self.chance
        happens = chance.random()
        if happens < 0.02:
            await self.hands.resize(
                chance.randint(SMALLEST[0], LARGEST[0]), chance.randint(SMALLEST[1], LARGEST[1])
            )
        elif happens < 0.10:
            await tick(self.hands, chance.randint(1, 5))
        elif happens < 0.12:
            await wear(self.hands, chance.choice(THEMES).name)
        elif happens < 0.14:
            kind = chance.choice((events.MouseMove, events.MouseScrollDown, events.MouseScrollUp))
            await self.hands.point(kind, chance.randrange(app.size.width), chance.randrange(app.size.height))
        elif happens < 0.15:
            self.line.fail("unreachable", "ordermanagement", 4)
        elif happens < (0.18 if self.hands.recording.seen["ActionPalette"] else 0.3) and self._free:
            await self.hands.press("colon")
            await self.hands.until(lambda: not isinstance(app.screen, DeskScreen))
            if isinstance(app.screen, CommandPalette):
                await choose(self.hands, chance.choice(COMMANDS), run=chance.random() < 0.7)
        elif isinstance(app.focused, FilterBar | Input) or isinstance(app.screen, FormDialog):
            await self._type()
        else:
            await self.hands.press(self._key())

    @property
    def _free(self) -> bool:
        """Return whether a key reaches the desk."""
        app = self.hands.app
        typing = isinstance(app.focused, FilterBar)
        return isinstance(app.screen, DeskScreen) and not app.screen.in_dialog and not typing

    async def _type(self) -> None:
        app, chance = self.hands.app, self.chance
        keys = OTHER_KEYS.get(type(app.screen), ("enter", "escape", "left", "backspace", "home", "ctrl+u"))
        if chance.random() < 0.2:
            await self.hands.type_text(chance.choice(WORDS))
        else:
            await self.hands.press(chance.choice(keys))

    def _key(self) -> str:
        screen = self.hands.app.screen
        unseen = [key for name, key in OPENING_KEYS.items() if not self.hands.recording.seen[name]]
        if unseen and self.chance.random() < 0.4:
            return self.chance.choice(unseen) if isinstance(screen, DeskScreen) else "escape"
        if isinstance(screen, DeskScreen):
            return self.chance.choice(DESK_KEYS if self.chance.random() < 0.6 else KEYS)
        return self.chance.choice(OTHER_KEYS.get(type(screen), VIEW_KEYS))


async def choose(hands: RecordedUser, words: str, *, run: bool = True) -> None:
    """Type a command into the open palette, and run the first match, or leave."""
    palette = hands.app.screen
    await hands.until(lambda: bool(palette.query(CommandList)))
    found = palette.query_one(CommandList)
    await hands.type_text(words)
    await hands.until(lambda: found.option_count > 0 or hands.app.screen is not palette)
    if hands.app.screen is palette:
        await hands.press("down", "enter" if run else "escape")
        await hands.until(lambda: hands.app.screen is not palette)


async def tick(hands: RecordedUser, steps: int) -> None:
    """Let the simulated market move, and the desk read the result."""
    hands.note(f"the market moves {steps} steps")
    app = hands.app
    assert isinstance(app, BlotterApp)
    desk = app.session.desk
    assert desk is not None
    await desk.market.change(steps=steps)
    await desk.refresh()
    await hands.turn()


async def wear(hands: RecordedUser, theme: str) -> None:
    """Switch to a theme."""
    hands.note(f"theme {theme}")
    hands.app.theme = theme
    hands.recording.seen[theme] += 1
    await hands.turn()


@asynccontextmanager
async def at_the_desk(
    size: tuple[int, int], *, synchronised: bool = True, ascii: bool = False
) -> AsyncIterator[tuple[RecordedUser, FaultyTransport]]:
    """Yield a user of a real blotter that has read its desk, and the transport to its server."""
    ticks = itertools.count(step=1.0)
    lines: list[FaultyTransport] = []

    def wrap(server: AsyncBaseTransport) -> AsyncBaseTransport:
        lines.append(FaultyTransport(server))
        return lines[-1]

    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as folder:
        patch.setattr(dialog, "clock", lambda: next(ticks))
        exports = Path(folder)
        async with (
            desk_app(ascii=ascii, market=True, start=START, exports=exports, wrap=wrap) as app,
            hands_on(app, size, synchronised=synchronised) as hands,
        ):
            await hands.until(lambda: app.session.snapshot.complete and app.session.market is not None)
            yield hands, lines[0]


async def play(seed: int, frames: int, *, synchronised: bool = True, ascii: bool = False) -> Recording:
    """Record a random user of the blotter for so many frames."""
    chance = random.Random(seed)
    size = chance.choice(((200, 50), (120, 40), (80, 24), (100, 30)))
    async with at_the_desk(size, synchronised=synchronised, ascii=ascii) as (hands, line):
        user = RandomUser(hands, line, chance)
        while hands.driver.frames < frames:
            await user.act()
        return hands.recording


MOST_PAGES: Final = 20
"""Pages after which the longest preview was read."""
LOOKS: Final = (
    *(
        "j",
        "j",
        "pagedown",
        "end",
        "home",
        "space",
        "asterisk",
        "escape",
        "l",
        "l",
        "0",
        "0",
        "z",
        "z",
        "1",
        "1",
    ),
    *(
        "2",
        "2",
        "down",
        "2",
        "3",
        "4",
        "5",
        "6",
        "pagedown",
        "tab",
        "shift+tab",
        "right",
        "left",
        "ctrl+l",
        "E",
    ),
)
FORMS: Final = (
    *(("1", "n"), ("1", "N"), ("1", "p"), ("1", "s"), ("1", "T")),
    *(("2", "u"), ("2", "m"), ("2", "C"), ("3", "f"), ("4", "y")),
)
"""A pane, and a key that opens a form there."""
VIEWS: Final = ("enter", "i", "h", "o", "t", "d", "D", "e", "at", "question_mark", "B", "0")


async def tour(
    theme: str, forms: Sequence[tuple[str, str]] = FORMS, *, synchronised: bool = True
) -> Recording:
    """Record a tour of every screen and every dialog in one theme."""
    async with at_the_desk((120, 36), synchronised=synchronised) as (hands, _):
        guide = GuidedTour(hands)
        await wear(hands, theme)
        await hands.press(*LOOKS)
        await hands.press("1", "slash", *"vod", "enter", "slash", "escape")
        for size in (SMALLEST, (80, 24), LARGEST, (120, 36)):
            await hands.pilot.pause()  # a frame that is larger than the terminal is sent as it is
            await hands.resize(*size)
            await tick(hands, 3)
        for pane, key in forms:
            await guide.asked(pane, key)
        for key in VIEWS:
            await guide.viewed(key)
        await guide.copied()
        await guide.previewed()
        await guide.sending()
        await guide.reported()
        await guide.commanded()
        return hands.recording


@dataclass
class GuidedTour:
    """Opens each screen, and goes back to the desk."""

    hands: RecordedUser

    def _on(self, kind: type[Any]) -> Callable[[], bool]:
        return lambda: isinstance(self.hands.app.screen, kind)

    async def _pane(self, number: str) -> None:
        """Go to the first row of a pane, with all rows shown."""
        desk = self.hands.app.screen
        assert isinstance(desk, DeskScreen)
        if desk.linked:
            await self.hands.press("l")
        if desk.active.kind is not PANES[int(number) - 1].kind:
            await self.hands.press(number)
        await self.hands.press("home")
        await self.hands.until(lambda: not desk.active.grid.cursor_row)

    async def _leave(self) -> None:
        """Leave every dialog."""
        desk = self.hands.app.screen_stack[0]
        assert isinstance(desk, DeskScreen)
        while desk.in_dialog or len(self.hands.app.screen_stack) > 1:
            await self.hands.press("escape")

    async def asked(self, pane: str, key: str) -> None:
        """Open a form, type into it and leave it."""
        await self._pane(pane)
        action = next(action for action in ACTIONS if action.key == key)
        desk = self.hands.app.screen
        assert isinstance(desk, DeskScreen)
        while action.refusal(desk.scope()):
            await self._down(desk)
        await self.hands.press(key)
        await self.hands.until(self._on(FormDialog))
        await self.hands.press("tab", "x", "down", "space", "right", "enter")
        await self._leave()

    async def _down(self, desk: DeskScreen) -> None:
        """Go to the next row."""
        before = desk.active.cursor
        await self.hands.press("down")
        await self.hands.until(lambda: desk.active.cursor != before)

    async def viewed(self, key: str) -> None:
        """Open a view and come back."""
        await self._pane("2")
        await self.hands.press(key)
        await self.hands.until(lambda: not isinstance(self.hands.app.screen, DeskScreen))
        await self.hands.press("down", "pagedown", "end", "home", "up", "escape")
        await self.hands.until(self._on(DeskScreen))

    async def copied(self) -> None:
        """Copy a row's id to the clipboard."""
        await self._pane("1")
        await self.hands.press("y")
        await self.hands.until(self._on(FormDialog))
        await self.hands.press("enter")
        await self.hands.until(self._on(DeskScreen))

    async def previewed(self) -> None:
        """Preview cancelling everything, and leave it."""
        await self.hands.press("K")
        await self.hands.until(self._on(QuestionDialog))
        await self.hands.press("j", "pagedown", "k", "1")
        await self.hands.until(self._on(PreviewDialog))
        await self.hands.press("r", "j", "r", "w", "w", "1", "2", "backspace", "enter", "escape")
        await self.hands.until(self._on(DeskScreen))

    async def sending(self) -> None:
        """Look how far a decision of several calls is, and go on without looking."""
        orders = tuple(ResourceId("demo", f"ORD-{number}") for number in range(244))
        self.hands.app.push_screen(SendingDialog(Dispatch(CancelOrders(orders))))
        await self.hands.until(self._on(SendingDialog))
        await self.hands.press("down", "escape")
        await self.hands.until(self._on(DeskScreen))

    async def reported(self) -> None:
        """Book what is allocated, which leaves out some, and read what each became."""
        await self._pane("4")
        await self.hands.press("asterisk", "b")
        await self.hands.until(self._on(FormDialog))
        await self.hands.press("enter")
        await self.hands.until(self._on(PreviewDialog))
        dialog = self.hands.app.screen
        assert isinstance(dialog, PreviewDialog)
        await self.hands.until(lambda: not dialog.awaited)
        await self.hands.pilot.pause()  # it takes no key before it can be read
        for _ in range(MOST_PAGES):
            await self.hands.press("pagedown")
        count = (*str(dialog.preview.count), "enter")
        await self.hands.press(*(("y",) if dialog.preview.tier is Tier.T2 else count))
        await self.hands.until(self._on(ReportDialog))
        await self.hands.press("down", "pagedown", "home", "y", "escape")
        await self.hands.until(self._on(DeskScreen))

    async def commanded(self) -> None:
        """Run a command of the palette by name."""
        await self.hands.press("colon")
        await self.hands.until(self._on(CommandPalette))
        await choose(self.hands, "Market: step")
