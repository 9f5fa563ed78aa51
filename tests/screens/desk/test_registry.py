"""The registry of actions: complete, without clashes, and the same wherever it is shown."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.blotter_app import blotter
from tui.actions.action import Scope, WriteAction
from tui.api.operations import OPERATIONS
from tui.api.reference_operations import REFERENCE
from tui.screens.desk.desk_command import DeskCommand
from tui.screens.desk.keymap import key_mistakes
from tui.screens.desk.registry import ACTIONS, BY_ID, GROUPS
from tui.service.environment import Environment, EnvironmentKind
from tui.service.snapshot.snapshot import EMPTY, EntityKind
from widgets.key_names import key_words


def test_no_two_actions_share_a_key_or_a_name() -> None:
    keys = [key for action in ACTIONS for key in action.keys({})]
    assert len(keys) == len(set(keys))
    assert len(BY_ID) == len(ACTIONS)


def test_every_action_is_written_about_in_words_and_has_a_group() -> None:
    for action in ACTIONS:
        assert action.label, action.id
        assert action.help, action.id
        assert action.group in GROUPS, action.id


def test_what_is_not_a_write_is_carried_out_by_the_desk() -> None:
    assert all(isinstance(action, WriteAction | DeskCommand) for action in ACTIONS)


def test_what_sends_sits_on_a_plain_letter() -> None:
    for action in ACTIONS:
        if isinstance(action, WriteAction):
            assert len(action.key) == 1, f"{action.id} could be pressed by reflex"


def test_t10_an_action_is_not_possible_where_the_server_has_none_of_its_calls() -> None:
    named = {name for action in ACTIONS for name in action.endpoints}
    assert named <= {endpoint.name for endpoint in (*OPERATIONS, *REFERENCE)}
    assert all(action.endpoints for action in ACTIONS if isinstance(action, WriteAction))
    scope = Scope(
        EMPTY,
        EntityKind.ORDERS,
        (),
        Environment("old", EnvironmentKind.TEST),
        datetime(2026, 11, 20, tzinfo=UTC),
        absent={"sweep_blocks": "No such path.", "cancel_orders": "No such path."},
    )
    assert BY_ID["sweep"].refusal(scope) == "This server does not offer it: No such path."
    assert "does not offer" not in (BY_ID["cancel"].refusal(scope) or ""), "placements can be cancelled"
    assert BY_ID["new"].refusal(scope) is None


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        ({"fly": "f"}, "is not known here; there are "),
        ({"place": "ctrl+d"}, "may not sit on a Ctrl chord"),
        ({"cancel": "f8"}, "may not sit on a Ctrl chord"),
        ({"history": "p"}, "is place already"),
        ({"history": "ctrl+p"}, "is palette already"),
    ],
)
def test_a_key_map_that_cannot_be_used_is_quoted(keys: dict[str, str], says: str) -> None:
    [(name, words)] = key_mistakes(keys).items()
    assert name in keys
    assert says in words


def test_a_key_map_may_swap_keys() -> None:
    assert not key_mistakes({"history": "H", "place": "X"})


def test_everything_wrong_with_a_key_map_is_told_at_once() -> None:
    assert key_mistakes({"mvoe": "m", "cancel": "f8", "history": "p"}) == {
        "mvoe": "is not known here; perhaps move is meant",
        "cancel": '"f8" is not allowed; what writes may not sit on a Ctrl chord or a function key',
        "history": '"p" is not free; that key is place already',
    }


def test_keys_are_written_as_they_stand_on_the_keyboard() -> None:
    assert [key_words(key) for key in ("question_mark", "ctrl+p", "f1", "p", "escape")] == [
        "?",
        "Ctrl-P",
        "F1",
        "p",
        "Esc",
    ]


async def test_footer_and_help_say_what_the_registry_says() -> None:
    async with blotter() as user:
        footer = user.text().splitlines()[-1]
        for action in ACTIONS:
            if action.footer:
                assert f"{key_words(action.key)} {action.label}" in footer
        await user.press("question_mark")
        await user.until(lambda: "Help" in user.text())
        assert "Send blocks, or what is left of them, to a broker" in user.text()


async def test_a_key_that_is_not_possible_now_says_why() -> None:
    async with blotter() as user:
        await user.go("transactions")
        await user.press("m")
        assert user.notices[-1] == "Only orders move: go to the orders pane."
