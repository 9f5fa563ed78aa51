"""The layout of the desk: the blocks over the full width, and beneath them what belongs to one block.

The screen is a function of a snapshot. It decides which rows each pane shows and where panes stand; it draws
no cells, reads no server and sends nothing. :mod:`tui.screens.desk.screen` adds the keys.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Sized
from typing import Final

from msgspec.structs import replace
from rich.style import Style
from textual import events, on
from textual.app import ComposeResult
from textual.containers import Container
from textual.geometry import Size
from textual.timer import Timer
from textual.widgets import Static

from styles.themes import cell_styles
from tui.actions.action import GONE, Scope
from tui.actions.desk_scope import with_desk
from tui.api.base import ResourceId
from tui.columns.panes import PANES
from tui.columns.saved_views import DeskView
from tui.screens.desk.bars import BarsScreen
from tui.screens.desk.exceptions_strip import ExceptionsStrip
from tui.screens.desk.news import News
from tui.screens.desk.pane import Pane
from tui.screens.desk.pane_heights import RecentNeeds, lower_heights, moved
from tui.screens.proposals.proposals_feed import ProposalsFeed
from tui.service.environment import Update, unreachable_because
from tui.service.snapshot.naming import short_name
from tui.service.snapshot.relations import related
from tui.service.snapshot.snapshot import EntityKind, Ref, is_listed
from tui.session import DeskSession
from widgets.text_line import Pieces

DEBOUNCE_S: Final = 0.08
"""The time in seconds that the cursor rests on a block before the other panes follow."""
LEAST: Final = (40, 10)
"""The columns and lines without which a desk cannot be read."""
TOO_SMALL: Final = "Too small: {} columns by {} lines are needed, {} by {} are here."
SINCE_FROZEN: Final = "This row came after the screen was frozen: {freeze} shows it."
NOT_THEN: Final = "This row was not on the desk then."
ROOMY: Final = (120, 34)
"""From this many columns and lines on, four panes fit at once."""
NARROW: Final = 150
"""Below this many columns placements have the room for what is filled, price and time, orders the rest."""
SIDE_BY_SIDE: Final = 234
"""From this many columns on, three panes fit beside each other beneath the blocks; else two."""
TALL: Final = 60
"""From this many lines on, where three panes are beside each other, none takes turns: all are shown."""
COLUMNS_OF_ALL: Final = 6
"""The columns of the grid that all panes stand in, two or more to a pane, as the style sheet says too."""
TAKING_TURNS: Final = tuple(spec.kind for spec in PANES if spec.place == "right")
"""The panes that take turns at the right."""
LATER: Final = TAKING_TURNS[1:]
"""The panes that are mounted when somebody first asks for them."""
FILTERED: Final = "/"
"""Stands behind the name of a pane with a filter where not all panes are shown."""
LEADER: Final = next(spec.kind for spec in PANES if spec.place == "top")
"""The pane that the others follow."""


class PanesScreen(BarsScreen):
    """Linked panes, with a status bar above and key hints below."""

    def __init__(self, session: DeskSession) -> None:
        super().__init__(session)
        self._leader: ResourceId | None = None
        self._following: Timer | None = None
        self._last = TAKING_TURNS[0]
        self.full_screen = False
        self._panes: dict[EntityKind, Pane] = {}
        self._needs = RecentNeeds()
        self.split: int | None = None
        """The share of the height, in per cent, that the blocks were given; None: as the rows need it."""
        self._tabs = Pieces(id="tabs", gap=" ")
        self._area = Container(id="panes")
        self._too_small = Static(id="too-small", markup=False)
        self.exceptions = ExceptionsStrip(
            session, self.turns, self.go_to, self._scope_of_rows, self._exceptions_changed, id="exceptions"
        )
        self.proposals = ProposalsFeed(self.turns, session.read_documents, self._tell_proposal)
        self.proposals.listen(self._proposals_changed)
        self.insisted: set[str] = set()
        """The endpoints that were chosen although the access service denies them."""

    def compose(self) -> ComposeResult:
        context, turns = self._display_context, self.turns
        self._panes = {
            spec.kind: Pane(
                spec,
                context,
                self.session.with_keys,
                turns=turns,
                present=lambda: self.session.present,
                needing=self.exceptions.rows_of,
            )
            for spec in PANES
        }
        yield self._status_bar
        yield self.exceptions
        yield self._tabs
        with self._area:
            yield from (pane for pane in self._panes.values() if pane.kind not in LATER)
        yield self._tape_line
        yield self._key_line

    def on_mount(self) -> None:
        self.set_cell_styles(cell_styles(self.app.theme_variables))
        self._arrange()
        self.pane(LEADER).grid.focus()
        self.show_all()
        self.set_interval(1.0, self._each_second)

    def set_cell_styles(self, styles: Mapping[str, Style]) -> None:
        """Draw cells in these styles, as after a change of theme."""
        for pane in self._panes.values():
            pane.grid.set_cell_styles(styles)

    def on_resize(self, event: events.Resize) -> None:
        """Show four panes or one, as fits; cursor and selection stay with their rows."""
        self._arrange()
        self._say_too_small(event.size)

    def _say_too_small(self, size: Size) -> None:
        """Say that rows cannot be shown in so few cells, instead of showing parts of them."""
        is_small = size.width < LEAST[0] or size.height < LEAST[1]
        self.set_class(is_small, "too-small")
        if is_small:
            if not self._too_small.is_attached:
                self.mount(self._too_small)
            self._too_small.update(TOO_SMALL.format(*LEAST, size.width, size.height))

    # --- what is shown -------------------------------------------------------------------------

    def pane(self, kind: EntityKind) -> Pane:
        """Return a pane; it may not be mounted yet."""
        return self._panes[kind]

    @property
    def active(self) -> Pane:
        """The pane with the focus, the blocks when nothing has it."""
        focused = self.focused
        for node in focused.ancestors_with_self if focused else ():
            if isinstance(node, Pane):
                return node
        return self.pane(LEADER)

    @property
    def compact(self) -> bool:
        """Return whether only one pane fits, or was asked for."""
        return self.full_screen or self.size.width < ROOMY[0] or self.size.height < ROOMY[1]

    @property
    def shows_all(self) -> bool:
        """Return whether all panes fit at once."""
        return not self.compact and self.size.width >= SIDE_BY_SIDE and self.size.height >= TALL

    def _arrange(self) -> None:
        active = self.active.kind
        if active in TAKING_TURNS:
            self._last = active
        self.set_class(self.compact, "compact")
        self.exceptions.set_height(self.size.height)
        for kind, pane in self._panes.items():
            alone = self.compact and kind is not active
            pane.display = not (alone or self._is_replaced(kind))
        self.set_class(self.size.width < NARROW, "narrow")
        self.set_class(self.size.width >= SIDE_BY_SIDE, "side-by-side")
        self.set_class(self.shows_all, "shows-all")
        for kind in LATER:
            self.pane(kind).styles.column_span = COLUMNS_OF_ALL // len(LATER) if self.shows_all else None
        if self.shows_all and (later := [kind for kind in LATER if not self.pane(kind).is_attached]):
            for kind in later:
                self._mount_pane(kind)
            self.call_after_refresh(self._follow)
        self._share_height()
        self._show_tabs()

    def _show_tabs(self) -> None:
        """Name all panes where one is shown: which that is, and which have a filter."""
        active = self.active.kind
        names = {spec.kind: self.session.with_keys(spec.name) for spec in PANES}
        marks = {kind: FILTERED if pane.view.filter else "" for kind, pane in self._panes.items()}
        tabs = [f"{'>' if kind is active else ' '}{name}{marks[kind]}" for kind, name in names.items()]
        self._tabs.show(tabs, [int(kind is not active) for kind in names])

    @property
    def _beneath(self) -> tuple[tuple[EntityKind, ...], ...]:
        """The rows of panes beneath the blocks."""
        left = tuple(spec.kind for spec in PANES if spec.place in ("left", "middle"))
        if self.shows_all:
            return ((*left, TAKING_TURNS[0]), LATER)
        return ((*left, self._last),) if self.size.width >= SIDE_BY_SIDE else (left, (self._last,))

    def _share_height(self) -> None:
        """Give every pane the lines that its rows need; a split that somebody moved stays."""
        panes = self._area
        if self.compact:
            panes.styles.grid_rows = "1fr"
            return
        rows = self._needs.rows
        if len(rows) != len(self._beneath):
            rows = (0,) * len(self._beneath)
        heights = lower_heights(self._room, self.pane(LEADER).listed, rows, self.split)
        panes.styles.grid_rows = " ".join(("1fr", *map(str, heights)))

    @property
    def _room(self) -> int:
        """The lines that all panes have together."""
        return self._area.size.height or self.size.height - 2

    def move_split(self, steps: int) -> None:
        """Give the pane with the focus more of the height, or less."""
        blocks = self.pane(LEADER)
        share = round(100 * blocks.size.height / self._room) if self.split is None else self.split
        self.split = moved(share, steps if self.active is blocks else -steps)
        self._share_height()
        self._show_status_bar()

    def reset_split(self) -> None:
        """Let every pane take the height that its rows need."""
        self.split = None
        self._needs.clear()
        self._follow()
        self._show_status_bar()

    def hear(self, update: Update) -> None:
        """Collect an update until it is shown."""
        self._news.add(update)

    def show_all(self) -> None:
        """Show the newest snapshot in every pane, and the status."""
        if not self.frozen:
            news, self._news = self._news, News(self.session.snapshot)
            self.snapshot = self.session.snapshot
            self._follow_clock()
            self.pane(LEADER).say_why_empty(self._why_empty())
            self.pane(LEADER).show(self.snapshot, None, self.session.in_flight, news=news)
            self._follow(news)
            self.exceptions.follow(self.snapshot, news)
        self.show_status()

    @property
    def shown_view(self) -> DeskView:
        """What is shown, as a view."""
        return DeskView({kind: pane.view for kind, pane in self._panes.items()}, self.linked, self.split)

    @property
    def _open_money(self) -> Sequence[str]:
        return self.pane(LEADER).open_money

    def clear_marks(self) -> bool:
        """Remove the marks in all panes; return whether there were any."""
        marked = [pane.grid.clear_marks() for pane in self._panes.values()]
        return any(marked)

    def _why_empty(self) -> str:
        if self.snapshot.complete:
            return ""
        if self.session.health.message:
            return "Nothing could be read yet."
        making = self.session.opening() if self.session.desk is None else ""
        return making or "Reading the desk."

    def _each_second(self) -> None:
        """Show a new day in every pane; keep countdowns and ages in the status bar current."""
        self.session.tape.watch(self.session.health)
        self._follow_clock()
        if not self.frozen:
            for pane in self._panes.values():
                pane.keep_time()
        self.exceptions.tick()
        if self.session.desk is None:
            self.pane(LEADER).say_why_empty(self._why_empty())
        self._count_down()

    def _follow_clock(self) -> None:
        """Count ages to another minute, and days to another day, where those shown are no more."""
        context = self.session.display_context
        if context != self._display_context:
            for pane in self._panes.values():
                pane.set_display_context(context)
            self._show_context(context)

    def _tell_proposal(self, sentence: str) -> None:
        self.notify(self.session.with_keys(sentence), title="Proposal", timeout=10, markup=False)

    def _proposals_changed(self) -> None:
        """Mark the rows that programs propose to change, and show those that would be new."""
        marked: dict[EntityKind, set[ResourceId]] = {}
        for each in self.proposals.open:
            for ref in each.rows:
                marked.setdefault(ref.kind, set()).add(ref.id)
        for kind, pane in self._panes.items():
            pane.mark_proposed(frozenset(marked.get(kind, ())))
        self._follow()
        self._show_status_bar()

    def _show_proposed(self) -> None:
        """Show in each pane what would be new there; while linked, what belongs to the block."""
        leader = Ref(LEADER, self._leader) if self.linked and self._leader is not None else None
        rows: dict[EntityKind, list[str]] = {}
        for each in self.proposals.open:
            here = leader is None or leader in each.touched
            for kind, words in each.new_rows.items():
                if here or kind is LEADER:
                    rows.setdefault(kind, []).extend(words)
        for kind, pane in self._panes.items():
            if pane.is_attached:
                pane.show_proposed(rows.get(kind, []))

    def _exceptions_changed(self) -> None:
        self._show_status_bar()
        for pane in self._panes.values():
            pane.count_needing()

    def _follow(self, news: News | None = None) -> None:
        """Show in the other panes what belongs to the block under the cursor, or everything."""
        self._following = None
        snapshot = self.snapshot
        cursor = self.pane(LEADER).cursor
        self._leader = cursor.id if cursor else None
        found = related(snapshot, cursor) if cursor and self.linked and cursor in snapshot else {}
        of = short_name(snapshot, cursor.kind, cursor.id) if cursor and self.linked else ""
        with self.app.batch_update():
            for kind, pane in self._panes.items():
                pane.grid.keeps_columns |= self.pane(LEADER).grid.keeps_columns
                scope: Sequence[ResourceId] | None = found.get(kind, ()) if self.linked else None
                if kind is not LEADER and pane.grid.is_attached:
                    pane.show(snapshot, scope, self.session.in_flight, of=of, news=news)
            self._show_proposed()
            self._needs.add(
                self._leader if self.linked else None,
                [max(self._lines_of(kind, found) for kind in kinds) for kinds in self._beneath],
            )
            self._share_height()

    def _lines_of(self, kind: EntityKind, found: Mapping[EntityKind, Sequence[ResourceId]]) -> int:
        """Return the lines that the rows of a pane beneath need, with those that are only proposed."""
        return len(self._scope_of(kind, found)) + self._panes[kind].proposed_lines

    def _scope_of(self, kind: EntityKind, found: Mapping[EntityKind, Sequence[ResourceId]]) -> Sized:
        """Return the rows of a pane beneath: those of the block, or all."""
        return found.get(kind, ()) if self.linked else self.snapshot.rows(kind)

    @on(Pane.TotalsChanged)
    def _totals_changed(self, event: Pane.TotalsChanged) -> None:
        if event.pane.kind is LEADER:
            self._show_status_bar()

    @on(Pane.ViewChanged)
    def _view_changed(self) -> None:
        self._show_tabs()
        self._show_status_bar()

    @on(Pane.CursorMoved)
    def _cursor_moved(self, event: Pane.CursorMoved) -> None:
        if event.pane.kind is LEADER and self.linked:
            cursor = event.pane.cursor
            if (cursor.id if cursor else None) != self._leader:
                if self._following is not None:
                    self._following.stop()
                self._following = self.set_timer(DEBOUNCE_S, self._follow)

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Show the pane with the focus, and the keys that work in it."""
        self._arrange()
        self.show_status()

    def go_to(self, ref: Ref) -> None:
        """Put the cursor on a row, wherever it is shown; unlinks the panes when it must.

        A swept block is in no list: its first order is shown instead, and said so. Of a row that is not on
        the desk as it is shown that is said, and the cursor stays.
        """
        row = self.snapshot.row(ref)
        if row is None:
            self.notify(self.session.with_keys(self._why_absent(ref)), severity="warning", markup=False)
            return
        if not is_listed(row):
            name = short_name(self.snapshot, ref.kind, ref.id)
            self.notify(f"Block {name} is swept: these are its orders.", markup=False)
            ref = next((Ref(EntityKind.ORDERS, id) for id in self.snapshot.orders_of_block(ref.id)), ref)
        block = next(iter(related(self.snapshot, ref).get(LEADER, ())), None)
        leader = self.pane(LEADER)
        if self.linked and block is not None and not leader.grid.move_to(block):
            self._drop_filter_of(leader)
        if self.linked and (block is None or not leader.grid.move_to(block)):
            self.linked = False
        self.show_pane(ref.kind)
        self._follow()
        self.call_after_refresh(self._point_at, ref)

    def _why_absent(self, ref: Ref) -> str:
        if self.snapshot.as_at is not None:
            return NOT_THEN
        return SINCE_FROZEN if self.frozen and self.session.snapshot.row(ref) is not None else GONE

    def _point_at(self, ref: Ref) -> None:
        self._follow()
        pane = self.pane(ref.kind)
        found = pane.grid.move_to(ref.id) or (self._drop_filter_of(pane) and pane.grid.move_to(ref.id))
        if not found and (pane.arranging or not pane.grid.is_attached):
            self.set_timer(DEBOUNCE_S, lambda: self._point_at(ref))

    def _drop_filter_of(self, pane: Pane) -> bool:
        """Show all rows of a pane that hides one by its filter, and say so; return whether there was one."""
        dropped = pane.drop_filter()
        if dropped:
            self.notify(f"The filter of {pane.kind.value} hid this row: it is cleared.", markup=False)
        return dropped

    @property
    def in_turn(self) -> EntityKind:
        """The pane that has its turn at the right."""
        return self._last

    def show_as_left(self, focus: EntityKind, right: EntityKind | None, *, full_screen: bool) -> None:
        """Show the panes as they were left: the one with the focus, the one at the right."""
        self.full_screen = full_screen
        if right is not None:
            self._last = right
            if not self.pane(right).is_attached:
                self._mount_pane(right)
        self._arrange()
        self.call_after_refresh(self.show_pane, focus)

    def show_pane(self, kind: EntityKind) -> None:
        """Go to a pane, and mount it or give it its turn where it needs that."""
        if kind in TAKING_TURNS:
            self._last = kind
        pane = self.pane(kind)
        if pane.is_attached:
            self._enter(pane)
        else:
            self._mount_pane(kind)
            self.call_after_refresh(self._enter, pane)

    def _mount_pane(self, kind: EntityKind) -> None:
        """Mount a pane in its place among those that are there."""
        kinds = list(self._panes)
        after = [each for each in kinds[: kinds.index(kind)] if self.pane(each).is_attached]
        self._area.mount(self.pane(kind), after=self.pane(after[-1]))

    def _is_replaced(self, kind: EntityKind) -> bool:
        """Return whether another pane has its turn in this one's place."""
        return kind in TAKING_TURNS and kind is not self._last and not self.shows_all

    def _enter(self, pane: Pane) -> None:
        pane.display = True
        pane.grid.focus()
        self._arrange()
        self._follow()

    def step_pane(self, step: int) -> None:
        """Go to the next or the previous pane that is in its place."""
        turn = [kind for kind in self._panes if not self._is_replaced(kind)]
        self.show_pane(turn[(turn.index(self.active.kind) + step) % len(turn)])

    def toggle_full_screen(self) -> None:
        """Show the pane with the focus on the full screen, or show the other panes again."""
        self.full_screen = not self.full_screen
        self._arrange()

    def open_exceptions(self) -> None:
        """Open the list of what needs somebody."""
        self.exceptions.open_list()

    @property
    def rows_in_sight(self) -> tuple[Ref, ...]:
        """The rows that can be read on the screen now."""
        shown = (pane for pane in self._panes.values() if pane.is_attached and pane.display)
        return tuple(ref for pane in shown for ref in pane.in_sight)

    @property
    def rows_in_use(self) -> tuple[Ref, ...]:
        """The rows under a cursor and those selected, in all panes."""
        panes = self._panes.values()
        chosen = (Ref(pane.kind, id) for pane in panes for id in pane.in_focus)
        return (*filter(None, (pane.cursor for pane in panes)), *chosen)

    @property
    def pinned(self) -> frozenset[Ref]:
        """The rows pinned in all panes, whether or not they are on the desk now."""
        return frozenset(Ref(kind, id) for kind, pane in self._panes.items() for id in pane.view.pins)

    def scope(self) -> Scope:
        """Return what an action would act on now."""
        desk = self.session.desk
        return replace(self._scope_of_rows(), facts=desk.beside.facts if desk else None)

    def _scope_of_rows(self) -> Scope:
        """Return the scope without the facts that tickets are told: the first screen does not load them."""
        session, desk = self.session, self.session.desk
        pane = self.active
        scope = Scope(
            self.snapshot,
            pane.kind,
            self._still_there(pane, pane.in_focus),
            session.environment,
            session.now(),
            session.preferences.read_only,
            session.preferences.home,
            shown=lambda kind: self._still_there(self.pane(kind), self.pane(kind).matching),
            market=session.market,
            zone=session.display_context.zone,
            selected=bool(pane.grid.selected),
            cursor=pane.cursor.id if pane.cursor and pane.cursor in self.snapshot else None,
            filter=pane.view.filter,
            unreachable=unreachable_because(session.health),
            insisted=self.insisted,
            pinned=self.pinned,
            unread=len(desk.unread) if desk else 0,
            order_lines=session.order_lines,
        )
        return scope if desk is None else with_desk(scope, desk)

    def _still_there(self, pane: Pane, ids: tuple[ResourceId, ...]) -> tuple[ResourceId, ...]:
        """Return those of ``ids`` that the snapshot has: a pane may still show rows of an older one."""
        if pane.rows_snapshot is self.snapshot:
            return ids
        return tuple(filter(self.snapshot.rows(pane.kind).__contains__, ids))
