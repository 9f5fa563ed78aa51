"""Fill an empty desk: play every story by the clock, through the server's own commands.

The morning is divided into slots. Requests that one user makes in one slot go to the server as one call, as a
basket would. Bigger desks have longer slots, hence fewer and larger calls.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from random import Random
from typing import Any, Final, Literal

from tui.api.base import ErrorDetail
from tui.api.operation import MAX_ITEMS
from tui.api.requests import (
    AllocationSetRequest,
    BlockAndOrdersCreateRequest,
    BlockSetRequest,
    BookTransactionsRequest,
    ExecutionSetRequest,
    MoveOrdersToDifferentBlocksRequest,
    OrderSetRequest,
    PlaceBlocksRequest,
    PlacementSetRequest,
    SweepBlocksRequest,
)
from tui.oms.demo import roster
from tui.oms.demo.compliance_facts import compliance_book
from tui.oms.demo.random_situations import random_situation
from tui.oms.demo.situations import OPENING, SITUATIONS
from tui.oms.demo.story import CommandName, DemoStep, IdSequence, Situation, Story
from tui.oms.demo.universe import instruments
from tui.oms.domain.refusals import Refusal
from tui.oms.domain.times import from_micros
from tui.oms.domain.unit_of_work import Command
from tui.oms.engine import commands
from tui.oms.engine.commands import AllocationCommand, BookingCommand, RunCommand, WeightedAllocationCommand
from tui.oms.engine.engine import Engine
from tui.oms.rules import compliance_rules

Size = Literal["demo", "busy", "stress"]
BLOCK_COUNTS: Final[Mapping[Size, int]] = {"demo": 40, "busy": 1_000, "stress": 20_000}
SLOT_COUNTS: Final[Mapping[Size, int]] = {"demo": 120, "busy": 60, "stress": 40}
MORNING: Final = timedelta(hours=4)
MIN_MORNING: Final = timedelta(hours=1)
MILLISECOND: Final = timedelta(milliseconds=1)
PARTS: Final = 120_000
"""The times at which a step may be in its slot: as many in a short morning, so that no draw differs."""


Tell = Callable[[int], None]
"""Hears how much of the demo data is made, in per cent, each time it is more; in the thread that makes it."""


def seed(
    engine: Engine, *, size: Size, seed: int = 7, start: datetime, tell: Tell = lambda per_cent: None
) -> None:
    """Fill an empty desk with a morning that ends at ``start``: 40, 1,000 or 20,000 blocks.

    The morning begins four hours before ``start``, or at midnight in its time zone if that is later, and is
    at least an hour long. The same ``size``, ``seed`` and ``start`` give the same database, byte by byte; at
    another hour only its times differ. Everything is one transaction: a desk is never half filled.

    Raises:
        Refusal: the server refused part of it; nothing was written.
        StoreError: the disk failed; nothing was written.
    """
    rng = Random(seed)
    midnight = datetime.combine(start.date(), time(0), start.tzinfo)
    morning = max(MIN_MORNING, min(MORNING, start - midnight))
    playback = Playback(engine, start.astimezone(UTC) - morning, morning / SLOT_COUNTS[size])
    schedule = _schedule(rng, BLOCK_COUNTS[size], SLOT_COUNTS[size])
    done, whole = 0, sum(map(len, schedule))
    declared = set(map(id, SITUATIONS))  # thousands of random ones are not compared field by field
    checked = {story: None for steps in schedule for story, _ in steps if id(story.situation) in declared}
    with engine.bulk():
        for slot in range(len(schedule)):
            steps, schedule[slot] = schedule[slot], []  # a story is forgotten once it is over
            playback.play_slot(slot, steps, rng)
            done += len(steps)
            tell(done * 100 // whole)
        playback.check_compliance(checked)


def story_of(engine: Engine) -> tuple[datetime, datetime] | None:
    """Return when the demo's morning began and when it ended at the latest; None on a desk without one."""
    found = engine.view(
        lambda store: store.connection.execute(
            "SELECT as_at FROM version WHERE seq = 1 AND request = ?", (_request_id(1),)
        ).fetchone()
    )
    return None if found is None else (from_micros(found[0]), from_micros(found[0]) + MORNING)


def _request_id(call: int) -> str:
    return f"DEMO-{call:06d}"


StoryStep = tuple[Story, DemoStep]


def _schedule(rng: Random, blocks: int, slots: int) -> list[list[StoryStep]]:
    """Spread the steps of every story over the slots: in sequence, at most one per slot."""
    situations = list(_situations(rng, blocks))
    rng.shuffle(situations)
    by_ticker = {instrument.ticker: instrument for instrument in instruments()}
    ids = IdSequence()
    schedule: list[list[StoryStep]] = [[] for _ in range(slots)]
    for situation in situations:
        story = Story(situation, by_ticker[situation.ticker], ids, rng)
        steps = situation.single_steps
        first = 0 if situation is OPENING else rng.randrange(1, slots - len(steps) + 1)
        last = min(slots, first + 5 * len(steps))
        later = sorted(rng.sample(range(first + 1, last), len(steps) - 1))
        for slot, step in zip((first, *later), steps, strict=True):
            schedule[slot].append((story, step))
    return schedule


