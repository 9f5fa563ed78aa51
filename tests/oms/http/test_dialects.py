"""Servers that spell filters otherwise, take shorter ones or do not know a parameter, for clients to meet."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from tests.oms.contract_scenario import MANAGE, body_of
from tui.api.http import asgi_transport
from tui.cli.arguments import parser
from tui.oms.engine.engine import Engine
from tui.oms.http.app import Server, ServerSettings
from tui.oms.http.call import Dialect

JSON = {"content-type": "application/json"}
BLOCKS = "/api/ordergraph/blocks"
INNER = "id.scope eq 'Desk' and id.code eq 'BLK-1'"
NESTED = "block.id.scope eq 'Desk' and block.id.code eq 'BLK-1'"


@asynccontextmanager
async def speaking(engine: Engine, dialect: Dialect) -> AsyncIterator[httpx.AsyncClient]:
    """Offer the contract's first blocks in a dialect."""
    transport = asgi_transport(Server(engine, ServerSettings(dialect=dialect)))
    async with httpx.AsyncClient(transport=transport, base_url="http://embedded/api") as made:
        await made.post(f"{MANAGE}/createorders", content=body_of("01_create_orders"), headers=JSON)
        yield made


async def found(server: httpx.AsyncClient, filter: str) -> list[str] | int:
    """Return the codes of the blocks a filter finds, or the code of the refusal."""
    answer = await server.get(BLOCKS, params={"filter": filter})
    if answer.status_code != 200:
        refused: int = answer.json()["code"]
        return refused
    return [row["block"]["id"]["code"] for row in answer.json()["values"]]


async def test_filters_of_the_graph_spell_fields_as_the_entity_does(engine: Engine) -> None:
    async with speaking(engine, Dialect()) as server:
        assert await found(server, INNER) == ["BLK-1"]
        assert await found(server, NESTED) == 151
        assert await found(server, "isSwept eq false") == ["BLK-1", "BLK-2"]


async def test_filters_of_a_nested_dialect_name_the_member_that_holds_the_block(engine: Engine) -> None:
    async with speaking(engine, Dialect(graph_filters="nested")) as server:
        assert await found(server, NESTED) == ["BLK-1"]
        assert await found(server, INNER) == 151
        rows = (await server.get(BLOCKS, params={"sortBy": "-block.id.code"})).json()["values"]
        assert [row["block"]["id"]["code"] for row in rows] == ["BLK-2", "BLK-1"]
        refused = await server.get(BLOCKS, params={"sortBy": "id.code"})
        assert (refused.status_code, refused.json()["code"]) == (400, 681)
        listed = await server.get("/api/blocks", params={"filter": INNER})
        assert len(listed.json()["values"]) == 1, "the lists of entities have one spelling"


async def test_filters_of_both_dialects_are_taken(engine: Engine) -> None:
    async with speaking(engine, Dialect(graph_filters="both")) as server:
        assert await found(server, INNER) == await found(server, NESTED) == ["BLK-1"]


async def test_a_filter_that_is_longer_than_the_server_takes_is_a_wrong_value(engine: Engine) -> None:
    async with speaking(engine, Dialect(max_filter=60)) as server:
        assert await found(server, INNER) == ["BLK-1"]
        assert await found(server, INNER + " and id.scope exists") == 151
        assert await found(server, "id.code eqq 'BLK-1'") == 233


async def test_an_address_that_is_longer_than_the_server_takes_is_answered_by_something_before_it(
    engine: Engine,
) -> None:
    async with speaking(engine, Dialect(max_url=200)) as server:
        assert (await server.get(BLOCKS)).status_code == 200
        answer = await server.get(BLOCKS, params={"filter": "x" * 200})
        assert (answer.status_code, answer.headers["content-type"].partition(";")[0]) == (414, "text/html")


async def test_a_parameter_the_server_does_not_know_has_no_effect(engine: Engine) -> None:
    async with speaking(engine, Dialect(ignored=("includeSwept",))) as server:
        answer = await server.get(BLOCKS, params={"includeSwept": "perhaps"})
        assert (answer.status_code, len(answer.json()["values"])) == (200, 2)


def test_serve_is_told_its_dialect() -> None:
    given = parser().parse_args(
        ["serve", "--filter-dialect", "both", "--max-filter", "512", "--ignore", "includeSwept"]
    )
    assert (given.filter_dialect, given.max_filter, given.max_url) == ("both", 512, 2048)
    assert given.ignore == ["includeSwept"]
    with pytest.raises(SystemExit):
        parser().parse_args(["serve", "--max-filter", "0"])
