"""Filters: the text typed into a pane's filter line, parsed into a test of one row."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

from tui.columns.column import Column, exported
from tui.columns.panes import COLUMNS
from tui.service.numbers import has_number_commas, parse_number
from tui.service.snapshot.snapshot import EntityKind, Snapshot

Test = Callable[[Snapshot, Any], bool]

_COMPARISONS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
    "=": operator.eq,
}
_TERM: Final = re.compile(
    r"(?P<not>!?)(?:(?P<column>[A-Za-z]+)(?P<op><=|>=|<|>|=|:))?(?P<text>.+)", re.DOTALL
)
_WORD: Final = re.compile(r'(?:[^\s"]|"[^"]*"?)+')
"""One word of a filter; quotation marks keep blanks together, and one that is still open reaches the end."""


class FilterError(ValueError):
    """A filter that cannot be understood; the message says which word and what would do."""


def parse_filter(text: str, kind: EntityKind) -> Test:
    """Read a filter: words that must all be there, ``column:word``, ``column>number``, ``!`` for not.

    ``aapl``, ``side:buy state:"partially placed"``, ``ordered>=50k !vod``. Letters match without regard
    to case.
    """
    tests = [_term(word, kind) for word in _WORD.findall(text)]
    return lambda snapshot, row: all(test(snapshot, row) for test in tests)


def _term(word: str, kind: EntityKind) -> Test:
    match = _TERM.fullmatch(word)
    text = match["text"].replace('"', "") if match else ""
    if match is None or not text or word == "!":
        raise FilterError(f"'{word}' says nothing to look for.")
    test = _column_test(match, text, kind) if match["column"] else _word_test(text, kind)
    return (lambda snapshot, row: not test(snapshot, row)) if match["not"] else test


def _word_test(word: str, kind: EntityKind) -> Test:
    wanted = word.casefold()
    getters = [column.value for column in COLUMNS[kind]]

    def test(snapshot: Snapshot, row: Any) -> bool:
        for value in getters:
            got = value(snapshot, row)
            if got.__class__ is str and wanted in got.casefold():
                return True
        return False

    return test


def _column_test(match: re.Match[str], text: str, kind: EntityKind) -> Test:
    name, sign = match["column"].lower(), match["op"]
    column = next(
        (c for c in COLUMNS[kind] if name in (c.id, c.title.lower().replace(" ", ""))),
        None,
    )
    if column is None:
        names = ", ".join(c.id for c in COLUMNS[kind])
        raise FilterError(f"There is no column '{match['column']}' here; there are {names}.")
    get = column.value
    limit = None if sign == ":" else _limit(text, column, sign)
    wanted, whole = text.casefold(), sign == "="
    if limit is None:

        def contains(snapshot: Snapshot, row: Any) -> bool:
            got = exported(get(snapshot, row)).casefold()
            return got == wanted if whole else wanted in got

        return contains
    compare = _COMPARISONS[sign]

    def compares(snapshot: Snapshot, row: Any) -> bool:
        got = get(snapshot, row)
        if isinstance(got, str):
            return whole and got.casefold() == wanted
        return isinstance(got, (Decimal, int)) and compare(got, limit)

    return compares


def _limit(text: str, column: Column, sign: str) -> Decimal | None:
    """Return the number a column is compared with; None when ``=`` compares it with a text."""
    try:
        return parse_number(text)
    except ValueError as error:
        if sign == "=" and not has_number_commas(text):
            return None
        raise FilterError(f"{column.title}: {error}") from None
