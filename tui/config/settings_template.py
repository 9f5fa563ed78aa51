"""Texts derived from the models of ``config.toml``: a commented file, JSON schema, table of settings."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any, Final, get_args

from pydantic.fields import FieldInfo

from tui.config.exception_settings import EXCEPTION_SETTINGS
from tui.config.settings import Vocabulary
from tui.config.settings_file import JournalTable, LimitEntries, ProfileEntry, SettingsFile
from tui.config.tape_entries import TapeEntries
from tui.config.tape_settings import NEWS
from tui.input_files.mistakes import one_of
from tui.input_files.strict_model import Written
from tui.input_files.toml_lines import key_text, literal

WIDTH: Final = 100
_TABLES: Final = {
    "rates": "[limits.rates] CURRENCY",
    "asset_class": "[limits.asset_class.NAME]",
    "news": "[tape.news]",
    "portfolios": "[tape.portfolios.NAME] KIND",
}
"""The limits and settings of the tape that are tables, as the table of settings calls them."""


def schema(vocabulary: Vocabulary) -> dict[str, Any]:
    """Return the JSON schema of the settings file, for editors."""
    made = SettingsFile.model_json_schema()
    made["properties"]["theme"]["enum"] = list(vocabulary.themes)
    made["properties"]["keys"]["propertyNames"] = {"enum": list(vocabulary.actions)}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **made, "title": "blotter config.toml"}


def template(vocabulary: Vocabulary) -> str:
    """Return a settings file that says nothing: each setting with what it means, as a comment."""
    lines = [
        *_comment(
            "What this desk sets. All of it is optional, and a line behind a # says nothing: take the # away "
            "and change the value. `blotter config check` says all that is wrong in this file, and `blotter "
            "config set NAME VALUE` changes a line."
        )
    ]
    for name, field in SettingsFile.model_fields.items():
        lines += ["", *_comment(_meaning(name, field, vocabulary))]
        if name == "profiles":
            lines += _profile_lines()
        elif name == "limits":
            lines += _limit_lines()
        elif name == "tape":
            lines += _tape_lines()
        elif name == "journal":
            lines += _journal_lines()
        elif name == "exceptions":
            lines += _exception_lines()
        elif name == "keys":
            lines += ["#[keys]", *_example_lines((field.examples or [{}])[0])]
        else:
            lines.append(f"#{key_text(name)} = {literal(field.default)}")
    return "\n".join([*lines, ""])


def _profile_lines() -> Iterator[str]:
    yield "#[profiles.uat]"
    for name, field in ProfileEntry.model_fields.items():
        yield from _comment(str(field.description))
        example = (field.examples or [field.default])[0]
        if isinstance(example, dict):
            yield from _table_lines(("profiles", "uat", name), example)
        else:
            yield f"#{key_text(name)} = {literal(example)}"


def _limit_lines() -> Iterator[str]:
    yield "#[limits]"
    for name, field in LimitEntries.model_fields.items():
        yield from _comment(str(field.description))
        if field.examples:
            yield from _table_lines(("limits", name), field.examples[0])
        else:
            yield f"#{key_text(name)} = {literal(field.default)}"


def _tape_lines() -> Iterator[str]:
    yield "#[tape]"
    for name, field in TapeEntries.model_fields.items():
        yield from _comment(str(field.description))
        if name == "news":
            yield f"#[{key_text('tape', name)}]"
            for each in NEWS:
                yield from _comment(each.help)
                yield f"#{key_text(each.id)} = {literal(each.usual)}"
        elif field.examples:
            yield from _table_lines(("tape", name), field.examples[0])
        else:
            yield f"#{key_text(name)} = {literal(field.default)}"


def _journal_lines() -> Iterator[str]:
    yield "#[journal]"
    for name, field in JournalTable.model_fields.items():
        yield from _comment(str(field.description))
        yield f"#{key_text(name)} = {literal(field.default)}"


def _exception_lines() -> Iterator[str]:
    yield "#[exceptions]"
    for each in EXCEPTION_SETTINGS:
        yield from _comment(each.help)
        yield f"#{key_text(each.id)} = {literal(each.minutes)}"


def _table_lines(place: tuple[str, ...], example: Mapping[str, Any]) -> Iterator[str]:
    """Yield a table of an example, with the tables in it."""
    values = {name: value for name, value in example.items() if not isinstance(value, dict)}
    if values:
        yield f"#[{key_text(*place)}]"
        yield from _example_lines(values)
    for name, value in example.items():
        if isinstance(value, dict):
            yield from _table_lines((*place, name), value)


def _example_lines(example: Mapping[str, Any]) -> Iterator[str]:
    return (f"#{key_text(name)} = {literal(value)}" for name, value in example.items())


def _comment(words: str) -> list[str]:
    return textwrap.wrap(words, WIDTH, initial_indent="# ", subsequent_indent="# ", break_on_hyphens=False)


def _meaning(name: str, field: FieldInfo, vocabulary: Vocabulary) -> str:
    if name == "theme":
        return f"{str(field.description).rstrip('.')}: {one_of(vocabulary.themes)}."
    return str(field.description)


def _table_of(entry: FieldInfo) -> Mapping[str, FieldInfo]:
    """Return the fields of an entry that is a table, none of one that is not."""
    kinds = (entry.annotation, *get_args(entry.annotation))
    tables = [kind for kind in kinds if isinstance(kind, type) and issubclass(kind, Written)]
    return tables[0].model_fields if tables else {}


def _usual(entry: FieldInfo) -> str:
    """Return the default of an entry as TOML writes it, empty where nothing is said."""
    if isinstance(entry.default, timedelta):
        return literal(str(entry.examples[0])) if entry.examples else ""
    return literal(entry.default) if entry.default and not entry.is_required() else ""


def setting_rows(vocabulary: Vocabulary) -> Iterator[tuple[str, str, str]]:
    """Yield each setting for readers: what it is called, what it is when nobody says it, what it means."""
    for name, field in SettingsFile.model_fields.items():
        if name == "profiles":
            for inner, entry in ProfileEntry.model_fields.items():
                table = _table_of(entry)
                called = f"[profiles.NAME.{inner}]" if table else f"[profiles.NAME] {inner}"
                yield called, _usual(entry), str(entry.description)
                for key, value in table.items() if inner != "limits" else ():
                    yield f"[profiles.NAME.{inner}] {key}", _usual(value), str(value.description)
        elif name == "limits":
            yield "[limits]", "", str(field.description)
            for inner, entry in LimitEntries.model_fields.items():
                usual = "" if inner in _TABLES else literal(entry.default)
                yield _TABLES.get(inner, f"[limits] {inner}"), usual, str(entry.description)
        elif name == "tape":
            yield "[tape]", "", str(field.description)
            for inner, entry in TapeEntries.model_fields.items():
                usual = "" if inner in _TABLES else literal(entry.default)
                yield _TABLES.get(inner, f"[tape] {inner}"), usual, str(entry.description)
                if inner == "news":
                    yield from ((f"[tape.news] {each.id}", literal(each.usual), each.help) for each in NEWS)
        elif name == "journal":
            yield "[journal]", "", str(field.description)
            for inner, entry in JournalTable.model_fields.items():
                yield f"[journal] {inner}", literal(entry.default), str(entry.description)
        elif name == "exceptions":
            yield "[exceptions]", "", str(field.description)
            for each in EXCEPTION_SETTINGS:
                yield f"[exceptions] {each.id}", literal(each.minutes), each.help
        else:
            called, usual = (f"[{name}] ACTION", "") if name == "keys" else (name, literal(field.default))
            yield called, usual, _meaning(name, field, vocabulary)
