"""Positions in a form while it is filled in: what portfolios hold, what is open, what it will be.

Nothing here waits: what is not known yet is asked for, and the form is told anew when it is there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tui.actions.action import WARNING, Scope
from tui.service.positions import PositionWords, positions_in
from tui.service.verbs.preview_line import PreviewLine

MOST_TOLD: Final = 2
"""Positions that stand under a form; the preview tells all of them."""
MOST_ASKED: Final = 20
"""Orders of a form whose positions are asked for; the preview tells of more."""


def with_positions(said: str, scope: Scope, lines: Sequence[PreviewLine]) -> str:
    """Return what a form says of its orders, and under it the worst positions they lead to."""
    return "\n".join(filter(None, (said, *_told(scope, lines))))


def _told(scope: Scope, lines: Sequence[PreviewLine]) -> list[str]:
    facts = scope.facts
    if facts is None or not 0 < len(lines) <= MOST_ASKED:
        return []
    positions = positions_in(lines, scope.snapshot, facts.holding)
    words = PositionWords(scope.snapshot)
    said = [
        f"{WARNING if position.short else ''}{words.line(position)}" for position in positions[:MOST_TOLD]
    ]
    if len(positions) > MOST_TOLD:
        said[-1] += f" · and {len(positions) - MOST_TOLD} more in the preview"
    return said
