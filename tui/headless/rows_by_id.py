"""The rows that documents name, found by their ids as people type them."""

from __future__ import annotations

from collections.abc import Iterable

from tui.api.base import ResourceId
from tui.headless.write_documents import WriteDocument
from tui.service.id_lookup import row_lookup
from tui.service.snapshot.snapshot import EntityKind, Ref, Snapshot


class RowsById:
    """The rows of a desk that any of some documents may name: the desk is looked through once for all."""

    def __init__(self, documents: Iterable[WriteDocument], snapshot: Snapshot) -> None:
        typed = [id.strip(" ") for document in documents for id in document.ids]
        codes = {part for id in typed for part in (id, id.partition("/")[2])}
        self._lookups = {
            kind: row_lookup(snapshot, kind, snapshot.home, codes) for kind in EntityKind if typed
        }

    def of(self, document: WriteDocument) -> tuple[EntityKind, tuple[ResourceId, ...]]:
        """Return the rows that a document names, all of one kind; without any they are placements.

        Raises:
            ValueError: an id names no row or several, or they are of several kinds; a sentence a line.
        """
        wrong: list[str] = []
        named: dict[EntityKind, dict[ResourceId, None]] = {}
        for typed in document.ids:
            try:
                found = self._find(typed, document.kind)
            except ValueError as error:
                wrong.append(str(error))
            else:
                named.setdefault(found.kind, {})[found.id] = None
        if not wrong and len(named) > 1:
            wrong.append(f"These are rows of several kinds, {' and '.join(named)}: name rows of one kind.")
        if wrong:
            raise ValueError("\n".join(wrong))
        kind, ids = next(iter(named.items()), (document.kind or EntityKind.PLACEMENTS, {}))
        return kind, tuple(ids)

    def _find(self, typed: str, kind: EntityKind | None) -> Ref:
        found: list[Ref] = []
        for each, lookup in self._lookups.items():
            if kind is not None and each is not kind:
                continue
            if typed.strip(" ").casefold() in lookup.known or "/" in typed:
                id = lookup.read(typed)
                if lookup.is_known(id):
                    found.append(Ref(each, id))
        if not found:
            raise ValueError(f"{typed} is not on this desk.")
        if len(found) > 1:
            said = " and ".join(ref.kind.value for ref in found)
            raise ValueError(f"{typed} is an id of several kinds, {said}: say which kind is meant.")
        return found[0]
