"""The actions that write: placing, amending, allocating, booking.

To add one, write its form and its verb in a module of this package; then add here the function that
loads the two, and its row. Commands that send nothing are listed by :mod:`tui.screens.desk.registry`.
"""

from __future__ import annotations

from typing import Final

from tui.actions.action import FormAndVerb, WriteAction, first_reason, only
from tui.actions.eligibility import (
    allocatable,
    bookable,
    cancel_disabled_reason,
    fill_disabled_reason,
    live_orders,
    placeable,
    requires,
    run_compliance_disabled_reason,
    sweepable,
    unreachable,
    updatable,
)
from tui.actions.left_out import (
    allocations_not_booked,
    blocks_not_placed,
    blocks_not_swept,
    changeable_left_out,
    orders_left_out,
    placements_not_allocated,
)
from tui.service.snapshot.snapshot import EntityKind

# Forms and verbs are loaded when an action is first used: a start needs none of them.


def _new() -> FormAndVerb:
    from tui.actions.create import new_form, new_sought, new_verb

    return FormAndVerb(new_verb, new_form, sought=new_sought)


def _new_by_line() -> FormAndVerb:
    from tui.actions.create_by_line import new_by_line_form, new_by_line_sought, new_by_line_verb

    return FormAndVerb(new_by_line_verb, new_by_line_form, sought=new_by_line_sought)


def _place() -> FormAndVerb:
    from tui.actions.place import place_form, place_verb

    return FormAndVerb(place_verb, place_form)


def _move() -> FormAndVerb:
    from tui.actions.amend import move_form, move_verb

    return FormAndVerb(move_verb, move_form)


def _import_basket() -> FormAndVerb:
    from tui.actions.basket import import_basket_ahead, import_basket_form, import_basket_verb

    return FormAndVerb(import_basket_verb, import_basket_form, ahead=import_basket_ahead)


def _update() -> FormAndVerb:
    from tui.actions.update import update_form, update_verb

    return FormAndVerb(update_verb, update_form)


def _cancel() -> FormAndVerb:
    from tui.actions.amend import cancel_verb

    return FormAndVerb(cancel_verb)


def _allocate() -> FormAndVerb:
    from tui.actions.post_trade import allocate_form, allocate_verb

    return FormAndVerb(allocate_verb, allocate_form)


def _book() -> FormAndVerb:
    from tui.actions.post_trade import book_form, book_verb

    return FormAndVerb(book_verb, book_form)


def _fill() -> FormAndVerb:
    from tui.actions.fills import fill_form, fill_verb

    return FormAndVerb(fill_verb, fill_form)


def _cancel_and_move() -> FormAndVerb:
    from tui.actions.amend import cancel_and_move_form, cancel_and_move_verb

    return FormAndVerb(cancel_and_move_verb, cancel_and_move_form)


def _sweep() -> FormAndVerb:
    from tui.actions.post_trade import sweep_verb

    return FormAndVerb(sweep_verb)


def _cancel_all() -> FormAndVerb:
    from tui.actions.kill_switch import cancel_all_question, cancel_all_verb

    return FormAndVerb(cancel_all_verb, question=cancel_all_question)


def _run_compliance() -> FormAndVerb:
    from tui.actions.run_compliance import run_compliance_verb

    return FormAndVerb(run_compliance_verb)


