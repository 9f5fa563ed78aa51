"""The command that lists what programs propose, and how a person decides: preview, edit, refuse.

A proposal is sent the way everything is: preview, the key of its tier, report. Between the key and the
sending it is taken out of the journal, which only one of several blotters can do.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from tui.columns.format import clock
from tui.screens.desk.desk_command import DeskCommand, ask_fields
from tui.screens.desk.layout import PanesScreen
from tui.screens.proposals.proposals_feed import OVERTAKEN, JudgedProposal, is_overtaken
from tui.service.ids import new_id
from tui.service.proposals.proposal import Proposal, ProposalState, words_of

if TYPE_CHECKING:
    from tui.service.desk import Desk
    from tui.service.rehearsal.rehearsed_preview import Prepared

NOT_SENT: Final = "Nothing was sent"


async def show_proposals(desk: PanesScreen) -> None:
    """List what programs propose; go on from one decision to the next, until the list is left."""
    from tui.screens.proposals.screen import ProposalsScreen

    at, server = "", desk.session.desk
    while server is not None:
        desk.run_worker(desk.proposals.look(server), group="proposals")
        choice = await desk.app.push_screen_wait(ProposalsScreen(desk.proposals, desk.session, at))
        if choice is None:
            return
        at = choice.id
        judged = desk.proposals.all.get(choice.id)
        if judged is None:
            continue
        if choice.decision == "refuse":
            await _refuse(desk, server, judged)
        elif await _confirm(desk, server, judged, edit=choice.decision == "edit"):
            return


def proposed_by(proposal: Proposal, desk: PanesScreen) -> str:
    """Return who proposed and until when it stands, as a preview and a form say it."""
    until = clock(proposal.expires, desk.session.display_context)
    return f"Proposed by {proposal.proposer.words}; it stands until {until}."


async def _refuse(desk: PanesScreen, server: Desk, judged: JudgedProposal) -> None:
    """Refuse a proposal, with the reason that its program reads."""
    from tui.actions.form_fields import text

    said = await ask_fields(
        desk,
        "Refuse a proposal",
        (text("reason", "Reason", ""),),
        intro=f"{judged.words}\n{proposed_by(judged.proposal, desk)}",
    )
    if said is not None and await _end(desk, server, judged, ProposalState.REFUSED, reason=said["reason"]):
        desk.notify(f"Refused: {judged.words}", markup=False)


async def _confirm(desk: PanesScreen, server: Desk, judged: JudgedProposal, *, edit: bool) -> bool:
    """Show the preview, after the form where it is edited; send what was confirmed. Return whether it was."""
    from tui.screens.dialogs.form_dialog import Draft
    from tui.screens.dialogs.send_flow import ask_for_verb, confirmed

    said = proposed_by(judged.proposal, desk)
    understood = await desk.proposals.understand(judged.proposal, server)
    if isinstance(understood, str):
        desk.notify(f"{NOT_SENT}: {words_of(understood)}", severity="warning", markup=False)
        return False
    if edit:
        values = dict(understood.values)
        draft = Draft(values=values, typed=frozenset(values))
        scope = replace(understood.scope, proposed=said)
        prepared = await ask_for_verb(
            desk.app, understood.action, scope, server, draft, desk.session.export_path(".")
        )
    else:
        prepared = await confirmed(desk.app, understood.verb, server, left_out=said)
    if prepared is None:
        return False
    desk.run_worker(_send(desk, server, judged, prepared, edited=edit), group="writes")
    return True


async def _send(
    desk: PanesScreen, server: Desk, judged: JudgedProposal, prepared: Prepared, *, edited: bool
) -> None:
    """Take a proposal out of the journal, and send what was confirmed; what others took is not sent."""
    from tui.screens.dialogs.send_flow import send, tell

    state = ProposalState.EDITED if edited else ProposalState.CONFIRMED
    decision, sent = new_id(), prepared.preview.headline
    if not await _end(desk, server, judged, state, decision=decision, sent=sent):
        return
    report = await send(desk.app, prepared, server, decision_id=decision)
    jump = await tell(desk.app, report, server, desk.session)
    if jump is not None and jump in desk.snapshot:
        desk.go_to(jump)


async def _end(
    desk: PanesScreen,
    server: Desk,
    judged: JudgedProposal,
    state: ProposalState,
    *,
    reason: str = "",
    decision: str = "",
    sent: str = "",
) -> bool:
    """End a proposal; return whether that worked, else say who or what was faster."""
    from tui.service.proposals.proposal_book import AlreadyEnded

    if decision and is_overtaken(judged.versions, server.snapshot):
        state, reason, decision, sent = ProposalState.OVERTAKEN, OVERTAKEN, "", ""
    by = server.user or server.environment.user
    end = partial(
        server.proposals.end, judged.proposal.id, state, by=by, reason=reason, decision=decision, sent=sent
    )
    why = f"it was overtaken: {OVERTAKEN}" if state is ProposalState.OVERTAKEN else ""
    try:
        await asyncio.to_thread(end)
    except AlreadyEnded as error:
        why = _ended_words(error.proposal, desk)
    except OSError as error:
        why = f"the journal cannot be written ({error.strerror or error}). Free the disk and try again"
    if why:
        desk.notify(f"{NOT_SENT}: {why}.", title="Proposal", severity="warning", timeout=30, markup=False)
    await desk.proposals.look(server)
    return not why


def _ended_words(proposal: Proposal | None, desk: PanesScreen) -> str:
    if proposal is None:
        return "the proposal is not known any more"
    state, ending = proposal.state(desk.session.now()), proposal.ending
    if ending is None:
        return f"the proposal expired at {clock(proposal.expires, desk.session.display_context)}"
    by = f"{ending.by or 'Somebody else'} was faster, and " if state is not ProposalState.OVERTAKEN else ""
    return f"{by}it is {state.value}{f': {ending.reason}' if ending.reason else ''}"


PROPOSALS: Final[tuple[DeskCommand, ...]] = (
    DeskCommand(
        "proposals",
        "e",
        "Proposals",
        "What programs propose: preview and confirm it, edit it, or refuse it",
        "Inspect",
        run=show_proposals,
    ),
)
