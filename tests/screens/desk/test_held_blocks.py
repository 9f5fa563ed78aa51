"""A dealer places blocks that compliance or an approver holds back: refused, or only with the count typed."""

from __future__ import annotations

import pytest

from tests.blotter_app import blotter
from tui.screens.dialogs.preview_dialog import PreviewDialog
from tui.screens.dialogs.report_dialog import ReportDialog
from tui.service.desk_profile import DeskProfile


@pytest.mark.parametrize("size", [(160, 48), (80, 24)])
async def test_a_failed_or_rejected_block_cannot_be_sent_and_says_who_said_so(size: tuple[int, int]) -> None:
    async with blotter(size) as user:
        await user.go("blocks", "BLK-0011")
        await user.press("p")
        await user.fill("counterparty", "ALBN")
        await user.press("enter")
        await user.until(lambda: isinstance(user.app.screen, PreviewDialog))
        said = " ".join(user.text().replace("│", " ").split())
        assert "compliance failed for ORD-00024, ORD-00025, last changed by" in said
        assert "approval rejected for ORD-00024, last changed by" in said
        assert "This cannot be sent" in said
        placed = dict(user.desk.snapshot.placements)
        await user.press("y", "1", "enter")
        assert user.desk.snapshot.placements == placed


async def test_a_pending_block_is_placed_only_with_the_count_typed() -> None:
    async with blotter() as user:
        await user.go("blocks", "BLK-0019")
        before = len(user.desk.snapshot.placements)
        await user.press("p")
        await user.fill("counterparty", "ALBN")
        await user.press("enter")
        await user.until(lambda: isinstance(user.app.screen, PreviewDialog))
        said = " ".join(user.text().replace("│", " ").split())
        assert "compliance pending for ORD-00038, last changed by pm.silva" in said
        assert "approval pending for ORD-00038, last changed by pm.silva" in said
        await user.press("y")
        assert isinstance(user.app.screen, PreviewDialog)
        await user.press("backspace", "1", "enter")
        await user.report()
        await user.until(lambda: len(user.desk.snapshot.placements) == before + 1)


async def test_compliance_is_run_and_what_it_passes_is_placed_with_one_key() -> None:
    async with blotter() as user:
        await user.go("blocks", "BLK-0019")
        assert user.row("blocks", "BLK-0019")["compliance"] == "pending"
        await user.press("V")
        said = await user.preview()
        assert "Run compliance" in said
        assert "pre-trade compliance rules of Rules by recipe demo/default" in said
        await user.confirm("enter")
        await user.until(lambda: isinstance(user.app.screen, ReportDialog))
        told = user.boxed()
        await user.press("enter")
        assert user.desk.active.kind.value == "blocks", "there is no row of it to go to"
        assert "run demo/RUN-" in told
        assert "2 failed" in told
        assert user.row("blocks", "BLK-0019")["compliance"] == "passed"
        before = len(user.desk.snapshot.placements)
        await user.press("p")
        await user.fill("counterparty", "ALBN")
        await user.press("enter")
        await user.confirm("y")
        await user.until(lambda: len(user.desk.snapshot.placements) == before + 1)


async def test_without_its_entries_in_the_profile_a_run_says_how_to_set_it_up() -> None:
    async with blotter(profile=DeskProfile()) as user:
        await user.press("V")
        assert user.notices == [
            "The profile does not say how compliance is run here: set run_scope, rule_scope and recipe in "
            "[profiles.NAME.compliance]."
        ]
