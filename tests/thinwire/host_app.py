"""A small app for the tests of the driver: ``python -m tests.thinwire.host_app plain|thin [inline]``.

Every row shows its number, the size of the screen and a word. Keys: ``n`` shows a new word and ``r`` the
first one, ``d`` the driver, ``l`` invalidates, ``s`` suspends and resumes, ``e`` fails, ``q`` quits.
"""

from __future__ import annotations

import sys

from rich.segment import Segment
from textual.app import App, ComposeResult
from textual.strip import Strip
from textual.widget import Widget

from tui.thinwire.driver import WireHandle


class NumberedRows(Widget):
    """Rows that show their number."""

    def render_line(self, y: int) -> Strip:
        """Return a row."""
        app = self.app
        assert isinstance(app, HostApp)
        return Strip(
            [Segment(f"row {y:02} of {self.size.width}x{self.size.height} {app.word} ".ljust(999, "."))]
        )


class HostApp(App[None]):
    """Shows rows and obeys keys."""

    CSS = "Rows { height: 1fr; } Screen:inline { height: 5; }"
    ENABLE_COMMAND_PALETTE = False

    def __init__(self, wire: WireHandle | None) -> None:
        super().__init__(driver_class=wire.driver_class if wire else None)
        self.wire = wire
        self.word = "ready"

    def compose(self) -> ComposeResult:
        """Return the one widget."""
        yield NumberedRows()

    def say(self, word: str) -> None:
        """Show a new word in every row."""
        self.word = word
        self.query_one(NumberedRows).refresh()

    def key_n(self) -> None:
        """Show a new word."""
        self.say("Zürich 株")

    def key_r(self) -> None:
        """Show the first word again."""
        self.say("ready")

    def key_l(self) -> None:
        """Invalidate what the terminal shows."""
        assert self.wire is not None
        self.wire.invalidate()

    def key_d(self) -> None:
        """Show the name of the driver's class."""
        self.say(type(self._driver).__name__)

    def key_s(self) -> None:
        """Suspend to the shell and resume."""
        with self.suspend():
            print("\x1b[2J\x1b[Hin the shell", flush=True)
        self.say("back")

    def key_e(self) -> None:
        """Raise an error."""
        raise ZeroDivisionError("a mistake in the app")

    def key_q(self) -> None:
        """Quit."""
        self.exit()


if __name__ == "__main__":
    board = HostApp(WireHandle() if sys.argv[1] == "thin" else None)
    board.run(inline="inline" in sys.argv)
    raise SystemExit(board.return_code)
