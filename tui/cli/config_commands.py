"""``blotter config``: where the settings file is, what is wrong with it, and how it is begun and changed."""

from __future__ import annotations

import argparse
import json
import stat
import tomllib
from pathlib import Path
from typing import Any, Final

from tui.atomic_file import PRIVATE, write_atomically, write_new
from tui.config import paths
from tui.config.profiles import check_secrets_file
from tui.input_files.mistakes import CheckError, all_at_once, not_allowed, place_words, print_mistakes, shown
from tui.input_files.read_file import is_text, parse_toml, read_text, read_toml
from tui.input_files.toml_lines import NotEditable, literal, with_value
from tui.standard_output import write_out
from tui.start import vocabulary

OK: Final = 0
FAILED: Final = 1
USAGE_ERROR: Final = 2


def run_config(given: argparse.Namespace) -> int:
    """Carry out ``blotter config`` and return its exit code."""
    try:
        match given.verb:
            case "check":
                return check_file(given.file)
            case "path":
                write_out(str(paths.config_file()))
                return OK
            case "init":
                return begin_file()
            case "set":
                return change_file(given.name, given.value)
            case _:
                return print_schema()
    except CheckError as error:
        return print_mistakes("blotter config", str(error), USAGE_ERROR)
    except OSError as error:
        return print_mistakes(
            "blotter config", f"{error.filename or 'A file'} cannot be used: {error.strerror}.", FAILED
        )


def check_file(named: Path | None) -> int:
    """Print every mistake in a settings file and in the secrets files it names."""
    path = named or paths.config_file()
    if named is None and not path.exists():
        write_out(f"{path} is not there: the defaults hold.")
        return OK
    from tui.config.settings_file import check_settings
    from tui.signon import address_mistakes

    document = read_toml(path)
    settings = check_settings(document, vocabulary())
    files = {profile.secrets_file for profile in settings.profiles.values() if profile.secrets_file}
    with all_at_once() as part:
        with part():
            document.refuse(address_mistakes(settings.profiles.values()))
        for file in sorted(files):
            with part():
                check_secrets_file(file)
    for file in (path, *sorted(files)):
        write_out(f"{file}: nothing is wrong.")
    return OK


def begin_file() -> int:
    """Write a settings file in which everything is a comment."""
    from tui.config.settings_template import template

    path = paths.config_file()
    text = template(vocabulary())
    _make_folder(path)
    try:
        write_new(path, text.encode())
    except FileExistsError:
        return print_mistakes("blotter config", f"{path} is there already, and stays as it is.", USAGE_ERROR)
    write_out(f"{path} is written.")
    return OK


def change_file(name: str, words: str) -> int:
    """Change one setting in the settings file; comments and all other lines stay as they are."""
    from tui.config.settings_file import check_settings, value_of
    from tui.config.settings_template import template
    from tui.signon import address_mistakes

    path = paths.config_file()
    place = _place(name)
    if not is_text(name + words):
        raise CheckError(f"{shown(words)} is no text in UTF-8.")
    value = value_of(place, words)
    text = read_text(path) if path.exists() else template(vocabulary())
    parse_toml(text, str(path))
    try:
        changed = with_value(text, place, value)
    except NotEditable:
        raise CheckError(
            f"{path}: {place_words(place)}: cannot be set beside what is there; change the file by hand."
        ) from None
    try:
        document = parse_toml(changed, str(path))
        document.refuse(address_mistakes(check_settings(document, vocabulary()).profiles.values()))
    except CheckError as error:
        raise CheckError(f"{error}\n{path} stays as it is.") from None
    _replace(path, changed)
    write_out(f"{path}: {name} = {literal(value)}")
    return OK


def print_schema() -> int:
    """Print the JSON schema of the settings file."""
    from tui.config.settings_template import schema

    write_out(json.dumps(schema(vocabulary()), indent=2))
    return OK


def _place(name: str) -> tuple[str, ...]:
    """Return the names in a dotted key, such as ``profiles.uat.url``."""
    inner: Any
    try:
        inner = tomllib.loads(f"{name} = 0")
    except (ValueError, RecursionError):
        inner = {}
    place = []
    while isinstance(inner, dict) and len(inner) == 1:
        [(key, inner)] = inner.items()
        place.append(key)
    if inner != 0 or "\n" in name:
        raise CheckError(f"NAME: {not_allowed(shown(name), 'a setting such as theme or profiles.uat.url')}.")
    return tuple(place)


def _make_folder(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)


def _replace(path: Path, text: str) -> None:
    """Put ``text`` into a file, all of it or nothing, where a link leads; who may read it stays as it was."""
    _make_folder(path)
    path = path.resolve()
    mode = stat.S_IMODE(path.stat().st_mode) if path.exists() else PRIVATE
    write_atomically(path, text.encode(), mode=mode, durable=True)
