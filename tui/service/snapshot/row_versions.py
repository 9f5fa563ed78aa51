"""Which of two rows of one id is the newer version, and whether they are versions of one entity."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from tui.api.base import ResourceId, Version
from tui.api.models import OrderGraphBlock


def id_of(row: Any) -> ResourceId:
    """Return the id of a row; an entry of the order graph has that of its block."""
    id: ResourceId = row.block.id if isinstance(row, OrderGraphBlock) else row.id
    return id


def version_of(row: Any) -> Version | None:
    """Return the version of a row; a block's is that of the block, not of what is below it."""
    version: Version | None = getattr(getattr(row, "block", row), "version", None)
    return version


def is_same_entity(row: Any, held: Any) -> bool:
    """Return whether two rows of one id are versions of one entity, as far as they say."""
    new, old = version_of(row), version_of(held)
    if new is None or old is None or None in (new.entity_unique_id, old.entity_unique_id):
        return True
    return new.entity_unique_id == old.entity_unique_id


def is_older(row: Any, held: Any) -> bool:
    """Return whether ``row`` is an earlier version than ``held``, or another entity that is the older one."""
    new, old = version_of(row), version_of(held)
    if new is None or old is None:
        return False
    if not is_same_entity(row, held):
        return _age(new) < _age(old)
    if new.entity_unique_id != old.entity_unique_id:
        return False
    return (new.as_at_version_number or 0) < (old.as_at_version_number or 0)


def _age(version: Version) -> tuple[datetime, str]:
    modified = version.as_at_modified or version.as_at_created
    return modified or datetime.min.replace(tzinfo=UTC), version.entity_unique_id or ""
