"""The values that entities on the wire consist of: ids, money, properties, versions.

Every wire type is a frozen ``msgspec.Struct``. Its fields are the contract's names in snake case, and
``None`` stands for both *missing* and *null* (T1). Nothing here knows HTTP, SQL or a terminal.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Final

import msgspec

from tui.api.ceilings import LONGEST_ID

ZERO: Final = Decimal(0)

IdPart = Annotated[str, msgspec.Meta(max_length=LONGEST_ID)]
"""The scope or the code of an id: a longer text is none."""
Instant = Annotated[datetime, msgspec.Meta(tz=True)]
"""A point in time, always aware. A text without a zone is UTC (F2); the codec adds it."""


class WireStruct(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True, gc=False):
    """Base of every wire type: camel case in JSON, nulls left out.

    Frozen trees cannot form cycles, so the garbage collector does not track them (``gc=False``).
    """


class ResourceId(msgspec.Struct, frozen=True, order=True, gc=False, cache_hash=True):
    """The identity of an entity: ``scope`` and ``code``, spelt as the server spells them."""

    scope: IdPart
    code: IdPart

    def __str__(self) -> str:
        return f"{self.scope}/{self.code}"

    @property
    def failed_key(self) -> str:
        """The key LUSID uses for it in ``failed`` of allocate and booktransactions."""
        return f"Scope:{self.scope} Code:{self.code}"


class CurrencyAndAmount(WireStruct, frozen=True, kw_only=True):
    """Money: ``amount`` in units of the ISO ``currency``."""

    amount: Decimal | None = None
    currency: str | None = None

    def __str__(self) -> str:
        amount = "" if self.amount is None else f"{self.amount:f}"
        return f"{amount} {self.currency or ''}".strip()


class MetricValue(WireStruct, frozen=True, kw_only=True):
    value: Decimal | None = None
    unit: str | None = None


class LabelValueSet(WireStruct, frozen=True, kw_only=True):
    values: tuple[str, ...]


class PropertyValue(WireStruct, frozen=True, kw_only=True):
    """The value of a property: exactly one member is set, none in a property without a value."""

    label_value: str | None = None
    metric_value: MetricValue | None = None
    label_value_set: LabelValueSet | None = None

    @property
    def members(self) -> int:
        """The number of members that are set."""
        return 3 - (self.label_value, self.metric_value, self.label_value_set).count(None)

    def __str__(self) -> str:
        if self.label_value is not None:
            return self.label_value
        if self.metric_value is not None:
            number = "" if self.metric_value.value is None else f"{self.metric_value.value:f}"
            return f"{number} {self.metric_value.unit or ''}".strip()
        return ", ".join(self.label_value_set.values) if self.label_value_set else ""


class PerpetualProperty(WireStruct, frozen=True, kw_only=True):
    """A property under its ``key`` (domain/scope/code); in maps the key repeats this one."""

    key: str
    value: PropertyValue | None = None


Properties = Mapping[str, PerpetualProperty]
Identifiers = Mapping[str, str | None]


class Version(WireStruct, frozen=True, kw_only=True):
    """A version of an entity: its author, time (UTC) and request. Version 1 created the entity."""

    effective_from: Instant | None = None
    as_at_date: Instant | None = None
    as_at_created: Instant | None = None
    user_id_created: str | None = None
    request_id_created: str | None = None
    reason_created: str | None = None
    as_at_modified: Instant | None = None
    user_id_modified: str | None = None
    request_id_modified: str | None = None
    reason_modified: str | None = None
    as_at_version_number: int | None = None
    entity_unique_id: str | None = None
    staged_modification_id_modified: str | None = None


class Link(WireStruct, frozen=True, kw_only=True):
    relation: str = ""
    href: str = ""
    description: str | None = None
    method: str = "GET"


class ErrorDetail(WireStruct, frozen=True, kw_only=True):
    """The server's reason for refusing one item of a partial call."""

    id: str | None = None
    type: str | None = None
    detail: str | None = None
    error_details: tuple[Mapping[str, Any], ...] | None = None


class ProblemDetails(WireStruct, frozen=True, kw_only=True):
    """A refused call: LusidProblemDetails and, with ``errors``, LusidValidationProblemDetails."""

    name: str | None = None
    error_details: tuple[Mapping[str, Any], ...] | None = None
    code: int | None = None
    errors: Mapping[str, tuple[str, ...]] | None = None
    type: str | None = None
    title: str | None = None
    status: int | None = None
    detail: str | None = None
    instance: str | None = None
    extensions: Mapping[str, Any] | None = None
