"""The SDK under injected faults: it waits as it is told, and cannot know whether a failed write happened."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.compat.sdk import Flavour, SdkDesk, desk_of, got, lusid, refusal
from tests.compat.serving import ServeProcess, served
from tests.compat.story import ScenarioSteps


@pytest.fixture
def faults() -> tuple[str, ...]:
    return ()


@pytest.fixture
def server(faults: tuple[str, ...]) -> Iterator[ServeProcess]:
    with served(*(word for fault in faults for word in ("--inject", fault))) as running:
        yield running


@pytest.fixture
async def desk(server: ServeProcess, flavour: Flavour) -> AsyncIterator[SdkDesk]:
    async with desk_of(server, flavour) as made:
        yield made


@pytest.mark.parametrize("faults", [("rate-limited reads first=1 retry_after=0",)])
async def test_who_asked_too_often_asks_again_when_told(desk: SdkDesk) -> None:
    answer = await got(desk.blocks.list_blocks_with_http_info())
    assert answer.data.values == []
    assert "rate-limited" in dict(answer.headers)["blotter-faults"]


@pytest.mark.parametrize("faults", [("rate-limited list_blocks retry_after=0",)])
async def test_who_asks_too_often_for_too_long_is_told_429_with_code_103(desk: SdkDesk) -> None:
    error, problem = await refusal(lambda: desk.blocks.list_blocks())
    assert (error.status, problem.code) == (429, 103)
    assert error.headers["Retry-After"] == "0"


@pytest.mark.parametrize("faults", [("failed-after create_orders first=1",)])
async def test_a_write_whose_answer_is_a_failure_may_have_been_done(desk: SdkDesk) -> None:
    story = ScenarioSteps(desk, "Desk")
    with pytest.raises(lusid.ApiException) as caught:
        await story.create()
    assert caught.value.status == 500
    assert (await got(desk.blocks.get_block("Desk", "BLK-1"))).quantity == 202


@pytest.mark.parametrize("faults", [("failed-before create_orders first=1 status=503",)])
async def test_a_write_that_was_not_begun_left_nothing_and_can_be_sent_again(desk: SdkDesk) -> None:
    story = ScenarioSteps(desk, "Desk")
    with pytest.raises(lusid.ApiException) as caught:
        await story.create()
    assert caught.value.status == 503
    assert (await got(desk.blocks.list_blocks())).values == []
    assert len((await story.create()).values) == 2


@pytest.mark.parametrize("faults", [("signed-off list_orders",)])
async def test_a_token_that_ran_out_is_401(desk: SdkDesk) -> None:
    error, problem = await refusal(lambda: desk.orders.list_orders())
    assert (error.status, problem.code) == (401, 187)
