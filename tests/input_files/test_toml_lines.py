"""A value of a TOML file is changed in its line: comments, order and spaces of all others stay."""

from __future__ import annotations

import json
import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.input_files.toml_lines import NotEditable, line_of, with_value

FILE = """\
# My desk.

theme   =  "mono"   # quiet
#refresh_seconds = 2

# keys I am used to
[keys]
history = "H"  # as in the old system

  [profiles.uat]   # not the real one
  url = "https://uat.example/#/api"
note = '''
[keys]
place = "no"
'''
"""


@pytest.mark.parametrize(
    ("place", "value", "old", "new"),
    [
        (("theme",), "light", 'theme   =  "mono"   # quiet', 'theme   =  "light"   # quiet'),
        (
            ("keys", "history"),
            "ctrl+h",
            'history = "H"  # as in the old system',
            'history = "ctrl+h"  # as in the old system',
        ),
        (
            ("profiles", "uat", "url"),
            'a "b" # c',
            '  url = "https://uat.example/#/api"',
            r'  url = "a \"b\" # c"',
        ),
        (("refresh_seconds",), 5, "#refresh_seconds = 2", "#refresh_seconds = 2\nrefresh_seconds = 5"),
        (("ascii",), True, 'theme   =  "mono"   # quiet', 'theme   =  "mono"   # quiet\nascii = true'),
        (
            ("keys", "place"),
            "P",
            'history = "H"  # as in the old system',
            'history = "H"  # as in the old system\nplace = "P"',
        ),
        (
            ("profiles", "uat", "note"),
            "short",
            "note = '''\n[keys]\nplace = \"no\"\n'''",
            'note = "short"',
        ),
        (
            ("profiles", "a b", "url"),
            "x",
            "place = \"no\"\n'''\n",
            'place = "no"\n\'\'\'\n\n[profiles."a b"]\nurl = "x"\n',
        ),
    ],
)
def test_one_line_is_changed_or_added(place: tuple[str, ...], value: str | int, old: str, new: str) -> None:
    assert FILE.count(old) == 1
    assert with_value(FILE, place, value) == FILE.replace(old, new)


@pytest.mark.parametrize(
    ("text", "place", "edited"),
    [
        ("", ("theme",), 'theme = "x"\n'),
        ("", ("keys", "a"), '[keys]\na = "x"\n'),
        ("# only this", ("theme",), '# only this\ntheme = "x"\n'),
        ("a = 1\r\nb = 2", ("c",), 'a = 1\r\nb = 2\r\nc = "x"\r\n'),
        ("# of the keys\n[keys]\n", ("theme",), 'theme = "x"\n# of the keys\n[keys]\n'),
        ("a = 1", ("keys", "a"), 'a = 1\n\n[keys]\na = "x"\n'),
        ('keys.a = "b"\r\n', ("keys", "c"), 'keys.a = "b"\r\nkeys.c = "x"\r\n'),
        ("theme = 1 # c\r\n", ("theme",), 'theme = "x" # c\r\n'),
        ('"the#me=" = 1\n', ("the#me=",), '"the#me=" = "x"\n'),
        ("theme = [\n  1, # one\n]\n", ("theme",), None),
        ('keys = {a = "b"}\n', ("keys", "c"), None),
        ("[[keys]]\na = 1\n", ("keys", "a"), None),
        ("theme = 1\n", ("theme", "inner"), None),
    ],
)
def test_odd_files_are_changed_as_well_or_left_alone(
    text: str, place: tuple[str, ...], edited: str | None
) -> None:
    if edited is None:
        with pytest.raises(NotEditable):
            with_value(text, place, "x")
    else:
        assert with_value(text, place, "x") == edited


NAMES = st.sampled_from(["theme", "home", "a b", "x.y", "ä", "1"])
LETTERS = st.characters(exclude_categories=["Cs"])
VALUES = st.one_of(st.text(LETTERS, max_size=12), st.booleans(), st.integers())
SPACES = st.sampled_from(["", " ", "\t", "   "])
COMMENTS = st.sampled_from(["", "# why", "#home = 2", "# [keys]", '# "', "#"])


