"""``blotter journal replay``: sends the calls of a journal, in order, to a fresh embedded server.

The ids are those of the first run, so that it ends where the first one ended. What others did, and the
simulated market, does not stand in a journal.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from msgspec import Struct, field

from tui.api.client import Client
from tui.api.errors import ApiError
from tui.api.http import Http, asgi_transport
from tui.api.sanitize import clean
from tui.api.urls import IN_PROCESS
from tui.headless.command_output import CommandOutput
from tui.headless.exit_codes import ExitCode
from tui.oms.run.embedded import Embedded, Size
from tui.service.journal.decisions import verb_of
from tui.service.journal.journal import Journal
from tui.service.journal.lines import IntentLine, JournalLine, OutcomeLine, UnreadLine
from tui.service.numbers import counted
from tui.service.outcomes import Status
from tui.service.snapshot.snapshot import Ref

if TYPE_CHECKING:
    from tui.service.verbs import Verb

CERTAIN: Final = (Status.DONE, Status.REFUSED, Status.STAGED)
"""The outcomes that a replay must come to, too."""


class Replay(Struct):
    """What came of a replay: the calls that were sent, those left out, and what came out otherwise."""

    sent: int = 0
    left_out: list[str] = field(default_factory=list)
    otherwise: list[str] = field(default_factory=list)


async def replay(lines: Iterable[JournalLine | UnreadLine], client: Client) -> Replay:
    """Send the calls of a journal in order to a server, and compare what comes of them with the first time.

    Left out is what was not sent then, and what nobody knows of whether it happened.
    """
    calls: dict[str, IntentLine] = {}
    concluded: dict[str, dict[Ref, Status]] = {}
    for line in lines:
        if isinstance(line, IntentLine):
            calls.setdefault(line.id, line)
        elif isinstance(line, OutcomeLine):
            known = concluded.setdefault(line.id, {})
            known |= {item.ref: item.status for item in line.items}
    done = Replay()
    for id, call in calls.items():
        was = concluded.get(id, {})
        before = {ref: each for ref, each in was.items() if each in CERTAIN}
        verb = verb_of(call)
        if isinstance(verb, str):
            done.left_out.append(f"{call.label}: {verb}")
        elif before:
            now = await _send(verb.only(before.keys()), client, id)
            done.sent += 1
            done.otherwise += (
                f"{call.label}: {ref} was {each.value}, and now it is {now.get(ref, Status.UNKNOWN).value}"
                for ref, each in before.items()
                if now.get(ref) is not each
            )
        if id not in concluded or Status.UNKNOWN in was.values():
            done.left_out.append(f"{call.label}: what came of it is not known")
    return done


async def _send(verb: Verb, client: Client, key: str) -> dict[Ref, Status]:
    """Send one call as it was; return what came of its items."""
    try:
        request = verb.build(client, key)
        outcomes = verb.outcomes(verb.read(await client.send(request), request))
    except ApiError as error:
        outcomes = verb.failed(error)
    return {each.ref: each.status for each in outcomes}


async def replay_journal(
    journal: Journal, into: Path | None, size: Size, seed: int, output: CommandOutput
) -> ExitCode:
    """Replay a journal into a new database, in memory where no file is named, and tell what came of it."""
    embedded = await Embedded.open(into, size=size, seed=seed, market=False)
    client = Client(Http(IN_PROCESS, transport=asgi_transport(embedded.app)))
    try:
        done = await replay(journal.lines(), client)
    finally:
        await client.close()
        await embedded.close()
    code = ExitCode.FAILED if done.otherwise else ExitCode.DONE
    if output.is_json:
        body = {"of": "journal", "sent": done.sent, "leftOut": done.left_out, "otherwise": done.otherwise}
        output.document(body, code)
        return code
    for each in done.otherwise:
        output.text(clean(f"otherwise: {each}"))
    for each in done.left_out:
        output.text(clean(f"left out: {each}"))
    output.say(f"{counted(done.sent, 'call')} replayed, {len(done.otherwise):,} came out otherwise.")
    return code
