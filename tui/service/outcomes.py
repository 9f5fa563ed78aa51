"""The outcome of a write, item by item: one type for one item or a thousand, in report and journal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from msgspec import Struct

from tui.service.snapshot.code_index import id_text
from tui.service.snapshot.snapshot import Ref


class Status(StrEnum):
    """The status of one item.

    Done by the server, kept by it until somebody approves it (REFERENCE_DATA R62), refused by it or by us,
    not known yet, or never sent.
    """

    DONE = "done"
    STAGED = "staged"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    NOT_SENT = "not sent"


class Outcome(Struct, frozen=True, gc=False):
    """The outcome of one item of a write.

    ``reason`` is why it was refused, waits, is unknown or was not sent, in the server's words; ``type`` the
    server's name of the failure; ``advice`` what the user can do; ``note`` what else is worth knowing
    (confirmed by reading back, fees added, the transaction it became); ``entity`` the row in the server's
    answer.
    """

    ref: Ref
    status: Status
    reason: str = ""
    type: str = ""
    advice: str = ""
    note: str = ""
    entity: Any = None


class Wording(Struct, frozen=True):
    """A write in the dealer's words: the whole of it as ``asked`` and as ``done``, and each of its items."""

    asked: str
    done: str
    items: Mapping[Ref, str]


class ReasonGroup(Struct, frozen=True):
    """Refused, staged, unknown or not sent items that share one reason."""

    reason: str
    advice: str
    refs: tuple[Ref, ...]


class Difference(NamedTuple):
    """What came out otherwise than the preview said of one row, as a sentence."""

    ref: Ref
    text: str


class Report(Struct, frozen=True):
    """The outcome of one decision of the user, which may have taken several calls.

    ``verb`` is the verb's name, ``label`` what was asked (``Cancel 3 orders``), ``past`` its
    participle (``cancelled``). ``request_id`` is the server's id of the request if it gave one, else our
    intent's. ``home`` is the desk's own scope: what is of another one is named with its scope.
    ``differences`` are what came out otherwise than the preview said, by row. ``decision`` is the journal's
    id of the decision. ``wording`` is what was asked in the dealer's words, as the rows stood before it was
    sent.
    """

    verb: str
    label: str
    outcomes: tuple[Outcome, ...]
    started: datetime
    finished: datetime
    request_id: str = ""
    past: str = "done"
    home: str = ""
    differences: tuple[Difference, ...] = ()
    decision: str = ""
    wording: Wording | None = None

    def name_of(self, ref: Ref) -> str:
        """Return an item in words, its id last; without any words, kind and id."""
        said = self.wording.items.get(ref) if self.wording else None
        return said or f"{ref.kind.singular} {id_text(ref.id, self.home)}"

    @property
    def done(self) -> tuple[Outcome, ...]:
        """The items that were done."""
        return self._with(Status.DONE)

    @property
    def staged(self) -> tuple[Outcome, ...]:
        """The items that the server keeps until somebody approves them: nothing happened yet."""
        return self._with(Status.STAGED)

    @property
    def refused(self) -> tuple[Outcome, ...]:
        """The items that were not done."""
        return self._with(Status.REFUSED)

    @property
    def unknown(self) -> tuple[Outcome, ...]:
        """The items whose outcome is unknown, also after reading back."""
        return self._with(Status.UNKNOWN)

    @property
    def not_sent(self) -> tuple[Outcome, ...]:
        """The items that never left: nothing happened to them."""
        return self._with(Status.NOT_SENT)

    def _with(self, status: Status) -> tuple[Outcome, ...]:
        return tuple(each for each in self.outcomes if each.status is status)

    @property
    def staged_groups(self) -> tuple[ReasonGroup, ...]:
        """The staged items grouped by what the server says of them, the largest group first."""
        return _groups(self.staged)

    @property
    def refused_groups(self) -> tuple[ReasonGroup, ...]:
        """The refused items grouped by the server's reason, the largest group first."""
        return _groups(self.refused)

    @property
    def unknown_groups(self) -> tuple[ReasonGroup, ...]:
        """The unknown items grouped by why they are unknown, the largest group first."""
        return _groups(self.unknown)

    @property
    def not_sent_groups(self) -> tuple[ReasonGroup, ...]:
        """The items that were not sent, grouped by why, the largest group first."""
        return _groups(self.not_sent)

    def sentence(self) -> str:
        """Return what was done, what was not, why in the server's words, and what can be done about it."""
        past = self.past.capitalize()
        if self.wording and self.outcomes and len(self.done) == len(self.outcomes):
            parts = [_stopped(self.wording.done)]
        else:
            parts = [f"{past}: {self._subjects(each.ref for each in self.done)}."] if self.done else []
        for group in self.staged_groups:
            parts.append(_line(f"Not {self.past} yet: {self._subjects(group.refs)}", group))
        for group in self.refused_groups:
            parts.append(_line(f"Not {self.past}: {self._subjects(group.refs)}", group))
        for group in self.unknown_groups:
            parts.append(_line(f"It is not known whether {self.past}: {self._subjects(group.refs)}", group))
        for group in self.not_sent_groups:
            parts.append(_line(f"Not sent: {self._subjects(group.refs)}", group))
        if not parts:
            parts.append(f"Nothing {self.past}.")
        parts += (f"{id_text(each.ref.id, self.home)}: {_stopped(each.text)}" for each in self.differences)
        return " ".join(parts)

    def _subjects(self, refs: Iterable[Ref]) -> str:
        """Return up to three rows in words, more by count and kind."""
        named = tuple(refs)
        if len(named) <= 3:
            return "; ".join(lowered(self.name_of(ref)) for ref in named)
        counts = Counter(ref.kind for ref in named)
        return ", ".join(f"{count:,} {kind.value}" for kind, count in counts.items())


def lowered(text: str) -> str:
    """Return ``text`` as it goes on behind a colon: with a small first letter."""
    return text[:1].lower() + text[1:]


def _line(what: str, group: ReasonGroup) -> str:
    reason = group.reason or "no reason given"
    return f"{what}: {_stopped(reason)}" + (f" {_stopped(group.advice)}" if group.advice else "")


def _stopped(text: str) -> str:
    return text if text.endswith((".", "?", "!")) else f"{text}."


def _groups(outcomes: Iterable[Outcome]) -> tuple[ReasonGroup, ...]:
    found: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        found.setdefault(outcome.reason, []).append(outcome)
    ordered = sorted(found.items(), key=lambda pair: -len(pair[1]))
    return tuple(
        ReasonGroup(reason, items[0].advice, tuple(each.ref for each in items)) for reason, items in ordered
    )
