"""A filter in one line: the text after the slash, and at the right a count or what is wrong.

It is one widget, which takes the keys from the moment it receives focus: a letter typed right after the key
that opened it never becomes the key of an action.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, Final, Protocol

from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.timer import Timer
from textual.widget import Widget

from tui.api.sanitize import clean
from widgets.editor import LineEditor

DEBOUNCE_S: Final = 0.08
"""Seconds without typing after which the filter is applied."""
SLASH: Final = "/ "
_STEPS: Final = {"tab": 1, "shift+tab": -1}
_BEFORE_CHOSEN: Final = 2
"""Candidates that are shown before the chosen one."""


class Candidates(Protocol):
    """What completes the part of a line from ``start`` to ``end``."""

    @property
    def start(self) -> int: ...
    @property
    def end(self) -> int: ...
    @property
    def candidates(self) -> tuple[str, ...]: ...


Completer = Callable[[str, int], Candidates]
"""Returns what completes a line at the cursor."""


class FilterBar(Widget, can_focus=True):
    """One line to type a filter into; its owner applies it. Tab completes, where there is a completer."""

    DEFAULT_CSS = "FilterBar { height: 1; padding: 0 1; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Clear the filter", show=False),
        Binding("enter,down", "submit", "To the rows", show=False),
    ]

    class _BarMessage(Message):
        """A message of the bar; ``text`` is its content."""

        def __init__(self, bar: FilterBar, text: str) -> None:
            super().__init__()
            self.bar = bar
            self.text = text

        @property
        def control(self) -> FilterBar:
            """The bar that sent the message."""
            return self.bar

    class Changed(_BarMessage):
        """The text changed, and typing has paused."""

    class Submitted(_BarMessage):
        """Enter was pressed: the filter is accepted."""

    class Cancelled(_BarMessage):
        """Esc was pressed: the filter is dropped; ``text`` is what it was."""

    def __init__(
        self, *, placeholder: str = "", complete: Completer | None = None, id: str | None = None
    ) -> None:
        super().__init__(id=id)
        self._placeholder = placeholder
        self._complete = complete
        self._offered: Candidates | None = None
        self._chosen: int | None = None
        """Which candidate Tab put into the line, None for what was typed."""
        self._wrong = False
        self._line = LineEditor()
        self._note = Content("")
        self._resting: Timer | None = None
        self._told = ""
        self._end = 0
        """Where the candidate that Tab put into the line ends."""

    @property
    def text(self) -> str:
        """The text."""
        return self._line.value

    @text.setter
    def text(self, text: str) -> None:
        self._line.set(text)
        self._told = text
        self._offered, self._chosen = None, None
        self.refresh()

    def say(self, note: str, *, wrong: bool = False) -> None:
        """Show ``note`` at the right: a count, or what is wrong with the filter."""
        self._note = Content.styled(clean(note), "$text-error" if wrong else "$text-muted")
        self._wrong = wrong and bool(note)
        self.refresh()

    def focus(self, scroll_visible: bool = True) -> FilterBar:
        """Receive focus, beginning with the next key."""
        self.screen.set_focus(self, scroll_visible)
        return self

    def type(self, text: str) -> None:
        """Insert ``text`` at the cursor."""
        self._line.insert(text)
        self._changed()

    def on_key(self, event: events.Key) -> None:
        """Edit the line; keys without a meaning here bubble up."""
        if event.key in _STEPS and self._complete is not None:
            event.stop()
            event.prevent_default()
            self._take(_STEPS[event.key])
        elif self._line.handle_key(event.key, event.character):
            event.stop()
            event.prevent_default()
            self._changed()

    def _take(self, step: int) -> None:
        """Put the next candidate into the line, or the one before."""
        offered = self._offered
        if offered is None or not offered.candidates:
            return
        count = len(offered.candidates)
        if self._chosen is None:
            self._chosen = 0 if step > 0 else count - 1
        else:
            self._chosen = (self._chosen + step) % count
        taken = offered.candidates[self._chosen]
        before, behind = self.text[: offered.start], self.text[self._end :]
        self._line.set(before + taken + behind)
        self._line.cursor = self._end = offered.start + len(taken)
        self._changed(offer=count == 1)

    def _offer(self) -> None:
        """Find what completes the line as it is typed."""
        self._chosen = None
        if self._complete is not None:
            self._offered = self._complete(self.text, self._line.cursor)
            self._end = self._offered.end

    def on_paste(self, event: events.Paste) -> None:
        """Keep a paste to this line."""
        event.stop()
        self.type(event.text)

    def on_focus(self) -> None:
        """Show the cursor."""
        self.refresh()

    def on_blur(self) -> None:
        """Hide the cursor."""
        self.refresh()

    def render(self) -> Content:
        width = max(1, self.content_size.width)
        note = self._shown_note(width * 2 // 3)
        room = max(1, width - len(SLASH) - (note.cell_length + 2 if note else 0))
        line = Content.assemble((SLASH, "bold $primary"), self._typed(room))
        return Content.assemble(line, " " * max(0, width - line.cell_length - note.cell_length), note)

    def _shown_note(self, room: int) -> Content:
        """Return what is wrong, else the candidates, the chosen one marked, else what the owner says."""
        offered = self._offered.candidates if self._offered is not None and self.has_focus else ()
        if self._wrong or not offered:
            return self._note.truncate(max(0, room), ellipsis=True)
        first = max(0, (self._chosen or 0) - _BEFORE_CHOSEN)
        said = Content("  ").join(
            Content.styled(clean(each), "reverse" if number == self._chosen else "$text-muted")
            for number, each in enumerate(offered[first:], start=first)
        )
        return said.truncate(max(0, room), ellipsis=True)

    def _typed(self, room: int) -> Content:
        shown, at = self._line.window(max(1, room - 1))
        if not self._line.value:
            shown, at = "", 0
        ghost = "" if self._line.value else self._placeholder
        if not self.has_focus:
            return Content.assemble(shown, (ghost, "$text-muted")).truncate(room)
        under = shown[at : at + 1] or ghost[:1] or " "
        return Content.assemble(
            shown[:at], (under, "reverse"), shown[at + 1 :], (ghost[1:], "$text-muted")
        ).truncate(room)

    def action_submit(self) -> None:
        """Report the text at once, and that it is accepted."""
        self._tell()
        self.post_message(self.Submitted(self, self.text))

    def action_cancel(self) -> None:
        """Clear the text and report that."""
        dropped, self.text = self.text, ""
        if self._resting is not None:
            self._resting.stop()
        self.post_message(self.Cancelled(self, dropped))

    def _changed(self, *, offer: bool = True) -> None:
        if offer:
            self._offer()
        self.refresh()
        if self._resting is not None:
            self._resting.stop()
        self._resting = self.set_timer(DEBOUNCE_S, self._tell)

    def _tell(self) -> None:
        if self._resting is not None:
            self._resting.stop()
            self._resting = None
        if self.text != self._told:
            self._told = self.text
            self.post_message(self.Changed(self, self._told))
