"""The virtual grid: rows by identity, painted line by line, nothing kept for rows out of sight.

It knows Textual and nothing of trading. The owner gives the rows as keys, in order, and a function
from a key to its cells; the grid keeps cursor, selection and scroll with the keys through every
refresh, sort, filter and resize, and sends the terminal only what differs from what it shows.

From the inside out: ``columns`` (what is drawn, how wide), ``text`` (fitting it), ``rows`` (order,
cursor, selection), ``paint`` (a line), ``surface`` (the screen), ``widget`` (owner, keys, mouse).
"""

from __future__ import annotations

from widgets.grid.columns import Cell, GridColumn
from widgets.grid.widget import Grid

__all__ = ["Cell", "Grid", "GridColumn"]
