"""The errors of a call, each with a reason and with what the user can do next.

The class answers the question that matters for a write, "did it happen?": :class:`NotSent` and
:class:`Refused` mean no, :class:`NoAnswer` means that it is not known yet.
"""

from __future__ import annotations

from collections.abc import Mapping

from tui.api.base import ErrorDetail, ProblemDetails, ResourceId
from tui.api.ceilings import LONGEST_REASON


class ApiError(Exception):
    """A call that failed.

    ``why`` is the reason in one sentence, ``advice`` what the user can do. With an answer, ``status`` is its
    HTTP status and ``request_id`` the server's name of the request; ``retry_after`` is the seconds the
    server asks to wait. Each may be missing.
    """

    retry_after: float | None = None
    advice: str = "Try again. If it fails again, show the request id to the people who run the server."

    def __init__(
        self,
        why: str,
        *,
        advice: str | None = None,
        status: int | None = None,
        request_id: str | None = None,
    ) -> None:
        super().__init__(why)
        self.why = why
        self.status = status
        self.request_id = request_id
        if advice is not None:
            self.advice = advice

    def __str__(self) -> str:
        return self.why


class NotSent(ApiError):
    """The request never left: nothing happened, and sending it again is safe."""

    advice = "Check that the server runs and that the address is right, then try again."


class Offline(NotSent):
    """The circuit is open: the server failed to answer several times, and for ``seconds`` nothing is sent."""

    advice = "The server is retried automatically; check that it runs and can be reached."

    def __init__(self, why: str, *, seconds: float) -> None:
        super().__init__(why)
        self.seconds = seconds


class NoAnswer(ApiError):
    """The request may have arrived, but there is no answer to trust: the outcome of a write is unknown."""

    advice = "Nothing is sent twice: the entities are read back to see what happened."


class ServerFailed(NoAnswer):
    """The server failed (5xx): a write may still have happened."""


class MalformedReply(NoAnswer):
    """The answer is not one of the contract."""

    advice = "Check that the address is an order management API; a proxy may be answering instead."


class TooLarge(MalformedReply):
    """The answer is larger than any of the contract: no more of it was read than its ceiling."""

    advice = "Show this to the people who run the server: it answers more than anybody asked for."


class Refused(ApiError):
    """The server refused: nothing happened. ``problem`` is its account of why."""

    advice = "Change the request as the reason says and try again."

    def __init__(
        self,
        why: str,
        *,
        problem: ProblemDetails | None = None,
        status: int | None = None,
        request_id: str | None = None,
    ) -> None:
        super().__init__(why, status=status, request_id=request_id)
        self.problem = problem or ProblemDetails()

    @property
    def code(self) -> int | None:
        """The server's error code, if it sent one (contract 2.0)."""
        return self.problem.code


class Unauthenticated(Refused):
    """401: the token is missing, wrong or has expired."""

    advice = "Sign on again: the access token is missing, wrong or has expired."


class Forbidden(Refused):
    """403: this user is not entitled to do this."""

    advice = "Ask for the entitlement, or sign on as somebody who has it."


class NotFound(Refused):
    """404: there is no such entity at this asAt."""

    advice = "Refresh: it may have been deleted, or the id may be mistyped."


class RateLimited(Refused):
    """429: too many requests; the server did not execute it."""

    advice = "Wait a moment, then try again."


class NotServed(Refused):
    """501, or a path the server does not know: it does not offer this operation (T10)."""

    advice = "This server does not offer it."


_BY_STATUS: dict[int, type[Refused]] = {
    401: Unauthenticated,
    403: Forbidden,
    404: NotFound,
    405: NotServed,
    429: RateLimited,
    501: NotServed,
}


def refusal_for(status: int) -> type[Refused]:
    """Return the error class of a call that was refused with HTTP ``status``."""
    return _BY_STATUS.get(status, Refused)


def reason_of(problem: ProblemDetails) -> str:
    """Return why a call was refused in the server's words: detail and the fields it names, else title."""
    fields = [f"{name}: {' '.join(texts)}" for name, texts in (problem.errors or {}).items()]
    parts = [problem.detail, *fields] if problem.detail or fields else [problem.title or problem.name]
    said = " ".join(part for part in parts if part) or "The server gave no reason."
    return said if len(said) <= LONGEST_REASON else f"{said[:LONGEST_REASON]}… ({len(said):,} characters)"


def item_failure(
    failed: Mapping[str, ErrorDetail] | None, key: str, subject: ResourceId | None = None
) -> ErrorDetail | None:
    """Return the failure of one item, by the request's key or by ``Scope:… Code:…`` (T6), if it failed."""
    if not failed:
        return None
    return failed.get(key) or (failed.get(subject.failed_key) if subject else None)
