"""The command palette of Textual, made safe against keys that arrive faster than it closes."""

from __future__ import annotations

from contextlib import suppress

from textual import on
from textual.command import CommandPalette
from textual.message import Message
from textual.widgets import Input, OptionList

from tui.screens.dismiss_once import DismissOnce


class ActionPalette(CommandPalette, DismissOnce[None]):
    """Runs one command and closes once, however often Enter is pressed meanwhile."""

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
