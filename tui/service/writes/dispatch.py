"""A decision on its way to the server: how much of it is sent and answered, and whether to send the rest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection
from typing import Final

from tui.service.numbers import counted
from tui.service.outcomes import Outcome, Status
from tui.service.verbs import Verb

STOPPED: Final = "stopped by you"


class Dispatch:
    """One decision that is being sent, call by call; whoever watches it may stop it between two calls.

    Args:
        verb: the decision.
        watch: called in the event loop after each answer, when it is stopped, and when it is over.
    """

    def __init__(self, verb: Verb, watch: Callable[[], None] = lambda: None) -> None:
        self.label = verb.label
        self.parts = verb.split()
        self.items = sum(part.count for part in self.parts)
        self.answered = 0
        """The number of calls that were sent and are over."""
        self.counts: Counter[Status] = Counter()
        """How many items have which outcome so far."""
        self.stopped = False
        self.over = False
        self.watch = watch

    @property
    def calls(self) -> int:
        """The number of calls."""
        return len(self.parts)

    def add(self, outcomes: Collection[Outcome]) -> None:
        """Count the outcomes of one more call, or of one that is not sent any more."""
        self.answered += any(each.status is not Status.NOT_SENT for each in outcomes)
        self.counts.update(each.status for each in outcomes)
        self.watch()

    def stop(self) -> None:
        """Send no further call; the one that is under way is finished."""
        if not self.stopped:
            self.stopped = True
            self.watch()

    def end(self) -> None:
        """Hear that it is over: it is sent as far as it will be, and read back."""
        self.over = True
        self.watch()

    def sentence(self) -> str:
        """Return how far it is: ``2 of 3 calls, 198 of 244 done, 2 refused``."""
        done = self.counts[Status.DONE]
        others = (
            f"{self.counts[status]:,} {status.value}"
            for status in Status
            if status is not Status.DONE and self.counts[status]
        )
        return ", ".join(
            (
                f"{self.answered:,} of {counted(self.calls, 'call')}",
                f"{done:,} of {self.items:,} done",
                *others,
            )
        )
