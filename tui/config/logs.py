"""The log: a private file, never the screen, and never a secret."""

from __future__ import annotations

import logging
import re
from functools import cache
from pathlib import Path
from typing import Final

from tui.secret import HIDDEN, Secret

LOG_BYTES: Final = 1_000_000

# Kept as texts: they are compiled when the first line is written.
_HEADER: Final = r"(?i)((?:proxy-)?authorization)(b?['\"]?\s*[:=,]\s*)[^\r\n]+"
_NAMED: Final = (
    r"(?i)(?<![\w/-])([\w-]*(?:secret|password|passwd|token|cookie))(b?['\"]?\s*[:=,]\s*)(b?)"
    r"(\"[^\"\r\n]*\"|'[^'\r\n]*'|[^\s&,;'\"]+)"
)
_SCHEME: Final = r"(?i)\b(bearer|basic)\s+[\w.~+/=-]+"
_JWT: Final = r"\beyJ[\w-]+(?:\.[\w-]*)+"
_RANDOM: Final = r"(?<![\w-])(?=[\w-]*[a-z])(?=[\w-]*[A-Z])(?=[\w-]*\d)[\w-]{24,}(?![\w-])"


class Redacting(logging.Formatter):
    """Writes a line, and a traceback, with everything that is or looks like a secret as ``***``."""

    def format(self, record: logging.LogRecord) -> str:
        return redacted(super().format(record))


def redacted(text: str) -> str:
    """Return ``text`` without the secrets this program holds, values named like one, and token-like words."""
    text = Secret.hide(text)
    for pattern, put in _patterns():
        text = pattern.sub(put, text)
    return text


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], str], ...]:
    return (
        (re.compile(_HEADER), rf"\1\2{HIDDEN}"),
        (re.compile(_NAMED), rf"\1\2{HIDDEN}"),
        (re.compile(_SCHEME), rf"\1 {HIDDEN}"),
        (re.compile(_JWT), HIDDEN),
        (re.compile(_RANDOM, re.ASCII), HIDDEN),
    )


def start_log(path: Path, level: str) -> Path:
    """Log to ``path`` from ``level`` on, private to its owner, and return it. A full one makes room."""
    if path.exists() and path.stat().st_size > LOG_BYTES:
        path.replace(path.with_suffix(".old.log"))
    handler = logging.FileHandler(path, encoding="utf-8")
    path.chmod(0o600)
    handler.setFormatter(Redacting("%(asctime)s %(levelname)s %(name)s %(message)s"))
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(level.upper())
    if level != "debug":
        logging.getLogger("httpx").setLevel(logging.WARNING)
    return path
