"""The settings of a desk: those of its file, checked, else the defaults, for which nothing is loaded."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tui.config.settings import Settings, Vocabulary


def load_settings(path: Path, vocabulary: Callable[[], Vocabulary] | None = None) -> Settings:
    """Read the settings file; return the defaults where there is none.

    Raises:
        CheckError: it cannot be read, is not TOML, or something in it is not right; says all of it.
    """
    if not _is_there(path):
        return Settings()
    from tui.config.settings_file import read_settings

    return read_settings(path, vocabulary() if vocabulary else None)


def _is_there(path: Path) -> bool:
    """Return whether there is a file, or something that keeps one from being seen; reading it says what."""
    try:
        path.stat()
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return True
