"""What compliance and approval say about placing blocks, from what the desk has read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from msgspec import Struct

from tui.api.base import ResourceId
from tui.api.models import Order, OrderGraphBlock
from tui.api.placing_states import APPROVAL, COMPLIANCE, Guard, guard_of
from tui.api.states import is_cancelled, normalize
from tui.service.numbers import counted
from tui.service.snapshot.compliance_states import (
    approval_of_order,
    compliance_of_block,
    compliance_of_order,
    rules_in_words,
)
from tui.service.snapshot.naming import instrument_and_id, short_name
from tui.service.snapshot.snapshot import EntityKind, Snapshot
from tui.service.state_words import verdict_in_words
from tui.service.verbs.advice import advice_for
from tui.service.verbs.preview_line import Caution

NAMED: Final = 2
"""The orders and people that one sentence names; the rest are counted."""
REFUSALS: Final = {"compliance": "ComplianceFailed", "approval": "ApprovalRejected"}
"""The embedded server's name of the refusal (P13), whose advice is given here too."""


class Standing(Struct, frozen=True):
    """One state of compliance or approval, and whose it is: an order's, or with none the block's own."""

    subject: str
    state: str
    order: ResourceId | None = None
    user: str = ""
    rules: tuple[str, ...] = ()

    @property
    def guard(self) -> Guard:
        """How strongly the state stands in the way."""
        return guard_of(COMPLIANCE if self.subject == "compliance" else APPROVAL, self.state)


def placing_cautions(snapshot: Snapshot, blocks: Iterable[ResourceId]) -> Iterator[Caution]:
    """Yield a caution for each block and state that stands in the way of placing it."""
    for id in dict.fromkeys(blocks):
        row = snapshot.blocks.get(id)
        if row is None:
            continue
        groups: dict[tuple[str, str], list[Standing]] = {}
        for standing in standings(snapshot, row):
            if standing.guard is not Guard.FREE:
                key = (standing.subject, normalize(standing.state))
                groups.setdefault(key, []).append(standing)
        for (subject, _), members in groups.items():
            first = members[0]
            yield Caution(subject, _sentence(snapshot, id, members), first.guard, unsaid=not first.state)


def standings(snapshot: Snapshot, row: OrderGraphBlock) -> Iterator[Standing]:
    """Yield the states of a block's live orders, and the block's own where no order explains it.

    Of compliance nothing is said where no engine is obeyed.
    """
    details = {each.id: each for each in row.ordered.details}
    said: dict[str, set[str]] = {"compliance": set(), "approval": set()}
    unsaid: dict[str, list[Standing]] = {"compliance": [], "approval": []}
    for id in dict.fromkeys((*details, *row.block.order_ids)):
        order, detail = snapshot.orders.get(id), details.get(id)
        states = {
            "compliance": compliance_of_order(snapshot, order, detail),
            "approval": approval_of_order(order, detail),
        }
        for subject, state in states.items():
            failed = detail is not None and subject == "compliance" and state
            rules = rules_in_words(snapshot, detail) if failed and detail else ()
            standing = Standing(subject, state, id, _user(order), tuple(rules))
            if state:
                said[subject].add(normalize(state))
            if order is not None and is_cancelled(order.state):
                continue
            if state:
                yield standing
            else:
                unsaid[subject].append(standing)
    owns = {"compliance": compliance_of_block(snapshot, row), "approval": row.derived_approval_state}
    if snapshot.compliance == "off":
        del owns["compliance"]
    for subject, own in owns.items():
        if own and normalize(own) not in said[subject]:
            yield Standing(subject, own)
        elif not own:
            yield from unsaid[subject] or (() if said[subject] else (Standing(subject, ""),))


def _user(order: Order | None) -> str:
    version = order.version if order is not None else None
    return (version.user_id_modified or version.user_id_created or "") if version is not None else ""


def _sentence(snapshot: Snapshot, id: ResourceId, members: list[Standing]) -> str:
    first, block = members[0], instrument_and_id(snapshot, EntityKind.BLOCKS, id)
    named = (each.order for each in members if each.order is not None)
    orders = [short_name(snapshot, EntityKind.ORDERS, order) for order in named]
    users = list(dict.fromkeys(each.user for each in members if each.user))
    whose = f" for {_named(orders, 'order')}" if orders else ""
    by = f", last changed by {_named(users, 'user')}" if users else ""
    state = verdict_in_words(first.state) if first.state else "not known"
    rules = "; ".join(dict.fromkeys(rule for each in members for rule in each.rules))
    by += f" ({rules})" if rules else ""
    if first.guard is not Guard.REFUSED:
        return f"{block}: {first.subject} {state}{whose}{by}"
    advice = advice_for(REFUSALS[first.subject]).rstrip(".")
    return f"{block} is not placed: {first.subject} {state}{whose}{by}. {advice}"


def _named(names: list[str], noun: str) -> str:
    shown, more = names[:NAMED], len(names) - NAMED
    return ", ".join(shown) + (f" and {counted(more, f'more {noun}')}" if more > 0 else "")
