"""A filter as typed on the desk, in the grammar of the API: for rows that only the server can look through.

The server knows fields, not columns: what a column computes cannot be asked of it, and that is said. A filter
that is written in the API's own grammar goes as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final, Literal

from msgspec import Struct

from tui.api.side_families import family_of, family_typed
from tui.api.states import normalize
from tui.columns.column import Column
from tui.columns.filter import columns_by_name, find_column, headers_of, read_limit, squeezed
from tui.columns.filter_grammar import SCOPE, Either, Every, FilterError, Negated, Node, Term, parse
from tui.columns.panes import COLUMNS
from tui.service.browse import DATES
from tui.service.filter_texts import quoted
from tui.service.orderline.order_line import TIMES
from tui.service.snapshot.snapshot import EntityKind, Snapshot
from tui.service.state_words import STATES
from tui.service.typed_times import Present
from tui.service.wire_words import TIMES_IN_FORCE, TYPES, spelt

Type = Literal["id", "word", "number", "time", "portfolio", "instrument", "flag"]


class ServerField(Struct, frozen=True):
    """The field of the API that stands for a column, and how its values are written."""

    path: str
    type: Type = "word"


SWEPT: Final = "swept"
"""The name that stands for whether a block is swept: it has no column, because the desk shows none."""
_ALIKE: Final[Mapping[str, ServerField]] = {
    "id": ServerField("id.code", "id"),
    "side": ServerField("side"),
    "instrument": ServerField("lusidInstrumentId", "instrument"),
    "type": ServerField("type"),
    "tif": ServerField("timeInForce"),
    "limit": ServerField("limitPrice.amount", "number"),
    "currency": ServerField("limitPrice.currency"),
}
FIELDS: Final[Mapping[EntityKind, Mapping[str, ServerField]]] = {
    EntityKind.BLOCKS: {
        **_ALIKE,
        "created": ServerField(DATES[EntityKind.BLOCKS], "time"),
        SWEPT: ServerField("isSwept", "flag"),
    },
    EntityKind.ORDERS: {
        **_ALIKE,
        "quantity": ServerField("quantity", "number"),
        "portfolio": ServerField("portfolioId", "portfolio"),
        "state": ServerField("state"),
        "date": ServerField(DATES[EntityKind.ORDERS], "time"),
    },
}
"""What can be asked of the server, by kind and column."""

_OPERATORS: Final = {"<": "lt", "<=": "lte", ">": "gt", ">=": "gte", "=": "eq", ":": "eq"}
_OPPOSITE: Final = {"lt": "gte", "lte": "gt", "gt": "lte", "gte": "lt", "eq": "neq"}
_OWN_GRAMMAR: Final = re.compile(
    r"(?i)\S\s+(eq|neq|lte?|gte?|startswith|(not\s+)?(in|exists)|any|all)\b(?![<>=:])"
)
"""A filter that holds a field and an operator of the API: it is written in its grammar."""
_LUID: Final = re.compile(r"(?i)(LUID|CCY)_\w+")


def server_filter(text: str, kind: EntityKind, desk: Snapshot, present: Present) -> str:
    """Return the filter of the API that stands for ``text``; empty for none. Times are those of ``present``.

    A word on its own is an instrument that the desk knows, else the beginning of an id.

    Raises:
        FilterError: a word cannot be asked of the server; the message says which, and what can.
    """
    if _OWN_GRAMMAR.search(text):
        return text.strip()
    return _Writer(kind, desk, present).write(text)


class _Writer:
    """Writes a filter of the desk in the grammar of the API, where ``or`` and ``not`` are too."""

    def __init__(self, kind: EntityKind, desk: Snapshot, present: Present) -> None:
        self._kind, self._desk, self._present = kind, desk, present

    def write(self, text: str) -> str:
        """Return a whole filter."""
        is_header = headers_of(tuple(columns_by_name(self._kind)))
        tree = parse(text, self._is_timed, self._present.is_time, is_header)
        return self._written(tree, negated=False)

    def _is_timed(self, name: str) -> bool:
        field = FIELDS[self._kind].get(_id_of(name, self._kind)) if name else None
        return not name or (field is not None and field.type == "time")

    def _written(self, node: Node, *, negated: bool) -> str:
        """Return a part; one of several terms stands in parentheses where it has to."""
        match node:
            case Negated(part):
                return self._written(part, negated=not negated)
            case Every(parts) | Either(parts):
                written = [self._written(part, negated=negated) for part in parts]
                if isinstance(node, Every) is not negated:
                    return " and ".join(written)
                return f"({' or '.join(written)})"
        return self._term(node, negated)

    def _term(self, term: Term, negated: bool) -> str:
        text, sign = term.text, term.sign
        if not term.column:
            if sign:
                return _when(DATES[self._kind], sign, text, negated, self._present)
            known = tuple(each.luid for each in self._desk.search_instruments(text))
            if known:
                return _any_of("lusidInstrumentId", known, negated)
            return _negated(f"id.code startswith {quoted(text)}", negated)
        if squeezed(term.column) == SCOPE:
            return _compared("id.scope", _OPERATORS[_equal(sign, "A scope")], quoted(text), negated)
        id = _column_of(term.column, self._kind)
        field = FIELDS[self._kind].get(id)
        if field is None:
            column = next(column for column in COLUMNS[self._kind] if column.id == id)
            said = f"{column.title} cannot be asked of the server; {_offered(self._kind)} can."
            raise FilterError(said)
        return self._test(field, _titled(self._kind, id), sign, text, negated)

    def _test(self, field: ServerField, title: str, sign: str, text: str, negated: bool) -> str:
        if field.type == "number":
            return _compared(field.path, _OPERATORS[sign], f"{_number(text, title):f}", negated)
        if field.type == "time":
            return _when(field.path, sign, text, negated, self._present)
        _equal(sign, title)
        if field.type == "id":
            if sign == "=":
                return _compared(field.path, "eq", quoted(text), negated)
            return _negated(f"{field.path} startswith {quoted(text)}", negated)
        if field.type == "flag":
            is_so = text.casefold() in ("yes", "true", "y", "1")
            return f"{field.path} eq {str(is_so is not negated).lower()}"
        if field.type == "portfolio":
            scope, slash, code = text.partition("/")
            if not slash:
                return _compared(f"{field.path}.code", "eq", quoted(text), negated)
            both = f"{field.path}.scope eq {quoted(scope)} and {field.path}.code eq {quoted(code)}"
            return _negated(both, negated)
        if field.type == "instrument":
            return _instrument(field.path, text, negated, self._desk)
        return _compared(field.path, "eq", quoted(_as_spelled(text, self._desk)), negated)


def _instrument(path: str, text: str, negated: bool, desk: Snapshot) -> str:
    """Return the test of an instrument: by LUID where that is known, else by ticker."""
    known = tuple(each.luid for each in desk.find_instruments(text))
    if not known and not _LUID.fullmatch(text):
        ticker = "instrumentIdentifiers['Instrument/default/Ticker']"
        return _compared(ticker, "eq", quoted(text), negated)
    return _any_of(path, known or (text,), negated)


def _as_spelled(text: str, desk: Snapshot) -> str:
    """Return a word of the desk as the server spells it: ``cover`` is CoverShort, ``gtc`` GoodTilCancel."""
    family = family_typed(text) or family_of(text)
    if family is not None:
        return family.spelt(desk.sides) or family.names[0]
    named = _NAMED.get(normalize(text))
    if named is None:
        named = "".join(part[:1].upper() + part[1:] for part in text.split()) if " " in text else text
    return spelt(named, (*desk.sides, *desk.order_types))


_NAMED: Final = {
    normalize(words): wire
    for table in (
        TYPES,
        TIMES_IN_FORCE,
        TIMES,
        {state.word: state.written[0] for state in STATES},
    )
    for words, wire in table.items()
}
"""The API's names of types, times in force and states, by what a desk calls them."""


