"""What a read command asks for, in the names that the panes use: columns, sorts, a filter, a saved view."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from msgspec import Struct
from msgspec.structs import replace

from tui.api.base import ResourceId
from tui.columns.filter import Named, columns_by_name, find_column, parse_filter
from tui.columns.filter_grammar import FilterError
from tui.columns.property_columns import named
from tui.columns.saved_views import DeskView, StoredViews, applied, chain, names
from tui.columns.view import MOST_SORTS, NEWEST, SortColumn, View
from tui.headless.command_failed import CommandFailed
from tui.headless.exit_codes import ExitCode
from tui.input_files.mistakes import not_known, one_of, shown
from tui.service.id_lookup import lookup_among
from tui.service.snapshot.records import NO_RECORDS, Records
from tui.service.snapshot.snapshot import EntityKind
from tui.service.typed_times import Present


class RowsRequest(Struct, frozen=True):
    """One of the lists of the desk, and what differs from how the desk shows it.

    ``filter`` is None where that of the ``view`` holds. ``columns`` and ``sorts`` are names as they are
    typed, a sort with a minus in front where it descends. ``limit`` is the most rows that are wanted.
    """

    of: str
    ids: tuple[str, ...] = ()
    filter: str | None = None
    columns: tuple[str, ...] = ()
    sorts: tuple[str, ...] = ()
    view: str = ""
    limit: int | None = None


def desk_view(request: RowsRequest, stored: StoredViews | None, records: Records = NO_RECORDS) -> DeskView:
    """Return the desk as the saved view of a request makes it; as it is made without one.

    Raises:
        CommandFailed: there is no view of that name.
    """
    if not request.view or stored is None:
        return applied((), records)
    known = names(stored)
    if request.view not in known:
        said = not_known(request.view, known) if known else "is not known here; no view is saved"
        advice = " ".join(stored.wrong)
        raise CommandFailed(ExitCode.USAGE, f"The view {shown(request.view)} {said}.", advice=advice)
    return applied(chain(stored, request.view), records)


def pane_view(request: RowsRequest, desk: DeskView, present: Present, records: Records = NO_RECORDS) -> View:
    """Return the view of a pane: what the ``desk`` says, and over it the request.

    Properties are named by their keys, as in files of views; ``records`` tell their display names.

    Raises:
        CommandFailed: a name is not known, or the filter cannot be understood.
    """
    view = desk.panes[EntityKind(request.of)]
    asked = (*request.columns, *(name.removeprefix("-") for name in request.sorts))
    keys = (*(each.key for each in view.properties), *(name for name in asked if "/" in name))
    chosen = tuple(column.id for column in view.columns)
    view = replace(view, properties=named(dict.fromkeys(keys), records), present=present)
    known = tuple(columns_by_name(view.kind, view.properties))
    if request.columns:
        chosen = tuple(dict.fromkeys(columns_named(request.columns, "--columns", known)))
        view = replace(view, chosen=chosen, pinned=())
    elif view.properties:
        view = replace(view, chosen=chosen)
    if request.sorts:
        view = view.with_sorts(*sorts_named(request.sorts, known, (NEWEST,)))
    view = view if request.filter is None else view.filtered(request.filter)
    with filter_told():
        parse_filter(view.filter, view.kind, view.properties, present)
    return view


@contextmanager
def filter_told() -> Iterator[None]:
    """Tell of a filter that cannot be understood as the failure of a command."""
    try:
        yield
    except FilterError as error:
        raise CommandFailed(ExitCode.USAGE, f"--filter: {error}") from error


@contextmanager
def usage_told() -> Iterator[None]:
    """Tell of words that cannot be understood as the failure of a command."""
    try:
        yield
    except ValueError as error:
        raise CommandFailed(ExitCode.USAGE, str(error)) from error


def columns_named(
    typed: Sequence[str], option: str, known: Sequence[Named], also: Sequence[str] = ()
) -> list[str]:
    """Return the ids of columns by their ids or titles, as typed behind ``option``; ``also`` may stand there.

    Raises:
        CommandFailed: one is not known; says which may be meant, and which there are.
    """
    found = []
    for name in typed:
        column = None if name in also else find_column(name, known)
        if column is None and name not in also:
            there = [*also, *(first for (first, *_), _ in known)]
            why = f"{option}: {shown(name)} {not_known(name, there)}."
            listed = f"There are {one_of(there, 'and')}."
            raise CommandFailed(ExitCode.USAGE, why, advice="" if "there are" in why else listed)
        found.append(name if column is None else column.id)
    return found


def sorts_named(
    typed: Sequence[str], known: Sequence[Named], also: Sequence[str] = ()
) -> tuple[SortColumn, ...]:
    """Return the columns to sort by, the first of them first.

    Raises:
        CommandFailed: one is not known, or there are too many.
    """
    if len(typed) > MOST_SORTS:
        raise CommandFailed(ExitCode.USAGE, f"--sort: rows are sorted by {MOST_SORTS} columns at most.")
    ids = columns_named([name.removeprefix("-") for name in typed], "--sort", known, also)
    return tuple(SortColumn(id, name.startswith("-")) for id, name in zip(ids, typed, strict=True))


class FoundIds(Struct, frozen=True):
    """The ids that were typed: those that rows have, and as typed those that none has."""

    ids: tuple[ResourceId, ...]
    missing: tuple[str, ...]


def ids_typed(typed: Sequence[str], known: Iterable[ResourceId], noun: str, home: str) -> FoundIds:
    """Return which of the ``known`` ids are meant by codes, or by scope and code.

    The scope of a transaction is that of its portfolio, and the portfolio's code: ``SCOPE/CODE/TRANSACTION``.

    Raises:
        CommandFailed: several rows have a code.
    """
    names = [text.strip(" ") for text in typed]
    codes = [part for name in names for part in (name, name.partition("/")[2], name.rpartition("/")[2])]
    lookup = lookup_among(noun, known if typed else (), home, codes)
    found: dict[ResourceId, None] = {}
    missing = []
    for name in names:
        scope, _, code = name.rpartition("/")
        if lookup.is_known(ResourceId(scope, code)):
            found[ResourceId(scope, code)] = None
        elif name.casefold() in lookup.known or lookup.is_known(ResourceId(*name.partition("/")[::2])):
            with usage_told():
                found[lookup.read(name)] = None
        else:
            missing.append(name)
    return FoundIds(tuple(found), tuple(missing))
