"""``views.toml``: the views of a desk by name, the reader's own and those that a desk shares.

A bad entry is told with its line and left out; the rest holds. What is written changes the lines concerned
and keeps all others and every comment. Loading this loads pydantic.
"""

from __future__ import annotations

import fcntl
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from msgspec import Struct
from pydantic import Field

from tui.atomic_file import PRIVATE, write_atomically
from tui.input_files.mistakes import CheckError, Document, Mistake, shown
from tui.input_files.read_file import parse_toml, read_text
from tui.input_files.strict_model import Filled, Written
from tui.input_files.toml_lines import NotEditable, with_table, with_value, without
from tui.input_files.what_holds import what_holds

VERSION: Final = 1
BEGINNING: Final = """\
# Views of the blotter: [ and ] on the desk step through them, w saves what is shown.
# A view that is based_on another says only what differs from it.
version = 1
"""

Entries = Mapping[str, Mapping[str, Any]]
"""What views say, by name, in the names of :class:`ViewEntry`."""
FindMistakes = Callable[[Mapping[str, Any], Iterable[str]], Iterator[Mistake]]
"""Yields what is wrong with the names in a file; the others are views of another file to be based on."""


class PaneEntry(Written):
    """``[views.NAME.panes.PANE]``: what is not said is as in the view it is based on."""

    filter: str = Field("", description="Filter of its rows.")
    sort: list[Filled] = Field([], description="Columns to sort by; a minus in front of one turns it round.")
    columns: list[Filled] = Field([], description="Columns shown, in order.")
    show: list[Filled] = Field([], description="Columns shown beside those of the view it is based on.")
    hide: list[Filled] = Field([], description="Columns of the view it is based on that are not shown.")
    pin: list[Filled] = Field([], description="Columns that stay at the left.")
    widths: dict[str, int] = Field(default_factory=dict, description="Widths of columns, in cells.")


class ViewEntry(Written):
    """``[views.NAME]``."""

    based_on: Filled = Field("", description="View that it changes.")
    linked: bool = Field(True, description="Whether the panes follow the block under the cursor.")
    split: int = Field(0, ge=0, le=100, description="Height of the blocks in per cent; 0 as rows need it.")
    panes: dict[str, PaneEntry] = Field(default_factory=dict)


class ViewsOfADesk(Written):
    """The whole file."""

    version: int = Field(VERSION, ge=VERSION, le=VERSION)
    views: dict[Filled, ViewEntry] = Field(default_factory=dict)


class ReadViews(Struct, frozen=True):
    """The views as they are in the files now, and what is wrong there, as sentences."""

    own: Entries = {}
    shared: Entries = {}
    wrong: tuple[str, ...] = ()


class ViewsFile:
    """The views of one reader, who may write ``path``, and those of ``shared``, which nobody here writes."""

    def __init__(self, path: Path, shared: Path | None, find_mistakes: FindMistakes) -> None:
        self.path = path
        self._shared = shared
        self._find_mistakes = find_mistakes

    def read(self) -> ReadViews:
        """Read both files; what is wrong in one is told and left out."""
        shared, wrong = self._entries(self._shared, ()) if self._shared else ({}, ())
        own, more = self._entries(self.path, shared)
        if self._shared is not None and not self._shared.exists():
            wrong = (f"{self._shared} is not there: no shared views are read.",)
        return ReadViews(own, shared, (*wrong, *more))

    def write(self, name: str, entry: Mapping[str, Any] | None, seen: Mapping[str, Any] | None) -> bool:
        """Save a view, or take it away; return False, and write nothing, where it is not as it was ``seen``.

        The file is read again first and written whole, so that another blotter's views stay.

        Raises:
            CheckError: the file cannot be changed; says why. It stays as it is.
            OSError: it cannot be written; it stays as it is.
        """
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _alone(self.path):
            there = self.path.exists()
            text = read_text(self.path) if there else BEGINNING
            held = self._document(text).found.get("views", {})
            if not isinstance(held, dict) or held.get(name) != seen:
                return False
            try:
                changed = _changed(text, name, entry)
            except NotEditable:
                raise CheckError(
                    f"{self.path}: the view {shown(name)} is not written as tables; change it by hand."
                ) from None
            path = self.path.resolve()
            mode = stat.S_IMODE(path.stat().st_mode) if there else PRIVATE
            write_atomically(path, changed.encode(), mode=mode, durable=True)
        return True

    def held(self, name: str) -> Mapping[str, Any] | None:
        """Return what the file says of a view of the reader's own now; None where there is none.

        Raises:
            CheckError: the file cannot be read.
        """
        if not self.path.exists():
            return None
        views = self._document(read_text(self.path)).found.get("views", {})
        found = views.get(name) if isinstance(views, dict) else None
        return found if isinstance(found, dict) else None

    def _document(self, text: str) -> Document:
        document = parse_toml(text, str(self.path))
        _check_version(document)
        return document

    def _entries(self, path: Path, others: Iterable[str]) -> tuple[Entries, tuple[str, ...]]:
        """Return the views of a file without what is wrong there, and what that is."""
        try:
            if not path.exists():
                return {}, ()
            document = parse_toml(read_text(path), str(path))
            _check_version(document)
        except CheckError as error:
            return {}, tuple(str(error).splitlines())
        except OSError as error:
            return {}, (f"{path} cannot be read: {error.strerror}.",)
        known = [*others]
        found, wrong = what_holds(document, ViewsOfADesk, lambda held: self._find_mistakes(held, known))
        return found.get("views", {}), wrong


def _check_version(document: Document) -> None:
    version = document.found.get("version", VERSION)
    if version != VERSION:
        raise CheckError(
            f"{document.name} is of version {shown(version)}, and this program knows version {VERSION}: "
            "it is neither used nor changed."
        )


def _changed(text: str, name: str, entry: Mapping[str, Any] | None) -> str:
    place = ("views", name)
    if entry is None:
        return without(text, place)
    if "version" not in text:
        text = with_value(text, ("version",), VERSION)
    return with_table(text, place, entry)


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Keep other blotters from writing a file meanwhile."""
    with path.with_name(f".{path.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
