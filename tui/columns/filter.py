"""Filters: the text typed into a pane's filter line, made a test of one row."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from difflib import get_close_matches
from itertools import islice
from typing import Any, Final

from msgspec import Struct

from tui.api.models import Execution, OrderGraphBlock, Placement, Transaction
from tui.api.side_families import family_of, family_typed
from tui.api.states import normalize
from tui.columns.column import Column, Getter, Value, exported
from tui.columns.filter_grammar import (
    SCOPE,
    Either,
    Every,
    FilterError,
    IsHeader,
    Negated,
    Node,
    Term,
    name_typed,
    parse,
)
from tui.columns.panes import COLUMNS
from tui.columns.property_columns import PropertyColumn
from tui.columns.view import newest_of
from tui.service.numbers import has_number_commas, parse_number
from tui.service.snapshot.instruments import luid_of
from tui.service.snapshot.snapshot import EntityKind, Snapshot
from tui.service.text_folding import canonical
from tui.service.typed_times import Present, TypedTime, read_day
from tui.service.wire_words import spellings

Test = Callable[[Snapshot, Any], bool]
ValueTest = Callable[[Value], bool]

COMPARISONS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
    "=": operator.eq,
    ":": operator.eq,
}
NO_VALUE: Final = "none"
"""What is written for a cell without a value."""
IN_WORDS: Final = frozenset({"state", "side", "type", "tif", "entry", "compliance", "approval"})
"""Columns of words that servers write with or without blanks and hyphens, and desks in their own way."""
_ZONE_BEHIND: Final = r"(?<=\w) (?:[A-Z]{2,5}|[A-Z]*[+-][\d:]+)$"
STEADY_S: Final = 5.0
"""Seconds at least that the rows of ``created>2m ago`` stay before the clock moves them on."""
_SHARE_OF_AGE: Final = 60
_LATEST: Final = datetime.max.replace(tzinfo=UTC)


class Filter(Struct, frozen=True):
    """The ``test`` a filter makes of a row, and until when it stands: later its times are other ones."""

    test: Test
    until: datetime | None = None


Named = tuple[tuple[str, ...], Column]
"""A column with the names it is asked for by, the first of them shown."""


class Filterable(Struct, frozen=True):
    """What a filter may ask of rows: their columns, and ``newest``, when a row was last active or made.

    Lines that are no rows of the desk themselves say which one they are ``about``, None for none; ``says`` is
    what words are looked for in besides the columns.
    """

    columns: Sequence[Named]
    newest: Getter
    about: Callable[[Snapshot, Any], Any] | None = None
    says: Callable[[Snapshot, Any], str] | None = None

    def row(self, snapshot: Snapshot, line: Any) -> Any:
        """Return the row of the desk that a line is, or is about; None where it is about none."""
        return line if self.about is None else self.about(snapshot, line)


def of_pane(kind: EntityKind, properties: Sequence[PropertyColumn] = ()) -> Filterable:
    """Return what may be asked of the rows of a pane; ``properties`` are columns too, by code or title."""
    return Filterable(tuple(columns_by_name(kind, properties)), newest_of(kind))


def parse_filter(
    text: str,
    kind: EntityKind,
    properties: Sequence[PropertyColumn] = (),
    present: Present | None = None,
) -> Filter:
    """Read a filter of a pane's rows; its grammar and what may be written are in ``filter_grammar``.

    Letters match whatever their case, width and accents. A word is looked for in all texts of a row and in
    the identifiers of its instrument.

    Raises:
        FilterError: it cannot be understood; the message says which word and what would do.
    """
    return read_filter(text, of_pane(kind, properties), present)


def read_filter(text: str, asked: Filterable, present: Present | None = None) -> Filter:
    """Read a filter of rows of which this may be ``asked``.

    Raises:
        FilterError: it cannot be understood; the message says which word and what would do.
    """
    reader = _Reader(asked, present or Present(datetime.now(UTC)))
    tree = parse(text, reader.is_timed, reader.present.is_time, headers_of(asked.columns))
    test = reader.test_of(tree)
    return Filter(test, min(reader.moving, default=None))


def columns_by_name(kind: EntityKind, properties: Sequence[PropertyColumn] = ()) -> Iterator[Named]:
    """Yield the columns of a pane with the names they are asked for by, the first of them shown."""
    yield from (((column.id, column.title), column) for column in COLUMNS[kind])
    yield from (((each.code, each.title, each.key), each.column()) for each in properties)


def find_column(name: str, columns: Iterable[Named]) -> Column | None:
    """Return the column that is called ``name``, by its id or its header, whatever blanks and letter case.

    The zone that the header of a time names may stand behind it.
    """
    meant, timed = squeezed(name), squeezed(re.sub(_ZONE_BEHIND, "", name))
    return next(
        (
            column
            for names, column in columns
            for each in map(squeezed, names)
            if each == meant or (column.times == "moment" and each == timed)
        ),
        None,
    )


def headers_of(columns: Sequence[Named]) -> IsHeader:
    """Return whether words before a sign are the name of a column, blanks and all."""
    return lambda words: find_column(" ".join(words), columns) is not None


def squeezed(name: str) -> str:
    """Return the name of a column as names are compared."""
    return canonical(name).replace(" ", "").replace("-", "").replace("_", "")


def unknown_column(name: str, columns: Sequence[Named]) -> FilterError:
    """Return the error of a name that no column has: it offers what is spelt like it, else all there are.

    They are offered as they are typed: headers of several words too, where the name is a word of theirs.
    """
    ids = [first for (first, *_), _ in columns]
    headers = [each for names, _ in columns for each in names if " " in each]
    known = {squeezed(each): each for each in (*ids, SCOPE, *headers)}
    wanted = squeezed(name)
    alike = [each for key, each in known.items() if key.startswith(wanted)]
    alike = alike or [each for each in headers if wanted in map(squeezed, each.split())]
    alike = alike or [known[each] for each in get_close_matches(wanted, known, n=3)]
    is_header = headers_of(columns)
    once = {(find_column(each, columns) or SCOPE): each for each in reversed(alike or [*ids, SCOPE])}
    typed = [name_typed(each, is_header) for each in reversed(once.values())]
    return FilterError(f"There is no column '{name}' here; there {_are(typed)}.")


def _are(names: Sequence[str]) -> str:
    return f"{'is' if len(names) == 1 else 'are'} {', '.join(names)}"


class _Reader:
    """Makes tests of terms, and remembers when their times are other ones."""

    def __init__(self, asked: Filterable, present: Present) -> None:
        self._asked = asked
        self.present = present
        self.moving: list[datetime] = []

    def is_timed(self, name: str) -> bool:
        """Return whether a column holds times; without a name the newest of a row is meant."""
        column = find_column(name, self._asked.columns)
        return not name or (column is not None and bool(column.times))

    def test_of(self, node: Node) -> Test:
        """Return the test of a part of a filter."""
        match node:
            case Negated(part):
                test = self.test_of(part)
                return lambda snapshot, row: not test(snapshot, row)
            case Every(parts):
                tests = [self.test_of(part) for part in parts]
                return lambda snapshot, row: all(test(snapshot, row) for test in tests)
            case Either(parts):
                tests = [self.test_of(part) for part in parts]
                return lambda snapshot, row: any(test(snapshot, row) for test in tests)
            case Term(sign=""):
                return self._word_test(node.text)
            case Term(column=""):
                return self._newest_test(node)
        return self._column_test(node)

    def _word_test(self, word: str) -> Test:
        wanted, about, further = canonical(word), self._asked.about, self._asked.says
        columns = [column for _, column in self._asked.columns]
        plain = [column.value for column in columns if column.id not in IN_WORDS]
        worded = [
            (each.value, _words_test(each, word, whole=False)) for each in columns if each.id in IN_WORDS
        ]

        def test(snapshot: Snapshot, row: Any) -> bool:
            for value in plain:
                got = value(snapshot, row)
                if got.__class__ is str and wanted in canonical(got):
                    return True
            if any(says(value(snapshot, row)) for value, says in worded):
                return True
            if further is not None and wanted in canonical(further(snapshot, row)):
                return True
            own = row if about is None else about(snapshot, row)
            known = None if own is None else snapshot.instruments.get(luid_of(own))
            return known is not None and known.is_identified_by(wanted)

        return test

    def _newest_test(self, term: Term) -> Test:
        if not self.present.is_time(term.text):
            numbers = (name for (name, *_), column in self._asked.columns if column.total)
            meant = "".join(f"{each}{term.sign}{term.text}, or " for each in islice(numbers, 1))
            raise FilterError(f"'{term.word}' names no column: write {meant}a time like >09:30.")
        get, matches = self._asked.newest, self._time_test(term, "Time")
        return lambda snapshot, row: matches(get(snapshot, row))

    def _column_test(self, term: Term) -> Test:
        if squeezed(term.column) == SCOPE:
            return _scope_test(term, self._asked)
        column = find_column(term.column, self._asked.columns)
        if column is None:
            raise unknown_column(term.column, self._asked.columns)
        get, matches = column.value, self._value_test(term, column)
        return lambda snapshot, row: matches(get(snapshot, row))

    def _value_test(self, term: Term, column: Column) -> ValueTest:
        if canonical(term.text) == NO_VALUE and term.sign in "=:":
            says_so = _text_test(column, term)
            return lambda got: got is None or got == "" or says_so(got)
        if column.times == "day":
            return self._day_test(term, column.title)
        if column.times:
            return self._time_test(term, column.title)
        limit, compare, says = _limit_of(term, column.title), COMPARISONS[term.sign], _text_test(column, term)

        def test(got: Value) -> bool:
            if isinstance(got, (Decimal, int)):
                return limit is not None and compare(got, limit)
            return term.sign in "=:" and says(got)

        return test

    def _time_test(self, term: Term, title: str) -> ValueTest:
        try:
            read = self.present.read(term.text)
        except ValueError as error:
            raise FilterError(f"{title}: {error}") from None
        if read.moves:
            self.moving.append(self._stands_until(read))
        low, high = _bounds(read, term)
        return lambda got: isinstance(got, datetime) and got.year > 1 and low <= got < high

    def _stands_until(self, read: TypedTime) -> datetime:
        if not read.is_moment:
            return self.present.midnight
        age = abs(self.present.now - read.begin) / _SHARE_OF_AGE
        return self.present.now + max(age, timedelta(seconds=STEADY_S))

    def _day_test(self, term: Term, title: str) -> ValueTest:
        """Return the test of a calendar day, which has no zone."""
        present, compare = self.present, COMPARISONS[term.sign]
        try:
            day = read_day(term.text, present.now.astimezone(present.zone).date())
        except ValueError as error:
            raise FilterError(f"{title}: {error}") from None
        self.moving.append(present.midnight)
        return lambda got: isinstance(got, datetime) and got.year > 1 and compare(got.date(), day)


def _bounds(read: TypedTime, term: Term) -> tuple[datetime, datetime]:
    """Return the first moment that is meant, and the first one after it that is not."""
    earliest, instant = datetime.min.replace(tzinfo=UTC), timedelta(microseconds=1)
    begin, end = read.begin.astimezone(UTC), read.end.astimezone(UTC)
    if term.sign in "=:":
        if read.is_moment:
            column = term.column or ""
            since, before = f"{column}>{term.text}", f"{column}<{term.text}"
            raise FilterError(
                f"'{term.text}' is a moment: write {since} for since then, {before} for before."
            )
        return begin, end
    after = end if read.is_day else begin + instant
    return {
        "<": (earliest, begin),
        "<=": (earliest, after),
        ">": (after, _LATEST),
        ">=": (begin, _LATEST),
    }[term.sign]


def _limit_of(term: Term, title: str) -> Decimal | None:
    """Return the number that numbers of a column are compared with; None where a text is looked for."""
    is_text = term.sign == ":" and not _is_number(term.text)
    return None if is_text else read_limit(term.text, title, term.sign)


def _is_number(text: str) -> bool:
    try:
        parse_number(text)
    except ValueError:
        return has_number_commas(text)
    return True


def read_limit(text: str, title: str, sign: str) -> Decimal | None:
    """Return the number a column is compared with; None when ``=`` compares it with a text."""
    try:
        return parse_number(text)
    except ValueError as error:
        if sign == "=" and not has_number_commas(text):
            return None
        raise FilterError(f"{title}: {error}") from None


def _text_test(column: Column, term: Term) -> ValueTest:
    whole = term.sign == "="
    if column.id in IN_WORDS:
        return _words_test(column, term.text, whole=whole)
    wanted = canonical(term.text)

    def test(got: Value) -> bool:
        text = canonical(got if isinstance(got, str) else exported(got))
        return text == wanted if whole else wanted in text

    return test


def _words_test(column: Column, text: str, *, whole: bool) -> ValueTest:
    """Return the test of a word, by its spelling on desk or wire; each value is looked at once."""
    wanted, plain = canonical(text), normalize(canonical(text))
    family = family_typed(text) if column.id == "side" else None
    answers: dict[Value, bool] = {}

    def test(got: Value) -> bool:
        answer = answers.get(got)
        if answer is None:
            answer = answers[got] = isinstance(got, str) and says(got)
        return answer

    def says(got: str) -> bool:
        if family is not None and family_of(got) is family:
            return True
        if whole:
            return canonical(got) == wanted or plain in spellings(got)
        return wanted in canonical(got) or (bool(plain) and any(plain in each for each in spellings(got)))

    return test


def _scope_test(term: Term, asked: Filterable) -> Test:
    if term.sign not in (":", "="):
        raise FilterError(f"A scope is compared with ':' or '=', not with '{term.sign}'.")
    wanted, whole = canonical(term.text), term.sign == "="

    def test(snapshot: Snapshot, row: Any) -> bool:
        own = asked.row(snapshot, row)
        names = map(canonical, () if own is None else scopes_of(snapshot, own))
        return any(name == wanted if whole else wanted in name for name in names)

    return test


def scopes_of(snapshot: Snapshot, row: Any) -> Iterator[str]:
    """Yield the scopes of a row and of the portfolios it is for, as far as the desk knows."""
    if isinstance(row, OrderGraphBlock):
        yield row.block.id.scope
        yield from (order.portfolio_id.scope for order in row.ordered.details if order.portfolio_id)
    elif isinstance(row, Transaction):
        order = snapshot.orders.get(row.order_id) if row.order_id else None
        if order is not None:
            yield from scopes_of(snapshot, order)
    else:
        yield row.id.scope
        if isinstance(row, Placement):
            for block in row.block_ids:
                if block in snapshot.blocks:
                    yield from scopes_of(snapshot, snapshot.blocks[block])
        elif isinstance(row, Execution):
            if row.placement_id in snapshot.placements:
                yield from scopes_of(snapshot, snapshot.placements[row.placement_id])
        elif row.portfolio_id is not None:
            yield row.portfolio_id.scope
