"""What the rows of the desk tell about the instruments they trade, gathered as they are read."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Final

from msgspec import Struct

from tui.api.base import CurrencyAndAmount, Identifiers, Properties
from tui.api.models import Block, Execution, Order
from tui.service.snapshot.snapshot import Instrument

UNRESOLVED: Final = "LUID_ZZZZZZZZ"
"""The LUID servers give to identifiers they do not know: many instruments share it, so it names none."""

_NAME, _CLASS, _VOLUME, _CURRENCY = "InstrumentName", "AssetClass", "AverageDailyVolume", "Currency"


class _InstrumentFacts(Struct):
    """An instrument while it is being learnt: the fields of :class:`Instrument`, changeable."""

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
    """Learns from rows; :meth:`freeze` gives what is known, the same mapping while nothing was learnt."""

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
        """Take the price of an execution, which outweighs any order's."""
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
        """Give all instruments known so far, by LUID."""
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
