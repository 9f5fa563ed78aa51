"""The endpoints around order management: instruments, portfolios, holdings, quotes, sides (N1 to N8).

They read, at any asAt only what is booked: the tables do not change.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any, Final

from tui.api import codec
from tui.api import reference_operations as reference
from tui.api.base import ResourceId
from tui.api.models import Allocation, Order
from tui.api.reference_models import (
    Holdings,
    InstrumentRecord,
    InstrumentsFound,
    LatestAsAt,
    Portfolio,
    PortfolioDetails,
    PortfolioHolding,
    PropertyDefinition,
    QuotesFound,
    ReferenceList,
    SettlementDate,
)
from tui.oms.domain.error_codes import UNLISTED
from tui.oms.domain.refusals import Refusal
from tui.oms.domain.times import from_micros, time_text
from tui.oms.domain.unit_of_work import Booking
from tui.oms.http import bodies
from tui.oms.http.call import Call
from tui.oms.http.problems import invalid, invalid_value
from tui.oms.reference import instrument_lookup, quote_board
from tui.oms.reference.portfolio_holdings import HoldingsReport, read_rows
from tui.oms.reference.quote_board import QuoteBoard
from tui.oms.reference.static_lists import StaticList, StaticQuery, select, static_page
from tui.oms.reference.tables import OpeningPosition, first_version, folded
from tui.oms.store.reads import StoreReader
from tui.oms.store.schema import KINDS

_INSTRUMENTS: Final = StaticList(
    InstrumentRecord, lambda row: ResourceId(row.scope or "", row.lusid_instrument_id)
)
_PORTFOLIOS: Final = StaticList(Portfolio, lambda row: row.id)
_HOLDINGS: Final = StaticList(PortfolioHolding, lambda row: ResourceId("", f"{row.holding_id:06}"))
_DEFINITIONS: Final = StaticList(PropertyDefinition, lambda row: ResourceId(row.domain or "", row.key))
_REFERENCE_LISTS: Final = StaticList(ReferenceList, lambda row: row.id)

_ACTIVE_ONLY: Final = "state eq 'Active'"
"""The filter of a list of instruments where none is given."""
_AGE: Final = r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?"


def latest_as_at(call: Call) -> bytes:
    """Return the moment of the last write; 1970 on a desk without any (N1)."""
    last = call.engine.view(lambda store: store.last)
    return codec.encode(LatestAsAt(as_at=time_text(from_micros(last)), links=()))


def page_of_rows(call: Call, fields: StaticList, rows: Sequence[Any], default_filter: str = "") -> bytes:
    """Return the page of ``rows`` that a call asks for by filter, sortBy, limit and page."""
    query = call.query
    asked = StaticQuery(
        filter=query.text("filter") or default_filter,
        sort=query.many("sortBy"),
        limit=query.number("limit"),
        token=query.text("page"),
        max_filter=call.dialect.max_filter,
    )
    found, following = call.engine.view(lambda store: static_page(store, fields, rows, asked))
    return codec.encode(
        {"nextPage": following, "previousPage": None, "values": found, "href": call.href, "links": []}
    )


# -- instruments ------------------------------------------------------------------------------------------


def get_instruments(call: Call, body: bytes) -> bytes:
    """Return instruments by their identifiers, and under ``failed`` why others are missing."""
    type = _identifier_type(call)
    wanted = _checked_count(
        bodies.read(tuple[str, ...], body), reference.GET_INSTRUMENTS.limit, "identifiers"
    )
    found, failed = instrument_lookup.get_all(call.reference.tables(), type, wanted, call.query.text("scope"))
    return codec.encode(InstrumentsFound(href=call.href, values=found, failed=failed, links=()))


def list_instruments(call: Call) -> bytes:
    """Return a page of the instruments of a scope; the active ones where no filter says otherwise (N3)."""
    rows = tuple(instrument_lookup.in_scope(call.reference.tables(), call.query.text("scope")))
    return page_of_rows(call, _INSTRUMENTS, rows, _ACTIVE_ONLY)


def identifier_types(call: Call) -> bytes:
    """Return the types of identifiers."""
    return codec.encode({"values": instrument_lookup.identifier_types(), "href": call.href, "links": []})


def get_instrument(call: Call) -> bytes:
    """Return one instrument."""
    return codec.encode(_instrument(call))


def settlement_date(call: Call) -> bytes:
    """Return the day a trade at ``transactionDate`` settles; one now, if that is not said."""
    traded = call.query.time("transactionDate") or call.engine.clock.now()
    return codec.encode(SettlementDate(value=instrument_lookup.settles(_instrument(call), traded)))


def search_instruments(call: Call, body: bytes) -> bytes:
    """Return what was found for each property that is sought, in their order."""
    asked = reference.SEARCH_INSTRUMENTS
    sought = _checked_count(bodies.read(_body_of(asked), body), asked.limit, "properties")
    tables, scope = call.reference.tables(), call.query.text("scope")
    call.query.flag("masteredOnly", False)
    return codec.encode([instrument_lookup.search(tables, each, scope) for each in sought])


def _instrument(call: Call) -> InstrumentRecord:
    names = call.path["identifierType"], call.path["identifier"]
    return instrument_lookup.require_instrument(call.reference.tables(), *names, call.query.text("scope"))


def _identifier_type(call: Call) -> str:
    given = call.query.text("identifierType")
    if given is None:
        raise invalid_value("identifierType", "The identifierType is required.")
    return instrument_lookup.checked_type(given)


# -- portfolios and holdings ------------------------------------------------------------------------------


def list_portfolios(call: Call) -> bytes:
    """Return a page of the portfolios, or of those of the scope in the path."""
    scope = call.path.get("scope")
    rows = [
        each
        for each in call.reference.tables().portfolios
        if scope is None or each.id.scope.casefold() == scope.casefold()
    ]
    return page_of_rows(call, _PORTFOLIOS, rows)


def get_portfolio(call: Call) -> bytes:
    """Return one portfolio."""
    found = call.reference.tables().by_portfolio.get(folded(call.id))
    if found is None:
        raise _no_portfolio(call.id)
    return codec.encode(found)


def portfolio_details(call: Call) -> bytes:
    """Return the currency and the accounting of one portfolio."""
    found = call.reference.tables().details.get(folded(call.id))
    if found is None:
        raise _no_portfolio(call.id)
    return codec.encode(found)


def holdings(call: Call) -> bytes:
    """Return what a portfolio holds."""
    return _holdings(call, orders=False)


def holdings_with_orders(call: Call) -> bytes:
    """Return what a portfolio holds, and what its orders and allocations will add."""
    return _holdings(call, orders=True)


def _holdings(call: Call, *, orders: bool) -> bytes:
    query = call.query
    tables = call.reference.tables()
    last = from_micros(call.engine.view(lambda store: store.last))
    at = query.time("effectiveAt") or max(last, call.engine.clock.now())
    query.flag("byTaxlots", False)
    details = tables.details.get(folded(call.id))
    if details is None and not call.engine.view(lambda store: _is_traded(store, call.id)):
        raise _no_portfolio(call.id)
    rows = call.engine.view(lambda store: read_rows(store, call.id, query.as_at(), orders=orders))
    board = QuoteBoard(tables, call.reference.prices(), "")
    base = _base_currency(details, tables.opening.get(folded(call.id), ()))
    report = HoldingsReport(call.id, base, rows, board, at)
    lines = report.holdings(orders=orders)
    if (filter := query.text("filter")) is not None:
        lines = call.engine.view(
            lambda store: select(store, _HOLDINGS, lines, filter, max_filter=call.dialect.max_filter)
        )
    version = first_version(last, "", str(call.id))
    warned = orders or call.generation == "latest"
    return codec.encode(
        Holdings(
            version=version,
            values=tuple(lines),
            href=call.href,
            warnings=tuple(report.warnings) if warned else None,
            links=(),
        )
    )


def _base_currency(details: PortfolioDetails | None, opening: Sequence[OpeningPosition]) -> str:
    """Return the base currency of a portfolio, US dollars where nothing says it."""
    known = details.base_currency if details else None
    return known or next((each.cost.currency for each in opening if each.cost.currency), "USD")


def _is_traded(store: StoreReader, portfolio: ResourceId) -> bool:
    """Return whether anything that is stored names a portfolio."""
    for kind in (Order, Allocation, Booking):
        table = KINDS[kind].table
        row = store.connection.execute(
            f"""SELECT 1 FROM {table} l JOIN version v ON v.seq = l.seq WHERE l.portfolioId_code = ?
                AND json_extract(v.text, '$.portfolioId.scope') = ? COLLATE NOCASE LIMIT 1""",
            (portfolio.code.casefold(), portfolio.scope),
        ).fetchone()
        if row is not None:
            return True
    return False


def _no_portfolio(id: ResourceId) -> Refusal:
    detail = f"No portfolio with scope '{id.scope}' and code '{id.code}' exists."
    return Refusal("PortfolioNotFound", detail, code=UNLISTED, status=404)


# -- quotes -----------------------------------------------------------------------------------------------


def get_quotes(call: Call, body: bytes) -> bytes:
    """Return quotes by correlation id; ``notFound`` and ``failed`` say why others are missing (N7)."""
    asked = reference.GET_QUOTES
    wanted = bodies.read(_body_of(asked), body)
    _checked_count(tuple(wanted), asked.limit, "series")
    latest = call.query.time("effectiveAt")
    age = _age(call.query.text("maxAge"))
    earliest = None if age is None else (latest or call.engine.clock.now()) - age
    tables, scope = call.reference.tables(), call.path["scope"]
    if scope.casefold() == (call.dialect.quotes_scope or "").casefold():
        scope = tables.quote_scopes[0]
    board = QuoteBoard(tables, call.reference.prices(), scope)
    values, not_found, failed = {}, {}, {}
    for key, series in wanted.items():
        wrong = quote_board.why_failed(key, series)
        quote = None if wrong else board.quote(series, earliest, latest)
        if wrong is not None:
            failed[key] = wrong
        elif quote is not None:
            values[key] = quote
        else:
            not_found[key] = quote_board.not_quoted(key)
    return codec.encode(
        QuotesFound(href=call.href, values=values, not_found=not_found, failed=failed, links=())
    )


def _age(text: str | None) -> timedelta | None:
    """Return an ISO 8601 duration such as ``P5D``.

    Raises:
        Refusal: it is none (151).
    """
    if text is None:
        return None
    match = re.fullmatch(_AGE, text)
    if match is None or not any(match.groups()):
        raise invalid_value("maxAge", f"'{text}' is not a duration such as P5D.")
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    try:
        return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
    except OverflowError as error:
        raise invalid_value("maxAge", f"'{text}' is longer than any quote is old.") from error


# -- sides, properties and lists --------------------------------------------------------------------------


def list_transaction_types(call: Call) -> bytes:
    """Return the transaction types of a scope by their source; none for an unknown scope."""
    scope = (call.query.text("scope") or "default").casefold()
    sources: dict[str, Iterable[Any]] = {}
    if scope in ("default", "*"):
        sources["default"] = call.reference.tables().transaction_types
    if call.query.flag("includeSystemTypes", False):
        sources["pa-system"] = ()
    return codec.encode(sources)


def get_property_definitions(call: Call) -> bytes:
    """Return the definitions of the properties that are asked for; unknown ones are missing."""
    keys = call.query.many("propertyKeys")
    if not keys:
        raise invalid_value("propertyKeys", "The propertyKeys are required.")
    known = {each.key.casefold(): each for each in call.reference.tables().property_definitions}
    found = [known[key.casefold()] for key in dict.fromkeys(keys) if key.casefold() in known]
    if (filter := call.query.text("filter")) is not None:
        found = call.engine.view(
            lambda store: select(store, _DEFINITIONS, found, filter, max_filter=call.dialect.max_filter)
        )
    return codec.encode({"values": found, "href": call.href, "links": []})


def list_property_definitions(call: Call) -> bytes:
    """Return a page of the property definitions."""
    return page_of_rows(call, _DEFINITIONS, call.reference.tables().property_definitions)


def list_reference_lists(call: Call) -> bytes:
    """Return a page of the reference lists."""
    return page_of_rows(call, _REFERENCE_LISTS, call.reference.tables().reference_lists)


def get_reference_list(call: Call) -> bytes:
    """Return one reference list."""
    for each in call.reference.tables().reference_lists:
        if folded(each.id) == folded(call.id):
            return codec.encode(each)
    detail = f"No reference list with scope '{call.id.scope}' and code '{call.id.code}' exists."
    raise Refusal("ReferenceListNotFound", detail, code=UNLISTED, status=404)


# -- bodies -----------------------------------------------------------------------------------------------


def _body_of(operation: Any) -> Any:
    return operation.body


def _checked_count(items: tuple[Any, ...], most: int, what: str) -> tuple[Any, ...]:
    """Return ``items``, of which there is at least one.

    Raises:
        Refusal: there is none, or there are more than the call takes (157).
    """
    if not 1 <= len(items) <= most:
        raise invalid({"Body": (f"The body must name 1 to {most} {what}; it names {len(items)}.",)})
    return items
