"""The title of a pane: what it shows, and what its filter hides.

A filter never hides silently: how many rows it hides, and how many of them need somebody, gives way to a
narrow pane after everything but the name and the number of rows.
"""

from __future__ import annotations

from typing import NamedTuple

from textual.content import Content

from tui.api.sanitize import clean
from tui.columns.sorted_rows import SortedRows
from tui.columns.view import NEWEST, SortColumn, View
from tui.service.numbers import counted, verb_for
from tui.service.snapshot.snapshot import EntityKind

_FIRST, _HIDES, _STATE, _FILTER, _OF, _KEY, _SORT, _USUAL = range(8)
"""What there is no room for is left out from the last of these."""


class PaneTitle(NamedTuple):
    """The pieces of a title, their ranks, and which of them may be cut."""

    pieces: list[Content | str]
    ranks: list[int]
    cut: int | None


def hides_words(hidden: int, needing: int) -> str:
    """Return what is said of rows that a filter hides, of which ``needing`` need somebody.

    >>> hides_words(31, 2), hides_words(1, 1), hides_words(1_200, 0), hides_words(0, 0)
    ('hides 31 rows, 2 need you', 'hides 1 row, 1 needs you', 'hides 1,200 rows', '')
    """
    if not hidden:
        return ""
    need = f", {needing:,} {verb_for(needing, 'need')} you" if needing else ""
    return f"hides {counted(hidden, 'row')}{need}"


def pane_title(
    name: str,
    view: View,
    rows: SortedRows,
    *,
    needing: int,
    shows_all: str,
    of: str,
    slow: str,
    chosen: int,
) -> PaneTitle:
    """Return the title of a pane called ``name``.

    Args:
        name: the name of the pane, with its key.
        view: what the reader asked for.
        rows: what is shown now.
        needing: how many of the rows that the filter hides need somebody.
        shows_all: names the key that shows all rows; empty where it is of another pane now.
        of: the block whose rows are shown; empty for all.
        slow: the work that takes long; empty when there is none.
        chosen: how many rows are selected.
    """
    filtered = bool(view.filter)
    hides = hides_words(rows.hidden, needing) if filtered else ""
    matching = len(rows.ids) - len(rows.guests)
    count = f"{matching:,} of {rows.total:,}" if filtered else f"{rows.total:,}"
    pinned = sum(rows.find(id) is not None for id in view.pins)
    if view.is_newest_first:
        sort, sort_rank = "" if of else "newest first", _USUAL
    else:
        sort, sort_rank = f"by {', '.join(_sort_words(view, each) for each in view.sorts)}", _SORT
    said: list[tuple[int, Content | str]] = [
        (_FIRST, name),
        (_FIRST, count),
        (_FILTER, f"/{clean(view.filter)}" if filtered else ""),
        (_HIDES, Content.styled(hides, "bold" if needing else "")),
        (_KEY, shows_all if hides else ""),
        (_STATE, f"{pinned} pinned" if pinned else ""),
        *((_STATE, part) for part in _not_all(rows)),
        (_OF, f"of {clean(of)}" if of else ""),
        (sort_rank, sort),
        (_STATE, slow),
        (_FIRST, f"{chosen} selected" if chosen else ""),
    ]
    shown = [(rank, piece) for rank, piece in said if len(piece)]
    cut = next((at for at, (rank, _) in enumerate(shown) if rank == _FILTER), None)
    return PaneTitle([piece for _, piece in shown], [rank for rank, _ in shown], cut)


def _not_all(rows: SortedRows) -> list[str]:
    """Return which rows of the pane are not on the desk."""
    kind, snapshot = rows.view.kind, rows.snapshot
    found = []
    if (unread := snapshot.unread.get(kind)) is not None:
        found.append("not all read" if unread.permitted else "not permitted")
    if kind is EntityKind.TRANSACTIONS and (due := len(snapshot.bookings_due)):
        found.append(f"reading those of {counted(due, 'portfolio')}")
    if kind is EntityKind.BLOCKS and snapshot.active_since is not None:
        found.append(f"active since {snapshot.day_in_words(snapshot.active_since)}")
    if kind is EntityKind.ORDERS and snapshot.loose_since is not None:
        found.append(f"in no block: changed since {snapshot.day_in_words(snapshot.loose_since)}")
    return found


def _sort_words(view: View, sort: SortColumn) -> str:
    title = "newest" if sort.id == NEWEST else clean(view.column(sort.id).title)
    return f"{title} {'down' if sort.descending else 'up'}"