TRADE: Final[tuple[WriteAction, ...]] = (
    WriteAction(
        id="new",
        key="n",
        label="New",
        help="New orders in a new block or an existing one",
        load=_new,
        footer=True,
        endpoints=("create_orders",),
    ),
    WriteAction(
        id="new_by_line",
        key="N",
        label="New by line",
        help="New orders in one line: b 50k VOD lmt 0.82 day @UKEQ-GROW 60% @UKEQ-INC 40%",
        load=_new_by_line,
        endpoints=("create_orders",),
    ),
    WriteAction(
        id="import_basket",
        key="I",
        label="Import basket",
        help="New orders from a file of CSV or JSON lines, or from cells pasted from a spreadsheet",
        load=_import_basket,
        endpoints=("create_orders",),
    ),
    WriteAction(
        id="place",
        key="p",
        label="Place",
        help="Send blocks, or what is left of them, to a broker",
        load=_place,
        leaves_out=blocks_not_placed,
        endpoints=("place_blocks",),
        disabled_reason=requires(
            placeable, "Nothing left to place here: the blocks are fully placed, empty or swept."
        ),
        footer=True,
    ),
    WriteAction(
        id="move",
        key="m",
        label="Move",
        help="Move orders to another block, or to a new one",
        load=_move,
        leaves_out=orders_left_out,
        endpoints=("move_orders",),
        disabled_reason=first_reason(
            only((EntityKind.ORDERS, EntityKind.BLOCKS), "Only orders move: go to the orders pane."),
            requires(live_orders, "These orders are final and cannot move."),
        ),
        footer=True,
    ),
    WriteAction(
        id="update",
        key="u",
        label="Update",
        help="Change orders or placements",
        load=_update,
        leaves_out=changeable_left_out,
        endpoints=("update_orders", "update_placements"),
        by_kind=((EntityKind.ORDERS, "update_orders"), (EntityKind.PLACEMENTS, "update_placements")),
        disabled_reason=first_reason(
            only((EntityKind.ORDERS, EntityKind.PLACEMENTS), "Only orders and placements are updated."),
            requires(updatable, "These are final and cannot change."),
        ),
        footer=True,
    ),
    WriteAction(
        id="cancel",
        key="c",
        label="Cancel",
        help="Cancel orders or placements",
        load=_cancel,
        leaves_out=changeable_left_out,
        endpoints=("cancel_orders", "cancel_placements"),
        by_kind=(
            (EntityKind.ORDERS, "cancel_orders"),
            (EntityKind.BLOCKS, "cancel_orders"),
            (EntityKind.PLACEMENTS, "cancel_placements"),
        ),
        lowers_risk=True,
        disabled_reason=cancel_disabled_reason,
        footer=True,
    ),
    WriteAction(
        id="allocate",
        key="a",
        label="Allocate",
        help="Allocate executed units to the orders behind them",
        load=_allocate,
        leaves_out=placements_not_allocated,
        endpoints=("run_allocation_service",),
        disabled_reason=requires(
            allocatable, "Nothing is executed here yet: wait for a fill, or record one, then allocate."
        ),
        footer=True,
    ),
    WriteAction(
        id="book",
        key="b",
        label="Book",
        help="Book allocations as transactions of their portfolios",
        load=_book,
        leaves_out=allocations_not_booked,
        endpoints=("book_transactions",),
        disabled_reason=requires(bookable, "Nothing to book here: allocate first, or it is booked already."),
        footer=True,
    ),
    WriteAction(
        id="fill",
        key="f",
        label="Fill",
        help="Record a fill of a placement, or correct one",
        load=_fill,
        endpoints=("upsert_executions",),
        disabled_reason=fill_disabled_reason,
    ),
    WriteAction(
        id="cancel_and_move",
        key="C",
        label="Cancel & move rest",
        help="Cancel what is not placed and move it to new orders",
        load=_cancel_and_move,
        leaves_out=orders_left_out,
        endpoints=("cancel_orders_and_move_remaining",),
        disabled_reason=first_reason(
            only(
                (EntityKind.ORDERS, EntityKind.BLOCKS),
                "Only orders are cancelled and moved: go to the orders pane.",
            ),
            requires(live_orders, "These orders are final: nothing of them is left to move."),
        ),
    ),
    WriteAction(
        id="sweep",
        key="S",
        label="Sweep",
        help="Retire blocks whose work is done",
        load=_sweep,
        leaves_out=blocks_not_swept,
        endpoints=("sweep_blocks",),
        disabled_reason=requires(
            sweepable, "No block here qualifies: all its orders must be cancelled, booked or closed."
        ),
    ),
    WriteAction(
        id="run_compliance",
        key="V",
        label="Run compliance",
        help="Check all open orders against the compliance rules that the profile names",
        load=_run_compliance,
        endpoints=("run_compliance",),
        disabled_reason=run_compliance_disabled_reason,
    ),
    WriteAction(
        id="cancel_all",
        key="K",
        label="Cancel everything",
        help="Cancel every working placement of the desk, a filter, the selection or a block",
        load=_cancel_all,
        endpoints=("cancel_placements",),
        disabled_reason=unreachable,
        lowers_risk=True,
    ),
)
