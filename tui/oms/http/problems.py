"""Failures as LUSID's problem documents (contract 2.0)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from tui.api.base import ProblemDetails
from tui.oms.domain.error_codes import INVALID_REQUEST
from tui.oms.domain.refusals import Refusal

MAX_DETAIL: Final = 2_000
"""The longest sentence of a response, in characters: it may quote what a client sent."""
NO_BODY: Final = "A non-empty request body is required."


def invalid(errors: Mapping[str, tuple[str, ...]], detail: str | None = None) -> Refusal:
    """Return the refusal of a request whose members are malformed (157), with sentences by member."""
    text = detail or "One or more elements of the request were invalid."
    return Refusal("InvalidRequest", text, code=INVALID_REQUEST, errors=errors)


def rejected(detail: str, status: int) -> Refusal:
    """Return the refusal of a request that is not read: too long, too late or of another type (157)."""
    return Refusal("InvalidRequest", detail, code=INVALID_REQUEST, status=status)


def invalid_value(name: str, detail: str) -> Refusal:
    """Return the refusal of a query parameter's value (151)."""
    return Refusal("InvalidParameterValue", detail, errors={name: (detail,)})


def document(refusal: Refusal, instance: str) -> ProblemDetails:
    """Return ``refusal`` as the body of a response; ``instance`` names the request in the server's log.

    A 400 is a LusidValidationProblemDetails, everything else a LusidProblemDetails.
    """
    return ProblemDetails(
        name=refusal.type,
        error_details=(),
        code=refusal.code,
        errors={name[:MAX_DETAIL]: tuple(map(_cut, each)) for name, each in refusal.errors.items()} or None,
        type=f"https://docs.lusid.com/#section/Error-Codes/{refusal.code}",
        title=refusal.title,
        status=refusal.status,
        detail=_cut(refusal.detail),
        instance=instance,
        extensions=None if refusal.status == 400 else {},
    )


def _cut(sentence: str) -> str:
    return sentence if len(sentence) <= MAX_DETAIL else f"{sentence[: MAX_DETAIL - 1]}…"
