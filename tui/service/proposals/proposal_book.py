"""The proposals of one server: read from the journal as it grows, made there, and ended there once.

A line of a journal is what somebody wrote who may write this user's files. So nothing in it is trusted: of
another server it is none of ours, its words are cut and cleaned, its times are kept within bounds, and what
it proposes is understood anew by the desk that shows it. Whoever ends a proposal does it under the lock of
the journal, after reading what others wrote: of two people who confirm, one does.
"""

from __future__ import annotations

import os
import re
import socket
import threading
from collections import Counter, deque
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from getpass import getuser
from typing import Final

import msgspec
from msgspec.structs import replace

from tui.config.proposal_settings import ProposalSettings
from tui.service.ids import new_id
from tui.service.journal.append_log import START
from tui.service.journal.journal import Journal
from tui.service.journal.lines import UNREADABLE, ProposalEndLine, ProposalLine, read_line
from tui.service.numbers import counted
from tui.service.proposals.proposal import (
    LONGEST_DOCUMENT,
    LONGEST_NAME,
    SKEW,
    Ending,
    Proposal,
    ProposalState,
    Proposer,
    words_of,
)
from tui.service.snapshot.snapshot import Ref

LONGEST_LINE: Final = 2 * LONGEST_DOCUMENT
"""Bytes of a line that is looked at: a document, who and when, and the versions of its rows."""
MARK: Final = b'"kind":"proposal'
"""Stands in every line about a proposal: other lines are not taken apart."""
ID: Final = re.compile(r"[0-9A-Z]{26}")
MOST_ENDED: Final = 1_000
"""Proposals that have ended and are remembered, the latest."""
MOST_VERSIONS: Final = 5_000
"""Rows of one proposal whose versions are compared."""
DAY: Final = timedelta(days=1)
BYTES_A_DAY: Final = 32 * 1024 * 1024
"""Bytes of proposals that a journal takes in a day, however soon they end."""
BYTES_OF_ONE: Final = BYTES_A_DAY // 4
"""Those of one program."""


class NotProposed(Exception):
    """A proposal was not taken: why, as a sentence, and whether to try again later."""

    def __init__(self, why: str, *, retry: bool = False) -> None:
        super().__init__(why)
        self.why = why
        self.retry = retry


class AlreadyEnded(Exception):
    """Somebody else ended a proposal before; ``proposal`` says how, None when it is not known any more."""

    def __init__(self, proposal: Proposal | None) -> None:
        super().__init__("it has ended")
        self.proposal = proposal


