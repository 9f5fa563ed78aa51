"""The server and its desk: whether they can be used, how much there is, and every word that is in it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from msgspec import Struct

from tui.api import codec
from tui.chosen_server import ChosenServer
from tui.headless.command_failed import CommandFailed
from tui.headless.doctor.complaint import Complaint
from tui.headless.doctor.unsayable import Unsayable
from tui.headless.exit_codes import ExitCode
from tui.headless.opened_desk import DeskNeed, opened_desk
from tui.oms.store.schema import LAYOUT
from tui.service.desk import Desk
from tui.service.server_check import ServerCheck, check_server
from tui.service.snapshot.snapshot import EntityKind

DESK_S: Final = 60.0
"""The longest that a desk is read for, in seconds."""
CHECK_S: Final = 15.0
NAMES: Final = (DeskNeed.NAMES,)
"""What rows are called elsewhere: a name must not leave that no row holds."""
_HEADER_BYTES: Final = 100
_LAYOUT_AT: Final = 60
"""Where SQLite keeps the number of a layout (user_version) in the header of a file."""


class DeskFacts(Struct, frozen=True):
    """What is known of a server and its desk."""

    server: Mapping[str, Any]
    findings: tuple[Complaint, ...] = ()


async def desk_facts(server: ChosenServer, unsayable: Unsayable) -> DeskFacts:
    """Open the desk, check its server, and learn every word of it."""
    told: dict[str, Any] = {"kind": server.environment.kind.value, "readOnly": server.read_only}
    try:
        async with asyncio.timeout(DESK_S) as limit, opened_desk(server, needs=NAMES) as desk:
            limit.reschedule(None)  # it is read: what comes now has limits of its own
            learn(desk, unsayable)
            check = await check_server(desk.client, seconds=CHECK_S)
            told |= _checked(check) | _counts(desk)
            return DeskFacts(told, tuple(_findings(check)))
    except CommandFailed as error:
        told["reached"] = error.code is not ExitCode.NOT_REACHED
        told["why"] = unsayable.strip(error.why)
        finding = Complaint(f"The desk was not read: {error.why}", error.advice)
    except TimeoutError:
        told["reached"] = False
        finding = Complaint(
            f"The desk was not read within {DESK_S:g} s.", "Try again, or look at the network."
        )
    return DeskFacts(told, (finding,))


def learn(desk: Desk, unsayable: Unsayable) -> None:
    """Know every word and number that a desk holds."""
    snapshot = desk.snapshot
    for kind in EntityKind:
        for id, row in snapshot.rows(kind).items():
            unsayable.add_all("names, ids and sizes of rows", json.loads(codec.encode(row)))
            unsayable.add_all("names, ids and sizes of rows", [id.scope, id.code])
    for known in snapshot.instruments.values():
        for text in (known.luid, known.name, known.label, *known.identifiers.values()):
            unsayable.add("instruments", text)
    for portfolio in snapshot.records.portfolios.values():
        unsayable.add("names, ids and sizes of rows", portfolio.name)
    for text in (*snapshot.known_brokers, *snapshot.systems):
        unsayable.add("names, ids and sizes of rows", text)
    unsayable.add("users", desk.user)


def _checked(check: ServerCheck) -> dict[str, Any]:
    return {
        "reached": check.reached,
        "signedOn": check.signed_on,
        "mayWrite": check.may_write,
        "clockAheadSeconds": check.clock_ahead_s,
        "latencyMilliseconds": check.latency_ms,
        "generation": check.generation,
    }


def _counts(desk: Desk) -> dict[str, Any]:
    snapshot = desk.snapshot
    return {
        "state": desk.health.state.name.lower(),
        "rows": {kind.value: len(snapshot.rows(kind)) for kind in EntityKind},
        "badRows": len(snapshot.bad),
        "unreadKinds": sorted(kind.value for kind in snapshot.unread),
        "contradictoryRows": len(snapshot.contradictory),
        "isComplete": snapshot.complete,
    }


def _findings(check: ServerCheck) -> list[Complaint]:
    found = []
    if check.why:
        found.append(Complaint(f"The server says: {check.why}"))
    if not check.signed_on:
        found.append(Complaint("Nobody is signed on.", "blotter login --profile NAME asks for a token."))
    ahead = check.clock_ahead_s
    if ahead is not None:
        side = "ahead of" if ahead > 0 else "behind"
        found.append(
            Complaint(f"This machine's clock is {abs(ahead):.0f} s {side} the server's.", "Let NTP set it.")
        )
    return found


def database_facts(path: Path) -> tuple[dict[str, Any], list[Complaint]]:
    """Return size and layout of a database, and whether this program can use it."""
    try:
        with path.open("rb") as file:
            header = file.read(_HEADER_BYTES)
        size = path.stat().st_size
    except FileNotFoundError:
        return {"exists": False}, []
    except OSError as error:
        said = f"The database {path} cannot be read: {error.strerror}."
        return {"exists": True, "isReadable": False}, [Complaint(said, "Make it yours: chmod 600.")]
    layout = int.from_bytes(header[_LAYOUT_AT : _LAYOUT_AT + 4], "big")
    is_database = header.startswith(b"SQLite format 3\0")
    facts = {"exists": True, "isReadable": True, "megabytes": size // 1_000_000}
    facts |= {"isDatabase": is_database, "layout": layout, "newestLayout": LAYOUT}
    findings = []
    if not is_database:
        findings.append(Complaint(f"{path} is no database.", "Name another with --db, or take a backup."))
    elif layout > LAYOUT:
        findings.append(Complaint(f"{path} was made by a newer version of the program.", "Use that version."))
    return facts, findings
