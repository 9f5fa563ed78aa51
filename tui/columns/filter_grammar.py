"""The grammar of filters: what is typed after the slash, as a tree of terms. It knows no column and no row.

A filter is words that must all match; ``or`` stands between alternatives and binds less, parentheses group,
``!`` or ``not`` turns a word or a group round. A word is a text to look for, or a column, a sign and a value.
Quotation marks keep blanks and signs together; the header of a column needs none for its blanks.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Final, TypeAlias

from msgspec import Struct

EXAMPLES: Final = (
    (
        "vod",
        "rows with this in a text, an identifier or a name; letter case, width and accents do not matter",
    ),
    ("side:buy vod", "both"),
    ("side:buy or side:cover", "either; binds less than a blank"),
    ("(vod or azn) !state:filled", "parentheses group; ! or not before a word or a group turns it round"),
    ('state:"partly filled"', "quotation marks keep blanks, signs and 'or' together"),
    ("side=sell", "the whole text, where : looks for a part of it"),
    ("state:partlyfilled", "states, sides and terms by the desk's words or the server's, in any spelling"),
    ("last activity>09:30", "a column by its header, with blanks or without: lastactivity>09:30"),
    ("ordered>=50k", "numbers: < <= > >= =, as sizes are typed"),
    ("created:today", "times: a day, a minute or a second that is typed is the whole of it"),
    ("created>yesterday 16:00", "since then, in the zone shown"),
    (">2m ago", "without a column: by when a row was last active, or made; 2m ago moves with the clock"),
    ("limit:none", "rows without a value"),
    ("scope:demo", "rows of a scope, and those for its portfolios"),
)
"""The grammar by examples of the blocks' filter, each with what it finds."""

SCOPE: Final = "scope"
"""The name that stands for the scope of a row, and of the portfolios it is for."""
_OR, _AND, _NOT = "or", "and", "not"
_TERM: Final = re.compile(
    r'(?:(?P<column>[^\W\d_][^\s"<>=:!()]*|"[^"]*")?(?P<sign><=|>=|<|>|=|:))?(?P<text>.*)', re.DOTALL
)
_NAME: Final = re.compile(r'([^\s"<>=:!()]+)[<>=:]')
_ANY_SIGN: Final = re.compile(r'["<>=:!()]')
MOST_WORDS: Final = 8
"""The words of the longest header that is looked for before a sign."""
LONGEST_TIME: Final = 5
"""The words that a time is typed in, at most: ``19 Nov 2026 09:30 +02:00``."""


class FilterError(ValueError):
    """A filter that cannot be understood; the message says which word and what would do."""


class Term(Struct, frozen=True):
    """One word of a filter: ``column``, ``sign`` and ``text`` without quotation marks; ``word`` as typed.

    Without a column the sign is empty, unless a time is compared with the newest of a row.
    """

    word: str
    column: str
    sign: str
    text: str


class Negated(Struct, frozen=True):
    """What its part does not let through."""

    part: Node


class Every(Struct, frozen=True):
    """What all its parts let through."""

    parts: tuple[Node, ...]


class Either(Struct, frozen=True):
    """What one of its parts or more let through."""

    parts: tuple[Node, ...]


Node: TypeAlias = Term | Negated | Every | Either


IsHeader: TypeAlias = Callable[[Sequence[str]], bool]
"""Whether words before a sign are the header of a column."""


class Token(Struct, frozen=True):
    """A word, or one of ``(``, ``)`` and ``!``, and where it begins in the text.

    ``header`` is the part before its sign where that is a header as it is shown, blanks and all.
    """

    text: str
    at: int
    is_sign: bool = False
    header: str = ""

    @property
    def end(self) -> int:
        """Where it ends in the text."""
        return self.at + len(self.text)

    @property
    def is_plain(self) -> bool:
        """Whether it is a word without signs and quotation marks."""
        return _ANY_SIGN.search(self.text) is None

    @property
    def parts(self) -> tuple[str, str, str]:
        """The column, the sign and the text of a word; the first two are empty where it has none."""
        match = _TERM.fullmatch(self.text[len(self.header) :])
        assert match is not None
        column = " ".join(self.header.split()) or unquoted(match["column"] or "")
        return column, match["sign"] or "", match["text"]

    @property
    def keyword(self) -> str:
        """The word in small letters if it is one of the grammar's own, else an empty text."""
        word = self.text.lower()
        return word if self.is_sign or word in (_OR, _AND, _NOT) else ""


def tokens(text: str, is_header: IsHeader) -> list[Token]:
    """Return the words and signs of a filter; the longest header before a sign is one word with it."""
    found: list[Token] = []
    for token in _apart(text):
        named = None if token.is_sign else _NAME.match(token.text)
        if named is not None:
            first = _first_of_header(found, named[1], is_header)
            if first is not None:
                at = found[first].at if first < len(found) else token.at
                header = text[at : token.at + len(named[1])]
                del found[first:]
                token = Token(text[at : token.end], at, header=header)
        found.append(token)
    return found


def _first_of_header(before: Sequence[Token], name: str, is_header: IsHeader) -> int | None:
    """Return the place of the word of ``before`` with which a header begins that ends in ``name``.

    That is the place behind them all for ``name`` itself, where it is a header that does not begin as the
    names of columns do: ``%done``. None where ``name`` ends no header.
    """
    words, places = [name], []
    if not name[0].isalnum() and is_header(words):
        places.append(len(before))
    for place in range(len(before) - 1, max(-1, len(before) - MOST_WORDS), -1):
        if not before[place].is_plain:
            break
        words.insert(0, before[place].text)
        if not before[place].keyword and is_header(words):
            places.append(place)
    return min(places, default=None)


