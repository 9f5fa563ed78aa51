"""What can go wrong with a call, as values a user can act on.

Every error says *why* in the server's or the network's words and *what to do next*. The one question
that matters for a write, "did it happen?", is answered by the class: :class:`NotSent` and
:class:`Refused` mean no, :class:`NoAnswer` means nobody knows yet.
"""

from __future__ import annotations

from collections.abc import Mapping

from tui.api.base import ErrorDetail, ProblemDetails, ResourceId


class ApiError(Exception):
    """A call that did not give what was asked.

    ``why`` is one sentence, ``advice`` what the user can do, ``status`` the HTTP status if there was
    an answer, ``request_id`` the server's name of the request if it gave one, ``retry_after`` the seconds
    the server asks to wait, when it said so.
    """

    retry_after: float | None = None
    advice: str = "Try again; if it stays, show the request id to the people who run the server."

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
    """The server has not answered several times in a row: for ``seconds`` more nothing is sent at all."""

    advice = "Nothing was sent. The server is tried again by itself; see that it runs and can be reached."

    def __init__(self, why: str, *, seconds: float) -> None:
        super().__init__(why)
        self.seconds = seconds


class NoAnswer(ApiError):
    """The request may have arrived, but no answer can be trusted: a write's outcome is unknown."""

    advice = "Nothing is sent twice: the entities are read back to see what happened."


class ServerFailed(NoAnswer):
    """The server answered with a failure of its own (5xx): a write may still have happened."""


class MalformedReply(NoAnswer):
    """The answer is not what the contract promises."""

    advice = "Check that the address is an order management API; a proxy may be answering instead."


class Refused(ApiError):
    """The server said no: nothing happened. ``problem`` holds its own account of why."""

    advice = "Change the request as the reason says, then try again."

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
        """The server's error code (contract 2.0), if it sent one."""
        return self.problem.code


class Unauthenticated(Refused):
    """401: the token is missing, wrong or has expired."""

    advice = "Sign on again: the access token is missing, wrong or has expired."


class Forbidden(Refused):
    """403: this user may not do this."""

    advice = "Ask for the entitlement, or sign on as somebody who has it."


class NotFound(Refused):
    """404: there is no such entity, at this asAt."""

    advice = "Refresh: it may have been deleted, or the id may be mistyped."


class RateLimited(Refused):
    """429: too many requests; taken as not executed."""

    advice = "Wait a moment, then try again."


class NotServed(Refused):
    """501, or a path the server does not know: this feature is absent there (T10)."""

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
    """Give the error class a refused call of this HTTP ``status`` is raised as."""
    return _BY_STATUS.get(status, Refused)


def reason_of(problem: ProblemDetails) -> str:
    """Say why a call was refused, in the server's words: detail, then the fields it names, then title."""
    fields = [f"{name}: {' '.join(texts)}" for name, texts in (problem.errors or {}).items()]
    parts = [problem.detail, *fields] if problem.detail or fields else [problem.title or problem.name]
    return " ".join(part for part in parts if part) or "The server gave no reason."


def item_failure(
    failed: Mapping[str, ErrorDetail] | None, key: str, subject: ResourceId | None = None
) -> ErrorDetail | None:
    """Find one item's failure, whether keyed by the request's key or by ``Scope:… Code:…`` (T6)."""
    if not failed:
        return None
    return failed.get(key) or (failed.get(subject.failed_key) if subject else None)
