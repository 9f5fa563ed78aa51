"""What of an update is news, and how many news there were while nobody looked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct

from tui.config.tape_settings import Loudness, TapeSettings
from tui.service.environment import Update
from tui.service.snapshot.relations import portfolios_of, related_of
from tui.service.snapshot.snapshot import EntityKind, Ref, Snapshot

if TYPE_CHECKING:
    from tui.service.tape.news_kinds import NewsKind

# The kinds of news are loaded when there is first something to tell: a start needs none.

A_STEP: Final = 200
"""Rows that are looked at in one step."""


class Happening(Struct, frozen=True):
    """One piece of news of a row, and how loud it is."""

    kind: NewsKind
    ref: Ref
    row: Any
    at: datetime | None
    loudness: Loudness


class NewsFinder:
    """Finds what is news by the ``settings`` of the tape, and knows the newest change it has seen."""

    def __init__(self, settings: TapeSettings) -> None:
        self._settings = settings
        self._began: datetime | None = None
        """When the newest row was changed that was there at the start: older ones are no news."""
        self.newest: datetime | None = None

    def found(self, update: Update, in_flight: Mapping[Ref, str]) -> Iterator[Happening]:
        """Yield the news of an update that is told here and not by a report of one's own."""
        from tui.service.tape.news_kinds import NEWS_KINDS, changed_at

        for kind, delta in update.deltas.items():
            kinds = [each for each in NEWS_KINDS if kind in each.rows]
            before, after = update.old.rows(kind), update.new.rows(kind)
            for id in (*delta.added, *delta.changed) if kinds else ():
                was, now = before.get(id), after.get(id)
                if now is None or (was is now and "states" not in delta.changed.get(id, ())):
                    continue
                ref, at = Ref(kind, id), changed_at(now)
                if was is None and at is not None and self._began is not None and at <= self._began:
                    continue  # it was there before, and only now belongs to the desk
                self.newest = max(filter(None, (self.newest, at)), default=None)
                for each in kinds:
                    if ref in in_flight and each.own_is_reported:
                        continue
                    if each.is_news(update.old, was, update.new, now):
                        loudness = self._loudness(each, update.new, ref)
                        if loudness != "off":
                            yield Happening(each, ref, now, at, loudness)

    def count(self, snapshot: Snapshot, since: datetime | None) -> Generator[None, None, Counter[str]]:
        """Return in steps how many news of each kind there were ``since`` a time; none if it is not known."""
        from tui.service.tape.news_kinds import NEWS_KINDS, ORDERED, changed_at

        newest, counts = self.newest, Counter[str]()
        for kind in (EntityKind.EXECUTIONS, *ORDERED):
            kinds = [each for each in NEWS_KINDS if kind in each.rows]
            for number, row in enumerate(tuple(snapshot.rows(kind).values())):
                at = changed_at(row)
                if at is not None and (newest is None or at > newest):
                    newest = at
                if since is not None and at is not None and at > since:
                    ref = Ref(kind, row.id)
                    for each in kinds:
                        if each.holds(snapshot, row) and self._loudness(each, snapshot, ref) != "off":
                            counts[each.id] += 1
                if number % A_STEP == A_STEP - 1:
                    yield
        self.newest = newest
        if self._began is None:
            self._began = newest
        return counts

    def _loudness(self, kind: NewsKind, snapshot: Snapshot, ref: Ref) -> Loudness:
        """Return how loud news of a row is, by its portfolios where something is said of any."""
        if not self._settings.portfolios:
            return self._settings.loudness(kind.id)
        refs = [ref, *(Ref(EntityKind.BLOCKS, id) for id in related_of(snapshot, ref, EntityKind.BLOCKS))]
        if ref.kind is EntityKind.ORDERS:
            del refs[1:]
        portfolios = portfolios_of(snapshot, refs)
        return self._settings.loudness(kind.id, ((each.scope, each.code) for each in portfolios))
