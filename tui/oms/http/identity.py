"""The user of a token, as LUSID's identity API returns it (``GET /identity/api/me``)."""

from __future__ import annotations

from tui.api import codec
from tui.oms.http.call import Call


async def who_am_i(call: Call) -> bytes:
    """Return the user of the call's token; ``id`` is the user id in versions and history."""
    user = call.caller.user
    email = user if "@" in user else None
    return codec.encode({"id": user, "emailAddress": email, "type": "Personal", "groups": [], "links": []})
