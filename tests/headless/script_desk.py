"""A script at a desk of the demo: its write commands, and what they say to programs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import pytest

from tests.screens.desk.test_unmeant_keys import ASKED
from tests.service.dealer import BASE, FaultyTransport, SteppedClock
from tui.api.base import ResourceId
from tui.api.client import Client
from tui.api.http import Http, asgi_transport
from tui.headless.command_failed import CommandFailed
from tui.headless.command_output import CommandOutput
from tui.headless.exit_codes import ExitCode
from tui.headless.opened_desk import read_whole
from tui.headless.write_documents import read_document, read_lines
from tui.headless.write_run import WriteOrder, run_write
from tui.oms.run.embedded import Embedded
from tui.sandbox import sandboxes_of
from tui.service.desk import Desk
from tui.service.desk_profile import ComplianceRun, DeskProfile
from tui.service.environment import Environment, EnvironmentKind
from tui.service.journal.journal import Journal

DEMO: Final = DeskProfile(
    home="demo", compliance_run=ComplianceRun("demo", "Rules", ResourceId("demo", "default"))
)


@dataclass
class ScriptDesk:
    """Write commands on one desk; ``said`` are the answers to the last one, ``code`` its exit code."""

    desk: Desk
    line: FaultyTransport
    journal: Journal
    printed: pytest.CaptureFixture[str]
    said: list[dict[str, Any]] = field(default_factory=list)
    code: ExitCode = ExitCode.DONE

    @classmethod
    async def at(
        cls,
        server: Embedded,
        folder: Path,
        printed: pytest.CaptureFixture[str],
        *,
        read_only: bool = False,
        user: str = "",
    ) -> ScriptDesk:
        """Return a script at a desk that is read whole; those of one ``folder`` share their journal."""
        line, clock = FaultyTransport(asgi_transport(server.app)), SteppedClock()
        journal = Journal(folder / "journal.jsonl")
        desk = Desk(
            Client(Http(BASE, transport=line, pause=clock.wait, clock=clock)),
            Environment("demo", EnvironmentKind.LOCAL, BASE, user=user or "dealer"),
            journal=journal,
            pause=clock.wait,
            read_only=read_only,
            open_sandbox=sandboxes_of(server.engine),
            profile=DEMO,
            now=lambda: datetime.now(UTC),
        )
        await read_whole(desk)
        return cls(desk, line, journal, printed)

    async def run(
        self,
        command: str,
        *found: Mapping[str, Any],
        yes: str = "",
        wait: float = 15,
        lines: bool = False,
    ) -> ExitCode:
        """Run a command on the document of its arguments; ``lines``, and several, are read as lines."""
        self.printed.readouterr()
        output = CommandOutput("json")
        output.about(self.desk.environment, self.desk.user, None)
        documents = (
            [read_document(command, found[0])]
            if len(found) == 1 and not lines
            else read_lines(command, [json.dumps(each) for each in found])
        )
        order = WriteOrder(documents, yes, f"blotter {command}", wait)
        try:
            self.code = await run_write(order, self.desk, output)
        except CommandFailed as failure:
            self.code = output.fail(failure)
        printed = self.printed.readouterr().out.splitlines()
        self.said = [json.loads(line, parse_float=Decimal) for line in printed]
        return self.code

    async def plan(self, command: str, *found: Mapping[str, Any], lines: bool = False) -> str:
        """Run a command without a yes, which must plan all of it; return the code of the plan."""
        assert await self.run(command, *found, lines=lines) is ExitCode.DONE, self.said
        [code] = {each["code"] for each in self.said}
        return str(code)

    @property
    def writes(self) -> Sequence[str]:
        """The path of every write that left, in order; questions that are posted are none."""
        return [
            request.url.path
            for request in self.line.seen
            if request.method != "GET" and not ASKED.search(request.url.path)
        ]

    def statuses(self) -> list[list[str]]:
        """Return what became of the items of each document."""
        return [[item["status"] for item in each["items"]] for each in self.said]

    async def close(self) -> None:
        """End the program."""
        await self.desk.close()
        await self.desk.client.close()
        self.journal.close()
