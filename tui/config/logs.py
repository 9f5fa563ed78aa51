"""The log: a private file of JSON lines, never the screen, and never a secret.

A line holds the time in UTC, level, logger and message, the server's id of the request it tells of, and the
traceback of a failure. It is printable ASCII whatever a server sent: JSON escapes the rest. What cannot be
written is counted and said in the next line that can: a log never stops the program.
"""

from __future__ import annotations

import logging
import os
import re
import sys
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

from tui.atomic_file import PRIVATE
from tui.secret import HIDDEN, Secret

LOG_BYTES: Final = 2_000_000
"""The size from which a log makes room for the next: a day at level info, an hour at debug."""
OLDER_LOGS: Final = 4
"""Full logs that are kept beside the one that is written."""
MOST_CHARACTERS: Final = 8_192
"""Characters of one text in a line: a server can make a message of any length."""

# Kept as texts: they are compiled when the first line is written.
_HEADER: Final = r"(?i)((?:proxy-)?authorization)(b?\\*['\"]?\s*[:=,]\s*)[^\r\n]+"
_NAMED: Final = (
    r"(?i)(?<![\w/-])([\w-]*(?:secret|password|passwd|token|cookie))(b?\\*['\"]?\s*[:=,]\s*)(b?)"
    r"(?:(?P<quote>\\*[\"'])[^\r\n]*?(?:(?<!\\)(?P=quote)|(?=[\r\n])|\Z)|[^\s&,;'\"\\]+)"
)
_SCHEME: Final = r"(?i)\b(bearer|basic)\s+[\w.~+/=-]+"
_JWT: Final = r"\beyJ[\w-]+(?:\.[\w-]*)+"
_RANDOM: Final = r"(?<![\w-])(?=[\w-]*[a-z])(?=[\w-]*[A-Z])(?=[\w-]*\d)[\w-]{24,}(?![\w-])"
_UNPRINTABLE: Final = r"[^ -~]"


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


def _loggable(text: str) -> str:
    """Return ``text`` redacted, and cut at the end of a word where it is too long.

    The secrets that are held are looked for before it is cut, so that no half of one is left.
    """
    if len(text) <= MOST_CHARACTERS:
        return redacted(text)
    head = Secret.hide(text)[:MOST_CHARACTERS]
    whole_words = head[: -len(re.split(r"\s", head)[-1]) or None]
    return f"{redacted(whole_words)}... ({len(text):,} characters)"


class LogLine:
    """What one record says, each text redacted before it is encoded: no escape can hide a secret."""

    def __init__(self, record: logging.LogRecord) -> None:
        self.time = datetime.fromtimestamp(record.created, UTC)
        self.level = record.levelname.lower()
        self.logger = _loggable(record.name)
        self.message = _loggable(_message(record))
        self.request = _loggable(request_of(record))
        self.trace = _loggable(_trace(record))

    def json(self) -> str:
        """Return the line as JSON, in printable ASCII."""
        import json

        said = {
            "time": f"{self.time:%Y-%m-%dT%H:%M:%S.%f}Z",
            "level": self.level,
            "logger": self.logger,
            "message": self.message,
        }
        said |= {name: text for name in ("request", "trace") if (text := getattr(self, name))}
        return json.dumps(said).replace("\x7f", "\\u007f")

    def words(self) -> str:
        """Return the line as words, in printable ASCII; a traceback is indented beneath it."""
        about = f" [{self.request}]" if self.request else ""
        first = f"{self.time:%Y-%m-%dT%H:%M:%SZ} {self.level} {self.logger}{about} {self.message}"
        return "\n    ".join(_escaped(line) for line in (first, *self.trace.splitlines()))


def request_of(record: logging.LogRecord) -> str:
    """Return the server's id of the request that a record tells of; empty when it tells of none.

    It is the record's own ``request``, or that of the error it reports.
    """
    error = record.exc_info[1] if record.exc_info else None
    args = record.args if isinstance(record.args, tuple) else ()
    of_errors = (getattr(each, "request_id", None) for each in (error, *args))
    return str(getattr(record, "request", None) or next(filter(None, of_errors), ""))


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception as error:  # noqa: BLE001, a text that does not fit its values is logged all the same
        return f"{record.msg} ({type(error).__name__}: the values do not fit)"


