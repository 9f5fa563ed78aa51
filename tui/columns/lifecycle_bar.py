"""The life-cycle bar: how far a block has come, in ten cells of text."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

GLYPHS: Final = ("█", "▓", "▒", "░")
ASCII_GLYPHS: Final = ("B", "A", "F", "P")
REST: Final = " "
ASCII_REST: Final = "."
OVER: Final = "+"
STAGES: Final = ("booked", "allocated", "filled", "placed")
"""What each glyph stands for, in their order."""


def legend(*, ascii: bool = False) -> str:
    """Return what the cells of the bar mean, each with its glyph.

    >>> legend(ascii=True)
    'B booked  A allocated  F filled  P placed  . left  + too much'
    """
    return "  ".join(f"{sign} {meaning}" for sign, meaning in signs(ascii=ascii) if sign.strip())


def signs(*, ascii: bool = False) -> tuple[tuple[str, str], ...]:
    """Return each sign of the bar with what it means, of ten cells for all that is ordered."""
    glyphs = ASCII_GLYPHS if ascii else GLYPHS
    rest = ASCII_REST if ascii else REST
    return (*zip(glyphs, STAGES, strict=True), (rest, "left"), (OVER, "too much"))


def lifecycle_bar(ordered: Decimal, stages: Sequence[Decimal], *, ascii: bool = False) -> str:
    """Draw ``stages`` (placed, executed, allocated, booked; units) as parts of ``ordered``, ten cells.

    Each cell shows the furthest stage that reaches it. A stage that has begun shows at least one cell
    and one that is not complete never shows ten. A stage beyond what was ordered ends in ``+``.

    >>> lifecycle_bar(Decimal(100), (Decimal(90), Decimal(60), Decimal(30), Decimal(10)))
    '█▓▓▒▒▒░░░ '
    >>> lifecycle_bar(Decimal(100), (Decimal(120), Decimal(0), Decimal(0), Decimal(0)), ascii=True)
    'PPPPPPPPP+'
    """
    width = 10
    glyphs = ASCII_GLYPHS if ascii else GLYPHS
    lengths = [_cells(stage, ordered, width) for stage in reversed(stages)]
    cells = [ASCII_REST if ascii else REST] * width
    for length, glyph in reversed(list(zip(lengths, glyphs, strict=True))):
        cells[:length] = glyph * length
    if any(stage > ordered for stage in stages):
        cells[-1] = OVER
    return "".join(cells)


def _cells(stage: Decimal, ordered: Decimal, width: int) -> int:
    if stage <= 0:
        return 0
    return width if stage >= ordered else max(1, int(stage * width / ordered))
