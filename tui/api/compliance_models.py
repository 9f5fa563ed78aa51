"""Runs of compliance rules, their results, and breaches of an order, read as leniently as reference data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tui.api.base import Instant, Properties, ResourceId, WireStruct


class ComplianceRunInfo(WireStruct, frozen=True, kw_only=True):
    """A finished run; ``schedule`` is PreTrade, PostTrade or PreAndPostTrade."""

    run_id: ResourceId
    instigated_at: Instant | None = None
    completed_at: Instant | None = None
    schedule: str | None = None
    instigated_by: str | None = None


class PreTradeConfiguration(WireStruct, frozen=True, kw_only=True):
    """What a preview includes: None, Allocations or OrdersAndAllocations."""

    include_entity_types: str


class ComplianceRunConfiguration(WireStruct, frozen=True, kw_only=True):
    pre_trade_configuration: PreTradeConfiguration


class AffectedPortfolio(WireStruct, frozen=True, kw_only=True):
    id: ResourceId
    name: str | None = None


class ComplianceRuleOutcome(WireStruct, frozen=True, kw_only=True):
    """What one rule said in a run; ``status`` and ``outcome`` are free texts."""

    rule_id: ResourceId
    affected_portfolios_details: tuple[AffectedPortfolio, ...] | None = None
    affected_orders: tuple[ResourceId, ...] | None = None
    template_id: ResourceId | None = None
    template_description: str | None = None
    template_variation: str | None = None
    status: str | None = None
    rule_name: str | None = None
    rule_description: str | None = None
    outcome: str | None = None
    properties: Properties | None = None


class ComplianceRunSummary(WireStruct, frozen=True, kw_only=True):
    run_id: ResourceId
    details: tuple[ComplianceRuleOutcome, ...]


class SummarisedPortfolio(WireStruct, frozen=True, kw_only=True):
    """A portfolio, or with another ``portfolio_entity_type`` a group of them."""

    scope: str
    code: str
    portfolio_entity_type: str | None = None


class ComplianceSummaryRequest(WireStruct, frozen=True, kw_only=True):
    run_id: ResourceId
    portfolio_entity_ids: tuple[SummarisedPortfolio, ...] | None = None
    property_keys: tuple[str, ...] | None = None


class ComplianceRuleResult(WireStruct, frozen=True, kw_only=True):
    """How a rule came to its result: its groups, the values used and what was missing, as JSON."""

    run_id: ResourceId | None = None
    instigated_at: Instant | None = None
    completed_at: Instant | None = None
    schedule: str | None = None
    rule_result: Mapping[str, Any] | None = None


class OrderBreach(WireStruct, frozen=True, kw_only=True):
    breach_task_id: str | None = None
    compliance_state: str | None = None


class OrderBreachHistory(WireStruct, frozen=True, kw_only=True):
    id: ResourceId | None = None
    order_id: ResourceId
    run_id: ResourceId | None = None
    breaches_by_rule: Mapping[str, tuple[OrderBreach, ...]] | None = None
    as_at: Instant | None = None