def _apart(text: str) -> Iterator[Token]:
    """Yield the words and signs between blanks. A quotation mark that is still open reaches the end."""
    at, depth, end = 0, 0, len(text)
    while at < end:
        char = text[at]
        if char.isspace():
            at += 1
        elif char in "(!" or (char == ")" and depth):
            depth += {"(": 1, ")": -1}.get(char, 0)
            yield Token(char, at, is_sign=True)
            at += 1
        else:
            start = at
            while at < end and not text[at].isspace() and not (text[at] == ")" and depth):
                at = _closing(text, at) if text[at] == '"' else at + 1
            yield Token(text[start:at], start)


def _closing(text: str, at: int) -> int:
    """Return where the quotation that begins at ``at`` ends, behind its mark."""
    found = text.find('"', at + 1)
    return len(text) if found < 0 else found + 1


def parse(
    text: str, is_timed: Callable[[str], bool], is_time: Callable[[str], bool], is_header: IsHeader
) -> Node:
    """Return the tree of a filter; that of an empty one has no parts.

    The value of a column that ``is_timed`` (without a name: of a row) goes on over blanks where that
    ``is_time``.

    Raises:
        FilterError: a word says nothing, or something stands in the wrong place.
    """
    parser = _Parser(tokens(text, is_header), is_timed, is_time)
    return parser.alternatives()


def complete_part(text: str, is_header: IsHeader) -> str:
    """Return a filter that is still being typed without what is unfinished at its end.

    >>> [complete_part(text, lambda words: False) for text in ("vod side:", "side:buy or (", "vod")]
    ['vod', 'side:buy', 'vod']
    """
    found = tokens(text, is_header)
    while found and (found[-1].keyword in ("(", "!", _OR, _AND, _NOT) or _is_begun(found[-1])):
        found.pop()
    return text[: found[-1].end] if found else ""


def _is_begun(token: Token) -> bool:
    """Return whether a word has a column and a sign, and nothing behind it yet."""
    _, sign, text = token.parts
    return bool(sign) and not text.strip('"')


def name_typed(name: str, is_header: IsHeader) -> str:
    """Return the name of a column as it is typed before a sign: in quotation marks where it is read else.

    >>> name_typed("Sell % of day", lambda words: words == ["Sell", "%", "of", "day"])
    'Sell % of day'
    >>> name_typed("Value (net)", lambda words: True)
    '"Value (net)"'
    """
    read = [token.parts for token in tokens(f"{name}:x", is_header)]
    return name if read == [(name, ":", "x")] else f'"{unquoted(name)}"'


def unquoted(text: str) -> str:
    """Return ``text`` without quotation marks."""
    return text.replace('"', "")


def quoted_if_needed(text: str) -> str:
    """Return ``text`` as it is typed: in quotation marks where a blank or a sign would end or change it.

    >>> quoted_if_needed("partly filled"), quoted_if_needed("VOD"), quoted_if_needed("or")
    ('"partly filled"', 'VOD', '"or"')
    """
    bare = unquoted(text)
    plain = bool(bare) and not re.search(r"[\s<>=:!()]", bare) and bare.lower() not in (_OR, _AND, _NOT)
    return bare if plain else f'"{bare}"'


class _Parser:
    """A recursive descent over the words of a filter."""

    def __init__(
        self, found: Sequence[Token], is_timed: Callable[[str], bool], is_time: Callable[[str], bool]
    ) -> None:
        self._tokens = found
        self._at = 0
        self._is_timed, self._is_time = is_timed, is_time

    @property
    def _next(self) -> Token | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def _takes(self, keyword: str) -> bool:
        token = self._next
        if token is None or token.keyword != keyword:
            return False
        self._at += 1
        return True

    def alternatives(self) -> Node:
        parts = [self._all()]
        while self._takes(_OR):
            parts.append(self._all())
        if len(parts) == 1:
            return parts[0]
        if any(part == Every(()) for part in parts):
            raise FilterError("'or' stands between two words; to look for the word, write it in quotes.")
        return Either(tuple(parts))

    def _all(self) -> Node:
        parts: list[Node] = []
        while (token := self._next) is not None and token.keyword not in (_OR, ")"):
            if self._takes(_AND):
                continue
            parts.append(self._factor())
        return parts[0] if len(parts) == 1 else Every(tuple(parts))

    def _factor(self) -> Node:
        token = self._next
        if token is None or token.keyword in (_OR, _AND, ")"):
            raise FilterError(
                "'!' says nothing to look for."
                if token is None
                else f"A word is missing before '{token.text}'."
            )
        self._at += 1
        if token.keyword in ("!", _NOT):
            return Negated(self._factor())
        if token.keyword == "(":
            inside = self.alternatives()
            self._takes(")")
            if inside == Every(()):
                raise FilterError("'()' says nothing to look for.")
            return inside
        return self._term(token)

    def _term(self, token: Token) -> Term:
        word, (column, sign, text) = token.text, token.parts
        if sign and self._is_timed(column) and not text.startswith('"'):
            text, word = self._time(text, word)
        said = unquoted(text)
        if not said:
            raise FilterError(f"'{word}' says nothing to look for.")
        return Term(word, column, sign, said)

    def _time(self, text: str, word: str) -> tuple[str, str]:
        """Take the words that go on with a time: as many as make one."""
        following: list[str] = []
        for token in self._tokens[self._at : self._at + LONGEST_TIME]:
            if token.is_sign:
                break
            following.append(token.text)
        for count in range(len(following), 0, -1):
            whole = " ".join((text, *following[:count])).strip()
            if self._is_time(whole):
                self._at += count
                return whole, f"{word} {' '.join(following[:count])}"
        return text, word
