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
from tui.actions.view_actions import LOOK
from tui.service.snapshot.snapshot import Family

TRADE: Final = (
    Action(
        "new",
        "n",
        "New",
        "New orders in a new block, or joining one",
        how="create",
        footer=True,
        calls=("create_orders",),
    ),
    Action(
        "new_by_line",
        "N",
        "New by line",
        "New orders in one line: b 50k VOD lmt 0.82 day @UKEQ-GROW 60% @UKEQ-INC 40%",
        how="create",
        calls=("create_orders",),
    ),
    Action(
        "place",
        "p",
        "Place",
        "Send blocks, or what is left of them, to a broker",
        how="place",
        calls=("place_blocks",),
        why_not=needs(placeable, "Nothing left to place here: the blocks are fully placed, empty or swept."),
        footer=True,
    ),
    Action(
        "move",
        "m",
        "Move",
        "Move orders to another block, or to a new one",
        how="amend",
        calls=("move_orders",),
        why_not=first_reason(
            only((Family.ORDERS, Family.BLOCKS), "Only orders move: go to the orders pane."),
            needs(live_orders, "These orders are final and cannot move."),
        ),
        footer=True,
    ),
    Action(
        "update",
        "u",
        "Update",
        "Change orders or placements",
        how="amend",
        calls=("update_orders", "update_placements"),
        why_not=first_reason(
            only((Family.ORDERS, Family.PLACEMENTS), "Only orders and placements are updated."),
            needs(updatable, "These are final and cannot change."),
        ),
        footer=True,
    ),
    Action(
        "cancel",
        "c",
        "Cancel",
        "Cancel orders or placements",
        how="amend",
        calls=("cancel_orders", "cancel_placements"),
        why_not=why_not_cancel,
        footer=True,
    ),
    Action(
        "allocate",
        "a",
        "Allocate",
        "Share executed units among the orders behind them",
        how="post_trade",
        calls=("run_allocation_service",),
        why_not=needs(allocatable, "Nothing executed here yet: there is nothing to allocate."),
        footer=True,
    ),
    Action(
        "book",
        "b",
        "Book",
        "Book allocations as transactions of their portfolios",
        how="post_trade",
        calls=("book_transactions",),
        why_not=needs(bookable, "Nothing to book here: allocate first, or it is booked already."),
        footer=True,
    ),
    Action(
        "fill",
        "f",
        "Fill",
        "Record a fill of a placement, or correct one",
        how="place",
        calls=("upsert_executions",),
        why_not=why_not_fill,
    ),
    Action(
        "carry",
        "C",
        "Cancel & move rest",
        "Cut orders to what is placed and carry the rest into new orders",
        how="amend",
        calls=("cancel_orders_and_move_remaining",),
        why_not=first_reason(
            only((Family.ORDERS, Family.BLOCKS), "Only orders are carried on: go to the orders pane."),
            needs(live_orders, "These orders are final: nothing is left to carry on."),
        ),
    ),
    Action(
        "sweep",
        "S",
        "Sweep",
        "Retire blocks whose work is done",
        how="post_trade",
        calls=("sweep_blocks",),
        why_not=needs(
            sweepable, "No block here qualifies: all its orders must be cancelled, booked or closed."
        ),
    ),
    Action(
        "cancel_all",
        "K",
        "Cancel everything",
        "Cancel every working placement in scope, after typing how many",
        how="amend",
        calls=("cancel_placements",),
        why_not=needs(open_placements, "No working placement in scope: nothing is open."),
        typed=True,
    ),
)

ACTIONS: Final[tuple[Action, ...]] = (*TRADE, *LOOK)
BY_ID: Final[Mapping[str, Action]] = {action.id: action for action in ACTIONS}

GROUPS: Final = ("Trade", "Look", "Rows", "Panes", "Desk")


class KeymapError(ValueError):
    """A key map that cannot be used; the message quotes the entry."""


def check_keys(keys: Mapping[str, str]) -> None:
    """Look over a reader's own keys, by action name.

    Raises:
        KeymapError: an action nobody knows, a key given twice, or an action that writes on a Ctrl chord
            or a function key, where it could be pressed by reflex.
    """
    taken = {action.key: action.id for action in ACTIONS if action.id not in keys}
    for name, key in keys.items():
        if name not in BY_ID:
            raise KeymapError(f'{name} = "{key}": there is no action of that name.')
        if BY_ID[name].writes and (key.startswith("ctrl+") or (key[:1] == "f" and key[1:].isdigit())):
            raise KeymapError(f'{name} = "{key}": what writes may not sit on a Ctrl chord or a function key.')
        if key in taken:
            raise KeymapError(f'{name} = "{key}": that key is {taken[key]} already.')
        taken[key] = name
