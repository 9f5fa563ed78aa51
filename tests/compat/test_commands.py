"""What a script does with ``blotter``'s commands is what the official SDK reads from the same server."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from tests.compat.sdk import NEWEST_ONLY, desk_of, got
from tests.compat.serving import ServeProcess
from tests.paths import ROOT


class ScriptProcess:
    """Commands of ``blotter`` against one server, each a process of its own with a home of its own."""

    def __init__(self, server: ServeProcess, home: Path) -> None:
        self._token = home / "token"
        self._token.touch(0o600)
        self._token.write_text(server.token)
        self._url = server.url
        names = ("HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME")
        self._environment = {**dict.fromkeys(names, str(home)), "PYTHONPATH": str(ROOT)}

    async def run(self, *arguments: str) -> dict[str, Any]:
        """Run a command and return the document it prints; it must end as the document says."""
        reached = ("--url", self._url, "--token-file", str(self._token), "--json")
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "tui", *arguments, *reached),
            env=self._environment,
            stdout=asyncio.subprocess.PIPE,
        )
        out, _ = await process.communicate()
        said: dict[str, Any] = json.loads(out)
        assert process.returncode == said["exitCode"], said
        return said

    async def confirmed(self, *arguments: str) -> dict[str, Any]:
        """Plan a write, confirm it, and return what became of it."""
        planned = await self.run(*arguments)
        return await self.run(*arguments, "--yes", planned["code"])


@NEWEST_ONLY
async def test_what_a_script_wrote_is_what_the_sdk_reads(demo_server: ServeProcess, tmp_path: Path) -> None:
    script = ScriptProcess(demo_server, tmp_path)
    async with desk_of(demo_server, "async") as sdk:
        made = await script.confirmed("new", "b 1,234 VOD lmt 0.8150 day @UKEQ-GROW")
        assert made["outcome"] == "done"
        scope, _, code = made["items"][0]["id"].partition("/")
        order = await got(sdk.orders.get_order(scope, code))
        assert (order.quantity, order.side, order.limit_price.amount) == (1234, "Buy", 0.815)
        assert order.portfolio_id.code == "UKEQ-GROW"

        note = await script.confirmed("cancel", code)
        assert [each["status"] for each in note["items"]] == ["done"]
        assert (await got(sdk.orders.get_order(scope, code))).state == "Cancelled"

        listed = await script.run("orders", code)
        assert [row["state"].lower() for row in listed["rows"]] == ["cancelled"]
