"""The figures of a promise."""

from __future__ import annotations

from msgspec import Struct


class PromiseFigures(Struct):
    """What came of many cases: all but ``cases`` and ``faults`` are 0 where the promise is kept."""

    cases: int = 0
    faults: int = 0
    """How often something went wrong on purpose."""
    duplicates: int = 0
    """Requests that the server carried out more than once."""
    unresolved: int = 0
    """Cases of which it is not known at the end what became of them."""
    lost: int = 0
    """Cases that are not there although they should be, or of which nobody was told."""

    @property
    def wrong(self) -> tuple[int, int, int]:
        """The duplicates, the unresolved and the lost."""
        return self.duplicates, self.unresolved, self.lost
