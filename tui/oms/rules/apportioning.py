"""How units are shared among orders: pure arithmetic on lists (A2 to A6, A14, A16, X5).

Everything is reckoned in whole numbers of the smallest fraction in sight, so every share is exact.
Lists stand in first-in-first-out order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import ROUND_CEILING, Decimal
from operator import add, sub
from typing import Final

from msgspec import Struct

from tui.api.base import ZERO
from tui.oms.rules.sizes import TOLERANCE, decimal_text

Method = Callable[[int, list[int], int, Sequence[int]], list[int]]
"""Shares units into capacities, ``one`` being one whole unit; the last list says whose turn comes when."""


def _round_robin(units: int, capacities: list[int], one: int, turns: Sequence[int]) -> list[int]:
    """Hand out one unit at a time in turn until the units or the capacities are used up (A3, A4, A6).

    A rest below one unit goes whole to the next in turn with capacity for it, else it is split in turn.
    """
    parts = [0] * len(capacities)
    units = min(units, sum(capacities))
    queue = [index for index in turns if capacities[index] > 0]
    while units >= one:
        rounds = min(units // (one * len(queue)), min(capacities[i] - parts[i] for i in queue) // one)
        for place, index in enumerate(queue):
            if units < one:
                return _place_remainder(units, capacities, parts, [*queue[place:], *queue[:place]])
            part = min(max(rounds, 1) * one, capacities[index] - parts[index])
            parts[index] += part
            units -= part
        queue = [index for index in queue if capacities[index] > parts[index]]
    return _place_remainder(units, capacities, parts, queue)


def _place_remainder(units: int, capacities: list[int], parts: list[int], queue: Sequence[int]) -> list[int]:
    """A6: place a rest of less than one unit."""
    for index in queue:
        if units and capacities[index] - parts[index] >= units:
            parts[index] += units
            return parts
    for index in queue:
        part = min(units, capacities[index] - parts[index])
        parts[index] += part
        units -= part
    return parts


def _pro_rata(units: int, capacities: list[int], one: int, turns: Sequence[int]) -> list[int]:
    """A2, A4: share in proportion to the capacities, rounded down to whole units, and deal the leftovers."""
    capacity = sum(capacities)
    units = min(units, capacity)
    if not units:
        return [0] * len(capacities)
    parts = [each * units // (capacity * one) * one for each in capacities]
    left = [each - part for each, part in zip(capacities, parts, strict=True)]
    extra = _round_robin(units - sum(parts), left, one, turns)
    return [part + more for part, more in zip(parts, extra, strict=True)]


Priority = Callable[[Sequence[Decimal]], list[int]]


def _first_in_first_out(sizes: Sequence[Decimal]) -> list[int]:
    return list(range(len(sizes)))


def _largest_first(sizes: Sequence[Decimal]) -> list[int]:
    return sorted(range(len(sizes)), key=lambda index: -sizes[index])


def _smallest_first(sizes: Sequence[Decimal]) -> list[int]:
    return sorted(range(len(sizes)), key=lambda index: sizes[index])


ALGORITHMS: Final[Mapping[str, tuple[Method, Priority]]] = {
    "PR-FIFO": (_pro_rata, _first_in_first_out),
    "RR-FIFO": (_round_robin, _first_in_first_out),
    "PR-LF": (_pro_rata, _largest_first),
    "PR-SF": (_pro_rata, _smallest_first),
}
"""A1, A14: how each allocation algorithm shares, and whose turn comes first for the leftovers."""

WEIGHTED_ALGORITHMS: Final[Mapping[str, Priority]] = {
    "PR-LF": _largest_first,
    "LF": _largest_first,
    "PR-SF": _smallest_first,
    "SF": _smallest_first,
}
"""A16: who gets the orphan units first in a weighted run."""


def apportion_fills(
    algorithm: str, fills: Sequence[Decimal], sizes: Sequence[Decimal], capacities: Sequence[Decimal]
) -> list[list[Decimal]]:
    """A2 to A6: share executions, one after the other, among orders.

    Args:
        algorithm: one of :data:`ALGORITHMS`.
        fills: the units of each execution, in their order of time.
        sizes: the quantity of each order; it decides who is largest.
        capacities: what each order can still take.

    Returns:
        For each execution what each order gets of it. What no order has capacity for is given to none.
    """
    scale = _decimal_places([*fills, *capacities])
    shared = _apportion_integers(algorithm, fills, sizes, capacities, scale)
    return [[_to_decimal(part, scale) for part in parts] for parts in shared]


def _apportion_integers(
    algorithm: str,
    fills: Iterable[Decimal],
    sizes: Sequence[Decimal],
    capacities: Sequence[Decimal],
    scale: int,
) -> Iterator[list[int]]:
    """Share as :func:`share_fills` does, reckoned in units of ``10 ** -scale``."""
    sharer, turns = ALGORITHMS[algorithm]
    left = [_to_integer(capacity, scale) for capacity in capacities]
    queue = turns(sizes)
    for fill in fills:
        parts = sharer(_to_integer(fill, scale), left, 10**scale, queue)
        left = list(map(sub, left, parts))
        yield parts


class Lot(Struct, frozen=True):
    """Units to be shared, and what one of them costs."""

    units: Decimal
    cost: Decimal


class Apportionment(Struct, frozen=True):
    """The result of apportioning lots: units and remaining capacity per participant, and the lots used."""

    parts: list[Decimal]
    used: list[bool]
    left: list[Decimal]


def apportion_units(
    algorithm: str, lots: Sequence[Lot], sizes: Sequence[Decimal], capacities: Sequence[Decimal]
) -> Apportionment:
    """A2 to A6: share lots among orders sized in units."""
    fills = [lot.units for lot in lots]
    scale = _decimal_places([*fills, *capacities])
    whole, used = [0] * len(capacities), []
    for shared in _apportion_integers(algorithm, fills, sizes, capacities, scale):
        whole = list(map(add, whole, shared))
        used.append(any(shared))
    parts = [_to_decimal(part, scale) for part in whole]
    left = [capacity - part for capacity, part in zip(capacities, parts, strict=True)]
    return Apportionment(parts, used, left)


def apportion_money(
    algorithm: str, lots: Sequence[Lot], sizes: Sequence[Decimal], capacities: Sequence[Decimal]
) -> Apportionment:
    """A2 to A6: share lots among orders sized by amount: an order's capacity is what its money still buys."""
    parts = [ZERO] * len(capacities)
    left = list(capacities)
    used = []
    for lot in lots:
        (took,) = apportion_fills(
            algorithm, [lot.units], sizes, [_affordable_units(capacity, lot.cost) for capacity in left]
        )
        parts = [has + units for has, units in zip(parts, took, strict=True)]
        left = [max(ZERO, capacity - units * lot.cost) for capacity, units in zip(left, took, strict=True)]
        used.append(any(took))
    return Apportionment(parts, used, left)


