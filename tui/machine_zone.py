"""The time zone of this machine, with the changes of its clocks."""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime, tzinfo
from typing import Final
from zoneinfo import ZoneInfo

FILE: Final = "/etc/localtime"


def machine_zone() -> tzinfo:
    """Return the zone that ``TZ`` names, else that of the machine; UTC where nobody says.

    A rule in the place of a name, such as ``<+05>-5``, counts as it stands now: the database does not know
    its changes.

    Raises:
        ValueError: what ``TZ`` says is no zone.
    """
    said = os.environ.get("TZ")
    name = FILE if said is None else said.removeprefix(":")
    if not name:
        return UTC
    try:
        if not name.startswith("/"):
            return ZoneInfo(name)
        with open(name, "rb") as file:
            return ZoneInfo.from_file(file)
    except (OSError, LookupError, ValueError):
        if said is not None and not re.search(r"\d", name):  # which C takes for UTC of that name
            raise ValueError(name) from None
    return datetime.now().astimezone().tzinfo or UTC
