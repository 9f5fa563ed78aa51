"""The fields of a form as plain values: what each holds, how keys change it, how it is rendered and checked.

Nothing here is a widget. Checks, echoes and choices are functions of the caller, who knows what a field
means.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, Literal, NamedTuple

from msgspec import Struct

from tui.api.sanitize import clean
from widgets.editor import LineEditor

Kind = Literal["text", "choice", "flag"]
Choices = tuple[str, ...] | Callable[[str], Sequence[str]]
Drawn = list[tuple[str, str]]
"""Pieces of text, each with the name of its style."""

YES: Final = "yes"
NO: Final = "no"
TURN: Final = "space"
"""The key that turns a yes into a no, and back."""
STEPS: Final = {"left": -1, "right": 1}
"""The keys that step through the options of a choice."""
MOST_MATCHES: Final = 40
"""Completions considered; more help nobody."""


class Offer(NamedTuple):
    """A value that a field offers in a list, and what it is in words."""

    value: str
    words: str


MOST_REMEMBERED: Final = 100


class History:
    """Texts that were submitted, the newest last, each once: a key recalls them, as in a shell."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def remember(self, text: str) -> None:
        """Put a text last."""
        self.texts = [*(each for each in self.texts if each != text), text][-MOST_REMEMBERED:]


def _understood(_: str) -> str:
    return ""


def _right(_: str) -> str | None:
    return None


