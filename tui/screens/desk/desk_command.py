"""Commands that the desk screen carries out itself: an action, and its function."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tui.actions.action import Action
from tui.screens.desk.layout import PanesScreen

if TYPE_CHECKING:
    from widgets.fields import Field

Run = Callable[[PanesScreen], Coroutine[Any, Any, None] | None]
"""Carries out a command. It returns a coroutine when it asks something in dialogs: keys that reach the desk
before the coroutine has ended were meant for a dialog.
"""


class DeskCommand(Action, frozen=True, kw_only=True):
    """An action that the desk carries out itself."""

    run: Run


async def ask_fields(
    desk: PanesScreen,
    title: str,
    fields: Sequence[Field],
    *,
    intro: str = "",
    check: Callable[[Mapping[str, str]], Sequence[str]] | None = None,
) -> dict[str, str] | None:
    """Show a form and return its values by field, None when the reader leaves it."""
    from tui.screens.dialogs.form_dialog import FormDialog

    return await desk.app.push_screen_wait(FormDialog(title, intro, fields, check))
