"""Forms and verbs that move, change and cancel orders and placements."""

from __future__ import annotations

from tui.actions.action import Form, Scope, Values
from tui.actions.eligibility import (
    heads,
    live_orders,
    live_placements,
)
from tui.actions.form_fields import (
    NEW_BLOCK,
    block_choices,
    id_check,
    text,
)
from tui.api.base import ResourceId
from tui.api.requests import (
    CancelOrdersAndMoveRemainingRequest,
)
from tui.service.id_lookup import IdLookup, block_lookup
from tui.service.numbers import counted
from tui.service.row_phrases import phrase_of, rows_in_words
from tui.service.snapshot.snapshot import EntityKind, Ref
from tui.service.verbs import (
    CancelAndMove,
    CancelOrders,
    CancelPlacements,
    MoveOrders,
    Verb,
)


def move_form(scope: Scope) -> Form:
    """Return the form that asks to which block orders go."""
    ids = live_orders(scope)
    blocks = block_lookup(scope.snapshot, scope.home)
    return Form(
        f"Move {counted(len(ids), 'order')}",
        (
            text(
                "block",
                "To block",
                NEW_BLOCK,
                choices=block_choices(scope, blocks),
                required=True,
                help="An existing block, or 'new' for a new one",
                check=id_check(blocks),
                echo=lambda typed: _describe_block(scope, blocks, typed),
            ),
        ),
        intro=rows_in_words(scope.snapshot, EntityKind.ORDERS, ids),
        live=lambda values: _destination_in_words(scope, blocks, values["block"]),
    )


def _describe_block(scope: Scope, blocks: IdLookup, typed: str) -> str:
    if typed.strip().lower() == NEW_BLOCK or not typed.strip():
        home = _new_block_scope(scope)
        return "a new block is created" + ("" if home == scope.home else f" in {home}")
    try:
        id = blocks.read(typed)
    except ValueError:
        return ""
    graph = scope.snapshot.blocks.get(id)
    if graph is None:
        return f"not on this desk: it is created as {id}"
    where = f"{blocks.write(id)}: " if blocks.write(id) != id.code else ""
    return f"{where}{counted(len(graph.block.order_ids), 'order')}"


def _destination_in_words(scope: Scope, blocks: IdLookup, typed: str) -> str:
    """Return the block that is typed as a trade in words; empty for a new one."""
    try:
        id = blocks.read(typed)
    except ValueError:
        return ""
    return phrase_of(scope.snapshot, Ref(EntityKind.BLOCKS, id))


def _destination(scope: Scope, typed: str) -> ResourceId:
    if typed.strip().lower() == NEW_BLOCK:
        return scope.new_id(EntityKind.BLOCKS, _new_block_scope(scope))
    return block_lookup(scope.snapshot, scope.home).read(typed)


def _new_block_scope(scope: Scope) -> str:
    """Return the scope of the orders in focus for their new block, the desk's own when they have several."""
    scopes = {id.scope for id in live_orders(scope)}
    return scopes.pop() if len(scopes) == 1 else scope.home


def move_verb(scope: Scope, values: Values) -> Verb:
    """Return the move of the orders to the block that was chosen."""
    return MoveOrders(live_orders(scope), _destination(scope, values["block"]))


def cancel_verb(scope: Scope, values: Values) -> Verb:
    """Return the cancelling of the orders or placements of ``scope``."""
    if scope.kind is EntityKind.PLACEMENTS:
        return CancelPlacements(heads(scope, live_placements(scope)))
    return CancelOrders(live_orders(scope))


def cancel_and_move_form(scope: Scope) -> Form:
    """Return the form that asks to which block the unplaced rest of orders goes."""
    form = move_form(scope)
    return Form(
        f"Cancel {counted(len(live_orders(scope)), 'order')} and move what is not placed",
        form.fields,
        intro=f"{form.intro}\nThe placed part stays; the rest moves to new orders.",
        live=form.live,
    )


def cancel_and_move_verb(scope: Scope, values: Values) -> Verb:
    """Return the cancelling of orders, with new orders for what of them is not placed."""
    destination = _destination(scope, values["block"])
    return CancelAndMove(
        tuple(
            CancelOrdersAndMoveRemainingRequest(
                cancel_order_id=id,
                move_remaining_to_order_id=scope.new_id(EntityKind.ORDERS, id.scope),
                move_remaining_to_block_id=destination,
            )
            for id in live_orders(scope)
        )
    )