class Field(Struct, frozen=True):
    """One field of a form.

    ``kind`` is ``text`` (``choices`` then complete what is typed), ``choice`` (one of ``choices``) or
    ``flag`` (value ``yes`` or ``no``). ``choices`` may be a function of the text typed so far that returns
    whole values; ``words`` says what one of them is, while it is offered. ``offers`` lists such values under
    the form, with words, for the text typed so far: in a form of one field keys step through them. ``check``
    and ``echo`` are called with text that is not empty: ``check`` returns a sentence that says what is wrong,
    or None; ``echo`` what was understood, in full words. A ``wide`` field takes the whole line and has its
    message on the next. In a field for ``lines`` several that are pasted stay: they are its value as they
    came, until somebody types. ``empty`` is the word for an empty choice. Keys go back in a ``history`` of
    what was submitted before.
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
    lines: bool = False
    empty: str = "none"
    offers: Callable[[str], Sequence[Offer]] | None = None
    history: History | None = None
    words: Callable[[str], str] = _understood

    def problem(self, value: str) -> str | None:
        """Return what is wrong with ``value`` as a sentence, None when it is right."""
        if value:
            return self.check(value)
        return f"{self.label} is required." if self.required else None

    def in_words(self, choice: str) -> str:
        """Return a choice with what it is in words behind it, if there are any."""
        said = self.words(choice)
        return f"{choice} ({said})" if said else choice

    def matches(self, typed: str) -> tuple[str, ...]:
        """Return the choices that begin with ``typed``, in any letter case."""
        if callable(self.choices):
            return tuple(self.choices(typed))[:MOST_MATCHES]
        folded = typed.casefold()
        return tuple(choice for choice in self.choices if choice.casefold().startswith(folded))[:MOST_MATCHES]

    def spelt(self, typed: str) -> str:
        """Return ``typed`` in the letter case of the choice it names, else unchanged."""
        folded = typed.casefold()
        same = [choice for choice in self.matches(typed) if choice.casefold() == folded] if typed else []
        return same[0] if len(same) == 1 else typed

    def completion(self, typed: str) -> str:
        """Return the value that ``typed`` is completed to; empty when there is none.

        It is the first that begins so, else the only one that is offered for it.
        """
        if not typed or not self.choices:
            return ""
        matches = self.matches(typed)
        folded = typed.casefold()
        if any(choice.casefold() == folded for choice in matches):
            return ""
        begun = next((choice for choice in matches if choice.casefold().startswith(folded)), "")
        return begun or (matches[0] if len(matches) == 1 else "")


class FieldEntry:
    """A field with its current value."""

    def __init__(self, field: Field) -> None:
        self.field = field
        self.touched = bool(field.value)
        self.edited = False
        """Whether somebody typed into it since it was shown."""
        self.news = ""
        """What changed of what it showed at first, meanwhile."""

    @property
    def value(self) -> str:
        """The value as it is submitted."""
        raise NotImplementedError

    @value.setter
    def value(self, value: str) -> None:
        raise NotImplementedError

    @property
    def problem(self) -> str | None:
        """The mistake in the current value, or None."""
        return self.field.problem(self.value)

    def handle_key(self, key: str, character: str | None) -> bool:
        """Apply a key to the value; return whether it had a meaning."""
        raise NotImplementedError

    def render(self, width: int, *, focused: bool) -> Drawn:
        """Return the value as it looks in ``width`` cells; the caller cuts what is longer."""
        raise NotImplementedError

    def paste(self, text: str) -> None:
        """Insert pasted text, where that makes sense."""

    def complete(self) -> bool:
        """Complete what is typed; return whether there was anything to complete."""
        return False

    def step(self, by: int) -> bool:
        """Take the next or the previous value that is offered; return whether there is one."""
        return False

    def recall(self, by: int) -> bool:
        """Show a text submitted before, or after it; return whether there is one."""
        return False

    @property
    def offers(self) -> Sequence[Offer]:
        """The values that are offered for what was typed."""
        return ()

    def focus(self) -> None:
        """Receive focus."""

    def blur(self) -> None:
        """Lose focus."""

    def message(self) -> tuple[str, str]:
        """Return the message about the value, and its kind: ``error``, ``news``, ``echo`` or ``help``."""
        sentence, kind = self._message()
        if self.news:
            sentence = f"{self.news}. {sentence}" if sentence else self.news
            kind = kind if kind == "error" else "news"
        return clean(sentence), kind

    def _message(self) -> tuple[str, str]:
        problem = self.problem
        if problem and (self.touched or self.value):
            return problem, "error"
        if self.value and (echo := self.field.echo(self.value)):
            return echo, "echo"
        if problem:
            return "required", "help"
        return ("", "help") if self.value else (self.field.help, "help")


class TextEntry(FieldEntry):
    """A line of text, completed from the field's choices."""

    def __init__(self, field: Field) -> None:
        super().__init__(field)
        self.line = LineEditor(field.value)
        self._narrowed = ""
        """What was typed by hand: it narrows what is offered."""
        self._pasted = ""
        """Several lines that were pasted, in the place of what is typed."""
        self._recalled = 0
        """How far back in the history it is; what was being typed is at zero."""
        self._typed = ""

    @property
    def value(self) -> str:
        """The text without spaces around it, in the letter case of the choice it names."""
        return self._pasted or self.field.spelt(self.line.value.strip(" "))

    @value.setter
    def value(self, value: str) -> None:
        self._take(value)

    def _take(self, text: str) -> None:
        """Hold a text: several lines as they came, where the field is for them."""
        lines = text.splitlines()
        several = self.field.lines and len(lines) > 1
        self._pasted = "\n".join(lines) if several else ""
        self.line.set(f"{len(lines):,} lines pasted" if several else text)

    def handle_key(self, key: str, character: str | None) -> bool:
        if self._pasted and (character is not None or key in ("backspace", "delete", "ctrl+u")):
            self._take("")
            if character is None:
                return True
        if key == "right" and self.complete():
            return True
        before = self.line.value
        if not self.line.handle_key(key, character):
            return False
        if self.line.value != before:
            self._narrowed = self.line.value
        return True

    def paste(self, text: str) -> None:
        if self.field.lines and len(text.splitlines()) > 1:
            self._take(text)
            return
        self._take("" if self._pasted else self.line.value)
        self.line.insert(text)
        self._narrowed = self.line.value

    def recall(self, by: int) -> bool:
        texts = self.field.history.texts if self.field.history else []
        at = self._recalled + by
        if not 0 <= at <= len(texts) or (not texts):
            return by > 0 and bool(texts)
        if not self._recalled:
            self._typed = self.line.value
        self._recalled = at
        self.line.set(texts[-at] if at else self._typed)
        return True

    @property
    def offers(self) -> Sequence[Offer]:
        return self.field.offers(self._narrowed) if self.field.offers else ()

    def step(self, by: int) -> bool:
        values = [offer.value for offer in self.offers]
        at = values.index(self.line.value) + by if self.line.value in values else 0
        if not 0 <= at < len(values):
            return bool(values)
        self.line.set(values[at])
        return True

    def complete(self) -> bool:
        completed = self.field.completion(self.line.value) if self.line.at_end else ""
        if completed:
            self.line.set(completed)
        return bool(completed)

    def focus(self) -> None:
        self.line.select()

    def blur(self) -> None:
        self.line.unselect()

    def render(self, width: int, *, focused: bool) -> Drawn:
        if not focused:
            return [(clean(self.line.value), "")]
        shown, at = self.line.window(width)
        if self.line.selected:
            return [(shown, "selected"), (" ", "cursor")]
        completed = clean(self.field.completion(self.line.value)) if self.line.at_end else ""
        begun = completed.casefold().startswith(clean(self.line.value).casefold())
        ghost = completed[len(self.line.value) :] if begun else f" → {completed}" if completed else ""
        under = shown[at : at + 1] or ghost[:1] or " "
        return [(shown[:at], ""), (under, "cursor"), (shown[at + 1 :], ""), (ghost[1:], "ghost")]


