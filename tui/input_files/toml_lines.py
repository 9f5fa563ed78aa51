"""The lines of a TOML text: which one says what, and how one value is changed and all else is kept.

The standard library reads TOML and does not write it. A text is cut into statements, each of them read by
the standard library, so that nothing is guessed about quotes, comments or values of several lines.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from datetime import date
from decimal import Decimal
from typing import Any, Final

from msgspec import Struct

LONGEST_TEXT: Final = 65_536
"""Characters of a text in which a line is looked for: the search takes longer than the reading."""

Value = str | int | bool | float | Decimal | date | list[Any]


class Statement(Struct, frozen=True):
    """Some lines that belong together: a header, a key with its value, or a line that says nothing."""

    first: int
    """Number of its first line, from 0."""
    lines: Sequence[str]
    place: tuple[str | int, ...] = ()
    """The table it opens or the key it sets; empty when it says nothing."""
    opens: bool = False
    """It is the header of a table."""

    @property
    def end(self) -> int:
        """The number of the line after it."""
        return self.first + len(self.lines)

    @property
    def text(self) -> str:
        """Its lines as one text."""
        return "\n".join(self.lines)


def statements(text: str) -> Iterator[Statement]:
    """Yield the statements of a TOML text; text that is not TOML is skipped."""
    lines = text.split("\n")
    table: tuple[str | int, ...] = ()
    lengths: dict[tuple[str | int, ...], int] = {}
    first = 0
    while first < len(lines):
        piece, said = _statement(lines, first)
        place = _keys(said)
        opens = bool(place) and piece[0].lstrip().startswith("[")
        if opens and piece[0].lstrip().startswith("[["):
            *outer, name = place
            array = (*_inside(tuple(outer), lengths), name)
            lengths[array] = lengths.get(array, 0) + 1
            table = (*array, lengths[array] - 1)
        elif opens:
            table = _inside(place, lengths)
        yield Statement(first, piece, table if opens else (*table, *place) if place else (), opens)
        first += len(piece)


def _statement(lines: Sequence[str], first: int) -> tuple[Sequence[str], dict[str, Any]]:
    """Return the lines of the statement that begins at ``first``, and what it says."""
    for end in range(first + 1, len(lines) + 1):
        try:
            return lines[first:end], tomllib.loads("\n".join(lines[first:end]) + "\n")
        except (ValueError, RecursionError):
            continue
    return lines[first : first + 1], {}


def _keys(said: dict[str, Any]) -> tuple[str, ...]:
    """Return the names that one statement has, from the outside in."""
    keys: list[str] = []
    inner: Any = said
    while isinstance(inner, dict) and len(inner) == 1:
        [(key, inner)] = inner.items()
        keys.append(key)
    return tuple(keys)


def _inside(place: tuple[str, ...], lengths: dict[tuple[str | int, ...], int]) -> tuple[str | int, ...]:
    """Return the place of a header, where an array of tables on the way means its last table."""
    found: tuple[str | int, ...] = ()
    for key in place:
        found = (*found, key)
        if found in lengths:
            found = (*found, lengths[found] - 1)
    return found


def line_of(text: str, place: tuple[str | int, ...]) -> int | None:
    """Return the number, from 1, of the line that sets ``place``, else of the header it belongs beneath."""
    if not place or len(text) > LONGEST_TEXT:
        return None
    nearest, line = max(1, len(place) - 1), None
    for statement in statements(text):
        shared = _shared(statement.place, place)
        if shared > nearest or (shared == nearest and line is None):
            nearest, line = shared, statement.first + 1
    return line


def _shared(one: Sequence[str | int], other: Sequence[str | int]) -> int:
    for count, (mine, yours) in enumerate(zip(one, other, strict=False)):
        if mine != yours:
            return count
    return min(len(one), len(other))


# --- changing one value ----------------------------------------------------------------------------


class NotEditable(ValueError):
    """A value that cannot be set without writing other lines anew."""


def with_value(text: str, place: Sequence[str], value: Value) -> str:
    """Return a TOML text with one value changed or added, and every comment and all other lines as they were.

    A new value goes beneath the line in which it stands as a comment, else behind the last key of its table.

    Raises:
        NotEditable: the value stands in a table that is written in one line, or where a table is.
    """
    wanted = _with_entry(tomllib.loads(text), place, value)
    if text and not text.endswith("\n"):
        text += _line_end(text)
    known = tuple(statements(text))
    for edit in (_changed, _added, _added_to_root):
        edited = edit(text, known, tuple(place), value)
        if edited is not None and _says(edited, wanted):
            return edited
    raise NotEditable


def with_table(text: str, place: Sequence[str], entry: Mapping[str, Any]) -> str:
    """Return a TOML text in which a table says ``entry``: lines that say the same stay, and all comments do.

    Raises:
        NotEditable: a part of it cannot be set or taken away without writing other lines anew.
    """
    held = _table_at(tomllib.loads(text), place)
    for name in held.keys() - entry.keys():
        text = without(text, (*place, name))
    for name, value in entry.items():
        if isinstance(value, Mapping):
            text = with_table(text, (*place, name), value)
        elif name not in held or not _same(held[name], value):
            text = with_value(text, (*place, name), value)
    return text


def without(text: str, place: Sequence[str]) -> str:
    """Return a TOML text without a key, or without a table and those in it; comments stay.

    Raises:
        NotEditable: it stands in a table that is written in one line.
    """
    wanted = tomllib.loads(text)
    _table_at(wanted, place[:-1]).pop(place[-1], None)
    gone = {
        number
        for each in statements(text)
        if each.place[: len(place)] == tuple(place)
        for number in range(each.first, each.end)
    }
    edited = "\n".join(line for number, line in enumerate(text.split("\n")) if number not in gone)
    found = tomllib.loads(edited)
    for end in range(len(place) - 1, 0, -1):  # a table that only held what is gone is gone with it
        inner = _table_at(wanted, place[:end])
        if not inner and place[end - 1] not in _table_at(found, place[: end - 1]):
            _table_at(wanted, place[: end - 1]).pop(place[end - 1], None)
    if not _same(found, wanted):
        raise NotEditable
    return edited


def _table_at(found: dict[str, Any], place: Sequence[str]) -> dict[str, Any]:
    """Return the table at a place, an empty one where there is none."""
    inner: Any = found
    for key in place:
        inner = inner.get(key, {}) if isinstance(inner, dict) else {}
    return inner if isinstance(inner, dict) else {}


def _with_entry(found: dict[str, Any], place: Sequence[str], value: Value) -> dict[str, Any]:
    wanted = deepcopy(found)
    table = wanted
    for key in place[:-1]:
        table = table.setdefault(key, {})
        if not isinstance(table, dict):
            raise NotEditable
    there = table.get(place[-1])
    if isinstance(there, dict) or (isinstance(there, list) and not isinstance(value, list)):
        raise NotEditable
    table[place[-1]] = value
    return wanted


def _says(text: str, wanted: dict[str, Any]) -> bool:
    try:
        return _same(tomllib.loads(text), wanted)
    except tomllib.TOMLDecodeError:
        return False


def _same(one: Any, other: Any) -> bool:
    """Compare what two texts say; the order of keys says nothing, and 1, 1.0 and true are three things."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    return type(one) is type(other) and repr(one) == repr(other)


