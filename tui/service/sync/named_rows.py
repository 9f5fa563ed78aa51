"""Reads rows by their ids, and removes those that are gone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable
from datetime import datetime
from typing import Any, TypeVar

from tui.api.base import ResourceId
from tui.api.errors import ApiError, Forbidden, NotServed
from tui.service.snapshot.snapshot import EntityKind
from tui.service.sync.id_filters import IdFilters, NamedIds
from tui.service.sync.read_session import AT_ONCE, ReadSession

T = TypeVar("T")


async def read_named_rows(
    session: ReadSession, filters: IdFilters, kind: EntityKind, ids: Collection[ResourceId]
) -> None:
    """Read entities by id; the builder says when they are not permitted.

    Raises:
        ApiError: something could not be read.
        Superseded: the desk shows another moment by now.
    """
    told = session.builder.unread.get(kind)
    if told is not None and not told.permitted:
        return
    try:
        await _read(session, filters, kind, ids)
    except (Forbidden, NotServed) as error:
        session.mark_unread(kind, error)


async def _read(
    session: ReadSession, filters: IdFilters, kind: EntityKind, ids: Collection[ResourceId]
) -> None:
    """Read entities by id, many of them through a filter; remove those that are gone."""
    builder = session.builder
    missing = set(ids)
    if len(missing) > AT_ONCE:
        async for rows in named_rows(session, filters, kind, missing):
            async for some in session.in_turns(rows):
                builder.put(kind, some)
            missing.difference_update(row.id for row in rows)
    # A filter may miss a row that is not indexed yet, so the id itself decides.
    async for found in session.look_up(kind, missing):
        builder.put(kind, [row for row in found.values() if row is not None])
        builder.remove(kind, [id for id, row in found.items() if row is None])


async def named_rows(
    session: ReadSession,
    filters: IdFilters,
    kind: EntityKind,
    ids: Collection[ResourceId],
    *,
    as_at: datetime | str | None = None,
) -> AsyncIterator[list[Any]]:
    """Yield the entities of ``ids`` that the server's list finds, those of one filter at a time.

    Raises:
        ApiError: a list could not be read.
        Superseded: the desk shows another moment by now.
    """
    wanted = frozenset(ids)

    async def ask(test: str) -> list[Any]:
        pages = session.pages_of(kind, test, as_at=as_at)
        return [row async for page in pages for row in page.values]

    async for rows in by_filters(filters, wanted, ask):
        yield [row for row in rows if row.id in wanted]


async def by_filters(
    filters: IdFilters, ids: Collection[ResourceId], ask: Callable[[str], Awaitable[list[T]]]
) -> AsyncIterator[list[T]]:
    """Yield what ``ask`` returns for filters that together name ``ids``, several of them asked side by side.

    Filters that are too long for the server are made shorter; an id that is refused alone is left out.
    Nothing is asked of a server that takes no filter.

    Raises:
        ApiError: a filter was not answered for another reason.
    """
    left = _scope_by_scope(ids)
    running: dict[asyncio.Task[list[T]], NamedIds] = {}
    try:
        while running or (left and filters.form is not None):
            while left and len(running) < AT_ONCE and filters.form is not None:
                named = filters.take(left)
                del left[: len(named.ids)]
                running[asyncio.ensure_future(ask(named.test))] = named
                await asyncio.sleep(0)
            done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                named = running.pop(task)
                try:
                    rows = task.result()
                except ApiError as error:
                    if not filters.refused(named, error):
                        raise
                    if len(named.ids) > 1 or filters.form != named.form:
                        left = _scope_by_scope((*named.ids, *left))
                    continue
                filters.answered(named, len(rows))
                yield rows
    finally:
        for task in running:
            task.cancel()


def _scope_by_scope(ids: Iterable[ResourceId]) -> list[ResourceId]:
    """Return ids in an order in which those of one scope stand together; sorting many would take too long."""
    scopes: dict[str, list[ResourceId]] = {}
    for id in ids:
        scopes.setdefault(id.scope, []).append(id)
    return [id for some in scopes.values() for id in some]
