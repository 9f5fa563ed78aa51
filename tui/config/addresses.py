"""The address of the API from what people have at hand: a host, the SDK's base, or a page of the web app."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit

API: Final = "/api"
_PAGE: Final = r"/(app|api)(/.*)?"
"""The paths of the web app and of what stands beneath the API: of those only the host is meant."""


def api_address(text: str) -> str:
    """Return the address that paths of LUSID's API are appended to; what is no web address stays as it is.

    A host without a path, a page of the web app and an address beneath ``/api`` become the host's ``/api``,
    from which the services beside LUSID are reached too. Another path is that of a gateway and stays.

    >>> api_address("https://x.lusid.com/app/trading/blocks?tab=1")
    'https://x.lusid.com/api'
    >>> api_address("https://gateway.example.com/lusid/")
    'https://gateway.example.com/lusid'
    """
    text = text.strip()
    try:
        parts = urlsplit(text)
    except ValueError:
        return text
    if parts.scheme.lower() not in ("http", "https") or not parts.netloc:
        return text
    if not parts.path.strip("/") or re.fullmatch(_PAGE, re.sub("/+", "/", parts.path)):
        return f"{parts.scheme}://{parts.netloc}{API}"
    return text.rstrip("/")
