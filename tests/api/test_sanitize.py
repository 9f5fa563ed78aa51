"""Text from a server is data: it is shown, and does nothing."""

from __future__ import annotations

import json
import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.api.examples import KINDS, example
from tui.api import codec
from tui.api.base import ProblemDetails, ResourceId
from tui.api.lenient_json import MAX_TEXT
from tui.api.models import Block, HistoryItem, Order, OrderGraphBlock
from tui.api.requests import BookingReply, KeyedReply, ResourceList
from tui.api.sanitize import clean, escaped, escaped_lines

HOSTILE = [chr(code) for code in (*range(0x20), *range(0x7F, 0xA0), 0x61C, *range(0x200B, 0x2010))]
HOSTILE += [chr(code) for code in (*range(0x2028, 0x202F), *range(0x2060, 0x2070), 0xFEFF)]
HOSTILE += list("\u00ad\u034f\u115f\u1160\u17b4\u180b\u180e\u2800\u3164\uffa0\ufff9\ufffb\ufe0f\U000e0100")
HOSTILE += [chr(code) for code in (0xD800, 0xDBFF, 0xDC00, 0xDFFF, 0xE0001, 0xE0020, 0xE007F)]

ATTACKS = {
    "clipboard write": "\x1b]52;c;cm0gLXJmIH4=\x07",
    "screen wipe": "\x1b[2J\x1b[1;1H",
    "eight-bit control": "\x9b31m red",
    "carriage return": "quantity 1\rquantity 1000000",
    "bell and backspace": "\x07\x08\x08",
    "right to left": "\u202egnp.exe",
    "isolate": "\u2066order\u2069",
    "zero width": "OR\u200bD-1",
    "byte order mark": "\ufeffBLK-1",
    "half a character": "\ud800",
    "tags": "a\U000e0041\U000e007f",
    "delete": "\x7f",
    "line separator": "a\u2028b",
}

HARMLESS = [
    "plain",
    "[bold]not markup[/bold]",
    "[@click=app.quit]press[/]",
    "unclosed [ bracket",
    "=cmd|'/C calc'!A0",
    "Ägypten · 株式会社 · naïve – “quoted” … €",
    "אבג عربي",
    "👩 emoji ❤\ufe0f and an ideograph 葛\U000e0100",
    "می\u200cخواهم",
    "क्\u200dष",
    "ᠣ\u180b",
    "back\\slash and 'quote' and \"double\"",
    "",
]


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS.keys())
def test_an_attack_in_any_text_field_arrives_without_a_hostile_character(attack: str) -> None:
    for name, kind in KINDS.items():
        if ".response" in name and "95_token" not in name:
            read = codec.decode(kind, json.dumps(poisoned(json.loads(example(name)), attack)).encode())
            assert not hostile_texts(json.loads(codec.encode(read))), name


def test_the_parts_of_an_id_are_kept_as_sent_because_they_are_written_back() -> None:
    id = codec.decode(ResourceId, json.dumps({"scope": "D\x1besk", "code": "OR\u200bD-1\n"}).encode())
    assert id == ResourceId("D\x1besk", "OR\u200bD-1\n")


def test_half_a_character_is_replaced_even_in_an_id_for_it_cannot_be_written_anywhere() -> None:
    assert codec.decode(ResourceId, b'{"scope":"Desk","code":"A\\ud800"}').code == "A\ufffd"


@pytest.mark.parametrize("char", HOSTILE, ids=lambda char: f"U+{ord(char):04X}")
def test_a_hostile_character_is_replaced_not_dropped_however_it_is_written(char: str) -> None:
    assert clean(f"a{char}b") == "a\ufffdb"
    escaped = json.dumps({"detail": f"a{char}b"}).encode()
    assert codec.decode(ProblemDetails, escaped).detail == "a\ufffdb"
    if not "\ud800" <= char <= "\udfff":
        assert codec.decode(ProblemDetails, f'{{"detail":"a{char}b"}}'.encode()).detail == "a\ufffdb"


@pytest.mark.parametrize("text", HARMLESS)
def test_harmless_text_is_left_alone(text: str) -> None:
    assert clean(text) == text
    assert codec.decode(ProblemDetails, json.dumps({"detail": text}).encode()).detail == text


@given(st.text(st.characters(codec=None)))
def test_clean_text_holds_nothing_hostile_and_cleaning_again_changes_nothing(text: str) -> None:
    once = clean(text)
    assert len(once) == len(text)
    assert not set(HOSTILE) & set(once)
    assert all(unicodedata.category(char) not in ("Cc", "Cs") for char in once)
    assert clean(once) == once


