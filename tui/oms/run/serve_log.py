"""What ``serve`` writes to its log: one line for each failure, without what clients sent."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any, Final

from tui.oms.domain.failures import place_of

QUIET_S: Final = 60
"""The time in which a kind of line is written once, in seconds."""


class SeldomLine:
    """A line about what may happen thousands of times: said at once, then once a minute with how often.

    ``now`` returns monotonic seconds.
    """

    def __init__(self, log: logging.Logger, now: Callable[[], float] = time.monotonic) -> None:
        self._log = log
        self._now = now
        self._next = float("-inf")
        self._more = 0

    def warn(self, sentence: str) -> None:
        """Write ``sentence``, or count it."""
        if self._now() < self._next:
            self._more += 1
            return
        more = f" ({self._more} more since the last such line)" if self._more else ""
        self._log.warning("%s%s", sentence, more)
        self._next, self._more = self._now() + QUIET_S, 0


class WithoutTraceback(logging.Filter):
    """Puts the place of an exception into the line, instead of a traceback with its message."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.exc_info and record.exc_info[1] is not None:
            record.msg = f"{record.getMessage().strip()}: {place_of(record.exc_info[1])}"
            record.args = record.exc_info = None
        return True


class LoopFailures:
    """Writes what an event loop could not handle, and that it can accept no connection."""

    def __init__(self) -> None:
        self._log = logging.getLogger(__name__)
        self._no_files = SeldomLine(self._log)

    def __call__(self, loop: object, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if isinstance(error, OSError) and "accept" in str(context.get("message")):
            self._no_files.warn(f"No connection can be accepted now: {error.strerror}.")
        else:
            what = place_of(error) if isinstance(error, BaseException) else context.get("message", "")
            self._log.error("Something failed outside of requests: %s", what)
