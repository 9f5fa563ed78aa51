"""Instruments: what the instrument master tells of them, else what the rows do that trade them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from msgspec import Struct

from tui.api.base import CurrencyAndAmount, Identifiers, Properties
from tui.api.models import Block, Execution, Order, OrderGraphBlock
from tui.api.price_units import BOND, PER_UNIT, is_bond, price_unit
from tui.service.numbers import number
from tui.service.snapshot.last_prices import LAST_FILL, LAST_LIMIT, LastPrice, LatestQuote
from tui.service.snapshot.records import DEFAULT_SCOPE, LONGEST_NAME, InstrumentFacts, display_name
from tui.service.text_folding import canonical

UNRESOLVED: Final = "LUID_ZZZZZZZZ"
"""The LUID of identifiers the server does not know: many instruments share it, so it identifies none."""

IDENTIFIER: Final = "Instrument/default/{}"
"""The key under which an order names an instrument by a type of identifier (R19)."""
NO_INSTRUMENTS: Final[Mapping[str, InstrumentFacts]] = {}

_NAME, _CLASS, _VOLUME, _CURRENCY = "InstrumentName", "AssetClass", "AverageDailyVolume", "Currency"


class Instrument(Struct, frozen=True):
    """An instrument as the desk knows it.

    ``last_price`` is the price of the newest execution seen, else the newest price on an order or
    block, in units of ``currency``; ``last_at`` is when. Name, currency, asset class and identifiers are
    those of the ``record`` of the instrument master; where it is not read or does not say, the name comes
    from the block property ``Block/*/InstrumentName``, the ``told_class`` from ``Block/*/AssetClass``.
    ``adv`` (average daily volume, units) comes from ``Block/*/AverageDailyVolume``. What nobody says is empty
    or None. ``quote`` is the newest one of the profile's series. Prices are for one unit, of bonds for 100
    nominal: ``price_unit`` converts both to money.
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
    told_class: str = ""
    record: InstrumentFacts | None = None
    quote: LatestQuote | None = None

    @property
    def last(self) -> LastPrice | None:
        """The last price and whose it is: quoted, else dealt, else asked for, else an outdated quote."""
        quoted = self._quoted
        if (quoted is None or quoted.outdated) and self.last_price is not None:
            source = LAST_FILL if self.traded else LAST_LIMIT
            return LastPrice(self.last_price, self.currency, self.last_at, source)
        return quoted

    @property
    def _quoted(self) -> LastPrice | None:
        """The quote, None where there is none, or one in another currency than the instrument's."""
        quote, unit = self.quote, self.price_unit
        if quote is None or (quote.currency and self.currency and quote.currency != self.currency):
            return None
        return LastPrice(
            quote.price(unit),
            self.currency or quote.currency,
            quote.at,
            quote.field,
            quote.outdated,
            scale_assumed=quote.scale is None and unit != PER_UNIT,
        )

    @property
    def price_unit(self) -> Decimal:
        """The cost of one unit at price 1: 1, or 0.01 for a bond."""
        told = self.record.price_unit if self.record else None
        return price_unit(self.told_class or self.asset_class) if told is None else told

    @property
    def limit_classes(self) -> tuple[str, ...]:
        """The asset classes whose limits hold for it, the closest first; a bond is of the class ``bond``."""
        kind = self.record.kind if self.record else ""
        classes = (self.told_class, self.asset_class, kind)
        bond = (BOND,) if any(map(is_bond, classes)) else ()
        return tuple(filter(None, dict.fromkeys((*bond, *classes))))

    def odd_size(self, units: Decimal) -> str:
        """Return why it does not trade in so many units, in words; empty where it does, or nobody says."""
        lot, least = (self.record.lot, self.record.least) if self.record else (None, None)
        if least is not None and abs(units) < least:
            return f"below the least that trades, {number(least)}"
        if lot is not None and units % lot:
            return f"no whole number of lots of {number(lot)}"
        return ""

    def identifier(self, kind: str) -> str:
        """Return the identifier of a ``kind`` such as ``Ticker`` or ``Isin``, or an empty text."""
        for key, value in self.identifiers.items():
            if value and key.rpartition("/")[2].casefold() == kind.casefold():
                return value
        return ""

    def is_identified_by(self, part: str) -> bool:
        """Return whether one of its identifiers or the LUID has the canonical ``part`` in it."""
        return part in canonical(self.luid) or any(
            value and part in canonical(value) for value in self.identifiers.values()
        )

    def is_called(self, words: Sequence[str]) -> bool:
        """Return whether each of these canonical words begins one of the words of its name."""
        own = canonical(self.name).split()
        return bool(words) and all(any(word.startswith(each) for word in own) for each in words)

    @property
    def is_active(self) -> bool:
        """Whether it may be traded: nobody says that it is inactive or deleted (R20)."""
        return self.record is None or self.record.is_active

    @property
    def is_shared(self) -> bool:
        """Whether it is of the scope that all portfolios share, as far as anybody says."""
        return self.record is None or self.record.scope == DEFAULT_SCOPE

    @property
    def ticker(self) -> str:
        """The name dealers use: ticker, else RIC, else the client's own code; may be empty."""
        return self.identifier("Ticker") or self.identifier("RIC") or self.identifier("ClientInternal")

    @property
    def label(self) -> str:
        """The best short name: ticker, else name, ISIN, FIGI, LUID."""
        text = self.ticker or self.name or self.identifier("Isin") or self.identifier("Figi") or self.luid
        return text if len(text) <= LONGEST_NAME else display_name(text)


class _GatheredFacts(Struct):
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
    told_class: str = ""
    record: InstrumentFacts | None = None
    quote: LatestQuote | None = None


_FIELDS: Final = Instrument.__struct_fields__


class InstrumentBook:
    """Collects instruments from rows and records; :meth:`freeze` returns the same while nothing changed."""

    def __init__(
        self, known: Mapping[str, Instrument], records: Mapping[str, InstrumentFacts] = NO_INSTRUMENTS
    ) -> None:
        self._frozen = known
        self._facts: dict[str, _GatheredFacts] = {}
        self._dirty: set[str] = set()
        self.learn_records(record for luid, record in records.items() if luid not in known)

    def learn_records(self, records: Iterable[InstrumentFacts]) -> None:
        """Take in what the instrument master tells, which goes before what rows do."""
        for record in records:
            facts = self._about(record.luid, {})
            if facts is not None and facts.record != record:
                facts.record = record
                self._dirty.add(record.luid)

    def learn_quotes(self, quotes: Mapping[str, LatestQuote]) -> None:
        """Take in the newest quotes, by LUID."""
        for luid, quote in quotes.items():
            facts = self._about(luid, {})
            if facts is not None and facts.quote != quote:
                facts.quote = quote
                self._dirty.add(luid)

    def _about(self, luid: str, identifiers: Identifiers) -> _GatheredFacts | None:
        if not luid or luid == UNRESOLVED:
            return None
        facts = self._facts.get(luid)
        if facts is None:
            known = self._frozen.get(luid)
            if known is None:
                facts = _GatheredFacts(luid, identifiers)
                self._dirty.add(luid)
            else:
                facts = _GatheredFacts(*(getattr(known, name) for name in _FIELDS))
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

    def _describe(self, facts: _GatheredFacts, properties: Properties) -> None:
        for key, property in properties.items():
            member = key.rpartition("/")[2]
            value = property.value
            if value is None or member not in (_NAME, _CLASS, _VOLUME, _CURRENCY):
                continue
            if member == _VOLUME:
                volume = value.metric_value.value if value.metric_value else _number(str(value))
                changed, facts.adv = facts.adv != volume, volume
            else:
                name = {_NAME: "name", _CLASS: "told_class", _CURRENCY: "currency"}[member]
                said = display_name(str(value))
                changed = getattr(facts, name) != said
                setattr(facts, name, said)
            if changed:
                self._dirty.add(facts.luid)

    def _price(
        self, facts: _GatheredFacts, money: CurrencyAndAmount | None, at: datetime | None, *, traded: bool
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
            made = {luid: _merged(self._facts[luid]) for luid in self._dirty}
            self._frozen = {**self._frozen, **made}
            self._dirty.clear()
        return self._frozen


def _merged(facts: _GatheredFacts) -> Instrument:
    """Return an instrument with what its record says in the place of what rows do."""
    record = facts.record
    facts.asset_class = (record.asset_class if record else "") or facts.told_class or facts.asset_class
    if record is not None:
        facts.name = record.name or facts.name
        facts.currency = record.currency or facts.currency
        own = {IDENTIFIER.format(kind): value for kind, value in record.identifiers.items()}
        facts.identifiers = {**facts.identifiers, **own}
    return Instrument(*(getattr(facts, name) for name in _FIELDS))


def luid_of(row: Any) -> str:
    """Return the LUID of the instrument that a row is about; empty for no row."""
    if isinstance(row, OrderGraphBlock):
        return row.block.lusid_instrument_id
    return getattr(row, "lusid_instrument_id", None) or getattr(row, "instrument_uid", None) or ""


def _number(text: str) -> Decimal | None:
    try:
        return Decimal(text)
    except InvalidOperation:
        return None
