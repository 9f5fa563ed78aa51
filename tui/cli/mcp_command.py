"""``blotter mcp``: reading and proposing as tools of the Model Context Protocol, over stdio.

The package ``mcp`` is an extra: it is loaded here and nowhere else.
"""

from __future__ import annotations

import argparse
from datetime import tzinfo
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

from tui import __version__
from tui.chosen_server import ChosenServer
from tui.cli.on_desk import PreparedWork, run_prepared
from tui.config.settings import Settings
from tui.headless.command_failed import CommandFailed
from tui.headless.command_output import CommandOutput
from tui.headless.desk_tools import ABOUT, TOOLS, DeskTools
from tui.headless.exit_codes import ExitCode
from tui.headless.read_rows import ReadContext
from tui.service.desk import Desk

if TYPE_CHECKING:
    from mcp.server.lowlevel import Server

NOT_INSTALLED: Final = "The package mcp, version 2 or later, is not installed."
INSTALLS: Final = "pip install '.[mcp]' installs it."


def run_mcp(given: argparse.Namespace) -> int:
    """Answer a client on standard input and output until it leaves."""
    output = CommandOutput()
    if find_spec("mcp") is None or find_spec("mcp_types") is None:
        return output.fail(CommandFailed(ExitCode.FAILED, NOT_INSTALLED, advice=INSTALLS))

    def prepare(settings: Settings, server: ChosenServer, zone: tzinfo) -> PreparedWork:
        async def work(desk: Desk, output: CommandOutput) -> ExitCode:
            from mcp.server.stdio import stdio_server

            offered = mcp_server(DeskTools(desk, ReadContext(minutes=settings.exceptions), output))
            async with stdio_server() as (incoming, outgoing):
                await offered.run(incoming, outgoing, offered.create_initialization_options())
            return ExitCode.DONE

        return PreparedWork(work)

    return run_prepared(given, prepare, output=output)


def mcp_server(tools: DeskTools) -> Server[Any]:
    """Return the protocol's server of these tools: none of them sends anything."""
    from mcp import types
    from mcp.server.lowlevel import Server

    async def list_tools(context: Any, asked: Any) -> types.ListToolsResult:
        return types.ListToolsResult(
            tools=[
                types.Tool(
                    name=tool.name,
                    description=tool.description,
                    input_schema=tool.schema,
                    annotations=types.ToolAnnotations(
                        read_only_hint=not tool.adds,
                        destructive_hint=False,
                        idempotent_hint=not tool.adds,
                        open_world_hint=False,
                    ),
                )
                for tool in TOOLS
            ]
        )

    async def call_tool(context: Any, asked: Any) -> types.CallToolResult:
        answer = await tools.call(asked.name, asked.arguments or {})
        content = [types.TextContent(type="text", text=answer.document)]
        return types.CallToolResult(content=content, is_error=answer.failed)

    return Server(
        "blotter",
        version=__version__,
        instructions=ABOUT,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
    )
