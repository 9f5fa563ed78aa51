"""Refusals as values: the rule that is broken, the error code and the sentence for the client."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tui.api.base import ErrorDetail, ResourceId
from tui.oms.domain.error_codes import ALREADY_EXISTS, INVALID_VALUE, NOT_FOUND, TITLES


@dataclass(slots=True)
class Refusal(Exception):
    """A request, or one item of it, that breaks a rule.

    An atomic call answers a problem document for the whole call; a partial call puts the refusal under
    the item's key in ``failed``. ``type`` is the PascalCase name (``OrderNotFound``), ``rule`` the number
    in the contract (``C2``), ``code`` the error code, ``errors`` the sentences by field at fault.
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
        """Return the sentence that belongs to the error code, for a problem document's title."""
        return TITLES.get(self.code, "The request was refused.")

    def as_item(self, key: str) -> ErrorDetail:
        """Return the entry of ``failed`` for the item sent under ``key``."""
        return ErrorDetail(id=key, type=self.type, detail=self.detail, error_details=())


def not_found(kind: type, id: ResourceId, rule: str, status: int = 400) -> Refusal:
    """Return the refusal of an id that no entity of ``kind`` has."""
    name = kind.__name__
    return Refusal(
        f"{name}NotFound",
        f"No {name.lower()} with scope '{id.scope}' and code '{id.code}' exists.",
        rule,
        NOT_FOUND[name],
        status,
    )


def already_exists(kind: type, id: ResourceId, rule: str) -> Refusal:
    """Return the refusal of an id that is already in use."""
    detail = f"{_article(kind)} with scope '{id.scope}' and code '{id.code}' already exists."
    return Refusal("EntityWithIdAlreadyExists", detail, rule, ALREADY_EXISTS)


def _article(kind: type) -> str:
    name = kind.__name__.lower()
    return f"An {name}" if name[0] in "aeo" else f"A {name}"
