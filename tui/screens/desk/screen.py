"""The desk: its panes, and the keys that carry out the actions of the registry.

An action that writes goes through the one flow of form, preview, sending and report; the desk carries out
every other one itself (:mod:`tui.screens.desk.desk_command`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, ClassVar, Final

from msgspec.structs import replace
from textual import on, work
from textual.binding import Binding, BindingType
from textual.worker import Worker

from tui.actions.action import PART, Action, Scope, WriteAction
from tui.api.base import ResourceId
from tui.columns.panes import PANES
from tui.columns.steps import Steps, finish
from tui.screens.desk.desk_command import DeskCommand
from tui.screens.desk.key_hints import palette_commands
from tui.screens.desk.layout import PanesScreen
from tui.screens.desk.pane import Pane
from tui.screens.desk.proposed_rows import ProposedRows
from tui.screens.desk.registry import ACTIONS, BY_ID
from tui.screens.desk.row_commands import show_ticket
from tui.screens.desk.saved_view_commands import open_view
from tui.screens.desk.tape_line import TapeLine
from tui.screens.desk.unknown_outcome_commands import show_reports
from tui.service.outcomes import Report
from tui.service.snapshot.snapshot import EntityKind, Snapshot
from tui.session import DeskSession
from widgets.text_line import Pieces

if TYPE_CHECKING:
    from tui.screens.desk.session_keeper import SessionKeeper
    from tui.screens.palette import PaletteCommand

NO_KEY: Final = "no-key-for-"
"""The prefix of a key that no keyboard has: it binds an action until its reader gives it a key."""


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
        self._dialogs: Worker[None] | None = None
        """The worker that shows dialogs now."""
        self._keeper: SessionKeeper | None = None
        """Keeps how the desk is left; loaded where that is wanted."""
        self._shown = asyncio.Event()

    def on_mount(self) -> None:
        super().on_mount()
        if self.session.preferences.first_screen == "exceptions":
            self.open_exceptions()
        self._shown.set()

    async def restore(self) -> None:
        """Show the desk as it was left, and keep from now on how it is."""
        store = self.session.preferences.last_session
        if store is not None:
            from tui.screens.desk.session_keeper import SessionKeeper

            await self._shown.wait()
            self._keeper = SessionKeeper(self, store)
            await self._keeper.restore()

    def keep_session(self) -> None:
        """Keep how the desk is left now."""
        if self._keeper is not None:
            self._keeper.leave()

    def _each_second(self) -> None:
        super()._each_second()
        if self._keeper is not None:
            self._keeper.tick()

    @property
    def in_dialog(self) -> bool:
        """Return whether dialogs are open or about to open: a key of the desk was meant for them."""
        return self._dialogs is not None and not self._dialogs.is_finished

    def action_act(self, id: str) -> None:
        """Carry out an action of the registry, or say why it is not possible now."""
        if not self.in_dialog:
            self.carry_out(BY_ID[id])

    def list_commands(self, show: Callable[[list[PaletteCommand]], None]) -> None:
        """Have ``show`` called with every action as a command of the palette."""
        scope = self.scope()
        steps = palette_commands(ACTIONS, scope, self.session.keys_of, lambda each: self.action_act(each.id))
        if len(scope.ids) > PART:
            self._dialogs = self._list_commands(steps, show)
        else:
            show(finish(steps))

    @work(group="dialog", description="commands")
    async def _list_commands(
        self, steps: Steps[list[PaletteCommand]], show: Callable[[list[PaletteCommand]], None]
    ) -> None:
        show(await self.turns.work(steps))

    def carry_out(self, action: Action) -> None:
        """Carry out an action, or say why it is not possible now."""
        scope = self.scope()
        steps = action.refusal_in_steps(scope)
        try:
            next(steps)
        except StopIteration as end:
            self._begin(action, scope, end.value)
        else:
            self._dialogs = self._look_on(action, scope, steps)

    @work(group="dialog", description="rows")
    async def _look_on(self, action: Action, scope: Scope, steps: Steps[str | None]) -> None:
        """Look at the rest of many rows, and then carry out the action."""
        self._begin(action, scope, await self.turns.work(steps))

    def _begin(self, action: Action, scope: Scope, reason: str | None) -> None:
        if reason:
            self.notify(reason, title=action.label, severity="warning", markup=False)
            if reason == action.doubt(scope):
                self.insisted.update(action.endpoints_for(scope))
        elif isinstance(action, WriteAction):
            self._dialogs = self._send(action, scope)
        elif isinstance(action, DeskCommand):
            dialogs = action.run(self)
            self._dialogs = None if dialogs is None else self._ask(dialogs)

    @work(group="dialog")
    async def open_named(self, view: str) -> None:
        """Show a saved view."""
        await open_view(view, self)

    @work(group="dialog")
    async def _ask(self, dialogs: Coroutine[Any, Any, None]) -> None:
        await dialogs

    @work(group="writes", exit_on_error=True, description="write")
    async def _send(self, action: WriteAction, scope: Scope) -> None:
        """Ask, confirm, send and report. Several may run; none cancels another.

        Without a description of its own Textual makes one of the arguments: it would write out all rows.
        """
        desk = self.session.desk
        if desk is None:
            self._dialogs = None
            self.notify("Not connected yet: wait for the first rows.", markup=False)
            return
        from tui.screens.dialogs.form_dialog import Draft
        from tui.screens.dialogs.send_flow import ask_for_verb, goes_back, send, tell

        draft, dialogs, folder = Draft(), self._dialogs, self.session.export_path(".")
        while True:
            try:
                prepared = await ask_for_verb(self.app, action, scope, desk, draft, folder)
            finally:
                self._dialogs = None
            if prepared is None:
                return
            report = await send(self.app, prepared, desk)
            if draft.ready is not None:
                said = await asyncio.to_thread(draft.ready.told, report, folder)
                self.notify(said, markup=False)
            jump = await tell(self.app, report, desk, self.session)
            again = goes_back(report, draft, replace(scope, snapshot=self.snapshot), prepared.verb)
            if jump is not None or self.in_dialog or again is None:
                break
            self._dialogs, scope = dialogs, again
        self.active.grid.clear_selection()
        if jump is not None and jump in self.snapshot:  # a compliance run is no row
            self.go_to(jump)
        elif (created := _created_block(report, scope.snapshot, self.snapshot)) is not None:
            self.pane(EntityKind.BLOCKS).grid.move_to(created)

    @work(group="writes")
    async def show_found(self, reports: tuple[Report, ...]) -> None:
        """Show the outcome of writes that was unknown, such as those of a run that was cut short."""
        await show_reports(self, reports)

    @on(ProposedRows.Pressed)
    def _proposed_pressed(self) -> None:
        self.action_act("proposals")

    @on(TapeLine.Pressed)
    def _tape_pressed(self) -> None:
        self.action_act("tape")

    @on(Pieces.Pressed, "#keys")
    def _key_clicked(self, event: Pieces.Pressed) -> None:
        """Do what the key hint that was clicked does."""
        self.action_act([action.id for action in self.session.actions if action.footer][event.index])

    @on(Pieces.Pressed, "#tabs")
    def _tab_clicked(self, event: Pieces.Pressed) -> None:
        """Go to the pane whose tab was clicked."""
        if not self.in_dialog:
            self.show_pane(PANES[event.index].kind)

    @on(Pane.Opened)
    def _opened(self, event: Pane.Opened) -> None:
        if not self.in_dialog:
            self._dialogs = self._ask(show_ticket(self, event.pane))


def _created_block(report: Report, before: Snapshot, after: Snapshot) -> ResourceId | None:
    """Return the block of the first order that a write created, where its dealer wants to continue."""
    for done in report.done:
        if done.ref.kind is EntityKind.ORDERS and done.ref not in before:
            return after.block_of_order(done.ref.id)
    return None
