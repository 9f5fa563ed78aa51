"""Form fields for a keyboard: label, control and, beside it, what was understood or what is wrong.

A :class:`Field` is declared as plain data; :class:`FormFields` shows one line per field and checks
while typing. Nothing here knows what the fields mean: checks, echoes and choices are functions given
by the caller, and every text shown is data, never markup.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final, Literal

from rich.cells import cell_len
from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.suggester import Suggester
from textual.widget import Widget
from textual.widgets import Input, Static

Kind = Literal["text", "choice", "flag"]
Choices = tuple[str, ...] | Callable[[str], Sequence[str]]

YES: Final = "yes"
NO: Final = "no"
MOST_MATCHES: Final = 40
"""How many completions are looked at; more help nobody."""
WIDEST_LABEL: Final = 24


def _understood(_: str) -> str:
    return ""


def _right(_: str) -> str | None:
    return None


@dataclass(frozen=True)
class Field:
    """One field of a form.

    ``kind`` is ``text`` (``choices`` then complete what is typed), ``choice`` (one of ``choices``) or
    ``flag`` (value ``yes`` or ``no``). ``choices`` may be a function of the text typed so far, giving whole
    values. ``check`` and ``echo`` are called with text that is not empty: ``check`` gives a sentence saying
    what is wrong or None, ``echo`` what was understood, in full words. ``wide`` fields take the whole line
    and have their message on the next.
    """

    id: str
    label: str
    kind: Kind = "text"
    value: str = ""
    choices: Choices = ()
    help: str = ""
    check: Callable[[str], str | None] = _right
    echo: Callable[[str], str] = _understood
    required: bool = False
    wide: bool = False

    def problem(self, value: str) -> str | None:
        """Give the sentence that says what is wrong with ``value``, None when it is right."""
        if value:
            return self.check(value)
        return f"{self.label} is needed." if self.required else None

    def matches(self, typed: str) -> tuple[str, ...]:
        """Give the choices that complete ``typed``, those beginning with it in any letter case."""
        if callable(self.choices):
            return tuple(self.choices(typed))[:MOST_MATCHES]
        folded = typed.casefold()
        return tuple(choice for choice in self.choices if choice.casefold().startswith(folded))[:MOST_MATCHES]

    def spelt(self, typed: str) -> str:
        """Give ``typed`` in the spelling of the choice it names in another letter case, else unchanged."""
        folded = typed.casefold()
        same = [choice for choice in self.matches(typed) if choice.casefold() == folded] if typed else []
        return same[0] if len(same) == 1 else typed

    def completion(self, typed: str) -> str:
        """Give the value Tab would complete ``typed`` to, empty when there is nothing to complete."""
        if not typed:
            return ""
        matches = self.matches(typed)
        folded = typed.casefold()
        if any(choice.casefold() == folded for choice in matches):
            return ""
        return next((choice for choice in matches if choice.casefold().startswith(folded)), "")


class _Completion(Suggester):
    """Shows a field's completion behind the cursor."""

    def __init__(self, field: Field) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._field = field

    async def get_suggestion(self, value: str) -> str | None:
        return self._field.completion(value) or None


class TextControl(Input):
    """A one-line text input whose Tab takes the completion first, and only then moves on."""

    def __init__(self, field: Field) -> None:
        super().__init__(
            field.value,
            suggester=_Completion(field) if field.choices else None,
            compact=True,
            select_on_focus=True,
            id=f"control-{field.id}",
        )
        self.cursor_blink = False
        self._field = field

    async def _on_key(self, event: events.Key) -> None:
        if event.key == "tab" and self._take_completion():
            event.stop()
            event.prevent_default()
            return
        await super()._on_key(event)

    def _take_completion(self) -> bool:
        completed = self._field.completion(self.value) if self.cursor_at_end and self._field.choices else ""
        if not completed:
            return False
        self.value = completed
        self.cursor_position = len(completed)
        return True

    def _on_paste(self, event: events.Paste) -> None:
        lines = event.text.splitlines()
        text = "".join(char if char.isprintable() else " " for char in lines[0]) if lines else ""
        self.replace(text, *self.selection)
        event.stop()
        event.prevent_default()


class _Toggle(Widget, can_focus=True):
    """A control of one line whose value changes by keys of its own."""

    value: reactive[str] = reactive("")

    class Changed(Message):
        """The value is another one now."""

        def __init__(self, control: _Toggle) -> None:
            super().__init__()
            self.toggle = control

        @property
        def control(self) -> _Toggle:
            """The control that changed."""
            return self.toggle

    def watch_value(self, before: str, now: str) -> None:
        """Tell the form."""
        if self.is_mounted and before != now:
            self.post_message(self.Changed(self))


