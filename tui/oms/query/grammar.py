"""Parse the filter language of contract section 4 into a syntax tree (F4, F5).

The grammar knows neither fields nor SQL.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Final

from msgspec import Struct

from tui.oms.domain.error_codes import UNPARSABLE_FILTER
from tui.oms.domain.refusals import Refusal
from tui.oms.domain.times import time_of
from tui.oms.query.nodes import (
    MAX_FILTER_LENGTH,
    BooleanOp,
    Comparison,
    Exists,
    FilterNode,
    ListCondition,
    Not,
    Operator,
    Value,
)

MAX_NESTING: Final = 32
"""Levels of parentheses and negations: the parser recurses once per level."""

_TOKEN: Final = re.compile(
    r"""\s*(?:
      (?P<text>'(?:[^']|'')*')
    | (?P<date>\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,7})?)?(?:Z|[+-]\d\d:\d\d)?)?(?![\w.]))
    | (?P<number>[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d{1,2})?(?![\w.]))
    | (?P<name>(?:~|[A-Za-z_])(?:[\w./:-]|\[(?:'[^']*'|[^\]']*)\])*)
    | (?P<mark>[(),])
    )""",
    re.VERBOSE,
)
_OPERATORS: Final = frozenset({"eq", "neq", "lt", "lte", "gt", "gte", "startswith"})
_KEYWORDS: Final = _OPERATORS | {"and", "or", "not", "in", "exists", "any", "all"}


class _Token(Struct, frozen=True):
    """One token: ``at`` is its position in the filter."""

    kind: str
    text: str
    at: int


def parse_error(detail: str) -> Refusal:
    """Return the refusal of a filter that cannot be parsed (F4)."""
    return Refusal("QueryParserFailure", detail, rule="F4", code=UNPARSABLE_FILTER)


def parse_filter(filter: str, longest: int = MAX_FILTER_LENGTH) -> FilterNode | None:
    """Parse ``filter``, of at most ``longest`` characters; None when it is empty.

    Raises:
        Refusal: it is too long, or cannot be parsed (F4); the detail names the position.
    """
    if len(filter) > longest:
        detail = f"The filter is longer than {longest} characters."
        raise Refusal("InvalidParameterValue", detail, errors={"filter": (detail,)})
    tokens = _tokens(filter)
    if not tokens:
        return None
    return _FilterParser(tokens, len(filter)).parse()


def _tokens(filter: str) -> list[_Token]:
    tokens, place, end = [], 0, len(filter.rstrip())
    while place < end:
        match = _TOKEN.match(filter, place)
        if match is None or match.lastgroup is None:
            rest = filter[place:end].lstrip()
            start = end - len(rest)
            if rest.startswith("'"):
                raise parse_error(f"The text that begins at position {start} has no closing quote.")
            raise parse_error(f"Unexpected token '{rest.split()[0][:40]}' at position {start}.")
        kind = match.lastgroup
        tokens.append(_Token(kind, match[kind], match.start(kind)))
        place = match.end()
    return tokens


class _FilterParser:
    """A recursive descent parser; ``and`` binds tighter than ``or``."""

    def __init__(self, tokens: list[_Token], end: int) -> None:
        self._tokens = tokens
        self._place = 0
        self._end = end
        self._depth = 0

    def parse(self) -> FilterNode:
        """Return the tree of the whole filter.

        Raises:
            Refusal: it is no filter, or goes on after its end.
        """
        node = self._or()
        if self._place < len(self._tokens):
            raise self._unexpected()
        return node

    def _peek(self, ahead: int = 0) -> _Token:
        place = self._place + ahead
        return self._tokens[place] if place < len(self._tokens) else _Token("end", "", self._end)

    def _at_word(self, *words: str, ahead: int = 0) -> bool:
        token = self._peek(ahead)
        return token.kind == "name" and token.text.lower() in words

    def _skip_mark(self, mark: str) -> bool:
        token = self._peek()
        if token.kind == "mark" and token.text == mark:
            self._place += 1
            return True
        return False

    def _next(self) -> _Token:
        token = self._peek()
        self._place += 1
        return token

    def _expect(self, mark: str) -> None:
        if not self._skip_mark(mark):
            raise self._unexpected(f"expected '{mark}'")

    def _unexpected(self, wanted: str = "") -> Refusal:
        token = self._peek()
        tail = f", {wanted}" if wanted else ""
        if token.kind == "end":
            return parse_error(f"The filter ends too early at position {token.at}{tail}.")
        return parse_error(f"Unexpected token '{token.text[:40]}' at position {token.at}{tail}.")

    def _or(self) -> FilterNode:
        return self._operands("or", self._and)

    def _and(self) -> FilterNode:
        return self._operands("and", self._unary)

    def _operands(self, word: str, part: Callable[[], FilterNode]) -> FilterNode:
        parts = [part()]
        while self._at_word(word):
            self._place += 1
            parts.append(part())
        return parts[0] if len(parts) == 1 else BooleanOp(tuple(parts), is_or=word == "or")

    def _unary(self) -> FilterNode:
        self._depth += 1
        if self._depth > MAX_NESTING:
            raise parse_error(f"The filter is nested more than {MAX_NESTING} deep.")
        try:
            if self._at_word("not"):
                self._place += 1
                return Not(self._unary())
            if self._skip_mark("("):
                node = self._or()
                self._expect(")")
                return node
            return self._condition()
        finally:
            self._depth -= 1

    def _condition(self) -> FilterNode:
        field = self._field()
        negative = self._at_word("not")
        if negative:
            self._place += 1
        if self._at_word("exists"):
            self._place += 1
            return Exists(field.text, not negative, field.at)
        if negative and not self._at_word("in"):
            raise self._unexpected("expected 'in' or 'exists'")
        if self._at_word("any", "all"):
            every = self._next().text.lower() == "all"
            self._expect("(")
            each = self._field(item=True)
            test = self._comparison(_Token("name", each.text[1:].removeprefix("."), each.at))
            self._expect(")")
            return ListCondition(field.text, every, test, field.at)
        return self._comparison(field, negative=negative)

    def _field(self, *, item: bool = False) -> _Token:
        token = self._peek()
        if token.kind != "name" or token.text.lower() in _KEYWORDS or token.text.startswith("~") is not item:
            raise self._unexpected("expected '~'" if item else "expected a field")
        return self._next()

    def _comparison(self, field: _Token, *, negative: bool = False) -> Comparison:
        if self._at_word("in"):
            self._place += 1
            return Comparison(field.text, "not in" if negative else "in", self._list(), field.at)
        if not self._at_word(*_OPERATORS):
            raise self._unexpected()
        op: Operator = self._next().text.lower()  # type: ignore[assignment]
        return Comparison(field.text, op, (self._value(),), field.at)

    def _list(self) -> tuple[Value, ...]:
        closed = self._skip_mark("(")
        values = [self._value()]
        while self._skip_mark(","):
            values.append(self._value())
        if closed:
            self._expect(")")
        return tuple(values)

    def _value(self) -> Value:
        token = self._peek()
        value: Value | None = None
        if token.kind == "text":
            value = token.text[1:-1].replace("''", "'")
        elif token.kind == "number":
            value = Decimal(token.text)
        elif token.kind == "date":
            value = time_of(token.text)
        elif self._at_word("true", "false"):
            value = token.text.lower() == "true"
        if value is None:
            raise self._unexpected("expected a value")
        self._place += 1
        return value
