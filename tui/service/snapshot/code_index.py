"""Ids in the order of their codes or names: found by one in any letter case, or by its beginning."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping

from tui.api.base import ResourceId

Entry = tuple[str, ResourceId]
"""A code or ``scope/code`` in small letters, and the id that has it."""


def by_code(ids: Iterable[ResourceId]) -> Iterator[Entry]:
    """Yield the entries of ids under their codes."""
    return ((id.code.casefold(), id) for id in ids)


def by_name(ids: Iterable[ResourceId]) -> Iterator[Entry]:
    """Yield the entries of ids under their full names."""
    return ((str(id).casefold(), id) for id in ids)


def id_text(id: ResourceId, home: str, *, ambiguous: bool = False) -> str:
    """Return the code of ``id`` where that leaves no doubt about the scope, else scope and code.

    There is doubt about an id outside the desk's own scope ``home``, about an ``ambiguous`` code, which
    several scopes have, and about one with a slash in it. A desk without a home takes any scope for it.

    >>> own, other = ResourceId("demo", "GROWTH"), ResourceId("FundA", "GROWTH")
    >>> id_text(own, "demo"), id_text(other, "demo"), id_text(own, "demo", ambiguous=True), id_text(other, "")
    ('GROWTH', 'FundA/GROWTH', 'demo/GROWTH', 'GROWTH')
    """
    at_home = not home or id.scope == home
    return id.code if at_home and not ambiguous and "/" not in id.code else str(id)


class CodeIndex(Mapping[str, tuple[ResourceId, ...]]):
    """A frozen mapping from texts in small letters to ids; the next one costs its differences and a copy."""

    def __init__(self, entries: list[Entry] | None = None) -> None:
        self._entries = entries or []

    def __getitem__(self, folded: str) -> tuple[ResourceId, ...]:
        found = []
        for code, id in self._from(folded):
            if code != folded:
                break
            found.append(id)
        if not found:
            raise KeyError(folded)
        return tuple(found)

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(code for code, _ in self._entries))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def beginning(self, folded: str) -> Iterator[ResourceId]:
        """Yield the ids under texts that begin with ``folded``, in the order of the texts."""
        for code, id in self._from(folded):
            if not code.startswith(folded):
                return
            yield id

    def changed(self, added: Iterable[Entry], removed: Iterable[Entry]) -> CodeIndex:
        """Return the index with these entries and without those; one added again is there once."""
        changes = {**dict.fromkeys(added, True), **dict.fromkeys(removed, False)}
        if not changes:
            return self
        entries: list[Entry] = []
        start = 0
        for entry in sorted(changes):
            at = bisect_left(self._entries, entry, start)
            entries += self._entries[start:at]
            start = at + (self._entries[at : at + 1] == [entry])
            if changes[entry]:
                entries.append(entry)
        return CodeIndex(entries + self._entries[start:])

    def _from(self, folded: str) -> Iterator[Entry]:
        """Yield the entries from ``folded`` on, one by one: a slice would copy all of them."""
        at = bisect_left(self._entries, folded, key=lambda entry: entry[0])
        while at < len(self._entries):
            yield self._entries[at]
            at += 1
