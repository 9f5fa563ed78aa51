"""Work in steps, done at one go."""

from __future__ import annotations

from collections.abc import Generator
from typing import TypeVar

T = TypeVar("T")


def done(steps: Generator[None, None, T]) -> T:
    """Return what comes of work after its last step."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            result: T = end.value
            return result
