"""The status bar: which environment this is, how fresh the data are, and what is paused.

It is in words that fit 80 columns; :mod:`tui.screens.desk.alert_bar` says beneath it why data are not fresh.
"""

from __future__ import annotations

from datetime import datetime
from math import ceil
from typing import Final

from textual.content import Content

from tui.api.sanitize import clean
from tui.columns.format import DisplayContext, clock
from tui.service.environment import Environment, EnvironmentKind, Health, State
from tui.service.numbers import counted
from tui.service.snapshot.snapshot import Snapshot
from widgets.text_line import TextLine

SILENCE_S: Final = 5
"""Seconds after which a missing answer is shown."""

_STYLES: Final = {State.STALE: "$attention", State.OFFLINE: "$bad", State.UNAUTHENTICATED: "$bad"}


class StatusBar(TextLine):
    """One line that is always visible; PROD differs from TEST and LOCAL in words and colour."""

    keeps = "left"

    def show_status(
        self,
        environment: Environment,
        health: Health,
        snapshot: Snapshot,
        context: DisplayContext,
        *,
        linked: bool,
        frozen: bool,
        read_only: bool,
        unknown: int,
        sending: int,
        silent_s: int,
        now: datetime,
    ) -> None:
        """Show the state of the desk."""
        self.set_class(environment.kind is EnvironmentKind.PROD, "prod")
        self.set_class(environment.kind is EnvironmentKind.TEST, "test")
        server = clean(environment.host or "embedded server")
        left = [f" {environment.kind.value} {clean(environment.name)}".rstrip(), server]
        if environment.user:
            left.append(clean(environment.user))
        marks = []
        if snapshot.as_at is not None:
            marks.append(f"AS AT {snapshot.as_at:%d %b %Y %H:%M:%S} UTC")
        if read_only:
            marks.append("READ-ONLY")
        if frozen:
            marks.append("FROZEN")
        if not linked:
            marks.append("all rows")
        if sending:
            marks.append(f"SENDING {sending}")
        if unknown:
            marks.append(f"{counted(unknown, 'outcome').upper()} UNKNOWN")
        if snapshot.bad:
            marks.append(counted(len(snapshot.bad), "unreadable row"))
        waits = _waits(health, silent_s, now)
        state = _state(health, snapshot, context, now)
        if waits:
            state = f"{'live' if health.state is State.LIVE else state}, {waits}"
        style = _STYLES.get(health.state, "$attention" if waits or snapshot.unread else "")
        if style and environment.kind is not EnvironmentKind.LOCAL:
            style = "reverse"  # the bar itself has the colour of what is wrong
        right = Content.assemble("  ".join(marks), "  " if marks else "", (state, style), " ")
        self.show(Content("  ".join(left)), right)


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


def _state(health: Health, snapshot: Snapshot, context: DisplayContext, now: datetime) -> str:
    if health.state is State.LOADING:
        return "reading…" if not context.ascii else "reading..."
    at = clock(health.read_at, context)
    if health.state is State.LIVE and snapshot.unread:
        return f"NOT ALL READ {at} {context.zone_name}".rstrip()
    if health.state is State.LIVE:
        word = "live" if snapshot.as_at is None else "read"
        return f"{word} {at} {context.zone_name}".rstrip()
    if health.state is State.OFFLINE and health.read_at is None:
        return "NOT ALL READ" if snapshot.blocks else "NOT READ"
    age = _age(now, health.read_at)
    words = {
        State.STALE: "STALE",
        State.OFFLINE: "OFFLINE",
        State.UNAUTHENTICATED: "NOT SIGNED ON",
    }[health.state]
    return f"{words}, data {age}" if age else words


def _age(now: datetime, read_at: datetime | None) -> str:
    if read_at is None:
        return ""
    seconds = max(0, int((now - read_at).total_seconds()))
    if seconds < 120:
        return f"{seconds} s old"
    return f"{seconds // 60} min old" if seconds < 7200 else f"{seconds // 3600} h old"
