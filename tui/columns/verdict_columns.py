"""Columns of compliance and approval: each in the desk's words, and both as marks where room is scarce."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Final

from tui.api.placing_states import APPROVAL, COMPLIANCE, Guard, guard_of
from tui.columns.column import Column, Value
from tui.columns.format import GUARD_ROLES, DisplayContext
from tui.service.snapshot.snapshot import Snapshot
from tui.service.state_words import verdict_in_words

Verdict = Callable[[Snapshot, Any], str | None]

_MARKS: Final[Mapping[Guard, tuple[str, str, str]]] = {
    Guard.FREE: ("●", "*", "passed, approved or placed"),
    Guard.WARN: ("◆", "w", "warning, or partly overridden"),
    Guard.TYPED: ("◌", "~", "pending, or not known"),
    Guard.REFUSED: ("▲", "!", "failed or rejected: it cannot be placed"),
}
"""How a verdict is drawn by how strongly it stands in the way: its glyph, the same in ASCII, the meaning."""


def mark_signs(*, ascii: bool = False) -> tuple[tuple[str, str], ...]:
    """Return each sign of the marks with what it means."""
    signs = tuple((plain if ascii else glyph, meaning) for glyph, plain, meaning in _MARKS.values())
    return (("C A", "compliance, approval"), *signs)


def verdict(id: str, title: str, help: str, states: Mapping[str, Guard], value: Verdict) -> Column:
    """Return a column of a compliance or approval state, coloured by how strongly it holds a block back."""

    def role(snapshot: Snapshot, row: Any) -> str:
        state = value(snapshot, row)
        return GUARD_ROLES[guard_of(states, state)] if state else ""

    return Column(
        id,
        title,
        help,
        value,
        lambda said, context: verdict_in_words(said),
        8,
        cut="last",
        role=role,
    )


def verdict_marks(compliance: Verdict, approval: Verdict) -> Column:
    """Return the column that has a mark for each of both, where their own columns do not fit."""

    def value(snapshot: Snapshot, row: Any) -> Value:
        said = (verdict_in_words(read(snapshot, row)) for read in (compliance, approval))
        return " ".join(filter(None, said))

    def drawn(snapshot: Snapshot, row: Any, context: DisplayContext) -> str:
        return _marks(compliance(snapshot, row), approval(snapshot, row), context.ascii)[0]

    def role(snapshot: Snapshot, row: Any) -> str:
        return _marks(compliance(snapshot, row), approval(snapshot, row), False)[1]

    legend = ", ".join(f"{sign} {meaning}" for sign, meaning in mark_signs()[1:])
    return Column(
        "checks",
        "Checks",
        f"C compliance, A approval: {legend}",
        value,
        lambda said, context: said or "",
        6,
        cut="last",
        role=role,
        drawn=drawn,
        made_of=lambda snapshot, row: (compliance(snapshot, row), approval(snapshot, row)),
        brief_of=("compliance", "approval"),
    )


@lru_cache(maxsize=256)
def _marks(compliance: str | None, approval: str | None, ascii: bool) -> tuple[str, str]:
    """Return the marks of two states, and the role of the worse one."""
    said = (("C", COMPLIANCE, compliance), ("A", APPROVAL, approval))
    found = [(letter, guard_of(states, state)) for letter, states, state in said if state]
    marks = (letter + _MARKS[guard][1 if ascii else 0] for letter, guard in found)
    return " ".join(marks), GUARD_ROLES[max(guard for _, guard in found)] if found else ""
