"""The one list of actions: those that write, and those the desk carries out itself.

Bindings, footer, palette, help, README and tests are made from it. To add an action, add its row to
:mod:`tui.actions.trade_actions` when it writes, else to one of the command modules beside this one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, get_args

from tui.actions.action import Action, Group
from tui.actions.trade_actions import TRADE
from tui.screens.desk.pane_commands import PANE
from tui.screens.desk.past_commands import PAST
from tui.screens.desk.proposal_commands import PROPOSALS
from tui.screens.desk.row_commands import ROW
from tui.screens.desk.saved_view_commands import SAVED_VIEWS
from tui.screens.desk.simulated_market_commands import MARKET
from tui.screens.desk.tape_commands import TAPE
from tui.screens.desk.unknown_outcome_commands import UNKNOWN
from tui.screens.desk.view_commands import VIEW

ACTIONS: Final[tuple[Action, ...]] = (
    *TRADE,
    *ROW,
    *TAPE,
    *PROPOSALS,
    *PANE,
    *SAVED_VIEWS,
    *VIEW,
    *PAST,
    *MARKET,
    *UNKNOWN,
)
BY_ID: Final[Mapping[str, Action]] = {action.id: action for action in ACTIONS}
GROUPS: Final[tuple[Group, ...]] = get_args(Group)
