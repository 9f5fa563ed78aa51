"""Documents of write commands: the fields of the forms and no others, checked whole, digits kept."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from tests.actions.test_forms_of_large_desks import scope_of, small_desk
from tests.actions.test_weights import scope as without_orders
from tests.service.sample_rows import block, order, rid, snapshot_of
from tui.actions.action import Scope
from tui.actions.trade_actions import TRADE
from tui.cli.arguments import parser
from tui.headless.write_commands import COMMANDS, FIELDS
from tui.headless.write_documents import MODELS, read_document, read_lines, schema
from tui.input_files.mistakes import CheckError
from tui.service.snapshot.snapshot import EntityKind


def scopes() -> Iterator[Scope]:
    """Yield rows on which every form an action has is made."""
    desk = small_desk()
    for kind in EntityKind:
        ids = tuple(desk.rows(kind))
        yield scope_of(desk, kind, *ids[:1])
        yield scope_of(desk, kind, *ids)
    yield without_orders("Desk")
    at_market = snapshot_of(
        blocks=[block("BLK-1", "ORD-1", type="Market", limit_price=None)], orders=[order("ORD-1")]
    )
    yield scope_of(at_market, EntityKind.BLOCKS, rid("BLK-1"))


def test_each_command_knows_the_fields_of_the_forms_of_its_actions_and_no_others() -> None:
    asked: dict[str, set[str]] = {action.id: set() for action in TRADE}
    for action in TRADE:
        loaded = action.load()
        if loaded.question is not None:
            asked[action.id].add("answer")
        for scope in scopes():
            if loaded.form is not None and not action.disabled_reason(scope):
                asked[action.id] |= {field.id for field in loaded.form(scope).fields}
    known = {command.actions: set(command.fields) for command in COMMANDS.values()}
    assert known == {actions: {name for id in actions for name in asked[id]} for actions in known}, (
        "the fields of tui/headless/write_commands.py are those of the forms"
    )
    assert {id for actions in known for id in actions} == asked.keys()


@pytest.mark.parametrize("command", COMMANDS.values(), ids=lambda each: each.name)
def test_options_and_schema_are_those_of_the_document(command: Any) -> None:
    members = schema(command.name)["properties"].keys()
    assert members == MODELS[command.name].model_fields.keys()
    options = {
        flag: "yes" if FIELDS[name].is_flag else "1.10"
        for name in command.fields
        for flag in (FIELDS[name].flag,)
    }
    words = [
        word for flag, value in options.items() for word in ([flag] if value == "yes" else [flag, value])
    ]
    given = vars(parser().parse_args([command.name, *(["A"] if command.rows == "some" else []), *words]))
    assert members == {
        *(name.removeprefix("field_") for name in given if name.startswith("field_")),
        *({"ids", "kind"} & given.keys()),
        "key",
    }


def test_a_document_keeps_every_digit() -> None:
    [said] = read_lines("fill", ['{"ids": ["PLC-1"], "quantity": 0.10, "price": 12345678901234567890.10}'])
    assert said.values == {"quantity": "0.10", "price": "12345678901234567890.10"}
    assert read_document("book", {"ids": ["A"], "fees": False}).values == {"fees": "no"}


def test_what_is_wrong_is_told_all_at_once_with_its_line_and_place() -> None:
    lines = [
        '{"ids": ["A"], "quantity": true, "limit": 1E+400}',
        '{"ids": ["A"], "ids": ["B"]}',
        "",
        '{"idz": ["A\\u001b"]}',
        "nonsense",
        '{"ids": ["A\\u202e"]}',
        '{"ids": ["A"], "limit": NaN}',
    ]
    with pytest.raises(CheckError) as told:
        read_lines("place", lines)
    said = str(told.value)
    for words in (
        "line 1: quantity: true is not allowed",
        "line 1: limit: is not allowed",
        "line 2: a member stands in it twice.",
        "line 4: idz: is not known here; perhaps ids is meant.",
        "line 5: it is not JSON.",
        "line 6: ids.0: ",
        "line 7: it is not JSON.",
    ):
        assert words in said
    assert said.isascii()
    assert "\u001b" not in said


def test_the_same_document_has_the_same_digest_whatever_its_key_and_line() -> None:
    one, other = read_lines("cancel", [json.dumps({"ids": ["A"], "key": key}) for key in "ab"])
    assert one.digest == other.digest
    assert one.digest != read_document("cancel", {"ids": ["B"]}).digest
    by_text = read_document("fill", {"ids": ["A"], "price": "1.10"})
    assert by_text.digest == read_document("fill", {"ids": ["A"], "price": Decimal("1.10")}).digest