def _affordable_units(money: Decimal, cost: Decimal) -> Decimal:
    """Give the units ``money`` buys, within the tolerance never too few (L12); what is free, by the money."""
    return (money / cost).quantize(TOLERANCE, ROUND_CEILING) if cost else money


def pro_rata(units: Decimal, sizes: Sequence[Decimal]) -> list[Decimal]:
    """X5: share ``units`` in proportion to ``sizes``, none above its size; leftovers one by one in turn."""
    return apportion_fills("PR-FIFO", [units], sizes, sizes)[0]


def apportion_by_weight(algorithm: str, units: Decimal, weights: Sequence[Decimal]) -> list[Decimal]:
    """A16: share ``units`` by relative ``weights``, orphan units to the largest or smallest first."""
    scale = _decimal_places([units])
    weight_scale = _decimal_places(weights)
    whole = [_to_integer(weight, weight_scale) for weight in weights]
    one, heap = 10**scale, _to_integer(units, scale)
    parts = [weight * heap // (sum(whole) * one) * one for weight in whole]
    extra = _round_robin(heap - sum(parts), [heap] * len(whole), one, WEIGHTED_ALGORITHMS[algorithm](weights))
    return [_to_decimal(part + more, scale) for part, more in zip(parts, extra, strict=True)]


def _decimal_places(numbers: Iterable[Decimal]) -> int:
    """Give how many decimal places hold every number exactly."""
    return max((max(0, -exponent(number)) for number in numbers), default=0)


def exponent(number: Decimal) -> int:
    """Give the power of ten of the last digit of a finite number."""
    power = number.as_tuple().exponent
    return power if isinstance(power, int) else 0


def _to_integer(number: Decimal, scale: int) -> int:
    sign, digits, _ = number.as_tuple()
    magnitude: int = int("".join(map(str, digits))) * 10 ** (exponent(number) + scale)
    return -magnitude if sign else magnitude


def _to_decimal(whole: int, scale: int) -> Decimal:
    return Decimal(decimal_text(Decimal(f"{whole}E-{scale}")))
