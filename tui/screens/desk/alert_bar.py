"""The alerts beneath the status bar: why the data cannot be trusted, and what to do about it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from textual.content import Content

from tui.api.sanitize import clean
from tui.service.environment import Health, State
from tui.service.numbers import counted
from tui.service.snapshot.naming import short_name
from tui.service.snapshot.snapshot import Ref, Snapshot
from widgets.labelled_text import Flow, Lines

MOST_LINES: Final = 4
_STYLES: Final = {State.STALE: "$attention", State.OFFLINE: "$bad", State.UNAUTHENTICATED: "$bad"}

Sentence = tuple[str, str]
"""A sentence, and its style."""


def alerts(
    health: Health, snapshot: Snapshot, unsettled: int, with_keys: Callable[[str], str]
) -> tuple[Sentence, ...]:
    """Return why the screen cannot be trusted; ``unsettled`` rows have an outcome that nobody knows."""
    return tuple(_alerts(health, snapshot, unsettled, with_keys))


def _alerts(
    health: Health, snapshot: Snapshot, unsettled: int, with_keys: Callable[[str], str]
) -> Iterator[Sentence]:
    if health.message and health.state in _STYLES:
        why = clean(health.message).rstrip(".")
        yield f"{why}. {clean(with_keys(health.advice))}".rstrip(), _STYLES[health.state]
    for kind, unread in snapshot.unread.items():
        yield clean(f"{kind.value.capitalize()} {unread} Figures that need them show ?."), "$attention"
    if snapshot.contradictory:
        said = clean(_contradictory(snapshot, sorted(snapshot.contradictory)))
        yield f"{said} {with_keys('{detail} on the row says why.')}", "$attention"
    if unsettled:
        rows = counted(unsettled, "row")
        yield (
            f"The outcome of {rows} is not known. "
            + with_keys("Press {palette} and type 'unknown': check again, send again, or settled elsewhere."),
            "$attention",
        )


def _contradictory(snapshot: Snapshot, refs: Sequence[Ref]) -> str:
    """Return which rows contradict others, the first by name."""
    first = f"{refs[0].kind.singular.capitalize()} {short_name(snapshot, refs[0].kind, refs[0].id)}"
    if len(refs) == 1:
        return f"{first} contradicts other data of the server."
    more = counted(len(refs) - 1, "more row")
    return f"{first} and {more} contradict other data of the server."


class AlertBar(Flow):
    """Shows the alerts, wrapped, in at most ``MOST_LINES`` lines."""

    DEFAULT_CSS = """
    AlertBar { height: auto; padding: 0 1; }
    """

    def __init__(self, sentences: tuple[Sentence, ...], *, id: str | None = None) -> None:
        super().__init__(self._lines, id=id)
        self._sentences = sentences

    def show_alerts(self, sentences: tuple[Sentence, ...]) -> None:
        """Show these alerts; repaint only a change."""
        if sentences != self._sentences:
            self._sentences = sentences
            self.show(self._lines)

    def _lines(self, width: int) -> Lines:
        lines = [line for said, style in self._sentences for line in Content.styled(said, style).wrap(width)]
        if len(lines) > MOST_LINES:
            lines = [*lines[: MOST_LINES - 1], lines[MOST_LINES - 1].truncate(width - 1) + "…"]
        return lines
