"""When an access token expires, where the token itself says so."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from tui.headless.doctor.complaint import Complaint
from tui.secret import Secret

SOON = timedelta(days=3)
"""A token that ends within this time is told: a new one is asked for in working hours."""


def expiry_of(token: Secret) -> datetime | None:
    """Return when a token ends that is a JWT; None for any other, which says nothing."""
    parts = token.reveal().split(".")
    if len(parts) != 3:
        return None
    try:
        claims = json.loads(base64.urlsafe_b64decode(f"{parts[1]}{'=' * (-len(parts[1]) % 4)}"))
        return datetime.fromtimestamp(claims["exp"], UTC)
    except (ValueError, KeyError, TypeError, OverflowError, OSError):
        return None


def token_findings(name: str, token: Secret, now: datetime) -> Iterator[Complaint]:
    """Yield that a token has ended or ends soon; ``name`` is the profile it belongs to."""
    ends = expiry_of(token)
    renew = f"blotter login --profile {name} asks for a new one."
    if ends is None or ends - now > SOON:
        return
    if ends <= now:
        yield Complaint(f"The token of {name} ended on {ends:%d %b at %H:%M} UTC.", renew)
    else:
        yield Complaint(f"The token of {name} ends on {ends:%d %b at %H:%M} UTC.", renew)
