"""A process that has loaded the engine once and forks children that write until they are killed.

Each line on stdin is a database file and a number of the child. A child says its process
id, opens the file, says ``open``, and commits one call after the other; after each it says the call's
number. When the child is dead the forker says ``dead``.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import msgspec

from tests.oms.run.many_clients import block_of
from tui.api import codec
from tui.api.models import Order
from tui.api.requests import BlockAndOrdersCreateRequest
from tui.oms.demo.universe import instrument_table
from tui.oms.engine.commands import create_orders
from tui.oms.engine.engine import Engine
from tui.oms.query.pages import ListQuery, read_page
from tui.oms.query.queryable_fields import fields_of

LIVES = 100_000


def size_of(call: int) -> int:
    """Return how many orders a call makes."""
    return 1 + call % 7


def request_of(child: int, call: int) -> BlockAndOrdersCreateRequest:
    """Return a call that makes one block, whose number of orders follows from the call's number."""
    code = f"{child}-{call}"
    block = block_of(code, [f"{code}-{order}" for order in range(size_of(call))])
    return codec.decode(BlockAndOrdersCreateRequest, msgspec.json.encode({"requests": [block]}))


def live(file: Path, child: int) -> None:
    """Commit calls and acknowledge each, until killed."""
    engine = Engine.open(file, instrument_table)
    say("open")
    for call in range(LIVES):
        engine.write(create_orders, request_of(child, call), user="child")
        say(str(call))
        if call % 8 == 0:
            engine.view(lambda reads: read_page(reads, ListQuery(fields_of(Order), limit=10)))


def say(what: str) -> None:
    """Write a line to the parent in one write, so that it arrives whole or not at all."""
    os.write(1, f"{what}\n".encode())


def main() -> None:
    """Fork a child for each line of stdin."""
    for line in sys.stdin:
        file, child = line.split()
        pid = os.fork()
        if not pid:
            say(f"child {os.getpid()}")
            live(Path(file), int(child))
            os._exit(1)
        os.waitpid(pid, 0)
        say("dead")


if __name__ == "__main__":
    main()
