"""Reads an order line word by word; every error is a sentence that points at its word."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Final

from tui.api.base import ResourceId
from tui.api.currencies import minor_units
from tui.api.side_families import family_typed
from tui.service.id_lookup import IdLookup
from tui.service.numbers import parse_money, parse_price, parse_quantity
from tui.service.orderline.order_line import TIMES, LineError, OrderLine, Parsed, PortfolioShare
from tui.service.shares import REST, Share, SplitError, parse_share, split

_TYPES: Final = ("mkt", "lmt", "stp")


@dataclass(slots=True)
class _Word:
    text: str
    start: int

    @property
    def end(self) -> int:
        return self.start + len(self.text)


@dataclass(slots=True)
class _OrderLineParser:
    text: str
    portfolios: IdLookup
    check: Callable[[str], str | None] | None
    today: Callable[[str], date]
    side: Callable[[str], str | None]
    words: list[_Word]
    at: int = 0
    errors: list[LineError] = field(default_factory=list)

    def next(self) -> _Word | None:
        """Take the next word, or None at the end."""
        if self.at >= len(self.words):
            return None
        self.at += 1
        return self.words[self.at - 1]

    def peek(self, ahead: int = 0) -> str:
        """Return the next word, or one ``ahead`` of it, without taking it; empty at the end."""
        at = self.at + ahead
        return self.words[at].text if at < len(self.words) else ""

    def wrong(self, text: str, word: _Word | None = None) -> None:
        """Add an error at ``word``, or at the end of the text when something is missing there."""
        end = len(self.text.rstrip())
        self.errors.append(LineError(text, word.start, word.end) if word else LineError(text, end, end + 1))


def built_in_side(word: str) -> str | None:
    """Return the built-in side that a word stands for, None for none."""
    family = family_typed(word)
    return family.names[0] if family else None


def parse_order_line(
    text: str,
    *,
    portfolios: IdLookup,
    today: Callable[[str], date],
    check: Callable[[str], str | None] | None = None,
    side: Callable[[str], str | None] = built_in_side,
) -> Parsed:
    """Read an order line.

    Args:
        text: what was typed, complete or not.
        portfolios: finds the portfolio that ``@CODE`` or ``@SCOPE/CODE`` names.
        today: returns the trading day of the market of a ticker: the first day a ``gtd`` date may name.
        check: returns why a name names no instrument, as a sentence; without it every name is accepted.
        side: returns the side that a word stands for, as the server spells it.
    """
    words = [_Word(found.group(), found.start()) for found in re.finditer(r"\S+", text)]
    parser = _OrderLineParser(text, portfolios, check, today, side, words)
    named = _side(parser)
    size, money = _size(parser)
    ticker = _ticker(parser)
    kind, limit, stop = _type(parser)
    force, till = _time(parser, ticker)
    parts = _parts(parser, size, money)
    if parser.errors or size is None:
        return Parsed(None, tuple(parser.errors))
    return Parsed(OrderLine(named, size, ticker, kind, limit, stop, force, till, parts, money))


def _side(parser: _OrderLineParser) -> str:
    word = parser.next()
    if word is None:
        parser.wrong("Begin with the side: b, s, ss or bc.")
        return ""
    found = parser.side(word.text)
    if found is None:
        parser.wrong(f"'{word.text}' is not a side: b buys, s sells, ss sells short, bc buys to cover.", word)
        return ""
    return found


def _size(parser: _OrderLineParser) -> tuple[Decimal | None, str]:
    """Read units, or money with its currency behind it; the currency is empty for units."""
    word = parser.next()
    if word is None:
        parser.wrong("Say how many, like 1,000 or 50k, or for how much, like 50k GBP.")
        return None, ""
    money = _currency(parser)
    try:
        return (parse_money(word.text, money) if money else parse_quantity(word.text)), money
    except ValueError as error:
        parser.wrong(str(error), word)
        return None, money


def _currency(parser: _OrderLineParser) -> str:
    """Take the currency before a ticker: a code of ISO 4217 with no ticker behind it is a ticker itself."""
    code, behind = parser.peek(), parser.peek(1)
    is_ticker = behind and not behind.startswith("@") and behind.lower() not in (*_TYPES, *TIMES)
    if minor_units(code) is None or not is_ticker:
        return ""
    parser.next()
    return code.upper()


def _ticker(parser: _OrderLineParser) -> str:
    word = parser.next()
    if word is None:
        parser.wrong("Say what, by its ticker.")
        return ""
    if word.text.startswith("@"):
        parser.wrong("Say what, by its ticker, before the portfolios.", word)
        parser.at -= 1
        return ""
    problem = parser.check(word.text) if parser.check is not None else None
    if problem:
        parser.wrong(problem, word)
    return word.text.upper()


def _type(parser: _OrderLineParser) -> tuple[str, Decimal | None, Decimal | None]:
    kind = parser.peek().lower()
    if kind == "mkt":
        parser.next()
        return "Market", None, None
    if kind not in _TYPES:
        return "Market", None, None
    parser.next()
    name = "Limit" if kind == "lmt" else "Stop"
    word = parser.next()
    if word is None:
        parser.wrong(f"Say the {name.lower()} price after '{kind}'.")
        return name, None, None
    try:
        price = parse_price(word.text)
    except ValueError as error:
        parser.wrong(str(error), word)
        return name, None, None
    return (name, price, None) if kind == "lmt" else (name, None, price)


def _time(parser: _OrderLineParser, ticker: str) -> tuple[str, date | None]:
    force = parser.peek().lower()
    if force not in TIMES:
        return "Day", None
    parser.next()
    if force != "gtd":
        return TIMES[force], None
    word = parser.next()
    if word is None:
        parser.wrong("Say the date after 'gtd', like 2026-11-30.")
        return TIMES[force], None
    try:
        till = date.fromisoformat(word.text)
    except ValueError:
        parser.wrong(f"'{word.text}' is not a date: write it like 2026-11-30.", word)
        return TIMES[force], None
    today = parser.today(ticker)
    if till < today:
        parser.wrong(f"{word.text} is in the past: in its market it is {today:%a %d %b %Y}.", word)
    return TIMES[force], till


@dataclass(slots=True)
class _Portion:
    """A portfolio as it was typed, with what it gets."""

    word: _Word
    portfolio: ResourceId | None = None
    share: Share = REST
    share_word: _Word | None = None


def _parts(parser: _OrderLineParser, size: Decimal | None, money: str) -> tuple[PortfolioShare, ...]:
    portions = _portions(parser, money)
    if not portions:
        parser.wrong("Say for which portfolio, like @UKEQ-GROW.")
        return ()
    named = [portion.portfolio for portion in portions if portion.portfolio is not None]
    for portion in portions:
        if portion.portfolio is not None and named.count(portion.portfolio) > 1:
            parser.wrong(f"{portion.word.text} is named more than once.", portion.word)
            return ()
    if size is None or parser.errors:
        return ()
    names = [portion.word.text for portion in portions]
    try:
        sizes = split(size, [portion.share for portion in portions], names, "portfolio", money)
    except SplitError as error:
        at = portions[error.at]
        parser.wrong(str(error), (at.share_word if error.rest is not None else None) or at.word)
        return ()
    return tuple(
        PortfolioShare(portion.portfolio, size) for portion, size in zip(portions, sizes, strict=True)
    )


def _portions(parser: _OrderLineParser, money: str) -> list[_Portion]:
    portions: list[_Portion] = []
    while (word := parser.next()) is not None:
        if word.text.startswith("@"):
            portions.append(_Portion(word, _portfolio(parser, word)))
        elif portions and portions[-1].share_word is None:
            portions[-1].share_word = word
            try:
                portions[-1].share = parse_share(word.text, money)
            except ValueError as error:
                parser.wrong(str(error), word)
        else:
            expected = (
                "mkt, lmt, stp, day, gtc, ioc, fok, gtd or @PORTFOLIO" if not portions else "@PORTFOLIO"
            )
            parser.wrong(f"'{word.text}' is not understood here; write {expected}.", word)
            return portions
    return portions


def _portfolio(parser: _OrderLineParser, word: _Word) -> ResourceId | None:
    if len(word.text) == 1:
        parser.wrong("Write the portfolio right after '@'.", word)
        return None
    try:
        return parser.portfolios.read(word.text[1:])
    except ValueError as error:
        parser.wrong(str(error), word)
        return None
