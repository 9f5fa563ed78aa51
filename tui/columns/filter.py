"""Filters: the text typed into a pane's filter line, parsed into a test of one row."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from tui.api.models import Execution, OrderGraphBlock, Placement, Transaction
from tui.api.states import normalize
from tui.columns.column import exported
from tui.columns.panes import COLUMNS
from tui.columns.property_columns import PropertyColumn
from tui.service.numbers import has_number_commas, parse_number
from tui.service.snapshot.snapshot import EntityKind, Snapshot, luid_of
from tui.service.wire_words import spellings

Test = Callable[[Snapshot, Any], bool]

_COMPARISONS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
    "=": operator.eq,
}
TERM: Final = re.compile(r"(?P<not>!?)(?:(?P<column>[A-Za-z]+)(?P<op><=|>=|<|>|=|:))?(?P<text>.+)", re.DOTALL)
WORD: Final = re.compile(r'(?:[^\s"]|"[^"]*"?)+')
"""One word of a filter; quotation marks keep blanks together, and one that is still open reaches the end."""

SCOPE: Final = "scope"
"""The name that stands for the scope of a row, and of the portfolios it is for."""
_IN_WORDS: Final = frozenset({"state", "side", "type", "tif", "entry", "compliance", "approval"})
"""Columns of words that servers write with or without spaces and hyphens."""


class FilterError(ValueError):
    """A filter that cannot be understood; the message says which word and what would do."""


def parse_filter(text: str, kind: EntityKind, properties: Sequence[PropertyColumn] = ()) -> Test:
    """Read a filter: words that must all be there, ``column:word``, ``column>number``, ``!`` for not.

    ``aapl``, ``barclays``, ``side:buy state:"partially placed"``, ``ordered>=50k !vod``, ``scope:FundA``.
    Letters match without regard to case, states also without regard to spaces and hyphens. A word is also
    looked for in the identifiers of a row's instrument. ``properties`` are columns too, by code or title.
    """
    tests = [_term(word, kind, properties) for word in WORD.findall(text)]
    return lambda snapshot, row: all(test(snapshot, row) for test in tests)


def _term(word: str, kind: EntityKind, properties: Sequence[PropertyColumn]) -> Test:
    match = TERM.fullmatch(word)
    text = match["text"].replace('"', "") if match else ""
    if match is None or not text or word == "!":
        raise FilterError(f"'{word}' says nothing to look for.")
    if match["column"]:
        test = _column_test(match, text, kind, properties)
    else:
        test = _word_test(text, kind, properties)
    return (lambda snapshot, row: not test(snapshot, row)) if match["not"] else test


def _word_test(word: str, kind: EntityKind, properties: Sequence[PropertyColumn]) -> Test:
    wanted, plain = word.casefold(), normalize(word)
    columns = (*COLUMNS[kind], *(each.column() for each in properties))
    getters = [(column.value, column.id in _IN_WORDS) for column in columns]

    def test(snapshot: Snapshot, row: Any) -> bool:
        for value, in_words in getters:
            got = value(snapshot, row)
            if got.__class__ is not str:
                continue
            if wanted in got.casefold():
                return True
            if in_words and plain and any(plain in spelling for spelling in spellings(got)):
                return True
        known = snapshot.instruments.get(luid_of(row))
        return known is not None and known.is_identified_by(wanted)

    return test


def _column_test(
    match: re.Match[str], text: str, kind: EntityKind, properties: Sequence[PropertyColumn]
) -> Test:
    name, sign = match["column"].lower(), match["op"]
    if name == SCOPE:
        return _scope_test(text, sign)
    called = [((c.id, c.title), c) for c in COLUMNS[kind]]
    called += [((each.code, each.title), each.column()) for each in properties]
    column = next((c for names, c in called if name in map(_squeezed, names)), None)
    if column is None:
        names = ", ".join((*(first for (first, _), _ in called), SCOPE))
        raise FilterError(f"There is no column '{match['column']}' here; there are {names}.")
    get = column.value
    limit = None if sign == ":" else read_limit(text, column.title, sign)
    wanted, whole = text.casefold(), sign == "="
    if limit is None:
        in_words = column.id in _IN_WORDS
        plain = normalize(wanted)

        def contains(snapshot: Snapshot, row: Any) -> bool:
            got = exported(get(snapshot, row)).casefold()
            if got == wanted if whole else wanted in got:
                return True
            if not in_words or not plain:
                return False
            found = spellings(got)
            return plain in found if whole else any(plain in word for word in found)

        return contains
    compare = _COMPARISONS[sign]

    def compares(snapshot: Snapshot, row: Any) -> bool:
        got = get(snapshot, row)
        if isinstance(got, str):
            return whole and got.casefold() == wanted
        return isinstance(got, (Decimal, int)) and compare(got, limit)

    return compares


def _squeezed(name: str) -> str:
    return name.lower().replace(" ", "")


def _scope_test(text: str, sign: str) -> Test:
    if sign not in (":", "="):
        raise FilterError(f"A scope is compared with ':' or '=', not with '{sign}'.")
    wanted, whole = text.casefold(), sign == "="

    def test(snapshot: Snapshot, row: Any) -> bool:
        names = (scope.casefold() for scope in scopes_of(snapshot, row))
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


def read_limit(text: str, title: str, sign: str) -> Decimal | None:
    """Return the number a column is compared with; None when ``=`` compares it with a text."""
    try:
        return parse_number(text)
    except ValueError as error:
        if sign == "=" and not has_number_commas(text):
            return None
        raise FilterError(f"{title}: {error}") from None
