"""What compliance and approval say of orders and blocks, by the engine that the desk obeys.

An order's state is the one in its block's totals: states of one engine, whichever the server was asked for.
Only an order outside any block is asked for its own, which is always of the newer engine.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tui.api.models import Order, OrderedDetail, OrderGraphBlock
from tui.api.operations import GRAPH_BLOCKS, ORDERS
from tui.api.placing_states import APPROVAL, COMPLIANCE, Guard, approval_of, compliance_of, guard_of
from tui.api.switches import Switch
from tui.service.desk_profile import ComplianceEngine
from tui.service.learned import Learned
from tui.service.numbers import counted
from tui.service.snapshot.naming import short_name
from tui.service.snapshot.snapshot import EntityKind, Snapshot
from tui.service.state_words import verdict_in_words

GRAPH_SWITCH = "useComplianceV2"
ORDERS_SWITCH = "getDerivedComplianceStatuses"
ENGINE_WORDS = {
    "v2": "V2 (/api/compliance)",
    "legacy": "legacy (/api/legacy/compliance)",
    "off": "off: its states are neither shown nor obeyed",
}
"""The engines in words."""


def switches_for(engine: ComplianceEngine, learned: Learned) -> Iterable[Switch]:
    """Return what asks a server for the states of ``engine``, without what it is known not to take (R10)."""
    if engine == "v2":
        for each in (
            Switch(GRAPH_BLOCKS, GRAPH_SWITCH),
            Switch(ORDERS.list, ORDERS_SWITCH, lambda page: any_stated(page.values)),
        ):
            if learned.get(fact_of(each.parameter)) is None:
                yield each


def fact_of(parameter: str) -> str:
    """Return the name under which is remembered that a server does not take a parameter."""
    return f"compliance.{parameter}"


def any_stated(orders: Iterable[Order]) -> bool:
    """Return whether any order has a derived state; a page without orders cannot tell (R13)."""
    rows = tuple(orders)
    return not rows or any(row.derived_compliance_state or row.derived_approval_state for row in rows)


def detail_of(snapshot: Snapshot, order: Order) -> OrderedDetail | None:
    """Return what its block's totals say of an order, None when it is in none that is known."""
    block = snapshot.block_of_order(order.id)
    row = snapshot.blocks.get(block) if block is not None else None
    return next((each for each in row.ordered.details if each.id == order.id), None) if row else None


def compliance_of_order(snapshot: Snapshot, order: Order | None, detail: OrderedDetail | None) -> str:
    """Return an order's state of compliance, empty when none is known or none is obeyed.

    ``detail`` is what its block's totals say of it, ``order`` the order itself; either may be unknown.
    """
    if snapshot.compliance == "off":
        return ""
    own = compliance_of(order) if order is not None and snapshot.compliance == "v2" else ""
    return (detail and detail.compliance_state) or own


def approval_of_order(order: Order | None, detail: OrderedDetail | None) -> str:
    """Return an order's state of approval, empty when none is known."""
    return (detail and detail.approval_state) or (approval_of(order) if order is not None else "")


def compliance_of_block(snapshot: Snapshot, row: OrderGraphBlock) -> str:
    """Return the worst state of compliance of a block's orders, empty when none is known or obeyed."""
    return "" if snapshot.compliance == "off" else row.derived_compliance_state or ""


def failed_rules(snapshot: Snapshot, row: Order | OrderGraphBlock) -> Iterator[OrderedDetail]:
    """Yield what is said of each order of a row that did not pass a compliance rule."""
    if snapshot.compliance == "off":
        return
    details: Iterable[OrderedDetail | None]
    details = (detail_of(snapshot, row),) if isinstance(row, Order) else row.ordered.details
    for detail in details:
        if detail is not None and detail.non_passing_compliance_rule_results:
            yield detail


def rules_in_words(snapshot: Snapshot, detail: OrderedDetail) -> list[str]:
    """Return each rule an order did not pass: its status, name and id, and whether the order is the cause.

    ``Failed: Restricted list (Rules/RESTRICTED), likely responsible``.
    """
    said = []
    for each in detail.non_passing_compliance_rule_results or ():
        name = snapshot.records.rules.get(each.rule_id, "") if each.rule_id else ""
        id = str(each.rule_id) if each.rule_id else "a rule without a name"
        blamed = {True: ", likely responsible", False: ", not responsible", None: ""}
        rule = f"{name} ({id})" if name else id
        cause = blamed[each.likely_responsible_for_status]
        status = verdict_in_words(each.rule_status) or "not passed"
        said.append(f"{status[:1].upper()}{status[1:]}: {rule}{cause}")
    return said


def held_by_rules(snapshot: Snapshot, row: Order | OrderGraphBlock) -> str:
    """Return the rules that the orders of a row did not pass, each once; empty when they passed all."""
    said = (rules_in_words(snapshot, detail) for detail in failed_rules(snapshot, row))
    return "; ".join(dict.fromkeys(each for rules in said for each in rules))


def unnamed_rules(snapshot: Snapshot, row: Order | OrderGraphBlock) -> bool:
    """Return whether a row has a rule whose name is not known."""
    return any(
        each.rule_id is not None and each.rule_id not in snapshot.records.rules
        for detail in failed_rules(snapshot, row)
        for each in detail.non_passing_compliance_rule_results or ()
    )


def _is_free(detail: OrderedDetail) -> bool:
    """Return whether neither compliance nor approval stands in an order's way, and it passed all rules."""
    states = guard_of(COMPLIANCE, detail.compliance_state), guard_of(APPROVAL, detail.approval_state)
    return max(states) is Guard.FREE and not detail.non_passing_compliance_rule_results


def compliance_section(snapshot: Snapshot, row: object, why_unnamed: str = "") -> list[tuple[str, str]]:
    """Return what compliance and approval say of a block or an order, as labels and texts.

    ``why_unnamed`` is why the names of rules are not known, as the end of a sentence.
    """
    if not isinstance(row, Order | OrderGraphBlock):
        return []
    details: Iterable[OrderedDetail | None]
    details = (detail_of(snapshot, row),) if isinstance(row, Order) else row.ordered.details
    lines = [("Engine", ENGINE_WORDS[snapshot.compliance])]
    if snapshot.compliance == "off":
        return lines
    said = [detail for detail in details if detail is not None]
    held = [detail for detail in said if not _is_free(detail)]
    if free := len(said) - len(held):
        lines.append((counted(free, "order"), "passed and approved"))
    for detail in held:
        name = short_name(snapshot, EntityKind.ORDERS, detail.id)
        states = verdict_in_words(detail.compliance_state), verdict_in_words(detail.approval_state)
        compliance, approval = (state or "not known" for state in states)
        lines.append((name, f"{compliance}, approval {approval}"))
        lines += [("", each) for each in rules_in_words(snapshot, detail)]
        if detail.order_approval_task_id:
            of = detail.order_approval_task_definition_id
            lines.append(("", f"approval task {detail.order_approval_task_id}{f' of {of}' if of else ''}"))
    if why_unnamed and unnamed_rules(snapshot, row):
        lines.append(("", f"names of rules are not known: {why_unnamed}"))
    return lines
