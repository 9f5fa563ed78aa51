"""How many places a new thing takes: made-up ones are added to a copy of the program, and it must work there.

An addition is a handful of texts, each put into one file. The number of places is the number of files that
have to be touched; what follows from them is asked of the copy, in a process of its own.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.paths import ROOT


class Insertion(NamedTuple):
    """A text put into ``file`` in front of ``before``, at its end when that is empty."""

    file: str
    text: str
    before: str = ""


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the program, as it is."""
    place = tmp_path_factory.mktemp("program")
    for package in ("tui", "widgets", "styles"):
        shutil.copytree(ROOT / package, place / package, ignore=shutil.ignore_patterns("__pycache__"))
    return place


def add(program: Path, *insertions: Insertion) -> set[str]:
    """Put insertions into a program and return the files they went to."""
    for file, text, before in insertions:
        path = program / file
        source = path.read_text(encoding="utf-8") if path.exists() else ""
        assert not before or source.count(before) == 1, f"{file} has not one {before!r}"
        path.write_text(source.replace(before, text + before) if before else source + text, encoding="utf-8")
    return {each.file for each in insertions}


def run(program: Path, file: str) -> str:
    """Run a file of a program and return what it prints."""
    done = subprocess.run(
        [sys.executable, file], cwd=program, env={"PYTHONPATH": str(program)}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


TYPES = Insertion(
    "tui/api/requests.py",
    '''

class RingBellRequest(WireStruct, frozen=True, kw_only=True):
    """Which blocks to ring the bell for, and how often."""

    block_ids: Mapping[str, ResourceId]
    times: Decimal


class RungBell(WireStruct, frozen=True, kw_only=True):
    block: Block
    times: Decimal
''',
)
ROW = Insertion(
    "tui/api/operations.py",
    """
RING_BELL: Final = _manage(
    "ring_bell", "$ringbell", "Ring the bell", RingBellRequest, KeyedReply[RungBell], since="latest"
)
""",
    before="\n\ndef _declared()",
)
ROW_IMPORT = Insertion(
    "tui/api/operations.py",
    "    RingBellRequest,\n    RungBell,\n",
    before="    SweepBlocksRequest,\n    Weighted",
)
COMMAND = Insertion(
    "tui/oms/engine/commands.py",
    """
def ring_bell(uow: UnitOfWork, request: Any) -> ReplyBuilder:
    from tui.api.models import Block
    from tui.api.requests import KeyedReply, RungBell

    values = {
        key: RungBell(block=block, times=request.times)
        for key, id in request.block_ids.items()
        if (block := uow.get(Block, id)) is not None
    }
    failed = {key: ErrorDetail(id=key) for key in request.block_ids if key not in values}
    return lambda: KeyedReply(values=values, failed=failed)


""",
    before="COMMANDS: Final",
)
COMMAND_IMPORT = Insertion(
    "tui/oms/engine/commands.py", "from tui.api.base import ErrorDetail\n", before="from tui.oms.domain.unit"
)
COMMAND_ENTRY = Insertion(
    "tui/oms/engine/commands.py",
    "    operations.RING_BELL.name: ring_bell,\n",
    before="    operations.SWEEP_BLOCKS.name: sweep_blocks,",
)
CALLER = Insertion(
    "caller.py",
    """
import asyncio
import shlex
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from tui.api import operations
from tui.api.base import ResourceId
from tui.api.client import Client
from tui.api.errors import NotSent, NotServed
from tui.api.http import Http, asgi_transport
from tui.api.requests import BlockRequest, RingBellRequest
from tui.oms.demo.universe import instrument_table
from tui.oms.engine.engine import Engine
from tui.oms.faults.scenario import read_faults
from tui.oms.fidelity import SERVED
from tui.oms.http.app import Server, ServerSettings

BLOCK, NONE = ResourceId("Desk", "BLK-1"), ResourceId("Desk", "BLK-404")
ASKED = RingBellRequest(block_ids={"a": BLOCK, "b": NONE}, times=Decimal("2.50"))


def client(engine: Engine, generation: str = "latest", server: str = "latest") -> Client:
    app = Server(engine, ServerSettings(generation=server))
    return Client(Http("http://embedded/api", transport=asgi_transport(app)), generation)


async def main() -> None:
    engine = Engine.open(None, instrument_table)
    newest = client(engine)
    block = BlockRequest(
        id=BLOCK,
        instrument_identifiers={"Instrument/default/Figi": "BBG000B9XRY4"},
        quantity=Decimal(10),
        side="Buy",
        created_date=datetime(2026, 11, 20, tzinfo=UTC),
    )
    await newest.blocks.upsert([block])

    reply = await newest.call(operations.RING_BELL, ASKED, key="K-1")
    assert reply.values["a"].times == Decimal("2.50")
    assert reply.values["a"].block.id == BLOCK
    assert set(reply.failed) == {"b"}

    shown = shlex.split(newest.build(operations.RING_BELL, ASKED).curl())
    assert shown[3] == "http://embedded/api/api/ordermanagement/$ringbell"
    assert shown[-1].endswith('"times":2.50}')

    with pytest.raises(NotSent, match="A server of generation 2.1 cannot do this: Ring the bell."):
        client(engine, "2.1").build(operations.RING_BELL, ASKED)
    with pytest.raises(NotServed, match="came after generation 2.1"):
        await client(engine, server="2.1").call(operations.RING_BELL, ASKED)
    assert client(engine, "2.1").absent["ring_bell"]

    assert operations.RING_BELL in operations.OPERATIONS
    assert (operations.RING_BELL.partial, operations.RING_BELL.effect) == (True, "writes")
    assert SERVED["ring_bell"].fidelity.value == "as documented"
    assert read_faults(["denied on=ring_bell"], None) is not None
    print("works")


asyncio.run(main())
""",
)


def test_an_operation_takes_four_places(pristine: Path, tmp_path: Path) -> None:
    program = shutil.copytree(pristine, tmp_path / "program")
    places = add(program, TYPES, ROW_IMPORT, ROW, COMMAND_IMPORT, COMMAND, COMMAND_ENTRY, CALLER)
    assert run(program, CALLER.file) == "works\n"
    assert len(places) == 4
