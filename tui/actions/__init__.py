"""Everything a key can do, declared once: see :mod:`tui.actions.registry`."""
