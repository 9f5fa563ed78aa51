"""The command palette: every command with its key, and why it is not possible now.

It is Textual's, made safe against keys that arrive faster than it closes, and its commands are listed once
when it opens: to look at the rows of a selection at every letter would delay the next one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import Any, Final, NamedTuple

from textual import on
from textual.command import CommandPalette, DiscoveryHit, Hit, Hits, Provider, SearchIcon
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, OptionList

from tui.screens.above_screen import AboveScreen
from tui.screens.dismiss_once import DismissOnce
from widgets.labelled_text import hanging_indent

KEYS_WIDTH: Final = 13
"""Cells of the keys, which stand before the name."""
BESIDE: Final = 3
"""Cells beside a line of the list: a margin at either side, and the scrollbar."""
NOT_NOW: Final = "Not now: "
PROMPT: Final = ":"
"""Stands before what is typed, in the place of a picture that terminals draw in different widths."""


class PaletteCommand(NamedTuple):
    """A command by name: its keys, what it does, and why it is not possible now (empty when it is)."""

    name: str
    keys: str
    help: str
    why_not: str
    run: Callable[[], Any]

    def lines(self, name: Content, width: int) -> Content:
        """Return how the command stands in a list of so many cells, its ``name`` as found."""
        quiet = "not bold $text-muted"
        told, style = (NOT_NOW + self.why_not, "not bold $attention") if self.why_not else (self.help, quiet)
        keys = Content.styled(self.keys, "not bold $primary")
        head = hanging_indent(keys, name.stylize(quiet) if self.why_not else name, KEYS_WIDTH, width)
        rest = hanging_indent(Content(""), Content.styled(told, style), KEYS_WIDTH, width)
        return Content("\n").join((*head, *rest))


class ListedCommands(Provider):
    """Offers the commands of one opening."""

    commands: Sequence[PaletteCommand] = ()

    @property
    def _width(self) -> int:
        """The cells of a line of the list."""
        return self.app.size.width - BESIDE

    async def discover(self) -> Hits:
        """Yield every command, in the order of the help."""
        for command in self.commands:
            yield DiscoveryHit(
                command.lines(Content(command.name), self._width), command.run, text=command.name
            )

    async def search(self, query: str) -> Hits:
        """Yield the commands whose name or key is like ``query``."""
        matcher = self.matcher(query)
        for command in self.commands:
            score = 1.0 if query in command.keys.split() else matcher.match(command.name)
            if score > 0:
                found = matcher.highlight(command.name)
                yield Hit(score, command.lines(found, self._width), command.run, text=command.name)


class ActionPalette(CommandPalette, AboveScreen[None], DismissOnce[None]):
    """Runs one command and closes once, however often Enter is pressed meanwhile."""

    def __init__(self, commands: Iterable[PaletteCommand], *, id: str | None = None) -> None:
        class Listed(ListedCommands):
            """The commands of this opening."""

        Listed.commands = tuple(commands)
        super().__init__((Listed,), id=id)

    def on_mount(self) -> None:
        """Draw no picture before what is typed."""
        self.query_one(SearchIcon).icon = PROMPT

    @on(Input.Submitted)
    @on(OptionList.OptionSelected)
    def _chosen(self, event: Message) -> None:
        """Keep further choices from Textual's handlers once a command was run."""
        if self.dismissed:
            event.stop()
            event.prevent_default()

    def _action_command_list(self, action: str) -> None:
        with suppress(KeyError):  # a list whose lines are not laid out yet has no page to turn
            super()._action_command_list(action)
