"""Shows the desk as it was left, and keeps how it is now: at rest after a change, and at leaving.

Whoever comes back finds the view, filters, sorts, columns, pinned rows, heights, panes and the theme. What a
restored filter hides is told once everything was read; titles of panes say it from then on.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from datetime import UTC, date
from itertools import islice
from typing import Any, Final

from msgspec.structs import replace

from tui.columns.last_session import (
    MOST_PINS,
    LastSession,
    SessionStore,
    found_of,
    session_of,
)
from tui.columns.saved_views import applied, chain, differs, entry_of, names
from tui.screens.desk.layout import PanesScreen
from tui.screens.desk.pane_title import hides_words
from tui.screens.desk.saved_view_commands import read_views
from tui.screens.desk.view_shown import name_properties, show_view
from tui.service.numbers import counted
from tui.service.snapshot.snapshot import EntityKind, Ref

PATIENCE_S: Final = 10
"""Seconds after which it is told what is known by then of the rows that filters hide."""
TOLD_S: Final = 20
"""Seconds for which it is told what was restored."""

log = logging.getLogger(__name__)


class SessionKeeper:
    """Keeps how one desk is left.

    Args:
        desk: the screen that is kept.
        store: where it is kept.
    """

    def __init__(self, desk: PanesScreen, store: SessionStore) -> None:
        self._desk = desk
        self._store = store
        self._seen: dict[Ref, date] = {}
        """On which day each pinned row was on the desk last."""
        self._ready = False
        """Whether the desk is shown as it was left: until then nothing is kept."""
        self._noted: object = None
        self._kept: object = None
        self._written: dict[str, Any] = {}
        self._writing = False
        self._failed = ""
        self._to_tell = 0
        """Seconds for which rows are waited for before it is told what was restored."""

    # --- coming back ----------------------------------------------------------------------------

    async def restore(self) -> None:
        """Show the desk as it was left, and tell what of that is not possible."""
        desk = self._desk
        kept = await asyncio.to_thread(self._store.read)
        if kept.wrong:
            desk.notify(" ".join(kept.wrong), title="Last session", severity="error", markup=False)
        left = session_of(kept.found, self._today)
        self._seen = dict(left.pinned)
        if kept.found:
            await self._show(left)
        self._written = dict(kept.found)
        self._kept = self._noted = self._state()
        self._ready = True

    async def _show(self, left: LastSession) -> None:
        desk, session = self._desk, self._desk.session
        base = []
        if left.view and (stored := await read_views(desk)) is not None:
            if left.view in names(stored):
                base, session.view_name = chain(stored, left.view), left.view
            else:
                told = f"The view {left.view} is gone; what was changed since it was opened is shown."
                desk.notify(told, severity="warning", timeout=30, markup=False)
        records = desk.session.snapshot.records
        session.view_base = applied(base, records)
        for kind in EntityKind:
            pane = desk.pane(kind)
            pins = frozenset(ref.id for ref in left.pinned if ref.kind is kind)
            pane.view = replace(pane.view, pins=pins)
        show_view(desk, applied([*base, left.shown], records))
        session.theme_chosen, session.theme_instead_of = left.theme, left.instead_of
        desk.show_as_left(left.focus, left.right, full_screen=left.full_screen)
        self._to_tell = PATIENCE_S

    def _tell(self) -> None:
        """Tell what was restored that may surprise, once all rows were read and judged."""
        desk = self._desk
        panes = [desk.pane(kind) for kind in EntityKind]
        arranging = any(pane.arranging for pane in panes)
        if not desk.snapshot.complete or arranging:
            return
        self._to_tell -= 1
        if self._to_tell and not desk.exceptions.is_settled(desk.snapshot):
            return
        self._to_tell = 0
        if any(pane.view.properties for pane in panes):
            desk.run_worker(name_properties(desk), group="properties", exit_on_error=False)
        if said := "; ".join(self._restored()):
            back = " {back} in a pane shows all." if any(pane.view.filter for pane in panes) else ""
            told = desk.session.with_keys(f"As you left it: {said}.{back}")
            desk.notify(told, timeout=TOLD_S, markup=False)

    def _restored(self) -> Iterator[str]:
        desk, session = self._desk, self._desk.session
        if session.view_name:
            changed = ", changed" if differs(desk.shown_view, session.view_base) else ""
            yield f"view {session.view_name}{changed}"
        for kind in EntityKind:
            pane = desk.pane(kind)
            if pane.view.filter:
                hides = hides_words(pane.hidden, pane.hidden_needing) or "is on"
                yield f"{kind.value} filter {hides}"
        if pinned := len(desk.pinned):
            yield f"{counted(pinned, 'row')} pinned"

    # --- keeping --------------------------------------------------------------------------------

    def tick(self) -> None:
        """Keep what was changed once it rests; called every second."""
        if not self._ready:
            return
        if self._to_tell:
            self._tell()
        state = self._state()
        if state != self._noted:
            self._noted = state
        elif state != self._kept and not self._writing:
            self._kept, self._writing = state, True
            found = self._found()
            self._desk.run_worker(self._keep(found), group="last-session", exit_on_error=False)

    def leave(self) -> None:
        """Keep how the desk is now: it is being left."""
        if self._ready:
            self._written = {}
            self._write(self._found())

    async def _keep(self, found: dict[str, Any]) -> None:
        """Write in another thread: a disk may be slow."""
        try:
            await asyncio.to_thread(self._write, found)
        finally:
            self._writing = False
        if self._failed:
            told, self._failed = self._failed, ""
            self._desk.notify(told, severity="warning", timeout=10, markup=False)

    def _write(self, found: dict[str, Any]) -> None:
        if found == self._written:
            return
        try:
            self._store.write(found)
        except OSError as error:
            log.warning("the session is not kept: %s", error)
            self._failed = f"How this desk is left is not kept: {error.strerror or error}."
        else:
            self._written = found

    def _state(self) -> object:
        """Return what changes when anything does that is kept; it costs little."""
        desk, session = self._desk, self._desk.session
        return (
            desk.shown_view,
            session.view_name,
            session.view_base,
            desk.active.kind,
            desk.in_turn,
            desk.full_screen,
            session.theme_chosen,
        )

    def _found(self) -> dict[str, Any]:
        desk, session = self._desk, self._desk.session
        shown = desk.shown_view
        return found_of(
            LastSession(
                view=session.view_name,
                shown=entry_of(shown, session.view_base),
                focus=desk.active.kind,
                right=desk.in_turn,
                full_screen=desk.full_screen,
                theme=session.theme_chosen,
                instead_of=session.theme_instead_of,
                pinned=self._pinned(),
            )
        )

    def _pinned(self) -> dict[Ref, date]:
        """Return the pinned rows with the day on which each was on the desk last."""
        snapshot, today = self._desk.session.snapshot, self._today
        pinned = (Ref(kind, id) for kind in EntityKind for id in sorted(self._desk.pane(kind).view.pins))
        self._seen = {
            ref: today if ref in snapshot else self._seen.get(ref, today) for ref in islice(pinned, MOST_PINS)
        }
        return self._seen

    @property
    def _today(self) -> date:
        return self._desk.session.now().astimezone(UTC).date()
