"""Options stand before a command or behind it, and mean the same."""

from __future__ import annotations

import pytest

from tui.cli import parser


@pytest.mark.parametrize(
    "given",
    [
        ["--read-only"],
        ["--plain-output"],
        ["--ascii"],
        ["--fresh"],
        ["--theme", "mono"],
        ["--db", "desk.db"],
        ["--size", "busy"],
        ["--seed", "11"],
        ["--speed", "20"],
    ],
    ids=lambda given: given[0],
)
def test_an_option_before_demo_is_an_option_behind_it(given: list[str]) -> None:
    before, behind = parser().parse_args([*given, "demo"]), parser().parse_args(["demo", *given])
    bare = parser().parse_args(given)
    assert vars(before) == vars(behind) == {**vars(bare), "command": "demo"}
    assert vars(bare) != vars(parser().parse_args([]))


@pytest.mark.parametrize("given", [["--db", "desk.db"], ["--size", "busy"], ["--seed", "11"]])
def test_an_option_before_serve_is_an_option_behind_it(given: list[str]) -> None:
    assert vars(parser().parse_args([*given, "serve"])) == vars(parser().parse_args(["serve", *given]))


def test_what_stands_behind_a_command_goes_over_what_stands_before_it() -> None:
    assert parser().parse_args(["--seed", "11", "demo", "--seed", "12"]).seed == 12
