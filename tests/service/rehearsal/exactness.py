"""Compares a rehearsal with what happened, to the last field."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from tui.service.outcomes import Report
from tui.service.rehearsal.rehearse import Rehearsal
from tui.service.snapshot.snapshot import EntityKind, Ref, Snapshot

ITS_OWN: Final = frozenset(
    {
        *("version", "links", "entry_date_time", "cancel_date_time", "latest_activity_date"),
        *("derived_compliance_state", "derived_approval_state"),
        *("non_passing_compliance_rule_results", "order_approval_task_id"),
        *("order_approval_task_definition_id", "portfolio_name"),
    }
)
"""The members that two answers never have in common: who wrote when, states that only lists
give, and what compliance, workflow and the list of portfolios say of an order, which no sandbox has."""


def unlike(rehearsal: Rehearsal, report: Report, now: Snapshot) -> list[str]:
    """Return every difference between the rehearsal of a verb and what came of it, as sentences."""
    found = [
        f"{expected.ref}: {expected.status} {expected.reason} | {outcome.status} {outcome.reason}"
        for expected, outcome in zip(rehearsal.outcomes, report.outcomes, strict=True)
        if (expected.ref, expected.status, expected.reason, expected.note)
        != (outcome.ref, outcome.status, outcome.reason, outcome.note)
    ]
    for kind in EntityKind:
        for id in {**rehearsal.before.rows(kind), **rehearsal.after.rows(kind)}:
            ref = Ref(kind, id)
            expected_row, row = rehearsal.after.row(ref), now.row(ref)
            if (expected_row is None) != (row is None):
                found.append(f"{ref}: {'there' if row is not None else 'gone'}")
            elif row is not None:
                found += (f"{ref}.{text}" for text in _fields_unlike(expected_row, row))
    return found


def _fields_unlike(expected: Any, row: Any) -> list[str]:
    mine, theirs = _bare(expected), _bare(row)
    return [f"{name}: {mine[name]} | {theirs[name]}" for name in theirs if mine[name] != theirs[name]]


def _bare(value: Any) -> Any:
    """Return a value without the members of :data:`ITS_OWN`; the moment of the write is told as such."""
    if isinstance(value, tuple):
        return tuple(map(_bare, value))
    names = getattr(value, "__struct_fields__", None)
    if names is None:
        return value
    version = getattr(value, "version", None)
    written = {version.as_at_created, version.as_at_modified} if version else set()
    members = {name: getattr(value, name) for name in names if name not in ITS_OWN}
    return {
        name: "when it was written" if isinstance(member, datetime) and member in written else _bare(member)
        for name, member in members.items()
    }
