"""A plan is confirmed once: what holds, what changes it, and what every later asker is told."""

from __future__ import annotations

import asyncio
import errno
import io
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.headless.script_desk import ScriptDesk
from tests.headless.test_every_write import LINE, unplaced
from tests.seeded_server import seeded_server
from tui.config.limit_settings import LimitTable
from tui.headless import plan_check, write_run
from tui.headless.exit_codes import ExitCode
from tui.headless.write_documents import read_document
from tui.oms.run.embedded import Embedded
from tui.service.journal.journal import Journal
from tui.service.writes.limits import Limits

NEW: dict[str, Any] = {"line": LINE}


class FullDisk(io.StringIO):
    """A stream behind which there is no room."""

    def write(self, text: str) -> int:
        raise OSError(28, "No space left on device")


@pytest.fixture
async def server() -> AsyncIterator[Embedded]:
    made = await seeded_server()
    yield made
    await made.close()


@pytest.fixture
async def script(
    server: Embedded, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> AsyncIterator[ScriptDesk]:
    made = await ScriptDesk.at(server, tmp_path, capsys)
    yield made
    await made.close()


@pytest.fixture
async def other(
    server: Embedded, tmp_path: Path, capsys: pytest.CaptureFixture[str], script: ScriptDesk
) -> AsyncIterator[ScriptDesk]:
    """Another program of the same user, which shares the journal."""
    made = await ScriptDesk.at(server, tmp_path, capsys)
    yield made
    await made.close()


def order_of(script: ScriptDesk) -> dict[str, Any]:
    return {"ids": [next(unplaced(script.desk.snapshot))]}


async def test_another_document_under_a_code_is_a_new_plan(script: ScriptDesk) -> None:
    code = await script.plan("new", NEW)
    assert await script.run("new", {"line": LINE.replace("1k", "2k")}, yes=code) is ExitCode.SOME_REFUSED
    [said] = script.said
    assert said["outcome"] == "planChanged"
    assert said["why"] == (
        "Plan changed: the documents are not those of this code. Nothing was sent. This is the new plan."
    )
    assert script.writes == []
    assert await script.run("new", {"line": LINE.replace("1k", "2k")}, yes=said["code"]) is ExitCode.DONE
    assert len(script.writes) == 1


async def test_rows_that_changed_since_make_a_new_plan(script: ScriptDesk, other: ScriptDesk) -> None:
    document = order_of(script)
    code = await script.plan("update", {**document, "note": "a"})
    before = await other.plan("update", {**document, "quantity": "+1"})
    assert await other.run("update", {**document, "quantity": "+1"}, yes=before) is ExitCode.DONE
    await script.desk.load()
    assert await script.run("update", {**document, "note": "a"}, yes=code) is ExitCode.SOME_REFUSED
    [said] = script.said
    assert f"{document['ids'][0]}" in said["why"]
    assert "changed meanwhile" in said["why"]
    assert said["code"] != code
    assert script.writes == []


async def test_a_plan_is_good_for_ten_minutes(script: ScriptDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    code = await script.plan("new", NEW)
    monkeypatch.setattr(plan_check, "HOLDS_FOR", timedelta(0))
    assert await script.run("new", NEW, yes=code) is ExitCode.SOME_REFUSED
    assert "it is older than ten minutes" in script.said[0]["why"]
    assert await script.run("new", NEW, yes="NEVERWAS") is ExitCode.SOME_REFUSED
    assert "there is no plan of this code here" in script.said[0]["why"]
    assert script.writes == []


async def test_a_plan_of_one_user_is_not_anothers(
    script: ScriptDesk, server: Embedded, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document = order_of(script)
    code = await script.plan("cancel", document)
    stranger = await ScriptDesk.at(server, tmp_path, capsys, user="somebody")
    assert await stranger.run("cancel", document, yes=code) is ExitCode.SOME_REFUSED
    assert "it was made for dealer on demo, not for somebody on demo" in stranger.said[0]["why"]
    assert stranger.writes == []
    await stranger.close()


async def test_of_programs_that_confirm_at_once_one_sends_and_all_tell_the_outcome(
    script: ScriptDesk, other: ScriptDesk
) -> None:
    code = await script.plan("new", NEW, NEW)
    await asyncio.gather(*(each.run("new", NEW, NEW, yes=code) for each in (script, other)))
    assert len(script.writes) + len(other.writes) == 2
    for each in (script, other):
        assert await each.run("new", NEW, NEW, yes=code) is ExitCode.DONE
        assert each.statuses() == [["done", "done"]] * 2
    assert len(script.writes) + len(other.writes) == 2


async def test_a_key_has_one_outcome_for_one_document(script: ScriptDesk, other: ScriptDesk) -> None:
    document = {**NEW, "key": "morning"}
    code = await script.plan("new", document)
    assert await script.run("new", document, yes=code) is ExitCode.DONE
    for again in (script, other):
        assert await again.run("new", document) is ExitCode.DONE
        [said] = again.said
        assert said["again"] is True
        assert said["key"] == "morning"
        assert await again.run("new", document, yes="WHATEVER") is ExitCode.DONE
    another = {**document, "line": LINE.replace("1k", "2k")}
    assert await other.run("new", another, NEW) is ExitCode.SOME_REFUSED
    assert "Something else was asked under this key" in other.said[0]["why"]
    assert other.said[1]["why"] == write_run.ALL_OR_NOTHING
    assert len(script.writes) + len(other.writes) == 1


async def test_two_plans_under_one_key_are_sent_once(script: ScriptDesk, other: ScriptDesk) -> None:
    document = {**NEW, "key": "morning"}
    codes = [await each.plan("new", document) for each in (script, other)]
    assert codes[0] != codes[1], "each has ids of its own"
    for each, code in zip((script, other), codes, strict=True):
        assert await each.run("new", document, yes=code) is ExitCode.DONE
    assert [len(each.writes) for each in (script, other)] == [1, 0]
    assert other.said[0]["again"] is True


async def test_lines_are_answered_in_order_each_with_its_own_outcome(script: ScriptDesk) -> None:
    orders = [*unplaced(script.desk.snapshot)][:3]
    lines: list[Mapping[str, Any]] = [{"ids": [id]} for id in orders]
    code = await script.plan("cancel", *lines)
    assert [said["line"] for said in script.said] == [1, 2, 3]
    assert [said["items"][0]["id"] for said in script.said] == [f"demo/{id}" for id in orders]
    script.line.fail("cut", "cancelorders")
    assert await script.run("cancel", *lines, yes=code, wait=0) is ExitCode.SOME_UNKNOWN
    assert script.statuses() == [["unknown"], ["done"], ["done"]]
    assert [said["outcome"] for said in script.said] == ["someUnknown", "done", "done"]
    assert "blotter journal list" in script.said[0]["advice"]


async def test_a_wrong_line_is_told_and_nothing_is_planned(script: ScriptDesk) -> None:
    lines = [order_of(script), {"ids": ["NOWHERE"]}, order_of(script)]
    assert await script.run("cancel", *lines) is ExitCode.SOME_REFUSED
    assert [said["why"] for said in script.said] == [
        write_run.ALL_OR_NOTHING,
        "NOWHERE is not on this desk.",
        write_run.ALL_OR_NOTHING,
    ]
    assert not any("code" in said for said in script.said)
    assert await script.run("cancel", *({**each, "key": "k"} for each in lines)) is ExitCode.USAGE
    assert "line 2: key: k stands on line 1 already." in script.said[0]["why"]


async def test_lines_together_are_held_to_the_limit_of_a_basket(script: ScriptDesk) -> None:
    of_one = LimitTable("[limits]", values={"basket_hard": Decimal(1)})
    script.desk.limits = Limits((of_one,))
    assert await script.run("new", NEW, NEW) is ExitCode.SOME_REFUSED
    assert all(said["why"] == script.said[0]["why"] for said in script.said)
    assert "4 items at once, above the hard limit of 1" in script.said[0]["why"]
    assert script.writes == []


async def test_what_the_app_refuses_is_not_planned(script: ScriptDesk) -> None:
    assert await script.run("new", {"line": LINE.replace("1k", "500m")}) is ExitCode.SOME_REFUSED
    assert "above the hard limit of" in script.said[0]["why"]
    assert "code" not in script.said[0]


async def test_a_plan_is_for_its_key_only(script: ScriptDesk) -> None:
    code = await script.plan("new", {**NEW, "key": "one"})
    for document in (NEW, {**NEW, "key": "another"}):
        assert await script.run("new", document, yes=code) is ExitCode.SOME_REFUSED
        assert "the documents are not those of this code" in script.said[0]["why"]
    assert script.writes == []


async def test_a_full_disk_stops_the_lines_that_are_not_sent(
    script: ScriptDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [{"ids": [id]} for id in [*unplaced(script.desk.snapshot, 1)][:3]]
    code = await script.plan("cancel", *lines)
    claim = script.journal.claim

    def full(name: str, *more: Any, **others: Any) -> Any:
        if not name.endswith(" 1"):
            raise OSError(errno.ENOSPC, "No space left on device")
        return claim(name, *more, **others)

    monkeypatch.setattr(script.journal, "claim", full)
    assert await script.run("cancel", *lines, yes=code) is ExitCode.SOME_REFUSED
    assert script.statuses() == [["done"], ["not sent"], ["not sent"]]
    assert "The journal cannot take it (No space left on device)" in script.said[1]["items"][0]["why"]
    assert len(script.writes) == 1


async def test_a_lost_answer_is_found_by_reading_back(script: ScriptDesk) -> None:
    document = {**order_of(script), "key": "gone"}
    code = await script.plan("cancel", document)
    script.line.fail("lost", "cancelorders")
    assert await script.run("cancel", document, yes=code) is ExitCode.DONE
    assert script.statuses() == [["done"]]
    assert script.said[0]["items"][0]["note"].startswith("confirmed by reading back")
    assert len(script.writes) == 1


async def test_what_never_left_is_sent_by_the_next_yes(
    server: Embedded, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    script = await ScriptDesk.at(server, tmp_path, capsys)
    document = {**NEW, "key": "offline"}
    code = await script.plan("new", document)
    script.line.fail("unreachable", "createorders", times=99)
    assert await script.run("new", document, yes=code) is ExitCode.NOT_REACHED
    assert script.said[0]["retry"] is True
    await script.close()
    later = await ScriptDesk.at(server, tmp_path, capsys)
    assert await later.run("new", document, yes=code) is ExitCode.DONE
    assert len(later.writes) == 1
    await later.close()


async def test_a_claim_of_a_program_that_was_killed_before_it_sent_is_taken_over(
    script: ScriptDesk, tmp_path: Path
) -> None:
    document = {**NEW, "key": "killed"}
    code = await script.plan("new", document)
    killed = Journal(tmp_path / "journal.jsonl")
    asked = read_document("new", document)
    for name, digest in {f"plan {code} 1": asked.planned_digest, "key killed": asked.digest}.items():
        assert killed.claim(name, digest, "NEVERLEFT", datetime.now(UTC)) is None
    assert await script.run("new", document, yes=code, wait=0) is ExitCode.SOME_UNKNOWN
    assert "Another program is carrying this out" in script.said[0]["why"]
    killed.close()
    assert await script.run("new", document, yes=code) is ExitCode.DONE
    assert script.said[0]["again"] is False
    assert len(script.writes) == 1


async def test_a_damaged_journal_may_have_held_the_key(
    script: ScriptDesk, server: Embedded, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for key in ("kept", "lost"):
        code = await script.plan("new", {**NEW, "key": key})
        assert await script.run("new", {**NEW, "key": key}, yes=code) is ExitCode.DONE
    path = tmp_path / "journal.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"name":"key lost"', b'"name":"key l\xff\xfft"'))
    later = await ScriptDesk.at(server, tmp_path, capsys)
    assert await later.run("new", {**NEW, "key": "lost"}) is ExitCode.FAILED
    assert "whether this key was used is not known" in later.said[0]["why"]
    assert await later.run("new", {**NEW, "key": "kept"}) is ExitCode.DONE
    assert later.said[0]["again"] is True
    await later.plan("new", NEW)
    await later.close()


async def test_a_program_told_to_stop_waits_for_what_it_sent_and_sends_no_more(script: ScriptDesk) -> None:
    lines = [{"ids": [id]} for id in [*unplaced(script.desk.snapshot, 1)][:3]]
    code = await script.plan("cancel", *lines)

    async def stop(request: httpx.Request) -> None:
        if "cancelorders" in request.url.path:
            os.kill(os.getpid(), signal.SIGTERM)
            await asyncio.sleep(0.05)

    script.line.before = stop
    assert await script.run("cancel", *lines, yes=code) is ExitCode.SOME_REFUSED
    assert script.statuses() == [["done"], ["not sent"], ["not sent"]]
    assert [said["outcome"] for said in script.said] == ["done", "someRefused", "someRefused"]
    script.line.before = None
    assert await script.run("cancel", *lines, yes=code) is ExitCode.DONE, "the rest of it, and no more"
    assert [said["again"] for said in script.said] == [True, False, False]
    assert len(script.writes) == 3


async def test_rows_left_out_are_told_one_by_one_and_the_others_planned(script: ScriptDesk) -> None:
    snapshot = script.desk.snapshot
    final = next(id.code for id, row in snapshot.orders.items() if row.state == "Cancelled")
    live = next(unplaced(snapshot))
    assert await script.run("cancel", {"ids": [live, final]}) is ExitCode.SOME_REFUSED
    [said] = script.said
    assert [(each["id"], each["why"]) for each in said["refused"]] == [(f"demo/{final}", "It is cancelled.")]
    assert await script.run("cancel", {"ids": [live, final]}, yes=said["code"]) is ExitCode.DONE


@pytest.mark.parametrize("room", ["stdout", "stderr"])
async def test_what_was_sent_is_no_failure_because_nobody_could_be_told(
    script: ScriptDesk, monkeypatch: pytest.MonkeyPatch, room: str
) -> None:
    code = await script.plan("new", NEW)
    with monkeypatch.context() as context:
        context.setattr(sys, room, None if room == "stdout" else FullDisk())
        assert await script.run("new", NEW, yes=code) is ExitCode.DONE
    assert len(script.writes) == 1
    assert await script.run("new", NEW, yes=code) is ExitCode.DONE
    assert script.said[0]["again"]
    assert len(script.writes) == 1
