"""Help for the desk: every key and command, and why one is not possible now.

Everything is passed in, derived from the registry of actions.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from styles import sheet
from tui.api.sanitize import clean
from tui.screens.desk_frame import FramedHeading
from tui.screens.dismiss_once import DismissOnce
from widgets.filterbar import FilterBar
from widgets.key_bar import hints_of, key_hints
from widgets.key_names import key_list
from widgets.labelled_text import Flow, Lines, hanging_indent, label_width

Entry = tuple[str, str, str, str]
"""Keys, label, one line of help, and why it is not possible now (empty when it is)."""
Group = tuple[str, Sequence[Entry]]

PAGE_OVERLAP: Final = 2


class HelpScreen(DismissOnce[None]):
    """Lists the keys by group. Typing narrows the list; Esc clears what was typed, then leaves."""

    CSS_PATH = sheet("history")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,ctrl+c,f1", "back", "Back"),
        Binding("up", "scroll(-1)", "Up", show=False, priority=True),
        Binding("down", "scroll(1)", "Down", show=False, priority=True),
        Binding("pageup", "page(-1)", "Page up", show=False, priority=True),
        Binding("pagedown", "page(1)", "Page down", show=False, priority=True),
    ]

    def __init__(self, groups: Sequence[Group]) -> None:
        super().__init__()
        self._groups = [
            (clean(name), [(clean(a), clean(b), clean(c), clean(d)) for a, b, c, d in entries])
            for name, entries in groups
        ]
        self._total = sum(len(entries) for _, entries in self._groups)

    def compose(self) -> ComposeResult:
        yield FramedHeading(Static("Help", id="heading", markup=False))
        yield FilterBar(placeholder="type to find a key or a command")
        with VerticalScroll(id="body", can_focus=False):
            yield Flow(lambda width: help_lines(self._groups, "", width), id="entries")
        keys = [*hints_of(self.BINDINGS), (key_list(("up", "down")), "scroll"), ("type", "find")]
        yield Static(key_hints(keys), id="keys", markup=False)

    def on_mount(self) -> None:
        """Say how many keys there are, and focus the filter."""
        bar = self.query_one(FilterBar)
        bar.say(f"{self._total} keys")
        bar.focus()

    @on(FilterBar.Changed)
    def _filter_changed(self, event: FilterBar.Changed) -> None:
        self._find(event.text)

    @on(FilterBar.Cancelled)
    def _filter_cancelled(self, event: FilterBar.Cancelled) -> None:
        if event.text:
            self._find("")
        else:
            self.dismiss(None)

    def action_back(self) -> None:
        """Leave."""
        self.dismiss(None)

    def action_scroll(self, by: int) -> None:
        """Scroll by lines."""
        self.query_one("#body").scroll_relative(y=by, animate=False)

    def action_page(self, by: int) -> None:
        """Scroll by pages."""
        body = self.query_one("#body")
        body.scroll_relative(y=by * max(1, body.size.height - PAGE_OVERLAP), animate=False)

    def _find(self, text: str) -> None:
        words = text.casefold().split()

        def fits(group: str, entry: Entry) -> bool:
            all_of_it = " ".join((group, *entry)).casefold()
            return all(word in all_of_it for word in words)

        found = [(name, [entry for entry in entries if fits(name, entry)]) for name, entries in self._groups]
        shown = [(name, entries) for name, entries in found if entries]
        count = sum(len(entries) for _, entries in shown)
        said = f"{count} of {self._total}" if words else f"{self._total} keys"
        self.query_one(FilterBar).say(said, wrong=bool(words and not count))
        self.query_one("#entries", Flow).show(lambda width: help_lines(shown, text, width))
        self.query_one("#body").scroll_home(animate=False)


def help_lines(groups: Sequence[Group], text: str, width: int) -> Lines:
    """Return the lines of the help: keys and what they do, dimmed with the reason when not possible now."""
    if not groups:
        return [Content(f"No key or command matches {text!r}.")]
    keys_width = label_width((entry[0] for _, entries in groups for entry in entries), width)
    name_width = label_width((entry[1] for _, entries in groups for entry in entries), width - keys_width)
    lines: Lines = []
    for name, entries in groups:
        lines.append(Content.styled(name, "bold $text-primary"))
        for keys, label, help_text, why_not in entries:
            said = Content(help_text)
            if why_not:
                stopped = help_text if help_text.endswith((".", "?", "!")) else f"{help_text}."
                said = Content.styled(f"{stopped} Not now: {why_not}", "dim")
            head = Content.styled(keys, "dim" if why_not else "bold")
            title = Content.styled(label, "dim" if why_not else "")
            beside = hanging_indent(title, said, name_width, width - keys_width)
            lines.append(
                head.truncate(keys_width).pad_right(max(0, keys_width - head.cell_length)) + beside[0]
            )
            lines += [line.pad_left(keys_width) for line in beside[1:]]
        lines.append(Content(""))
    return lines
