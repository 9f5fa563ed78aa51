"""The desk: one server's order management, held as a snapshot, refreshed, and acted upon."""

from __future__ import annotations

from tui.service.environment import Environment, Health, Kind, State, Update

__all__ = ["Environment", "Health", "Kind", "State", "Update"]
