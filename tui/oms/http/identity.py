"""Who a token belongs to, as LUSID's identity API tells it (``GET /identity/api/me``)."""

from __future__ import annotations

from tui.api import codec
from tui.oms.http.call import Call


async def who_am_i(call: Call) -> bytes:
    """Say whose token the call came with: ``id`` is what versions and history name the user by."""
    user = call.caller.user
    email = user if "@" in user else None
    return codec.encode({"id": user, "emailAddress": email, "type": "Personal", "groups": [], "links": []})
