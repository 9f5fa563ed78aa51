"""A small app for the tests of the driver: ``python -m tests.thinwire.host_app plain|thin [inline]``.

Every row says which one it is, how large the screen is, and what was last done. Keys: ``n`` says something
new and ``r`` what it said first, ``d`` says the driver, ``l`` forgets what is shown, ``s`` goes to the shell
and comes back, ``e`` fails, ``q`` leaves.
"""

from __future__ import annotations

import sys

from rich.segment import Segment
from textual.app import App, ComposeResult
from textual.strip import Strip
from textual.widget import Widget

from tui.thinwire.driver import WireHandle


class NumberedRows(Widget):
    """Rows that say which they are."""

    def render_line(self, y: int) -> Strip:
        """Give one."""
        app = self.app
        assert isinstance(app, HostApp)
        return Strip(
            [Segment(f"row {y:02} of {self.size.width}x{self.size.height} {app.word} ".ljust(999, "."))]
        )


class HostApp(App[None]):
    """Shows rows, and does as it is told."""

    CSS = "Rows { height: 1fr; } Screen:inline { height: 5; }"
    ENABLE_COMMAND_PALETTE = False

    def __init__(self, wire: WireHandle | None) -> None:
        super().__init__(driver_class=wire.driver_class if wire else None)
        self.wire = wire
        self.word = "ready"

    def compose(self) -> ComposeResult:
        """Give the rows."""
        yield NumberedRows()

    def say(self, word: str) -> None:
        """Say something new in every row."""
        self.word = word
        self.query_one(NumberedRows).refresh()

    def key_n(self) -> None:
        """Say something new."""
        self.say("Zürich 株")

    def key_r(self) -> None:
        """Say what was said in the beginning."""
        self.say("ready")

    def key_l(self) -> None:
        """Forget what is shown."""
        assert self.wire is not None
        self.wire.invalidate()

    def key_d(self) -> None:
        """Say on which driver this runs."""
        self.say(type(self._driver).__name__)

    def key_s(self) -> None:
        """Go to the shell and come back."""
        with self.suspend():
            print("\x1b[2J\x1b[Hin the shell", flush=True)
        self.say("back")

    def key_e(self) -> None:
        """Fail."""
        raise ZeroDivisionError("a mistake in the app")

    def key_q(self) -> None:
        """Leave."""
        self.exit()


if __name__ == "__main__":
    board = HostApp(WireHandle() if sys.argv[1] == "thin" else None)
    board.run(inline="inline" in sys.argv)
    raise SystemExit(board.return_code)
