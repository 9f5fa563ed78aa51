"""Views of the whole desk that are kept by name: what they say, what they are based on, how they are applied.

A view says what differs from the one that it is based on, else from the desk as it is made. It is a mapping
as it stands in the file; :data:`ViewStore` reads and writes those.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, Protocol

from msgspec import Struct
from msgspec.structs import replace

from tui.columns.panes import COLUMNS
from tui.columns.property_columns import named
from tui.columns.view import NEWEST, SortColumn, View
from tui.input_files.mistakes import Mistake, not_known
from tui.service.snapshot.records import Records
from tui.service.snapshot.snapshot import EntityKind

Entry = Mapping[str, Any]
NARROWEST, WIDEST = 3, 60
"""The fewest and the most cells that a reader may give a column."""
LONGEST_NAME: Final = 40


class StoredViews(Protocol):
    """The views as they are kept now."""

    @property
    def own(self) -> Mapping[str, Entry]: ...
    @property
    def shared(self) -> Mapping[str, Entry]: ...
    @property
    def wrong(self) -> tuple[str, ...]: ...


class ViewStore(Protocol):
    """Where views are kept."""

    def read(self) -> StoredViews:
        """Return the views as they are kept now, and what is wrong there."""

    def held(self, name: str) -> Entry | None:
        """Return what is kept under a name of the reader's own; None when nothing is."""

    def write(self, name: str, entry: Entry | None, seen: Entry | None) -> bool:
        """Keep a view, or no longer; return False where it is not as it was ``seen``."""


class DeskView(Struct, frozen=True):
    """What a view makes of the desk."""

    panes: Mapping[EntityKind, View]
    linked: bool = True
    split: int | None = None


def names(stored: StoredViews) -> tuple[str, ...]:
    """Return the names of all views: the reader's own, then the shared ones that none of these hides."""
    return tuple(dict.fromkeys((*stored.own, *stored.shared)))


def chain(stored: StoredViews, name: str) -> list[Entry]:
    """Return what a view says, after what the views say that it is based on.

    A view of the reader's own may be based on a shared one of the same name.
    """
    found: list[Entry] = []
    visited: set[tuple[bool, str]] = set()
    own = name in stored.own
    while name and (own, name) not in visited:
        visited.add((own, name))
        entry = (stored.own if own else stored.shared).get(name)
        if entry is None:
            break
        found.append(entry)
        base = str(entry.get("based_on", ""))
        own = own and base in stored.own and base != name
        name = base
    return found[::-1]


def applied(entries: Iterable[Entry], records: Records) -> DeskView:
    """Return the desk as it is made, with what views say about it one after the other."""
    made = DeskView({kind: View(kind).newest_first() for kind in EntityKind})
    for entry in entries:
        panes = dict(made.panes)
        for kind in EntityKind:
            if (said := entry.get("panes", {}).get(kind.value)) is not None:
                panes[kind] = _with(panes[kind], said, records)
        split = entry.get("split", made.split or 0)
        made = DeskView(panes, entry.get("linked", made.linked), split or None)
    return made


def _with(view: View, said: Entry, records: Records) -> View:
    """Return a view of a pane with what an entry says about it."""
    shown = list(said.get("columns") or (column.id for column in view.columns))
    shown += [id for id in said.get("show", ()) if id not in shown]
    shown = [id for id in shown if id not in said.get("hide", ())] or shown
    properties = named([id for id in shown if _is_property(id)], records)
    made = replace(
        view,
        filter=said.get("filter", view.filter),
        chosen=tuple(shown),
        properties=properties,
        pinned=tuple(said.get("pin", view.pinned)),
        widths={**view.widths, **said.get("widths", {})},
    )
    if made.chosen == tuple(View(view.kind, properties=properties).known_columns):
        made = replace(made, chosen=())
    declared = {column.id: column.width for column in made.columns}
    widths = {id: width for id, width in made.widths.items() if width != declared.get(id)}
    made = replace(made, widths=widths)
    if "sort" in said:
        sorts = [SortColumn(text.removeprefix("-"), text.startswith("-")) for text in said["sort"]]
        known = made.known_columns
        made = made.with_sorts(*(each for each in sorts if each.id == NEWEST or each.id in known))
    return made


