"""The keys on the last line and in the help, made from the registry and what is possible now."""

from __future__ import annotations

from textual.binding import Binding
from textual.content import Content

from tui.actions.action import Scope, key_words
from tui.actions.registry import ACTIONS, GROUPS
from widgets.grid import Grid

HelpRow = tuple[str, str, str, str]


def footer_hints(scope: Scope) -> tuple[list[Content], list[int]]:
    """Give the keys of the footer, bold, and dim where the action is not possible now; and a rank for each.

    Help and the way out stay longest on a narrow line, what is not possible now goes first.
    """
    shown, ranks = [], []
    for action in ACTIONS:
        if action.footer:
            possible = action.refusal(scope) is None
            shown.append(
                Content.assemble(
                    (key_words(action.key), "bold" if possible else "dim"),
                    " ",
                    (action.label, "" if possible else "dim"),
                )
            )
            ranks.append(0 if action.id in ("help", "quit") else 1 if possible else 2)
    return shown, ranks


def row_keys() -> list[tuple[str, str]]:
    """Give the keys that walk and select rows, read off the grid itself."""
    return [
        (" ".join(key_words(key) for key in binding.key.split(",")), binding.description)
        for binding in Grid.BINDINGS
        if isinstance(binding, Binding)
    ]


def help_groups(scope: Scope) -> list[tuple[str, list[HelpRow]]]:
    """Give every action by group: keys, label, help, and why it is not possible now."""
    groups = [
        (
            group,
            [
                (
                    " ".join(key_words(key) for key in (action.key, *action.aliases)),
                    action.label,
                    action.help,
                    action.refusal(scope) or "",
                )
                for action in ACTIONS
                if action.group == group
            ],
        )
        for group in GROUPS
    ]
    rows: list[HelpRow] = [(keys, does, "", "") for keys, does in row_keys()]
    return [*groups, ("Inside a pane", rows)]
