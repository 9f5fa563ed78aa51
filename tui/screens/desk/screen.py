"""The desk: what every key does on it.

Keys come from the action registry and nowhere else. An action that writes goes through the one flow of
form, preview, sending and report; every other one is the method ``do_<id>`` here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, ClassVar, Final

from msgspec.structs import replace
from textual import on, work
from textual.app import SystemCommand
from textual.binding import Binding, BindingType
from textual.worker import Worker

from tui.actions.action import Action, Scope
from tui.actions.form_fields import pick, switch, text
from tui.actions.registry import ACTIONS, BY_ID
from tui.api import codec
from tui.api.base import ResourceId
from tui.columns.panes import COLUMNS
from tui.columns.view import export_csv
from tui.screens.desk.layout import PanesScreen
from tui.screens.desk.pane import Pane
from tui.service.numbers import counted
from tui.service.snapshot.relations import order_of
from tui.service.snapshot.snapshot import EntityKind, Ref, Snapshot
from tui.session import DeskSession

if TYPE_CHECKING:
    from tui.service.outcomes import Report
    from widgets.fields import Field

NOW: Final = "now"
SPEEDS: Final = (1, 10, 60)
COPIES: Final = ("id", "JSON", "shown rows as TSV")


def bindings() -> list[BindingType]:
    """Give the key bindings of every action, made from the registry."""
    return [
        Binding(
            ",".join((action.key, *action.aliases)),
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
        """Tell whether a key that reaches the desk was meant for a dialog that is on its way."""
        return self._asker is not None and not self._asker.is_finished

    def action_act(self, id: str) -> None:
        """Carry out an action of the registry, or say why it is not possible now."""
        if self.asking:
            return
        action = BY_ID[id]
        scope = self.scope()
        if action.id == "cancel_all":
            scope = replace(scope, family=EntityKind.PLACEMENTS, ids=self.pane(EntityKind.PLACEMENTS).shown)
        reason = action.refusal(scope)
        if reason:
            self.notify(reason, title=action.label, severity="warning", markup=False)
        elif action.writes:
            self._asker = self._send(action, scope)
        else:
            begun = getattr(self, f"do_{action.id}")()
            self._asker = begun if isinstance(begun, Worker) else None

    @work(group="writes", exit_on_error=True)
    async def _send(self, action: Action, scope: Scope) -> None:
        """Ask, confirm, send, report. Several may run; none cancels another."""
        desk = self.session.desk
        try:
            if desk is None:
                self.notify("The server is not reached yet; wait for the first rows.", markup=False)
                return
            from tui.screens.dialogs.send_flow import ask, tell

            verb = await ask(self.app, action, scope, desk)
        finally:
            self._asker = None
        if verb is None:
            return
        report = await desk.act(verb)
        jump = await tell(self.app, report)
        self.active.grid.clear_selection()
        if jump is not None:
            self.go_to(jump)
        elif (born := _born(report, scope.snapshot, self.snapshot)) is not None:
            self.pane(EntityKind.BLOCKS).grid.move_to(born)

    @on(Pane.Opened)
    def _opened(self, event: Pane.Opened) -> None:
        if not self.asking:
            self.show_detail(event.pane)

    # --- the row under the cursor --------------------------------------------------------------

    def do_history(self) -> Worker[None] | None:
        cursor = self.active.cursor
        order = order_of(self.snapshot, cursor) if cursor else None
        return None if order is None else self._show_history(Ref(EntityKind.ORDERS, order))

    @work(group="history")
    async def _show_history(self, order: Ref) -> None:
        from tui.screens.history.screen import HistoryScreen

        desk = self.session.desk
        if desk is None:
            return
        screen = HistoryScreen(
            order.id,
            lambda: desk.history(order.id),
            f"History of order {order.id.code}",
            save=self.session.save,
            context=self.session.display_context,
        )
        jump = await self.app.push_screen_wait(screen)
        if jump is not None:
            self.go_to(jump)

    def show_detail(self, pane: Pane, *, raw: bool = False) -> None:
        """Show all members of the row under the cursor of ``pane``."""
        from tui.screens.detail.screen import DetailScreen, sections_of

        cursor = pane.cursor
        row = self.snapshot.row(cursor) if cursor else None
        if cursor is None or row is None:
            return
        title = f"{cursor.family.singular.title()} {cursor.id}"
        self.app.push_screen(DetailScreen(title, sections_of(row), codec.encode(row).decode(), raw=raw))

    def do_detail(self) -> None:
        self.show_detail(self.active)

    def do_raw(self) -> None:
        self.show_detail(self.active, raw=True)

    @work(group="dialog")
    async def do_copy(self) -> None:
        pane = self.active
        chosen = await self._choose("Copy", "What to copy", COPIES)
        if chosen is None:
            return
        rows = [self.snapshot.rows(pane.family).get(id) for id in pane.in_focus]
        if chosen == "id":
            copied = "\n".join(str(id) for id in pane.in_focus)
        elif chosen == "JSON":
            copied = "\n".join(codec.encode(row).decode() for row in rows if row is not None)
        else:
            copied = self._tsv(pane)
        self.app.copy_to_clipboard(copied)
        self.notify(f"{len(copied):,} characters sent to the clipboard.", markup=False)

    def _tsv(self, pane: Pane) -> str:
        lines = ["\t".join(column.title for column in pane.view.columns)]
        for id in pane.shown:
            row = self.snapshot.rows(pane.family)[id]
            lines.append(
                "\t".join(
                    column.cell(self.snapshot, row, pane.display_context).strip()
                    for column in pane.view.columns
                )
            )
        return "\n".join(lines)

    async def _choose(self, title: str, label: str, choices: tuple[str, ...]) -> str | None:
        answered = await self._ask(title, "", (pick("choice", label, choices),))
        return answered["choice"] if answered else None

    async def _ask(
        self,
        title: str,
        intro: str,
        fields: Sequence[Field],
        check: Callable[[Mapping[str, str]], Sequence[str]] | None = None,
    ) -> dict[str, str] | None:
        from tui.screens.dialogs.form_dialog import FormDialog

        return await self.app.push_screen_wait(FormDialog(title, intro, fields, check))

    # --- the rows of a pane --------------------------------------------------------------------

    def do_filter(self) -> None:
        self.active.start_filter()

    @work(group="dialog")
    async def do_sort(self) -> None:
        pane = self.active
        titles = {column.title: column.id for column in pane.view.columns}
        order = "the desk's own order"
        current = next((title for title, id in titles.items() if id == pane.view.sort), order)
        fields = (
            pick("column", "By", (order, *titles), current),
            switch("descending", "Largest first", pane.view.descending),
        )
        answered = await self._ask("Sort", "", fields)
        if answered is not None:
            sort = titles.get(answered["column"], "")
            descending = answered["descending"] == "yes" and bool(sort)
            pane.look_at(replace(pane.view, sort=sort, descending=descending, needs_first=False))

    @work(group="dialog")
    async def do_columns(self) -> None:
        pane = self.active
        fields = tuple(
            switch(column.id, column.title, column.id not in pane.view.hidden, help=column.help)
            for column in COLUMNS[pane.family]
        )
        answered = await self._ask(
            f"Columns of {pane.family.value}",
            "",
            fields,
            lambda values: [] if "yes" in values.values() else ["Keep at least one column."],
        )
        if answered is not None:
            hidden = frozenset(id for id, value in answered.items() if value == "no")
            pane.look_at(replace(pane.view, hidden=hidden))

    def do_needs_me(self) -> None:
        first = not self.active.view.needs_first
        for family in EntityKind:
            pane = self.pane(family)
            pane.look_at(replace(pane.view, needs_first=first, sort="", descending=False))

    def do_export(self) -> None:
        pane = self.active
        stamp = f"{self.session.now():%Y%m%dT%H%M%SZ}"
        try:
            path = self.session.save(
                f"{pane.family.value}-{stamp}.csv", export_csv(pane.view, self.snapshot, pane.shown)
            )
        except OSError as error:
            self.notify(f"Nothing was written: {error.strerror}.", severity="error", markup=False)
        else:
            self.notify(f"{counted(len(pane.shown), 'row')} written to {path}", markup=False)

    # --- panes ---------------------------------------------------------------------------------

    def _go(self, family: EntityKind) -> None:
        if self.active.family is family:
            self.toggle_full_screen()
        else:
            self.show_pane(family)

    def do_blocks(self) -> None:
        self._go(EntityKind.BLOCKS)

    def do_orders(self) -> None:
        self._go(EntityKind.ORDERS)

    def do_placements(self) -> None:
        self._go(EntityKind.PLACEMENTS)

    def do_allocations(self) -> None:
        self._go(EntityKind.ALLOCATIONS)

    def do_executions(self) -> None:
        self._go(EntityKind.EXECUTIONS)

    def do_transactions(self) -> None:
        self._go(EntityKind.TRANSACTIONS)

    def do_next_pane(self) -> None:
        self.step_pane(1)

    def do_previous_pane(self) -> None:
        self.step_pane(-1)

    def do_link(self) -> None:
        self.linked = not self.linked
        self.show_all()

    # --- the desk ------------------------------------------------------------------------------

    @work(group="read", exclusive=True, exit_on_error=False)
    async def _reload(self) -> None:
        await self.session.reload()

    @work(group="read", exclusive=True, exit_on_error=False)
    async def _travel(self, as_at: datetime | None) -> None:
        await self.session.travel(as_at)

    def do_refresh(self) -> None:
        self._reload()

    def do_freeze(self) -> None:
        self.frozen = not self.frozen
        self.show_all()

    @work(group="dialog")
    async def do_travel(self) -> None:
        now = self.session.snapshot.as_at
        fields = (
            text(
                "as_at",
                "As at",
                f"{now:%Y-%m-%d %H:%M:%S}" if now else NOW,
                required=True,
                help="UTC, such as 09:30 or 2026-11-20 09:30, or 'now'",
                check=_time_problem,
            ),
        )
        answered = await self._ask("Time travel", "See the desk as it stood then.", fields)
        if answered is not None:
            typed = answered["as_at"].strip()
            self._travel(None if typed.lower() == NOW else _time(typed, self.session.now()))

    def market_commands(self) -> Iterable[SystemCommand]:
        """Give what the palette offers of the simulated market, where there is one."""
        market = self.session.market
        if market is None:
            return
        change = self._market
        if market.running:
            yield SystemCommand("Market: pause", "Hold the simulated market", lambda: change(running=False))
        else:
            yield SystemCommand("Market: go on", "Let it fill placements", lambda: change(running=True))
        yield SystemCommand("Market: step", "Let the market move once", lambda: change(steps=1))
        for speed in SPEEDS:
            yield SystemCommand(
                f"Market: speed x{speed}",
                f"Now x{market.speed}",
                lambda speed=speed: change(speed=Decimal(speed)),
            )
        cursor = self.active.cursor
        row = self.snapshot.row(cursor) if cursor else None
        luid = getattr(getattr(row, "block", row), "lusid_instrument_id", None)
        if luid:
            yield SystemCommand(
                "Market: halt this instrument", "Nothing of it trades for minutes", lambda: change(halt=luid)
            )
            yield SystemCommand(
                "Market: lift its halt", "Let it trade again at once", lambda: change(lift=luid)
            )

    def doubt_commands(self) -> Iterable[SystemCommand]:
        """Give what can be done about writes whose outcome nobody knows."""
        desk = self.session.desk
        if desk is None or not desk.unknown:
            return
        rows = counted(len(desk.unknown), "row")
        yield SystemCommand("Unknown: check again", f"Read {rows} back once more", self._recheck)
        yield SystemCommand(
            "Unknown: send again", "Send what is still unknown, with the same ids", self._resend
        )
        yield SystemCommand("Unknown: settled elsewhere", "Stop asking about them", self._dismiss)

    @work(group="writes")
    async def _recheck(self) -> None:
        if self.session.desk is not None:
            await self._say(await self.session.desk.recheck())

    @work(group="writes")
    async def _resend(self) -> None:
        """Send again only after a second yes: the first try may still be on its way."""
        desk = self.session.desk
        if desk is None:
            return
        sure = await self._ask(
            f"Send {len(desk.unknown)} unknown items again",
            "The first try may still arrive. What is seen to have happened is not sent.",
            (pick("sure", "Send again", ("no", "yes")),),
        )
        if sure is not None and sure["sure"] == "yes":
            await self._say(await desk.send_again(desk.unknown))

    @work(group="writes")
    async def _dismiss(self) -> None:
        if self.session.desk is not None:
            await self.session.desk.dismiss()

    @work(group="writes")
    async def show_found(self, report: Report) -> None:
        """Tell what became of writes in doubt, such as those of a run that was cut short."""
        await self._say(report)

    async def _say(self, report: Report | None) -> None:
        from tui.screens.dialogs.send_flow import tell

        if report is None:
            self.notify("Nothing new is known.", markup=False)
        else:
            jump = await tell(self.app, report)
            if jump is not None:
                self.go_to(jump)

    @work(group="market", exit_on_error=False)
    async def _market(
        self,
        *,
        running: bool | None = None,
        speed: Decimal | None = None,
        steps: int | None = None,
        halt: str | None = None,
        lift: str | None = None,
    ) -> None:
        from tui.api.errors import ApiError

        desk = self.session.desk
        if desk is None:
            return
        try:
            market = await desk.market.change(running=running, speed=speed, steps=steps, halt=halt, lift=lift)
        except ApiError as error:
            self.notify(
                f"The market did not do it: {error.why.rstrip('.')}. {error.advice}",
                severity="error",
                markup=False,
            )
            return
        await desk.refresh()
        self.session.market = market
        if market is not None:
            going = "runs" if market.running else "is held"
            said = [f"The market {going} at speed x{market.speed}; {market.fills} fills so far."]
            if market.phase == "Closed":
                said.append("It is closed.")
            if market.halts:
                said.append(f"Halted: {', '.join(halt.ticker for halt in market.halts)}.")
            self.notify(" ".join(said), markup=False)

    def do_palette(self) -> None:
        self.app.action_command_palette()

    def do_help(self) -> None:
        from tui.screens.desk.key_hints import help_groups
        from tui.screens.help import HelpScreen

        self.app.push_screen(HelpScreen(help_groups(self.scope())))

    def do_back(self) -> None:
        """One step back: selection, filter, full screen, the past."""
        pane = self.active
        if pane.grid.clear_selection() or pane.drop_filter():
            return
        if self.full_screen:
            self.toggle_full_screen()
        elif self.snapshot.as_at is not None:
            self._travel(None)
        else:
            self.notify("Nothing to step back from; q leaves.", timeout=2, markup=False)

    def do_redraw(self) -> None:
        """Paint the whole screen again, whatever the terminal is thought to show."""
        if self.session.wire is not None:
            self.session.wire.forget()
        self.app.refresh(repaint=True, layout=True)

    def do_quit(self) -> None:
        self.app.call_later(self.app.action_quit)


def _born(report: Report, before: Snapshot, after: Snapshot) -> ResourceId | None:
    """Give the block of the first order a write created: where its maker wants to go on."""
    for done in report.done:
        if done.ref.family is EntityKind.ORDERS and done.ref not in before:
            return after.block_of_order(done.ref.id)
    return None


def _time(typed: str, now: datetime) -> datetime:
    """Give the moment that is typed; a time without a day is today's. Raises ValueError when it is none."""
    day = f"{now.astimezone(UTC):%Y-%m-%d} " if ":" in typed[:3] else ""
    moment = datetime.fromisoformat(day + typed)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _time_problem(typed: str) -> str | None:
    if typed.strip().lower() == NOW:
        return None
    try:
        _time(typed.strip(), datetime.now(UTC))
    except ValueError:
        return f"'{typed}' is not a time; write it as 09:30 or 2026-11-20 09:30, or 'now'."
    return None
