"""The kill switch: whose working placements to cancel, and the verb that cancels all of them."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct
from msgspec.structs import replace

from tui.actions.action import Answer, Question, Scope, Values
from tui.actions.eligibility import heads, open_placements
from tui.actions.pinned_rows import exempt
from tui.api.base import ResourceId
from tui.service.numbers import counted, noun_for
from tui.service.row_phrases import rows_named
from tui.service.snapshot.relations import related_of
from tui.service.snapshot.snapshot import EntityKind, Ref, Snapshot
from tui.service.verbs import CancelPlacements, Verb

NOT_ALL_READ = "Not all placements are read: what is not read is not counted, and not cancelled."


class _Target(Struct, frozen=True):
    """One of the scopes to choose from: in words, and the rows whose placements are meant."""

    id: str
    words: str
    rows: Scope
    pinned_too: bool = False

    def open(self) -> tuple[ResourceId, ...]:
        """Return the working placements that are not exempt, without those that go with their parent."""
        found = open_placements(self.rows)
        spared = self.spared
        return heads(self.rows, tuple(id for id in found if id not in spared) if spared else found)

    @property
    def spared(self) -> frozenset[ResourceId]:
        """The working placements that are exempt because they, or what they belong to, are pinned."""
        if self.pinned_too or not self.rows.pinned:
            return frozenset()
        return exempt(self.rows, open_placements(self.rows))

    @property
    def said(self) -> str:
        """The words, with how many placements are spared."""
        count = len(self.spared)
        return f"{self.words}, without {count} pinned" if count else self.words


def _targets(scope: Scope) -> Iterator[_Target]:
    placements = tuple(scope.snapshot.placements)
    desk = _Target("desk", "on the whole desk", replace(scope, kind=EntityKind.PLACEMENTS, ids=placements))
    yield desk
    if scope.filter:
        rows = replace(scope, ids=scope.shown(scope.kind))
        yield _Target("filter", f"matching '{scope.filter}' in {scope.kind.value}", rows)
    if scope.selected:
        noun = f"selected {scope.kind.singular}"
        yield _Target("selection", f"of {counted(len(scope.ids), noun)}", scope)
    blocks = _blocks_here(scope)
    if blocks:
        named = rows_named(scope.snapshot, EntityKind.BLOCKS, blocks)
        whose = f"of {noun_for(len(blocks), 'block')} {named}"
        yield _Target("block", whose, replace(scope, kind=EntityKind.BLOCKS, ids=tuple(blocks)))
    if scope.pinned:
        yield _Target("pinned", "on the whole desk, pinned ones too", desk.rows, pinned_too=True)


def _blocks_here(scope: Scope) -> tuple[ResourceId, ...]:
    """Return the blocks of the row under the cursor."""
    if scope.cursor is None or scope.kind is EntityKind.BLOCKS:
        return () if scope.cursor is None else (scope.cursor,)
    return tuple(related_of(scope.snapshot, Ref(scope.kind, scope.cursor), EntityKind.BLOCKS))


def cancel_all_question(scope: Scope) -> Question:
    """Return the scopes that can be cancelled, each with what works there."""
    answers = []
    exempt_here = bool(next(_targets(scope)).spared)
    for target in _targets(scope):
        if target.pinned_too and not exempt_here:
            continue
        found = target.open()
        blocks = {id for each in found for id in scope.snapshot.placements[each].block_ids}
        spared = len(target.spared)
        count = (
            f"{counted(len(found), 'placement')} of {counted(len(blocks), 'block')}"
            if found
            else "all pinned"
            if spared
            else "nothing works"
        )
        count += f", {spared} pinned spared" if found and spared else ""
        answers.append(Answer(target.id, f"All that work {target.words}", count, possible=bool(found)))
    return Question(
        "Cancel everything: whose placements?",
        tuple(answers),
        nothing=_nothing_works(scope.snapshot),
        warning=" ".join(filter(None, (_may_be_missed(scope.snapshot), _exempt_words(scope)))),
    )


def _may_be_missed(snapshot: Snapshot) -> str:
    return NOT_ALL_READ if _may_miss_some(snapshot) else _left_out(snapshot)


def _exempt_words(scope: Scope) -> str:
    """Return how many working placements are exempt, and why; empty when none is."""
    count = len(next(_targets(scope)).spared)
    if not count:
        return ""
    are = "is" if count == 1 else "are"
    return f"{counted(count, 'working placement')} {are} exempt: pinned, or of a pinned block or order."


def _may_miss_some(snapshot: Snapshot) -> bool:
    """Return whether placements may work that the desk has not read."""
    return not snapshot.complete or not snapshot.knows(EntityKind.PLACEMENTS)


def _left_out(snapshot: Snapshot) -> str:
    """Return that blocks may work which are too quiet for the desk; empty when none was left out."""
    if snapshot.active_since is None:
        return ""
    since = snapshot.day_in_words(snapshot.active_since)
    return (
        f"Blocks without activity since {since} are not on this desk: what works of them is not counted, "
        "and not cancelled."
    )


def _nothing_works(snapshot: Snapshot) -> str:
    """Return that nothing is open, as far as that is known."""
    if not _may_miss_some(snapshot):
        left_out = _left_out(snapshot)
        return f"No working placement on this desk{f'. {left_out}' if left_out else ': nothing is open.'}"
    unread = snapshot.unread.get(EntityKind.PLACEMENTS)
    why = f"Placements {unread}" if unread else "Not all of the desk is read yet."
    return f"{why} Whether any of them works is not known here: call the brokers."


def cancel_all_verb(scope: Scope, values: Values) -> Verb:
    """Return the cancelling of every working placement of the scope that was chosen."""
    target = next(each for each in _targets(scope) if each.id == values["answer"])
    return CancelPlacements(target.open(), f"all that work {target.said}")
