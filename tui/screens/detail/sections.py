"""The members of an entity in words, section by section.

It reads the declarations of the wire models, so that a member added there appears here. Values are in full:
numbers with all their digits, times in UTC, ids with their scope.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from tui.api.base import (
    CurrencyAndAmount,
    LabelValueSet,
    MetricValue,
    PerpetualProperty,
    PropertyValue,
    WireStruct,
)
from tui.service.typed_times import local_time

Section = tuple[str, Sequence[tuple[str, str]]]
"""A name, and the label and text of each member."""

INSTRUMENT: Final = frozenset(
    {"instrument_identifiers", "instrument_scope", "lusid_instrument_id", "instrument_uid"}
)
LAST: Final = ("Instrument", "Properties", "Version", "Links")
TITLES: Final = {"OrderGraphBlock": "Life cycle", "OrderGraphPlacement": "Life cycle"}
_CAPITAL: Final = re.compile(r"(?<!^)(?=[A-Z])")
_PLAIN: Final = (CurrencyAndAmount, MetricValue, PropertyValue, LabelValueSet)


def sections_of(row: WireStruct) -> tuple[Section, ...]:
    """Return all members of ``row`` by section; each section ends with the names of those without a value."""
    sections = list(_sections(row, title_of(row)))
    order = {name: at for at, name in enumerate(LAST, start=1)}
    return tuple(sorted(sections, key=lambda section: order.get(section[0], 0)))


def title_of(row: WireStruct) -> str:
    """Return what kind of entity ``row`` is, in words."""
    name = type(row).__name__
    return TITLES.get(name) or _CAPITAL.sub(" ", name).capitalize()


def words(name: str) -> str:
    """Return a member's name in words, of the models or of the wire.

    >>> words("limit_price"), words("lusid_instrument_id"), words("Instrument/default/Figi")
    ('Limit price', 'LUSID instrument id', 'Instrument/default/Figi')
    >>> words("placementCode")
    'Placement code'
    """
    if "/" in name:
        return name
    spaced = _CAPITAL.sub(" ", name).lower() if "_" not in name and not name.isupper() else name
    spaced = spaced.replace("_", " ").replace("as at", "asAt").replace("lusid", "LUSID")
    return spaced[:1].upper() + spaced[1:] if not spaced.startswith("asAt") else spaced


def _sections(row: WireStruct, title: str) -> Iterator[Section]:
    own: list[tuple[str, str]] = []
    instrument: list[tuple[str, str]] = []
    absent: list[str] = []
    nested: list[Section] = []
    for name in row.__struct_fields__:
        value = getattr(row, name)
        if value is None or value == "" or (name == "links" and not value):
            absent.append(words(name).lower().replace("lusid", "LUSID").replace("asat", "asAt"))
        elif name in INSTRUMENT:
            instrument += _named(value) if isinstance(value, Mapping) else [(words(name), str(value))]
        elif name in ("properties", "links"):
            nested.append((words(name), _named(value) if isinstance(value, Mapping) else _linked(value)))
        elif isinstance(value, WireStruct) and not isinstance(value, _PLAIN):
            nested += _sections(value, words(name))
        else:
            own += _rows(words(name), value)
    if absent:
        own.append(("Not given", ", ".join(name for name in absent if name != "links")))
    yield title, [(label, text) for label, text in own if (label, text) != ("Not given", "")]
    if instrument:
        yield "Instrument", instrument
    yield from nested


def _rows(label: str, value: Any) -> list[tuple[str, str]]:
    """Return one line per value of a list, the label beside the first."""
    if isinstance(value, tuple | list):
        lines = [text_of(each) for each in value] or ["none"]
        return [(label if at == 0 else "", line) for at, line in enumerate(lines)]
    if isinstance(value, Mapping):
        return [(f"{label}: {name}", text_of(each)) for name, each in value.items()] or [(label, "none")]
    return [(label, text_of(value))]


def _named(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(name, text_of(value)) for name, value in values.items()]


def _linked(links: Sequence[Any]) -> list[tuple[str, str]]:
    return [(link.relation, link.href) for link in links]


def text_of(value: Any) -> str:
    """Return one value in full.

    >>> text_of(Decimal("1234.50")), text_of(True), text_of(None)
    ('1,234.50', 'yes', '')
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Decimal):
        return f"{value:,f}"
    if isinstance(value, datetime):
        return time_text(value)
    if isinstance(value, CurrencyAndAmount):
        return f"{text_of(value.amount)} {value.currency or ''}".strip()
    if isinstance(value, PerpetualProperty):
        return str(value.value or "")
    if isinstance(value, WireStruct) and not isinstance(value, _PLAIN):
        members = ((name, getattr(value, name)) for name in value.__struct_fields__)
        said = [(name, text_of(member)) for name, member in members if member is not None]
        return ", ".join(text if name == "id" else f"{words(name).lower()} {text}" for name, text in said)
    return str(value)


def time_text(moment: datetime) -> str:
    """Return a time in UTC with the digits it has; the earliest time in words."""
    utc = local_time(moment, UTC) if moment.year > 1 else moment
    if utc.year == 1:
        return "the beginning"
    text = f"{utc:%Y-%m-%dT%H:%M:%S.%f}".rstrip("0").rstrip(".")
    return f"{text}Z"
