"""The file that a user can send: JSON in a zip, checked for what must not leave before it is written."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from msgspec import Struct

from tui.atomic_file import write_atomically
from tui.headless.doctor.unsayable import Unsayable

ABOUT: Final = {
    "versions.json": "versions of the program, of Python and of what it uses",
    "terminal.json": "the terminal and the locale",
    "settings.json": "settings that name nobody, and the kinds of the profiles",
    "files.json": "folders and free room, and the database's layout",
    "server.json": "whether the server was reached, and how many rows there are",
    "journal.json": "the journals in numbers: lines of each kind, what is open, whether they are whole",
    "log.json": "the end of the log, without ids, names and amounts",
    "faults.json": "the newest warnings and faults, with the server's ids of their requests",
    "findings.json": "what looks wrong",
}
"""The documents of a bundle, and what each holds."""


class WrittenBundle(Struct, frozen=True):
    """What was written: where, and which documents; those ``left_out`` could not be made sayable."""

    path: Path
    sizes: Mapping[str, int]
    left_out: tuple[str, ...] = ()


def bundle_name(now: datetime) -> str:
    """Return the name of a bundle made ``now``."""
    return f"blotter-doctor-{now:%Y%m%dT%H%M%SZ}.zip"


def checked(documents: Mapping[str, Any], unsayable: Unsayable) -> tuple[dict[str, bytes], tuple[str, ...]]:
    """Return the documents as they may leave, and those of which something would have leaked.

    Whatever is known is taken out of every text; then each document is read back and looked through again.
    """
    safe, left_out = {}, []
    for name, document in documents.items():
        text = json.dumps(_cleaned(document, unsayable), indent=1, ensure_ascii=True)
        if any(unsayable.leaks(json.loads(text))):
            left_out.append(name)
        else:
            safe[name] = text.encode("ascii")
    return safe, tuple(left_out)


def write_bundle(
    path: Path, documents: Mapping[str, Any], unsayable: Unsayable, now: datetime
) -> WrittenBundle:
    """Write the documents, each checked, into a file that only its owner can read.

    Raises:
        OSError: it cannot be written.
    """
    safe, left_out = checked(documents, unsayable)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in safe.items():
            entry = zipfile.ZipInfo(name, now.timetuple()[:6])
            entry.external_attr = 0o600 << 16
            file.writestr(entry, content, zipfile.ZIP_DEFLATED)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_atomically(path, packed.getvalue(), durable=True)
    return WrittenBundle(path, {name: len(content) for name, content in safe.items()}, left_out)


def _cleaned(document: Any, unsayable: Unsayable) -> Any:
    """Return a document with every text stripped of what is known."""
    if isinstance(document, Mapping):
        return {name: _cleaned(value, unsayable) for name, value in document.items()}
    if isinstance(document, list | tuple):
        return [_cleaned(each, unsayable) for each in document]
    return unsayable.strip_known(document) if isinstance(document, str) else document
