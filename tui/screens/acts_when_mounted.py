"""The base of every screen with keys: they act once it has its widgets.

Textual gives keys to a screen as soon as it is on top, before it is mounted. An action that looks for a
widget then would end the program.
"""

from __future__ import annotations

from typing import Final

from textual.screen import ScreenResultType

from tui.screens.opens_in_turns import OpensInTurns

BACK: Final = "back"
"""The action of the keys that leave a screen."""


class ActsWhenMounted(OpensInTurns[ScreenResultType]):
    """A screen whose keys do nothing until it is mounted, but for those that leave it."""

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Return whether the keys of ``action`` may act now."""
        if not self.is_mounted and action != BACK:
            return False
        return super().check_action(action, parameters)