@given(st.text(st.characters(categories=("L", "N", "P", "S", "Zs"))))
def test_printable_text_is_untouched(text: str) -> None:
    assert clean(text) == text


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_how_a_text_is_escaped_in_json_does_not_matter(text: str) -> None:
    escaped = json.dumps({"detail": text}).encode()
    as_is = json.dumps({"detail": text}, ensure_ascii=False).encode()
    read = {codec.decode(ProblemDetails, raw).detail for raw in (escaped, as_is)}
    assert read == {clean(text)}


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        (b'{"detail":"a\x1b]52;c;AA\x07b"}', "a\ufffd]52;c;AA\ufffdb"),
        (b'{"detail":"latin \xe9"}', "latin \ufffd"),
        (b'{"detail":"cut \xe2\x82"}', "cut \ufffd"),
        (b'{"detail":"half \xed\xa0\x80"}', "half \ufffd\ufffd\ufffd"),
        (b'\xef\xbb\xbf{"detail":"after a byte order mark"}', "after a byte order mark"),
    ],
)
def test_bytes_that_json_forbids_cost_one_character_not_the_reply(raw: bytes, shown: str) -> None:
    assert codec.decode(ProblemDetails, raw).detail == shown


@pytest.mark.parametrize("escape", [False, True])
def test_a_field_longer_than_its_limit_is_cut(escape: bool) -> None:
    for length in (MAX_TEXT - 1, MAX_TEXT, MAX_TEXT + 1, 3 * MAX_TEXT):
        text = ('"' if escape else "x") * length
        read = codec.decode(ProblemDetails, json.dumps({"detail": text}).encode()).detail
        assert read == text[:MAX_TEXT]


def test_names_of_properties_and_keys_of_replies_are_cleaned_too() -> None:
    order = {
        "id": {"scope": "s", "code": "c"},
        "side": "Buy",
        "instrumentIdentifiers": {"Instrument\u202e/x": "a\x07"},
    }
    raw = json.dumps({"values": {"u\x1b1": order}}).encode()
    values = codec.decode(KeyedReply[Order], raw).values or {}
    assert list(values) == ["u\ufffd1"]
    assert dict(values["u\ufffd1"].instrument_identifiers) == {"Instrument\ufffd/x": "a\ufffd"}


def test_a_history_of_hostile_values_is_readable() -> None:
    sent = {"action": "x\x1b", "previousValue": "a\x1b[2J", "newValue": {"labelValue": "b\u202e"}}
    raw = json.dumps({"values": [sent]}).encode()
    [item] = codec.decode(ResourceList[HistoryItem], raw).values
    assert item.action == "x\ufffd"
    assert codec.value_text(item.previous_value) == "a\ufffd[2J"
    assert codec.value_text(item.new_value) == "b\ufffd"


@pytest.mark.parametrize(
    "text",
    ["OR\u200dD-1", "\u200cOR", "می\u200c", "\u200dष", "a\ufe0f", "é\ufe0f", "x\u180b", "👩\u200d🔬"],
)
def test_a_joiner_or_a_variant_where_no_script_has_one_is_marked(text: str) -> None:
    assert clean(text).count("\ufffd") == 1
    assert len(clean(text)) == len(text)


def test_in_a_file_or_a_copy_it_is_told_what_stood_there_and_a_line_stays_a_line() -> None:
    assert escaped("O\x1b]52;c;A\x07\r\n\t\x9b\u202e\u3164\U000e0041\ud800") == (
        "O\\u001b]52;c;A\\u0007\\r\\n\\t\\u009b\\u202e\\u3164\\udb40\\udc41\\ud800"
    )
    assert escaped_lines("a\tb\nc\x1b\u00ad\r\n") == "a\tb\nc\\u001b\\u00ad\\r\n"


@given(st.text(st.characters(codec=None)))
def test_what_is_escaped_holds_nothing_hostile(text: str) -> None:
    assert clean(escaped(text)) == escaped(text)
    assert json.loads(escaped(json.dumps(text, ensure_ascii=False))) == text


def test_what_is_wrong_with_a_bad_row_is_told_without_its_hostility() -> None:
    raw = b'{"values":[{"id":{"scope":"\\u009b","code":"c"},"derivedState":"\\u001b[31m"}]}'
    page = codec.decode_page(OrderGraphBlock, raw)
    assert page.values == ()
    [bad] = page.bad
    assert not hostile_texts([bad.problem, bad.text])


def poisoned(value: Any, attack: str, key: str = "") -> Any:
    """Put ``attack`` into every text that is neither part of an id, nor a time, nor one of a choice."""
    if isinstance(value, dict):
        return {name: poisoned(member, attack, name) for name, member in value.items()}
    if isinstance(value, list):
        return [poisoned(member, attack, key) for member in value]
    frozen = key in ("scope", "code") or (isinstance(value, str) and value[4:5] + value[10:11] == "-T")
    return value if frozen or not isinstance(value, str) else value + attack


def hostile_texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for part in (*value.keys(), *value.values()) for text in hostile_texts(part)]
    if isinstance(value, list):
        return [text for member in value for text in hostile_texts(member)]
    return [value] if isinstance(value, str) and set(HOSTILE) & set(value) else []


def test_the_poisoning_reaches_the_fields_it_is_meant_for() -> None:
    raw = json.dumps(poisoned(json.loads(example("20_get_block.response")), "\x1b[2J")).encode()
    block = codec.decode(Block, raw)
    assert block.side == "Buy\ufffd[2J"
    assert codec.decode(BookingReply, raw) == BookingReply()
