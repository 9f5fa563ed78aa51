"""The actions that write: each finds its form and its verb, and no start loads one of them."""

from __future__ import annotations

import inspect
import subprocess
import sys

import pytest

from tests.paths import ROOT
from tui.actions.action import FormAndVerb, WriteAction
from tui.actions.trade_actions import TRADE


@pytest.mark.parametrize("action", TRADE, ids=lambda action: action.id)
def test_an_action_finds_its_form_and_its_verb(action: WriteAction) -> None:
    loaded = action.load()
    assert isinstance(loaded, FormAndVerb)
    assert list(inspect.signature(loaded.verb).parameters) == ["scope", "values"]
    assert loaded.verb.__name__ == f"{action.id}_verb"
    if loaded.form is not None:
        assert list(inspect.signature(loaded.form).parameters) == ["scope"]
        assert loaded.form.__name__ == f"{action.id}_form"


def test_the_list_of_actions_loads_no_form_and_no_verb() -> None:
    late = ("amend", "create", "fills", "place", "post_trade", "update", "form_fields")
    code = f"""
import sys, tui.actions.trade_actions
late = [name for name in {late!r} if f"tui.actions.{{name}}" in sys.modules]
assert not late, late
assert "tui.service.verbs" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
