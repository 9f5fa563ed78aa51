"""Allocating by weights: the portfolios a dealer names are the ones the desk knows."""

from __future__ import annotations

import pytest

from tests.service.sample_rows import NINE, block, execution, order, placement, rid, snapshot_of
from tui.actions.action import Scope
from tui.actions.post_trade import allocate_form, allocate_verb
from tui.service.environment import Environment, EnvironmentKind
from tui.service.snapshot.snapshot import EntityKind
from tui.service.verbs import AllocateWeighted
from tui.service.writes.unknown_names import unknown_names


def scope(home: str) -> Scope:
    """Return a filled placement of a block without orders, on a desk that knows Desk/GROWTH."""
    snapshot = snapshot_of(
        blocks=[block("BLK-1")],
        orders=[order("ORD-9")],
        placements=[placement("PLC-1", "BLK-1")],
        executions=[execution("EXE-1", "PLC-1")],
    )
    environment = Environment("demo", EnvironmentKind.LOCAL)
    return Scope(snapshot, EntityKind.PLACEMENTS, (rid("PLC-1"),), environment, NINE, home=home)


@pytest.mark.parametrize(
    ("typed", "meant", "echo"),
    [
        ("GROWTH 3, INC 2", ["Desk/GROWTH", "demo/INC"], "Desk/GROWTH 3, demo/INC (unknown to this desk) 2"),
        ("growth 1, Fund/X 1", ["Desk/GROWTH", "Fund/X"], "Desk/GROWTH 1, Fund/X (unknown to this desk) 1"),
    ],
)
def test_weights_name_portfolios_like_orders_do(typed: str, meant: list[str], echo: str) -> None:
    here = scope("demo")
    field = allocate_form(here).fields[0]
    assert field.check(typed) is None
    assert field.echo(typed) == echo
    verb = allocate_verb(here, {"weights": typed, "algorithm": "PR-LF"})
    assert isinstance(verb, AllocateWeighted)
    assert [str(each.portfolio_id) for each in verb.weights] == meant
    assert [caution.text for caution in unknown_names(verb, here.snapshot)] == [
        f"{meant[1]} is a portfolio nobody on this desk knows"
    ]


def test_weights_in_percent_say_of_what_and_add_up() -> None:
    here = scope("demo")
    form = allocate_form(here)
    check, live = form.fields[0].check, form.live
    assert check("GROWTH 60%, INC 40%") is None
    assert check("GROWTH 60%, INC 30%") == "The weights add up to 90%, not to 100%."
    assert check("GROWTH 60%, GROWTH 40%") == "GROWTH is named more than once."
    assert check("GROWTH 1,000, INC 500") is None
    assert check("GROWTH 60%, INC 3") == "The weights are all in %, or none of them is."
    assert live is not None
    said = live({"weights": "GROWTH 60%, INC 40%", "algorithm": "PR-LF"})
    assert said.startswith("Of 10 executed, about: Desk/GROWTH 60 % = 6 · INC 40 % = 4\n")
