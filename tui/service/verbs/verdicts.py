"""Whether an item of unknown outcome was done, judged by the versions of its rows before and after."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any

from tui.service.snapshot.snapshot import Ref, Snapshot


class Verdict(StrEnum):
    """The result of reading back an item whose outcome is unknown."""

    APPLIED = "applied"
    CHANGED = "changed by someone else"
    NOT_SEEN = "not seen"


Versions = Mapping[Ref, int]
"""The version numbers of rows at some moment; rows that did not exist are not in it."""


def version_of(row: Any) -> int:
    """Return the version number of a row, 0 when the server gave none."""
    version = getattr(getattr(row, "block", row), "version", None)
    return (version.as_at_version_number or 0) if version is not None else 0


def versions_of(snapshot: Snapshot, refs: Iterable[Ref]) -> Versions:
    """Return the version of each of ``refs`` the snapshot has."""
    return {ref: version_of(snapshot.row(ref)) for ref in refs if ref in snapshot}


def has_changed(ref: Ref, before: Versions, after: Snapshot) -> bool:
    """Return whether a row has another version than before, is new or is gone."""
    now = version_of(after.row(ref)) if ref in after else None
    return before.get(ref) != now


def verdict_of(applied: bool, ref: Ref, before: Versions, after: Snapshot) -> Verdict:
    """Return the verdict: applied if what was asked for is there, changed if the row has another version."""
    if applied:
        return Verdict.APPLIED
    return Verdict.CHANGED if has_changed(ref, before, after) else Verdict.NOT_SEEN
