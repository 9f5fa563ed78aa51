"""The lists that are read without a screen, by name: one for each pane, and the exceptions.

The arguments of the command line are made of them, so this loads nothing.
"""

from __future__ import annotations

from typing import Final

EXCEPTIONS: Final = "exceptions"
"""The list of what needs somebody; the others are panes."""
DESK_LISTS: Final = {
    "blocks": "list the blocks of the desk",
    "orders": "list its orders",
    "placements": "list its placements",
    "executions": "list its fills",
    "allocations": "list its allocations",
    "transactions": "list what is booked",
    EXCEPTIONS: "list what needs somebody, the most urgent first",
}
"""What a command or a tool of each name does."""
