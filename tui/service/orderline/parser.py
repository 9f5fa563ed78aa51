"""Reads an order line word by word; every error is a sentence that points at its word."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Final, Literal

from tui.api.base import ZERO, ResourceId
from tui.api.currencies import HUNDREDTHS, minor_units
from tui.api.side_families import family_typed
from tui.service.id_lookup import IdLookup
from tui.service.numbers import TypedPrice, parse_money, parse_quantity, parse_quoted
from tui.service.orderline.order_line import TIMES, LineError, OrderLine, Parsed, PortfolioShare
from tui.service.shares import REST, Share, SplitError, parse_share, split

MARKET_WORDS: Final = ("mkt", "market")
PRICE_WORDS: Final = {"lmt": "limit", "limit": "limit", "stp": "stop", "stop": "stop"}
"""The words before a price, and which one it is."""
_TYPES: Final = ("at", *MARKET_WORDS, *PRICE_WORDS)
_WORD: Final = r"(?!,(?:\s|$))\S+?(?=,?(?:\s|$))"
_LONGEST_SIDE: Final = 3
"""The words of the longest side: buy to cover."""
Hope = Literal["side", "instrument", "type", "time", "portfolio"]
"""What may stand next in a line."""


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
    hopes: set[Hope] = field(default_factory=set)
    """What may stand behind the last word."""

    def hope(self, what: Hope) -> None:
        """Note what may stand next, if nothing does."""
        if self.at >= len(self.words):
            self.hopes.add(what)

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
    parser = _OrderLineParser(text, portfolios, check, today, side, _words(text))
    named = _side(parser)
    size, money = _size(parser)
    ticker = _ticker(parser)
    kind, prices = _type(parser)
    force, till = _time(parser, ticker)
    parts, money = _parts(parser, size, money)
    hopes = frozenset(parser.hopes)
    if parser.errors:
        return Parsed(None, tuple(parser.errors), hopes)
    line = OrderLine(
        side=named,
        size=sum((part.size for part in parts), ZERO),
        ticker=ticker,
        type=kind,
        limit=prices["limit"].value if "limit" in prices else None,
        stop=prices["stop"].value if "stop" in prices else None,
        time_in_force=force,
        good_till=till,
        parts=parts,
        money=money,
        currency=one_currency(prices.values()),
    )
    return Parsed(line, hopes=hopes)


def parse_portfolios(text: str, portfolios: IdLookup) -> tuple[tuple[PortfolioShare, ...], str]:
    """Read the part of an order line that says for whom: ``[SIZE [CURRENCY]] @PORTFOLIO [SIZE|PCT] ...``.

    Returns the shares and the currency of their sizes, empty for units.

    Raises:
        ValueError: with a sentence for the person who typed it.
    """
    words = _words(text)
    parser = _OrderLineParser(text, portfolios, None, lambda ticker: date.min, built_in_side, words)
    size, money = (None, "") if parser.peek().startswith("@") else _size(parser, alone=True)
    parts, money = _parts(parser, size, money)
    if parser.errors:
        raise ValueError(parser.errors[0].text)
    return parts, money


def _words(text: str) -> list[_Word]:
    """Return the words of a text; a comma behind one only separates it from the next."""
    return [_Word(found.group(), found.start()) for found in re.finditer(_WORD, text)]


def _side(parser: _OrderLineParser) -> str:
    parser.hope("side")
    for count in range(_LONGEST_SIDE, 0, -1):
        words = [parser.peek(ahead) for ahead in range(count)]
        found = parser.side(" ".join(words)) if all(words) else None
        if found is not None:
            parser.at += count
            return found
    word = parser.next()
    if word is None:
        parser.wrong("Begin with the side: buy, sell, sell short or buy to cover; b, s, ss or bc.")
    else:
        parser.wrong(f"'{word.text}' is not a side: b buys, s sells, ss sells short, bc buys to cover.", word)
    return ""


def _size(parser: _OrderLineParser, *, alone: bool = False) -> tuple[Decimal | None, str]:
    """Read units, or money with its currency behind it; the currency is empty for units.

    There is none where the portfolios have sizes of their own: a ticker and what follows one come next then.
    Standing ``alone`` it has no ticker behind it.
    """
    if not alone and _is_size_left_out(parser):
        return None, ""
    word = parser.next()
    if word is None:
        parser.wrong("Say how many, like 1,000 or 50k, or for how much, like 50k GBP.")
        return None, ""
    if word.text.endswith("%"):
        said = (
            f"{word.text} of what? Begin with the whole, like 50k, and write {word.text} behind a portfolio."
        )
        parser.wrong(said, word)
        return None, ""
    money = _currency(parser, alone=alone)
    try:
        return (parse_money(word.text, money) if money else parse_quantity(word.text)), money
    except ValueError as error:
        parser.wrong(str(error), word)
        return None, money


def _is_size_left_out(parser: _OrderLineParser) -> bool:
    word, behind = parser.peek(), parser.peek(1)
    return word[:1].isalpha() and _follows_ticker(behind)


def _follows_ticker(word: str) -> bool:
    return word.startswith("@") or word.lower() in (*_TYPES, *TIMES)


def _currency(parser: _OrderLineParser, *, alone: bool = False) -> str:
    """Take the currency before a ticker: a code of ISO 4217 with no ticker behind it is a ticker itself."""
    code, behind = parser.peek(), parser.peek(1)
    is_currency = alone or (behind and not _follows_ticker(behind))
    if minor_units(code) is None or not is_currency:
        return ""
    parser.next()
    return code.upper()


def _ticker(parser: _OrderLineParser) -> str:
    parser.hope("instrument")
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


def _type(parser: _OrderLineParser) -> tuple[str, dict[str, TypedPrice]]:
    """Read the type and its prices, in either order for a stop limit; nothing is at market."""
    parser.hope("type")
    if parser.peek().lower() == "at" and parser.peek(1).lower() in MARKET_WORDS:
        parser.next()
    if parser.peek().lower() in MARKET_WORDS:
        parser.next()
        return "Market", {}
    prices: dict[str, TypedPrice] = {}
    while (name := PRICE_WORDS.get(parser.peek().lower(), "")) and name not in prices:
        prices[name] = _price(parser, name)
        try:
            one_currency(prices.values())
        except ValueError as error:
            parser.wrong(str(error), parser.words[parser.at - 1])
        parser.hope("type")
    kind = {("limit",): "Limit", ("stop",): "Stop", ("limit", "stop"): "StopLimit"}
    return kind.get(tuple(sorted(prices)), "Market"), prices


def one_currency(prices: Iterable[TypedPrice]) -> str:
    """Return the currency that stands behind prices of an order, empty where none does.

    Raises:
        ValueError: it is not one; with a sentence for the person who typed it.
    """
    named = list(dict.fromkeys(price.currency for price in prices if price.currency))
    if len(named) > 1:
        raise ValueError(f"The limit and the stop are in one currency, not in {' and in '.join(named)}.")
    return named[0] if named else ""


def _price(parser: _OrderLineParser, name: str) -> TypedPrice:
    """Read a price and the currency behind it; one that cannot be read is zero, and told."""
    lead, word = parser.next(), parser.next()
    if word is None:
        parser.wrong(f"Say the {name} price after '{lead.text.lower() if lead else name}'.")
        return TypedPrice(ZERO)
    typed = word.text
    if minor_units(parser.peek()) is not None or parser.peek() in HUNDREDTHS:
        behind = parser.next()
        assert behind is not None
        typed, word = f"{typed} {behind.text}", _Word(f"{word.text} {behind.text}", word.start)
    try:
        return parse_quoted(typed)
    except ValueError as error:
        parser.wrong(str(error), word)
        return TypedPrice(ZERO)


def _time(parser: _OrderLineParser, ticker: str) -> tuple[str, date | None]:
    parser.hope("time")
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
        till = parse_date(word.text)
    except ValueError as error:
        parser.wrong(str(error), word)
        return TIMES[force], None
    if past := expired(till, parser.today(ticker)):
        parser.wrong(past, word)
    return TIMES[force], till


def parse_date(typed: str) -> date:
    """Read the day that an order is good till, in a line or a form, such as ``2026-11-30``.

    Raises:
        ValueError: with a sentence for the person who typed it.
    """
    try:
        return datetime.strptime(typed.strip(), "%Y-%m-%d").replace(tzinfo=UTC).date()
    except ValueError:
        raise ValueError(f"'{typed}' is not a day; write it as 2026-11-24.") from None


def expired(till: date, today: date) -> str:
    """Return why an order cannot be good till a day, as a sentence: it is over in its market."""
    return f"{till} is in the past: in its market it is {today:%a %d %b %Y}." if till < today else ""


@dataclass(slots=True)
class _Portion:
    """A portfolio as it was typed, with what it gets."""

    word: _Word
    portfolio: ResourceId | None = None
    share: Share = REST
    share_word: _Word | None = None


def _parts(
    parser: _OrderLineParser, size: Decimal | None, money: str
) -> tuple[tuple[PortfolioShare, ...], str]:
    """Read who gets what of a size, or each size where the whole is left out; return it with the currency."""
    portions, money = _portions(parser, money, sized=size is not None)
    if not portions:
        parser.wrong("Say for which portfolio, like @UKEQ-GROW.")
        return (), money
    named = [portion.portfolio for portion in portions if portion.portfolio is not None]
    for portion in portions:
        if portion.portfolio is not None and named.count(portion.portfolio) > 1:
            parser.wrong(f"{portion.word.text} is named more than once.", portion.word)
            return (), money
    if parser.errors:
        return (), money
    shares = [portion.share for portion in portions]
    if size is None:
        unsized = next((portion for portion in portions if portion.share.size is None), None)
        if unsized is not None:
            said = f"Give {unsized.word.text} a size, like 50k, or write the size of the whole before."
            parser.wrong(said, unsized.word)
            return (), money
        size = sum((share.size for share in shares if share.size is not None), ZERO)
    try:
        sizes = split(size, shares, [portion.word.text for portion in portions], "portfolio", money)
    except SplitError as error:
        at = portions[error.at]
        parser.wrong(str(error), (at.share_word if error.rest is not None else None) or at.word)
        return (), money
    parts = zip(portions, sizes, strict=True)
    return tuple(PortfolioShare(portion.portfolio, size) for portion, size in parts), money


def _portions(parser: _OrderLineParser, money: str, *, sized: bool) -> tuple[list[_Portion], str]:
    """Read portfolios with what each gets; the first currency behind a size is that of all of them."""
    portions: list[_Portion] = []
    parser.hope("portfolio")
    while (word := parser.next()) is not None:
        if word.text.startswith("@"):
            portions.append(_Portion(word, _portfolio(parser, word)))
        elif portions and portions[-1].share_word is None:
            portions[-1].share_word = word
            money = _currency_behind(parser, money, open=not sized and len(portions) == 1)
            try:
                portions[-1].share = parse_share(word.text, money)
            except ValueError as error:
                parser.wrong(str(error), word)
        else:
            expected = (
                "mkt, lmt, stp, day, gtc, ioc, fok, gtd or @PORTFOLIO" if not portions else "@PORTFOLIO"
            )
            parser.wrong(f"'{word.text}' is not understood here; write {expected}.", word)
            break
        parser.hope("portfolio")
    return portions, money


def _currency_behind(parser: _OrderLineParser, money: str, *, open: bool) -> str:
    """Take the currency behind a portfolio's size; while the measure is ``open`` it makes it money."""
    code = parser.peek()
    if minor_units(code) is None:
        return money
    word = parser.next()
    if open:
        return code.upper()
    if code.upper() != money:
        parser.wrong("The orders of a block are all in units, or all in money of one currency.", word)
    return money


def _portfolio(parser: _OrderLineParser, word: _Word) -> ResourceId | None:
    if len(word.text) == 1:
        parser.wrong("Write the portfolio right after '@'.", word)
        return None
    try:
        return parser.portfolios.read(word.text[1:])
    except ValueError as error:
        parser.wrong(str(error), word)
        return None
