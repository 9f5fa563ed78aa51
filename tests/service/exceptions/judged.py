"""The exceptions of a snapshot, as a test compares them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal

from tests.service.sample_rows import NINE
from tui.columns.steps import finish
from tui.config.exception_settings import DEFAULT_MINUTES
from tui.service.exceptions.open_exceptions import OpenException, OpenExceptions
from tui.service.snapshot.snapshot import Snapshot

LATE = NINE + timedelta(days=1)
"""When everything that was not done in time is an exception."""


def open_list(minutes: Mapping[str, int | None] | None = None) -> OpenExceptions:
    """Return an empty list in which a dollar and a pound are worth the same."""
    return OpenExceptions(minutes or {}, lambda amount, currency: Decimal(amount))


def judged(
    snapshot: Snapshot, now: datetime = LATE, minutes: Mapping[str, int | None] | None = None
) -> list[OpenException]:
    """Return the exceptions of a snapshot, the most urgent first."""
    kept = open_list(minutes)
    finish(kept.build(snapshot, now))
    return list(kept.open)


def exceptions_of(snapshot: Snapshot, *kinds: str) -> set[tuple[str, str]]:
    """Return the exceptions of some kinds, each with the code of its row."""
    assert set(kinds) <= DEFAULT_MINUTES.keys()
    return {(each.kind.id, each.ref.id.code) for each in judged(snapshot) if each.kind.id in kinds}
