"""Updates: the shape of their verbs, the entity one will make, and its changes in words."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar, Final, TypeVar

from msgspec.structs import replace

from tui.api.base import CurrencyAndAmount, PerpetualProperty, ResourceId
from tui.api.models import Order, Placement
from tui.api.requests import OrderUpdateRequest, PlacementUpdateRequest
from tui.api.states import normalize
from tui.service.numbers import units
from tui.service.snapshot.naming import short_name
from tui.service.snapshot.snapshot import Ref, Snapshot
from tui.service.state_words import state_in_words
from tui.service.verbs.preview_line import LARGEST
from tui.service.verbs.verb import KeyedVerb
from tui.service.verbs.verdicts import Verdict, Versions, verdict_of
from tui.service.wire_words import entry_in_words, in_words

_UPDATABLE: Final = (
    "quantity",
    "amount",
    "portfolio_id",
    "price",
    "limit_price",
    "stop_price",
    "date",
    "side",
)

Update = TypeVar("Update", OrderUpdateRequest, PlacementUpdateRequest)


def updated(order: Order, update: OrderUpdateRequest) -> Order:
    """Return the order as it will be after the update."""
    fields = {name: getattr(update, name) for name in _UPDATABLE if getattr(update, name) is not None}
    return replace(order, **fields)


def updated_placement(row: Placement, update: PlacementUpdateRequest) -> Placement:
    """Return the placement as it will be after the update: at market it has no prices (P9, P10)."""
    names = ("quantity", "amount", "type", "counterparty", "execution_system", "entry_type")
    fields = {name: getattr(update, name) for name in names if getattr(update, name) is not None}
    held = next((price.currency for price in (row.limit_price, row.stop_price) if price), None)
    for name in ("limit_price", "stop_price"):
        amount = getattr(update, name)
        if amount is not None:
            fields[name] = CurrencyAndAmount(amount=amount, currency=update.currency or held)
        elif normalize(update.type) == "market":
            fields[name] = None
    return replace(row, **fields)


def all_asked(updates: Iterable[Update], id: ResourceId) -> Update:
    """Return what the updates of one entity ask for together: a server applies them in order (U5)."""
    first, *later = (update for update in updates if update.id == id)
    for update in later:
        names = (name for name in update.__struct_fields__ if getattr(update, name) is not None)
        fields = {name: getattr(update, name) for name in names}
        if first.properties and update.properties:
            fields["properties"] = {**first.properties, **update.properties}
        first = replace(first, **fields)
    return first


def asked_is_there(update: Any, entity: Any) -> bool:
    """Return whether every field an update asked for has the value it asked for."""
    for name in update.__struct_fields__:
        asked = getattr(update, name)
        if asked is None or name in ("id", "properties", "currency"):
            continue
        held = getattr(entity, name)
        if isinstance(held, CurrencyAndAmount) and isinstance(asked, Decimal):
            held = held.amount
        if held != asked:
            return False
    stored = entity.properties or {}
    for key, property in (update.properties or {}).items():
        held = stored.get(key)
        if (held.value if held else None) != property.value:
            return False
    return True


def described_changes(update: Any, entity: Any, portfolio: Callable[[ResourceId], str] = str) -> list[str]:
    """Return field by field what an update changes: ``quantity 55 → 50``.

    ``portfolio`` returns the name of a portfolio.
    """
    said = []
    for name in update.__struct_fields__:
        asked = getattr(update, name)
        if asked is None or name in ("id", "properties", "currency"):
            continue
        held = getattr(entity, name, None)
        if held != asked:
            if isinstance(asked, Decimal) and name in ("limit_price", "stop_price"):
                currency = getattr(update, "currency", None) or (held.currency if held else None)
                asked = CurrencyAndAmount(amount=asked, currency=currency)
            said.append(_change(name, held, asked, portfolio))
    said.extend(_property(key, property) for key, property in (update.properties or {}).items())
    return said


_REPLACED: Final = (
    "quantity",
    "amount",
    "portfolio_id",
    "type",
    "time_in_force",
    "limit_price",
    "stop_price",
    "counterparty",
    "execution_system",
    "entry_type",
)
"""The fields in which a dealer changes an entity that is sent whole."""


def described_replacement(
    request: Any, entity: Any, portfolio: Callable[[ResourceId], str] = str
) -> list[str]:
    """Return field by field what an entity sent whole changes: ``limit price 190 USD → none``."""
    return _described(_REPLACED, request, entity, portfolio)


def described_row(was: Any, now: Any, portfolio: Callable[[ResourceId], str] = str) -> list[str]:
    """Return field by field what became of a row: ``quantity 100 → 200``."""
    return _described((*_REPLACED, "side", "price", "state", "settlement_date"), now, was, portfolio)


def _described(
    names: Iterable[str], request: Any, entity: Any, portfolio: Callable[[ResourceId], str]
) -> list[str]:
    said = []
    for name in names:
        asked, held = getattr(request, name, None), getattr(entity, name, None)
        if asked != held:
            said.append(_change(name, held, asked, portfolio))
    stored = entity.properties or {}
    said.extend(
        _property(key, property)
        for key, property in (request.properties or {}).items()
        if key not in stored or stored[key].value != property.value
    )
    return said


class UpdateVerb(KeyedVerb, frozen=True):
    """A write that changes entities, each for itself; only what is sent changes."""

    title: ClassVar[str] = "Update"
    past: ClassVar[str] = "updated"
    listed: ClassVar[str] = "updates"

    def judge(self, ref: Ref, before: Versions, after: Snapshot) -> Verdict:
        row = after.row(ref)
        applied = row is not None and asked_is_there(all_asked(self._listed, ref.id), row)
        return verdict_of(applied, ref, before, after)

    def effects(self, snapshot: Snapshot) -> tuple[str, ...]:
        if self.count <= LARGEST:
            return ()  # the sentences of the items say it
        return tuple(
            f"{', '.join(changes)} · {short_name(snapshot, ref.kind, ref.id)}"
            for update, ref in zip(self._listed, self.refs, strict=True)
            if (changes := described_changes(update, snapshot.row(ref), snapshot.portfolio_label))
        )


def _change(name: str, held: Any, asked: Any, portfolio: Callable[[ResourceId], str]) -> str:
    return f"{field_words(name)} {value_words(held, name, portfolio)} → {value_words(asked, name, portfolio)}"


def _property(key: str, property: PerpetualProperty) -> str:
    """Return what becomes of a property: ``note 'mine'``."""
    value = "removed" if property.value is None else f"'{property.value}'"
    return f"{key.rpartition('/')[2].lower()} {value}"


def field_words(name: str) -> str:
    """Return the name of a field in a dealer's words.

    >>> field_words("limit_price"), field_words("counterparty"), field_words("portfolio_id")
    ('limit price', 'broker', 'portfolio')
    """
    return _FIELD_WORDS.get(name) or name.removesuffix("_id").replace("_", " ")


def value_words(value: Any, name: str = "", portfolio: Callable[[ResourceId], str] = str) -> str:
    """Return the value of the field ``name`` in a dealer's words."""
    if value is None:
        return "none"
    if isinstance(value, ResourceId):
        return portfolio(value)
    if isinstance(value, CurrencyAndAmount):
        return f"{units(value.amount)} {value.currency or ''}".rstrip()
    if isinstance(value, datetime):
        return f"{value:%d %b %Y}"
    if name == "state":
        return state_in_words(value)
    if name == "entry_type":
        return entry_in_words(value)
    if name in _IN_WORDS:
        return in_words(value)
    return units(value) if isinstance(value, Decimal) else str(value)


_FIELD_WORDS: Final = {"counterparty": "broker", "execution_system": "system", "entry_type": "entry"}
_IN_WORDS: Final = frozenset(("type", "time_in_force", "side"))
"""The fields whose values have names of the API."""
