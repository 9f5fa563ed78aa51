"""The id of a new row names its kind and the day of the desk's zone, and is nobody else's on the desk."""

from __future__ import annotations

import secrets
from datetime import timedelta, timezone

import pytest
from msgspec.structs import replace

from tests.service.sample_rows import NINE, block, order, snapshot_of
from tui.actions.action import Scope
from tui.service.environment import Environment, EnvironmentKind
from tui.service.snapshot.snapshot import EntityKind


def test_the_day_is_that_of_the_desk_and_a_code_that_is_there_is_drawn_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    draws = iter((7, 7, 8))
    monkeypatch.setattr(secrets, "randbits", lambda bits: next(draws))
    here = Environment("demo", EnvironmentKind.LOCAL)
    scope = Scope(snapshot_of(blocks=[block("BLK-1")]), EntityKind.BLOCKS, (), here, NINE, home="Desk")
    first = scope.new_id(EntityKind.ORDERS, "Desk")
    assert first.code == f"O-{NINE:%m%d}-000000007"
    far_east = timezone(timedelta(hours=15, minutes=30))
    tomorrow = replace(scope, snapshot=snapshot_of(orders=[order(first.code)]), zone=far_east)
    taken = replace(tomorrow, zone=NINE.tzinfo).new_id(EntityKind.ORDERS, "Desk")
    assert taken.code == f"O-{NINE:%m%d}-000000008", "7 is on the desk already"
    monkeypatch.setattr(secrets, "randbits", lambda bits: 9)
    assert (
        tomorrow.new_id(EntityKind.PLACEMENTS, "Desk").code == f"P-{NINE + timedelta(days=1):%m%d}-000000009"
    )
