"""The lines around the panes: status bar, alerts, the day of the past, the tape and the key hints.

They say what must not be missed of the desk, whichever panes are shown and whatever these hide.
:mod:`tui.screens.desk.layout` puts the panes between them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from textual import work
from textual.notifications import Notification
from textual.signal import Signal

from tui.actions.action import PART, Scope
from tui.columns.format import DisplayContext
from tui.columns.saved_views import DeskView, differs
from tui.columns.steps import finish
from tui.screens.acts_when_mounted import ActsWhenMounted
from tui.screens.desk.exceptions_strip import ExceptionsStrip
from tui.screens.desk.key_hints import Hints, footer_hints
from tui.screens.desk.news import News
from tui.screens.desk.past_player import PastPlayer
from tui.screens.desk.status_bar import SILENCE_S, StatusBar, frozen_words, window_title
from tui.screens.desk.tape_line import MOST_SHOWN, TapeLine
from tui.screens.desk_frame import DeskFrame
from tui.screens.proposals.proposals_feed import ProposalsFeed
from tui.screens.turns import Turns
from tui.service.environment import EnvironmentKind
from tui.service.snapshot.snapshot import EMPTY
from tui.session import DeskSession
from widgets.text_line import Pieces

if TYPE_CHECKING:
    from tui.screens.desk.alert_bar import AlertBar
    from tui.screens.desk.day_line import DayLine
    from tui.service.sync.past_step import PastStep

BACK_KEY: Final = "{back} now"
PAST_KEYS: Final = "{change_before} {change_after} change  {minutes_before} 10 min  {play} play  {back} now"
"""The keys of the past, as the line of its day shows them."""
IN_THE_PAST: Final = (
    "The desk as it was. {change_before} {change_after} go from change to change, {back} returns to now."
)
"""Stands in the line of the tape in the past, before any step."""
CHANGED: Final = "*"
"""Stands behind the name of a view when the desk shows something else by now."""
NO_NEWS: Final = "No news yet. {tape} lists all that happened."
"""Stands in the line of the tape before anything happened."""


class BarsScreen(ActsWhenMounted[None]):
    """A screen whose lines tell the state of the desk; which rows it shows is for the classes above."""

    exceptions: ExceptionsStrip
    proposals: ProposalsFeed

    def __init__(self, session: DeskSession) -> None:
        super().__init__()
        self.session = session
        self.frame = DeskFrame(EnvironmentKind.LOCAL)
        """What must not be missed of this desk; screens over it say it too."""
        self.frame_changed: Signal[DeskFrame] = Signal(self, "frame-changed")
        self._display_context = session.display_context
        self.linked = True
        self.frozen = False
        self.snapshot = EMPTY
        self.turns = Turns()
        self.past = PastPlayer(
            session,
            lambda work: self.run_worker(work, group="past", exit_on_error=False),
            lambda said: self.notify(said, timeout=4, markup=False),
            self.show_status,
        )
        self._news = News(EMPTY)
        self._waited = False
        self._shown_pace = 0.0
        self._shown_news = -1
        self._shown_step: PastStep | None = None
        self._notices: tuple[Notification, ...] = ()
        # Kept by name: a message may come after they left the screen, and before the screen leaves.
        self._status_bar = StatusBar(id="status-bar")
        self._tape_line = TapeLine(session.with_keys(NO_NEWS), id="tape")
        self._key_line = Pieces(id="keys")
        self._alert_bar: AlertBar | None = None
        self._day_line: DayLine | None = None
        self._view_said: tuple[object, str] = (None, "")

    @property
    def shown_view(self) -> DeskView:
        """What is shown, as a view."""
        raise NotImplementedError

    @property
    def _open_money(self) -> Sequence[str]:
        """What is not filled yet of the blocks shown or selected, per side and currency."""
        raise NotImplementedError

    def _scope_of_rows(self) -> Scope:
        """Return the scope without the facts that tickets are told: the first screen does not load them."""
        raise NotImplementedError

    def show_tape(self) -> None:
        """Show the newest news above the key hints, in the past what the last step went over."""
        if self.frozen:
            return
        if self.snapshot.as_at is not None:
            self._show_step()
        elif self.session.tape.changes != self._shown_news:
            self._shown_news = self.session.tape.changes
            latest = self.session.tape.latest(MOST_SHOWN)
            self._tape_line.show_news(latest, self._display_context)

    def _show_step(self) -> None:
        """Say what the last step through the past went over."""
        from tui.columns.step_words import step_words

        desk, tape = self.session.desk, self._tape_line
        self._shown_news = -1
        if desk is None or desk.past_step is None:
            tape.show_past("", self.session.with_keys(IN_THE_PAST))
        elif desk.past_step is not self._shown_step:
            self._shown_step = desk.past_step
            if self.past.speed and not desk.past_step.rows:
                return  # what happened last stays to be read
            self.show_notices([each for each in self._notices if each.severity == "error"])
            said = step_words(desk.past_step, self._display_context)
            tape.show_past(said.at, said.text, said.role, said.more)

    def show_notices(self, notices: Sequence[Notification]) -> None:
        """Show the newest of the messages in the place of the tape, one that stays before one that fades."""
        self._notices = tuple(notices)
        if self.is_mounted:
            lasting = [each for each in notices if each.severity == "error"]
            newest = (lasting or list(notices))[-1:]
            self._tape_line.show_message(newest[0] if newest else None)

    def dismiss_errors(self) -> bool:
        """Show messages that stay until dismissed no longer; return whether there were any."""
        lasting = [each for each in self._notices if each.severity == "error"]
        if lasting:
            self.app.clear_notifications()
        return bool(lasting)

    def show_status(self) -> None:
        """Show the status bar, the colour of the frame, the day of the past, the tape and the key hints."""
        self._show_state()
        self._show_status_bar()
        self._show_day_line()
        self.show_tape()
        scope = self._scope_of_rows()
        hints = footer_hints(self.session.actions, scope, self.session.keys_of)
        self.workers.cancel_group(self, "hints")
        if len(scope.ids) > PART:
            self._show_hints(hints)
        else:
            self._key_line.show(*finish(hints))

    @work(group="hints", description="key hints")
    async def _show_hints(self, hints: Hints) -> None:
        self._key_line.show(*await self.turns.work(hints))

    def _show_state(self) -> None:
        """Colour the frame, and title the terminal's window, by what must not be missed."""
        session = self.session
        frame = DeskFrame(
            session.environment.kind,
            read_only=session.preferences.read_only,
            past=session.snapshot.as_at is not None,
            frozen=self.frozen,
        )
        if frame != self.frame:
            self.frame = frame
            self.frame_changed.publish(frame)
        for name, holds in self.frame.classes.items():
            self.set_class(holds, name)
        self.app.title = window_title(session.environment, self.frame)

    def _show_context(self, context: DisplayContext) -> None:
        """Show what is on the screen under another look, such as a new day."""
        self._display_context = context
        self._shown_news, self._shown_step = -1, None
        self.show_tape()
        self._show_status_bar()

    def _count_down(self) -> None:
        """Keep countdowns and ages in the status bar current."""
        desk = self.session.desk
        waits = desk is not None and (
            self.session.health.until is not None or desk.silent_s >= SILENCE_S or desk.progress is not None
        )
        if waits or self._waited or self.session.pace.seconds != self._shown_pace:
            self._show_status_bar()
        self._waited = waits

    def _show_status_bar(self) -> None:
        session, desk = self.session, self.session.desk
        self._shown_pace = session.pace.seconds
        self._status_bar.show_status(
            session.environment,
            session.health,
            session.snapshot,
            session.display_context,
            view=self._view_words(),
            linked=self.linked,
            frozen=frozen_words(self._news) if self.frozen else "",
            read_only=session.preferences.read_only,
            unknown=len(desk.unknown) if desk else 0,
            needs=self.exceptions.count,
            proposed=len(self.proposals.open),
            sending=desk.sending if desk else 0,
            silent_s=desk.silent_s if desk else 0,
            pace_s=session.pace.seconds,
            progress=desk.progress if desk else None,
            verdicts_behind=desk.verdicts_behind if desk else False,
            open_money=self._open_money if session.snapshot.complete else (),
            now=session.now(),
        )
        if (
            session.health.message
            or session.snapshot.unread
            or session.snapshot.contradictory
            or (desk and desk.unresolved)
            or self._alert_bar
        ):
            self._show_alert_bar()

    def _view_words(self) -> str:
        """Return the name of the view in use, with a mark where anything was changed since."""
        session, shown = self.session, self.shown_view
        asked = (session.view_name, session.view_base, shown)
        if asked != self._view_said[0]:
            changed = CHANGED if differs(shown, session.view_base) else ""
            said = f"view {session.view_name}{changed}" if session.view_name else ""
            self._view_said = (asked, said)
        return self._view_said[1]

    def _show_day_line(self) -> None:
        """Show the day while the past is shown; the widget is made when somebody first goes there."""
        desk, as_at = self.session.desk, self.snapshot.as_at
        if self._day_line is not None:
            self._day_line.display = as_at is not None
        if desk is None or as_at is None:
            return
        from tui.screens.desk.day_line import DayLine, DayShown

        keys, back = self.session.with_keys(PAST_KEYS), self.session.with_keys(BACK_KEY)
        day = DayShown(desk.past_day, as_at, self.past.speed, keys, back, self._display_context)
        if self._day_line is not None:
            self._day_line.show_day(day)
        else:
            self._day_line = DayLine(day, id="day-line")
            self.mount(self._day_line, before="#tabs")

    def _show_alert_bar(self) -> None:
        """Show the alerts beneath the status bar; the widget is made when the first alert comes."""
        from tui.screens.desk.alert_bar import AlertBar, alerts

        unsettled = len(self.session.desk.unresolved) if self.session.desk else 0
        said = alerts(self.session.health, self.session.snapshot, unsettled, self.session.with_keys)
        if self._alert_bar is not None:
            self._alert_bar.show_alerts(said)
            self._alert_bar.display = bool(said)
        elif said:
            self._alert_bar = AlertBar(said, id="alert-bar")
            self.mount(self._alert_bar, after="#status-bar")
