"""The reference data of the demo: its funds, what they held a year ago, and the words of its tenant."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final

from tui.api.base import CurrencyAndAmount, ResourceId
from tui.api.reference_models import (
    Movement,
    Portfolio,
    PortfolioDetails,
    PropertyDefinition,
    ReferenceList,
    ReferenceListValues,
    TransactionAlias,
    TransactionType,
)
from tui.oms.demo import roster
from tui.oms.demo.reference_instruments import (
    DOLLARS,
    MAINTAINER,
    instrument_records,
    quoted_prices,
    quoted_rates,
)
from tui.oms.demo.universe import DemoInstrument, instruments
from tui.oms.reference.tables import OpeningPosition, ReferenceTables, first_version, folded

MILLION: Final = Decimal(1_000_000)
MAX_LINES: Final = 15
"""The most instruments that a fund held at first."""
PAID: Final = Decimal("0.92")
"""What positions cost, as a part of what they are worth at reference prices."""
MADE_BEFORE: Final = timedelta(days=365)
"""How long before the day's story everything here was made."""
BORN: Final = datetime(2020, 1, 1, tzinfo=UTC)
OVERLAY: Final = ("GLB-CORE", "AAPL")
"""A position that is held in two rows, one for a strategy of its own."""
SHORT: Final = ("BAL-60", "T 4 02/15/34")
"""The one position that is sold short."""

FUNDS: Final = {
    # code: name, currency, value and cash in millions
    "UKEQ-GROW": ("UK Equity Growth", "GBP", 90, 12),
    "UKEQ-INC": ("UK Equity Income", "GBP", 80, 11),
    "CHAR-NG": ("Charities, no gambling", "GBP", 60, 9),
    "SEG-HARB": ("Harbour Pension, segregated", "GBP", 70, 10),
    "LDI-GILT": ("Gilts for liabilities", "GBP", 160, 22),
    "BAL-60": ("Balanced 60/40", "GBP", 75, 11),
    "US-TECH": ("US Technology", "USD", 44, 7),
    "UST-LAD": ("Treasury Ladder", "USD", 120, 16),
    "GLB-CORE": ("Global Core Equity", "USD", 95, 14),
    "EUR-LEAD": ("European Leaders", "EUR", 85, 12),
}
"""The funds of the desk."""
SLEEVE_FUNDS: Final = {
    "US-TECH": ("US Technology, outside manager", "USD", 30, 4),
    "PRIV-CRED": ("Private Credit", "GBP", 0, 0),
}
"""Funds of the other scope: one has the code of a fund of the desk, one has held nothing so far."""
PRIVATE: Final = "PRIV-CRED"


def demo_tables(opened: datetime, quoted: datetime) -> ReferenceTables:
    """Return the tables of a demo desk whose story began at ``opened``; prices are as of ``quoted``."""
    made = opened - MADE_BEFORE
    funds = tuple(_funds())
    return ReferenceTables(
        instruments=tuple(instrument_records(made, odd_ones=True)),
        portfolios=tuple(_portfolio(id, name, currency, made) for id, name, currency, *_ in funds),
        details={folded(id): _details(id, currency, made) for id, _, currency, *_ in funds},
        opening={
            folded(id): tuple(_opening(id, currency, value, cash)) for id, _, currency, value, cash in funds
        },
        quotes=quoted_prices(quoted),
        rates=quoted_rates(quoted),
        quote_scopes=(roster.SCOPE,),
        transaction_types=transaction_types(),
        property_definitions=tuple(_definitions(made)),
        reference_lists=(_brokers(made),),
    )


def plain_tables(opened: datetime, quoted: datetime) -> ReferenceTables:
    """Return the tables of a desk without demo data: the instruments and the types every tenant has."""
    return ReferenceTables(
        instruments=tuple(instrument_records(opened, odd_ones=False)),
        quotes=quoted_prices(quoted),
        rates=quoted_rates(quoted),
        quote_scopes=(roster.SCOPE,),
        transaction_types=transaction_types(),
    )


