"""Calls that a server may lack: learned once, not asked again in vain, and the first to stop when it is busy.

Any of them may be absent, refused, slow or broken on a server whose order management works (R1, R2). So
each is sent once beside the others, and what its failure means is remembered: for a day that the server has
no such call or refuses it, for some minutes that it is in trouble.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

from tui.api.client import Client
from tui.api.errors import (
    ApiError,
    Forbidden,
    NotFound,
    NotServed,
    RateLimited,
    Refused,
)
from tui.api.http_request import PathNames, Query
from tui.api.operation import Operation
from tui.service.learned import Learned

BodyT = TypeVar("BodyT")
ReplyT = TypeVar("ReplyT")

ABSENT: Final = "absent"
REFUSED: Final = "refused"
FIRST_PAUSE: Final = timedelta(minutes=1)
"""The time for which a call that failed is left alone; it doubles with each failure in a row."""
INVALID: Final = 400
"""The status of a question that has no answer, such as the settlement date of what has no cycle."""
LONGEST_PAUSE: Final = timedelta(minutes=10)

log = logging.getLogger(__name__)


class OptionalCalls:
    """Sends the optional calls of one server; ``now`` is this machine's clock, aware UTC."""

    def __init__(self, client: Client, learned: Learned, now: Callable[[], datetime]) -> None:
        self._client = client
        self._learned = learned
        self._now = now
        self._failures: dict[str, int] = {}
        self._not_before: dict[str, datetime] = {}
        self._all_not_before: datetime | None = None
        self._why: dict[str, str] = {}

    def may(self, operation: Operation[Any, Any]) -> bool:
        """Return whether it is worth asking now."""
        now = self._now()
        if not operation.is_in(self._client.generation):
            return False
        if self._all_not_before is not None and now < self._all_not_before:
            return False
        pause = self._not_before.get(operation.name)
        return (pause is None or now >= pause) and not self.lacks(operation)

    def lacks(self, operation: Operation[Any, Any]) -> str:
        """Return ``absent`` or ``refused`` when the server said so within a day; else an empty text."""
        said = self._learned.get(_fact(operation))
        return said if said in (ABSENT, REFUSED) and isinstance(said, str) else ""

    def in_words(self, operation: Operation[Any, Any]) -> str:
        """Return why it is not answered, as the end of a sentence; empty when it is, or was never asked."""
        if not operation.is_in(self._client.generation) or self.lacks(operation) == ABSENT:
            return "this server does not tell"
        if self.lacks(operation):
            return "not licensed or not permitted"
        if self._all_not_before is not None and self._now() < self._all_not_before:
            return "the server asks to wait"
        return self.why_not(operation).rstrip(".")

    def why_not(self, operation: Operation[Any, Any]) -> str:
        """Return the server's own words for the last failure; empty when it did not fail."""
        return self._why.get(operation.name, "")

    def try_again(self) -> None:
        """Ask everything again: somebody wants to know."""
        self._failures.clear()
        self._not_before.clear()
        self._why.clear()
        self._all_not_before = None

    async def ask(
        self,
        operation: Operation[BodyT, ReplyT],
        body: BodyT | None = None,
        *,
        id: PathNames | None = None,
        query: Query | None = None,
    ) -> ReplyT:
        """Send a call once and return its answer.

        Raises:
            ApiError: it failed; what that means for the next time is remembered.
        """
        try:
            answer = await self._client.call(operation, body, id=id, query=query, beside=True)
        except ApiError as error:
            self._note(operation, error)
            raise
        for noted in (self._failures, self._not_before, self._why):
            noted.pop(operation.name, None)
        return answer

    def _note(self, operation: Operation[Any, Any], error: ApiError) -> None:
        """Remember what a failure says of the call; of one entity that is not there it says nothing."""
        name, now = operation.name, self._now()
        if "{" in operation.path and _is_of_the_entity(error):
            return
        log.info("%s is not known: %s", name, error)
        self._why[name] = error.why
        if isinstance(error, RateLimited):
            seconds = error.retry_after or FIRST_PAUSE.total_seconds()
            self._all_not_before = now + timedelta(seconds=seconds)
        elif isinstance(error, NotServed | NotFound):
            self._learned.put(_fact(operation), ABSENT)
        elif isinstance(error, Forbidden):
            self._learned.put(_fact(operation), REFUSED)
        else:
            failed = self._failures[name] = self._failures.get(name, 0) + 1
            self._not_before[name] = now + min(FIRST_PAUSE * 2 ** (failed - 1), LONGEST_PAUSE)


def _is_of_the_entity(error: ApiError) -> bool:
    """Return whether a failure tells of the entity that was asked for, and not of the call (R1).

    It does when the entity is not there, and not the path, or when nobody can say it of this one.
    """
    if isinstance(error, NotFound):
        return bool(error.problem.name or error.problem.code)
    return isinstance(error, Refused) and error.status == INVALID


def _fact(operation: Operation[Any, Any]) -> str:
    """Return the name under which is remembered whether a server offers an operation."""
    return f"call.{operation.name}"
