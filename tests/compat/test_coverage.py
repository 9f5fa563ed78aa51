"""The tests of this folder prove every method of the contract: it succeeds, and it can fail.

This reads the ``proves`` marks. Whether a marked test has seen what it claims is checked when it runs.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.compat import sdk
from tui.api import operations
from tui.api.operation import Operation
from tui.api.reference_operations import REFERENCE

CALLED = (*operations.OPERATIONS, *(each for each in REFERENCE if not each.outside))
"""What the SDK of LUSID has a method for; the services beside LUSID have SDKs of their own."""


def modules() -> Iterator[ModuleType]:
    for found in pkgutil.iter_modules([str(Path(__file__).parent)]):
        if found.name.startswith("test_") and found.name != "test_older_document":
            yield import_module(f"{__package__}.{found.name}")


def proven() -> set[tuple[str, str]]:
    """Return what the tests claim to prove; a test of all kinds of entities counts for each."""
    claims = set()
    for module in modules():
        for name, test in vars(module).items():
            marks = [mark for mark in getattr(test, "pytestmark", ()) if mark.name == "proves"]
            for method, outcome in (mark.args for mark in marks if name.startswith("test_")):
                claims |= {
                    (method.format(singular=entity.singular, plural=entity.plural), outcome)
                    for entity in operations.ENTITIES
                }
    return claims


@pytest.mark.parametrize("endpoint", CALLED, ids=lambda endpoint: endpoint.name)
def test_every_method_is_seen_to_succeed_and_to_fail(endpoint: Operation[Any, Any]) -> None:
    wanted = {"success", "failure", *(["partial"] if endpoint.partial else [])}
    assert wanted <= {outcome for method, outcome in proven() if method == endpoint.name}


def test_nothing_is_proven_of_a_method_that_is_not_of_the_contract() -> None:
    assert {method for method, _ in proven()} == {endpoint.name for endpoint in CALLED}


def test_the_sdk_has_every_method_of_its_generation() -> None:
    apis = (
        *(sdk.lusid.OrderManagementApi, sdk.lusid.OrderGraphApi, sdk.lusid.TransactionPortfoliosApi),
        *(sdk.lusid.BlocksApi, sdk.lusid.OrdersApi, sdk.lusid.PlacementsApi),
        *(sdk.lusid.ExecutionsApi, sdk.lusid.AllocationsApi),
        *(sdk.lusid.ApplicationMetadataApi, sdk.lusid.InstrumentsApi, sdk.lusid.SearchApi),
        *(sdk.lusid.PortfoliosApi, sdk.lusid.QuotesApi, sdk.lusid.TransactionConfigurationApi),
        *(sdk.lusid.PropertyDefinitionsApi, sdk.lusid.ReferenceListsApi),
        *(sdk.lusid.ComplianceApi, sdk.lusid.LegacyComplianceApi),
    )
    missing = {each.name for each in CALLED if not any(hasattr(api, each.name) for api in apis)}
    newer = {each.name for each in CALLED if not each.is_in("2.1")}
    assert missing == (set() if sdk.IS_NEWEST else newer)
