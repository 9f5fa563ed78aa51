"""The status bar: which environment this is, how fresh the data are, and what is paused.

What a dealer must never miss stands first and is the last to give way to a narrow terminal: the
environment, read-only, data that are not fresh, the past, frozen. :mod:`tui.screens.desk.alert_bar` says
beneath it why data are not fresh.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from math import ceil
from typing import Final

from textual.content import Content

from tui.api.sanitize import clean
from tui.columns.format import DisplayContext, clock_and_zone
from tui.pace import pace_in_words
from tui.screens.desk.news import News
from tui.screens.desk_frame import KIND_WORDS, WARNS, DeskFrame
from tui.service.environment import Environment, EnvironmentKind, Health, State
from tui.service.numbers import counted
from tui.service.snapshot.snapshot import EntityKind, Snapshot
from tui.service.sync.load_progress import LoadProgress
from widgets.text_line import Pieces

SILENCE_S: Final = 5
"""Seconds after which a missing answer is shown."""

_FIRST, _NEXT, _AGES, _VIEW, _NAMES, _REST, _MONEY = range(7)
"""What there is no room for is left out from the last of these."""


class StatusBar(Pieces):
    """One line that is always visible; PROD differs from TEST and LOCAL in words and colour."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(gap=" ", id=id)

    def show_status(
        self,
        environment: Environment,
        health: Health,
        snapshot: Snapshot,
        context: DisplayContext,
        *,
        view: str,
        linked: bool,
        frozen: str,
        read_only: bool,
        unknown: int,
        needs: int,
        proposed: int,
        sending: int,
        silent_s: int,
        pace_s: float,
        progress: LoadProgress | None,
        verdicts_behind: bool,
        open_money: Sequence[str],
        now: datetime,
    ) -> None:
        """Show the state of the desk.

        ``view`` is the view in use, with a mark where it was changed since. ``open_money`` is what is not
        filled yet of the blocks shown or selected, per side and currency. ``frozen`` is said of a screen that
        is, ``needs`` is the number of exceptions, ``proposed`` that of open proposals, ``pace_s`` are the
        seconds between two polls, ``progress`` is how far a load is that is under way. ``verdicts_behind``
        says that compliance and approval may be those of another moment than the past that is shown.
        """
        kind = environment.kind
        self.set_class(kind is EnvironmentKind.PROD, "prod")
        self.set_class(kind is EnvironmentKind.TEST, "test")
        waits = _waits(health, silent_s, now)
        overdue = silent_s >= SILENCE_S and _is_older(health.read_at, pace_s + SILENCE_S, now)
        stale, age = _freshness(health, snapshot, context, now, overdue=overdue)
        age = _reading(health, progress) or age
        live = health.state is State.LIVE and snapshot.as_at is None and not overdue
        if age and progress is None and live:
            age = f"{age} {pace_in_words(pace_s)}"
        said: list[tuple[int, Content | str]] = [
            (_FIRST, Content.styled(KIND_WORDS[kind], "bold")),
            (_FIRST, Content.styled("READ-ONLY" if read_only else "", WARNS)),
            (_FIRST, Content.styled(stale, WARNS)),
            (_FIRST, Content.styled("" if snapshot.as_at is None else "PAST", WARNS)),
            (_FIRST, Content.styled(frozen, WARNS)),
            (_AGES, "" if snapshot.as_at is None else _moment_shown(snapshot.as_at, context, now)),
            (_NAMES, clean(environment.name)),
            (_NAMES, clean(environment.host or "embedded server")),
            (_REST, clean(environment.user)),
            (_NEXT, f"{counted(unknown, 'outcome').upper()} UNKNOWN" if unknown else ""),
            (_NEXT, f"{needs:,} {'NEEDS' if needs == 1 else 'NEED'} YOU" if needs else ""),
            (_NEXT, f"{proposed:,} PROPOSED" if proposed else ""),
            (_NEXT, f"SENDING {sending}" if sending else ""),
            (_NEXT, "verdicts as last read" if verdicts_behind else ""),
            (_VIEW, clean(view)),
            (_REST, "" if linked else "all rows"),
            (_REST, counted(len(snapshot.bad), "unreadable row") if snapshot.bad else ""),
            (_REST, kinds_read(progress) if progress is not None else ""),
            *((_MONEY, f" open {part}" if not at else f"· {part}") for at, part in enumerate(open_money)),
        ]
        fresh = ", ".join(part for part in (age, waits) if part)
        said.append((_AGES, Content.styled(fresh, WARNS if waits else "")))
        shown = [(rank, piece) for rank, piece in said if len(piece)]
        pieces = [
            piece if rank in (_FIRST, _MONEY) else Content.assemble(" ", piece) for rank, piece in shown
        ]
        self.show(pieces, [rank for rank, _ in shown], spread=bool(fresh), series=_MONEY)


