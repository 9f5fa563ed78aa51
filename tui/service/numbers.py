"""Numbers between people and the program: read as people type them, written as people read them.

``50k``, ``1.5m``, ``2b`` and ``1,000`` are understood. A comma only ever groups thousands, never marks
decimals; a text that could be read in two ways is an error that says so.

Money is written with the decimals of its currency, a price with its own. Rounding is half-even and happens
here only, for display; stored values are never rounded, and a number that is not zero is never shown as zero.
"""

from __future__ import annotations

import re
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, Context, Decimal
from typing import Final, NamedTuple

from tui.api.currencies import HUNDREDTHS, minor_units

# Patterns are kept as texts: they are compiled when a number is first typed.
_NUMBER: Final = (
    r"(?a)(?P<sign>[+-]?)(?P<whole>\d{1,3}(?:,\d{3})+|\d+|)(?P<part>\.\d+|\.|)(?P<unit>[kmbKMB]?)"
)
_DECIMAL_COMMA: Final = r"(?a)[+-]?\d+,\d{1,2}"
_PENCE: Final = r"(?a)(?P<number>[\d.,]*\d)\s*(?i:p|pence|gbx|c|cents)"
_QUOTED: Final = r"(?a)(?P<number>[+-]?[\d.,]+[kmbKMB]?)\s*(?P<code>[A-Za-z]{3,6})"
_MISPLACED_COMMAS: Final = r"(?ai)[+-]?[\d,.]*,[\d,.]*[kmb]?"
_UNITS: Final = {"": 0, "k": 3, "m": 6, "b": 9}
_MOST_DIGITS: Final = 18
"""Decimal arithmetic keeps 28 digits: with 18 typed, a sum or a product of two stays exact enough."""

_EXACT: Final = Context(prec=100)
"""Rounds any number that a server may send: 28 digits are too few for 1E+28 with two decimals."""
LARGEST_SHOWN: Final = 30
"""Numbers of more digits than this are shown in scientific form: they are errors, not sizes."""
WHOLE_FROM: Final = 10_000
"""From here on a sum of money is shown in whole units: nobody reads the cents of millions."""
_PRICE_DIGITS: Final = 6
"""A price has at most so many decimals, or significant digits where it is small."""
_FEWEST_DIGITS: Final = 3
"""Significant digits of a number that its decimals would round to zero."""


def parse_number(text: str, what: str = "Number") -> Decimal:
    """Read a number of either sign; ``what`` names it in the error.

    Raises:
        ValueError: with a sentence for the person who typed it.
    """
    typed = text.strip()
    if not typed:
        raise ValueError(f"{what} is missing.")
    found = re.fullmatch(_NUMBER, typed)
    if found is None or not (found["whole"] or found["part"].strip(".")):
        raise ValueError(f"'{typed}' is not {_a(what)}{_reason(typed, what)}")
    digits = found["whole"].replace(",", "") + found["part"].rstrip(".")
    if len(digits) > _MOST_DIGITS:
        raise ValueError(f"'{typed}' has more digits than any {what.lower()}.")
    number = Decimal(f"{found['sign']}{digits}")
    scale = _UNITS[found["unit"].lower()]
    return Decimal(f"{number.scaleb(scale):f}") if scale else number


def _a(what: str) -> str:
    return f"{'an' if what[0] in 'AEIOU' else 'a'} {what.lower()}"


def _reason(typed: str, what: str) -> str:
    if re.fullmatch(_DECIMAL_COMMA, typed):
        return ": a comma groups thousands, the decimal mark is a point."
    if re.fullmatch(_MISPLACED_COMMAS, typed):
        return ": its commas do not group thousands."
    return ". Type it like 0.82 or 1,250.5." if what == "Price" else ". Type it like 1,000 or 50k or 1.5m."


def has_number_commas(text: str) -> bool:
    """Return whether ``text`` consists of digits and commas, so that it is meant as a number.

    >>> has_number_commas("1,5"), has_number_commas("1,000"), has_number_commas("buy,sell")
    (True, True, False)
    """
    return re.fullmatch(_MISPLACED_COMMAS, text.strip()) is not None


