"""Apportion units among orders: pure arithmetic on lists (A2 to A6, A14, A16, X5).

Numbers are scaled to integers, so every share is exact. Lists are in first-in-first-out order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import ROUND_CEILING, Decimal
from operator import add, sub
from typing import Final

from msgspec import Struct

from tui.api.base import ZERO
from tui.api.life_cycle import TOLERANCE
from tui.oms.rules.sizes import decimal_text

Method = Callable[[int, list[int], int, Sequence[int]], list[int]]
"""Apportions units to capacities; the third argument is one whole unit, the last list the priority."""


def _round_robin(units: int, capacities: list[int], one: int, turns: Sequence[int]) -> list[int]:
    """Hand out one unit at a time in turn until the units or the capacities are used up (A3, A4, A6).

    A remainder below one unit goes whole to the next in turn with capacity for it, else it is split in turn.
    """
    parts = [0] * len(capacities)
    units = min(units, sum(capacities))
    queue = [index for index in turns if capacities[index] > 0]
    while units >= one:
        rounds = min(units // (one * len(queue)), min(capacities[i] - parts[i] for i in queue) // one)
        for position, index in enumerate(queue):
            if units < one:
                return _place_remainder(units, capacities, parts, [*queue[position:], *queue[:position]])
            part = min(max(rounds, 1) * one, capacities[index] - parts[index])
            parts[index] += part
            units -= part
        queue = [index for index in queue if capacities[index] > parts[index]]
    return _place_remainder(units, capacities, parts, queue)


def _place_remainder(units: int, capacities: list[int], parts: list[int], queue: Sequence[int]) -> list[int]:
    """Hand out a remainder of less than one unit (A6)."""
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
    """Apportion in proportion to the capacities, rounded down; leftovers go round robin (A2, A4)."""
    capacity = sum(capacities)
    units = min(units, capacity)
    if not units:
        return [0] * len(capacities)
    parts = [each * units // (capacity * one) * one for each in capacities]
    remaining = [each - part for each, part in zip(capacities, parts, strict=True)]
    leftovers = _round_robin(units - sum(parts), remaining, one, turns)
    return [part + more for part, more in zip(parts, leftovers, strict=True)]


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
"""The method of each allocation algorithm, and the priority for its leftovers (A1, A14)."""

WEIGHTED_ALGORITHMS: Final[Mapping[str, Priority]] = {
    "PR-LF": _largest_first,
    "LF": _largest_first,
    "PR-SF": _smallest_first,
    "SF": _smallest_first,
}
"""The priority for the leftover units of a weighted run (A16)."""


def apportion_fills(
    algorithm: str, fills: Sequence[Decimal], sizes: Sequence[Decimal], capacities: Sequence[Decimal]
) -> list[list[Decimal]]:
    """Apportion executions among orders, one execution after the other (A2 to A6).

    Args:
        algorithm: one of :data:`ALGORITHMS`.
        fills: the units of each execution, by time.
        sizes: the size of each order, for the largest or smallest first.
        capacities: the units each order can still take.

    Returns:
        The units each order gets of each execution. Units that exceed the capacities go to no order.
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
    """Apportion like :func:`apportion_fills`, in units of ``10 ** -scale``."""
    sharer, turns = ALGORITHMS[algorithm]
    remaining = [_to_integer(capacity, scale) for capacity in capacities]
    queue = turns(sizes)
    for fill in fills:
        parts = sharer(_to_integer(fill, scale), remaining, 10**scale, queue)
        remaining = list(map(sub, remaining, parts))
        yield parts


class Lot(Struct, frozen=True):
    """Units to be apportioned, and the cost of one of them."""

    units: Decimal
    cost: Decimal


class Apportionment(Struct, frozen=True):
    """The result of apportioning lots: units and remaining capacity per participant, and the lots used."""

    parts: list[Decimal]
    used: list[bool]
    remaining: list[Decimal]


def apportion_units(
    algorithm: str, lots: Sequence[Lot], sizes: Sequence[Decimal], capacities: Sequence[Decimal]
) -> Apportionment:
    """Apportion lots among orders sized in units (A2 to A6)."""
    fills = [lot.units for lot in lots]
    scale = _decimal_places([*fills, *capacities])
    integers, used = [0] * len(capacities), []
    for shared in _apportion_integers(algorithm, fills, sizes, capacities, scale):
        integers = list(map(add, integers, shared))
        used.append(any(shared))
    parts = [_to_decimal(part, scale) for part in integers]
    remaining = [capacity - part for capacity, part in zip(capacities, parts, strict=True)]
    return Apportionment(parts, used, remaining)


def apportion_money(
    algorithm: str, lots: Sequence[Lot], sizes: Sequence[Decimal], capacities: Sequence[Decimal]
) -> Apportionment:
    """Apportion lots among orders sized by amount: the capacity is what their money buys (A2 to A6).

    A price below zero uses up the money as the same price above zero does.
    """
    parts = [ZERO] * len(capacities)
    remaining = list(capacities)
    used = []
    for lot in lots:
        cost = abs(lot.cost)
        (units_taken,) = apportion_fills(
            algorithm, [lot.units], sizes, [_affordable_units(capacity, cost) for capacity in remaining]
        )
        parts = [part + units for part, units in zip(parts, units_taken, strict=True)]
        costs = [units * cost for units in units_taken]
        remaining = [max(ZERO, capacity - cost) for capacity, cost in zip(remaining, costs, strict=True)]
        used.append(any(units_taken))
    return Apportionment(parts, used, remaining)


def _affordable_units(money: Decimal, cost: Decimal) -> Decimal:
    """Return the units ``money`` buys, rounded up within the tolerance (L12).

    Where a unit costs nothing, money counts as units.
    """
    return (money / cost).quantize(TOLERANCE, ROUND_CEILING) if cost else money


def pro_rata(units: Decimal, sizes: Sequence[Decimal]) -> list[Decimal]:
    """Apportion ``units`` in proportion to ``sizes``, none above its size; leftovers round robin (X5)."""
    return apportion_fills("PR-FIFO", [units], sizes, sizes)[0]


def apportion_by_weight(algorithm: str, units: Decimal, weights: Sequence[Decimal]) -> list[Decimal]:
    """Apportion ``units`` by relative weight; leftovers go to the largest or smallest first (A16)."""
    scale = _decimal_places([units])
    weight_scale = _decimal_places(weights)
    integers = [_to_integer(weight, weight_scale) for weight in weights]
    one, all_units = 10**scale, _to_integer(units, scale)
    parts = [weight * all_units // (sum(integers) * one) * one for weight in integers]
    turns = WEIGHTED_ALGORITHMS[algorithm](weights)
    leftovers = _round_robin(all_units - sum(parts), [all_units] * len(integers), one, turns)
    return [_to_decimal(part + more, scale) for part, more in zip(parts, leftovers, strict=True)]


def _decimal_places(numbers: Iterable[Decimal]) -> int:
    """Return how many decimal places hold every number exactly."""
    return max((max(0, -exponent(number)) for number in numbers), default=0)


def exponent(number: Decimal) -> int:
    """Return the power of ten of the last digit of a finite number."""
    power = number.as_tuple().exponent
    return power if isinstance(power, int) else 0


def _to_integer(number: Decimal, scale: int) -> int:
    sign, digits, _ = number.as_tuple()
    magnitude: int = int("".join(map(str, digits))) * 10 ** (exponent(number) + scale)
    return -magnitude if sign else magnitude


def _to_decimal(scaled: int, scale: int) -> Decimal:
    return Decimal(decimal_text(Decimal(f"{scaled}E-{scale}")))
