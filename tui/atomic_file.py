"""Writes files whole or not at all, for their owner alone from the first byte."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

PRIVATE: Final = 0o600
"""The mode of a file that only its owner may read."""


def write_atomically(path: Path, content: bytes, *, mode: int = PRIVATE, durable: bool = False) -> None:
    """Put ``content`` in the place of what is in a file: whoever reads it finds the old or the new, whole.

    It holds for several programs that write at once, too: the last one wins. A ``durable`` file is on the
    disk when this returns.

    Raises:
        OSError: it cannot be written; what was there is still there.
    """
    with _written_beside(path, content, mode, durable=durable) as beside:
        os.replace(beside, path)


def write_new(path: Path, content: bytes) -> None:
    """Write a file that was not there: whoever finds it finds it whole, and nothing is overwritten.

    It is on the disk when this returns.

    Raises:
        FileExistsError: there is one of that name by now; it is as it was.
        OSError: it cannot be written; there is none.
    """
    with _written_beside(path, content, PRIVATE, durable=True) as beside:
        try:
            os.link(beside, path)
        except FileExistsError:
            raise
        except OSError:  # no hard links there, as on a memory stick: the name is taken before it is filled
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE))
            os.replace(beside, path)


@contextmanager
def _written_beside(path: Path, content: bytes, mode: int, *, durable: bool) -> Iterator[str]:
    """Write a file of a temporary name beside ``path``; it is gone afterwards, unless it was renamed."""
    from tempfile import mkstemp

    descriptor, beside = mkstemp(dir=path.parent, prefix=f".{path.name[:40]}.")
    try:
        with open(descriptor, "wb") as file:
            os.fchmod(descriptor, mode)
            file.write(content)
            if durable:
                file.flush()
                os.fsync(descriptor)
        yield beside
    finally:
        with suppress(FileNotFoundError):
            os.unlink(beside)
