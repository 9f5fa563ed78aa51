"""The access service: what the caller may do, as LUSID's own service tells it (R65, R66)."""

from __future__ import annotations

from typing import Final

from tui.api import codec
from tui.api.access_models import AttachedPolicy, EvaluationRequest, EvaluationResult
from tui.api.base import ResourceId
from tui.api.operations import OPERATIONS
from tui.api.reference_operations import REFERENCE
from tui.oms.auth.rights import may
from tui.oms.http import bodies
from tui.oms.http.call import Call

FEATURES: Final = {each.feature.casefold(): each for each in (*OPERATIONS, *REFERENCE)}
"""The operations by the code of their feature."""
GRANTED: Final = "Granted"
DENIED: Final = "Denied"


def evaluate(call: Call, raw: bytes) -> bytes:
    """Answer which of several actions the caller may carry out; one that is not known is denied."""
    asked: dict[str, EvaluationRequest] = bodies.read(dict[str, EvaluationRequest], raw)
    return codec.encode({name: _result(call, each) for name, each in asked.items()})


def _result(call: Call, asked: EvaluationRequest) -> EvaluationResult:
    action = asked.request.action
    ids = {name.casefold(): value for name, value in asked.resource.id.items()}
    code = ids.get("code", "")
    known = FEATURES.get(code.casefold())
    is_feature = (action.entity_code.casefold(), action.activity.casefold()) == ("feature", "execute")
    if known is None or not is_feature or ids.get("scope", "").casefold() != "lusid":
        return EvaluationResult(result=DENIED, detailed_message="There is no such action.")
    if not may(call.caller.role, known):
        said = f"{known.feature} is not among the rights of {call.caller.role}."
        return EvaluationResult(result=DENIED, detailed_message=said)
    return EvaluationResult(result=GRANTED)


def own_policies(call: Call) -> bytes:
    """Return the policies of the caller: that of the role, or one for everything."""
    role = call.caller.role or "everything"
    policy = AttachedPolicy(
        source_role=ResourceId("default", role),
        role_hierarchy_index=1,
        description=f"What {role} may do",
        applications=("LUSID",),
        policy_type="Entitlement",
        id=ResourceId("default", f"feature-{role}"),
        grant="Allow",
    )
    return codec.encode([policy])
