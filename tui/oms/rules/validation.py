"""Well-formed requests: number of items, ids, repeated ids and positive numbers (section 2.0, C7).

A request that fails here is refused as a whole, partial calls included, before any rule runs.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Sized
from decimal import Decimal
from typing import Any, Final

from tui.api.base import CurrencyAndAmount, Properties, ResourceId
from tui.api.operation import MAX_ITEMS
from tui.oms.domain.error_codes import DUPLICATE, INVALID_REQUEST
from tui.oms.domain.refusals import Refusal
from tui.oms.domain.unit_of_work import UnitOfWork
from tui.oms.rules.sizes import decimal_text

ID_PART: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
ID_RULE: Final = "must have a scope and a code of 1 to 64 letters, digits, hyphens or underscores."

PROPERTY_KEY: Final = re.compile(r"(\w+)/[A-Za-z0-9_-]{1,64}/[A-Za-z0-9_-]{1,64}")

MAX_PROPERTIES: Final = 250
"""The most properties of one entity: every page it is on carries them."""

EXTERNAL_IDS: Final = (
    "portfolio_id",
    "order_book_id",
    "custodian_account_id",
    "order_instruction",
    "package",
)
"""The members of requests that name entities of other parts of LUSID: they need not exist here."""


class RequestChecks:
    """Collects the errors of a request, field by field, and refuses it once."""

    def __init__(self) -> None:
        self._errors: dict[str, list[str]] = {}

    def add_error(self, field: str, problem: str) -> None:
        """Add an error: ``field`` is a path in the request, ``problem`` a sentence."""
        self._errors.setdefault(field, []).append(problem)

    def check_count(self, field: str, items: Sized, most: int = MAX_ITEMS) -> None:
        """Check that there are 1 to ``most`` items (section 2.0)."""
        if not items:
            self.add_error(field, f"The field {field} must have at least 1 item.")
        elif len(items) > most:
            self.add_error(field, f"The field {field} must have at most {most} items.")

    def check_required(self, at: str, item: object, *names: str) -> None:
        """Check that the fields ``names`` of ``item`` have a value other than the empty text."""
        for name in names:
            if getattr(item, name) in (None, ""):
                self.add_missing(f"{at}.{pascal_case(name)}")

    def add_missing(self, field: str) -> None:
        """Add the error that ``field`` has no value."""
        self.add_error(field, f"The {field.rpartition('.')[2]} field is required.")

    def check_id(self, field: str, uow: UnitOfWork, id: ResourceId, *kinds: type[Any]) -> None:
        """Check that an id has the characters and length of section 1.0.

        An id that an entity of one of ``kinds`` already has is accepted: the server makes longer ones.
        """
        if ID_PART.fullmatch(id.scope) and ID_PART.fullmatch(id.code):
            return
        if all(uow.get(kind, id) is None for kind in kinds):
            self.add_error(field, f"The field {field} {ID_RULE}")

    def check_external_ids(self, at: str, uow: UnitOfWork, item: object) -> None:
        """Check the ids by which an item names entities that this server does not store (section 1.0)."""
        for name in EXTERNAL_IDS:
            id = getattr(item, name, None)
            if id is not None:
                self.check_id(f"{at}.{pascal_case(name)}", uow, id)

    def check_currency(self, at: str, item: object, *names: str) -> None:
        """Check that money in the fields ``names`` has a currency (section 1.0)."""
        for name in names:
            value = getattr(item, name)
            if isinstance(value, CurrencyAndAmount) and not value.currency:
                self.add_missing(f"{at}.{pascal_case(name)}.Currency")

    def check_properties(self, at: str, kind: type[Any], properties: Properties | None) -> None:
        """Check properties of ``kind`` (section 1.0).

        Each must repeat the key it is sent under, belong to the kind's domain, and have at most one value.
        """
        domain = kind.__name__
        if len(properties or ()) > MAX_PROPERTIES:
            self.add_error(at, f"An item must have at most {MAX_PROPERTIES} properties.")
            return
        for key, found in (properties or {}).items():
            field = f"{at}[{key}]"
            match = PROPERTY_KEY.fullmatch(found.key)
            if found.key != key:
                self.add_error(f"{field}.Key", "The field Key must repeat the key its property is under.")
            elif match is None or match[1] not in (domain, f"{domain}s"):
                self.add_error(f"{field}.Key", f"The field Key must be a property key: {domain}/scope/code.")
            if found.value is not None and found.value.members != 1:
                self.add_error(f"{field}.Value", "The field Value must have exactly one member.")

    def check_not_empty(self, at: str, item: object, *names: str) -> None:
        """Check that the lists ``names`` of ``item`` are not empty."""
        for name in names:
            if not getattr(item, name):
                field = pascal_case(name)
                self.add_error(f"{at}.{field}", f"The field {field} must have at least 1 item.")

    def check_unique(self, what: str, values: Iterable[Hashable]) -> None:
        """Refuse a request that names the same thing twice (section 2.0, C5)."""
        values = list(values)
        if len(set(values)) == len(values):
            return
        seen: set[Hashable] = set()
        for value in values:
            if value in seen:
                self.raise_if_invalid()
                detail = f"{what} '{value}' appears more than once in the request."
                raise Refusal("DuplicateInParameterSet", detail, "C5", DUPLICATE)
            seen.add(value)

    def raise_if_invalid(self) -> None:
        """Refuse the request when there are errors.

        Raises:
            Refusal: with all errors, by field.
        """
        if self._errors:
            raise Refusal(
                "InvalidRequest",
                "One or more elements of the request were invalid.",
                code=INVALID_REQUEST,
                errors={field: tuple(problems) for field, problems in self._errors.items()},
            )


def pascal_case(name: str) -> str:
    """Return a field's name as validation errors spell it.

    >>> pascal_case("limit_price")
    'LimitPrice'
    """
    return name.title().replace("_", "")


def check_one_size(
    owner: str,
    id: ResourceId,
    quantity: Decimal | None,
    amount: CurrencyAndAmount | None,
    weight: Decimal | None = None,
    *,
    zero_allowed: bool = False,
) -> None:
    """Check that exactly one of quantity, amount and weight is sent, and is more than zero (C7, P3).

    Raises:
        Refusal: with code 151, naming ``owner`` (Order, Placement) and its ``id``.
    """
    if quantity is not None and quantity > 0 and amount is None and weight is None:
        return
    given = [size for size in (quantity, amount.amount if amount else None, weight) if size is not None]
    names = "quantity, amount and weight" if owner == "Order" else "quantity and amount"
    if len(given) != 1:
        raise invalid_value(
            f"{owner} '{id}' must have exactly one of {names}, not {len(given)} of them.", "C7"
        )
    if given[0] < 0 or (given[0] == 0 and not zero_allowed):
        raise invalid_value(
            f"{owner} '{id}' has a size of {decimal_text(given[0])}: it must be more than 0.", "C7"
        )


def invalid_value(detail: str, rule: str) -> Refusal:
    """Return the refusal of an impossible value (code 151)."""
    return Refusal("InvalidParameterValue", detail, rule)
