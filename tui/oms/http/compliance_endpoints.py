"""The compliance endpoints: runs, what rules said, breaches, and states per engine (K3, K4).

States are those of the newer engine, V2. The older one knows no rules here: it passes everything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

import msgspec
from msgspec import Raw, Struct
from msgspec.structs import replace

from tui.api import codec
from tui.api.base import Properties, ResourceId
from tui.api.compliance_models import (
    AffectedPortfolio,
    ComplianceRuleOutcome,
    ComplianceRunConfiguration,
    ComplianceRunSummary,
    ComplianceSummaryRequest,
    OrderBreach,
    OrderBreachHistory,
)
from tui.api.models import Order
from tui.api.operation import Operation
from tui.api.reference_operations import RUN_COMPLIANCE
from tui.api.states import is_final
from tui.oms.domain.error_codes import UNLISTED
from tui.oms.domain.refusals import Refusal
from tui.oms.domain.unit_of_work import CheckedOrder, RuleGroup, RuleReport, RunRecord
from tui.oms.http import bodies
from tui.oms.http.call import Call
from tui.oms.http.problems import invalid, invalid_value
from tui.oms.query.pages import ListQuery, PageSlice, read_page
from tui.oms.query.queryable_fields import fields_of
from tui.oms.rules.compliance_rules import (
    BY_ID,
    TEMPLATE,
    TEMPLATE_DESCRIPTION,
    TEMPLATE_VARIATION,
)
from tui.oms.rules.compliance_run import RunCommand, info_of
from tui.oms.rules.derived_states import APPROVED, PASSED, PLACED, derived_approval, derived_compliance
from tui.oms.store.reads import decode_entity
from tui.oms.store.schema import KINDS

LATEST: Final = 2**62
INCLUDED: Final = ("none", "allocations", "ordersandallocations")
"""What a preview may include (PreTradeConfiguration); with the last one, the states of orders are set."""


# -- runs ----------------------------------------------------------------------------------------------


def list_runs(call: Call) -> bytes:
    """Return a page of the runs."""
    return _page(call, RunRecord, info_of)


def list_breaches(call: Call) -> bytes:
    """Return a page of what runs found of orders."""
    return _page(call, CheckedOrder, _breach)


def no_legacy_rows(call: Call) -> bytes:
    """Return an empty list: the older engine has neither runs nor breaches here."""
    return codec.encode({"values": [], "href": call.href, "links": []})


def _breach(checked: CheckedOrder) -> OrderBreachHistory:
    return OrderBreachHistory(
        id=checked.id,
        order_id=checked.order_id,
        run_id=checked.run_id,
        breaches_by_rule={
            str(each.rule_id): tuple(
                OrderBreach(breach_task_id=task, compliance_state=each.rule_status)
                for task in each.breach_task_ids or ()
            )
            for each in checked.results
        },
        as_at=checked.version.as_at_modified if checked.version else None,
    )


def _page(call: Call, kind: type[Any], shown: Callable[[Any], Struct]) -> bytes:
    query = call.query
    asked = ListQuery(
        fields_of(kind),
        filter=query.text("filter") or "",
        sort=query.many("sortBy"),
        limit=query.number("limit"),
        token=query.text("page"),
        as_at=query.as_at(),
    )
    page: PageSlice = call.engine.view(lambda store: read_page(store, asked))
    values = [shown(decode_entity(kind, row)) for row in page.rows]
    return codec.encode(
        {"nextPage": page.next, "previousPage": None, "values": values, "href": call.href, "links": []}
    )


def summary(call: Call) -> bytes:
    """Return what each rule said in a run."""
    return codec.encode(_summary(call, _run(call, call.id), None))


def filtered_summary(call: Call, raw: bytes) -> bytes:
    """Return what each rule said in a run of some portfolios."""
    asked: ComplianceSummaryRequest = bodies.read(ComplianceSummaryRequest, raw)
    portfolios = asked.portfolio_entity_ids
    only = None if portfolios is None else {ResourceId(each.scope, each.code) for each in portfolios}
    return codec.encode(_summary(call, _run(call, asked.run_id), only))


def rule_result(call: Call) -> bytes:
    """Return how one rule came to its result: one group for each portfolio."""
    run = _run(call, call.id)
    wanted = ResourceId(call.path["ruleScope"], call.path["ruleCode"])
    report = next((each for each in run.rules if each.rule_id == wanted), None)
    rule = BY_ID.get(wanted)
    if report is None or rule is None:
        detail = f"Run '{run.id}' has no rule with scope '{wanted.scope}' and code '{wanted.code}'."
        raise Refusal("ComplianceRuleNotFound", detail, code=UNLISTED, status=404)
    breakdown = [
        {
            "groupStatus": group.status,
            "resultsUsed": {} if group.value is None else {str(group.portfolio_id): group.value},
            "propertiesUsed": {},
            "missingDataInformation": [] if group.missing is None else [group.missing],
            "lineage": [],
        }
        for group in report.groups
    ]
    return codec.encode(
        {
            "runId": run.id,
            "instigatedAt": run.instigated_at,
            "completedAt": run.instigated_at,
            "schedule": run.schedule,
            "ruleResult": {
                "ruleId": report.rule_id,
                "templateId": TEMPLATE,
                "variation": TEMPLATE_VARIATION,
                "ruleStatus": report.status,
                "affectedPortfolios": [group.portfolio_id for group in report.groups],
                "affectedOrders": _affected(report.groups),
                "parametersUsed": rule.parameters,
                "ruleBreakdown": breakdown,
            },
        }
    )


def _run(call: Call, id: ResourceId) -> RunRecord:
    """Return a stored run.

    Raises:
        Refusal: there is none of this id (404).
    """
    as_at = call.query.as_at()
    text = call.engine.view(lambda store: store.text(RunRecord, id, LATEST if as_at is None else as_at))
    if text is None:
        detail = f"No compliance run with scope '{id.scope}' and code '{id.code}' exists."
        raise Refusal("ComplianceRunNotFound", detail, code=UNLISTED, status=404)
    return decode_entity(RunRecord, text)


def _summary(call: Call, run: RunRecord, only: set[ResourceId] | None) -> ComplianceRunSummary:
    details = []
    for report in run.rules:
        shown = _of_portfolios(call, report, only)
        if shown is not None:
            details.append(shown)
    return ComplianceRunSummary(run_id=run.id, details=tuple(details))


def _of_portfolios(
    call: Call, report: RuleReport, only: set[ResourceId] | None
) -> ComplianceRuleOutcome | None:
    """Return what a rule said, None where it said nothing of the portfolios asked for."""
    groups = [each for each in report.groups if only is None or each.portfolio_id in only]
    rule = BY_ID.get(report.rule_id)
    if rule is None or (only is not None and not groups):
        return None
    name_of = call.engine.compliance_book.name_of
    return ComplianceRuleOutcome(
        rule_id=report.rule_id,
        affected_portfolios_details=tuple(
            AffectedPortfolio(id=each.portfolio_id, name=name_of(each.portfolio_id)) for each in groups
        ),
        affected_orders=_affected(groups),
        template_id=TEMPLATE,
        template_description=TEMPLATE_DESCRIPTION,
        template_variation=TEMPLATE_VARIATION,
        status=report.status,
        rule_name=rule.name,
        rule_description=rule.description,
        outcome=report.status,
        properties={},
    )


def _affected(groups: Iterable[RuleGroup]) -> tuple[ResourceId, ...]:
    return tuple(id for group in groups for id in group.order_ids)


def run_request(operation: Operation[Any, Any], call: Call, raw: bytes) -> RunCommand:
    """Return what a call to run compliance, or to preview a run, asks for.

    Raises:
        Refusal: a parameter is missing (157), or the body names nothing that can be included (151).
    """
    query = call.query
    needed = ("runScope", "ruleScope", "recipeIdScope", "recipeIdCode")
    pre_trade = operation is RUN_COMPLIANCE
    missing = [name for name in (*needed, *(("isPreTrade",) if pre_trade else ())) if not query.text(name)]
    if missing:
        raise invalid({name: (f"The {name} field is required.",) for name in missing})
    included = "ordersandallocations" if pre_trade and query.flag("isPreTrade", True) else "none"
    if not pre_trade:
        body: ComplianceRunConfiguration = bodies.read(ComplianceRunConfiguration, raw)
        included = body.pre_trade_configuration.include_entity_types.lower()
        if included not in INCLUDED:
            given = body.pre_trade_configuration.include_entity_types
            raise invalid_value(
                "includeEntityTypes", f"'{given}' is none of None, Allocations, OrdersAndAllocations."
            )
    with_orders = included == "ordersandallocations"
    return RunCommand(
        query.text("runScope") or "",
        query.text("ruleScope") or "",
        tuple(_open_orders(call)) if with_orders else (),
        call.engine.compliance_book,
        pre_trade=with_orders or not pre_trade,
    )


def _open_orders(call: Call) -> Iterable[ResourceId]:
    """Return the orders that can still change."""
    table = KINDS[Order].table
    rows: list[tuple[str, str, str | None]] = call.engine.view(
        lambda store: store.connection.execute(f"SELECT scope, code, state FROM {table}").fetchall()
    )
    return [ResourceId(scope, code) for scope, code, state in rows if not is_final(state)]


# -- states per engine -----------------------------------------------------------------------------------


def with_states(row: bytes) -> bytes:
    """Return an order's JSON with its states, which are of the V2 engine whatever else is asked for."""
    order = replace(_NO_ORDER, properties=_STATED.decode(row).properties)
    states = msgspec.json.encode(
        {
            "derivedComplianceState": derived_compliance(order),
            "derivedApprovalState": derived_approval(order),
        }
    )
    return row[:-1] + b"," + states[1:]


