"""Why the server says no, as values: the rule, the error code and the sentence the client will read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from tui.api.base import ErrorDetail, ResourceId

DUPLICATE: Final = 144
INVALID_VALUE: Final = 151
INVALID_REQUEST: Final = 157
ALREADY_EXISTS: Final = 173

NOT_FOUND: Final = {"Order": 650, "Allocation": 654, "Placement": 725, "Execution": 726, "Block": 727}
"""The error code of an unknown id, by family (2.0)."""

_TITLES: Final = {
    DUPLICATE: "One or more identifiers were repeated in the request.",
    INVALID_VALUE: "One or more values of the request were invalid.",
    INVALID_REQUEST: "One or more validation errors occurred.",
    ALREADY_EXISTS: "An entity with that identifier already exists.",
    **{code: f"The {family} requested was not found." for family, code in NOT_FOUND.items()},
}


@dataclass(slots=True)
class Refusal(Exception):
    """A request, or one item of it, that breaks a rule.

    Atomic calls answer it as a problem document for the whole call; partial calls put it under the
    item's key in ``failed``. ``type`` is the PascalCase name (``OrderNotFound``), ``rule`` the number in
    the contract (``C2``), ``code`` the error code of section 2.0, ``errors`` the fields at fault.
    """

    type: str
    detail: str
    rule: str = ""
    code: int = INVALID_VALUE
    status: int = 400
    errors: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.type} ({self.rule}): {self.detail}" if self.rule else f"{self.type}: {self.detail}"

    @property
    def title(self) -> str:
        """Give the sentence that goes with the error code, for a problem document's title."""
        return _TITLES.get(self.code, "The request was refused.")

    def as_item(self, key: str) -> ErrorDetail:
        """Give the entry of ``failed`` for the item sent under ``key``."""
        return ErrorDetail(id=key, type=self.type, detail=self.detail, error_details=())


def not_found(kind: type, id: ResourceId, rule: str, status: int = 400) -> Refusal:
    """Give the refusal for an id no entity of ``kind`` has."""
    family = kind.__name__
    return Refusal(
        f"{family}NotFound",
        f"No {family.lower()} with scope '{id.scope}' and code '{id.code}' exists.",
        rule,
        NOT_FOUND[family],
        status,
    )


def already_exists(kind: type, id: ResourceId, rule: str) -> Refusal:
    """Give the refusal for an id that is taken."""
    detail = f"{_article(kind)} with scope '{id.scope}' and code '{id.code}' already exists."
    return Refusal("EntityWithIdAlreadyExists", detail, rule, ALREADY_EXISTS)


def _article(kind: type) -> str:
    name = kind.__name__.lower()
    return f"An {name}" if name[0] in "aeo" else f"A {name}"
