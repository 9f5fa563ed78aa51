"""The places where something is added: a made-up action, column, endpoint and pane, as insertions into the
code.

A place is one file, with all that has to stand there; an import line belongs to the file that needs it.
CONTRIBUTING shows these places as its steps, and ``test_places.py`` carries them out in a copy of the
program: together they suffice, and none of them can be left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final


@dataclass(frozen=True)
class Place:
    """One file to change: what goes there in words, and the texts to insert, each in front of an anchor."""

    file: str
    words: str
    insertions: tuple[tuple[str, str], ...]
    """Pairs of an anchor, which stands in the file once, and the text that goes in front of it."""

    def change(self, root: Path) -> None:
        """Insert the texts into the file below ``root``."""
        path = root / self.file
        text = path.read_text(encoding="utf-8")
        for anchor, addition in self.insertions:
            assert text.count(anchor) == 1, f"{self.file} has {text.count(anchor)} times {anchor!r}"
            text = text.replace(anchor, addition + anchor)
        path.write_text(text, encoding="utf-8")


@dataclass(frozen=True)
class Addition:
    """A thing one adds, the places it takes, and a program that exits with 0 when it is there in full.

    The program looks first at what needs no app, so that it ends early where a place is left out.
    """

    name: str
    places: tuple[Place, ...]
    follows: str
    """The things that follow from the places by themselves; the check looks at each of these."""
    check: str


ACTION: Final = Addition(
    "An action",
    (
        Place(
            "tui/actions/amend.py",
            "the function that builds its verb, and one for its form if it has one",
            (
                (
                    "def cancel_and_move_verb(",
                    "def withdraw_verb(scope: Scope, values: Values) -> Verb:\n"
                    "    return CancelOrders(live_orders(scope))\n\n\n",
                ),
            ),
        ),
        Place(
            "tui/actions/trade_actions.py",
            "its row: key, words, when it is possible, and the function that loads form and verb",
            (
                (
                    "TRADE: Final[",
                    "def _withdraw() -> FormAndVerb:\n"
                    "    from tui.actions.amend import withdraw_verb\n\n"
                    "    return FormAndVerb(withdraw_verb)\n\n\n",
                ),
                (
                    '    WriteAction(\n        id="sweep",',
                    '    WriteAction(\n        id="withdraw",\n        key="W",\n        label="Withdraw",\n'
                    '        help="Withdraw orders",\n        load=_withdraw,\n'
                    '        endpoints=("cancel_orders",),\n        footer=True,\n'
                    '        disabled_reason=requires(live_orders, "Nothing to withdraw here."),\n    ),\n',
                ),
            ),
        ),
        Place(
            "tui/headless/write_commands.py",
            "its command for scripts: the words for it, and the fields of its form",
            (
                (
                    '        WriteCommand(("sweep",)',
                    '        WriteCommand(("withdraw",), "withdraw orders"),\n',
                ),
            ),
        ),
    ),
    "binding, footer, help, palette, `[keys]`, tables of the documents, options and schema of its command",
    """
assert parser().parse_args(["withdraw", "ORD-1"]).write == "withdraw"
assert "| `W` | Withdraw | Withdraw orders |" in readme.keys()
assert key_mistakes({"withdraw": "H"}) == {}
async with blotter((250, 60)) as user:
    assert "W Withdraw" in user.text(), user.text()
    await user.press("question_mark")
    await user.until(lambda: "Withdraw orders" in user.text())
    await user.press("escape")
    orders = user.app.session.snapshot.orders.values()
    await user.go("orders", next(order.id.code for order in orders if order.state == "New"))
    await user.press("W")
    await user.until(lambda: isinstance(user.app.screen, PreviewDialog))
    assert "Cancel order: " in user.text(), user.text()
""",
)

COLUMN: Final = Addition(
    "A column",
    (
        Place(
            "tui/columns/order_columns.py",
            "one line in the tuple of its pane, here that of orders",
            (
                (
                    '    sized(\n        "quantity",\n',
                    '    plain("twice", "Twice", "Twice the size", 9, '
                    "lambda s, row: str((row.quantity or 0) * 2)),\n",
                ),
            ),
        ),
    ),
    "cells, the columns dialog, sort, filter by its name, copy and export",
    """
async with blotter((250, 60)) as user:
    await user.go("orders")
    await user.press("2")
    code = user.codes("orders")[0]
    order = user.app.session.snapshot.orders[demo(code)]
    assert user.row("orders", code)["twice"] == str((order.quantity or 0) * 2)
    assert "Twice" in user.text(), user.text()
    await user.press("slash", *"twice", "colon", *str(order.quantity * 2), "enter")
    await user.until(lambda: len(user.codes("orders")) < len(user.app.session.snapshot.orders))
    assert all(str(order.quantity * 2) in user.row("orders", each)["twice"] for each in user.codes("orders"))
    await user.press("o")
    await user.until(lambda: "Twice the size" in user.text())
