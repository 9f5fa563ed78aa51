"""Follows the rows of a list: every change is a line of JSON, until it is stopped or nobody reads any more.

First come the rows as they are, then one line for each row that is added, changed or gone, and one whenever
the connection is lost or back. Lines are numbered, and each says of which moment it is.
"""

from __future__ import annotations

import asyncio
import select
import sys
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from signal import SIGINT, SIGTERM
from typing import Any, Final

from tui.columns.row_texts import json_objects
from tui.headless.command_output import CommandOutput, json_text
from tui.headless.exit_codes import ExitCode
from tui.headless.listed_rows import RowNews, lines_of
from tui.headless.opened_desk import unread
from tui.headless.read_rows import ReadContext, list_rows, moment_of, not_read, utc_now
from tui.headless.rows_request import RowsRequest
from tui.headless.written_rows import write_lines
from tui.service.desk import Desk
from tui.service.environment import State, Update
from tui.standard_output import OutputClosed

_LOOK_S: Final = 0.5
"""Seconds between two looks whether anybody still reads, while nothing happens."""


async def watch_rows(
    request: RowsRequest,
    context: ReadContext,
    desk: Desk,
    output: CommandOutput,
    stopped: asyncio.Event | None = None,
) -> ExitCode:
    """Write the rows that are asked for and what happens to them; SIGINT, SIGTERM or ``stopped`` end it.

    Raises:
        CommandFailed: nobody is signed on any more.
        OutputClosed: nobody reads any more.
    """
    stopped = stopped or stopped_by_signals()
    watch = RowWatch(request, context, desk, output)
    try:
        watch.begin()
        while not stopped.is_set():
            await watch.wait(stopped)
            if not stopped.is_set():
                await watch.poll()
        watch.end()
    finally:
        watch.close()
    return ExitCode.DONE


def stopped_by_signals() -> asyncio.Event:
    """Return an event that the first SIGINT or SIGTERM sets."""
    stopped = asyncio.Event()
    for signal in (SIGINT, SIGTERM):
        asyncio.get_running_loop().add_signal_handler(signal, stopped.set)
    return stopped


class RowWatch:
    """Turns the updates of a desk into lines."""

    def __init__(self, request: RowsRequest, context: ReadContext, desk: Desk, output: CommandOutput) -> None:
        self._request, self._desk, self._output = request, desk, output
        self._rows = list_rows(request, desk, context)
        self._columns = [column.id for column in self._rows.shown.columns]
        self._updates: deque[Update] = deque()
        self._number = 0
        self._connection = self._state()
        self.close: Callable[[], None] = desk.subscribe(self._updates.append)

    def begin(self) -> None:
        """Say which desk it is, and write the rows as they are."""
        output, rows = self._output, self._rows
        output.about(self._desk.environment, self._desk.user, moment_of(self._desk.snapshot))
        heading = output.heading(ExitCode.DONE, retry=False)
        said = {name: heading[name] for name in ("environment", "user")}
        shown = rows.shown
        columns = [*rows.identity, *self._columns]
        incomplete, missing = not_read(shown.snapshot), list(rows.missing)
        self._tell("begin", {**said, "of": self._request.of, "columns": columns, "total": len(shown.keys)})
        write_lines(output, (self._line("row", row=line) for line in lines_of(rows, shown, shown.keys)))
        self._tell("whole", {"total": len(shown.keys), "missing": missing, "incomplete": incomplete})

    async def wait(self, stopped: asyncio.Event) -> None:
        """Wait until the next poll is due, or it is stopped.

        Raises:
            OutputClosed: nobody reads any more.
        """
        left = max(self._desk.profile.refresh_s, self._asked_to_wait_s)
        while left > 0 and not stopped.is_set():
            if is_closed():
                raise OutputClosed("Nobody reads standard output any more.")
            try:
                await asyncio.wait_for(stopped.wait(), min(_LOOK_S, left))
            except TimeoutError:
                left -= _LOOK_S

    @property
    def _asked_to_wait_s(self) -> float:
        until = self._desk.health.until
        return max(0.0, (until - utc_now()).total_seconds()) if until else 0.0

    async def poll(self) -> None:
        """Read what changed and write it.

        Raises:
            CommandFailed: nobody is signed on any more.
        """
        desk = self._desk
        await desk.refresh()
        await desk.reconcile()
        while await desk.read_bookings():
            pass
        await desk.beside.read_reference()
        self.tell_news()
        if desk.health.state is State.UNAUTHENTICATED:
            raise unread(desk)

    def tell_news(self) -> None:
        """Write what the updates heard since mean, and what time alone does."""
        lines = []
        if (state := self._state()) != self._connection:
            self._connection = state
            health = self._desk.health
            lines.append(
                self._line("state", state=state, why=health.message or None, advice=health.advice or None)
            )
        lines += [self._news_line(news) for news in self._news()]
        write_lines(self._output, lines)

    def _news(self) -> Iterable[RowNews]:
        while self._updates:
            yield from self._rows.follow(self._updates.popleft())
        yield from self._rows.tick()

    def end(self) -> None:
        """Say that it was stopped."""
        heading = self._output.heading(ExitCode.DONE, retry=False)
        del heading["asAt"]
        self._tell("end", heading)

    def _state(self) -> str:
        """Return the freshness of the rows in a word; a single failed poll is told too."""
        health = self._desk.health
        return "late" if health.state is State.LIVE and health.missed else health.state.value

    def _tell(self, event: str, said: dict[str, Any]) -> None:
        write_lines(self._output, (self._line(event, **said),))

    def _news_line(self, news: RowNews) -> str:
        if news.event == "changed":
            return self._line("changed", changed=list(news.columns), row=news.line)
        return self._line(news.event, row=news.line)

    def _line(self, event: str, *, row: Sequence[Any] | None = None, **said: Any) -> str:
        """Return one numbered line; a row that is gone has only what identifies it."""
        self._number += 1
        as_at = moment_of(self._desk.snapshot)
        head = json_text({"seq": self._number, "event": event, "asAt": as_at, **said})
        if row is None:
            return head
        names = [*self._rows.identity, *self._columns][: len(row)]
        (written,) = json_objects(names, (row,))
        return f'{head[:-1]},"row":{written}}}'


def is_closed() -> bool:
    """Return whether nobody can read standard output any more: the other end of a pipe is closed."""
    if sys.stdout is None:
        return True
    poll = select.poll()
    try:
        poll.register(sys.stdout.fileno(), 0)
        return any(event & select.POLLERR for _, event in poll.poll(0))
    except (OSError, ValueError):  # standard output is no file, as in a test
        return False
