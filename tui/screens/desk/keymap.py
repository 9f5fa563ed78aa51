"""Checks the keys that readers give to actions in their settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from tui.actions.action import WriteAction
from tui.input_files.mistakes import not_known, shown
from tui.screens.desk.key_hints import row_bindings
from tui.screens.desk.registry import ACTIONS, BY_ID

ROW_KEYS: Final = tuple(key for keys in row_bindings() for key in keys)
"""The keys that walk and select the rows of a pane."""


def key_mistakes(own: Mapping[str, str]) -> dict[str, str]:
    """Return what is wrong with a reader's own keys, by action name.

    Wrong are an action nobody knows, a key given twice or taken by the rows of a pane, and an action that
    writes on a Ctrl chord or a function key, where it could be pressed by reflex.
    """
    wrong: dict[str, str] = {}
    taken = dict.fromkeys(ROW_KEYS, "of the rows")
    taken |= {key: action.id for action in ACTIONS if action.id not in own for key in action.keys({})}
    for name, key in own.items():
        if name not in BY_ID:
            wrong[name] = not_known(name, BY_ID)
        elif isinstance(BY_ID[name], WriteAction) and _by_reflex(key):
            wrong[name] = (
                f"{shown(key)} is not allowed; what writes may not sit on a Ctrl chord or a function key"
            )
        elif key in taken and key != BY_ID[name].key:
            wrong[name] = f"{shown(key)} is not free; that key is {taken[key]} already"
        else:
            taken[key] = name
    return wrong


def _by_reflex(key: str) -> bool:
    return key.startswith("ctrl+") or (key[:1] == "f" and key[1:].isdigit())
