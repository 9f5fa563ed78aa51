"""The frame: what must not be missed of a desk, in words and in a colour, on every screen over it."""

from __future__ import annotations

from typing import Final, Protocol, runtime_checkable

from msgspec import Struct
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.signal import Signal
from textual.widget import Widget
from textual.widgets import Static

from tui.service.environment import EnvironmentKind

KIND_WORDS: Final = {
    EnvironmentKind.LOCAL: "LOCAL",
    EnvironmentKind.TEST: "TEST",
    EnvironmentKind.PROD: "!!PROD!!",
}
"""The kinds of environment as every screen says them: they differ without colour too, and fit 40 columns."""
WARNS: Final = "reverse"
"""The style of a word that must not be missed: its colours the other way round, as legible."""


class DeskFrame(Struct, frozen=True):
    """What the frame tells: the kind of environment, and how the desk differs from one that is live."""

    kind: EnvironmentKind
    read_only: bool = False
    past: bool = False
    frozen: bool = False

    @property
    def states(self) -> tuple[str, ...]:
        """How the desk differs from one that is live, in words."""
        words = {"READ-ONLY": self.read_only, "PAST": self.past, "FROZEN": self.frozen}
        return tuple(word for word, holds in words.items() if holds)

    @property
    def words(self) -> str:
        """All of it in words."""
        return " ".join((KIND_WORDS[self.kind], *self.states))

    @property
    def classes(self) -> dict[str, bool]:
        """The classes by which the style sheets colour the frame, and which of them hold."""
        return {"past": self.past, "frozen": self.frozen}


@runtime_checkable
class Framed(Protocol):
    """A screen that knows the state of the desk, and signals when its frame changes."""

    frame: DeskFrame
    frame_changed: Signal[DeskFrame]


class FramedHeading(Horizontal):
    """The heading of a screen that covers the desk, behind the words of its frame and in its colour."""

    def __init__(self, heading: Widget) -> None:
        super().__init__()
        self._heading = heading
        self._desk: Framed | None = None
        self._words = Static(classes="frame-words")

    def compose(self) -> ComposeResult:
        yield self._words
        yield self._heading

    def on_mount(self) -> None:
        """Follow the desk beneath; without one there is nothing to tell."""
        desk = next((each for each in self.app.screen_stack if isinstance(each, Framed)), None)
        self._words.display = desk is not None
        if desk is not None:
            self._desk = desk
            desk.frame_changed.subscribe(self, self._show)
            self._show(desk.frame)

    def on_unmount(self) -> None:
        """Hear of the desk no more: it would keep the heading, and what it stands over, for good."""
        if self._desk is not None:
            self._desk.frame_changed.unsubscribe(self)

    def _show(self, frame: DeskFrame) -> None:
        for name, holds in frame.classes.items():
            self.screen.set_class(holds, name)
        states = (Content.styled(word, WARNS) for word in frame.states)
        self._words.update(Content(" ").join((Content(KIND_WORDS[frame.kind]), *states)))
