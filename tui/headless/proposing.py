"""Proposes: writes what a program asks for into the journal, where people see it. Nothing of it is sent."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from msgspec import Struct

from tui.headless.asked_verb import WriteRefused, ask
from tui.headless.command_failed import CommandFailed
from tui.headless.exit_codes import ExitCode
from tui.headless.proposed_documents import proposal_text, read_named, why_not_proposed
from tui.headless.rows_by_id import RowsById
from tui.headless.write_documents import WriteDocument
from tui.service.desk import Desk
from tui.service.proposals.proposal import Proposal, without_new, words_of
from tui.service.proposals.proposal_book import NotProposed, ProposalBook, this_proposer
from tui.service.sentence import wording
from tui.service.verbs.verdicts import versions_of


class Proposing(Struct, frozen=True):
    """How a program proposes: the name it gives itself, and for how long it stands; None is as usual."""

    program: str = ""
    stands: timedelta | None = None


async def propose_document(
    found: Mapping[str, Any], desk: Desk, *, program: str = "", stands: timedelta | None = None
) -> str:
    """Propose an object with a ``command`` and what that takes; return the id of the proposal.

    It is checked on the desk like what is sent. Nothing is sent.

    Raises:
        CheckError: something in it is not right; says all of it.
        WriteRefused: the app would not take it.
        NotProposed: there are too many proposals, or it is too large.
        OSError: the journal cannot be written.
    """
    document = read_named(found)
    rows = await asyncio.to_thread(RowsById, [document], desk.snapshot)
    return (await propose_on_desk(document, desk, rows, Proposing(program, stands))).id


async def propose_on_desk(
    document: WriteDocument, desk: Desk, rows: RowsById, proposing: Proposing
) -> Proposal:
    """Propose a document after understanding it on ``desk``; its rows' versions are kept with it.

    Raises:
        WriteRefused: the app would not take it.
        NotProposed: there are too many proposals, or it is too large.
        OSError: the journal cannot be written.
    """
    _check(document)
    verb = (await ask(document, desk, rows, to_send=False)).verb
    snapshot = desk.snapshot
    touched = verb.touched(snapshot)
    said = without_new(wording(verb, snapshot).asked, [ref for ref in touched if ref not in snapshot])
    return await asyncio.to_thread(
        desk.proposals.propose,
        proposal_text(document),
        this_proposer(proposing.program),
        said=said,
        versions=versions_of(snapshot, touched),
        stands=proposing.stands,
        environment=desk.environment.name,
    )


def propose_unseen(document: WriteDocument, book: ProposalBook, proposing: Proposing) -> Proposal:
    """Propose a document without a desk: the blotter that has the database open understands it.

    Raises:
        WriteRefused: it cannot be proposed.
        NotProposed: there are too many proposals, or it is too large.
        OSError: the journal cannot be written.
    """
    _check(document)
    said = " ".join((document.command, *document.ids, *document.values.values()))
    return book.propose(
        proposal_text(document),
        this_proposer(proposing.program),
        said=words_of(said),
        stands=proposing.stands,
    )


def _check(document: WriteDocument) -> None:
    members = {*document.values, *(["key"] if document.key else [])}
    if why := why_not_proposed(members):
        raise WriteRefused(ExitCode.USAGE, why)


def failure_of_proposing(error: NotProposed | OSError) -> CommandFailed:
    """Return the failure of a command that cannot propose more."""
    if isinstance(error, NotProposed):
        return CommandFailed(ExitCode.FAILED, error.why, retry=error.retry)
    why = f"The journal cannot take it ({error.strerror or error}): nothing is proposed."
    return CommandFailed(ExitCode.FAILED, why, advice="Free the disk.")
