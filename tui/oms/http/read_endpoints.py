"""The reading endpoints: entities, lists, the order graph, history and transactions, at any asAt."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from tui.api import codec, operations
from tui.api.base import Version
from tui.api.models import Block, Order, Placement
from tui.api.operations import ENTITIES
from tui.oms.domain.refusals import not_found
from tui.oms.domain.times import from_micros
from tui.oms.domain.unit_of_work import Booking
from tui.oms.http.call import Call
from tui.oms.query.nodes import BooleanOp, Comparison, FilterNode
from tui.oms.query.pages import ListQuery, PageSlice, read_page
from tui.oms.query.queryable_fields import TRANSACTIONS, Sql, fields_of
from tui.oms.store.reads import StoreReader
from tui.oms.store.schema import KINDS

Read = Callable[[Call], bytes]

LATEST: Final = 2**62
"""An asAt later than any change."""

_UNSWEPT: Final = Sql("coalesce(json_extract(v.text, '$.isSwept'), 0) = 0")
_TRANSACTION: Final = "json_extract(v.text, '$.transaction')"
_NOT_CANCELLED: Final = Sql("json_extract(v.text, '$.transaction.transactionStatus') IS NOT 'Cancelled'")
_NOT_CANCELLED_BY_NEXT: Final = Sql(
    """NOT EXISTS (SELECT 1 FROM version next WHERE next.kind = v.kind AND next.n = v.n
        AND next.number = v.number + 1
        AND json_extract(next.text, '$.transaction.transactionStatus') = 'Cancelled')"""
)
"""A cancelled transaction is listed once, as cancelled, without its version before that."""
_SUPERSEDED: Final = """(SELECT CASE WHEN c.until > :a THEN json_extract(v.text, '$.transaction')
    ELSE json_set(json_extract(v.text, '$.transaction'), '$.transactionStatus',
        CASE WHEN json_extract(next.text, '$.transaction.transactionDate')
            = json_extract(v.text, '$.transaction.transactionDate') THEN 'Amended' ELSE 'Cancelled' END) END
    FROM version next WHERE next.kind = v.kind AND next.n = v.n AND next.number = v.number + 1)"""
"""A transaction that was booked again: amended, or cancelled when its date changed (B3)."""


def handlers() -> dict[str, Read]:
    """Return the work of every reading operation by its name, to be done in the store's thread."""
    made: dict[str, Read] = {
        operations.ORDER_HISTORY.name: order_history,
        operations.GRAPH_BLOCKS.name: graph_blocks,
        operations.GRAPH_PLACEMENTS.name: graph_placements,
        operations.GRAPH_CHILDREN.name: graph_children,
        operations.PORTFOLIO_TRANSACTIONS.name: transactions,
    }
    for each in ENTITIES:
        made[each.list.name] = _list_of(each.entity)
        made[each.get.name] = _get_of(each.entity)
    return made


def _get_of(kind: type[Any]) -> Read:
    def get(call: Call) -> bytes:
        """Return one entity as it was at the asAt (L10, L11)."""
        as_at = call.query.as_at()
        text = call.engine.view(lambda store: store.text(kind, call.id, LATEST if as_at is None else as_at))
        if text is None:
            raise not_found(kind, call.id, "L10", 404)
        return text

    return get


def _list_of(kind: type[Any]) -> Read:
    fields = fields_of(kind)

    def list(call: Call) -> bytes:
        """Return a page of the type's entities (2.14, section 4)."""
        listing = ListQuery(fields, offset=max(call.query.number("start") or 0, 0))
        if kind is not Order or not call.query.flag("getDerivedComplianceStatuses", False):
            return _page(call, listing, "page")
        from tui.oms.http.compliance_endpoints import with_states

        return _page(call, listing, "page", shown=with_states)

    return list


def _page(
    call: Call,
    listing: ListQuery,
    token: str,
    *,
    versioned: bool = False,
    shown: Callable[[bytes], bytes] | None = None,
) -> bytes:
    """Return the page the call requests; ``token`` is the name of its page parameter.

    With ``versioned`` the list has a version of its own; ``shown`` makes what is answered of a stored row.
    """
    query = call.query
    asked = replace(
        listing,
        filter=query.text("filter") or "",
        sort=query.many("sortBy"),
        limit=query.number("limit"),
        token=query.text(token),
        as_at=query.as_at(),
        max_filter=call.dialect.max_filter,
    )
    page = call.engine.view(lambda store: read_page(store, asked))
    if shown is not None:
        page = replace(page, rows=list(map(shown, page.rows)))
    version = b'"version":%b,' % codec.encode(_version(page)) if versioned else b""
    return b"{" + version + _list(page, call.href)


