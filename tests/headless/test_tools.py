"""The read commands as tools for programs: answers are documents, and nothing can be sent."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest

from tests.headless.kept_output import KeptOutput
from tests.service.dealer import Dealer
from tui.headless.desk_tools import TOOLS, DeskTools
from tui.headless.read_rows import ReadContext


class ToolUser:
    """A program that calls the tools of a desk."""

    def __init__(self, dealer: Dealer) -> None:
        self.tools = DeskTools(dealer.desk, ReadContext(), KeptOutput("json"))

    async def __call__(self, tool: str, **arguments: Any) -> tuple[Mapping[str, Any], bool]:
        answer = await self.tools.call(tool, arguments)
        return json.loads(answer.document, parse_float=Decimal), answer.failed


async def test_a_tool_reads_what_a_colleague_did_since(dealer: Dealer, colleague: Dealer) -> None:
    program = ToolUser(dealer)
    empty, failed = await program("placements")
    assert (empty["rows"], failed) == ([], False)
    await colleague.create("BLK-1", ORD_1=100, ORD_2=50)
    await colleague.place("PLC-1", "BLK-1", 120)
    said, failed = await program("orders", columns=["id", "quantity"], sort=["-quantity"], limit=1)
    assert not failed
    assert said["environment"]["name"] == "demo"
    assert said["total"] == 2
    assert said["rows"] == [{"scope": "Desk", "code": "ORD-1", "id": "ORD-1", "quantity": 100}]
    told, _ = await program("history", ids=["BLK-1"])
    assert {story["code"] for story in told["stories"]} == {"ORD-1", "ORD-2"}
    assert dealer.line.seen
    assert not any("idempotency-key" in request.headers for request in dealer.line.seen), "no write"


async def test_what_a_tool_proposes_stands_in_the_journal_and_nothing_is_sent(
    dealer: Dealer, colleague: Dealer
) -> None:
    await colleague.create("BLK-1", ORD_1=100)
    user = ToolUser(dealer)
    said, failed = await user("propose", command="cancel", ids=["ORD-1"])
    assert not failed
    assert said["sent"] is False
    (open_one,) = (await user("proposals"))[0]["proposals"]
    assert (open_one["id"], open_one["fate"]) == (said["proposed"], "open")
    [proposal] = dealer.desk.proposals.known.values()
    assert proposal.proposer.name == "mcp"
    for wrong in (
        {},
        {"command": "sweep-all"},
        {"command": "cancel", "ids": ["ORD-404"]},
        {"command": "cancel", "ids": ["ORD-1"], "yes": "A1B2"},
        {"command": "cancel", "ids": ["ORD-1"], "key": "k"},
    ):
        refused, failed = await user("propose", **wrong)
        assert failed, wrong
        assert refused["why"]
    assert len((await user("proposals"))[0]["proposals"]) == 1
    assert not any("idempotency-key" in request.headers for request in dealer.line.seen), "no write"


@pytest.mark.parametrize(
    ("tool", "arguments", "told"),
    [
        ("sweep", {}, "There is no tool"),
        ("orders", {"fliter": "x"}, "unknown field `fliter`"),
        ("orders", {"limit": 0}, ">= 1"),
        ("orders", {"columns": ["quantty"]}, "perhaps quantity is meant"),
        ("orders", {"filter": "sied:buy"}, "There is no column"),
        ("history", {}, "missing required field `ids`"),
        ("history", {"ids": ["ORD-404"]}, "ORD-404"),
    ],
)
async def test_what_a_tool_does_not_understand_is_its_answer(
    dealer: Dealer, tool: str, arguments: Mapping[str, Any], told: str
) -> None:
    said, failed = await ToolUser(dealer)(tool, **arguments)
    assert failed
    assert told in said["why"]
    assert said["outcome"] in ("usage", "failed")
    assert said["retry"] is False


async def test_a_desk_that_cannot_be_read_is_told_instead_of_old_rows(dealer: Dealer) -> None:
    dealer.line.fail("unreachable", times=1000)
    said, failed = await ToolUser(dealer)("blocks")
    assert failed
    assert said["retry"] is True
    assert said["why"].startswith("No connection to ")


def test_each_tool_says_in_a_schema_what_it_takes() -> None:
    schemas = {tool.name: tool.schema for tool in TOOLS}
    assert schemas["orders"]["type"] == "object"
    assert schemas["orders"]["additionalProperties"] is False
    assert schemas["history"]["required"] == ["ids"]
    assert all(tool.schema["properties"]["ids"]["type"] == "array" for tool in TOOLS)
    proposed = schemas["propose"]["properties"]
    assert {"cancel", "place", "new"} <= {*proposed["command"]["enum"]}
    assert not {"key", "file", "yes"} & {*proposed}


async def test_the_official_client_lists_the_tools_and_calls_them(dealer: Dealer) -> None:
    mcp = pytest.importorskip("mcp", reason="the extra mcp is not installed; .ci/run has it")
    from tui.cli.mcp_command import mcp_server

    async with mcp.Client(mcp_server(ToolUser(dealer).tools)) as client:
        tools = (await client.list_tools()).tools
        assert [tool.name for tool in tools] == [tool.name for tool in TOOLS]
        assert {tool.name for tool in tools if not tool.annotations.read_only_hint} == {"propose"}
        answer = await client.call_tool("blocks", {"limit": 5})
        assert not answer.is_error
        assert json.loads(answer.content[0].text)["of"] == "blocks"
        wrong = await client.call_tool("blocks", {"limit": "many"})
        assert wrong.is_error
        assert "limit" in json.loads(wrong.content[0].text)["why"]
