"""Runs ``blotter propose`` and ``blotter proposals``.

To propose, the desk is opened, so that a document is checked and its rows' versions are kept. Where a
blotter has the database of the embedded server open, that blotter understands the document. Fates are read
from the journal, without a server.
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from typing import Any, Final

from tui.api.sanitize import clean
from tui.api.urls import IN_PROCESS
from tui.chosen_server import ChosenServer
from tui.cli.on_desk import PreparedWork, run_beside_desk, run_prepared
from tui.cli.run_write import documents_of
from tui.config.settings import Settings
from tui.headless.asked_verb import WriteRefused
from tui.headless.command_failed import CommandFailed
from tui.headless.command_output import COMMAND, CommandOutput
from tui.headless.exit_codes import ExitCode
from tui.headless.proposal_fates import ProposalFate, ProposalFates
from tui.headless.proposing import Proposing, failure_of_proposing, propose_on_desk, propose_unseen
from tui.headless.rows_by_id import RowsById
from tui.headless.write_answers import together
from tui.headless.write_documents import WriteDocument
from tui.service.desk import Desk
from tui.service.journal.journal import Journal
from tui.service.proposals.proposal import Proposal
from tui.service.proposals.proposal_book import NotProposed, ProposalBook

NOT_CHECKED: Final = "A blotter has the database open: what is proposed is understood there, not here."
KEPT_NOWHERE: Final = "This database is kept in memory only: no other program sees what is proposed."


def run_propose(given: argparse.Namespace, found: Mapping[str, Any] | None) -> int:
    """Propose what is ``found`` in the arguments; None reads documents from standard input."""
    output = CommandOutput("json" if given.json else "table", f"{COMMAND} propose {given.write}")
    proposing, answers = Proposing(given.program, given.expires), ProposeAnswers(output)

    def prepare(settings: Settings, server: ChosenServer, zone: tzinfo) -> PreparedWork:
        documents = documents_of(given.write, found, "Nothing is proposed.")
        return _proposing_of(documents, proposing, answers)

    async def follow(server: ChosenServer, output: CommandOutput) -> ExitCode:
        return await answers.follow(ProposalFates(*opened_book(server)))

    code = run_prepared(given, prepare, output=output)
    if not given.follow or not answers.ids:
        return code
    return run_beside_desk(given, follow, output=output)  # meanwhile a blotter may open the database


def _proposing_of(
    documents: Sequence[WriteDocument], proposing: Proposing, answers: ProposeAnswers
) -> PreparedWork:
    """Return the work that proposes ``documents`` on a desk, and what stands in for it beside one."""

    async def on_desk(desk: Desk, output: CommandOutput) -> ExitCode:
        if desk.journal.path is None:
            raise CommandFailed(ExitCode.FAILED, KEPT_NOWHERE)
        rows = await asyncio.to_thread(RowsById, documents, desk.snapshot)
        for document in documents:
            try:
                answers.proposed(document, await propose_on_desk(document, desk, rows, proposing))
            except (WriteRefused, NotProposed, OSError) as error:
                answers.refused(document, error)
        return answers.code

    async def in_use(server: ChosenServer, output: CommandOutput) -> ExitCode:
        _, book = opened_book(server, IN_PROCESS)
        output.say(NOT_CHECKED)
        for document in documents:
            try:
                answers.proposed(document, propose_unseen(document, book, proposing))
            except (WriteRefused, NotProposed, OSError) as error:
                answers.refused(document, error)
        return answers.code

    return PreparedWork(on_desk, in_use=in_use)


def run_follow(given: argparse.Namespace, ids: Sequence[str]) -> int:
    """Tell what becomes of proposals, those that are open if none is named, until all have ended."""
    output = CommandOutput("json" if given.json else "table", f"{COMMAND} propose")

    async def work(server: ChosenServer, output: CommandOutput) -> ExitCode:
        fates = ProposalFates(*opened_book(server))
        return await fates.follow(ids, lambda fate: tell(fate, output))

    return run_beside_desk(given, work, output=output)


def run_list(given: argparse.Namespace) -> int:
    """List what programs propose, and what became of it."""
    output = CommandOutput("json" if given.json else "table", f"{COMMAND} proposals")

    async def work(server: ChosenServer, output: CommandOutput) -> ExitCode:
        found = ProposalFates(*opened_book(server)).all()
        for fate in found:
            tell(fate, output)
        if not found:
            output.say("No program proposes anything here.")
        return ExitCode.DONE

    return run_beside_desk(given, work, output=output)


def opened_book(server: ChosenServer, named: str | None = None) -> tuple[Journal, ProposalBook]:
    """Return the journal of a server and the proposals in it, without reaching the server.

    ``named`` is the server as its lines name it; without it every line counts, and nothing can be proposed.

    Raises:
        CommandFailed: nothing is kept.
        OSError: it cannot be read.
    """
    if server.journal is None:
        raise CommandFailed(ExitCode.FAILED, KEPT_NOWHERE)
    journal = Journal(server.journal)
    return journal, ProposalBook(journal, named, lambda: datetime.now(UTC), server.proposals)


def tell(fate: ProposalFate, output: CommandOutput) -> None:
    """Tell what became of a proposal."""
    body, code = fate.body, fate.code or ExitCode.DONE
    if output.is_json:
        output.document({**body, "ended": fate.code is not None}, code)
        return
    said = [body["fate"], body.get("asked", ""), body.get("sent", "")]
    said += [f"by {body['by']}" if body.get("by") else "", body.get("reason", ""), body.get("why", "")]
    output.text(clean(": ".join((fate.id, " - ".join(filter(None, said))))))
    for item in body.get("items", ()):
        why = f": {item['why']}" if item.get("why") else ""
        output.text(clean(f"  {item['kind']} {item['id']} {item['status']}{why}"))


class ProposeAnswers:
    """The answers to what was proposed, one a document."""

    def __init__(self, output: CommandOutput) -> None:
        self._output = output
        self.ids: list[str] = []
        """The proposals that were made."""
        self._codes: list[ExitCode] = []

    @property
    def code(self) -> ExitCode:
        """The exit code of all of them together."""
        return together(self._codes)

    def proposed(self, document: WriteDocument, proposal: Proposal) -> None:
        """Tell that a document was proposed."""
        self.ids.append(proposal.id)
        self._codes.append(ExitCode.DONE)
        if self._output.is_json:
            body = {
                "id": proposal.id,
                "fate": "open",
                "line": document.line or None,
                "asked": proposal.said,
                "program": proposal.proposer.name,
                "proposedAt": proposal.at,
                "expires": proposal.expires,
                "ended": False,
            }
            self._output.document(body)
        else:
            until = f"{proposal.expires:%H:%M:%S} UTC"
            self._output.text(f"{proposal.id}: open until {until} - {clean(proposal.said)}")

    def refused(self, document: WriteDocument, error: WriteRefused | NotProposed | OSError) -> None:
        """Tell why a document was not proposed."""
        if isinstance(error, WriteRefused):
            failure = CommandFailed(error.code, "\n".join(error.sentences))
        else:
            failure = failure_of_proposing(error)
        self._codes.append(failure.code)
        if self._output.is_json:
            body = {"id": None, "fate": "notProposed", "line": document.line or None, "why": failure.why}
            self._output.document({**body, "ended": True}, failure.code, retry=failure.retry)
            return
        place = f"{document.place}: " if document.line else ""
        for sentence in filter(None, (failure.why, failure.advice)):
            self._output.say(f"{place}{sentence}")

    async def follow(self, fates: ProposalFates) -> ExitCode:
        """Tell what becomes of what was proposed, until all has ended."""
        code = await fates.follow(self.ids, self._tell_news)
        return together([code, *(each for each in self._codes if each is not ExitCode.DONE)])

    def _tell_news(self, fate: ProposalFate) -> None:
        if fate.code is not None or fate.body["fate"] != "open":
            tell(fate, self._output)
