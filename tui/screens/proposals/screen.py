"""The list of what programs propose: who, what, what stands against it, until when, and what became of it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Mapping
from datetime import datetime, timedelta
from typing import Any, ClassVar, Final, Literal, NamedTuple

from textual.binding import Binding, BindingType
from textual.content import Content

from tui.api.sanitize import clean
from tui.columns.column import Column
from tui.columns.factories import plain, timestamp_column
from tui.columns.format import DisplayContext, age_text, clock, clock_and_age
from tui.columns.hatching import hatch
from tui.screens.filters_rows import LIST_KEYS
from tui.screens.proposals.proposals_feed import JudgedProposal, ProposalsFeed
from tui.screens.row_list import RowListScreen
from tui.service.numbers import counted
from tui.service.proposals.proposal import ProposalState
from tui.service.snapshot.snapshot import Ref, Snapshot
from tui.session import DeskSession
from widgets.labelled_text import Lines

Decision = Literal["preview", "edit", "refuse"]
NOTHING: Final = "No program proposes anything. 'blotter propose' does, from a shell."
ROLES: Final = {
    ProposalState.OPEN: "waiting",
    ProposalState.CONFIRMED: "good",
    ProposalState.EDITED: "good",
    ProposalState.OVERTAKEN: "attention",
}


class ProposalChoice(NamedTuple):
    """A proposal that was chosen, and what somebody wants to do with it."""

    id: str
    decision: Decision


def ends_text(proposal_ends: datetime, now: datetime) -> str:
    """Return how long a proposal stands yet, in whole minutes rounded up: ``12m``."""
    left = proposal_ends - now
    if left <= timedelta(0):
        return ""
    minutes = -(-left // timedelta(minutes=1))
    return f"{minutes}m" if minutes < 120 else f"{minutes // 60}h"


def proposal_columns(now: Callable[[], datetime]) -> tuple[Column, ...]:
    """Return the columns of the list; ``now`` is the moment that ages are counted to."""

    def state(snapshot: Snapshot, row: JudgedProposal) -> str:
        return row.proposal.state(now()).value

    def drawn(snapshot: Snapshot, row: JudgedProposal, context: DisplayContext) -> str:
        found = row.proposal.state(now())
        mark = hatch(ascii=context.ascii) if found is ProposalState.OPEN else " "
        return f"{mark} {found.value}"

    def left(snapshot: Snapshot, row: JudgedProposal) -> str:
        return "" if row.proposal.ending else ends_text(row.proposal.expires, now())

    def as_it_is(value: Any, context: DisplayContext) -> str:
        return str(value)

    first = (
        Column(
            "state",
            "State",
            "What became of it",
            state,
            as_it_is,
            11,
            role=lambda snapshot, row: ROLES.get(row.proposal.state(now()), "idle"),
            drawn=drawn,
        ),
        plain("what", "Proposed", "What would be sent", 48, lambda s, row: row.words, flexible=True),
        plain("who", "Who", "The program, or the person", 14, lambda s, row: row.proposal.proposer.name),
        plain(
            "verdict",
            "Limits",
            "What stands against it, or why it ended",
            26,
            lambda s, row: row.verdict,
            flexible=True,
            role=lambda s, row: row.role,
        ),
        Column(
            "age",
            "Age",
            "How long ago it was proposed",
            lambda s, row: age_text(row.proposal.at, now()),
            as_it_is,
            5,
            "right",
            "never",
        ),
        Column("left", "Left", "How long it stands yet", left, as_it_is, 5, "right", "never"),
    )
    behind = (
        timestamp_column("at", "At", "When it was proposed", lambda s, row: row.proposal.at).ranked(2),
        plain("from", "From", "Where it comes from", 24, lambda s, row: row.proposal.proposer.words).ranked(
            3
        ),
        plain("id", "Id", "Its id", 26, lambda s, row: row.proposal.id, cut="middle").ranked(4),
    )
    return (*(column.ranked(1) for column in first), *behind)


class ProposalsScreen(RowListScreen[ProposalChoice]):
    """Shows what programs propose; returns what was chosen, or None on Esc.

    ``at`` is the proposal at which the list was left.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "Preview"),
        Binding("u", "decide('edit')", "Edit"),
        Binding("x", "decide('refuse')", "Refuse"),
        *LIST_KEYS,
        Binding("escape,ctrl+c,q", "back", "Back"),
        Binding("e", "back", "Back", show=False, id="proposals"),
    ]
    of = "proposals"
    singular = "proposal"

    def __init__(self, feed: ProposalsFeed, session: DeskSession, at: str = "") -> None:
        self._feed = feed
        self._at = at
        self._stop: Callable[[], None] = lambda: None
        super().__init__(session, proposal_columns(session.now))

    def on_mount(self) -> None:
        """Show the list, and the proposal at which it was left."""
        super().on_mount()
        self._stop = self._feed.listen(self._heard)
        if self._at:
            self.grid.move_to(self._at)

    def on_unmount(self) -> None:
        """Hear no more of the desk."""
        self._stop()

    def _heard(self) -> None:
        if self.is_mounted:
            self.list()

    # --- what is shown --------------------------------------------------------------------------

    def rows(self) -> Mapping[Hashable, JudgedProposal]:
        """Return the proposals, those first that are open, the newest first."""
        return self._feed.all

    def ref_of(self, row: Any) -> Ref | None:
        """Return the first row of the desk that a proposal is about."""
        return min(row.rows, key=str, default=None)

    def when(self, row: Any) -> datetime | None:
        """Return when it was proposed."""
        at: datetime = row.proposal.at
        return at

    def empty(self) -> str:
        """Return that there is nothing, and how that would change."""
        return NOTHING

    def heading(self, rows: Collection[JudgedProposal]) -> str:
        """Return how many there are, and how many wait for somebody."""
        now = self.session.now()
        waiting = sum(row.proposal.is_open(now) for row in rows)
        said = f"{counted(len(rows), 'proposal').capitalize()}: {waiting:,} open" if rows else "Proposals"
        left_out = self._feed.left_out
        return f"{said}, {left_out:,} more than a desk takes are not shown" if left_out else said

    def said(self, row: Any, width: int) -> Lines:
        """Return a proposal in full: what, who, until when, and what stands against it or became of it."""
        proposal, now = row.proposal, self.session.now()
        state = proposal.state(now)
        parts = [f"by {proposal.proposer.words}", clock_and_age(proposal.at, self.look, now)]
        if state is ProposalState.OPEN:
            parts.append(f"stands until {clock(proposal.expires, self.look)}")
        elif proposal.ending is not None:
            by = f" by {proposal.ending.by}" if proposal.ending.by else ""
            parts.append(f"{state.value}{by}, {clock_and_age(proposal.ending.at, self.look, now)}")
        else:
            parts.append(f"expired at {clock(proposal.expires, self.look)}")
        said = Content.assemble(
            (clean(row.words), "bold"),
            *(f" · {clean(part)}" for part in parts),
            (f" · {clean(row.verdict)}" if row.verdict else "", f"${row.role}" if row.role else ""),
        )
        return said.wrap(width)

    # --- keys -----------------------------------------------------------------------------------

    def open_line(self, row: Any) -> None:
        """Leave for the preview of a proposal."""
        self._decide(row, "preview")

    def action_decide(self, decision: Decision) -> None:
        """Leave for what is to be done with the proposal under the cursor."""
        if self.cursor is not None:
            self._decide(self.cursor, decision)

    def _decide(self, row: JudgedProposal, decision: Decision) -> None:
        state = row.proposal.state(self.session.now())
        if state is not ProposalState.OPEN:
            self.notify(f"This proposal is {state.value}: nobody decides on it any more.", markup=False)
        elif decision == "edit" and row.understood is None:
            self.notify(f"It cannot be edited: {row.verdict}", severity="warning", markup=False)
        elif decision == "preview" and row.understood is None:
            self.notify(f"It cannot be sent: {row.verdict}", severity="warning", markup=False)
        elif self.session.preferences.read_only:
            self.notify("This desk is read-only: nothing is decided from it.", markup=False)
        else:
            self.dismiss(ProposalChoice(row.proposal.id, decision))
