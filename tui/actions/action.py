"""Actions: what each declares, and the scope it acts on.

An action knows its key, its words, whether it is possible now and why not. One that writes also knows its
form and the verb it builds; one the desk carries out itself is a
:class:`~tui.screens.desk.desk_command.DeskCommand`. Screens, footer, palette, help, the README and the tests
are made from these declarations.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol

from msgspec import Struct
from msgspec.structs import replace

from tui.api.base import ResourceId
from tui.columns.steps import Steps, finish
from tui.service.denials import denial
from tui.service.ids import new_code
from tui.service.numbers import counted
from tui.service.snapshot.relations import related_of
from tui.service.snapshot.snapshot import EntityKind, Ref, Snapshot

if TYPE_CHECKING:
    from pathlib import Path

    from tui.api.requests import MarketStatus
    from tui.service.desk import Desk
    from tui.service.desk_profile import ComplianceRun
    from tui.service.environment import Environment
    from tui.service.outcomes import Report
    from tui.service.reference.ticket_facts import TicketFacts
    from tui.service.verbs import Verb
    from widgets.fields import Field, History

Group = Literal[
    "Trade", "Inspect", "Rows", "Panes", "Desk", "Time machine", "Simulated market", "Unknown outcomes"
]
Values = Mapping[str, str]
GONE: Final = "This is not on the desk any more."
NO_ROW: Final = "There is no row under the cursor."
PART: Final = 32
"""Rows in focus that are looked at between two pauses."""


def _nothing(kind: EntityKind) -> tuple[ResourceId, ...]:
    return ()


class Scope(Struct, frozen=True):
    """The subject of an action: the rows in focus, the snapshot, and the user."""

    snapshot: Snapshot
    kind: EntityKind
    ids: tuple[ResourceId, ...]
    environment: Environment
    now: datetime
    read_only: bool = False
    home: str = "demo"
    absent: Mapping[str, str] = {}
    """The endpoints this server does not have, by name, and why (T10)."""
    denied: Mapping[str, str] = {}
    """The endpoints that were refused to this user, by name, and why."""
    shown: Callable[[EntityKind], tuple[ResourceId, ...]] = _nothing
    """The rows that filter and scope let through in a pane, in their order."""
    market: MarketStatus | None = None
    """The simulated market, None where the server has none."""
    unknown: int = 0
    """The number of rows whose outcome nobody knows."""
    underway: int = 0
    """The number of decisions that are being sent in several calls."""
    selected: bool = False
    """Whether the rows in focus were selected; else they are the one under the cursor."""
    cursor: ResourceId | None = None
    """The row under the cursor."""
    filter: str = ""
    """The filter of the rows shown."""
    unread: int = 0
    """The number of open decisions that this version of the program cannot read back."""
    unreachable: str = ""
    """Why nothing can be sent now, and what to do; empty when it can."""
    foretold: Mapping[str, str] = {}
    """The endpoints that the access service denies this user, by name, and why."""
    insisted: Collection[str] = ()
    """The endpoints that the user wants to try although they are denied."""
    user: str = ""
    """Who is signed on, as the server's versions call them; empty when that is not known."""
    compliance_run: ComplianceRun | None = None
    """How compliance is run here, None where the profile does not say."""
    pinned: frozenset[Ref] = frozenset()
    """The rows that are pinned."""
    order_lines: History | None = None
    """The order lines of this session, to type them again."""
    facts: TicketFacts | None = None
    """What is known beside the rows, such as holdings; None before there is a desk."""
    zone: tzinfo = UTC
    """The zone of the desk, whose day a new id names."""
    proposed: str = ""
    """Who proposed what is being asked, as a sentence; empty where no program did."""

    def at(self, snapshot: Snapshot) -> Scope:
        """Return the same scope on the desk as it is by now."""
        return replace(self, snapshot=snapshot)

    def new_id(self, kind: EntityKind, scope: str) -> ResourceId:
        """Return the id of a new row, in ``scope``; one that the desk knows already is drawn again."""
        day = self.now.astimezone(self.zone).date()
        while True:
            id = ResourceId(scope, new_code(kind.singular[0].upper(), day))
            if Ref(kind, id) not in self.snapshot:
                return id

    @property
    def rows(self) -> tuple[Any, ...]:
        """The entities in focus, in the order shown; rows that are gone are left out."""
        rows = self.snapshot.rows(self.kind)
        return tuple(rows[id] for id in self.ids if id in rows)

    @property
    def is_gone(self) -> bool:
        """Whether rows were in focus, and none of them is on the desk any more."""
        rows = self.snapshot.rows(self.kind)
        return bool(self.ids) and not any(id in rows for id in self.ids)

    def orders(self) -> tuple[ResourceId, ...]:
        """The orders in focus, or those of the focused rows."""
        return self._follow(EntityKind.ORDERS)

    def blocks(self) -> tuple[ResourceId, ...]:
        """The blocks in focus, or those of the focused rows."""
        return self._follow(EntityKind.BLOCKS)

    def placements(self) -> tuple[ResourceId, ...]:
        """The placements in focus, or those of the focused rows."""
        return self._follow(EntityKind.PLACEMENTS)

    def allocations(self) -> tuple[ResourceId, ...]:
        """The allocations in focus, or those of the focused rows."""
        return self._follow(EntityKind.ALLOCATIONS)

    def parts(self) -> Iterator[Scope]:
        """Yield the scope in parts of a few rows; no part of several rows is a single one."""
        count = max(1, len(self.ids) // PART)
        ends = [len(self.ids) * number // count for number in range(count + 1)]
        if count == 1:
            yield self
        else:
            yield from (replace(self, ids=self.ids[start:end]) for start, end in pairwise(ends))

    def _follow(self, kind: EntityKind) -> tuple[ResourceId, ...]:
        if self.kind is kind:
            rows = self.snapshot.rows(kind)
            return tuple(id for id in self.ids if id in rows)
        found = (id for own in self.ids for id in related_of(self.snapshot, Ref(self.kind, own), kind))
        return tuple(dict.fromkeys(found))


WARNING: Final = "! "
"""Begins a line of what a form says of itself that is a warning."""


class Form(Struct, frozen=True):
    """The questions to ask before a verb can be built.

    ``check`` returns sentences about the values taken together; ``live`` returns what the values mean in full
    words, with quantity and notional, while they are typed; its lines that begin with :data:`WARNING` are
    warnings.
    """

    title: str
    fields: tuple[Field, ...]
    intro: str = ""
    check: Callable[[Values], Sequence[str]] | None = None
    live: Callable[[Values], str] | None = None


def always(scope: Scope) -> str | None:
    """Return None: the action is always possible."""
    return None


class Action(Struct, frozen=True):
    """One thing a key can do.

    An action without a ``key`` is found by name, in the palette and in the help, until the reader gives
    it one. ``disabled_reason`` returns why it is impossible now, as a sentence, or None. ``endpoints`` are
    those it sends to, by name: where the server has none of them, the action is not possible; ``by_kind`` is
    the one for rows of a kind. What ``lowers_risk`` is tried at once although the access service denies it.
    """

    id: str
    key: str
    label: str
    help: str
    group: Group = "Trade"
    disabled_reason: Callable[[Scope], str | None] = always
    footer: bool = False
    aliases: tuple[str, ...] = ()
    endpoints: tuple[str, ...] = ()
    by_kind: tuple[tuple[EntityKind, str], ...] = ()
    lowers_risk: bool = False

    def keys(self, own: Mapping[str, str]) -> tuple[str, ...]:
        """Return its keys: the reader's ``own`` ones, else the default ones."""
        chosen = own.get(self.id)
        if chosen:
            return tuple(chosen.split(","))
        return tuple(filter(None, (self.key, *self.aliases)))

    def refusal(self, scope: Scope) -> str | None:
        """Return why it is not possible now, or None when it is."""
        return finish(self.refusal_in_steps(scope))

    def refusal_in_steps(self, scope: Scope) -> Steps[str | None]:
        """Return why it is not possible now, after looking at a part of the rows at a time."""
        reason = self.forbidden(scope)
        if reason:
            return reason
        for number, part in enumerate(self.parts(scope)):
            if number:
                yield
            reason = self.disabled_reason(part)
            if reason is None:
                return None
        return GONE if reason and scope.is_gone else reason

    def parts(self, scope: Scope) -> Iterable[Scope]:
        """Return parts of ``scope``: what is possible with one of them is possible with the whole."""
        return (scope,)

    def endpoints_for(self, scope: Scope) -> tuple[str, ...]:
        """Return the endpoints it sends to for the rows in focus, by name."""
        return tuple(name for kind, name in self.by_kind if kind is scope.kind) or self.endpoints

    def foretold(self, scope: Scope) -> str:
        """Return what the access service says when it denies all endpoints; empty when it does not."""
        endpoints = self.endpoints_for(scope)
        why = [scope.foretold[name] for name in endpoints if name in scope.foretold]
        return denial(why[0]) if why and len(why) == len(endpoints) else ""

    def doubt(self, scope: Scope) -> str:
        """Return that it is denied, and how to try it all the same; empty when somebody insisted on it."""
        denied = "" if self.lowers_risk else self.foretold(scope)
        insisted = all(name in scope.insisted for name in self.endpoints_for(scope))
        return f"{denied}. Choose it again to try all the same." if denied and not insisted else ""

    def forbidden(self, scope: Scope) -> str | None:
        """Return why this desk, server or user cannot do it, whatever the rows; None when they can."""
        endpoints = self.endpoints_for(scope)
        denied = [scope.denied[name] for name in endpoints if name in scope.denied]
        if denied and len(denied) == len(endpoints):
            return f"You may not do this here: {denied[0].rstrip('.')}. After a refresh it is tried again."
        if doubt := self.doubt(scope):
            return doubt
        missing = [scope.absent[name] for name in self.endpoints if name in scope.absent]
        if missing and len(missing) == len(self.endpoints):
            return f"This server does not offer it: {missing[0].rstrip('.')}."
        return None


class Answer(Struct, frozen=True):
    """One of the answers to a question: its words, and how much it is about; ``possible`` if that is any."""

    id: str
    label: str
    count: str
    possible: bool = True


class Question(Struct, frozen=True):
    """One question with a few answers; ``nothing`` is said in its place when no answer is possible."""

    title: str
    answers: tuple[Answer, ...]
    nothing: str
    warning: str = ""


class Sought(Struct, frozen=True):
    """An instrument that the desk does not know, as it was typed, and the scopes to look for it in.

    ``otherwise`` is what to ask where it stays unknown, as a sentence; empty when nothing depends on it.
    """

    typed: str
    scopes: tuple[str, ...] = ()
    otherwise: str = ""


class Ready(Protocol):
    """What was found out before a verb is shown: it is made there, and told of afterwards."""

    @property
    def question(self) -> str:
        """What is still to be asked, as a sentence; empty when it can be shown."""
        ...

    @property
    def left_out(self) -> str:
        """What is left out of it, as a sentence."""
        ...

    @property
    def verb(self) -> Verb:
        """What is to be confirmed."""
        ...

    @property
    def sentences(self) -> Sequence[str]:
        """All that is to be asked, a sentence each, for whoever can read them all."""
        ...

    @property
    def body(self) -> Mapping[str, Any]:
        """What was found out, for programs."""
        ...

    def told(self, report: Report | None, folder: Path) -> str:
        """Write down what became of it, and return a sentence that says where."""
        ...


class FormAndVerb(Struct, frozen=True):
    """The form of an action that writes, and the verb made of its answers.

    ``sought`` returns the instrument that has to be looked up before the verb can be made. ``ahead`` finds
    out what takes longer, such as what is in a file; the verb is the one it makes.

    An action without a ``form`` asks nothing, or one ``question``, whose answer is the value of ``answer``.
    """

    verb: Callable[[Scope, Values], Verb]
    form: Callable[[Scope], Form] | None = None
    question: Callable[[Scope], Question] | None = None
    sought: Callable[[Scope, Values], Sought | None] | None = None
    ahead: Callable[[Scope, Values, Desk], Awaitable[Ready]] | None = None


class LeftOut(Struct, frozen=True):
    """The rows that an action does not act on, each with why; ``among`` counts the rows it could act on."""

    kind: EntityKind = EntityKind.ORDERS
    among: int = 0
    reasons: tuple[tuple[ResourceId, str], ...] = ()

    def sentence(self) -> str:
        """Return how many of the rows are left out, and why: ``1 of 3 blocks is fully placed``."""
        of = f"of {counted(self.among, self.kind.singular)}"
        counts = Counter(reason for _, reason in self.reasons)
        parts = [
            f"{count:,} {'' if at else f'{of} '}{'is' if count == 1 else 'are'} {reason}"
            for at, (reason, count) in enumerate(counts.items())
        ]
        return f"Left out: {', '.join(parts)}." if parts else ""


class WriteAction(Action, frozen=True, kw_only=True):
    """An action that changes something on the server.

    ``load`` loads its form and its verb, which no start needs, and returns them. ``leaves_out`` returns which
    of the rows in focus it does not act on.
    """

    load: Callable[[], FormAndVerb]
    leaves_out: Callable[[Scope], LeftOut] = lambda scope: LeftOut()

    def left_out(self, scope: Scope) -> str:
        """Return which of the rows in focus it does not act on, as a sentence; empty when it acts on all."""
        return self.leaves_out(scope).sentence()

    def intro(self, scope: Scope, form: Form, left_out: str) -> str:
        """Return what stands above the fields of its form: a denial, what is left out, its own words."""
        denied = self.foretold(scope)
        denied = f"{denied}. It is tried all the same." if denied else ""
        said = (scope.proposed, denied, left_out, form.intro)
        return "\n".join(filter(None, said))

    def parts(self, scope: Scope) -> Iterable[Scope]:
        return scope.parts()

    def forbidden(self, scope: Scope) -> str | None:
        if scope.read_only:
            return "This desk is read-only: nothing can be written from it."
        if scope.snapshot.as_at is not None:
            return "You are looking at the past: go back to now before you change anything."
        return super().forbidden(scope)


def only(kinds: Iterable[EntityKind], otherwise: str) -> Callable[[Scope], str | None]:
    """Return a reason for rows that are not of ``kinds``: the sentence ``otherwise``."""
    allowed = frozenset(kinds)

    def reason(scope: Scope) -> str | None:
        if scope.kind not in allowed:
            return otherwise
        return None if scope.ids else NO_ROW

    return reason


def first_reason(*reasons: Callable[[Scope], str | None]) -> Callable[[Scope], str | None]:
    """Return the first reason that any of ``reasons`` has."""

    def disabled_reason(scope: Scope) -> str | None:
        told: Iterator[str | None] = (reason(scope) for reason in reasons)
        return next((reason for reason in told if reason), None)

    return disabled_reason
