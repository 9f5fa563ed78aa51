"""The actions that only look, move about or run the program; screens carry them out by name."""

from __future__ import annotations

from typing import Final

from tui.actions.action import Action, Scope
from tui.service.snapshot.relations import order_of
from tui.service.snapshot.snapshot import Ref


def _no_row(scope: Scope) -> str | None:
    return None if scope.ids else "There is no row under the cursor."


def _no_order(scope: Scope) -> str | None:
    if not scope.ids:
        return "There is no row under the cursor."
    found = order_of(scope.snapshot, Ref(scope.family, scope.ids[0]))
    return None if found else "No order stands behind this row, so there is no history to show."


VIEW: Final = (
    Action(
        "history",
        "h",
        "History",
        "The whole story of the order behind the row",
        "Inspect",
        disabled_reason=_no_order,
        footer=True,
        endpoints=("get_order_history",),
    ),
    Action("detail", "enter", "Details", "All members of the row", "Inspect", disabled_reason=_no_row),
    Action(
        "raw", "i", "Raw JSON", "The row as JSON, as the server sent it", "Inspect", disabled_reason=_no_row
    ),
    Action(
        "copy", "y", "Copy", "The row's id, its JSON, or the shown rows", "Inspect", disabled_reason=_no_row
    ),
    Action(
        "filter",
        "slash",
        "Filter",
        "Show only rows that match: words, side:buy, ordered>50k, !not",
        "Rows",
        footer=True,
    ),
    Action("sort", "s", "Sort", "Sort by a column", "Rows"),
    Action("columns", "o", "Columns", "Choose the columns of the pane", "Rows"),
    Action("needs_me", "0", "Needs me", "Rows that need somebody first, or not", "Rows"),
    Action("export", "E", "Export", "Write what the filter shows to a CSV file", "Rows"),
    *(
        Action(name, str(number), name.title(), f"Go to the {name}; again: full screen and back", "Panes")
        for number, name in enumerate(("blocks", "orders", "placements", "allocations"), start=1)
    ),
    Action("executions", "5", "Executions", "The executions, in the place of allocations", "Panes"),
    Action("transactions", "6", "Transactions", "What is booked, in the place of allocations", "Panes"),
    Action("next_pane", "tab", "Next pane", "Go to the next pane", "Panes"),
    Action("previous_pane", "shift+tab", "Previous pane", "Go to the previous pane", "Panes"),
    Action("link", "l", "Link", "Panes follow the block, or show everything", "Panes", footer=True),
    Action("refresh", "r", "Refresh", "Read everything again", "Desk"),
    Action("freeze", "z", "Freeze", "Hold the screen still, or let it go on", "Desk"),
    Action("travel", "T", "Time travel", "Look at the desk as it was at another time", "Desk"),
    Action("palette", "colon", "Commands", "Every command by name", "Desk", aliases=("ctrl+p",)),
    Action(
        "help",
        "question_mark",
        "Help",
        "The keys, and why one is not possible now",
        "Desk",
        footer=True,
        aliases=("f1",),
    ),
    Action("back", "escape", "Back", "One step back: selection, filter, full screen, the past", "Desk"),
    Action("redraw", "ctrl+l", "Redraw", "Paint the whole screen again", "Desk"),
    Action("quit", "q", "Quit", "Leave; asks only while something is being sent", "Desk", footer=True),
)
