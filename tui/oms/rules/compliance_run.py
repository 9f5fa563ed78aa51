"""Compliance runs: check the open orders, keep what came of it, and set the states of the orders (K1, K2).

The state of an order is its property ``ComplianceState``, whoever sets it; a run sets it as a person would.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from decimal import localcontext
from hashlib import sha256
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from tui.api.base import PerpetualProperty, Properties, PropertyValue, ResourceId
from tui.api.compliance_models import ComplianceRunInfo
from tui.api.models import NonPassingRule, Order
from tui.api.placing_states import approval_of, compliance_of, key_of_label
from tui.api.states import is_final, normalize
from tui.oms.domain.compliance_book import ComplianceBook
from tui.oms.domain.error_codes import UNLISTED
from tui.oms.domain.refusals import Refusal
from tui.oms.domain.unit_of_work import (
    CheckedOrder,
    ReplyBuilder,
    RuleGroup,
    RuleReport,
    RunRecord,
    UnitOfWork,
)
from tui.oms.rules.compliance_rules import FAILED, PASSED, RULES, SCOPE, Judgement, worst

OVERRIDDEN: Final = frozenset({"manuallyapproved", "partiallyoverridden"})
"""States that somebody decided on: a run that still finds something leaves them."""


class RunCommand(Struct, frozen=True):
    """What is asked for: the scope of the run's id, the orders, and whether their states are set."""

    run_scope: str
    rule_scope: str
    orders: tuple[ResourceId, ...]
    book: ComplianceBook
    pre_trade: bool = True
    sets_states: bool = True


def run_compliance(uow: UnitOfWork, command: RunCommand) -> ReplyBuilder:
    """Check every open order against every rule and return the run.

    Raises:
        Refusal: the scope has no rules (404).
    """
    if command.rule_scope != SCOPE:
        detail = f"There are no compliance rules in scope '{command.rule_scope}'."
        raise Refusal("ComplianceRuleNotFound", detail, "K2", UNLISTED, 404)
    now, user = uow.context.now, uow.context.user
    id = ResourceId(command.run_scope, f"RUN-{now:%Y%m%d-%H%M%S-%f}")
    found = _checked(uow, command)
    for order, judged in found:
        if command.sets_states:
            _settle(uow, id, order, judged)
    schedule = "PreTrade" if command.pre_trade else "PostTrade"
    uow.put(RunRecord(id=id, instigated_at=now, instigated_by=user, schedule=schedule, rules=_reports(found)))
    return lambda: info_of(uow.get(RunRecord, id) or _lost(id))


Judged = tuple[Order, dict[ResourceId, Judgement]]
"""An order, and what each rule says of it."""


def _checked(uow: UnitOfWork, command: RunCommand) -> list[Judged]:
    uow.prefetch(Order, command.orders)
    orders = (uow.get(Order, id) for id in command.orders)
    found = []
    with localcontext() as context:
        context.prec = 28
        for order in orders:
            if order is not None and not is_final(order.state):
                unit = uow.instruments.price_unit(order.lusid_instrument_id)
                found.append((order, {rule.id: rule.judge(command.book, order, unit) for rule in RULES}))
    return found


def _settle(uow: UnitOfWork, run: ResourceId, order: Order, judged: dict[ResourceId, Judgement]) -> None:
    """Set the order's states by what the rules say, and keep what it did not pass."""
    state = worst([each.status for each in judged.values()])
    before = compliance_of(order) or PASSED
    if state != PASSED:
        results = tuple(
            NonPassingRule(
                rule_id=rule,
                rule_status=each.status,
                breach_task_ids=(_task(run, order.id, rule),) if each.status == FAILED else (),
                likely_responsible_for_status=each.responsible,
            )
            for rule, each in judged.items()
            if each.status != PASSED
        )
        name = ResourceId(run.scope, f"BREACH-{_task(run, order.id, run)[:18].upper()}")
        uow.put(CheckedOrder(id=name, order_id=order.id, run_id=run, state=state, results=results))
        if normalize(before) in OVERRIDDEN:
            return
    approval = normalize(approval_of(order) or "Approved")
    decided = (
        {"approved": "Pending"} if state == FAILED else {"pending": "Approved"} if state == PASSED else {}
    )
    changed: Properties = {
        **(
            _label(order, run.scope, "ComplianceState", state)
            if normalize(before) != normalize(state)
            else {}
        ),
        **(_label(order, run.scope, "ApprovalState", decided[approval]) if approval in decided else {}),
    }
    if changed:
        uow.put(replace(order, properties={**(order.properties or {}), **changed}))


def _label(order: Order, scope: str, code: str, text: str) -> Properties:
    """Return the property of an order that holds a state, under the key it has already."""
    key = key_of_label(order, code) or f"Order/{scope}/{code}"
    return {key: PerpetualProperty(key=key, value=PropertyValue(label_value=text))}


def _reports(found: Iterable[Judged]) -> tuple[RuleReport, ...]:
    """Return what each rule said: of each portfolio the worst of its orders."""
    portfolios: defaultdict[ResourceId, list[Judged]] = defaultdict(list)
    for order, judged in found:
        if order.portfolio_id is not None:
            portfolios[order.portfolio_id].append((order, judged))
    reports = []
    for rule in RULES:
        groups = []
        for portfolio, members in sorted(portfolios.items()):
            said = {order.id: judged[rule.id] for order, judged in members}
            status = worst([each.status for each in said.values()])
            first = next(each for each in said.values() if each.status == status)
            groups.append(
                RuleGroup(
                    portfolio_id=portfolio,
                    status=status,
                    value=first.value,
                    missing=first.missing,
                    order_ids=tuple(id for id, each in said.items() if each.status != PASSED),
                )
            )
        status = worst([group.status for group in groups])
        reports.append(RuleReport(rule_id=rule.id, status=status, groups=tuple(groups)))
    return tuple(reports)


def _task(run: ResourceId, order: ResourceId, rule: ResourceId) -> str:
    """Return the id of the task about a breach: no workflow service makes one here, so it is derived."""
    name = sha256(f"{run} {order} {rule}".encode()).hexdigest()
    return f"{name[:8]}-{name[8:12]}-8{name[12:15]}-a{name[15:18]}-{name[18:30]}"


def info_of(run: RunRecord) -> ComplianceRunInfo:
    """Return a run as lists and answers show it; here it takes no time."""
    return ComplianceRunInfo(
        run_id=run.id,
        instigated_at=run.instigated_at,
        completed_at=run.instigated_at,
        schedule=run.schedule,
        instigated_by=run.instigated_by,
    )


def _lost(id: ResourceId) -> RunRecord:
    raise AssertionError(f"{id} was stored in this call")
