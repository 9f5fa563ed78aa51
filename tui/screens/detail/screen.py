"""One entity in full: every member by section, and its JSON."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import ClassVar, Final

import msgspec
from textual import events, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from styles import sheet
from tui.api.sanitize import clean
from tui.screens.detail.sections import Section, sections_of
from tui.screens.dismiss_once import DismissOnce
from widgets.key_bar import hints_of, key_for, key_hints
from widgets.labelled_text import Flow, Lines, pairs

__all__ = ["DetailScreen", "Section", "sections_of"]

TWO_COLUMNS_WIDTH: Final = 120
_NAME: Final = r'"(?:[^"\\]|\\.)*"(?=:)'


def pretty(raw: str) -> Content:
    """Return ``raw`` JSON indented, with every digit of its numbers; other text unchanged."""
    try:
        text = msgspec.json.format(raw, indent=2)
    except msgspec.DecodeError:
        text = raw
    lines = (clean(line) for line in text.split("\n"))
    return Content("\n".join(lines)).highlight_regex(_NAME, style="$text-accent")


class SectionText(Flow):
    """One section: its name, and its members beneath."""

    def __init__(self, name: str, rows: Sequence[tuple[str, str]], labels: Sequence[str]) -> None:
        self.title = name
        self._name_line = Content.styled(clean(name), "bold $text-primary")
        self._pairs = [(clean(label), clean(value)) for label, value in rows]
        self._labels = labels
        super().__init__(self._lines)

    def show_rows(self, rows: Sequence[tuple[str, str]]) -> None:
        """Show other members."""
        self._pairs = [(clean(label), clean(value)) for label, value in rows]
        self.show(self._lines)

    @property
    def length(self) -> int:
        """The number of lines when nothing wraps."""
        return len(self._pairs) + 2

    def _lines(self, width: int) -> Lines:
        members = (
            pairs(self._pairs, width, self._labels) if self._pairs else [Content.styled("nothing", "dim")]
        )
        return [self._name_line, *members, Content("")]


class DetailScreen(DismissOnce[None]):
    """Shows all members of an entity by section; ``i`` turns to its JSON ``text`` and back, Esc leaves.

    With ``raw`` it begins with the JSON. Each of ``more`` returns a section anew once more is known of it.
    """

    CSS_PATH = sheet("history")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,ctrl+c,enter", "back", "Back", priority=True),
        Binding("i", "turn", "Raw JSON"),
        Binding("y", "copy", "Copy JSON"),
        Binding("j", "scroll(1)", "Down", show=False),
        Binding("k", "scroll(-1)", "Up", show=False),
    ]

    def __init__(
        self,
        title: str,
        sections: Sequence[Section],
        text: str,
        *,
        raw: bool = False,
        more: Sequence[Callable[[], Awaitable[Section | None]]] = (),
    ) -> None:
        super().__init__()
        self._more = more
        self._heading = clean(title)
        labels = [clean(label) for _, rows in sections for label, _ in rows]
        self._sections = [SectionText(name, rows, labels) for name, rows in sections]
        self._json = text
        self._raw_first = raw

    def compose(self) -> ComposeResult:
        yield Static(self._heading, id="heading", markup=False)
        left, right = self._columns()
        with VerticalScroll(id="body"):
            with Horizontal(id="members") as members:
                yield Vertical(*left)
                yield Vertical(*right)
            raw = Static(pretty(self._json), id="raw", markup=False)
            members.display, raw.display = not self._raw_first, self._raw_first
            yield raw
        yield Static("", id="keys", markup=False)

    def on_mount(self) -> None:
        """Focus the text, so that arrows scroll it; ask for what is not known yet."""
        self._hint()
        self.query_one("#body").focus()
        for more in self._more:
            self._complete(more)

    @work(description="more of a section")
    async def _complete(self, more: Callable[[], Awaitable[Section | None]]) -> None:
        found = await more()
        for section in self._sections if found is not None else ():
            if found is not None and section.title == found[0]:
                section.show_rows(found[1])

    def on_resize(self, event: events.Resize) -> None:
        """Show two columns where there is room, else one."""
        self.query_one("#members").set_class(event.size.width < TWO_COLUMNS_WIDTH, "narrow")

    def action_back(self) -> None:
        """Leave."""
        self.dismiss(None)

    def action_turn(self) -> None:
        """Turn to the JSON, or back to the members."""
        members, raw = self.query_one("#members"), self.query_one("#raw")
        members.display, raw.display = raw.display, members.display
        self.query_one("#body").scroll_home(animate=False)
        self._hint()

    def action_copy(self) -> None:
        """Copy the JSON."""
        self.app.copy_to_clipboard(self._json)

    def action_scroll(self, by: int) -> None:
        """Scroll by lines."""
        self.query_one("#body").scroll_relative(y=by, animate=False)

    def _hint(self) -> None:
        hints = dict(hints_of(self.BINDINGS))
        if self.query_one("#raw").display:
            hints[key_for(self.BINDINGS, "turn")] = "members"
        self.query_one("#keys", Static).update(key_hints(hints.items()))

    def _columns(self) -> tuple[list[SectionText], list[SectionText]]:
        """Split the sections in order into two columns of similar length."""
        total, filled = sum(section.length for section in self._sections), 0
        for count, section in enumerate(self._sections):
            if filled * 2 >= total:
                return self._sections[:count], self._sections[count:]
            filled += section.length
        return self._sections, []