# -- portfolios -------------------------------------------------------------------------------------------


def _funds() -> Iterator[tuple[ResourceId, str, str, Decimal, Decimal]]:
    for scope, funds in ((roster.SCOPE, FUNDS), (roster.SLEEVES, SLEEVE_FUNDS)):
        for code, (name, currency, value, cash) in funds.items():
            yield ResourceId(scope, code), name, currency, value * MILLION, cash * MILLION


def portfolio_names() -> Mapping[ResourceId, str]:
    """Return the display name of each portfolio."""
    return {id: name for id, name, *_ in _funds()}


def _portfolio(id: ResourceId, name: str, currency: str, made: datetime) -> Portfolio:
    return Portfolio(
        id=id,
        type="Transaction",
        display_name=name,
        description="",
        created=BORN,
        version=first_version(made, MAINTAINER, str(id)),
        is_derived=False,
        base_currency=currency,
        properties={},
        instrument_scopes=_instrument_scopes(id),
        accounting_method="Default",
        amortisation_method="NoAmortisation",
        transaction_type_scope="default",
        links=(),
    )


def _details(id: ResourceId, currency: str, made: datetime) -> PortfolioDetails:
    return PortfolioDetails(
        origin_portfolio_id=id,
        version=first_version(made, MAINTAINER, str(id)),
        base_currency=currency,
        sub_holding_keys=(),
        instrument_scopes=_instrument_scopes(id),
        accounting_method="Default",
        amortisation_method="NoAmortisation",
        transaction_type_scope="default",
        cash_gain_loss_calculation_date="SettlementDate",
        links=(),
    )


def _instrument_scopes(id: ResourceId) -> tuple[str, ...]:
    return ("Private",) if id.code == PRIVATE else ()


# -- opening positions ------------------------------------------------------------------------------------


def _opening(id: ResourceId, currency: str, value: Decimal, cash: Decimal) -> Iterator[OpeningPosition]:
    """Yield what a fund held: what its stories sell first, then what it trades, and cash."""
    if not value:
        return
    sold = _sold(id)
    held = _held(id, sold)
    share = (value - cash) / len(held) * DOLLARS[currency]
    for known in held:
        worth = known.price * known.price_unit * DOLLARS[known.currency]
        units = roster.round_to_lots(max(share / worth, 2 * sold.get(known.ticker, Decimal(0))), _lot(known))
        if (id.code, known.ticker) == OVERLAY:
            apart = (units / 4).to_integral_value()
            yield _position(known, apart, "Overlay")
            units -= apart
        yield _position(known, -units if (id.code, known.ticker) == SHORT else units)
    yield OpeningPosition(f"CCY_{currency}", cash, CurrencyAndAmount(amount=cash, currency=currency))


