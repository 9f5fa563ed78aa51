"""Writes files whole or not at all."""

from __future__ import annotations

import os
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
    from tempfile import mkstemp

    descriptor, beside = mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with open(descriptor, "wb") as file:
            os.fchmod(descriptor, mode)
            file.write(content)
            if durable:
                file.flush()
                os.fsync(descriptor)
        os.replace(beside, path)
    finally:
        Path(beside).unlink(missing_ok=True)
