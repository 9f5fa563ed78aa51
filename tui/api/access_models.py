"""Who may do what: the questions to the access service, its answers, and the policies of a user."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tui.api.base import Instant, ResourceId, WireStruct


class AccessAction(WireStruct, frozen=True, kw_only=True):
    entity_code: str
    scope: str
    activity: str


class AccessQuestion(WireStruct, frozen=True, kw_only=True):
    action: AccessAction
    from_effective_date: Instant | None = None
    to_effective_date: Instant | None = None
    from_as_at: Instant | None = None
    to_as_at: Instant | None = None


class AccessResource(WireStruct, frozen=True, kw_only=True):
    id: Mapping[str, str]
    metadata: Mapping[str, Any] | None = None


class EvaluationRequest(WireStruct, frozen=True, kw_only=True):
    """One question to the access service: may whoever asks do this to that?"""

    request: AccessQuestion
    resource: AccessResource


class EvaluationResult(WireStruct, frozen=True, kw_only=True):
    """Granted, Denied or DeniedAsLicenceRequired."""

    result: str
    detailed_message: str | None = None


class AttachedPolicy(WireStruct, frozen=True, kw_only=True):
    source_role: ResourceId | None = None
    role_hierarchy_index: int | None = None
    description: str | None = None
    applications: tuple[str, ...] | None = None
    policy_type: str | None = None
    id: ResourceId | None = None
    grant: str | None = None