def _changed(text: str, known: Sequence[Statement], place: tuple[str, ...], value: Value) -> str | None:
    """Put the value in the place of the one that is there."""
    for statement in known:
        if not statement.opens and statement.place == place:
            return _spliced(text, statement.first, statement.end, [_with_new_value(statement.text, value)])
    return None


def _with_new_value(line: str, value: Value) -> str:
    """Return ``key = value # comment`` with another value; spaces and comment stay."""
    before = tomllib.loads(line + "\n")
    equals = next(
        at for at, letter in enumerate(line) if letter == "=" and _parses(line[:at] + "= 0\n") is not None
    )
    ends = [at for at, letter in enumerate(line) if letter == "#" and at > equals] + [len(line)]
    end = next(at for at in ends if _same(_parses(line[:at] + "\n"), before))
    old = line[equals + 1 : end]
    lead, trail = old[: len(old) - len(old.lstrip())], old[len(old.rstrip()) :]
    return f"{line[: equals + 1]}{lead}{literal(value)}{trail}{line[end:]}"


def _parses(text: str) -> dict[str, Any] | None:
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError):
        return None


def _added(text: str, known: Sequence[Statement], place: tuple[str, ...], value: Value) -> str | None:
    """Add a line to the table that is there, or the table at the end."""
    table, key = place[:-1], place[-1]
    line = f"{key_text(key)} = {literal(value)}"
    start = 0
    if table:
        headers = [each for each in known if each.opens and each.place == table]
        if not headers:
            end = text.count("\n")
            gap = [""] if text.strip() else []
            return _spliced(text, end, end, [*gap, f"[{key_text(*table)}]", line])
        start = headers[0].end
    at = _room_for(known, start, key)
    return _spliced(text, at, at, [line])


