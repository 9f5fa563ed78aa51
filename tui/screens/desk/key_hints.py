"""Key hints for the footer and the help, made from the actions and what is possible now."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from textual.binding import Binding
from textual.content import Content

from tui.actions.action import Action, Scope
from widgets.grid import Grid
from widgets.key_names import key_list

HelpRow = tuple[str, str, str, str]
"""Keys, label, one line of help, and why it is not possible now (empty when it is)."""
KeysOf = Callable[[Action], tuple[str, ...]]
"""Returns the keys of an action, as they stand on the keyboard."""

BY_NAME = "by name"
"""Shown for an action that has no key."""


def footer_hints(actions: Iterable[Action], scope: Scope, keys_of: KeysOf) -> tuple[list[Content], list[int]]:
    """Return the footer's hints, dim where the action is not possible now, and the rank of each.

    On a narrow line the highest rank is left out first: actions that are not possible now. Help and quit stay
    longest.
    """
    shown, ranks = [], []
    for action in actions:
        if action.footer:
            possible = action.refusal(scope) is None
            shown.append(
                Content.assemble(
                    (keys_of(action)[0], "bold" if possible else "dim"),
                    " ",
                    (action.label, "" if possible else "dim"),
                )
            )
            ranks.append(0 if action.id in ("help", "quit") else 1 if possible else 2)
    return shown, ranks


def row_bindings() -> dict[tuple[str, ...], str]:
    """Return the keys that walk and select rows, and what they do, read off the grid itself."""
    bindings = (binding for binding in Grid.BINDINGS if isinstance(binding, Binding))
    return {tuple(binding.key.split(",")): binding.description for binding in bindings}


def row_keys() -> list[tuple[str, str]]:
    """Return the keys that walk and select rows, as they stand on the keyboard, and what they do."""
    return [(key_list(keys, " "), does) for keys, does in row_bindings().items()]


def help_groups(actions: Iterable[Action], scope: Scope, keys_of: KeysOf) -> list[tuple[str, list[HelpRow]]]:
    """Return every action by group: keys, label, help, and why it is not possible now."""
    rows: dict[str, list[HelpRow]] = {}
    for action in actions:
        keys = " ".join(keys_of(action)) or BY_NAME
        rows.setdefault(action.group, []).append(
            (keys, action.label, action.help, action.refusal(scope) or "")
        )
    in_pane: list[HelpRow] = [(keys, does, "", "") for keys, does in row_keys()]
    return [*rows.items(), ("Inside a pane", in_pane)]