def parse_quantity(text: str) -> Decimal:
    """Read a quantity in units, greater than zero.

    Raises:
        ValueError: with a sentence for the person who typed it.
    """
    number = parse_number(text, "Quantity")
    if number <= 0:
        raise ValueError(f"'{text.strip()}' is not a quantity: it must be greater than zero.")
    return number


def parse_percentage(text: str) -> Decimal:
    """Read a percentage such as ``60%``, greater than zero.

    Raises:
        ValueError: with a sentence for the person who typed it.
    """
    typed = text.strip()
    try:
        number = parse_number(typed.removesuffix("%"))
    except ValueError:
        raise ValueError(f"'{typed}' is not a percentage. Type it like 60% or 33.3%.") from None
    if number <= 0:
        raise ValueError(f"'{typed}' is not a percentage: it must be greater than zero.")
    return number


def parse_money(text: str, currency: str) -> Decimal:
    """Read an amount of money of a currency of ISO 4217, greater than zero.

    Raises:
        ValueError: with a sentence for the person who typed it.

    >>> parse_money("50k", "GBP"), parse_money("7.50", "usd")
    (Decimal('50000'), Decimal('7.50'))
    """
    if minor_units(currency) is None:
        raise ValueError(f"'{currency}' is not a currency: write its code, such as GBP.")
    amount = parse_number(text, "Amount")
    if amount <= 0:
        raise ValueError(f"'{text.strip()}' is not an amount: it must be greater than zero.")
    _check_decimals(text, amount, currency)
    return amount


def _check_decimals(text: str, amount: Decimal, currency: str) -> None:
    """Refuse an amount with more decimals than its currency has; one that is not known takes any."""
    places = minor_units(currency)
    if places is not None and _own_places(amount) > places:
        raise ValueError(
            f"'{text.strip()}' is not an amount: {currency.upper()} has {counted(places, 'decimal')}."
        )


def is_zero(text: str) -> bool:
    """Return whether a number is typed that is zero.

    >>> is_zero("0"), is_zero("0.00"), is_zero("10"), is_zero("none")
    (True, True, False, False)
    """
    try:
        return parse_number(text) == 0
    except ValueError:
        return False


def parse_price(text: str) -> Decimal:
    """Read a price per unit, with every digit as typed. Below zero is a price too: of power, of oil.

    Raises:
        ValueError: with a sentence for the person who typed it; a price in pence is said in pounds.
    """
    pence = re.fullmatch(_PENCE, text.strip())
    if pence is not None:
        raise _in_hundredths(text, pence["number"])
    return parse_number(text, "Price")


def _in_hundredths(text: str, number: str) -> ValueError:
    whole = number_text(parse_number(number, "Price") / 100)
    return ValueError(f"'{text.strip()}' is a price in hundredths: write {whole}.")


class TypedPrice(NamedTuple):
    """A price with the currency typed behind it, which may be empty."""

    value: Decimal
    currency: str = ""


def parse_quoted(text: str) -> TypedPrice:
    """Read a price, with or without its currency behind it.

    Raises:
        ValueError: with a sentence for the person who typed it.

    >>> parse_quoted("0.82 usd"), parse_quoted("0.82")
    (TypedPrice(value=Decimal('0.82'), currency='USD'), TypedPrice(value=Decimal('0.82'), currency=''))
    """
    found = None if re.fullmatch(_PENCE, text.strip()) else re.fullmatch(_QUOTED, text.strip())
    if found is None:
        return TypedPrice(parse_price(text))
    if found["code"] in HUNDREDTHS:
        raise _in_hundredths(text, found["number"])
    return TypedPrice(parse_price(found["number"]), found["code"].upper())


def parse_price_in(text: str, currency: str | None) -> Decimal:
    """Read a price in a ``currency``, which may stand behind it; where none is known any may.

    Raises:
        ValueError: it is in another; with a sentence for the person who typed it.

    >>> parse_price_in("0.82 GBP", "GBP")
    Decimal('0.82')
    """
    quoted = parse_quoted(text)
    if quoted.currency and currency and quoted.currency != currency:
        raise ValueError(f"'{text.strip()}' is in {quoted.currency}: prices here are in {currency}.")
    return quoted.value


