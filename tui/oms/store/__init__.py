"""The store of the embedded server: every version of every entity, in one SQLite database.

:mod:`tui.oms.store.files` opens and locks the file, :mod:`tui.oms.store.schema` declares its tables,
:mod:`tui.oms.store.store` writes and reads them. There are no rules of the domain and no HTTP in here.
"""

from __future__ import annotations

from tui.oms.store.files import StoreError, StoreInUse
from tui.oms.store.store import Store

__all__ = ["Store", "StoreError", "StoreInUse"]
