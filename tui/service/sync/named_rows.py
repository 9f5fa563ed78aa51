"""Reads rows by their ids, and removes those that are gone."""

from __future__ import annotations

import asyncio
from collections.abc import Collection

from tui.api.base import ResourceId
from tui.api.errors import Forbidden, NotServed
from tui.service.snapshot.snapshot import EntityKind
from tui.service.sync.queries import id_filters
from tui.service.sync.read_session import AT_ONCE, ReadSession


async def read_named_rows(session: ReadSession, kind: EntityKind, ids: Collection[ResourceId]) -> None:
    """Read entities by id; the builder says when they are not permitted.

    Raises:
        ApiError: something could not be read.
        Superseded: the desk shows another moment by now.
    """
    told = session.builder.unread.get(kind)
    if told is not None and not told.permitted:
        return
    try:
        await _read(session, kind, ids)
    except (Forbidden, NotServed) as error:
        session.mark_unread(kind, error)


async def _read(session: ReadSession, kind: EntityKind, ids: Collection[ResourceId]) -> None:
    """Read entities by id, many of them through a filter; remove those that are gone."""
    builder = session.builder
    missing = set(ids)
    if len(missing) > AT_ONCE:
        for test in await asyncio.to_thread(id_filters, frozenset(missing)):
            async for page in session.pages_of(kind, test):
                builder.put(kind, page.values)
                missing.difference_update(row.id for row in page.values)
    # A filter may miss a row that is not indexed yet, so the id itself decides.
    async for rows in session.look_up(kind, missing):
        builder.put(kind, [row for row in rows.values() if row is not None])
        builder.remove(kind, [id for id, row in rows.items() if row is None])