def _situations(rng: Random, blocks: int) -> Iterator[Situation]:
    yield from SITUATIONS
    for _ in range(blocks - sum(situation.blocks for situation in SITUATIONS)):
        yield random_situation(rng)


class Playback:
    """Sends the requests of the stories slot by slot, each call at the time of its last item."""

    def __init__(self, engine: Engine, opening: datetime, width: timedelta) -> None:
        self._engine = engine
        self._opening = opening
        self._width = width
        self._clock = opening
        self._calls = 0

    def play_slot(self, number: int, steps: Sequence[StoryStep], rng: Random) -> None:
        """Play the steps of one slot at random times in it."""
        begin = self._opening + number * self._width
        times = sorted(begin + self._width * rng.randrange(PARTS) // PARTS for _ in steps)
        calls: defaultdict[tuple[CommandName, str], list[tuple[datetime, Any]]] = defaultdict(list)
        for at, (story, step) in zip(times, steps, strict=True):
            request = step.request(story, at)
            if request.items:
                calls[request.command, request.user] += [(at, item) for item in request.items]
        for (name, user), items in sorted(calls.items(), key=_last_time):
            limit = 1 if name == "allocate_weighted" else MAX_ITEMS
            for start in range(0, len(items), limit):
                self._send(name, user, items[start : start + limit])

    def check_compliance(self, stories: Iterable[Story]) -> None:
        """Let compliance check the orders of ``stories``, but those nobody has looked at yet."""
        orders = tuple(
            order.id
            for story in stories
            for index, order in enumerate(story.orders)
            if story.compliance_states(index)[0] != "Pending"
        )
        self._clock += MILLISECOND
        request = RunCommand(roster.SCOPE, compliance_rules.SCOPE, orders, compliance_book())
        self._engine.write(
            commands.run_compliance,
            request,
            user=roster.COMPLIANCE,
            now=self._clock,
            request_id=f"DEMO-{self._calls + 1:06d}",
        )

    def _send(self, name: CommandName, user: str, items: Sequence[tuple[datetime, Any]]) -> None:
        self._calls += 1
        self._clock = max(items[-1][0], self._clock + MILLISECOND)
        command, request = COMMANDS[name](tuple(item for _, item in items), self._clock)
        reply = self._engine.write(
            command, request, user=user, now=self._clock, request_id=_request_id(self._calls)
        )
        failed: Mapping[str, ErrorDetail] = getattr(reply, "failed", None) or {}
        for failure in failed.values():
            raise Refusal(failure.type or name, failure.detail or f"{name} was refused")


def _last_time(call: tuple[tuple[CommandName, str], list[tuple[datetime, Any]]]) -> tuple[datetime, str]:
    (name, _), items = call
    return items[-1][0], name


Items = tuple[Any, ...]
BuiltCommand = tuple[Command[Any], object]


def _keyed(items: Items) -> dict[str, Any]:
    return {str(number): item for number, item in enumerate(items, 1)}


def _booking(mark: bool) -> Callable[[Items, datetime], BuiltCommand]:
    def build(items: Items, now: datetime) -> BuiltCommand:
        request = BookTransactionsRequest(allocation_ids=items)
        return commands.book_transactions, BookingCommand(request, mark_booked=mark)

    return build


COMMANDS: Final[Mapping[CommandName, Callable[[Items, datetime], BuiltCommand]]] = {
    "create_orders": lambda items, _: (
        commands.create_orders,
        BlockAndOrdersCreateRequest(requests=items),
    ),
    "move_orders": lambda items, _: (
        commands.move_orders,
        MoveOrdersToDifferentBlocksRequest(requests=items),
    ),
    "update_orders": lambda items, _: (commands.update_orders, _keyed(items)),
    "place_blocks": lambda items, _: (commands.place_blocks, PlaceBlocksRequest(requests=items)),
    "update_placements": lambda items, _: (commands.update_placements, _keyed(items)),
    "cancel_placements": lambda items, _: (commands.cancel_placements, _keyed(items)),
    "cancel_orders": lambda items, _: (commands.cancel_orders, _keyed(items)),
    "cancel_and_move": lambda items, _: (commands.cancel_and_move, _keyed(items)),
    "allocate": lambda items, _: (commands.allocate, AllocationCommand(items)),
    "allocate_weighted": lambda items, _: (commands.allocate_weighted, WeightedAllocationCommand(*items)),
    "book": _booking(False),
    "book_and_mark": _booking(True),
    "sweep_blocks": lambda items, now: (
        commands.sweep_blocks,
        SweepBlocksRequest(block_ids=_keyed(items), latest_allowable_modification_time=now.isoformat()),
    ),
    "upsert_blocks": lambda items, _: (commands.upsert_blocks, BlockSetRequest(requests=items)),
    "upsert_orders": lambda items, _: (commands.upsert_orders, OrderSetRequest(order_requests=items)),
    "upsert_placements": lambda items, _: (
        commands.upsert_placements,
        PlacementSetRequest(requests=items),
    ),
    "upsert_executions": lambda items, _: (
        commands.upsert_executions,
        ExecutionSetRequest(requests=items),
    ),
    "upsert_allocations": lambda items, _: (
        commands.upsert_allocations,
        AllocationSetRequest(allocation_requests=items),
    ),
}
"""The builders of a command and its request from the items of a call."""
