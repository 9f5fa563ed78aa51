"""The base of every screen over the desk: it is dismissed once, and dismisses only itself.

Keys may arrive faster than screens close. Textual removes the screen on top for every dismissal, whichever
screen asked for it: without this base, a second Esc on its way would remove the screen beneath, or end the
program.
"""

from __future__ import annotations

from textual.await_complete import AwaitComplete
from textual.screen import Screen, ScreenResultType


class DismissOnce(Screen[ScreenResultType]):
    """A screen that ignores a second dismissal, and any dismissal while another screen covers it.

    Name it last among the bases of a class: Textual takes styles from the first.
    """

    dismissed = False

    def dismiss(self, result: ScreenResultType | None = None) -> AwaitComplete:
        """Leave with ``result``, unless this screen was dismissed before or is not on top."""
        if self.dismissed or self.app.screen is not self:
            return AwaitComplete()
        self.dismissed = True
        return super().dismiss(result)