class FlagControl(_Toggle):
    """Yes or no: Space turns it over, ``y`` and ``n`` say it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space,left,right", "turn", "Turn over", show=False),
        Binding("y", "say('yes')", "Yes", show=False),
        Binding("n", "say('no')", "No", show=False),
    ]

    def __init__(self, field: Field) -> None:
        super().__init__(id=f"control-{field.id}")
        self.set_reactive(FlagControl.value, YES if field.value == YES else NO)

    def render(self) -> Content:
        return Content("[x] yes" if self.value == YES else "[ ] no")

    def action_turn(self) -> None:
        """Turn yes into no and back."""
        self.value = NO if self.value == YES else YES

    def action_say(self, value: str) -> None:
        """Set the flag."""
        self.value = value

    def on_click(self) -> None:
        """Turn over by mouse too."""
        self.action_turn()


class ChoiceControl(_Toggle):
    """One of a few values: left and right step through them, typing goes to the one that begins so."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right,space", "step(1)", "Next", show=False),
        Binding("left", "step(-1)", "Previous", show=False),
        Binding("backspace", "forget", "Start typing again", show=False),
    ]

    def __init__(self, field: Field) -> None:
        super().__init__(id=f"control-{field.id}")
        options = field.matches("")
        self.options = options if field.value in options else (field.value, *options)
        self._typed = ""
        self.set_reactive(ChoiceControl.value, field.value)

    def render(self) -> Content:
        return Content(f"< {self.value or '(none)'} >")

    def action_step(self, by: int) -> None:
        """Go ``by`` options on, round at the ends."""
        self._typed = ""
        self.value = self.options[(self.options.index(self.value) + by) % len(self.options)]

    def action_forget(self) -> None:
        """Forget what was typed to find an option."""
        self._typed = ""

    def on_key(self, event: events.Key) -> None:
        """Find the option that begins with what is typed; a letter that fits none starts afresh."""
        if not event.is_printable or event.character is None or event.character == " ":
            return
        event.stop()
        for typed in (self._typed + event.character, event.character):
            found = self._beginning(typed)
            if found is not None:
                self._typed, self.value = typed, found
                return
        self._typed = ""

    def _beginning(self, typed: str) -> str | None:
        folded = typed.casefold()
        return next((option for option in self.options if option.casefold().startswith(folded)), None)

    def on_blur(self) -> None:
        """Start afresh at the next visit."""
        self._typed = ""

    def on_click(self) -> None:
        """Step by mouse too."""
        self.action_step(1)


class FieldRow(Widget):
    """The line of one field: label, control, and what there is to say about its value."""

    def __init__(self, field: Field, label_width: int) -> None:
        super().__init__(id=f"row-{field.id}", classes="wide" if field.wide else "")
        self.field = field
        self.touched = bool(field.value)
        self._label_width = label_width
        made: dict[Kind, Callable[[Field], TextControl | FlagControl | ChoiceControl]] = {
            "text": TextControl,
            "flag": FlagControl,
            "choice": ChoiceControl,
        }
        self.control = made[field.kind](field)

    def compose(self) -> ComposeResult:
        label = Static(self.field.label, classes="label", markup=False)
        label.styles.width = self._label_width
        note = Static("", classes="note", markup=False)
        if self.field.wide:
            self.styles.grid_columns = f"{self._label_width} 1fr"
            note.styles.padding = (0, 0, 0, self._label_width)
        yield label
        yield self.control
        yield note

    def on_mount(self) -> None:
        """Say what there is to say from the start."""
        self.say()

    @property
    def value(self) -> str:
        """The value as it would be handed on: without the spaces around it, spelt as the choice it names."""
        return self.field.spelt(self.control.value.strip())

    @property
    def problem(self) -> str | None:
        """What is wrong with the value now."""
        return self.field.problem(self.value)

    def message(self) -> tuple[str, str]:
        """Give what to show beside the control, and its kind: ``error``, ``echo`` or ``help``."""
        problem = self.problem
        if problem and (self.touched or self.value):
            return problem, "error"
        if self.value and (echo := self.field.echo(self.value)):
            return echo, "echo"
        if problem:
            return "needed", "help"
        return ("", "help") if self.value else (self.field.help, "help")

    def say(self) -> None:
        """Show the message of the moment."""
        text, kind = self.message()
        note = self.query_one(".note", Static)
        note.update(Content(text), layout=False)
        for name in ("error", "echo", "help"):
            note.set_class(name == kind, name)


class _Rows(VerticalScroll, can_focus=False, inherit_bindings=False):
    """The rows; scrolls by focus only, so that up and down stay free to move between fields."""


