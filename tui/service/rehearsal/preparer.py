"""Prepares verbs for confirmation: each is rehearsed, and its preview tells what came of it."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, Final, Protocol

from tui.service.environment import Environment, EnvironmentKind
from tui.service.rehearsal.rehearse import OpenSandbox, Rehearsal, Rehearser
from tui.service.rehearsal.rehearsed_preview import Prepared, sendable, with_rehearsal
from tui.service.snapshot.snapshot import Snapshot
from tui.service.verbs.verb import Verb
from tui.service.writes.preview import Preview

FEW_ITEMS: Final = 20
"""Verbs of more items get their preview in another thread, beside the screen."""


class PreviewingDesk(Protocol):
    """What a preparer asks of the desk."""

    @property
    def snapshot(self) -> Snapshot:
        """The rows as they stand."""
        ...

    @property
    def environment(self) -> Environment:
        """The server the verbs are for."""
        ...

    @property
    def read_only(self) -> bool:
        """Whether nothing is sent."""
        ...

    @property
    def rehearsal_s(self) -> float | None:
        """Seconds after which a rehearsal is given up; None is as long as a person waits."""
        ...

    def preview(self, verb: Verb) -> Preview:
        """Return what to show before ``verb`` is sent, without a rehearsal."""
        ...


class Preparer:
    """Prepares the verbs of ``desk``; without ``open_sandbox`` nothing is rehearsed."""

    def __init__(self, desk: PreviewingDesk, open_sandbox: OpenSandbox | None) -> None:
        self._desk = desk
        self._rehearser = Rehearser(open_sandbox, desk.rehearsal_s) if open_sandbox else None

    async def prepare(self, verb: Verb, also: Coroutine[Any, Any, None]) -> Prepared:
        """Rehearse ``verb``; return what there is to confirm, with its preview.

        ``also`` is carried out beside the rehearsal: the preview tells of that too.

        The embedded server decides as the rehearsal did: items it refuses are left out. An emergency does
        not wait for a rehearsal, and all of it is sent: :meth:`expected` adds the words. What states rows in
        full is asked of the rows as they are now.
        """
        verb = verb.renewed(self._desk.snapshot)
        beside = asyncio.create_task(also)
        try:
            rehearsal = None if verb.emergency else await self._rehearse(verb)
            await beside
        finally:
            beside.cancel()
        if verb.count <= FEW_ITEMS:
            return self._prepared(verb, rehearsal)
        return await asyncio.to_thread(self._prepared, verb, rehearsal)

    async def expected(self, prepared: Prepared) -> Preview:
        """Return the preview of what can be confirmed already, with what a rehearsal of it finds out."""
        rehearsal = await self._rehearse(prepared.verb)
        if rehearsal is None:
            return prepared.preview
        return await asyncio.to_thread(
            with_rehearsal, prepared.preview, prepared.verb, rehearsal, final=self._is_final
        )

    async def close(self) -> None:
        """Close the sandbox."""
        if self._rehearser is not None:
            await self._rehearser.close()

    @property
    def _is_final(self) -> bool:
        """Whether the server decides as the sandbox does: it is the same program."""
        return self._desk.environment.kind is EnvironmentKind.LOCAL

    async def _rehearse(self, verb: Verb) -> Rehearsal | None:
        desk = self._desk
        if self._rehearser is None or not verb.rehearsed or desk.read_only or desk.snapshot.as_at is not None:
            return None
        return await self._rehearser.rehearse(verb, desk.snapshot)

    def _prepared(self, verb: Verb, rehearsal: Rehearsal | None) -> Prepared:
        snapshot, final = self._desk.snapshot, self._is_final
        if rehearsal is None:
            return Prepared(verb, self._desk.preview(verb), shown=snapshot)
        part = sendable(verb, rehearsal, final=final)
        told = with_rehearsal(self._desk.preview(part), verb, rehearsal, final=final)
        return Prepared(part, told, rehearsal, snapshot)
