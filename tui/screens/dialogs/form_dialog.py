"""The form of an action: fields checked while typing, submitted only when all of them are right.

It sends nothing and knows nothing of the desk; the caller gives the values their meaning.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace
from rich.cells import cell_len
from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from tui.screens.dialogs.dialog import Dialog
from widgets.fields import STEPS, TURN
from widgets.form import NEXT, SUBMIT, Field, FormFields
from widgets.key_bar import hints_of
from widgets.key_names import key_list, key_words
from widgets.visible import visible

CheckAll = Callable[[dict[str, str]], Sequence[str]]
Live = Callable[[dict[str, str]], str]

CHROME_LINES = 9
"""Lines of the box besides intro and rows: border, explanation, live line, and one more problem."""


class Draft(Struct):
    """A form as it was left: the values typed, the field at fault if one is known, and what was wrong.

    ``said`` is what was wrong as a sentence, ``type`` the server's name for it.
    """

    values: dict[str, str] = {}
    at: str = ""
    said: str = ""
    type: str = ""

    def filled(self, fields: Sequence[Field]) -> tuple[Field, ...]:
        """Return ``fields`` with the values of the draft."""
        return tuple(replace(field, value=self.values.get(field.id, field.value)) for field in fields)


class FormDialog(Dialog[dict[str, str]]):
    """Asks for ``fields`` and returns their values by id, or None when left with Esc.

    ``check_all`` checks all values together once each is right, and returns sentences about what is wrong;
    ``live`` returns a line shown under the form while typing, such as the order in full words. With a
    ``draft`` the form opens as it was left, at the field at fault.
    """

    def __init__(
        self,
        title: str,
        intro: str,
        fields: Sequence[Field],
        check_all: CheckAll | None = None,
        live: Live | None = None,
        draft: Draft | None = None,
    ) -> None:
        super().__init__()
        self._title = title
        self._intro = visible(intro)
        self._draft = draft or Draft()
        self._fields = self._draft.filled(fields)
        self._check_all = check_all
        self._live = live

    def compose(self) -> ComposeResult:
        hints = [(key_words(SUBMIT), "continue"), *hints_of(self.BINDINGS)]
        if len(self._fields) > 1:
            hints.append((key_words(NEXT), "next field"))
        if any(field.kind == "flag" for field in self._fields):
            hints.append((key_words(TURN), "yes/no"))
        if any(field.kind == "choice" for field in self._fields):
            hints.append((key_list(STEPS), "choose"))
        with self.box(self._title, hints):
            if self._intro:
                yield Static(self._intro, id="intro", markup=False)
            yield FormFields(self._fields)
            yield Static("", id="live", markup=False)

    def on_mount(self) -> None:
        """Show from the start what the values mean; a form that is closed already has none."""
        for fields in self.query(FormFields):
            self._describe(fields.values)
            fields.go_to(self._draft.at)
        if self._draft.said:
            self._show(Content(visible(self._draft.said)), wrong=True)

    @property
    def is_filled(self) -> bool:
        """Whether anything was typed that leaving would lose."""
        if self._draft.values:
            return True
        values = self.query_one(FormFields).values
        return any(values[field.id] != field.value for field in self._fields)

    def on_resize(self) -> None:
        """Set the rows' height to what the rest of the box leaves: they scroll, it stays."""
        inside = max(1, self.query_one("#box").size.width)
        intro = 1 + cell_len(self._intro) // inside + 1 if self._intro else 0
        rows = self.query_one("#rows")
        rows.styles.max_height = max(2, self.size.height - CHROME_LINES - intro)

    @on(FormFields.Changed)
    def _values_changed(self, event: FormFields.Changed) -> None:
        self._describe(event.values)

    @on(FormFields.Submitted)
    def _values_submitted(self, event: FormFields.Submitted) -> None:
        values = dict(event.values)
        problems = self._check_all(values) if self._check_all else ()
        if problems:
            self._show(Content("\n".join(visible(problem) for problem in problems)), wrong=True)
        else:
            self.dismiss(values)

    def _describe(self, values: Mapping[str, str]) -> None:
        self._show(Content(visible(self._live(dict(values))) if self._live else ""), wrong=False)

    def _show(self, text: Content, *, wrong: bool) -> None:
        line = self.query_one("#live", Static)
        line.set_class(wrong, "error")
        line.display = bool(text.plain)
        line.update(text)
