"""The panes of the desk, and the columns of each.

To add a column, add one line to its pane's tuple, in the module of that name. To add a pane, add its row to
``PANES``: bindings, help, layout, tabs, footer and README are made from that.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from msgspec import Struct

from tui.columns.block_columns import BLOCKS
from tui.columns.column import Column, Getter
from tui.columns.dealt_columns import ALLOCATIONS, EXECUTIONS, TRANSACTIONS
from tui.columns.order_columns import ORDERS
from tui.columns.placement_columns import PLACEMENTS
from tui.columns.row_values import created_at, last_active
from tui.columns.unknown import with_unknown
from tui.service.snapshot.snapshot import EntityKind

Place = Literal["top", "left", "middle", "right"]
"""The position of a pane: over the full width, or in the row beneath. Panes of one place take turns there."""


class PaneSpec(Struct, frozen=True):
    """One pane: its kind of rows, the key that goes to it, its place and its columns.

    ``empty_words`` are shown while it has no rows; an action's id in braces stands for that action's key.
    ``newest`` returns when a row was last active, or made: the newest stand on top until the reader sorts.
    """

    kind: EntityKind
    key: str
    place: Place
    columns: tuple[Column, ...]
    empty_words: str
    newest: Getter = lambda snapshot, row: None

    @property
    def title(self) -> str:
        """The pane's name."""
        return self.kind.value.title()

    @property
    def name(self) -> str:
        """The pane's name behind its key: the id of the action that goes to it, in braces."""
        return f"{{{self.kind.value}}} {self.title}"


PANES: Final = (
    PaneSpec(
        EntityKind.BLOCKS,
        "1",
        "top",
        BLOCKS,
        "No blocks. Press {new} for the first order, {browse} for older ones.",
        last_active,
    ),
    PaneSpec(EntityKind.ORDERS, "2", "left", ORDERS, "No orders here.", lambda s, row: row.date),
    PaneSpec(
        EntityKind.PLACEMENTS,
        "3",
        "middle",
        PLACEMENTS,
        "Nothing placed here. Press {place} on a block.",
        created_at,
    ),
    PaneSpec(
        EntityKind.ALLOCATIONS,
        "4",
        "right",
        ALLOCATIONS,
        "Nothing allocated. Press {allocate} when there are fills.",
        lambda s, row: row.date,
    ),
    PaneSpec(EntityKind.EXECUTIONS, "5", "right", EXECUTIONS, "No fills here.", created_at),
    PaneSpec(
        EntityKind.TRANSACTIONS,
        "6",
        "right",
        TRANSACTIONS,
        "Nothing booked here. Press {book} on allocations.",
        lambda s, row: row.transaction_date,
    ),
)
"""All panes in their order; of those that take turns, the first is shown first."""

COLUMNS: Final[Mapping[EntityKind, tuple[Column, ...]]] = {
    spec.kind: with_unknown(spec.kind, spec.columns) for spec in PANES
}
