"""The form of an action: fields checked while typing, submitted only when all of them are right.

It sends nothing and knows nothing of the desk; the caller gives the values their meaning.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace
from textual import on, work
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from tui.actions.action import WARNING, Ready
from tui.api.sanitize import clean
from tui.screens.dialogs.dialog import Dialog, content_width
from widgets.field_list import LIST_STEPS, NEXT, RECALLS, SUBMIT
from widgets.fields import STEPS, TURN
from widgets.form import EXPLAIN_LINES, Field, FormFields
from widgets.key_bar import hints_of
from widgets.key_names import key_list, key_words

CheckAll = Callable[[dict[str, str]], Sequence[str]]
Live = Callable[[dict[str, str]], str]
Judge = Callable[[dict[str, str]], Sequence[str]]
JUDGED_AFTER_S = 0.1
"""Seconds without a key after which what was typed is judged."""
ROOMY = 40
"""Lines of a terminal in which two objections are said under a form; in a lower one it is one."""

MOST_SAID = 8
"""Lines that a form may say of its values; where all of it does not fit, no line is left empty."""
CHROME_LINES = 6
"""Lines of the box besides intro and rows: border, explanation, live line, and one more problem."""
AROUND_LINES = 3
"""An empty line in the box, and two of the desk around it, where there is room."""
LIVE_LINES = 2
"""Those of them that the live line and one more problem have, kept free where anything may be said there."""


class Draft(Struct):
    """A form as it was left: the values typed, the field at fault if one is known, and what was wrong.

    ``said`` is what was wrong as a sentence, ``type`` the server's name for it. ``shown`` are the values the
    fields showed before anything was typed, ``typed`` the ids of those somebody typed into.
    """

    values: dict[str, str] = {}
    shown: dict[str, str] = {}
    typed: frozenset[str] = frozenset()
    at: str = ""
    said: str = ""
    type: str = ""
    ready: Ready | None = None
    """What was found out before it was shown, where that takes a while."""

    def filled(self, fields: Sequence[Field]) -> tuple[Field, ...]:
        """Return ``fields`` with the values of the draft; what nobody typed is as it is now."""
        return tuple(
            replace(field, value=self.values[field.id]) if self.is_typed(field.id) else field
            for field in fields
        )

    def keep_typed(self) -> None:
        """Forget what the fields showed of themselves: the form opens next for other rows."""
        self.values = {id: value for id, value in self.values.items() if self.is_typed(id)}
        self.typed, self.shown = frozenset(self.values), {}

    def is_typed(self, id: str) -> bool:
        """Return whether a value of the draft is a person's own."""
        return id in self.values and (id in self.typed or self.values[id] != self.shown.get(id))