def parse_size(text: str, held: Decimal | None, currency: str = "") -> Decimal:
    """Read a size: ``1k``, ``50%`` of what is ``held``, or ``+1k``, ``-1k``, ``-50%`` more or less than held.

    What comes of a percentage is rounded down: to whole units where whole units are held, money to the
    decimals of its ``currency``.

    Raises:
        ValueError: with a sentence for the person who typed it.

    >>> parse_size("1k", None), parse_size("50%", Decimal(4_001)), parse_size("-50%", Decimal(4_001))
    (Decimal('1000'), Decimal('2000'), Decimal('2000'))
    >>> parse_size("+1k", Decimal(500)), parse_size("-10%", Decimal("100.01"), "USD")
    (Decimal('1500'), Decimal('90.00'))
    """
    typed = text.strip()
    sign = typed[:1] if typed[:1] in ("+", "-") else ""
    percent = typed.endswith("%")
    part = (parse_percentage if percent else parse_quantity)(typed.removeprefix(sign))
    if currency and not percent:
        _check_decimals(typed, part, currency)
    if not sign and not percent:
        return part
    if held is None:
        raise ValueError(f"'{typed}' is a part of a size that is not known.")
    if percent:
        part = held * part / 100
    size = held + part if sign == "+" else held - part if sign else part
    if percent:
        size = _rounded_down(size, held, currency)
    if size <= 0:
        raise ValueError(f"'{typed}' leaves nothing of {size_text(held, currency)}.")
    return size


def _rounded_down(size: Decimal, held: Decimal, currency: str) -> Decimal:
    places = minor_units(currency) if currency else 0 if held == held.to_integral_value() else None
    return size if places is None else size.quantize(Decimal(1).scaleb(-places), ROUND_DOWN, _EXACT)


def rounded(value: Decimal, places: int) -> Decimal:
    """Return a number of whatever size with at most so many decimals; a very large one stays as it is.

    >>> rounded(Decimal("2.346"), 2), rounded(Decimal("1E+40"), 2), rounded(Decimal("2.5"), 2)
    (Decimal('2.35'), Decimal('1E+40'), Decimal('2.5'))
    """
    step = Decimal(1).scaleb(-places)
    if value.adjusted() > LARGEST_SHOWN or value == value.quantize(step, ROUND_HALF_EVEN, _EXACT):
        return value
    return value.quantize(step, ROUND_HALF_EVEN, _EXACT)


def number_text(value: Decimal | int) -> str:
    """Write a number in full: thousands grouped, no exponent, no trailing zeros.

    >>> number_text(Decimal("1234567.50")), number_text(Decimal("1E+3")), number_text(Decimal("-0.0"))
    ('1,234,567.5', '1,000', '0')
    """
    text = f"{Decimal(value):,f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def number(value: Decimal | int | None, places: int | None = None) -> str:
    """Return ``value`` with thousands separators; None is empty, zero is ``0``.

    >>> number(Decimal("1234567.50")), number(Decimal(0)), number(None), number(Decimal("2.345"), 2)
    ('1,234,567.5', '0', '', '2.34')
    >>> number(Decimal("0.0000000123"), 2)
    '0.0000000123'
    """
    if value is None:
        return ""
    value = Decimal(value)
    if abs(value.adjusted()) > LARGEST_SHOWN and value:
        return f"{value:.3e}"
    if places is None:
        return number_text(value)
    rounded = value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_EVEN, _EXACT)
    if value and not rounded:
        places = min(_own_places(value), _FEWEST_DIGITS - 1 - value.adjusted())
        rounded = value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_EVEN, _EXACT)
    return f"{rounded:,f}"


def price(value: Decimal | None, currency: str | None = None) -> str:
    """Return a price with at least the decimals of its currency, and never fewer than it has (up to six).

    Below one, prices of a currency with two decimals have four. A small price has six significant digits.

    >>> price(Decimal("189.5")), price(Decimal("0.82")), price(Decimal("99.125")), price(Decimal(0))
    ('189.50', '0.8200', '99.125', '0.00')
    >>> price(Decimal(1234), "JPY"), price(Decimal("0.125"), "KWD"), price(Decimal("0.00000812"), "BTC")
    ('1,234', '0.125', '0.00000812')
    """
    return "" if value is None else number(value, _price_places(value, currency))


