"""The kinds of news, each declared once: which rows it is about, when it holds of one, how it is said.

What is news follows from two versions of a row: something holds of it now that did not hold before.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from msgspec import Struct

from tui.api.base import Version
from tui.api.models import Execution, Order
from tui.api.placing_states import APPROVAL, COMPLIANCE, Guard, guard_of
from tui.api.states import is_cancelled, is_rejected, normalize
from tui.config.tape_settings import NEWS, NewsSetting
from tui.service.snapshot.compliance_states import approval_of_order, compliance_of_order, detail_of
from tui.service.snapshot.snapshot import EntityKind, Snapshot
from tui.service.state_words import state_in_words

Holds = Callable[[Snapshot, Any], bool]


class NewsKind(Struct, frozen=True):
    """One kind of news of rows.

    ``holds`` is asked of a row now and before, ``head`` begins the sentence. With ``corrects`` another
    quantity or price of a row of which it does not hold is news too. ``role`` is the colour; ``arrives``
    says that a row that was not there before may be such news, ``own_is_reported`` that the report of
    one's own write tells the same.
    """

    setting: NewsSetting
    role: str
    rows: tuple[EntityKind, ...]
    holds: Holds
    head: Callable[[Snapshot, Any], str]
    arrives: bool = True
    corrects: bool = False
    own_is_reported: bool = False

    @property
    def id(self) -> str:
        """The name of the kind in the configuration."""
        return self.setting.id

    @property
    def noun(self) -> str:
        """What one piece of such news is called."""
        return self.setting.noun

    def is_news(self, old: Snapshot, was: Any, new: Snapshot, now: Any) -> bool:
        """Return whether a row tells such news; ``was`` is None for one that was not there."""
        if was is None:
            return self.arrives and self.holds(new, now)
        if self.holds(new, now):
            return not self.holds(old, was)
        return self.corrects and (was.quantity, was.price) != (now.quantity, now.price)


def is_dealt(fill: Execution) -> bool:
    """Return whether a fill counts: it is not cancelled, and of more than nothing."""
    return fill.quantity != 0 and not is_cancelled(fill.state)


def _rejected(snapshot: Snapshot, row: Any) -> bool:
    return is_rejected(row.state)


def _ended(snapshot: Snapshot, row: Any) -> bool:
    return normalize(row.state) in ("cancelled", "expired")


def _breached(snapshot: Snapshot, order: Order) -> bool:
    return bool(_breach(snapshot, order))


def _breach(snapshot: Snapshot, order: Order) -> str:
    """Return what stands in an order's way for good, empty when nothing does."""
    detail = detail_of(snapshot, order)
    if guard_of(COMPLIANCE, compliance_of_order(snapshot, order, detail)) is Guard.REFUSED:
        return "Compliance failed"
    refused = guard_of(APPROVAL, approval_of_order(order, detail)) is Guard.REFUSED
    return "Approval rejected" if refused else ""


def _correction(snapshot: Snapshot, fill: Execution) -> str:
    return "Fill corrected" if is_dealt(fill) else "Fill voided"


_SETTINGS: Final = {each.id: each for each in NEWS}
ORDERED: Final = (EntityKind.PLACEMENTS, EntityKind.ORDERS)

FILLS: Final = NewsKind(
    _SETTINGS["fills"],
    "good",
    (EntityKind.EXECUTIONS,),
    lambda snapshot, row: is_dealt(row),
    lambda snapshot, row: "Filled",
    own_is_reported=True,
)
BUSTS: Final = NewsKind(
    _SETTINGS["busts"],
    "bad",
    (EntityKind.EXECUTIONS,),
    lambda snapshot, row: not is_dealt(row),
    _correction,
    arrives=False,
    corrects=True,
    own_is_reported=True,
)
REJECTS: Final = NewsKind(_SETTINGS["rejects"], "bad", ORDERED, _rejected, lambda snapshot, row: "Rejected")
BREACHES: Final = NewsKind(_SETTINGS["breaches"], "bad", (EntityKind.ORDERS,), _breached, _breach)
CANCELS: Final = NewsKind(
    _SETTINGS["cancels"],
    "idle",
    ORDERED,
    _ended,
    lambda snapshot, row: state_in_words(row.state).capitalize(),
    own_is_reported=True,
)
NEWS_KINDS: Final = (FILLS, BUSTS, REJECTS, BREACHES, CANCELS)
"""The kinds of news that rows tell."""
OUTCOMES: Final = _SETTINGS["outcomes"]
"""The setting of what came of the user's own decisions."""


def changed_at(row: Any) -> datetime | None:
    """Return when a row was changed last, by the server's clock."""
    version: Version | None = row.version
    if version is not None:
        return version.as_at_modified or version.as_at_created
    made: datetime | None = getattr(row, "created_date", None) or getattr(row, "date", None)
    return made


def changed_by(row: Any) -> str:
    """Return who changed a row last; empty when that is not said."""
    version: Version | None = row.version
    return (version.user_id_modified or version.user_id_created or "") if version else ""
