"""The strip above the panes: the most urgent exceptions, and the way to the list of all of them.

It keeps the exceptions up with the snapshot that is shown. After the list led to a row it says which key
mends it, until the list is opened again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Final

from textual.content import Content
from textual.widget import Widget

from tui.api.base import ResourceId
from tui.screens.desk.news import News
from tui.screens.turns import Turns
from tui.service.snapshot.snapshot import EntityKind, Ref, Snapshot
from tui.service.writes.limits import DEFAULT_LIMITS, Limits
from tui.session import DeskSession
from widgets.text_line import same
from widgets.whole_numbers import shortened

if TYPE_CHECKING:
    from tui.actions.action import Scope
    from tui.screens.exceptions.exceptions_feed import ExceptionsFeed
    from tui.screens.exceptions.strip_words import StripText
    from tui.service.exceptions.open_exceptions import OpenException

# The rules are loaded when everything was read: a start needs none of them.

ROOMY_HEIGHT: Final = 44
"""From so many lines of the terminal on, each of the most urgent has a line of its own."""
MOST: Final = 3
"""The exceptions that are shown."""
GAP: Final = "  "
LEAST_REASON: Final = 24
"""The cells that a reason keeps beside a trade."""


class ExceptionsStrip(Widget):
    """Shows the most urgent exceptions: in one line, or each in its own where there is room.

    Args:
        session: the desk, and the reader's preferences.
        turns: the time budget shared with the panes.
        go_to: puts the cursor of the desk on a row.
        scope: returns what actions act on now.
        on_change: is called when there are others than before.
    """

    DEFAULT_CSS = """
    ExceptionsStrip { height: 1; padding: 0 1; }
    """

    def __init__(
        self,
        session: DeskSession,
        turns: Turns,
        go_to: Callable[[Ref], None],
        scope: Callable[[], Scope],
        on_change: Callable[[], None],
        *,
        id: str | None = None,
    ) -> None:
        super().__init__(id=id)
        self._session = session
        self._turns = turns
        self._go_to = go_to
        self._scope = scope
        self._on_change = on_change
        self._feed: ExceptionsFeed | None = None
        self._left_at: tuple[int, OpenException] | None = None
        self._led = False
        """Whether the list led to the row under the cursor."""
        self._said: StripText | None = None

    # --- keeping it up --------------------------------------------------------------------------

    @property
    def count(self) -> int:
        """The number of exceptions."""
        return len(self._feed.open) if self._feed else 0

    def rows_of(self, kind: EntityKind) -> Sequence[ResourceId]:
        """Return the rows of a kind that need somebody."""
        return [each.ref.id for each in self._feed.open if each.ref.kind is kind] if self._feed else ()

    @property
    def busy(self) -> bool:
        """Return whether rows are still to be judged."""
        return self._feed is not None and self._feed.busy

    def is_settled(self, snapshot: Snapshot) -> bool:
        """Return whether every row of a snapshot is judged, and nothing it needs is still being read."""
        judged = self._feed is not None and not self._feed.busy and self._feed.snapshot is snapshot
        return judged and not snapshot.bookings_due

    @property
    def text(self) -> str:
        """The text of the strip, in as many lines as it has."""
        return self._drawn(self.content_size.width).plain

    def follow(self, snapshot: Snapshot, news: News) -> None:
        """Judge what differs in the snapshot that is shown now."""
        if snapshot.complete:
            self._fed().follow(snapshot, news)
            self._tell_unknown()

    def tick(self) -> None:
        """Open what has become an exception by now, and let ages grow."""
        if self._feed is not None:
            self._tell_unknown()
            self._show()

    def _tell_unknown(self) -> None:
        desk = self._session.desk
        self._fed().tick(desk.unknown_outcomes if desk else {})

    def set_height(self, screen_height: int) -> None:
        """Take as many lines as a screen of this height has for it, whatever there is to say."""
        self.styles.height = MOST if screen_height >= ROOMY_HEIGHT else 1
        self.refresh()

    def _fed(self) -> ExceptionsFeed:
        if self._feed is None:
            from tui.screens.exceptions.exceptions_feed import ExceptionsFeed
            from tui.service.exceptions.open_exceptions import OpenExceptions

            session = self._session
            kept = OpenExceptions(
                session.preferences.exceptions,
                lambda amount, unit: (
                    session.desk.limits.size_in_base(amount, unit) if session.desk else amount
                ),
            )
            self._feed = ExceptionsFeed(kept, self._turns, session.now, self._go_on)
            self._feed.listen(self._changed)
        return self._feed

    def _go_on(self, work: Callable[[], bool]) -> None:
        if self._turns.add(work):
            self.run_worker(self._turns.finish(), group="rows")

    def _changed(self) -> None:
        self._show()
        self._on_change()

    # --- the list -------------------------------------------------------------------------------

    def open_list(self) -> None:
        """Open the list of all exceptions, where it was left when it led here."""
        from tui.screens.exceptions.screen import ExceptionsScreen

        at = self._left_at if self._led else None
        self._led = False
        self.app.push_screen(ExceptionsScreen(self._fed(), self._session, self._scope, at), self._leave_list)

    def back_to_list(self) -> bool:
        """Open the list again if it led to where the desk is; return whether it did."""
        led = self._led
        if led:
            self.open_list()
        return led

    def _leave_list(self, found: OpenException | None) -> None:
        """Go to the row that mends an exception, and say which key does."""
        if found is not None:
            feed = self._fed()
            self._led, self._left_at = True, (feed.place_of(found), found)
            if found.mended_on in feed.snapshot:
                self._go_to(found.mended_on)
        self._show()

    # --- what is shown --------------------------------------------------------------------------

    def _show(self) -> None:
        """Say what there is to say; repaint only a change."""
        from tui.screens.exceptions.mending import Mending
        from tui.screens.exceptions.strip_words import strip_text

        led = self._left_at[1] if self._led and self._left_at is not None else None
        ascii = self._session.preferences.ascii
        said = strip_text(self._fed(), Mending(self._session, self._scope), most=MOST, ascii=ascii, led=led)
        if not _alike(said, self._said):
            self._said = said
            self.refresh()

    def on_click(self) -> None:
        """Open the list of all of them."""
        self.open_list()

    def render(self) -> Content:
        return self._drawn(self.content_size.width)

    def _drawn(self, width: int) -> Content:
        if self._said is None:
            return Content("")
        if self.content_size.height >= MOST:
            return Content("\n").join(_line(*parts, width) for parts in self._said.lines)
        fitting = (each for each in self._said.short if each.cell_length <= width)
        return next(fitting, shortened(self._said.short[-1], width))


def _limits(session: DeskSession) -> Limits:
    return session.desk.limits if session.desk else DEFAULT_LIMITS


def _line(reason: Content, trade: Content, right: Content, width: int) -> Content:
    """Return a line in which the reason gives way: a broker may have much to say."""
    room = max(0, width - right.cell_length - len(GAP))
    left = shortened(
        Content.assemble(shortened(reason, max(LEAST_REASON, room - trade.cell_length)), trade), room
    )
    return Content.assemble(left, " " * (width - left.cell_length - right.cell_length), right)


def _alike(one: StripText, other: StripText | None) -> bool:
    """Return whether two texts of the strip are the same, styles included."""
    if other is None:
        return False
    parts, others = ((*each.short, *chain.from_iterable(each.lines)) for each in (one, other))
    return len(parts) == len(others) and all(map(same, parts, others))