def by_legacy_engine(row: bytes) -> bytes:
    """Return a block's graph row as the older engine states it: everything passed, no rule failed."""
    members = _MEMBERS.decode(row)
    ordered = _MEMBERS.decode(members["ordered"])
    details = _DETAILS.decode(ordered["details"])
    for detail in details:
        detail |= _LEGACY
        detail.pop("orderApprovalTaskId", None)
        detail.pop("orderApprovalTaskDefinitionId", None)
    ordered["details"] = Raw(msgspec.json.encode(details))
    placed = _SIZE.decode(members["placed"])
    members["ordered"] = Raw(msgspec.json.encode(ordered))
    members["derivedComplianceState"] = _LEGACY["complianceState"]
    is_placed = bool(placed.quantity or placed.amount)
    members["derivedApprovalState"] = Raw(msgspec.json.encode(PLACED if is_placed else APPROVED))
    return msgspec.json.encode(members)


class _Stated(Struct):
    properties: Properties | None = None


class _Size(Struct):
    quantity: float | None = None
    amount: float | None = None


_STATED: Final = msgspec.json.Decoder(_Stated)
_SIZE: Final = msgspec.json.Decoder(_Size)
_MEMBERS: Final = msgspec.json.Decoder(dict[str, Raw])
_DETAILS: Final = msgspec.json.Decoder(list[dict[str, Raw]])
_LEGACY: Final = {
    "complianceState": Raw(msgspec.json.encode(PASSED)),
    "approvalState": Raw(msgspec.json.encode(APPROVED)),
    "nonPassingComplianceRuleResults": Raw(b"[]"),
}
_NO_ORDER: Final = Order(id=ResourceId("", ""), lusid_instrument_id="", instrument_identifiers={}, side="")
"""An order of which only the properties matter."""
