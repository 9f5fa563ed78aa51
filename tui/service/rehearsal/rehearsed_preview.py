"""What a rehearsal adds to a preview: the state after, and what is or will be refused.

The embedded server decides as its copy did, so what is refused there is not sent. Any other server decides
for itself: it may refuse what the copy took, and take what the copy refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from tui.api.states import is_cancelled
from tui.service.numbers import counted
from tui.service.outcomes import Outcome
from tui.service.rehearsal.rehearse import Rehearsal
from tui.service.rehearsal.shares_after import share_table
from tui.service.rehearsal.state_after import overdone_after, overfills_after, state_after
from tui.service.snapshot.naming import short
from tui.service.snapshot.sizing import size_of
from tui.service.snapshot.snapshot import EMPTY, Ref, Snapshot
from tui.service.verbs import BookTransactions, UpdatePlacements, Verb
from tui.service.verbs.placing_guard import REFUSALS
from tui.service.verbs.verb import Tier
from tui.service.writes.preview import Preview, PreviewWarning

MOST_REFUSALS: Final = 5
"""The reasons that are told in the place of a confirmation; the others are counted."""
MOST_ROWS: Final = 3
"""The rows that a reason names, where it names none itself; the others are counted."""
AFTERWARDS: Final = "Afterwards"
EXPECTED: Final = "Expected afterwards"
DECIDES: Final = (
    "This server decides, also by what is not known here: its compliance, entitlements and tenant's rules"
)
FEES: Final = "its fees and commissions"
CUT_ORDERS: Final = "what cancelled orders keep of the placed units"
WAITING_PRICES: Final = "prices it holds until a placement has a currency"
GUARDED: Final = frozenset(REFUSALS.values())
"""The refusals that the desk tells itself, with whose state it is."""
UNDER_WAY: Final = "Finding out what comes of it ..."
NOT_KNOWN: Final = "What comes of it could not be found out"


LateRows = Callable[[Snapshot], tuple[Ref, ...]]
"""Returns the rows of a desk that are in the scope of an emergency, and not among those of its verb."""


class Prepared(Struct, frozen=True):
    """A verb as it is to be confirmed and sent, its preview, and the rehearsal the preview tells of.

    ``shown`` are the rows that the preview tells of, as they stood, and ``told`` is the serial of what was
    known beside them. ``late`` is there in an emergency: others go on while it is confirmed and sent.
    """

    verb: Verb
    preview: Preview
    rehearsal: Rehearsal | None = None
    shown: Snapshot = EMPTY
    late: LateRows | None = None
    told: int = 0


def sendable(verb: Verb, rehearsal: Rehearsal, *, final: bool) -> Verb:
    """Return the part of ``verb`` to send: without what a server that decides so will refuse.

    Where nothing would be left, and in a call that is done whole or not at all, it is the whole verb.
    """
    if not final or not verb.operation.partial:
        return verb
    part = rehearsal.without_refused(verb)
    return part if part.count else verb


def awaiting(preview: Preview) -> Preview:
    """Return ``preview`` while its rehearsal is under way: it cannot be confirmed yet."""
    return replace(preview, awaited=True, heading=UNDER_WAY)


def with_rehearsal(preview: Preview, verb: Verb, rehearsal: Rehearsal, *, final: bool) -> Preview:
    """Return the ``preview`` of what is sent of ``verb`` with what the rehearsal of it found out.

    ``final`` says that the server decides as the rehearsal did. In an emergency all items are sent, whatever
    was found out.
    """
    sent_in_part = preview.count < verb.count
    if rehearsal.failure:
        return replace(preview, heading=f"{NOT_KNOWN}: {rehearsal.failure}", uncertain=True)
    overfills = overfills_after(rehearsal)
    over = (*overfills, *overdone_after(rehearsal))
    soft, tier = preview.soft, preview.tier
    if over:
        soft = (PreviewWarning("too much", len(over), over[0], texts=over), *soft)
    if overfills and tier is not Tier.HARD:
        tier = Tier.T3
    afterwards = state_after(rehearsal)
    shown = afterwards or rehearsal.left_out or not final
    told = replace(
        preview,
        tier=tier,
        soft=soft,
        heading=_heading(verb, rehearsal, final=final, any_afterwards=bool(afterwards)) if shown else "",
        afterwards=afterwards,
        shares=share_table(rehearsal),
    )
    refused = [each for each in rehearsal.refused if not (preview.hard and each.type in GUARDED)]
    if not refused:
        return told
    if final and not sent_in_part and not preview.emergency:
        reasons = _reasons(refused)
        if len(reasons) > MOST_REFUSALS:
            reasons = (*reasons[:MOST_REFUSALS], f"{len(reasons) - MOST_REFUSALS:,} more are refused.")
        return replace(told, tier=Tier.HARD, hard=tuple(dict.fromkeys((*told.hard, *reasons))))
    kind = "refused, left out" if sent_in_part else "expected to be refused"
    texts = _reasons(refused)
    refusal = PreviewWarning(kind, len(refused), texts[0], texts=texts, refusal=True)
    return replace(told, soft=(refusal, *soft))


def _heading(verb: Verb, rehearsal: Rehearsal, *, final: bool, any_afterwards: bool) -> str:
    said = AFTERWARDS
    if not final:
        decides = ", ".join((DECIDES, *_untold(verb, rehearsal.before)))
        said = f"{EXPECTED}. {decides}" if any_afterwards else decides
    if not rehearsal.left_out:
        return said
    first = len(rehearsal.outcomes)
    return f"{said}, found out for the first {first:,} of {counted(first + rehearsal.left_out, 'item')}"


def _untold(verb: Verb, rows: Snapshot) -> Iterator[str]:
    """Yield what this verb depends on and a server tells no client: only its own process knows it."""
    if isinstance(verb, BookTransactions) and verb.apply_fees:
        yield FEES
    if any(is_cancelled(order.state) and size_of(order).value for order in rows.orders.values()):
        yield CUT_ORDERS
    if isinstance(verb, UpdatePlacements) and any(
        row.limit_price is None and row.stop_price is None
        for row in (rows.placements.get(ref.id) for ref in verb.refs)
        if row is not None
    ):
        yield WAITING_PRICES


def _reasons(refused: Sequence[Outcome]) -> tuple[str, ...]:
    """Return the server's reasons, each once with what can be done; one that names no row gets its rows."""
    groups: dict[str, list[Outcome]] = {}
    for outcome in refused:
        groups.setdefault(outcome.reason, []).append(outcome)
    return tuple(_sentence(reason, outcomes) for reason, outcomes in groups.items())


def _sentence(reason: str, outcomes: Sequence[Outcome]) -> str:
    codes = [each.ref.id.code for each in outcomes]
    if any(code in reason for code in codes):
        said = reason
    else:
        more = f" and {len(codes) - MOST_ROWS:,} more" if len(codes) > MOST_ROWS else ""
        said = f"{reason.rstrip('.')} ({', '.join(map(short, codes[:MOST_ROWS]))}{more})"
    ended = said if said.endswith((".", "!", "?")) else f"{said}."
    return f"{ended} {outcomes[0].advice}".rstrip()
