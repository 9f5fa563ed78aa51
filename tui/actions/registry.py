"""The one list of actions.

To add one, declare it here, or in :mod:`tui.actions.view_actions` when it sends nothing. One that sends names
the module (``how``) with its ``<id>_form`` and ``<id>_verb``; a look is the method ``do_<id>`` of the desk.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from tui.actions.action import Action, first_reason, only
from tui.actions.eligibility import (
    allocatable,
    bookable,
    live_orders,
    needs,
    open_placements,
    placeable,
    sweepable,
    updatable,
    why_not_cancel,
    why_not_fill,
)
from tui.actions.view_actions import VIEW
from tui.checked.mistakes import not_known, shown
from tui.service.snapshot.snapshot import EntityKind

TRADE: Final = (
    Action(
        "new",
        "n",
        "New",
        "New orders in a new block, or joining one",
        module="create",
        footer=True,
        endpoints=("create_orders",),
    ),
    Action(
        "new_by_line",
        "N",
        "New by line",
        "New orders in one line: b 50k VOD lmt 0.82 day @UKEQ-GROW 60% @UKEQ-INC 40%",
        module="create",
        endpoints=("create_orders",),
    ),
    Action(
        "place",
        "p",
        "Place",
        "Send blocks, or what is left of them, to a broker",
        module="place",
        endpoints=("place_blocks",),
        disabled_reason=needs(
            placeable, "Nothing left to place here: the blocks are fully placed, empty or swept."
        ),
        footer=True,
    ),
    Action(
        "move",
        "m",
        "Move",
        "Move orders to another block, or to a new one",
        module="amend",
        endpoints=("move_orders",),
        disabled_reason=first_reason(
            only((EntityKind.ORDERS, EntityKind.BLOCKS), "Only orders move: go to the orders pane."),
            needs(live_orders, "These orders are final and cannot move."),
        ),
        footer=True,
    ),
    Action(
        "update",
        "u",
        "Update",
        "Change orders or placements",
        module="amend",
        endpoints=("update_orders", "update_placements"),
        disabled_reason=first_reason(
            only((EntityKind.ORDERS, EntityKind.PLACEMENTS), "Only orders and placements are updated."),
            needs(updatable, "These are final and cannot change."),
        ),
        footer=True,
    ),
    Action(
        "cancel",
        "c",
        "Cancel",
        "Cancel orders or placements",
        module="amend",
        endpoints=("cancel_orders", "cancel_placements"),
        disabled_reason=why_not_cancel,
        footer=True,
    ),
    Action(
        "allocate",
        "a",
        "Allocate",
        "Share executed units among the orders behind them",
        module="post_trade",
        endpoints=("run_allocation_service",),
        disabled_reason=needs(allocatable, "Nothing executed here yet: there is nothing to allocate."),
        footer=True,
    ),
    Action(
        "book",
        "b",
        "Book",
        "Book allocations as transactions of their portfolios",
        module="post_trade",
        endpoints=("book_transactions",),
        disabled_reason=needs(bookable, "Nothing to book here: allocate first, or it is booked already."),
        footer=True,
    ),
    Action(
        "fill",
        "f",
        "Fill",
        "Record a fill of a placement, or correct one",
        module="place",
        endpoints=("upsert_executions",),
        disabled_reason=why_not_fill,
    ),
    Action(
        "cancel_and_move",
        "C",
        "Cancel & move rest",
        "Cut orders to what is placed and carry the rest into new orders",
        module="amend",
        endpoints=("cancel_orders_and_move_remaining",),
        disabled_reason=first_reason(
            only(
                (EntityKind.ORDERS, EntityKind.BLOCKS), "Only orders are carried on: go to the orders pane."
            ),
            needs(live_orders, "These orders are final: nothing is left to carry on."),
        ),
    ),
    Action(
        "sweep",
        "S",
        "Sweep",
        "Retire blocks whose work is done",
        module="post_trade",
        endpoints=("sweep_blocks",),
        disabled_reason=needs(
            sweepable, "No block here qualifies: all its orders must be cancelled, booked or closed."
        ),
    ),
    Action(
        "cancel_all",
        "K",
        "Cancel everything",
        "Cancel every working placement in scope, after typing how many",
        module="amend",
        endpoints=("cancel_placements",),
        disabled_reason=needs(open_placements, "No working placement in scope: nothing is open."),
        confirm_by_count=True,
    ),
)

ACTIONS: Final[tuple[Action, ...]] = (*TRADE, *VIEW)
BY_ID: Final[Mapping[str, Action]] = {action.id: action for action in ACTIONS}

GROUPS: Final = ("Trade", "Inspect", "Rows", "Panes", "Desk")


def key_mistakes(keys: Mapping[str, str]) -> dict[str, str]:
    """Say what is wrong with a reader's own keys, by action name.

    Wrong are an action nobody knows, a key given twice, and an action that writes on a Ctrl chord or a
    function key, where it could be pressed by reflex.
    """
    wrong: dict[str, str] = {}
    taken = {action.key: action.id for action in ACTIONS if action.id not in keys}
    for name, key in keys.items():
        if name not in BY_ID:
            wrong[name] = not_known(name, BY_ID)
        elif BY_ID[name].writes and (key.startswith("ctrl+") or (key[:1] == "f" and key[1:].isdigit())):
            wrong[name] = (
                f"{shown(key)} is not allowed; what writes may not sit on a Ctrl chord or a function key"
            )
        elif key in taken:
            wrong[name] = f"{shown(key)} is not free; that key is {taken[key]} already"
        else:
            taken[key] = name
    return wrong
