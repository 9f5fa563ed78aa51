"""A dealer looks at an order that failed compliance: which rule, called what, and whether it is the cause."""

from __future__ import annotations

from dataclasses import dataclass, field

import httpx
import pytest

from tests.blotter_app import Blotter, blotter
from tui.api.http import AsyncBaseTransport
from tui.service.desk_profile import DeskProfile


@dataclass
class ComplianceLine(AsyncBaseTransport):
    """A line that notes what is asked of compliance; with ``refuses`` the server does not permit it."""

    server: AsyncBaseTransport
    asked: list[str] = field(default_factory=list)
    refuses: bool = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if "/compliance/" in request.url.path:
            self.asked.append(request.url.path)
            if self.refuses:
                return httpx.Response(403, json={"name": "AccessDenied", "code": 186, "detail": "Not yours."})
        return await self.server.handle_async_request(request)


def said(user: Blotter) -> str:
    return " ".join(user.text().replace("▏", " ").split())


@pytest.mark.parametrize("size", [(160, 48), (80, 40)])
async def test_the_rule_is_called_by_its_name_and_says_who_is_the_cause(size: tuple[int, int]) -> None:
    lines: list[ComplianceLine] = []

    def wrap(server: AsyncBaseTransport) -> AsyncBaseTransport:
        lines.append(ComplianceLine(server))
        return lines[0]

    async with blotter(size, wrap=wrap) as user:
        await user.go("orders", "ORD-00024")
        assert "RESTRICTED" in user.row("orders", "ORD-00024")["rules"]
        assert not lines[0].asked, "names are read when somebody looks"
        await user.press("enter")
        await user.until(lambda: "Restricted list (Rules/RESTRICTED)" in said(user))
        assert "likely responsible" in said(user)
        assert "V2 (/api/compliance)" in said(user)
        assert "approval task" in said(user)
        asked = len(lines[0].asked)
        assert asked == 2, "the list of runs, and one summary"
        await user.press("escape")
        await user.until(
            lambda: user.row("orders", "ORD-00024")["rules"].startswith("Failed: Restricted list")
        )
        await user.press("enter")
        assert "Restricted list" in said(user)
        assert len(lines[0].asked) == asked, "they are kept"


async def test_a_block_says_it_of_each_of_its_orders() -> None:
    async with blotter() as user:
        await user.go("blocks", "BLK-0011")
        await user.press("enter")
        await user.until(lambda: "No issuer above 10 % (Rules/ISSUER-10PCT), not responsible" in said(user))
        assert "Restricted list (Rules/RESTRICTED), likely responsible" in said(user)


async def test_orders_that_passed_take_one_line_together() -> None:
    async with blotter() as user:
        await user.go("blocks", "BLK-0004")
        await user.press("enter")
        text = said(user)
        assert "1 order passed and approved" in text
        assert "ORD-00011 warning, approval approved" in text
        assert "ORD-00012 Passed" not in text


async def test_names_that_are_not_permitted_cost_their_line_only() -> None:
    async with blotter(wrap=lambda server: ComplianceLine(server, refuses=True)) as user:
        await user.go("orders", "ORD-00024")
        await user.press("enter")
        await user.until(lambda: "names of rules are not known: not licensed or not permitted" in said(user))
        assert "Failed: Rules/RESTRICTED, likely responsible" in said(user)


async def test_with_compliance_off_nothing_is_said_of_rules() -> None:
    async with blotter(profile=DeskProfile(compliance="off")) as user:
        await user.go("orders", "ORD-00024")
        assert not user.row("orders", "ORD-00024")["rules"]
        await user.press("enter")
        assert "off: its states are neither shown nor obeyed" in said(user)
