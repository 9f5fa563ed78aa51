"""What a pane shows of its rows: which ones, in which order, and what they add up to.

A :class:`View` is plain data; everything here is a pure function of a view and a snapshot.
"""

from __future__ import annotations

import io
import operator
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from tui.api.base import ResourceId
from tui.columns.column import Column, exported, sort_key
from tui.columns.format import DisplayContext, money, number
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
_URGENCY: Final = {"bad": 0, "attention": 1, "waiting": 2, "live": 3, "": 4, "good": 5, "idle": 6}
_WORD: Final = re.compile(r'(?:[^\s"]|"[^"]*"?)+')
"""One word of a filter; quotation marks keep blanks together, and one that is still open reaches the end."""


class FilterError(ValueError):
    """A filter that cannot be understood; the message says which word and what would do."""


class View(Struct, frozen=True):
    """How one pane looks at its rows. ``sort`` names a column; empty keeps the desk's own order."""

    family: EntityKind
    filter: str = ""
    sort: str = ""
    descending: bool = False
    hidden: frozenset[str] = frozenset()
    needs_first: bool = False

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns shown, in their declared order."""
        return tuple(column for column in COLUMNS[self.family] if column.id not in self.hidden)

    def sorted_by(self, column: str) -> View:
        """Give the view after the reader asked to sort by ``column``: up, then down, then not at all."""
        if self.sort != column:
            return replace(self, sort=column, descending=False, needs_first=False)
        return (
            replace(self, descending=True)
            if not self.descending
            else replace(self, sort="", descending=False)
        )

    def filtered(self, text: str) -> View:
        """Give the view with another filter."""
        return replace(self, filter=text)


def column_of(family: EntityKind, id: str) -> Column:
    """Give the declared column ``id`` of a pane; a KeyError means the code and the registry differ."""
    return next(column for column in COLUMNS[family] if column.id == id)


def keys(view: View, snapshot: Snapshot, ids: Iterable[ResourceId]) -> list[ResourceId]:
    """Give those of ``ids`` the view's filter lets through, in the view's order.

    Raises:
        FilterError: the filter cannot be understood.
    """
    rows = snapshot.rows(view.family)
    found = list(ids)
    if view.filter.strip():
        matches = parse_filter(view.filter, view.family)
        found = [id for id in found if id in rows and matches(snapshot, rows[id])]
    if view.needs_first:
        role = column_of(view.family, "state").role
        assert role is not None
        found.sort(key=lambda id: _URGENCY.get(role(snapshot, rows[id]), 9) if id in rows else 9)
    elif view.sort:
        value = column_of(view.family, view.sort).value
        keyed = [(sort_key(value(snapshot, rows[id])), id) for id in found if id in rows]
        some = sorted(
            (pair for pair in keyed if pair[0][0] == 0), key=operator.itemgetter(0), reverse=view.descending
        )
        found = [id for _, id in some] + [id for key, id in keyed if key[0] == 1]
    return found


def parse_filter(text: str, family: EntityKind) -> Test:
    """Read a filter: words that must all be there, ``column:word``, ``column>number``, ``!`` for not.

    ``aapl``, ``side:buy state:"partially placed"``, ``ordered>=50k !vod``. Letters match without regard
    to case.
    """
    tests = [_term(word, family) for word in _WORD.findall(text)]
    return lambda snapshot, row: all(test(snapshot, row) for test in tests)


def _term(word: str, family: EntityKind) -> Test:
    match = _TERM.fullmatch(word)
    text = match["text"].replace('"', "") if match else ""
    if match is None or not text or word == "!":
        raise FilterError(f"'{word}' says nothing to look for.")
    test = _column_test(match, text, family) if match["column"] else _word_test(text, family)
    return (lambda snapshot, row: not test(snapshot, row)) if match["not"] else test


def _word_test(word: str, family: EntityKind) -> Test:
    wanted = word.casefold()
    getters = [column.value for column in COLUMNS[family]]

    def test(snapshot: Snapshot, row: Any) -> bool:
        for value in getters:
            got = value(snapshot, row)
            if got.__class__ is str and wanted in got.casefold():
                return True
        return False

    return test


def _column_test(match: re.Match[str], text: str, family: EntityKind) -> Test:
    name, sign = match["column"].lower(), match["op"]
    column = next(
        (c for c in COLUMNS[family] if name in (c.id, c.title.lower().replace(" ", ""))),
        None,
    )
    if column is None:
        names = ", ".join(c.id for c in COLUMNS[family])
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


class Totals:
    """What rows add up to, gathered part by part: units per column, money per currency, never mixed."""

    def __init__(self, view: View, snapshot: Snapshot) -> None:
        self._columns = tuple(column for column in view.columns if column.total)
        self._rows = snapshot.rows(view.family)
        self._snapshot = snapshot
        self._sums: dict[tuple[str, str], Decimal] = {}

    def add(self, ids: Iterable[ResourceId]) -> None:
        """Count these rows too; child placements count with their parents and not again."""
        for id in ids:
            row = self._rows.get(id)
            if row is None or getattr(row, "parent_placement_id", None) in self._rows:
                continue
            for column in self._columns:
                value = column.value(self._snapshot, row)
                if isinstance(value, Decimal):
                    unit = (column.currency(self._snapshot, row) or "") if column.currency else ""
                    key = (column.id, unit)
                    self._sums[key] = self._sums.get(key, Decimal(0)) + value

    def parts(self) -> list[str]:
        """Say the sums, in the order of the columns."""
        parts: list[str] = []
        for column in self._columns:
            sums = sorted((unit, total) for (id, unit), total in self._sums.items() if id == column.id)
            if column.total == "money":
                parts += [money(total, unit) for unit, total in sums]
            else:
                parts += [f"{column.title.lower()} {number(total)}" for _, total in sums]
        return parts

    def text(self) -> str:
        """Say the sums in one line."""
        return " · ".join(self.parts())


def export_csv(view: View, snapshot: Snapshot, ids: Sequence[ResourceId]) -> str:
    """Give the shown rows as CSV (RFC 4180): visible columns, full precision, UTC, a header row.

    Cells a spreadsheet would take for a formula get a leading apostrophe.
    """
    import csv  # nothing else of the desk needs it

    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(column.title for column in view.columns)
    rows = snapshot.rows(view.family)
    for id in ids:
        if (row := rows.get(id)) is not None:
            writer.writerow(_inert(column.value(snapshot, row)) for column in view.columns)
    return out.getvalue()


def _inert(value: Any) -> str:
    text = exported(value)
    return "'" + text if isinstance(value, str) and text[:1] in ("=", "+", "-", "@") else text


def cells(
    columns: Sequence[Column], snapshot: Snapshot, row: Any, context: DisplayContext
) -> list[tuple[str, str]]:
    """Give one row's cells in order, each as text and the name of its colour role."""
    return [
        (column.cell(snapshot, row, context), column.role(snapshot, row) if column.role else "")
        for column in columns
    ]
