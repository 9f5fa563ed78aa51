"""What surrounds order management, by the official SDK: each method answers, and refuses."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest

from tests.compat.sdk import NEWEST_ONLY, Flavour, SdkDesk, desk_of, got, lusid, refusal
from tests.compat.serving import ServeProcess

proves = pytest.mark.proves

LUID = "LusidInstrumentId"
APPLE = "LUID_0000AAPL"
FRIDAY = datetime(2026, 11, 20, 12, tzinfo=UTC)
PREVIEW = ("compat", "Rules", "demo", "default")
LIMIT_RULE = ("Rules", "ISSUER-10PCT")


def preview_of(included: str) -> Any:
    """Return what a preview of a compliance run takes into account."""
    return lusid.ComplianceRunConfiguration.from_dict(
        {"preTradeConfiguration": {"includeEntityTypes": included}}
    )


async def refused(call: Any) -> tuple[int, int]:
    """Return the status and the code of a refusal."""
    error, problem = await refusal(call)
    return error.status, problem.code


# -- the moment of reading --------------------------------------------------------------------------------


@NEWEST_ONLY
@proves("get_latest_as_at", "success")
async def test_the_latest_as_at_is_that_of_the_newest_version(demo: SdkDesk) -> None:
    latest = (await got(demo.metadata.get_latest_as_at())).as_at
    newest = (await got(demo.orders.list_orders(sort_by=["-version.asAtModified"], limit=1))).values[0]
    assert latest >= newest.version.as_at_modified


@NEWEST_ONLY
@proves("get_latest_as_at", "failure")
@proves("get_instrument_identifier_types", "failure")
@proves("list_transaction_types", "failure")
@proves("list_legacy_compliance_run_info", "failure")
@proves("get_legacy_breached_orders_info", "failure")
@proves("run_compliance", "failure")
@proves("run_compliance_preview", "failure")
async def test_nothing_is_told_to_whoever_has_no_token(demo_server: ServeProcess, flavour: Flavour) -> None:
    async with desk_of(demo_server, flavour, token="nobody") as stranger:
        for call in (
            stranger.metadata.get_latest_as_at,
            stranger.instruments.get_instrument_identifier_types,
            stranger.sides.list_transaction_types,
            stranger.legacy.list_legacy_compliance_run_info,
            partial(stranger.legacy.get_legacy_breached_orders_info, "RUN-1"),
            partial(stranger.compliance.run_compliance, "compat", "Rules", True, "demo", "default"),
            partial(stranger.compliance.run_compliance_preview, *PREVIEW, preview_of("None")),
        ):
            error, _ = await refusal(call)
            assert error.status == 401


# -- instruments ------------------------------------------------------------------------------------------


@proves("get_instruments", "success")
@proves("get_instrument", "success")
async def test_an_instrument_has_a_name_a_currency_and_a_definition(demo: SdkDesk) -> None:
    found = await got(demo.instruments.get_instruments(LUID, [APPLE]))
    apple = found.values[APPLE]
    assert (apple.name, apple.dom_ccy, apple.asset_class, apple.state) == (
        "Apple",
        "USD",
        "Equities",
        "Active",
    )
    assert apple.instrument_definition.instrument_type == "Equity"
    assert (await got(demo.instruments.get_instrument("Ticker", "NG/"))).name == "National Grid"


@proves("get_instruments", "partial")
async def test_an_instrument_nobody_knows_is_told_beside_the_others(demo: SdkDesk) -> None:
    found = await got(demo.instruments.get_instruments(LUID, [APPLE, "LUID_NOPE0000"]))
    assert (set(found.values), set(found.failed)) == ({APPLE}, {"LUID_NOPE0000"})


@proves("get_instruments", "failure")
@proves("get_instrument", "failure")
async def test_an_unknown_type_of_identifier_is_refused_and_an_unknown_value_not_found(demo: SdkDesk) -> None:
    assert await refused(lambda: demo.instruments.get_instruments("Nonsense", [APPLE])) == (400, 151)
    assert (await refused(lambda: demo.instruments.get_instrument("Ticker", "NOPE")))[0] == 404


@proves("list_instruments", "success")
@proves("get_instrument_identifier_types", "success")
async def test_bonds_are_listed_with_their_terms(demo: SdkDesk) -> None:
    bonds = await got(demo.instruments.list_instruments(filter="assetClass eq 'InterestRates'", limit=2))
    terms = bonds.values[0].instrument_definition
    assert (terms.instrument_type, terms.principal, bool(bonds.next_page)) == ("Bond", 1, True)
    types = await got(demo.instruments.get_instrument_identifier_types())
    assert {each.identifier_type for each in types.values} > {LUID, "Figi", "Isin"}


@proves("list_instruments", "failure")
async def test_a_filter_of_instruments_that_makes_no_sense_is_refused(demo: SdkDesk) -> None:
    assert await refused(lambda: demo.instruments.list_instruments(filter="colour eq 'red'")) == (400, 151)


@proves("instruments_search", "success")
async def test_a_search_finds_by_identifier(demo: SdkDesk) -> None:
    sought = [lusid.InstrumentSearchProperty(key="Instrument/default/Isin", value="US0378331005")]
    [match] = await got(demo.search.instruments_search(sought, mastered_only=True))
    assert [each.name for each in match.mastered_instruments] == ["Apple"]


@proves("instruments_search", "failure")
async def test_a_search_for_nothing_is_refused(demo: SdkDesk) -> None:
    assert await refused(lambda: demo.search.instruments_search([])) == (400, 157)


@NEWEST_ONLY
@proves("calculate_settlement_date", "success")
@proves("calculate_settlement_date", "failure")
async def test_a_trade_settles_weekdays_later(demo: SdkDesk) -> None:
    settles = demo.instruments.calculate_settlement_date
    told = await got(settles(LUID, APPLE, transaction_date=FRIDAY.isoformat()))
    assert told.value == datetime(2026, 11, 23, tzinfo=UTC)
    assert (await refused(lambda: settles(LUID, "LUID_NOPE0000")))[0] == 404
    assert (await refused(lambda: settles("Ticker", "VOD", scope="Private")))[0] == 400


# -- portfolios and holdings ------------------------------------------------------------------------------


@proves("list_portfolios", "success")
@proves("list_portfolios_for_scope", "success")
@proves("get_portfolio", "success")
@proves("get_details", "success")
async def test_portfolios_are_listed_by_scope_and_told_one_by_one(demo: SdkDesk) -> None:
    everything = await got(demo.funds.list_portfolios(limit=5, sort_by=["id.code"]))
    assert (len(everything.values), bool(everything.next_page)) == (5, True)
    sleeves = await got(demo.funds.list_portfolios_for_scope("sleeves"))
    assert [each.id.code for each in sleeves.values] == ["PRIV-CRED", "US-TECH"]
    assert (await got(demo.funds.get_portfolio("demo", "BAL-60"))).display_name == "Balanced 60/40"
    details = await got(demo.portfolios.get_details("sleeves", "PRIV-CRED"))
    assert (details.base_currency, details.instrument_scopes) == ("GBP", ["Private"])


@proves("list_portfolios", "failure")
@proves("list_portfolios_for_scope", "failure")
@proves("get_portfolio", "failure")
@proves("get_details", "failure")
@proves("get_holdings", "failure")
@proves("get_holdings_with_orders", "failure")
async def test_what_no_portfolio_has_is_refused(demo: SdkDesk) -> None:
    assert await refused(lambda: demo.funds.list_portfolios(filter="colour eq 'red'")) == (400, 151)
    assert await refused(lambda: demo.funds.list_portfolios_for_scope("demo", sort_by=["colour"])) == (
        400,
        681,
    )
    for call in (
        demo.funds.get_portfolio,
        demo.portfolios.get_details,
        demo.portfolios.get_holdings,
        demo.portfolios.get_holdings_with_orders,
    ):
        assert (await refused(partial(call, "demo", "NOPE")))[0] == 404


@proves("get_holdings", "success")
@proves("get_holdings_with_orders", "success")
async def test_open_orders_add_lines_to_what_is_held(demo: SdkDesk) -> None:
    held = await got(demo.portfolios.get_holdings("demo", "US-TECH"))
    more = await got(demo.portfolios.get_holdings_with_orders("demo", "US-TECH"))
    assert {each.holding_type for each in held.values} <= {"P", "B", "C"}
    assert {each.holding_type for each in more.values} > {"P", "B", "O", "OC"}
    one = await got(demo.portfolios.get_holdings("demo", "US-TECH", filter=f"instrumentUid eq '{APPLE}'"))
    assert [each.instrument_uid for each in one.values] == [APPLE]


# -- quotes -----------------------------------------------------------------------------------------------


def series(id: str, **changes: str) -> Any:
    usual = {"provider": "Lusid", "instrument_id_type": LUID, "quote_type": "Price", "field": "mid"}
    return lusid.QuoteSeriesId(instrument_id=id, **{**usual, **changes})


@proves("get_quotes", "success")
@proves("get_quotes", "partial")
@proves("get_quotes", "failure")
async def test_quotes_are_found_missing_or_make_no_sense(demo: SdkDesk) -> None:
    asked = {"apple": series(APPLE), "nothing": series("LUID_ZZZZZZZZ")}
    found = await got(demo.quotes.get_quotes("demo", request_body=asked))
    assert (found.values["apple"].metric_value.unit, set(found.not_found)) == ("USD", {"nothing"})
    asked["rate"] = series("GBP/USD", instrument_id_type="CurrencyPair", quote_type="Price")
    asked["odd"] = lusid.QuoteSeriesId.construct(**{**series(APPLE).__dict__, "quote_type": "Guess"})
    partly = await got(demo.quotes.get_quotes("demo", request_body=asked))
    assert (set(partly.failed), set(partly.not_found)) == ({"odd"}, {"nothing", "rate"})
    assert (await refused(lambda: demo.quotes.get_quotes("demo", request_body={})))[0] == 400


# -- words of the tenant ----------------------------------------------------------------------------------


@proves("list_transaction_types", "success")
async def test_sides_are_the_names_of_transaction_types(demo: SdkDesk) -> None:
    types = await got(demo.sides.list_transaction_types())
    names = [alias.type for each in types["default"] for alias in each.aliases]
    assert names[:4] == ["Buy", "Sell", "SellShort", "CoverShort"]


@proves("get_multiple_property_definitions", "success")
@proves("get_multiple_property_definitions", "failure")
@proves("list_property_definitions", "success")
@proves("list_property_definitions", "failure")
async def test_properties_have_names_and_types(demo: SdkDesk) -> None:
    api = demo.properties
    [strategy] = (await got(api.get_multiple_property_definitions(["Order/demo/Strategy"]))).values
    found = strategy.actual_instance if hasattr(strategy, "actual_instance") else strategy
    assert (found.display_name, found.value_type) == ("Strategy", "String")
    assert (await refused(lambda: api.get_multiple_property_definitions(["Nonsense/demo/X"]))) == (400, 151)
    assert len((await got(api.list_property_definitions(filter="domain eq 'Block'"))).values) == 4
    assert (await refused(lambda: api.list_property_definitions(filter="domain eqq 'x'"))) == (400, 233)


@proves("list_reference_lists", "success")
@proves("list_reference_lists", "failure")
@proves("get_reference_list", "success")
@proves("get_reference_list", "failure")
async def test_brokers_are_a_reference_list(demo: SdkDesk) -> None:
    [brokers] = (await got(demo.lists.list_reference_lists())).values
    assert (await got(demo.lists.get_reference_list("demo", "BROKERS"))).name == brokers.name == "Brokers"
    assert (await refused(lambda: demo.lists.list_reference_lists(filter="colour eq 'red'"))) == (400, 151)
    assert (await refused(lambda: demo.lists.get_reference_list("demo", "NOPE")))[0] == 404


# -- compliance -------------------------------------------------------------------------------------------


@proves("list_compliance_runs", "success")
@proves("list_compliance_runs", "failure")
@proves("get_decorated_compliance_run_summary", "success")
@proves("get_decorated_compliance_run_summary", "failure")
@proves("get_compliance_rule_result", "success")
@proves("get_compliance_rule_result", "failure")
async def test_a_run_tells_what_each_rule_said(demo: SdkDesk) -> None:
    run = (await got(demo.compliance.list_compliance_runs(limit=1))).values[0].run_id
    summary = await got(demo.compliance.get_decorated_compliance_run_summary(run.scope, run.code))
    rules = [(each.rule_id.scope, each.rule_id.code) for each in summary.details]
    assert LIMIT_RULE in rules
    result = await got(demo.compliance.get_compliance_rule_result(run.scope, run.code, *LIMIT_RULE))
    assert result.run_id.code == run.code
    refusing = demo.compliance
    assert (await refused(lambda: refusing.list_compliance_runs(filter="colour eq 'red'"))) == (400, 151)
    assert (await refused(lambda: refusing.get_decorated_compliance_run_summary("Rules", "NOPE")))[0] == 404
    assert (await refused(lambda: refusing.get_compliance_rule_result(run.scope, run.code, "Rules", "NOPE")))[
        0
    ] == 404


@proves("run_compliance", "success")
@proves("run_compliance_preview", "success")
async def test_a_run_is_made_and_a_preview_of_it(demo: SdkDesk) -> None:
    run = await got(demo.compliance.run_compliance("compat", "Rules", True, "demo", "default"))
    assert (run.run_id.scope, run.schedule) == ("compat", "PreTrade")
    preview = await got(demo.compliance.run_compliance_preview(*PREVIEW, preview_of("None")))
    assert preview.run_id.scope == "compat"


@NEWEST_ONLY
@proves("list_order_breach_history", "success")
@proves("list_order_breach_history", "failure")
@proves("get_filtered_decorated_compliance_run_summary", "success")
@proves("get_filtered_decorated_compliance_run_summary", "failure")
async def test_breaches_are_listed_and_a_summary_is_of_some_portfolios(demo: SdkDesk) -> None:
    breaches = (await got(demo.compliance.list_order_breach_history(limit=1))).values
    assert breaches
    assert breaches[0].order_id.scope == "demo"
    assert (await refused(lambda: demo.compliance.list_order_breach_history(filter="x eqq 1"))) == (400, 233)
    run = (await got(demo.compliance.list_compliance_runs(limit=1))).values[0].run_id

    def asked(code: str) -> Any:
        return lusid.DecoratedComplianceRunSummaryRequest.from_dict(
            {"runId": {"scope": run.scope, "code": code}, "portfolioEntityIds": []}
        )

    summary = demo.compliance.get_filtered_decorated_compliance_run_summary
    assert (await got(summary(asked(run.code)))).run_id.code == run.code
    assert (await refused(lambda: summary(asked("NOPE"))))[0] == 404


@proves("list_legacy_compliance_run_info", "success")
@proves("get_legacy_breached_orders_info", "success")
async def test_the_older_engine_knows_nothing(demo: SdkDesk) -> None:
    assert (await got(demo.legacy.list_legacy_compliance_run_info())).values == []
    assert (await got(demo.legacy.get_legacy_breached_orders_info("RUN-1"))).values == []