def _held(id: ResourceId, sold: Mapping[str, Decimal]) -> list[DemoInstrument]:
    """Return what a fund held: what its stories sell, its bonds, and of the rest every so many."""
    traded = [
        known
        for known in instruments()
        if id.code in roster.PORTFOLIOS.get((known.currency, known.asset_class), ())
    ]
    held = [known for known in traded if known.ticker in sold or known.is_bond]
    rest = [known for known in traded if known not in held]
    return held + rest[:: -(-len(rest) // (MAX_LINES - len(held))) or 1]


def _position(known: DemoInstrument, units: Decimal, strategy: str | None = None) -> OpeningPosition:
    cost = (units * known.price * known.price_unit * PAID).quantize(Decimal("0.01"))
    money = CurrencyAndAmount(amount=cost, currency=known.currency)
    return OpeningPosition(known.luid, units, money, strategy=strategy)


def _lot(known: DemoInstrument) -> int:
    """Return a lot that can be held in four parts."""
    return 4 * roster.round_lot(known)


def _sold(id: ResourceId) -> dict[str, Decimal]:
    """Return the units that declared situations sell for a fund, by ticker."""
    from tui.oms.demo.situations import SITUATIONS

    found: dict[str, Decimal] = {}
    for each in SITUATIONS:
        for name, units in (*each.orders.items(), *each.second_orders.items()):
            if each.side == "Sell" and roster.portfolio_id(name) == id:
                found[each.ticker] = found.get(each.ticker, Decimal(0)) + units
    return found


# -- words of the tenant ----------------------------------------------------------------------------------


def transaction_types() -> tuple[TransactionType, ...]:
    """Return the types every tenant has: names, roles, and what they move."""
    return tuple(
        _type(name, words, role, direction, cash)
        for name, words, role, direction, cash in (
            ("Buy", "Purchase", "LongLonger", 1, -1),
            ("Sell", "Sale", "LongShorter", -1, 1),
            ("SellShort", "Short sale", "ShortShorter", -1, 1),
            ("CoverShort", "Closing of a short", "ShortLonger", 1, -1),
            ("StockIn", "Transfer in of stock", "Longer", 1, 0),
            ("StockOut", "Transfer out of stock", "Shorter", -1, 0),
            ("FundsIn", "Transfer in of cash", "Longer", 0, 1),
            ("FundsOut", "Transfer out of cash", "Shorter", 0, -1),
        )
    )


def _type(name: str, words: str, role: str, stock: int, cash: int) -> TransactionType:
    moved = [("StockMovement", "Side1", stock), ("CashCommitment", "Side2" if stock else "Side1", cash)]
    return TransactionType(
        aliases=(
            TransactionAlias(
                type=name,
                description=words,
                transaction_class="Basic",
                transaction_roles=role,
                is_default=False,
            ),
        ),
        movements=tuple(
            Movement(movement_types=kind, side=side, direction=direction, properties={}, mappings=())
            for kind, side, direction in moved
            if direction
        ),
        properties={},
        calculations=(),
        scope="default",
        links=(),
    )


_PROPERTIES: Final = (
    ("Order/demo/Strategy", "Strategy", "String"),
    ("Order/demo/Note", "Manager's note", "String"),
    ("Order/demo/ComplianceState", "Compliance", "String"),
    ("Order/demo/ApprovalState", "Approval", "String"),
    ("Block/demo/InstrumentName", "Instrument", "String"),
    ("Block/demo/AssetClass", "Asset class", "String"),
    ("Block/demo/ReferencePrice", "Reference price", "Decimal"),
    ("Block/demo/AverageDailyVolume", "Average daily volume", "Decimal"),
    ("Placement/demo/Reason", "Broker's reason", "String"),
    ("Execution/demo/Note", "Broker's note", "String"),
    ("Allocation/demo/Method", "Allocation method", "String"),
    ("Transaction/demo/Strategy", "Strategy", "String"),
    ("Transaction/fee/COMM", "Commission", "Decimal"),
    ("Instrument/demo/Sector", "Sector", "String"),
    ("Portfolio/demo/Manager", "Manager", "String"),
)


def _definitions(made: datetime) -> Iterator[PropertyDefinition]:
    for key, name, type in _PROPERTIES:
        domain, scope, code = key.split("/")
        text = type == "String"
        yield PropertyDefinition(
            key=key,
            value_type=type,
            display_name=name,
            data_type_id=ResourceId("system", "string" if text else "number"),
            type="Label" if text else "Metric",
            unit_schema="NoUnits",
            domain=domain,
            scope=scope,
            code=code,
            value_required=False,
            life_time="Perpetual",
            constraint_style="Property",
            property_definition_type="ValueProperty",
            property_description="",
            is_filterable=True,
            version=first_version(made, MAINTAINER, key),
            links=(),
        )


def _brokers(made: datetime) -> ReferenceList:
    id = ResourceId(roster.SCOPE, "BROKERS")
    return ReferenceList(
        id=id,
        name="Brokers",
        description="Codes used in placement.counterparty",
        tags=("brokers",),
        reference_list=ReferenceListValues(
            reference_list_type="StringList", values=tuple(roster.COUNTERPARTIES)
        ),
        version=first_version(made, MAINTAINER, str(id)),
        links=(),
    )
