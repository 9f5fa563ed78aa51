"""``propertyKeys``: which further properties a list or an entity is asked for (1.0).

Stored properties are answered without being asked for. The parameter adds derived properties and those of
the instrument, and this server has neither: a key of the right form is accepted and adds nothing.
"""

from __future__ import annotations

from typing import Final

from tui.oms.http.call import Call
from tui.oms.http.problems import invalid_value

_MANAGED: Final = ("Order", "Block", "Placement", "Execution", "Allocation", "Transaction")
_OTHERS: Final = (
    "Instrument",
    "Portfolio",
    "PortfolioGroup",
    "Holding",
    "OrderInstruction",
    "Package",
    "Compliance",
    "CustodianAccount",
    "LegalEntity",
    "Person",
    "Analytic",
    "DerivedValuation",
    "UnitResult",
)
DOMAINS: Final = frozenset((*_MANAGED, *(f"{name}s" for name in _MANAGED), *_OTHERS))
"""The domains of keys, those of order management as the SDK's texts also spell them."""


def check(call: Call) -> None:
    """Check the keys of a call's ``propertyKeys``.

    Raises:
        Refusal: one is not DOMAIN/SCOPE/CODE, or of no domain there is (151).
    """
    for key in call.query.many("propertyKeys"):
        domain, _, rest = key.partition("/")
        scope, _, code = rest.partition("/")
        if not domain or not scope or not code or "/" in code:
            raise invalid_value("propertyKeys", f"'{key}' is not a property key: domain/scope/code.")
        if domain not in DOMAINS:
            raise invalid_value("propertyKeys", f"'{domain}' in '{key}' is no domain of properties.")