class ProposalBook:
    """The proposals in a journal that are about one server.

    Args:
        journal: where they are kept.
        server: the server, as the journal names it; None reads the lines of any, and proposes nothing.
        now: this machine's clock, aware UTC.
        settings: how long proposals stand, and how many there may be.
    """

    def __init__(
        self,
        journal: Journal,
        server: str | None,
        now: Callable[[], datetime],
        settings: ProposalSettings | None = None,
    ) -> None:
        self._journal = journal
        self._server = server
        self.now = now
        self.settings = settings or ProposalSettings()
        self._lock = threading.RLock()
        self._read_to = START
        self._seen: object = None
        self._kept: dict[str, Proposal] = {}
        self._open: Counter[str] = Counter()
        """The open proposals of each program, while lines are read."""
        self._made: deque[tuple[datetime, str, int]] = deque()
        """When each of a day was made, by which program, and the bytes of its line."""
        self.known: Mapping[str, Proposal] = {}
        """The proposals that are known, by id, oldest first."""
        self.left_out = 0
        """Lines about open proposals beyond the ceilings: somebody wrote them without asking."""

    # --- reading ------------------------------------------------------------------------------------

    def open(self) -> tuple[Proposal, ...]:
        """Return those on which somebody may decide now, oldest first."""
        now = self.now()
        return tuple(each for each in self.known.values() if each.is_open(now))

    def is_behind(self) -> bool:
        """Return whether lines were written since they were read; it costs a look at the file."""
        return self._journal.stamp() != self._seen

    def look(self) -> bool:
        """Read the lines that were written since; return whether any of them was about a proposal.

        Raises:
            OSError: the journal cannot be read.
        """
        with self._lock:
            self._seen = self._journal.stamp()
            self._open = Counter(each.proposer.name for each in self.open())
            changed = False
            for each in self._journal.since(self._read_to):
                self._read_to = each.after
                if len(each.text) <= LONGEST_LINE and MARK in each.text:
                    changed = self._take(each.text) or changed
            if changed:
                self._forget()
                self.known = dict(self._kept)
            return changed

    def _take(self, text: bytes) -> bool:
        """Take a line over; return whether it says something."""
        line = read_line(text)
        if isinstance(line, ProposalLine):
            return self._add(line, len(text))
        return isinstance(line, ProposalEndLine) and self._end(line)

    def _add(self, line: ProposalLine, size: int) -> bool:
        now = self.now()
        if self._server not in (None, line.server) or line.id in self._kept or not ID.fullmatch(line.id):
            return False
        if line.at.tzinfo is None or line.expires.tzinfo is None or line.at - now > SKEW:
            return False
        user, program, host = (words_of(each, LONGEST_NAME) for each in (line.user, line.program, line.host))
        proposal = Proposal(
            line.id,
            line.at,
            min(line.expires, line.at + self.settings.limit),
            Proposer(user, program, host, line.process),
            bytes(line.document),
            words_of(line.label),
            dict(line.versions[:MOST_VERSIONS]),
        )
        name = proposal.proposer.name
        if now - line.at < DAY:
            self._made.append((min(line.at, now), name, size))
        if not proposal.is_open(now):
            proposal = replace(proposal, document=b"")
        elif self._why_full(name):
            self.left_out += 1
            return True
        else:
            self._open[name] += 1
        self._kept[line.id] = proposal
        if len(self._kept) > 2 * MOST_ENDED:
            self._forget()
        return True

    def _end(self, line: ProposalEndLine) -> bool:
        found = self._kept.get(line.id)
        if found is None or found.ending is not None or line.at.tzinfo is None:
            return False
        try:
            state = ProposalState(line.end)
        except ValueError:
            return False
        if found.is_open(self.now()):
            self._open[found.proposer.name] -= 1
        by, decision = (words_of(each, LONGEST_NAME) for each in (line.by, line.decision))
        ending = Ending(state, line.at, by, words_of(line.reason), decision, words_of(line.label))
        self._kept[line.id] = replace(found, ending=ending, document=b"")
        return True

    def _forget(self) -> None:
        """Forget the oldest of those that have ended."""
        now = self.now()
        ended = [id for id, each in self._kept.items() if not each.is_open(now)]
        for id in ended[: max(0, len(ended) - MOST_ENDED)]:
            del self._kept[id]

    # --- making and ending --------------------------------------------------------------------------

    def propose(
        self,
        document: bytes,
        proposer: Proposer,
        *,
        said: str = "",
        versions: Mapping[Ref, int] | None = None,
        stands: timedelta | None = None,
        environment: str = "",
    ) -> Proposal:
        """Write a proposal; when this returns, every open blotter of the server can see it.

        ``document`` is JSON; ``stands`` is for how long it stands.

        Raises:
            NotProposed: it is too large, stands too long, or there are too many.
            OSError: it cannot be written.
        """
        stands = self.settings.usual if stands is None else stands
        if self._server is None:
            raise NotProposed("It is not known for which server it is.")
        self._check(document, stands)
        name = words_of(proposer.name, LONGEST_NAME)
        with self._lock, self._journal.locked():
            self.look()
            now = self.now()
            if why := self._why_full(name) or self._why_too_much(name, len(document)):
                raise NotProposed(why, retry=True)
            id = new_id()
            line = ProposalLine(
                id=id,
                at=now,
                server=self._server,
                environment=environment,
                expires=now + stands,
                user=proposer.user,
                program=proposer.program,
                host=proposer.host,
                process=proposer.process,
                label=words_of(said),
                document=msgspec.Raw(document),
                versions=tuple((versions or {}).items())[:MOST_VERSIONS],
            )
            self._journal.add(line)
            self.look()
        return self._kept[id]

    def end(
        self,
        id: str,
        state: ProposalState,
        *,
        by: str = "",
        reason: str = "",
        decision: str = "",
        sent: str = "",
    ) -> Proposal:
        """End a proposal, once: of several who try, one does. Return it as it is then.

        For one that is sent ``decision`` is the id under which it will be, and ``sent`` what it is in words;
        send only after this returned.

        Raises:
            AlreadyEnded: it had ended before: nothing may be sent.
            OSError: it cannot be written: nothing may be sent.
        """
        with self._lock, self._journal.locked():
            self.look()
            found, now = self._kept.get(id), self.now()
            if found is None or not found.is_open(now):
                raise AlreadyEnded(found)
            self._journal.add(
                ProposalEndLine(
                    id=id,
                    at=now,
                    end=state.value,
                    by=by,
                    reason=words_of(reason),
                    decision=decision,
                    label=words_of(sent),
                )
            )
            self.look()
        return self._kept[id]

    def _check(self, document: bytes, stands: timedelta) -> None:
        if len(document) > LONGEST_DOCUMENT:
            raise NotProposed(
                f"The document has {len(document):,} bytes; a proposal takes {LONGEST_DOCUMENT:,}. "
                "Propose it in parts."
            )
        try:
            msgspec.json.decode(document)
        except UNREADABLE:
            raise NotProposed("The document is not JSON.") from None
        if not timedelta(0) < stands <= self.settings.limit:
            most = counted(self.settings.longest, "minute")
            raise NotProposed(f"A proposal stands for at least a second and at most {most}.")

    def _why_full(self, name: str) -> str:
        """Return why no further open proposal of a program is taken; empty when one is."""
        settings = self.settings
        if self._open[name] >= settings.per_program:
            return (
                f"{counted(self._open[name], 'proposal')} of {name} are open; one program may have "
                f"{settings.per_program:,}. Wait until some are decided, or end."
            )
        if self._open.total() >= settings.most:
            return (
                f"{counted(self._open.total(), 'proposal')} are open, as many as a desk takes. "
                "Wait until some are decided, or end."
            )
        return ""

    def _why_too_much(self, name: str, size: int) -> str:
        """Return why nothing more of a program is written today; empty when there is room."""
        since = self.now() - DAY
        while self._made and self._made[0][0] < since:
            self._made.popleft()
        of_it = sum(each for _, whose, each in self._made if whose == name) + size
        if of_it > BYTES_OF_ONE or sum(each for *_, each in self._made) + size > BYTES_A_DAY:
            return "Too much was proposed in the last 24 hours: the journal takes no more for now."
        return ""


def this_proposer(program: str = "") -> Proposer:
    """Return who proposes from this process, ``program`` as it calls itself."""
    try:
        user = getuser()
    except (OSError, KeyError):
        user = ""
    user, program, host = (words_of(each, LONGEST_NAME) for each in (user, program, socket.gethostname()))
    return Proposer(user, program, host, os.getpid())
