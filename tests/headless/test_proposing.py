"""Programs propose writes: nothing leaves, whatever the command, and the program reads what became of it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.headless.script_desk import ScriptDesk
from tests.headless.test_every_write import documents
from tests.seeded_server import seeded_server
from tui.headless.asked_verb import WriteRefused
from tui.headless.exit_codes import ExitCode
from tui.headless.proposal_fates import ProposalFate, ProposalFates
from tui.headless.proposed_documents import read_proposed
from tui.headless.proposing import propose_document
from tui.input_files.mistakes import CheckError
from tui.oms.run.embedded import Embedded
from tui.service.ids import new_id
from tui.service.proposals.proposal import ProposalState

HOSTILE = (
    b"",
    b"null",
    b"[" * 60_000,
    b'{"command":"cancel"',
    b'{"command":["cancel"],"ids":["ORD-1"]}',
    b'{"command":"rm","ids":["ORD-1"]}',
    b'{"command":"cancel","ids":"ORD-1"}',
    b'{"command":"cancel","ids":["ORD-1","ORD-1"],"ids":["ORD-2"]}',
    b'{"command":"cancel","ids":["\\u001b[2J"]}',
    b'{"command":"cancel","ids":["ORD-1"],"kind":"passwords"}',
    b'{"command":"cancel","ids":["ORD-1"],"yes":true}',
    b'{"command":"cancel","ids":["ORD-1"],"key":"k"}',
    b'{"command":"new","file":"/dev/zero"}',
    b'{"command":"new","line":"b 1e999999999 VOD @X"}',
    b'{"command":"new","line":"\xff"}',
    b'{"command":"fill","ids":["PLC-00001"],"quantity":NaN}',
    b'{"command":"update","ids":["' + b"x" * 60_000 + b'"]}',
)


@pytest.fixture
async def server() -> AsyncIterator[Embedded]:
    made = await seeded_server()
    yield made
    await made.close()


async def test_whatever_is_proposed_no_write_leaves_and_the_blotter_understands_the_same(
    server: Embedded, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    program = await ScriptDesk.at(server, tmp_path, capsys)
    blotter = await ScriptDesk.at(server, tmp_path, capsys, read_only=True)
    asked = {}
    for command, found in documents(program.desk.snapshot):
        id = await propose_document({"command": command, **found}, program.desk, program="robot")
        asked[id] = command
    blotter.desk.proposals.look()
    seen = blotter.desk.proposals.open()
    assert [each.id for each in seen] == [*asked]
    understood = await read_proposed([each.document for each in seen], blotter.desk)
    for each, found_again in zip(seen, understood, strict=True):
        assert not isinstance(found_again, str), f"{asked[each.id]}: {found_again}"
        assert found_again.verb.count > 0
        assert each.said
    assert program.writes == []
    assert blotter.writes == []
    await program.close()
    await blotter.close()


async def test_hostile_documents_are_told_to_be_wrong_each_for_itself(
    server: Embedded, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    script = await ScriptDesk.at(server, tmp_path, capsys)
    for each, answer in zip(HOSTILE, await read_proposed(HOSTILE, script.desk), strict=True):
        assert isinstance(answer, str), each
        assert answer
    assert script.writes == []
    await script.close()


@pytest.mark.parametrize(
    ("found", "why"),
    [
        ({"ids": ["ORD-00001"]}, "command: it must be one of new, place"),
        ({"command": "cancel", "ids": ["ORD-00001"], "key": "k"}, "at most once by itself"),
        ({"command": "new", "file": "orders.csv"}, "it names no file"),
    ],
)
async def test_what_is_no_proposal_is_refused_before_it_stands_anywhere(
    server: Embedded,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    found: dict[str, object],
    why: str,
) -> None:
    script = await ScriptDesk.at(server, tmp_path, capsys)
    with pytest.raises(CheckError, match=why):
        await propose_document(found, script.desk)
    with pytest.raises(WriteRefused, match="ORD-9 is not on this desk"):
        await propose_document({"command": "cancel", "ids": ["ORD-9"]}, script.desk)
    script.desk.proposals.look()
    assert not script.desk.proposals.known
    await script.close()


async def test_a_program_that_follows_reads_every_fate_and_its_exit_code(
    server: Embedded, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    script = await ScriptDesk.at(server, tmp_path, capsys)
    desk, book = script.desk, script.desk.proposals
    told: list[ProposalFate] = []
    sent, refused = [
        await propose_document({"command": "update", "ids": [id.code], "note": "late"}, desk, program="robot")
        for id in list(desk.snapshot.orders)[:2]
    ]

    async def people_decide(seconds: float) -> None:
        if len(told) == 2:
            book.end(refused, ProposalState.REFUSED, by="chen", reason="not today")
            decision = new_id()
            book.end(sent, ProposalState.CONFIRMED, by="chen", decision=decision, sent="Update 1 order")
            (understood,) = await read_proposed(
                [json.dumps({"command": "update", "ids": ["ORD-00001"], "note": "late"}).encode()], desk
            )
            assert not isinstance(understood, str)
            await desk.carry_out(await desk.prepare(understood.verb), decision_id=decision)

    code = await ProposalFates(script.journal, book).follow([], told.append, people_decide)
    assert [(each.id, each.body["fate"]) for each in told] == [
        (sent, "open"),
        (refused, "open"),
        (sent, "confirmed"),
        (refused, "refused"),
    ]
    confirmed, rejected = told[2].body, told[3].body
    assert [(item["id"], item["status"]) for item in confirmed["items"]] == [("demo/ORD-00001", "done")]
    assert (confirmed["by"], confirmed["sent"]) == ("chen", "Update 1 order")
    assert rejected["reason"] == "not today"
    assert code is ExitCode.SOME_REFUSED
    await script.close()
