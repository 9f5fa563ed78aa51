"""How strongly something stands in the way of a write."""

from __future__ import annotations

from enum import StrEnum


class Guard(StrEnum):
    """Each stands more strongly in the way: nothing, a warning, the item count to be typed, a refusal."""

    FREE = "free"
    WARN = "warn"
    TYPED = "typed"
    REFUSED = "refused"
