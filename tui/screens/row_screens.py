"""The screens that look closer at one row, wherever it was found: ticket, members, history."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

from msgspec.structs import replace

from tui.api import codec
from tui.api.base import ResourceId
from tui.columns.panes import COLUMNS
from tui.columns.shown_rows import one_row
from tui.screens.detail.screen import DetailScreen, Section, sections_of
from tui.screens.history.screen import HistoryScreen, Story
from tui.screens.ticket.screen import TicketScreen
from tui.screens.ticket.ticket_words import RowTicket, ticket_of
from tui.service.row_phrases import phrase_of
from tui.service.snapshot.compliance_states import compliance_section, unnamed_rules
from tui.service.snapshot.contradictions import contradictions
from tui.service.snapshot.instruments import luid_of
from tui.service.snapshot.relations import related_of
from tui.service.snapshot.snapshot import EntityKind, Ref, Snapshot
from tui.service.snapshot.transaction_keys import portfolio_of
from tui.session import DeskSession

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from tui.api.models import Order, OrderGraphBlock
    from tui.columns.column import Column
    from tui.columns.steps import Steps
    from tui.service.desk import Desk

COMPLIANCE: Final = "Compliance"
KNOWN_AS: Final = "Known as"
LONGEST_WAIT_S: Final = 30.0
"""Seconds after which details of a portfolio are not shown any more in the section that is open."""


def history_screen(
    server: Desk, session: DeskSession, snapshot: Snapshot, orders: Sequence[ResourceId]
) -> HistoryScreen:
    """Return the screen of the history of orders, one at a time, the first one first.

    ``snapshot`` says what an order is about, if it has it.
    """

    def story(order: ResourceId) -> Story:
        said = phrase_of(snapshot, Ref(EntityKind.ORDERS, order))
        return order, lambda: server.history(order), said or f"order {order}"

    first, *others = map(story, orders)
    return HistoryScreen(*first, session=session, others=others)


def detail_screen(
    server: Desk,
    session: DeskSession,
    snapshot: Snapshot,
    ref: Ref,
    columns: Sequence[Column] | None = None,
    *,
    raw: bool = False,
) -> DetailScreen:
    """Return the screen of all members of a row of ``snapshot``; with ``raw`` it begins with the JSON.

    ``columns`` are those that are known of it, all of its pane if not given.
    """
    row = snapshot.row(ref)
    said = phrase_of(snapshot, ref)
    title = f"{ref.kind.singular.title()}{f': {said}' if said else f' {ref.id}'}"
    sections = sections_of(row)
    if called := names_behind(snapshot, ref, row):
        sections = ((KNOWN_AS, called), *sections)
    if told := contradictions(snapshot, ref):
        sections = (("Contradictions", [("", sentence) for sentence in told]), *sections)
    said_of = compliance_section(snapshot, row)
    if said_of:
        sections = ((COMPLIANCE, said_of), *sections)
    more: list[Callable[[], Awaitable[Section | None]]] = []
    if said_of and unnamed_rules(snapshot, row):
        more.append(partial(_with_rule_names, server, row))
    if (portfolio := _portfolio_of(ref, row)) is not None:
        more.append(partial(_with_portfolio, server, snapshot, ref, portfolio))
    shown = one_row(ref, snapshot, columns or COLUMNS[ref.kind])
    return DetailScreen(title, sections, codec.encode(row).decode(), shown, session, raw=raw, more=more)


def ticket_screen(
    server: Desk,
    session: DeskSession,
    ref: Ref,
    source: Callable[[], Snapshot],
    columns: Callable[[EntityKind], Sequence[Column] | None] = lambda kind: None,
) -> TicketScreen:
    """Return the ticket of a row of what ``source`` returns, now and later.

    ``columns`` returns those that are known of a kind of rows there; None for all of its pane.
    """

    def build(snapshot: Snapshot, ref: Ref, why_unnamed: str) -> Steps[RowTicket]:
        context = session.display_context
        moment = snapshot.as_at or session.now()
        return ticket_of(snapshot, ref, context, moment, columns(ref.kind), why_unnamed)

    async def complete(snapshot: Snapshot, ref: Ref) -> str:
        row, why = snapshot.row(ref), ""
        if compliance_section(snapshot, row) and unnamed_rules(snapshot, row):
            why = await server.beside.read_rule_names(row)
        if (portfolio := _portfolio_of(ref, row)) is not None:
            await server.beside.reference.complete((portfolio,), within_s=LONGEST_WAIT_S)
        return why

    def history(snapshot: Snapshot, ref: Ref) -> HistoryScreen | None:
        orders = related_of(snapshot, ref, EntityKind.ORDERS)
        return history_screen(server, session, snapshot, orders) if orders else None

    return TicketScreen(
        ref,
        source,
        session,
        build,
        columns=lambda kind: columns(kind) or COLUMNS[kind],
        complete=complete,
        raw=lambda snapshot, ref: detail_screen(server, session, snapshot, ref, columns(ref.kind), raw=True),
        history=history,
    )


async def _with_rule_names(server: Desk, row: Order | OrderGraphBlock) -> Section | None:
    """Return the section of compliance once the names of its rules were asked for."""
    why = await server.beside.read_rule_names(row)
    return COMPLIANCE, compliance_section(server.snapshot, row, why)


async def _with_portfolio(
    server: Desk, snapshot: Snapshot, ref: Ref, portfolio: ResourceId
) -> Section | None:
    """Return the section of names once the details of its portfolio were asked for (R29)."""
    known = server.snapshot.records.portfolios.get(portfolio)
    await server.beside.reference.complete((portfolio,), within_s=LONGEST_WAIT_S)
    records = server.snapshot.records
    if records.portfolios.get(portfolio) is known:
        return None
    return KNOWN_AS, names_behind(replace(snapshot, records=records), ref, snapshot.row(ref))


def _portfolio_of(ref: Ref, row: Any) -> ResourceId | None:
    if ref.kind is EntityKind.TRANSACTIONS:
        return portfolio_of(ref.id)
    return getattr(row, "portfolio_id", None)


def names_behind(snapshot: Snapshot, cursor: Ref, row: Any) -> list[tuple[str, str]]:
    """Return what the ids of a row are called by the server's reference data, as labels and texts."""
    known = snapshot.instruments.get(luid_of(row))
    record = known.record if known else None
    portfolio = _portfolio_of(cursor, row)
    held = snapshot.records.portfolios.get(portfolio) if portfolio else None
    said = [
        ("Instrument", known.name if known else ""),
        ("Asset class", known.asset_class if known else ""),
        ("Definition", record.kind if record else ""),
        ("Currency", known.currency if known else ""),
        ("State in the master", "" if record is None or record.is_active else record.state),
        ("Portfolio", held.name if held else ""),
        ("Base currency", held.currency if held else ""),
    ]
    return [(label, text) for label, text in said if text]
