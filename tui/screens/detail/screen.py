"""One entity in full: every member by section, and its JSON."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import ClassVar, Final

import msgspec
from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from styles import sheet
from tui.api.sanitize import clean, escaped
from tui.columns.factories import plain
from tui.columns.shown_rows import ShownRows
from tui.screens.desk_frame import FramedHeading
from tui.screens.detail.sections import Section, sections_of
from tui.screens.shows_rows import TAKES_ROWS, ShowsRows
from tui.session import DeskSession
from widgets.key_line import KeyLine
from widgets.labelled_text import Flow, Lines, pairs

__all__ = ["DetailScreen", "Section", "sections_of"]

TWO_COLUMNS_WIDTH: Final = 120
BESIDE: Final = "beside"
"""The class of the text while it stands in two columns."""
MEMBERS: Final = (
    plain("section", "Section", "What it belongs to", 16, lambda snapshot, member: member[0]),
    plain("member", "Member", "What it is called", 24, lambda snapshot, member: member[1]),
    plain("value", "Value", "What it is", 40, lambda snapshot, member: member[2]),
)
"""What the members of a row are exported as."""
_NAME: Final = r'"(?:[^"\\]|\\.)*"(?=:)'


def pretty(raw: str) -> Content:
    """Return ``raw`` JSON indented, with every digit of its numbers; other text unchanged."""
    try:
        text = msgspec.json.format(raw, indent=2)
    except msgspec.DecodeError:
        text = raw
    lines = (escaped(line) for line in text.split("\n"))
    return Content("\n".join(lines)).highlight_regex(_NAME, style="$text-accent")


class Members:
    """One section: its name, and its members beneath."""

    def __init__(self, name: str, rows: Sequence[tuple[str, str]]) -> None:
        self.title = name
        self.rows = _cleaned(rows)

    @property
    def length(self) -> int:
        """The number of lines when nothing wraps."""
        return len(self.rows) + 2

    def lines(self, width: int, labels: Sequence[str]) -> Lines:
        """Return it as it is laid out for ``width`` cells, its values aligned with those of ``labels``."""
        name = Content.styled(clean(self.title), "bold $text-primary")
        members = pairs(self.rows, width, labels) if self.rows else [Content.styled("nothing", "dim")]
        return [name, *members, Content("")]


def _cleaned(rows: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(escaped(label), escaped(value)) for label, value in rows]


class DetailScreen(ShowsRows[None]):
    """Shows all members of a ``row`` by section; ``i`` turns to its JSON ``text`` and back, Esc leaves.

    With ``raw`` it begins with the JSON. Each of ``more`` returns a section anew once more is known of it.
    """

    CSS_PATH = sheet("history")
    proposed_copy = "JSON"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,ctrl+c,enter", "back", "Back", priority=True),
        Binding("i", "turn", "Raw JSON", id="raw"),
        *TAKES_ROWS,
        Binding("j", "scroll(1)", "Down", show=False),
        Binding("k", "scroll(-1)", "Up", show=False),
    ]

    def __init__(
        self,
        title: str,
        sections: Sequence[Section],
        text: str,
        row: ShownRows,
        session: DeskSession,
        *,
        raw: bool = False,
        more: Sequence[Callable[[], Awaitable[Section | None]]] = (),
    ) -> None:
        super().__init__()
        self.session = session
        self._row = row
        self._more = more
        self._heading = clean(title)
        self._sections = [Members(name, rows) for name, rows in sections]
        self._labels = [label for section in self._sections for label, _ in section.rows]
        self._columns = [Flow(partial(self._lines, at), id=name) for at, name in enumerate(("left", "right"))]
        self._keys = KeyLine(self.keys, ("back", "turn"), id="keys")
        self._json = text
        self._is_raw = raw

    def compose(self) -> ComposeResult:
        yield FramedHeading(Static(self._heading, id="heading", markup=False))
        with VerticalScroll(id="body", classes=BESIDE if self._has_two_columns else None):
            yield from self._columns
        yield self._keys

    def on_mount(self) -> None:
        """Focus the text, so that arrows scroll it; ask for what is not known yet."""
        self._hint()
        self.query_one("#body").focus()
        for more in self._more:
            self._complete(more)

    @work(description="more of a section")
    async def _complete(self, more: Callable[[], Awaitable[Section | None]]) -> None:
        found = await more()
        for section in self._sections if found is not None else ():
            if found is not None and section.title == found[0]:
                section.rows = _cleaned(found[1])
                self._show()

    def on_resize(self) -> None:
        """Show two columns where there is room, else one."""
        if self.query_one("#body").has_class(BESIDE) != self._has_two_columns:
            self._show()

    def action_back(self) -> None:
        """Leave."""
        self.dismiss(None)

    def action_turn(self) -> None:
        """Turn to the JSON, or back to the members."""
        self._is_raw = not self._is_raw
        self._show()
        self._hint()
        self.query_one("#body").scroll_home(animate=False)

    def shown_rows(self) -> ShownRows:
        """Return the row, with the cells that it has in its pane."""
        return self._row

    def rows_to_export(self) -> ShownRows:
        """Return the members by section."""
        members = [(section.title, *row) for section in self._sections for row in section.rows]
        ref = self._row.refs[0]
        return ShownRows(
            f"members of {ref.id.code}",
            "member",
            MEMBERS,
            self._row.snapshot,
            range(len(members)),
            (),
            members.__getitem__,
            lambda at: ref,
        )

    def action_scroll(self, by: int) -> None:
        """Scroll by lines."""
        self.query_one("#body").scroll_relative(y=by, animate=False)

    def _hint(self) -> None:
        self._keys.say({"turn": "members"} if self._is_raw else {})

    def _show(self) -> None:
        self.query_one("#body").set_class(self._has_two_columns, BESIDE)
        for at, column in enumerate(self._columns):
            column.show(partial(self._lines, at))

    @property
    def _has_two_columns(self) -> bool:
        return self.app.size.width >= TWO_COLUMNS_WIDTH and not self._is_raw

    def _lines(self, column: int, width: int) -> Lines:
        """Return the lines of a column, 0 or 1, as they are laid out for ``width`` cells."""
        if self._is_raw:
            return pretty(self._json).wrap(width)
        at = self._split if self._has_two_columns else len(self._sections)
        sections = self._sections[at:] if column else self._sections[:at]
        return [line for section in sections for line in section.lines(width, self._labels)]

    @property
    def _split(self) -> int:
        """How many of the sections, in order, stand at the left of two columns of similar length."""
        total, filled = sum(section.length for section in self._sections), 0
        for count, section in enumerate(self._sections):
            if filled * 2 >= total:
                return count
            filled += section.length
        return len(self._sections)