def _when(path: str, sign: str, text: str, negated: bool, present: Present) -> str:
    """Return the test of a time; a day or a minute is the whole of it."""
    try:
        read = present.read(text)
    except ValueError as error:
        raise FilterError(str(error)) from None
    if sign in (":", "="):
        if read.is_moment:
            raise FilterError(f"'{text}' is a moment: write > before it for since then, < for before.")
        return _negated(f"{path} gte {_utc(read.begin)} and {path} lt {_utc(read.end)}", negated)
    begin, operator = read.begin, _OPERATORS[sign]
    if read.is_day and sign in (">", "<="):
        begin, operator = read.end, {"gt": "gte", "lte": "lt"}[operator]
    return _compared(path, operator, _utc(begin), negated)


def _utc(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S}Z"


def _number(text: str, title: str) -> Decimal:
    found = read_limit(text, title, ">")
    assert found is not None
    return found


def _equal(sign: str, what: str) -> str:
    if sign not in (":", "="):
        raise FilterError(f"{what} is compared with ':' or '=', not with '{sign}'.")
    return sign


def _any_of(path: str, values: Iterable[str], negated: bool) -> str:
    texts = [quoted(value) for value in values]
    if len(texts) == 1:
        return _compared(path, "eq", texts[0], negated)
    return f"{path} {'not in' if negated else 'in'} ({', '.join(texts)})"


def _compared(path: str, operator: str, value: str, negated: bool) -> str:
    return f"{path} {_OPPOSITE[operator] if negated else operator} {value}"


def _negated(test: str, negated: bool) -> str:
    return f"not ({test})" if negated else test


def _id_of(name: str, kind: EntityKind) -> str:
    """Return the id of the column that ``name`` names, by its id or its header; empty when none is."""
    known = next((id for id in FIELDS[kind] if squeezed(id) == squeezed(name)), "")
    column = None if known else find_column(name, columns_by_name(kind))
    return column.id if column is not None else known


def _column_of(name: str, kind: EntityKind) -> str:
    if found := _id_of(name, kind):
        return found
    others = [str(other) for other in FIELDS if other is not kind and _id_of(name, other) in FIELDS[other]]
    if others:
        raise FilterError(f"Only {others[0]} can be asked for by {name}; {kind.value} by {_offered(kind)}.")
    raise FilterError(f"There is no '{name}' here; {_offered(kind)} can be asked of the server.")


def _titled(kind: EntityKind, id: str) -> str:
    columns: Mapping[str, Column] = {column.id: column for column in COLUMNS[kind]}
    return columns[id].title if id in columns else id.capitalize()


def _offered(kind: EntityKind) -> str:
    return ", ".join((*FIELDS[kind], SCOPE))
