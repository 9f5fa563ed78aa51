"""Compliance, over HTTP (K1 to K4): the rules, runs over the open orders, and the states of each engine."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from tests.oms.rules.rules_client import RefusedCall, RulesClient, id_of
from tui.api import reference_operations as reference
from tui.api.base import ResourceId
from tui.api.codec import decode, page_of
from tui.api.compliance_models import ComplianceRuleOutcome, ComplianceRunSummary, OrderBreachHistory
from tui.api.models import Order
from tui.oms.domain.compliance_book import ComplianceBook, Fund

AAPL = "LUID_0000AAPL"
GROWTH = ResourceId("Desk", "GROWTH")
BOOK = ComplianceBook(
    funds={
        GROWTH: Fund("USD", Decimal(100_000), Decimal(9_000)),
        ResourceId("Desk", "FULL"): Fund("USD", Decimal(100_000), Decimal(50_000), {AAPL: Decimal(20_000)}),
    },
    restricted={ResourceId("Desk", "ETHICAL"): frozenset({AAPL})},
    prices={AAPL: Decimal(100)},
    currencies={AAPL: "USD"},
    names={GROWTH: "Growth"},
)
RUN = {
    "runScope": "Compliance",
    "ruleScope": "Rules",
    "isPreTrade": "true",
    "recipeIdScope": "Desk",
    "recipeIdCode": "default",
}


@pytest.fixture
def desk() -> Iterator[RulesClient]:
    with RulesClient(compliance=lambda: BOOK) as made:
        yield made


def states(desk: RulesClient, block: str) -> dict[str, tuple[str | None, str | None]]:
    """Return the states of the orders of a block."""
    return {
        each.id.code: (each.compliance_state, each.approval_state)
        for each in desk.block_entry(block).ordered.details
    }


def of(portfolio: str, quantity: int, **fields: Any) -> dict[str, Any]:
    return {"quantity": quantity, "portfolioId": id_of(portfolio), **fields}


def label(code: str, value: str) -> dict[str, Any]:
    return {f"Order/Desk/{code}": {"key": f"Order/Desk/{code}", "value": {"labelValue": value}}}


def outcomes(desk: RulesClient, run: ResourceId) -> dict[str, ComplianceRuleOutcome]:
    path = reference.COMPLIANCE_SUMMARY.path.format(scope=run.scope, code=run.code)
    answer = desk.request("GET", path)
    return {each.rule_id.code: each for each in decode(ComplianceRunSummary, answer.content).details}


def test_k1_an_order_is_checked_for_itself_against_each_rule(desk: RulesClient) -> None:
    desk.create("B", {"SMALL": of("GROWTH", 40), "NEAR": of("GROWTH", 78), "BAD": of("ETHICAL", 1)})
    desk.create("C", {"MORE": of("FULL", 1), "UNKNOWN": of("ELSEWHERE", 1_000_000)})
    desk.send(reference.RUN_COMPLIANCE, query=RUN)
    assert {code: state for code, (state, _) in states(desk, "B").items()} == {
        "SMALL": "Passed",
        "NEAR": "Warning",
        "BAD": "Failed",
    }
    assert {code: state for code, (state, _) in states(desk, "C").items()} == {
        "MORE": "Failed",
        "UNKNOWN": "Passed",
    }


def test_k1_an_order_that_makes_nothing_worse_is_not_the_likely_cause(desk: RulesClient) -> None:
    desk.create("B", {"BUY": of("FULL", 1)})
    desk.create("S", {"SELL": of("FULL", 1)}, side="Sell")
    desk.send(reference.RUN_COMPLIANCE, query=RUN)
    found = {}
    for block in ("B", "S"):
        (detail,) = desk.block_entry(block).ordered.details
        (result,) = detail.non_passing_compliance_rule_results or ()
        assert (str(result.rule_id), result.rule_status) == ("Rules/ISSUER-10PCT", "Failed")
        assert len(result.breach_task_ids or ()) == 1
        found[block] = result.likely_responsible_for_status
    assert found == {"B": True, "S": False}


def test_k2_a_run_sets_the_states_of_open_orders_only(desk: RulesClient) -> None:
    waiting = {**label("ComplianceState", "Pending"), **label("ApprovalState", "Pending")}
    desk.create("B", {"WAITS": of("GROWTH", 1, properties=waiting), "BAD": of("ETHICAL", 1)})
    desk.create("C", {"GONE": of("ETHICAL", 1)})
    desk.cancel_orders("GONE")
    run = desk.send(reference.RUN_COMPLIANCE, query=RUN)
    assert (run.run_id.scope, run.schedule, run.instigated_by) == ("Compliance", "PreTrade", "dealer")
    assert states(desk, "B") == {"WAITS": ("Passed", "Approved"), "BAD": ("Failed", "Pending")}
    assert states(desk, "C") == {"GONE": ("Passed", "Approved")}
    bad = next(each for each in desk.block_entry("B").ordered.details if each.id.code == "BAD")
    assert bad.order_approval_task_id
    assert bad.order_approval_task_definition_id == ResourceId("OMS", "ORDER-APPROVAL")


def test_k2_what_somebody_decided_stays_while_the_rule_is_not_passed(desk: RulesClient) -> None:
    overridden = label("ComplianceState", "ManuallyApproved")
    desk.create("B", {"BAD": of("ETHICAL", 1, properties=overridden)})
    desk.create("C", {"FINE": of("GROWTH", 1, properties=overridden)})
    desk.send(reference.RUN_COMPLIANCE, query=RUN)
    assert states(desk, "B")["BAD"][0] == "ManuallyApproved"
    assert states(desk, "C")["FINE"][0] == "Passed"
    (detail,) = desk.block_entry("B").ordered.details
    assert [str(each.rule_id) for each in detail.non_passing_compliance_rule_results or ()] == [
        "Rules/RESTRICTED"
    ]


def test_k2_an_order_that_passes_again_has_no_results(desk: RulesClient) -> None:
    desk.create("B", {"BIG": of("GROWTH", 95)})
    desk.send(reference.RUN_COMPLIANCE, query=RUN)
    assert states(desk, "B")["BIG"] == ("Failed", "Pending")
    desk.update_order("BIG", quantity=5)
    desk.send(reference.RUN_COMPLIANCE, query=RUN)
    assert states(desk, "B")["BIG"] == ("Passed", "Approved")
    (detail,) = desk.block_entry("B").ordered.details
    assert detail.non_passing_compliance_rule_results == ()


@pytest.mark.parametrize(
    ("included", "state"), [("None", "Passed"), ("Allocations", "Passed"), ("OrdersAndAllocations", "Failed")]
)
def test_k2_a_preview_leaves_states_alone_unless_it_includes_orders(
    desk: RulesClient, included: str, state: str
) -> None:
    desk.create("B", {"BAD": of("ETHICAL", 1)})
    body = {"preTradeConfiguration": {"includeEntityTypes": included}}
    run = desk.send(reference.RUN_COMPLIANCE_PREVIEW, body, query=RUN)
    assert states(desk, "B")["BAD"][0] == state
    assert run.run_id.code.startswith("RUN-")


@pytest.mark.parametrize("missing", ["runScope", "ruleScope", "isPreTrade", "recipeIdScope", "recipeIdCode"])
def test_k2_a_run_needs_all_its_parameters(desk: RulesClient, missing: str) -> None:
    with pytest.raises(RefusedCall) as refused:
        desk.send(reference.RUN_COMPLIANCE, query={k: v for k, v in RUN.items() if k != missing})
    problem = refused.value.problem
    assert (problem.status, problem.code, list(problem.errors or {})) == (400, 157, [missing])


def test_k2_a_scope_without_rules_runs_nothing(desk: RulesClient) -> None:
    answer = desk.request("POST", reference.RUN_COMPLIANCE.path, query={**RUN, "ruleScope": "Mine"})
    assert (answer.status_code, answer.json()["name"]) == (404, "ComplianceRuleNotFound")
    assert desk.request("GET", reference.LIST_COMPLIANCE_RUNS.path).json()["values"] == []


def test_k2_a_failed_order_is_not_placed(desk: RulesClient) -> None:
    desk.create("B", {"BAD": of("ETHICAL", 1)})
    desk.send(reference.RUN_COMPLIANCE, query=RUN)
    with pytest.raises(RefusedCall) as refused:
        desk.place("P", "B", 1)
    assert refused.value.problem.name == "ComplianceFailed"


def test_k3_runs_are_listed_and_say_what_each_rule_found(desk: RulesClient) -> None:
    desk.create("B", {"BAD": of("ETHICAL", 1), "FINE": of("GROWTH", 1)})
    runs = [desk.send(reference.RUN_COMPLIANCE, query=RUN).run_id for _ in range(3)]
    first = desk.request("GET", reference.LIST_COMPLIANCE_RUNS.path, query={"limit": 2}).json()
    second = desk.request(
        "GET", reference.LIST_COMPLIANCE_RUNS.path, query={"limit": 2, "page": first["nextPage"]}
    ).json()
    listed = [each["runId"]["code"] for each in (*first["values"], *second["values"])]
    assert listed == [run.code for run in runs]
    found = outcomes(desk, runs[-1])
    assert {code: each.status for code, each in found.items()} == {
        "ISSUER-10PCT": "Passed",
        "CASH-FLOOR": "Passed",
        "RESTRICTED": "Failed",
    }
    restricted = found["RESTRICTED"]
    assert restricted.rule_name == "Restricted list"
    assert [order.code for order in restricted.affected_orders or ()] == ["BAD"]
    assert [each.name for each in restricted.affected_portfolios_details or ()] == ["ETHICAL", "Growth"]
    assert len({each.template_id for each in found.values()}) == 1


def test_k3_a_summary_is_limited_to_portfolios(desk: RulesClient) -> None:
    desk.create("B", {"BAD": of("ETHICAL", 1), "FINE": of("GROWTH", 1)})
    run = desk.send(reference.RUN_COMPLIANCE, query=RUN).run_id
    body = {"runId": {"scope": run.scope, "code": run.code}, "portfolioEntityIds": [id_of("GROWTH")]}
    answer = desk.request("POST", reference.FILTERED_COMPLIANCE_SUMMARY.path, body)
    for each in decode(ComplianceRunSummary, answer.content).details:
        assert [portfolio.id.code for portfolio in each.affected_portfolios_details or ()] == ["GROWTH"]
        assert each.affected_orders == ()


def test_k3_a_rule_says_how_it_came_to_its_result(desk: RulesClient) -> None:
    desk.create("B", {"BIG": of("GROWTH", 95), "OTHER": of("ELSEWHERE", 1)})
    run = desk.send(reference.RUN_COMPLIANCE, query=RUN).run_id
    base = f"/api/compliance/runs/summary/{run.scope}/{run.code}/Rules"
    result = desk.request("GET", f"{base}/ISSUER-10PCT").json()["ruleResult"]
    by_status = {group["groupStatus"]: group for group in result["ruleBreakdown"]}
    assert (result["ruleStatus"], result["parametersUsed"]["limit"]) == ("Warning", "0.10")
    assert by_status["Warning"]["resultsUsed"] == {"Desk/GROWTH": 0.095}
    assert by_status["Passed"]["missingDataInformation"] == ["Portfolio Desk/ELSEWHERE is not valued."]
    assert desk.request("GET", f"{base}/NONE").status_code == 404
    assert desk.request("GET", "/api/compliance/runs/summary/no/run/$decorate").status_code == 404


def test_k3_breaches_are_kept_by_order_and_run(desk: RulesClient) -> None:
    desk.create("B", {"BAD": of("ETHICAL", 1)})
    runs = [desk.send(reference.RUN_COMPLIANCE, query=RUN).run_id for _ in range(2)]
    answer = desk.request("GET", reference.LIST_ORDER_BREACHES.path)
    kept = decode(page_of(OrderBreachHistory), answer.content).values
    assert sorted((each.order_id.code, each.run_id) for each in kept) == [("BAD", run) for run in runs]
    (breach,) = (kept[0].breaches_by_rule or {})["Rules/RESTRICTED"]
    assert (breach.compliance_state, bool(breach.breach_task_id)) == ("Failed", True)


@pytest.mark.parametrize("path", ["/api/legacy/compliance/runs", "/api/legacy/compliance/runs/breached/1"])
def test_k3_the_older_engine_has_no_runs(desk: RulesClient, path: str) -> None:
    desk.send(reference.RUN_COMPLIANCE, query=RUN)
    assert desk.request("GET", path).json()["values"] == []


def test_k4_states_are_of_the_engine_that_was_asked_for(desk: RulesClient) -> None:
    desk.create("B", {"BAD": of("ETHICAL", 1)})
    desk.send(reference.RUN_COMPLIANCE, query=RUN)
    (older,) = desk.block_entries(useComplianceV2="false")
    assert (older.derived_compliance_state, older.derived_approval_state) == ("Passed", "Approved")
    (detail,) = older.ordered.details
    assert (detail.compliance_state, detail.non_passing_compliance_rule_results) == ("Passed", ())
    assert detail.order_approval_task_id is None
    desk.put_placement("P", "B", 1)
    (older,) = desk.block_entries(useComplianceV2="false")
    assert older.derived_approval_state == "Placed"


def test_k4_orders_say_their_states_when_asked(desk: RulesClient) -> None:
    desk.create("B", {"BAD": of("ETHICAL", 1)})
    desk.send(reference.RUN_COMPLIANCE, query=RUN)
    answers = [
        desk.request("GET", "/api/orders", query={"getDerivedComplianceStatuses": asked})
        for asked in ("true", "false")
    ]
    stated, plain = (decode(page_of(Order), answer.content).values[0] for answer in answers)
    assert (stated.derived_compliance_state, stated.derived_approval_state) == ("Failed", "Pending")
    assert plain.derived_compliance_state is None
    assert desk.request("GET", "/api/orders?getDerivedComplianceStatuses=perhaps").status_code == 400
