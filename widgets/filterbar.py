"""A filter in one line: what is typed after the slash, and at the right how much is left or what is wrong."""

from __future__ import annotations

from typing import ClassVar, Final

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.timer import Timer
from textual.widgets import Input, Static

DEBOUNCE_S: Final = 0.08
"""How long typing must rest before the filter is applied."""


class FilterBar(Horizontal):
    """One line to type a filter into; it applies nothing itself."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Clear the filter", show=False),
        Binding("down", "submit", "To the rows", show=False),
    ]

    class _Told(Message):
        """Something happened to the bar; ``text`` is what stands in it."""

        def __init__(self, bar: FilterBar, text: str) -> None:
            super().__init__()
            self.bar = bar
            self.text = text

        @property
        def control(self) -> FilterBar:
            """The bar typed into."""
            return self.bar

    class Changed(_Told):
        """The text is another one now, and typing rests."""

    class Submitted(_Told):
        """Enter: the text stands, the rows want the focus."""

    class Cancelled(_Told):
        """Esc: the filter is dropped; ``text`` is what stood there."""

    def __init__(self, *, placeholder: str = "", id: str | None = None) -> None:
        super().__init__(id=id)
        self._input = Input(placeholder=placeholder, compact=True, select_on_focus=False)
        self._input.cursor_blink = False
        self._note = Static("", classes="note", markup=False)
        self._resting: Timer | None = None
        self._told = ""

    def compose(self) -> ComposeResult:
        yield Static("/", classes="slash", markup=False)
        yield self._input
        yield self._note

    @property
    def text(self) -> str:
        """What stands in the bar."""
        return self._input.value

    @text.setter
    def text(self, text: str) -> None:
        self._input.value = self._told = text
        self._input.cursor_position = len(text)

    def say(self, note: str, *, wrong: bool = False) -> None:
        """Show ``note`` at the right: a count, or what is wrong with the filter."""
        self._note.set_class(wrong, "error")
        self._note.update(Content(note))

    def focus(self, scroll_visible: bool = True) -> FilterBar:
        """Put the cursor into the bar."""
        self._input.focus(scroll_visible)
        return self

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        if self._resting is not None:
            self._resting.stop()
        self._resting = self.set_timer(DEBOUNCE_S, self._tell)

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        self.action_submit()

    def on_paste(self, event: events.Paste) -> None:
        """Keep a paste to this line."""
        event.stop()

    def action_submit(self) -> None:
        """Apply at once and hand the focus on."""
        self._tell()
        self.post_message(self.Submitted(self, self.text))

    def action_cancel(self) -> None:
        """Drop the filter."""
        dropped, self.text = self.text, ""
        if self._resting is not None:
            self._resting.stop()
        self.post_message(self.Cancelled(self, dropped))

    def _tell(self) -> None:
        if self._resting is not None:
            self._resting.stop()
            self._resting = None
        if self.text != self._told:
            self._told = self.text
            self.post_message(self.Changed(self, self._told))
