"""The directories the blotter keeps its files in, made private when they are first used.

One that cannot be made stops nothing: whoever writes a file there says so.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from platformdirs import user_cache_path, user_config_path, user_data_path, user_log_path, user_state_path

APP = "blotter"


def _private(path: Path) -> Path:
    with suppress(OSError):
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def data_dir() -> Path:
    """Return the directory of the embedded server's databases and of exported files."""
    return _private(user_data_path(APP, appauthor=False))


def state_dir() -> Path:
    """Return the directory of the journal of writes."""
    return _private(user_state_path(APP, appauthor=False))


def cache_dir(server: str) -> Path:
    """Return the directory of what is remembered of one server and can be read anew."""
    return _private(user_cache_path(APP, appauthor=False) / server)


def token_folder() -> Path:
    """Return the folder of the access tokens that are kept for profiles, which need not exist."""
    return user_data_path(APP, appauthor=False) / "tokens"


def log_file() -> Path:
    """Return the path of the log, in a directory of its own.

    Raises:
        OSError: the directory cannot be made.
    """
    folder = user_log_path(APP, appauthor=False)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder / "blotter.log"


def config_file() -> Path:
    """Return the path of the settings, which need not exist; ``BLOTTER_CONFIG`` names another file."""
    named = os.environ.get("BLOTTER_CONFIG")
    return Path(named) if named else user_config_path(APP, appauthor=False) / "config.toml"


def views_file() -> Path:
    """Return the path of the reader's views, beside the settings; it need not exist."""
    return config_file().with_name("views.toml")


def demo_database() -> Path:
    """Return the path of the embedded server's database when no other file is named."""
    return data_dir() / "demo.db"
