"""The verb that runs compliance as the profile describes."""

from __future__ import annotations

from tui.actions.action import Scope, Values
from tui.service.verbs import RunCompliance, Verb


def run_compliance_verb(scope: Scope, values: Values) -> Verb:
    """Return the run that the profile describes."""
    assert scope.compliance_run is not None
    return RunCompliance((scope.compliance_run,), scope.user)
