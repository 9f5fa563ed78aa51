"""A form for a keyboard: its fields, and beneath them what is to be said of the one with the focus."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from rich.cells import cell_len
from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from tui.api.sanitize import clean
from widgets.field_list import NEXT, FieldList
from widgets.fields import ChoiceEntry, Field, FieldEntry, Offer
from widgets.grid.text import fit
from widgets.key_names import key_words

__all__ = ["Field", "FormFields"]

MOST_OFFERED: Final = 8
"""Offers in sight at once."""
EXPLAIN_LINES: Final = 2


class FormFields(Vertical):
    """The fields of a form, and beneath them the message about the one with the focus."""

    class _FormMessage(Message):
        """A message of the form; ``values`` are all of them at that moment."""

        def __init__(self, form: FormFields, values: Mapping[str, str]) -> None:
            super().__init__()
            self.form = form
            self.values = values

        @property
        def control(self) -> FormFields:
            """The form that sent the message."""
            return self.form

    class Changed(_FormMessage):
        """A value changed."""

    class Submitted(_FormMessage):
        """The form was submitted, and every field is right."""

    def __init__(self, fields: Sequence[Field], *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.list = FieldList(fields, id="rows")

    def compose(self) -> ComposeResult:
        yield self.list
        yield Static("", id="explain", markup=False)

    def on_mount(self) -> None:
        """Explain the first field."""
        self._explain()

    @property
    def values(self) -> dict[str, str]:
        """All values by field id."""
        return self.list.values

    @property
    def current(self) -> str:
        """The id of the field that has the focus."""
        return self.list.current.field.id if self.list.current else ""

    def revise(self, fields: Sequence[Field], news: Mapping[str, str], *, quietly: bool = False) -> None:
        """Show ``fields`` in place of those with the same ids, as :meth:`FieldList.revise` does."""
        self.list.revise(fields, news, quietly=quietly)
        self._explain()

    def go_to(self, name: str) -> None:
        """Focus the field called ``name``."""
        for at, entry in enumerate(self.list.entries):
            if entry.field.id == name:
                self.list.go_to(at)

    @on(FieldList.Changed)
    def _value_changed(self, event: FieldList.Changed) -> None:
        event.stop()
        self._explain()
        self.post_message(self.Changed(self, self.values))

    @on(FieldList.Moved)
    def _moved(self, event: FieldList.Moved) -> None:
        event.stop()
        self._explain()

    @on(FieldList.Submitted)
    def _submitted(self, event: FieldList.Submitted) -> None:
        event.stop()
        self.post_message(self.Submitted(self, event.values))

    def _explain(self) -> None:
        entry = self.list.current
        if entry is None:
            return
        explained = self.query_one("#explain", Static)
        if entry.field.offers is not None:
            explained.styles.height = self.explain_lines
            explained.update(_offered(entry.offers, entry.value, self.size.width), layout=False)
        else:
            explained.update(explanation(entry, told=self.list.says_whole), layout=False)

    @property
    def explain_lines(self) -> int:
        """The lines under the fields: as many as the longest list of offers takes, so that nothing jumps."""
        offering = (entry.field.offers for entry in self.list.entries if entry.field.offers)
        longest = max((len(offers("")) for offers in offering), default=0)
        return max(EXPLAIN_LINES, min(longest, MOST_OFFERED))


def _offered(offers: Sequence[Offer], value: str, width: int) -> Content:
    """Return the list of what is offered, the chosen one marked and in sight."""
    if not offers:
        return Content.styled("Nothing in the list matches.", "dim")
    values = [offer.value for offer in offers]
    at = values.index(value) if value in values else -1
    start = max(0, min(at - MOST_OFFERED + 1, len(offers) - MOST_OFFERED))
    shown = offers[start : start + MOST_OFFERED]
    widest = max(cell_len(clean(offer.value)) for offer in shown)
    lines = []
    for number, offer in enumerate(shown, start):
        mark = ">" if number == at else " "
        text = f"{mark} {fit(clean(offer.value), widest)}  {clean(offer.words)}"
        lines.append(Content.styled(fit(text, max(1, width)), "reverse" if number == at else ""))
    if start + len(shown) < len(offers):
        more = len(offers) - start - len(shown) + 1
        lines[-1] = Content.styled(f"  and {more:,} more: type to narrow", "dim")
    return Content("\n").join(lines)


def explanation(entry: FieldEntry, *, told: bool = False) -> Content:
    """Return the message about the field with the focus: the error in full, its options, or its help.

    What is ``told`` at the field already is not said again.
    """
    text, kind = entry.message()
    field = entry.field
    if kind == "error" and told:
        return Content("")
    if kind == "error":
        return Content.styled(text, "$text-error")
    if isinstance(entry, ChoiceEntry):
        shown = [
            (clean(option) or f"({field.empty})", "reverse" if option == entry.value else "")
            for option in entry.options
        ]
        return Content("  ").join(Content.styled(option, style) for option, style in shown)
    matches = field.matches(entry.value) if field.choices else ()
    if matches and matches != (entry.value,):
        lead = (
            f"{key_words(NEXT)} completes: "
            if field.completion(entry.value)
            else f"{field.help}: "
            if field.help
            else "Known: "
        )
        return Content.styled(clean(lead), "dim") + Content(clean(", ".join(map(field.in_words, matches))))
    if kind != "help" and not told:
        return Content(text)
    return Content.styled(clean(field.help or ("" if told else text)), "dim")
