"""Fields of forms with their checks: sizes, prices, codes, dates, choices."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, time
from decimal import Decimal
from typing import Final

from tui.api.base import ZERO, CurrencyAndAmount
from tui.api.currencies import HUNDREDTHS
from tui.service.id_lookup import IdLookup
from tui.service.numbers import (
    is_zero,
    number,
    parse_price_in,
    parse_quantity,
    parse_quoted,
    parse_size,
    price,
)
from tui.service.orderline import parse_date
from tui.service.snapshot.sizing import Size
from widgets.fields import Field, Offer

ANY_SIZE: Final = Decimal(10**18)
"""A size that any quantity typed is a part of."""
NONE: Final = "none"
"""The word typed for a price that is cleared."""


def problem(parse: Callable[[str], object]) -> Callable[[str], str | None]:
    """Return the check of a field that ``parse`` reads: what its ValueError says of a text it cannot read."""

    def check(text: str) -> str | None:
        if not text.strip():
            return None
        try:
            parse(text)
        except ValueError as error:
            return str(error)
        return None

    return check


def _echo(parse: Callable[[str], Decimal], words: Callable[[Decimal], str]) -> Callable[[str], str]:
    return _as_far_as_understood(lambda text: words(parse(text)))


def _as_far_as_understood(words: Callable[[str], str]) -> Callable[[str], str]:
    """Return ``words`` without an answer to a text it raises a ValueError for, and to none."""

    def echo(text: str) -> str:
        try:
            return words(text) if text.strip() else ""
        except ValueError:
            return ""

    return echo


def size(id: str, held: Size, *, of: str, help: str = "", required: bool = True) -> Field:
    """Return a field for a size, ``50k``, or one relative to what is held, ``50%``, ``+1k``, ``-50%``.

    It is of units, or of money in the currency of ``held``; ``of`` is what is held in a word, such as
    unplaced. Without a value it is one of each of several rows.
    """
    several = held.value is None

    def parse(typed: str) -> Decimal:
        return parse_size(typed, ANY_SIZE if several else held.value, held.currency)

    def words(typed: str) -> str:
        relative = _is_relative(typed)
        if several and relative:
            return f"{typed} of what each has {of}" if "%" in typed else f"{typed} of each"
        said = Size(parse(typed), held.currency)
        if relative:
            return _part_in_words(typed, said, held, of)
        return said.words + (" each" if several else "")

    return Field(
        id,
        f"Amount {held.currency}" if held.currency else "Quantity",
        value=number(held.value),
        help=help,
        check=problem(parse),
        echo=_as_far_as_understood(words),
        required=required,
    )


def _is_relative(typed: str) -> bool:
    return "%" in typed or typed.strip()[:1] in ("+", "-")


def _part_in_words(typed: str, size: Size, held: Size, of: str) -> str:
    """Return what a part that is typed comes to, and of what: ``25% = 4,500 of 18,000 left``."""
    said = typed.strip()
    return f"{said} = {size} {'from' if said[:1] in ('+', '-') else 'of'} {held} {of}"


def mixed_measures(typed: str, measures: Iterable[str]) -> Sequence[str]:
    """Return why one number typed for several rows means nothing: it is of another measure in each.

    ``measures`` are those of the rows, currencies or units; a percentage and ``none`` fit all.

    >>> mixed_measures("1k", ["", "USD", "USD"]), mixed_measures("50%", ["", "USD"])
    (["'1k' is of units and of USD here: select rows of one of them only."], [])
    """
    different = sorted({measure or "units" for measure in measures}, key=lambda name: (name != "units", name))
    if len(different) < 2 or "%" in typed or typed.strip().lower() in ("", NONE):
        return []
    here = " and of ".join(different)
    return [f"'{typed.strip()}' is of {here} here: select rows of one of them only."]


def quantity_of_fill(id: str, held: Decimal | None, *, may_void: bool) -> Field:
    """Return a field for the units of a fill, also as a part of what is open; zero voids a corrected one.

    ``held`` is what is open, or what a corrected fill was; None where that is not known.
    """
    of = "filled" if may_void else "open"

    def parse(typed: str) -> Decimal:
        return units_of_fill(typed, held, may_void=may_void)

    def words(typed: str) -> str:
        units = Size(parse(typed))
        return _part_in_words(typed, units, Size(held), of) if _is_relative(typed) else units.words

    return Field(
        id,
        "Quantity",
        value=number(held),
        check=problem(parse),
        echo=_as_far_as_understood(lambda typed: words(typed) if parse(typed) else "voids the fill"),
        required=True,
    )


def units_of_fill(typed: str, held: Decimal | None, *, may_void: bool) -> Decimal:
    """Read the units of a fill, ``1k`` or ``50%`` of what is ``held``; raises ValueError with a sentence."""
    if may_void and is_zero(typed):
        return ZERO
    return parse_size(typed, held) if typed.strip()[:1].isdigit() else parse_quantity(typed)


def amount(
    id: str,
    label: str,
    value: Decimal | None = None,
    *,
    currency: str | None = "",
    help: str = "",
    required: bool = False,
    foreign: bool = False,
) -> Field:
    """Return a field for a price, in ``currency`` if known; one below zero is taken, and said to be.

    A currency typed behind it agrees, unless it may be a ``foreign`` one.
    """

    def parse(typed: str) -> Decimal:
        return parse_price_in(typed, None if foreign else currency)

    return Field(
        id,
        label,
        value="" if value is None else f"{value:f}",
        help=help,
        check=problem(parse),
        echo=_echo(parse, lambda typed: price(typed, currency) + (", below zero" if typed < 0 else "")),
        required=required,
    )


def currency_field(
    id: str, choices: Iterable[str], value: str = "", *, help: str = "", required: bool = False
) -> Field:
    """Return a field for the currency of prices, completed from ``choices``; hundredths are said to be."""
    known = tuple(choices)

    def matching(typed: str) -> list[str]:
        if typed.strip() in HUNDREDTHS:  # GBp is spelt so, and no other spelling of GBP
            return []
        return [code for code in known if code.startswith(typed.strip().upper())]

    return Field(
        id,
        "Currency",
        value=value,
        help=help,
        required=required,
        choices=matching,
        check=_currency_problem,
        echo=_currency_in_words,
    )


def currency_typed(typed: str) -> str:
    """Return the code of a currency as it is spelt; ``GBp`` is another than ``GBP``.

    >>> currency_typed("gbp"), currency_typed(" GBp "), currency_typed("gbx")
    ('GBP', 'GBp', 'GBX')
    """
    code = typed.strip()
    return code if code in HUNDREDTHS else code.upper()


def _currency_problem(typed: str) -> str | None:
    known = re.fullmatch(r"(?a)[A-Za-z][A-Za-z0-9]{2,5}", typed.strip())
    return None if known else "A currency is a code such as GBP."


def _currency_in_words(typed: str) -> str:
    whole = HUNDREDTHS.get(currency_typed(typed))
    return f"hundredths: 100 are 1 {whole}" if whole else ""


def price_or_none(id: str, label: str, held: CurrencyAndAmount | None, currency: str | None) -> Field:
    """Return a field for a price in ``currency``, if known, that may be cleared by the word ``none``."""

    def parse(typed: str) -> Decimal | None:
        return None if typed.lower() == NONE else parse_price_in(typed, currency)

    def words(typed: str) -> str:
        asked = parse(typed)
        return "no price" if asked is None else price(asked, currency)

    return Field(
        id,
        label,
        value=f"{held.amount:f}" if held and held.amount is not None else "",
        check=problem(parse),
        echo=_as_far_as_understood(words),
    )


def pick(
    id: str,
    label: str,
    choices: Sequence[str],
    value: str = "",
    *,
    help: str = "",
    empty: str = "none",
    meanings: Mapping[str, str] | None = None,
) -> Field:
    """Return a field for one of ``choices``; ``empty`` is the word for an empty one."""
    return Field(
        id,
        label,
        kind="choice",
        value=value or choices[0],
        choices=tuple(choices),
        help=help,
        empty=empty,
        echo=lambda chosen: (meanings or {}).get(chosen, ""),
    )


def switch(id: str, label: str, value: bool, *, help: str = "") -> Field:
    """Return a field for yes or no."""
    return Field(id, label, kind="flag", value="yes" if value else "no", help=help)


def text(
    id: str,
    label: str,
    value: str = "",
    *,
    choices: Iterable[str] | Callable[[str], Sequence[str]] = (),
    offers: Callable[[str], Sequence[Offer]] | None = None,
    words: Callable[[str], str] | None = None,
    help: str = "",
    required: bool = False,
    wide: bool = False,
    lines: bool = False,
    check: Callable[[str], str | None] | None = None,
    echo: Callable[[str], str] | None = None,
) -> Field:
    """Return a field for a text, completed from ``choices`` while it is typed, or taken from ``offers``.

    Into one for ``lines`` several can be pasted.
    """
    return Field(
        id,
        label,
        value=value,
        choices=choices if callable(choices) else tuple(choices),
        offers=offers,
        words=words or (lambda _: ""),
        help=help,
        required=required,
        wide=wide,
        lines=lines,
        check=check or (lambda _: None),
        echo=echo or (lambda _: ""),
    )


def calendar_day(
    id: str, label: str, value: datetime | None, *, help: str = "", required: bool = False, whose: str = ""
) -> Field:
    """Return a field for a day such as ``2026-11-24``; ``whose`` says where the one it shows comes from."""
    shown = f"{value:%Y-%m-%d}" if value else ""

    def echo(typed: str) -> str:
        return ", ".join(filter(None, (_weekday(typed), whose if typed.strip() == shown else "")))

    return Field(
        id,
        label,
        value=shown,
        help=help,
        check=problem(parse_day),
        echo=echo,
        required=required,
    )


def parse_day(typed: str) -> datetime:
    """Read a day as midnight UTC; raises ValueError with a sentence."""
    return datetime.combine(parse_date(typed), time(), UTC)


def _weekday(typed: str) -> str:
    try:
        return f"{parse_day(typed):%a %d %b %Y}" if typed.strip() else ""
    except ValueError:
        return ""


def is_yes(value: str) -> bool:
    """Return whether a yes/no field says yes."""
    return value == "yes"


def money_or_none(typed: str, currency: str | None) -> CurrencyAndAmount | None:
    """Read an optional price in ``currency``, where none is known in the one typed; empty is none."""
    if not typed.strip():
        return None
    behind = parse_quoted(typed).currency
    return CurrencyAndAmount(amount=parse_price_in(typed, currency), currency=currency or behind or None)


def id_check(lookup: IdLookup) -> Callable[[str], str | None]:
    """Return the check of a field that names one id."""
    return problem(lookup.read)


def id_echo(lookup: IdLookup) -> Callable[[str], str]:
    """Return the echo of a field that names one id: which id is meant."""

    def echo(typed: str) -> str:
        try:
            return lookup.describe(lookup.read(typed)) if typed.strip() else ""
        except ValueError:
            return ""

    return echo
