"""The ways from this program to a clipboard, by what the environment says, and what is known of each.

A terminal takes a copy by an escape sequence (OSC 52) and never answers. tmux by default takes none from the
programs inside it (``set-clipboard external``), so its own command is asked, which also hands the copy on to
the terminal. On a desktop a tool of the desktop takes it; over SSH it would fill the clipboard of the wrong
machine. Programs tell whether they took a copy; where nothing is certain, the text is written to a file too.
"""

from __future__ import annotations

import asyncio
import shutil
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from msgspec import Struct

MOST_SENT: Final = 74_994
"""Bytes of text that are sent to a terminal: several cut off beyond 100,000 in base 64."""
TIMEOUT_S: Final = 2.0
TMUX: Final = "tmux's buffer"
_OVER_SSH: Final = ("SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY")
_DEAF: Final = ("", "dumb", "linux", "unknown")
"""Terminals that take no copy."""
_KEPT_BACK: Final = ("tmux", "screen")
"""How the names begin of terminals inside which a copy is kept back unless somebody set that up."""

Commands = tuple[tuple[str, ...], ...]


class Tool(Struct, frozen=True):
    """A program that takes a copy on standard input; of its commands the first that works is enough."""

    name: str
    commands: Commands


class Copied(Struct, frozen=True):
    """What became of a copy: the tools that took it, and whether it was sent to the terminal too.

    ``is_certain`` is False where nobody can tell and the terminal may not have it.
    """

    length: int
    took: tuple[str, ...] = ()
    sent: bool = False
    is_certain: bool = False

    def sentence(self, file: Path | None = None, failure: str = "") -> str:
        """Return what became of it; ``file`` is where the text was written, ``failure`` why it was not."""
        them = f"{self.length:,} characters" if self.length != 1 else "1 character"
        written = f"written to {file}" if file else f"not written to a file either: {failure}"
        if self.took:
            pasted = " Prefix ] pastes there; the terminal has it where it takes copies from tmux."
            said = f"{them} copied to {' and '.join(self.took)}."
            return said + (pasted if TMUX in self.took else "")
        if self.sent and file is None and not failure:
            return f"{them} sent to the terminal, which does not tell whether it took them."
        if self.sent:
            return f"{them} sent to the terminal, which may have taken none, and {written}."
        return f"No clipboard took the {them}; they are {written}."


class Clipboard:
    """The clipboards within reach of this process.

    Args:
        environment: the variables of this process.
        find: finds a program on the path, as :func:`shutil.which` does.
    """

    def __init__(
        self, environment: Mapping[str, str], find: Callable[[str], str | None] = shutil.which
    ) -> None:
        self._tools = tuple(_tools(environment, find))
        term = environment.get("TERM", "")
        self._hears = term not in _DEAF and "TMUX" not in environment and "STY" not in environment
        doubts = ("VTE_VERSION" in environment, environment.get("TERM_PROGRAM") == "Apple_Terminal")
        self._is_doubtful = any(doubts) or term.startswith(_KEPT_BACK)

    async def copy(self, text: str, send: Callable[[str], None]) -> Copied:
        """Copy ``text`` wherever it is taken; ``send`` sends it to the terminal."""
        took = [tool.name for tool in self._tools if await _takes(tool, text)]
        sent = not took and self._hears and len(text.encode()) <= MOST_SENT
        if sent:
            send(text)
        return Copied(len(text), tuple(took), sent, bool(took) or (sent and not self._is_doubtful))


def _tools(environment: Mapping[str, str], find: Callable[[str], str | None]) -> list[Tool]:
    """Return the programs that take copies here, those of the desktop first."""
    found = []
    if not any(environment.get(name) for name in _OVER_SSH):
        on_desktop = {
            "wl-copy": ((), "WAYLAND_DISPLAY" in environment),
            "xclip": (("-selection", "clipboard"), "DISPLAY" in environment),
            "xsel": (("--clipboard", "--input"), "DISPLAY" in environment),
            "pbcopy": ((), sys.platform == "darwin"),
        }
        there = [(name, words) for name, (words, possible) in on_desktop.items() if possible and find(name)]
        found = [Tool(f"the clipboard ({name})", ((name, *words),)) for name, words in there[:1]]
    if environment.get("TMUX") and find("tmux"):
        found.append(Tool(TMUX, (("tmux", "load-buffer", "-w", "-"), ("tmux", "load-buffer", "-"))))
    return found


async def _takes(tool: Tool, text: str) -> bool:
    """Return whether a tool took ``text`` in time."""
    for command in tool.commands:
        try:
            if await _run(command, text.encode()) == 0:
                return True
        except (OSError, TimeoutError):
            return False
    return False


async def _run(command: tuple[str, ...], text: bytes) -> int | None:
    nowhere = asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(
        *command, stdin=asyncio.subprocess.PIPE, stdout=nowhere, stderr=nowhere
    )
    try:
        async with asyncio.timeout(TIMEOUT_S):
            await process.communicate(text)
            return await process.wait()
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
