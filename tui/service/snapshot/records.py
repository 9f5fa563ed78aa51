"""What a server's reference data tell of instruments, portfolios, sides and properties, as far as read.

Rows name these by their ids only. The records are read beside the rows
(:mod:`tui.service.reference`) and published with them: a snapshot without any shows what its rows say.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Annotated, Any, Final

from msgspec import Meta, Struct, field

from tui.api.base import ResourceId
from tui.api.price_units import unit_of_definition

ReadAt = Annotated[datetime, Meta(tz=True)]
ACTIVE: Final = "active"
DEFAULT_SCOPE: Final = "default"
"""The scope of instruments and of transaction types that everybody shares."""
LONGEST_NAME: Final = 80
"""The characters of a name that are kept: a line of the screen has 80, and the id stands beside it."""
_NONE: Final[Mapping[Any, Any]] = MappingProxyType({})


def display_name(text: str | None) -> str:
    """Return a name as it is shown: in one piece, and cut where it would fill the screen."""
    name = " ".join((text or "").split())
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"


def _none() -> Mapping[Any, Any]:
    return _NONE


class InstrumentFacts(Struct, frozen=True, gc=False):
    """An instrument as the instrument master has it.

    ``identifiers`` are by type (``Isin``), ``kind`` is the type of its definition (``Bond``), ``price_scale``
    what a price is divided by to be that of one unit, None where nobody says. An order is a multiple of
    ``lot`` and at least ``least``, None where nobody says. ``read_at`` is when this was.
    """

    luid: str
    read_at: ReadAt
    name: str = ""
    scope: str = DEFAULT_SCOPE
    identifiers: Mapping[str, str] = field(default_factory=dict)
    currency: str = ""
    asset_class: str = ""
    kind: str = ""
    price_scale: Decimal | None = None
    state: str = ""
    lot: Decimal | None = None
    least: Decimal | None = None

    @property
    def price_unit(self) -> Decimal | None:
        """The cost of one unit at price 1; None where the definition does not say what it is (R21)."""
        return unit_of_definition(self.kind, self.price_scale)

    @property
    def is_active(self) -> bool:
        """Whether it may be traded: neither inactive nor deleted (R20)."""
        return self.state.casefold() in ("", ACTIVE)


class PortfolioFacts(Struct, frozen=True, gc=False):
    """A portfolio: its display name and base currency, and where its instruments and sides are resolved.

    ``modified`` is when somebody last changed it on the server.
    """

    id: ResourceId
    read_at: ReadAt
    name: str = ""
    currency: str = ""
    kind: str = ""
    instrument_scopes: tuple[str, ...] = ()
    transaction_scope: str = ""
    modified: ReadAt | None = None


class SideFacts(Struct, frozen=True, gc=False):
    """A transaction type that moves stock, which an order's side may name.

    ``direction`` is 1 when it lengthens a position and -1 when it shortens one, None when neither its role
    nor its movement says (R49).
    """

    name: str
    read_at: ReadAt
    scope: str = DEFAULT_SCOPE
    direction: int | None = None


class PropertyFacts(Struct, frozen=True, gc=False):
    """The definition of a property: its display name and the type of its values (``Decimal``, ``String``)."""

    key: str
    read_at: ReadAt
    name: str = ""
    value_type: str = ""


class Records(Struct, frozen=True):
    """All records read so far, each kind by its key; ``sides`` by name, those of every scope."""

    instruments: Mapping[str, InstrumentFacts] = field(default_factory=_none)
    portfolios: Mapping[ResourceId, PortfolioFacts] = field(default_factory=_none)
    sides: tuple[SideFacts, ...] = ()
    properties: Mapping[str, PropertyFacts] = field(default_factory=_none)
    rules: Mapping[ResourceId, str] = field(default_factory=_none)
    """The names of compliance rules."""
    brokers: tuple[str, ...] = ()
    """The brokers that the profile names, or the reference list that it names (R67)."""

    def portfolio_name(self, id: ResourceId) -> str:
        """Return the display name of a portfolio; empty where nobody says, or it only repeats the code."""
        found = self.portfolios.get(id)
        return "" if found is None or found.name == id.code else found.name

    def sides_for(self, portfolios: Iterable[ResourceId] = ()) -> tuple[SideFacts, ...]:
        """Return the sides that book in these portfolios, those of the shared scope where none is said."""
        known = (self.portfolios.get(id) for id in portfolios)
        scopes = {(each.transaction_scope if each else "") or DEFAULT_SCOPE for each in known}
        wanted = scopes or {DEFAULT_SCOPE}
        return tuple(side for side in self.sides if side.scope in wanted)


NO_RECORDS: Final = Records()
