"""What is said of a write that the access service denies.

A denial is a belief: the strings of the questions are not documented (:mod:`tui.service.permissions`).
"""

from __future__ import annotations


def denial(why: str) -> str:
    """Return what the access service says of a write, without its full stop."""
    return f"You may not do this here, the access service says: {why.rstrip('.')}"
