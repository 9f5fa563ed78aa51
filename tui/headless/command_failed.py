"""The failure of a command as a value: what did not happen, why, what to do, and whether to retry."""

from __future__ import annotations

from tui.api.errors import ApiError, NoAnswer, NotSent, RateLimited, Unauthenticated
from tui.headless.exit_codes import ExitCode


class CommandFailed(Exception):
    """A command ends without having done what it was for.

    ``why`` is what did not happen and the reason, as sentences; ``advice`` what to do next; ``retry`` whether
    the same command may do better later without a change.
    """

    def __init__(self, code: ExitCode, why: str, *, advice: str = "", retry: bool = False) -> None:
        super().__init__(why)
        self.code = code
        self.why = why
        self.advice = advice
        self.retry = retry


class DatabaseInUse(CommandFailed):
    """A blotter has the embedded server's database open, so that this program cannot."""


def without_keys(advice: str) -> str:
    """Return advice for where no key can be pressed: what signs on again there is the command itself.

    >>> without_keys("Put a token into the file, then press {refresh}.")
    'Put a token into the file, then run this again.'
    """
    return advice.replace("press {refresh}", "run this again").replace("Press {refresh}", "Run this again")


def failure_of_read(error: ApiError) -> CommandFailed:
    """Return the failure of a command that only reads, for what ended its call."""
    code = ExitCode.NOT_REACHED if isinstance(error, NotSent | Unauthenticated) else ExitCode.FAILED
    retry = isinstance(error, NotSent | NoAnswer | RateLimited)
    return CommandFailed(code, error.why, advice=error.advice, retry=retry)
