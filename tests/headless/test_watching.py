"""``--watch``: a script follows the rows of a list, line by line."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.headless.kept_output import KeptOutput
from tests.paths import ROOT
from tests.service.dealer import Dealer
from tui.headless.read_rows import ReadContext
from tui.headless.rows_request import RowsRequest
from tui.headless.watched_rows import RowWatch, watch_rows


def told(line: Mapping[str, Any]) -> tuple[str, str, tuple[str, ...]]:
    """Return what a line tells of which row, and in which columns."""
    return line["event"], line.get("row", {}).get("code", ""), tuple(line.get("changed", ()))


def watched(dealer: Dealer, **asked: Any) -> tuple[RowWatch, KeptOutput]:
    """Return a script that watches the placements of a desk, and what it is told."""
    output = KeptOutput("json")
    request = RowsRequest("placements", columns=("id", "quantity", "executed", "state"), **asked)
    watch = RowWatch(request, ReadContext(), dealer.desk, output)
    watch.begin()
    return watch, output


async def test_first_come_the_rows_then_what_others_do_to_them(dealer: Dealer, colleague: Dealer) -> None:
    await colleague.create("BLK-1", ORD_1=100)
    await colleague.place("PLC-1", "BLK-1", 40)
    await dealer.desk.refresh()
    watch, output = watched(dealer)
    begin, row, whole = output.new_lines()
    assert begin["environment"]["name"] == "demo"
    assert begin["columns"] == ["scope", "code", "id", "quantity", "executed", "state"]
    assert row["row"] == {
        **{"scope": "Desk", "code": "PLC-1", "id": "PLC-1"},
        **{"quantity": 40, "executed": 0, "state": "New"},
    }
    assert (whole["event"], whole["total"]) == ("whole", 1)
    await watch.poll()
    assert output.new_lines() == [], "nothing happened"
    await colleague.fill("EXE-1", "PLC-1", 15)
    await colleague.place("PLC-2", "BLK-1", 60)
    await watch.poll()
    lines = output.new_lines()
    assert [told(line) for line in lines] == [
        ("changed", "PLC-1", ("executed", "state")),
        ("added", "PLC-2", ()),
    ]
    assert lines[0]["row"]["executed"] == 15
    assert [line["seq"] for line in (begin, row, whole, *lines)] == [1, 2, 3, 4, 5]
    assert begin["asAt"] <= lines[0]["asAt"] == lines[1]["asAt"]
    watch.close()


async def test_a_row_that_its_filter_lets_go_is_gone_and_comes_back(
    dealer: Dealer, colleague: Dealer
) -> None:
    await colleague.create("BLK-1", ORD_1=100)
    await colleague.place("PLC-1", "BLK-1", 100)
    await dealer.desk.refresh()
    watch, output = watched(dealer, filter="executed<50")
    output.new_lines()
    await colleague.fill("EXE-1", "PLC-1", 60)
    await watch.poll()
    (line,) = output.new_lines()
    assert line["event"] == "gone"
    assert line["row"] == {"scope": "Desk", "code": "PLC-1"}
    await colleague.fill("EXE-1", "PLC-1", 30)
    await watch.poll()
    assert [told(line) for line in output.new_lines()] == [("added", "PLC-1", ())]
    watch.close()


async def test_an_id_that_is_not_there_yet_is_waited_for(dealer: Dealer, colleague: Dealer) -> None:
    watch, output = watched(dealer, ids=("PLC-7",))
    assert output.new_lines()[-1]["missing"] == ["PLC-7"]
    await colleague.create("BLK-1", ORD_1=100)
    await colleague.place("PLC-6", "BLK-1", 10)
    await colleague.place("PLC-7", "BLK-1", 10)
    await watch.poll()
    assert [told(line) for line in output.new_lines()] == [("added", "PLC-7", ())]
    watch.close()


async def test_a_lost_connection_and_its_return_are_told_once(dealer: Dealer, colleague: Dealer) -> None:
    await colleague.create("BLK-1", ORD_1=100)
    await dealer.desk.refresh()
    watch, output = watched(dealer)
    output.new_lines()
    dealer.line.fail("unreachable", times=1000)
    for _ in range(3):
        await watch.poll()
    lines = output.new_lines()
    assert {line["event"] for line in lines} == {"state"}
    assert lines[0]["state"] != "live"
    assert lines[0]["why"]
    assert len({line["state"] for line in lines}) == len(lines), "each state once"
    dealer.line.mend()
    dealer.clock.seconds += 60
    await colleague.place("PLC-1", "BLK-1", 10)
    await watch.poll()
    assert [told(line)[:2] for line in output.new_lines()] == [("state", ""), ("added", "PLC-1")]
    watch.close()


async def test_exceptions_open_and_end_as_rows_change(dealer: Dealer, colleague: Dealer) -> None:
    await colleague.create("BLK-1", ORD_1=100)
    await colleague.place("PLC-1", "BLK-1", 100)
    await dealer.desk.refresh()
    output = KeptOutput("json")
    watch = RowWatch(RowsRequest("exceptions"), ReadContext(), dealer.desk, output)
    watch.begin()
    output.new_lines()
    await colleague.fill("EXE-1", "PLC-1", 130)
    await watch.poll()
    lines = output.new_lines()
    found = {line["row"]["exception"]: line for line in lines if line["event"] == "added"}
    assert found["over_executed"]["row"]["code"] == "BLK-1"
    assert found["over_executed"]["row"]["press"] == "fill"
    await colleague.fill("EXE-1", "PLC-1", 100)
    await watch.poll()
    gone = [line["row"]["exception"] for line in output.new_lines() if line["event"] == "gone"]
    assert "over_executed" in gone
    watch.close()


async def test_it_ends_in_order_when_it_is_told_to(dealer: Dealer) -> None:
    output, stopped = KeptOutput("json"), asyncio.Event()
    stopped.set()
    code = await watch_rows(RowsRequest("orders"), ReadContext(), dealer.desk, output, stopped)
    last = output.new_lines()[-1]
    assert code == 0
    assert (last["event"], last["outcome"], last["exitCode"]) == ("end", "done", 0)


def test_the_market_moves_while_a_script_watches_and_a_signal_ends_it(tmp_path: Path) -> None:
    code = "import sys; from tui.cli import main; sys.exit(main(sys.argv[1:]))"
    words = ("--speed", "100", "executions", "--watch", "--db", ":memory:", "--columns", "id,quantity")
    homes = dict.fromkeys(("XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME"), str(tmp_path))
    command = [sys.executable, "-c", code, *words]
    with subprocess.Popen(command, cwd=ROOT, env={**homes, "PATH": ""}, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        events = []
        for line in process.stdout:
            events.append(json.loads(line)["event"])
            if events[-1] == "added":
                process.send_signal(signal.SIGTERM)
                break
        events += [json.loads(line)["event"] for line in process.stdout]
        assert process.wait() == 0
    assert events[0] == "begin"
    assert "whole" in events
    assert events[-1] == "end"
