"""The base of the verbs: what one asks for, how it is sent, and how its outcome is read back.

A verb is a frozen value: built by a form, shown by the preview, sent once, written to the journal. It
knows the rules of its endpoint (how many items a call takes, whether a refusal concerns one item or
all); the desk decides when to send it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar, Final, Self

from msgspec import Struct
from msgspec.structs import replace

from tui.api.base import ErrorDetail, ResourceId
from tui.api.client import Client
from tui.api.errors import ApiError, NoAnswer, NotSent, Refused, item_failure
from tui.api.http_request import Request
from tui.api.operation import Operation
from tui.api.requests import KeyedReply
from tui.service.numbers import counted
from tui.service.outcomes import Outcome, Report, Status
from tui.service.snapshot.snapshot import EntityKind, Ref, Snapshot
from tui.service.verbs.advice import advice_for
from tui.service.verbs.preview_line import Caution, PreviewLine
from tui.service.verbs.verdicts import Verdict, Versions


class Tier(StrEnum):
    """The confirmation that a write needs (conventions, section 2)."""

    T1 = "T1"
    T2 = "T2"
    T3 = "T3"
    HARD = "HARD"


class InFlightMark(StrEnum):
    """The intent a row shows while a write on it is in flight."""

    CANCEL = "6?"
    AMEND = "E?"
    NEW = "A?"


class ItemisedReply(Struct, frozen=True):
    """A successful call: per key sent the entity it became, and the items it refused.

    ``notes`` add per key what the entity does not say: the transaction an allocation became, the children
    cancelled with a placement.
    """

    values: Mapping[str, Any]
    failed: Mapping[str, ErrorDetail] = {}
    notes: Mapping[str, str] = {}


_FAILED: Final = {NoAnswer: Status.UNKNOWN, NotSent: Status.NOT_SENT}
"""The status of the items of a call that failed as a whole; refused, when it failed in any other way."""
UNMENTIONED: Final = "The server's answer does not mention it."


class Verb(Struct, frozen=True):
    """A write the user decided on. Subclasses are frozen structs; the journal writes them as they are."""

    operation: ClassVar[Operation[Any, Any]]
    """The operation of the API that carries it out."""
    title: ClassVar[str]
    """The imperative, such as ``Cancel``."""
    past: ClassVar[str]
    """The participle, such as ``cancelled``."""
    kind: ClassVar[EntityKind]
    """The kind of its items."""
    noun: ClassVar[str] = ""
    """The user's word for an item, where that is not the kind's: a block is placed."""
    mark: ClassVar[InFlightMark] = InFlightMark.AMEND
    listed: ClassVar[str]
    """The field that holds the items."""
    needs_rows: ClassVar[bool] = True
    """Whether what it says is computed from rows the desk has, which may be missing."""
    base_tier: ClassVar[Tier] = Tier.T2
    repeatable: ClassVar[bool] = True
    """Whether doing it twice equals doing it once, because we name the ids or the state asked for."""

    rehearsed: ClassVar[bool] = True
    """Whether a sandbox can show what comes of it."""

    @property
    def emergency(self) -> bool:
        """Whether nothing may hold it up but a person, or not being signed on.

        It has no limit of items, is confirmed by their count, goes on after a failed call, and waits neither
        for the outcome of other writes nor for a journal on a full disk.
        """
        return False

    @property
    def of_basket(self) -> bool:
        """Whether somebody wrote every item of it down: a basket has limits of its own."""
        return False

    @property
    def name(self) -> str:
        """The operation's own name, such as ``cancelorders``: the journal finds the verb by it."""
        return self.operation.short_path

    @property
    def _listed(self) -> tuple[Any, ...]:
        """The items, in the order asked."""
        items: tuple[Any, ...] = getattr(self, self.listed)
        return items

    def _id_of(self, item: Any) -> ResourceId:
        """Return the id of the row an item is about: the item itself, or its ``id``."""
        id: ResourceId = getattr(item, "id", item)
        return id

    @property
    def refs(self) -> tuple[Ref, ...]:
        """The rows it is about, in the order asked; one outcome each."""
        return tuple(Ref(self.kind, self._id_of(item)) for item in self._listed)

    def subject(self, ref: Ref) -> Ref:
        """Return the row of the desk that an item is about: the item itself, where it is not new."""
        return ref

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys under which the items are sent and answered, beside :attr:`refs`."""
        return tuple(str(ref.id) for ref in self.refs)

    @property
    def count(self) -> int:
        """The number of items."""
        return len(self.refs)

    @property
    def label(self) -> str:
        """The request as a short sentence head: ``Cancel 3 orders``."""
        return f"{self.title} {counted(self.count, self.noun or self.kind.singular)}"

    @property
    def label_of_one(self) -> str:
        """The request as the head of a sentence about a single item: ``Cancel order``."""
        return f"{self.title} {self.noun or self.kind.singular}"

    def split(self) -> tuple[Self, ...]:
        """Return the same decision split into calls the server accepts, in order."""
        size, most = len(self._listed), self.operation.limit
        if size <= most:
            return (self,)
        return tuple(self._part(start, start + most) for start in range(0, size, most))

    def _part(self, start: int, end: int) -> Self:
        return replace(self, **{self.listed: self._listed[start:end]})

    @property
    def overwritten(self) -> Mapping[Ref, Any]:
        """The rows it states anew in full, as they were when it was made.

        What others changed of them meanwhile would be undone, so such an item is not sent.
        """
        return {}

    def renewed(self, snapshot: Snapshot) -> Self:
        """Return the same changes, asked of the rows as they are now: it matters for :attr:`overwritten`."""
        return self

    def after(self, calls: Iterable[Verb]) -> Self:
        """Return what of the decision none of its ``calls`` asked for, an item as often as it stands."""
        asked = Counter(ref for call in calls for ref in call.refs)
        left = []
        for item in self._listed:
            refs = replace(self, **{self.listed: (item,)}).refs
            if all(asked[ref] for ref in refs):
                asked.subtract(refs)
            else:
                left.append(item)
        return replace(self, **{self.listed: tuple(left)})

    def of_calls(self, calls: Iterable[Verb]) -> Self:
        """Return the same decision for what these ``calls`` of it ask for, and nothing else."""
        return replace(self, **{self.listed: tuple(item for call in calls for item in call._listed)})

    def build(self, client: Client, key: str | None = None) -> Request[Any]:
        """Return the request of one call, as it will be sent under the idempotency key ``key``.

        Raises:
            NotSent: the server cannot do it, or it cannot be written exactly.
        """
        raise NotImplementedError

    def build_again(self, client: Client, key: str | None, refusal: Refused) -> Request[Any] | None:
        """Return the same call in another form after a refusal of its form; None when there is no other."""
        return None

    def read(self, reply: Any, request: Request[Any]) -> ItemisedReply:
        """Return the outcome of each item from the reply to ``request``."""
        raise NotImplementedError

    def only(self, refs: Collection[Ref]) -> Self:
        """Return the same decision for some of its items only, with their ids."""
        items = zip(self._listed, self.refs, strict=True)
        kept = tuple(item for item, ref in items if ref in refs)
        return replace(self, **{self.listed: kept})

    def outcomes(self, answer: ItemisedReply) -> tuple[Outcome, ...]:
        """Return the outcome of each item of an answered call; items it does not mention are unknown."""
        pairs = zip(self.refs, self.keys, strict=True)
        return tuple(_outcome(ref, key, answer) for ref, key in pairs)

    def failed(self, error: ApiError) -> tuple[Outcome, ...]:
        """Return the outcome of each item when the whole call failed with ``error``."""
        status = next((each for kind, each in _FAILED.items() if isinstance(error, kind)), Status.REFUSED)
        type_ = (error.problem.name or "") if isinstance(error, Refused) else type(error).__name__
        advice = advice_for(type_) or error.advice
        return self.all(status, reason=error.why, type=type_, advice=advice)

    def all(self, status: Status, *, reason: str, type: str, advice: str = "") -> tuple[Outcome, ...]:
        """Return one and the same outcome for every item."""
        return tuple(Outcome(ref, status, reason=reason, type=type, advice=advice) for ref in self.refs)

    def report(
        self, outcomes: Iterable[Outcome], started: datetime, finished: datetime, request_id: str = ""
    ) -> Report:
        """Return the report of this decision."""
        return Report(self.name, self.label, tuple(outcomes), started, finished, request_id, self.past)

    def touched(self, snapshot: Snapshot) -> frozenset[Ref]:
        """Return the rows to read again after it: its items and whatever they change."""
        return frozenset(self.refs)

    def marks(self, snapshot: Snapshot) -> Mapping[Ref, str]:
        """Return the rows that show the intent while it is in flight, and the code they show."""
        return dict.fromkeys(self.refs, self.mark.value)

    def judge(self, ref: Ref, before: Versions, after: Snapshot) -> Verdict:
        """Judge by the rows as read now whether an item of unknown outcome was done.

        ``before`` are the versions of the :meth:`touched` rows when it was sent.
        """
        raise NotImplementedError

    async def find_out(self, client: Client, asked: datetime, now: Snapshot) -> Mapping[Ref, Outcome]:
        """Return what the server itself says of items of unknown outcome, beside the rows; often nothing.

        ``asked`` is when it was sent, by this machine's clock; ``now`` the desk as it was read since.
        """
        return {}

    def after_reading(self, outcome: Outcome, after: Snapshot) -> Outcome:
        """Return an outcome with what the rows read since have to add to it."""
        return outcome

    def became(self, ref: Ref, after: Snapshot) -> str:
        """Return what a done item became, as far as reading back shows; empty when that is all."""
        return ""

    def tier(self, snapshot: Snapshot) -> Tier:
        """Return the confirmation it needs before limits and environment are considered."""
        return self.base_tier

    def lines(self, snapshot: Snapshot) -> tuple[PreviewLine, ...]:
        """Return what the preview counts: one line per item whose row is known."""
        return ()

    def weighed(self, lines: tuple[PreviewLine, ...]) -> tuple[PreviewLine, ...]:
        """Return its lines as limits of size see them: what is one trade in several parts is one line."""
        return lines

    def effects(self, snapshot: Snapshot) -> tuple[str, ...]:
        """Return what will be different afterwards, as far as the desk knows."""
        return ()

    def cautions(self, snapshot: Snapshot) -> tuple[Caution, ...]:
        """Return what the server will probably refuse."""
        return ()

    def _on_desk(self, snapshot: Snapshot) -> Iterator[tuple[Any, Any]]:
        """Yield the items whose rows the desk has, each with its row."""
        for item, ref in zip(self._listed, self.refs, strict=True):
            if ref in snapshot:
                yield item, snapshot.row(ref)


class KeyedVerb(Verb, frozen=True):
    """A write whose items are sent and answered by key, each done or refused for itself.

    The keys are positions, so that they are unique also for an id that stands twice.
    """

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(map(str, range(1, len(self._listed) + 1)))

    def _keyed(self) -> dict[str, Any]:
        """Return the items by key."""
        return dict(zip(self.keys, self._listed, strict=True))

    def build(self, client: Client, key: str | None = None) -> Request[Any]:
        return client.build(self.operation, self._keyed(), key=key)

    def read(self, reply: KeyedReply[Any], request: Request[Any]) -> ItemisedReply:
        values = reply.values or {}
        return ItemisedReply(
            {key: self._entity(value) for key, value in values.items()},
            reply.failed or {},
            {key: self._note(value) for key, value in values.items()},
        )

    def _entity(self, value: Any) -> Any:
        """Return the entity in the answer to one item."""
        return value

    def _note(self, value: Any) -> str:
        """Return what the answer to one item says beside its entity."""
        return ""


def _outcome(ref: Ref, key: str, answer: ItemisedReply) -> Outcome:
    failure = item_failure(answer.failed, key, ref.id)
    if failure is not None:
        type_ = failure.type or ""
        reason = failure.detail or type_ or "The server gave no reason."
        return Outcome(ref, Status.REFUSED, reason=reason, type=type_, advice=advice_for(type_))
    for name in (key, ref.id.failed_key):
        if name in answer.values:
            return Outcome(ref, Status.DONE, entity=answer.values[name], note=answer.notes.get(name, ""))
    return Outcome(ref, Status.UNKNOWN, reason=UNMENTIONED)


def by_id(entities: Iterable[Any]) -> dict[str, Any]:
    """Return entities by the text of their id, the keys of an atomic call."""
    return {str(entity.id): entity for entity in entities}
