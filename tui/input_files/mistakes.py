"""Mistakes in files that people write: all are found at once, each is one sentence with its place.

Every start loads this, so what only a mistake needs is loaded when there is one.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Final

from msgspec import Struct

Place = tuple[str | int, ...]
"""The position of something: the names of tables and keys from the outside in, positions counted from 0."""

CLOSE: Final = 0.65
"""The similarity from 0 to 1 at which one name is taken for another."""
_BARE_KEY: Final = r"[A-Za-z0-9_-]+"


class CheckError(ValueError):
    """Something written by hand cannot be used; the message has one sentence a line."""


@contextmanager
def all_at_once() -> Iterator[Callable[[], AbstractContextManager[None]]]:
    """Run several checks, each in a part of its own, and raise the mistakes of all of them together.

    >>> with all_at_once() as part:
    ...     with part():
    ...         raise CheckError("One.")
    ...     with part():
    ...         raise CheckError("Two.")
    Traceback (most recent call last):
    tui.input_files.mistakes.CheckError: One.
    Two.
    """
    told: list[str] = []

    @contextmanager
    def part() -> Iterator[None]:
        try:
            yield
        except CheckError as error:
            told.append(str(error))

    yield part
    if told:
        raise CheckError("\n".join(told))


class Mistake(Struct, frozen=True):
    """One mistake: its place, and the words for it."""

    place: Place
    words: str


class Document(Struct, frozen=True):
    """A file or text that somebody wrote, parsed and not yet checked."""

    name: str
    """Its name in a sentence: its path, mostly."""
    found: Mapping[str, Any]
    """Its values, by name."""
    toml: str | None = None
    """The text it was read from if that was TOML; then sentences name the line."""
    private: bool = False
    """It holds secrets: no sentence shows a value of it."""

    def refuse(self, mistakes: Iterable[Mistake]) -> None:
        """Raise CheckError with all ``mistakes``, in the order of the text; without any do nothing."""
        if told := self.sentences(mistakes):
            raise CheckError("\n".join(told))

    def sentences(self, mistakes: Iterable[Mistake]) -> tuple[str, ...]:
        """Return ``mistakes`` as sentences with their places, in the order of the text."""
        return tuple(sentence for _, sentence in sorted({self._sentence(each) for each in mistakes}))

    def _sentence(self, mistake: Mistake) -> tuple[int, str]:
        line = self._line_of(mistake.place)
        where = [f"{self.name}, line {line}" if line else self.name]
        if mistake.place:
            where.append(place_words(mistake.place) if self.toml is not None else dotted(mistake.place))
        return line or 0, f"{': '.join(where)}: {mistake.words}."

    def _line_of(self, place: Place) -> int | None:
        if self.toml is None:
            return None
        from tui.input_files.toml_lines import line_of

        return line_of(self.toml, place)


def place_words(place: Place) -> str:
    """Return where something stands as TOML writes it: ``[table] key``, ``[[array]] number 2, key``."""
    *tables, last = place
    if isinstance(last, int):
        return f"[[{dotted(tables)}]] number {last + 1}"
    if tables and isinstance(tables[-1], int):
        return f"{place_words(tuple(tables))}, {dotted([last])}"
    return f"[{dotted(tables)}] {dotted([last])}" if tables else dotted([last])


def dotted(place: Iterable[str | int]) -> str:
    """Return a place as one dotted key, quoted where TOML quotes."""
    return ".".join(str(s) if isinstance(s, int) or re.fullmatch(_BARE_KEY, s) else shown(s) for s in place)


def shown(value: object) -> str:
    """Return a value as it may stand in a sentence: on one line, in plain ASCII and not too long."""
    text = json.dumps(value, default=str)
    return text if len(text) <= 60 else f"{text[:57]}..."


def not_allowed(value: str, allowed: str) -> str:
    """Return the words for a value that may not stand where it does; an empty one is not shown."""
    return f"{value} is not allowed; it must be {allowed}".lstrip()


def not_known(name: str, known: Iterable[str]) -> str:
    """Return the words for a name nobody knows: which one was meant, else which there are."""
    import difflib

    there = [*known]
    close = difflib.get_close_matches(name, there, 1, CLOSE)
    known_ones = f"perhaps {close[0]} is meant" if close else f"there are {one_of(there, 'and')}"
    return f"is not known here; {known_ones}"


def one_of(choices: Iterable[str], word: str = "or") -> str:
    """Return choices as a sentence lists them: ``a, b or c``."""
    *others, last = choices
    return f"{', '.join(others)} {word} {last}" if others else last


def print_mistakes(command: str, sentences: str, code: int) -> int:
    """Print each sentence on standard error with the name of ``command``; return ``code``, to exit with."""
    for line in sentences.splitlines():
        print(f"{command}: {line}", file=sys.stderr)
    return code
