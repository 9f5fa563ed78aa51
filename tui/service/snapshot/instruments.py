"""Instruments, gathered from the rows that trade them as they are read."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Final

from msgspec import Struct

from tui.api.base import CurrencyAndAmount, Identifiers, Properties
from tui.api.models import Block, Execution, Order
from tui.api.price_units import price_unit

UNRESOLVED: Final = "LUID_ZZZZZZZZ"
"""The LUID of identifiers the server does not know: many instruments share it, so it identifies none."""

_NAME, _CLASS, _VOLUME, _CURRENCY = "InstrumentName", "AssetClass", "AverageDailyVolume", "Currency"


class Instrument(Struct, frozen=True):
    """An instrument as the desk knows it, gathered from the rows that trade it.

    ``last_price`` is the price of the newest execution seen, else the newest price on an order or
    block, in units of ``currency``; ``last_at`` is when. ``name`` comes from the block property
    ``Block/*/InstrumentName``, ``asset_class`` from ``Block/*/AssetClass``, ``adv`` (average daily
    volume, units) from ``Block/*/AverageDailyVolume``; empty or None where no row says. Prices are for
    one unit, of bonds for 100 nominal: ``price_unit`` converts both to money.
    """

    luid: str
    identifiers: Identifiers
    name: str = ""
    currency: str = ""
    asset_class: str = ""
    adv: Decimal | None = None
    last_price: Decimal | None = None
    last_at: datetime | None = None
    traded: bool = False

    @property
    def price_unit(self) -> Decimal:
        """The cost of one unit at price 1: 1, or 0.01 for a bond."""
        return price_unit(self.asset_class)

    def identifier(self, kind: str) -> str:
        """Return the identifier of a ``kind`` such as ``Ticker`` or ``Isin``, or an empty text."""
        for key, value in self.identifiers.items():
            if value and key.rpartition("/")[2].casefold() == kind.casefold():
                return value
        return ""

    @property
    def ticker(self) -> str:
        """The name dealers use: ticker, else RIC, else the client's own code; may be empty."""
        return self.identifier("Ticker") or self.identifier("RIC") or self.identifier("ClientInternal")

    @property
    def label(self) -> str:
        """The best short name: ticker, else name, ISIN, FIGI, LUID."""
        return self.ticker or self.name or self.identifier("Isin") or self.identifier("Figi") or self.luid


class _InstrumentFacts(Struct):
    """The mutable form of :class:`Instrument` while rows are read."""

    luid: str
    identifiers: Identifiers
    name: str = ""
    currency: str = ""
    asset_class: str = ""
    adv: Decimal | None = None
    last_price: Decimal | None = None
    last_at: datetime | None = None
    traded: bool = False


_FIELDS: Final = Instrument.__struct_fields__


class InstrumentBook:
    """Collects instruments from rows; :meth:`freeze` returns the same mapping while nothing changed."""

    def __init__(self, known: Mapping[str, Instrument]) -> None:
        self._frozen = known
        self._facts: dict[str, _InstrumentFacts] = {}
        self._dirty: set[str] = set()

    def _about(self, luid: str, identifiers: Identifiers) -> _InstrumentFacts | None:
        if not luid or luid == UNRESOLVED:
            return None
        facts = self._facts.get(luid)
        if facts is None:
            known = self._frozen.get(luid)
            if known is None:
                facts = _InstrumentFacts(luid, identifiers)
                self._dirty.add(luid)
            else:
                facts = _InstrumentFacts(*(getattr(known, name) for name in _FIELDS))
            self._facts[luid] = facts
        if identifiers is not facts.identifiers and not identifiers.keys() <= facts.identifiers.keys():
            facts.identifiers = {**facts.identifiers, **identifiers}
            self._dirty.add(luid)
        return facts

    def learn_block(self, block: Block) -> None:
        """Take name, class, volume and currency from a block's properties, a price from its limit."""
        facts = self._about(block.lusid_instrument_id, block.instrument_identifiers)
        if facts is None:
            return
        if block.properties:
            self._describe(facts, block.properties)
        self._price(facts, block.limit_price, block.created_date, traded=False)

    def learn_order(self, order: Order) -> None:
        """Take the indicative or limit price of an order."""
        facts = self._about(order.lusid_instrument_id, order.instrument_identifiers)
        if facts is not None and not facts.traded:
            self._price(facts, order.price or order.limit_price, order.date, traded=False)

    def learn_execution(self, execution: Execution) -> None:
        """Take the price of an execution, which goes before any order's."""
        facts = self._about(execution.lusid_instrument_id, execution.instrument_identifiers)
        if facts is not None:
            self._price(facts, execution.price, execution.created_date, traded=True)

    def _describe(self, facts: _InstrumentFacts, properties: Properties) -> None:
        for key, property in properties.items():
            member = key.rpartition("/")[2]
            value = property.value
            if value is None or member not in (_NAME, _CLASS, _VOLUME, _CURRENCY):
                continue
            if member == _VOLUME:
                volume = value.metric_value.value if value.metric_value else _number(str(value))
                changed, facts.adv = facts.adv != volume, volume
            else:
                name = {_NAME: "name", _CLASS: "asset_class", _CURRENCY: "currency"}[member]
                changed = getattr(facts, name) != str(value)
                setattr(facts, name, str(value))
            if changed:
                self._dirty.add(facts.luid)

    def _price(
        self, facts: _InstrumentFacts, money: CurrencyAndAmount | None, at: datetime | None, *, traded: bool
    ) -> None:
        if money is None or money.amount is None or (facts.traded and not traded):
            return
        newer = facts.last_at is None or (at is not None and at >= facts.last_at)
        if newer or (traded and not facts.traded):
            facts.last_price, facts.last_at, facts.traded = money.amount, at, traded
            facts.currency = facts.currency or money.currency or ""
            self._dirty.add(facts.luid)

    def freeze(self) -> Mapping[str, Instrument]:
        """Return all instruments known so far, by LUID."""
        if self._dirty:
            made = {
                luid: Instrument(*(getattr(self._facts[luid], name) for name in _FIELDS))
                for luid in self._dirty
            }
            self._frozen = {**self._frozen, **made}
            self._dirty.clear()
        return self._frozen


def _number(text: str) -> Decimal | None:
    try:
        return Decimal(text)
    except InvalidOperation:
        return None
