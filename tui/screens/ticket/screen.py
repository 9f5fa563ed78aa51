"""The ticket of a row: what a dealer is asked for on the phone, and the rows it belongs with.

It follows the desk while it is open. Enter on a related row opens that row's ticket in its place; Esc goes
back the same way. It sends nothing.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import ClassVar, Final

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, VerticalScroll
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Static

from styles import sheet
from tui.api.sanitize import clean
from tui.columns.column import Column
from tui.columns.shown_rows import ShownRows, one_row
from tui.columns.steps import Steps
from tui.screens.desk_frame import FramedHeading
from tui.screens.shows_rows import TAKES_ROWS, ShowsRows
from tui.screens.ticket.related_rows import RELATED, RelatedRow
from tui.screens.ticket.ticket_words import Group, RowTicket
from tui.screens.turns import Turns
from tui.service.snapshot.snapshot import EntityKind, Ref, Snapshot
from tui.session import DeskSession
from widgets.grid.text import fit, width_of
from widgets.key_line import KeyLine
from widgets.labelled_text import Flow, Lines, hanging_indent, label_width
from widgets.line_list import LineItem, LineList

BESIDE_WIDTH: Final = 120
"""From this many columns on, related rows stand beside the answers."""
EXPANDED_HEIGHT: Final = 34
"""From this many lines on, every part of an answer has a line of its own."""
ID_WIDTH: Final = 80
"""From this many cells on, related rows end with their ids."""
_BETWEEN: Final = " · "
GONE: Final = "This row is not on the desk any more. Shown is what it was."
NOTHING: Final = "No other row on this desk belongs with it."

Source = Callable[[], Snapshot]
Builder = Callable[[Snapshot, Ref, str], Steps[RowTicket]]


class TicketScreen(ShowsRows[Ref]):
    """Shows the ticket of ``ref`` in what ``source`` returns; returns the row to go to, None on Esc.

    ``build`` makes a ticket, with why names of rules are not known. ``columns`` returns those known of a kind
    of rows. ``complete`` reads what is not known yet
    of a row, and returns that why. ``raw`` and ``history`` return the screens of its members and its story.
    """

    CSS_PATH = sheet("history")
    AUTO_FOCUS = None
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "Open"),
        Binding("g", "go", "To desk"),
        Binding("h", "history", "History", id="history"),
        Binding("i", "raw", "Raw JSON", id="raw"),
        *TAKES_ROWS,
        Binding("space", "more", "More"),
        Binding("escape,ctrl+c,q", "back", "Back"),
        Binding("up,k", "move(-1)", "Up", show=False),
        Binding("down,j", "move(1)", "Down", show=False),
        Binding("pageup,ctrl+u", "page(-1)", "Page up", show=False),
        Binding("pagedown,ctrl+d", "page(1)", "Page down", show=False),
        Binding("home", "end(False)", "First", show=False),
        Binding("end,G", "end(True)", "Last", show=False),
    ]

    def __init__(
        self,
        ref: Ref,
        source: Source,
        session: DeskSession,
        build: Builder,
        *,
        columns: Callable[[EntityKind], Sequence[Column]],
        complete: Callable[[Snapshot, Ref], Awaitable[str]],
        raw: Callable[[Snapshot, Ref], Screen[None]],
        history: Callable[[Snapshot, Ref], Screen[Ref] | None],
    ) -> None:
        super().__init__()
        self.session = session
        self._trail = [ref]
        self._source, self._build, self._complete = source, build, complete
        self._raw, self._history, self._columns = raw, history, columns
        self._snapshot = source()
        self._ticket: RowTicket | None = None
        self._why_unnamed = ""
        self._is_new = True
        """Whether the row that the trail ends with has not been shown yet: its list begins at the top."""
        self._shown: list[RelatedRow | None] = []
        """The related row of each item listed, None for a heading."""

    def compose(self) -> ComposeResult:
        yield FramedHeading(Static(id="heading", markup=False))
        yield Flow(self._state_lines, id="state")
        with Container(id="ticket"):
            with VerticalScroll(id="facts", can_focus=False):
                yield Flow(self._fact_lines, id="answers")
            yield LineList(id="related")
        yield KeyLine(self.keys, ("open", "history", "raw", "back"), id="keys")

    def on_mount(self) -> None:
        """Show the row, and follow the desk."""
        self._arrange()
        self._open()
        self.set_interval(1.0, self._follow)

    def on_resize(self) -> None:
        """Lay out again."""
        self._arrange()

    # --- what is shown -------------------------------------------------------------------------

    @property
    def _ref(self) -> Ref:
        return self._trail[-1]

    def _open(self) -> None:
        """Show the row that the trail ends with, and read what is not known of it yet."""
        self._why_unnamed, self._is_new = "", True
        self._make()
        self._ask()

    @work(exclusive=True, group="ticket", description="ticket")
    async def _make(self) -> None:
        if self._ref in self._snapshot:
            turns = Turns()
            self._ticket = await turns.work(self._build(self._snapshot, self._ref, self._why_unnamed))
        self._show(first=self._is_new)
        self._is_new = False

    @work(exclusive=True, group="asked", description="more of a ticket")
    async def _ask(self) -> None:
        if self._ref in self._snapshot:
            why = await self._complete(self._snapshot, self._ref)
            self._why_unnamed, self._snapshot = why, self._newest()
            self._make()

    def _newest(self) -> Snapshot:
        """Return the newest snapshot that has the row; a row that is gone stays as it was."""
        newest = self._source()
        return newest if self._ref in newest else self._snapshot

    def _follow(self) -> None:
        """Show what became of the row."""
        newest = self._source()
        if self._ref not in newest:
            self.query_one("#state", Flow).show(self._state_lines)
        elif newest is not self._snapshot:
            self._snapshot = newest
            self._make()

    def _show(self, *, first: bool = False) -> None:
        ticket = self._ticket
        if ticket is None or not self.is_mounted:
            return
        self.query_one("#heading", Static).update(Content(clean(ticket.heading)))
        self.query_one("#state", Flow).show(self._state_lines)
        self.query_one("#answers", Flow).show(self._fact_lines)
        self._list(first=first)

    def _arrange(self) -> None:
        self.query_one("#ticket").set_class(self.app.size.width >= BESIDE_WIDTH, "beside")
        self._show()

    def _state_lines(self, width: int) -> Lines:
        """Return the lines beneath the heading: state, verdicts, and the life cycle with its legend."""
        ticket = self._ticket
        if ticket is None:
            return [Content("")]
        said = Content.styled(clean(ticket.state), f"bold ${ticket.role}" if ticket.role else "bold")
        if ticket.verdicts:
            said += Content(f"  ·  {clean(ticket.verdicts)}")
        lines = said.wrap(width)
        if ticket.bar:
            bar = Content.styled(ticket.bar, f"${ticket.bar_role}" if ticket.bar_role else "$foreground")
            legend = Content.styled(ticket.legend, "dim")
            lines += hanging_indent(Content("[") + bar + Content("]"), legend, 14, width)
        if self._ref not in self._source():
            lines.append(Content.styled(GONE, "bold $attention"))
        return lines

    def _fact_lines(self, width: int) -> Lines:
        groups = self._ticket.groups if self._ticket else ()
        indent = label_width([group.question for group in groups], width)
        lines: Lines = []
        for group in groups:
            label = Content.styled(group.question, "dim")
            style = "bold $attention" if group.question == "Attention" else ""
            for at, part in enumerate(self._parts(group, width - indent)):
                answer = Content.styled(clean(part), style)
                lines += hanging_indent(label if at == 0 else Content(""), answer, indent, width)
            if self._is_expanded:
                lines.append(Content(""))
        return lines

    @property
    def _is_expanded(self) -> bool:
        return self.app.size.height >= EXPANDED_HEIGHT

    def _parts(self, group: Group, width: int) -> list[str]:
        """Return the lines of an answer before they are wrapped."""
        parts = [part for part in group.parts if part]
        if not self._is_expanded:
            return packed((*group.figures, *parts), width)
        split = [figure.partition(" ") for figure in group.figures]
        widest = max((len(number) for number, _, _ in split), default=0)
        return [*(f"{number:>{widest}} {word}" for number, _, word in split), *parts]

    def _list(self, *, first: bool) -> None:
        """List the related rows; the cursor stays on its row, or near it, unless it is a ``first`` time."""
        listed = self.query_one("#related", LineList)
        before = None if first or listed.cursor is None else self._target
        width = self.app.size.width
        items, self._shown = self._items((width * 3 // 5 if width >= BESIDE_WIDTH else width) - 3)
        listed.show(items)
        targets = {row.ref: at for at, row in enumerate(self._shown) if row is not None}
        at_first = next(iter(targets.values()), None)
        listed.cursor = at_first if before is None else targets.get(before, listed.cursor)
        if first:
            listed.scroll_home(animate=False)

    def _items(self, width: int) -> tuple[list[LineItem], list[RelatedRow | None]]:
        ticket = self._ticket
        items: list[LineItem] = []
        rows: list[RelatedRow | None] = []
        state = max((width_of(row.state) for row in ticket.related), default=0) if ticket else 0
        when = max((width_of(row.when) for row in ticket.related), default=0) if ticket else 0
        for kind in EntityKind:
            own = [row for row in ticket.related if row.ref.kind is kind] if ticket else []
            more = ticket.more.get(kind, 0) if ticket else 0
            if own:
                title = f"{kind.value.title()} ({len(own) + more:,})"
                beyond = f", the newest {len(own)}" if more else ""
                items.append(LineItem([Content.styled(f"{title}{beyond}", "bold $text-primary")], False))
                rows.append(None)
            for row in own:
                items.append(LineItem([_line(row, width, state, when)], True))
                rows.append(row)
        if not items:
            return [LineItem([Content.styled(NOTHING, "dim")], False)], [None]
        return items, rows

    # --- keys ----------------------------------------------------------------------------------

    @property
    def _target(self) -> Ref | None:
        cursor = self.query_one("#related", LineList).cursor
        row = None if cursor is None or cursor >= len(self._shown) else self._shown[cursor]
        return row.ref if row else None

    @on(LineList.Chosen)
    def _chosen(self, event: LineList.Chosen) -> None:
        event.stop()
        self.action_open()

    def action_open(self) -> None:
        """Open the ticket of the related row under the cursor."""
        target = self._target
        if target is not None:
            self._snapshot = self._source()
            self._trail.append(target)
            self._open()

    def action_back(self) -> None:
        """Go back to the ticket before, or leave."""
        if len(self._trail) == 1:
            self.dismiss(None)
            return
        self._trail.pop()
        self._snapshot = self._newest()
        self._open()

    def action_go(self) -> None:
        """Leave, and go to the row of this ticket in its pane."""
        self.dismiss(self._ref)

    @work(group="dialog", description="history")
    async def action_history(self) -> None:
        """Show the history of the order behind the row."""
        story = self._history(self._snapshot, self._ref)
        if story is None:
            self.notify("No order stands behind this row, so there is no history to show.", markup=False)
            return
        jump = await self.app.push_screen_wait(story)
        if jump is not None:
            self.dismiss(jump)

    def action_raw(self) -> None:
        """Show the row as JSON, as the server sent it, and all its members."""
        if self._ref in self._snapshot:
            self.app.push_screen(self._raw(self._snapshot, self._ref))

    def shown_rows(self) -> ShownRows:
        """Return the row of the ticket, with the cells that it has in its pane."""
        return one_row(self._ref, self._snapshot, self._columns(self._ref.kind))

    def rows_to_export(self) -> ShownRows:
        """Return the rows that belong with it."""
        related = {row.ref: row for row in self._ticket.related} if self._ticket else {}
        return ShownRows(
            f"rows of {self._ref.id.code}",
            "row",
            RELATED,
            self._snapshot,
            tuple(related),
            (),
            related.get,
            lambda ref: related[ref].ref,
        )

    def action_more(self) -> None:
        """Scroll the answers by a page; from their end back to their beginning."""
        facts = self.query_one("#facts")
        if facts.scroll_offset.y >= facts.max_scroll_y:
            facts.scroll_home(animate=False)
        else:
            facts.scroll_page_down(animate=False)

    def action_move(self, by: int) -> None:
        """Move the cursor."""
        self.query_one("#related", LineList).move(by)

    def action_page(self, by: int) -> None:
        """Move the cursor by pages."""
        self.query_one("#related", LineList).page(by)

    def action_end(self, last: bool) -> None:
        """Go to the first or the last related row."""
        self.query_one("#related", LineList).to_end(last=last)


def _line(row: RelatedRow, width: int, state: int, when: int) -> Content:
    """Return a related row as a line: what, its ``state`` and ``when`` in so many cells, an id that fits."""
    id = 18 if width >= ID_WIDTH else 0
    text = max(12, width - state - when - id - 6)
    said = Content(f" {fit(clean(row.text), text)}  ")
    said += Content.styled(fit(clean(row.state), state), f"${row.role}" if row.role else "")
    said += Content(f"  {fit(row.when, when, 'right')}")
    return said + Content.styled(f"  {fit(clean(row.id), id)}", "dim") if id else said


def packed(parts: Sequence[str], width: int) -> list[str]:
    """Return parts in as few lines as hold them whole; one that is wider than a line stays for itself.

    >>> packed(["50,000 ordered", "10,000 filled", "0 booked"], 32)
    ['50,000 ordered · 10,000 filled ·', '0 booked']
    """
    lines: list[str] = []
    for part in parts:
        if lines and width_of(lines[-1]) + width_of(part) + len(_BETWEEN) + 1 < width + 1:
            lines[-1] += f"{_BETWEEN}{part}"
        else:
            lines.append(part)
    return [f"{line} ·" for line in lines[:-1]] + lines[-1:]
