"""Running compliance: what the report tells, and what is known of a run whose answer never came."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.seeded_server import seeded_server
from tests.service.dealer import Dealer
from tui.api.base import ResourceId
from tui.api.http import AsyncBaseTransport, asgi_transport
from tui.service.desk_profile import ComplianceRun, DeskProfile
from tui.service.outcomes import Status
from tui.service.verbs import RunCompliance

RUN = ComplianceRun("demo", "Rules", ResourceId("demo", "default"))
VERB = RunCompliance((RUN,), "dealer")
PENDING = ResourceId("demo", "BLK-0019")
"""The demo's block that compliance has not looked at yet."""


@pytest.fixture
async def server() -> AsyncIterator[AsyncBaseTransport]:
    embedded = await seeded_server()
    yield asgi_transport(embedded.app)
    await embedded.close()


async def at(server: AsyncBaseTransport, *, read_only: bool = False) -> Dealer:
    profile = DeskProfile(home="demo", compliance_run=RUN)
    dealer = Dealer.at(server, profile=profile, read_only=read_only)
    await dealer.desk.load()
    return dealer


async def test_a_run_is_told_with_what_came_of_the_orders(server: AsyncBaseTransport) -> None:
    dealer = await at(server)
    assert dealer.desk.snapshot.blocks[PENDING].derived_compliance_state == "Pending"
    report = await dealer.desk.act(VERB)
    assert dealer.desk.snapshot.blocks[PENDING].derived_compliance_state == "Passed"
    sentence = report.sentence()
    assert sentence.startswith("Run: pre-trade compliance rules of Rules by recipe demo/default")
    (done,) = report.done
    assert done.note.startswith("run demo/RUN-")
    assert "2 failed" in done.note
    assert "open orders of this desk" in done.note


async def test_a_run_is_confirmed_with_one_key_and_says_what_it_does(server: AsyncBaseTransport) -> None:
    dealer = await at(server)
    prepared = await dealer.desk.prepare(VERB)
    assert prepared.preview.tier == "T1"
    assert not prepared.preview.hard
    assert "All open orders of the server are checked" in prepared.preview.effects[0]
    assert "isPreTrade=true" in dealer.desk.curl(VERB)


async def test_rules_that_are_not_there_are_said_in_the_servers_words(server: AsyncBaseTransport) -> None:
    dealer = await at(server)
    other = RunCompliance((ComplianceRun("demo", "Mine", ResourceId("demo", "default")),), "dealer")
    report = await dealer.desk.act(other)
    assert report.sentence().startswith("Not run: pre-trade compliance rules of Mine")
    assert "There are no compliance rules in scope 'Mine'." in report.refused[0].reason


async def test_a_lost_answer_is_looked_for_among_the_runs_of_the_server(server: AsyncBaseTransport) -> None:
    dealer = await at(server)
    dealer.line.fail("lost", "compliance/runs")
    report = await dealer.desk.act(VERB)
    (done,) = report.done
    assert done.note.startswith("found among the runs of the server: run demo/RUN-")
    assert dealer.line.sent("compliance/runs") == 1, "it is never sent again by itself"
    assert not dealer.desk.unknown


async def test_a_run_that_never_arrived_stays_unknown_and_is_not_repeated(
    server: AsyncBaseTransport,
) -> None:
    dealer = await at(server)
    dealer.line.fail("cut", "compliance/runs")
    report = await dealer.desk.act(VERB)
    (unknown,) = report.unknown
    assert unknown.status is Status.UNKNOWN
    assert "A run that is still going on is found when it is finished" in unknown.advice
    assert dealer.line.sent("compliance/runs") == 1
    (asked,) = dealer.desk.unknown_in_words()
    assert asked.startswith("Run compliance: pre-trade compliance rules of Rules")


async def test_the_run_of_somebody_else_is_not_taken_for_ours(server: AsyncBaseTransport) -> None:
    dealer, colleague = await at(server), await at(server)
    await colleague.desk.act(VERB)
    dealer.line.fail("cut", "compliance/runs")
    report = await dealer.desk.act(RunCompliance((RUN,), "somebody.else"))
    assert report.unknown


async def test_a_run_of_unknown_outcome_is_found_when_somebody_checks_again(
    server: AsyncBaseTransport,
) -> None:
    dealer = await at(server)
    dealer.line.fail("lost", "compliance/runs")
    dealer.line.fail("broken", "compliance/runs", times=50)
    assert (await dealer.desk.act(VERB)).unknown
    dealer.line.mend()
    (report,) = await dealer.desk.recheck()
    assert report.done[0].note.startswith("found among the runs of the server")
    assert not dealer.desk.unknown


async def test_a_read_only_desk_runs_nothing(server: AsyncBaseTransport) -> None:
    dealer = await at(server, read_only=True)
    report = await dealer.desk.act(VERB)
    assert report.refused
    assert dealer.line.sent("compliance/runs") == 0


async def test_only_one_run_is_under_way(server: AsyncBaseTransport) -> None:
    dealer = await at(server)
    dealer.line.fail("cut", "compliance/runs")
    await dealer.desk.act(VERB)
    second = await dealer.desk.act(VERB)
    assert "An earlier write" in second.refused[0].reason