def window_title(environment: Environment, frame: DeskFrame) -> str:
    """Return the title of the terminal's window: what must not be missed stands first, as in the bar."""
    server = (clean(environment.name), clean(environment.host))
    return " · ".join(part for part in (frame.words, " ".join(filter(None, server)), "Blotter") if part)


def frozen_words(news: News) -> str:
    """Return what is said of a frozen screen: how many rows wait to be shown as they are by now."""
    rows = news.rows
    if rows is None:
        return "FROZEN, many waiting"
    return f"FROZEN {rows:,} waiting" if rows else "FROZEN"


def rows_read(progress: LoadProgress) -> str:
    """Return how many rows of a load are read, and how many are left as far as that is known."""
    left = sum(progress.left(kind) or 0 for kind in EntityKind)
    read = f"read {counted(sum(progress.read.values()), 'row')}"
    return f"{read}, {left:,} left" if left else read


def kinds_read(progress: LoadProgress) -> str:
    """Return how far a load is with each kind: ``blocks 400, orders 600 of 1,200``."""
    said = []
    for kind in EntityKind:
        read, named = progress.read.get(kind, 0), progress.named.get(kind, 0)
        if read or named:
            of = f" of {named:,}" if named > read and kind not in progress.done else ""
            said.append(f"{kind.value} {read:,}{of}")
    return ", ".join(said)


def _waits(health: Health, silent_s: int, now: datetime) -> str:
    """Return what is awaited: the next try, counting down, or an answer that takes long."""
    left = seconds_left(health, now)
    if left:
        if health.state is State.OFFLINE:
            return f"next try in {left} s"
        return f"asked to wait {left} s"
    return f"no answer for {silent_s} s" if silent_s >= SILENCE_S else ""


def seconds_left(health: Health, now: datetime) -> int:
    """Return the whole seconds left before something is sent again, rounded up."""
    return 0 if health.until is None else max(0, ceil((health.until - now).total_seconds()))


def _is_older(read_at: datetime | None, seconds: float, now: datetime) -> bool:
    return read_at is not None and (now - read_at).total_seconds() > seconds


def _freshness(
    health: Health, snapshot: Snapshot, context: DisplayContext, now: datetime, *, overdue: bool
) -> tuple[str, str]:
    """Return the word for data that are not fresh, empty while they are, and how old they are.

    A poll that is ``overdue`` has not failed yet, but nothing is live until it is answered.
    """
    at = clock_and_zone(health.read_at, context)
    match health.state:
        case State.LOADING:
            return "", "reading…" if not context.ascii else "reading..."
        case State.LIVE if snapshot.unread:
            return "NOT ALL READ", at
        case State.LIVE:
            return "", f"{'live' if snapshot.as_at is None and not overdue else 'read'} {at}"
        case State.STALE:
            word = "STALE"
        case State.OFFLINE if health.read_at is None:
            return "NOT ALL READ" if snapshot.blocks else "NOT READ", ""
        case State.OFFLINE:
            word = "OFFLINE"
        case State.UNAUTHENTICATED:
            word = "NOT SIGNED ON"
    age = _age(now, health.read_at)
    return word, f"data {age}" if age else ""


def _reading(health: Health, progress: LoadProgress | None) -> str:
    """Return how far a load is that is under way, empty when none is, or nothing of it is read yet."""
    if progress is None:
        return ""
    if health.state is State.LIVE:
        return "reading again"
    return rows_read(progress) if progress.read and health.state is State.LOADING else ""


def _age(now: datetime, read_at: datetime | None) -> str:
    if read_at is None:
        return ""
    return f"{_elapsed(now, read_at)} old"


def _elapsed(now: datetime, since: datetime) -> str:
    seconds = max(0, int((now - since).total_seconds()))
    if seconds < 120:
        return f"{seconds} s"
    return f"{seconds // 60} min" if seconds < 7200 else f"{seconds // 3600} h"


def _moment_shown(as_at: datetime, context: DisplayContext, now: datetime) -> str:
    """Return which moment of the past is shown, in the zone of all times on the screen, and how long ago."""
    return f"as at {clock_and_zone(as_at, context)}, {_elapsed(now, as_at)} ago"
