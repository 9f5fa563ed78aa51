"""Starts ``blotter serve`` as a process of its own, as the user of any client would.

Each is forked from a process that has loaded the server once: loading costs more than most tests.
"""

from __future__ import annotations

import multiprocessing
import os
import pkgutil
import sys
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from typing import Final, Literal

import tui.oms
from tests.paths import ROOT
from tui.cli import main

Generation = Literal["latest", "2.1"]

LOADED: Final = multiprocessing.get_context("forkserver")
LOADED.set_forkserver_preload(
    [__name__, "tui.start", *(room.name for room in pkgutil.walk_packages(tui.oms.__path__, "tui.oms."))]
)
END_S: Final = 30
"""The most time a server may take to end when told to, in seconds."""


@dataclass(frozen=True)
class ServeProcess:
    """A running server: its address, its token and its generation."""

    url: str
    token: str
    generation: Generation = "latest"

    @property
    def token_url(self) -> str:
        """The address of the token endpoint, beside the API."""
        return f"{self.url.removesuffix('/api')}/oauth2/default/v1/token"


@contextmanager
def served(*options: str, generation: Generation = "latest") -> Iterator[ServeProcess]:
    """Run a server on a free port and an empty desk until the block ends; it must end cleanly."""
    command = ["serve", "--port", "0", "--db", ":memory:", "--generation", generation, *options]
    output, end = LOADED.Pipe(duplex=False)
    process = LOADED.Process(target=_serve, args=(command, end), daemon=True)
    with chdir(ROOT):
        process.start()
    end.close()
    try:
        yield _told(output, process, generation)
    finally:
        died = process.exitcode is not None
        process.terminate()
        process.join(END_S)
        if died:
            print(f"serve ended with {process.exitcode} before it was told to", file=sys.stderr)
    assert not died, f"serve ended with {process.exitcode} before it was told to"
    assert process.exitcode == 0, f"serve ended with {process.exitcode}"


def _serve(command: list[str], end: Connection) -> None:
    """Run ``blotter`` in this process, without the variables of its settings, its stdout in a pipe."""
    for name in [name for name in os.environ if name.startswith(("FBN_", "BLOTTER_"))]:
        del os.environ[name]
    os.chdir(ROOT)
    os.dup2(end.fileno(), sys.stdout.fileno())
    end.close()
    sys.exit(main(command))


def _told(output: Connection, process: ForkServerProcess, generation: Generation) -> ServeProcess:
    with open(output.fileno(), encoding="utf-8", closefd=False) as lines:
        said = (lines.readline(), lines.readline())
    told = dict(line.strip().split(" ", 1) for line in said if " " in line)
    if told.keys() != {"url", "token"}:
        process.join(END_S)
        raise AssertionError(f"serve said {told} and ended with {process.exitcode}; its stderr says why")
    return ServeProcess(told["url"], told["token"], generation)