def entry_of(desk: DeskView, base: DeskView, based_on: str = "") -> dict[str, Any]:
    """Return what a view says when it makes ``desk`` of ``base``, which is called ``based_on``."""
    panes = {}
    for kind, view in desk.panes.items():
        if said := _difference(view, base.panes[kind]):
            panes[kind.value] = said
    entry: dict[str, Any] = {"based_on": based_on} if based_on else {}
    entry["linked"] = desk.linked
    if desk.split != base.split:
        entry["split"] = desk.split or 0
    return {**entry, "panes": panes} if panes else entry


def differs(desk: DeskView, base: DeskView) -> bool:
    """Return whether a desk shows anything else than ``base`` says."""
    return (desk.linked, desk.split) != (base.linked, base.split) or any(
        _difference(view, base.panes[kind]) for kind, view in desk.panes.items()
    )


def _difference(view: View, base: View) -> dict[str, Any]:
    said: dict[str, Any] = {}
    if view.filter != base.filter:
        said["filter"] = view.filter
    if view.sorts != base.sorts:
        said["sort"] = [f"{'-' * each.descending}{each.id}" for each in view.sorts]
    shown, before = ([column.id for column in each.columns] for each in (view, base))
    if shown != before:
        said["columns"] = shown
    if view.pinned != base.pinned:
        said["pin"] = list(view.pinned)
    declared = {column.id: column.width for column in view.columns}
    widths = {
        id: view.widths.get(id, declared.get(id, NARROWEST))
        for id in (*view.widths, *base.widths)
        if view.widths.get(id) != base.widths.get(id)
    }
    return {**said, "widths": widths} if widths else said


def _is_property(id: str) -> bool:
    return "/" in id


# --- what may stand in a file ----------------------------------------------------------------------


def view_mistakes(found: Mapping[str, Any], others: Iterable[str]) -> Iterator[Mistake]:
    """Yield what is wrong with panes, columns, filters and bases; ``others`` are views of another file."""
    views, shared = found.get("views", {}), [*others]
    for name, entry in views.items():
        yield from _based_on(name, views, shared)
        yield from panes_mistakes(("views", name, "panes"), entry.get("panes", {}))


def panes_mistakes(place: tuple[str, ...], panes: Mapping[str, Entry]) -> Iterator[Mistake]:
    """Yield what is wrong with what is said of panes, by name, which stands at ``place`` of a file."""
    known = [kind.value for kind in EntityKind]
    for pane, said in panes.items():
        if pane not in known:
            yield Mistake((*place, pane), not_known(pane, known))
        else:
            yield from _pane_mistakes((*place, pane), EntityKind(pane), said)


def _based_on(name: str, views: Mapping[str, Any], shared: list[str]) -> Iterator[Mistake]:
    place, base = ("views", name, "based_on"), views[name].get("based_on", "")
    if base and base not in views and base not in shared:
        known = [each for each in dict.fromkeys((*views, *shared)) if each != name]
        yield Mistake(place, not_known(base, known) if known else "is not known here; there is no other view")
        return
    visited = [name]
    while base and not (base == name and base in shared and len(visited) == 1):
        if base == name:
            yield Mistake(place, f"leads back to this view: {', '.join((*visited, name))}")
            return
        if base in visited or base not in views:
            return
        visited.append(base)
        following = views[base].get("based_on", "")
        base = "" if following == base else following


def _pane_mistakes(place: tuple[str, ...], kind: EntityKind, said: Entry) -> Iterator[Mistake]:
    from tui.columns.filter import parse_filter
    from tui.columns.filter_grammar import FilterError

    known = [column.id for column in COLUMNS[kind]]
    for key in ("columns", "show", "hide", "pin", "sort"):
        for number, text in enumerate(said.get(key, ())):
            id = text.removeprefix("-") if key == "sort" else text
            if id not in known and not _is_property(id) and not (key == "sort" and id == NEWEST):
                yield Mistake((*place, key, number), not_known(id, known))
    for id, width in said.get("widths", {}).items():
        if id not in known and not _is_property(id):
            yield Mistake((*place, "widths", id), not_known(id, known))
        elif not NARROWEST <= width <= WIDEST:
            words = f"{width} is not allowed; it must be a whole number from {NARROWEST} to {WIDEST}"
            yield Mistake((*place, "widths", id), words)
    try:
        keys = [id for key in ("columns", "show") for id in said.get(key, ()) if _is_property(id)]
        parse_filter(said.get("filter", ""), kind, named(keys, Records()))
    except FilterError as error:
        yield Mistake((*place, "filter"), f"cannot be understood: {str(error).rstrip('.')}")
