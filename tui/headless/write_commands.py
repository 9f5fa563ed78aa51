"""The commands that write: each is an action of the app, with the fields of its form as a document has them.

It is the one declaration of what documents and options may say. It is loaded with every command line, so it
loads nothing itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

Rows = Literal["some", "any", "none"]
"""Whether a command names rows: at least one, as many as wanted, or none."""
USUAL_WAIT_S: Final = 15.0
"""Seconds for which an unknown outcome is read back, if nobody says otherwise: as long as the app does."""
STDIN: Final = "-"
"""Stands for lines of JSON on standard input."""


class DocumentField(NamedTuple):
    """A field of a document: the name it has in forms, its meaning, and whether it is yes or no.

    ``option`` is the word of the command line for it, where that is another than its name.
    """

    name: str
    help: str
    is_flag: bool = False
    option: str = ""

    @property
    def flag(self) -> str:
        """Return its option on the command line."""
        return f"--{self.option or self.name}"


FIELDS: Final[Mapping[str, DocumentField]] = {
    field.name: field
    for field in (
        DocumentField("line", "the order as one line: b 50k VOD lmt 0.82 day @UKEQ-GROW"),
        DocumentField("side", "buy, sell, sell short or cover"),
        DocumentField("instrument", "ticker, name, ISIN, FIGI or LUID"),
        DocumentField("orders", "who gets what: 'PORTFOLIO SIZE, ...'"),
        DocumentField("quantity", "a size: 50k, 1.5m; a part: 50%; a change: --quantity=-10%"),
        DocumentField("type", "market, limit, stop or stop limit"),
        DocumentField("limit", "the limit price; 'none' clears it in an update"),
        DocumentField("stop", "the stop price; 'none' clears it in an update"),
        DocumentField("price", "the price of a fill"),
        DocumentField("currency", "the currency of prices"),
        DocumentField("tif", "the time in force: day, good till cancelled, ..."),
        DocumentField("till", "the day an order is good till: 2026-12-31"),
        DocumentField("settles", "the settlement day: 2026-12-02"),
        DocumentField("block", "the block to join by its id; 'new' for a new one"),
        DocumentField("portfolio", "the portfolio"),
        DocumentField("counterparty", "the broker; several as 'ALBN 60%, KEYS 40%'", option="broker"),
        DocumentField("system", "the execution system"),
        DocumentField("entry", "how a placement is entered: manual, ..."),
        DocumentField("algorithm", "how fills are shared out: PR-FIFO, ..."),
        DocumentField("weights", "who gets what of fills without orders: 'PORTFOLIO WEIGHT, ...'"),
        DocumentField("fees", "apply fee and commission rules", is_flag=True),
        DocumentField("mark", "mark what is booked as booked", is_flag=True),
        DocumentField("note", "a note that is kept with it"),
        DocumentField("file", "a basket: a file of CSV or of JSON lines", option="basket"),
        DocumentField("headers", "headers of a basket that are not understood: 'Qty Ordered=quantity'"),
        DocumentField("faults", "what is done where rows of a basket are wrong"),
        DocumentField("answer", "whose placements: desk, selection or pinned", option="of"),
    )
}


class WriteCommand(NamedTuple):
    """A command: the actions it stands for, what it does, the fields it knows, and whether it names rows."""

    actions: tuple[str, ...]
    help: str
    fields: tuple[str, ...] = ()
    rows: Rows = "some"

    @property
    def name(self) -> str:
        """The command as it is typed: the id of its action with dashes."""
        return self.actions[0].replace("_", "-")


_TERMS: Final = ("type", "limit", "stop", "tif")

COMMANDS: Final[Mapping[str, WriteCommand]] = {
    command.name: command
    for command in (
        WriteCommand(
            ("new", "new_by_line", "import_basket"),
            "make orders, in a new block or an open one, or those of a basket",
            (
                *("line", "side", "instrument", "orders", *_TERMS, "currency", "till", "block"),
                *("file", "headers", "faults"),
            ),
            rows="none",
        ),
        WriteCommand(
            ("place",),
            "place blocks, or what is left of them, with a broker",
            ("quantity", "counterparty", "system", "entry", "type", "limit", "stop"),
        ),
        WriteCommand(("move",), "move orders to another block, or a new one", ("block",)),
        WriteCommand(
            ("update",),
            "change orders or placements",
            ("quantity", *_TERMS, "portfolio", "counterparty", "system", "entry", "note"),
        ),
        WriteCommand(("cancel",), "cancel orders or placements"),
        WriteCommand(
            ("cancel_and_move",), "cancel orders, and move what is not placed to new ones", ("block",)
        ),
        WriteCommand(("allocate",), "allocate fills to the orders behind them", ("algorithm", "weights")),
        WriteCommand(("book",), "book allocations as transactions", ("fees", "mark", "note")),
        WriteCommand(
            ("fill",),
            "record a fill of a placement, or correct one",
            ("quantity", "price", "currency", "counterparty", "settles"),
        ),
        WriteCommand(("sweep",), "retire blocks whose work is done"),
        WriteCommand(("run_compliance",), "check open orders against the compliance rules", rows="none"),
        WriteCommand(
            ("cancel_all",), "cancel every working placement, of the desk or of rows", ("answer",), rows="any"
        ),
    )
}
