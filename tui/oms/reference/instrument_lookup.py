"""Find instruments by identifier or name, and say when a trade in one settles."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final

from tui.api.base import ErrorDetail
from tui.api.reference_models import (
    IdentifierType,
    InstrumentMatch,
    InstrumentRecord,
    MatchedIdentifier,
    MatchedInstrument,
    SoughtIdentifier,
)
from tui.api.settlement import settlement_day
from tui.oms.domain.error_codes import UNLISTED
from tui.oms.domain.refusals import Refusal
from tui.oms.reference.tables import ReferenceTables

DEFAULT_SCOPE: Final = "default"
ALL_SCOPES: Final = "*"
ACTIVE: Final = "Active"
LUID: Final = "LusidInstrumentId"

UNIQUE_TYPES: Final = (LUID, "Figi", "ClientInternal", "EdiKey", "QuotePermId", "Currency")
OTHER_TYPES: Final = ("Isin", "Ticker", "Sedol", "Cusip", "RIC")
_KEY: Final = "Instrument/default/"
_SINCE_EVER: Final = "0001-01-01T00:00:00.0000000+00:00"


def identifier_types() -> tuple[IdentifierType, ...]:
    """Return the types of identifiers; those that are unique first."""
    return tuple(
        IdentifierType(
            identifier_type=type, property_key=f"{_KEY}{type}", is_unique_identifier_type=type in UNIQUE_TYPES
        )
        for type in (*UNIQUE_TYPES, *OTHER_TYPES)
    )


def checked_type(name: str) -> str:
    """Return a type of identifiers without what all their keys begin with; letter case counts.

    Raises:
        Refusal: there is no such type (151).
    """
    type = name.removeprefix(_KEY)
    if type not in (*UNIQUE_TYPES, *OTHER_TYPES):
        detail = f"There is no type of identifier '{name}'."
        raise Refusal("InvalidParameterValue", detail, errors={"identifierType": (detail,)})
    return type


def in_scope(tables: ReferenceTables, scope: str | None) -> Iterator[InstrumentRecord]:
    """Yield the instruments of a scope, by default of ``default``; ``*`` is all of them."""
    wanted = (scope or DEFAULT_SCOPE).casefold()
    return (each for each in tables.instruments if wanted in (ALL_SCOPES, (each.scope or "").casefold()))


def found_by(tables: ReferenceTables, type: str, value: str, scope: str | None) -> InstrumentRecord | None:
    """Return the one instrument of a scope with an identifier; None for none, or more than one (N2)."""
    found = [each for each in in_scope(tables, scope) if (each.identifiers or {}).get(type) == value]
    return found[0] if len(found) == 1 else None


def why_missing(type: str, value: str, scope: str | None) -> ErrorDetail:
    """Return why there is no instrument for an identifier."""
    detail = f"No instrument with {type} '{value}' exists in scope '{scope or DEFAULT_SCOPE}'."
    return ErrorDetail(id=value, type="InstrumentNotFound", detail=detail, error_details=())


def require_instrument(tables: ReferenceTables, type: str, value: str, scope: str | None) -> InstrumentRecord:
    """Return the instrument of an identifier.

    Raises:
        Refusal: there is no such type (151), or no such instrument (404).
    """
    known = checked_type(type)
    found = found_by(tables, known, value, scope)
    if found is None:
        missing = why_missing(known, value, scope)
        raise Refusal(missing.type or "", missing.detail or "", code=UNLISTED, status=404)
    return found


def get_all(
    tables: ReferenceTables, type: str, values: Sequence[str], scope: str | None
) -> tuple[dict[str, InstrumentRecord], dict[str, ErrorDetail]]:
    """Return the instruments by the identifiers that were asked for, and why the others are missing."""
    known = checked_type(type)
    by_value: dict[str, list[InstrumentRecord]] = {}
    for each in in_scope(tables, scope):
        by_value.setdefault((each.identifiers or {}).get(known) or "", []).append(each)
    found = {value: hits[0] for value in values if len(hits := by_value.get(value, [])) == 1}
    return found, {value: why_missing(known, value, scope) for value in values if value not in found}


def search(tables: ReferenceTables, sought: SoughtIdentifier, scope: str | None) -> InstrumentMatch:
    """Return the instruments with an identifier or a name, whatever its letter case."""
    type, wanted = sought.key.rpartition("/")[2], sought.value.casefold()

    def value_of(each: InstrumentRecord) -> str:
        return (each.name if type == "Name" else (each.identifiers or {}).get(type)) or ""

    found = (each for each in in_scope(tables, scope) if value_of(each).casefold() == wanted)
    return InstrumentMatch(mastered_instruments=tuple(map(_match, found)), external_instruments=())


def _match(instrument: InstrumentRecord) -> MatchedInstrument:
    identifiers: Mapping[str, str | None] = instrument.identifiers or {}
    return MatchedInstrument(
        name=instrument.name,
        identifiers={
            type: MatchedIdentifier(value=value, effective_at=_SINCE_EVER)
            for type, value in identifiers.items()
            if value is not None
        },
        properties=(),
        definition=instrument.instrument_definition,
    )


def settles(instrument: InstrumentRecord, traded: datetime) -> datetime:
    """Return the day a trade settles, as midnight UTC: weekdays from the trade's day in UTC (N4).

    Raises:
        Refusal: the instrument has no settlement cycle.
    """
    cycle = instrument.settlement_cycle
    if cycle is None:
        detail = f"Instrument '{instrument.lusid_instrument_id}' has no settlement cycle."
        raise Refusal("InvalidParameterValue", detail, errors={"identifier": (detail,)})
    return settlement_day(traded, None, cycle.business_day_offset)
