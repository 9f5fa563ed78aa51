"""Checks addresses: a token is sent to https anywhere, over plain http only to this machine.

Without httpx, so that a start can check an address before anything slow is loaded.
"""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import Final
from urllib.parse import SplitResult, urlsplit

IN_PROCESS: Final = "http://embedded/api"
"""The address of the embedded server, which is reached without a socket."""
SERVED: Final = "http://127.0.0.1:8011/api"
"""The address at which `blotter serve` offers it, if nobody asks for another."""
_CREDENTIALS: Final = "//[^/]*@"


def without_credentials(address: str) -> str:
    """Return an address without the user name and password somebody wrote before its host."""
    return re.sub(_CREDENTIALS, "//", address)


def parse(address: str) -> SplitResult | None:
    """Return the parts of an address, None when its host or port cannot be read."""
    try:
        parts = urlsplit(address)
        readable = parts.port != 0
    except ValueError:
        return None
    return parts if readable else None


def why_invalid(address: str) -> str | None:
    """Return why an address cannot be that of a server, None when it can."""
    parts = parse(address)
    if parts is None:
        return "its host cannot be read, or its port is not a number from 1 to 65535"
    if parts.scheme not in ("http", "https"):
        return "it does not start with http:// or https://"
    if not parts.hostname:
        return "it names no host"
    return None


def why_exposed(address: str) -> str | None:
    """Return why others could read what is sent to a valid address, None when they cannot."""
    parts = parse(address)
    if parts is None or parts.scheme != "http" or is_loopback(parts.hostname or ""):
        return None
    return "plain http is only for this machine; use https"


def is_loopback(host: str) -> bool:
    """Return whether ``host`` is this machine, without asking a name server."""
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
