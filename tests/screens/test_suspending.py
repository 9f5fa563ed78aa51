"""Ctrl-Z over a ticket, in a real terminal: the program stops, and ``fg`` brings the ticket back whole."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import Final

from tests.thinwire.slowline import FarEnd
from tests.thinwire.test_driver import ALTERNATE_SCREEN, HostTerminal

LIMIT_S: Final = 60.0
CTRL_Z: Final = b"\x1a"
LINE: Final = "b 30k VOD lmt 0.82 day @UKEQ-GROW"
SENTENCE: Final = "uy 30,000 VOD (Vodafone) limit 0.82 GBP, day, for UKEQ-GROW"
TO_SEND: Final = "Press Enter to send."


@contextmanager
def blotter_in_a_terminal(folder: Path) -> Iterator[HostTerminal]:
    """Yield a terminal in which the program shows its demo; all it writes is in ``folder``."""
    places = {f"XDG_{name}_HOME": str(folder / name) for name in ("DATA", "STATE", "CONFIG")}
    command = ("-m", "tui", "demo", "--db", str(folder / "desk.db"), "--size", "demo")
    with HostTerminal(*command, environment=places) as terminal:
        terminal.until(lambda far: "live" in far.row(0) and "Orders" in far.text(), LIMIT_S)
        yield terminal


def suspended(terminal: HostTerminal) -> None:
    """Press Ctrl-Z, and wait until the program has stopped and given the terminal back."""
    terminal.type(CTRL_Z)
    end = monotonic() + LIMIT_S
    while terminal.state != "T":
        assert monotonic() < end, "it does not stop"
        terminal.run(0.02)
    terminal.rest(0.05)
    assert ALTERNATE_SCREEN not in terminal.far.screen.mode
    terminal.scribble()


def brought_back(terminal: HostTerminal) -> None:
    """Do what ``fg`` does."""
    os.kill(terminal.pid, signal.SIGCONT)


def sent(folder: Path) -> list[str]:
    """Return the lines of the program's journals: what left, or was about to."""
    return [line for file in folder.rglob("journal-*.jsonl") for line in file.read_text().splitlines()]


def pasted(text: str) -> bytes:
    """Return a bracketed paste, as a terminal sends one."""
    return b"\x1b[200~%b\x1b[201~" % text.encode()


def shows(*texts: str) -> Callable[[FarEnd], bool]:
    """Return a check that all of ``texts`` are on screen, whatever their lines break at."""

    def seen(far: FarEnd) -> bool:
        boxed = (row.split("│")[1] for y in range(far.lines) if (row := far.row(y)).count("│") >= 2)
        shown = " ".join(" ".join((*boxed, far.text())).split())
        return all(text in shown for text in texts)

    return seen


def test_a_ticket_outlives_ctrl_z_in_its_form_and_in_its_preview_and_nothing_is_sent(tmp_path: Path) -> None:
    with blotter_in_a_terminal(tmp_path) as terminal:
        terminal.press(b"N", until=shows("New orders by line"), limit=LIMIT_S)
        terminal.press(pasted(f"{LINE}\r\ny\r\n"), until=shows(SENTENCE), limit=LIMIT_S)

        suspended(terminal)
        brought_back(terminal)
        terminal.until(shows("New orders by line", LINE, SENTENCE), LIMIT_S)

        terminal.press(b"\r", until=shows("Afterwards", TO_SEND), limit=LIMIT_S)
        suspended(terminal)
        brought_back(terminal)
        terminal.until(shows(SENTENCE, "Afterwards", TO_SEND), LIMIT_S)
        terminal.type(pasted("\r\ny\r\n1\r\n"))
        terminal.rest(0.3)
        assert shows(SENTENCE, TO_SEND)(terminal.far), "a paste confirms nothing"

        terminal.press(b"\x1b", until=shows("New orders by line", LINE), limit=LIMIT_S)
        assert not sent(tmp_path)
        terminal.press(b"\r", until=shows("Afterwards", TO_SEND), limit=LIMIT_S)
        terminal.rest(0.6)  # a preview takes no key that came before it could be read
        terminal.press(b"\r", until=shows("1 Blocks 39"), limit=LIMIT_S)
        (intent, *_) = map(json.loads, sent(tmp_path))
        assert intent["label"].startswith(f"B{SENTENCE}")