class FormDialog(Dialog[dict[str, str]]):
    """Asks for ``fields`` and returns their values by id, or None when left with Esc.

    ``check_all`` checks all values together once each is right, and returns sentences about what is wrong;
    ``live`` returns a line shown under the form while typing, such as the order in full words, and ``judge``,
    called in another thread, what a preview would object to. With a ``draft`` the form opens as it was left,
    at the field at fault. What a field shows may change meanwhile: it says so beside it, and what was typed
    stays.
    """

    def __init__(
        self,
        title: str,
        intro: str,
        fields: Sequence[Field],
        check_all: CheckAll | None = None,
        live: Live | None = None,
        draft: Draft | None = None,
        judge: Judge | None = None,
    ) -> None:
        super().__init__()
        self._judge = judge
        self._judged: Sequence[str] = ()
        """What a preview would object to in the values, as last found out."""
        self._title = title
        self._intro = _lines(intro)
        self._draft = draft or Draft()
        self._fields = self._draft.filled(fields)
        self._prefilled = {field.id: field.value for field in fields}
        self._before = {**self._prefilled, **self._draft.shown}
        """What the fields showed at first."""
        self._impossible = ""
        self._meaning = self._said = Content("")
        """What the values mean, and what the live line says: that and objections to it, or what is wrong."""
        self.opened = asyncio.Event()
        """Set once the fields are there."""
        self._check_all = check_all
        self._live = live

    def compose(self) -> ComposeResult:
        hints = [(key_words(SUBMIT), "continue"), *hints_of(self.BINDINGS)]
        if len(self._fields) > 1:
            hints.append((key_words(NEXT), "next field"))
        if any(field.history is not None and field.history.texts for field in self._fields):
            hints.append((key_words(next(iter(RECALLS))), "earlier"))
        if len(self._fields) == 1 and self._fields[0].offers is not None:
            hints.append((key_list(LIST_STEPS), "choose"))
        if any(field.kind == "flag" for field in self._fields):
            hints.append((key_words(TURN), "yes/no"))
        if any(field.kind == "choice" for field in self._fields):
            hints.append((key_list(STEPS), "choose"))
        with self.box(self._title, hints):
            if self._intro:
                yield Static(self._intro, id="intro", markup=False)
            form = FormFields(self._fields)
            for entry in form.list.entries:
                entry.edited = self._draft.is_typed(entry.field.id)
                entry.news = self._news.get(entry.field.id, "")
            yield form
            yield Static("", id="live", markup=False)

    def on_mount(self) -> None:
        """Show from the start what the values mean; a form that is closed already has none."""
        self._fit()  # before it is laid out: else it would be laid out again
        for fields in self.query(FormFields):
            self._describe(fields.values)
            fields.go_to(self._draft.at)
        if self._draft.said:
            self._show(Content(clean(self._draft.said)), wrong=True)
        self.opened.set()

    def revise(
        self,
        fields: Sequence[Field],
        intro: str,
        check_all: CheckAll | None,
        live: Live | None,
        *,
        news: bool = True,
    ) -> bool:
        """Show what the same form says now, beside what was typed; return whether it is shown.

        Without ``news`` nothing happened, it is only known by now: what is wrong with the values stays.

        It is not when the form is closed, or when it has other fields now.
        """
        prefilled = {field.id: field.value for field in fields}
        if self.dismissed or not self.is_mounted or list(prefilled) != list(self._prefilled):
            return False
        changed = prefilled != self._prefilled or bool(self._impossible)
        if not news:
            self._before = prefilled
        self._prefilled, self._impossible = prefilled, ""
        self._check_all, self._live = check_all, live
        if _lines(intro) != self._intro:
            self._intro = _lines(intro)
            for line in self.query("#intro").results(Static):
                line.update(self._intro)
        if changed or not news:
            self.query_one(FormFields).revise(fields, self._news, quietly=not news)
        return True

    def tell_again(self) -> None:
        """Say anew what the values mean: something is known by now that was not; what is wrong stays."""
        if self.is_mounted and not self.dismissed and not self.query_one("#live").has_class("error"):
            fields = self.query_one(FormFields)
            fields.list.refresh()
            self._describe(fields.values)

    def overtake(self, reason: str) -> None:
        """Say why what the form is for is not possible any more: it stays, and cannot be submitted."""
        self._impossible = f"Changed meanwhile: {reason}"
        if self.is_mounted:
            self._show(Content(clean(self._impossible)), wrong=True)

    @property
    def _news(self) -> dict[str, str]:
        """What the fields would show now and showed at first, by their ids, where that differs."""
        return {
            id: f"now {now or 'empty'}, was {self._before[id] or 'empty'}"
            for id, now in self._prefilled.items()
            if now != self._before[id]
        }

    @property
    def is_filled(self) -> bool:
        """Whether anything was typed that leaving would lose."""
        if self._draft.values:
            return True
        values = self.query_one(FormFields).values
        return values != self._prefilled

    def on_resize(self) -> None:
        """Fit the box into the terminal."""
        self._fit()

    def _fit(self) -> None:
        """Set the height of what is said, and the rows' to what the rest of the box leaves: they scroll."""
        terminal = self.app.size
        inside = max(1, content_width(terminal.width))
        intro = _height(Content(self._intro), inside)
        said = max(self._kept_free(inside), _height(self._said, inside))
        for line in self.query("#live"):
            line.styles.height = said
            line.display = said > 0
        for form in self.query(FormFields):
            listed = form.explain_lines - EXPLAIN_LINES
            under = max(LIVE_LINES, said) - LIVE_LINES + listed
            spaces = AROUND_LINES + bool(intro)
            room = terminal.height - CHROME_LINES - intro
            tight = form.list.lines + MOST_SAID - LIVE_LINES + spaces > room
            self.set_class(tight, "tight")
            form.list.styles.max_height = max(2, room - under - (0 if tight else spaces))

    @property
    def _most_objections(self) -> int:
        """How many objections are said under the form; the preview says all."""
        return 2 if self.app.size.height >= ROOMY else 1

    def _kept_free(self, columns: int) -> int:
        """Return the lines of what may be said, so that the form does not jump when it is."""
        if self._judge is not None:
            return max(LIVE_LINES, _height(self._meaning, columns) + self._most_objections)
        return LIVE_LINES if self._live is not None else 0

    @on(FormFields.Changed)
    def _values_changed(self, event: FormFields.Changed) -> None:
        """Say what the values mean; why the form is back stands until one of them is another."""
        if not self._draft.said or dict(event.values) != dict(self._draft.values):
            self._describe(event.values)

    @on(FormFields.Submitted)
    def _values_submitted(self, event: FormFields.Submitted) -> None:
        values = dict(event.values)
        if self._impossible:
            self._show(Content(clean(self._impossible)), wrong=True)
            return
        problems = self._check_all(values) if self._check_all else ()
        if problems:
            self._show(Content("\n".join(clean(problem) for problem in problems)), wrong=True)
        else:
            entries = self.query_one(FormFields).list.entries
            for entry in entries:
                if entry.field.history is not None:
                    entry.field.history.remember(entry.value)
            self._draft.shown = dict(self._prefilled)
            self._draft.typed = frozenset(entry.field.id for entry in entries if entry.edited)
            self.dismiss(values)

    def _describe(self, values: Mapping[str, str]) -> None:
        self._show_meaning(values)
        if self._judge is not None:
            self._judge_beside(dict(values))

    def _show_meaning(self, values: Mapping[str, str]) -> None:
        said = _lines(self._live(dict(values))) if self._live else ""
        most = self._most_objections
        objections = [f"{WARNING}{clean(text)}" for text in self._judged[:most]]
        if len(self._judged) > most:
            objections[-1] += f" · and {len(self._judged) - most} more in the preview"
        self._meaning = Content(said)
        lines = [
            Content.styled(line, "bold $text-warning") if line.startswith(WARNING) else Content(line)
            for line in (*said.splitlines(), *objections)
        ]
        self._show(Content("\n").join(lines), wrong=False)

    @work(group="judge", exclusive=True, exit_on_error=False, description="judge")
    async def _judge_beside(self, values: dict[str, str]) -> None:
        """Find out, once nobody types, what a preview would object to, and say it under the form."""
        await asyncio.sleep(JUDGED_AFTER_S)
        assert self._judge is not None
        found = await asyncio.to_thread(self._judge, values)
        if found == self._judged or self.dismissed or not self.is_mounted:
            return
        self._judged = found
        if not self.query_one("#live").has_class("error"):
            self._show_meaning(values)

    def _show(self, text: Content, *, wrong: bool) -> None:
        line = self.query_one("#live", Static)
        line.set_class(wrong, "error")
        if text.plain != self._said.plain:
            self._said = text
            line.update(text, layout=False)
            self._fit()


def _height(text: Content, columns: int) -> int:
    """Return how many lines a text takes in so many columns."""
    return text.get_height({}, columns) if text else 0


def _lines(text: str) -> str:
    """Return ``text`` as it can be shown, each of its lines on its own."""
    return "\n".join(clean(line) for line in text.splitlines())
