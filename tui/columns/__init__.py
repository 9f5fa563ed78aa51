"""The columns of every pane, each declared once, and what follows from a declaration.

Pure functions from rows to cells: no widget in sight. Filter, sort, totals and export all work from
the same :class:`~tui.columns.column.Column`.
"""
