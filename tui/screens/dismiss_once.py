"""The base of every screen over the desk: it is dismissed once, and dismisses only itself.

Keys may arrive faster than screens open and close. Textual removes the screen on top for every dismissal,
whichever screen asked for it, and a screen it removes while that mounts finds none of its widgets: without
this base, an early or a second Esc would end the program, or remove the screen beneath.
"""

from __future__ import annotations

from textual.await_complete import AwaitComplete
from textual.screen import ScreenResultType

from tui.screens.acts_when_mounted import ActsWhenMounted


class DismissOnce(ActsWhenMounted[ScreenResultType]):
    """A screen that ignores a second dismissal, and any dismissal while another screen covers it.

    A dismissal that comes before it is mounted waits until it is. Name it last among the bases of a class:
    Textual takes styles from the first.
    """

    dismissed = False

    def dismiss(self, result: ScreenResultType | None = None) -> AwaitComplete:
        """Leave with ``result``, unless this screen was dismissed before or is not on top."""
        if self.dismissed or self.app.screen is not self:
            return AwaitComplete()
        self.dismissed = True
        leave = super().dismiss
        if self.is_mounted:
            return leave(result)

        def leave_mounted() -> None:
            leave(result)

        self.call_later(leave_mounted)
        return AwaitComplete()
