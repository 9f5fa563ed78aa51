"""The user of a token, as LUSID's identity API returns it (``GET /identity/api/me``)."""

from __future__ import annotations

from tui.api import codec
from tui.api.requests import CurrentUser
from tui.oms.http.call import Call


async def who_am_i(call: Call) -> bytes:
    """Return the user of the call's token; ``id`` is the user id in versions and history.

    The address is a text even without one: the SDK's model fails on null.
    """
    user = call.caller.user
    me = CurrentUser(
        id=user,
        email_address=user if "@" in user else "",
        type="Personal",
        domain_type="Internal",
        groups=(),
        links=(),
    )
    return codec.encode(me)
