"""The columns of a pane: which are shown, in which order, how wide, and which stay at the left."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar, Final

from msgspec import Struct
from msgspec.structs import replace
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Static

from tui.api.sanitize import clean
from tui.screens.dialogs.dialog import Dialog, content_width
from widgets.key_names import key_words
from widgets.line_list import LineItem, LineList

NARROWEST, WIDEST = 3, 60
"""The fewest and the most cells that a reader may give a column."""
CHROME_LINES: Final = 7
"""Lines of the dialog besides the list."""
HINTS: Final = (
    (key_words("space"), "show"),
    ("J K", "move"),
    ("+ -", "width"),
    ("p", "pin"),
    ("r", "reset"),
    (key_words("enter"), "done"),
    (key_words("escape"), "back"),
)
KEEP_ONE: Final = "Keep at least one column."
_TITLE: Final = 22


class ColumnChoice(Struct, frozen=True):
    """One column: its words, the width that it is declared with, and what the reader wants of it.

    ``own_width`` is the reader's, 0 for the declared one.
    """

    id: str
    title: str
    help: str
    width: int
    shown: bool = True
    pinned: bool = False
    own_width: int = 0

    def wider(self, by: int) -> ColumnChoice:
        """Return the column so many cells wider."""
        width = max(NARROWEST, min(WIDEST, (self.own_width or self.width) + by))
        return replace(self, own_width=0 if width == self.width else width)


class ColumnsDialog(Dialog[tuple[ColumnChoice, ...]]):
    """Returns the columns as they were left with Enter, in their order; pinned ones stand first."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "turn", "Show or hide"),
        Binding("J,shift+down", "carry(1)", "Move down"),
        Binding("K,shift+up", "carry(-1)", "Move up"),
        Binding("plus,equals_sign", "widen(1)", "Wider"),
        Binding("minus", "widen(-1)", "Narrower"),
        Binding("p", "pin", "Pin"),
        Binding("r", "reset", "As declared"),
        Binding("enter", "done", "Done"),
        Binding("down,j", "go(1)", "Down"),
        Binding("up,k", "go(-1)", "Up"),
        Binding("pagedown", "page(1)", "Page down"),
        Binding("pageup", "page(-1)", "Page up"),
        Binding("home,g", "end(False)", "First"),
        Binding("end,G", "end(True)", "Last"),
    ]

    def __init__(self, title: str, choices: Sequence[ColumnChoice], declared: Sequence[ColumnChoice]) -> None:
        super().__init__()
        self._title = title
        self._choices = list(choices)
        self._declared = tuple(declared)
        self._opened = tuple(choices)

    def compose(self) -> ComposeResult:
        with self.box(self._title, HINTS):
            listed = LineList(self._items(), id="columns")
            listed.styles.max_height = self._room
            yield listed
            yield Static("", id="said", markup=False)

    def on_mount(self) -> None:
        """Explain the first column."""
        self._explain()

    @property
    def is_filled(self) -> bool:
        """Whether anything was changed that leaving would lose."""
        return tuple(self._choices) != self._opened

    @property
    def _room(self) -> int:
        return max(2, self.app.size.height - CHROME_LINES)

    def on_resize(self) -> None:
        """Fit the list into what the rest of the box leaves."""
        self.query_one(LineList).styles.max_height = self._room
        self._show()

    def _items(self) -> list[LineItem]:
        width = content_width(self.app.size.width) - 2
        return [LineItem((_line(choice, width),), True) for choice in self._choices]

    def _show(self) -> None:
        self.query_one(LineList).show(self._items())
        self._explain()

    def _explain(self, problem: str = "") -> None:
        """Tell what the column under the cursor says, or what is wrong."""
        said = self.query_one("#said", Static)
        said.set_class(bool(problem), "error")
        said.update(problem or clean(self._choices[self._at].help))

    @property
    def _at(self) -> int:
        return self.query_one(LineList).cursor or 0

    def _change(self, change: Callable[[ColumnChoice], ColumnChoice]) -> None:
        self._choices[self._at] = change(self._choices[self._at])
        self._show()

    @on(LineList.Chosen)
    def _clicked(self, event: LineList.Chosen) -> None:
        event.stop()
        self.action_turn()

    def action_turn(self) -> None:
        """Show the column under the cursor, or hide it."""
        self._change(lambda choice: replace(choice, shown=not choice.shown))

    def action_widen(self, by: int) -> None:
        """Make the column under the cursor wider or narrower."""
        self._change(lambda choice: choice.wider(by))

    def action_carry(self, by: int) -> None:
        """Move the column under the cursor, among the pinned ones or among the others."""
        at, to = self._at, self._at + by
        choices = self._choices
        if 0 <= to < len(choices) and choices[at].pinned == choices[to].pinned:
            choices[at], choices[to] = choices[to], choices[at]
            self._show()
            self.action_go(by)

    def action_pin(self) -> None:
        """Let the column under the cursor stand at the left while others scroll, or scroll with them."""
        at = self._at
        choice = self._choices.pop(at)
        to = sum(each.pinned for each in self._choices)
        self._choices.insert(to, replace(choice, pinned=not choice.pinned, shown=True))
        self._show()
        self.action_go(to - at)

    def action_reset(self) -> None:
        """Show all columns as they are declared."""
        self._choices = list(self._declared)
        self._show()

    def action_done(self) -> None:
        """Leave with the columns as they are; at least one is shown."""
        if any(choice.shown for choice in self._choices):
            self.dismiss(tuple(self._choices))
        else:
            self._explain(KEEP_ONE)

    def action_go(self, by: int) -> None:
        """Move the cursor."""
        self.query_one(LineList).move(by)
        self._explain()

    def action_page(self, by: int) -> None:
        """Move the cursor by pages."""
        self.query_one(LineList).page(by)
        self._explain()

    def action_end(self, last: bool) -> None:
        """Go to the first or the last column."""
        self.query_one(LineList).to_end(last=last)
        self._explain()


def _line(choice: ColumnChoice, width: int) -> Content:
    """Return a column in one line: shown or not, title, width, pinned, and what it says where that fits."""
    box = "[x]" if choice.shown else "[ ]"
    size = f"{choice.own_width or choice.width:>3}{'*' if choice.own_width else ' '}"
    pinned = "pinned" if choice.pinned else "      "
    title = Content(clean(choice.title)).truncate(_TITLE, ellipsis=True, pad=True)
    style = "" if choice.shown else "dim"
    line = Content.assemble((f"{box} ", style), title, f" {size}  {pinned}  ", (clean(choice.help), "dim"))
    return line.truncate(width, ellipsis=True)
