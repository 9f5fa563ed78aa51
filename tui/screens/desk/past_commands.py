"""Commands in the past: from change to change, by ten minutes, playing. None of them writes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Final

from tui.actions.action import Scope
from tui.screens.desk.desk_command import DeskCommand
from tui.screens.desk.layout import PanesScreen
from tui.screens.desk.past_player import SPEEDS, PastPlayer

TEN_MINUTES: Final = timedelta(minutes=10)
FROZEN: Final = "The screen is frozen: {freeze} lets it go on, then the past can be gone through."


def _is_live(scope: Scope) -> str | None:
    if scope.snapshot.as_at is None:
        return "This is the desk as it is now: travel to a time first."
    return None if scope.snapshot.complete else "The desk of that time is still being read."


def _unless_frozen(go: Callable[[PastPlayer], None]) -> Callable[[PanesScreen], None]:
    """Return what goes through the past, but not behind a screen that shows another moment."""

    def run(desk: PanesScreen) -> None:
        if desk.frozen:
            desk.notify(desk.session.with_keys(FROZEN), severity="warning", markup=False)
        else:
            go(desk.past)

    return run


def _step(changes: int) -> Callable[[PanesScreen], None]:
    return _unless_frozen(lambda past: past.step(changes))


def _shift(span: timedelta) -> Callable[[PanesScreen], None]:
    return _unless_frozen(lambda past: past.shift(span))


PAST: Final[tuple[DeskCommand, ...]] = (
    DeskCommand(
        "change_before",
        "left",
        "Change before",
        "In the past: go back over one change; cells that differ are marked",
        "Time machine",
        _is_live,
        run=_step(-1),
    ),
    DeskCommand(
        "change_after",
        "right",
        "Change after",
        "In the past: go on by one change",
        "Time machine",
        _is_live,
        run=_step(1),
    ),
    DeskCommand(
        "minutes_before",
        "shift+left",
        "Ten minutes before",
        "In the past: go back by ten minutes",
        "Time machine",
        _is_live,
        run=_shift(-TEN_MINUTES),
    ),
    DeskCommand(
        "minutes_after",
        "shift+right",
        "Ten minutes after",
        "In the past: go on by ten minutes",
        "Time machine",
        _is_live,
        run=_shift(TEN_MINUTES),
    ),
    DeskCommand(
        "play",
        "x",
        "Play",
        f"In the past: play; again: faster ({', '.join(f'x{speed}' for speed in SPEEDS)}), then stop",
        "Time machine",
        _is_live,
        run=_unless_frozen(PastPlayer.play_faster),
    ),
)
