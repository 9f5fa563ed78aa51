"""The ``propertyKeys`` parameter, which requests further properties of entities (1.0).

Stored properties are always returned. The parameter adds derived properties and those of the instrument;
this server has neither, so a key of the right form is accepted and adds nothing.
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
"""The domains of property keys; those of order management also in the plural, as the SDK's texts have it."""


def check(call: Call) -> None:
    """Check the keys of a call's ``propertyKeys``.

    Raises:
        Refusal: one is not DOMAIN/SCOPE/CODE, or its domain does not exist (151).
    """
    for key in call.query.many("propertyKeys"):
        domain, _, rest = key.partition("/")
        scope, _, code = rest.partition("/")
        if not domain or not scope or not code or "/" in code:
            raise invalid_value("propertyKeys", f"'{key}' is not a property key: domain/scope/code.")
        if domain not in DOMAINS:
            raise invalid_value("propertyKeys", f"'{domain}' in '{key}' is no domain of properties.")
