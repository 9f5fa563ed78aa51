"""The program as screens know it: the desk once its server is reached, and the reader's preferences.

The application makes one session and hands it to the desk screen. Screens read it, and ask it to read or to
save; none of them knows the application.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Final

from msgspec import Struct, field

from styles.themes import THEMES
from tui.actions.action import Action
from tui.actions.understood import ReadDocuments
from tui.api.requests import MarketStatus
from tui.atomic_file import write_new
from tui.columns.format import DisplayContext
from tui.columns.last_session import SessionStore
from tui.columns.saved_views import StoredViews, ViewStore, applied
from tui.pace import Pace
from tui.service.environment import Environment, Health
from tui.service.snapshot.records import Records
from tui.service.snapshot.snapshot import EMPTY, Ref, Snapshot
from tui.service.tape.tape import Tape, TapeSettings
from tui.service.typed_times import Present
from tui.service.visits import Visits
from widgets.fields import History
from widgets.key_names import key_words

if TYPE_CHECKING:
    from tui.service.desk import Desk
    from tui.thinwire.driver import WireHandle


_IN_BRACES: Final = r"\{(\w+)\}"


class Preferences(Struct, frozen=True):
    """The reader's wishes for the screen, whatever the server."""

    theme: str = THEMES[0].name
    """The name of a theme, or that the terminal decides."""
    dark: bool = True
    """Whether the terminal's background is thought to be dark, until it says so itself."""
    transparent: bool = False
    """Whether themes stand on the terminal's own background instead of painting theirs."""
    ascii: bool = False
    read_only: bool = False
    home: str = "demo"
    refresh_s: float = 2.0
    colour: str = ""
    """The colour of the band that names the server, a name or ``#RRGGBB``; empty for that of its kind."""
    keys: Mapping[str, str] = field(default_factory=dict)
    exceptions: Mapping[str, int | None] = field(default_factory=dict)
    """Minutes after which each kind of exception is one, None never; over the usual ones."""
    first_screen: str = "desk"
    zone: tzinfo = UTC
    exports: Path | None = None
    log_file: Path | None = None
    tape: TapeSettings = TapeSettings()
    views: ViewStore | None = None
    """Where views are kept by name; None keeps none."""
    last_session: SessionStore | None = None
    """Where it is kept how the desk is left; None keeps nothing."""
    visits: Path | None = None
    """The file that says when this user was here last; None keeps nothing."""


DEFAULTS: Final = Preferences()


class DeskSession:
    """The desk, or None until the server is reached; the reader's preferences; the clock."""

    def __init__(
        self,
        environment: Environment,
        preferences: Preferences = DEFAULTS,
        *,
        actions: Sequence[Action] = (),
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        wire: WireHandle | None = None,
        opening: Callable[[], str] = lambda: "",
        read_documents: ReadDocuments | None = None,
    ) -> None:
        self.preferences = preferences
        self.actions = actions
        self.now = now
        self.wire = wire
        self.opening = opening
        """Returns what is done before the server can be asked, as a sentence; empty when nothing is."""
        self.read_documents = read_documents
        """Understands what programs propose; None understands nothing."""
        self.order_lines = History()
        """The order lines that were previewed, for as long as the program runs."""
        self.desk: Desk | None = None
        self.stored_views: StoredViews | None = None
        """The views that are kept by name, as they were read last."""
        self.view_name = ""
        """The view that was opened or saved last; empty for the desk as it is made."""
        self.view_base = applied((), Records())
        """The desk as that view makes it."""
        self.theme_chosen = self.theme_instead_of = ""
        """The theme that was chosen, and the one of the settings when it was; empty where none was."""
        self.pace = Pace(preferences.refresh_s)
        """How long polls wait for each other."""
        self.visits = Visits(preferences.visits, now)
        """When this user was here."""
        self.tape = Tape(preferences.tape, now, self.visits.last)
        """What happened on the desk."""
        self.market: MarketStatus | None = None
        """The simulated market as the server last described it; None where there is none."""
        self._environment = environment
        self._keys = {action.id: self.key_of(action) for action in actions}

    @property
    def environment(self) -> Environment:
        """The server, and the user signed on as far as that is known by now."""
        return self.desk.environment if self.desk else self._environment

    @property
    def snapshot(self) -> Snapshot:
        """The newest snapshot of the desk."""
        return self.desk.snapshot if self.desk else EMPTY

    @property
    def health(self) -> Health:
        """The state of reading: whether it works, and since when not."""
        return self.desk.health if self.desk else Health()

    @property
    def in_flight(self) -> Mapping[Ref, str]:
        """The rows with a write in flight, and the write in a word."""
        return self.desk.in_flight if self.desk else {}

    @property
    def display_context(self) -> DisplayContext:
        """Glyphs, time zone, today, and the minute that ages are counted to: that of the past in the past."""
        zone, now = self.preferences.zone, self.now()
        minute = (self.snapshot.as_at or now).replace(second=0, microsecond=0)
        return DisplayContext(self.preferences.ascii, zone, now.astimezone(zone).date(), minute)

    @property
    def present(self) -> Present:
        """The moment and the zone in which times are typed."""
        return Present(self.now(), self.display_context.zone)

    def keys_of(self, action: Action) -> tuple[str, ...]:
        """Return the keys that carry ``action`` out for this reader, as they stand on the keyboard."""
        return tuple(map(key_words, action.keys(self.preferences.keys)))

    def key_of(self, action: Action) -> str:
        """Return the first of the keys that carry ``action`` out; empty when there is none."""
        return next(iter(self.keys_of(action)), "")

    def with_keys(self, sentence: str) -> str:
        """Return ``sentence`` with the key of an action in the place of the action's id in braces.

        Braces around anything else stay: a sentence may quote a server, or name a file.
        """
        return re.sub(_IN_BRACES, lambda found: self._keys.get(found[1], found[0]), sentence)

    async def reload(self) -> None:
        """Read the whole desk again."""
        if self.desk is not None:
            await self.desk.reload()

    async def travel(self, as_at: datetime | None) -> None:
        """Read the desk as it was at ``as_at``, or as it is now."""
        if self.desk is not None:
            await self.desk.travel(as_at)

    def save(self, name: str, text: str) -> Path:
        """Write a new file that only its owner can read, and return its path; nothing is ever overwritten.

        A ``name`` without a folder is of a file in that of exports; where there is one it gets a number.

        Raises:
            OSError: it cannot be written.
        """
        path = wanted = self.export_path(name)
        if path.parent == self.export_path("."):
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        content = text.encode(errors="backslashreplace")
        for number in count(2):
            try:
                write_new(path, content)
                break
            except FileExistsError:
                path = wanted.with_stem(f"{wanted.stem}-{number}")
        return path

    def export_path(self, name: str) -> Path:
        """Return the path of an export: a relative one is below the folder of exports."""
        return (self.preferences.exports or Path.cwd()) / Path(name).expanduser()