class FlagEntry(FieldEntry):
    """Yes or no: Space turns it over, ``y`` and ``n`` say it."""

    def __init__(self, field: Field) -> None:
        super().__init__(field)
        self._value = YES if field.value == YES else NO

    @property
    def value(self) -> str:
        """``yes`` or ``no``."""
        return self._value

    @value.setter
    def value(self, value: str) -> None:
        self._value = YES if value == YES else NO

    def handle_key(self, key: str, character: str | None) -> bool:
        said = {"y": YES, "n": NO}.get(character or "")
        if said is None and key != TURN and key not in STEPS:
            return False
        self._value = said or (NO if self._value == YES else YES)
        return True

    def render(self, width: int, *, focused: bool) -> Drawn:
        return [("[x] yes" if self._value == YES else "[ ] no", "chosen" if focused else "")]


class ChoiceEntry(FieldEntry):
    """One of a few values: arrow keys step through them, typing goes to the first match."""

    def __init__(self, field: Field) -> None:
        super().__init__(field)
        options = field.matches("")
        self.options = options if field.value in options else (field.value, *options)
        self._value = field.value
        self._typed = ""

    @property
    def value(self) -> str:
        """The option chosen."""
        return self._value

    @value.setter
    def value(self, value: str) -> None:
        if value in self.options:
            self._value = value

    def handle_key(self, key: str, character: str | None) -> bool:
        step = 1 if key == TURN else STEPS.get(key)
        if step is not None:
            self._typed = ""
            self._value = self.options[(self.options.index(self._value) + step) % len(self.options)]
        elif character is not None and character.isprintable():
            self._find(character)
        else:
            self._typed = ""
            return key == "backspace"
        return True

    def blur(self) -> None:
        self._typed = ""

    def render(self, width: int, *, focused: bool) -> Drawn:
        return [(f"< {clean(self._value) or f'({self.field.empty})'} >", "chosen" if focused else "")]

    def _find(self, character: str) -> None:
        """Choose the option that begins with what is typed; a letter that matches none starts afresh."""
        for typed in (self._typed + character, character):
            folded = typed.casefold()
            found = next((option for option in self.options if option.casefold().startswith(folded)), None)
            if found is not None:
                self._typed, self._value = typed, found
                return
        self._typed = ""


def entry_of(field: Field) -> FieldEntry:
    """Return an entry for a field, by its kind."""
    made: dict[Kind, type[FieldEntry]] = {"text": TextEntry, "choice": ChoiceEntry, "flag": FlagEntry}
    return made[field.kind](field)
