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
from tui.oms.rules.sizes import TOLERANCE, plain

Sharer = Callable[[int, list[int], int, Sequence[int]], list[int]]
"""Shares units into rooms, ``one`` being one whole unit; the last list says whose turn comes when."""


def _deal(units: int, rooms: list[int], one: int, turns: Sequence[int]) -> list[int]:
    """A3, A4, A6: hand out one unit at a time in turns, skipping the full, until units or rooms are spent.

    A rest below one unit goes whole to the next in turn with room for it, else it is split in turn.
    """
    parts = [0] * len(rooms)
    units = min(units, sum(rooms))
    queue = [index for index in turns if rooms[index] > 0]
    while units >= one:
        rounds = min(units // (one * len(queue)), min(rooms[i] - parts[i] for i in queue) // one)
        for place, index in enumerate(queue):
            if units < one:
                return _rest(units, rooms, parts, [*queue[place:], *queue[:place]])
            part = min(max(rounds, 1) * one, rooms[index] - parts[index])
            parts[index] += part
            units -= part
        queue = [index for index in queue if rooms[index] > parts[index]]
    return _rest(units, rooms, parts, queue)


def _rest(units: int, rooms: list[int], parts: list[int], queue: Sequence[int]) -> list[int]:
    """A6: place a rest of less than one unit."""
    for index in queue:
        if units and rooms[index] - parts[index] >= units:
            parts[index] += units
            return parts
    for index in queue:
        part = min(units, rooms[index] - parts[index])
        parts[index] += part
        units -= part
    return parts


def _pro_rata(units: int, rooms: list[int], one: int, turns: Sequence[int]) -> list[int]:
    """A2, A4: share in proportion to the rooms, rounded down to whole units, and deal the leftovers."""
    room = sum(rooms)
    units = min(units, room)
    if not units:
        return [0] * len(rooms)
    parts = [each * units // (room * one) * one for each in rooms]
    left = [each - part for each, part in zip(rooms, parts, strict=True)]
    extra = _deal(units - sum(parts), left, one, turns)
    return [part + more for part, more in zip(parts, extra, strict=True)]


Turns = Callable[[Sequence[Decimal]], list[int]]


def _first_in(sizes: Sequence[Decimal]) -> list[int]:
    return list(range(len(sizes)))


def _largest(sizes: Sequence[Decimal]) -> list[int]:
    return sorted(range(len(sizes)), key=lambda index: -sizes[index])


def _smallest(sizes: Sequence[Decimal]) -> list[int]:
    return sorted(range(len(sizes)), key=lambda index: sizes[index])


ALGORITHMS: Final[Mapping[str, tuple[Sharer, Turns]]] = {
    "PR-FIFO": (_pro_rata, _first_in),
    "RR-FIFO": (_deal, _first_in),
    "PR-LF": (_pro_rata, _largest),
    "PR-SF": (_pro_rata, _smallest),
}
"""A1, A14: how each allocation algorithm shares, and whose turn comes first for the leftovers."""

WEIGHTED: Final[Mapping[str, Turns]] = {
    "PR-LF": _largest,
    "LF": _largest,
    "PR-SF": _smallest,
    "SF": _smallest,
}
"""A16: who gets the orphan units first in a weighted run."""


def share_fills(
    algorithm: str, fills: Sequence[Decimal], sizes: Sequence[Decimal], rooms: Sequence[Decimal]
) -> list[list[Decimal]]:
    """A2 to A6: share executions, one after the other, among orders.

    Args:
        algorithm: one of :data:`ALGORITHMS`.
        fills: the units of each execution, in their order of time.
        sizes: the quantity of each order; it decides who is largest.
        rooms: what each order can still take.

    Returns:
        For each execution what each order gets of it. What no order has room for is given to none.
    """
    scale = _scale([*fills, *rooms])
    shared = _share_whole(algorithm, fills, sizes, rooms, scale)
    return [[_units(part, scale) for part in parts] for parts in shared]


def _share_whole(
    algorithm: str, fills: Iterable[Decimal], sizes: Sequence[Decimal], rooms: Sequence[Decimal], scale: int
) -> Iterator[list[int]]:
    """Share as :func:`share_fills` does, reckoned in units of ``10 ** -scale``."""
    sharer, turns = ALGORITHMS[algorithm]
    left = [_whole(room, scale) for room in rooms]
    queue = turns(sizes)
    for fill in fills:
        parts = sharer(_whole(fill, scale), left, 10**scale, queue)
        left = list(map(sub, left, parts))
        yield parts


class Lot(Struct, frozen=True):
    """Units to be shared, and what one of them costs."""

    units: Decimal
    cost: Decimal


class Shared(Struct, frozen=True):
    """What came of sharing lots: each taker's units and its room left, and which lots were used for it."""

    parts: list[Decimal]
    used: list[bool]
    left: list[Decimal]


def share_units(
    algorithm: str, lots: Sequence[Lot], sizes: Sequence[Decimal], rooms: Sequence[Decimal]
) -> Shared:
    """A2 to A6: share lots among orders sized in units."""
    fills = [lot.units for lot in lots]
    scale = _scale([*fills, *rooms])
    whole, used = [0] * len(rooms), []
    for shared in _share_whole(algorithm, fills, sizes, rooms, scale):
        whole = list(map(add, whole, shared))
        used.append(any(shared))
    parts = [_units(part, scale) for part in whole]
    left = [room - part for room, part in zip(rooms, parts, strict=True)]
    return Shared(parts, used, left)


def share_money(
    algorithm: str, lots: Sequence[Lot], sizes: Sequence[Decimal], rooms: Sequence[Decimal]
) -> Shared:
    """A2 to A6: share lots among orders sized by amount: an order's room is what its money still buys."""
    parts = [ZERO] * len(rooms)
    left = list(rooms)
    used = []
    for lot in lots:
        (took,) = share_fills(algorithm, [lot.units], sizes, [_bought(room, lot.cost) for room in left])
        parts = [has + units for has, units in zip(parts, took, strict=True)]
        left = [max(ZERO, room - units * lot.cost) for room, units in zip(left, took, strict=True)]
        used.append(any(took))
    return Shared(parts, used, left)


def _bought(money: Decimal, cost: Decimal) -> Decimal:
    """Give the units ``money`` buys, within the tolerance never too few (L12); what is free, by the money."""
    return (money / cost).quantize(TOLERANCE, ROUND_CEILING) if cost else money


def pro_rata(units: Decimal, sizes: Sequence[Decimal]) -> list[Decimal]:
    """X5: share ``units`` in proportion to ``sizes``, none above its size; leftovers one by one in turn."""
    return share_fills("PR-FIFO", [units], sizes, sizes)[0]


def by_weight(algorithm: str, units: Decimal, weights: Sequence[Decimal]) -> list[Decimal]:
    """A16: share ``units`` by relative ``weights``, orphan units to the largest or smallest first."""
    scale = _scale([units])
    weight_scale = _scale(weights)
    whole = [_whole(weight, weight_scale) for weight in weights]
    one, heap = 10**scale, _whole(units, scale)
    parts = [weight * heap // (sum(whole) * one) * one for weight in whole]
    extra = _deal(heap - sum(parts), [heap] * len(whole), one, WEIGHTED[algorithm](weights))
    return [_units(part + more, scale) for part, more in zip(parts, extra, strict=True)]


def _scale(numbers: Iterable[Decimal]) -> int:
    """Give how many decimal places hold every number exactly."""
    return max((max(0, -exponent(number)) for number in numbers), default=0)


def exponent(number: Decimal) -> int:
    """Give the power of ten of the last digit of a finite number."""
    power = number.as_tuple().exponent
    return power if isinstance(power, int) else 0


def _whole(number: Decimal, scale: int) -> int:
    sign, digits, _ = number.as_tuple()
    magnitude: int = int("".join(map(str, digits))) * 10 ** (exponent(number) + scale)
    return -magnitude if sign else magnitude


def _units(whole: int, scale: int) -> Decimal:
    return Decimal(plain(Decimal(f"{whole}E-{scale}")))
