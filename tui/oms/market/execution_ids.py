"""The ids of the market's executions: one sequence for the life of a database."""

from __future__ import annotations

from collections.abc import Callable

from tui.api.base import ResourceId
from tui.api.models import Execution
from tui.oms.demo import roster
from tui.oms.store import Store


class ExecutionIds:
    """Hands out ids that no execution ever had; the first call finds the first unused one."""

    def __init__(self) -> None:
        self._next = 0

    def next(self, store: Store) -> ResourceId:
        """Return the next id."""
        if self._next == 0:
            self._next = _first_unused(lambda number: _is_used(store, number))
        while _is_used(store, self._next):
            self._next += 1
        self._next += 1
        return _execution_id(self._next - 1)


def _execution_id(number: int) -> ResourceId:
    return ResourceId(roster.SCOPE, f"EXE-M-{number:06d}")


def _is_used(store: Store, number: int) -> bool:
    return bool(store.numbers(Execution, _execution_id(number)))


def _first_unused(used: Callable[[int], bool]) -> int:
    """Return the first unused number, all before it being used: by exponential and then binary search."""
    high = 1
    while used(high):
        high *= 2
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if used(middle) else (low, middle)
    return high
