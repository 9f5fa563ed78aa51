"""Reads an order line word by word; every error is a sentence that points at its word."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_FLOOR, Decimal
from typing import Final

from tui.api.base import ZERO, ResourceId
from tui.api.currencies import minor_units
from tui.api.side_families import family_typed
from tui.service.id_lookup import IdLookup
from tui.service.numbers import parse_money, parse_price, parse_quantity, size_text
from tui.service.orderline.order_line import TIMES, LineError, OrderLine, Parsed, PortfolioShare

_HUNDRED: Final = Decimal(100)
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
class _Share:
    word: _Word
    portfolio: ResourceId | None = None
    size: Decimal | None = None
    percent: Decimal | None = None
    size_word: _Word | None = None


def _parts(parser: _OrderLineParser, size: Decimal | None, money: str) -> tuple[PortfolioShare, ...]:
    shares = _shares(parser, money)
    if not shares:
        parser.wrong("Say for which portfolio, like @UKEQ-GROW.")
        return ()
    named = [share.portfolio for share in shares if share.portfolio is not None]
    for share in shares:
        if share.portfolio is not None and named.count(share.portfolio) > 1:
            parser.wrong(f"{share.word.text} is named more than once.", share.word)
            return ()
    if size is None or parser.errors:
        return ()
    open_shares = [share for share in shares if share.size is None and share.percent is None]
    if len(open_shares) > 1:
        parser.wrong(f"Give {open_shares[1].word.text} a size or a share in %.", open_shares[1].word)
        return ()
    return _split(parser, shares, size, money)


def _shares(parser: _OrderLineParser, money: str) -> list[_Share]:
    shares: list[_Share] = []
    while (word := parser.next()) is not None:
        if word.text.startswith("@"):
            shares.append(_Share(word, _portfolio(parser, word)))
        elif shares and shares[-1].size_word is None:
            shares[-1].size_word = word
            _read_share(parser, shares[-1], word, money)
        else:
            expected = "mkt, lmt, stp, day, gtc, ioc, fok, gtd or @PORTFOLIO" if not shares else "@PORTFOLIO"
            parser.wrong(f"'{word.text}' is not understood here; write {expected}.", word)
            return shares
    return shares


def _portfolio(parser: _OrderLineParser, word: _Word) -> ResourceId | None:
    if len(word.text) == 1:
        parser.wrong("Write the portfolio right after '@'.", word)
        return None
    try:
        return parser.portfolios.read(word.text[1:])
    except ValueError as error:
        parser.wrong(str(error), word)
        return None


def _read_share(parser: _OrderLineParser, share: _Share, word: _Word, money: str) -> None:
    try:
        if word.text.endswith("%"):
            share.percent = parse_quantity(word.text[:-1])
            if share.percent > _HUNDRED:
                parser.wrong(f"{word.text} is more than the whole.", word)
        else:
            share.size = parse_money(word.text, money) if money else parse_quantity(word.text)
    except ValueError as error:
        parser.wrong(str(error), word)


def _split(
    parser: _OrderLineParser, shares: list[_Share], size: Decimal, money: str
) -> tuple[PortfolioShare, ...]:
    """Split ``size``: sizes as they are, percentages of the whole, the open share gets the rest."""
    sizes = _percent_sizes(shares, size, money)
    sizes.update({index: share.size for index, share in enumerate(shares) if share.size is not None})
    given = sum(sizes.values(), ZERO)
    rest = size - given
    open_index = next((index for index in range(len(shares)) if index not in sizes), None)
    if open_index is not None:
        sizes[open_index] = rest
    elif rest:
        last = shares[-1]
        said = "The portfolios add up to" if len(shares) > 1 else "The portfolio takes"
        few, many = ("little", "much") if money else ("few", "many")
        missing = f"{size_text(abs(rest), money)} too {few if rest > 0 else many}"
        parser.wrong(
            f"{said} {size_text(given, money)} of {size_text(size, money)}: {missing}.",
            last.size_word or last.word,
        )
        return ()
    for index, share in enumerate(shares):
        if sizes[index] <= 0:
            parser.wrong(f"Nothing is left for {share.word.text}.", share.word)
            return ()
    return tuple(PortfolioShare(share.portfolio, sizes[index]) for index, share in enumerate(shares))


def _percent_sizes(shares: list[_Share], size: Decimal, money: str) -> dict[int, Decimal]:
    """Return the sizes of the percentages: whole units where the size is whole, odd units in order.

    Money is split to the decimals of its currency. Percentages that add up to 100 give every unit away.
    """
    asked = {index: share.percent for index, share in enumerate(shares) if share.percent is not None}
    if not asked:
        return {}
    places = minor_units(money) if money else 0 if size == size.to_integral_value() else None
    step = Decimal(1).scaleb(-(6 if places is None else places))
    exact = {index: size * percent / _HUNDRED for index, percent in asked.items()}
    sizes = {index: value.quantize(step, ROUND_FLOOR) for index, value in exact.items()}
    left = sum(exact.values(), ZERO).quantize(step, ROUND_FLOOR) - sum(sizes.values(), ZERO)
    by_part = sorted(sizes, key=lambda index: (sizes[index] - exact[index], index))
    for index in by_part:
        if left <= 0:
            break
        sizes[index] += min(step, left)
        left -= step
    return sizes
