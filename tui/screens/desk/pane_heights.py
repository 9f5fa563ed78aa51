"""How the height of the desk is shared: every pane takes what its rows need and gives the rest away.

Pure: lines in, lines out. The blocks stand over the full width, the other panes in one row or two beneath.
So that the screen stays calm while the cursor goes from block to block, a row of panes grows at once and
becomes shorter only when none of the last blocks needed as much.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Final

FRAME: Final = 3
"""Lines of a pane that show no rows: title, header, totals."""
SHORTEST: Final = FRAME + 2
"""A pane has at least so many lines: an empty one says why it is."""
REMEMBERED: Final = 8
"""How many of the blocks looked at last have a say in how high the panes beneath are."""
LEAST_SHARE: Final = 20
MOST_SHARE: Final = 80
STEP: Final = 5
"""The share of the height, in per cent, that somebody may give the blocks, and by how much a key moves it."""


class RecentNeeds:
    """The rows that the panes beneath needed for the blocks looked at last."""

    def __init__(self) -> None:
        self._needs: deque[tuple[object, tuple[int, ...]]] = deque(maxlen=REMEMBERED)

    def add(self, block: object, rows: Sequence[int]) -> None:
        """Remember what ``block`` needs: so many rows in each row of panes; what it needed is forgotten.

        So is what was needed when the panes stood in another number of rows, as on a screen of another width.
        """
        kept = [need for need in self._needs if need[0] != block and len(need[1]) == len(rows)]
        self._needs.clear()
        self._needs.extend([*kept, (block, tuple(rows))])

    def clear(self) -> None:
        """Forget all."""
        self._needs.clear()

    @property
    def rows(self) -> tuple[int, ...]:
        """The most that was needed in each row of panes."""
        return tuple(map(max, zip(*(rows for _, rows in self._needs), strict=True)))


def lower_heights(room: int, top: int, rows: Sequence[int], share: int | None = None) -> tuple[int, ...]:
    """Return the lines of each row of panes beneath the blocks, of ``room`` lines in all.

    ``top`` is how many blocks there are, ``rows`` what each row of panes beneath needs. The blocks keep half
    of the room where they need it; what they do not need goes to the others. With a ``share`` the blocks
    have that many per cent.

    >>> lower_heights(44, 38, (4, 0)), lower_heights(44, 38, (40, 3)), lower_heights(44, 5, (4, 0))
    ((7, 5), (16, 6), (19, 17))
    >>> lower_heights(44, 38, (4, 0), share=50)
    (12, 10)
    """
    wanted = [max(SHORTEST, FRAME + each) for each in rows]
    spare = room - max(SHORTEST, FRAME + top)
    total = min(max(sum(wanted), spare), max(room // 2, spare))
    if share is not None:
        total = room - round(room * share / 100)
    total = max(total, SHORTEST * len(wanted))
    while sum(wanted) > total:
        wanted[wanted.index(max(wanted))] -= 1
    for at in range(total - sum(wanted)):
        wanted[at % len(wanted)] += 1
    return tuple(wanted)


def moved(share: int, steps: int) -> int:
    """Return the share of the blocks moved by so many steps, as far as it may be.

    >>> moved(63, 1), moved(63, -1), moved(80, 1)
    (70, 60, 80)
    """
    nearest = round(share / STEP)
    return max(LEAST_SHARE, min(MOST_SHARE, (nearest + steps) * STEP))
