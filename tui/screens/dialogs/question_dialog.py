"""One question with a few answers, each with how much it is about. It sends nothing; its caller goes on."""

from __future__ import annotations

from typing import Final

from rich.cells import cell_len
from textual import events, on
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from tui.actions.action import Answer, Question
from tui.api.sanitize import clean
from tui.screens.dialogs.dialog import Dialog
from widgets.key_bar import hints_of
from widgets.key_names import key_words

CHOOSE: Final = "enter"
_MOVES: Final = {"j": OptionList.action_cursor_down, "k": OptionList.action_cursor_up}


class Answers(OptionList):
    """The answers: so few that a page is all of them.

    Textual turns a page by the lines it has laid out, and ends the program where it has not yet.
    """

    def action_page_up(self) -> None:
        """Go to the first answer."""
        self.action_first()

    def action_page_down(self) -> None:
        """Go to the last answer."""
        self.action_last()


class QuestionDialog(Dialog[str]):
    """Returns the id of the answer that was chosen, by its number or under the cursor, None for none."""

    def __init__(self, question: Question) -> None:
        super().__init__()
        self._question = question

    def compose(self) -> ComposeResult:
        count = len(self._question.answers)
        keys = f"1-{count}" if count > 1 else "1"
        hints = [(f"{keys}, {key_words(CHOOSE)}", "choose"), *hints_of(self.BINDINGS)]
        with self.box(self._question.title, hints):
            if self._question.warning:
                yield Static(clean(self._question.warning), id="warning", markup=False)
            yield Answers(id="answers", compact=True)

    def on_resize(self) -> None:
        """Lay the answers out for the width: what it is about stands at the right, or below.

        The cursor begins on the first answer that is possible.
        """
        answers = self._question.answers
        listed = self.query_one(OptionList)
        first = next(at for at, each in enumerate(answers) if each.possible)
        at = first if listed.highlighted is None else listed.highlighted
        room = self.query_one("#box").size.width
        listed.clear_options()
        listed.add_options(
            Option(_line(number, each, room), id=each.id, disabled=not each.possible)
            for number, each in enumerate(answers, 1)
        )
        listed.highlighted = at

    def on_key(self, event: events.Key) -> None:
        """Choose an answer by its number, or move."""
        answers = self._question.answers
        if event.key in _MOVES:
            _MOVES[event.key](self.query_one(OptionList))
        elif event.key in map(str, range(1, len(answers) + 1)):
            answer = answers[int(event.key) - 1]
            if answer.possible:
                self.dismiss(answer.id)

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.dismiss(event.option_id)


def _line(number: int, answer: Answer, room: int) -> Content:
    """Return an answer in one line, or in two where it does not fit."""
    label, count = clean(answer.label), clean(answer.count)
    gap = room - cell_len(label) - cell_len(count) - 4
    between = " " * gap if gap >= 2 else "\n    "
    style = "bold" if answer.possible else "dim"
    return Content.assemble((f"{number}", style), "  ", label, between, (count, style))
