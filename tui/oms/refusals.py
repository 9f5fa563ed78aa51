"""Why the server says no, as values: the rule, the error code and the sentence the client will read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tui.api.shapes import ErrorDetail


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
    code: int = 151
    status: int = 400
    errors: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def as_item(self, key: str) -> ErrorDetail:
        """Give the entry of ``failed`` for the item sent under ``key``."""
        return ErrorDetail(id=key, type=self.type, detail=self.detail, error_details=())
