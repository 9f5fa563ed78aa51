"""Files of the reader that a start hands to the screen; what reads them is loaded when it is first needed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tui.columns.last_session import KeptSession, NothingKept
from tui.config import paths

if TYPE_CHECKING:
    from tui.config.session_file import SessionFile
    from tui.config.views_file import ReadViews, ViewsFile


class StartedViews:
    """The views in files; what reads them is loaded when the first is wanted."""

    def __init__(self, shared: str) -> None:
        self._shared = Path(shared).expanduser() if shared else None

    @cached_property
    def _file(self) -> ViewsFile:
        from tui.columns.saved_views import view_mistakes
        from tui.config.views_file import ViewsFile

        return ViewsFile(paths.views_file(), self._shared, view_mistakes)

    def read(self) -> ReadViews:
        """Return the views as they are kept now, and what is wrong there."""
        return self._file.read()

    def held(self, name: str) -> Mapping[str, Any] | None:
        """Return what is kept under a name of the reader's own; None when nothing is."""
        return self._file.held(name)

    def write(self, name: str, entry: Mapping[str, Any] | None, seen: Mapping[str, Any] | None) -> bool:
        """Keep a view, or no longer; return False where it is not as it was ``seen``."""
        return self._file.write(name, entry, seen)


class StartedSession:
    """How one desk is left, in its file.

    Args:
        path: the file, which need not exist.
        themes: the names of themes that may have been chosen.
        begins_anew: whether what is kept there is not shown this time.
    """

    def __init__(self, path: Path, themes: Sequence[str], *, begins_anew: bool) -> None:
        self._path = path
        self._themes = themes
        self._begins_anew = begins_anew

    @cached_property
    def _file(self) -> SessionFile:
        from tui.columns.last_session import session_mistakes
        from tui.config.session_file import SessionFile

        return SessionFile(self._path, lambda found: session_mistakes(found, self._themes))

    def read(self) -> KeptSession:
        """Return how the desk was left, and what is wrong there."""
        nothing = self._begins_anew or not self._path.exists()
        return NothingKept() if nothing else self._file.read()

    def write(self, found: Mapping[str, Any]) -> None:
        """Keep how the desk is now."""
        self._file.write(found)
