"""The exit codes of every command that works on a desk."""

from __future__ import annotations

from enum import IntEnum
from typing import Final


class ExitCode(IntEnum):
    """What became of a command, for the script that ran it."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    SOME_REFUSED = 3
    SOME_UNKNOWN = 4
    NOT_REACHED = 5

    @property
    def outcome(self) -> str:
        """The outcome as documents name it: ``someRefused``."""
        first, *others = self.name.lower().split("_")
        return first + "".join(word.capitalize() for word in others)

    @property
    def meaning(self) -> str:
        """What it says to a script, as the end of a sentence."""
        return _MEANINGS[self]


_MEANINGS: Final = {
    ExitCode.DONE: "all was done",
    ExitCode.FAILED: "it failed",
    ExitCode.USAGE: "the command itself is wrong: nothing was sent",
    ExitCode.SOME_REFUSED: "some of it was refused: those items did not happen",
    ExitCode.SOME_UNKNOWN: "of some of it the outcome is not known: check before anything is sent again",
    ExitCode.NOT_REACHED: "the server was not reached, or nobody is signed on: nothing was sent",
}
