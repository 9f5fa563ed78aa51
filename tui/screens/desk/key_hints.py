"""Key hints for the footer and the help, made from the actions and what is possible now."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace
from textual.binding import Binding
from textual.content import Content

from tui.actions.action import Action, Scope
from tui.api.sanitize import clean
from tui.columns.lifecycle_bar import signs
from tui.columns.steps import Steps
from tui.columns.verdict_columns import mark_signs
from widgets.grid import Grid
from widgets.key_names import key_list

if TYPE_CHECKING:
    from tui.screens.palette import PaletteCommand

HelpRow = tuple[str, str, str, str]
"""Keys, label, one line of help, and why it is not possible now (empty when it is)."""
Hints = Steps[tuple[list[Content], list[int]]]
"""The hints of the footer and the rank of each, worked out in steps."""
KeysOf = Callable[[Action], tuple[str, ...]]
"""Returns the keys of an action, as they stand on the keyboard."""

MOST_LOOKED_AT: Final = 1_000
"""The rows of a selection that the footer looks at."""
BY_NAME = "by name"
"""Shown for an action that has no key."""


def footer_hints(actions: Iterable[Action], scope: Scope, keys_of: KeysOf) -> Hints:
    """Return the footer's hints, dim where the action is not possible now, and the rank of each.

    No more than the first rows of a large selection are looked at: what is not possible with these is shown
    as possible, and its key looks at the others. On a narrow line the highest rank is left out first: actions
    that are not possible now. Help and quit stay longest.
    """
    shown, ranks = [], []
    for action in actions:
        if action.footer:
            possible = not (yield from _why_not(action, scope))
            yield
            shown.append(
                Content.assemble(
                    (keys_of(action)[0], "bold" if possible else "dim"),
                    " ",
                    (action.label, "" if possible else "dim"),
                )
            )
            ranks.append(0 if action.id in ("help", "quit") else 1 if possible else 2)
    return shown, ranks


def _why_not(action: Action, scope: Scope) -> Steps[str]:
    """Return why an action is not possible with the first rows of a scope; empty when it is, or may be."""
    reason = yield from action.refusal_in_steps(replace(scope, ids=scope.ids[:MOST_LOOKED_AT]))
    unseen = len(scope.ids) > MOST_LOOKED_AT and action.forbidden(scope) is None
    return "" if unseen else reason or ""


def palette_commands(
    actions: Iterable[Action], scope: Scope, keys_of: KeysOf, run: Callable[[Action], object]
) -> Steps[list[PaletteCommand]]:
    """Return every action as a command of the palette, which ``run`` carries out."""
    from tui.screens.palette import PaletteCommand

    commands = []
    for action in actions:
        why_not = yield from _why_not(action, scope)
        keys = " ".join(keys_of(action))
        commands.append(PaletteCommand(action.label, keys, action.help, clean(why_not), partial(run, action)))
        yield
    return commands


def row_bindings() -> dict[tuple[str, ...], str]:
    """Return the keys that walk and select rows, and what they do, read off the grid itself."""
    bindings = (binding for binding in Grid.BINDINGS if isinstance(binding, Binding))
    return {tuple(binding.key.split(",")): binding.description for binding in bindings}


def row_keys() -> list[tuple[str, str]]:
    """Return the keys that walk and select rows, as they stand on the keyboard, and what they do."""
    return [(key_list(keys, " "), does) for keys, does in row_bindings().items()]


def help_groups(
    actions: Iterable[Action], scope: Scope, keys_of: KeysOf, *, ascii: bool = False
) -> Steps[list[tuple[str, list[HelpRow]]]]:
    """Return every action by group: keys, label, help, and why it is not possible now; then signs."""
    from tui.columns.filter_grammar import EXAMPLES  # nothing else of a start needs it

    rows: dict[str, list[HelpRow]] = {}
    for action in actions:
        keys = " ".join(keys_of(action)) or BY_NAME
        reason = yield from action.refusal_in_steps(scope)
        rows.setdefault(action.group, []).append((keys, action.label, action.help, reason or ""))
        yield
    in_pane: list[HelpRow] = [(keys, does, "", "") for keys, does in row_keys()]
    grammar: list[HelpRow] = [("", example, finds, "") for example, finds in EXAMPLES]
    bar: list[HelpRow] = [("", sign, meaning, "") for sign, meaning in signs(ascii=ascii)]
    checks: list[HelpRow] = [("", sign, meaning, "") for sign, meaning in mark_signs(ascii=ascii)]
    signs_of = (("Life cycle", bar), ("Checks", checks))
    return [*rows.items(), ("Inside a pane", in_pane), ("Filters", grammar), *signs_of]
