"""How far a decision of several calls is, while it is being sent, and the key that stops it between two."""

from __future__ import annotations

from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content

from tui.screens.dialogs.dialog import Dialog
from tui.service.writes.dispatch import Dispatch
from widgets.key_bar import hints_of, key_hints
from widgets.labelled_text import Flow, Lines

STOPPING: Final = "No further call is sent. What is under way is finished and reported."


class SendingDialog(Dialog[None]):
    """Shows ``dispatch`` until it is over; leaving it earlier stops nothing."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("s", "stop", "Stop after this call"),
        Binding("escape,ctrl+c", "back", "Go on in the background", priority=True),
    ]

    def __init__(self, dispatch: Dispatch) -> None:
        super().__init__()
        self._dispatch = dispatch
        dispatch.watch = self.show_progress

    def compose(self) -> ComposeResult:
        with self.box(self._dispatch.label, hints_of(self.BINDINGS)):
            yield Flow(self._lines, id="progress")

    def show_progress(self) -> None:
        """Show how far it is by now; leave when it is over."""
        if self._dispatch.over:
            self.dismiss(None)
        elif self.is_mounted and not self.dismissed:
            self.query_one("#progress", Flow).show(self._lines)

    def action_stop(self) -> None:
        """Send no further call."""
        self._dispatch.stop()
        self.query_one("#box").border_subtitle = key_hints(hints_of(self.BINDINGS[1:]))

    def on_screen_resume(self) -> None:
        """Leave as well when it was over before this was shown, or while another dialog covered it."""
        if self._dispatch.over:
            self.dismiss(None)

    def _lines(self, width: int) -> Lines:
        dispatch = self._dispatch
        full = dispatch.answered * width // dispatch.calls
        bar = Content.assemble(("█" * full, "$primary"), ("░" * (width - full), "$text-muted"))
        lines = [bar, *Content(dispatch.sentence()).wrap(width)]
        if dispatch.stopped:
            lines += Content.styled(STOPPING, "$text-warning").wrap(width)
        elif dispatch.counts.total() == dispatch.items:
            lines += Content.styled("All is answered; the rows are read back.", "$text-muted").wrap(width)
        return lines
