"""A person's session over one pane: filters, sorts, selections, pins and refreshes in any order.

Whatever is done: the cursor stays on its row while that is shown, what is selected is shown, totals are those
of the rows selected, else of those shown, and an export holds what is shown.
"""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.screens.desk.test_pane import PaneUser, Stage
from tests.service.sample_rows import order, rid, snapshot_of
from tui.api.base import ResourceId
from tui.columns.filter import parse_filter
from tui.columns.row_texts import CSV
from tui.columns.sorted_rows import SortedRows
from tui.columns.steps import finish
from tui.columns.totals import Totals
from tui.columns.view import View
from tui.service.snapshot.snapshot import EntityKind

NUMBERS: Final = st.integers(0, 7)
SIDES: Final = ("Buy", "Sell")
FILTERS: Final = ("", "side:buy", "quantity>30", "!side:buy % done<50", "ord-3 or ord-5", "nothing-like-it")
SORTS: Final = ("quantity", "side", "id")


class Session:
    """Somebody before a pane of orders, and what he does one after the other."""

    def __init__(self, person: PaneUser) -> None:
        self.person, self.pane = person, person.pane
        self.cursor: ResourceId | None = None
        """The row that he went to, or on which the cursor was last."""
        self.picked: set[object] = set()
        """The rows that he selected: while they are not shown they are not selected."""

    def filter(self, text: str) -> None:
        self.pane.set_view(self.pane.view.filtered(text))

    def sort(self, column: str) -> None:
        self.pane.set_view(self.pane.view.sorted_by(column))

    def move(self, number: int) -> None:
        self.pane.grid.move_to(rid(f"ORD-{number}"))
        self.look()

    def select(self, number: int) -> None:
        self.move(number)
        self.pane.grid.action_toggle_row()
        self.look()

    def select_all(self, _: int) -> None:
        self.pane.grid.action_select_all()
        self.look()

    def look(self) -> None:
        """Note where the cursor is, and what is selected of the rows shown."""
        self.cursor = None if self.pane.cursor is None else self.pane.cursor.id
        self.picked = (self.picked - set(self.pane.shown)) | self.pane.grid.selected

    def pin(self, number: int) -> None:
        pins = self.pane.view.pins
        self.pane.set_view(replace(self.pane.view, pins=pins ^ {rid(f"ORD-{number}")}))

    def come(self, number: int) -> None:
        self.person.put(order(f"ORD-{number}", str(number * 10 + 10), side=SIDES[number % 2]))

    def change(self, number: int) -> None:
        known = self.person.snapshot.orders.get(rid(f"ORD-{number}"))
        if known is not None and known.quantity is not None:
            side = SIDES[known.side == "Buy"]
            self.person.put(replace(known, side=side, quantity=known.quantity * 7 % 90 + 1))

    def go(self, number: int) -> None:
        if rid(f"ORD-{number}") in self.person.snapshot.orders:
            self.person.put(remove=f"ORD-{number}")

    # --- what a person sees -------------------------------------------------------------------

    def check(self) -> None:
        """Check what is shown, selected, added up and exported, and where the cursor is."""
        pane, view, snapshot = self.pane, self.pane.view, self.person.snapshot
        made = finish(SortedRows.build(view, snapshot))
        test = parse_filter(view.filter, view.kind).test if view.filter else lambda *_: True
        matching = {id for id, row in snapshot.orders.items() if test(snapshot, row)}
        assert set(pane.shown) == matching | (view.pins & snapshot.orders.keys())
        assert pane.shown == made.ids
        assert pane.grid.keys == pane.shown
        assert pane.rows_snapshot is snapshot

        assert (pane.cursor is None) == (not pane.shown)
        if self.cursor in pane.shown:
            assert pane.cursor is not None
            assert pane.cursor.id == self.cursor
        chosen = pane.grid.selected
        assert chosen == self.picked & set(pane.shown)

        totals = Totals(view)
        totals.add(snapshot, [id for id in pane.shown if id in (chosen or matching)])
        assert pane._arranger.totals.text(snapshot) == totals.text(snapshot)

        written = csv.DictReader(io.StringIO(pane.shown_rows().written(CSV)))
        assert [row["Order"].rpartition("/")[2] for row in written] == [
            id.code for id in pane.shown if id in matching
        ]


Deed = tuple[Callable[[Session, int | str], None], int | str]
DEEDS: Final = st.one_of(
    st.tuples(st.just(Session.filter), st.sampled_from(FILTERS)),
    st.tuples(st.just(Session.sort), st.sampled_from(SORTS)),
    *(
        st.tuples(st.just(deed), NUMBERS)
        for deed in (
            Session.move,
            Session.select,
            Session.select_all,
            Session.pin,
            Session.come,
            Session.change,
            Session.go,
        )
    ),
)


@contextmanager
def stage() -> Iterator[Callable[[list[Deed]], None]]:
    """Yield what carries deeds out over a pane that shows six orders, anew each time."""
    with asyncio.Runner() as runner:
        app = Stage()
        opened = app.run_test(size=(160, 20))
        pilot = runner.run(opened.__aenter__())

        async def play(deeds: list[Deed]) -> None:
            app.pane.grid.clear_selection()
            person = PaneUser(
                app.pane, pilot, snapshot_of(orders=[order(f"ORD-{n}", str(n * 10 + 10)) for n in range(6)])
            )
            app.pane.set_view(View(EntityKind.ORDERS).newest_first())
            app.pane.show(person.snapshot, None, {})
            await person.rest()
            session = Session(person)
            session.look()
            for deed, number in deeds:
                deed(session, number)
                await person.rest()
                session.check()
                session.look()

        yield lambda deeds: runner.run(play(deeds))
        runner.run(opened.__aexit__(None, None, None))


def test_cursor_selection_totals_and_export_follow_what_is_shown() -> None:
    with stage() as played:

        @settings(max_examples=25, derandomize=True)
        @example([(Session.select_all, 0), (Session.come, 6)])
        @example([(Session.select_all, 0), (Session.pin, 0), (Session.filter, "quantity>30")])
        @given(st.lists(DEEDS, min_size=4, max_size=14))
        def session(deeds: list[Deed]) -> None:
            played(deeds)

        session()