""",
)

ENDPOINT: Final = Addition(
    "An endpoint",
    (
        Place(
            "tui/api/requests.py",
            "the types of its request and reply",
            (
                (
                    "class CancelledPlacement(",
                    "class ReviewedOrder(WireStruct, frozen=True, kw_only=True):\n"
                    "    order_state: Order | None = None\n\n\n",
                ),
            ),
        ),
        Place(
            "tui/api/operations.py",
            "its row: name, path, request, reply, generation",
            (
                ("    SweepBlocksRequest,\n    Weighted", "    ReviewedOrder,\n"),
                (
                    "CANCEL_AND_MOVE: Final",
                    'REVIEW_ORDERS: Final = _manage(\n    "review_orders",\n    "revieworders",\n'
                    '    "Review orders",\n    dict[str, ResourceId],\n    KeyedReply[ReviewedOrder],\n'
                    '    since="latest",\n)\n',
                ),
            ),
        ),
        Place(
            "tui/oms/rules/cancelling.py",
            "the server's rule, a pure function over the unit of work, in the module of its family",
            (
                ("    CancelOrdersAndMoveRemainingRequest,\n    KeyedReply,\n", "    ReviewedOrder,\n"),
                (
                    "def _cancel(uow",
                    "def review_orders(uow: UnitOfWork, request: Mapping[str, ResourceId]) -> ReplyBuilder:\n"
                    "    done, failed = apply_per_item(\n"
                    '        uow, request, lambda id: require(uow, Order, id, "X1")\n'
                    "    )\n"
                    "    return lambda: keyed_reply(\n"
                    "        {key: ReviewedOrder(order_state=order) for key, order in done.items()}, failed\n"
                    "    )\n\n\n",
                ),
            ),
        ),
        Place(
            "tui/oms/engine/commands.py",
            "the rule as the command of the operation",
            (
                (
                    "from tui.oms.rules.creation import",
                    "from tui.oms.rules.cancelling import review_orders\n",
                ),
                (
                    "    operations.CANCEL_AND_MOVE.name:",
                    "    operations.REVIEW_ORDERS.name: review_orders,\n",
                ),
            ),
        ),
    ),
    "the client's request and reply, curl, routing, reading of bodies, generations, fault injection, "
    "what the compatibility suite must prove, the table of endpoints",
    """
from tui.api import operations
from tui.oms.served_endpoints import SERVED
from tui.oms.faults.scenario import read_faults
assert operations.REVIEW_ORDERS.partial
assert not operations.REVIEW_ORDERS.is_in("2.1")
assert "review_orders" in SERVED
assert "`POST /api/ordermanagement/revieworders`" in readme.endpoints()
async with blotter() as user:
    order = next(iter(user.app.session.snapshot.orders))
    request = user.client.build(operations.REVIEW_ORDERS, {"a": order, "b": demo("NONE")})
    reply = await user.client.send(request)
    assert reply.values["a"].order_state.id == order
    assert list(reply.failed) == ["b"]
""",
)

PANE: Final = Addition(
    "A pane",
    (
        Place(
            "tui/service/snapshot/snapshot.py",
            "its kind of rows and their mapping",
            (
                ('    TRANSACTIONS = "transactions"\n', '    WITHHELD = "withheld"\n'),
                (
                    "    instruments: Mapping[str, Instrument]",
                    "    withheld: Mapping[ResourceId, Any] = field(default_factory=_none)\n",
                ),
            ),
        ),
        Place(
            "tui/service/sync/full_load.py",
            "where its rows are read",
            (
                (
                    "                shown.now()\n",
                    "                held = list(builder.rows(EntityKind.ORDERS).values())[:5]\n"
                    "                builder.put(EntityKind.WITHHELD, held)\n",
                ),
            ),
        ),
        Place(
            "tui/service/snapshot/relations.py",
            "which rows of other panes belong to one of it",
            (
                (
                    "    EntityKind.TRANSACTIONS: _of_transaction,\n",
                    "    EntityKind.WITHHELD: lambda snapshot, id: {EntityKind.ORDERS: lambda: (id,)},\n",
                ),
            ),
        ),
        Place(
            "tui/columns/panes.py",
            "its columns and its row: key, place, words when empty",
            (
                (
                    '    PaneSpec(EntityKind.EXECUTIONS, "5"',
                    '    PaneSpec(EntityKind.WITHHELD, "7", "right", ORDERS, "Nothing withheld."),\n',
                ),
            ),
        ),
    ),
    "key, help, footer, tabs, layout, filter, sort, totals, export, the table of keys",
    """
assert "| `7` | Withheld |" in readme.keys()
async with blotter((200, 60)) as user:
    await user.press("l", "7")
    await user.until(lambda: "Withheld" in user.text())
    assert user.desk.active.kind.value == "withheld"
    held = user.app.session.snapshot.rows(user.desk.active.kind)
    assert held and user.codes("withheld")
    await user.press("l", "j")
    await user.press("question_mark")
    await user.until(lambda: "withheld" in user.text().lower())
""",
)

ADDITIONS: Final = (ACTION, COLUMN, ENDPOINT, PANE)
