"""How a desk was left: what it showed, which rows were pinned, where the focus was.

A session is what differs from the view that was in use, said as a view says it, and what no view says. It is
a mapping as it stands in the file; :data:`SessionStore` reads and writes those.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from typing import Any, Final, Protocol

from msgspec import Struct

from tui.api.base import ResourceId
from tui.columns.panes import PANES
from tui.columns.saved_views import Entry, panes_mistakes
from tui.input_files.mistakes import Mistake, not_known, shown
from tui.service.snapshot.snapshot import EntityKind, Ref

PINS_KEPT: Final = timedelta(days=7)
"""How long a pinned row is kept that is not on the desk any more."""
MOST_PINS: Final = 500
"""The pinned rows that are kept."""


class KeptSession(Protocol):
    """A session as it is kept, and what is wrong there."""

    @property
    def found(self) -> Mapping[str, Any]: ...
    @property
    def wrong(self) -> tuple[str, ...]: ...


class NothingKept(Struct, frozen=True):
    """What is kept of a desk that nobody has left."""

    found: Mapping[str, Any] = {}
    wrong: tuple[str, ...] = ()


class SessionStore(Protocol):
    """Where the last session is kept."""

    def read(self) -> KeptSession:
        """Return how the desk was left, and what is wrong there."""

    def write(self, found: Mapping[str, Any]) -> None:
        """Keep how the desk is now.

        Raises:
            OSError: it cannot be kept.
        """


class LastSession(Struct, frozen=True):
    """How a desk was left.

    Args:
        view: the name of the view in use; empty for the desk as it is made.
        shown: what differs from it.
        focus: the pane with the focus.
        right: the pane that had its turn at the right.
        full_screen: whether the pane with the focus had the whole screen.
        theme: the theme that was chosen, ``instead_of`` the one of the settings; empty where none was.
        instead_of: the theme of the settings when that was chosen.
        pinned: the pinned rows, and on which day each was on the desk last.
    """

    view: str = ""
    shown: Entry = {}
    focus: EntityKind = EntityKind.BLOCKS
    right: EntityKind | None = None
    full_screen: bool = False
    theme: str = ""
    instead_of: str = ""
    pinned: Mapping[Ref, date] = {}


def session_of(found: Mapping[str, Any], today: date) -> LastSession:
    """Return the session that a file without mistakes says; rows that are gone for long are not in it."""
    pinned = {
        Ref(EntityKind(each["pane"]), ResourceId(each["scope"], each["code"])): each["seen"]
        for each in found.get("pinned", ())
        if today - each["seen"] < PINS_KEPT
    }
    right = found.get("right")
    return LastSession(
        view=found.get("view", ""),
        shown=found.get("shown", {}),
        focus=EntityKind(found.get("focus", EntityKind.BLOCKS.value)),
        right=EntityKind(right) if right else None,
        full_screen=found.get("full_screen", False),
        theme=found.get("theme", ""),
        instead_of=found.get("instead_of", ""),
        pinned=pinned,
    )


def found_of(session: LastSession) -> dict[str, Any]:
    """Return what a file says of a session; what is as usual is not said."""
    pinned = [
        {"pane": ref.kind.value, "scope": ref.id.scope, "code": ref.id.code, "seen": seen}
        for ref, seen in session.pinned.items()
    ]
    said: dict[str, Any] = {
        "view": session.view,
        "focus": session.focus.value,
        "right": session.right.value if session.right else "",
        "full_screen": session.full_screen,
        "theme": session.theme,
        "instead_of": session.instead_of,
        "shown": session.shown,
        "pinned": pinned,
    }
    return {name: value for name, value in said.items() if value}


def session_mistakes(found: Mapping[str, Any], themes: Iterable[str]) -> Iterator[Mistake]:
    """Yield what is wrong with the names in the file of a session."""
    panes = [spec.kind.value for spec in PANES]
    turns = [spec.kind.value for spec in PANES if spec.place == "right"]
    for name, known in (("focus", panes), ("right", turns), ("theme", [*themes])):
        if name in found and found[name] not in known:
            yield Mistake((name,), not_known(found[name], known))
    for number, each in enumerate(found.get("pinned", ())):
        if each["pane"] not in panes:
            yield Mistake(("pinned", number), f"pane {shown(each['pane'])} {not_known(each['pane'], panes)}")
    yield from panes_mistakes(("shown", "panes"), found.get("shown", {}).get("panes", {}))
