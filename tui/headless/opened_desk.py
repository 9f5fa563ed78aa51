"""Opens the desk of a chosen server without a screen, read whole, and closes it when the work is done."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from datetime import datetime
from enum import Enum

from tui.api.errors import ApiError
from tui.chosen_server import ChosenServer
from tui.headless.command_failed import CommandFailed, DatabaseInUse, failure_of_read
from tui.headless.exit_codes import ExitCode
from tui.oms.store import StoreError, StoreInUse
from tui.service.desk import Desk
from tui.service.environment import State, Update
from tui.service.snapshot.snapshot import EntityKind, Ref

IN_USE_ADVICE = "While one program has a database open, others share it through 'blotter serve' and --url."


class DeskNeed(Enum):
    """What a command needs beside the rows of a desk."""

    RIGHTS = "what the user may do"
    NAMES = "what instruments, portfolios and properties are called"
    PRICES = "last prices"


@asynccontextmanager
async def opened_desk(
    server: ChosenServer,
    *,
    as_at: datetime | None = None,
    needs: Collection[DeskNeed] = frozenset(DeskNeed),
    say: Callable[[str], None] = lambda sentence: None,
) -> AsyncIterator[Desk]:
    """Open the desk of ``server`` and read it whole: rows, bookings, and what it ``needs`` beside them.

    With ``as_at`` it is read as it was then. ``say`` hears about
    what is found out of writes that an earlier run left without an outcome. Writes under way are waited for
    before it is closed.

    Raises:
        CommandFailed: it could not be reached or read; nothing was sent.
    """
    try:
        connection = await server.connect()
    except StoreError as error:
        kind = DatabaseInUse if isinstance(error, StoreInUse) else CommandFailed
        raise kind(ExitCode.NOT_REACHED, str(error), advice=IN_USE_ADVICE, retry=True) from error
    except ApiError as error:
        raise failure_of_read(error) from error
    desk = connection.desk

    def hear(update: Update) -> None:
        for report in update.found:
            say(report.sentence())

    end = desk.subscribe(hear)
    try:
        await read_whole(desk, as_at, needs)
        yield desk
    finally:
        end()
        await connection.close()


async def read_whole(
    desk: Desk, as_at: datetime | None = None, needs: Collection[DeskNeed] = frozenset(DeskNeed)
) -> None:
    """Read a desk whole, as it is or as it was at ``as_at``, and what it ``needs`` beside its rows.

    Raises:
        CommandFailed: it could not be read; the reason is the server's.
    """
    loaded = await (desk.load() if as_at is None else desk.travel(as_at))
    if not loaded:
        raise unread(desk)
    while await desk.read_bookings():
        pass
    await desk.beside.identify()
    if DeskNeed.RIGHTS in needs:
        await desk.beside.read_permissions()
    if DeskNeed.NAMES in needs:
        await desk.beside.read_reference()
    if DeskNeed.PRICES in needs:
        await desk.beside.read_quotes([Ref(EntityKind.ORDERS, id) for id in desk.snapshot.orders])


def unread(desk: Desk) -> CommandFailed:
    """Return the failure of a command whose desk could not be read."""
    health = desk.health
    reached = health.state not in (State.OFFLINE, State.UNAUTHENTICATED)
    return CommandFailed(
        ExitCode.FAILED if reached else ExitCode.NOT_REACHED,
        health.message or "The desk could not be read.",
        advice=health.advice,
        retry=health.state is not State.UNAUTHENTICATED,
    )
