"""``[exceptions]`` of ``config.toml``: after how many minutes each kind of exception is one."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal

from msgspec import Struct

ExceptionMinutes = Mapping[str, int | None]
"""Minutes by the name of the exception; 0 is at once, None never."""
FirstScreen = Literal["desk", "exceptions"]
OFF: Final = "off"
"""Written for the minutes of an exception, it is never one."""


class ExceptionSetting(Struct, frozen=True):
    """The setting of one kind of exception: its name, the usual minutes, and when it is one."""

    id: str
    minutes: int
    help: str


EXCEPTION_SETTINGS: Final = (
    ExceptionSetting("unknown_outcome", 0, "Something was sent, and nobody knows what became of it."),
    ExceptionSetting("over_executed", 0, "More of a block is filled than was placed."),
    ExceptionSetting("over_allocated", 0, "More is allocated than the fills have."),
    ExceptionSetting("over_placed", 0, "More of a block is placed than its orders ask for."),
    ExceptionSetting("rejected", 0, "A broker rejects a placement, or the server another row."),
    ExceptionSetting("fill_busted", 0, "A fill is cancelled or voided, and its placement not filled again."),
    ExceptionSetting("compliance_failed", 0, "Compliance failed for what is still to be placed."),
    ExceptionSetting("approval_rejected", 0, "The approver rejects what is still to be placed."),
    ExceptionSetting("instrument_unresolved", 0, "The server does not know the instrument."),
    ExceptionSetting("halted", 0, "A placement or an order is stopped or suspended."),
    ExceptionSetting("unanswered", 5, "A broker does not answer a placement, an amendment or a cancel."),
    ExceptionSetting("compliance_pending", 10, "What is still to be placed waits for compliance."),
    ExceptionSetting("approval_pending", 10, "What is still to be placed waits for approval."),
    ExceptionSetting("fills_unallocated", 30, "Fills are not allocated, and no more of them come."),
    ExceptionSetting("compliance_warning", 0, "Compliance warns of what is still to be placed."),
    ExceptionSetting("allocations_unbooked", 60, "Allocations are not booked."),
    ExceptionSetting("working_stale", 60, "A placement works, and nothing happens to it."),
)
"""The settings of all exceptions, the most urgent first."""

DEFAULT_MINUTES: Final[ExceptionMinutes] = MappingProxyType(
    {each.id: each.minutes for each in EXCEPTION_SETTINGS}
)
"""What holds where nobody says; every exception is in it."""
