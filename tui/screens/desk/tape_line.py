"""The line above the key hints: what happened last, newest last, or what the program has to say.

A message never covers a row: it stands here in the place of the tape. One about something that went wrong
may take a few lines, and stays until it is dismissed; any other fades.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from textual.content import Content
from textual.geometry import Size
from textual.message import Message
from textual.notifications import Notification
from textual.strip import Strip
from textual.widget import Widget

from tui.api.sanitize import clean
from tui.columns.format import DisplayContext, clock
from tui.service.tape.tape import TapeEntry
from widgets.whole_numbers import shortened

MOST_SHOWN: Final = 4
"""The lines of the tape that may stand beside each other."""
MOST_LINES: Final = 3
"""The lines that a message may take."""
BETWEEN: Final = "  ·  "
STYLES: Final = {
    "good": "$good",
    "bad": "$bad",
    "attention": "$attention",
    "idle": "$idle",
}
"""The colour of a line by the role of its news."""
SEVERITIES: Final = {"information": "", "warning": "$attention", "error": "$bad"}


def entry_line(entry: TapeEntry, context: DisplayContext) -> Content:
    """Return a line of the tape: when, and what."""
    words = clean(entry.words(lambda moment: clock(moment, context)))
    said = Content.styled(words, STYLES.get(entry.role, ""))
    return Content.assemble((f"{clock(entry.at, context)} ", "dim"), said)


class TapeLine(Widget):
    """Shows the end of the tape in one line, or a message in a few."""

    DEFAULT_CSS = "TapeLine { height: auto; padding: 0 1; }"

    class Pressed(Message):
        """Somebody clicked it."""

    def __init__(self, empty: str, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._empty = Content.styled(empty, "dim")
        self._news: tuple[Content, ...] = ()
        self._tail = ""
        self._message: Content | None = None
        self._may_wrap = False
        self._lines: tuple[int, list[Content]] = (0, [])

    def show_news(self, entries: Sequence[TapeEntry], context: DisplayContext) -> None:
        """Show these lines of the tape, the newest last."""
        self._show(tuple(entry_line(each, context) for each in entries[-MOST_SHOWN:]), self._message)

    def show_past(self, at: str, text: str, role: str = "", tail: str = "") -> None:
        """Show one sentence about the past in the place of the tape; the ``tail`` is never cut off."""
        said = Content.styled(clean(text), STYLES.get(role, ""))
        self._show((Content.assemble((f"{at} " if at else "", "dim"), said),), self._message, tail)

    def show_message(self, notice: Notification | None) -> None:
        """Show a message in the place of the tape; with None the tape."""
        if notice is None:
            self._show(self._news, None, self._tail)
            return
        self._may_wrap = notice.severity != "information"
        said = f"{notice.title}: {notice.message}" if notice.title else str(notice.message)
        self._show(self._news, Content.styled(clean(said), SEVERITIES[notice.severity]), self._tail)

    def _show(self, news: tuple[Content, ...], message: Content | None, tail: str = "") -> None:
        if news == self._news and message == self._message and tail == self._tail:
            return
        before = len(self._laid_out(self.content_size.width))
        repaints = message != self._message or message is None
        self._news, self._message, self._tail, self._lines = news, message, tail, (0, [])
        if len(self._laid_out(self.content_size.width)) != before:
            self.refresh(layout=True)
        elif repaints:
            self.refresh()

    @property
    def text(self) -> str:
        """What it says, in one line."""
        return " ".join(line.plain.strip() for line in self._laid_out(self.content_size.width))

    def _laid_out(self, width: int) -> list[Content]:
        if self._lines[0] != width or not self._lines[1]:
            self._lines = width, self._made(max(1, width))
        return self._lines[1]

    def _made(self, width: int) -> list[Content]:
        if self._message is not None:
            lines = self._message.wrap(width)
            most = MOST_LINES if self._may_wrap else 1
            if len(lines) > most:
                rest = self._message if most == 1 else Content(" ").join(lines[most - 1 :])
                lines = [*lines[: most - 1], shortened(rest, width)]
            return lines or [Content("")]
        if not self._news:
            return [shortened(self._empty, width)]
        *earlier, newest = self._news
        tail = f" {self._tail}" if self._tail else ""
        line = Content.assemble(shortened(newest, max(1, width - len(tail))), (tail, "bold"))
        for each in reversed(earlier):
            if each.cell_length + len(BETWEEN) + line.cell_length > width:
                break
            line = Content.assemble(each, (BETWEEN, "dim"), line)
        return [line]

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return len(self._laid_out(width))

    def render_line(self, y: int) -> Strip:
        """Draw one line."""
        width = self.content_size.width
        lines = self._laid_out(width)
        line = lines[y] if 0 <= y < len(lines) else Content("")
        style = self.visual_style
        return Strip(line.render_segments(style)).adjust_cell_length(width, style.rich_style)

    def on_click(self) -> None:
        """Tell that somebody wants to see more of it."""
        self.post_message(self.Pressed())