def _trace(record: logging.LogRecord) -> str:
    if record.exc_info and record.exc_info[1] is not None:
        return logging.Formatter().formatException(record.exc_info)
    return record.stack_info or ""


def _escaped(text: str) -> str:
    """Return ``text`` with what is not printable ASCII as it is written in Python."""
    return re.sub(_UNPRINTABLE, lambda found: ascii(found[0])[1:-1], text)


class WordsFormatter(logging.Formatter):
    """Formats a record for people, such as those who read what a server writes on standard error."""

    def format(self, record: logging.LogRecord) -> str:
        return LogLine(record).words()


class LogFile(logging.Handler):
    """Appends JSON lines to a private file; a full one is renamed, and the oldest is removed.

    Several programs may write to the same file: each line is one write at the end, and who finds the file
    renamed writes to the new one.

    Raises:
        OSError: the file cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path
        self._lost = 0
        """Lines that could not be written since the last one that was."""
        self._file = self._opened()

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record; one that cannot be written is counted."""
        try:
            if self._lost:
                self._write(_line_of_lost(self._lost))
                self._lost = 0
            self._write(record)
        except Exception:  # noqa: BLE001, whatever is wrong with a log, the program goes on
            self._lost += 1

    def _write(self, record: logging.LogRecord) -> None:
        line = f"{LogLine(record).json()}\n".encode("ascii")
        self._take_turn()
        if os.write(self._file, line) < len(line):
            os.write(self._file, b"\n")
            raise OSError("half a line was written")

    def _take_turn(self) -> None:
        """Make room when the file is full, and follow it when it was renamed."""
        if not self._is_current():
            self._open_again()
        if os.fstat(self._file).st_size < LOG_BYTES:
            return
        from fcntl import LOCK_EX, flock

        flock(self._file, LOCK_EX)  # until it is closed: of several programs one renames
        if self._is_current():
            for number in range(OLDER_LOGS - 1, 0, -1):
                older = numbered(self._path, number)
                if older.exists():
                    older.replace(numbered(self._path, number + 1))
            self._path.replace(numbered(self._path, 1))
        self._open_again()

    def _is_current(self) -> bool:
        try:
            return os.path.samestat(os.fstat(self._file), self._path.stat())
        except FileNotFoundError:
            return False

    def _open_again(self) -> None:
        opened = self._opened()
        os.close(self._file)
        self._file = opened

    def _opened(self) -> int:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        file = os.open(self._path, flags, PRIVATE)
        os.fchmod(file, PRIVATE)
        return file

    def close(self) -> None:
        """Close the file."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
        super().close()


def _line_of_lost(lines: int) -> logging.LogRecord:
    said = "%d lines of the log could not be written"
    return logging.LogRecord(__name__, logging.WARNING, "", 0, said, (lines,), None)


def numbered(path: Path, number: int) -> Path:
    """Return the path of an older log: number 1 is the newest of them."""
    return path.with_suffix(f".{number}{path.suffix}")


def start_log(path: Path, level: str) -> Path:
    """Log to ``path`` from ``level`` on, private to its owner, and return it.

    Raises:
        OSError: it cannot be opened.
    """
    _add(LogFile(path), level)
    return path


def start_no_log() -> None:
    """Log nothing: else warnings would be written on the screen."""
    logging.getLogger().addHandler(logging.NullHandler())


def start_words_log(level: str) -> None:
    """Log in words to standard error from ``level`` on."""
    handler: logging.StreamHandler[Any] = logging.StreamHandler(sys.stderr)
    handler.setFormatter(WordsFormatter())
    _add(handler, level)


def _add(handler: logging.Handler, level: str) -> None:
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(level.upper())
    if level != "debug":
        logging.getLogger("httpx").setLevel(logging.WARNING)
