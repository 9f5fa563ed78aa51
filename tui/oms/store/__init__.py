"""What the embedded server keeps: every version of every entity, in one SQLite database.

:mod:`tui.oms.store.files` opens and guards the file, :mod:`tui.oms.store.schema` declares what is in it,
:mod:`tui.oms.store.store` writes and reads it. No rule of the domain and no HTTP in here.
"""

from __future__ import annotations

from tui.oms.store.files import StoreError
from tui.oms.store.store import Store

__all__ = ["Store", "StoreError"]
