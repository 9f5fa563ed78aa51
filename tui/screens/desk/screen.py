"""The desk: its panes, and the keys that carry out the actions of the registry.

An action that writes goes through the one flow of form, preview, sending and report; the desk carries out
every other one itself (:mod:`tui.screens.desk.desk_command`).
"""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, ClassVar, Final

from textual import on, work
from textual.binding import Binding, BindingType
from textual.worker import Worker

from tui.actions.action import Action, Scope, WriteAction
from tui.api.base import ResourceId
from tui.screens.desk.desk_command import DeskCommand
from tui.screens.desk.layout import PanesScreen
from tui.screens.desk.pane import Pane
from tui.screens.desk.registry import ACTIONS, BY_ID
from tui.screens.desk.unknown_outcome_commands import show_report
from tui.screens.desk.view_commands import show_detail
from tui.service.outcomes import Report
from tui.service.snapshot.snapshot import EntityKind, Snapshot
from tui.session import DeskSession

NO_KEY: Final = "no-key-for-"
"""The beginning of a key that no keyboard has: it stands for an action until its reader gives it one."""


def bindings() -> list[BindingType]:
    """Return the key bindings of every action, made from the registry."""
    return [
        Binding(
            ",".join(action.keys({})) or f"{NO_KEY}{action.id}",
            f"act('{action.id}')",
            action.label,
            show=False,
            id=action.id,
            tooltip=action.help,
        )
        for action in ACTIONS
    ]


class DeskScreen(PanesScreen):
    """The four panes and their keys."""

    BINDINGS: ClassVar[list[BindingType]] = bindings()

    def __init__(self, session: DeskSession) -> None:
        super().__init__(session)
        self._asker: Worker[None] | None = None
        """What asks something just now, in dialogs that come and go."""

    @property
    def asking(self) -> bool:
        """Return whether a key that reaches the desk was meant for a dialog that is on its way."""
        return self._asker is not None and not self._asker.is_finished

    def action_act(self, id: str) -> None:
        """Carry out an action of the registry, or say why it is not possible now."""
        if not self.asking:
            self.carry_out(BY_ID[id])

    def carry_out(self, action: Action) -> None:
        """Carry out an action, or say why it is not possible now."""
        scope = action.acting_on(self.scope())
        reason = action.refusal(scope)
        if reason:
            self.notify(reason, title=action.label, severity="warning", markup=False)
        elif isinstance(action, WriteAction):
            self._asker = self._send(action, scope)
        elif isinstance(action, DeskCommand):
            dialogs = action.run(self)
            self._asker = None if dialogs is None else self._ask(dialogs)

    @work(group="dialog")
    async def _ask(self, dialogs: Coroutine[Any, Any, None]) -> None:
        await dialogs

    @work(group="writes", exit_on_error=True)
    async def _send(self, action: WriteAction, scope: Scope) -> None:
        """Ask, confirm, send, report. Several may run; none cancels another."""
        desk = self.session.desk
        try:
            if desk is None:
                self.notify("The server is not reached yet; wait for the first rows.", markup=False)
                return
            from tui.screens.dialogs.send_flow import ask_for_verb, show_outcome

            verb = await ask_for_verb(self.app, action, scope, desk)
        finally:
            self._asker = None
        if verb is None:
            return
        report = await desk.act(verb)
        jump = await show_outcome(self.app, report, self.session.with_keys)
        self.active.grid.clear_selection()
        if jump is not None:
            self.go_to(jump)
        elif (created := _created_block(report, scope.snapshot, self.snapshot)) is not None:
            self.pane(EntityKind.BLOCKS).grid.move_to(created)

    @work(group="writes")
    async def show_found(self, report: Report) -> None:
        """Show what became of writes in doubt, such as those of a run that was cut short."""
        await show_report(self, report)

    @on(Pane.Opened)
    def _opened(self, event: Pane.Opened) -> None:
        if not self.asking:
            show_detail(self, event.pane)


def _created_block(report: Report, before: Snapshot, after: Snapshot) -> ResourceId | None:
    """Return the block of the first order that a write created: its maker wants to continue there."""
    for done in report.done:
        if done.ref.family is EntityKind.ORDERS and done.ref not in before:
            return after.block_of_order(done.ref.id)
    return None
