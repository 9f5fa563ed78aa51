"""The journal as a list of decisions: when, who, what in the dealer's words, and what came of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from tui.service.journal.append_log import START
from tui.service.journal.decisions import DecisionRecord, DecisionRecords, verb_of
from tui.service.journal.lines import DecisionLine, IntentLine, OutcomeLine, UnreadLine, read_line
from tui.service.outcomes import Status
from tui.service.snapshot.snapshot import Ref

if TYPE_CHECKING:
    from tui.service.journal.journal import Journal

A_FEW: Final = 1_000
"""Decisions that are kept beyond the most, so that not each new one makes an old one be forgotten."""
NOTHING: Final = msgspec.Raw(b"null")
ORDER: Final = (Status.DONE, Status.STAGED, Status.REFUSED, Status.UNKNOWN, Status.NOT_SENT)


class JournalEntry(Struct, frozen=True):
    """One decision. ``outcome`` says what came of it, ``worst`` is the status that needs somebody most.

    ``why`` are the reasons of what was not done, ``refs`` the first of its rows, ``requests`` the server's
    ids of its requests, ``finished`` when the last outcome came.
    """

    id: str
    at: datetime
    who: str
    environment: str
    what: str
    outcome: str
    worst: Status
    why: tuple[str, ...]
    differences: tuple[str, ...]
    refs: tuple[Ref, ...]
    calls: int
    requests: tuple[str, ...]
    process: int
    finished: datetime | None


class JournalEntries:
    """The decisions of a journal, read a part at a time and followed. One thread reads it at a time.

    Args:
        journal: the journal.
        most: how many decisions are kept, the newest of them; None keeps all.
        most_refs: how many rows are kept of each.
    """

    def __init__(self, journal: Journal, *, most: int | None = None, most_refs: int = 1_000) -> None:
        self._journal = journal
        self._most = most
        self._most_refs = most_refs
        self._records = DecisionRecords()
        self._read_to = START
        self._decision_of: dict[str, str] = {}
        self._counts: dict[str, int] = {}
        self._requests: dict[str, list[str]] = {}
        self._finished: dict[str, datetime] = {}
        self._entries: dict[str, JournalEntry] = {}
        self.read_lines = 0
        self.is_cut = False
        """Whether there were more decisions than are kept."""

    def read(self, most: int) -> bool:
        """Read up to ``most`` more lines; return whether there were as many, so that there may be more."""
        touched: dict[str, None] = {}
        count = 0
        for each in islice(self._journal.since(self._read_to), most):
            self._read_to = each.after
            count += 1
            id = self._add(each.text)
            if id:
                touched[id] = None
        for id in touched:
            record = self._records.records.get(id)
            if record is not None:
                self._entries[id] = self._entry(id, record)
        self.read_lines += count
        self.is_cut = self.is_cut or (self._most is not None and len(self._entries) > self._most)
        if self._most is not None and len(self._entries) > self._most + A_FEW:
            for id in [*islice(self._entries, len(self._entries) - self._most)]:
                self._forget(id)
        return count == most

    def _forget(self, id: str) -> None:
        for of_decision in (self._entries, self._counts, self._requests, self._finished):
            of_decision.pop(id, None)
        for call in self._records.forget(id):
            self._decision_of.pop(call, None)

    def newest_first(self) -> Mapping[str, JournalEntry]:
        """Return what was read so far, at most as many as are kept, by the ids of decisions."""
        ordered = sorted(self._entries.items(), key=lambda pair: pair[1].at, reverse=True)
        return dict(islice(ordered, self._most))

    def _add(self, text: bytes) -> str:
        """Take over a line; return the id of the decision that it is about, empty when it is about none."""
        line = read_line(text)
        if isinstance(line, DecisionLine):
            if line.id not in self._counts:
                verb = verb_of(line)
                self._counts[line.id] = 0 if isinstance(verb, str) else verb.count
            line = replace(line, fields=NOTHING)
        elif isinstance(line, IntentLine):
            self._decision_of[line.id] = line.decision or line.id
            line = replace(line, fields=NOTHING, body=NOTHING, versions=line.versions[: self._most_refs])
        self._records.add(line)
        if isinstance(line, UnreadLine):
            return ""
        id = self._decision_of.get(line.id, line.id)
        if isinstance(line, OutcomeLine):
            self._finished[id] = line.at
            known = self._requests.setdefault(id, [])
            if line.request and line.request not in known:
                known.append(line.request)
        return id

    def _entry(self, id: str, record: DecisionRecord) -> JournalEntry:
        line = record.line
        items = record.items()
        statuses = Counter(item.status for item in items)
        silent = record.unanswered
        rest = max(self._counts.get(id, 0) - len(items) - silent, 0)
        statuses[Status.UNKNOWN] += silent
        if rest:
            statuses[Status.UNKNOWN if record.doubtful else Status.NOT_SENT] += rest
        running = silent + rest and self._journal.is_being_sent(line)
        said = [f"{statuses[each]:,} {each.value}" for each in ORDER if statuses[each]]
        only = next(iter(each for each in ORDER if statuses[each]), Status.UNKNOWN)
        alone = len(said) == 1
        outcome = (only.value if alone else ", ".join(said)) if not running else "being sent"
        reasons = dict.fromkeys(item.text for item in items if item.status is not Status.DONE and item.text)
        refs = dict.fromkeys([*(item.ref for item in items), *record.touched])
        return JournalEntry(
            id,
            line.at,
            line.user,
            line.environment,
            line.label,
            outcome,
            max((each for each in ORDER if statuses[each]), key=_WORST.index, default=Status.UNKNOWN),
            tuple(reasons),
            tuple(each.text for each in record.differences),
            tuple(refs)[: self._most_refs],
            len(record.call_ids),
            tuple(self._requests.get(id, ())),
            line.process,
            self._finished.get(id),
        )


_WORST: Final = (Status.DONE, Status.NOT_SENT, Status.STAGED, Status.REFUSED, Status.UNKNOWN)
