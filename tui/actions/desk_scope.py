"""What a desk adds to the scope of an action: what its server offers, whom it lets, what is on its way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from tui.actions.action import Scope

if TYPE_CHECKING:
    from tui.service.desk import Desk


def with_desk(scope: Scope, desk: Desk) -> Scope:
    """Return ``scope`` with what ``desk`` knows of its server, its user and its profile."""
    return replace(
        scope,
        absent=desk.absent,
        denied=desk.denied,
        foretold=desk.foretold,
        user=desk.user,
        unknown=len(desk.unknown),
        underway=len(desk.underway),
        compliance_run=desk.profile.compliance_run,
    )
