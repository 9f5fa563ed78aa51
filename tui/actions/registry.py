"""The one list of actions. To add one, write an :class:`~tui.actions.action.Action` and list it here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from tui.actions.action import Action
from tui.actions.amend import CANCEL, CANCEL_ALL, CARRY, MOVE, UPDATE
from tui.actions.create import NEW, NEW_BY_LINE
from tui.actions.look import LOOK
from tui.actions.place import FILL, PLACE
from tui.actions.settle import ALLOCATE, BOOK, SWEEP

ACTIONS: Final[tuple[Action, ...]] = (
    NEW,
    NEW_BY_LINE,
    PLACE,
    MOVE,
    UPDATE,
    CANCEL,
    ALLOCATE,
    BOOK,
    FILL,
    CARRY,
    SWEEP,
    CANCEL_ALL,
    *LOOK,
)
BY_ID: Final[Mapping[str, Action]] = {action.id: action for action in ACTIONS}

GROUPS: Final = ("Trade", "Look", "Rows", "Panes", "Desk")


class KeymapError(ValueError):
    """A key map that cannot be used; the message quotes the entry."""


def check_keys(keys: Mapping[str, str]) -> None:
    """Look over a reader's own keys, by action name.

    Raises:
        KeymapError: an action nobody knows, a key given twice, or an action that writes on a Ctrl chord
            or a function key, where it could be pressed by reflex.
    """
    taken = {action.key: action.id for action in ACTIONS if action.id not in keys}
    for name, key in keys.items():
        if name not in BY_ID:
            raise KeymapError(f'{name} = "{key}": there is no action of that name.')
        if BY_ID[name].writes and (key.startswith("ctrl+") or (key[:1] == "f" and key[1:].isdigit())):
            raise KeymapError(f'{name} = "{key}": what writes may not sit on a Ctrl chord or a function key.')
        if key in taken:
            raise KeymapError(f'{name} = "{key}": that key is {taken[key]} already.')
        taken[key] = name
