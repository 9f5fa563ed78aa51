"""The domain rules: pure functions over a :class:`~tui.oms.book.Book`, one module per family.

No SQL and no HTTP here. A rule reads and puts entities in the book and either returns or raises
:class:`~tui.oms.refusals.Refusal`, naming the rule of the contract it enforces.
"""
