"""States of compliance and approval, and how strongly each stands in the way of placing (G10, P13).

Client and embedded server read this one table. The texts are no enums on the wire: one that is not known, or
missing, has not been passed.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from tui.api.models import Order
from tui.api.states import normalize


class Guard(IntEnum):
    """Each stands more strongly in the way: nothing, a warning, the item count to be typed, a refusal."""

    FREE = 0
    WARN = 1
    TYPED = 2
    REFUSED = 3


COMPLIANCE: Final[Mapping[str, Guard]] = MappingProxyType(
    {
        "failed": Guard.REFUSED,
        "pending": Guard.TYPED,
        "partiallyoverridden": Guard.WARN,
        "warning": Guard.WARN,
        "manuallyapproved": Guard.FREE,
        "passed": Guard.FREE,
    }
)
"""The states of compliance, normalised, the worst first."""
APPROVAL: Final[Mapping[str, Guard]] = MappingProxyType(
    {"rejected": Guard.REFUSED, "pending": Guard.TYPED, "approved": Guard.FREE, "placed": Guard.FREE}
)
"""The states of approval, normalised, the worst first."""


def guard_of(states: Mapping[str, Guard], state: str | None) -> Guard:
    """Return how strongly a state of one of the tables stands in the way; an unknown one has to be typed.

    >>> guard_of(COMPLIANCE, "Partially overridden").name, guard_of(APPROVAL, None).name
    ('WARN', 'TYPED')
    """
    return states.get(normalize(state), Guard.TYPED)


def key_of_label(order: Order, code: str) -> str | None:
    """Return the key of the order's property ``Order/<any scope>/<code>`` that has a value, None without."""
    for key, stored in (order.properties or {}).items():
        if _names(key, code) and stored.value:
            return key
    return None


@lru_cache(maxsize=4096)
def _names(key: str, code: str) -> bool:
    """Return whether ``key`` is ``Order/<any scope>/<code>``."""
    parts = key.split("/")
    return len(parts) == 3 and parts[0] in ("Order", "Orders") and parts[2] == code


def labelled_state(order: Order, code: str) -> str:
    """Return the text of the order's property ``Order/<any scope>/<code>``, empty when it has none."""
    key = key_of_label(order, code)
    stored = (order.properties or {})[key].value if key else None
    return (stored.label_value or "") if stored else ""


def compliance_of(order: Order) -> str:
    """Return an order's state of compliance: derived by the server, else its property, else empty."""
    return order.derived_compliance_state or labelled_state(order, "ComplianceState")


def approval_of(order: Order) -> str:
    """Return an order's state of approval: derived by the server, else its property, else empty."""
    return order.derived_approval_state or labelled_state(order, "ApprovalState")
