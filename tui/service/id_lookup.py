"""Ids as people type them: a code alone where that is enough, else ``SCOPE/CODE``.

A code is looked up among the ids the desk knows. Known in one scope, it is that one; known in several,
the person is asked which; not known, it is taken to be in the desk's home scope, and that is said.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from tui.api.base import ResourceId
from tui.service.ids import is_id_part
from tui.service.snapshot.code_index import id_text
from tui.service.snapshot.snapshot import EntityKind, Snapshot

_MOST_CHOICES: Final = 4
"""The most ids a question names: more would not fit on a line of a form."""


@dataclass(frozen=True, slots=True)
class IdLookup:
    """Reads and writes ids of one kind; ``known`` are the known ids by their code in small letters."""

    noun: str
    home: str
    known: Mapping[str, Sequence[ResourceId]]

    def read(self, typed: str) -> ResourceId:
        """Return the id that ``typed`` names.

        Raises:
            ValueError: it names several, or is no id; the message is a sentence for who typed it.
        """
        text = typed.strip(" ")
        if "/" not in text:
            found = self._candidates(text)
            if len(found) > 1:
                raise ValueError(f"{text} is a {self.noun} in several scopes: write {_choices(found)}.")
            if found:
                return found[0]
        scope, slash, code = text.partition("/")
        id = ResourceId(scope, code) if slash else ResourceId(self.home, text)
        if not self.is_known(id) and not (is_id_part(id.scope) and is_id_part(id.code)):
            raise ValueError(
                f"'{text}' is not a {self.noun}: write CODE or SCOPE/CODE, in letters, digits, - and _."
            )
        return id

    def write(self, id: ResourceId) -> str:
        """Return the shortest text that :meth:`read` understands and that leaves no doubt about the scope."""
        alike = self._alike(id.code)
        return id_text(id, self.home, ambiguous=any(other.scope != id.scope for other in alike))

    def describe(self, id: ResourceId) -> str:
        """Return the id as :meth:`write` does; one the desk does not know in full, and said to be unknown."""
        return self.write(id) if self.is_known(id) else f"{id} (unknown to this desk)"

    def is_known(self, id: ResourceId) -> bool:
        """Return whether the desk knows exactly this id."""
        return id in self._alike(id.code)

    def names(self) -> list[str]:
        """Return every known id as people may type it, in order."""
        return sorted(self.write(id) for ids in self.known.values() for id in ids)

    def _alike(self, code: str) -> Sequence[ResourceId]:
        """Return the known ids with this code, in any letter case."""
        return self.known.get(code.casefold(), ())

    def _candidates(self, code: str) -> Sequence[ResourceId]:
        """Return the known ids with this code, spelt exactly so if there are any."""
        found = self._alike(code)
        return [id for id in found if id.code == code] or found


def _choices(ids: Sequence[ResourceId]) -> str:
    names = [str(id) for id in sorted(ids)]
    if len(names) > _MOST_CHOICES:
        return f"{', '.join(names[:_MOST_CHOICES])} or another of {len(names)}"
    return " or ".join(names)


def portfolio_lookup(snapshot: Snapshot, home: str) -> IdLookup:
    """Look portfolios up among those of the desk's orders, allocations and transactions."""
    return IdLookup("portfolio", home, snapshot.portfolios)


def block_lookup(snapshot: Snapshot, home: str) -> IdLookup:
    """Look blocks up among those of the desk."""
    return IdLookup("block", home, snapshot.block_codes)


def row_lookup(snapshot: Snapshot, kind: EntityKind, home: str, codes: Iterable[str]) -> IdLookup:
    """Look rows of a kind up by any of ``codes``: looks at every row once, and keeps only those."""
    return lookup_among(kind.singular, snapshot.rows(kind), home, codes)


def lookup_among(noun: str, ids: Iterable[ResourceId], home: str, codes: Iterable[str]) -> IdLookup:
    """Look any of ``codes`` up among ids."""
    wanted = {code.casefold() for code in codes}
    known: dict[str, list[ResourceId]] = {}
    for id in ids:
        folded = id.code.casefold()
        if folded in wanted:
            known.setdefault(folded, []).append(id)
    return IdLookup(noun, home, known)
