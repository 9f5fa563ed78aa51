"""Whether a plan still holds when it is confirmed: worked out again, it must be what it was."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Final

from msgspec import Struct

from tui.api.urls import without_credentials
from tui.headless.asked_verb import WriteRefused
from tui.headless.plan_code import codes_of
from tui.headless.planned_write import PlannedWrite, plan_again
from tui.headless.write_claims import plan_name
from tui.headless.write_documents import WriteDocument
from tui.service.desk import Desk
from tui.service.journal.journal import Plan
from tui.service.snapshot.snapshot import Ref, Snapshot

HOLDS_FOR: Final = timedelta(minutes=10)
"""How long a plan may be confirmed."""
CLOCKS_DIFFER: Final = timedelta(minutes=1)
"""How far in the future a plan may have been made by a clock that was put back."""
MOST_NAMED: Final = 3
"""Rows that changed and are named; the others are counted."""
MOST_CODES: Final = 1_000
"""How often the same may be planned, sent and planned again."""


class ConfirmedWrite(Struct, frozen=True):
    """A document with the plan of it that is confirmed, and the number of that in its code, from 1."""

    document: WriteDocument
    plan: Plan
    number: int


class PlanChanged(Exception):
    """A plan does not hold any more; the message says why, as the rest of a sentence."""


async def worked_out_again(
    confirmed: Mapping[int, ConfirmedWrite], desk: Desk, *, whole: bool
) -> dict[int, PlannedWrite]:
    """Return what is confirmed as it would be planned now, under the same keys.

    They are the ``whole`` of a code, or what a program that ended left of it.

    Raises:
        PlanChanged: something of it is otherwise than it was planned.
    """
    code = _check_age_and_user([each.plan for each in confirmed.values()], desk)
    writes = {}
    for position, each in confirmed.items():
        writes[position] = await _worked_out_again(each, desk)
    if whole and code not in await codes_so_far([*writes.values()], desk):
        raise PlanChanged("what would come of it is not the same any more")
    return writes


def _check_age_and_user(plans: Sequence[Plan], desk: Desk) -> str:
    """Return the code of plans that are young enough, and made for this server and user."""
    age = datetime.now(UTC) - plans[0].at
    if not -CLOCKS_DIFFER <= age <= HOLDS_FOR:
        raise PlanChanged("it is older than ten minutes")
    here = (server_of(desk), desk.environment.name, desk.user)
    for plan in plans:
        if (plan.server, plan.environment, plan.user) != here:
            made_for = f"{plan.user} on {plan.environment}"
            raise PlanChanged(f"it was made for {made_for}, not for {desk.user} on {desk.environment.name}")
    return plans[0].code


async def _worked_out_again(confirmed: ConfirmedWrite, desk: Desk) -> PlannedWrite:
    document, plan = confirmed.document, confirmed.plan
    try:
        write = await plan_again(document, plan.verb, desk)
    except WriteRefused as error:
        raise PlanChanged(f"{document.place}: {' '.join(error.sentences).rstrip('.')}") from None
    before, now = plan.versions, write.versions
    moved = [ref for ref in {**before, **now} if before.get(ref) != now.get(ref)]
    if moved:
        raise PlanChanged(f"{_named(moved, desk.snapshot)} changed meanwhile")
    if write.prepared.verb != plan.verb:
        raise PlanChanged(f"{document.place}: not all of it would be taken any more")
    return write


async def codes_so_far(writes: Sequence[PlannedWrite], desk: Desk) -> Sequence[str]:
    """Return the codes that a plan may have by now: those that were used, and the next one."""
    found = []
    for code in islice(codes_of(writes, desk), MOST_CODES):
        found.append(code)
        if await asyncio.to_thread(desk.journal.claimed, plan_name(code, 1)) is None:
            break
    return found


def server_of(desk: Desk) -> str:
    """Return the server of a desk as plans name it."""
    return without_credentials(desk.client.http.base_url)


def _named(refs: Iterable[Ref], snapshot: Snapshot) -> str:
    names = [snapshot.name_of(ref.kind, ref.id) for ref in refs]
    more = f" and {len(names) - MOST_NAMED:,} more" if len(names) > MOST_NAMED else ""
    return ", ".join(names[:MOST_NAMED]) + more
