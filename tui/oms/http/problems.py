"""Failures as LUSID's problem documents (contract 2.0): the codes of the HTTP face, and the body."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from tui.api.base import ProblemDetails
from tui.oms.domain.refusals import INVALID_REQUEST, Refusal

ACCESS_DENIED: Final = 186
INVALID_TOKEN: Final = 187
CONFLICT: Final = 156
RATE_LIMITED: Final = 103
UNKNOWN: Final = -1

NO_BODY: Final = "A non-empty request body is required."

_TITLES: Final[Mapping[int, str]] = {
    CONFLICT: "Another request with the same key is still at work.",
    ACCESS_DENIED: "Access denied.",
    INVALID_TOKEN: "The access token is missing or not valid.",
    RATE_LIMITED: "Too many requests were made.",
    UNKNOWN: "The request could not be served.",
    233: "The filter could not be parsed.",
    681: "Sorting by this field is not supported.",
    682: "Too many sort fields were given.",
    689: "The pagination token is not valid.",
}


def invalid(errors: Mapping[str, tuple[str, ...]], detail: str | None = None) -> Refusal:
    """Give the refusal of a request whose members are not of the contract's form (157), member by member."""
    text = detail or "One or more elements of the request were invalid."
    return Refusal("InvalidRequest", text, code=INVALID_REQUEST, errors=errors)


def unfit(detail: str, status: int) -> Refusal:
    """Give the refusal of a request that is not looked into: too long, too late, of another type (157)."""
    return Refusal("InvalidRequest", detail, code=INVALID_REQUEST, status=status)


def invalid_value(name: str, detail: str) -> Refusal:
    """Give the refusal of a query parameter's value (151)."""
    return Refusal("InvalidParameterValue", detail, errors={name: (detail,)})


def document(refusal: Refusal, instance: str) -> ProblemDetails:
    """Give ``refusal`` as the body of an answer; ``instance`` names the request in the server's log.

    A 400 is a LusidValidationProblemDetails, everything else a LusidProblemDetails.
    """
    return ProblemDetails(
        name=refusal.type,
        error_details=(),
        code=refusal.code,
        errors=dict(refusal.errors) or None,
        type=f"https://docs.lusid.com/#section/Error-Codes/{refusal.code}",
        title=_TITLES.get(refusal.code) or refusal.title,
        status=refusal.status,
        detail=refusal.detail,
        instance=instance,
        extensions=None if refusal.status == 400 else {},
    )