@st.composite
def texts(draw: st.DrawFn) -> str:
    """A settings file as people write them, spaces and comments anywhere."""
    lines: list[str] = []
    for table in ("", *draw(st.lists(st.sampled_from(["keys", "profiles.uat", 'p."q r"']), unique=True))):
        if table:
            lines.append(f"{draw(SPACES)}[{draw(SPACES)}{table}{draw(SPACES)}]{draw(SPACES)}{draw(COMMENTS)}")
        for name in draw(st.lists(NAMES, unique=True, max_size=4)):
            lines += draw(st.lists(COMMENTS, max_size=2))
            key = name if name.isascii() and name.isalnum() else json.dumps(name, ensure_ascii=False)
            value = draw(
                st.sampled_from(['"x # y"', "1", "true", "'a=b'", '"""\n[keys]\n# no\n"""', "[1, # one\n 2]"])
            )
            lines.append(
                f"{draw(SPACES)}{key}{draw(SPACES)}={draw(SPACES)}{value}{draw(SPACES)}{draw(COMMENTS)}"
            )
    text = "\n".join([*lines, *draw(st.lists(COMMENTS, max_size=2))]) + draw(st.sampled_from(["", "\n"]))
    return text.replace("\n", draw(st.sampled_from(["\n", "\r\n"])))


@given(
    text=texts(),
    table=st.sampled_from([(), ("keys",), ("profiles", "uat"), ("p", "q r"), ("new",)]),
    name=NAMES,
    value=VALUES,
)
def test_the_file_says_the_new_value_and_everything_else_as_before(
    text: str, table: tuple[str, ...], name: str, value: str | int
) -> None:
    before = tomllib.loads(text)
    old = _at(before, (*table, name))
    if isinstance(old, list):
        with pytest.raises(NotEditable):
            with_value(text, (*table, name), value)
        return
    edited = with_value(text, (*table, name), value)
    after = tomllib.loads(edited)
    assert _at(after, (*table, name)) == value
    assert type(_at(after, (*table, name))) is type(value)
    _put(before, (*table, name), value)
    assert after == before
    kept, shown = text.split("\n"), edited.split("\n")
    if text and not text.endswith("\n"):
        kept = [*kept[:-1], kept[-1] + ("\r" if "\r\n" in text else ""), ""]
    same = _common(kept, shown) + _common(kept[::-1], shown[::-1])
    assert len(kept) - same <= (str(old).count("\n") + 2 if old is not None else 0)
    assert text.count("# why") == edited.count("# why") - str(value).count("# why")


def _common(some: list[str], other: list[str]) -> int:
    """Count the lines that both begin with."""
    pairs = enumerate(zip(some, other, strict=False))
    return next((n for n, (one, two) in pairs if one != two), min(len(some), len(other)))


def _at(found: Any, place: tuple[str, ...]) -> Any:
    for key in place:
        found = found.get(key) if isinstance(found, dict) else None
    return found


def _put(found: dict[str, Any], place: tuple[str, ...], value: Any) -> None:
    for key in place[:-1]:
        found = found.setdefault(key, {})
    found[place[-1]] = value


@pytest.mark.parametrize(
    ("place", "line"),
    [
        (("theme",), 3),
        (("keys",), 7),
        (("keys", "history"), 8),
        (("keys", "missing"), 7),
        (("profiles", "uat"), 10),
        (("profiles", "uat", "note"), 12),
        (("profiles", "uat", "missing"), 10),
        (("other",), None),
        ((), None),
    ],
)
def test_a_place_is_found_in_its_line_else_in_its_table(
    place: tuple[str | int, ...], line: int | None
) -> None:
    assert line_of(FILE, place) == line


def test_tables_of_an_array_are_counted_and_theirs_are_theirs() -> None:
    text = "[[a]]\nx = 1\n[a.b]\ny = 2\n[[a]]\n[a.b]\ny = 3\n[[a.c]]\nz = 4\n[[a.c]]\nz = 5\n"
    assert line_of(text, ("a", 0, "x")) == 2
    assert line_of(text, ("a", 0, "b", "y")) == 4
    assert line_of(text, ("a", 1)) == 5
    assert line_of(text, ("a", 1, "b", "y")) == 7
    assert line_of(text, ("a", 1, "c", 1, "z")) == 11


def test_a_long_text_is_not_searched() -> None:
    assert line_of("x = 1\n" + "# long\n" * 20_000, ("x",)) is None