class FormFields(Vertical):
    """The fields of a form, one line each, and an explaining line about the one in focus."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "move(1)", "Next field", show=False),
        Binding("up", "move(-1)", "Previous field", show=False),
        Binding("enter", "submit", "Go on", show=False),
    ]

    class _Told(Message):
        """Something happened to the form; ``values`` are all of them now."""

        def __init__(self, form: FormFields, values: Mapping[str, str]) -> None:
            super().__init__()
            self.form = form
            self.values = values

        @property
        def control(self) -> FormFields:
            """The form it is about."""
            return self.form

    class Changed(_Told):
        """A value changed."""

    class Submitted(_Told):
        """Enter was pressed in a field."""

    def __init__(self, fields: Sequence[Field], *, id: str | None = None) -> None:
        super().__init__(id=id)
        widest = max((cell_len(field.label) for field in fields), default=0)
        self.rows = [FieldRow(field, min(widest, WIDEST_LABEL) + 2) for field in fields]

    def compose(self) -> ComposeResult:
        with _Rows(id="rows"):
            yield from self.rows
        yield Static("", id="explain", markup=False)

    def on_mount(self) -> None:
        """Begin in the first field that still needs something."""
        wanting = next((row for row in self.rows if row.problem), None)
        first = wanting or next(iter(self.rows), None)
        if first is not None:
            first.control.focus()

    @property
    def values(self) -> dict[str, str]:
        """All values by field id."""
        return {row.field.id: row.value for row in self.rows}

    @property
    def lines(self) -> int:
        """How many lines the rows would like to have."""
        return sum(2 if row.field.wide else 1 for row in self.rows)

    def wrong(self) -> Iterator[tuple[str, str]]:
        """Give the id and the sentence of each field that is not right, in order."""
        for row in self.rows:
            if problem := row.problem:
                yield row.field.id, problem

    def show_wrong(self) -> bool:
        """Show every sentence and go to the first wrong field; tell whether there is one."""
        wrong = [name for name, _ in self.wrong()]
        for row in self.rows:
            row.touched = True
            row.say()
        if wrong:
            self.go_to(wrong[0])
        return bool(wrong)

    def go_to(self, name: str) -> None:
        """Put the focus on the field called ``name``."""
        for row in self.rows:
            if row.field.id == name:
                row.control.focus()
                self._explain(row)

    def set_value(self, name: str, value: str) -> None:
        """Set the value of the field called ``name``."""
        for row in self.rows:
            if row.field.id == name:
                row.control.value = value

    def action_move(self, by: int) -> None:
        """Go to the next or the previous field, round at the ends."""
        focused = self._focused()
        if focused is not None:
            self.rows[(self.rows.index(focused) + by) % len(self.rows)].control.focus()

    def action_submit(self) -> None:
        """Tell that the form is thought complete."""
        self.post_message(self.Submitted(self, self.values))

    @on(Input.Submitted)
    def _text_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.action_submit()

    @on(Input.Changed)
    def _text_changed(self, event: Input.Changed) -> None:
        event.stop()
        self._changed(event.input)

    @on(_Toggle.Changed)
    def _toggle_changed(self, event: _Toggle.Changed) -> None:
        event.stop()
        self._changed(event.toggle)

    def _changed(self, control: Widget) -> None:
        row = next(row for row in self.rows if row.control is control)
        row.touched = True
        row.say()
        self._explain(row)
        self.post_message(self.Changed(self, self.values))

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Explain the field that is in focus now."""
        row = self._focused()
        for each in self.rows:
            each.set_class(each is row, "focused")
        if row is not None:
            self._explain(row)
            self.reveal()

    def reveal(self) -> None:
        """Scroll so that the field in focus is in sight."""
        row = self._focused()
        if row is not None:
            row.scroll_visible(animate=False, immediate=True)

    def _focused(self) -> FieldRow | None:
        return next((row for row in self.rows if row.control.has_focus), None)

    def _explain(self, row: FieldRow) -> None:
        self.query_one("#explain", Static).update(explanation(row), layout=False)


def explanation(row: FieldRow) -> Content:
    """Give what is said about the field in focus: what is wrong in full, its options, or its help."""
    text, kind = row.message()
    if kind == "error":
        return Content.styled(text, "$text-error")
    if isinstance(row.control, ChoiceControl):
        return _options(row.control.options, row.value)
    if row.field.choices and row.field.kind == "text":
        matches = row.field.matches(row.value)
        if matches and matches != (row.value,):
            return _completions(row.field, row.value, matches)
    return Content.styled(row.field.help or text, "dim")


def _options(options: Sequence[str], value: str) -> Content:
    shown = [Content.styled(option or "(none)", "reverse" if option == value else "") for option in options]
    return Content("  ").join(shown)


def _completions(field: Field, typed: str, matches: Sequence[str]) -> Content:
    lead = "Tab completes: " if field.completion(typed) else f"{field.help} " if field.help else "Known: "
    return Content.styled(lead, "dim") + Content(", ".join(matches))
