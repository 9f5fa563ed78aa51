"""What a desk sets for proposals of programs: how long they stand, and how many there may be."""

from __future__ import annotations

from datetime import timedelta

from msgspec import Struct


class ProposalSettings(Struct, frozen=True):
    """What is said of proposals: minutes they stand, and how many may be open at the same time."""

    expires: int = 30
    """Minutes for which a proposal stands that says nothing else."""
    longest: int = 480
    """The most minutes for which one may stand."""
    per_program: int = 100
    """The most open proposals of one program."""
    most: int = 500
    """The most open proposals of all programs together."""

    @property
    def usual(self) -> timedelta:
        """The time for which a proposal stands that says nothing else."""
        return timedelta(minutes=min(self.expires, self.longest))

    @property
    def limit(self) -> timedelta:
        """The longest time for which one may stand."""
        return timedelta(minutes=self.longest)
