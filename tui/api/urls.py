"""Which addresses a token may be sent to: https anywhere, plain http only to this machine.

No httpx here, so that a start can hold an address against these rules before anything slow is loaded.
"""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import Final
from urllib.parse import SplitResult, urlsplit

_CREDENTIALS: Final = "//[^/]*@"


def without_credentials(address: str) -> str:
    """Return an address without the user name and password somebody wrote before its host."""
    return re.sub(_CREDENTIALS, "//", address)


def split(address: str) -> SplitResult | None:
    """Take an address apart; None when its host or port cannot be read."""
    try:
        parts = urlsplit(address)
        readable = parts.port != 0
    except ValueError:
        return None
    return parts if readable else None


def fault(address: str) -> str | None:
    """Say what is wrong with the address of a server, None when nothing is."""
    parts = split(address)
    if parts is None:
        return "its host cannot be read, or its port is not a number from 1 to 65535"
    if parts.scheme not in ("http", "https"):
        return "it does not start with http:// or https://"
    if not parts.hostname:
        return "it names no host"
    return None


def exposed(address: str) -> str | None:
    """Say why what is sent to a readable address could be read on its way, None when it cannot."""
    parts = split(address)
    if parts is None or parts.scheme != "http" or is_loopback(parts.hostname or ""):
        return None
    return "plain http is only for this machine; use https"


def is_loopback(host: str) -> bool:
    """Tell whether ``host`` is this machine, whatever a name server may say."""
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