def _added_to_root(text: str, known: Sequence[Statement], place: tuple[str, ...], value: Value) -> str | None:
    """Add a line with a dotted key before the first table, as the table is not written in any other way."""
    at = _room_for(known, 0, "")
    return _spliced(text, at, at, [f"{key_text(*place)} = {literal(value)}"])


def _room_for(known: Sequence[Statement], start: int, key: str) -> int:
    """Return the number of the line at which a key of the table that begins at ``start`` is put in."""
    region = []
    for statement in known:
        if statement.first >= start:
            if statement.opens:
                break
            region.append(statement)
    as_comment = rf"\s*#\s*{re.escape(key_text(key))}\s*="
    for statement in region:
        if key and not statement.place and re.match(as_comment, statement.text):
            return statement.end
    said = [statement.end for statement in region if statement.place]
    if said or start:
        return said[-1] if said else start
    # A comment right above the first header belongs to it.
    while region and region[-1].text.strip():
        region.pop()
    return region[-1].first if region else 0


def _spliced(text: str, first: int, end: int, put: Sequence[str]) -> str:
    """Return ``text`` with ``put`` for the lines from ``first`` to ``end``; new lines end as the others."""
    lines = text.split("\n")
    returned = _line_end(text).rstrip("\n") if first == end else ""
    return "\n".join([*lines[:first], *(line + returned for line in put), *lines[end:]])


def _line_end(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def literal(value: Value) -> str:
    """Return a value as TOML writes it."""
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, list):
        return f"[{', '.join(map(literal, value))}]"
    return str(value).lower()


def as_toml(found: Mapping[str, Any], place: tuple[str, ...] = ()) -> str:
    """Return a TOML text that says ``found``: values before tables, tables of an array one by one.

    >>> print(as_toml({"a": 1, "b": {"c": {"d": "e"}}, "e": [{"f": True}]}), end="")
    a = 1
    <BLANKLINE>
    [b.c]
    d = "e"
    <BLANKLINE>
    [[e]]
    f = true
    """
    text = tables = ""
    for name, value in found.items():
        inner = (*place, name)
        if isinstance(value, Mapping):
            said = as_toml(value, inner)
            tables += said if said.startswith("\n") else f"\n[{key_text(*inner)}]\n{said}"
        elif isinstance(value, list) and value and isinstance(value[0], Mapping):
            tables += "".join(f"\n[[{key_text(*inner)}]]\n{as_toml(each, inner)}" for each in value)
        else:
            text += f"{key_text(name)} = {literal(value)}\n"
    return text + tables


def key_text(*keys: str) -> str:
    """Return a key, or the dotted keys of a table, as TOML writes it."""
    return ".".join(key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else literal(key) for key in keys)
