"""The mark of what is only proposed: it stands before rows and sentences that are not real yet."""

from __future__ import annotations

from typing import Final

HATCH: Final = "▨"
HATCH_ASCII: Final = "#"


def hatch(*, ascii: bool) -> str:
    """Return the glyph that stands before what is only proposed."""
    return HATCH_ASCII if ascii else HATCH
