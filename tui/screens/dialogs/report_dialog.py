"""The report of a write, item by item: unknown, not sent, refused with the server's reason, done.

It stays until dismissed. What was not done comes first, the counts of all lists stand on top.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Final, Literal, NamedTuple

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from tui.api.sanitize import clean
from tui.columns.format import DisplayContext, clock_and_zone
from tui.screens.dialogs import dialog
from tui.screens.dialogs.dialog import WIDEST, GuardedDialog, content_width
from tui.service.outcomes import Outcome, ReasonGroup, Report
from tui.service.snapshot.snapshot import Ref
from widgets.key_bar import key_for
from widgets.key_names import key_words
from widgets.line_list import LineItem, LineList

Line = tuple[Content, Ref | None]
"""One line of the report and the row it is about, None for headings."""

CHROME_LINES: Final = 6
MOST_LINES: Final = 120
"""Lines of each list that are shown: laying out thousands would hold up the keys."""
SCROLL_BAR: Final = 1
"""Cells of a line that the scroll bar may cover."""
INDENT: Final = "  "
HANGS: Final = 4
"""Cells by which the second and later lines of an item are indented."""

ALWAYS_COUNTED: Final = ("done", "refused", "unknown")
GO_TO: Final = "enter"
COPY: Final = "y"
PREVIEW: Final = "p"
AGAIN: Final = "again"

_MOVES: Final[dict[str, Callable[[LineList], None]]] = {
    "down": lambda items: items.move(1),
    "j": lambda items: items.move(1),
    "up": lambda items: items.move(-1),
    "k": lambda items: items.move(-1),
    "pagedown": lambda items: items.page(1),
    "pageup": lambda items: items.page(-1),
    "home": lambda items: items.to_end(last=False),
    "end": lambda items: items.to_end(last=True),
    GO_TO: LineList.choose,
}


class ReportText(NamedTuple):
    """A report as it is shown: its counts, its lines, and these as they are laid out for a ``width``."""

    counts: Content
    lines: Sequence[Line]
    width: int
    items: Sequence[LineItem]


def report_shown(report: Report, columns: int) -> ReportText:
    """Return what a dialog shows of ``report`` in a terminal of so many columns."""
    lines, width = list(report_lines(report, MOST_LINES)), content_width(columns) - SCROLL_BAR
    return ReportText(counts(report), lines, width, laid_out(lines, width))


def laid_out(lines: Sequence[Line], width: int) -> Sequence[LineItem]:
    """Return lines wrapped at ``width``, with a hanging indent; those about a row can be gone to."""
    return [LineItem(hung(text, width), ref is not None) for text, ref in lines]


_PLAIN: Final = DisplayContext()


class ReportDialog(GuardedDialog[Ref | Literal["again"]]):
    """Shows ``report``; Enter on an item returns its row, ``y`` copies the report as text.

    ``p`` returns ``AGAIN``: what was not sent is to be previewed, to send it after all.

    What is ``shown`` of thousands of items takes too long to make while keys wait: its caller may bring it.
    It opens when an answer arrives, whatever is being typed then: such keys do not close it.
    """

    AUTO_FOCUS = None

    def __init__(
        self, report: Report, shown: ReportText | None = None, look: DisplayContext = _PLAIN
    ) -> None:
        super().__init__()
        self._report, self._look = report, look
        self._shown = shown or report_shown(report, WIDEST)

    def compose(self) -> ComposeResult:
        report, shown = self._report, self._shown
        items = any(ref for _, ref in shown.lines)
        close = (key_for(self.BINDINGS, "back"), "close")
        hints = [(key_words(GO_TO), "go to it"), (COPY, "copy"), close] if items else [close]
        if report.not_sent:
            hints.insert(0, (PREVIEW, "preview what was not sent"))
        with self.box(report.label, hints):
            yield Static(shown.counts, id="counts", markup=False)
            listed = LineList(shown.items, id="items")
            listed.styles.max_height = self._room
            yield listed
            yield Static(clean(_request(report, self._look)), id="request", markup=False)

    @property
    def _room(self) -> int:
        """The lines that the rest of the box leaves."""
        return max(2, self.app.size.height - CHROME_LINES)

    def on_resize(self) -> None:
        """Fit the list into what the rest of the box leaves, its lines wrapped anew at another width."""
        listed, width = self.query_one(LineList), content_width(self.size.width) - SCROLL_BAR
        listed.styles.max_height = self._room
        if width != self._shown.width:
            self._shown = self._shown._replace(width=width, items=laid_out(self._shown.lines, width))
            listed.show(self._shown.items)

    @on(LineList.Chosen)
    def _chosen(self, event: LineList.Chosen) -> None:
        event.stop()
        self.dismiss(self._shown.lines[event.index][1])

    def act_on_key(self, key: str, character: str) -> None:
        """Move, go to an item, or copy."""
        if key in _MOVES:
            _MOVES[key](self.query_one(LineList))
        elif key == PREVIEW and self._report.not_sent:
            self.dismiss(AGAIN)
        elif key == COPY:
            self.app.copy_to_clipboard(report_text(self._report, self._look))

    def action_back(self) -> None:
        """Close, unless the key was meant for the screen beneath."""
        if not self.too_early(dialog.clock()):
            self.dismiss(None)


def hung(text: Content, width: int) -> Sequence[Content]:
    """Return a line wrapped at ``width``, with a hanging indent."""
    lead = len(text.plain) - len(text.plain.lstrip(" "))
    beginning = Content(text.plain[:lead])
    rest = text[lead:]
    if rest.cell_length <= width - lead:
        return (text,)
    lines = rest.wrap(max(HANGS, width - lead - HANGS))
    return [beginning + line.pad_left(HANGS if at else 0) for at, line in enumerate(lines)]


def counts(report: Report) -> Content:
    """Return how many items are done, refused and unknown, and of the other outcomes if any."""
    parts = [
        Content.styled(f"{len(items):,} {word}", f"bold {style}" if items else "dim")
        for word, items, style in (
            ("done", report.done, "$text-success"),
            ("staged", report.staged, "$text-warning"),
            ("refused", report.refused, "$text-error"),
            ("unknown", report.unknown, "$text-warning"),
            ("not sent", report.not_sent, "$text-warning"),
            ("unlike the preview", report.differences, "$text-warning"),
        )
        if items or word in ALWAYS_COUNTED
    ]
    return Content("   ").join(parts)


def report_lines(report: Report, most: int | None = None) -> Iterator[Line]:
    """Return the lines of the report: unknown, not sent, staged, refused, unlike the preview, done.

    Of each list come at most about ``most``.
    """
    lists = (
        _problems("Unknown", "$text-warning", report, report.unknown_groups, report.unknown),
        _problems("Not sent", "$text-warning", report, report.not_sent_groups, report.not_sent),
        _problems("Staged", "$text-warning", report, report.staged_groups, report.staged),
        _problems("Refused", "$text-error", report, report.refused_groups, report.refused),
        _otherwise(report),
        _done(report),
    )
    shown = (list(islice(lines, None if most is None else most + 1)) for lines in lists)
    for at, lines in enumerate(filter(None, shown)):
        if at:
            yield Content(""), None
        if most and len(lines) > most:
            said = f"{INDENT}The first {most} lines; {COPY} copies them all."
            lines = [lines[0], (Content.styled(said, "dim"), None), *lines[1:most]]
        yield from lines
    if not report.outcomes:
        yield Content(f"Nothing {clean(report.past)}."), None


def report_text(report: Report, look: DisplayContext) -> str:
    """Return the report as plain text."""
    lines = [clean(report.label), counts(report).plain, ""]
    lines += [text.plain for text, _ in report_lines(report)]
    return "\n".join([*lines, "", clean(_request(report, look))])


def _done(report: Report) -> Iterator[Line]:
    if report.done:
        yield _heading("Done", len(report.done), "$text-success"), None
    for outcome in report.done:
        yield _item(report, outcome.ref, outcome.note, INDENT), outcome.ref


def _otherwise(report: Report) -> Iterator[Line]:
    if report.differences:
        yield _heading("Unlike the preview", len(report.differences), "$text-warning"), None
    for each in report.differences:
        yield _item(report, each.ref, each.text, INDENT), each.ref


def _problems(
    name: str,
    style: str,
    report: Report,
    groups: Sequence[ReasonGroup],
    outcomes: Sequence[Outcome],
) -> Iterator[Line]:
    """Return one list of problems: a reason that several items share once above them, else beside its item.

    Advice that consecutive groups share comes once, after the last of them.
    """
    if not groups:
        return
    notes = {outcome.ref: outcome.note for outcome in outcomes}
    yield _heading(name, len(outcomes), style), None
    for at, group in enumerate(groups):
        reason = clean(group.reason) or "no reason given"
        if len(group.refs) == 1:
            note = notes[group.refs[0]]
            said = f"{reason.rstrip('.')}. {note}" if note else reason
            yield _item(report, group.refs[0], said, INDENT), group.refs[0]
        else:
            yield Content(f"{INDENT}{len(group.refs):,} x {reason}"), None
            for ref in group.refs:
                yield _item(report, ref, notes[ref], INDENT * 3), ref
        same_next = at + 1 < len(groups) and groups[at + 1].advice == group.advice
        if group.advice and not same_next:
            yield Content.styled(f"{INDENT * 2}{clean(group.advice)}", "dim"), None


def _heading(name: str, count: int, style: str) -> Content:
    return Content.styled(f"{name} ({count:,})", f"bold {style}")


def _item(report: Report, ref: Ref, said: str, indent: str) -> Content:
    """Return an item in words, and what came of it behind a colon."""
    return Content(f"{indent}{clean(report.name_of(ref))}{f': {clean(said)}' if said else ''}")


def _request(report: Report, look: DisplayContext) -> str:
    seconds = (report.finished - report.started).total_seconds()
    took = f"{clock_and_zone(report.finished, look)}, took {seconds:.1f} s"
    return f"request {report.request_id}, {took}" if report.request_id else took