def average(value: Decimal | None, currency: str | None = None) -> str:
    """Return an average price: two more decimals than a price has to have.

    >>> average(Decimal("98.0446433")), average(Decimal("0.798758")), average(Decimal("2751.5"), "JPY")
    ('98.0446', '0.798758', '2,751.50')
    """
    if value is None:
        return ""
    least = _least_places(value, currency)
    return number(value, _price_places(value, currency) if least is None else least + 2)


def _least_places(value: Decimal, currency: str | None) -> int | None:
    """Return the decimals a price is written with at least; None where its currency has none of its own."""
    places = minor_units(currency) if currency else 2
    return 4 if places == 2 and value and abs(value) < 1 else places


def _price_places(value: Decimal, currency: str | None) -> int:
    most = max(_PRICE_DIGITS, _PRICE_DIGITS - 1 - value.adjusted()) if value else _PRICE_DIGITS
    return min(max(_own_places(value), _least_places(value, currency) or 0), most)


def _own_places(value: Decimal) -> int:
    """Return how many decimals a number has, trailing zeros left out."""
    exponent = value.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def money(value: Decimal | None, currency: str | None) -> str:
    """Return an amount of money rounded to the decimals of its currency, with its code behind it.

    Money of a currency that is not known has the decimals it is given with; without a currency it has two.

    >>> money(Decimal("1234.5"), "USD"), money(Decimal("1234.5"), "JPY"), money(Decimal("0.000155"), "BTC")
    ('1,234.50 USD', '1,234 JPY', '0.000155 BTC')
    """
    return f"{money_digits(value, currency)} {currency or ''}".strip()


def money_digits(value: Decimal | None, currency: str | None) -> str:
    """Return an amount of money as :func:`money` writes it, without the code of its currency."""
    return number(value, minor_units(currency) if currency else 2)


def sum_text(value: Decimal, currency: str | None) -> str:
    """Return a sum of money; from ten thousand on without what is less than one of its currency.

    >>> sum_text(Decimal("9999.5"), "USD"), sum_text(Decimal("1234567.89"), "USD"), sum_text(Decimal(0), "")
    ('9,999.50 USD', '1,234,568 USD', '0')
    """
    if value and abs(value) < WHOLE_FROM:
        return money(value, currency)
    return f"{number(value, 0)} {currency or ''}".rstrip()


def size_text(value: Decimal | None, currency: str = "") -> str:
    """Return a size: units, or with a currency money without empty decimals; ``?`` when it is not known.

    >>> size_text(Decimal(1500)), size_text(Decimal("50000.00"), "USD"), size_text(Decimal("7.5"), "USD")
    ('1,500', '50,000 USD', '7.50 USD')
    """
    if value is None:
        return "?"
    if not currency:
        return number(value)
    digits = money_digits(value, currency)
    whole, _, fraction = digits.partition(".")
    return f"{digits if fraction.strip('0') else whole} {currency}"


def units(value: Decimal | None) -> str:
    """Write a number of units in full; ``?`` when it is not known."""
    return "?" if value is None else number_text(value)


def counted(count: int | Decimal, noun: str) -> str:
    """Write a count or a quantity with its noun.

    >>> counted(1, "order"), counted(3_000, "order"), counted(Decimal("0.5"), "unit")
    ('1 order', '3,000 orders', '0.5 units')
    """
    return f"{number_text(count)} {noun_for(count, noun)}"


def noun_for(count: int | Decimal, noun: str) -> str:
    """Return a noun in the singular or the plural that its count asks for."""
    return noun + ("" if count == 1 else "s")


def verb_for(count: int | Decimal, verb: str) -> str:
    """Return a verb as its count asks for.

    >>> verb_for(1, "need"), verb_for(2, "need")
    ('needs', 'need')
    """
    return verb + ("s" if count == 1 else "")
