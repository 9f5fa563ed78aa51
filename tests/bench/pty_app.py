"""The program under measurement: one full screen of orders in our grid, or in Textual's DataTable.

``python -m tests.bench.pty_app grid|table ROWS [thin]`` with the same rows, formats and colours for both;
``thin`` runs it over the blotter's thin wire. Keys: ``l`` load, ``s`` sort by quantity, ``u`` 1,000
random cell updates, ``t`` ten visible cells (in the grid with the bars that show them), ``c`` ten visible
cells of the grid alone, ``r`` draw all of it again; moving is what the widgets do by themselves.
"""

from __future__ import annotations

import gc
import os
import random
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from rich.style import Style
from rich.text import Text
from textual.app import App, ComposeResult
from textual.driver import Driver
from textual.widgets import DataTable, Static

from tui.thinwire import wire_to_terminal
from widgets.grid import Cell, Grid, GridColumn

STYLES = {
    "buy": Style(color="#56B4E9"),
    "sell": Style(color="#E8743B"),
    "live": Style(color="#5CC8C8"),
    "good": Style(color="#3FB68B"),
    "idle": Style(color="#8A8A8A"),
}
COLUMNS = (
    GridColumn("id", "Order", 14, cut="middle"),
    GridColumn("state", "State", 17),
    GridColumn("side", "Side", 5),
    GridColumn("ticker", "Ticker", 8),
    GridColumn("name", "Instrument", 16, flexible=True),
    GridColumn("quantity", "Quantity", 11, align="right", cut="never"),
    GridColumn("filled", "Filled", 11, align="right", cut="never"),
    GridColumn("price", "Limit", 10, align="right", cut="never"),
    GridColumn("average", "Average", 12, align="right", cut="never"),
    GridColumn("currency", "Ccy", 4),
    GridColumn("bar", "Life", 10),
    GridColumn("portfolio", "Portfolio", 12, cut="middle"),
    GridColumn("trader", "Trader", 12),
    GridColumn("time", "Time", 8),
)
STATES = (("○ new", "live"), ("◐ partly filled", "live"), ("● filled", "good"), ("✕ cancelled", "idle"))
TICKERS = (("VOD", "Vodafone"), ("BARC", "Barclays"), ("AAPL", "Apple"), ("JPM", "JPMorgan Chase"))
PORTFOLIOS = ("UKEQ-GROW", "UKEQ-INC", "GLB-CORE", "US-TECH")
TRADERS = ("dlr.okafor", "dlr.chen", "pm.hart")


@dataclass(slots=True)
class BenchOrder:
    """A row; its texts are made when it is drawn."""

    id: str
    state: int
    ticker: int
    quantity: Decimal
    filled: Decimal
    price: Decimal
    portfolio: str
    trader: str
    second: int

    def cells(self) -> tuple[Cell, ...]:
        """Return what is drawn, in the order of the columns."""
        state, style = STATES[self.state]
        ticker, name = TICKERS[self.ticker]
        side, colour = ("Buy", "buy") if self.ticker % 2 else ("Sell", "sell")
        done = int(self.filled * 10 / self.quantity)
        minute, second = divmod(self.second, 60)
        return (
            Cell(self.id),
            Cell(state, style),
            Cell(side, colour),
            Cell(ticker),
            Cell(name),
            Cell(f"{self.quantity:,}", colour),
            Cell(f"{self.filled:,}"),
            Cell(f"{self.price:,.4f}"),
            Cell(f"{self.price:,.6f}"),
            Cell("GBP"),
            Cell("▒" * done + "░" * (10 - done), style),
            Cell(self.portfolio),
            Cell(self.trader),
            Cell(f"{8 + minute // 60:02}:{minute % 60:02}:{second:02}"),
        )


def orders(count: int) -> dict[str, BenchOrder]:
    """Make ``count`` orders, always the same."""
    chance = random.Random(7)
    made: dict[str, BenchOrder] = {}
    for number in range(count):
        quantity = Decimal(chance.randrange(100, 900_000))
        made[f"ORD-{number:08}"] = BenchOrder(
            f"ORD-{number:08}",
            chance.randrange(4),
            chance.randrange(4),
            quantity,
            Decimal(chance.randrange(int(quantity))),
            Decimal(chance.randrange(5_000, 900_000)).scaleb(-4),
            chance.choice(PORTFOLIOS),
            chance.choice(TRADERS),
            chance.randrange(30_000),
        )
    return made


