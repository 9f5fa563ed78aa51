"""One size split over several: portfolios of an order line, brokers of a block that is placed.

Each gets a size, a percentage of the whole, or, one of them, the rest. What is given adds up to the whole to
the last unit: percentages are rounded by largest remainder, in whole units where the whole is of whole units,
money in the decimals of its currency.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_FLOOR, Decimal, localcontext
from typing import Final

from msgspec import Struct

from tui.api.base import ZERO
from tui.api.currencies import minor_units
from tui.service.numbers import parse_money, parse_percentage, parse_quantity, size_text

_HUNDRED: Final = Decimal(100)
_PLACES: Final = 6
"""Decimals of a share where neither whole units nor a currency say how many there are."""
_DIGITS: Final = 200
"""More than any number of a server has: a block of 1E+99 units is shared without an error."""


class Share(Struct, frozen=True):
    """What one of several gets of a whole: a ``size``, or ``percent`` of it; with neither, the rest."""

    size: Decimal | None = None
    percent: Decimal | None = None

    @property
    def is_rest(self) -> bool:
        """Whether it is what the others leave."""
        return self.size is None and self.percent is None


REST: Final = Share()


class SplitError(ValueError):
    """Why a whole cannot be split so, as a sentence; ``at`` is the place of the share at fault.

    ``rest`` is what the shares leave of the whole, below zero where they exceed it; None for other reasons.
    """

    def __init__(self, sentence: str, at: int, rest: Decimal | None = None) -> None:
        super().__init__(sentence)
        self.at = at
        self.rest = rest


def parse_share(typed: str, currency: str = "") -> Share:
    """Read a share: ``20k`` in units or money of a ``currency``, or ``60%`` of the whole.

    Raises:
        ValueError: with a sentence for the person who typed it.

    >>> parse_share("20k").size, parse_share("60%").percent
    (Decimal('20000'), Decimal('60'))
    """
    if not typed.endswith("%"):
        return Share(parse_money(typed, currency) if currency else parse_quantity(typed))
    percent = parse_percentage(typed)
    if percent > _HUNDRED:
        raise ValueError(f"{typed} is more than the whole.")
    return Share(percent=percent)


def split(
    whole: Decimal, shares: Sequence[Share], names: Sequence[str], noun: str, currency: str = ""
) -> tuple[Decimal, ...]:
    """Return what each gets of a ``whole`` in units, or in money of a ``currency``.

    ``names`` are those of the shares as they were typed, each a ``noun`` such as portfolio.

    Raises:
        SplitError: they do not add up to the whole, or something is left for nobody or for two.

    >>> split(Decimal(40), [Share(percent=Decimal(each)) for each in (30, 33, 37)], "abc", "broker")
    (Decimal('12'), Decimal('13'), Decimal('15'))
    >>> sum(split(Decimal("1E+60"), [Share(percent=Decimal(50))] * 2, "ab", "broker")) == Decimal("1E+60")
    True
    """
    resting = [at for at, share in enumerate(shares) if share.is_rest]
    if len(resting) > 1:
        at = resting[1]
        raise SplitError(f"Give {names[at]} a size or a share in %.", at)
    sizes = _percent_sizes(whole, shares, currency)
    sizes |= {at: share.size for at, share in enumerate(shares) if share.size is not None}
    given = sum(sizes.values(), ZERO)
    rest = whole - given
    if resting:
        sizes[resting[0]] = rest
    elif rest:
        said = f"The {noun}s add up to" if len(shares) > 1 else f"The {noun} takes"
        few, many = ("little", "much") if currency else ("few", "many")
        missing = f"{size_text(abs(rest), currency)} too {few if rest > 0 else many}"
        text = f"{said} {size_text(given, currency)} of {size_text(whole, currency)}: {missing}."
        raise SplitError(text, len(shares) - 1, rest)
    for at, name in enumerate(names):
        if sizes[at] <= 0:
            raise SplitError(f"Nothing is left for {name}.", at)
    return tuple(sizes[at] for at in range(len(shares)))


def _percent_sizes(whole: Decimal, shares: Sequence[Share], currency: str) -> dict[int, Decimal]:
    with localcontext(prec=_DIGITS):
        return _by_largest_remainder(whole, shares, currency)


def _by_largest_remainder(whole: Decimal, shares: Sequence[Share], currency: str) -> dict[int, Decimal]:
    """Return the sizes of the percentages by largest remainder; those of 100 % give every unit away."""
    asked = {at: share.percent for at, share in enumerate(shares) if share.percent is not None}
    places = minor_units(currency) if currency else 0 if whole == whole.to_integral_value() else None
    step = Decimal(1).scaleb(-(_PLACES if places is None else places))
    exact = {at: whole * percent / _HUNDRED for at, percent in asked.items()}
    sizes = {at: value.quantize(step, ROUND_FLOOR) for at, value in exact.items()}
    left = sum(exact.values(), ZERO).quantize(step, ROUND_FLOOR) - sum(sizes.values(), ZERO)
    for at in sorted(sizes, key=lambda at: (sizes[at] - exact[at], at)):
        if left <= 0:
            break
        sizes[at] += min(step, left)
        left -= step
    return sizes
