"""The desk as it is now with the rows that changed since a moment as they were then.

Only these rows, the blocks whose totals count them and what hangs on those blocks are read, as at that
moment: what did not change since is shared with the snapshot of now. Nothing of the desk itself moves.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Final

from msgspec import Struct

from tui.api.client import Client
from tui.service.desk_profile import DeskProfile
from tui.service.learned import Learned
from tui.service.snapshot.builder import SnapshotBuilder
from tui.service.snapshot.snapshot import EntityKind, Ref, Snapshot
from tui.service.sync.past_versions import changed_at
from tui.service.sync.queries import LISTED, blocks_of
from tui.service.sync.reader import Reader

MOST: Final = 500
"""The changed rows that are read as they were; of more, the newest."""


class Earlier(Struct, frozen=True):
    """The desk ``now`` and as it was ``before``, as far as rows changed; ``left_out`` of these are older."""

    now: Snapshot
    before: Snapshot
    left_out: int = 0


async def read_earlier(
    client: Client,
    now: Snapshot,
    moment: datetime,
    *,
    profile: DeskProfile,
    learned: Learned,
    clock: Callable[[], datetime],
) -> Earlier:
    """Read what changed since ``moment`` as it was then.

    Raises:
        ApiError: it could not be read.
    """
    changed = await asyncio.to_thread(_changed_since, now, moment)
    newest = changed[:MOST]
    builder = SnapshotBuilder(now)
    blocks = {ref.id for ref in newest if ref.kind is EntityKind.BLOCKS}
    for ref in newest:
        if ref.kind in LISTED:
            blocks |= blocks_of(builder, ref.kind, (now.row(ref),))
    wanted = {*newest, *(Ref(EntityKind.BLOCKS, id) for id in blocks if id in now.blocks)}
    reader = Reader(client, _keep_to_itself, now.without_rows(), profile=profile, learned=learned, now=clock)
    reader.travel(moment)
    read = {ref for ref in wanted if ref.kind is not EntityKind.TRANSACTIONS}
    await reader.reread(read)
    held = {ref: reader.builder.rows(ref.kind).get(ref.id) for ref in wanted}
    builder.put_versions(held)
    before = builder.freeze(read_at=clock())
    return Earlier(now, before, len(changed) - len(newest))


def _changed_since(snapshot: Snapshot, moment: datetime) -> list[Ref]:
    """Return the rows that changed after a moment, newest first."""
    found: list[tuple[datetime, Ref]] = []
    for kind in EntityKind:
        for id, row in snapshot.rows(kind).items():
            at = changed_at(kind, row)
            if at is not None and at > moment:
                found.append((at, Ref(kind, id)))
    found.sort(reverse=True)
    return [ref for _, ref in found]


def _keep_to_itself(*, complete: bool | None = None) -> None:
    """Publish nothing: what is read here is no news of the desk."""
