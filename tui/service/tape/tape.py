"""The tape: the newest of what happened, kept up by what differs from snapshot to snapshot.

What happens is told as it comes, the fills of one placement in one line. What happened while nobody could
see it (before the start, while the server could not be reached, while the screen was frozen or the machine
asleep) is counted and told in one line, never replayed. The tape keeps a bounded number of lines.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator, Hashable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import count, islice
from typing import Final, Literal

from msgspec import Struct

from tui.api.base import ZERO
from tui.config.tape_settings import TapeSettings
from tui.service.environment import Health, State, Update
from tui.service.outcomes import Report
from tui.service.snapshot.snapshot import Ref, Snapshot
from tui.service.tape.news_finder import Happening, NewsFinder

__all__ = ["Tape", "TapeEntry", "TapeSettings"]

# The kinds of news and their words are loaded when there is first something to tell: a start needs neither.

MOST_KEPT: Final = 1_000
"""The lines that are kept; the oldest go first."""
MOST_TOLD: Final = 30
"""The lines of one kind that one update tells; more are told by their number."""
MOST_LOOKED_AT: Final = 2_000
"""The most rows of one update that are looked at one by one; of more, the whole desk is counted in steps."""
SAID_LATELY: Final = 5
"""The lines among which a message is looked for before it is kept as another one."""
BREAK: Final = timedelta(minutes=2)
"""A time without a read after which what is read then is told as what happened meanwhile."""

Severity = Literal["information", "warning", "error"]


class TapeEntry(Struct):
    """One line of the tape: when, of what kind, in words, in which colour, and the row it is about.

    Lines that are ``noted`` are messages of the program to its user: the list of activities has them, the
    line above the keys has not. ``since`` is when a break began that the line tells about.
    """

    at: datetime
    kind: str
    text: str
    role: str = ""
    ref: Ref | None = None
    noted: bool = False
    since: datetime | None = None
    count: int = 1
    quantity: Decimal = ZERO
    money: Decimal | None = ZERO
    serial: int = 0

    def words(self, clock: Callable[[datetime], str]) -> str:
        """Return what the line says, without when; ``clock`` writes a time."""
        if self.since is not None:
            return f"While away since {clock(self.since)}: {self.text}"
        return f"{self.text} (x{self.count})" if self.noted and self.count > 1 else self.text


class Tape:
    """What happened, oldest first.

    Args:
        settings: which kinds are told, and which ring.
        now: this machine's clock, aware UTC.
        since: when this user was here last; None when that is not known.
    """

    def __init__(
        self,
        settings: TapeSettings,
        now: Callable[[], datetime],
        since: datetime | None = None,
    ) -> None:
        self._settings = settings
        self._now = now
        self._lines: dict[Hashable, TapeEntry] = {}
        self._serial = count(1)
        self._away: Counter[str] = Counter()
        self._away_since: datetime | None = since
        self._break = 0
        """The number of the last break: no line goes on across one."""
        self._frozen = self._unreachable = self._catching_up = False
        self._read_at: datetime | None = None
        self._due: datetime | None = since
        self._counting_due = True
        self._finder = NewsFinder(settings)
        self.changes = 0
        """Grows with every change of what :attr:`entries` has."""

    @property
    def entries(self) -> Sequence[TapeEntry]:
        """All lines, oldest first."""
        return tuple(self._lines.values())

    def latest(self, most: int) -> Sequence[TapeEntry]:
        """Return the newest lines that are no mere messages, oldest first."""
        found: list[TapeEntry] = []
        for entry in reversed(self._lines.values()):
            if not entry.noted:
                found.append(entry)
                if len(found) == most:
                    break
        return found[::-1]

    # --- what is told --------------------------------------------------------------------------

    def note(self, text: str, severity: Severity = "information") -> None:
        """Keep a message to the user; what the tape says already, or said last, is not said twice."""
        for key in islice(reversed(self._lines), SAID_LATELY):
            entry = self._lines[key]
            if entry.text == text:
                entry.count += entry.noted
                entry.at = self._now()
                self._put(key, entry)
                return
        role = {"information": "", "warning": "attention", "error": "bad"}[severity]
        self._put(next(self._serial), TapeEntry(self._now(), "notices", text, role, noted=True))

    def hear(
        self, update: Update, health: Health, in_flight: Mapping[Ref, str], user: str
    ) -> Sequence[TapeEntry]:
        """Take in an update; return the lines that may ring.

        ``in_flight`` are the rows that the user's own writes are about: their reports tell of them. ``user``
        is who is signed on, whose name needs no mention.
        """
        for report in (*((update.report,) if update.report else ()), *update.found):
            self._tell_report(report)
        self.watch(health)
        old, new = update.old, update.new
        if new.as_at is not None and old.as_at is None:
            self._due = self._finder.newest or self._now()
        if old is new or new.as_at is not None or not new.complete:
            return ()
        if old.as_at is not None or not old.complete:
            self._counting_due = True
        elif self._counting_due:
            pass  # these are counted with the others
        elif update.touched > MOST_LOOKED_AT:
            self._counting_due, self._due = True, self._finder.newest
            self._away_since = self._away_since or self._finder.newest
        else:
            found = list(self._finder.found(update, in_flight))
            if self.is_break:
                self._away.update(each.kind.id for each in found)
                if not self._frozen:
                    self._tell_away()
                return self._to_ring_for(found) if self._frozen else ()
            return self._tell(new, found, user)
        return ()

    def watch(self, health: Health) -> None:
        """Notice breaks: that the server could not be reached, or that nothing was read for long.

        It is meant to be called more often than the desk is read, for no update tells of a read without news.
        """
        unreachable = health.state in (State.OFFLINE, State.UNAUTHENTICATED) and self._read_at is not None
        if unreachable and not self._unreachable:
            self._begin_break()
        if health.read_at != self._read_at and health.read_at is not None:
            gap = health.read_at - self._read_at if self._read_at else timedelta()
            if gap > BREAK and not (self._unreachable or self._frozen):
                self._begin_break()
            elif not self._frozen and not unreachable and gap <= BREAK:
                self._away.clear()
            self._catching_up = gap > BREAK
            self._read_at = health.read_at
        self._unreachable = unreachable

    @property
    def is_break(self) -> bool:
        """Return whether what is heard now happened while nobody could see it."""
        return self._frozen or self._unreachable or self._catching_up

    def freeze(self, frozen: bool) -> None:
        """Count what happens from now on, or tell what was counted and go on telling."""
        if frozen and not self._frozen:
            self._begin_break()
        elif self._frozen and not frozen:
            self._tell_away()
            self._away.clear()
        self._frozen = frozen

    def _begin_break(self) -> None:
        self._break += 1
        self._away.clear()
        self._away_since = self._read_at or self._now()

    def _tell_away(self) -> None:
        """Tell in one line what was counted in the last break."""
        from tui.service.tape.tape_words import counts_in_words

        if said := counts_in_words(self._away):
            role = "bad" if self._away.keys() & {"rejects", "busts", "breaches"} else "attention"
            entry = TapeEntry(self._now(), "away", said, role, since=self._away_since)
            self._put(("away", self._break), entry)

    def _tell_report(self, report: Report) -> None:
        """Tell what came of a decision of the user."""
        if self._settings.loudness("outcomes") == "off" or not report.outcomes:
            return
        well = len(report.done) == len(report.outcomes)
        ref = (*report.refused, *report.unknown, *report.outcomes)[0].ref
        entry = TapeEntry(self._now(), "outcomes", report.sentence(), "good" if well else "bad", ref)
        self._put(next(self._serial), entry)

    def _tell(self, snapshot: Snapshot, found: Sequence[Happening], user: str) -> Sequence[TapeEntry]:
        """Tell news, each kind in as many lines as can be read; return the lines that may ring."""
        from tui.service.tape.tape_words import counts_in_words

        ringing: dict[int, TapeEntry] = {}
        for kind in {each.kind.id: each.kind for each in found}.values():
            news = [each for each in found if each.kind is kind]
            news.sort(key=lambda each: each.at or self._now())
            if len({self._key(each) for each in news}) > MOST_TOLD:
                said = f"At once: {counts_in_words({kind.id: len(news)})}"
                entry = TapeEntry(self._now(), kind.id, said, kind.role)
                self._put(next(self._serial), entry)
                told = [(each, entry) for each in news]
            else:
                told = [(each, self._tell_one(snapshot, each, user)) for each in news]
            ringing |= {id(entry): entry for each, entry in told if each.loudness == "on"}
        return tuple(ringing.values())

    def _key(self, each: Happening) -> Hashable:
        """Return what the line of a piece of news is kept by: fills of one placement are one line."""
        if each.kind.id == "fills":
            return ("fills", each.row.placement_id, self._break)
        return (each.kind.id, each.ref, each.at)

    def _tell_one(self, snapshot: Snapshot, each: Happening, user: str) -> TapeEntry:
        from tui.service.tape.news_kinds import changed_by
        from tui.service.tape.tape_words import fills_in_a_sentence, in_a_sentence, placement_of

        key, at = self._key(each), each.at or self._now()
        if each.kind.id == "fills":
            entry = self._lines.pop(key, None) or TapeEntry(at, "fills", "", each.kind.role, count=0)
            fill = each.row
            entry.at, entry.ref = at, placement_of(snapshot, fill)
            entry.count += 1
            entry.quantity += fill.quantity
            entry.money = _added(entry.money, fill.quantity, fill.price.amount)
            entry.text = fills_in_a_sentence(snapshot, fill, entry.count, entry.quantity, entry.money)
        else:
            who = changed_by(each.row)
            by = who if each.kind.id == "cancels" and who != user else ""
            said = in_a_sentence(each.kind, snapshot, each.ref, by=by)
            entry = TapeEntry(at, each.kind.id, said, each.kind.role, each.ref)
            if each.kind.id == "busts":
                self._lines_end(each.row.placement_id)
        self._put(key, entry)
        return entry

    def _lines_end(self, placement: Hashable) -> None:
        """Let the next fill of a placement begin a line: what the old one adds up to holds no more."""
        key = ("fills", placement, self._break)
        if key in self._lines:
            lines = {
                (next(self._serial) if each == key else each): entry for each, entry in self._lines.items()
            }
            self._lines = lines

    def _put(self, key: Hashable, entry: TapeEntry) -> None:
        """Keep a line as the newest."""
        former = self._lines.pop(key, None)
        self._lines[key] = entry
        entry.serial = entry.serial or (former.serial if former else next(self._serial))
        while len(self._lines) > MOST_KEPT:
            del self._lines[next(iter(self._lines))]
        self.changes += 1

    def _to_ring_for(self, found: Iterable[Happening]) -> Sequence[TapeEntry]:
        """Return a line that is not kept, of what is heard while the screen is frozen and may ring."""
        from tui.service.tape.tape_words import counts_in_words

        said = counts_in_words(Counter(each.kind.id for each in found if each.loudness == "on"))
        return (TapeEntry(self._now(), "away", said),) if said else ()

    # --- what was before -----------------------------------------------------------------------

    def counts_due(self, snapshot: Snapshot) -> bool:
        """Return whether the rows have to be counted of which no update tells, and can be."""
        return self._counting_due and snapshot.complete and snapshot.as_at is None

    def count(self, snapshot: Snapshot) -> Generator[None, None, None]:
        """Count in steps what happened since the user was here last, and tell it in one line."""
        since, self._counting_due = self._due, False
        counts = yield from self._finder.count(snapshot, since)
        if counts:
            self._break += 1
            self._away = counts
            self._away_since = since
            self._tell_away()
            self._away = Counter()
        self._due = None


def _added(money: Decimal | None, quantity: Decimal, price: Decimal | None) -> Decimal | None:
    """Return what some fills come to with one more; None where a price is not known."""
    return None if money is None or price is None else money + quantity * price