def _list(page: PageSlice, href: str) -> bytes:
    """Return a list reply with the rows' stored JSON, which is not encoded again."""
    head = b'"nextPage":%b,"previousPage":null,"values":[' % msgspec.json.encode(page.next)
    return head + b",".join(page.rows) + b'],"href":%b,"links":[]}' % msgspec.json.encode(href)


def _version(page: PageSlice) -> Version:
    return Version(effective_from=datetime.min.replace(tzinfo=UTC), as_at_date=from_micros(page.as_at))


# -- the order graph ---------------------------------------------------------------------------------


def graph_entry_sql(type: type[Any]) -> str:
    """Return the SQL of an order graph entry as it was at the asAt."""
    kind = KINDS[type]
    return f"""coalesce(
        (SELECT g.text FROM graph_{kind.name} g WHERE g.n = :n AND g.since <= :a),
        (SELECT p.text FROM graph_past p
            WHERE p.kind = {kind.number} AND p.n = :n AND p.until > :a AND p.since <= :a))"""


def graph_blocks(call: Call) -> bytes:
    """Return a page of blocks with the totals of their life cycle (2.15, G1 to G10)."""
    always = () if call.query.flag("includeSwept", True) else (_UNSWEPT,)
    fields = fields_of(Block).spelt("block", call.dialect.graph_filters)
    listing = ListQuery(fields, json_sql=graph_entry_sql(Block), fixed_conditions=always)
    if call.query.flag("useComplianceV2", False):
        return _page(call, listing, "paginationToken")
    from tui.oms.http.compliance_endpoints import by_legacy_engine

    return _page(call, listing, "paginationToken", shown=by_legacy_engine)


def graph_placements(call: Call) -> bytes:
    """Return a page of placements with the totals of their life cycle (2.15, G9, G11)."""
    fields = fields_of(Placement).spelt("placement", call.dialect.graph_filters)
    query = ListQuery(fields, json_sql=graph_entry_sql(Placement))
    return _page(call, query, "paginationToken")


def graph_children(call: Call) -> bytes:
    """Return a page of the child placements of a placement (2.15)."""
    as_at = call.query.as_at()
    parent = call.engine.view(
        lambda store: store.text(Placement, call.id, LATEST if as_at is None else as_at)
    )
    if parent is None:
        raise not_found(Placement, call.id, "L10", 404)
    fields = fields_of(Placement)
    children = _both(
        Comparison("parentPlacementId.code", "eq", (call.id.code,), 0),
        Comparison("parentPlacementId.scope", "eq", (call.id.scope,), 0),
    )
    listing = ListQuery(
        fields.spelt("placement", call.dialect.graph_filters),
        json_sql=graph_entry_sql(Placement),
        fixed_filters=((fields, children),),
    )
    return _page(call, listing, "paginationToken")


def _both(*parts: FilterNode) -> BooleanOp:
    return BooleanOp(parts)


# -- transactions and history --------------------------------------------------------------------------


def transactions(call: Call) -> bytes:
    """Return a page of a portfolio's transactions; cancelled and amended ones only on request (2.16, B3)."""
    query = call.query
    of_portfolio = _both(
        Comparison("portfolioId.code", "eq", (call.id.code,), 0),
        Comparison("portfolioId.scope", "eq", (call.id.scope,), 0),
    )
    nodes: list[tuple[Any, FilterNode]] = [(fields_of(Booking), of_portfolio)]
    for name, op in (("fromTransactionDate", "gte"), ("toTransactionDate", "lte")):
        date = query.time(name)
        if date is not None:
            nodes.append((TRANSACTIONS, Comparison("transactionDate", op, (date,), 0)))  # type: ignore[arg-type]
    shown = query.flag("showCancelledTransactions", False)
    listing = ListQuery(
        TRANSACTIONS,
        json_sql=_TRANSACTION,
        fixed_filters=tuple(nodes),
        fixed_conditions=(_NOT_CANCELLED_BY_NEXT,) if shown else (_NOT_CANCELLED,),
        superseded_sql=_SUPERSEDED if shown else None,
    )
    return _page(call, listing, "page", versioned=True)


def order_history(call: Call) -> bytes:
    """Return the history of an order, newest first (2.10, H1 to H3)."""
    from tui.oms.engine import order_history

    as_at = call.query.as_at()

    def work(store: StoreReader) -> Sequence[order_history.Event]:
        return order_history.history_of_order(store, call.id, LATEST if as_at is None else as_at)

    events = call.engine.view(work)
    shape = order_history.item_2_1 if call.generation == "2.1" else order_history.latest_item
    return codec.encode({"values": [shape(event) for event in events], "href": call.href, "links": []})
