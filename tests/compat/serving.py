"""Starts ``blotter serve`` as a process of its own, as the user of any client would."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Literal

from tests.paths import ROOT

Generation = Literal["latest", "2.1"]


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
    command = [sys.executable, "-m", "tui", "serve", "--port", "0", "--db", ":memory:"]
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("FBN_", "BLOTTER_"))
    }
    process = subprocess.Popen(
        [*command, "--generation", generation, *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=environment,
    )
    try:
        yield _told(process, generation)
    finally:
        died = process.poll() is not None
        process.send_signal(signal.SIGTERM)
        _, complaints = process.communicate(timeout=30)
        if died:
            sys.stderr.write(f"serve had ended with {process.returncode} before it was told to:\n")
        sys.stderr.write(complaints)
    assert not died, f"serve ended with {process.returncode} before it was told to: {complaints}"
    assert process.returncode == 0, f"serve ended with {process.returncode}: {complaints}"


def _told(process: subprocess.Popen[str], generation: Generation) -> ServeProcess:
    output: IO[str] | None = process.stdout
    assert output is not None
    told = dict(line.strip().split(" ", 1) for line in (output.readline(), output.readline()) if " " in line)
    if told.keys() != {"url", "token"}:
        try:
            complaints = process.communicate(timeout=10)[1]
        except subprocess.TimeoutExpired:
            process.kill()
            complaints = process.communicate()[1]
        raise AssertionError(f"serve said {told}, ended with {process.returncode}: {complaints}")
    return ServeProcess(told["url"], told["token"], generation)
