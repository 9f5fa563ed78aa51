"""What completes the word of a filter that is being typed: names of columns, and values that rows have."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Any, Final

from msgspec import Struct

from tui.columns.column import Column, natural
from tui.columns.filter import (
    IN_WORDS,
    NO_VALUE,
    Filterable,
    find_column,
    headers_of,
    of_pane,
    scopes_of,
    squeezed,
)
from tui.columns.filter_grammar import (
    MOST_WORDS,
    SCOPE,
    Token,
    name_typed,
    quoted_if_needed,
    tokens,
    unquoted,
)
from tui.columns.format import DisplayContext
from tui.columns.property_columns import PropertyColumn
from tui.service.snapshot.snapshot import EntityKind, Snapshot
from tui.service.state_words import state_in_words
from tui.service.text_folding import canonical

LOOKED_AT: Final = 1_000
"""Rows that are looked at for the values of a column, the newest first: a key stroke waits for it."""
MOST: Final = 50
"""Candidates that are offered at once."""
TIMES: Final = ("today", "yesterday", "09:30", "10m ago", "1h ago", "monday")
DAYS: Final = ("today", "tomorrow", "yesterday", "monday", "friday")
_PLAIN: Final = DisplayContext()


class Completion(Struct, frozen=True):
    """The part of a line that is completed, from ``start`` to ``end``, and what may stand there instead."""

    start: int
    end: int
    candidates: tuple[str, ...] = ()


class FilterCompleter:
    """Completes words of a filter of rows of which this may be ``asked``; ``newest`` yields them anew."""

    def __init__(self, asked: Filterable, snapshot: Snapshot, newest: Callable[[], Iterable[Any]]) -> None:
        self._asked, self._snapshot, self._newest = asked, snapshot, newest
        self._is_header = headers_of(asked.columns)
        self._values: dict[str, tuple[str, ...]] = {}

    def complete(self, text: str, cursor: int) -> Completion:
        """Return what completes the word before ``cursor``: columns, instruments, or values behind a sign."""
        words = tokens(text[:cursor], self._is_header)
        if not words or words[-1].is_sign or words[-1].end < cursor:
            return Completion(cursor, cursor)
        column, sign, value = words[-1].parts
        if not sign:
            begun_header = self._header_begun(text[:cursor], words)
            begun_word = Completion(words[-1].at, cursor, self._begun(unquoted(words[-1].text)))
            return begun_header or begun_word
        found = self._values_of(column) if column else TIMES
        begun = canonical(unquoted(value))
        first = [each for each in found if canonical(each).startswith(begun)]
        inside = [each for each in found if begun and begun in canonical(each) and each not in first]
        candidates = [quoted_if_needed(each) for each in (*first, *inside) if canonical(each) != begun]
        return Completion(cursor - len(value), cursor, tuple(candidates[:MOST]))

    def _header_begun(self, text: str, words: Sequence[Token]) -> Completion | None:
        """Return what completes the longest header of several words that ``text`` ends in the begin of."""
        for first in range(max(0, len(words) - MOST_WORDS), len(words) - 1):
            if all(each.is_plain for each in words[first:]) and not words[first].keyword:
                start = words[first].at
                found = self._columns_named(" ".join(text[start:].split()), canonical)
                if found:
                    return Completion(start, len(text), tuple(found[:MOST]))
        return None

    def _columns_named(self, begun: str, compared: Callable[[str], str]) -> list[str]:
        """Return the columns with a name that begins so, each by the first such, as it is typed."""
        return [
            f"{name_typed(found[0], self._is_header)}{_sign_of(column)}"
            for names, column in self._asked.columns
            if (found := [each for each in names if compared(each).startswith(compared(begun))])
        ]

    def _begun(self, word: str) -> tuple[str, ...]:
        """Return the columns whose id or header begins so, as they are typed, then such instruments."""
        begun = squeezed(word)
        columns = self._columns_named(word, squeezed)
        if SCOPE.startswith(begun):
            columns.append(f"{SCOPE}:")
        wanted = canonical(word)
        known = ((each, canonical(each)) for each in self._values_of("instrument"))
        instruments = [each for each, folded in known if folded.startswith(wanted) and folded != wanted]
        return (*columns, *map(quoted_if_needed, instruments))[:MOST]

    def _values_of(self, name: str) -> tuple[str, ...]:
        found = self._values.get(name)
        if found is None:
            found = self._values[name] = self._look(name)
        return found

    def _look(self, name: str) -> tuple[str, ...]:
        newest = islice(self._newest(), LOOKED_AT)
        if squeezed(name) == SCOPE:
            rows = (self._asked.row(self._snapshot, each) for each in newest)
            return _sorted(
                scope for row in rows if row is not None for scope in scopes_of(self._snapshot, row)
            )
        column = find_column(name, self._asked.columns)
        if column is None:
            return ()
        if column.times:
            return DAYS if column.times == "day" else TIMES
        values = {column.value(self._snapshot, row) for row in newest}
        said = _sorted(_said(column, value) for value in values if isinstance(value, str) and value)
        return (*said, NO_VALUE) if None in values or "" in values else said


def pane_completer(
    kind: EntityKind, snapshot: Snapshot, properties: Sequence[PropertyColumn] = ()
) -> FilterCompleter:
    """Return what completes filters of a pane that shows ``snapshot``."""
    rows = snapshot.rows(kind)
    return FilterCompleter(
        of_pane(kind, properties), snapshot, lambda: (rows[id] for id in reversed(tuple(rows)))
    )


def _sign_of(column: Column) -> str:
    return ">" if column.times == "moment" or column.align != "left" else ":"


def _said(column: Column, value: str) -> str:
    """Return a value as people read it in its cell, without the glyph."""
    if column.id == "state":
        return state_in_words(value)
    return column.text(value, _PLAIN) if column.id in IN_WORDS else value


def _sorted(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(texts), key=natural))
