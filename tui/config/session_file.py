"""How a desk was left, in a file that the blotter writes as it goes and anybody can read.

A bad entry is told with its line and left out; the rest holds. A file is written whole, so that of two
blotters the last one wins. Loading this loads pydantic.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from pathlib import Path
from threading import Lock
from typing import Any, Final

from msgspec import Struct
from pydantic import Field

from tui.atomic_file import write_atomically
from tui.config.views_file import ViewEntry
from tui.input_files.mistakes import CheckError, Mistake, shown
from tui.input_files.read_file import parse_toml, read_text
from tui.input_files.strict_model import Filled, Written
from tui.input_files.toml_lines import as_toml
from tui.input_files.what_holds import what_holds

VERSION: Final = 1
BEGINNING: Final = """\
# How this desk was left. The blotter writes this file; without it a start shows the desk as it is made.
version = 1
"""


class PinnedEntry(Written):
    """``[[pinned]]``: a row that stands on top of its pane."""

    pane: Filled
    scope: Filled
    code: Filled
    seen: date = Field(description="The day on which it was on the desk last.")


class SessionOfADesk(Written):
    """The whole file."""

    version: int = Field(VERSION, ge=VERSION, le=VERSION)
    view: Filled = Field("", description="View in use.")
    focus: Filled = Field("", description="Pane with the focus.")
    right: Filled = Field("", description="Pane that has its turn at the right.")
    full_screen: bool = Field(False, description="Whether the pane with the focus has the whole screen.")
    theme: Filled = Field("", description="Theme that was chosen.")
    instead_of: Filled = Field("", description="Theme of the settings when that was chosen.")
    shown: ViewEntry | None = Field(None, description="What differs from the view in use.")
    pinned: list[PinnedEntry] = Field([])


class FoundSession(Struct, frozen=True):
    """What a file says, and what is wrong there, as sentences."""

    found: Mapping[str, Any] = {}
    wrong: tuple[str, ...] = ()


class SessionFile:
    """The file of one desk.

    Args:
        path: the file, which need not exist.
        find_mistakes: yields what is wrong with the names in it.
    """

    def __init__(self, path: Path, find_mistakes: Callable[[Mapping[str, Any]], Iterable[Mistake]]) -> None:
        self._path = path
        self._find_mistakes = find_mistakes
        self._writing = Lock()
        self._foreign = False
        """Whether the file is of another version of the program, which may want it again."""

    def read(self) -> FoundSession:
        """Return how the desk was left; what is wrong there is told and left out."""
        try:
            document = parse_toml(read_text(self._path), str(self._path))
        except CheckError as error:
            return FoundSession(wrong=tuple(str(error).splitlines()))
        version = document.found.get("version", VERSION)
        if version != VERSION:
            self._foreign = True
            said = f"is of version {shown(version)}, and this program knows version {VERSION}"
            return FoundSession(wrong=(f"{self._path} {said}: it is neither used nor changed.",))
        found, wrong = what_holds(document, SessionOfADesk, self._find_mistakes)
        return FoundSession({name: said for name, said in found.items() if name != "version"}, wrong)

    def write(self, found: Mapping[str, Any]) -> None:
        """Keep how the desk is now.

        Raises:
            OSError: it cannot be written; what was kept is still there.
        """
        with self._writing:
            if not self._foreign:
                write_atomically(self._path, (BEGINNING + as_toml(found)).encode(errors="replace"))
