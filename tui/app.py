"""The application: keys, palette, messages, and the session; the poller keeps its desk fresh.

It does not know how a server is reached: it is given ``connect``, which makes the desk once the first screen
is shown, so that something is on screen before anything slow is imported or read.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from importlib import import_module
from pathlib import PurePath
from time import monotonic
from typing import TYPE_CHECKING, Any, ClassVar, Final, Protocol, runtime_checkable

from rich.text import Text
from textual import events, work
from textual.binding import Binding, BindingType
from textual.css.query import NoMatches
from textual.notifications import Notification, Notifications, Notify, SeverityLevel
from textual.screen import ModalScreen, Screen
from textual.timer import Timer
from textual.widgets._toast import ToastRack
from textual.worker import Worker, WorkerFailed, WorkerState

from styles import sheet
from styles.themes import cell_styles
from tui.actions.trade_actions import TRADE
from tui.actions.understood import ReadDocuments
from tui.api.sanitize import clean, escaped_lines
from tui.clipboard import Clipboard
from tui.columns.saved_views import names
from tui.poller import Poller
from tui.ringer import Ringer
from tui.screens.desk.registry import ACTIONS
from tui.screens.desk.screen import DeskScreen
from tui.service.environment import Environment, Update
from tui.service.snapshot.snapshot import Ref
from tui.session import DEFAULTS, DeskSession, Preferences
from tui.themed_app import NO_COLOUR, ThemedApp
from widgets.latin_keys import not_latin
from widgets.notice import Notice

if TYPE_CHECKING:
    from rich.console import RenderableType

    from tui.connection import Connect, Connection
    from tui.screens.palette import PaletteCommand
    from tui.thinwire.driver import WireHandle

log = logging.getLogger(__name__)

KEYS_NEED: Final = (
    "tui.screens.dialogs.send_flow",
    "tui.screens.row_screens",
    "tui.screens.browse.screen",
    "tui.screens.help",
)
"""Loaded once the desk is shown, before a key asks for them."""
KEEP_TITLE: Final = "\x1b[22;2t"
RESTORE_TITLE: Final = "\x1b[23;2t"
"""The terminal keeps the title of its window while the program has its own."""
FEW_COLOURS: Final = "standard"
"""Sixteen colours do not show the ground of a row: the one under the cursor is reversed."""
VISITS_KEPT_EVERY_S: Final = 60
"""Seconds between two times it is kept that the user is here."""
ENDING: Final = [number for number in signal.Signals if number.name in ("SIGTERM", "SIGHUP")]
"""The signals that end the program in order: it was asked to end, or its terminal is gone."""
NOTHING_TO_CANCEL: Final = "Nothing to cancel here; {quit} quits."


UNSENT: Final = "What is typed here was not sent. Quit once more to leave without it."
UNTIL_DISMISSED_S: Final = 86_400
"""Seconds for which an error is shown: as good as until somebody dismisses it."""
LEAVE_S: Final = 5
"""Seconds for which a second quit leaves what is typed."""


LATIN_S: Final = 5
"""Seconds for which it is said once."""


@runtime_checkable
class Leavable(Protocol):
    """A screen that may hold something typed that leaving would lose."""

    @property
    def is_filled(self) -> bool: ...


@runtime_checkable
class Confirming(Protocol):
    """A screen that shows what is about to be sent, which others may change meanwhile."""

    @property
    def awaited(self) -> bool: ...


OLD_EVERY: Final = 100
"""Collections of young objects between two of all: each of those looks through the indexes of every row that
was read or written since the start, up to 61 ms long, and rows themselves are never garbage in cycles."""


def _watch_only_what_is_new() -> None:
    """Let the garbage collector run, and spare it what is loaded by now: that stays to the end."""
    gc.freeze()
    young, middle, _ = gc.get_threshold()
    gc.set_threshold(young, middle, OLD_EVERY)
    gc.enable()


class BlotterApp(ThemedApp):
    """The blotter: it owns the :class:`DeskSession` and the screens over it."""

    TITLE = "Blotter"
    CSS_PATH: ClassVar[list[str | PurePath]] = [sheet("app"), sheet("grid")]
    ENABLE_COMMAND_PALETTE = True
    COMMAND_PALETTE_BINDING = "ctrl+p"
    ESCAPE_TO_MINIMIZE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+z", "suspend_process", "Suspend", show=False, priority=True),
    ]

    def __init__(
        self,
        environment: Environment,
        connect: Connect,
        preferences: Preferences = DEFAULTS,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        wire: WireHandle | None = None,
        clipboard: Clipboard | None = None,
        opening: Callable[[], str] = lambda: "",
        read_documents: ReadDocuments | None = None,
    ) -> None:
        self._copies = clipboard or Clipboard({"TERM": "xterm"})
        self.session = DeskSession(
            environment,
            preferences,
            actions=ACTIONS,
            now=now,
            wire=wire,
            opening=opening,
            read_documents=read_documents,
        )
        super().__init__(environment.kind, preferences, wire)
        self.session.pace.busy = self._is_busy
        self._connect = connect
        self._connection: Connection | None = None
        self._poller = Poller(
            self,
            self.session,
            lambda: self._desk_screen.rows_in_sight,
            lambda desk: self._desk_screen.proposals.look(desk),
        )
        self._ringer = Ringer(self, preferences.tape)
        self._leave_until = self._latin_said_until = 0.0
        self._told_on_desk: set[str] = set()
        """The messages that stood in the line of the tape: no other screen repeats them."""
        self._fading: Timer | None = None
        """Runs when the next message has been shown long enough."""
        self._dirty = False
        self.animation_level = "none"
        if preferences.ascii:
            from widgets.ascii import AsciiFilter

            self._filters.append(AsciiFilter())
        if preferences.keys:
            self.set_keymap(preferences.keys)

    @property
    def _background_screens(self) -> list[Screen[Any]]:
        """The screens beneath that can be seen, on top of which Textual paints again whatever they change.

        It asks for the background of the screens beneath, but not whether the one on top covers them.
        """
        stack = self._screen_stack
        return super()._background_screens if stack and isinstance(stack[-1], ModalScreen) else []

    # --- life ----------------------------------------------------------------------------------

    def get_default_screen(self) -> DeskScreen:
        """Return the desk as the first screen, with nothing beneath it."""
        return DeskScreen(self.session)

    def on_mount(self) -> None:
        with suppress(NotImplementedError):
            for number in ENDING:
                asyncio.get_running_loop().add_signal_handler(number, self.exit)
        self.theme_changed_signal.subscribe(self, lambda _: self._restyle_cells())
        if not self.is_headless:  # a picture has all colours, wherever it is taken
            self.set_class(self.console.color_system == FEW_COLOURS, "few-colours")
        self._write(KEEP_TITLE)
        self.set_interval(VISITS_KEPT_EVERY_S, self._keep_visit)
        self._open()

    @work(group="session", exit_on_error=False)
    async def _open(self) -> None:
        """Connect, read the desk page by page, then load what the first keys need."""
        connection, _ = await asyncio.gather(self._reach(), self._restore())
        _watch_only_what_is_new()
        desk = self.session.desk = connection.desk
        desk.subscribe(self._updated)
        desk.in_use = self._rows_in_use
        await desk.load()
        self.session.market = await desk.market.status()
        self._poller.wait()
        self._poller.look_for_proposals()
        self._poller.read_bookings()
        await self._make_ready()
        _watch_only_what_is_new()
        await desk.beside.identify()
        self._poller.read_reference()

    async def _reach(self) -> Connection:
        self._connection = await self._connect()
        return self._connection

    async def _restore(self) -> None:
        """Show the desk as it was left, and the theme chosen then unless another is asked for now."""
        await self._desk_screen.restore()
        chosen, instead_of = self.session.theme_chosen, self.session.theme_instead_of
        if chosen and instead_of == self.session.preferences.theme and not self.no_color:
            self.show_theme(chosen)

    async def _make_ready(self) -> None:
        """Load forms, verbs, dialogs and viewers while nobody waits for them."""
        for name in KEYS_NEED:
            await asyncio.to_thread(import_module, name)
        for action in TRADE:
            await asyncio.to_thread(action.load)
        self.stylesheet.read_all([sheet("dialogs"), sheet("history")])
        self.stylesheet.parse()

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """End the program when no server can be reached, and print the reason after the screen is gone."""
        if event.worker.group == "session" and event.state is WorkerState.ERROR:
            error = event.worker.error
            log.error("no session", exc_info=error)
            self.exit(return_code=1, message=Text(self.session.with_keys(f"blotter: {error}")))

    def on_key(self, event: events.Key) -> None:
        """Pass a letter to the filter that opened while it was on its way: it is not an action's key."""
        from widgets.filterbar import FilterBar

        bar = self.focused if self.is_running else None
        if isinstance(bar, FilterBar) and event.is_printable and event.character:
            event.prevent_default()
            bar.type(event.character)
        elif said := not_latin(event.character):
            self._say_latin(said)

    def _say_latin(self, said: str) -> None:
        """Say that no key is a letter of another script; once while the notice stands."""
        if monotonic() > self._latin_said_until:
            self._latin_said_until = monotonic() + LATIN_S
            self.notify(said, severity="warning", timeout=LATIN_S, markup=False)

    def _keep_visit(self) -> None:
        """Keep when the user was here, in another thread: a disk may be slow."""

        async def keep() -> None:
            await asyncio.to_thread(self.session.visits.save)

        _: Worker[None] = self.run_worker(keep, group="visit", exit_on_error=False)

    async def on_unmount(self) -> None:
        self._write(RESTORE_TITLE)
        self.session.visits.save()
        if self._connection is not None:
            await self._connection.close()

    def exit(self, result: None = None, return_code: int = 0, message: RenderableType | None = None) -> None:
        """End the program, and keep how the desk is left."""
        for screen in self._screen_stack:
            if isinstance(screen, DeskScreen):
                screen.keep_session()
        super().exit(result, return_code, message)

    @property
    def _desk_screen(self) -> DeskScreen:
        return next(screen for screen in self.screen_stack if isinstance(screen, DeskScreen))

    def _rows_in_use(self) -> tuple[Ref, ...] | None:
        """Return the rows under cursors and those selected; None while anything is open above the desk."""
        alone = all(isinstance(screen, DeskScreen) for screen in self.screen_stack)
        return self._desk_screen.rows_in_use if alone else None

    def _updated(self, update: Update) -> None:
        """Paint once for any number of updates in one turn of the event loop."""
        if update.notice:
            self.notify(self.session.with_keys(update.notice), severity="warning", timeout=30, markup=False)
        if update.found:
            self._desk_screen.show_found(update.found)
        for screen in self.screen_stack:
            if isinstance(screen, DeskScreen):
                screen.hear(update)
        self._tell_news(update)
        if not self._dirty:
            self._dirty = True
            self.call_next(self._show)

    def _tell_news(self, update: Update) -> None:
        """Put what happened on the tape, and ring for it while nobody looks."""
        tape, desk = self.session.tape, self.session.desk
        if desk is None:
            return
        ringing = tape.hear(update, desk.health, desk.in_flight, desk.user)
        if ringing and not self.app_focus:
            self._ringer.ring(ringing)
        if tape.counts_due(desk.snapshot):
            self._count_news()

    @work(group="news", exclusive=True, description="news")
    async def _count_news(self) -> None:
        """Count what happened before the start, or while the desk showed the past."""
        await self._desk_screen.turns.work(self.session.tape.count(self.session.snapshot))
        self._show()

    def _show(self) -> None:
        self._dirty = False
        for screen in self.screen_stack:
            if isinstance(screen, DeskScreen) and screen.is_mounted and screen.is_attached:
                screen.show_all()

    # --- polling -------------------------------------------------------------------------------

    def _is_busy(self) -> bool:
        """Return whether a write is in flight, of unknown outcome, or about to be confirmed."""
        desk = self.session.desk
        under_way = desk is not None and bool(desk.sending or desk.unknown)
        return under_way or any(isinstance(screen, Confirming) for screen in self.screen_stack)

    async def on_event(self, event: events.Event) -> None:
        """Note that somebody is there; the first key after a while reads the desk at once."""
        if isinstance(event, events.Key | events.Paste | events.MouseDown):
            self.session.visits.key()
            if self.session.pace.key():
                self._poller.poll_now()
        await super().on_event(event)

    def on_app_focus(self) -> None:
        """Poll at the pace of somebody who looks."""
        if self.session.pace.focus(True):
            self._poller.poll_now()

    def on_app_blur(self) -> None:
        """Poll at the pace of somebody who looks elsewhere."""
        self.session.pace.focus(False)

    async def action_quit(self) -> None:
        """End the program; refuse while something is being sent.

        Writes of unknown outcome stay in the journal and are read back at the next start.
        """
        count = self.session.desk.sending if self.session.desk else 0
        if count:
            said = "1 row is being sent. Quit again when its" if count == 1 else ""
            said = said or f"{count} rows are being sent. Quit again when their"
            several = (
                any(each.calls > 1 for each in self.session.desk.underway) if self.session.desk else False
            )
            stop = " To stop between two calls, press {palette} and type 'sending'." if several else ""
            self.notify(self.session.with_keys(f"{said} outcome is known.{stop}"), markup=False)
        elif any(isinstance(screen, Leavable) and screen.is_filled for screen in self.screen_stack) and (
            monotonic() > self._leave_until
        ):
            self._leave_until = monotonic() + LEAVE_S
            self.notify(UNSENT, severity="warning", timeout=LEAVE_S, markup=False)
        else:
            self.exit()

    def action_help_quit(self) -> None:
        """Show the key that leaves, when Ctrl-C is pressed."""
        self.notify(self.session.with_keys(NOTHING_TO_CANCEL), timeout=2, markup=False)

    def watch_title(self, title: str) -> None:
        """Call the terminal's window so."""
        self._write(f"\x1b]2;{clean(title)}\x07")

    def _write(self, sequence: str) -> None:
        """Send a sequence that draws nothing to the terminal, where there is one."""
        if self._driver is not None:
            self._driver.write(sequence)

    def _restyle_cells(self) -> None:
        styles = cell_styles(self.theme_variables)
        for screen in self.screen_stack:
            if isinstance(screen, DeskScreen):
                screen.set_cell_styles(styles)

    # --- copies --------------------------------------------------------------------------------

    def copy_to_clipboard(self, text: str) -> None:
        """Copy ``text`` to a clipboard, and say which took it; nothing in it acts where it is pasted."""
        text = escaped_lines(text)
        self._clipboard = text
        self._copy(text)

    @work(group="copy", exclusive=True, exit_on_error=False)
    async def _copy(self, text: str) -> None:
        copied = await self._copies.copy(text, super().copy_to_clipboard)
        file, failure = None, ""
        if not copied.is_certain:
            try:
                name = f"copied-{self.session.now():%Y%m%dT%H%M%S%fZ}.txt"
                file = await asyncio.to_thread(self.session.save, name, text)
            except OSError as error:
                failure = error.strerror or str(error)
        self._notify(copied.sentence(file, failure))

    # --- palette and failure -------------------------------------------------------------------

    def action_command_palette(self) -> None:
        """Show the palette: every command by name."""
        from tui.screens.palette import ActionPalette

        if isinstance(self.screen, DeskScreen):
            self.screen.list_commands(self._show_palette)
        elif not isinstance(self.screen, ActionPalette):
            self._show_palette(())

    def _show_palette(self, actions: Iterable[PaletteCommand]) -> None:
        from tui.screens.palette import ActionPalette

        self.push_screen(ActionPalette((*actions, *self._own_commands()), id="--command-palette"))

    def _own_commands(self) -> Iterator[PaletteCommand]:
        """Yield the themes and the rest: what is possible on every screen."""
        from tui.screens.palette import PaletteCommand

        def command(name: str, help: str, run: Callable[[], None]) -> PaletteCommand:
            return PaletteCommand(name, "", help, "", run)

        stored = self.session.stored_views
        for name in names(stored) if stored and isinstance(self.screen, DeskScreen) else ():
            whose = "of your own" if stored and name in stored.own else "that the desk shares"
            yield command(f"View: {name}", f"Show this view {whose}", partial(self._open_view, name))
        for theme, looks, why_not in self.theme_choices():
            run = partial(self._choose_theme, theme)
            yield PaletteCommand(f"Theme {theme}", "", looks, why_not, run)
        yield command("Wire", self._wire_status(), lambda: self._notify(self._wire_status()))
        yield command("Screenshot", "Save what is on screen as SVG", self._save_screenshot)

    def _open_view(self, name: str) -> None:
        self._desk_screen.open_named(name)

    def _wire_status(self) -> str:
        """Return how many bytes go to the terminal, and how many are saved."""
        return (
            str(self.session.wire.figures())
            if self.session.wire
            else "Plain output: all that is drawn is sent"
        )

    def notify(
        self,
        message: str,
        *,
        title: str = "",
        severity: SeverityLevel = "information",
        timeout: float | None = None,
        markup: bool = True,
    ) -> None:
        """Show a notice as plain text: it may name what a server sent."""
        seconds = self.NOTIFICATION_TIMEOUT if timeout is None else timeout
        if severity == "error":
            seconds = max(seconds, UNTIL_DISMISSED_S)
        message, title = clean(message), clean(title)
        self.session.tape.note(f"{title}: {message}" if title else message, severity)
        self.post_message(Notify(Notice(message, title, severity, seconds, markup=markup)))

    def _refresh_notifications(self) -> None:
        """Show messages: on the desk in the line of the tape, where they cover no row."""
        stack = self._screen_stack
        desk = next((screen for screen in stack if isinstance(screen, DeskScreen)), None)
        # Asked how many there are, as tuple() asks, Textual drops those that expired meanwhile.
        notices = tuple(notice for notice in self._notifications)
        if desk is not None:
            desk.show_notices(notices)
        if self._fading is not None:
            self._fading.stop()
        left = min((notice.time_left for notice in notices), default=None)
        self._fading = None if left is None else self.set_timer(left, self._refresh_notifications)
        self._told_on_desk &= {notice.identity for notice in notices}
        if stack and stack[-1] is desk:
            self._told_on_desk |= {notice.identity for notice in notices}
        elif stack:
            self._show_toasts([each for each in notices if each.identity not in self._told_on_desk])

    def _show_toasts(self, notices: Iterable[Notification]) -> None:
        """Show messages over the screen on top, which was there when they came."""
        shown = Notifications()
        for notice in notices:
            shown.add(notice)
        for rack in self.screen.query_children(ToastRack):
            self.call_later(rack.show, shown)

    def _notify(self, sentence: str) -> None:
        self.notify(sentence, markup=False)

    def _choose_theme(self, theme: str) -> None:
        """Show a theme, or follow the terminal, from now on."""
        if self.no_color:
            self._notify(NO_COLOUR)
            return
        self.session.theme_chosen, self.session.theme_instead_of = theme, self.session.preferences.theme
        self.show_theme(theme)

    def _save_screenshot(self) -> None:
        path = self.session.save(f"blotter-{self.session.now():%Y%m%dT%H%M%SZ}.svg", self.export_screenshot())
        self.notify(f"Written to {path}", markup=False)

    def _handle_exception(self, error: Exception) -> None:
        """End with a sentence on screen and the details in the log: a traceback could show a secret.

        A program that is ending takes its widgets away; a message that looks for one then is no fault.
        """
        cause = error.error if isinstance(error, WorkerFailed) else error
        if self._exit and isinstance(cause, NoMatches):
            log.info("a widget was looked for after the end", exc_info=cause)
            return
        log.critical("the blotter stopped", exc_info=error)
        self._return_code = 1
        if self._exception is None:
            self._exception = error
            self._exception_event.set()
        log_file = self.session.preferences.log_file
        where = f" The details are in {log_file}." if log_file else ""
        self.panic(Text(f"The blotter stopped because of a fault of its own: {type(error).__name__}.{where}"))
