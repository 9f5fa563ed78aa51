"""What a broker says of a placement: the text that comes with a rejection or a halt."""

from __future__ import annotations

from typing import Final

from tui.api.models import Placement

_SAID: Final = ("Reason", "RejectReason", "RejectionReason", "Text", "OrdRejReason")
"""The codes of the properties that carry it, the usual one first; Text is FIX field 58."""


def broker_words(row: Placement) -> str:
    """Return what the broker says of a placement, without a name in front; empty where it says nothing."""
    found = {key.rpartition("/")[2]: held.value for key, held in (row.properties or {}).items()}
    said = next((str(found[code]) for code in _SAID if found.get(code) is not None), "")
    return said.removeprefix(f"{row.counterparty}: ") if row.counterparty else said
