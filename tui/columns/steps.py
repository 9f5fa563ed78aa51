"""Long work in steps, which its caller may interleave with other work, or stop."""

from __future__ import annotations

from collections.abc import Generator
from typing import TypeVar

T = TypeVar("T")
Steps = Generator[None, None, T]
"""Work in steps of at most about a millisecond, which ends with a result."""


def finish(steps: Steps[T]) -> T:
    """Do all the steps at one go, and return what comes of them."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            result: T = end.value
            return result
