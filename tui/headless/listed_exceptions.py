"""The exceptions of a desk as a read command lists them, kept up from one snapshot to the next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any, Final

from tui.columns.column import Column, inverted, sort_key
from tui.columns.exception_columns import exception_columns
from tui.columns.filter import read_filter
from tui.columns.line_filter import of_lines
from tui.columns.shown_rows import ShownRows
from tui.columns.steps import finish
from tui.columns.view import SortColumn
from tui.headless.listed_rows import RowNews, lines_of
from tui.headless.rows_request import RowsRequest, columns_named, filter_told, ids_typed, sorts_named
from tui.service.desk import Desk
from tui.service.environment import Update
from tui.service.exceptions.exception_kind import Urgency
from tui.service.exceptions.open_exceptions import Minutes, OpenException, OpenExceptions
from tui.service.typed_times import Present

_OF_CLOCK: Final = frozenset({"age"})
"""Columns that grow by themselves, which is no news."""


def wanted_columns(request: RowsRequest, now: Callable[[], datetime]) -> tuple[Column, ...]:
    """Return the columns of the list that a request wants; each exception names the action that mends it.

    Raises:
        CommandFailed: a name is not known, or the filter cannot be understood.
    """
    known = exception_columns(lambda found: found.kind.actions[0], now)
    named = [((each.id, each.title), each) for each in known]
    sorts_named(request.sorts, named)
    with filter_told():
        read_filter(request.filter or "", of_lines(known, _ref_of, _since), Present(now()))
    ids = columns_named(request.columns, "--columns", named) or [column.id for column in known]
    by_id = {column.id: column for column in known}
    return tuple(by_id[id] for id in dict.fromkeys(ids))


class ExceptionRows:
    """What needs somebody, the most urgent first unless it is sorted.

    Args:
        request: which of them, and how.
        desk: whose exceptions these are.
        minutes: when each kind is one, over the usual ones.
        now: this machine's clock.

    Raises:
        CommandFailed: a name is not known, or the filter cannot be understood.
    """

    identity: Sequence[str] = ("exception", "kind", "scope", "code")

    def __init__(
        self, request: RowsRequest, desk: Desk, minutes: Minutes, now: Callable[[], datetime]
    ) -> None:
        self._request, self._desk, self._now = request, desk, now
        self._columns = wanted_columns(request, self._moment)
        self._all = exception_columns(lambda found: found.kind.actions[0], self._moment)
        named = [((each.id, each.title), each) for each in self._all]
        self._sorts = sorts_named(request.sorts, named)
        self._kept = OpenExceptions(minutes, desk.limits.size_in_base)
        finish(self._kept.build(desk.snapshot, self._moment()))
        self.missing: Sequence[str] = ()
        self._listed: dict[Any, OpenException] = {}
        self._list()
        shown = self.shown
        self._lines = dict(zip(shown.keys, lines_of(self, shown, shown.keys), strict=True))
        """What was told of each."""

    def _moment(self) -> datetime:
        """Return the moment that ages are counted to: in the past that of the snapshot."""
        return self._desk.snapshot.as_at or self._now()

    def _list(self) -> None:
        """List those that are open by now and wanted, in their order."""
        snapshot, test = self._kept.snapshot, self._test()
        self._kept.tell_unknown(self._desk.unknown_outcomes, self._moment())
        self._kept.open_due(self._moment())
        found = [each for each in self._kept.open if test(snapshot, each)]
        if self._request.ids:
            about = {id: None for each in found for id in (each.ref.id, each.mended_on.id)}
            typed = ids_typed(self._request.ids, about, "row with an exception", snapshot.home)
            self.missing = typed.missing
            found = [each for each in found if {each.ref.id, each.mended_on.id} & {*typed.ids}]
        for sort in reversed(self._sorts):
            found.sort(key=lambda each: self._key(sort, each))
        self._listed = {each.key: each for each in found}

    def _test(self) -> Callable[[Any, Any], bool]:
        """Return the test of the filter as of now; everything passes without one."""
        if not self._request.filter:
            return lambda snapshot, found: True
        present = Present(self._now(), self._desk.snapshot.zone)
        return read_filter(self._request.filter, of_lines(self._all, _ref_of, _since), present).test

    def _key(self, sort: SortColumn, found: OpenException) -> tuple[int, Any]:
        column = next(each for each in self._all if each.id == sort.id)
        empty, key = sort_key(column.value(self._kept.snapshot, found))
        return empty, inverted(key) if sort.descending and not empty else key

    @property
    def shown(self) -> ShownRows:
        """The exceptions in their order, with the columns that are wanted."""
        listed = self._listed
        return ShownRows(
            "exceptions",
            "exception",
            self._columns,
            self._kept.snapshot,
            tuple(listed),
            (),
            listed.get,
            lambda key: listed[key].ref if key in listed else None,
        )

    @property
    def sums(self) -> Sequence[str]:
        """How many there are of each urgency."""
        counts = Counter(each.kind.urgency for each in self._listed.values())
        return [f"{counts[urgency]:,} {urgency.words}" for urgency in Urgency if counts[urgency]]

    def identified(self, key: Any) -> tuple[str, ...]:
        """Return the kind of exception, and kind, scope and code of the row."""
        kind, ref = key
        return kind, ref.kind.value, ref.id.scope, ref.id.code

    # --- from one snapshot to the next ----------------------------------------------------------

    def follow(self, update: Update) -> Iterator[RowNews]:
        """Yield the exceptions that an update opens, ends or changes."""
        if update.new is update.old:
            return
        if update.old is self._kept.snapshot:
            finish(self._kept.update(update.new, update.deltas, self._moment()))
        else:
            finish(self._kept.build(update.new, self._moment()))
        yield from self._news()

    def tick(self) -> Iterator[RowNews]:
        """Yield the exceptions that are ones by now, or no longer."""
        return self._news()

    def _news(self) -> Iterator[RowNews]:
        """Yield what differs from what was listed; an exception that was not judged again is the same."""
        former = self._listed
        before = {key: self._lines.get(key) for key in former}
        self._list()
        anew = {key for key, found in self._listed.items() if former.get(key) is not found}
        shown, names = self.shown, [column.id for column in self._columns]
        for key in before.keys() - self._listed.keys():
            del self._lines[key]
            yield RowNews("gone", self.identified(key))
        for key in (key for key in self._listed if key in anew):
            (line,) = lines_of(self, shown, (key,))
            old, self._lines[key] = before.get(key), line
            if old is None:
                yield RowNews("added", line)
                continue
            values = zip(names, old[len(self.identity) :], line[len(self.identity) :], strict=True)
            changed = tuple(name for name, was, now in values if was != now and name not in _OF_CLOCK)
            if changed:
                yield RowNews("changed", line, changed)


def _ref_of(found: Any) -> Any:
    return found.ref


def _since(found: Any) -> datetime | None:
    since: datetime | None = found.trouble.since
    return since