class BenchHost(App[None]):
    """Holds the rows and does to them what the keys say."""

    ENABLE_COMMAND_PALETTE = False
    CSS = "Static { height: 1; } Grid, DataTable { height: 1fr; }"

    def __init__(self, rows: int, driver: type[Driver] | None = None) -> None:
        super().__init__(driver_class=driver)
        self.rows = orders(rows)
        self.keys = list(self.rows)
        self.chance = random.Random(11)
        self.told = 0

    def on_mount(self) -> None:
        """Use the terminal's own colours and no animation, as the blotter does."""
        self.theme = "ansi-dark"
        self.animation_level = "none"

    def key_r(self) -> None:
        """Draw everything again, although nothing has changed."""
        self.refresh()

    def shuffle(self, keys: Sequence[str]) -> list[str]:
        """Change the filled quantity of ``keys``."""
        for key in keys:
            order = self.rows[key]
            order.filled = Decimal(self.chance.randrange(int(order.quantity)))
        return list(keys)

    def tell(self) -> None:
        """Announce that the updates are in; few of them may be visible."""
        self.told += 1
        self.query_one("#told", Static).update(f"updated {self.told}")

    def by_quantity(self) -> list[str]:
        """Return the keys, sorted."""
        rows = self.rows
        return sorted(self.keys, key=lambda key: rows[key].quantity)


class GridStage(BenchHost):
    """Our grid."""

    def compose(self) -> ComposeResult:
        """Show a line of text and the grid."""
        yield Static("ready", id="told", markup=False)
        yield Grid(COLUMNS, lambda key: self.rows[str(key)].cells(), styles=STYLES, empty="nothing loaded")

    def key_l(self) -> None:
        """Load."""
        self.query_one(Grid).show(self.keys)
        gc.freeze()  # as the blotter does after a load

    def key_s(self) -> None:
        """Sort."""
        self.keys = self.by_quantity()
        grid = self.query_one(Grid)
        grid.set_sort(("quantity", False))
        grid.show(self.keys)

    def key_u(self) -> None:
        """Update 1,000 random cells."""
        self.query_one(Grid).refresh_cells(self.shuffle(self.chance.choices(self.keys, k=1000)))
        self.tell()

    def key_t(self) -> None:
        """Update ten visible cells."""
        self.query_one(Grid).refresh_cells(self.shuffle(self.ten_visible()))

    def key_c(self) -> None:
        """Update ten visible times."""
        for key in self.ten_visible():
            self.rows[key].second = self.chance.randrange(30_000)
        self.query_one(Grid).refresh_cells(self.ten_visible())

    def ten_visible(self) -> list[str]:
        """Return every fourth row."""
        return [str(key) for key in self.query_one(Grid).visible_keys[5:45:4]]


class TableStage(BenchHost):
    """Textual's DataTable."""

    def compose(self) -> ComposeResult:
        """Show a line of text and the table."""
        yield Static("ready", id="told", markup=False)
        table: DataTable[Text | str] = DataTable(cursor_type="row")
        yield table

    def on_mount(self) -> None:
        """Add the table's columns."""
        super().on_mount()
        table = self.query_one(DataTable)
        for column in COLUMNS:
            table.add_column(column.title, width=column.width, key=column.id)
        table.focus()

    @staticmethod
    def drawn(column: GridColumn, cell: Cell) -> Text:
        """Return a cell as the table wants it."""
        justify: Literal["left", "right"] = "left" if column.align == "left" else "right"
        return Text(cell.text, STYLES.get(cell.style, ""), justify=justify)

    def key_l(self) -> None:
        """Load."""
        table = self.query_one(DataTable)
        for key in self.keys:
            cells = zip(COLUMNS, self.rows[key].cells(), strict=True)
            table.add_row(*[self.drawn(column, cell) for column, cell in cells], key=key)
        gc.freeze()  # as the blotter does after a load

    def key_s(self) -> None:
        """Sort."""
        rows = self.rows
        self.query_one(DataTable).sort("id", key=lambda cell: rows[str(cell)].quantity)
        self.keys = self.by_quantity()

    def key_u(self) -> None:
        """Update 1,000 random cells."""
        self.put(self.shuffle(self.chance.choices(self.keys, k=1000)))
        self.tell()

    def key_t(self) -> None:
        """Update ten visible cells."""
        top = int(self.query_one(DataTable).scroll_y)
        self.put(self.shuffle(self.keys[top + 5 : top + 45 : 4]))

    def put(self, keys: Sequence[str]) -> None:
        """Hand the changed cells to the table."""
        table = self.query_one(DataTable)
        column = next(column for column in COLUMNS if column.id == "filled")
        for key in keys:
            table.update_cell(key, column.id, self.drawn(column, Cell(f"{self.rows[key].filled:,}")))


if __name__ == "__main__":
    wire = wire_to_terminal(os.environ) if "thin" in sys.argv[3:] else None
    stage = GridStage if sys.argv[1] == "grid" else TableStage
    stage(int(sys.argv[2]), wire.driver_class if wire else None).run()
